"""Values of Python on their way to the engine and back: nothing is rounded, nothing is guessed."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samyama import types
from samyama.errors import (
    ConstraintError,
    DatabaseError,
    OutcomeUnknown,
    QueryError,
    TransientError,
    from_failure,
)

MAKE = {
    "date": types.make_date,
    "local_time": types.make_local_time,
    "time": types.make_time,
    "local_datetime": types.make_local_datetime,
    "datetime": types.make_datetime,
    "duration": types.Duration,
    "point": types.Point,
}


def there_and_back(value: Any) -> Any:
    tag, parts = types.to_parts(value)
    return MAKE[tag](*parts)


OFFSETS = st.integers(-64_800, 64_800).map(
    lambda seconds: dt.timezone(dt.timedelta(seconds=seconds))
)
PLAIN = st.one_of(
    st.dates(),
    st.times(),
    st.times(timezones=OFFSETS),
    st.datetimes(),
    st.datetimes(dt.datetime(2, 1, 1), dt.datetime(9998, 1, 1), timezones=OFFSETS),
)


@given(PLAIN)
def test_what_datetime_holds_comes_back_as_it_was(value: Any) -> None:
    back = there_and_back(value)
    assert back == value
    assert getattr(back, "tzinfo", None) == getattr(value, "tzinfo", None)


def test_a_zone_keeps_its_name_on_both_sides_of_a_clock_change() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    for fold in (0, 1):
        value = dt.datetime(2025, 10, 26, 2, 30, tzinfo=berlin, fold=fold)
        back = there_and_back(value)
        assert back.tzinfo is berlin
        assert back.utcoffset() == value.utcoffset(), (
            "the hour that stands twice on the clock is told apart"
        )


@given(st.integers(0, 86_399), st.integers(0, 999_999_999))
def test_nanoseconds_are_kept(seconds: int, nanoseconds: int) -> None:
    made = types.make_local_time(seconds * 1_000_000_000 + nanoseconds)
    assert isinstance(made, types.Temporal) == (nanoseconds % 1000 != 0)
    assert types.to_parts(made) == ("local_time", (seconds * 1_000_000_000 + nanoseconds,))


@pytest.mark.parametrize("days", [-719_163, 2_932_897, 10**9])
def test_years_beyond_datetime_are_kept(days: int) -> None:
    assert types.to_parts(types.make_date(days)) == ("date", (days,))


def test_a_zone_that_is_unknown_here_is_kept() -> None:
    made = types.make_datetime(0, 0, 3600, "Mars/Olympus")
    assert isinstance(made, types.Temporal)
    assert types.to_parts(made) == ("datetime", (0, 0, 3600, "Mars/Olympus"))


@given(st.timedeltas())
def test_a_timedelta_is_a_duration(value: dt.timedelta) -> None:
    tag, (months, days, seconds, nanoseconds) = types.to_parts(value)
    assert tag == "duration"
    assert months == 0
    assert dt.timedelta(days=days, seconds=seconds, microseconds=nanoseconds // 1000) == value


def test_an_entity_is_no_parameter() -> None:
    with pytest.raises(TypeError, match="element_id"):
        types.to_parts(types.Node(1, "4:x:1", ["L"], {}))


def test_failures_find_their_class() -> None:
    cases = {
        "Neo.TransientError.Transaction.Outdated": TransientError,
        "Neo.ClientError.Schema.ConstraintValidationFailed": ConstraintError,
        "Neo.ClientError.Statement.SyntaxError": QueryError,
        "Neo.DatabaseError.Transaction.TransactionCommitFailed": OutcomeUnknown,
        "Neo.DatabaseError.General.UnknownError": DatabaseError,
    }
    for code, kind in cases.items():
        error = from_failure(
            code, "00000", "text", {"_position": {"offset": 3, "line": 1, "column": 4}}
        )
        assert type(error) is kind
        assert error.retryable == (kind is TransientError), (
            "only what certainly did nothing may be run again"
        )
        assert error.position is not None
        assert error.position.column == 4
