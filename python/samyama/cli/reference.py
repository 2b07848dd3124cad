"""The reference of the command line, made from the commands themselves."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from samyama.cli.root import main
from samyama.exits import MEANINGS

__all__ = ["render", "walk"]

HEAD = """# Command line

`samyama COMMAND --help` says the same. Answers go to standard output, everything else to standard error. Colour only on
a terminal, and never when `NO_COLOR` is set. Where no address is given, `SAMYAMA_URI` (Bolt) and `SAMYAMA_HTTP` (HTTP
addresses, blanks between them) say where to go; otherwise this machine. This page is generated from the commands.

## Exit codes

| code | meaning |
| --- | --- |
"""


def walk(
    command: click.Command = main, path: tuple[str, ...] = ("samyama",)
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command that does something, by its path."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        assert inner is not None, f"{name} is listed, so it is there"
        yield from walk(inner, (*path, name))


def render() -> str:
    """The whole page as Markdown."""
    parts = [HEAD]
    parts += [f"| {code.value} | {meaning} |\n" for code, meaning in MEANINGS.items()]
    for path, command in walk():
        parts.append(_command(path, command))
    return "".join(parts)


def _command(path: tuple[str, ...], command: click.Command) -> str:
    context = click.Context(command, info_name=" ".join(path))
    usage = " ".join(command.collect_usage_pieces(context))
    parts = [
        f"\n## {' '.join(path)}\n\n```text\n{' '.join(path)} {usage}\n```\n\n{_prose(command)}\n"
    ]
    rows = [
        record
        for parameter in command.get_params(context)
        if (record := parameter.get_help_record(context)) is not None
        and "--help" not in parameter.opts
    ]
    if rows:
        parts.append("\n| option | |\n| --- | --- |\n")
        parts += [f"| `{_cell(name)}` | {_cell(help)} |\n" for name, help in rows]
    return "".join(parts)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _prose(command: click.Command) -> str:
    """Paragraphs as paragraphs; what stands as it is typed (behind ``\\b``) as a block."""
    parts: list[str] = []
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        if paragraph.startswith("\b"):
            lines = paragraph.removeprefix("\b\n").splitlines()
            if len(lines) == 1 and ":" in lines[0]:
                title, _, line = lines[0].partition(": ")
                lines = [f"{title}:", line]
            body = "\n".join(line.strip() for line in lines[1:])
            parts.append(f"{lines[0]}\n\n```sh\n{body}\n```")
        else:
            parts.append(" ".join(paragraph.split()))
    return "\n\n".join(parts)
