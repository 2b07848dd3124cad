"""What happens to processes: they are killed, stopped in order, or hang."""

from __future__ import annotations

import random
import signal
from collections.abc import Callable

from samyama.testing.cluster import Cluster
from samyama.testing.faults.fault import Fault
from samyama.testing.node import Node

__all__ = ["Choice", "Kill", "Pause", "Stop", "a_follower", "everyone", "the_leader"]

#: Picks the nodes that a fault hits.
Choice = Callable[[Cluster, random.Random], list[Node]]


def the_leader(cluster: Cluster, _: random.Random) -> list[Node]:
    """Whoever leads now."""
    return [cluster.leader()]


def a_follower(cluster: Cluster, random: random.Random) -> list[Node]:
    """One of those that do not lead."""
    leader = cluster.leader()
    return [random.choice([node for node in cluster if node.alive and node is not leader])]


def everyone(cluster: Cluster, _: random.Random) -> list[Node]:
    """All that run."""
    return [node for node in cluster if node.alive]


class _OfProcesses(Fault):
    verb: str

    def __init__(self, choice: Choice = the_leader) -> None:
        self._choice = choice
        self.nodes: list[Node] = []
        self.name = f"{self.verb} {choice.__name__.replace('_', ' ')}"
        self.spares_majority = choice is not everyone


class Kill(_OfProcesses):
    """``kill -9``, started again at the end."""

    verb = "kill"

    def begin(self, cluster: Cluster, random: random.Random) -> None:
        self.nodes = self._choice(cluster, random)
        self._pids = [node.pid for node in self.nodes]
        for node in self.nodes:
            node.kill()
        self._codes = [node.exit_code for node in self.nodes]

    def end(self) -> None:
        for node in self.nodes:
            node.start()

    def evidence(self) -> str:
        fresh = all(
            node.pid not in (None, pid) for node, pid in zip(self.nodes, self._pids, strict=True)
        )
        killed = self.nodes and all(code == -signal.SIGKILL for code in self._codes)
        return f"processes {self._pids} ended by SIGKILL" if killed and fresh else ""


class Stop(_OfProcesses):
    """SIGTERM, as for an upgrade; started again at the end."""

    verb = "stop"

    def begin(self, cluster: Cluster, random: random.Random) -> None:
        self.nodes = self._choice(cluster, random)
        self._codes = [node.stop() for node in self.nodes]

    def end(self) -> None:
        for node in self.nodes:
            node.start()

    def evidence(self) -> str:
        return f"ended in order: {self._codes}" if self.nodes and not any(self._codes) else ""


class Pause(_OfProcesses):
    """SIGSTOP and SIGCONT: a process that hangs with its sockets open, and then goes on as if nothing had been."""

    verb = "pause"

    def begin(self, cluster: Cluster, random: random.Random) -> None:
        self.nodes = self._choice(cluster, random)
        for node in self.nodes:
            node.pause()  # returns when every thread stands still

    def end(self) -> None:
        self._stood_still = [node.alive and node.stands_still() for node in self.nodes]
        for node in self.nodes:
            node.resume()

    def evidence(self) -> str:
        still = self.nodes and all(self._stood_still)
        return f"nodes {[node.id for node in self.nodes]} stood still" if still else ""
