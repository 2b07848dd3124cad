"""The group of all commands."""

from __future__ import annotations

import importlib

import click

__all__ = ["main"]

#: Command to the module of this package that holds it, under the same name with underscores.
COMMANDS = {
    "server": "server",
    "cluster": "cluster",
    "config": "config_command",
    "bench": "bench",
    "demo": "demo",
    "shell": "shell",
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


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="samyama")
def main() -> None:
    """Samyama: a graph database that stays up, answers correctly and speaks to every Neo4j driver."""
