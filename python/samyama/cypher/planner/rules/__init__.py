"""Rules: each a pure function, each in a file of its own with a golden script in ``tests/planner``.

Two kinds. *Rewrites* take a finished operator and give one with the same rows that costs less, or None where they do
not apply; they are tried bottom up, once a node, in the order of ``REWRITES``. *Choices* are asked while a pattern is
planned: where to begin, which way to go. Every rule can be left out by name, which is how its script shows the plan
before it, and how tests compare its answers with those of plans that were made without it.

Not here: what a query means. A rule that changes an answer is wrong, however fast the plan.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import Any

import msgspec

from samyama.cypher import plan as p
from samyama.cypher.catalog import Catalog
from samyama.cypher.planner.context import Context
from samyama.cypher.planner.rules import (
    count_hops,
    count_store,
    drop_eager,
    limit_below_optional,
    pruned_search,
    top_k,
)

__all__ = [
    "CHOICES",
    "REWRITES",
    "RULES",
    "improved",
    "rewrite_subplan",
]

Rewrite = Callable[[Any, Catalog], Any]

#: Name, the operators at which it may apply, and the rule.
REWRITES: tuple[tuple[str, tuple[type, ...], Rewrite], ...] = (
    ("top_k", (p.Limit,), top_k.apply),
    ("limit_below_optional", (p.Limit, p.Sort), limit_below_optional.apply),
    ("count_store", (p.Aggregation,), count_store.apply),
    ("count_hops", (p.Aggregation,), count_hops.apply),
    ("pruned_search", (p.Distinct, p.Aggregation, p.Subplan), pruned_search.apply),
)
CHOICES = ("start_point", "index_seek", "id_seek", "expand_direction", "expand_into", "hash_join")
RULES = (*(name for name, _, _ in REWRITES), *CHOICES, "drop_eager")

#: The fields of each operator that hold the operators below it.
_CHILDREN: dict[type, tuple[str, ...]] = {
    kind: tuple(
        name for name in ("input", "inputs", "right", "body") if name in kind.__struct_fields__
    )
    for kind in p.Operator_.__subclasses__()
}
_BY_TYPE: dict[type, list[tuple[str, Rewrite]]] = {}
for _name, _types, _rule in REWRITES:
    for _type in _types:
        _BY_TYPE.setdefault(_type, []).append((_name, _rule))


def improved(context: Context, source: p.Operator) -> p.Operator:
    """A whole plan after every rule."""
    result: p.Operator = rewrite(source, context.catalog, context.without)
    if context.writes and "drop_eager" not in context.without:
        result = drop_eager.apply(result)
    return result


def rewrite(operator: Any, catalog: Catalog, without: Set[str] = frozenset()) -> Any:
    """The operator after every rewrite, all the way down its inputs. Plans inside expressions were rewritten when they
    were made (``rewrite_subplan``)."""
    kind = type(operator)
    if kind is p.Argument:
        return operator
    changes: dict[str, Any] | None = None
    for name in _CHILDREN[kind]:
        child = getattr(operator, name)
        if name == "inputs":
            new = [rewrite(one, catalog, without) for one in child]
        else:
            new = rewrite(child, catalog, without)
        if new is not child:
            changes = changes or {}
            changes[name] = new
    if changes:
        operator = msgspec.structs.replace(operator, **changes)
    return _apply(operator, catalog, without) if kind in _BY_TYPE else operator


def rewrite_subplan(context: Context, subplan: p.Subplan) -> p.Subplan:
    """A plan inside an expression."""
    inner = msgspec.structs.replace(
        subplan, input=rewrite(subplan.input, context.catalog, context.without)
    )
    result: p.Subplan = _apply(inner, context.catalog, context.without)
    return result


def _apply(node: Any, catalog: Catalog, without: Set[str]) -> Any:
    asked: set[type] = set()
    while (kind := type(node)) not in asked:
        asked.add(kind)
        for name, rule in _BY_TYPE.get(kind, ()):
            new = None if name in without else rule(node, catalog)
            if new is not None:
                node = new
                if type(node) is not kind:
                    break
    return node
