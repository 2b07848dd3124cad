"""``samyama snapshot``: look at a snapshot file without a node."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec

from samyama.cli.log import noting
from samyama.exits import Exit
from samyama.inspect import Damage, open_snapshot
from samyama.inspect.render import plain, snapshot_lines, state_document

__all__ = ["command"]


@click.group()
def command() -> None:
    """Look at a snapshot on disk. Nothing is changed; the node may be running."""


@command.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--head", "head_only", is_flag=True, help="Do not read the graph, only what stands before it."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def show(file: Path, head_only: bool, as_json: bool) -> None:
    """What is in FILE (snapshots/snap-... of a data directory); reads all of it and computes its fingerprint anew.

    Exit code 0: it fits. 1: it is damaged; what, and where.

    \b
    Example: samyama snapshot show data/snapshots/snap-0000000000000bb8-0000000000000001
    """
    try:
        with open_snapshot(file) as snapshot, noting() as note:
            content = None
            if not head_only:
                content = snapshot.scan(lambda done, total: note(file.name, done, total))
    except Damage as damage:
        click.echo(f"DAMAGED {damage}", err=True)
        sys.exit(Exit.NO)
    if as_json:
        header = plain(snapshot.header) | {"fingerprint": f"{snapshot.header.fingerprint:032x}"}
        document = {
            "head": plain(snapshot.head),
            "state": state_document(snapshot.state),
            "graph": header,
        }
        if content is not None:
            document["content"] = plain(content) | {"fingerprint": f"{content.fingerprint:032x}"}
        click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2))
        return
    for line in snapshot_lines(snapshot, content):
        click.echo(line)
