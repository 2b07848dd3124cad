"""Reads of open transactions, writes of others between them: was anybody given two answers, or let through wrongly?

What must hold is said once, in ``Broken``. Everything is run on one embedded database, which is loaded again and again.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.differential.answers import ENDED, Answer, GraphForm, graph_form
from tests.differential.canonical import from_engine
from tests.differential.compare import compare
from tests.generators.graphs import GraphSpec
from tests.generators.queries import Query

import samyama
from samyama.config.schema import Limits, Log, Settings
from samyama.errors import SamyamaError

__all__ = ["Bench", "Broken", "Case", "Race", "Skew"]

OUTDATED = "Neo.TransientError.Transaction.Outdated"
ROWS_MAX, TIMEOUT_MS = 3_000, 2_000
#: A statement that is still running after so long waits behind the other transaction.
PATIENCE_S = 0.002


class _Ids(dict[int, int]):
    """An entity is known by its own id."""

    def get(self, key: int, _: Any = None) -> Any:
        return key


_NUMBERS: Mapping[str, Mapping[int, int]] = {"node": _Ids(), "relationship": _Ids()}


class NoVerdict(Exception):
    """A limit was reached."""


@dataclass
class Broken:
    """``what`` should not have happened, ``told``: in the words of a script."""

    what: str
    told: list[str]


@dataclass(frozen=True)
class Case:
    """``writes``: one statement that commits by itself, or several of one transaction.

    ``ending``: how the reader goes on: "again" reads, "again and commit" does both, "commit" writes and commits without
    another look.
    """

    read: Query
    writes: tuple[str, ...]
    ending: str = "again"


@dataclass(frozen=True)
class Skew:
    """Two transactions, each of which reads and then writes what the other has read."""

    reads: tuple[Query, Query]
    writes: tuple[tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True)
class Race:
    """Two transactions that write, statement by statement in turn."""

    writes: tuple[tuple[str, ...], tuple[str, ...]]


@dataclass
class _Reader:
    query: Query
    transaction: samyama.Transaction
    before: Answer


@dataclass
class Bench:
    """``counts``: of verdicts, by what became of the reader."""

    schema: Sequence[str]
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        limits = Limits(query_timeout_ms=TIMEOUT_MS)
        self.database = samyama.open(settings=Settings(limits=limits, log=Log(level="error")))
        for statement in self.schema:
            self.database.execute(statement).consume()

    def close(self) -> None:
        self.database.close()

    def load(self, graph: GraphSpec) -> bool:
        """False: the constraints do not allow it."""
        self.database.execute("MATCH (n) DETACH DELETE n").consume()
        try:
            self.database.execute(graph.create()).consume()
        except SamyamaError:
            return False
        return True

    # ------------------------------------------------------------------------------------------------ stale reads

    def stale_reads(
        self, cases: Sequence[Case], changed: set[int] | None = None
    ) -> list[tuple[Case, Broken]]:
        """All cases have the same writes, and are open together.

        ``changed`` is given the places of those whose answer is another one behind the writes.
        """
        readers = [(at, case, self._begin(case.read)) for at, case in enumerate(cases)]
        self._write(cases[0].writes)
        found = []
        for at, case, reader in readers:
            if reader is None:
                continue
            try:
                after = self._answer(self.database, case.read)
                broken, is_changed = self._go_on(case, reader, after)
            except NoVerdict:
                continue
            finally:
                reader.transaction.rollback()
            if is_changed and changed is not None:
                changed.add(at)
            if broken is not None:
                found.append((case, broken))
        return found

    def _begin(self, query: Query) -> _Reader | None:
        """None: the read fails, or is too much."""
        transaction = self.database.begin()
        try:
            before = self._answer(transaction, query)
        except NoVerdict:
            before = Answer(error=("", "", ""))
        if before.error is not None:
            transaction.rollback()
            return None
        return _Reader(query, transaction, before)

    def _write(self, writes: Sequence[str]) -> None:
        """What a constraint refuses has not been written: all answers are to be the same."""
        try:
            if len(writes) == 1:
                self.database.execute(writes[0]).consume()
                return
            with self.database.begin() as transaction:
                for statement in writes:
                    transaction.run(statement).consume()
        except SamyamaError as error:
            self.counts[f"(write: {error.code.rpartition('.')[2]})"] += 1

    def _go_on(self, case: Case, reader: _Reader, after: Answer) -> tuple[Broken | None, bool]:
        before, query = reader.before, case.read
        changed = _differ(query, before, after)
        refused, again = self._end(case, reader)
        told = [f"# it read: {_shown(before)}", f"# and would now: {_shown(after)}"]
        if again is not None and _differ(query, before, again):
            told.append(f"# and read again: {_shown(again)}")
            return Broken("two answers in one transaction", told), changed
        if refused is None and changed:
            return Broken("the answer changed unseen", told), changed
        if refused is not None and refused != OUTDATED:
            told.append(f"# and failed with {refused}")
            return Broken("refused with another code", told), changed
        self.counts[("refused" if changed else "refused for nothing") if refused else "kept"] += 1
        return None, changed

    def _end(self, case: Case, reader: _Reader) -> tuple[str | None, Answer | None]:
        """(code of the refusal, what was read again)."""
        again = None
        transaction = reader.transaction
        if case.ending != "commit":
            again = self._answer(transaction, case.read)
            if again.error is not None:
                return again.message, None
        if case.ending != "again":
            try:
                transaction.run("CREATE (:Own)").consume()
                transaction.commit()
            except SamyamaError as error:
                if error.code in ENDED:
                    raise NoVerdict from None
                return error.code, again
        return None, again

    def _answer(self, source: Any, query: Query) -> Answer:
        """An error has its code as its message."""
        try:
            result = (source.run if hasattr(source, "run") else source.execute)(query.text)
            columns, rows = result.keys(), []
            for record in result:
                rows.append(tuple(from_engine(value, _NUMBERS) for value in record))
                if len(rows) > ROWS_MAX:
                    raise NoVerdict
        except SamyamaError as error:
            if error.code in ENDED:
                raise NoVerdict from None
            return Answer(error=(error.code, "", ""), message=error.code)
        return Answer(columns, rows)

    # ------------------------------------------------------------------------------------------------- write skew

    def skew(self, case: Skew) -> Broken | None:
        """To be asked where each write changes the other's answer: one of the two must be refused."""
        readers = [self._begin(query) for query in case.reads]
        first, second = readers
        if first is None or second is None:
            for reader in readers:
                if reader is not None:
                    reader.transaction.rollback()
            return None
        ends: list[str] = []
        if self._step(first, case.writes[0], ends):
            # The other one may have to wait until this one has ended.
            other = threading.Thread(target=self._step, args=(second, case.writes[1], ends))
            other.start()
            other.join(PATIENCE_S)
            self._commit(first, ends)
            other.join()
            self._commit(second, ends)
        for reader in (first, second):
            reader.transaction.rollback()
        if not ends:
            told = [f"# each had read: {_shown(first.before)} and {_shown(second.before)}"]
            return Broken("write skew", told)
        # Another error, of a constraint say, ends a transaction as well, and says nothing.
        is_refused = any(code.startswith("Neo.TransientError.") for code in ends)
        self.counts["skew refused" if is_refused else "(skew: another error)"] += 1
        return None

    def _step(self, reader: _Reader, writes: Sequence[str], ends: list[str]) -> bool:
        try:
            for statement in writes:
                reader.transaction.run(statement).consume()
        except SamyamaError as error:
            ends.append(error.code)
            return False
        return True

    def _commit(self, reader: _Reader, ends: list[str]) -> None:
        if reader.transaction.closed():
            return
        try:
            reader.transaction.commit()
        except SamyamaError as error:
            ends.append(error.code)

    # ------------------------------------------------------------------------------------------------------ races

    def race(self, graph: GraphSpec, case: Race) -> Broken | None:
        """What was committed must have come to be in one order or the other."""
        if not self.load(graph):
            return None
        committed = self._run_in_turn(case)
        found = self._form()
        orders = [committed, committed[::-1]]
        forms = [self._one_by_one(graph, [case.writes[at] for at in order]) for order in orders]
        if None in forms or found not in forms:
            told = [f"# committed, of 0 and 1: {committed}; the graph is as in no order of these"]
            return Broken("no order gives this graph", told)
        self.counts["race" if len(committed) == 2 else "race, refused"] += 1
        return None

    def _run_in_turn(self, case: Race) -> list[int]:
        """The places of those that were committed. A step that has to wait does so in a thread of its own."""
        lanes = [_Lane(self.database.begin(), list(writes)) for writes in case.writes]
        while any(lane.goes_on for lane in lanes):
            for lane in lanes:
                lane.step()
        return [at for at, lane in enumerate(lanes) if lane.is_committed]

    def _one_by_one(self, graph: GraphSpec, all_writes: list[tuple[str, ...]]) -> GraphForm | None:
        """None: they fail."""
        self.load(graph)
        try:
            for writes in all_writes:
                with self.database.begin() as transaction:
                    for statement in writes:
                        transaction.run(statement).consume()
        except SamyamaError:
            return None
        return self._form()

    def _form(self) -> GraphForm:
        nobody: Mapping[str, Mapping[int, int]] = {"node": {}, "relationship": {}}
        rows = self.database.execute("MATCH (n) RETURN n").fetch_all()
        nodes = {row[0].id: from_engine(row[0], nobody) for row in rows}
        rows = self.database.execute(_RELATIONSHIPS).fetch_all()
        return graph_form(nodes, [(row[1], row[2], from_engine(row[0], nobody)) for row in rows])


