"""``samyama config show``: what is in force, and where it comes from."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from samyama.config import ConfigError, load

__all__ = ["command"]


@click.group()
def command() -> None:
    """Look at the configuration."""


@command.command()
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    help="A TOML file (default: samyama.toml).",
)
@click.option("--origin", is_flag=True, help="Say for each value where it was set.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def show(config_file: Path | None, origin: bool, as_json: bool) -> None:
    """Every key with its value. Example: samyama config show --origin"""
    try:
        loaded = load(config_file)
    except ConfigError as error:
        click.echo(f"samyama config: {error}", err=True)
        sys.exit(2)
    sections: dict[str, dict[str, Any]] = msgspec.to_builtins(loaded.settings)
    if as_json:
        document: object = sections
        if origin:
            document = {
                section: {
                    key: {"value": value, "origin": loaded.origins[f"{section}.{key}"]}
                    for key, value in values.items()
                }
                for section, values in sections.items()
            }
        click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
        return
    for section, values in sections.items():
        for key, value in values.items():
            text = f"{section}.{key} = {msgspec.json.encode(value).decode()}"
            click.echo(f"{text:<60} # {loaded.origins[f'{section}.{key}']}" if origin else text)
