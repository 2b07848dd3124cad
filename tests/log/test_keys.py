"""The reader's table of keys forgets as the engine's does (``crates/server/src/keys/table.rs`` has the same checks)."""

from __future__ import annotations

import pytest

from samyama.inspect import Damage, Keyed, KeyTable, RelayKey
from samyama.inspect import keys as bounds
from samyama.inspect.cursor import Cursor
from samyama.inspect.keys import read_keyed


def keyed(
    relay: RelayKey | None = None, client: str | None = None, answers: bytes = b"\x09"
) -> Keyed:
    return Keyed(relay, client, 7 if client else 0, is_abandoned=False, answers=answers)


def relay(sequence: int, settled_below: int = 0, incarnation: int = 1, node: int = 2) -> RelayKey:
    return RelayKey(node, incarnation, sequence, settled_below)


def test_what_a_relaying_node_has_settled_is_forgotten() -> None:
    table = KeyTable()
    for sequence in range(1, 6):
        table.note(keyed(relay(sequence)), sequence, sequence)
    table.note(keyed(relay(7, settled_below=5)), 7, 7)
    assert list(table.relaying[2].kept) == [5, 7]
    table.note(keyed(relay(3)), 8, 8)
    assert list(table.relaying[2].kept) == [5, 7], "it was settled"
    table.note(keyed(relay(0, incarnation=2)), 9, 9)
    assert list(table.relaying[2].kept) == [0], "another process of that node"
    table.note(keyed(relay(8)), 10, 10)
    assert table.relay_keys == 1, "the old process is gone"


def test_of_two_transactions_with_one_key_the_first_stands() -> None:
    table = KeyTable()
    table.note(keyed(relay(1), "k"), 10, 20)
    table.note(keyed(relay(1), "k"), 11, 21)
    assert table.clients["k"].transaction.index == 10
    assert table.relaying[2].kept[1].index == 10


def test_the_oldest_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "CLIENT_KEYS_MAX", 3)
    monkeypatch.setattr(bounds, "RELAY_KEYS_MAX", 3)
    monkeypatch.setattr(bounds, "RELAYING_NODES_MAX", 2)
    table = KeyTable()
    for number in range(5):
        table.note(keyed(relay(number), f"k{number}"), number, number)
    assert list(table.clients) == ["k2", "k3", "k4"]
    assert list(table.relaying[2].kept) == [2, 3, 4]
    assert table.relaying[2].settled_below == 2
    table.note(keyed(relay(0, node=3)), 6, 6)
    table.note(keyed(relay(0, node=4)), 7, 7)
    assert sorted(table.relaying) == [3, 4], "node 2 has been silent for longest"


def test_answers_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "CLIENT_KEYS_BYTES_MAX", 1_000)
    table = KeyTable()
    table.note(keyed(client="a", answers=bytes(600)), 1, 1)
    table.note(keyed(client="b", answers=bytes(200)), 2, 2)
    assert list(table.clients) == ["b"]
    assert table.client_bytes == 128 + 1 + 200


def test_keys_that_are_cut_or_too_long_are_damage() -> None:
    raw = (
        bytes([3])
        + b"".join(word.to_bytes(8, "little") for word in (2, 1, 5, 4, 7))
        + bytes([2])
        + "ä".encode()
        + (3).to_bytes(4, "little")
        + b"abc"
    )
    whole = read_keyed(Cursor(raw, "here"))
    assert whole == Keyed(RelayKey(2, 1, 5, 4), "ä", 7, is_abandoned=False, answers=b"abc")
    for wrong in (
        *(raw[:length] for length in range(len(raw))),
        raw + b"\0",
        b"\x04" + raw[1:],
        b"\x08" + raw[1:],
    ):
        with pytest.raises(Damage):
            read_keyed(Cursor(wrong, "here"))
