"""Feature scripts: a page of Markdown that says what a feature is and shows it, run as it stands.

A script is `# Area: feature`, one sentence for the table, and then pairs of fenced blocks: `cypher` (one statement, or
several that end in `;`; lines `:param name => expression` before it, `:warnings` for what the summary warns of instead
of the rows) and `result` (a table, counters, or the error).
One fresh embedded database per script. `--update` writes the results anew; whoever does so reads the difference.

Not here: order. A query whose order matters says ORDER BY, others are compared as they come.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import samyama
from samyama.config.schema import Load, Procedures, Settings
from samyama.errors import SamyamaError
from samyama.types import Duration, Node, Point, Relationship, Temporal
from samyama.types import Path as GraphPath

__all__ = ["HERE", "ROOT", "Script", "load_all", "table_of_features"]

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
#: LOAD CSV may read the files beside the scripts; procedures come from one of them.
SETTINGS = Settings(
    load=Load(csv_directory=str(HERE / "files")),
    procedures=Procedures(file=str(HERE / "files" / "procedures.toml")),
)
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_WARNINGS = ":warnings\n"
_PARAM = re.compile(r"^:param (\w+) => (.*)$", re.MULTILINE)


@dataclass
class Script:
    path: Path
    text: str
    refused: int = 0
    worked: int = 0
    failures: list[str] = field(default_factory=list)

    @property
    def title(self) -> str:
        return self.text.splitlines()[0].removeprefix("# ")

    @property
    def note(self) -> str:
        return next(line for line in self.text.splitlines()[1:] if line.strip())

    def run(self) -> str:
        """The text with every result as it is now."""
        pieces: list[str] = []
        at = 0
        blocks = list(_BLOCK.finditer(self.text))
        with samyama.open(settings=SETTINGS) as db:
            for number, block in enumerate(blocks):
                if block[1] != "cypher":
                    continue
                follows = blocks[number + 1] if number + 1 < len(blocks) else None
                has_result = follows is not None and follows[1] == "result"
                result = f"```result\n{self._result(db, block[2])}```"
                pieces += [self.text[at : block.end()], "\n", result]
                at = follows.end() if has_result and follows is not None else block.end()
        return "".join(pieces) + self.text[at:]

    def _result(self, db: samyama.Database, source: str) -> str:
        try:
            parameters = {
                m[1]: db.execute(f"RETURN {m[2]}").single(strict=True)[0]
                for m in _PARAM.finditer(source)
            }
            *before, last = statements(_PARAM.sub("", source.removeprefix(_WARNINGS)))
            for statement in before:
                db.execute(statement, parameters).consume()
            result = db.execute(last, parameters)
            rows = result.fetch_all()
            lines = [*_table(result.keys(), [tuple(row) for row in rows])] if result.keys() else []
            summary = result.consume()
            lines += [f"{name}: {count}" for name, count in summary.counters.items()]
            lines += _plan(summary.profile or summary.plan or {})
            if source.startswith(_WARNINGS):
                lines = [line for status in summary.gql_status_objects for line in _warning(status)]
            self.worked += 1
        except SamyamaError as error:
            is_refusal = "supported" in error.message
            self.refused += is_refusal
            self.worked += not is_refusal
            lines = [error.code, *error.message.splitlines()]
        return "".join(f"{line}\n" for line in lines or ["(nothing)"])


def statements(source: str) -> list[str]:
    return [
        piece.strip() for piece in re.split(r";\s*$", source, flags=re.MULTILINE) if piece.strip()
    ]


def _warning(status: dict[str, Any]) -> list[str]:
    """A status that is not the outcome; where it stands, and what is said."""
    if "title" not in status:
        return []
    record = status["diagnostic_record"]
    place = record["_position"]
    head = f"{status['gql_status']} {record['_severity']} {record['_classification']}"
    at = f"line {place['line']}, column {place['column']} (offset: {place['offset']})"
    return [f"{head} at {at}", f"  {status['neo4j_code']}", f"  {status['status_description']}"]


def _table(keys: list[str], rows: list[tuple[Any, ...]]) -> Iterator[str]:
    def line(cells: list[str]) -> str:
        return (
            "| "
            + " | ".join(cell.replace("|", "\\|").replace("\n", "\\n") for cell in cells)
            + " |"
        )

    yield line(keys)
    yield line(["---"] * len(keys))
    for row in rows:
        yield line([literal(value) for value in row])


def _plan(plan: dict[str, Any], depth: int = 0) -> list[str]:
    """Operators with rows and hits; time differs from run to run, so only that it is there is shown."""
    if not plan:
        return []
    arguments = plan.get("args", {})
    own = "  " * depth + plan["operatorType"]
    if "dbHits" in plan:
        time = "measured" if "time" in arguments or "time" in plan else "?"
        own += (
            f" rows={plan['rows']} hits={plan['dbHits']} memory={arguments['Memory']} time={time}"
        )
    return [own, *(line for child in plan.get("children", []) for line in _plan(child, depth + 1))]


def literal(value: Any) -> str:
    """A value as Cypher writes it; properties by name, labels by name."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case float():
            if math.isnan(value):
                return "NaN"
            return ("-" if value < 0 else "") + "Infinity" if math.isinf(value) else repr(value)
        case str():
            return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
        case Node():
            labels = "".join(f":{label}" for label in sorted(value.labels))
            return f"({' '.join(filter(None, [labels, _map(value)]))})"
        case Relationship():
            return f"[:{value.type}{' ' + _map(value) if value else ''}]"
        case GraphPath():
            return "<" + "".join(_walk(value)) + ">"
        case dict():
            return _map(value) or "{}"
        case list() | tuple():
            return "[" + ", ".join(map(literal, value)) + "]"
        case Point(srid, x, y, z):
            return f"point({{srid: {srid}, x: {x}, y: {y}{'' if z is None else f', z: {z}'}}})"
        case dt.date() | dt.time() | dt.datetime():
            return value.isoformat()
        case Duration() | Temporal():
            return repr(value)
        case _:
            return repr(value)