_RELATIONSHIPS = "MATCH ()-[r]->() RETURN r, id(startNode(r)), id(endNode(r))"


class _Lane:
    """A transaction and the statements that it has not run yet; then it commits."""

    def __init__(self, transaction: samyama.Transaction, writes: list[str]) -> None:
        self._transaction, self._writes = transaction, writes
        self._running: threading.Thread | None = None
        self.goes_on, self.is_committed = True, False

    def step(self) -> None:
        """The next one, or a moment more for the one that waits."""
        if not self.goes_on:
            return
        if self._running is None:
            self._running = threading.Thread(target=self._next)
            self._running.start()
        self._running.join(PATIENCE_S)
        if not self._running.is_alive():
            self._running = None

    def _next(self) -> None:
        try:
            if self._writes:
                self._transaction.run(self._writes.pop(0)).consume()
                return
            self._transaction.commit()
            self.is_committed = True
        except SamyamaError:
            self._transaction.rollback()
        self.goes_on = False


def _differ(query: Query, one: Answer, other: Answer) -> bool:
    if one.error is not None or other.error is not None:
        return one.error != other.error
    return compare(query, one, other) is not None


def _shown(answer: Answer) -> str:
    text = str(answer.error or sorted(answer.rows, key=repr))
    return text if len(text) < 400 else text[:400] + " ..."
