"""``samyama log`` and ``samyama snapshot`` as stories: a directory as a node left it, what happens to it, what is said.

A story is a Markdown file in ``stories``. Each block ``console`` begins with a directory that is whole again, out of
``small.zip`` beside it (:mod:`tests.log.stories_directory`). A line ``$ samyama ...`` is a command; others that begin
with ``$`` do damage: ``flip FILE OFFSET BIT``, ``clear FILE FROM TO`` (zeros), ``cut FILE LENGTH``, ``remove FILE``,
``copy FILE TO``. What follows a command is what it says, and ``exit N`` if N is not 0. ``--update`` writes it anew.
"""

from __future__ import annotations

import re
import shlex
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from samyama.cli.root import main

STORIES = Path(__file__).with_name("stories")


def damage(directory: Path, words: list[str]) -> None:
    """Carry out one line that is no command."""
    verb, file, numbers = words[0], directory / words[1], words[2:]
    data = bytearray(file.read_bytes())
    match verb:
        case "flip":
            data[int(numbers[0])] ^= 1 << int(numbers[1])
        case "clear":
            start, end = map(int, numbers)
            data[start:end] = bytes(end - start)
        case "cut":
            del data[int(numbers[0]) :]
        case "remove":
            file.unlink()
            return
        case "copy":
            shutil.copy(file, directory / numbers[0])
            return
        case _:
            raise AssertionError(f"no such verb: {verb}")
    file.write_bytes(data)


def said(directory: Path, words: list[str]) -> Iterator[str]:
    """What a command says, line by line, with the directory's name taken out."""
    there = [str(directory / word) if word == "data" else word for word in words]
    there = [re.sub(r"^data(?=/)", str(directory / "data"), word) for word in there]
    result = CliRunner().invoke(main, there)
    for line in result.output.replace(f"{directory}/", "").splitlines():
        yield line.rstrip()
    if result.exit_code:
        yield f"exit {result.exit_code}"


def played(block: str, directory: Path) -> str:
    """A block as it should be. ``directory`` holds ``data``."""
    lines = []
    for line in block.splitlines():
        if not line.startswith("$ "):
            continue
        lines.append(line)
        words = shlex.split(line[2:])
        if words[0] == "samyama":
            lines.extend(said(directory, words[1:]))
        else:
            damage(directory, words)
    return "\n".join(lines)


@pytest.mark.parametrize("story", sorted(STORIES.glob("*.md")), ids=lambda file: file.stem)
def test_story(story: Path, tmp_path: Path, update: bool) -> None:
    blocks = iter(range(1_000))

    def replay(found: re.Match[str]) -> str:
        directory = tmp_path / str(next(blocks))
        with zipfile.ZipFile(STORIES / "small.zip") as kept:
            kept.extractall(directory / "data")
        return f"```console\n{played(found[1], directory)}\n```"

    text = story.read_text("utf-8")
    now = re.sub(r"```console\n(.*?)\n```", replay, text, flags=re.DOTALL)
    if update:
        story.write_text(now, "utf-8")
    assert now == text or update, f"{story.name} differs; --update writes it anew\n{now}"
