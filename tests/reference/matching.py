"""Pattern matching by enumeration (openCypher 9, section 4.1 "MATCH"; CIP2017-02-06 for quantified patterns).

A match binds every node and relationship of all paths of one clause, such that labels, types, directions, properties
and predicates hold and **no relationship is used twice**, hops of variable length included (TCK Match4, Match6). It is
found by trying every node and every relationship of the graph at every place. A predicate is asked as soon as all its
variables are bound, or at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.reference import labels
from tests.reference.context import Context, Env
from tests.reference.equality import equals
from tests.reference.errors import fail
from tests.reference.expressions import evaluate, holds
from tests.reference.graph import Node, Path, Relationship
from tests.reference.selection import chooses_before_where, select_paths
from tests.reference.tree import names_in

from samyama.cypher import ast

__all__ = ["match_paths", "new_names"]

#: A predicate that waits for variables: their names, and the question.
Pending = tuple[frozenset[str], Callable[[Env], bool]]


@dataclass(frozen=True)
class State:
    """A part of a match. ``walk``: what the path at work has walked so far."""

    env: Env
    used: frozenset[int] = frozenset()
    pending: tuple[Pending, ...] = ()
    walk: tuple[Node | Relationship, ...] = ()

    def bind(self, name: str | None, value: Any) -> State | None:
        """With a name bound; None if it is bound to something else already."""
        if name is None:
            return self
        if name in self.env:
            return self if _is_same(self.env[name], value) else None
        return State({**self.env, name: value}, self.used, self.pending, self.walk)

    def walked(self, *entities: Node | Relationship) -> State:
        return State(self.env, self.used, self.pending, (*self.walk, *entities))

    def uses(self, relationship: Relationship) -> State | None:
        if relationship.id in self.used:
            return None
        return State(self.env, self.used | {relationship.id}, self.pending, self.walk)

    def asks(self, names: frozenset[str], question: Callable[[Env], bool]) -> State | None:
        """Ask now if all names are bound, else later; None if the answer is no."""
        if names <= self.env.keys():
            return self if question(self.env) else None
        pending = (*self.pending, (names, question))
        return State(self.env, self.used, pending, self.walk)


def _is_same(bound: Any, value: Any) -> bool:
    if isinstance(bound, list) and isinstance(value, list):
        return len(bound) == len(value) and all(a is b for a, b in zip(bound, value, strict=True))
    return bound is value


def new_names(paths: list[ast.PathPattern], env: Env) -> list[str]:
    """Variables that a pattern brings, in the order of the text."""
    found: list[str] = []

    def visit(path: ast.PathPattern) -> None:
        names = [path.variable]
        for at, node in enumerate(path.nodes):
            names.append(node.variable)
            if at < len(path.relationships):
                step = path.relationships[at]
                names.append(step.variable)
                if isinstance(step, ast.Quantified):
                    found.extend(n for n in names if n is not None)
                    names = []
                    visit(step.path)
        found.extend(n for n in names if n is not None)

    for path in paths:
        visit(path)
    return [name for name in dict.fromkeys(found) if name not in env]


def match_paths(
    context: Context, paths: list[ast.PathPattern], where: ast.Expr | None, env: Env
) -> list[Env]:
    """All matches, each as the row with the new variables bound."""
    states = [State(env)]
    for number, path in enumerate(paths):
        states = [after for state in states for after in _match_path(context, path, number, state)]
    rows = [state.env for state in states if all(ask(state.env) for _, ask in state.pending)]
    if chooses_before_where(paths):
        rows = select_paths(context, paths, rows)
        rows = [row for row in rows if holds(context, where, row)]
    else:
        rows = [row for row in rows if holds(context, where, row)]
        rows = select_paths(context, paths, rows)
    hidden = [name for row in rows[:1] for name in row if name.startswith("\0end")]
    return [{name: value for name, value in row.items() if name not in hidden} for row in rows]


def _match_path(
    context: Context, path: ast.PathPattern, number: int, state: State
) -> Iterator[State]:
    for found in _walks(context, path, State(state.env, state.used, state.pending)):
        after: State | None = found
        nodes = [e for e in found.walk if isinstance(e, Node)]
        relationships = [e for e in found.walk if isinstance(e, Relationship)]
        after = found.bind(path.variable, Path(nodes, relationships)) if path.variable else found
        if after is not None and (path.shortest or path.selector):
            # What paths are told apart by when some of them are selected: where they start and end.
            ends = (nodes[0].id, nodes[-1].id, len(relationships))
            after = after.bind(f"\0end{number}", ends)
        # A predicate inside the parentheses of a path sees the path, and comes before the selection.
        if after is not None and holds(context, path.where, after.env):
            yield after


def _walks(context: Context, path: ast.PathPattern, state: State) -> Iterator[State]:
    """Every way to walk a path from its first node to its last."""
    for node in list(context.graph.nodes.values()):
        context.step()
        begun = _at_node(context, path.nodes[0], node, state)
        if begun is not None:
            yield from _steps(context, path, 0, node, begun.walked(node))


def _steps(
    context: Context, path: ast.PathPattern, at: int, node: Node, state: State
) -> Iterator[State]:
    if at == len(path.relationships):
        yield state
        return
    step = path.relationships[at]
    if isinstance(step, ast.Quantified):
        moves = _repeat(context, step, node, state)
    elif step.length is not None:
        moves = _variable_length(context, step, node, state)
    else:
        moves = _single(context, step, node, state)
    for far, after in moves:
        arrived = _at_node(context, path.nodes[at + 1], far, after)
        if arrived is not None:
            yield from _steps(context, path, at + 1, far, arrived)


def _at_node(context: Context, pattern: ast.NodePattern, node: Node, state: State) -> State | None:
    if not labels.matches(
        pattern.labels, node.labels, lambda value: evaluate(context, value, state.env)
    ):
        return None
    bound = state.bind(pattern.variable, node)
    return bound and _has(context, pattern, node, bound)


def _has(
    context: Context,
    pattern: ast.NodePattern | ast.RelationshipPattern,
    entity: Node | Relationship,
    state: State,
) -> State | None:
    """The property map of a pattern, each entry an equality, and its inline WHERE."""
    after: State | None = state
    properties, where = pattern.properties, pattern.where
    if properties is not None:

        def are_equal(env: Env) -> bool:
            wanted = evaluate(context, properties, env)
            if wanted is None:
                return False
            if not isinstance(wanted, dict):
                fail("TypeError", "InvalidArgumentType", "properties are a map")
            return all(equals(entity.properties.get(k), v) is True for k, v in wanted.items())

        after = after.asks(frozenset(names_in(properties)), are_equal)
    if where is not None and after is not None:
        name = pattern.variable

        def is_kept(env: Env) -> bool:
            return holds(context, where, env if name is None else {**env, name: entity})

        after = after.asks(frozenset(names_in(where) - {name}), is_kept)
    return after


def _ways(
    context: Context, pattern: ast.RelationshipPattern, node: Node, env: Env
) -> Iterator[tuple[Relationship, Node]]:
    """Relationships that fit at a node, with the node at their other end. A loop is walked once."""
    for relationship in list(context.graph.relationships.values()):
        context.step()
        if not labels.matches(
            pattern.types, {relationship.type}, lambda value: evaluate(context, value, env)
        ):
            continue
        if relationship.start.deleted or relationship.end.deleted:
            continue
        leaves, arrives = relationship.start is node, relationship.end is node
        if leaves and pattern.direction != "in":
            yield relationship, relationship.end
        elif arrives and pattern.direction != "out":
            yield relationship, relationship.start


def _single(
    context: Context, pattern: ast.RelationshipPattern, node: Node, state: State
) -> Iterator[tuple[Node, State]]:
    for relationship, far in _ways(context, pattern, node, state.env):
        used = state.uses(relationship)
        bound = used and used.bind(pattern.variable, relationship)
        after = bound and _has(context, pattern, relationship, bound)
        if after is not None:
            yield far, after.walked(relationship, far)


def _variable_length(
    context: Context, pattern: ast.RelationshipPattern, node: Node, state: State
) -> Iterator[tuple[Node, State]]:
    """Trails of every length within the bounds; the variable is the list of their relationships."""
    assert pattern.length is not None, "the length was looked at"
    low, high = pattern.length

    def extend(here: Node, trail: list[Relationship], state: State) -> Iterator[tuple[Node, State]]:
        if len(trail) >= low and (high is None or len(trail) <= high):
            bound = state.bind(pattern.variable, trail)
            if bound is not None:
                yield here, bound
        if high is not None and len(trail) >= high:
            return
        for relationship, far in _ways(context, pattern, here, state.env):
            used = state.uses(relationship)
            after = used and _has(context, pattern, relationship, used)
            if after is not None:
                yield from extend(far, [*trail, relationship], after.walked(relationship, far))

    yield from extend(node, [], state)


def _repeat(
    context: Context, step: ast.Quantified, node: Node, state: State
) -> Iterator[tuple[Node, State]]:
    """A quantified path pattern: its path end to end, so many times; its variables become lists, one value a round."""
    names = new_names([step.path], {})

    def rounds(
        here: Node, state: State, count: int, lists: dict[str, list[Any]]
    ) -> Iterator[tuple[Node, State]]:
        if count >= step.low:
            yield here, State({**state.env, **lists}, state.used, state.pending, state.walk)
        if step.high is not None and count >= step.high:
            return
        begun = State(state.env, state.used, state.pending, ())
        for found in _one_round(context, step, here, begun):
            far = found.walk[-1]
            assert isinstance(far, Node), "a walk ends at a node"
            grown = {name: [*lists[name], found.env[name]] for name in names}
            walk = (*state.walk, *found.walk[1:])
            after = State(state.env, found.used, found.pending, walk)
            yield from rounds(far, after, count + 1, grown)

    yield from rounds(node, state, 0, {name: [] for name in names})


def _one_round(context: Context, step: ast.Quantified, node: Node, state: State) -> Iterator[State]:
    begun = _at_node(context, step.path.nodes[0], node, state)
    if begun is None:
        return
    outer = state.env
    for found in _steps(context, step.path, 0, node, begun.walked(node)):
        where = step.where
        if where is None:
            yield found
            continue
        inner = {name: value for name, value in found.env.items() if name not in outer}
        question = _with_inner(context, where, inner)
        after = found.asks(frozenset(names_in(where)), question)
        if after is not None:
            yield after


def _with_inner(context: Context, where: ast.Expr, inner: Env) -> Callable[[Env], bool]:
    """Inside a round its variables are the single values of the round."""
    return lambda env: holds(context, where, {**env, **inner})
