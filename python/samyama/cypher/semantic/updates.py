"""Clauses that write: what CREATE and MERGE may bring, what SET, REMOVE and DELETE take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from samyama.cypher import ast
from samyama.cypher import errors as e
from samyama.cypher.semantic.expressions import NAMES
from samyama.cypher.semantic.scope import Scope
from samyama.cypher.semantic.types import NODE, PATH, RELATIONSHIP, of
from samyama.cypher.tree import label_parts, path_parts

if TYPE_CHECKING:
    from samyama.cypher.semantic.queries import Queries

__all__ = ["Updates"]

_ENTITY = of("NODE", "RELATIONSHIP")
_HAS_KEYS = of("NODE", "RELATIONSHIP", "MAP")
_DELETED = of("NODE", "RELATIONSHIP", "PATH")


class Updates:
    def __init__(self, queries: Queries) -> None:
        self.queries, self.analyser = queries, queries.analyser
        self.expressions, self.patterns = queries.expressions, queries.patterns

    def run(self, clause: ast.Clause, scope: Scope) -> Scope:
        """The scope behind the clause."""
        if self.analyser.no_writes:
            message = f"{self.analyser.no_writes} cannot contain clauses that write"
            self.analyser.fail(clause, e.WRITE_IN_EXPRESSION, message)
        match clause:
            case ast.Create():
                scope = scope.copy()
                for path in clause.paths:
                    self._new_pattern(path, scope, "CREATE")
            case ast.Merge():
                scope = scope.copy()
                self._new_pattern(clause.path, scope, "MERGE")
                self._items(clause.on_create, scope)
                self._items(clause.on_match, scope)
            case ast.Set():
                self._items(clause.items, scope)
            case ast.Delete():
                self._delete(clause, scope)
            case ast.Foreach():
                self._foreach(clause, scope)
            case _:
                raise AssertionError(f"no clause that writes: {clause}")
        return scope

    # ------------------------------------------------------------------------------------------- CREATE and MERGE

    def _new_pattern(self, path: ast.PathPattern, scope: Scope, word: str) -> None:
        if path.shortest or path.selector:
            message = f"Shortest paths cannot stand in {word}"
            self.analyser.fail(path, e.UNEXPECTED_SYNTAX, message)
        if path.where is not None:
            self.analyser.fail(path.where, e.UNEXPECTED_SYNTAX, f"WHERE cannot stand in {word}")
        is_alone = not path.relationships
        names = [
            part.variable for part in path_parts(path) if scope.find(part.variable or "") is None
        ]
        why = f"is made by this very {word}, whose properties see what was there before"
        # The properties of MERGE are also what is looked for: they see only what was there before.
        before = scope.copy().without(names, e.CREATED_HERE, why)
        for part in path_parts(path):
            if isinstance(part, ast.Quantified):
                message = f"Quantified patterns cannot stand in {word}"
                self.analyser.fail(part, e.UNEXPECTED_SYNTAX, message)
            if part.where is not None:
                self.analyser.fail(part.where, e.UNEXPECTED_SYNTAX, f"WHERE cannot stand in {word}")
            seen = before if word == "MERGE" else scope.without(names, e.CREATED_HERE, why)
            if isinstance(part, ast.NodePattern):
                self._new_node(part, scope, seen, word, is_alone=is_alone)
            else:
                self._new_relationship(part, scope, seen, word)
        if path.variable is not None:
            path.variable = self.analyser.declare(scope, path.variable, PATH, path).name

    def _new_node(
        self, node: ast.NodePattern, scope: Scope, seen: Scope, word: str, *, is_alone: bool
    ) -> None:
        known = scope.find(node.variable) if node.variable else None
        if known is not None and node.variable is not None:
            self.patterns.check_kind(node, node.variable, known, NODE)
            if node.labels is not None or node.properties is not None or is_alone:
                message = (
                    f"Variable `{node.variable}` already declared: {word} can only use it as it is,"
                    " as an end of a relationship"
                )
                at = self.analyser.spot(node, node.variable)
                self.analyser.fail(at, e.ALREADY_BOUND_NODE, message)
            node.variable = known.name
            return
        _, _, other = label_parts(node.labels)
        if other is not None:
            message = "What is created has plain labels or $(...), joined by ':'"
            self.analyser.fail(other, e.UNEXPECTED_SYNTAX, message)
        self.expressions.label_values(node.labels, seen)
        self._properties(node.properties, seen, word)
        if node.variable is not None:
            node.variable = self.analyser.declare(scope, node.variable, NODE, node).name

    def _new_relationship(
        self, pattern: ast.RelationshipPattern, scope: Scope, seen: Scope, word: str
    ) -> None:
        name = pattern.variable
        if name is not None and (known := scope.find(name)) is not None:
            self.patterns.check_kind(pattern, name, known, RELATIONSHIP)
            message = f"Variable `{name}` already declared: {word} makes new relationships"
            self.analyser.fail(self.analyser.spot(pattern, name), e.ALREADY_BOUND, message)
        if pattern.length is not None:
            message = f"Variable length relationships cannot be used in {word}"
            self.analyser.fail(pattern, e.VARIABLE_LENGTH, message)
        is_value = isinstance(pattern.types, ast.LabelValue) and not pattern.types.is_any
        if not is_value and not isinstance(pattern.types, ast.LabelName):
            message = f"Exactly one relationship type must be specified in {word}"
            self.analyser.fail(pattern, e.ONE_TYPE, message)
        if word == "CREATE" and pattern.direction in ("both", "arrows"):
            message = "Only directed relationships are supported in CREATE"
            self.analyser.fail(pattern, e.NO_DIRECTION, message)
        self.expressions.label_values(pattern.types, seen)
        self._properties(pattern.properties, seen, word)
        if name is not None:
            pattern.variable = self.analyser.declare(scope, name, RELATIONSHIP, pattern).name

    def _properties(self, properties: ast.Expr | None, seen: Scope, word: str) -> None:
        if properties is None:
            return
        if word == "MERGE" and isinstance(properties, ast.Parameter):
            message = (
                "A parameter cannot stand for the properties in MERGE; write {key: $value},"
                " or MERGE without and SET n += $map"
            )
            self.analyser.fail(properties, e.PARAMETER_MAP, message)
        self.expressions.value(properties, seen)

    # ---------------------------------------------------------------------------------------- SET, REMOVE, DELETE

    def _items(self, items: Sequence[ast.Node], scope: Scope) -> None:
        expect = self.expressions.expect
        for item in items:
            match item:
                case ast.SetProperty():
                    expect(item.entity, scope, _ENTITY)
                    self.expressions.value(item.value, scope)
                case ast.RemoveProperty():
                    expect(item.entity, scope, _ENTITY)
                case ast.SetProperties():
                    expect(item.entity, scope, _ENTITY)
                    expect(item.value, scope, _HAS_KEYS)
                case ast.SetLabels() | ast.RemoveLabels():
                    expect(item.entity, scope, NODE)
                    for value in item.values:
                        expect(value, scope, NAMES)
                case _:
                    raise AssertionError(f"no such item: {item}")

    def _delete(self, clause: ast.Delete, scope: Scope) -> None:
        for target in clause.targets:
            if isinstance(target, ast.HasLabels):
                message = "DELETE does not delete labels; use REMOVE"
                self.analyser.fail(target, e.DELETE_OF_LABEL, message)
            self.expressions.expect(target, scope, _DELETED)

    def _foreach(self, clause: ast.Foreach, scope: Scope) -> None:
        item = self.expressions.item_of(clause.list, scope)
        inner, symbol = self.expressions.local(scope, clause.variable, item)
        clause.variable = symbol.name
        for step in clause.body:
            inner = self.run(step, inner)
