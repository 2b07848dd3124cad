"""What single objects may do, as state machines for the search in :mod:`linearizability`: a register, a counter."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

__all__ = ["IMPOSSIBLE", "Counter", "Model", "Operation", "Register"]


@dataclass(frozen=True, slots=True)
class Operation:
    """One call. Times are of one monotonic clock; ``returned`` None: the outcome is not known.

    ``value`` by ``kind``: *read*, what was read; *write*, what was written; *cas* (set if it holds), a tuple of what
    had to be there, what was to be put there, and whether it was (None if not known); *add*, a tuple of the amount
    and the resulting number (None if not known).
    """

    key: object
    kind: Literal["read", "write", "cas", "add"]
    value: Any
    called: float
    returned: float | None


class _Impossible:
    def __repr__(self) -> str:
        return "IMPOSSIBLE"


#: What ``step`` gives when the state does not allow what the operation saw.
IMPOSSIBLE = _Impossible()


class Model(Protocol):
    """A deterministic object."""

    @property
    def initial(self) -> Hashable: ...

    def step(self, state: Any, operation: Operation) -> Any:
        """The state after the operation, or ``IMPOSSIBLE`` if it cannot have seen what it saw in this state."""
        ...

    def relevant(self, operations: Sequence[Operation]) -> Sequence[Operation]:
        """Those that can matter: others may be left out without changing the judgement."""
        ...


@dataclass(frozen=True)
class Register:
    """Holds the last value written. Values written to one key must be unique: the search is fast because of it."""

    initial: Hashable = None

    def step(self, state: Any, operation: Operation) -> Any:
        """See :meth:`Model.step`."""
        match operation.kind:
            case "read":
                return state if operation.value == state else IMPOSSIBLE
            case "write":
                return operation.value
            case "cas":
                expected, new, done = operation.value
                if done is None:
                    return new if expected == state else state
                if done != (expected == state):
                    return IMPOSSIBLE
                return new if done else state
            case _:
                raise ValueError(f"a register knows no `{operation.kind}`")

    def relevant(self, operations: Sequence[Operation]) -> Sequence[Operation]:
        """Without the writes of unknown outcome that nobody saw: they need not have happened.

        If some order with it explains the history, the same order without it does: nobody read its value. That does
        not hold beside a conditional write that failed, which may have failed because of it; then all are kept.
        """
        if any(op.kind == "cas" for op in operations):
            return operations
        seen = {op.value for op in operations if op.kind == "read"}
        return [
            op
            for op in operations
            if op.kind == "read" or op.returned is not None or op.value in seen
        ]


@dataclass(frozen=True)
class Counter:
    """Adds, and tells the result."""

    initial: int = 0

    def step(self, state: Any, operation: Operation) -> Any:
        """See :meth:`Model.step`."""
        match operation.kind:
            case "read":
                return state if operation.value == state else IMPOSSIBLE
            case "add":
                amount, result = operation.value
                return state + amount if result in (None, state + amount) else IMPOSSIBLE
            case _:
                raise ValueError(f"a counter knows no `{operation.kind}`")

    def relevant(self, operations: Sequence[Operation]) -> Sequence[Operation]:
        """All: an addition that nobody saw still counts."""
        return operations
