"""Every block of code in the documents for users does what the page says."""

from __future__ import annotations

import doctest
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from tests.docs.documents import PORTS, Block, Page, commands

import samyama
from samyama.cli import main
from samyama.config import load
from samyama.config.schema import Settings
from samyama.testing import Cluster

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("tutorial", "howto", "concepts", "reference", "operations")
PATHS = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *(path for folder in FOLDERS for path in sorted((ROOT / "docs" / folder).rglob("*.md"))),
]
LANGUAGES = {"python", "console", "cypher", "toml", "json", "sh", "text", "yaml", ""}
COMMAND_TIMEOUT_S = 60


class Reader:
    """Somebody who types what a page says, in an empty directory."""

    def __init__(self, page: Page, directory: Path, addresses: dict[str, str]) -> None:
        self.page = page
        self.directory = directory
        self.addresses = addresses
        self.namespace: dict[str, Any] = {"__name__": "__main__"}
        self._database: samyama.Database | None = None

    def substitute(self, text: str) -> str:
        for shown, real in self.addresses.items():
            text = text.replace(shown, real)
        return text

    def defaults(self) -> dict[str, str]:
        """Commands without an address go to the first node."""
        bolt, http = (self.addresses.get(f"127.0.0.1:{port}") for port in PORTS[0])
        return {"SAMYAMA_URI": f"bolt://{bolt}", "SAMYAMA_HTTP": str(http)} if bolt else {}

    def restore(self, text: str) -> str:
        for shown, real in self.addresses.items():
            text = text.replace(real, shown)
        return text

    def close(self) -> None:
        if self._database is not None:
            self._database.close()

    def do(self, block: Block) -> None:
        if block.file is not None:
            (self.directory / block.file).write_text(self.substitute(block.text), "utf-8")
            return
        getattr(self, f"_{block.language or 'text'}", lambda _: None)(block)

    def place(self, line: int) -> str:
        return f"{self.page.path.relative_to(ROOT)}:{line}"

    def _python(self, block: Block) -> None:
        if block.text.lstrip().startswith(">>>"):
            return  # A docstring: run where it stands.
        # Lines are counted as in the page, so that a traceback points into it.
        source = "\n" * (block.line - 1) + self.substitute(block.text)
        try:
            exec(compile(source, str(self.page.path), "exec"), self.namespace)
        except Exception:
            pytest.fail(f"{self.place(block.line)}\n{traceback.format_exc()}")

    def _console(self, block: Block) -> None:
        for command in commands(block):
            done = subprocess.run(
                ["bash", "-c", self.substitute(command.line)],
                cwd=self.directory,
                env=environment() | self.defaults(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=COMMAND_TIMEOUT_S,
            )
            printed = self.restore(done.stdout)
            assert done.returncode == command.exit_code, (
                f"{self.place(command.at)}: $ {command.line}\nexit code {done.returncode}:\n{printed}"
            )
            if command.expected.strip():
                options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
                checker = doctest.OutputChecker()
                assert checker.check_output(command.expected + "\n", printed + "\n", options), (
                    f"{self.place(command.at)}: $ {command.line}\nprints\n{printed}\ninstead of\n{command.expected}"
                )

    def _cypher(self, block: Block) -> None:
        if self._database is None:
            self._database = samyama.open()
        for statement in block.text.split(";\n"):
            if re.sub(r"//.*", "", statement).strip():
                try:
                    self._database.execute(statement).consume()
                except samyama.SamyamaError as error:
                    pytest.fail(f"{self.place(block.line)}: {error}")

    def _toml(self, block: Block) -> None:
        document = tomllib.loads(block.text)
        if set(document) & set(Settings.__struct_fields__):
            file = self.directory / "page.toml"
            file.write_text(block.text, "utf-8")
            load(file, environment={})

    def _json(self, block: Block) -> None:
        json.loads(block.text)

    def _sh(self, block: Block) -> None:
        for line in block.text.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            # What the shell does with the command is not the command's.
            end = next((i for i, word in enumerate(words) if word in ("|", ">", "<", "&&")), None)
            words = words[:end]
            while words and ("=" in words[0] or words[0] == "sudo"):
                words = words[1:]
            if words[:1] == ["samyama"]:
                try:
                    check_usage(words[1:])
                except click.ClickException as error:
                    pytest.fail(f"{self.place(block.line)}: {line}: {error.format_message()}")


def check_usage(words: list[str]) -> None:
    """Raises: click.ClickException: there is no such command, option or argument."""
    command: click.Command = main
    context: click.Context | None = None
    name = "samyama"
    while True:
        try:
            context = command.make_context(name, list(words), parent=context)
        except click.exceptions.Exit:
            return  # --help and --version end there.
        except click.BadParameter as error:
            if "does not exist" in error.format_message():
                return  # A file of the reader's.
            raise
        if not isinstance(command, click.Group):
            return
        rest = [*context._protected_args, *context.args]
        if not rest:
            return
        found, inner, words = command.resolve_command(context, rest)
        assert inner is not None, "an unknown command is a usage error"
        name, command = str(found), inner


def environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("SAMYAMA_")}
    kept["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", "")])
    return {**kept, "COLUMNS": "80", "NO_COLOR": "1", "TERM": "dumb"}


@pytest.fixture
def reader(page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    monkeypatch.chdir(tmp_path)
    addresses: dict[str, str] = {}
    if page.needs is None:
        found = Reader(page, tmp_path, addresses)
        yield found
        found.close()
        return
    with Cluster(3 if page.needs == "cluster" else 1) as cluster:
        for node, (bolt, http) in zip(cluster, PORTS, strict=False):
            addresses |= {f"127.0.0.1:{bolt}": node.bolt, f"127.0.0.1:{http}": node.http}
        found = Reader(page, tmp_path, addresses)
        yield found
        found.close()


@pytest.mark.parametrize(
    "page", [Page.read(path) for path in PATHS], ids=lambda page: str(page.path.relative_to(ROOT))
)
def test_what_the_page_says_is_so(page: Page, reader: Reader) -> None:
    for block in page.blocks:
        assert block.language in LANGUAGES, f"{reader.place(block.line)}: {block.language}"
        if block.spared is None:
            reader.do(block)


def test_a_wrong_command_in_a_document_is_found() -> None:
    for words in (["clutser", "status"], ["cluster", "status", "--jsn"], ["config", "show", "x"]):
        with pytest.raises(click.ClickException):
            check_usage(words)
    check_usage(["cluster", "status", "--json", "127.0.0.1:7474"])
