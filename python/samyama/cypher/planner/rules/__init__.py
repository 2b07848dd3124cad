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

Rewrite = Callable[[Any], Any]

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

_BY_TYPE: dict[type, list[tuple[str, Rewrite]]] = {}
for _name, _types, _rule in REWRITES:
    for _type in _types:
        _BY_TYPE.setdefault(_type, []).append((_name, _rule))


def improved(context: Context, source: p.Operator) -> p.Operator:
    """A whole plan after every rule."""
    result: p.Operator = rewrite(source, context.without)
    if context.writes and "drop_eager" not in context.without:
        result = drop_eager.apply(result)
    return result


def rewrite(operator: Any, without: Set[str] = frozenset()) -> Any:
    """The operator after every rewrite, all the way down its inputs. Plans inside expressions were rewritten when they
    were made (``rewrite_subplan``)."""
    changes: dict[str, Any] = {}
    for name in ("input", "right", "body"):
        child = getattr(operator, name, None)
        if child is not None:
            new = rewrite(child, without)
            if new is not child:
                changes[name] = new
    if type(operator) is p.Union:
        changes["inputs"] = [rewrite(child, without) for child in operator.inputs]
    if changes:
        operator = msgspec.structs.replace(operator, **changes)
    return _apply(operator, without)


def rewrite_subplan(subplan: p.Subplan, without: Set[str] = frozenset()) -> p.Subplan:
    """A plan inside an expression."""
    inner = msgspec.structs.replace(subplan, input=rewrite(subplan.input, without))
    result: p.Subplan = _apply(inner, without)
    return result


def _apply(node: Any, without: Set[str]) -> Any:
    asked: set[type] = set()
    while (kind := type(node)) not in asked:
        asked.add(kind)
        for name, rule in _BY_TYPE.get(kind, ()):
            new = None if name in without else rule(node)
            if new is not None:
                node = new
                if type(node) is not kind:
                    break
    return node
