"""``python -m tests.transactions.unseen``: random reads of open transactions against random writes of others.

A transaction reads; others write and commit; it reads the same again, writes, commits. It must be given the answer it
was given before, and where a fresh read is given another one, it must be refused. And two transactions that change what
the other has read must not both be committed; and what two have written in turn must be as in one order or the other.
``conflicts.py`` is the first of these by hand, as a picture.

Exit code: 0 nothing unseen, 1 findings. A finding is printed as a script that shows it again.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import click
from tests.generators.choices import Choices, Seeded
from tests.generators.graphs import GraphSpec
from tests.generators.queries import Query, generate_query
from tests.generators.reduce import reduce_graph, reduce_query
from tests.generators.writes import generate_write
from tests.metamorphic.other_plans import other_plans
from tests.metamorphic.relations.replanned import shaped
from tests.transactions import looks
from tests.transactions.pairs import Bench, Broken, Case, Race, Skew

from samyama.cypher.planner.rules import RULES

__all__ = ["Campaign", "Finding"]

PROGRESS_S = 10.0
READS, WRITES, GRAPHS, SKEWS, RACES = 14, 8, 5, 6, 6
#: Verdicts that are no verdicts of reads.
_NOTES = "("


@dataclass(frozen=True)
class Plans:
    """Rules that the planner leaves out, and which lies it is told about the graph; 0: none."""

    without: frozenset[str] = frozenset()
    lies: int = 0

    def in_force(self) -> AbstractContextManager[None]:
        return other_plans(self.without, self.lies) if self.lies else nullcontext()


@dataclass
class Finding:
    """``number``: of the round."""

    number: int
    plans: Plans
    schema: list[str]
    graph: GraphSpec
    case: Case | Skew | Race
    broken: Broken

    @property
    def script(self) -> str:
        lines = ["import samyama", "", "with samyama.open() as database:"]
        if self.plans.lies:
            rules, lies = sorted(self.plans.without), self.plans.lies
            lines[1:1] = ["from tests.metamorphic.other_plans import other_plans"]
            lines[-1] = f"with other_plans(frozenset({rules}), {lies}), samyama.open() as database:"
        for statement in [*self.schema, self.graph.create()]:
            lines.append(f"    database.execute({statement!r}).consume()")
        match self.case:
            case Skew() as skew:
                lines += _skew_lines(skew)
            case Race() as race:
                lines += _race_lines(race)
            case case:
                lines += _case_lines(case)
        return "\n".join([f"# {self.broken.what}", *self.broken.told, *lines])


def _case_lines(case: Case) -> Iterator[str]:
    yield "    reader = database.begin()"
    yield f"    print(reader.run({case.read.text!r}).fetch_all())"
    if len(case.writes) == 1:
        yield f"    database.execute({case.writes[0]!r}).consume()"
    else:
        yield "    with database.begin() as writer:"
        yield from (f"        writer.run({text!r}).consume()" for text in case.writes)
    yield f"    print(database.execute({case.read.text!r}).fetch_all())"
    if case.ending != "commit":
        yield f"    print(reader.run({case.read.text!r}).fetch_all())"
    yield "    reader.run('CREATE (:Own)').consume()"
    yield "    reader.commit()"


def _skew_lines(case: Skew) -> Iterator[str]:
    names = ("one", "other")
    yield from (f"    {name} = database.begin()" for name in names)
    for name, query in zip(names, case.reads, strict=True):
        yield f"    print({name}.run({query.text!r}).fetch_all())"
    yield "    # If the second write waits, let `one` commit before it."
    for name, writes in zip(names, case.writes, strict=True):
        yield from (f"    {name}.run({text!r}).consume()" for text in writes)
    yield from (f"    {name}.commit()" for name in names)


def _race_lines(case: Race) -> Iterator[str]:
    yield "    # Statement by statement in turn; one that waits goes on when the other has ended."
    for name, writes in zip(("one", "other"), case.writes, strict=True):
        yield f"    {name} = database.begin()"
        yield from (f"    {name}.run({text!r}).consume()" for text in writes)
    yield from (f"    {name}.commit()" for name in ("one", "other"))


class Campaign:
    """Round after round, each from its own number: some reads and writes, on some graphs, each read with each write."""

    def __init__(self, seed: int, on_finding: Callable[[Finding], None]) -> None:
        self.seed, self.on_finding = seed, on_finding
        self.counts: Counter[str] = Counter()
        self.findings = 0
        self._plans = Plans()

    @property
    def checks(self) -> int:
        return sum(n for name, n in self.counts.items() if not name.startswith(_NOTES))

    def round(self, number: int) -> None:
        choices = Choices(Seeded(self.seed * 1_000_003 + number))
        self._plans = _plans(choices)
        with self._plans.in_force():
            self._round(number, choices)

    def _round(self, number: int, choices: Choices) -> None:
        bench = Bench(looks.schema(choices), self.counts)
        reads = [self._read(choices) for _ in range(READS)]
        writes = [self._writes(choices) for _ in range(WRITES)]
        if choices.chance(15):
            # Last, because it stays.
            writes.append((looks.schema_change(choices),))
        try:
            for graph_number in range(GRAPHS):
                is_last = graph_number == GRAPHS - 1
                self._graph(bench, number, choices, reads, writes if is_last else writes[:WRITES])
        finally:
            bench.close()

    def _read(self, choices: Choices) -> Query:
        form = choices.weighted((55, looks.read), (35, generate_query), (10, shaped))
        return form(choices)

    def _writes(self, choices: Choices) -> tuple[str, ...]:
        if choices.chance(30):
            return (generate_write(choices).text,)
        count = choices.weighted((70, 1), (20, 2), (10, 3))
        return tuple(looks.write(choices) for _ in range(count))

    def _graph(
        self,
        bench: Bench,
        number: int,
        choices: Choices,
        reads: Sequence[Query],
        writes: Sequence[tuple[str, ...]],
    ) -> None:
        graph = looks.graph(choices)
        changes: dict[int, set[int]] = {}
        for place, texts in enumerate(writes):
            if not bench.load(graph):
                return
            # Who commits is the last: what it writes would refuse others.
            ending = choices.one(("again", "again and commit", "commit"))
            cases = [Case(read, texts) for read in reads]
            cases[-1] = dataclasses.replace(cases[-1], ending=ending)
            changed: set[int] = set()
            for case, broken in bench.stale_reads(cases, changed):
                self._report(bench, number, graph, case, broken)
            changes[place] = changed
        for _ in range(SKEWS):
            skew = self._skew(choices, reads, writes[:WRITES], changes)
            if skew is not None and bench.load(graph):
                broken = bench.skew(skew)
                if broken is not None:
                    self._report(bench, number, graph, skew, broken)
        for _ in range(RACES):
            first, second, third = (choices.one(writes[:WRITES]) for _ in range(3))
            race = Race(((*first, *second), third))
            broken = bench.race(graph, race)
            if broken is not None:
                self._report(bench, number, graph, race, broken)

    def _skew(
        self,
        choices: Choices,
        reads: Sequence[Query],
        writes: Sequence[tuple[str, ...]],
        changes: dict[int, set[int]],
    ) -> Skew | None:
        """Two reads and two writes, each of which changes the other's answer."""
        # A name that was given once stays: the second time it changes nothing.
        changes = {
            place: {at for at in found if "propertyKeys" not in reads[at].text}
            for place, found in changes.items()
        }
        changing = [place for place in range(len(writes)) if changes[place]]
        if not changing:
            return None
        one, other = choices.one(changing), choices.one(changing)
        first, second = choices.one(sorted(changes[other])), choices.one(sorted(changes[one]))
        return Skew((reads[first], reads[second]), (writes[one], writes[other]))

    def _report(
        self, bench: Bench, number: int, graph: GraphSpec, case: Case | Skew | Race, broken: Broken
    ) -> None:
        self.findings += 1
        finding = Finding(number, self._plans, list(bench.schema), graph, case, broken)
        self.on_finding(reduced(finding) if self.findings <= 12 else finding)