def _map(value: Any) -> str:
    return (
        "{" + ", ".join(f"{key}: {literal(value[key])}" for key in sorted(value)) + "}"
        if value
        else ""
    )


def _walk(path: GraphPath) -> Iterator[str]:
    yield literal(path.nodes[0])
    for relationship, before, after in zip(
        path.relationships, path.nodes, path.nodes[1:], strict=False
    ):
        is_forward = relationship.start_node == before
        yield f"{'-' if is_forward else '<-'}{literal(relationship)}{'->' if is_forward else '-'}{literal(after)}"


def load_all() -> list[Script]:
    return [Script(path, path.read_text("utf-8")) for path in sorted(HERE.glob("*.md"))]


def table_of_features() -> str:
    """`docs/cypher/features.md`, from the scripts as they stand: what their results say decides the third column."""
    lines = [
        "# Cypher beyond the openCypher TCK",
        "",
        "Every row is a script that runs in `make test`: follow its link for queries with their answers. This page is",
        "generated from `tests/features` (`make fix` rewrites it). *partly* and *refused* mean: what is missing fails",
        "with an error that says so, never with a wrong answer.",
        "",
        "| feature | what it is | state |",
        "| --- | --- | --- |",
    ]
    for script in load_all():
        results = [match[2] for match in _BLOCK.finditer(script.text) if match[1] == "result"]
        refused = sum(result.startswith("Neo.") and "supported" in result for result in results)
        escaped = script.note.replace("|", "\\|")
        state = "works" if refused == 0 else "refused" if refused == len(results) else "partly"
        lines.append(
            f"| [{script.title}](../../tests/features/{script.path.name}) | {escaped} | {state} |"
        )
    return "\n".join(lines) + "\n"
