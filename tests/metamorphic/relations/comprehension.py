"""``[x IN list WHERE p | e]`` folds into ``reduce(acc = [], x IN list | CASE WHEN p THEN acc + [e] ELSE acc END)``."""

from __future__ import annotations

from tests.generators.choices import Choices
from tests.generators.queries import Queries, Query
from tests.generators.scope import Scope
from tests.generators.unparse import query as written
from tests.metamorphic.bench import Bench
from tests.metamorphic.check import Fault, NoVerdict
from tests.metamorphic.linear import fresh_name, same, tree_of
from tests.reference.tree import replace

from samyama.cypher import ast

__all__ = ["Comprehension"]


def _folded(node: ast.ListComprehension, accumulator: str) -> ast.Expr:
    item = node.projection or ast.Variable(0, 0, node.variable)
    so_far = ast.Variable(0, 0, accumulator)
    longer = ast.Binary(0, 0, "+", so_far, ast.ListLiteral(0, 0, [item]))
    body: ast.Expr = longer
    if node.where is not None:
        body = ast.Case(0, 0, None, [node.where], [longer], so_far)
    empty = ast.ListLiteral(0, 0, [])
    return ast.Reduce(0, 0, accumulator, empty, node.variable, node.list, body)


class Comprehension:
    name, weight = "comprehension", 4

    def make(self, choices: Choices) -> Query:
        queries = Queries(choices)
        clauses, scope = queries.clauses(Scope(), choices.between(0, 1))
        kind = choices.one(("integer", "string", "any"))
        text = queries.expressions.list_comprehension(kind, scope, 2)
        return Query([*clauses, f"RETURN {text} AS c"], {"c": f"list of {kind}"})

    def run(self, bench: Bench, query: Query, _: Choices) -> Fault | None:
        tree = tree_of(query)
        name = fresh_name(tree, "acc")
        found = False

        def fold(node: ast.Node) -> ast.Node | None:
            nonlocal found
            if not isinstance(node, ast.ListComprehension):
                return None
            found = True
            return _folded(node, name)

        changed = replace(tree, fold)
        if not found:
            raise NoVerdict
        return same(bench, query, [written(changed, "\n")])
