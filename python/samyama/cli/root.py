"""The group of all commands."""

from __future__ import annotations

import importlib
import sys
import traceback
from typing import Any

import click

from samyama.exits import Exit

__all__ = ["main"]

#: Command to the module of this package that holds it, and its name there if that is not `command`.
COMMANDS = {
    "server": "server",
    "cluster": "cluster",
    "config": "config_command",
    "bench": "bench",
    "demo": "demo",
    "shell": "shell",
    "metrics": "metrics",
    "backup": "backup:backup",
    "restore": "backup:restore",
    "dump": "backup:dump",
    "log": "log",
    "snapshot": "snapshot",
}


class _Lazy(click.Group):
    """Imports a command's module when the command is asked for, so that none pays for another's imports."""

    def list_commands(self, _: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        place, _colon, attribute = COMMANDS[name].partition(":")
        module = importlib.import_module(f"samyama.cli.{place}")
        command: click.Command = getattr(module, attribute or "command")
        return command

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """As click does it; what no command expected ends with the exit code of a bug, not with that of an answer.

        What the system refuses to any command is none: a file that may not be read, output that a disk has no room for.
        """
        try:
            return super().main(*args, **kwargs)
        except Exception as error:
            if isinstance(error, OSError) and error.strerror:
                what = f"{error.filename}: " if error.filename is not None else ""
                click.echo(f"samyama: {what}{error.strerror}", err=True)
                sys.exit(Exit.REFUSED)
            traceback.print_exc()
            click.echo(
                "samyama: this is a bug; please report it with the lines above and the command",
                err=True,
            )
            sys.exit(Exit.BUG)


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="samyama")
def main() -> None:
    """Samyama: a graph database that stays up, answers correctly and speaks to every Neo4j driver."""
