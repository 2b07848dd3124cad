"""MERGE (openCypher 9, section 5.4; TCK clauses/merge): match the whole pattern, or create the whole pattern.

Row by row; each row sees what the rows before it did. Bound parts are reused, all matches become rows. A null property
cannot be matched, so it is an error.
"""

from __future__ import annotations

from tests.reference.context import Context, Env
from tests.reference.errors import fail
from tests.reference.expressions import evaluate
from tests.reference.matching import match_paths
from tests.reference.writes import create, set_items

from samyama.cypher import ast

__all__ = ["merge"]


def merge(context: Context, clause: ast.Merge, env: Env) -> list[Env]:
    _refuse_nulls(context, clause.path, env)
    found = match_paths(context, [clause.path], None, env)
    if found:
        for row in found:
            set_items(context, clause.on_match, row)
        return found
    row = create(context, [clause.path], env)
    set_items(context, clause.on_create, row)
    return [row]


def _refuse_nulls(context: Context, path: ast.PathPattern, env: Env) -> None:
    for node in path.nodes:
        if node.variable is not None and node.variable in env and env[node.variable] is None:
            fail("SemanticError", "InvalidArgumentValue", f"`{node.variable}` is null")
    for part in (*path.nodes, *path.relationships):
        if isinstance(part, ast.Quantified) or not isinstance(part.properties, ast.MapLiteral):
            continue
        for key, value in zip(part.properties.keys, part.properties.values, strict=True):
            if evaluate(context, value, env) is None:
                fail("SemanticError", "MergeReadOwnWrites", f"{key} is null")
