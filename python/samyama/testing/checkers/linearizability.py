"""Per-key linearizability of recorded operations.

The algorithm is Wing and Gong's search with Lowe's memory (G. Lowe, "Testing for linearizability", 2017): walk the
history, linearize the first call that the object's model accepts, remember (set of linearized operations, state) so
that no configuration is tried twice, and step back at a return that does not fit. It is complete: if it finds no
order there is none. Each key is judged alone, which is complete because linearizability is local (Herlihy and Wing,
1990).

An operation of unknown outcome has ``returned = None``: it may take effect at any moment after its call, or never.
Reads that failed, and writes that certainly did nothing, are left out of the history by whoever records it; if such a
write is seen all the same, its value fits nowhere and the history is refused.

The search is exponential in the number of operations of unknown outcome that overlap. It stops at ``STEPS_MAX``, and
that is a failure of the run, not a pass: use few of them per key, and new keys often.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

from samyama.testing.checkers.models import IMPOSSIBLE, Counter, Model, Operation, Register

__all__ = [
    "Operation",
    "Undecided",
    "Violation",
    "check_counter",
    "check_linearizable",
    "check_register",
]

STEPS_MAX = 2_000_000


@dataclass(frozen=True, slots=True)
class Violation:
    """No order of the operations on ``key`` explains what was seen.

    ``stuck`` is the operation that had to be next and fitted nowhere; ``prefix`` the longest order that was found
    before it.
    """

    key: object
    stuck: Operation
    prefix: tuple[Operation, ...]

    def __str__(self) -> str:
        tail = "\n".join(f"    {_describe(op)}" for op in self.prefix[-8:])
        return (
            f"key {self.key!r} is not linearizable. The longest order found has {len(self.prefix)} operations, "
            f"of which the last are\n{tail}\n  and nowhere behind them fits\n    {_describe(self.stuck)}"
        )


def _describe(op: Operation) -> str:
    end = "never" if op.returned is None else f"{op.returned:.6f}"
    return f"{op.called:.6f} to {end}: {op.kind} {op.value!r}"


class Undecided(Exception):
    """The search took too many steps: count it as a failure, not as a pass."""


def check_linearizable(history: Iterable[Operation], model: Model) -> list[Violation]:
    """Judge every key of a history against one model.

    Returns: one violation per key that has one.
    Raises: Undecided: a key's search took more than ``STEPS_MAX`` steps.
    """
    by_key: dict[object, list[Operation]] = defaultdict(list)
    for operation in history:
        by_key[operation.key].append(operation)
    found = (_check_key(operations, model) for operations in by_key.values())
    return [violation for violation in found if violation is not None]


def check_register(history: Iterable[Operation], initial: Hashable = None) -> list[Violation]:
    """Registers: *read*, *write* and *cas*, where every value written to a key is unique.

    Example:
        >>> w = Operation("k", "write", 1, 0.0, 1.0)
        >>> check_register([w, Operation("k", "read", 1, 2.0, 3.0)])
        []
        >>> stale = Operation("k", "read", None, 2.0, 3.0)
        >>> [v.stuck is stale for v in check_register([w, stale])]
        [True]
    """
    return check_linearizable(history, Register(initial))


def check_counter(history: Iterable[Operation], initial: int = 0) -> list[Violation]:
    """Counters: *add* and *read*.

    Example:
        >>> both_saw_one = [Operation("n", "add", (1, 1), t, t + 0.5) for t in (0.0, 1.0)]
        >>> len(check_counter(both_saw_one))
        1
    """
    return check_linearizable(history, Counter(initial))


def _check_key(operations: Sequence[Operation], model: Model) -> Violation | None:
    ops = model.relevant(operations)
    events = _Events(ops)
    state, done = model.initial, 0
    tried: set[tuple[int, object]] = set()
    trail: list[tuple[int, object]] = []
    deepest: list[int] = []
    stuck: Operation | None = None
    entry, steps = events.first(), 0
    while not events.empty():
        steps += 1
        if steps > STEPS_MAX:
            raise Undecided(f"key {ops[0].key!r}: {len(ops)} operations, {STEPS_MAX} steps")
        number, is_call = events.at(entry)
        if is_call:
            after = model.step(state, ops[number])
            configuration = (done | 1 << number, after)
            if after is not IMPOSSIBLE and configuration not in tried:
                tried.add(configuration)
                trail.append((number, state))
                state, done = after, done | 1 << number
                events.lift(number)
                entry = events.first()
            else:
                entry = events.next(entry)
            continue
        if events.returned_at(number) == math.inf:
            # Only operations of unknown outcome are left, and none of them need have happened.
            return None
        if stuck is None or len(trail) > len(deepest):
            deepest, stuck = [place for place, _ in trail], ops[number]
        if not trail:
            return Violation(stuck.key, stuck, tuple(ops[place] for place in deepest))
        number, state = trail.pop()
        done &= ~(1 << number)
        events.unlift(number)
        entry = events.next(events.call_of(number))
    return None


class _Events:
    """Calls and returns in time order, as a doubly linked list from which operations can be lifted and put back.

    Where a return and a call have the same time the call comes first: they overlap, which accuses nobody falsely.
    """

    def __init__(self, ops: Sequence[Operation]) -> None:
        moments = []
        for number, op in enumerate(ops):
            returned = math.inf if op.returned is None else op.returned
            assert op.called <= returned, f"{op} returned before it was called"
            moments += [(op.called, 0, number), (returned, 1, number)]
        moments.sort()
        self._what: list[tuple[int, bool]] = [(number, kind == 0) for _, kind, number in moments]
        self._returned = {number: when for when, kind, number in moments if kind == 1}
        # One place more than there are events: it stands before the first and behind the last.
        size = self._head = len(moments)
        self._next: list[int] = [*range(1, size + 1), 0]
        self._previous: list[int] = [size, *range(size)]
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
