"""What happens between processes: silence in one or both directions, delay, loss, broken connections.

All need ``Cluster(..., links=True)``. Evidence comes from the wires: something was held back, delayed, dropped or
reset.
"""

from __future__ import annotations

import random
from abc import abstractmethod
from collections.abc import Iterable
from typing import Literal

from samyama.testing.cluster import Cluster
from samyama.testing.faults.fault import Fault
from samyama.testing.faults.processes import Choice, a_follower, the_leader
from samyama.testing.links import Links, WireCounts

__all__ = ["Bridge", "CutOneWay", "Halves", "Isolate", "Lossy", "Reset", "Ring", "Slow"]

Wire = tuple[int, int]


class _OfWires(Fault):
    """``wires`` are those that are touched; ``counter`` is the count that must grow on one of them."""

    counter: Literal["held", "delayed", "dropped", "reset"] = "held"

    def begin(self, cluster: Cluster, random: random.Random) -> None:
        self.wires: list[Wire] = list(self._choose(cluster, random))
        assert self.wires, f"{self.name} touches no wire of {len(cluster.nodes)} nodes"
        self._links = cluster.links
        self._before = self._links.counts()
        for wire in self.wires:
            self._disturb(self._links, wire)

    def end(self) -> None:
        for wire in self.wires:
            self._mend(self._links, wire)
        self._after = self._links.counts()

    def evidence(self) -> str:
        def count(counts: dict[Wire, WireCounts]) -> int:
            return sum(int(getattr(counts[wire], self.counter)) for wire in self.wires)

        bitten = count(self._after) - count(self._before)
        return f"{bitten} {self.counter} on wires {self.wires}" if bitten > 0 else ""

    @abstractmethod
    def _choose(self, cluster: Cluster, random: random.Random) -> Iterable[Wire]: ...

    def _disturb(self, links: Links, wire: Wire) -> None:
        links.cut(*wire)

    def _mend(self, links: Links, wire: Wire) -> None:
        links.heal(*wire)


def _ids(cluster: Cluster) -> list[int]:
    return [node.id for node in cluster]


class _OfOneNode(_OfWires):
    """All wires of the node that ``choice`` makes; ``name`` tells what happens to it."""

    def __init__(self, name: str, choice: Choice) -> None:
        self._choice = choice
        self.name = f"{name} {choice.__name__.replace('_', ' ')}"

    def _choose(self, cluster: Cluster, random: random.Random) -> Iterable[Wire]:
        self.node = self._choice(cluster, random)[0]
        return [wire for wire in cluster.links.wires if self.node.id in wire]


class Isolate(_OfOneNode):
    """One node neither hears nor is heard."""

    def __init__(self, choice: Choice = the_leader) -> None:
        super().__init__("isolate", choice)


class CutOneWay(_OfOneNode):
    """One node is not heard (``mute``), or does not hear (``deaf``)."""

    def __init__(self, way: Literal["mute", "deaf"], choice: Choice = the_leader) -> None:
        super().__init__(way, choice)
        self._end = 0 if way == "mute" else 1

    def _choose(self, cluster: Cluster, random: random.Random) -> Iterable[Wire]:
        wires = super()._choose(cluster, random)
        return [wire for wire in wires if wire[self._end] == self.node.id]


class Halves(_OfWires):
    """A majority and a minority that do not see each other. The leader may be in either."""

    name = "halves"

    def _choose(self, cluster: Cluster, random: random.Random) -> Iterable[Wire]:
        self.majority = set(random.sample(_ids(cluster), cluster.voters_needed()))
        return [
            (source, target)
            for source, target in cluster.links.wires
            if (source in self.majority) != (target in self.majority)
        ]


class Bridge(_OfWires):
    """Two halves that do not see each other, and one node that sees both.

    With five nodes the old leader can be in the half that loses, still heard by the bridge: its heartbeats must not
    keep the others from electing. With three nodes it is a chain.
    """

    name = "bridge"

    def _choose(self, cluster: Cluster, random: random.Random) -> Iterable[Wire]:
        leader = cluster.leader().id
        others = [id for id in _ids(cluster) if id != leader]
        random.shuffle(others)
        half = len(others) // 2
        self.bridge, with_leader, rest = others[0], {leader, *others[1:half]}, set(others[half:])
        return [
            (source, target)
            for source, target in cluster.links.wires
            if (source in with_leader and target in rest)
            or (source in rest and target in with_leader)
        ]


class Ring(_OfWires):
    """Everyone sees two neighbours only: with five nodes each sees another majority."""

    name = "ring"

    def _choose(self, cluster: Cluster, random: random.Random) -> Iterable[Wire]:
        ids = _ids(cluster)
        random.shuffle(ids)
        place = {id: number for number, id in enumerate(ids)}
        size = len(ids)
        return [
            (source, target)
            for source, target in cluster.links.wires
            if (place[source] - place[target]) % size not in (1, size - 1)
        ]


class Slow(_OfOneNode):
    """All that one node sends and hears comes later."""

    counter = "delayed"

    def __init__(
        self, delay_ms: float = 40.0, jitter_ms: float = 20.0, choice: Choice = a_follower
    ) -> None:
        super().__init__("slow links of", choice)
        self._delay_ms, self._jitter_ms = delay_ms, jitter_ms

    def _disturb(self, links: Links, wire: Wire) -> None:
        links.delay(*wire, self._delay_ms, self._jitter_ms)

    def _mend(self, links: Links, wire: Wire) -> None:
        links.delay(*wire, 0.0)


class Lossy(_OfWires):
    """Each piece of data on any wire is lost with some probability, and its connection with it."""

    counter = "dropped"

    def __init__(self, probability: float = 0.02) -> None:
        self._probability = probability
        self.name = f"lossy links ({probability:.0%})"

    def _choose(self, cluster: Cluster, _: random.Random) -> Iterable[Wire]:
        return list(cluster.links.wires)

    def _disturb(self, links: Links, wire: Wire) -> None:
        links.drop(*wire, self._probability)

    def _mend(self, links: Links, wire: Wire) -> None:
        links.drop(*wire, 0.0)


class Reset(_OfOneNode):
    """Every connection of one node is closed, at the beginning and at the end."""

    counter = "reset"

    def __init__(self, choice: Choice = the_leader) -> None:
        super().__init__("reset connections of", choice)

    def _disturb(self, links: Links, wire: Wire) -> None:
        links.reset(*wire)

    def _mend(self, links: Links, wire: Wire) -> None:
        links.reset(*wire)
