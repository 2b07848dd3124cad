"""Expressions of the tree to expressions of the plan."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from samyama.cypher import ast
from samyama.cypher import plan as p
from samyama.cypher.parser.expressions import IS_TYPE
from samyama.cypher.planner.scope import Binding, Context, Scope

if TYPE_CHECKING:
    from samyama.cypher.planner.patterns import Patterns

__all__ = ["AGGREGATES", "Lowering", "has_aggregate", "signature", "slots_of"]

AGGREGATES = {
    "count",
    "sum",
    "avg",
    "min",
    "max",
    "collect",
    "percentilecont",
    "percentiledisc",
    "stdev",
    "stdevp",
}
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


def signature(node: Any) -> Any:
    """What an expression says, without where it says it: equal for equal expressions."""
    if isinstance(node, ast.Node):
        fields = [
            getattr(node, name)
            for name in _fields(type(node))
            if name not in ("start", "end", "auto")
        ]
        return (type(node).__name__, *map(signature, fields))
    if isinstance(node, list | tuple):
        return tuple(map(signature, node))
    return (type(node).__name__, node)


_FIELDS: dict[type, tuple[str, ...]] = {}


def _fields(kind: type) -> tuple[str, ...]:
    if kind not in _FIELDS:
        _FIELDS[kind] = tuple(kind.__dataclass_fields__)  # type: ignore[attr-defined]
    return _FIELDS[kind]


def children(node: ast.Node) -> list[ast.Node]:
    """The nodes directly below, in order."""
    found: list[ast.Node] = []

    def visit(value: object) -> None:
        if isinstance(value, ast.Node):
            found.append(value)
        elif isinstance(value, list | tuple):
            for item in value:
                visit(item)

    for name in _fields(type(node)):
        visit(getattr(node, name))
    return found


def has_aggregate(node: ast.Node) -> bool:
    """Is there an aggregate here, outside of subqueries?"""
    if isinstance(node, ast.Call) and node.name.lower() in AGGREGATES:
        return True
    if isinstance(node, ast.Subquery | ast.PatternComprehension | ast.PatternPredicate):
        return False
    return any(has_aggregate(child) for child in children(node))


def slots_of(expression: Any) -> set[int]:
    """Every slot that a plan expression reads or writes."""
    found: set[int] = set()

    def visit(value: object) -> None:
        if isinstance(value, p.Slot):
            found.add(value.slot)
        elif isinstance(value, p.PathBuild):
            found.update(value.slots)
        elif hasattr(value, "__struct_fields__"):
            for name in value.__struct_fields__:
                item = getattr(value, name)
                if name in ("from_", "to", "relationship", "relationships") and isinstance(
                    item, int
                ):
                    found.add(item)
                visit(item)
        elif isinstance(value, list):
            for item in value:
                visit(item)

    visit(expression)
    return found


class Lowering:
    """Lowers expressions in one scope.

    ``replace``: slots that stand for whole expressions, by signature (projected items, grouping
    keys). ``aggregate``: what to do with an aggregate; None: it is an error here.
    ``only_replaced``: plain variables are not allowed (see aggregation).
    """

    def __init__(
        self,
        context: Context,
        scope: Scope,
        patterns: Callable[[Context], Patterns],
        replace: dict[Any, int] | None = None,
        aggregate: Callable[[ast.Call], p.Expression] | None = None,
        only_replaced: bool = False,
    ) -> None:
        self.context, self.scope, self.patterns = context, scope, patterns
        self.replace, self.aggregate, self.only_replaced = replace or {}, aggregate, only_replaced
        self.local: set[str] = set()

    def inner(self, names: dict[str, Binding]) -> Lowering:
        scope = self.scope.copy()
        scope.names.update(names)
        inner = Lowering(
            self.context, scope, self.patterns, self.replace, self.aggregate, self.only_replaced
        )
        inner.local = self.local | set(names)
        return inner

    def lower(self, node: ast.Expr) -> p.Expression:
        if self.replace and (slot := self.replace.get(signature(node))) is not None:
            return p.Slot(slot)
        method = getattr(self, "_" + type(node).__name__.lower(), None)
        assert method is not None, f"no lowering for {type(node).__name__}"
        result: p.Expression = method(node)
        return result

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
        binding = self.context.lookup(self.scope, node.name, node)
        if self.only_replaced and node.name not in self.local:
            self.context.fail(
                node,
                f"`{node.name}` stands beside an aggregate and is no grouping key: project it as an own item first",
                "AmbiguousAggregationExpression",
                gql_status="42I18",
            )
        return p.Slot(binding.slot)

    # ------------------------------------------------------------------------------------------------ operators

    def _property(self, node: ast.Property) -> p.Expression:
        if isinstance(node.entity, ast.Variable):
            binding = self.scope.names.get(node.entity.name)
            if binding is not None and binding.kind == "path":
                self._type_fail(node, "a Path has no properties")
        return p.Property(self.lower(node.entity), node.key)

    def _type_fail(self, node: ast.Node, message: str) -> None:
        self.context.fail(
            node, f"Type mismatch: {message}", "InvalidArgumentType", gql_status="22N01"
        )

    def _index(self, node: ast.Index) -> p.Expression:
        return p.Index(self.lower(node.container), self.lower(node.index))

    def _slice(self, node: ast.Slice) -> p.Expression:
        return p.Slice(self.lower(node.list), self.optional(node.first), self.optional(node.last))

    def _listliteral(self, node: ast.ListLiteral) -> p.Expression:
        return p.ListLiteral(self.all(node.items))

    def _mapliteral(self, node: ast.MapLiteral) -> p.Expression:
        return p.MapLiteral(node.keys, self.all(node.values))

    def _unary(self, node: ast.Unary) -> p.Expression:
        if node.operator == "NOT":
            self._require_boolean(node.operand)
        return p.Unary(UNARY[node.operator], self.lower(node.operand))  # type: ignore[arg-type]

    def _binary(self, node: ast.Binary) -> p.Expression:
        if node.operator in ("AND", "OR", "XOR"):
            self._require_boolean(node.left)
            self._require_boolean(node.right)
        if node.operator in ("AND", "OR"):
            operands = self.all(_flatten(node, node.operator))
            return p.And(operands) if node.operator == "AND" else p.Or(operands)
        if (
            node.operator == "IN"
            and isinstance(node.right, ast.Literal)
            and node.right.value is not None
        ):
            self._type_fail(node.right, "expected a List behind IN")
        return p.Binary(BINARY[node.operator], self.lower(node.left), self.lower(node.right))  # type: ignore[arg-type]

    def _require_boolean(self, node: ast.Expr) -> None:
        value = (
            isinstance(node, ast.Literal)
            and node.value is not None
            and not isinstance(node.value, bool)
        )
        if value or isinstance(node, ast.ListLiteral | ast.MapLiteral):
            self._type_fail(node, "expected a Boolean")
        if isinstance(node, ast.Variable):
            binding = self.scope.names.get(node.name)
            if binding is not None and binding.kind in (
                "node",
                "relationship",
                "relationships",
                "path",
            ):
                self._type_fail(node, f"expected a Boolean but `{node.name}` is a {binding.kind}")

    def _comparison(self, node: ast.Comparison) -> p.Expression:
        return p.Comparison(self.all(node.operands), node.operators)  # type: ignore[arg-type]

    def _haslabels(self, node: ast.HasLabels) -> p.Expression:
        return p.HasLabels(self.lower(node.entity), lower_labels(node.labels))

    def _case(self, node: ast.Case) -> p.Expression:
        return p.Case(
            self.optional(node.subject),
            self.all(node.whens),
            self.all(node.thens),
            self.optional(node.otherwise),
        )

    # ------------------------------------------------------------------------------------------------- functions

    def _call(self, node: ast.Call) -> p.Expression:
        name = node.name.lower()
        if name in AGGREGATES:
            if self.aggregate is None:
                self.context.fail(
                    node,
                    f"Invalid use of aggregating function {node.name}(...) here",
                    "InvalidAggregation",
                    gql_status="42I24",
                )
            return self.aggregate(node)
        if node.star:
            self.context.fail(node, f"{node.name}(*) is not a function", "UnexpectedSyntax")
        if name == "exists" and len(node.arguments) == 1:
            return p.Unary("is_not_null", self.lower(node.arguments[0]))
        if name in (IS_TYPE, "map from pairs"):
            return p.Function(name, self.all(node.arguments))
        from samyama.cypher.semantic import signatures

        signatures.check(self.context, node)
        self._check_argument_kinds(name, node)
        return p.Function(name, self.all(node.arguments))

    def _check_argument_kinds(self, name: str, node: ast.Call) -> None:
        if not node.arguments:
            return
        argument = node.arguments[0]
        kind = None
        if isinstance(argument, ast.Variable):
            binding = self.scope.names.get(argument.name)
            kind = binding.kind if binding else None
        wrong = {
            "length": ("node", "relationship"),
            "size": ("path",),
            "labels": ("path", "relationship"),
            "type": ("node", "path"),
        }.get(name, ())
        if kind in wrong:
            self._type_fail(argument, f"{node.name}() does not take a {kind}")
        is_null = isinstance(argument, ast.Literal) and argument.value is None
        is_literal = isinstance(argument, ast.Literal | ast.ListLiteral)
        if name == "properties" and is_literal and not is_null:
            self._type_fail(argument, "properties() takes a Node, Relationship or Map")
        if name == "size" and isinstance(argument, ast.PatternPredicate):
            self.context.fail(
                argument,
                "A pattern cannot be the argument of size(); use COUNT { }",
                "UnexpectedSyntax",
            )

    # -------------------------------------------------------------------------------------------- comprehensions

    def _listcomprehension(self, node: ast.ListComprehension) -> p.Expression:
        source = self.lower(node.list)
        slot = self.context.new_slot()
        inner = self.inner({node.variable: Binding(slot)})
        inner.aggregate = None
        return p.ListComprehension(
            slot, source, inner.optional(node.where), inner.optional(node.projection)
        )

    def _quantifier(self, node: ast.Quantifier) -> p.Expression:
        source = self.lower(node.list)
        slot = self.context.new_slot()
        inner = self.inner({node.variable: Binding(slot)})
        inner.aggregate = None
        return p.Quantifier(node.kind, slot, source, inner.lower(node.where))  # type: ignore[arg-type]

    def _reduce(self, node: ast.Reduce) -> p.Expression:
        initial, source = self.lower(node.initial), self.lower(node.list)
        accumulator, slot = self.context.new_slot(), self.context.new_slot()
        inner = self.inner({node.accumulator: Binding(accumulator), node.variable: Binding(slot)})
        inner.aggregate = None
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
        return p.Function("map projection", [subject, *maps, p.MapLiteral(keys, values)])

    # ------------------------------------------------------------------------------------------------- subqueries

    def _patternpredicate(self, node: ast.PatternPredicate) -> p.Expression:
        for pattern in [*node.path.nodes, *node.path.relationships]:
            if pattern.variable is not None:
                self.context.lookup(self.scope, pattern.variable, pattern)
        source, _ = self.patterns(self.context).plan(p.Argument(), self.scope, [node.path], None)
        return p.Subplan("exists", source)

    def _patterncomprehension(self, node: ast.PatternComprehension) -> p.Expression:
        source, scope = self.patterns(self.context).plan(
            p.Argument(), self.scope, [node.path], node.where
        )
        inner = Lowering(self.context, scope, self.patterns)
        slot = self.context.new_slot()
        source = p.Projection(
            input=source, slots=[slot], expressions=[inner.lower(node.projection)]
        )
        return p.Subplan("collect", source, slot)

    def _subquery(self, node: ast.Subquery) -> p.Expression:
        from samyama.cypher.planner.query import plan_inner

        before = self.context.writes
        self.context.writes = False
        source, columns = plan_inner(
            self.context, node.query, self.scope, needs_return=node.kind == "collect"
        )
        if self.context.writes:
            self.context.fail(
                node, "A subquery in an expression cannot write", "InvalidClauseComposition"
            )
        self.context.writes = before
        if node.kind == "collect":
            if len(columns) != 1:
                self.context.fail(
                    node, "COLLECT { } must return exactly one column", "UnexpectedSyntax"
                )
            return p.Subplan("collect", source, columns[0][1].slot)
        return p.Subplan(node.kind, source)  # type: ignore[arg-type]


def _flatten(node: ast.Expr, operator: str) -> list[ast.Expr]:
    if isinstance(node, ast.Binary) and node.operator == operator:
        return [*_flatten(node.left, operator), *_flatten(node.right, operator)]
    return [node]


def lower_labels(labels: ast.LabelExpr) -> p.LabelExpr:
    match labels:
        case ast.LabelName():
            return p.LabelName(labels.name)
        case ast.LabelNot():
            return p.LabelNot(lower_labels(labels.operand))
        case ast.LabelAnd():
            return p.LabelAnd([lower_labels(operand) for operand in labels.operands])
        case ast.LabelOr():
            return p.LabelOr([lower_labels(operand) for operand in labels.operands])
        case _:
            return p.LabelAny()
