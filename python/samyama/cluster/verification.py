"""Whether all nodes have the same graph, asked while writes go on.

Every node keeps the fingerprints of its graph after each of its newest entries. Two nodes can be compared at any index
that both lists hold; the newest such index of all nodes is taken.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import msgspec

from samyama.cluster.client import Fingerprints, NodeUnreachable, fetch_fingerprints

__all__ = ["Verdict", "compare", "verify"]

_PAUSE_S = 0.1


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """``index``: where they were compared; None: no entry that all of them remember was found in time.

    ``fingerprints``: node id to what its graph is there. ``silent``: address to why it could not be asked.
    """

    index: int | None
    fingerprints: dict[int, str]
    silent: dict[str, str]

    @property
    def equal(self) -> bool:
        """All were compared, and are the same."""
        return (
            self.index is not None and not self.silent and len(set(self.fingerprints.values())) == 1
        )


def compare(nodes: Sequence[Fingerprints]) -> tuple[int, dict[int, str]] | None:
    """The newest index that all remember, and what each was there.

    >>> a = Fingerprints(id=1, entries=[(1, "x"), (2, "y")])
    >>> b = Fingerprints(id=2, entries=[(2, "y"), (3, "z")])
    >>> compare([a, b])
    (2, {1: 'y', 2: 'y'})
    """
    tables = {node.id: dict(node.entries) for node in nodes}
    common = set.intersection(*(set(table) for table in tables.values())) if tables else set()
    if not common:
        return None
    index = max(common)
    return index, {id: table[index] for id, table in tables.items()}


def verify(addresses: Sequence[str], timeout_s: float = 10.0) -> Verdict:
    """Ask all these nodes until they can be compared, or the time is up."""
    deadline = time.monotonic() + timeout_s
    while True:
        answers: list[Fingerprints] = []
        silent: dict[str, str] = {}
        for address in addresses:
            try:
                answers.append(fetch_fingerprints(address))
            except NodeUnreachable as error:
                silent[address] = str(error)
        found = compare(answers)
        if (found is not None and not silent) or time.monotonic() > deadline:
            index, fingerprints = found if found is not None else (None, {})
            return Verdict(index=index, fingerprints=fingerprints, silent=silent)
        time.sleep(_PAUSE_S)
