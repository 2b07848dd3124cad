"""What a configuration cannot be although each value, by itself, could: the rules between settings, in words."""

from __future__ import annotations

import string
from collections.abc import Iterator
from urllib.parse import urlsplit

import msgspec

from samyama.config.schema import Settings

__all__ = ["contradictions"]

CLUSTER_SIZES = (1, 3, 5, 7)
PORT_MAX = 65_535
#: The engine counts in 64 bits.
NUMBER_MAX = (1 << 63) - 1
CLUSTER_ID_DIGITS = 32


def contradictions(settings: Settings) -> Iterator[str]:
    """Everything that is wrong, each with its key and what would be right. Nothing: the engine takes it."""
    yield from _numbers(settings)
    yield from _times(settings)
    yield from _addresses(settings)
    yield from _cluster(settings)
    for address in settings.load.csv_web_allowed:
        if not _is_web(address):
            yield (
                f"load.csv_web_allowed: `{address}` is not scheme, host and path, as in"
                " https://data.example.org/exports/"
            )
    for name in ("bolt", "peer", "http"):
        address = getattr(settings.listen, name)
        if not _is_loopback(address) and not settings.listen.insecure:
            yield (
                f"listen.{name} = {address}: there is no authentication and no TLS yet, so listening beyond loopback"
                " would open the database to everyone who can reach it; set listen.insecure = true if that is meant"
            )


def _numbers(settings: Settings) -> Iterator[str]:
    for section in msgspec.structs.fields(settings):
        for key, value in msgspec.structs.asdict(getattr(settings, section.name)).items():
            if isinstance(value, int) and value > NUMBER_MAX:
                yield f"{section.name}.{key}: {value} is above {NUMBER_MAX}"


def _times(settings: Settings) -> Iterator[str]:
    raft = settings.raft
    if raft.election_timeout_ms_min >= raft.election_timeout_ms_max:
        yield "raft.election_timeout_ms_min must be below raft.election_timeout_ms_max: the range is what breaks ties"
    if raft.heartbeat_interval_ms * 2 > raft.election_timeout_ms_min:
        yield (
            "raft.heartbeat_interval_ms must be at most half of raft.election_timeout_ms_min,"
            " or every lost message is an election"
        )
    if settings.limits.commit_timeout_ms <= raft.election_timeout_ms_max:
        yield (
            "limits.commit_timeout_ms must be above raft.election_timeout_ms_max, or outcomes are unknown that an"
            " election would settle"
        )


def _addresses(settings: Settings) -> Iterator[str]:
    listen, advertise, cluster = settings.listen, settings.advertise, settings.cluster
    named = [(f"listen.{kind}", getattr(listen, kind)) for kind in ("bolt", "peer", "http")]
    # Port 0 is a free one, another each time.
    taken: dict[str, str] = {}
    for name, address in named:
        other = taken.setdefault(address, name)
        if other != name and _port(address) != 0:
            yield f"{name} = {address}: {other} is the same; every listener has a port of its own"
    named += [(f"advertise.{kind}", getattr(advertise, kind)) for kind in ("bolt", "peer", "http")]
    named += [("cluster.join", address) for address in cluster.join]
    named += [("cluster.dial", address) for address in cluster.dial.values()]
    for member in cluster.members:
        named += [("cluster.members", getattr(member, kind)) for kind in ("bolt", "peer", "http")]
    for name, address in named:
        if address and _port(address) > PORT_MAX:
            yield f"{name}: port {_port(address)} is above {PORT_MAX}"


def _cluster(settings: Settings) -> Iterator[str]:
    cluster = settings.cluster
    digits = cluster.id.replace("-", "")
    if cluster.id and (len(digits) != CLUSTER_ID_DIGITS or set(digits) - set(string.hexdigits)):
        yield f"cluster.id: `{cluster.id}` is no cluster's id; `cluster_id` of a member's /status is"
    for id in cluster.dial:
        if not id.isdecimal():
            yield f'cluster.dial: `{id}` is no node id; write {{ 2 = "HOST:PORT" }}'
    if not cluster.members or cluster.join or cluster.id:
        return
    ids = [member.id for member in cluster.members]
    if len(set(ids)) != len(ids):
        yield "cluster.members: an id stands twice; every member has its own"
    if len(ids) not in CLUSTER_SIZES:
        yield (
            f"cluster.members: {len(ids)} members; a cluster has 1, 3, 5 or 7, so that a majority is clear"
        )
    for kind in ("peer", "bolt", "http"):
        addresses = [getattr(member, kind) for member in cluster.members]
        twice = next((a for a in addresses if a and addresses.count(a) > 1), None)
        if twice is not None:
            yield f"cluster.members: two members have the {kind} address {twice}; every member has its own"
    if settings.node.id not in ids:
        yield (
            f"cluster.members: this node's id {settings.node.id} (node.id) is not in the list;"
            " a node that comes later joins with cluster.join (samyama server --join)"
        )


def _port(address: str) -> int:
    return int(address.rpartition(":")[2])


def _is_web(address: str) -> bool:
    try:
        url = urlsplit(address)
        is_one = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        return False
    return is_one and url.username is None and not url.query and not url.fragment


def _is_loopback(address: str) -> bool:
    host = address.rpartition(":")[0]
    return host in ("localhost", "::1", "[::1]") or host.startswith("127.")
