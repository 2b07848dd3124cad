"""Which clauses read the graph: what decides where Eager must stand (CIP2015-10-27).

A clause sees all that the clauses before it did, for all rows, and nothing of the clauses behind it. Rows flow one by
one, so between a clause that writes and one that reads, either way round, all rows have to arrive first; and between
two that write, where they may write the same. A clause that writes reads as well where it matches (MERGE) or asks an
entity for a property in one of its expressions.
"""

from __future__ import annotations

from samyama.cypher import ast
from samyama.cypher.tree import walk

__all__ = ["reads_graph", "writes_conflict"]

_READERS = (
    ast.Match,
    ast.Merge,
    ast.CallSubquery,
    ast.ProcedureCall,
    ast.Property,
    ast.Index,
    ast.HasLabels,
    ast.MapProjection,
    ast.Subquery,
    ast.PatternPredicate,
    ast.PatternComprehension,
)
_READING_FUNCTIONS = ("keys", "labels", "properties")


def reads_graph(node: ast.Node) -> bool:
    """May it look at the graph? A property is taken for one of an entity: what else it may be is not known."""
    return any(map(_reads, walk(node)))


def writes_conflict(earlier: ast.Clause, later: ast.Clause) -> bool:
    """May it matter whether the earlier clause is done with all rows before the later one begins?

    What is created is new in every row, and stands in nobody's way; it may be changed by SET at once.
    """
    kinds = type(earlier), type(later)
    harmless = ((ast.Create, ast.Create), (ast.Create, ast.Set), (ast.Set, ast.Create))
    return kinds not in harmless


def _reads(node: ast.Node) -> bool:
    kind = node.__class__
    if kind is ast.SetProperties:
        return isinstance(node.value, ast.Variable)  # type: ignore[attr-defined]
    if kind is ast.Call:
        return node.name.lower() in _READING_FUNCTIONS  # type: ignore[attr-defined]
    return kind in _READERS
