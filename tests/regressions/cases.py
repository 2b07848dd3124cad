"""Cases that went wrong once: a page of Markdown each, with a set-up, a query and the answer that the language gives.

    # What it is about
    A sentence or two: what was wrong, and where it was found.

Then fenced blocks: ``setup`` (statements that end in ``;``), ``query``, ``result`` (as ``tests.differential.render``
writes it; errors by type and phase). Lines before them: ``Ordered: yes`` (the query says so), ``Bags: a, b`` (columns
of lists whose order is open), ``Open: ...`` (not mended yet, and why; such a case must fail, so that the line goes
when it does not). The answer is what the reference interpreter gives, and a test keeps it so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from tests.differential.answers import Answer, Engine, Oracle
from tests.differential.compare import compare
from tests.differential.render import table
from tests.generators.graphs import GraphSpec
from tests.generators.queries import Query
from tests.reference.interpreter import run

__all__ = ["HERE", "Case", "load_all", "page"]

HERE = Path(__file__).parent / "cypher"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINE = re.compile(r"^(Ordered|Bags|Open): (.*)$", re.MULTILINE)
_SCHEMA = re.compile(
    r"\s*(CREATE|DROP)\s+(INDEX|CONSTRAINT|RANGE|TEXT|POINT|UNIQUE)", re.IGNORECASE
)


@dataclass
class Case:
    path: Path
    setup: list[str]
    query: Query
    result: str
    open: str = ""
    blocks: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Case:
        text = path.read_text("utf-8")
        blocks = {found[1]: found[2] for found in _BLOCK.finditer(text)}
        lines = dict(_LINE.findall(text))
        bags = {name.strip(): "bag of any" for name in lines.get("Bags", "").split(",")}
        query = Query(
            [blocks["query"].strip()],
            bags,
            ordered="Ordered" in lines,
            writes=_writes(blocks["query"]),
        )
        setup = [piece.strip() for piece in re.split(r";\s*$", blocks.get("setup", ""), flags=re.M)]
        return cls(
            path, [s for s in setup if s], query, blocks["result"], lines.get("Open", ""), blocks
        )

    def reference(self) -> Answer:
        """By the reference; it knows no indexes, and they must not matter."""
        oracle = Oracle(GraphSpec())
        for statement in self.setup:
            if not _SCHEMA.match(statement):
                oracle.graph = run(oracle.graph, statement).graph
        oracle.number_by_id()
        return oracle.ask(self.query.text, writes=self.query.writes)

    def engine(self) -> Answer:
        engine = Engine()
        try:
            for statement in self.setup:
                engine.database.execute(statement).consume()
            engine.number_by_id()
            if self.query.writes:
                return engine.write(self.query.text)
            return engine.ask(self.query.text)
        finally:
            engine.close()

    def difference(self) -> str | None:
        """How the engine's answer differs from the reference's; None: not at all."""
        engine, reference = self.engine(), self.reference()
        found = compare(self.query, engine, reference)
        if found is None:
            return None
        ours, theirs = table(engine, ordered=self.query.ordered), self.result
        return f"{found.what}\nengine: {engine.message}\n{ours}\nright:\n{theirs}"


def _writes(text: str) -> bool:
    return bool(re.search(r"\b(CREATE|MERGE|SET|DELETE|REMOVE|FOREACH)\b", text, re.IGNORECASE))


def load_all() -> list[Case]:
    return [Case.read(path) for path in sorted(HERE.glob("*.md"))]


def page(title: str, note: str, setup: list[str], query: Query, reference: Answer) -> str:
    """The text of a new case."""
    lines = [f"# {title}", note, ""]
    if query.ordered:
        lines.append("Ordered: yes")
    if query.bags:
        lines.append(f"Bags: {', '.join(query.bags)}")
    blocks = ""
    if setup:
        statements = "".join(f"{s};\n" for s in setup)
        blocks += f"```setup\n{statements}```\n"
    blocks += f"```query\n{query.text}\n```\n"
    blocks += f"```result\n{table(reference, ordered=query.ordered)}```\n"
    return "\n".join(lines) + "\n" + blocks
