"""The fingerprint of a graph: the sum, modulo 2**128, of a hash of every fact. docs/format/fingerprint.md."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from enum import IntEnum

from samyama.inspect.values import (
    Date,
    DateTime,
    Duration,
    LocalDateTime,
    LocalTime,
    NodeReference,
    Path,
    Point,
    RelationshipReference,
    Time,
    Value,
)

__all__ = ["MODULUS", "Fact", "hash_fact", "words_of_text", "words_of_value"]

MODULUS = 1 << 128
_MASK = (1 << 64) - 1
_LOW_START, _HIGH_START = 0x243F6A8885A308D3, 0x13198A2E03707344
_LOW_FACTOR, _HIGH_FACTOR = 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F


class Fact(IntEnum):
    """What a fact is about."""

    node = 1
    label = 2
    node_property = 3
    relationship = 4
    relationship_property = 5
    token = 6
    index = 7
    constraint = 8


def hash_fact(fact: Fact, words: Iterable[int]) -> int:
    """128 bits for one fact; words may be negative, they are taken modulo 2**64."""
    low = (_LOW_START ^ fact) * _LOW_FACTOR & _MASK
    low ^= low >> 29
    high = _HIGH_START
    high = ((high << 23 & _MASK | high >> 41) ^ fact) * _HIGH_FACTOR & _MASK
    high ^= high >> 32
    for word in words:
        word &= _MASK
        low = (low ^ word) * _LOW_FACTOR & _MASK
        low ^= low >> 29
        high = ((high << 23 & _MASK | high >> 41) ^ word) * _HIGH_FACTOR & _MASK
        high ^= high >> 32
    return _mix(high ^ (low << 32 & _MASK | low >> 32)) << 64 | _mix(low)


def _mix(x: int) -> int:
    x ^= x >> 33
    x = x * 0xFF51AFD7ED558CCD & _MASK
    x ^= x >> 33
    x = x * 0xC4CEB9FE1A85EC53 & _MASK
    return x ^ x >> 33


def words_of_bytes(raw: bytes) -> list[int]:
    """The length, then eight bytes a word, the last one filled up with zeros."""
    return [len(raw), *(int.from_bytes(raw[at : at + 8], "little") for at in range(0, len(raw), 8))]


def words_of_text(text: str) -> list[int]:
    return words_of_bytes(text.encode())


def _bits(number: float) -> int:
    bits: int = struct.unpack("<Q", struct.pack("<d", number))[0]
    return bits


def words_of_value(value: Value) -> list[int]:
    """A number for the kind, then what it holds."""
    match value:
        case str():
            return [4, *words_of_text(value)]
        case bool():
            return [1, int(value)]
        case int():
            return [2, value]
    return list(_words(value))


def _words(value: Value) -> Iterator[int]:
    match value:
        case None:
            yield 0
        case float():
            yield from (3, _bits(value))
        case bytes():
            yield 5
            yield from words_of_bytes(value)
        case list():
            yield from (6, len(value))
            for item in value:
                yield from words_of_value(item)
        case dict():
            yield from (7, len(value))
            for key, item in value.items():
                yield from words_of_text(key)
                yield from words_of_value(item)
        case NodeReference(id=id):
            yield from (8, id)
        case RelationshipReference(id=id):
            yield from (9, id)
        case Path(start=start, steps=steps):
            yield from (10, start)
            for relationship, forward, node in steps:
                yield from (relationship, int(forward), node)
        case Date(days=days):
            yield from (11, days)
        case LocalTime(nanoseconds=nanoseconds):
            yield from (12, nanoseconds)
        case Time(nanoseconds=nanoseconds, offset_seconds=offset):
            yield from (13, nanoseconds, offset)
        case LocalDateTime(seconds=seconds, nanoseconds=nanoseconds):
            yield from (14, seconds, nanoseconds)
        case DateTime(seconds=seconds, nanoseconds=nanoseconds, offset_seconds=offset, zone=zone):
            yield from (15, seconds, nanoseconds)
            yield from (0, offset) if zone is None else (*words_of_text(zone), offset)
        case Duration():
            yield from (16, value.months, value.days, value.seconds, value.nanoseconds)
        case Point(srid=srid, coordinates=coordinates):
            yield from (17, srid)
            yield from map(_bits, coordinates)
            if len(coordinates) == 2:
                yield 0
        case _:
            raise AssertionError(f"no fingerprint for a {type(value).__name__}")
