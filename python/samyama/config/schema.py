"""Every setting of a node: its name, type, default, unit, bounds and one sentence.

This file is the only place with defaults; Rust receives a complete document and has none. Units stand last in the
names. The reference page ``docs/reference/configuration.md`` is generated from here.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

__all__ = [
    "Advertise",
    "Cluster",
    "Limits",
    "Listen",
    "Log",
    "Member",
    "Node",
    "Procedures",
    "Raft",
    "Reads",
    "Settings",
    "Storage",
    "choices",
]

Milliseconds = Annotated[int, Meta(ge=1, le=3_600_000)]
Bytes = Annotated[int, Meta(ge=1)]
Address = Annotated[str, Meta(pattern=r"^.+:\d{1,5}$")]
AddressOrNone = Annotated[str, Meta(pattern=r"^(.+:\d{1,5})?$")]


def choices(pattern: str) -> list[str]:
    """The words of a pattern that is a choice of words, ``^(one|two)$``. Empty: it is none."""
    inner = pattern.removeprefix("^(").removesuffix(")$")
    words = inner.split("|")
    return words if len(words) > 1 and all(word.isalpha() for word in words) else []


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Node(_Section, frozen=True):
    id: Annotated[
        int,
        Meta(ge=1, description="This node's number in the cluster; never given to another node."),
    ] = 1
    data_directory: Annotated[
        str,
        Meta(
            description="Where the log and the snapshots live. One node only; created when missing."
        ),
    ] = "samyama-data"


class Listen(_Section, frozen=True):
    bolt: Annotated[Address, Meta(description="host:port for Bolt clients.")] = "127.0.0.1:7687"
    peer: Annotated[Address, Meta(description="host:port for the other nodes.")] = "127.0.0.1:7688"
    http: Annotated[Address, Meta(description="host:port for /metrics, /health and /status.")] = (
        "127.0.0.1:7474"
    )
    insecure: Annotated[
        bool,
        Meta(
            description="Listen on addresses other than loopback although there is no authentication and no TLS yet."
        ),
    ] = False


class Advertise(_Section, frozen=True):
    bolt: Annotated[
        AddressOrNone,
        Meta(description="host:port that clients are told to dial; empty: as in listen.bolt."),
    ] = ""
    peer: Annotated[
        AddressOrNone, Meta(description="host:port that peers dial; empty: as in listen.peer.")
    ] = ""
    http: Annotated[
        AddressOrNone,
        Meta(description="host:port of HTTP as others see it; empty: as in listen.http."),
    ] = ""


class Member(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of the seed list."""

    id: Annotated[int, Meta(ge=1, description="The member's number.")]
    peer: Annotated[Address, Meta(description="host:port of its peer transport.")]
    bolt: Annotated[
        Address, Meta(description="host:port of its Bolt listener, as clients dial it.")
    ]
    http: Annotated[AddressOrNone, Meta(description="host:port of its HTTP listener.")] = ""


class Cluster(_Section, frozen=True):
    members: Annotated[
        list[Member],
        Meta(
            description="The first members, this node among them: 1, 3, 5 or 7. Empty: this node alone."
        ),
    ] = []
    join: Annotated[
        list[Address],
        Meta(
            description="HTTP addresses of members: this node joins their cluster, and waits to be added."
            " Read at its first start."
        ),
    ] = []
    id: Annotated[
        str,
        Meta(
            description="The cluster that this node joins, as /status says it; empty: asked of cluster.join."
        ),
    ] = ""
    dial: Annotated[
        dict[str, Address],
        Meta(
            description="Peer addresses by node id that this node dials instead of the members' own (tunnels, tests)."
        ),
    ] = {}


class Raft(_Section, frozen=True):
    election_timeout_ms_min: Annotated[
        Milliseconds,
        Meta(description="Shortest time without a leader's message after which a follower stands."),
    ] = 150
    election_timeout_ms_max: Annotated[
        Milliseconds,
        Meta(
            description="Longest such time; also the leader's lease, and how long a member may take to be dialled (two"
            " round trips; twice as long for a client's session that is relayed) or to say nothing. Above 480 a"
            " failover may take a second."
        ),
    ] = 300
    heartbeat_interval_ms: Annotated[
        Milliseconds,
        Meta(
            description="How often a leader sends a sign of life; also how long its answer may take, so more than a"
            " round trip."
        ),
    ] = 50
    snapshot_log_bytes: Annotated[
        Bytes, Meta(description="A snapshot is built when the log since the last one is this long.")
    ] = 64 * 1024 * 1024
    snapshot_log_entries: Annotated[
        int, Meta(ge=1, description="Or when it holds this many entries.")
    ] = 1_000_000
    snapshot_log_percent: Annotated[
        int,
        Meta(
            ge=0,
            description="But not before the log since the last snapshot is this share of that snapshot's size: a large"
            " graph is not written anew for few changes. More means less writing, but more memory and a slower start."
            " 0: whatever its size.",
        ),
    ] = 25


