"""``samyama cluster``: who leads, who lags, what is wrong; hand leadership over; compare the graphs."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from samyama.cli import members as members_commands
from samyama.cli.addresses import HTTP_DEFAULT, HTTP_VARIABLE
from samyama.cluster.client import NodeUnreachable, Refused, transfer_leadership
from samyama.cluster.diagnosis import Finding, diagnose, is_well, summary_of
from samyama.cluster.survey import NodeAnswer, Survey, take_survey
from samyama.cluster.verification import Verdict, verify
from samyama.exits import Exit

__all__ = ["command"]

_STYLES = {"critical": "bold red", "warning": "yellow", "note": "dim"}

F = TypeVar("F", bound=Callable[..., Any])


def _addresses(function: F) -> F:
    return click.argument("addresses", nargs=-1, metavar="[HOST:PORT]...", envvar=HTTP_VARIABLE)(
        function
    )


def _json_flag(function: F) -> F:
    return click.option("--json", "as_json", is_flag=True, help="One JSON object.")(function)


@click.group()
def command() -> None:
    """Look at a running cluster, move its leadership, and change its members.

    Addresses are those of HTTP (listen.http); without any, what SAMYAMA_HTTP says, or 127.0.0.1:7474. One is enough:
    members name each other.
    """


@command.command()
@_addresses
@_json_flag
def status(addresses: tuple[str, ...], as_json: bool) -> None:
    """Every member as it sees itself, and what is wrong.

    Exit code 0: all is well. 1: it is not. 3: no node answers.

    \b
    Example: samyama cluster status 10.0.0.1:7474
    """
    survey = _survey(addresses)
    findings = diagnose(survey)
    if as_json:
        _print_json({**_as_data(survey), "findings": findings, "healthy": is_well(findings)})
    else:
        console = _console()
        _print_status(console, survey)
        _print_findings(console, findings)
    sys.exit(Exit.DONE if is_well(findings) else Exit.NO)


@command.command()
@_addresses
@_json_flag
def members(addresses: tuple[str, ...], as_json: bool) -> None:
    """Who belongs to the cluster, and under which addresses.

    \b
    Example: samyama cluster members --json 10.0.0.1:7474
    """
    survey = _survey(addresses)
    newest = survey.newest
    assert newest is not None, "somebody answered"
    versions = {status.id: status.version for status in survey.statuses}
    rows = [
        {
            "id": member.id,
            "voter": member.voter,
            "bolt": member.bolt,
            "peer": member.peer,
            "http": member.http,
            "version": versions.get(member.id),
        }
        for member in newest.members
    ]
    if as_json:
        _print_json({"cluster_id": newest.cluster_id, "members": rows})
        return
    table = _table(["id", "votes", "bolt", "peer", "http", "version"], right={"id"})
    for row in rows:
        votes = "yes" if row["voter"] else "no"
        addresses_of = [str(row[key] or "?") for key in ("bolt", "peer", "http", "version")]
        table.add_row(str(row["id"]), votes, *addresses_of)
    _console().print(table)


@command.command("transfer-leader")
@click.argument("target", required=False, metavar="[ID]")
@_addresses
@_json_flag
def transfer_leader(target: str | None, addresses: tuple[str, ...], as_json: bool) -> None:
    """Have the leader hand over to member ID, or to the most advanced follower.

    Open transactions on the leader fail with a retryable error, which drivers run again. Exit code 0: another leads. 3:
    no node answers. 4: it was refused.

    \b
    Example: samyama cluster transfer-leader 2 10.0.0.1:7474
    """
    if target is not None and ":" in target:
        addresses = (target, *addresses)
        target = None
    if target is not None and not target.isdigit():
        raise click.UsageError(
            f"a member's id is a number, an address is HOST:PORT; {target} is neither"
        )
    survey = _survey(addresses)
    http = survey.leader_http
    if http is None:
        click.echo("samyama cluster: nobody leads now", err=True)
        sys.exit(Exit.REFUSED)
    try:
        leader = transfer_leadership(http, int(target) if target is not None else None)
    except Refused as error:
        click.echo(f"samyama cluster: {error}", err=True)
        sys.exit(Exit.REFUSED)
    except NodeUnreachable as error:
        click.echo(f"samyama cluster: {error}", err=True)
        sys.exit(Exit.UNREACHABLE)
    if as_json:
        _print_json({"leader": leader})
    else:
        click.echo(f"node {leader} leads")


@command.command()
@_addresses
@click.option("--timeout", "timeout_s", default=60.0, show_default=True, help="Seconds.")
@click.option("--leader", "leader_only", is_flag=True, help="Wait for somebody to lead, no more.")
def wait(addresses: tuple[str, ...], timeout_s: float, leader_only: bool) -> None:
    """Wait until somebody leads and every member answers and has caught up.

    Exit code 0: so it is. 1: not in time; what is wrong is printed.

    \b
    Example: samyama cluster wait --timeout 120 10.0.0.1:7474
    """
    deadline = time.monotonic() + timeout_s
    while True:
        survey = take_survey(addresses or (HTTP_DEFAULT,))
        findings = diagnose(survey)
        if survey.leader is not None and (leader_only or is_well(findings)):
            click.echo(f"node {survey.leader.id} leads in term {survey.leader.term}")
            return
        if time.monotonic() > deadline:
            break
        time.sleep(0.1)
    console = Console(stderr=True, highlight=False)
    if not survey.statuses:
        _say_nobody(survey)
    _print_findings(console, findings)
    sys.exit(Exit.NO)


@command.command("verify")
@_addresses
@click.option("--timeout", "timeout_s", default=10.0, show_default=True, help="Seconds.")
@_json_flag
def verify_command(addresses: tuple[str, ...], timeout_s: float, as_json: bool) -> None:
    """Compare the graphs of all nodes at one log index, while writes go on.

    Exit code 0: all members answered and have the same graph. 1: not so. 3: no node answers.

    \b
    Example: samyama cluster verify 10.0.0.1:7474
    """
    survey = _survey(addresses)
    newest = survey.newest
    assert newest is not None, "somebody answered"
    asked = sorted({answer.http for answer in survey.answers})
    verdict = verify(asked, timeout_s)
    missing = {m.id for m in newest.members} - set(verdict.fingerprints)
    is_equal = verdict.equal and not missing
    if as_json:
        _print_json(
            {
                "equal": is_equal,
                "index": verdict.index,
                "fingerprints": {str(id): f for id, f in verdict.fingerprints.items()},
                "silent": verdict.silent,
            }
        )
    else:
        _print_verdict(verdict, sorted(missing))
    sys.exit(Exit.DONE if is_equal else Exit.NO)


for _each in (members_commands.add, members_commands.remove, members_commands.replace):
    command.add_command(_each)


# ------------------------------------------------------------------------------------------------- printing


def _survey(addresses: Sequence[str]) -> Survey:
    """Ends the program when nobody answers."""
    survey = take_survey(addresses or (HTTP_DEFAULT,))
    if not survey.statuses:
        _say_nobody(survey)
        sys.exit(Exit.UNREACHABLE)
    return survey


def _say_nobody(survey: Survey) -> None:
    for answer in survey.answers:
        click.echo(f"samyama cluster: {answer.error}", err=True)
    click.echo(
        "samyama cluster: no node answers; addresses are those of HTTP (listen.http)", err=True
    )


def _console() -> Console:
    """As wide as the terminal, and 80 columns in a pipe."""
    return Console(highlight=False) if sys.stdout.isatty() else Console(highlight=False, width=80)


def _print_json(data: Any) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(data), indent=2).decode())


def _as_data(survey: Survey) -> dict[str, Any]:
    newest, leader = survey.newest, survey.leader
    return {
        "cluster_id": newest.cluster_id if newest else None,
        "leader": leader.id if leader else None,
        "term": newest.term if newest else None,
        "nodes": survey.answers,
    }


def _table(columns: Sequence[str], right: set[str]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(
            column, justify="right" if column in right else "left", overflow="fold", no_wrap=False
        )
    return table


def _print_status(console: Console, survey: Survey) -> None:
    newest, leader = survey.newest, survey.leader
    assert newest is not None, "somebody answered"
    leads = f"node {leader.id} leads in term {leader.term}" if leader else "nobody leads"
    console.print(Text(f"{leads}; {summary_of(newest)}"))
    table = _table(
        ["id", "role", "http", "term", "applied", "behind", "for"],
        right={"id", "term", "applied", "behind", "for"},
    )
    lags = {member.id: member for member in leader.members} if leader else {}
    for answer in survey.answers:
        lag = lags.get(answer.id or 0)
        is_follower = leader is not None and answer.id != leader.id and lag is not None
        behind = (
            f"{lag.lag_entries:,}" if is_follower and lag and lag.lag_entries is not None else ""
        )
        ms = lag.lag_ms if is_follower and lag else None
        table.add_row(*_cells(answer), behind, "" if ms is None else _duration(ms))
    console.print(table)


def _cells(answer: NodeAnswer) -> list[Text | str]:
    id = "?" if answer.id is None else str(answer.id)
    status = answer.status
    if status is None:
        return [id, Text("no answer", "red"), answer.http, "", ""]
    if status.fatal is not None:
        role = Text("failed", "bold red")
    else:
        role = Text(status.role, "bold green" if status.role == "leader" else "")
    return [id, role, answer.http, str(status.term), f"{status.applied_index:,}"]


def _duration(ms: int) -> str:
    """
    >>> _duration(0), _duration(950), _duration(61_000)
    ('0 ms', '950 ms', '61.0 s')
    """
    return f"{ms} ms" if ms < 1_000 else f"{ms / 1000:.1f} s"


def _print_findings(console: Console, findings: Sequence[Finding]) -> None:
    for finding in findings:
        console.print()
        console.print(Text(f"{finding.severity}: {finding.text}", _STYLES[finding.severity]))
        console.print(Text(f"  {finding.advice}"))


def _print_verdict(verdict: Verdict, missing: Sequence[int]) -> None:
    for address, why in verdict.silent.items():
        click.echo(f"no answer from {address}: {why}")
    if missing and not verdict.silent:
        click.echo(f"not compared: node {', '.join(map(str, missing))}")
    if verdict.index is None:
        click.echo("no entry that all nodes remember was found in time: one of them is far behind")
        return
    groups: dict[str, list[int]] = {}
    for id, fingerprint in sorted(verdict.fingerprints.items()):
        groups.setdefault(fingerprint, []).append(id)
    if len(groups) == 1:
        fingerprint, ids = next(iter(groups.items()))
        nodes = "node" if len(ids) == 1 else "nodes"
        same = "has this graph" if len(ids) == 1 else "have the same graph"
        names = ", ".join(map(str, ids))
        click.echo(f"{nodes} {names} {same} at log index {verdict.index}: {fingerprint}")
        return
    click.echo(f"DIFFERENT graphs at log index {verdict.index}:")
    for fingerprint, ids in groups.items():
        click.echo(f"  {fingerprint}  node {', '.join(map(str, ids))}")
    click.echo("keep the data directories of all nodes, and report it")
