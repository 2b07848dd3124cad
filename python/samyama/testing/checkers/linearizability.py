"""Per-key linearizability of reads and writes of unique values.

The algorithm is Wing and Gong's search with Lowe's memory (G. Lowe, "Testing for linearizability", 2017): walk the
history, linearize the first call that the register accepts, remember (set of linearized operations, state) so that no
configuration is tried twice, and step back at a return that does not fit. Each key is judged alone, which is complete
because linearizability is local (Herlihy and Wing, 1990).

Assumptions: values written to a key are unique; a write without a known outcome has ``returned = None`` and may take
effect at any later time or never; a read that failed is left out of the history.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["Operation", "Undecided", "Violation", "check_register"]

STEPS_MAX = 2_000_000


@dataclass(frozen=True, slots=True)
class Operation:
    """One call. Times are of one monotonic clock; ``returned`` None: the outcome is not known."""

    key: object
    kind: Literal["read", "write"]
    value: object
    called: float
    returned: float | None


@dataclass(frozen=True, slots=True)
class Violation:
    """No order of the operations on ``key`` explains what was seen. ``stuck`` is the first return that never fitted."""

    key: object
    stuck: Operation
    longest_prefix: int


class Undecided(Exception):
    """The search took too many steps: count it as a failure, not as a pass."""


def check_register(history: Iterable[Operation], initial: object = None) -> list[Violation]:
    """Judge every key of a history of reads and writes.

    Returns: one violation per key that has one.
    Raises: Undecided: a key's search took more than ``STEPS_MAX`` steps.

    Example:
        >>> w = Operation("k", "write", 1, 0.0, 1.0)
        >>> check_register([w, Operation("k", "read", 1, 2.0, 3.0)])
        []
        >>> stale = Operation("k", "read", None, 2.0, 3.0)
        >>> [v.stuck is stale for v in check_register([w, stale])]
        [True]
    """
    by_key: dict[object, list[Operation]] = defaultdict(list)
    for operation in history:
        by_key[operation.key].append(operation)
    violations = []
    for operations in by_key.values():
        violation = _check_key(operations, initial)
        if violation is not None:
            violations.append(violation)
    return violations


def _check_key(operations: Sequence[Operation], initial: object) -> Violation | None:
    # Unknown writes whose value nobody read can be left out: they may simply never have happened.
    seen = {op.value for op in operations if op.kind == "read"}
    ops = [
        op for op in operations if op.kind == "read" or op.returned is not None or op.value in seen
    ]
    events = _Events(ops)
    state, done = initial, 0
    tried: set[tuple[int, object]] = set()
    trail: list[tuple[int, object]] = []
    entry, steps, deepest, stuck = events.first(), 0, 0, ops[0] if ops else None
    while not events.empty():
        steps += 1
        if steps > STEPS_MAX:
            raise Undecided(f"key {ops[0].key!r}: {len(ops)} operations, {STEPS_MAX} steps")
        number, is_call = events.at(entry)
        op = ops[number]
        if is_call:
            fits = op.kind == "write" or op.value == state
            after = op.value if op.kind == "write" else state
            if fits and (done | 1 << number, after) not in tried:
                tried.add((done | 1 << number, after))
                trail.append((number, state))
                state, done = after, done | 1 << number
                events.lift(number)
                entry = events.first()
            else:
                entry = events.next(entry)
            continue
        if events.returned_at(number) == math.inf:
            return (
                None  # only operations of unknown outcome are left: none of them need have happened
            )
        if len(trail) >= deepest:
            deepest, stuck = len(trail), op
        if not trail:
            assert stuck is not None, "a return without operations"
            return Violation(op.key, stuck, deepest)
        number, state = trail.pop()
        done &= ~(1 << number)
        events.unlift(number)
        entry = events.next(events.call_of(number))
    return None


class _Events:
    """Calls and returns in time order, as a doubly linked list from which operations can be lifted and put back."""

    def __init__(self, ops: Sequence[Operation]) -> None:
        moments = []
        for number, op in enumerate(ops):
            moments.append((op.called, 0, number))
            moments.append((math.inf if op.returned is None else op.returned, 1, number))
        moments.sort()
        self._what: list[tuple[int, bool]] = [(number, kind == 0) for _, kind, number in moments]
        self._returned = {number: when for when, kind, number in moments if kind == 1}
        size = len(moments)
        self._next: list[int] = [*range(1, size + 2)]
        self._previous: list[int] = [*range(-1, size + 1)]
        self._head = size  # sentinel: its successor is the first event
        self._next[size], self._previous[size] = (0 if size else size), size - 1
        if size:
            self._previous[0], self._next[size - 1] = size, size
        self._places: dict[int, list[int]] = defaultdict(list)
        for place, (number, _) in enumerate(self._what):
            self._places[number].append(place)

    def empty(self) -> bool:
        return self._next[self._head] == self._head

    def first(self) -> int:
        return self._next[self._head]

    def next(self, place: int) -> int:
        return self._next[place]

    def at(self, place: int) -> tuple[int, bool]:
        return self._what[place]

    def call_of(self, number: int) -> int:
        return self._places[number][0]

    def returned_at(self, number: int) -> float:
        return self._returned[number]

    def lift(self, number: int) -> None:
        for place in self._places[number]:
            self._next[self._previous[place]] = self._next[place]
            self._previous[self._next[place]] = self._previous[place]

    def unlift(self, number: int) -> None:
        for place in reversed(self._places[number]):
            self._next[self._previous[place]] = place
            self._previous[self._next[place]] = place
