"""``python -m tests.fuzz --minutes 60``: texts for the parser and the compiler, until time is up."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from pathlib import Path

import click
from tests.fuzz.properties import Broken, check_text
from tests.fuzz.texts import corpus, text_of
from tests.generators.choices import Choices, Recorded, Seeded, shrink

ROOT = Path(__file__).parents[2]
PROGRESS_S = 10.0


@click.command()
@click.option("--minutes", type=float, default=1.0)
@click.option("--texts", type=int, help="Stop after so many texts.")
@click.option("--seed", default=1, help="The same seed makes the same texts.")
@click.option("--findings", default=20, help="Stop after so many findings.")
@click.option("--json", "report", type=click.Path(path_type=Path), help="The summary.")
def main(minutes: float, texts: int | None, seed: int, findings: int, report: Path | None) -> None:
    """Fuzz the Cypher front end."""
    began = shown = time.monotonic()
    counts: Counter[str] = Counter()
    broken: list[str] = []
    number = 0
    click.echo(f"{len(corpus()):,} texts to begin with")
    while time.monotonic() - began < minutes * 60 and (texts is None or number < texts):
        choices = Choices(Seeded(seed * 1_000_003 + number))
        number += 1
        try:
            counts["parsed" if check_text(text_of(choices)) else "refused"] += 1
        except Broken as found:
            counts["broken"] += 1
            broken.append(_shown(_reduced(choices, found)))
            click.echo(broken[-1])
            if len(broken) >= findings:
                break
        if time.monotonic() - shown >= PROGRESS_S:
            shown = time.monotonic()
            click.echo(_line(number, counts, shown - began))
    seconds = time.monotonic() - began
    click.echo(_line(number, counts, seconds))
    path = report or ROOT / "reports" / "fuzz.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    summary = {
        "seed": seed,
        "seconds": round(seconds, 1),
        "texts": number,
        **counts,
        "findings": broken,
    }
    path.write_text(json.dumps(summary, indent=2) + "\n", "utf-8")
    click.echo(f"Report: {path}")
    sys.exit(1 if broken else 0)


def _line(number: int, counts: Counter[str], seconds: float) -> str:
    return (
        f"{number:,} texts, {number / max(seconds, 0.001):,.0f}/s, {counts['parsed']:,} parsed, "
        f"{counts['refused']:,} refused, {counts['broken']:,} broken, {seconds:,.0f} s"
    )


def _kind(found: Broken) -> str:
    return found.what[:40]


def _reduced(choices: Choices, found: Broken) -> Broken:
    """The same fault by a shorter text, where one is found soon."""
    best = found

    def still(made: list[int]) -> bool:
        nonlocal best
        try:
            check_text(text_of(Choices(Recorded(made))))
        except Broken as other:
            if _kind(other) == _kind(found):
                best = other
                return True
        return False

    def size(made: list[int]) -> int:
        return len(text_of(Choices(Recorded(made))))

    shrink(choices.made, still, size, tries=400)
    return _cut(best)


def _cut(found: Broken) -> Broken:
    """Pieces of the text itself taken out, while the fault stays."""
    text = found.text
    size = len(text) // 2
    tries = 600
    while size and tries > 0:
        at = 0
        while at < len(text) and tries > 0:
            tries -= 1
            candidate = text[:at] + text[at + size :]
            try:
                check_text(candidate)
            except Broken as other:
                if _kind(other) == _kind(found):
                    text, found = candidate, other
                    continue
            at += size
        size //= 2
    return found


def _shown(found: Broken) -> str:
    return f"== {found}"


if __name__ == "__main__":
    main()
