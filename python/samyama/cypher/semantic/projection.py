"""WITH and RETURN: which names go on, what ORDER BY and WHERE see, how rows are grouped.

``*`` is spelled out. What ORDER BY (and, where old names are gone, WHERE) says that is also projected becomes the
projected variable, so behind this pass there is only one way to mean it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from samyama.cypher import ast
from samyama.cypher import errors as e
from samyama.cypher.errors import CypherError
from samyama.cypher.semantic import aggregation
from samyama.cypher.semantic.scope import Scope, Symbol
from samyama.cypher.semantic.types import INTEGER, Type
from samyama.cypher.tree import signature, transform

if TYPE_CHECKING:
    from samyama.cypher.semantic.queries import Queries

__all__ = ["Column", "Projections"]

#: A column: its name as shown, and the variable.
Column = tuple[str, Symbol]


#: Their variables may have the name of an item without being it: they stay as they are.
_OWN_VARIABLES = (
    ast.ListComprehension,
    ast.Quantifier,
    ast.Reduce,
    ast.PatternComprehension,
    ast.Subquery,
)


@dataclass(slots=True)
class _Shape:
    """A projection: is it grouped, does it hide the old names, what its items say (as written) and are called."""

    clause: ast.Projection
    is_grouped: bool
    written: dict[Any, ast.Item]

    @property
    def hides(self) -> bool:
        return self.is_grouped or self.clause.distinct

    @property
    def word(self) -> str:
        return "RETURN" if self.clause.is_return else "WITH"


class Projections:
    def __init__(self, queries: Queries) -> None:
        self.queries, self.analyser = queries, queries.analyser
        self.expressions = queries.expressions

    def project(self, clause: ast.Projection, scope: Scope) -> tuple[Scope, list[Column]]:
        """The scope behind the clause, and its columns in order."""
        self._spell_out(clause, scope)
        self._check_names(clause)
        grouped = any(aggregation.find_aggregate(item.expression) for item in clause.items)
        is_looked_up = clause.order or clause.where is not None
        written = {signature(i.expression): i for i in clause.items} if is_looked_up else {}
        shape = _Shape(clause, grouped, written)
        columns = self._items(shape, scope)
        names = {item.name: symbol for item, (_, symbol) in zip(clause.items, columns, strict=True)}
        sorted_in = self._behind(shape, scope, names)
        self._order(shape, sorted_in)
        self._count(clause.skip, "SKIP")
        self._count(clause.limit, "LIMIT")
        if clause.where is not None:
            self._where(shape, sorted_in)
        for item in clause.items:
            if not clause.is_return and not item.aliased:
                message = "An expression in WITH must be aliased (use AS)"
                self.analyser.fail(item, e.NO_ALIAS, message)
        for item, (_, symbol) in zip(clause.items, columns, strict=True):
            item.name = symbol.name
        why = f"is not visible after the WITH{self.analyser.place(clause)}; add it to that WITH"
        return scope.behind(names, e.UNDEFINED_VARIABLE, why), columns

    # ---------------------------------------------------------------------------------------------------- items

    def _spell_out(self, clause: ast.Projection, scope: Scope) -> None:
        if not clause.star:
            return
        if not scope.names and not clause.items and clause.is_return:
            message = "RETURN * is not allowed when there are no variables in scope"
            self.analyser.fail(clause, e.NOTHING_TO_RETURN, message)
        start = clause.start
        every = [
            ast.Item(start, start, ast.Variable(start, start, name), name, True)
            for name in sorted(scope.names)
        ]
        clause.items, clause.star = every + clause.items, False

    def _check_names(self, clause: ast.Projection) -> None:
        seen: set[str] = set()
        for item in clause.items:
            if item.name in seen:
                message = (
                    f"Multiple result columns with the same name `{item.name}` are not supported"
                )
                self.analyser.fail(item, e.SAME_COLUMN_TWICE, message)
            seen.add(item.name)

    def _items(self, shape: _Shape, scope: Scope) -> list[Column]:
        types: list[Type] = []
        with self.analyser.aggregates(""):
            types = [self.expressions.value(item.expression, scope) for item in shape.clause.items]
        if shape.is_grouped:
            self._check_grouping(shape.clause.items, scope)
        return [
            (item.name, self._symbol(item, kind, scope))
            for item, kind in zip(shape.clause.items, types, strict=True)
        ]

    def _symbol(self, item: ast.Item, kind: Type, scope: Scope) -> Symbol:
        """The variable that an item becomes; one that only goes on stays the same."""
        known = scope.find(item.name)
        expression = item.expression
        name = expression.name if isinstance(expression, ast.Variable) else None
        if known is not None and name == known.name:
            return known
        if item.name in scope.fixed and item.aliased:
            self.analyser.fail_shadowed(item, item.name)
        return self.analyser.symbol(item.name, kind)

    def _check_grouping(self, items: list[ast.Item], scope: Scope) -> None:
        mixed = [item for item in items if not aggregation.is_aggregate(item.expression)]
        mixed = [item for item in mixed if aggregation.find_aggregate(item.expression)]
        if not mixed:
            return
        keys = {
            signature(item.expression)
            for item in items
            if aggregation.is_simple_key(item.expression)
        }
        # What comes from outside of a subquery is the same for all its rows.
        outside = {symbol.name for symbol in scope.names.values()}
        for item in mixed:
            aggregation.check_beside(self.analyser, item.expression, keys, outside)

    # ------------------------------------------------------------------------------------ ORDER BY, WHERE, LIMIT

    def _behind(self, shape: _Shape, scope: Scope, names: dict[str, Symbol]) -> Scope:
        """What ORDER BY and WHERE see: the new names, and the old ones unless rows were merged."""
        if not shape.hides:
            return Scope({**scope.names, **names}, scope.fixed, scope.hidden)
        what = "DISTINCT" if shape.clause.distinct else "an aggregate"
        why = f"is not visible behind a {shape.word} with {what}, which projects something else"
        return scope.behind(names, e.INACCESSIBLE_VARIABLE, why)

    def _order(self, shape: _Shape, sorted_in: Scope) -> None:
        for item in shape.clause.order:
            aggregate = aggregation.find_aggregate(item.expression)
            if aggregate is not None and not shape.is_grouped:
                message = f"{aggregate.name}() cannot stand in ORDER BY: the {shape.word} has no aggregate"
                self.analyser.fail(aggregate, e.AGGREGATE_HERE, message)
            strict = aggregate is not None
            item.expression = self._projected(shape, item.expression, strict=strict)
            self._check_left_over(shape, item.expression, sorted_in)
            self.expressions.value(item.expression, sorted_in)

    def _check_left_over(self, shape: _Shape, node: ast.Expr, sorted_in: Scope) -> None:
        """An aggregate that is not projected: an unknown variable in it is the better thing to say."""
        aggregate = aggregation.find_aggregate(node)
        if aggregate is None:
            return
        for given in aggregate.arguments:
            self.expressions.value(given, sorted_in)
        message = f"{aggregate.name}() in ORDER BY must also stand in the {shape.word}"
        self.analyser.fail(aggregate, e.AGGREGATE_NOT_PROJECTED, message)

    def _projected(self, shape: _Shape, node: ast.Expr, *, strict: bool) -> ast.Expr:
        """The expression with everything that is projected replaced by its variable.

        ``strict``: beside an aggregate, where only variables, properties and aggregates can stand.
        """
        new = {item.name for item in shape.clause.items}

        def replace(part: ast.Node) -> ast.Node | None:
            if isinstance(part, ast.Variable) and part.name in new:
                return part
            item = shape.written.get(signature(part)) if isinstance(part, ast.Expr) else None
            if item is None:
                return part if isinstance(part, _OWN_VARIABLES) else None
            # The item is resolved by now; what was written stands in the part.
            if strict and not (
                aggregation.is_simple_key(part) or aggregation.find_aggregate(part)  # type: ignore[arg-type]
            ):
                message = (
                    "Beside an aggregate in ORDER BY only projected variables and properties can stand;"
                    " project this expression with an alias and use that"
                )
                self.analyser.fail(part, e.AMBIGUOUS_GROUPING, message)
            return ast.Variable(part.start, part.end, item.name)

        found = transform(node, replace)
        assert isinstance(found, ast.Expr), "an expression stays one"
        return found

    def _where(self, shape: _Shape, sorted_in: Scope) -> None:
        where = shape.clause.where
        assert where is not None, "the caller has looked"
        with self.analyser.aggregates("in WHERE: project it with an alias first, and use that"):
            aggregate = aggregation.find_aggregate(where)
            if aggregate is not None:
                with aggregation.argument(self.analyser, aggregate):
                    pass
            if shape.hides:
                where = self._projected(shape, where, strict=False)
                shape.clause.where = where
            self.expressions.predicate(where, sorted_in)

    def _count(self, node: ast.Expr | None, word: str) -> None:
        """SKIP and LIMIT: an integer that needs no row, not negative as far as one can see."""
        if node is None:
            return
        if (
            isinstance(node, ast.Unary)
            and node.operator == "-"
            and isinstance(node.operand, ast.Literal)
            and isinstance(node.operand.value, int)
        ):
            message = f"Invalid input for {word}: expected an integer that is not negative"
            self.analyser.fail(node, e.NEGATIVE_COUNT, message)
        try:
            with self.analyser.aggregates(f"in {word}"):
                self.expressions.expect(node, Scope(), INTEGER)
        except CypherError as error:
            if error.problem is not e.UNDEFINED_VARIABLE:
                raise
            message = (
                f"{word} cannot depend on variables of the query; it takes a number or a parameter"
            )
            self.analyser.fail(error.offset, e.NOT_CONSTANT, message)
