"""What an entry of the log carries: transactions with their effects and keys (docs/format/entry.md), a part of such, or
a membership."""

from __future__ import annotations

from pathlib import Path

import msgspec

from samyama.inspect.checksum import crc32c
from samyama.inspect.cursor import Cursor
from samyama.inspect.damage import Damage
from samyama.inspect.effects import Effect, read_effect
from samyama.inspect.keys import Keyed, read_keyed
from samyama.inspect.records import Leader

__all__ = [
    "Header",
    "Member",
    "Membership",
    "Opening",
    "Proposal",
    "Transaction",
    "read_body",
    "read_membership",
    "read_proposal",
]

HEADER_BYTES, CRC_BYTES, VERSION = 56, 4, 2


class Opening(msgspec.Struct, frozen=True):
    """Which opening of which leader's lane computed an entry."""

    leader: Leader
    opened_at: int


class Header(msgspec.Struct, frozen=True):
    """What the parts of an entry have in common.

    Attributes: first, count: of its transactions. has_keys: some of them have. parts: how many proposals carry it.
    """

    opening: Opening
    first: int
    count: int
    has_keys: bool
    parts: int

    @property
    def last(self) -> int:
        return self.first + self.count - 1


class Transaction(msgspec.Struct, frozen=True):
    number: int
    effects: tuple[Effect, ...]
    keyed: Keyed | None = None


class Proposal(msgspec.Struct, frozen=True):
    """A whole entry, or a part of one, numbered from 0. ``body``: what :func:`read_body` reads, or a share of it."""

    header: Header
    part: int
    body: bytes

    @property
    def is_whole(self) -> bool:
        return self.header.parts == 1


class Member(msgspec.Struct, frozen=True):
    """``incarnation`` is that of its disk; 0: a first member, before anything was changed."""

    id: int
    incarnation: int
    peer: str
    bolt: str
    http: str


class Membership(msgspec.Struct, frozen=True):
    """``voters``: one set, or two while one is being replaced."""

    voters: tuple[tuple[int, ...], ...]
    members: tuple[Member, ...]


def read_proposal(payload: bytes, file: Path | str = "", offset: int = 0) -> Proposal:
    """Its header, checked; the transactions are for :func:`read_body`. Raises: Damage."""
    if len(payload) < HEADER_BYTES + CRC_BYTES or payload[:4] != b"SMYE":
        raise Damage(file, offset, "a proposal does not begin with SMYE")
    if payload[4] != VERSION:
        what = f"a proposal of version {payload[4]}; this program reads {VERSION}"
        raise Damage(file, offset + 4, what)
    if crc32c(payload[:-CRC_BYTES]) != int.from_bytes(payload[-CRC_BYTES:], "little"):
        raise Damage(file, offset, "a proposal's checksum does not fit")
    cursor = Cursor(payload[:-CRC_BYTES], file, offset)
    cursor.take(5)
    has_keys = bool(cursor.u8() & 1)
    cursor.take(2)
    opening = Opening(Leader(cursor.u64(), cursor.u64()), cursor.u64())
    first, count, length, part, parts = (
        cursor.u64(),
        cursor.u32(),
        cursor.u32(),
        cursor.u32(),
        cursor.u32(),
    )
    if length != cursor.left or count == 0:
        raise cursor.damage("a proposal's length or count does not fit")
    if part >= parts:
        raise cursor.damage(f"part {part} of an entry of {parts} parts")
    return Proposal(Header(opening, first, count, has_keys, parts), part, cursor.take(length))


def read_body(
    header: Header, body: bytes, file: Path | str = "", offset: int = 0
) -> tuple[Transaction, ...]:
    """The transactions of an entry, out of its body or the bodies of all its parts put together. Raises: Damage."""
    cursor = Cursor(body, file, offset)
    transactions = tuple(_read_transaction(cursor, header.first + n) for n in range(header.count))
    cursor.expect_end("the last transaction")
    if not header.has_keys and any(each.keyed for each in transactions):
        raise cursor.damage("a transaction has keys, and its entry says that none has")
    return transactions


def _read_transaction(cursor: Cursor, number: int) -> Transaction:
    count, length, keys = cursor.u32(), cursor.u32(), cursor.u32()
    offset = cursor.offset
    keyed = read_keyed(Cursor(cursor.take(keys), cursor.file, offset)) if keys else None
    offset = cursor.offset
    inner = Cursor(cursor.take(length), cursor.file, offset)
    effects = tuple(read_effect(inner) for _ in range(count))
    inner.expect_end(f"the effects of transaction {number}")
    return Transaction(number, effects, keyed)


def read_membership(payload: bytes, file: Path | str = "", offset: int = 0) -> Membership:
    """Raises: Damage."""
    cursor = Cursor(payload, file, offset)
    if (version := cursor.u8()) != 2:
        raise cursor.damage(f"a membership of version {version}; this program reads 2")
    voters = tuple(tuple(cursor.u64() for _ in range(cursor.u32())) for _ in range(cursor.u32()))
    members = tuple(
        Member(cursor.u64(), cursor.u64(), cursor.text32(), cursor.text32(), cursor.text32())
        for _ in range(cursor.u32())
    )
    return Membership(voters, members)
