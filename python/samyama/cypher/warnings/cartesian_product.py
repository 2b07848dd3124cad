"""MATCH of parts that nothing joins: every row of one meets every row of the other.

Parts are joined by a variable that both have, by an equality in WHERE between them, by a property map or an inline
WHERE of one that asks for the other, and when each hangs on what stood before the clause.
"""

from __future__ import annotations

from samyama.cypher import ast
from samyama.cypher.planner.context import Context
from samyama.cypher.semantic.scope import shown
from samyama.cypher.tree import conjuncts, walk
from samyama.cypher.warnings.nodes import Nodes

__all__ = ["warn_of_products"]

CODE = "Neo.ClientNotification.Statement.CartesianProduct"
TITLE = "This query builds a cartesian product between disconnected patterns."
GQL_STATUS = "03N90"


def warn_of_products(context: Context, nodes: Nodes) -> None:
    if all(len(clause.paths) < 2 for clause in nodes.of(ast.Match)):
        return
    seen: set[str] = set()
    for node in walk(nodes.query):
        if not isinstance(node, ast.Match):
            seen |= _bound(node)
            continue
        if len(node.paths) > 1:
            _look(context, node, seen)
        seen |= {name for path in node.paths for name in _variables(path)}


def _look(context: Context, clause: ast.Match, seen: set[str]) -> None:
    parts: list[set[str]] = []
    for number, path in enumerate(clause.paths):
        names = _variables(path) or {f"\0{number}"}
        # Whatever stood before the clause is one place to hang on.
        parts = _joined(parts, names | {"\0before"} if names & seen else names)
    for condition in conjuncts(clause.where):
        if isinstance(condition, ast.Comparison) and set(condition.operators) == {"="}:
            parts = _joined(parts, _variables(condition), only_known=True)
    if len(parts) < 2:
        return
    firsts = sorted(_first(clause, part) for part in parts)
    told = ", ".join(f"`{shown(name)}`" for name in firsts if name)
    where = f", of {told}," if told else ""
    context.notify(
        clause,
        CODE,
        TITLE,
        f"The patterns of this MATCH fall into {len(parts)} parts{where} that nothing joins: each row of one is "
        "combined with each row of the others. If that is not meant, join them by a relationship, a shared variable "
        "or an equality in WHERE.",
        "PERFORMANCE",
        GQL_STATUS,
        severity="INFORMATION",
    )


def _joined(parts: list[set[str]], names: set[str], *, only_known: bool = False) -> list[set[str]]:
    """The parts with those that share a name made one; ``only_known``: the names make no part of their own."""
    touched = [part for part in parts if part & names]
    if only_known and len(touched) < 2:
        return parts
    rest = [part for part in parts if not part & names]
    return [*rest, set(names).union(*touched)]


def _variables(node: ast.Node) -> set[str]:
    """Every variable that stands in it, those of predicates included."""
    found = set()
    for inner in walk(node):
        if isinstance(inner, ast.Variable):
            found.add(inner.name)
        else:
            found |= _bound(inner)
    return found


def _bound(node: ast.Node) -> set[str]:
    """What the node itself brings into scope."""
    match node:
        case ast.NodePattern() | ast.RelationshipPattern() | ast.PathPattern() if (
            node.variable is not None
        ):
            return {node.variable}
        case ast.Unwind() | ast.LoadCsv():
            return {node.variable}
        case ast.Projection():
            return {item.name for item in node.items}
        case ast.ProcedureCall():
            return {variable for _, variable in node.yields or []}
        case _:
            return set()


def _first(clause: ast.Match, part: set[str]) -> str:
    """A name by which the reader finds the part; empty if it has none."""
    for path in clause.paths:
        for node in walk(path):
            if isinstance(node, ast.NodePattern) and node.variable in part:
                return node.variable or ""
    return ""
