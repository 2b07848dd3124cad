"""``samyama cluster status``: who leads, who lags."""

from __future__ import annotations

import sys

import click
import msgspec
from rich.console import Console
from rich.table import Table

from samyama.cluster import NodeStatus, NodeUnreachable, fetch_status

__all__ = ["command", "status_table"]

EXIT_UNHEALTHY, EXIT_UNREACHABLE = 1, 3


@click.group()
def command() -> None:
    """Look at a running cluster."""


@command.command()
@click.argument("addresses", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="One JSON list.")
def status(addresses: tuple[str, ...], as_json: bool) -> None:
    """Every member as it sees itself. ADDRESSES: HTTP host:port of one or more nodes (default 127.0.0.1:7474).

    Exit code 0: a leader, and everybody answers. 1: not so. 3: no node answers.
    """
    found = collect(addresses or ("127.0.0.1:7474",))
    statuses = [status for status in found.values() if status is not None]
    if not statuses:
        click.echo("no node answers at " + ", ".join(addresses or ("127.0.0.1:7474",)), err=True)
        sys.exit(EXIT_UNREACHABLE)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(statuses), indent=2).decode())
    else:
        Console(highlight=False).print(status_table(found))
    healthy = all(found.values()) and any(status.role == "leader" for status in statuses)
    sys.exit(0 if healthy else EXIT_UNHEALTHY)


def collect(addresses: tuple[str, ...]) -> dict[str, NodeStatus | None]:
    """Statuses by address: of those named and of the members that they know."""
    found: dict[str, NodeStatus | None] = {}
    waiting = list(addresses)
    while waiting:
        address = waiting.pop(0)
        if address in found:
            continue
        try:
            found[address] = status = fetch_status(address)
        except NodeUnreachable:
            found[address] = None
            continue
        waiting += [member.http for member in status.members if member.http]
    return dict(sorted(found.items()))


def status_table(found: dict[str, NodeStatus | None]) -> Table:
    """One row a node, 80 columns wide at most."""
    lags: dict[int, int | None] = {}
    for status in found.values():
        if status is not None and status.role == "leader":
            lags = {member.id: member.lag_entries for member in status.members}
    table = Table(box=None, pad_edge=False)
    for column in (
        "id",
        "http",
        "role",
        "term",
        "applied",
        "last",
        "lag",
        "nodes",
        "relationships",
    ):
        table.add_column(column, justify="left" if column in ("http", "role") else "right")
    for address, status in found.items():
        if status is None:
            table.add_row("?", address, "[red]no answer[/red]", *[""] * 6)
            continue
        lag = lags.get(status.id)
        style = "[bold green]leader[/bold green]" if status.role == "leader" else status.role
        behind = "" if lag is None else lag
        row = (
            status.term,
            status.applied_index,
            status.last_log_index,
            behind,
            status.nodes,
            status.relationships,
        )
        table.add_row(str(status.id), address, style, *map(str, row))
    return table
