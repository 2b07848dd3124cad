"""The judge of transactions: no false accusation, and every class of anomaly, planted, is found under its name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.checkers.serial_world import SerialWorld

from samyama.testing.checkers import Anomaly, Transaction, check_list_append

SEEDS = range(40)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_happened_one_by_one_is_accepted(seed: int) -> None:
    history, final = SerialWorld(seed).transactions(400, keys=8)
    assert check_list_append(history, final) == []
    assert check_list_append(history) == []


def txn(
    number: int, *operations: tuple[str, Any, Any], at: float = 0.0, **rest: Any
) -> Transaction:
    """All overlap in time unless ``at`` differs."""
    rest = {"outcome": "committed", "ended": at + 0.5, **rest}
    return Transaction(number, operations, at, **rest)


def append(key: str, value: int) -> tuple[str, str, int]:
    return ("append", key, value)


def read(key: str, *values: int) -> tuple[str, str, list[int]]:
    return ("read", key, list(values))


def kinds(anomalies: list[Anomaly]) -> set[str]:
    return {anomaly.kind for anomaly in anomalies}


PLANTED: dict[str, tuple[set[str], list[Transaction], dict[str, list[int]] | None]] = {
    "a value nobody appended": ({"phantom"}, [txn(1, read("x", 9))], None),
    "an aborted value is read": (
        {"G1a"},
        [txn(1, append("x", 1), outcome="aborted"), txn(2, read("x", 1))],
        None,
    ),
    "an intermediate value is read": (
        {"G1b", "G-single"},
        [txn(1, append("x", 1), append("x", 2)), txn(2, read("x", 1))],
        {"x": [1, 2]},
    ),
    "a write is doubled": ({"duplicate"}, [txn(1, append("x", 1))], {"x": [1, 1]}),
    "two orders of the same writes": (
        {"incompatible-order", "G-single", "G2", "G1c"},
        [
            txn(1, append("x", 1)),
            txn(2, append("x", 2)),
            txn(3, read("x", 1, 2)),
            txn(4, read("x", 2, 1)),
        ],
        None,
    ),
    "an acknowledged append is lost": (
        {"lost-append"},
        [txn(1, append("x", 1)), txn(2, append("x", 2))],
        {"x": [2]},
    ),
    "half of a transaction of unknown outcome is there": (
        {"torn"},
        [txn(1, append("x", 1), append("y", 2), outcome="unknown")],
        {"x": [1], "y": []},
    ),
    "a transaction does not see its own append": (
        {"internal"},
        [txn(1, append("x", 1), read("x"))],
        {"x": [1]},
    ),
    "a key changes under a transaction": (
        {"internal", "G1c", "G-single"},
        [txn(1, read("x"), read("x", 1)), txn(2, append("x", 1))],
        {"x": [1]},
    ),
    "writes of two transactions interleave (G0)": (
        {"G0"},
        [txn(1, append("x", 1), append("y", 1)), txn(2, append("x", 2), append("y", 2))],
        {"x": [1, 2], "y": [2, 1]},
    ),
    "each sees the other (G1c)": (
        {"G1c"},
        [txn(1, append("x", 1), read("y", 2)), txn(2, append("y", 2), read("x", 1))],
        {"x": [1], "y": [2]},
    ),
    "a lost update (G-single)": (
        {"G-single"},
        [txn(1, read("x"), append("x", 1)), txn(2, read("x"), append("x", 2))],
        {"x": [1, 2]},
    ),
    "read skew (G-single)": (
        {"G-single"},
        [txn(1, append("x", 1), append("y", 1)), txn(2, read("x"), read("y", 1))],
        {"x": [1], "y": [1]},
    ),
    "write skew (G2)": (
        {"G2"},
        [txn(1, read("x"), append("y", 1)), txn(2, read("y"), append("x", 2))],
        {"x": [2], "y": [1]},
    ),
    "a stale read (real time)": (
        {"G-single-realtime"},
        [txn(1, append("x", 1), at=0.0), txn(2, read("x"), at=1.0)],
        {"x": [1]},
    ),
    "a stale read that no final read reveals": (
        {"G-single-realtime"},
        [txn(1, append("x", 1), at=0.0), txn(2, read("x"), at=1.0)],
        None,
    ),
    "writes in the wrong order (real time)": (
        {"G0-realtime"},
        [txn(1, append("x", 1), at=0.0), txn(2, append("x", 2), at=1.0)],
        {"x": [2, 1]},
    ),
    "a read from the future (real time)": (
        {"G1c-realtime"},
        [txn(1, read("x", 1), at=0.0), txn(2, append("x", 1), at=1.0)],
        {"x": [1]},
    ),
    "the long fork, seen by two readers (G2)": (
        {"G2"},
        [
            txn(1, append("x", 1)),
            txn(2, append("y", 2)),
            txn(3, read("x", 1), read("y")),
            txn(4, read("x"), read("y", 2)),
        ],
        {"x": [1], "y": [2]},
    ),
    "write skew over real time": (
        {"G2-realtime"},
        [
            txn(1, read("x"), at=1.0),
            txn(2, read("y"), append("x", 1), at=0.2, ended=2.0),
            txn(3, append("y", 2), at=0.0),
        ],
        {"x": [1], "y": [2]},
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_anomaly_is_found(name: str) -> None:
    allowed, history, final = PLANTED[name]
    found = kinds(check_list_append(history, final))
    assert found, f"nothing was found in {name}"
    assert found <= allowed, f"{name}: {found}, and only {allowed} may be said of it"


@pytest.mark.parametrize("name", PLANTED)
@pytest.mark.parametrize("seed", range(5))
def test_it_is_found_among_hundreds_of_innocent_ones(name: str, seed: int) -> None:
    innocent, lists = SerialWorld(seed).transactions(300, keys=6)
    allowed, planted, final = PLANTED[name]
    base, late = len(innocent), max(each.ended for each in innocent) + 1.0
    shifted = [
        replace(each, number=each.number + base, began=each.began + late, ended=each.ended + late)
        for each in planted
    ]
    found = check_list_append(
        [*innocent, *shifted], {**lists, **final} if final is not None else None
    )
    assert kinds(found) & allowed, f"nothing of {name} was found"
    assert all(
        min(anomaly.transactions) > base or anomaly.transactions[0] == 0 for anomaly in found
    ), f"innocent transactions are accused: {found}"


@pytest.mark.parametrize("seed", SEEDS)
def test_a_lost_append_in_the_middle_is_found(seed: int) -> None:
    history, final = SerialWorld(seed, unknown=0.0).transactions(400, keys=8)
    # The database loses one value from some moment on: later readers and the end do not have it.
    key = max(final, key=lambda key: len(final[key]))
    lost = final[key][len(final[key]) // 2]
    writer = next(each for each in history if ("append", key, lost) in each.operations)

    def forget(each: Transaction) -> Transaction:
        if each.number <= writer.number + 20:
            return each
        operations = tuple(
            (kind, k, [v for v in value if v != lost] if kind == "read" and k == key else value)
            for kind, k, value in each.operations
        )
        return replace(each, operations=operations)

    final[key].remove(lost)
    found = kinds(check_list_append([forget(each) for each in history], final))
    assert "lost-append" in found


@pytest.mark.parametrize("seed", SEEDS)
def test_a_snapshot_that_is_too_old_is_found(seed: int) -> None:
    history, final = SerialWorld(seed, unknown=0.0).transactions(400, keys=3)
    # A read-only transaction at the end sees all keys as they were some while ago.
    stale = {key: values[: len(values) // 2] for key, values in final.items()}
    late = max(each.ended for each in history) + 1.0
    operations = tuple(("read", key, values) for key, values in stale.items())
    found = check_list_append(
        [*history, Transaction(9_999, operations, late, late + 1, "committed")], final
    )
    assert kinds(found) <= {"G-single-realtime", "G2-realtime", "G-single", "G2", "G1b"}
    assert found
