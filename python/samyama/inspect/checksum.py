"""CRC32C (Castagnoli) in plain Python, fast enough for large files.

A byte at a time costs 0.1 us. Long inputs are cut into lanes of equal length that advance together: one step of a
table-driven CRC is four look-ups and exclusive ors, and ``bytes.translate`` does a look-up for every lane at once. In
the end the lanes' checksums are put together: what n further bytes do to a checksum is linear, so four small tables
say it.
"""

from __future__ import annotations

from functools import cache

__all__ = ["crc32c"]

_POLYNOMIAL = 0x82F63B78
#: Below this a byte at a time is faster.
_LANES_FROM_BYTES = 4096


def _table() -> list[int]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ (_POLYNOMIAL if crc & 1 else 0)
        table.append(crc)
    return table


_TABLE = _table()
#: Byte k of every entry of the table, for ``bytes.translate``.
_PLANES = [bytes(entry >> 8 * k & 0xFF for entry in _TABLE) for k in range(4)]


def crc32c(data: bytes | bytearray | memoryview, crc: int = 0) -> int:
    """The checksum of ``data``; with ``crc``, of what that belongs to followed by ``data``.

    Example:
        >>> hex(crc32c(b"123456789"))
        '0xe3069283'
        >>> crc32c(b"6789", crc32c(b"12345")) == crc32c(b"123456789")
        True
    """
    view = memoryview(data)
    if len(view) >= _LANES_FROM_BYTES:
        # Long lanes for long inputs: steps cost more than putting together.
        length = 64 if len(view) < 1 << 16 else 256
        lanes = len(view) // length
        crc = _in_lanes(bytes(view[: lanes * length]), length, crc)
        view = view[lanes * length :]
    state = crc ^ 0xFFFFFFFF
    for byte in view:
        state = _TABLE[(state ^ byte) & 0xFF] ^ state >> 8
    return state ^ 0xFFFFFFFF


def _in_lanes(data: bytes, length: int, crc: int) -> int:
    count = len(data) // length
    zeros = bytes(count)
    # Byte k of every lane's state. Only the first lane continues what was before; the others begin with nothing.
    first = crc ^ 0xFFFFFFFF
    states = [bytes([first >> 8 * k & 0xFF]) + zeros[1:] for k in range(4)]
    for step in range(length):
        index = _xor(states[0], data[step::length], count)
        looked_up = [index.translate(plane) for plane in _PLANES]
        states = [
            _xor(looked_up[0], states[1], count),
            _xor(looked_up[1], states[2], count),
            _xor(looked_up[2], states[3], count),
            looked_up[3],
        ]
    advance = _advance(length)
    state = 0
    for low, second, third, high in zip(*states, strict=True):
        state = (
            advance[0][state & 0xFF]
            ^ advance[1][state >> 8 & 0xFF]
            ^ advance[2][state >> 16 & 0xFF]
            ^ advance[3][state >> 24]
            ^ (low | second << 8 | third << 16 | high << 24)
        )
    return state ^ 0xFFFFFFFF


def _xor(a: bytes, b: bytes, count: int) -> bytes:
    return (int.from_bytes(a, "little") ^ int.from_bytes(b, "little")).to_bytes(count, "little")


@cache
def _advance(length: int) -> list[list[int]]:
    """What ``length`` zero bytes do to a state, as a table for each of its four bytes."""

    def advanced(state: int) -> int:
        for _ in range(length):
            state = _TABLE[state & 0xFF] ^ state >> 8
        return state

    bits = [advanced(1 << bit) for bit in range(32)]
    tables = []
    for k in range(4):
        table = [0] * 256
        for byte in range(256):
            for bit in range(8):
                if byte >> bit & 1:
                    table[byte] ^= bits[8 * k + bit]
        tables.append(table)
    return tables
