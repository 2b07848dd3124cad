"""Queries whose rows come each from a row of the clause before.

What such a query gives for two tables joined is what it gives for each, joined. Relations that take the rows of a MATCH
apart need it.
"""

from __future__ import annotations

import functools
import pickle
from collections.abc import Callable

from tests.differential.answers import Answer
from tests.differential.canonical import as_bag, rows_differ
from tests.generators.choices import Choices
from tests.generators.queries import Queries, Query
from tests.generators.scope import Scope
from tests.metamorphic.bench import Bench
from tests.metamorphic.check import Fault, NoVerdict
from tests.reference.tree import aggregates_in, replace, walk

from samyama.cypher import ast
from samyama.cypher.parser import parse

__all__ = [
    "Step",
    "ask_all",
    "clauses_of",
    "differ",
    "first_step",
    "fresh_name",
    "linear_query",
    "linear_query_with",
    "replace_node",
    "require_linear",
    "tree_of",
]


def linear_query(choices: Choices, clauses: int = 3) -> Query:
    """A query without DISTINCT, grouping, order and windows."""
    queries = Queries(choices)
    texts: list[str] = []
    scope = Scope()
    forms = ((50, queries.match), (20, queries.optional_match), (15, queries.unwind))
    for _ in range(choices.between(1, clauses)):
        text, scope = choices.weighted(*forms)(scope)
        texts.append(text)
    return finished(queries, texts, scope)


def linear_query_with(marks: tuple[str, ...], choices: Choices) -> Query:
    """One in whose text one of these stands, if one comes soon."""
    for _ in range(6):
        query = linear_query(choices)
        if any(mark in query.text for mark in marks):
            break
    return query


Step = ast.RelationshipPattern | ast.Quantified


def first_step(
    clauses: list[ast.Clause], fits: Callable[[ast.PathPattern, Step], bool]
) -> Step | None:
    """The first step of a MATCH that is not optional, of those that fit."""
    for clause in clauses:
        if isinstance(clause, ast.Match) and not clause.optional:
            for path in clause.paths:
                for step in path.relationships:
                    if fits(path, step):
                        return step
    return None


def finished(queries: Queries, clauses: list[str], scope: Scope) -> Query:
    """With a plain RETURN behind the clauses."""
    names = queries.choices.some(list(scope.kinds), 3)
    columns = {name: scope.kinds[name] for name in names}
    items = list(columns)
    if not items or queries.choices.chance(50):
        kind = queries.choices.one(("integer", "any", "string", "boolean", "float", "date"))
        name = queries.names.fresh("c")
        columns[name] = kind
        items.append(f"{queries.expressions.of(kind, scope)} AS {name}")
    return Query([*clauses, f"RETURN {', '.join(items)}"], columns)


def tree_of(query: Query) -> ast.Query:
    """A tree of its own for the caller, who may change it."""
    body = pickle.loads(_pickled_tree(query.text))
    assert isinstance(body, ast.Query), "a query was generated"
    return body


@functools.lru_cache(maxsize=64)
def _pickled_tree(text: str) -> bytes:
    """The same text comes for several graphs in turn, and reading bytes back is faster than parsing."""
    return pickle.dumps(parse(text).body)


def clauses_of(query: Query) -> list[ast.Clause]:
    """The clauses of a query that is no UNION."""
    tree = tree_of(query)
    if len(tree.parts) != 1:
        raise NoVerdict
    return tree.parts[0].clauses


def require_linear(clauses: list[ast.Clause]) -> None:
    """Raises: NoVerdict: some clause looks at more than one row, or at how many there are."""
    for clause in clauses:
        match clause:
            case ast.Match() | ast.Unwind():
                continue
            case ast.Projection():
                grouped = any(aggregates_in(item.expression) for item in clause.items)
                if not (grouped or clause.distinct or clause.order or clause.skip or clause.limit):
                    continue
        raise NoVerdict


def replace_node(tree: ast.Node, old: ast.Node, new: ast.Node) -> ast.Node:
    """A copy in which ``old``, the very node, is ``new``."""
    found = replace(tree, lambda node: new if node is old else None)
    assert isinstance(found, ast.Node), "a copy of a tree is a tree"
    return found


def fresh_name(tree: ast.Node, prefix: str) -> str:
    """A name that the tree does not hold."""
    used = {getattr(node, "variable", None) for node in walk(tree)}
    used |= {node.name for node in walk(tree) if isinstance(node, ast.Variable | ast.Item)}
    return next(name for number in range(1000) if (name := f"{prefix}{number}") not in used)


def differ(query: Query, left: Answer, right: Answer, *, ordered: bool = False) -> bool:
    """Do two answers differ in their rows? Columns that hold bags are compared as such."""
    bags = [query.columns.get(name, "").startswith("bag of") for name in left.columns]

    def rows(answer: Answer) -> list[tuple[object, ...]]:
        return [
            tuple(as_bag(v) if bag else v for v, bag in zip(row, bags, strict=True))
            for row in answer.rows
        ]

    return rows_differ(rows(left), rows(right), ordered=ordered, mixed=True)


def ask_all(bench: Bench, texts: list[str]) -> list[Answer]:
    """Raises: NoVerdict: all of them fail, which says nothing."""
    answers = [bench.engine.ask(text) for text in texts]
    if all(answer.error for answer in answers):
        raise NoVerdict
    return answers


def same(bench: Bench, query: Query, others: list[str]) -> Fault | None:
    """Every other text must give what the query gives."""
    texts = [query.text, *others]
    answers = ask_all(bench, texts)
    asked = list(zip(texts, answers, strict=True))
    for text, answer in asked[1:]:
        if answer.error or answers[0].error:
            if answer.error != answers[0].error:
                return Fault("error", [asked[0], (text, answer)])
        elif answer.columns != answers[0].columns:
            return Fault("columns", [asked[0], (text, answer)])
        elif differ(query, answers[0], answer, ordered=query.ordered):
            return Fault("rows", [asked[0], (text, answer)])
    return None


def sums_up(bench: Bench, query: Query, parts: list[str]) -> Fault | None:
    """The rows of the parts together must be those of the query."""
    texts = [query.text, *parts]
    answers = ask_all(bench, texts)
    asked = list(zip(texts, answers, strict=True))
    if any(answer.error for answer in answers):
        return Fault("error", asked)
    whole = Answer(answers[0].columns, [row for answer in answers[1:] for row in answer.rows])
    return Fault("rows", asked) if differ(query, answers[0], whole) else None
