"""Reading bytes from front to back. Every length is checked against what is left; errors know where they are."""

from __future__ import annotations

import struct
from pathlib import Path

from samyama.inspect.damage import Damage

__all__ = ["Cursor"]


class Cursor:
    """Over ``data``, which stands at ``offset`` of ``file``."""

    __slots__ = ("_data", "_offset", "at", "file")

    def __init__(self, data: bytes, file: Path | str, offset: int = 0) -> None:
        self._data, self._offset, self.file = data, offset, file
        #: How much is read.
        self.at = 0

    @property
    def left(self) -> int:
        return len(self._data) - self.at

    @property
    def offset(self) -> int:
        """In the file."""
        return self._offset + self.at

    def damage(self, what: str) -> Damage:
        return Damage(self.file, self.offset, what)

    def take(self, count: int) -> bytes:
        if count > self.left:
            raise self.damage(f"cut short: {count} bytes are due, {self.left} are there")
        taken = self._data[self.at : self.at + count]
        self.at += count
        return taken

    def u8(self) -> int:
        if self.at >= len(self._data):
            raise self.damage("cut short: a byte is due")
        self.at += 1
        return self._data[self.at - 1]

    def u32(self) -> int:
        return int.from_bytes(self.take(4), "little")

    def u64(self) -> int:
        return int.from_bytes(self.take(8), "little")

    def f64(self) -> float:
        value: float = struct.unpack("<d", self.take(8))[0]
        return value

    def uint(self) -> int:
        """LEB128: seven bits a byte, least significant first."""
        value = shift = 0
        while True:
            byte = self.u8()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
        if value >> 64:
            raise self.damage("a number of more than 64 bits")
        return value

    def int_(self) -> int:
        """Zigzag."""
        raw = self.uint()
        return raw >> 1 ^ -(raw & 1)

    def count(self) -> int:
        """Of things that take at least a byte each."""
        count = self.uint()
        if count > self.left:
            raise self.damage(f"{count} items announced, {self.left} bytes left")
        return count

    def text(self) -> str:
        """``uint`` length and UTF-8."""
        return self._decode(self.take(self.count()))

    def text8(self) -> str:
        """A byte of length and UTF-8."""
        return self._decode(self.take(self.u8()))

    def text32(self) -> str:
        """u32 length and UTF-8."""
        return self._decode(self.take(self.u32()))

    def _decode(self, raw: bytes) -> str:
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise self.damage(f"text that is not UTF-8: {error}") from None

    def expect_end(self, what: str) -> None:
        if self.left:
            raise self.damage(f"{self.left} bytes are left behind {what}")
