"""What came of a run: counts by folder, the failures, and a JSON document."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from tests.tck.judge import Verdict
from tests.tck.suite import Scenario

__all__ = ["side_by_side", "summary", "write_json"]

Outcomes = list[tuple[Scenario, Verdict]]
WIDTH = 78
#: Longer queries are cut where they are shown; the JSON report has them whole.
QUERY_LINES_MAX = 20


def summary(outcomes: Outcomes) -> str:
    """A line a folder, the names of what failed, and the sum."""
    by_folder: dict[str, Counter[bool]] = {}
    for scenario, verdict in outcomes:
        by_folder.setdefault(scenario.folder, Counter())[verdict.passed] += 1
    lines = [f"{'':{WIDTH - 16}}{'passed':>8}{'failed':>8}"]
    for folder, counts in by_folder.items():
        lines.append(f"{folder:{WIDTH - 16}}{counts[True]:8,}{counts[False]:8,}")
    failed = [(scenario, verdict) for scenario, verdict in outcomes if not verdict.passed]
    if failed:
        lines += ["", "Failed:"]
        lines += [f"  {scenario}  ({verdict.wrong})" for scenario, verdict in failed]
    passed = len(outcomes) - len(failed)
    lines += [
        "",
        f"{passed:,} of {len(outcomes):,} passed; values, types, columns, order, error type, phase and detail,"
        " and side effects checked.",
    ]
    return "\n".join(lines)


def side_by_side(scenario: Scenario, verdict: Verdict) -> str:
    """One failure: the query, then what was expected beside what came."""
    half = WIDTH // 2
    query = verdict.query.splitlines()
    if len(query) > QUERY_LINES_MAX:
        query = [*query[:QUERY_LINES_MAX], f"... ({len(query)} lines)"]
    lines = [f"--- {scenario}", f"    wrong: {verdict.wrong}", *_indent(query)]
    left, right = verdict.expected.splitlines(), verdict.actual.splitlines()
    if max(map(len, left + right), default=0) >= half:
        return "\n".join(
            [*lines, "    expected:", *_indent(left), "    actual:", *_indent(right), ""]
        )
    lines.append(f"    {'expected':{half}}| actual")
    for row in range(max(len(left), len(right))):
        one = left[row] if row < len(left) else ""
        other = right[row] if row < len(right) else ""
        lines.append(f"    {one:{half}}| {other}")
    return "\n".join([*lines, ""])


def _indent(lines: list[str]) -> list[str]:
    return [f"      {line}" for line in lines]


def write_json(path: Path, adapter: str, outcomes: Outcomes, seconds: float) -> None:
    failures = [
        {
            "id": scenario.id,
            "name": scenario.name,
            "wrong": verdict.wrong,
            "query": verdict.query,
            "expected": verdict.expected,
            "actual": verdict.actual,
        }
        for scenario, verdict in outcomes
        if not verdict.passed
    ]
    folders: dict[str, dict[str, int]] = {}
    for scenario, verdict in outcomes:
        counts = folders.setdefault(scenario.folder, {"passed": 0, "failed": 0})
        counts["passed" if verdict.passed else "failed"] += 1
    document = {
        "adapter": adapter,
        "scenarios": len(outcomes),
        "passed": len(outcomes) - len(failures),
        "seconds": round(seconds, 1),
        "folders": folders,
        "failures": failures,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")
