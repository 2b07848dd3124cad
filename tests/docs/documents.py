"""Documents as things to run: their blocks, their readers' commands, their addresses.

A fenced block is run by its language:

- ``python``: executed, all blocks of a page in one namespace, in an empty directory.
- ``console``: lines that begin with ``$ `` are commands; what follows is their output, in which ``...`` stands for
  anything. Without output only success is asked for. ``# exit N`` behind a command: it ends with that code.
- ``cypher``: executed on a database of the page's own.
- ``toml``: has to be a configuration that is accepted; ``json`` has to parse.
- ``sh``: not executed (it runs on other machines, or does not end); its ``samyama`` commands and options must exist.
- anything else, or nothing: not touched.

``file=NAME`` behind the language: the block is written to that file in the page's directory, and not run.

A page says what it needs in a comment, ``<!-- needs: node -->`` or ``<!-- needs: cluster -->``: a real one, whose
addresses take the place of those that the page shows (ports 7687 and 7474; 7697 and 7484, 7707 and 7494 for the nodes
two and three).
``<!-- not run: REASON -->`` in front of a block spares it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["PORTS", "Block", "Page"]

#: What pages write for node 1, 2 and 3: Bolt and HTTP.
PORTS = (("7687", "7474"), ("7697", "7484"), ("7707", "7494"))

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>[\w-]*)(?: file=(?P<file>\S+))?[^\n]*$")
_NEEDS = re.compile(r"<!-- needs: (node|cluster) -->")
_NOT_RUN = re.compile(r"<!-- not run: (.+) -->")


@dataclass(frozen=True)
class Block:
    """``line`` of its first line of text, from 1. ``spared``: why it is not run. ``file``: where it is written."""

    language: str
    text: str
    line: int
    spared: str | None = None
    file: str | None = None


@dataclass
class Page:
    """A Markdown file."""

    path: Path
    blocks: list[Block] = field(default_factory=list)
    needs: str | None = None

    @classmethod
    def read(cls, path: Path) -> Page:
        """Raises: ValueError: a fence is not closed."""
        page = cls(path)
        lines = path.read_text("utf-8").splitlines()
        spared: str | None = None
        at = 0
        while at < len(lines):
            if needs := _NEEDS.search(lines[at]):
                page.needs = needs[1]
            if reason := _NOT_RUN.search(lines[at]):
                spared = reason[1]
            if opened := _FENCE.match(lines[at]):
                indent = len(opened["indent"])
                begin = at = at + 1
                while at < len(lines) and lines[at].strip() != "```":
                    at += 1
                if at == len(lines):
                    raise ValueError(f"{path}:{begin}: the block does not end")
                text = "\n".join(line[indent:] for line in lines[begin:at]) + "\n"
                page.blocks.append(
                    Block(opened["language"], text, begin + 1, spared, opened["file"])
                )
                spared = None
            at += 1
        return page


@dataclass(frozen=True)
class Command:
    """One line of a console with what it should print."""

    line: str
    expected: str
    exit_code: int
    at: int


def commands(block: Block) -> list[Command]:
    """The commands of a ``console`` block; a ``\\`` at the end of a line goes on on the next."""
    found: list[Command] = []
    output: list[str] = []
    current: tuple[str, int] | None = None

    def close() -> None:
        nonlocal current
        if current is not None:
            line, at = current
            code = re.search(r"\s+# exit (\d+)$", line)
            text = line[: code.start()] if code else line
            found.append(Command(text, "\n".join(output), int(code[1]) if code else 0, at))
        output.clear()
        current = None

    lines = iter(enumerate(block.text.splitlines(), block.line))
    for at, line in lines:
        if line.startswith("$ "):
            close()
            text = line[2:]
            while text.endswith("\\"):
                text = text[:-1] + next(lines)[1].removeprefix("> ").lstrip()
            current = (text, at)
        elif current is not None:
            output.append(line)
        else:
            raise ValueError(f"line {at}: output without a command")
    close()
    return found
