"""``samyama backup``, ``samyama restore`` and ``samyama dump``."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import Progress

from samyama.cli.addresses import URI_DEFAULT, URI_VARIABLE, is_by_default
from samyama.exits import Exit

if TYPE_CHECKING:
    from samyama._database import Session
    from samyama.backup import Contents

__all__ = ["backup", "dump", "restore"]

_source_argument = click.argument("uri", required=False, envvar=URI_VARIABLE)
_path_option = click.option(
    "--path",
    type=click.Path(exists=True, file_okay=False),
    help="The directory of an embedded database that nobody has open, instead of a URI.",
)


@click.command()
@_source_argument
@_path_option
@click.option(
    "--to",
    "target",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write; it must not exist.",
)
@click.option(
    "--rescue",
    is_flag=True,
    help="--path belongs to a member of a larger cluster, which is lost: take what this member knew.",
)
def backup(uri: str | None, path: str | None, target: Path, rescue: bool) -> None:
    """Write everything in a database, at one moment, to a file.

    URI is bolt://HOST:PORT or neo4j://HOST:PORT, by default bolt://127.0.0.1:7687. Reads and writes go on meanwhile.
    The file is compressed, ends with a checksum, and is under its name only when it is whole and on the disk. Element
    ids and procedures of one's own are not kept.

    \b
    Example: samyama backup neo4j://127.0.0.1:7687 --to graph.backup
    """
    from samyama.backup import BackupFile, export_graph

    if rescue and path is None:
        raise click.UsageError("--rescue is about a directory: give --path")
    if rescue:
        click.echo("this member alone does not know whether its newest writes are there", err=True)
    with _session(uri, path, read_only=True, rescue=rescue) as session, _told(target):
        with export_graph(session, _program()) as export, _progress(export.contents) as note:
            contents = BackupFile(target).write(export.head, note(export.records()))
        click.echo(f"{target}: {_words(contents)}, log index {export.head.index}")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--into", "target", help="A URI of an empty database, or a directory to be made.")
@click.option("--check", "check_only", is_flag=True, help="Only say whether the file is whole.")
def restore(file: Path, target: str | None, check_only: bool) -> None:
    """Load a backup into an empty database.

    The whole FILE is checked before anything is written. A directory is made under another name and renamed when all
    is in it. A server's database has to be empty; when loading is broken off, it holds a part, and has to be emptied
    before it is tried again. Exit code 1: the file is damaged.

    \b
    Examples:
      samyama restore graph.backup --check
      samyama restore graph.backup --into ./graph
      samyama restore graph.backup --into neo4j://127.0.0.1:7687
    """
    from samyama.backup import BackupDamaged, BackupFile

    if check_only == (target is not None):
        raise click.UsageError("give either --into or --check")
    source = BackupFile(file)
    try:
        head, contents = source.check()
        if target is None:
            click.echo(
                f"{file}: whole; {_words(contents)}; of {head.created}, log index {head.index}"
            )
            return
        is_uri = "://" in target
        loaded = (_load_into_server if is_uri else _load_into_directory)(source, target, contents)
    except BackupDamaged as error:
        click.echo(f"samyama restore: {error}", err=True)
        sys.exit(Exit.NO)
    if loaded != contents:
        click.echo(f"samyama restore: {loaded} were loaded, not {contents}", err=True)
        sys.exit(Exit.BUG)
    click.echo(f"{target}: {_words(loaded)}")


@click.command()
@_source_argument
@_path_option
@click.option(
    "--format",
    "format_",
    type=click.Choice(["cypher", "jsonl"]),
    default="cypher",
    show_default=True,
    help="A script, or the lines of a backup.",
)
@click.option(
    "--to",
    "target",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write (default: standard output); it must not exist.",
)
def dump(uri: str | None, path: str | None, format_: str, target: Path | None) -> None:
    """Write everything in a database as a Cypher script, or as lines of JSON.

    The script makes the graph again on an empty database, here or on Neo4j: samyama shell -f FILE. Byte arrays have no
    literal in Cypher, so a graph with some can only be dumped as JSON.

    \b
    Examples:
      samyama dump > graph.cypher
      samyama dump --path ./graph --format jsonl | head -1
    """
    from samyama.backup import export_graph
    from samyama.backup.file import write_plain
    from samyama.backup.script import render_script

    with (
        _session(uri, path, read_only=True) as session,
        _told(target),
        export_graph(session, _program()) as export,
        _progress(export.contents) as note,
        _output(target) as out,
    ):
        if format_ == "jsonl":
            write_plain(out, export.head, note(export.records()))
        else:
            for statement in render_script(note(export.records())):
                out.write(statement.encode())
        out.flush()


@contextmanager
def _output(target: Path | None) -> Iterator[IO[bytes]]:
    if target is None:
        yield sys.stdout.buffer
        return
    with target.open("xb") as out:
        yield out


# ------------------------------------------------------------------------------------------------- loading


def _load_into_server(source: Any, target: str, contents: Contents) -> Contents:
    with _session(target, None, read_only=False) as session:
        return _load(session, source, contents, target)


def _load_into_directory(source: Any, target: str, contents: Contents) -> Contents:
    directory = Path(target)
    if directory.exists():
        click.echo(f"samyama restore: {directory} exists; give a directory to be made", err=True)
        sys.exit(Exit.WRONG_USE)
    temporary = directory.with_name(directory.name + ".part")
    if temporary.exists():
        shutil.rmtree(temporary)  # Of a restore that was broken off.
    try:
        with _session(None, str(temporary), read_only=False) as session:
            loaded = _load(session, source, contents, target)
        os.rename(temporary, directory)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return loaded


def _load(session: Session, source: Any, contents: Contents, target: str) -> Contents:
    from samyama.backup import NotEmpty, load_graph

    with _progress(contents) as note, _told(Path(target)):
        try:
            return load_graph(session, note(source.read()))
        except NotEmpty as error:
            click.echo(f"samyama restore: {target} is not empty: {error}", err=True)
            sys.exit(Exit.REFUSED)


# ------------------------------------------------------------------------------------------- both directions


def _program() -> str:
    import samyama

    return f"samyama {samyama.__version__}"


@contextmanager
def _session(
    uri: str | None, path: str | None, *, read_only: bool, rescue: bool = False
) -> Iterator[Session]:
    """A session on a server or on a directory; ends the program when there is none."""
    from samyama._database import open, open_lost_member
    from samyama._remote import Remote

    if path is not None and uri is not None and not is_by_default(uri):
        raise click.UsageError("give a URI or --path, not both")
    mode: Any = "READ" if read_only else "WRITE"
    try:
        if path is None:
            source: Any = Remote(uri or URI_DEFAULT, _program())
        else:
            source = open_lost_member(path) if rescue else open(path)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    except OSError as error:
        click.echo(f"samyama: {error}", err=True)
        sys.exit(Exit.REFUSED if path is not None else Exit.UNREACHABLE)
    try:
        yield source.session(default_access_mode=mode)
    finally:
        source.close()


@contextmanager
def _told(target: Path | None) -> Iterator[None]:
    """What the database, the disk or the connection refuses, in words and with the code for it."""
    from samyama.errors import SamyamaError

    try:
        yield
    except BrokenPipeError:
        raise  # Nobody reads what is printed any more.
    except FileExistsError as error:
        click.echo(f"samyama: {error}", err=True)
        sys.exit(Exit.WRONG_USE)
    except (SamyamaError, ValueError, TypeError) as error:
        click.echo(f"samyama: {error}", err=True)
        sys.exit(Exit.REFUSED)
    except ConnectionError as error:
        click.echo(f"samyama: {error}", err=True)
        sys.exit(Exit.UNKNOWN)
    except OSError as error:
        click.echo(f"samyama: {target or 'standard output'}: {error.strerror or error}", err=True)
        sys.exit(Exit.REFUSED)


@contextmanager
def _progress(contents: Contents) -> Iterator[Any]:
    """A bar on a terminal; gives a function that counts records as they pass."""
    console = Console(stderr=True)
    total = contents.schema + contents.nodes + contents.relationships
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("records", total=total)

        def note(records: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
            for number, record in enumerate(records, 1):
                yield record
                if number % 1_000 == 0:
                    bar.update(task, completed=number)

        yield note


def _words(contents: Contents) -> str:
    nodes = "node" if contents.nodes == 1 else "nodes"
    relationships = "relationship" if contents.relationships == 1 else "relationships"
    return (
        f"{contents.nodes:,} {nodes}, {contents.relationships:,} {relationships},"
        f" {contents.schema:,} indexes and constraints"
    )
