"""A slice of the campaign of random reads against random writes; and what it says where something is wrong."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.generators.graphs import GraphSpec, NodeSpec
from tests.generators.queries import Query
from tests.transactions.pairs import Bench, Case, Race, Skew
from tests.transactions.unseen import Campaign, Finding

SEED, CHECKS = 3, 2_000


def test_no_read_of_an_open_transaction_is_changed_unseen() -> None:
    found: list[Finding] = []
    campaign = Campaign(SEED, found.append)
    number = 0
    while campaign.checks < CHECKS:
        campaign.round(number)
        number += 1
    assert not found, "\n\n".join(finding.script for finding in found)
    # It has looked at something: answers that changed, answers that did not, and pairs of transactions.
    assert campaign.counts["refused"] > CHECKS / 20
    assert campaign.counts["kept"] > CHECKS / 4
    assert campaign.counts["skew refused"] > CHECKS / 50


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench([])
    bench.load(GraphSpec([NodeSpec(["A"], {"k": "1"})]))
    yield bench
    bench.close()


@pytest.mark.parametrize(
    ("ending", "what"),
    [
        ("again", "two answers in one transaction"),
        ("again and commit", "two answers in one transaction"),
        ("commit", "the answer changed unseen"),
    ],
)
def test_an_answer_that_nothing_holds_fast_is_found(bench: Bench, ending: str, what: str) -> None:
    case = Case(Query(["RETURN rand() AS number"]), ("CREATE (:A)",), ending)
    ((_, broken),) = bench.stale_reads([case])
    assert broken.what == what


def test_two_transactions_of_which_none_is_refused_are_found(bench: Bench) -> None:
    nothing = Query(["RETURN 1 AS one"])
    broken = bench.skew(Skew((nothing, nothing), (("CREATE (:A)",), ("CREATE (:A)",))))
    assert broken is not None
    assert broken.what == "write skew"


def test_write_skew_is_refused(bench: Bench) -> None:
    count = Query(["MATCH (n:A) RETURN count(n)"])
    assert bench.skew(Skew((count, count), (("CREATE (:A)",), ("CREATE (:A)",)))) is None
    assert bench.counts["skew refused"] == 1


def test_what_is_committed_in_turn_is_as_in_one_order(bench: Bench) -> None:
    graph = GraphSpec([NodeSpec(["A"], {"k": "1"})])
    add = "MATCH (n:A) SET n.k = n.k + 1"
    assert bench.race(graph, Race(((add, add), ("MATCH (n:A) SET n.k = n.k * 10",)))) is None
    assert bench.counts["race"] + bench.counts["race, refused"] == 1
    # Which is by chance is in no order as it was.
    by_chance = "CREATE (:B {k: rand()})"
    broken = bench.race(graph, Race(((by_chance,), (add,))))
    assert broken is not None
    assert broken.what == "no order gives this graph"
