"""What an entry of the log carries: transactions with their effects (docs/format/entry.md), or a membership."""

from __future__ import annotations

from pathlib import Path

import msgspec

from samyama.inspect.checksum import crc32c
from samyama.inspect.cursor import Cursor
from samyama.inspect.damage import Damage
from samyama.inspect.effects import Effect, read_effect
from samyama.inspect.records import Leader

__all__ = [
    "Member",
    "Membership",
    "Opening",
    "Proposal",
    "Transaction",
    "read_membership",
    "read_proposal",
]

HEADER_BYTES, CRC_BYTES = 48, 4


class Opening(msgspec.Struct, frozen=True):
    """Which opening of which leader's lane computed an entry."""

    leader: Leader
    opened_at: int


class Transaction(msgspec.Struct, frozen=True):
    number: int
    effects: tuple[Effect, ...]


class Proposal(msgspec.Struct, frozen=True):
    """All or nothing."""

    opening: Opening
    transactions: tuple[Transaction, ...]

    @property
    def first(self) -> int:
        return self.transactions[0].number

    @property
    def last(self) -> int:
        return self.transactions[-1].number


class Member(msgspec.Struct, frozen=True):
    id: int
    peer: str
    bolt: str
    http: str


class Membership(msgspec.Struct, frozen=True):
    """``voters``: one set, or two while one is being replaced."""

    voters: tuple[tuple[int, ...], ...]
    members: tuple[Member, ...]


def read_proposal(payload: bytes, file: Path | str = "", offset: int = 0) -> Proposal:
    """Raises: Damage."""
    if len(payload) < HEADER_BYTES + CRC_BYTES or payload[:4] != b"SMYE":
        raise Damage(file, offset, "a proposal does not begin with SMYE")
    if payload[4] != 1:
        raise Damage(file, offset + 4, f"a proposal of version {payload[4]}; this program reads 1")
    if crc32c(payload[:-CRC_BYTES]) != int.from_bytes(payload[-CRC_BYTES:], "little"):
        raise Damage(file, offset, "a proposal's checksum does not fit")
    cursor = Cursor(payload[:-CRC_BYTES], file, offset)
    cursor.take(8)
    opening = Opening(Leader(cursor.u64(), cursor.u64()), cursor.u64())
    first, count, length = cursor.u64(), cursor.u32(), cursor.u32()
    if length != cursor.left or count == 0:
        raise cursor.damage("a proposal's length or count does not fit")
    transactions = tuple(_read_transaction(cursor, first + n) for n in range(count))
    cursor.expect_end("the last transaction")
    return Proposal(opening, transactions)


def _read_transaction(cursor: Cursor, number: int) -> Transaction:
    count, length = cursor.u32(), cursor.u32()
    offset = cursor.offset
    inner = Cursor(cursor.take(length), cursor.file, offset)
    effects = tuple(read_effect(inner) for _ in range(count))
    inner.expect_end(f"the effects of transaction {number}")
    return Transaction(number, effects)


def read_membership(payload: bytes, file: Path | str = "", offset: int = 0) -> Membership:
    """Raises: Damage."""
    cursor = Cursor(payload, file, offset)
    if (version := cursor.u8()) != 1:
        raise cursor.damage(f"a membership of version {version}; this program reads 1")
    voters = tuple(tuple(cursor.u64() for _ in range(cursor.u32())) for _ in range(cursor.u32()))
    members = tuple(
        Member(cursor.u64(), cursor.text32(), cursor.text32(), cursor.text32())
        for _ in range(cursor.u32())
    )
    return Membership(voters, members)
