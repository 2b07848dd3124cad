"""A fault: something that is done to a running cluster, undone again, and proved to have happened."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Sequence

from samyama.testing.cluster import Cluster

__all__ = ["Fault", "Together"]


class Fault(ABC):
    """Made for one use. :meth:`begin`, some time, :meth:`end`; then :meth:`evidence` says whether it bit.

    ``random`` makes every choice, so the same seed on the same cluster does the same.
    """

    #: As it stands in reports.
    name: str
    #: A majority of the nodes can still work together while it lasts.
    spares_majority: bool = True

    @abstractmethod
    def begin(self, cluster: Cluster, random: random.Random) -> None:
        """Do it. It lasts until :meth:`end`."""

    @abstractmethod
    def end(self) -> None:
        """Undo it. Processes are started again; whoever called waits until they are ready."""

    @abstractmethod
    def evidence(self) -> str:
        """What shows that it happened; empty if nothing does, and then the run is void. Asked after :meth:`end`."""


class Together(Fault):
    """Several at once."""

    def __init__(self, *faults: Fault, spares_majority: bool = False) -> None:
        self.faults: Sequence[Fault] = faults
        self.name = " + ".join(fault.name for fault in faults)
        self.spares_majority = spares_majority

    def begin(self, cluster: Cluster, random: random.Random) -> None:
        for fault in self.faults:
            fault.begin(cluster, random)

    def end(self) -> None:
        for fault in reversed(self.faults):
            fault.end()

    def evidence(self) -> str:
        pieces = [fault.evidence() for fault in self.faults]
        return "; ".join(pieces) if all(pieces) else ""
