"""PackStream version 1, the encoding of Bolt's values: plain and complete, and no more forgiving than it must be.

Structures stay what they are on the wire (:class:`Structure`: a tag and fields); nothing is turned into nodes or
dates, so a test sees exactly what was sent. Written for tests: it also sends what a well-behaved driver never would
(``raw`` bytes).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Malformed", "Structure", "pack", "unpack"]


class Malformed(ValueError):
    """Bytes that are no PackStream."""


@dataclass(frozen=True, slots=True)
class Structure:
    """A tagged structure: ``Structure(0x4E, [1, ["Person"], {}, "4:..."])`` is a node."""

    tag: int
    fields: list[Any] = field(default_factory=list)


def pack(value: Any) -> bytes:
    """The bytes of a value. Integers and lengths take the shortest form."""
    out = bytearray()
    _pack(out, value)
    return bytes(out)


def _pack(out: bytearray, value: Any) -> None:
    match value:
        case None:
            out.append(0xC0)
        case bool():
            out.append(0xC3 if value else 0xC2)
        case int():
            out += _integer(value)
        case float():
            out += struct.pack(">Bd", 0xC1, value)
        case str():
            data = value.encode("utf-8")
            out += _header(len(data), 0x80, 0xD0)
            out += data
        case bytes() | bytearray() | memoryview():
            out += _header(len(value), None, 0xCC)
            out += value
        case list() | tuple():
            out += _header(len(value), 0x90, 0xD4)
            for item in value:
                _pack(out, item)
        case dict():
            out += _header(len(value), 0xA0, 0xD8)
            for key, item in value.items():
                _pack(out, key)
                _pack(out, item)
        case Structure(tag, fields):
            assert len(fields) < 16, "a structure has at most fifteen fields"
            out += bytes((0xB0 | len(fields), tag))
            for item in fields:
                _pack(out, item)
        case _:
            raise TypeError(f"no PackStream form for {type(value).__name__}")


def _integer(value: int) -> bytes:
    if -16 <= value < 128:
        return struct.pack(">b", value)
    for marker, code, bits in ((0xC8, "b", 8), (0xC9, "h", 16), (0xCA, "i", 32), (0xCB, "q", 64)):
        if -(1 << bits - 1) <= value < 1 << bits - 1:
            return struct.pack(">B" + code, marker, value)
    raise OverflowError(f"{value} does not fit into 64 bits")


def _header(size: int, tiny: int | None, marker: int) -> bytes:
    """Length of a string, bytes, list or dictionary: ``tiny`` holds up to 15 in one byte, ``marker`` 8 bits, +1 16,
    +2 32."""
    if tiny is not None and size < 16:
        return bytes((tiny | size,))
    if size < 1 << 8:
        return struct.pack(">BB", marker, size)
    if size < 1 << 16:
        return struct.pack(">BH", marker + 1, size)
    return struct.pack(">BI", marker + 2, size)


def unpack(data: bytes | bytearray) -> Any:
    """The one value that ``data`` holds.

    Raises: Malformed: it is cut off, has bytes behind its end, or an unknown marker.
    """
    reader = _Reader(data)
    try:
        value = reader.value()
    except (IndexError, struct.error, UnicodeDecodeError) as error:
        raise Malformed(f"at byte {reader.at}: {error}") from error
    if reader.at != len(data):
        raise Malformed(f"{len(data) - reader.at} bytes behind the end")
    return value


class _Reader:
    __slots__ = ("at", "data")

    def __init__(self, data: bytes | bytearray) -> None:
        self.data, self.at = data, 0

    def value(self) -> Any:
        marker = self.data[self.at]
        self.at += 1
        if marker < 0x80:
            return marker
        if marker >= 0xF0:
            return marker - 0x100
        high, low = marker & 0xF0, marker & 0x0F
        if high == 0x80:
            return self._text(low)
        if high == 0x90:
            return [self.value() for _ in range(low)]
        if high == 0xA0:
            return self._map(low)
        if high == 0xB0:
            tag = self.data[self.at]
            self.at += 1
            return Structure(tag, [self.value() for _ in range(low)])
        return self._marked(marker)

    def _marked(self, marker: int) -> Any:
        match marker:
            case 0xC0:
                return None
            case 0xC1:
                return self._number(">d", 8)
            case 0xC2:
                return False
            case 0xC3:
                return True
            case 0xC8:
                return self._number(">b", 1)
            case 0xC9:
                return self._number(">h", 2)
            case 0xCA:
                return self._number(">i", 4)
            case 0xCB:
                return self._number(">q", 8)
            case 0xCC | 0xCD | 0xCE:
                return bytes(self._take(self._length(marker - 0xCC)))
            case 0xD0 | 0xD1 | 0xD2:
                return self._text(self._length(marker - 0xD0))
            case 0xD4 | 0xD5 | 0xD6:
                return [self.value() for _ in range(self._length(marker - 0xD4))]
            case 0xD8 | 0xD9 | 0xDA:
                return self._map(self._length(marker - 0xD8))
            case _:
                raise Malformed(f"at byte {self.at - 1}: no value begins with {marker:#04x}")

    def _number(self, code: str, size: int) -> Any:
        return struct.unpack(code, self._take(size))[0]

    def _length(self, step: int) -> int:
        return int(self._number((">B", ">H", ">I")[step], 1 << step))

    def _take(self, size: int) -> bytes | bytearray:
        piece = self.data[self.at : self.at + size]
        if len(piece) != size:
            raise Malformed(f"at byte {self.at}: {size} bytes are due, {len(piece)} are left")
        self.at += size
        return piece

    def _text(self, size: int) -> str:
        return self._take(size).decode("utf-8")

    def _map(self, size: int) -> dict[str, Any]:
        result = {}
        for _ in range(size):
            key = self.value()
            if not isinstance(key, str) or key in result:
                raise Malformed(f"{key!r} is no key, or stands twice")
            result[key] = self.value()
        return result
