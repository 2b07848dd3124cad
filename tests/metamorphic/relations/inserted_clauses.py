"""Clauses that pass every row on as it is may be put between any two: ``WITH *``, ``UNWIND [1] AS x`` with a new name,
``CALL (*) { RETURN 1 AS x }``, ``WITH * WHERE true``. (Dinkel; GRev.)"""

from __future__ import annotations

from tests.generators.choices import Choices
from tests.generators.queries import Query, generate_query
from tests.generators.unparse import query as written
from tests.metamorphic.bench import Bench
from tests.metamorphic.check import Fault, NoVerdict
from tests.metamorphic.linear import fresh_name, same, tree_of

from samyama.cypher import ast
from samyama.cypher.parser import parse

__all__ = ["InsertedClauses"]

_FORMS = (
    "WITH *",
    "UNWIND [1] AS {name}",
    "CALL (*) {{ RETURN 1 AS {name} }}",
    "WITH * WHERE true",
    "WITH *, 1 AS {name}",
    "UNWIND [{{}}] AS {name}",
)


def _binds(clause: ast.Clause) -> bool:
    """Is there a variable in scope behind it, for certain?"""
    match clause:
        case ast.Unwind() | ast.Projection():
            return True
        case ast.Match():
            return any(node.variable for path in clause.paths for node in path.nodes)
    return False


class InsertedClauses:
    name, weight = "inserted_clauses", 10

    def make(self, choices: Choices) -> Query:
        return generate_query(choices)

    def run(self, bench: Bench, query: Query, choices: Choices) -> Fault | None:
        tree = tree_of(query)
        part = choices.one(tree.parts)
        places = [at for at in range(1, len(part.clauses)) if _binds(part.clauses[at - 1])]
        if not places:
            raise NoVerdict
        at = choices.one(places)
        form = choices.one(_FORMS).format(name=fresh_name(tree, "u"))
        body = parse(f"WITH 1 AS one {form} RETURN 1").body
        assert isinstance(body, ast.Query), "it is a query"
        part.clauses = [*part.clauses[:at], body.parts[0].clauses[1], *part.clauses[at:]]
        return same(bench, query, [written(tree, "\n")])
