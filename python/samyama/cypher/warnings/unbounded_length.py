"""Patterns of any length: without an upper bound the work can grow with the number of all trails."""

from __future__ import annotations

from samyama.cypher import ast
from samyama.cypher.planner.context import Context
from samyama.cypher.warnings.nodes import Nodes

__all__ = ["warn_of_lengths"]

CODE = "Neo.ClientNotification.Statement.UnboundedVariableLengthPattern"
TITLE = (
    "The provided pattern is unbounded, consider adding an upper limit to the number of node hops."
)
GQL_STATUS = "03N91"


def warn_of_lengths(context: Context, nodes: Nodes) -> None:
    unbounded: list[ast.Node] = [
        *(one for one in nodes.of(ast.RelationshipPattern) if one.length and one.length[1] is None),
        *(one for one in nodes.of(ast.Quantified) if one.high is None),
    ]
    if not unbounded:
        return
    # A search for shortest paths ends where it has found them.
    searched = {
        id(part)
        for path in nodes.of(ast.PathPattern)
        if path.shortest or path.selector or path.cycles
        for part in path.relationships
    }
    for node in unbounded:
        if id(node) not in searched:
            context.notify(
                node,
                CODE,
                TITLE,
                "This pattern has no upper bound: every trail of any length is followed. Write one, such as *..5 or "
                "{1,5}, if you know it.",
                "PERFORMANCE",
                GQL_STATUS,
                severity="INFORMATION",
            )
