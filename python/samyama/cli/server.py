"""``samyama server``: run one node until it is told to stop."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from threading import Event
from types import FrameType

import click
import msgspec

from samyama.cluster.joining import CannotJoin, settle
from samyama.config import ConfigError, load
from samyama.cypher.procedures import defined
from samyama.exits import Exit

__all__ = ["command"]

#: How often the main thread looks for a signal; signals themselves interrupt nothing in Rust.
LOOK_EVERY_S = 0.1
DISK_FAILED = (
    "samyama server: nothing was acknowledged since. Free space or replace the disk, then start the node again; "
    "if it is then refused, remove it from the cluster and add a new one, or restore a backup. "
    "`samyama log verify` says what is damaged."
)


def _parse_member(text: str) -> dict[str, object]:
    """``1,peer=host:7688,bolt=host:7687,http=host:7474``."""
    first, *rest = text.split(",")
    try:
        member: dict[str, object] = {"id": int(first)}
        member |= dict(part.split("=", 1) for part in rest)
    except ValueError:
        raise click.BadParameter(
            f"`{text}`: write ID,peer=HOST:PORT,bolt=HOST:PORT,http=HOST:PORT"
        ) from None
    return member


@click.command()
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    help="A TOML file (default: samyama.toml).",
)
@click.option("--id", "node_id", type=int, help="This node's number.")
@click.option("--data", "data_directory", help="Where its log and snapshots live.")
@click.option("--bolt", help="host:port for Bolt clients.")
@click.option("--peer", help="host:port for the other nodes.")
@click.option("--http", help="host:port for metrics, health and status.")
@click.option(
    "--member",
    "members",
    multiple=True,
    help="A first member: ID,peer=..,bolt=..,http=..; once for each.",
)
@click.option(
    "--join",
    "join",
    multiple=True,
    help="HTTP host:port of a member: join its cluster, and wait for `samyama cluster add`.",
)
def command(
    config_file: Path | None,
    node_id: int | None,
    data_directory: str | None,
    bolt: str | None,
    peer: str | None,
    http: str | None,
    members: tuple[str, ...],
    join: tuple[str, ...],
) -> None:
    """Run one node.

    SIGTERM, Ctrl-C and a closed terminal (SIGHUP) let open transactions end, for five seconds at most, hand leadership
    over, and stop; another one meanwhile changes nothing. Exit code 0: stopped in order. 2: the configuration is wrong.
    4: it could not start: a port or the directory is in use, is another node's, or files are damaged. 6: its disk
    failed while it ran. 70: it failed otherwise. What happened, and the way out, stand on standard error. A full disk
    ends no node.

    \b
    Example: samyama server --data ./graph
    """
    flags = {
        "node.id": node_id,
        "node.data_directory": data_directory,
        "listen.bolt": bolt,
        "listen.peer": peer,
        "listen.http": http,
        "cluster.members": [_parse_member(text) for text in members] or None,
        "cluster.join": list(join) or None,
    }
    try:
        settings = settle(load(config_file, flags=flags).settings)
    except ConfigError as error:
        click.echo(f"samyama server: {error}", err=True)
        sys.exit(Exit.WRONG_USE)
    except CannotJoin as error:
        click.echo(f"samyama server: {error}", err=True)
        sys.exit(Exit.REFUSED)
    if not settings.storage.fsync:
        click.echo("WARNING: storage.fsync is off: a power cut loses acknowledged writes", err=True)
    try:
        file = settings.procedures.file
        procedures = defined.encode(defined.read_file(Path(file)) if file else [])
    except ValueError as error:
        click.echo(f"samyama server: procedures.file: {error}", err=True)
        sys.exit(Exit.WRONG_USE)
    code = run(msgspec.json.encode(settings).decode(), procedures)
    # Python, on its way out, gives signals back to the system: one that comes then would end the process with a code
    # of its own, although the node has stopped in order.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def run(document: str, procedures: bytes = b"") -> int:
    """Run a node with this configuration and these procedures; the exit code."""
    from samyama._core import Node

    asked_to_stop = Event()

    def stop(_: int, __: FrameType | None) -> None:
        asked_to_stop.set()

    numbers = [signal.SIGTERM, signal.SIGINT]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        # The terminal was closed. Whoever wants to outlive it has said so (nohup).
        numbers.append(signal.SIGHUP)
    for number in numbers:
        signal.signal(number, stop)
    try:
        node = Node.start(document, procedures)
    except ValueError as error:
        click.echo(f"samyama server: {error}", err=True)
        return Exit.WRONG_USE
    except OSError as error:
        click.echo(f"samyama server: {error}", err=True)
        return Exit.REFUSED
    try:
        while not node.wait(LOOK_EVERY_S):
            if asked_to_stop.is_set():
                # Returns when it has stopped; signals that come meanwhile ask for nothing new.
                node.stop(True)
    except OSError as error:
        click.echo(f"samyama server: the node's disk failed: {error}", err=True)
        click.echo(DISK_FAILED, err=True)
        return Exit.DISK_FAILED
    except RuntimeError as error:
        click.echo(f"samyama server: the node failed: {error}", err=True)
        return Exit.BUG
    return Exit.DONE
