"""``samyama log``: look at a node's data directory without a node."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.progress import Progress

from samyama.exits import Exit
from samyama.inspect import Damage, read_log, replay, verify
from samyama.inspect.directory import Progress as Note
from samyama.inspect.render import (
    describe_damage,
    log_lines,
    plain,
    record_documents,
    verdict_lines,
)

__all__ = ["command", "noting"]

DIRECTORY = click.Path(exists=True, file_okay=False, path_type=Path)


@contextmanager
def noting() -> Iterator[Note]:
    """Show how far reading is, on a terminal, once it takes a while."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        tasks: dict[str, Any] = {}

        def note(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=total)
            progress.update(tasks[what], completed=done)

        yield note


def log_directory(directory: Path) -> Path:
    """``log`` of a data directory, or a directory of segments itself."""
    inner = directory / "log"
    found = inner if inner.is_dir() else directory
    if not any(found.glob("*.wal")):
        raise click.BadParameter(f"{directory}: there is no log in it", param_hint="'DIRECTORY'")
    return found


@click.group()
def command() -> None:
    """Look at a node's log on disk. Nothing is changed; the node may be running.

    DIRECTORY is the node's data directory (node.data_directory).
    """


@command.command()
@click.argument("directory", type=DIRECTORY)
@click.option("--from", "first", type=int, help="First log index of the entries shown.")
@click.option("--to", "last", type=int, help="Last log index of the entries shown.")
@click.option("--effects", is_flag=True, help="Below each entry what its transactions did.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a record, a line each.")
def show(
    directory: Path, first: int | None, last: int | None, effects: bool, as_json: bool
) -> None:
    """Every record: votes, entries, truncations, purges, commit marks.

    A bar before a record's number says that a flush ended there. Exit code 0: all was read. 1: damage, named last.

    \b
    Example: samyama log show data --from 100 --to 120 --effects
    """
    with noting() as note:
        log = read_log(
            log_directory(directory), progress=lambda done, total: note("log", done, total)
        )
    if as_json:
        for document in record_documents(log, first=first, last=last):
            click.echo(msgspec.json.encode(document))
    else:
        for line in log_lines(log, first=first, last=last, effects=effects):
            click.echo(line)
    if log.damage is not None:
        click.echo(f"DAMAGED {log.damage}", err=True)
        sys.exit(Exit.NO)


@command.command("verify")
@click.argument("directory", type=DIRECTORY)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def verify_command(directory: Path, as_json: bool) -> None:
    """Does everything fit: identity, every record and proposal, every snapshot with its fingerprint?

    Exit code 0: yes (a torn tail is no damage). 1: no, and what, where. Reads a million nodes in about half a minute.

    \b
    Example: samyama log verify data
    """
    with noting() as note:
        verdict = verify(directory, note)
    if as_json:
        log = verdict.log
        document = {
            "identity": plain(verdict.identity),
            "state": plain(log.state) if log else None,
            "records": sum(len(segment.records) for segment in log.segments) if log else 0,
            "tear": plain(log.tear) if log else None,
            "snapshots": {
                str(file): plain(content) | {"fingerprint": f"{content.fingerprint:032x}"}
                for file, content in verdict.snapshots.items()
            },
            "damages": [describe_damage(damage) for damage in verdict.damages],
        }
        click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2))
    else:
        for line in verdict_lines(verdict):
            click.echo(line)
    sys.exit(Exit.NO if verdict.damages else Exit.DONE)


@command.command()
@click.argument("directory", type=DIRECTORY)
@click.option(
    "--at", type=int, help="After this log index; else after all there is, committed or not."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def graph(directory: Path, at: int | None, as_json: bool) -> None:
    """The graph that snapshot and log come to: counts, and the fingerprint that nodes show in /status.

    Directories of two nodes hold the same graph if it is the same at the same index. Exit code 1: damage, or that index
    is not there.

    \b
    Example: samyama log graph data --at 1200
    """
    try:
        with noting() as note:
            log_directory(directory)
            found = replay(directory, at, note)
    except (Damage, ValueError) as problem:
        click.echo(str(problem), err=True)
        sys.exit(Exit.NO)
    document = {
        "index": found.index,
        "transaction_number": found.graph.transaction_number,
        "nodes": len(found.graph.nodes),
        "relationships": len(found.graph.relationships),
        "fingerprint": f"{found.graph.fingerprint:032x}",
        "client_keys": len(found.keys.clients),
        "relay_keys": found.keys.relay_keys,
        "fenced": found.fenced,
    }
    if as_json:
        click.echo(msgspec.json.encode(document))
        return
    for name, value in document.items():
        if value not in (None, []):
            click.echo(f"{name.replace('_', ' '):<19} {value}")
