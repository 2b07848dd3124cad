"""The comma parts of one MATCH may stand in any order: together they are one pattern.

Predicates move along: ``AND`` is commutative in three-valued logic, so the sides of the WHERE are swapped too.
"""

from __future__ import annotations

import dataclasses

from tests.generators.choices import Choices
from tests.generators.queries import Queries, Query
from tests.generators.scope import Scope
from tests.generators.unparse import query as written
from tests.metamorphic.bench import Bench
from tests.metamorphic.check import Fault, NoVerdict
from tests.metamorphic.linear import same, tree_of
from tests.reference.tree import replace

from samyama.cypher import ast

__all__ = ["PermutedParts"]


def _swapped(node: ast.Expr | None) -> ast.Expr | None:
    if isinstance(node, ast.Binary) and node.operator in ("AND", "OR", "XOR"):
        left, right = _swapped(node.left), _swapped(node.right)
        assert left is not None, "both sides are there"
        assert right is not None, "both sides are there"
        return dataclasses.replace(node, left=right, right=left)
    return node


class PermutedParts:
    name, weight = "permuted_parts", 6

    def make(self, choices: Choices) -> Query:
        """At least one MATCH has several parts."""
        queries = Queries(choices)
        clauses, scope = queries.clauses(Scope(), choices.between(0, 1))
        fixed = set(scope.of("relationship"))
        after = scope.copy()
        queries.patterns.earlier = scope
        paths = [queries.patterns.path(after, fixed) for _ in range(choices.between(2, 3))]
        clauses.append(f"MATCH {', '.join(paths)}{queries.where(after, 60)}")
        text, columns, ordered = queries.projection("RETURN", after)
        return Query([*clauses, text], columns, ordered)

    def run(self, bench: Bench, query: Query, choices: Choices) -> Fault | None:
        found = False

        def shuffle(node: ast.Node) -> ast.Node | None:
            nonlocal found
            if not isinstance(node, ast.Match) or (len(node.paths) < 2 and node.where is None):
                return None
            found = True
            paths, mixed = list(node.paths), []
            while paths:
                mixed.append(paths.pop(choices.below(len(paths))))
            if mixed == node.paths:
                mixed.reverse()
            return dataclasses.replace(node, paths=mixed, where=_swapped(node.where))

        tree = replace(tree_of(query), shuffle)
        if not found:
            raise NoVerdict
        return same(bench, query, [written(tree, "\n")])
