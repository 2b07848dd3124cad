"""The file of a backup: lines of JSON, compressed; a head says what it is, an end that it is whole.

Written under a temporary name, flushed to the disk and then renamed: a file under its own name is complete. The format
is ``docs/format/backup.md``.
"""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import msgspec

__all__ = ["BackupDamaged", "BackupFile", "Contents", "Head"]

VERSION = 1
#: One line, decoded. The longest entity that the log takes is below it by far.
LINE_BYTES_MAX = 256 * 1024 * 1024
COMPRESSION_LEVEL = 6

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder()


class BackupDamaged(Exception):
    """The file is no backup, or is not whole; the message says what and where."""


class Head(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The first line. ``index`` and ``term``: where in the log the moment was that it was taken at."""

    samyama_backup: int = VERSION
    created: str
    program: str
    index: int | None = None
    term: int | None = None


class Contents(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How much there is: from the end of a file, or counted."""

    schema: int = 0
    nodes: int = 0
    relationships: int = 0


class _End(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The last line: how many lines of each kind, and the SHA-256 of all bytes before it, uncompressed."""

    end: Contents
    sha256: str


class BackupFile:
    """A backup that exists, or is to be written, under ``path``."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, head: Head, records: Iterable[dict[str, Any]]) -> Contents:
        """Write all records and make it durable.

        Raises: FileExistsError: there is a file of that name; a backup never replaces one.
        """
        if self.path.exists():
            raise FileExistsError(f"{self.path} exists; a backup does not replace a file")
        temporary = self.path.with_name(self.path.name + ".part")
        try:
            with temporary.open("wb") as raw:
                with gzip.GzipFile("", "wb", COMPRESSION_LEVEL, raw, mtime=0) as out:
                    contents = _write_lines(out.write, head, records)
                raw.flush()
                os.fsync(raw.fileno())
            temporary.rename(self.path)
            _sync_directory(self.path.parent)
        except BaseException:
            with suppress(FileNotFoundError):
                temporary.unlink()
            raise
        return contents

    def check(self, progress: Callable[[int], None] = lambda _: None) -> tuple[Head, Contents]:
        """Read everything, and say what it is.

        Args:
            progress: Told the number of records read, now and then.

        Raises: BackupDamaged: it is not a backup, or not whole.
        """
        with self._open() as lines:
            reader = _Reader(self.path, lines)
            for number, _ in enumerate(reader.records(), 1):
                if number % 10_000 == 0:
                    progress(number)
            assert reader.end is not None, "records end with the end, or raise"
            return reader.head, reader.end

    def read(self) -> Iterator[dict[str, Any]]:
        """The records: schema, then nodes, then relationships. Check the file first: here damage is found on the way.

        Raises: BackupDamaged: it is not a backup, or not whole.
        """
        with self._open() as lines:
            yield from _Reader(self.path, lines).records()

    def _open(self) -> gzip.GzipFile:
        try:
            return gzip.open(self.path, "rb")
        except OSError as error:
            raise BackupDamaged(f"{self.path}: {error.strerror or error}") from None


def new_head(program: str, index: int | None, term: int | None) -> Head:
    """A head for a backup that is taken now."""
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return Head(created=now, program=program, index=index, term=term)


def write_plain(out: IO[bytes], head: Head, records: Iterable[dict[str, Any]]) -> Contents:
    """The same lines, not compressed, into something that is open."""
    return _write_lines(out.write, head, records)


def _write_lines(
    write: Callable[[bytes], Any], head: Head, records: Iterable[dict[str, Any]]
) -> Contents:
    digest = hashlib.sha256()
    contents = Contents()

    def put(line: bytes) -> None:
        digest.update(line)
        write(line)

    put(_encoder.encode(head) + b"\n")
    for record in records:
        put(_encoder.encode(record) + b"\n")
        _count(contents, record)
    write(_encoder.encode(_End(end=contents, sha256=digest.hexdigest())) + b"\n")
    return contents


def _count(contents: Contents, record: dict[str, Any]) -> None:
    if "n" in record:
        contents.nodes += 1
    elif "r" in record:
        contents.relationships += 1
    else:
        contents.schema += 1


class _Reader:
    """Line by line, with what the end has to agree with."""

    def __init__(self, path: Path, lines: gzip.GzipFile) -> None:
        self._path = path
        self._lines = lines
        self._digest = hashlib.sha256()
        self._counted = Contents()
        self._number = 0
        self.end: Contents | None = None
        self.head = self._read_head()

    def _fail(self, why: str) -> BackupDamaged:
        return BackupDamaged(f"{self._path}, line {self._number}: {why}")

    def _next(self) -> bytes:
        self._number += 1
        try:
            line = self._lines.readline(LINE_BYTES_MAX)
        except (OSError, EOFError, zlib.error) as error:
            # gzip says of a torn or changed file that it ends too early, or that a CRC is wrong.
            raise self._fail(f"the compressed data are damaged or cut off: {error}") from None
        if line and not line.endswith(b"\n"):
            raise self._fail("the line has no end: the file is cut off")
        return line

    def _read_head(self) -> Head:
        line = self._next()
        try:
            head = msgspec.json.decode(line, type=Head)
        except msgspec.DecodeError as error:
            raise self._fail(f"this is no backup: {error}") from None
        if head.samyama_backup != VERSION:
            raise self._fail(
                f"format {head.samyama_backup}; this program reads {VERSION}: use the one that wrote it or a later one"
            )
        self._digest.update(line)
        return head

    def records(self) -> Iterator[dict[str, Any]]:
        while line := self._next():
            try:
                record = _decoder.decode(line)
            except msgspec.DecodeError as error:
                raise self._fail(f"no JSON: {error}") from None
            if not isinstance(record, dict):
                raise self._fail("no record")
            if "end" in record:
                self._check_end(line)
                return
            self._digest.update(line)
            _count(self._counted, record)
            yield record
        raise self._fail("the end is missing: the file is cut off")

    def _check_end(self, line: bytes) -> None:
        try:
            end = msgspec.json.decode(line, type=_End)
        except msgspec.DecodeError as error:
            raise self._fail(f"the end cannot be read: {error}") from None
        if end.sha256 != self._digest.hexdigest():
            raise self._fail("the checksum is wrong: what is before has been changed")
        if end.end != self._counted:
            raise self._fail(f"{end.end} were written, {self._counted} are there")
        if self._next():
            raise self._fail("something follows the end")
        self.end = end.end


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
