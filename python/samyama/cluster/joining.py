"""What a node that joins has to know before it starts: the id of the cluster, and whether its own id is free."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from samyama.cluster.client import NodeStatus, NodeUnreachable, fetch_status
from samyama.config.schema import Settings

__all__ = ["CannotJoin", "settle"]

_PAUSE_S = 0.2


class CannotJoin(Exception):
    """Nobody answers, or the cluster cannot take this node; the text says what to do."""


def settle(settings: Settings, timeout_s: float = 10.0) -> Settings:
    """These settings with ``cluster.id`` filled in, if the node joins a cluster and starts for the first time.

    Later the id stands in the data directory and nobody is asked.

    Raises: CannotJoin.
    """
    cluster, node = settings.cluster, settings.node
    if not cluster.join or cluster.id or (Path(node.data_directory) / "IDENTITY").exists():
        return settings
    status = _ask(cluster.join, timeout_s)
    if node.id < status.next_id:
        raise CannotJoin(
            f"node.id = {node.id}: ids are used once, and this one is no new one in the cluster: give the node an id of"
            f" {status.next_id} or higher (--id)"
        )
    found = msgspec.structs.replace(cluster, id=status.cluster_id)
    return msgspec.structs.replace(settings, cluster=found)


def _ask(addresses: Sequence[str], timeout_s: float) -> NodeStatus:
    deadline = time.monotonic() + timeout_s
    while True:
        failures = []
        for address in addresses:
            try:
                status = fetch_status(address)
            except NodeUnreachable as error:
                failures.append(str(error))
                continue
            if status.standing == "member":
                return status
            failures.append(f"{address}: that node is no member itself ({status.standing})")
        if time.monotonic() > deadline:
            raise CannotJoin(
                f"no member answers ({'; '.join(failures)}): cluster.join takes HTTP addresses (listen.http) of members"
            )
        time.sleep(_PAUSE_S)
