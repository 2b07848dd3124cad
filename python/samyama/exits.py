"""What the exit codes of every command mean; listed in the reference of the command line."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["Exit"]


class Exit(IntEnum):
    """``MEANINGS`` says them in words."""

    DONE = 0
    NO = 1
    WRONG_USE = 2
    UNREACHABLE = 3
    REFUSED = 4
    UNKNOWN = 5
    DISK_FAILED = 6
    BUG = 70


MEANINGS = {
    Exit.DONE: "Done; or the answer is yes.",
    Exit.NO: "The answer is no: unhealthy, different, not in time; or it was broken off.",
    Exit.WRONG_USE: "Wrong use: an option, an argument, a configuration or a file that cannot be.",
    Exit.UNREACHABLE: "No node answers.",
    Exit.REFUSED: "A node, or the engine, refused: a statement failed, a directory is damaged or in use.",
    Exit.UNKNOWN: "The outcome is not known: the write may have happened. Look before you repeat it.",
    Exit.DISK_FAILED: "A running node has stopped because its disk failed: make room or replace it, then start it.",
    Exit.BUG: "Something that should not happen; please report it.",
}
