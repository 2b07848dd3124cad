"""Values written as Cypher are the same values when Cypher reads them."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import samyama
from samyama.export.literals import display, literal
from samyama.types import Duration, Point, Temporal

OFFSETS = st.integers(-64_800, 64_800).map(lambda s: dt.timezone(dt.timedelta(seconds=s)))
PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(),
    st.dates(),
    st.times(),
    st.times(timezones=OFFSETS),
    st.datetimes(),
    st.datetimes(dt.datetime(2, 1, 1), dt.datetime(9998, 1, 1), timezones=OFFSETS),
    st.builds(
        Duration,
        st.integers(-10_000, 10_000),
        st.integers(-10_000, 10_000),
        st.integers(-(10**9), 10**9),
        st.integers(0, 999_999_999),
    ),
    st.builds(Point, st.just(7203), *[st.floats(-1e9, 1e9)] * 2),
    st.builds(Point, st.just(4979), st.floats(-180, 180), st.floats(-90, 90), st.floats(-1e6, 1e6)),
    st.builds(Temporal, st.just("date"), st.integers(2_932_897, 10**8)),
    st.builds(Temporal, st.just("date"), st.integers(-(10**8), -719_163)),
)
#: Any but the one that no name may hold.
NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)
VALUES = st.recursive(
    PLAIN,
    lambda v: st.lists(v, max_size=3) | st.dictionaries(NAMES, v, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def reader() -> Any:
    with samyama.open() as db:
        yield lambda text: db.execute(f"RETURN {text} AS v").single(strict=True)[0]


@settings(max_examples=300, deadline=None)
@given(value=VALUES)
def test_a_literal_gives_its_value_again(reader: Any, value: Any) -> None:
    assert reader(literal(value)) == value


def test_what_is_not_a_number_and_a_named_zone(reader: Any) -> None:
    assert math.isnan(reader(literal(math.nan)))
    assert reader(literal(-math.inf)) == -math.inf
    for fold in (0, 1):
        at = dt.datetime(2025, 10, 26, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=fold)
        back = reader(literal(at))
        assert (back, back.utcoffset()) == (at, at.utcoffset())


@pytest.mark.parametrize("value", [b"x", samyama.Node(1, "4:u:1", [], {})])
def test_what_has_no_literal_says_so(value: Any) -> None:
    with pytest.raises(TypeError, match="no literal"):
        literal(value)
    assert display(value)


def test_entities_are_shown_as_patterns(db: samyama.Database) -> None:
    path = db.execute(
        "CREATE p = (a:`A B` {x: 'it\\'s'})<-[:R]-(:C)-[:S {w: 1.0}]->(a) RETURN p"
    ).single(strict=True)[0]
    assert display(path) == (
        "(:`A B` {x: 'it\\'s'})<-[:R]-(:C)-[:S {w: 1.0}]->(:`A B` {x: 'it\\'s'})"
    )
