"""Strict serializability of list-append transactions.

The method is Elle's (Kingsbury and Alvaro, "Elle: inferring isolation anomalies from experimental observations",
VLDB 2020). Each append carries a value that nothing else writes, so a list that was read tells who wrote it and in
what order: the longest list read of a key is its version order. Dependencies follow from it, and cycles among them
(:mod:`samyama.testing.checkers.cycles`) show what order cannot explain.

Found without cycles, because lists show them directly:

================== ============================================================================================
phantom            a value was read that nobody appended
G1a                a value of a transaction that did not commit was read
G1b                a list was read that ends in the middle of a transaction: it appended more to it afterwards
duplicate          a value stands twice in a list
incompatible-order two lists of one key of which neither begins with the other: a write was lost or reordered
lost-append        an acknowledged append is not in the final read
torn               a transaction of unknown outcome is half there
internal           a transaction did not see its own appends, or a key changed under it
================== ============================================================================================

What it cannot see: values that nobody ever read, and orders that no read fixes. Read every key at the end
(``final``).
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from samyama.testing.checkers.cycles import Anomaly, Graph, find_cycles

__all__ = ["Transaction", "check_list_append"]

Outcome = Literal["committed", "aborted", "unknown"]
FINAL = 0


@dataclass(frozen=True, slots=True)
class Transaction:
    """``operations``: ("append", key, value) or ("read", key, [values]); times of one monotonic clock; numbers from
    1."""

    number: int
    operations: tuple[tuple[str, Any, Any], ...]
    began: float
    ended: float
    outcome: Outcome


def check_list_append(
    history: Iterable[Transaction], final: Mapping[Any, Sequence[Any]] | None = None
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
    judge = _Judge(list(history), final)
    return [*judge.simple_anomalies(), *find_cycles(judge.dependencies())]


def _appends(txn: Transaction) -> dict[Any, list[Any]]:
    """What a transaction appends to each key, in order."""
    result: dict[Any, list[Any]] = defaultdict(list)
    for kind, key, value in txn.operations:
        if kind == "append":
            result[key].append(value)
    return result


class _Judge:
    def __init__(
        self, transactions: list[Transaction], final: Mapping[Any, Sequence[Any]] | None
    ) -> None:
        self.transactions = transactions
        self.by_number = {txn.number: txn for txn in transactions}
        assert len(self.by_number) == len(transactions), "every transaction has its own number"
        assert FINAL not in self.by_number, f"transaction {FINAL} is the final read"
        self.final = final
        self.appends = {txn.number: _appends(txn) for txn in transactions}
        self.writer: dict[tuple[Any, Any], Transaction] = {}
        for txn in transactions:
            for key, values in self.appends[txn.number].items():
                for value in values:
                    assert (key, value) not in self.writer, (
                        f"{value!r} is appended twice to {key!r}"
                    )
                    self.writer[key, value] = txn
        self.reads = self._reads()
        self.orders: dict[Any, list[Any]] = {
            key: max((values for _, values in seen), key=len) for key, seen in self.reads.items()
        }
        observed = {(key, value) for key, order in self.orders.items() for value in order}
        # Committed, or of unknown outcome and seen by somebody, so committed all the same.
        self.alive = [
            txn
            for txn in transactions
            if txn.outcome == "committed"
            or (
                txn.outcome == "unknown"
                and any(k == "append" and (key, v) in observed for k, key, v in txn.operations)
            )
        ]

    def _reads(self) -> dict[Any, list[tuple[int, list[Any]]]]:
        """All lists that committed transactions read, and the final ones, by key.

        A reader's own appends stand at the end of what it read. They are part of the version order like all others.
        """
        reads: dict[Any, list[tuple[int, list[Any]]]] = defaultdict(list)
        for txn in self.transactions:
            if txn.outcome == "committed":
                for kind, key, value in txn.operations:
                    if kind == "read":
                        reads[key].append((txn.number, list(value)))
        for key, values in (self.final or {}).items():
            reads[key].append((FINAL, list(values)))
        return reads

    # ------------------------------------------------------------------------------------ without cycles

    def simple_anomalies(self) -> list[Anomaly]:
        found = [anomaly for txn in self.transactions for anomaly in _internal(txn)]
        for key, seen in self.reads.items():
            for number, values in seen:
                found += self._judge_list(key, number, values)
        return found + self._missing_at_the_end()

    def _judge_list(self, key: Any, number: int, values: list[Any]) -> list[Anomaly]:
        found = []

        def add(kind: str, description: str, *others: int) -> None:
            found.append(Anomaly(kind, f"key {key!r}: {description}", (number, *others)))

        if len(set(values)) != len(values):
            add("duplicate", f"read as {values}")
        order = self.orders[key]
        if order[: len(values)] != values:
            add("incompatible-order", f"{values} is no beginning of {order}")
        for value in values:
            source = self.writer.get((key, value))
            if source is None:
                add("phantom", f"nobody appended {value!r}")
            elif source.outcome == "aborted":
                add("G1a", f"{value!r} was not committed", source.number)
        source = self.writer.get((key, values[-1])) if values else None
        if source is not None and source.number != number:
            whole = self.appends[source.number][key]
            if values[-1] != whole[-1]:
                add(
                    "G1b",
                    f"read up to {values[-1]!r}, of {whole} that belong together",
                    source.number,
                )
        return found

    def _missing_at_the_end(self) -> list[Anomaly]:
        if self.final is None:
            return []
        there = {key: set(values) for key, values in self.final.items()}
        return [
            Anomaly(
                "lost-append" if txn.outcome == "committed" else "torn",
                f"key {key!r}: {value!r} is gone",
                (txn.number,),
            )
            for txn in self.alive
            for key, values in self.appends[txn.number].items()
            for value in values
            if value not in there.get(key, ())
        ]

    # -------------------------------------------------------------------------------------- dependencies

    def dependencies(self) -> Graph:
        graph = Graph(txn.number for txn in self.alive)
        unread = self._add_write_order(graph)
        for txn in self.alive:
            if txn.outcome == "committed":
                for kind, key, value in txn.operations:
                    if kind == "read":
                        self._add_read(graph, txn, key, value, unread)
        _add_real_time(graph, self.alive)
        return graph

    def _writers(self, key: Any, values: Iterable[Any]) -> list[int]:
        return [self.writer[key, value].number for value in values if (key, value) in self.writer]

    def _add_write_order(self, graph: Graph) -> dict[Any, list[int]]:
        """ww edges. Returns, by key, the committed writers whose appends nobody read: they come behind all that was
        read."""
        unread: dict[Any, list[int]] = defaultdict(list)
        for txn in self.alive:
            for key, values in self.appends[txn.number].items():
                read = set(self.orders.get(key, ()))
                if txn.outcome == "committed" and not read.intersection(values):
                    unread[key].append(txn.number)
        for key, order in self.orders.items():
            writers = self._writers(key, order)
            for earlier, later in itertools.pairwise(writers):
                graph.add(earlier, later, "ww")
            for later in unread[key] if writers else ():
                graph.add(writers[-1], later, "ww")
        return unread

    def _add_read(
        self,
        graph: Graph,
        txn: Transaction,
        key: Any,
        value: list[Any],
        unread: dict[Any, list[int]],
    ) -> None:
        own = set(self.appends[txn.number].get(key, ()))
        external = [each for each in value if each not in own]
        if external and (key, external[-1]) in self.writer:
            graph.add(self.writer[key, external[-1]].number, txn.number, "wr")
        following = self.orders[key][len(external) : len(external) + 1]
        for later in self._writers(key, following) if following else unread[key]:
            graph.add(txn.number, later, "rw")


def _internal(txn: Transaction) -> list[Anomaly]:
    """A transaction sees its own appends behind what was there, and nothing else moves under it."""
    known: dict[Any, list[Any]] = {}
    appended: dict[Any, list[Any]] = defaultdict(list)
    for kind, key, value in txn.operations:
        if kind == "append":
            appended[key].append(value)
            if key in known:
                known[key] = [*known[key], value]
            continue
        own = appended[key]
        if key in known:
            fits = value == known[key]
        else:
            fits = value[len(value) - len(own) :] == own if own else True
        if not fits:
            due = known.get(key, ["...", *own])
            return [
                Anomaly("internal", f"key {key!r}: read {value} where {due} was due", (txn.number,))
            ]
        known[key] = list(value)
    return []


def _add_real_time(graph: Graph, alive: list[Transaction]) -> None:
    """An edge to each transaction that no third one separates: enough for every cycle, and few."""
    by_begin = sorted(alive, key=lambda txn: txn.began)
    begins = [txn.began for txn in by_begin]
    # At place i: the earliest end among the transactions from i on. One of unknown outcome ends never.
    earliest_end = [float("inf")] * (len(by_begin) + 1)
    for place in range(len(by_begin) - 1, -1, -1):
        txn = by_begin[place]
        end = txn.ended if txn.outcome == "committed" else float("inf")
        earliest_end[place] = min(end, earliest_end[place + 1])
    for txn in alive:
        if txn.outcome != "committed":
            continue
        place = bisect_right(begins, txn.ended)
        barrier = earliest_end[place]
        while place < len(by_begin) and begins[place] <= barrier:
            graph.add(txn.number, by_begin[place].number, "rt")
            place += 1