def _plans(choices: Choices) -> Plans:
    """Half of the rounds are planned otherwise, so that every operator is met."""
    if choices.chance(50):
        return Plans()
    names = sorted(RULES)
    return Plans(frozenset(choices.some(names, len(names))), 1 + choices.below(1_000))


def again(finding: Finding) -> Finding | None:
    """The same case on a database of its own; None if all is well."""
    try:
        bench = Bench(finding.schema)
    except Exception:
        return None
    try:
        if not bench.load(finding.graph):
            return None
        if isinstance(finding.case, Skew):
            # Without the other, each changes what the other has read: that is not looked at again, so only graph and
            # schema are made smaller, and both changes are asked for.
            if not all(_changes(finding, at) for at in (0, 1)):
                return None
            broken = bench.skew(finding.case)
        elif isinstance(finding.case, Race):
            broken = bench.race(finding.graph, finding.case)
        else:
            broken = next((b for _, b in bench.stale_reads([finding.case])), None)
    except Exception:
        return None
    finally:
        bench.close()
    if broken is None or broken.what != finding.broken.what:
        return None
    return dataclasses.replace(finding, broken=broken)


def _changes(finding: Finding, at: int) -> bool:
    assert isinstance(finding.case, Skew)
    bench = Bench(finding.schema)
    changed: set[int] = set()
    try:
        bench.load(finding.graph)
        bench.stale_reads([Case(finding.case.reads[at], finding.case.writes[1 - at])], changed)
    finally:
        bench.close()
    return bool(changed)


