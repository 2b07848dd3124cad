"""A cluster of real processes on loopback, with ports of its own, in a directory that goes when it is closed."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from samyama.cluster.change import Members, add_member, remove_member
from samyama.cluster.client import NodeStatus
from samyama.testing.guard import Guard
from samyama.testing.links import Links
from samyama.testing.node import Node, wait_until
from samyama.testing.ports import PortBlock

if TYPE_CHECKING:
    import neo4j

__all__ = ["Cluster"]

#: Stands for all nodes in the address that a routed driver is given.
CLUSTER_NAME = "samyama.cluster"


class Cluster:
    """1, 3, 5 or 7 nodes, and more that can be added.

    Args:
        size: How many nodes.
        spares: Nodes beside those, which belong to no cluster yet and do not run: :meth:`join` starts one, and adds it.
        links: Run every peer connection through a proxy that can be cut, delayed or broken (:attr:`links`).
        settings: Configuration for every node, ``{"raft": {"snapshot_log_entries": 100}}``.
        directory: Where the nodes live; kept when given, else a temporary one that is removed in the end.
        seed: For the random choices of the links.

    Use it as a context manager: it starts all nodes, waits until they are ready, and ends every process by its id.
    Should the test's own process be killed, a guard ends them.
    With ``SAMYAMA_TESTING_KEEP`` in the environment a cluster that was left by an error keeps its directory.
    """

    def __init__(
        self,
        size: int = 3,
        *,
        spares: int = 0,
        links: bool = False,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        directory: Path | None = None,
        seed: int = 0,
    ) -> None:
        self._owns_directory = directory is None
        self.directory = (
            Path(tempfile.mkdtemp(prefix="samyama-")) if directory is None else directory
        )
        self.settings = {section: dict(values) for section, values in (settings or {}).items()}
        self._guard = Guard()
        self._ports = PortBlock((size + spares) * 3)
        ports = self._ports.ports
        nodes = [
            Node(
                i + 1,
                self._make_directory(i + 1),
                *(f"127.0.0.1:{ports[3 * i + k]}" for k in range(3)),
                guard=self._guard,
            )
            for i in range(size + spares)
        ]
        self._every = nodes
        #: The members, and those of the first that do not run.
        self.nodes = nodes[:size]
        #: Not added yet.
        self.spares = nodes[size:]
        self._founders = nodes[:size]
        self._links = Links({n.id: n.peer for n in nodes}, seed) if links else None
        for node in nodes:
            self.write_config(node)

    def _make_directory(self, id: int) -> Path:
        path = self.directory / f"node-{id}"
        path.mkdir(parents=True, exist_ok=True)
        return path

    # ------------------------------------------------------------------------------------------------- life

    def __enter__(self) -> Cluster:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None and os.environ.get("SAMYAMA_TESTING_KEEP"):
            self._owns_directory = False
            print(f"kept for a look: {self.directory}", file=sys.stderr)
        self.close()

    def start(self, timeout_s: float = 60.0) -> None:
        """Start every node that does not run and wait until all are ready."""
        for node in self.nodes:
            if not node.alive:
                node.start()
        for node in self.nodes:
            node.wait_ready(timeout_s)

    def close(self) -> None:
        """Kill what still runs, by process id, and remove the directory if it is ours."""
        with ExitStack() as stack:
            if self._owns_directory:
                stack.callback(shutil.rmtree, self.directory, ignore_errors=True)
            if self._links is not None:
                stack.callback(self._links.close)
            stack.callback(self._ports.close)
            stack.callback(self._guard.close)
            for node in self._every:
                stack.callback(node.kill)

    def panics(self) -> list[str]:
        """What any node has logged of panics."""
        return [line for node in self._every for line in node.panics()]

    def start_spare(self, timeout_s: float = 60.0) -> Node:
        """The next spare node, running and waiting to be added."""
        node = self.spares[0]
        self.write_config(node)
        node.start()

        def answers() -> bool:
            node.check_alive()
            return node.try_status() is not None

        wait_until(f"node {node.id} to answer", answers, timeout_s)
        return node

    def join(self, *, instead_of: int | None = None, timeout_s: float = 60.0) -> Node:
        """Start the next spare node and make it a member, in the place of member ``instead_of`` if that is given."""
        node = self.start_spare(timeout_s)
        members = [member.http for member in self.nodes if member.alive and not member.paused]
        add_member(Members(members, timeout_s), node.http, lambda _: None, instead_of)
        self.note_members()
        return node

    def remove(self, id: int, timeout_s: float = 60.0) -> Node:
        """Take a member out; its process goes on and serves nobody."""
        node = self.node(id)
        members = [member.http for member in self.nodes if member.alive and not member.paused]
        remove_member(Members(members, timeout_s), id)
        self.note_members()
        return node

    def note_members(self) -> None:
        """Make :attr:`nodes` those that the leader names, after a change that was not made by this object."""
        by_id = {node.id: node for node in self._every}

        def named() -> set[int] | None:
            leading = [
                s for s in self._statuses_of_all() if s.role == "leader" and s.standing == "member"
            ]
            leader = max(leading, key=lambda status: status.term, default=None)
            return None if leader is None else {member.id for member in leader.members}

        ids = wait_until("a leader that names the members", named)
        self.nodes = [by_id[id] for id in sorted(ids)]
        self.spares = [node for node in self.spares if node.id not in ids]

    def _statuses_of_all(self) -> list[NodeStatus]:
        return [s for node in self._every if (s := node.try_status()) is not None]

    def write_config(self, node: Node) -> None:
        """Write ``samyama.toml`` of one node."""
        layers: dict[str, dict[str, Any]] = {
            "node": {"id": node.id, "data_directory": str(node.directory / "data")},
            "listen": {"bolt": node.bolt, "peer": node.peer, "http": node.http},
        }
        for section, values in self.settings.items():
            layers.setdefault(section, {}).update(values)
        lines: list[str] = []
        for section, values in layers.items():
            lines += [f"[{section}]", *(f"{key} = {_toml(value)}" for key, value in values.items())]
        if node not in self._founders:
            listed = ", ".join(_toml(member.http) for member in self.nodes)
            lines += ["[cluster]", f"join = [{listed}]"]
        if self._links is not None:
            dial = self._links.dial_addresses(node.id)
            lines += ["[cluster.dial]", *(f'"{id}" = "{address}"' for id, address in dial.items())]
        for member in self._founders if node in self._founders else []:
            lines += ["[[cluster.members]]", f"id = {member.id}"]
            lines += [f'{key} = "{getattr(member, key)}"' for key in ("peer", "bolt", "http")]
        node.config_file.write_text("\n".join(lines) + "\n", "utf-8")

    # ------------------------------------------------------------------------------------------------ asking

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def node(self, id: int) -> Node:
        """The node of that id.

        Raises: KeyError: there is none.
        """
        for node in self.nodes:
            if node.id == id:
                return node
        raise KeyError(id)

    @property
    def uri(self) -> str:
        """A ``neo4j://`` address through the first node that runs."""
        return next(node for node in self.nodes if node.alive).neo4j_uri

    def driver(self, node: Node | None = None, **options: Any) -> neo4j.Driver:
        """The official driver, routed over the cluster or, with ``node``, directly on one node.

        Routed, it is given one name for the whole cluster, which stands for every node, as an application would have it
        from DNS or a resolver of its own. The addresses in routing tables are taken as they are.
        """
        import neo4j

        if node is not None:
            return neo4j.GraphDatabase.driver(node.bolt_uri, **options)

        def resolve(address: neo4j.Address) -> list[neo4j.Address]:
            if address.host != CLUSTER_NAME:
                return [address]
            hosts = (node.bolt.rsplit(":", 1) for node in self.nodes)
            return [neo4j.Address((host, int(port))) for host, port in hosts]

        return neo4j.GraphDatabase.driver(
            f"neo4j://{CLUSTER_NAME}:7687", **{"resolver": resolve, **options}
        )

    def statuses(self) -> dict[int, NodeStatus]:
        """Of every node that answers."""
        return {node.id: status for node in self.nodes if (status := node.try_status()) is not None}

    def leader(self, timeout_s: float = 10.0) -> Node:
        """The node that leads and that a majority follows. Raises: Timeout: there is none in time."""
        return wait_until("a leader", self._find_leader, timeout_s)

    def wait_for_leader(self, other_than: int | None = None, timeout_s: float = 10.0) -> Node:
        """Until a node leads, not the one with id ``other_than``."""

        def found() -> Node | None:
            leader = self._find_leader()
            return leader if leader is not None and leader.id != other_than else None

        return wait_until("a new leader" if other_than else "a leader", found, timeout_s)

    def _find_leader(self) -> Node | None:
        """The node that leads, and that a majority (itself included) follows: a deposed one may not know it yet."""
        statuses = self.statuses().values()
        for status in sorted(statuses, key=lambda s: s.term, reverse=True):
            if status.role == "leader":
                following = [s for s in statuses if (s.term, s.leader) == (status.term, status.id)]
                return self.node(status.id) if len(following) >= self.voters_needed() else None
        return None

    def voters_needed(self) -> int:
        """How many nodes make a majority."""
        return len(self.nodes) // 2 + 1

    def followers(self) -> list[Node]:
        """The nodes that run and do not lead."""
        leader = self.leader()
        return [node for node in self.nodes if node.alive and node.id != leader.id]

    def wait_equal(self, timeout_s: float = 30.0) -> dict[int, NodeStatus]:
        """Until all running nodes have applied the same log index and have the same graph.

        Raises: AssertionError: same index, different fingerprints: the replicas diverged. Timeout: one stays behind.
        """

        def equal() -> dict[int, NodeStatus] | None:
            statuses = self.statuses()
            running = [node for node in self.nodes if node.alive and not node.paused]
            if (
                len(statuses) < len(running)
                or len({s.applied_index for s in statuses.values()}) != 1
            ):
                return None
            if any(s.applied_index != s.last_log_index for s in statuses.values()):
                return None
            fingerprints = {s.id: s.fingerprint for s in statuses.values()}
            assert len(set(fingerprints.values())) == 1, (
                f"graphs differ at the same index: {fingerprints}"
            )
            return statuses

        return wait_until("all nodes to be equal", equal, timeout_s)

    # ------------------------------------------------------------------------------------------------ faults

    @property
    def has_links(self) -> bool:
        """Whether its links can be disturbed."""
        return self._links is not None

    @property
    def links(self) -> Links:
        assert self._links is not None, "make the cluster with links=True to disturb its links"
        return self._links

    def partition(self, *groups: Sequence[int]) -> None:
        """Cut every wire between different groups, both ways. Nodes in no group are cut from all."""
        group_of = {id: number for number, group in enumerate(groups) for id in group}
        for source, target in self.links.wires:
            if source not in group_of or group_of.get(source) != group_of.get(target):
                self.links.cut(source, target)

    def isolate(self, id: int) -> None:
        """Cut one node from all others, both ways."""
        self.partition([id], [node.id for node in self._every if node.id != id])

    def heal(self) -> None:
        """Undo every fault of the links, if the cluster has any."""
        if self._links is not None:
            self._links.heal_all()


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    assert isinstance(value, str), f"no TOML form for {value!r}"
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
