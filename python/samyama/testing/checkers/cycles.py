"""The weakest forbidden cycle in a graph of dependencies between transactions.

Edges are of four kinds: *ww* (the target overwrote what the source wrote), *wr* (the target read what the source
wrote), *rw* (the target overwrote what the source read), *rt* (the source had ended before the target began). Classes
after A. Adya, "Weak consistency" (1999), and K. Kingsbury and P. Alvaro, "Elle" (VLDB 2020):

========== ======================== =================================================
class      edges of the cycle        what a user sees
========== ======================== =================================================
G0         ww                       writes of two transactions interleaved
G1c        ww, wr                   two transactions that each saw the other's writes
G-single   ww, wr, exactly one rw   lost update, read skew
G2         ww, wr, several rw       write skew
========== ======================== =================================================

``-realtime`` is added when the cycle needs an rt edge: then the history may be serializable, but not in the order in
which things happened. None of these eight: strictly serializable, as far as the edges know.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

__all__ = ["Anomaly", "Graph", "find_cycles"]


@dataclass(frozen=True, slots=True)
class Anomaly:
    """``kind`` names a class of cycle or one of the simpler anomalies; ``transactions`` are numbers."""

    kind: str
    description: str
    transactions: tuple[int, ...] = field(default=())


class Graph:
    """Transactions and the kinds of dependency from one to another."""

    def __init__(self, transactions: Iterable[int]) -> None:
        self.edges: dict[int, dict[int, set[str]]] = {number: {} for number in transactions}

    def add(self, source: int, target: int, kind: str) -> None:
        """Edges to itself, and of transactions that are not judged, say nothing."""
        if source != target and source in self.edges and target in self.edges:
            self.edges[source].setdefault(target, set()).add(kind)

    def kinds(self, source: int, target: int) -> set[str]:
        return self.edges[source].get(target, set())

    def targets(self, source: int, allowed: frozenset[str]) -> Iterator[int]:
        for target, kinds in self.edges[source].items():
            if kinds & allowed:
                yield target


WRITES, READS = frozenset({"ww"}), frozenset({"ww", "wr"})
ALL, TIME = frozenset({"ww", "wr", "rw"}), frozenset({"rt"})
#: Where to look for a short cycle in a large knot: short is pleasant, not needed.
STARTS_MAX = 50
#: Weakest guarantee broken first: name, edges that may be used freely, whether exactly one rw edge more is.
CLASSES: tuple[tuple[str, frozenset[str], bool], ...] = (
    ("G0", WRITES, False),
    ("G1c", READS, False),
    ("G-single", READS, True),
    ("G2", ALL, False),
    ("G0-realtime", WRITES | TIME, False),
    ("G1c-realtime", READS | TIME, False),
    ("G-single-realtime", READS | TIME, True),
    ("G2-realtime", ALL | TIME, False),
)


def find_cycles(graph: Graph) -> list[Anomaly]:
    """For every knot of the graph (strongly connected component) one cycle of its weakest class."""
    everything = ALL | TIME
    knots = _components(graph.edges, lambda node: graph.targets(node, everything))
    return [_classify(graph, set(knot)) for knot in knots]


def _classify(graph: Graph, knot: set[int]) -> Anomaly:
    for name, allowed, one_rw in CLASSES:
        cycle = (
            _cycle_through_one_rw(graph, knot, allowed) if one_rw else _cycle(graph, knot, allowed)
        )
        if cycle:
            return Anomaly(name, _describe(graph, cycle), tuple(cycle))
    raise AssertionError("a knot has a cycle of some class: the last one allows every edge")


def _describe(graph: Graph, cycle: list[int]) -> str:
    steps = zip(cycle, [*cycle[1:], cycle[0]], strict=True)
    return f"{cycle[0]} " + " ".join(
        f"-[{','.join(sorted(graph.kinds(source, target)))}]-> {target}" for source, target in steps
    )


def _within(
    graph: Graph, knot: set[int], allowed: frozenset[str]
) -> Callable[[int], Iterator[int]]:
    return lambda node: (target for target in graph.targets(node, allowed) if target in knot)


def _cycle(graph: Graph, knot: set[int], allowed: frozenset[str]) -> list[int] | None:
    """A short cycle over ``allowed`` edges, if there is any."""
    targets = _within(graph, knot, allowed)
    smaller = _components(knot, targets)
    if not smaller:
        return None
    smallest: list[int] = min(smaller, key=len)
    members = set(smallest)
    inside = _within(graph, members, allowed)
    cycles = (_round_trip(inside, start) for start in sorted(members)[:STARTS_MAX])
    return min(cycles, key=len)


def _round_trip(targets: Callable[[int], Iterator[int]], start: int) -> list[int]:
    """The shortest cycle through ``start``, which lies on one."""
    ways = (_path(targets, first, start) for first in targets(start))
    back = min((way for way in ways if way is not None), key=len)
    return [start, *back[:-1]]


def _cycle_through_one_rw(
    graph: Graph, knot: set[int], allowed: frozenset[str]
) -> list[int] | None:
    """A cycle over ``allowed`` edges and one rw edge: its ends are joined by a path back over ``allowed`` edges
    only."""
    targets = _within(graph, knot, allowed)
    for source in sorted(knot):
        for target in _within(graph, knot, frozenset({"rw"}))(source):
            path = _path(targets, target, source)
            if path is not None:
                return path
    return None


def _path(targets: Callable[[int], Iterator[int]], start: int, goal: int) -> list[int] | None:
    """The shortest path from ``start`` to ``goal``, both included."""
    came_from = {start: start}
    queue = deque([start])
    while queue:
        node = queue.popleft()
        if node == goal:
            path = [node]
            while node != start:
                node = came_from[node]
                path.append(node)
            return path[::-1]
        for target in targets(node):
            if target not in came_from:
                came_from[target] = node
                queue.append(target)
    return None


def _components(nodes: Iterable[int], targets: Callable[[int], Iterator[int]]) -> list[list[int]]:
    """Strongly connected components of more than one node (Tarjan 1972, without recursion)."""
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    on_stack: set[int] = set()
    result: list[list[int]] = []

    def enter(node: int) -> tuple[int, Iterator[int]]:
        index[node] = low[node] = len(index)
        stack.append(node)
        on_stack.add(node)
        return node, targets(node)

    for root in nodes:
        if root in index:
            continue
        work = [enter(root)]
        while work:
            node, remaining = work[-1]
            for target in remaining:
                if target not in index:
                    work.append(enter(target))
                    break
                if target in on_stack:
                    low[node] = min(low[node], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    component: list[int] = []
                    while not component or component[-1] != node:
                        component.append(stack.pop())
                    on_stack.difference_update(component)
                    if len(component) > 1:
                        result.append(component)
    return result
