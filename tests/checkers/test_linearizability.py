"""The judge of registers and counters: it accuses nobody falsely, finds what is planted, and agrees with brute
force."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.checkers.serial_world import SerialWorld

from samyama.testing.checkers import (
    Model,
    Operation,
    Register,
    Undecided,
    check_counter,
    check_register,
    linearizability,
)
from samyama.testing.checkers.models import IMPOSSIBLE

SEEDS = range(40)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_happened_one_by_one_is_accepted(seed: int) -> None:
    world = SerialWorld(seed)
    assert check_register(world.registers(600, keys=6), initial=0) == []
    assert check_counter(world.counter(200)) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_a_stale_read_is_found(seed: int) -> None:
    world = SerialWorld(seed)
    history = world.registers(600, keys=6)
    writes = [op for op in history if op.kind == "write" and op.returned is not None]
    # A value read again although another write began and ended after it had been written, and before the read began.
    first, second = next(
        (a, b)
        for a, b in itertools.permutations(writes, 2)
        if a.key == b.key and a.returned is not None and a.returned < b.called
    )
    assert second.returned is not None
    late = max(op.returned or 0.0 for op in history) + 1.0
    planted = Operation(first.key, "read", first.value, late, late + 1.0)
    violations = check_register([*history, planted], initial=0)
    assert [violation.key for violation in violations] == [first.key]
    assert violations[0].stuck is planted
    assert "is not linearizable" in str(violations[0])


@pytest.mark.parametrize("seed", SEEDS)
def test_a_lost_update_is_found(seed: int) -> None:
    history = SerialWorld(seed, unknown=0.0).counter(200)
    place = next(i for i, op in enumerate(history) if op.kind == "add" and op.value[1] > 20)
    lost = replace(history[place], value=(1, history[place].value[1] - 1))
    assert check_counter([*history[:place], lost, *history[place + 1 :]])


def test_a_value_that_nobody_wrote_is_found() -> None:
    assert check_register([Operation("k", "read", 7, 0.0, 1.0)])


def test_a_write_that_was_refused_and_is_there_is_found() -> None:
    # Whoever records leaves refused writes out: their values are then nobody's.
    w = Operation("k", "write", 1, 0.0, 1.0)
    assert check_register([w, Operation("k", "read", 2, 2.0, 3.0)])


def test_an_unknown_write_may_happen_late_or_never_but_not_come_and_go() -> None:
    unknown = Operation("k", "write", 1, 0.0, None)

    def read(value: int | None, at: float) -> Operation:
        return Operation("k", "read", value, at, at + 0.5)

    assert check_register([unknown, read(None, 1.0), read(None, 2.0)]) == []
    assert check_register([unknown, read(None, 1.0), read(1, 2.0)]) == []
    assert check_register([unknown, read(1, 1.0), read(None, 2.0)])


def test_an_unknown_write_matters_where_a_conditional_write_failed() -> None:
    unknown = Operation("k", "write", 1, 0.0, None)
    failed = Operation("k", "cas", (None, 2, False), 1.0, 2.0)
    assert check_register([unknown, failed]) == []
    assert check_register([failed])


def test_a_read_that_goes_back_is_found_even_while_the_write_is_under_way() -> None:
    write = Operation("k", "write", 1, 0.0, 10.0)
    new, old = Operation("k", "read", 1, 1.0, 2.0), Operation("k", "read", None, 3.0, 4.0)
    assert check_register([write, new, old])
    assert check_register([write, old, replace(new, called=5.0, returned=6.0)]) == []


def test_a_search_that_takes_too_long_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linearizability, "STEPS_MAX", 50)
    with pytest.raises(Undecided):
        check_register(SerialWorld(1).registers(600, keys=1), initial=0)


def _by_brute_force(history: list[Operation], model: Model) -> bool:
    """Every order of every choice of unknown operations. Slow and plain."""
    known = [op for op in history if op.returned is not None]
    unknown = [op for op in history if op.returned is None]
    for count in range(len(unknown) + 1):
        for chosen in itertools.combinations(unknown, count):
            for order in itertools.permutations([*known, *chosen]):
                in_time = all(
                    not (b.returned is not None and b.returned < a.called)
                    for a, b in itertools.combinations(order, 2)
                )
                state = model.initial
                for op in order:
                    state = IMPOSSIBLE if state is IMPOSSIBLE else model.step(state, op)
                if in_time and state is not IMPOSSIBLE:
                    return True
    return False


moments = st.integers(0, 12)


@st.composite
def small_histories(draw: st.DrawFn) -> list[Operation]:
    history = []
    for number in range(1, draw(st.integers(1, 6)) + 1):
        kind = draw(st.sampled_from(["read", "read", "write", "write", "cas"]))
        called = draw(moments)
        # No two moments are the same: ties are judged in favour of the database, brute force does not.
        began = called + number / 100
        ended: float | None = began + draw(st.integers(0, 6)) + 0.001
        if kind != "read" and draw(st.integers(0, 3)) == 0:
            ended = None
        values = st.integers(0, 6)
        value: object
        if kind == "read":
            value = draw(values)
        elif kind == "write":
            value = number
        else:
            value = (draw(values), number, None if ended is None else draw(st.booleans()))
        history.append(Operation("k", kind, value, began, ended))  # type: ignore[arg-type]
    return history


@settings(max_examples=600, deadline=None, derandomize=True)
@given(small_histories())
def test_the_search_agrees_with_trying_every_order(history: list[Operation]) -> None:
    assert (check_register(history, initial=0) == []) == _by_brute_force(history, Register(0))


def test_ends_are_infinite_where_nothing_is_known() -> None:
    # The same history with the unknown write ended at some finite moment accuses; unknown, it does not.
    read_old = Operation("k", "read", None, 5.0, 6.0)
    assert check_register([Operation("k", "write", 1, 0.0, 1.0), read_old])
    assert check_register([Operation("k", "write", 1, 0.0, None), read_old]) == []
    assert check_register([Operation("k", "write", 1, 0.0, math.inf), read_old]) == []
