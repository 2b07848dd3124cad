"""``samyama bench``: measure a server, or the set of figures that a release has to reach."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from samyama.bench.load import Generator

__all__ = ["command"]


@click.group()
def command() -> None:
    """Measure. What is measured runs on the cores that the measuring takes some of: the tables say how much."""


@command.command()
@click.argument("statement")
@click.option(
    "--address",
    "addresses",
    multiple=True,
    default=["127.0.0.1:7687"],
    show_default=True,
    help="host:port.",
)
@click.option("--connections", default=64, show_default=True)
@click.option(
    "--depth", default=1, show_default=True, help="Requests on their way on each connection."
)
@click.option("--threads", default=1, show_default=True, help="Of the generator.")
@click.option("--seconds", default=5.0, show_default=True)
@click.option("--warm-up-seconds", default=1.0, show_default=True)
@click.option(
    "--read-level",
    type=click.Choice(["linearizable", "bookmark", "stale"]),
    help="What reads promise.",
)
@click.option(
    "--parameter",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="sequence:FROM, random:FROM:UNTIL, bytes:LENGTH, a number, or a text.",
)
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the report there, too.",
)
def run(
    statement: str,
    addresses: tuple[str, ...],
    connections: int,
    depth: int,
    threads: int,
    seconds: float,
    warm_up_seconds: float,
    read_level: str | None,
    parameters: tuple[str, ...],
    json_file: Path | None,
) -> None:
    """Ask one STATEMENT of a running server, over and over.

    \b
    Example:
      samyama bench run 'MATCH (n:U {id: $id}) RETURN n.name' --parameter id=random:0:100000 --depth 16
    """
    import msgspec
    from rich.console import Console

    from samyama.bench.load import Load, run_load
    from samyama.bench.table import print_report

    load = Load(
        addresses=list(addresses),
        statement=statement,
        parameters=dict(_parameter(text) for text in parameters),
        connections=connections,
        depth=depth,
        threads=threads,
        warmup_ms=round(warm_up_seconds * 1000),
        duration_ms=round(seconds * 1000),
        read_level=read_level,
    )
    try:
        report = run_load(load)
    except (OSError, ValueError) as error:
        click.echo(f"samyama bench: {error}", err=True)
        sys.exit(2)
    print_report(Console(), report)
    if json_file is not None:
        json_file.write_bytes(
            msgspec.json.format(msgspec.json.encode({"load": load, "report": report}))
        )
    sys.exit(1 if report.errors else 0)


def _parameter(text: str) -> tuple[str, Generator]:
    from samyama.bench.load import Random, Sequence, Text, TextBytes

    name, equals, value = text.partition("=")
    if not equals:
        raise click.BadParameter(f"{text}: write NAME=VALUE")
    kind, *rest = value.split(":")
    try:
        match kind, rest:
            case "sequence", [start]:
                return name, Sequence(int(start))
            case "random", [start, until]:
                return name, Random(int(start), int(until))
            case "bytes", [length]:
                return name, TextBytes(int(length))
    except ValueError as error:
        raise click.BadParameter(f"{text}: {error}") from None
    return name, int(value) if value.lstrip("-").isdigit() else Text(value)


@command.command()
@click.option(
    "--seconds", default=5.0, show_default=True, help="Of each load, after a second of warming up."
)
@click.option(
    "--directory",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="On the disk that is to be measured; a temporary directory if it is left out.",
)
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write everything there, too.",
)
def suite(seconds: float, directory: Path | None, json_file: Path | None) -> None:
    """Start real processes and measure the set, beside its floors and goals. Exit code 1: a floor was missed.

    \b
    Example: samyama bench suite --seconds 2
    """
    import msgspec
    from rich.console import Console

    from samyama.bench.suite import Measured, measure
    from samyama.bench.table import print_suite

    def told(one: Measured) -> None:
        click.echo(f"{one.name}: {one.value:.6g}", err=True)

    with tempfile.TemporaryDirectory(prefix="samyama-bench-", dir=directory) as place:
        done = measure(Path(place), round(seconds * 1000), told)
    console = Console() if sys.stdout.isatty() else Console(width=140)
    print_suite(console, done)
    if json_file is not None:
        json_file.write_bytes(msgspec.json.format(msgspec.json.encode(done)))
    sys.exit(0 if all(one.reached for one in done.measured) else 1)
