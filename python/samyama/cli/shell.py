"""``samyama shell``: Cypher at a terminal, in a pipe, or from a file."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

import click
from rich.console import Console

from samyama.cli.addresses import URI_DEFAULT, URI_VARIABLE, is_by_default
from samyama.exits import Exit

__all__ = ["command"]


@click.command()
@click.argument("uri", required=False, envvar=URI_VARIABLE)
@click.option(
    "--path",
    type=click.Path(file_okay=False),
    help="Open the directory of an embedded database here, without a server. MEMORY: a new one, kept nowhere.",
)
@click.option(
    "-c", "--command", "commands", multiple=True, help="Run this and end; may be repeated."
)
@click.option(
    "-f",
    "--file",
    "files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Run the statements of this file and end; may be repeated.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "plain", "csv", "json"]),
    help="How rows are printed (default: table on a terminal, else plain).",
)
@click.option("--database", default="neo4j", show_default=True, help="The database to begin with.")
@click.option(
    "--param",
    "parameters",
    multiple=True,
    metavar="'NAME => EXPRESSION'",
    help="Set a parameter; may be repeated.",
)
@click.option(
    "--summary/--no-summary",
    default=None,
    help="Say after each statement what it did (default: on a terminal).",
)
def command(
    uri: str | None,
    path: str | None,
    commands: tuple[str, ...],
    files: tuple[Path, ...],
    format_: str | None,
    database: str,
    parameters: tuple[str, ...],
    summary: bool | None,
) -> None:
    """Run Cypher on a server, or on a directory.

    URI is neo4j://HOST:PORT[,HOST:PORT]... for a cluster (it goes to the leader, and elsewhere when that is lost), or
    bolt://HOST:PORT for one server; by default what SAMYAMA_URI says, or bolt://127.0.0.1:7687. Without -c and -f
    statements come from the terminal or from standard input. They end with a semicolon; lines that begin with a colon
    are commands of the shell, :help lists them.

    Exit code 0: all was done. 1: the input ended inside a transaction, which was rolled back. 3: nobody answers. 4: a
    statement failed, and those after it were not run. 5: a write may have been done.

    \b
    Examples:
      samyama shell
      echo 'MATCH (n) RETURN count(n);' | samyama shell --format csv neo4j://127.0.0.1:7687
      samyama shell --path ./graph -c 'CREATE (:Person {name: "Ada"})'
    """
    from samyama.shell import Shell, StatementFailed, connect_embedded, connect_remote
    from samyama.shell.commands import Leave
    from samyama.shell.terminal import run_terminal

    if path is not None and uri is not None and not is_by_default(uri):
        raise click.UsageError("give a URI or --path, not both")
    try:
        if path is not None:
            connection = connect_embedded(None if path == "MEMORY" else path)
        else:
            connection = connect_remote(uri or URI_DEFAULT)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    except OSError as error:
        click.echo(f"samyama shell: {error}", err=True)
        sys.exit(Exit.REFUSED if path is not None else Exit.UNREACHABLE)
    is_interactive = not commands and not files and sys.stdin.isatty()
    on_terminal = sys.stdout.isatty()
    console = Console(highlight=False)
    shell = Shell(
        connection,
        console,
        console if is_interactive and on_terminal else Console(stderr=True, highlight=False),
        format=format_ or ("table" if on_terminal else "plain"),
        database=database,
        summaries=on_terminal if summary is None else summary,
    )
    try:
        with suppress(Leave):
            for parameter in parameters:
                shell.run_text(f":param {parameter}", "--param")
            if is_interactive:
                shell.say(f"Connected to {connection.where()}. :help lists commands, :exit leaves.")
                run_terminal(shell)
                return
            for text in commands:
                shell.run_text(text, "-c")
            for file in files:
                shell.run_text(file.read_text("utf-8"), str(file))
            if not commands and not files:
                shell.run_text(sys.stdin.read(), "standard input")
        if not is_interactive:
            shell.end_script()
    except StatementFailed as failed:
        sys.exit(failed.exit)
    finally:
        connection.close()
