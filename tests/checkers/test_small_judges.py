"""Serials, bookmarks, reads that go back; and the examples in the checkers' own documents."""

from __future__ import annotations

import doctest

import pytest

from samyama.testing.checkers import (
    BookmarkRead,
    Sight,
    check_bookmarks,
    check_never_back,
    check_serials,
    linearizability,
    list_append,
    serials,
    sessions,
)


@pytest.mark.parametrize("module", [linearizability, list_append, serials, sessions])
def test_the_examples_in_the_documents_hold(module: object) -> None:
    result = doctest.testmod(module)  # type: ignore[arg-type]
    assert result.attempted > 0
    assert result.failed == 0


def test_each_broken_promise_about_a_serial_has_its_name() -> None:
    def check(*found: int) -> dict[str, list[int]]:
        report = check_serials(found, acknowledged=[1, 2], unknown=[3], refused=[4])
        names = ("lost", "doubled", "undead", "phantom")
        broken = {name: getattr(report, name) for name in names if getattr(report, name)}
        assert report.kept == (not broken)
        return broken

    assert check(1, 2) == {}
    assert check(1, 2, 3) == {}
    assert check(1) == {"lost": [2]}
    assert check(1, 2, 2) == {"doubled": [2]}
    assert check(1, 2, 3, 3) == {"doubled": [3]}
    assert check(1, 2, 4) == {"undead": [4]}
    assert check(1, 2, 5) == {"phantom": [5]}


def test_a_serial_used_twice_is_the_writers_fault() -> None:
    with pytest.raises(AssertionError, match="writers are broken"):
        check_serials([1], acknowledged=[1], unknown=[1], refused=[])


def test_only_the_same_observer_may_not_see_less() -> None:
    sights = [Sight("a", 1, 0.0), Sight("b", 0, 1.0), Sight("a", 1, 2.0), Sight("b", 2, 3.0)]
    assert check_never_back(sights) == []
    back = [*sights, Sight("b", 1, 4.0), Sight("b", 1, 5.0)]
    assert len(check_never_back(back)) == 2, "the standard is the most that was seen"


def test_a_bookmark_is_a_lower_bound() -> None:
    assert check_bookmarks([BookmarkRead(3, 3, 1, 0.0), BookmarkRead(3, 9, 1, 0.0)]) == []
    assert check_bookmarks([BookmarkRead(3, 2, 1, 0.0)])
