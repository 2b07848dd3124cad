"""``samyama demo``: the whole mission on this machine, in less than a minute."""

from __future__ import annotations

import sys

import click
from rich.console import Console

__all__ = ["command"]


@click.command()
def command() -> None:
    """Start three processes, write, kill the leader, cut a node off, and show that nothing is lost.

    Cleans up after itself. Needs the neo4j Python driver. Exit code 1: a promise was not kept.

    \b
    Example: samyama demo
    """
    try:
        import neo4j  # noqa: F401
    except ImportError:
        click.echo("samyama demo: it uses the official driver: pip install neo4j", err=True)
        sys.exit(2)
    from samyama.demo import tell
    from samyama.demo.story import Broken
    from samyama.testing.node import StartFailed, Timeout

    console = Console() if sys.stdout.isatty() else Console(width=110)
    try:
        tell(console)
    except (Broken, StartFailed, Timeout, TimeoutError) as error:
        console.print(f"[bold red]A promise was not kept:[/bold red] {error}", highlight=False)
        sys.exit(1)
