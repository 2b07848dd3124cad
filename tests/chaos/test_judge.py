"""The judge of histories is judged: each kind of broken promise, planted into an innocent record, is found."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.chaos.histories import judge
from tests.chaos.registers import Record


def record(kind: str, key: int, value: object, at: int, **rest: object) -> Record:
    """Called at ``at``, answered half a second later."""
    fields: dict[str, object] = {
        "client": "a", "node": 1, "connection": 1, "told": "acknowledged", "code": "",
        "called_ns": at * 10**9, "answered_ns": at * 10**9 + 5 * 10**8, **rest,
    }  # fmt: skip
    return Record(kind, key, value, **fields)  # type: ignore[arg-type]


def innocent() -> list[Record]:
    return [
        record("write", 1, 10, 0),
        record("read", 1, 10, 1),
        record("write", 1, 11, 2, told="unknown", code="ConnectionLost"),
        record("write", 1, 12, 2, told="refused", code="Neo.TransientError.X"),
        record("read", 1, 11, 4),
        record("cas", 1, (11, 13, True), 5),
        record("read", 1, 13, 6),
        record("add", 2, (1, 1), 0),
        record("add", 2, (1, 2), 1),
        record("see", 2, 2, 2),
        record("stale", 2, 1, 3),
        record("stale", 2, 2, 4),
        record("stale", 2, 1, 5, connection=2),
        record("bookmark", 2, (2, 2), 5),
        record("read", 1, None, 5, told="unknown", code="ConnectionLost"),
    ]


def broken(records: list[Record]) -> list[str]:
    return judge("planted", 0, records, [], 1.0).broken


def test_an_innocent_record_is_accepted() -> None:
    assert broken(innocent()) == []


PLANTED: dict[str, tuple[str, Callable[[], list[Record]]]] = {
    "a stale read": ("not linearizable", lambda: [record("read", 1, 10, 8)]),
    "a lost write": ("not linearizable", lambda: [record("write", 1, 20, 7), record("read", 1, 13, 8)]),
    "a refused write that is there": ("not linearizable", lambda: [record("read", 1, 12, 7)]),
    "a value from nowhere": ("not linearizable", lambda: [record("read", 1, 99, 7)]),
    "a conditional write on what was not there": ("not linearizable", lambda: [record("cas", 1, (10, 21, True), 7)]),
    "a conditional write that was blind": ("not linearizable", lambda: [record("cas", 1, (13, 21, False), 7)]),
    "a lost increment": ("not linearizable", lambda: [record("add", 2, (1, 2), 7)]),
    "a doubled increment": ("not linearizable", lambda: [record("see", 2, 3, 7)]),
    "a read older than its bookmark": ("with a bookmark of 2 saw 1", lambda: [record("bookmark", 2, (2, 1), 7)]),
    "a stale read that goes back": ("went back from 2 to 1", lambda: [record("stale", 2, 1, 7)]),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_breach_is_found(name: str) -> None:
    words, plant = PLANTED[name]
    found = broken(innocent() + plant())
    assert len(found) == 1
    assert words in found[0]
