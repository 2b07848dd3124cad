"""A finding as text: what was asked, what came, and a page for the corpus of regressions."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from tests.differential.answers import Answer, Oracle, TooSlow
from tests.differential.compare import compare
from tests.differential.render import table
from tests.generators.queries import Query
from tests.metamorphic.bench import INDEXES
from tests.metamorphic.campaign import Finding
from tests.regressions.cases import page

__all__ = ["describe", "keep"]

ROWS_SHOWN = 20


def _shown(answer: Answer) -> str:
    lines = table(answer).splitlines()
    more = [f"... {len(lines) - ROWS_SHOWN} more"] if len(lines) > ROWS_SHOWN else []
    if answer.message:
        more += answer.message.splitlines()
    return "\n".join(f"    {line}" for line in [*lines[:ROWS_SHOWN], *more])


def _wrong_query(finding: Finding) -> tuple[str, Answer] | None:
    """The query whose answer is not the reference's, with the right answer."""
    oracle = Oracle(finding.graph)
    for text, answer in finding.fault.asked:
        query = Query([text], finding.query.columns, finding.query.ordered, finding.query.writes)
        try:
            right = oracle.ask(text, writes=finding.query.writes)
        except TooSlow:
            continue
        if compare(query, answer, right) is not None:
            return text, right
    return None


def _again(finding: Finding, seed: int) -> str:
    return (
        f"python -m tests.metamorphic --seed {seed} --only {finding.check} --case {finding.number}"
    )


def describe(finding: Finding, seed: int) -> str:
    lines = [
        f"== {finding.check}: {finding.fault.what}",
        f"   again: {_again(finding, seed)}",
        f"graph: {finding.graph.create()}",
    ]
    for text, answer in finding.fault.asked:
        lines += [*(f"  {line}" for line in text.splitlines()), _shown(answer)]
    found = _wrong_query(finding)
    if found is not None:
        lines += ["the reference gives:", _shown(found[1])]
    return "\n".join(lines)


def keep(finding: Finding, seed: int, directory: Path) -> Path | None:
    """Write the page of a regression case; None if no single query can be blamed."""
    found = _wrong_query(finding)
    if found is None:
        return None
    text, right = found
    setup = [] if not finding.graph.nodes else [finding.graph.create()]
    if finding.check == "indexed":
        setup = [*INDEXES, *setup]
    title = f"{finding.check.replace('_', ' ').capitalize()}: {finding.fault.what}"
    note = f"Found by `{_again(finding, seed)}`."
    query = Query([text], finding.query.columns, finding.query.ordered, finding.query.writes)
    digest = hashlib.sha256(re.sub(r"\d+", "0", text).encode()).hexdigest()[:8]
    path = directory / f"found_{finding.check}_{digest}.md"
    directory.mkdir(parents=True, exist_ok=True)
    path.write_text(page(title, note, setup, query, right), "utf-8")
    return path
