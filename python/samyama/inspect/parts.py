"""Entries too large for one proposal, put together again: the rules are in docs/format/entry.md."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

import msgspec

from samyama.inspect.entry import Header, Proposal, Transaction, read_body
from samyama.inspect.records import Leader

__all__ = ["Collector", "Parts", "Standing"]


class Parts(msgspec.Struct, frozen=True):
    """The first parts of an entry whose last part has not come."""

    header: Header
    bodies: tuple[bytes, ...]


class Standing(Enum):
    """Of a part that has no transactions to show: more are due, or it is not the one that had to come."""

    waits = "waits"
    misplaced = "misplaced"


class Collector:
    """Takes the entries of a log in their order. The fence is the caller's: only what passes it is to be taken."""

    def __init__(self, parts: Parts | None = None) -> None:
        self.header = parts.header if parts else None
        self.bodies = list(parts.bodies) if parts else []

    def drop(self) -> None:
        self.header, self.bodies = None, []

    def see(self, leader: Leader) -> None:
        """An entry of this leader comes, whatever it carries: parts of another leader's will not be completed."""
        if self.header is not None and self.header.opening.leader != leader:
            self.drop()

    def take(
        self, proposal: Proposal, file: Path | str = "", offset: int = 0
    ) -> tuple[Transaction, ...] | Standing:
        """What becomes visible with this proposal, if anything does. Raises: Damage."""
        if proposal.is_whole:
            self.drop()
            return read_body(proposal.header, proposal.body, file, offset)
        if proposal.part == 0:
            self.header, self.bodies = proposal.header, []
        if self.header != proposal.header or len(self.bodies) != proposal.part:
            self.drop()
            return Standing.misplaced
        self.bodies.append(proposal.body)
        if len(self.bodies) < proposal.header.parts:
            return Standing.waits
        body = b"".join(self.bodies)
        self.drop()
        return read_body(proposal.header, body, file, offset)
