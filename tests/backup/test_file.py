"""A backup file is whole or says that it is not; values come back as they were."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.embedded.test_literals import PLAIN

from samyama.backup import BackupDamaged, BackupFile, Contents
from samyama.backup.file import new_head, write_plain
from samyama.backup.values import decode, encode

RECORDS: list[dict[str, Any]] = [
    {"index": "CREATE INDEX i FOR (n:A) ON (n.x)"},
    {"n": 1, "l": ["A"], "p": {"x": 1}},
    {"n": 2, "l": [], "p": {"x": 1.0, "y": {"$date": [5]}}},
    {"r": 1, "t": "R", "s": 1, "e": 2, "p": {}},
]


@given(st.one_of(PLAIN, st.lists(PLAIN, max_size=3), st.binary(), st.just(float("inf"))))
def test_values_come_back_as_they_were(value: Any) -> None:
    back = decode(json.loads(json.dumps(encode(value))))
    assert back == value
    assert type(back) is type(value)


def test_not_a_number_comes_back() -> None:
    back = decode(encode(float("nan")))
    assert back != back


@pytest.mark.parametrize(
    "wrong", [{"$none": 1}, {"a": 1, "b": 2}, {"$bytes": "?"}, {"$date": [1, 2]}]
)
def test_what_is_no_value_is_refused(wrong: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        decode(wrong)


@pytest.fixture
def written(tmp_path: Path) -> BackupFile:
    file = BackupFile(tmp_path / "graph.backup")
    contents = file.write(new_head("test", 7, 2), RECORDS)
    assert contents == Contents(schema=1, nodes=2, relationships=1)
    return file


def test_what_is_written_is_read(written: BackupFile) -> None:
    head, contents = written.check()
    assert (head.index, head.term, head.program) == (7, 2, "test")
    assert contents == Contents(schema=1, nodes=2, relationships=1)
    assert list(written.read()) == RECORDS


def test_a_file_is_never_replaced_and_nothing_is_left_of_a_failure(written: BackupFile) -> None:
    with pytest.raises(FileExistsError):
        written.write(new_head("test", 1, 1), [])

    def broken() -> Any:
        yield RECORDS[0]
        raise OSError("the source is gone")

    other = BackupFile(written.path.with_name("other.backup"))
    with pytest.raises(OSError, match="the source is gone"):
        other.write(new_head("test", 1, 1), broken())
    assert [path.name for path in written.path.parent.iterdir()] == ["graph.backup"]


def test_a_file_cut_at_any_byte_is_refused(written: BackupFile) -> None:
    whole = written.path.read_bytes()
    cut = BackupFile(written.path.with_name("cut"))
    for length in range(len(whole)):
        cut.path.write_bytes(whole[:length])
        with pytest.raises(BackupDamaged):
            cut.check()


def test_a_flipped_bit_anywhere_in_the_lines_is_refused(written: BackupFile) -> None:
    plain = gzip.decompress(written.path.read_bytes())
    flipped = BackupFile(written.path.with_name("flipped"))
    for place in range(len(plain)):
        changed = bytearray(plain)
        changed[place] ^= 1
        # Packed again, so that only our own checks stand in the way.
        flipped.path.write_bytes(gzip.compress(bytes(changed), 1))
        with pytest.raises(BackupDamaged):
            flipped.check()


def test_a_flipped_bit_of_the_compressed_file_is_refused_or_harmless(written: BackupFile) -> None:
    whole = written.path.read_bytes()
    flipped = BackupFile(written.path.with_name("flipped"))
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 0x10
        flipped.path.write_bytes(bytes(changed))
        try:
            flipped.check()
        except BackupDamaged:
            continue
        assert list(flipped.read()) == RECORDS, "gzip's head holds bytes that mean nothing"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "no backup"),
        (b"hello\n", "no backup"),
        (
            b'{"samyama_backup": 9, "created": "", "program": ""}\n',
            "format 9; this program reads 1",
        ),
        (b'{"samyama_backup": 1, "created": "", "program": ""}\n', "the end is missing"),
        (b'{"samyama_backup": 1, "created": "", "program": ""}\n[1]\n', "line 2: no record"),
    ],
)
def test_what_is_no_backup_is_named(tmp_path: Path, text: bytes, said: str) -> None:
    file = BackupFile(tmp_path / "f")
    file.path.write_bytes(gzip.compress(text))
    with pytest.raises(BackupDamaged) as caught:
        file.check()
    assert said in str(caught.value)
    assert str(file.path) in str(caught.value)


def test_something_behind_the_end_is_refused(tmp_path: Path) -> None:
    out = io.BytesIO()
    write_plain(out, new_head("test", 1, 1), RECORDS)
    file = BackupFile(tmp_path / "f")
    file.path.write_bytes(gzip.compress(out.getvalue() + b"{}\n"))
    with pytest.raises(BackupDamaged, match="something follows the end"):
        file.check()
