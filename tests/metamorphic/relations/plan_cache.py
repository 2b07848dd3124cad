"""Where a plan comes from does not matter.

A literal and a parameter with its value, a plan just made and one from either level of the cache, the same text with
other blanks and, in between, with other literals, give the same.
"""

from __future__ import annotations

from typing import Any

from tests.differential.answers import Answer
from tests.generators.choices import Choices
from tests.generators.queries import Query, generate_query
from tests.generators.unparse import query as written
from tests.metamorphic.bench import Bench
from tests.metamorphic.check import Fault, NoVerdict
from tests.metamorphic.linear import differ, replace_node, tree_of
from tests.reference.tree import children

from samyama.cypher import ast

__all__ = ["PlanCache"]


def _literals(node: ast.Node) -> list[ast.Literal]:
    """Literals that a parameter may stand for; the name of a type is none."""
    found: list[ast.Literal] = []
    for child in children(node):
        if isinstance(node, ast.Call) and node.name == "is ::" and child is node.arguments[1]:
            continue
        if isinstance(child, ast.Literal):
            if child.value is not None and not isinstance(child.value, bool):
                found.append(child)
        else:
            found += _literals(child)
    return found


class PlanCache:
    name, weight = "plan_cache", 8

    def make(self, choices: Choices) -> Query:
        return generate_query(choices)

    def run(self, bench: Bench, query: Query, choices: Choices) -> Fault | None:
        tree = tree_of(query)
        literals = _literals(tree)
        asked: list[tuple[str, Answer]] = [(query.text, bench.engine.ask(query.text))]
        asked.append((query.text, bench.engine.ask(query.text)))
        spaced = "/* again */ " + query.text.replace("\n", "  \n\t")
        asked.append((spaced, bench.engine.ask(spaced)))
        if literals:
            text, parameters = self._with_parameters(tree, choices, literals)
            asked.append((f"{text}\n// {parameters}", bench.engine.ask(text, parameters)))
            # Between: the same shape with other literals.
            bench.engine.ask(self._with_others(tree, literals))
            asked.append((query.text, bench.engine.ask(query.text)))
        first = asked[0][1]
        if all(answer.error for _, answer in asked):
            raise NoVerdict
        for text, answer in asked[1:]:
            if answer.error or first.error:
                if answer.error != first.error:
                    return Fault("error", [asked[0], (text, answer)])
            elif answer.columns != first.columns and "$" not in text:
                return Fault("columns", [asked[0], (text, answer)])
            elif differ(query, first, answer, ordered=query.ordered):
                return Fault("rows", [asked[0], (text, answer)])
        return None

    def _with_parameters(
        self, tree: ast.Query, choices: Choices, literals: list[ast.Literal]
    ) -> tuple[str, dict[str, Any]]:
        parameters: dict[str, Any] = {}
        # In an item beside an aggregate a parameter is as good as a literal, but ORDER BY knows it by its words.
        chosen = choices.some(literals, 3) or literals[:1]
        changed: ast.Node = tree
        for number, literal in enumerate(chosen):
            name = f"p{number}"
            parameters[name] = literal.value
            changed = replace_node(changed, literal, ast.Parameter(0, 0, name))
        assert isinstance(changed, ast.Query), "a query stays a query"
        return written(changed, "\n"), parameters

    def _with_others(self, tree: ast.Query, literals: list[ast.Literal]) -> str:
        changed: ast.Node = tree
        for literal in literals[:3]:
            value = literal.value
            other = value + "z" if isinstance(value, str) else (value or 0) + 1
            changed = replace_node(changed, literal, ast.Literal(0, 0, other))
        assert isinstance(changed, ast.Query), "a query stays a query"
        return written(changed, "\n")
