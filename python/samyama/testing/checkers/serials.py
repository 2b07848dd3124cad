"""Unique writes: each client writes values that nobody else writes, and in the end all that is there is counted.

What a client was told decides what may be there: *acknowledged* exactly once, *refused* (certainly not done) never,
*unknown* once or never. Anything else broke a promise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["SerialsReport", "check_serials"]


@dataclass(frozen=True, slots=True)
class SerialsReport:
    """All four lists are empty when every promise was kept."""

    #: Acknowledged, and not there.
    lost: list[int]
    #: There more than once.
    doubled: list[int]
    #: Refused as certainly not done, and there.
    undead: list[int]
    #: There, and nobody wrote it.
    phantom: list[int]
    acknowledged: int
    unknown: int
    #: Of the unknown ones: how many are there.
    unknown_done: int

    @property
    def kept(self) -> bool:
        return not (self.lost or self.doubled or self.undead or self.phantom)


def check_serials(
    found: Iterable[int],
    *,
    acknowledged: Iterable[int],
    unknown: Iterable[int],
    refused: Iterable[int],
) -> SerialsReport:
    """Compare what is there with what clients were told.

    Example:
        >>> report = check_serials([1, 2, 2, 4], acknowledged=[1, 2, 3], unknown=[4], refused=[5])
        >>> report.lost, report.doubled, report.unknown_done, report.kept
        ([3], [2], 1, False)
    """
    counts = Counter(found)
    told_yes, told_nothing, told_no = set(acknowledged), set(unknown), set(refused)
    told = told_yes | told_nothing | told_no
    assert len(told) == len(told_yes) + len(told_nothing) + len(told_no), (
        "a serial was used twice: the writers are broken, not the database"
    )
    return SerialsReport(
        lost=sorted(told_yes - counts.keys()),
        doubled=sorted(serial for serial, count in counts.items() if count > 1),
        undead=sorted(told_no & counts.keys()),
        phantom=sorted(counts.keys() - told),
        acknowledged=len(told_yes),
        unknown=len(told_nothing),
        unknown_done=len(told_nothing & counts.keys()),
    )
