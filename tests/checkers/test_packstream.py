"""The bare client's PackStream against the official driver's: what one writes the other reads, and the bytes are the
same."""

from __future__ import annotations

import io
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from neo4j._codec.packstream.v1 import PackableBuffer, Packer, UnpackableBuffer, Unpacker

from samyama.testing.bolt import Malformed, Structure, chunked, pack, unpack

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=300)
    | st.binary(max_size=300)
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=20) | st.dictionaries(st.text(max_size=20), inner, max_size=20)
    ),
    max_leaves=30,
)


def packed_by_driver(value: Any) -> bytes:
    buffer = PackableBuffer()
    Packer(buffer).pack(value)
    return bytes(buffer.data)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(values)
def test_both_write_the_same_bytes_and_read_what_was_meant(value: Any) -> None:
    data = pack(value)
    assert data == packed_by_driver(value)
    assert unpack(data) == value
    assert Unpacker(UnpackableBuffer(bytearray(data))).unpack() == value


@pytest.mark.parametrize("size", [15, 16, 255, 256, 65_535, 65_536])
def test_lengths_on_both_sides_of_each_form(size: int) -> None:
    for value in ("x" * size, b"x" * size, [1] * size, {f"k{i}": i for i in range(size)}):
        assert pack(value) == packed_by_driver(value)
        assert unpack(pack(value)) == value


def test_structures_stay_what_they_are() -> None:
    node = Structure(0x4E, [1, ["Person"], {"name": "Alice"}, "4:x:1"])
    assert unpack(pack([node, node])) == [node, node]
    assert math.isnan(unpack(pack(math.nan)))


def test_what_is_cut_or_has_more_behind_it_is_malformed() -> None:
    whole = pack({"a": [1, "text", 2.5, b"bytes", Structure(0x44, [1])]})
    for size in range(len(whole)):
        with pytest.raises(Malformed):
            unpack(whole[:size])
    with pytest.raises(Malformed, match="behind the end"):
        unpack(whole + b"\x00")
    for data in (b"\xc7", b"\xa1\x01\x01", b"\xa2\x81a\x01\x81a\x02", b"\x81\xff"):
        with pytest.raises(Malformed):
            unpack(data)


def test_out_of_range_is_an_error_not_a_wrap() -> None:
    for value in (2**63, -(2**63) - 1):
        with pytest.raises(OverflowError):
            pack(value)
    with pytest.raises(TypeError):
        pack(io.StringIO())


def test_chunks_hold_at_most_what_their_length_can_say() -> None:
    assert chunked(b"ab") == b"\x00\x02ab\x00\x00"
    data = chunked(bytes(70_000))
    assert data[:2] == b"\xff\xff"
    assert len(data) == 70_000 + 2 * 2 + 2
