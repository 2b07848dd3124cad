"""Strict serializability of list-append transactions, by the cycles of their dependency graph.

The method is Elle's (Kingsbury and Alvaro, "Elle: inferring isolation anomalies from experimental observations", VLDB
2020): each append carries a unique value, so the longest list read of a key is its version order. From it follow the
edges ww (neighbours in the order), wr (writer of the last element read), rw (reader to the writer of the next element)
and rt (one transaction ended before the other began). A history without cycle, and without the simpler anomalies below,
is strictly serializable as far as it was observed.

Read before cycles: an aborted value that was read, a value read twice in one list, lists of one key that are not
prefixes of each other, an acknowledged append missing from the final read.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Anomaly", "Transaction", "check_list_append"]

Outcome = Literal["committed", "aborted", "unknown"]


@dataclass(frozen=True, slots=True)
class Transaction:
    """``operations``: ("append", key, value) or ("read", key, [values]); times of one monotonic clock."""

    number: int
    operations: tuple[tuple[str, object, object], ...]
    began: float
    ended: float
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Anomaly:
    """``kind``: aborted-read, duplicate, incompatible-order, lost-append, internal, or the class of a cycle:
    G0 (ww only), G1c (ww, wr), G-single (one rw), G2 (several rw); ``-realtime`` when it needs real time."""

    kind: str
    description: str
    transactions: tuple[int, ...] = field(default=())


def check_list_append(
    history: Iterable[Transaction], final: dict[object, Sequence[object]] | None = None
) -> list[Anomaly]:
    """Judge a history.

    Args:
        history: All transactions, those that failed included.
        final: What every key held in the end, if it was read then: finds lost appends nobody else would see.

    Example:
        >>> a = Transaction(1, (("append", "x", 1),), 0, 1, "committed")
        >>> b = Transaction(2, (("read", "x", []),), 2, 3, "committed")
        >>> [anomaly.kind for anomaly in check_list_append([a, b], {"x": [1]})]
        ['G-single-realtime']
    """
    transactions = list(history)
    writer: dict[tuple[object, object], Transaction] = {}
    for txn in transactions:
        for kind, key, value in txn.operations:
            if kind == "append":
                writer[key, value] = txn
    anomalies = [
        anomaly for txn in transactions if txn.outcome == "committed" for anomaly in _internal(txn)
    ]
    orders, found = _version_orders(transactions, writer, final or {})
    anomalies += found
    # An unknown append that somebody read has happened.
    read = {(key, value) for key, values in orders.items() for value in values}
    alive = [
        txn
        for txn in transactions
        if txn.outcome == "committed"
        or (
            txn.outcome == "unknown"
            and any(k == "append" and (key, v) in read for k, key, v in txn.operations)
        )
    ]
    anomalies += _lost(alive, final)
    edges = _edges(alive, orders, writer)
    for component in _components(edges):
        anomalies.append(_classify(component, edges))
    return anomalies


def _internal(txn: Transaction) -> list[Anomaly]:
    """A transaction must see its own appends, and a key must not change under it otherwise."""
    expected: dict[object, list[object]] = {}
    for kind, key, value in txn.operations:
        if kind == "append":
            if key in expected:
                expected[key] = [*expected[key], value]
        else:
            assert isinstance(value, list), "a read holds a list"
            if key in expected and value != expected[key]:
                return [
                    Anomaly(
                        "internal",
                        f"key {key!r}: read {value} where {expected[key]} was due",
                        (txn.number,),
                    )
                ]
            expected[key] = list(value)
    return []


def _version_orders(
    transactions: list[Transaction],
    writer: dict[tuple[object, object], Transaction],
    final: dict[object, Sequence[object]],
) -> tuple[dict[object, list[object]], list[Anomaly]]:
    anomalies: list[Anomaly] = []
    reads: dict[object, list[tuple[int, list[object]]]] = defaultdict(list)
    for txn in transactions:
        if txn.outcome == "committed":
            for kind, key, value in txn.operations:
                if kind == "read":
                    assert isinstance(value, list), "a read holds a list"
                    own = {v for k, other, v in txn.operations if k == "append" and other == key}
                    reads[key].append((txn.number, [v for v in value if v not in own]))
                    reads[key].append((txn.number, value)) if not own else None
    for key, values in final.items():
        reads[key].append((0, list(values)))
    orders: dict[object, list[object]] = {}
    for key, seen in reads.items():
        longest = max((values for _, values in seen), key=len)
        orders[key] = longest
        for number, values in seen:
            if len(set(values)) != len(values):
                anomalies.append(Anomaly("duplicate", f"key {key!r} read as {values}", (number,)))
            if longest[: len(values)] != values:
                anomalies.append(
                    Anomaly(
                        "incompatible-order",
                        f"key {key!r}: {values} is no prefix of {longest}",
                        (number,),
                    )
                )
            for value in values:
                source = writer.get((key, value))
                if source is None or source.outcome == "aborted":
                    anomalies.append(
                        Anomaly(
                            "aborted-read", f"key {key!r}: {value!r} was never committed", (number,)
                        )
                    )
    return orders, anomalies


def _lost(alive: list[Transaction], final: dict[object, Sequence[object]] | None) -> list[Anomaly]:
    if final is None:
        return []
    there = {key: set(values) for key, values in final.items()}
    return [
        Anomaly(
            "lost-append", f"key {key!r}: {value!r} was acknowledged and is gone", (txn.number,)
        )
        for txn in alive
        if txn.outcome == "committed"
        for kind, key, value in txn.operations
        if kind == "append" and value not in there.get(key, ())
    ]


Edges = dict[int, dict[int, set[str]]]


def _edges(
    alive: list[Transaction],
    orders: dict[object, list[object]],
    writer: dict[tuple[object, object], Transaction],
) -> Edges:
    edges: Edges = {txn.number: {} for txn in alive}

    def add(source: int, target: int, kind: str) -> None:
        if source != target and source in edges and target in edges:
            edges[source].setdefault(target, set()).add(kind)

    for key, order in orders.items():
        for earlier, later in itertools.pairwise(order):
            if (key, earlier) in writer and (key, later) in writer:
                add(writer[key, earlier].number, writer[key, later].number, "ww")
    for txn in alive:
        for kind, key, value in txn.operations:
            if kind != "read" or txn.outcome != "committed":
                continue
            assert isinstance(value, list), "a read holds a list"
            order = orders.get(key, [])
            own = {v for k, other, v in txn.operations if k == "append" and other == key}
            external = [v for v in value if v not in own]
            if external and (key, external[-1]) in writer:
                add(writer[key, external[-1]].number, txn.number, "wr")
            following = order[len(external) : len(external) + 1]
            if following and (key, following[0]) in writer:
                add(txn.number, writer[key, following[0]].number, "rw")
    _add_real_time(alive, add)
    return edges


def _add_real_time(alive: list[Transaction], add: object) -> None:
    """One edge to each transaction that no other separates: enough for every cycle, and few."""
    assert callable(add), "add is the edge function"
    known = [txn for txn in alive if txn.outcome == "committed"]
    by_begin = sorted(alive, key=lambda txn: txn.began)
    begins = [txn.began for txn in by_begin]
    # The earliest end among the transactions that begin at or after place i.
    earliest_end = [0.0] * (len(by_begin) + 1)
    earliest_end[-1] = float("inf")
    for place in range(len(by_begin) - 1, -1, -1):
        ends = by_begin[place].ended if by_begin[place].outcome == "committed" else float("inf")
        earliest_end[place] = min(ends, earliest_end[place + 1])
    for txn in known:
        place = bisect_left(begins, txn.ended)
        barrier = earliest_end[place]
        while place < len(by_begin) and by_begin[place].began <= barrier:
            if by_begin[place].began > txn.ended:
                add(txn.number, by_begin[place].number, "rt")
            place += 1


def _components(edges: Edges) -> list[list[int]]:
    """Strongly connected components of more than one node (Tarjan, without recursion)."""
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    on_stack: set[int] = set()
    result: list[list[int]] = []
    for root in edges:
        if root in index:
            continue
        work = [(root, iter(edges[root]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, targets = work[-1]
            for target in targets:
                if target not in index:
                    index[target] = low[target] = len(index)
                    stack.append(target)
                    on_stack.add(target)
                    work.append((target, iter(edges[target])))
                    break
                if target in on_stack:
                    low[node] = min(low[node], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    component = []
                    while True:
                        member = stack.pop()
                        on_stack.discard(member)
                        component.append(member)
                        if member == node:
                            break
                    if len(component) > 1:
                        result.append(component)
    return result


def _classify(component: list[int], edges: Edges) -> Anomaly:
    """The weakest class whose edges alone still make a cycle in the component."""
    members = set(component)
    for name, allowed, rw_max in (
        ("G0", {"ww"}, 0),
        ("G1c", {"ww", "wr"}, 0),
        ("G-single", {"ww", "wr", "rw"}, 1),
        ("G2", {"ww", "wr", "rw"}, None),
        ("G0-realtime", {"ww", "rt"}, 0),
        ("G1c-realtime", {"ww", "wr", "rt"}, 0),
        ("G-single-realtime", {"ww", "wr", "rw", "rt"}, 1),
        ("G2-realtime", {"ww", "wr", "rw", "rt"}, None),
    ):
        cycle = _shortest_cycle(members, edges, allowed, rw_max)
        if cycle:
            return Anomaly(name, " -> ".join(map(str, [*cycle, cycle[0]])), tuple(cycle))
    return Anomaly(
        "G2-realtime", f"a component of {len(component)} transactions", tuple(sorted(component))
    )


def _shortest_cycle(
    members: set[int], edges: Edges, allowed: set[str], rw_max: int | None
) -> list[int] | None:
    """Breadth-first from each member, counting rw edges up to the bound."""
    best: list[int] | None = None
    for start in sorted(members):
        queue: list[tuple[int, int, tuple[int, ...]]] = [(start, 0, (start,))]
        seen = {(start, 0)}
        for node, rw, path in queue:
            if best is not None and len(path) >= len(best):
                break
            for target, kinds in edges[node].items():
                usable = kinds & allowed
                if target not in members or not usable:
                    continue
                cost = rw + (1 if usable == {"rw"} else 0)
                if rw_max is not None and cost > rw_max:
                    continue
                if target == start:
                    best = list(path)
                    break
                state = (target, cost if rw_max is not None else 0)
                if state not in seen:
                    seen.add(state)
                    queue.append((target, cost, (*path, target)))
    return best