def reduced(finding: Finding) -> Finding:
    """As small as it can be made and still be the same."""
    if again(finding) is None:
        return finding

    def try_(**parts: object) -> bool:
        nonlocal finding
        smaller = again(dataclasses.replace(finding, **parts))  # type: ignore[arg-type]
        finding = smaller or finding
        return smaller is not None

    for statement in list(finding.schema):
        try_(schema=[one for one in finding.schema if one != statement])
    case = finding.case
    if isinstance(case, Case):
        for at in reversed(range(len(case.writes))):
            fewer = (*case.writes[:at], *case.writes[at + 1 :])
            if fewer and try_(case=dataclasses.replace(case, writes=fewer)):
                case = dataclasses.replace(case, writes=fewer)
    reduce_graph(finding.graph, lambda graph: try_(graph=graph))
    if isinstance(case, Case):
        kept = case

        def with_read(text: str) -> bool:
            read = dataclasses.replace(kept.read, clauses=[text])
            return try_(case=dataclasses.replace(kept, read=read))

        reduce_query(kept.read.text, with_read)
        reduce_graph(finding.graph, lambda graph: try_(graph=graph))
    return finding


@click.command()
@click.option("--checks", default=10_000, help="Stop after so many verdicts.")
@click.option("--seconds", type=float, help="Stop after so long.")
@click.option("--seed", default=1, help="The same seed makes the same rounds.")
@click.option("--from", "first", default=0, help="Begin with this round.")
def main(checks: int, seconds: float | None, seed: int, first: int) -> None:
    """Look for answers that change unseen."""
    began = shown = time.monotonic()
    seen: Counter[tuple[str, str]] = Counter()

    def tell(finding: Finding) -> None:
        read = finding.case.read.text if isinstance(finding.case, Case) else ""
        seen[finding.broken.what, read[:24]] += 1
        if seen[finding.broken.what, read[:24]] <= 2:
            again = f"--seed {seed} --from {finding.number}"
            click.echo(f"# ==== python -m tests.transactions.unseen {again}")
            click.echo(finding.script)

    campaign = Campaign(seed, tell)
    number = first
    while campaign.checks < checks and (seconds is None or time.monotonic() - began < seconds):
        campaign.round(number)
        number += 1
        if time.monotonic() - shown >= PROGRESS_S:
            shown = time.monotonic()
            click.echo(_line(campaign, number, shown - began))
    click.echo(_line(campaign, number, time.monotonic() - began))
    sys.exit(1 if campaign.findings else 0)


def _line(campaign: Campaign, number: int, seconds: float) -> str:
    parts = ", ".join(f"{name} {count:,}" for name, count in sorted(campaign.counts.items()))
    rate = campaign.checks / max(seconds, 0.001)
    return f"{campaign.checks:,} checks, {rate:,.0f}/s, {campaign.findings:,} findings, next round {number}; {parts}"


if __name__ == "__main__":
    main()
