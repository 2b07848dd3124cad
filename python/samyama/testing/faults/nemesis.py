"""Draws faults from a seed, does them one after another to a cluster, and keeps the account."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from samyama.testing.cluster import Cluster
from samyama.testing.faults.fault import Fault
from samyama.testing.faults.network import (
    Bridge,
    CutOneWay,
    Halves,
    Isolate,
    Lossy,
    Reset,
    Ring,
    Slow,
)
from samyama.testing.faults.processes import Kill, Pause, Stop, a_follower, everyone, the_leader

__all__ = ["DRAWERS", "Done", "Nemesis", "Void"]

#: By the name of a class of faults: makers of faults, one of which is drawn.
DRAWERS: dict[str, Sequence[Callable[[], Fault]]] = {
    "kills": (
        lambda: Kill(the_leader),
        lambda: Kill(a_follower),
        lambda: Kill(everyone),
        lambda: Stop(the_leader),
    ),
    "pauses": (
        lambda: Pause(the_leader),
        lambda: Pause(a_follower),
        lambda: Pause(everyone),
    ),
    "partitions": (
        lambda: Isolate(the_leader),
        lambda: Isolate(a_follower),
        lambda: CutOneWay("mute", the_leader),
        lambda: CutOneWay("deaf", the_leader),
        lambda: CutOneWay("mute", a_follower),
        lambda: CutOneWay("deaf", a_follower),
        lambda: Halves(),
        lambda: Bridge(),
        lambda: Ring(),
    ),
    "links": (
        lambda: Slow(),
        lambda: Slow(choice=the_leader),
        lambda: Lossy(),
        lambda: Reset(the_leader),
        lambda: Reset(a_follower),
    ),
}


class Void(AssertionError):
    """A fault was to happen and did not, so nothing was proved."""


@dataclass(frozen=True, slots=True)
class Done:
    """One fault: when, on the monotonic clock, and what shows it."""

    name: str
    began: float
    ended: float
    evidence: str


class Nemesis:
    """Disturbs one cluster. Runs with neighbouring seeds go through all kinds of faults, so that none is left to
    luck.

    Example:
        nemesis = Nemesis(cluster, seed=7)
        nemesis.disturb(["kills", "partitions"], count=3)
        nemesis.settle()
    """

    def __init__(self, cluster: Cluster, seed: int) -> None:
        self._cluster = cluster
        self._random, self._seed = random.Random(seed), seed
        self.done: list[Done] = []

    def disturb(
        self,
        classes: Sequence[str],
        count: int = 1,
        *,
        pause_s: tuple[float, float] = (0.2, 0.8),
        duration_s: tuple[float, float] = (0.4, 1.6),
    ) -> None:
        """Draw ``count`` faults of these classes and do them, with pauses between them.

        Raises: Void: one did not happen.
        """
        for fault in self.draw(classes, count):
            time.sleep(self._random.uniform(*pause_s))
            self.do(fault, self._random.uniform(*duration_s))

    def draw(self, classes: Sequence[str], count: int) -> list[Fault]:
        """The next ``count`` kinds in an order that is the same for every seed. A ring of three nodes is no fault."""
        makers = [
            maker
            for name in classes
            for maker in DRAWERS[name]
            if len(self._cluster.nodes) >= 5 or not isinstance(maker(), Ring)
        ]
        random.Random(0).shuffle(makers)
        first = self._seed * count
        return [makers[(first + place) % len(makers)]() for place in range(count)]

    def do(self, fault: Fault, duration_s: float) -> Done:
        """One fault for so long. Raises: Void: it did not happen."""
        self._cluster.wait_for_leader(timeout_s=30.0)
        began = time.monotonic()
        fault.begin(self._cluster, self._random)
        try:
            time.sleep(duration_s)
        finally:
            fault.end()
        done = Done(fault.name, began, time.monotonic(), fault.evidence())
        if not done.evidence:
            raise Void(
                f"{fault.name} was to last {duration_s:.1f} s, and nothing shows that it happened"
            )
        self.done.append(done)
        return done

    def settle(self, timeout_s: float = 30.0) -> None:
        """Everything healed: every node ready, all graphs equal.

        Raises: Timeout: the cluster did not recover. AssertionError: graphs differ.
        """
        self._cluster.heal()
        for node in self._cluster:
            if node.paused:
                node.resume()
            if not node.alive:
                node.start()
        for node in self._cluster:
            node.wait_ready(timeout_s)
        self._cluster.wait_equal(timeout_s)
        panics = self._cluster.panics()
        assert not panics, f"a node panicked: {panics}"
