"""Patterns that are matched: which variables they bring, which were there before, and what each may be.

All names of a clause are declared before its properties and predicates are looked at, so these may refer to any part of
the pattern. Inside a quantified pattern a variable is one node or relationship, outside it is the list of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from samyama.cypher import ast
from samyama.cypher import errors as e
from samyama.cypher.semantic.scope import Scope, Symbol, inside
from samyama.cypher.semantic.types import (
    INTEGER,
    NODE,
    PATH,
    RELATIONSHIP,
    Type,
    fits,
    list_of,
)
from samyama.cypher.tree import path_parts

if TYPE_CHECKING:
    from samyama.cypher.semantic.queries import Queries

__all__ = ["Patterns"]

_RELATIONSHIPS = list_of(RELATIONSHIP)


class Patterns:
    def __init__(self, queries: Queries) -> None:
        self.queries, self.analyser = queries, queries.analyser
        self.expressions = queries.expressions

    def match(self, paths: Sequence[ast.PathPattern], scope: Scope) -> None:
        """Declare what the paths bring into ``scope`` and resolve all they say."""
        before = scope.copy()
        if len(paths) > 1:
            for path in paths:
                if path.selector is not None:
                    message = "A path with SHORTEST or ANY must be the only pattern of its MATCH"
                    self.analyser.fail(path, e.SEVERAL_SELECTED, message)
        for path in paths:
            self._declare(path, scope, before)
        for path in paths:
            self._conditions(path, scope, before)

    def exist(self, path: ast.PathPattern, scope: Scope) -> None:
        """A pattern that is only asked whether it has a match: it brings no variables."""
        for part in path_parts(path):
            name = None if isinstance(part, ast.Quantified) else part.variable
            if name is not None and scope.find(name) is None and name not in scope.hidden:
                message = (
                    f"Variable `{name}` not defined: a pattern that is tested for existence cannot"
                    " bring new variables; use EXISTS { }"
                )
                at = self.analyser.spot(part, name)
                self.analyser.fail(at, e.NEW_VARIABLE_IN_PREDICATE, message)
            if name is not None:
                self.analyser.resolve(scope, name, part)
        self.match([path], scope.copy())

    # ------------------------------------------------------------------------------------------------- declaring

    def _declare(self, path: ast.PathPattern, scope: Scope, before: Scope) -> None:
        for part in path_parts(path):
            if isinstance(part, ast.Quantified):
                self._declare_groups(part, scope)
            elif isinstance(part, ast.NodePattern):
                self.node(part, scope)
            else:
                self._relationship(part, scope, before)
        if path.variable is not None:
            path.variable = self.analyser.declare(scope, path.variable, PATH, path).name

    def node(self, node: ast.NodePattern, scope: Scope) -> None:
        if node.variable is None:
            return
        known = scope.find(node.variable)
        if known is None:
            known = self.analyser.declare(scope, node.variable, NODE, node)
        self.check_kind(node, node.variable, known, NODE)
        node.variable = known.name

    def _relationship(self, pattern: ast.RelationshipPattern, scope: Scope, before: Scope) -> None:
        name = pattern.variable
        if name is None:
            return
        kind = _RELATIONSHIPS if pattern.length else RELATIONSHIP
        known = scope.find(name)
        if known is None:
            known = self.analyser.declare(scope, name, kind, pattern)
        elif before.find(name) is None and known.type in (RELATIONSHIP, _RELATIONSHIPS):
            message = f"Cannot use the same relationship variable `{name}` twice in a pattern"
            self.analyser.fail(
                self.analyser.spot(pattern, name), e.SAME_RELATIONSHIP_TWICE, message
            )
        self.check_kind(pattern, name, known, kind)
        pattern.variable = known.name

    def check_kind(self, node: ast.Node, name: str, symbol: Symbol, wanted: Type) -> None:
        if not fits(symbol.type, wanted):
            message = (
                f"Type mismatch: `{name}` is {symbol.type} and stands where {wanted} is expected"
            )
            self.analyser.fail(self.analyser.spot(node, name), e.TYPE_CONFLICT, message)

    def _declare_groups(self, pattern: ast.Quantified, scope: Scope) -> None:
        """Outside, lists; the parts inside are renamed to their single values."""
        groups: dict[str, Symbol] = {}
        for part in path_parts(pattern.path):
            if isinstance(part, ast.Quantified) or part.variable is None:
                continue
            single = NODE if isinstance(part, ast.NodePattern) else RELATIONSHIP
            if isinstance(part, ast.RelationshipPattern) and part.length:
                single = _RELATIONSHIPS
            name = part.variable
            if name not in groups:
                groups[name] = self.analyser.declare(scope, name, list_of(single), part)
                self.analyser.analysis.types[inside(groups[name].name)] = single
            elif isinstance(part, ast.RelationshipPattern):
                message = f"Cannot use the same relationship variable `{name}` twice in a pattern"
                self.analyser.fail(part, e.SAME_RELATIONSHIP_TWICE, message)
            self.check_kind(part, name, Symbol(name, groups[name].type.item), single)
            part.variable = inside(groups[name].name)

    # ------------------------------------------------------------------------------------------------ conditions

    def _conditions(self, path: ast.PathPattern, scope: Scope, before: Scope) -> None:
        for part in path_parts(path):
            if isinstance(part, ast.Quantified):
                why = "is not visible inside of a quantified pattern, which sees what stood before the MATCH"
                new = [name for name in scope.names if before.find(name) is None]
                inner = self._inside(part, before.without(new, e.OUT_OF_PATTERN, why))
                self._conditions(part.path, inner, before)
                if part.where is not None:
                    self._where(part.where, inner)
            else:
                self._part(part, scope)
        if path.where is not None:
            self._where(path.where, scope)
        if path.selector is not None:
            self.expressions.expect(path.selector.count, Scope(), INTEGER)

    def _inside(self, pattern: ast.Quantified, before: Scope) -> Scope:
        """What was there before the clause, and the single values of the pattern's own variables."""
        inner = before.copy()
        types = self.analyser.analysis.types
        for part in path_parts(pattern.path):
            if not isinstance(part, ast.Quantified) and part.variable is not None:
                written = part.variable.split("\0", 1)[0]
                inner.names[written] = Symbol(part.variable, types[part.variable])
        return inner

    def _part(self, part: ast.NodePattern | ast.RelationshipPattern, scope: Scope) -> None:
        if isinstance(part.properties, ast.Parameter):
            message = "A parameter cannot stand for the properties of a pattern in MATCH; write {key: $value}"
            self.analyser.fail(part.properties, e.PARAMETER_MAP, message)
        if part.properties is not None:
            self.expressions.value(part.properties, scope)
        labels = part.labels if isinstance(part, ast.NodePattern) else part.types
        self.expressions.label_values(labels, scope)
        if part.where is None:
            return
        if isinstance(part, ast.RelationshipPattern) and part.length and part.variable is not None:
            # Along a path of any length the predicate is about each relationship.
            scope = scope.copy()
            written = part.variable.split("\0", 1)[0]
            scope.names[written] = Symbol(part.variable, RELATIONSHIP)
        self._where(part.where, scope)

    def _where(self, where: ast.Expr, scope: Scope) -> None:
        with self.analyser.aggregates("in WHERE; use WITH first"):
            self.expressions.predicate(where, scope)
