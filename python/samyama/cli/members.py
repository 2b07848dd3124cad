"""``samyama cluster add``, ``remove`` and ``replace``: who belongs to a running cluster."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from samyama.cli.addresses import HTTP_DEFAULT, HTTP_VARIABLE
from samyama.cluster.change import (
    ChangeFailed,
    Members,
    Progress,
    Tell,
    add_member,
    remove_member,
    replace_member,
)
from samyama.cluster.client import NodeStatus, NodeUnreachable, NotNow, Refused
from samyama.exits import Exit

__all__ = ["add", "remove", "replace"]

F = TypeVar("F", bound=Callable[..., Any])


def _options(function: F) -> F:
    function = click.option(
        "--timeout",
        "timeout_s",
        default=60.0,
        show_default=True,
        help="Seconds for a step, and for a node that catches up without coming further.",
    )(function)
    return click.argument("addresses", nargs=-1, metavar="[HOST:PORT]...", envvar=HTTP_VARIABLE)(
        function
    )


@click.command()
@click.argument("new", metavar="NEW")
@_options
def add(new: str, addresses: tuple[str, ...], timeout_s: float) -> None:
    """Add the node at NEW (its HTTP address) to the cluster at HOST:PORT.

    It has to run, started with --join. It becomes a learner, is sent a snapshot and the log, and votes once it has
    caught up. The same command again goes on where one was broken off. Exit code 0: it votes. 1: not in time. 3: no
    node answers. 4: it was refused.

    \b
    Example: samyama cluster add 10.0.0.4:7474 10.0.0.1:7474
    """
    with _failures(), _progress() as tell:
        members = Members(addresses or (HTTP_DEFAULT,), timeout_s)
        node = add_member(members, new, tell)
    _say(members, f"node {node.id} is a member and votes")


@click.command()
@click.argument("old", type=int, metavar="OLD")
@click.argument("new", metavar="NEW")
@_options
def replace(old: int, new: str, addresses: tuple[str, ...], timeout_s: float) -> None:
    """Have the node at NEW (its HTTP address) take the place of member OLD.

    As `add`, but member OLD goes in the same step in which the new one gets its vote, so that a node which is lost
    never counts beside its replacement. OLD may be gone, wiped or well. Exit codes as of `add`.

    \b
    Example: samyama cluster replace 3 10.0.0.4:7474 10.0.0.1:7474
    """
    with _failures(), _progress() as tell:
        members = Members(addresses or (HTTP_DEFAULT,), timeout_s)
        node = replace_member(members, old, new, tell)
    _say(members, f"node {node.id} is a member and votes; node {old} is none any more")


@click.command()
@click.argument("id", type=int, metavar="ID")
@_options
def remove(id: int, addresses: tuple[str, ...], timeout_s: float) -> None:
    """Take member ID out of the cluster at HOST:PORT, for ever: ids are used once.

    If it leads it hands over first. Stop its process afterwards; it serves nobody any more. Refused when the members
    that are left and answer would be no majority. Exit code 0: it is no member. 1: not in time. 3: no node answers. 4:
    it was refused.

    \b
    Example: samyama cluster remove 3 10.0.0.1:7474
    """
    with _failures():
        members = Members(addresses or (HTTP_DEFAULT,), timeout_s)
        remove_member(members, id)
    _say(members, f"node {id} is no member any more: stop it if it runs")


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except NodeUnreachable as error:
        _end(f"{error}; addresses are those of HTTP (listen.http)", Exit.UNREACHABLE)
    except Refused as error:
        _end(str(error), Exit.REFUSED)
    except (ChangeFailed, NotNow) as error:
        _end(str(error), Exit.NO)


def _end(why: str, code: Exit) -> None:
    click.echo(f"samyama cluster: {why}", err=True)
    sys.exit(code)


@contextmanager
def _progress() -> Iterator[Tell]:
    """A bar on a terminal; in a pipe a line whenever another tenth is done. On standard error: it is no answer."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield _lines()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("waiting for the node", total=None)

        def tell(progress: Progress) -> None:
            done, total, what = _measure(progress)
            bar.update(task, description=what, completed=done, total=total)

        yield tell


def _lines() -> Tell:
    last: list[object] = [None]

    def tell(progress: Progress) -> None:
        done, total, what = _measure(progress)
        mark = (progress.snapshot_bytes is not None, done * 10 // max(total, 1))
        if mark != last[0]:
            last[0] = mark
            click.echo(what, err=True)

    return tell


def _measure(progress: Progress) -> tuple[int, int, str]:
    """
    >>> _measure(Progress(id=4, applied=None, last=9, snapshot_bytes=(1 << 20, 4 << 20)))
    (1048576, 4194304, 'node 4: 1.0 of 4.0 MiB of the snapshot')
    >>> _measure(Progress(id=4, applied=7, last=9, snapshot_bytes=None))
    (7, 9, 'node 4: 7 of 9 log entries')
    """
    if progress.snapshot_bytes is not None:
        done, total = progress.snapshot_bytes
        text = f"{done / (1 << 20):.1f} of {total / (1 << 20):.1f} MiB of the snapshot"
        return done, total, f"node {progress.id}: {text}"
    done = progress.applied or 0
    return (
        done,
        progress.last,
        f"node {progress.id}: {done:,} of {progress.last:,} log entries",
    )


def _say(members: Members, what: str) -> None:
    click.echo(what)
    try:
        _, leader = members.leader()
    except (NotNow, NodeUnreachable):
        return
    _warn_of_even(leader, [member.id for member in leader.members if member.voter])


def _warn_of_even(leader: NodeStatus, voters: Sequence[int]) -> None:
    count = len(voters)
    names = ", ".join(map(str, voters))
    click.echo(f"voters: {names}; leader: {leader.id}")
    if count % 2 == 0:
        spare = (count - 1) // 2
        click.echo(
            f"{count} voters survive {spare} failure{'s' * (spare != 1)}, as {count - 1} do: add or remove one",
            err=True,
        )
