"""Where a generator's decisions come from: a seed, a recording, or Hypothesis; one generator serves all three.

A decision is a whole number below a bound, and 0 is always the simplest. What was decided is a list of numbers, so any
case can be told again from its list, and made simpler by making its list simpler (``shrink``).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

__all__ = ["Choices", "Recorded", "Seeded", "shrink"]

T = TypeVar("T")


class Source(Protocol):
    def below(self, bound: int) -> int:
        """A whole number from 0 up to the bound, which it does not reach."""
        ...


class Choices:
    """Decisions, and the list of those that were made."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.made: list[int] = []

    def below(self, bound: int) -> int:
        if bound <= 1:
            return 0
        found = self._source.below(bound)
        self.made.append(found)
        return found

    def between(self, low: int, high: int) -> int:
        """Both included."""
        return low + self.below(high - low + 1)

    def one(self, options: Sequence[T]) -> T:
        """The simplest first."""
        return options[self.below(len(options))]

    def chance(self, percent: int) -> bool:
        """True so often; false is simpler."""
        return self.below(100) >= 100 - percent

    def weighted(self, *options: tuple[int, T]) -> T:
        """(weight, option); the simplest first."""
        place = self.below(sum(weight for weight, _ in options))
        for weight, option in options:
            if place < weight:
                return option
            place -= weight
        raise AssertionError("the place lies within the weights")

    def some(self, options: Sequence[T], most: int) -> list[T]:
        """Different options, in their order."""
        count = self.between(0, min(most, len(options)))
        kept = list(options)
        while len(kept) > count:
            kept.pop(self.below(len(kept)))
        return kept


class Seeded:
    """From a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def below(self, bound: int) -> int:
        # Faster than randrange, and even enough.
        return int(self._random.random() * bound)


class Recorded:
    """From a list; zeros behind its end."""

    def __init__(self, made: Sequence[int]) -> None:
        self._made = made
        self._next = 0

    def below(self, bound: int) -> int:
        if self._next >= len(self._made):
            return 0
        self._next += 1
        return min(self._made[self._next - 1], bound - 1)


def _shorter(made: list[int]) -> list[list[int]]:
    """Lists with a stretch cut out, long stretches first."""
    found = []
    size = len(made) // 2
    while size:
        found += [made[:at] + made[at + size :] for at in range(0, len(made), max(1, size // 2))]
        size //= 2
    return found


def _simpler(made: list[int]) -> list[list[int]]:
    """Lists with one number less, zero first."""
    found = []
    for at, number in enumerate(made):
        for less in dict.fromkeys((0, number // 2, number - 1)):
            if 0 <= less < number:
                found.append([*made[:at], less, *made[at + 1 :]])
    return found


def shrink(
    made: Sequence[int],
    still_fails: Callable[[list[int]], bool],
    size: Callable[[list[int]], int] = len,
    *,
    tries: int = 3_000,
) -> list[int]:
    """A simpler list that still fails: shorter, or with smaller numbers, and of no greater size.

    Args:
        made: A list that fails.
        still_fails: Tells the case again and runs it.
        size: Of what is made of a list: the length of a text, say.
        tries: After so many runs the best so far is given back.
    """
    best = list(made)
    best_size = size(best)
    while tries > 0:
        for candidate in (*_shorter(best), *_simpler(best)):
            tries -= 1
            if tries <= 0:
                break
            smaller = (size(candidate), len(candidate), candidate)
            if smaller < (best_size, len(best), best) and still_fails(candidate):
                best, best_size = candidate, smaller[0]
                break
        else:
            return best
    return best
