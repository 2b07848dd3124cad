"""Patterns before they run: what their variables are, and what may not stand in them (TCK match, create, merge).

A variable of a pattern is a node, a relationship, a list of relationships or a path, all through the query.
"""

from __future__ import annotations

from dataclasses import replace

from tests.reference.errors import fail_static
from tests.reference.static.expressions import Checker, check_label_values
from tests.reference.static.scope import Scope, Type, is_a, list_of

from samyama.cypher import ast

__all__ = ["check_created", "check_matched"]

NODE, RELATIONSHIP, PATH = Type("node"), Type("relationship"), Type("path")
#: A variable that is not a value yet, while the pattern is read.
Found = dict[str, Type]


def check_matched(
    paths: list[ast.PathPattern], scope: Scope, check: Checker, *, merges: bool = False
) -> Scope:
    """The scope with the variables of the pattern."""
    found: Found = {}
    single: set[str] = set()
    for path in paths:
        _read(path, scope, found, single)
        # A path comes after its own parts, and before the next path.
        if path.variable is not None:
            if path.variable in found or path.variable in scope:
                fail_static("VariableAlreadyBound", path.variable)
            found[path.variable] = PATH
    inner = replace(check, scope={**scope, **found}, aggregates=False)
    for path in paths:
        _predicates(path, inner, scope, merges=merges)
        if path.where is not None:
            inner.boolean(path.where)
    return inner.scope


def _bind(name: str | None, kind: Type, scope: Scope, found: Found) -> None:
    if name is None:
        return
    known = found.get(name, scope.get(name))
    if known is not None and not is_a(known, kind.name):
        fail_static("VariableTypeConflict", f"{name} is a {known.name}, not a {kind.name}")
    if kind.name == "list" and known is not None and known.name == "list":
        inner = known.inner
        if inner is not None and not is_a(inner, "relationship"):
            fail_static("VariableTypeConflict", f"{name} is a list of {inner.name}")
    found.setdefault(name, kind)


def _read(path: ast.PathPattern, scope: Scope, found: Found, single: set[str]) -> None:
    for at, node in enumerate(path.nodes):
        _bind(node.variable, NODE, scope, found)
        if at == len(path.relationships):
            break
        step = path.relationships[at]
        if isinstance(step, ast.Quantified):
            _read_quantified(step, scope, found)
            continue
        kind = RELATIONSHIP if step.length is None else list_of(RELATIONSHIP)
        _bind(step.variable, kind, scope, found)
        if step.variable is not None:
            if step.variable in single:
                fail_static("RelationshipUniquenessViolation", step.variable)
            single.add(step.variable)


def _read_quantified(step: ast.Quantified, scope: Scope, found: Found) -> None:
    inner: Found = {}
    _read(step.path, {}, inner, set())
    for name, kind in inner.items():
        if name in found or name in scope:
            fail_static("VariableAlreadyBound", name)
        found[name] = list_of(kind)


def _predicates(path: ast.PathPattern, check: Checker, earlier: Scope, *, merges: bool) -> None:
    """``earlier``: what was bound before the clause, and may be asked for inside a quantified pattern."""
    for part in (*path.nodes, *path.relationships):
        if isinstance(part, ast.Quantified):
            inner: Found = {}
            _read(part.path, {}, inner, set())
            within = replace(check, scope={**earlier, **inner})
            _predicates(part.path, within, earlier, merges=merges)
            within.boolean(part.where)
            continue
        if isinstance(part.properties, ast.Parameter):
            fail_static("InvalidParameterUse", part.properties.name)
        check.type_of(part.properties)
        check_label_values(part.labels if isinstance(part, ast.NodePattern) else part.types, check)
        name = part.variable
        if name is not None and isinstance(part, ast.RelationshipPattern) and part.length:
            replace(check, scope={**check.scope, name: RELATIONSHIP}).boolean(part.where)
        else:
            check.boolean(part.where)


def _plain_labels(expression: ast.LabelExpr | None) -> bool:
    if isinstance(expression, ast.LabelAnd):
        return all(_plain_labels(operand) for operand in expression.operands)
    return expression is None or _is_one_name(expression)


def _is_one_name(expression: ast.LabelExpr | None) -> bool:
    is_value = isinstance(expression, ast.LabelValue) and not expression.is_any
    return is_value or isinstance(expression, ast.LabelName)


def check_created(
    paths: list[ast.PathPattern], scope: Scope, check: Checker, *, merges: bool
) -> Scope:
    """CREATE and MERGE: what is bound stands bare; a relationship has one type, a direction and no length."""
    scope = dict(scope)
    for path in paths:
        if path.variable is not None and path.variable in scope:
            fail_static("VariableAlreadyBound", path.variable)
        for relationship in path.relationships:
            if isinstance(relationship, ast.Quantified) or relationship.length is not None:
                fail_static("CreatingVarLength")
            _check_created_relationship(relationship, scope, merges=merges)
        for node in path.nodes:
            _check_created_node(node, path, scope, check, merges=merges)
        for relationship in path.relationships:
            assert isinstance(relationship, ast.RelationshipPattern), "checked above"
            check_label_values(relationship.types, replace(check, scope=scope))
            _check_properties(relationship.properties, scope, check, merges=merges)
            if relationship.variable is not None:
                scope[relationship.variable] = RELATIONSHIP
        if path.variable is not None:
            scope[path.variable] = PATH
    return scope


def _check_created_relationship(
    pattern: ast.RelationshipPattern, scope: Scope, *, merges: bool
) -> None:
    if pattern.variable is not None and pattern.variable in scope:
        fail_static("VariableAlreadyBound", pattern.variable)
    if not _is_one_name(pattern.types):
        fail_static("NoSingleRelationshipType")
    if pattern.direction in ("both", "arrows") and not merges:
        fail_static("RequiresDirectedRelationship")


def _check_created_node(
    node: ast.NodePattern, path: ast.PathPattern, scope: Scope, check: Checker, *, merges: bool
) -> None:
    name = node.variable
    if name is not None and name in scope:
        if not is_a(scope[name], "node"):
            fail_static("VariableTypeConflict", name)
        is_bare = node.labels is None and node.properties is None
        if not is_bare or not path.relationships:
            fail_static("VariableAlreadyBound", name)
        return
    if not _plain_labels(node.labels):
        fail_static("UnexpectedSyntax", "plain labels only")
    check_label_values(node.labels, replace(check, scope=scope))
    _check_properties(node.properties, scope, check, merges=merges)
    if name is not None:
        scope[name] = NODE


def _check_properties(
    properties: ast.Expr | None, scope: Scope, check: Checker, *, merges: bool
) -> None:
    if merges and isinstance(properties, ast.Parameter):
        fail_static("InvalidParameterUse", properties.name)
    replace(check, scope=scope, aggregates=False).type_of(properties)
