"""Indexes and constraints as they stand in effects and snapshots: docs/format/effects.md."""

from __future__ import annotations

import msgspec

from samyama.inspect.cursor import Cursor
from samyama.inspect.fingerprint import Fact, hash_fact, words_of_text

__all__ = ["Constraint", "Index", "read_constraint", "read_index"]

INDEX_KINDS = ("range", "text", "point", "fulltext", "vector")
CONSTRAINT_KINDS = ("unique", "existence", "key", "type")

#: 0 and a label, or 1 and a relationship type.
Entity = tuple[int, int]


class Index(msgspec.Struct, frozen=True):
    """``details``: what the kind adds to the fingerprint."""

    kind: str
    id: int
    name: str
    entity: Entity
    keys: tuple[int, ...]
    owner: str | None
    others: tuple[Entity, ...] = ()
    details: tuple[int, ...] = ()

    @property
    def fact(self) -> int:
        words = [self.id, *words_of_text(self.name), *self.entity, *self.keys]
        for other in self.others:
            words += other
        return hash_fact(Fact.index, [*words, *self.details])


class Constraint(msgspec.Struct, frozen=True):
    kind: str
    name: str
    entity: Entity
    keys: tuple[int, ...]
    #: The type of a type constraint.
    type: str = ""
    #: The id of the index that belongs to it.
    index: int | None = None

    @property
    def fact(self) -> int:
        number = (1 << 64) - 1 if self.index is None else self.index
        words = [number, *words_of_text(self.name), *self.entity, *self.keys]
        if self.kind != "unique":
            words.append(CONSTRAINT_KINDS.index(self.kind))
        if self.kind == "type":
            words += words_of_text(self.type)
        return hash_fact(Fact.constraint, words)


def _read_entity(cursor: Cursor) -> Entity:
    tag = cursor.u8()
    if tag not in (0, 1):
        raise cursor.damage(f"unknown kind of entity {tag}")
    return tag, cursor.uint()


def _read_keys(cursor: Cursor) -> tuple[int, ...]:
    return tuple(cursor.uint() for _ in range(cursor.count()))


def read_index(cursor: Cursor) -> Index:
    tag = cursor.u8()
    if tag >= len(INDEX_KINDS):
        raise cursor.damage(f"unknown kind of index {tag}")
    others: tuple[Entity, ...] = ()
    details: tuple[int, ...] = (tag,) if tag else ()
    if tag == 3:
        others = tuple(_read_entity(cursor) for _ in range(cursor.count()))
        details = (3, *words_of_text(cursor.text()))
    elif tag == 4:
        details = (4, cursor.uint(), cursor.u8())
    id, name = cursor.uint(), cursor.text()
    entity, keys = _read_entity(cursor), _read_keys(cursor)
    owner_tag = cursor.u8()
    if owner_tag not in (0, 1):
        raise cursor.damage(f"unknown owner tag {owner_tag}")
    owner = cursor.text() if owner_tag else None
    return Index(INDEX_KINDS[tag], id, name, entity, keys, owner, others, details)


def read_constraint(cursor: Cursor) -> tuple[Constraint, Index | None]:
    """A constraint, and the index that comes with its kind."""
    tag = cursor.u8()
    if tag >= len(CONSTRAINT_KINDS):
        raise cursor.damage(f"unknown kind of constraint {tag}")
    kind = CONSTRAINT_KINDS[tag]
    type = cursor.text() if kind == "type" else ""
    name, entity, keys = cursor.text(), _read_entity(cursor), _read_keys(cursor)
    if kind not in ("unique", "key"):
        return Constraint(kind, name, entity, keys, type), None
    number, index = cursor.uint(), read_index(cursor)
    return Constraint(kind, name, entity, keys, type, number), index
