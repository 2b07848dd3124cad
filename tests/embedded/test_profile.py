"""What PROFILE says beside rows and hits: memory of each operator, and the way of a write through consensus."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import samyama


def operators(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan["children"]:
        yield from operators(child)


def profile(db: samyama.Database, query: str) -> dict[str, Any]:
    result = db.execute(f"PROFILE {query}").consume().profile
    assert result is not None
    return result


def test_memory_is_counted_where_it_is_kept(db: samyama.Database) -> None:
    plan = profile(
        db, "UNWIND range(1, 1000) AS x WITH x ORDER BY -x RETURN count(DISTINCT x) AS c"
    )
    memory = {each["operatorType"]: each["args"]["Memory"] for each in operators(plan)}
    assert memory["Sort"] > 1000 * 16
    assert memory["Unwind"] == memory["Argument"] == 0
    total = plan["args"]["GlobalMemory"]
    assert max(memory.values()) <= total <= sum(memory.values())


def test_memory_is_given_back_between_rows(db: samyama.Database) -> None:
    inner = "UNWIND range(1, 100) AS y WITH y ORDER BY y RETURN sum(y) AS s"
    query = f"UNWIND range(1, $n) AS x CALL (x) {{ {inner} }} RETURN s"
    peaks = []
    for count in (1, 50):
        plan = profile(db, query.replace("$n", str(count)))
        peaks += [e["args"]["Memory"] for e in operators(plan) if e["operatorType"] == "Sort"]
    assert peaks[0] == peaks[1] > 0


def test_searches_are_charged(db: samyama.Database) -> None:
    db.execute("UNWIND range(1, 50) AS i CREATE (:N {i: i})").consume()
    db.execute("MATCH (a:N), (b:N) WHERE b.i = a.i + 1 CREATE (a)-[:T]->(b)").consume()
    found = {
        name: next(e for e in operators(profile(db, query)) if e["operatorType"] == name)
        for name, query in {
            "VarLengthExpand": "MATCH (a:N {i: 1})-[:T*]->(b) RETURN DISTINCT b.i",
            "ShortestPath": "MATCH p = shortestPath((a:N {i: 1})-[:T*]->(b:N {i: 50})) RETURN length(p)",
        }.items()
    }
    assert all(each["args"]["Memory"] > 0 for each in found.values())


def test_a_write_tells_its_way_through_the_log(tmp_path: Path) -> None:
    with samyama.open(tmp_path / "data") as db:
        way = profile(db, "CREATE (:N)")["args"]["Consensus"]
        assert way["index"] > 0
        assert way["term"] > 0
        assert way["proposed_us"] == 0 < way["on_disk_here_us"] <= way["applied_us"]
        assert way["on_quorum_us"] <= way["applied_us"]
        assert way["on_disk_of_followers_us"] == {}


def test_what_writes_nothing_has_no_way(tmp_path: Path) -> None:
    with samyama.open(tmp_path / "data") as db:
        profile(db, "CREATE (:N)")
        assert "Consensus" not in profile(db, "MATCH (n:N) RETURN n")["args"]
        assert "Consensus" not in profile(db, "MATCH (n:Nobody) SET n.x = 1")["args"]
        with db.begin() as transaction:
            summary = transaction.run("PROFILE CREATE (:N)").consume()
            assert summary.profile is not None
            assert "Consensus" not in summary.profile["args"], "it is proposed when it commits"
            transaction.commit()


def test_in_memory_there_is_no_log(db: samyama.Database) -> None:
    assert "Consensus" not in profile(db, "CREATE (:N)")["args"]
