"""Expressions of the tree to expressions of the plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from samyama.cypher import ast
from samyama.cypher import plan as p
from samyama.cypher.planner.context import Context, Names
from samyama.cypher.planner.rules import rewrite_subplan
from samyama.cypher.semantic.aggregation import is_aggregate
from samyama.cypher.tree import signature, walk

if TYPE_CHECKING:
    from samyama.cypher.planner.patterns import Patterns

__all__ = ["Lowering", "filtered", "holds_subplan", "slots_of"]

BINARY = {
    "+": "add",
    "-": "sub",
    "*": "mul",
    "/": "div",
    "%": "mod",
    "^": "pow",
    "XOR": "xor",
    "IN": "in",
    "STARTS WITH": "starts_with",
    "ENDS WITH": "ends_with",
    "CONTAINS": "contains",
    "=~": "regex",
}
UNARY = {"NOT": "not", "-": "neg", "+": "pos", "IS NULL": "is_null", "IS NOT NULL": "is_not_null"}


#: More predicates than these at one place are one filter: each filter is a level of the plan.
FILTERS_MAX = 16


def filtered(source: p.Operator, predicates: Sequence[p.Expression]) -> p.Operator:
    """The rows for which all predicates hold."""
    if len(predicates) > FILTERS_MAX:
        return p.Filter(input=source, predicate=p.And(list(predicates)))
    for predicate in predicates:
        source = p.Filter(input=source, predicate=predicate)
    return source


#: Fields of operators that hold the number of a slot, not a ``Slot``.
_SLOT_FIELDS = ("from_", "to", "relationship", "relationships")


def slots_of(expression: Any) -> set[int]:
    """Every slot that a plan expression reads or writes."""
    found: set[int] = set()
    waiting: list[Any] = [expression]
    while waiting:
        value = waiting.pop()
        kind = value.__class__
        if kind is p.Slot:
            found.add(value.slot)
        elif kind is p.PathBuild:
            found.update(value.slots)
        elif kind is list:
            waiting += value
        elif kind is not str and hasattr(value, "__struct_fields__"):
            for name in value.__struct_fields__:
                item = getattr(value, name)
                if name in _SLOT_FIELDS and isinstance(item, int):
                    found.add(item)
                else:
                    waiting.append(item)
    return found


def holds_subplan(expression: Any) -> bool:
    """Does it look at the graph beyond what its variables hold?"""
    if isinstance(expression, p.Subplan):
        return True
    if isinstance(expression, list):
        return any(map(holds_subplan, expression))
    names = getattr(expression, "__struct_fields__", ())
    return any(holds_subplan(getattr(expression, name)) for name in names)


class Lowering:
    """Lowers expressions that see these variables.

    ``replace``: slots that stand for whole expressions, by signature: grouping keys. ``aggregate``: makes an aggregate.
    """

    def __init__(
        self,
        context: Context,
        names: Names,
        patterns: Callable[[Context], Patterns],
        replace: dict[Any, int] | None = None,
        aggregate: Callable[[ast.Call], p.Expression] | None = None,
    ) -> None:
        self.context, self.names, self.patterns = context, names, patterns
        self.replace, self.aggregate = replace or {}, aggregate

    def inner(self, names: Names) -> Lowering:
        """The same with more variables."""
        return Lowering(
            self.context, self.names | names, self.patterns, self.replace, self.aggregate
        )

    def lower(self, node: ast.Expr) -> p.Expression:
        if self.replace and (slot := self.replace.get(signature(node))) is not None:
            return p.Slot(slot)
        kind = type(node)
        method = _LOWERINGS.get(kind) or _lowering(kind)
        return method(self, node)

    def all(self, nodes: list[ast.Expr]) -> list[p.Expression]:
        return [self.lower(node) for node in nodes]

    def optional(self, node: ast.Expr | None) -> p.Expression | None:
        return None if node is None else self.lower(node)

    # --------------------------------------------------------------------------------------------------- leaves

    def _literal(self, node: ast.Literal) -> p.Expression:
        return p.Literal(node.value) if node.auto is None else p.AutoParameter(node.auto)

    def _parameter(self, node: ast.Parameter) -> p.Expression:
        self.context.use_parameter(node.name)
        return p.Parameter(node.name)

    def _variable(self, node: ast.Variable) -> p.Expression:
        return p.Slot(self.names[node.name])

    # ------------------------------------------------------------------------------------------------ operators

    def _property(self, node: ast.Property) -> p.Expression:
        return p.Property(self.lower(node.entity), node.key)

    def _index(self, node: ast.Index) -> p.Expression:
        return p.Index(self.lower(node.container), self.lower(node.index))

    def _slice(self, node: ast.Slice) -> p.Expression:
        return p.Slice(self.lower(node.list), self.optional(node.first), self.optional(node.last))

    def _listliteral(self, node: ast.ListLiteral) -> p.Expression:
        return p.ListLiteral(self.all(node.items))

    def _mapliteral(self, node: ast.MapLiteral) -> p.Expression:
        return p.MapLiteral(node.keys, self.all(node.values))

    def _unary(self, node: ast.Unary) -> p.Expression:
        return p.Unary(UNARY[node.operator], self.lower(node.operand))  # type: ignore[arg-type]

    def _binary(self, node: ast.Binary) -> p.Expression:
        if node.operator in ("AND", "OR"):
            operands = self.all(_flatten(node, node.operator))
            return p.And(operands) if node.operator == "AND" else p.Or(operands)
        return p.Binary(BINARY[node.operator], self.lower(node.left), self.lower(node.right))  # type: ignore[arg-type]

    def _comparison(self, node: ast.Comparison) -> p.Expression:
        return p.Comparison(self.all(node.operands), node.operators)  # type: ignore[arg-type]

    def _haslabels(self, node: ast.HasLabels) -> p.Expression:
        return self.has_labels(self.lower(node.entity), node.labels)

    def has_labels(self, entity: p.Expression, labels: ast.LabelExpr) -> p.Expression:
        """A test of labels or types. One in which values stand is taken apart: values are functions of the row."""
        if not any(isinstance(node, ast.LabelValue) for node in walk(labels)):
            return p.HasLabels(entity, _lower_labels(labels))
        match labels:
            case ast.LabelValue():
                name = p.HAS_ANY_LABEL if labels.is_any else p.HAS_ALL_LABELS
                return p.Function(name, [entity, self.lower(labels.value)])
            case ast.LabelNot():
                return p.Unary("not", self.has_labels(entity, labels.operand))
            case ast.LabelAnd():
                return p.And([self.has_labels(entity, operand) for operand in labels.operands])
            case ast.LabelOr():
                return p.Or([self.has_labels(entity, operand) for operand in labels.operands])
            case _:
                raise AssertionError(f"no label expression: {labels}")

    def _case(self, node: ast.Case) -> p.Expression:
        return p.Case(
            self.optional(node.subject),
            self.all(node.whens),
            self.all(node.thens),
            self.optional(node.otherwise),
        )

    # ------------------------------------------------------------------------------------------------- functions

    def _call(self, node: ast.Call) -> p.Expression:
        if is_aggregate(node):
            assert self.aggregate is not None, "the static pass lets aggregates stand only here"
            return self.aggregate(node)
        name = node.name.lower()
        if name == "exists":
            return p.Unary("is_not_null", self.lower(node.arguments[0]))
        return p.Function(name, self.all(node.arguments))

    # -------------------------------------------------------------------------------------------- comprehensions

    def _listcomprehension(self, node: ast.ListComprehension) -> p.Expression:
        source = self.lower(node.list)
        slot = self.context.new_slot()
        inner = self.inner({node.variable: slot})
        return p.ListComprehension(
            slot, source, inner.optional(node.where), inner.optional(node.projection)
        )

    def _quantifier(self, node: ast.Quantifier) -> p.Expression:
        source = self.lower(node.list)
        slot = self.context.new_slot()
        inner = self.inner({node.variable: slot})
        return p.Quantifier(node.kind, slot, source, inner.lower(node.where))  # type: ignore[arg-type]

    def _reduce(self, node: ast.Reduce) -> p.Expression:
        initial, source = self.lower(node.initial), self.lower(node.list)
        accumulator, slot = self.context.new_slot(), self.context.new_slot()
        inner = self.inner({node.accumulator: accumulator, node.variable: slot})
        return p.Reduce(accumulator, initial, slot, source, inner.lower(node.body))

    def _mapprojection(self, node: ast.MapProjection) -> p.Expression:
        subject = self.lower(node.subject)
        maps: list[p.Expression] = []
        keys: list[str] = []
        values: list[p.Expression] = []
        for key, value in node.items:
            if key == "*" and value is None:
                maps += [p.MapLiteral(keys, values), p.Function("properties", [subject])]
                keys, values = [], []
                continue
            keys.append(key)
            values.append(p.Property(subject, key) if value is None else self.lower(value))
        return p.Function(p.MAP_PROJECTION, [subject, *maps, p.MapLiteral(keys, values)])

    # ------------------------------------------------------------------------------------------------- subqueries

    def _patternpredicate(self, node: ast.PatternPredicate) -> p.Expression:
        source, _ = self.patterns(self.context).plan(p.Argument(), self.names, [node.path], None)
        return rewrite_subplan(self.context, p.Subplan("exists", source))

    def _patterncomprehension(self, node: ast.PatternComprehension) -> p.Expression:
        source, names = self.patterns(self.context).plan(
            p.Argument(), self.names, [node.path], node.where
        )
        inner = Lowering(self.context, names, self.patterns)
        slot = self.context.new_slot()
        source = p.Projection(
            input=source, slots=[slot], expressions=[inner.lower(node.projection)]
        )
        return rewrite_subplan(self.context, p.Subplan("collect", source, slot))

    def _subquery(self, node: ast.Subquery) -> p.Expression:
        from samyama.cypher.planner.query import plan_inner

        source, columns = plan_inner(self.context, node.query, self.names)
        slot = columns[0][1] if node.kind == "collect" else None
        subplan = p.Subplan(node.kind, source, slot)  # type: ignore[arg-type]
        return rewrite_subplan(self.context, subplan)


def _flatten(node: ast.Expr, operator: str) -> list[ast.Expr]:
    if isinstance(node, ast.Binary) and node.operator == operator:
        return [*_flatten(node.left, operator), *_flatten(node.right, operator)]
    return [node]


def _lower_labels(labels: ast.LabelExpr) -> p.LabelExpr:
    match labels:
        case ast.LabelName():
            return p.LabelName(labels.name)
        case ast.LabelNot():
            return p.LabelNot(_lower_labels(labels.operand))
        case ast.LabelAnd():
            return p.LabelAnd([_lower_labels(operand) for operand in labels.operands])
        case ast.LabelOr():
            return p.LabelOr([_lower_labels(operand) for operand in labels.operands])
        case _:
            return p.LabelAny()


_LOWERINGS: dict[type, Callable[[Lowering, Any], p.Expression]] = {}


def _lowering(kind: type) -> Callable[[Lowering, Any], p.Expression]:
    """The method that is named after a kind of expression."""
    found = getattr(Lowering, "_" + kind.__name__.lower(), None)
    assert found is not None, f"no lowering for {kind.__name__}"
    _LOWERINGS[kind] = found
    return _LOWERINGS[kind]
