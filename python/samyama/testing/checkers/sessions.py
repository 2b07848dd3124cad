"""Promises to one reader: what it has seen stays seen, and what it holds a bookmark for is there.

Both are judged on numbers that only grow: a counter that every writer raises.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

__all__ = ["BookmarkRead", "Sight", "check_bookmarks", "check_never_back"]


@dataclass(frozen=True, slots=True)
class Sight:
    """``observer`` saw ``value``: one connection to one node, say. Its reads followed each other, so ``called``
    orders them."""

    observer: Hashable
    value: int
    called: float


@dataclass(frozen=True, slots=True)
class BookmarkRead:
    """A read that was given the bookmark of a write (or read) at which the number was ``at_least``."""

    at_least: int
    value: int
    node: int
    called: float


def check_never_back(sights: Iterable[Sight]) -> list[tuple[Sight, Sight]]:
    """Pairs of neighbouring reads of one observer of which the later saw less.

    Example:
        >>> back = check_never_back([Sight("a", 5, 0.0), Sight("b", 3, 1.0), Sight("a", 4, 2.0)])
        >>> [(earlier.value, later.value) for earlier, later in back]
        [(5, 4)]
    """
    latest: dict[Hashable, Sight] = {}
    back = []
    for sight in sorted(sights, key=lambda sight: sight.called):
        before = latest.get(sight.observer)
        if before is not None and sight.value < before.value:
            back.append((before, sight))
        else:
            latest[sight.observer] = sight
    return back


def check_bookmarks(reads: Iterable[BookmarkRead]) -> list[BookmarkRead]:
    """Reads that are older than their bookmark.

    Example:
        >>> [read.value for read in check_bookmarks([BookmarkRead(7, 7, 1, 0.0), BookmarkRead(7, 6, 2, 1.0)])]
        [6]
    """
    return [read for read in reads if read.value < read.at_least]