class Storage(_Section, frozen=True):
    fsync: Annotated[
        bool,
        Meta(
            description="Wait for the disk before a write is acknowledged. Off means that a power cut loses writes."
        ),
    ] = True
    segment_bytes: Annotated[
        int, Meta(ge=4096, le=1 << 30, description="Size of one file of the log.")
    ] = 64 * 1024 * 1024


class Reads(_Section, frozen=True):
    level: Annotated[
        str,
        Meta(
            pattern="^(linearizable|bookmark|stale)$",
            description="What a read promises that does not say it itself (tx_metadata samyama.read).",
        ),
    ] = "linearizable"
    timeout_ms: Annotated[
        Milliseconds, Meta(description="How long a read waits for its read point or bookmark.")
    ] = 5_000


class Limits(_Section, frozen=True):
    connections_max: Annotated[int, Meta(ge=1, description="Open Bolt connections.")] = 1_000
    message_bytes_max: Annotated[Bytes, Meta(description="One Bolt message.")] = 64 * 1024 * 1024
    query_memory_bytes_max: Annotated[Bytes, Meta(description="Memory of one query.")] = (
        256 * 1024 * 1024
    )
    query_timeout_ms: Annotated[
        int, Meta(ge=0, description="Time of one transaction that does not set its own; 0: none.")
    ] = 60_000
    transactions_max: Annotated[
        int, Meta(ge=1, description="Open explicit transactions on one node.")
    ] = 1_000
    plan_cache_bytes_max: Annotated[Bytes, Meta(description="Memory of the plan cache.")] = (
        64 * 1024 * 1024
    )
    uncommitted_bytes_max: Annotated[
        Bytes, Meta(description="Writes computed and not yet committed; past it clients wait.")
    ] = 64 * 1024 * 1024
    commit_timeout_ms: Annotated[
        Milliseconds,
        Meta(
            description="A write that no majority has confirmed after so long is answered: its outcome is unknown."
        ),
    ] = 5_000


class Load(_Section, frozen=True):
    csv_directory: Annotated[
        str,
        Meta(
            description="LOAD CSV reads files below this directory, on the node that runs it. Empty: none."
        ),
    ] = ""
    csv_web_allowed: Annotated[
        tuple[str, ...],
        Meta(
            description="LOAD CSV reads these http(s) addresses and below, from the node that runs it. Empty: none."
        ),
    ] = ()
    csv_web_bytes_max: Annotated[
        Bytes, Meta(description="What LOAD CSV reads from one web address.")
    ] = 1024 * 1024 * 1024
    csv_web_timeout_ms: Annotated[
        Milliseconds, Meta(description="How long reading it may take, from the request to its end.")
    ] = 60_000


class Procedures(_Section, frozen=True):
    file: Annotated[
        str,
        Meta(
            description="A TOML file of procedures (docs/cypher/procedures.md), the same on every node. Empty: none."
        ),
    ] = ""


class Log(_Section, frozen=True):
    level: Annotated[
        str,
        Meta(
            pattern="^(off|error|warn|info|debug|trace)$",
            description="The least important lines that are written; off: none.",
        ),
    ] = "info"
    format: Annotated[
        str,
        Meta(pattern="^(text|json)$", description="One line of text or of JSON each, on stderr."),
    ] = "text"
    slow_query_ms: Annotated[
        int,
        Meta(
            ge=0,
            description="A statement of a client that takes this long here is written down, with its text; 0: none is.",
        ),
    ] = 1_000
    slow_query_parameters: Annotated[
        bool,
        Meta(description="With the values of its parameters, which are your users' data."),
    ] = False


class Settings(_Section, frozen=True):
    """The whole configuration, section by section."""

    node: Annotated[Node, Meta(description="Who this node is.")] = Node()
    listen: Annotated[Listen, Meta(description="Where it listens.")] = Listen()
    advertise: Annotated[Advertise, Meta(description="What it tells others to dial.")] = Advertise()
    cluster: Annotated[Cluster, Meta(description="Whom it forms a cluster with.")] = Cluster()
    raft: Annotated[Raft, Meta(description="Elections and snapshots.")] = Raft()
    storage: Annotated[Storage, Meta(description="The log on disk.")] = Storage()
    reads: Annotated[Reads, Meta(description="What reads promise.")] = Reads()
    limits: Annotated[Limits, Meta(description="Bounds; reaching one is a named error.")] = Limits()
    load: Annotated[Load, Meta(description="What queries may read besides the graph.")] = Load()
    procedures: Annotated[
        Procedures, Meta(description="Procedures of one's own that queries may CALL.")
    ] = Procedures()
    log: Annotated[Log, Meta(description="What the node writes about itself.")] = Log()
