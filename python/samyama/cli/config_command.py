"""``samyama config``: what is in force, where it comes from, whether it is accepted."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec

from samyama.config import ConfigError, Loaded, load
from samyama.config.schema import Settings
from samyama.cypher.procedures import defined
from samyama.exits import Exit

__all__ = ["command"]

#: Hosts that a listener may have and nobody can dial.
EVERY_ADDRESS = ("0.0.0.0", "[::]", "::", "")


@click.group()
def command() -> None:
    """Look at the configuration."""


_config_option = click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    help="A TOML file (default: samyama.toml, if there is one).",
)


def _load(config_file: Path | None) -> Loaded:
    """Ends the program when it is wrong."""
    try:
        return load(config_file)
    except ConfigError as error:
        click.echo(f"samyama config: {error}", err=True)
        sys.exit(Exit.WRONG_USE)


@command.command()
@_config_option
def check(config_file: Path | None) -> None:
    """Whether a node would start with this configuration, and what to know before it does.

    The file, the environment and the file of procedures are read as the server reads them; ports and directories are
    not touched. Exit code 0: it is accepted. 2: it is not.

    \b
    Example: samyama config check --config /etc/samyama.toml
    """
    loaded = _load(config_file)
    if file := loaded.settings.procedures.file:
        try:
            defined.read_file(Path(file))
        except ValueError as error:
            click.echo(f"samyama config: procedures.file: {error}", err=True)
            sys.exit(Exit.WRONG_USE)
    for warning in _warnings(loaded.settings):
        click.echo(f"warning: {warning}")
    origins = sorted({o for o in loaded.origins.values() if o != "default"})
    click.echo(f"accepted: {', '.join(origins) or 'defaults only'}")


def _warnings(settings: Settings) -> Iterator[str]:
    if not settings.storage.fsync:
        yield "storage.fsync is off: a power cut loses acknowledged writes"
    if settings.listen.insecure:
        yield (
            "listen.insecure: whoever reaches the ports can read and change everything;"
            " there is no authentication and no TLS yet"
        )
    cluster = settings.cluster
    if len(cluster.members) <= 1 and not cluster.join and not cluster.id:
        yield "a node alone: what is on its disk is on no other"
    if not cluster.members:
        for kind in ("bolt", "peer", "http"):
            address = getattr(settings.advertise, kind) or getattr(settings.listen, kind)
            if address.rpartition(":")[0] in EVERY_ADDRESS:
                yield (
                    f"advertise.{kind}: others are told to dial {address}, which is every address of their own machine;"
                    " set it to what they reach this one by"
                )
    if settings.log.slow_query_parameters:
        yield "log.slow_query_parameters: values of your users stand in the log"


@command.command()
@_config_option
@click.option("--origin", is_flag=True, help="Say for each value where it was set.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def show(config_file: Path | None, origin: bool, as_json: bool) -> None:
    """Every key with its value.

    \b
    Example: samyama config show --origin
    """
    loaded = _load(config_file)
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
