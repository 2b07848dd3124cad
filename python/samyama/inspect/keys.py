"""Keys, under which a transaction takes effect at most once: in entries (docs/format/entry.md), and the table of those
that are remembered (docs/format/snapshot_state.md).

The table forgets by rules that are part of the replicated state. They are written here a second time: what the log
comes to must be what the engine has put into its snapshot.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from samyama.inspect.cursor import Cursor

__all__ = [
    "Kept",
    "KeptForClient",
    "KeyTable",
    "Keyed",
    "RelayKey",
    "Relaying",
    "read_key_table",
    "read_keyed",
]

HAS_RELAY, HAS_CLIENT, IS_ABANDONED = 1, 2, 4
ANSWERS_BYTES_MAX = 96 * 1024
#: What a key counts for besides its text and answers.
KEY_BYTES = 128
CLIENT_KEYS_MAX, CLIENT_KEYS_BYTES_MAX = 262_144, 64 << 20
RELAY_KEYS_MAX, RELAY_KEYS_BYTES_MAX = 65_536, 16 << 20
RELAYING_NODES_MAX = 256


class RelayKey(msgspec.Struct, frozen=True):
    """Drawn by a member for a write that it relays. Below ``settled_below`` it has no questions any more."""

    node: int
    incarnation: int
    sequence: int
    settled_below: int

    def __str__(self) -> str:
        return f"{self.sequence} of node {self.node} since {self.incarnation:016x}"


class Keyed(msgspec.Struct, frozen=True):
    """The keys of a transaction, and what its client was answered (docs/format/answers.md)."""

    relay: RelayKey | None
    client: str | None
    stamp_ms: int
    is_abandoned: bool
    answers: bytes


class Kept(msgspec.Struct, frozen=True):
    """The transaction that a key stands for."""

    index: int
    number: int
    is_abandoned: bool
    answers: bytes


class KeptForClient(msgspec.Struct, frozen=True):
    stamp_ms: int
    transaction: Kept


def read_keyed(cursor: Cursor) -> Keyed:
    """All that is left are a transaction's keys. Raises: Damage."""
    flags = cursor.u8()
    if not flags & (HAS_RELAY | HAS_CLIENT) or flags > HAS_RELAY | HAS_CLIENT | IS_ABANDONED:
        raise cursor.damage(f"keys with the flags {flags}")
    relay = client = None
    stamp_ms = 0
    if flags & HAS_RELAY:
        relay = RelayKey(cursor.u64(), cursor.u64(), cursor.u64(), cursor.u64())
    if flags & HAS_CLIENT:
        stamp_ms, client = cursor.u64(), cursor.text8()
    length = cursor.u32()
    if length > ANSWERS_BYTES_MAX:
        raise cursor.damage(f"answers of {length} bytes")
    answers = cursor.take(length)
    cursor.expect_end("a transaction's keys")
    return Keyed(relay, client, stamp_ms, bool(flags & IS_ABANDONED), answers)


@dataclass(slots=True)
class Relaying:
    """Of one relaying node. ``number``: of its last transaction."""

    incarnation: int = 0
    settled_below: int = 0
    number: int = 0
    #: By sequence.
    kept: dict[int, Kept] = field(default_factory=dict)
    bytes: int = 0

    def forget_below(self, sequence: int) -> None:
        if sequence <= self.settled_below:
            return
        self.settled_below = sequence
        for settled in [each for each in self.kept if each < sequence]:
            self.bytes -= KEY_BYTES + len(self.kept.pop(settled).answers)


@dataclass(slots=True)
class KeyTable:
    """What is remembered of the keys of applied transactions."""

    #: By node.
    relaying: dict[int, Relaying] = field(default_factory=dict)
    #: By text; the order is that of age.
    clients: dict[str, KeptForClient] = field(default_factory=dict)
    client_bytes: int = 0

    @property
    def relay_keys(self) -> int:
        return sum(len(relaying.kept) for relaying in self.relaying.values())

    def note(self, keyed: Keyed, index: int, number: int) -> None:
        """A transaction with keys was applied."""
        kept = Kept(index, number, keyed.is_abandoned, keyed.answers)
        if keyed.client is not None:
            self._note_client(keyed.client, KeptForClient(keyed.stamp_ms, kept))
        if keyed.relay is not None:
            self._note_relay(keyed.relay, kept)

    def _note_client(self, key: str, kept: KeptForClient) -> None:
        if key in self.clients:
            return
        self._add_client(key, kept)
        while len(self.clients) > CLIENT_KEYS_MAX or self.client_bytes > CLIENT_KEYS_BYTES_MAX:
            oldest = next(iter(self.clients))
            gone = self.clients.pop(oldest)
            self.client_bytes -= _client_bytes(oldest, gone)

    def _add_client(self, key: str, kept: KeptForClient) -> None:
        self.clients[key] = kept
        self.client_bytes += _client_bytes(key, kept)

    def _note_relay(self, key: RelayKey, kept: Kept) -> None:
        relaying = self.relaying.setdefault(key.node, Relaying())
        if key.incarnation < relaying.incarnation:
            return
        if key.incarnation > relaying.incarnation:
            relaying = self.relaying[key.node] = Relaying(key.incarnation)
        relaying.number = kept.number
        relaying.forget_below(key.settled_below)
        if key.sequence >= relaying.settled_below and key.sequence not in relaying.kept:
            relaying.kept[key.sequence] = kept
            relaying.bytes += KEY_BYTES + len(kept.answers)
        while len(relaying.kept) > RELAY_KEYS_MAX or relaying.bytes > RELAY_KEYS_BYTES_MAX:
            relaying.forget_below(min(relaying.kept) + 1)
        if len(self.relaying) > RELAYING_NODES_MAX:
            # Of equal numbers the lowest node.
            del self.relaying[
                min(self.relaying, key=lambda node: (self.relaying[node].number, node))
            ]


def _client_bytes(key: str, kept: KeptForClient) -> int:
    return KEY_BYTES + len(key.encode()) + len(kept.transaction.answers)


def read_key_table(cursor: Cursor) -> KeyTable:
    """All that is left is a table. Raises: Damage."""
    table = KeyTable()
    for _ in range(cursor.u64()):
        node = cursor.u64()
        relaying = Relaying(cursor.u64(), cursor.u64(), cursor.u64())
        for _ in range(cursor.u64()):
            sequence = cursor.u64()
            relaying.kept[sequence] = kept = _read_kept(cursor)
            relaying.bytes += KEY_BYTES + len(kept.answers)
        table.relaying[node] = relaying
    clients = []
    for _ in range(cursor.u64()):
        stamp_ms, key = cursor.u64(), cursor.text8()
        clients.append((key, KeptForClient(stamp_ms, _read_kept(cursor))))
    for key, client in sorted(clients, key=lambda each: each[1].transaction.number):
        table._add_client(key, client)
    cursor.expect_end("the keys")
    return table


def _read_kept(cursor: Cursor) -> Kept:
    index, number, is_abandoned = cursor.u64(), cursor.u64(), cursor.u8()
    return Kept(index, number, is_abandoned != 0, cursor.take(cursor.u32()))
