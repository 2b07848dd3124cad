"""The shell's own commands: lines that begin with ``:``."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rich.table import Table

from samyama.export.literals import display, quote_name
from samyama.shell.render import FORMATS

if TYPE_CHECKING:
    from samyama.shell.shell import Shell

__all__ = ["COMMANDS", "CommandError", "Leave", "run_command"]


class CommandError(Exception):
    """A command cannot be done; the message says what would be right."""


class Leave(Exception):
    """The user wants to go."""


class Command(NamedTuple):
    """``usage`` without the colon and the name."""

    run: Callable[[Shell, str], None]
    usage: str
    help: str


def run_command(shell: Shell, line: str) -> None:
    """Do one line.

    Raises:
        CommandError: there is no such command, or not with that argument.
        Leave: the shell is to end.
    """
    name, _, rest = line.partition(" ")
    command = COMMANDS.get(name)
    if command is None:
        near = [known for known in COMMANDS if known.startswith(name)]
        hint = f"; did you mean {near[0]}?" if near else "; :help lists the commands"
        raise CommandError(f"there is no command {name}{hint}")
    command.run(shell, rest.strip())


def _help(shell: Shell, _: str) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, command in COMMANDS.items():
        table.add_row(f"{name} {command.usage}".rstrip(), command.help)
    shell.console.print(table)
    shell.say(
        "Cypher ends with ; and may go over many lines. Ctrl-C ends a statement, Ctrl-D the shell."
    )


def _begin(shell: Shell, _: str) -> None:
    if shell.transaction is not None:
        raise CommandError("a transaction is open already; :commit or :rollback ends it")
    shell.begin()


def _commit(shell: Shell, _: str) -> None:
    if shell.transaction is None:
        raise CommandError("no transaction is open; :begin opens one")
    shell.say(f"Committed: {shell.commit()}")


def _rollback(shell: Shell, _: str) -> None:
    if shell.transaction is None:
        raise CommandError("no transaction is open; :begin opens one")
    shell.rollback()
    shell.say("Rolled back.")


def _param(shell: Shell, text: str) -> None:
    """``name => expression``, ``{name: expression, ...}`` or ``clear``."""
    if text == "clear":
        shell.parameters.clear()
        return
    if text.startswith("{"):
        values = shell.evaluate(text)
        assert isinstance(values, dict), "an expression in braces is a map"
        shell.parameters.update(values)
        return
    name, arrow, expression = text.partition("=>")
    name = name.strip().removeprefix("$").strip("`")
    if not arrow or not name or not expression.strip():
        raise CommandError("write :param name => expression, or :param {name: expression, ...}")
    shell.parameters[name] = shell.evaluate(expression.strip())


def _params(shell: Shell, text: str) -> None:
    if text == "clear":
        shell.parameters.clear()
        return
    if text:
        raise CommandError("write :params, or :params clear")
    for name, value in sorted(shell.parameters.items()):
        shell.print_line(f":param {quote_name(name)} => {display(value)}")


def _use(shell: Shell, text: str) -> None:
    if shell.transaction is not None:
        raise CommandError("a transaction is open; it stays with the database that it began on")
    if not text:
        raise CommandError("write :use DATABASE")
    shell.use(text.strip("`"))


def _source(shell: Shell, text: str) -> None:
    words = shlex.split(text)
    if len(words) != 1:
        raise CommandError("write :source FILE")
    try:
        source = Path(words[0]).expanduser().read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{words[0]}: {error}") from None
    shell.run_text(source, words[0])


def _format(shell: Shell, text: str) -> None:
    if text not in FORMATS:
        raise CommandError(f"write :format {'|'.join(FORMATS)}; it is {shell.format}")
    shell.format = text


def _status(shell: Shell, _: str) -> None:
    shell.print_line(f"connected to {shell.connection.where()}")
    shell.print_line(f"database {shell.database}, parameters {len(shell.parameters)}")
    is_open = shell.transaction is not None
    shell.print_line(f"transaction {'open' if is_open else 'none'}")
    if not is_open and shell.connection.leader is not None:
        shell.print_line(f"leader {shell.connection.leader() or 'unknown'}")
        shell.print_query("SHOW SERVERS YIELD name, address, state, health")


def _schema(shell: Shell, _: str) -> None:
    shell.print_query(
        "SHOW INDEXES YIELD name, type, entityType, labelsOrTypes, properties, owningConstraint"
    )
    shell.print_query("SHOW CONSTRAINTS YIELD name, type, entityType, labelsOrTypes, properties")


def _exit(_shell: Shell, _: str) -> None:
    raise Leave


COMMANDS = {
    ":help": Command(_help, "", "this list"),
    ":begin": Command(_begin, "", "open a transaction; what follows belongs to it"),
    ":commit": Command(_commit, "", "commit it"),
    ":rollback": Command(_rollback, "", "undo it"),
    ":param": Command(_param, "name => expression", "set a parameter, used as $name"),
    ":params": Command(_params, "[clear]", "list the parameters, or forget them"),
    ":use": Command(_use, "DATABASE", "go to a database"),
    ":source": Command(_source, "FILE", "run the statements in a file"),
    ":format": Command(_format, "|".join(FORMATS), "how results are printed"),
    ":schema": Command(_schema, "", "indexes and constraints"),
    ":status": Command(_status, "", "what the shell is connected to"),
    ":exit": Command(_exit, "", "leave; so does Ctrl-D"),
}
