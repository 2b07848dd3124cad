"""The scenarios of the suite, expanded: outlines become one scenario an example, backgrounds are put in front."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gherkin.parser import Parser
from gherkin.pickles.compiler import Compiler

__all__ = ["Scenario", "Step", "Suite", "SuiteMissing", "find_suite"]

ROOT = Path(__file__).parents[2]
SUITE_SIZE = 3_897


class SuiteMissing(Exception):
    """The suite's files are not where they are looked for."""


@dataclass(frozen=True, slots=True)
class Step:
    """A sentence, and what stands below it: a text, or rows of cells."""

    sentence: str
    text: str | None
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """``ordinal``: its place in its file, from 1; names and numbers in names are not unique in the suite."""

    folder: str
    file: str
    ordinal: int
    name: str
    ignored: bool
    steps: tuple[Step, ...]

    @property
    def id(self) -> str:
        return f"{self.folder}/{self.file}#{self.ordinal}"

    def __str__(self) -> str:
        return f"{self.id} {self.name}"


@dataclass(frozen=True, slots=True)
class Suite:
    """The directory that holds ``features`` and ``graphs``."""

    directory: Path

    def scenarios(self, folder: str = "", name: str = "") -> Iterator[Scenario]:
        """In order. ``folder``: the beginning of a path below features; ``name``: a part of the id or the name."""
        features = self.directory / "features"
        for path in sorted(features.rglob("*.feature")):
            where = path.relative_to(features).with_suffix("")
            if where.as_posix().startswith(folder):
                for scenario in _read(path, where):
                    if name.lower() in str(scenario).lower():
                        yield scenario

    def graph(self, name: str) -> str:
        """The statements that make one of the named graphs."""
        return (self.directory / "graphs" / name / f"{name}.cypher").read_text("utf-8")


def find_suite() -> Suite:
    """``SAMYAMA_TCK``, else ``../shared/tck`` beside the repository.

    Raises: SuiteMissing: there is nothing.
    """
    named = os.environ.get("SAMYAMA_TCK")
    directory = Path(named) if named else ROOT.parent / "shared" / "tck"
    if not (directory / "features").is_dir():
        raise SuiteMissing(
            f"the openCypher TCK is not at {directory}: put its `features` and `graphs` there, or set SAMYAMA_TCK"
        )
    return Suite(directory)


def _read(path: Path, where: Path) -> Iterator[Scenario]:
    document = Parser().parse(path.read_text("utf-8"))
    document["uri"] = str(path)
    for ordinal, pickle in enumerate(Compiler().compile(document), 1):
        steps = []
        for step in pickle["steps"]:
            argument = step.get("argument", {})
            rows = argument.get("dataTable", {}).get("rows", [])
            steps.append(
                Step(
                    step["text"],
                    argument.get("docString", {}).get("content"),
                    tuple(tuple(cell["value"] for cell in row["cells"]) for row in rows),
                )
            )
        yield Scenario(
            folder=where.parent.as_posix(),
            file=where.name,
            ordinal=ordinal,
            name=pickle["name"],
            ignored=any(tag["name"] == "@ignore" for tag in pickle["tags"]),
            steps=tuple(steps),
        )
