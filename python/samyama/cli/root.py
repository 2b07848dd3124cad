"""The group of all commands."""

from __future__ import annotations

import importlib
import sys
import traceback
from typing import Any

import click

from samyama.cli.exits import Exit

__all__ = ["main"]

#: Command to the module of this package that holds it, under the same name with underscores.
COMMANDS = {
    "server": "server",
    "cluster": "cluster",
    "config": "config_command",
    "bench": "bench",
    "demo": "demo",
    "shell": "shell",
    "metrics": "metrics",
}


class _Lazy(click.Group):
    """Imports a command's module when the command is asked for, so that none pays for another's imports."""

    def list_commands(self, _: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"samyama.cli.{COMMANDS[name]}")
        command: click.Command = module.command
        return command

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """As click does it; what no command expected ends with the exit code of a bug, not with that of an answer."""
        try:
            return super().main(*args, **kwargs)
        except Exception:
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
