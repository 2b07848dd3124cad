"""The measuring measures: counts add up, parameters arrive, a missed floor is seen. No figure is judged here."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import samyama
from samyama.bench.cpu import cpu_seconds
from samyama.bench.disk import sync_floor
from samyama.bench.goals import FIGURES
from samyama.bench.load import Load, Random, Sequence, TextBytes, run_load
from samyama.cli.bench import run
from samyama.testing import Cluster


@pytest.mark.cluster
def test_a_load_is_what_it_says() -> None:
    with Cluster(1) as cluster:
        leader = cluster.leader()
        writes = Load(
            addresses=[leader.bolt],
            statement="CREATE (:U {id: $id, name: $name, age: $age})",
            parameters={"id": Sequence(100), "name": TextBytes(10), "age": Random(18, 20)},
            connections=4,
            depth=8,
            warmup_ms=0,
            duration_ms=60_000,
            requests_max=500,
        )
        report = run_load(writes)
        assert (report.operations, report.errors, report.connections_lost) == (500, {}, 0)
        query = (
            "MATCH (n:U) RETURN count(DISTINCT n.id), min(n.id), max(n.id), "
            "collect(DISTINCT size(n.name)), max(n.age)"
        )
        with cluster.driver() as driver:
            (record,) = driver.execute_query(query).records
        assert list(record)[:4] == [500, 100, 599, [10]], (
            "each request is made once, with the next number"
        )
        assert record[4] == 19, "from 18 until before 20"
        assert leader.pid is not None
        assert sum(cpu_seconds(leader.pid).values()) > 0, (
            "the threads of a process that lives are seen"
        )

        options = [
            "--address",
            leader.bolt,
            "--seconds",
            "0.2",
            "--warm-up-seconds",
            "0",
            "--connections",
            "2",
        ]
        done = CliRunner().invoke(
            run,
            ["MATCH (n:U {id: $id}) RETURN n.age", *options, "--parameter", "id=random:100:600"],
        )
        assert done.exit_code == 0, done.output
        assert "operations per second" in done.output
        failed = CliRunner().invoke(run, ["RETURN $missing", *options])
        assert failed.exit_code == 1, "errors are no figures"
        assert "ParameterMissing" in failed.output


def test_a_plan_is_found_only_after_its_query_was_run() -> None:
    with samyama.open() as db:
        query = "RETURN $a + 1 AS b"
        assert db._node.plan_hit_ns(query, {"a": 1}, 10) is None
        db.execute(query, a=1).consume()
        found = db._node.plan_hit_ns(query, {"a": 1}, 10)
        assert found is not None
        assert found > 0
        assert db._node.plan_hit_ns(query, {"a": "x"}, 10) is None, "another type is another plan"
        with samyama.open() as other:
            assert other._node.plan_hit_ns(query, {"a": 1}, 10) is None, "a cache of its own"


def test_a_wrong_load_is_refused_in_words(tmp_path: Path) -> None:
    nobody = ["--address", "127.0.0.1:1", "--seconds", "0.1"]
    assert CliRunner().invoke(run, ["RETURN 1", *nobody]).exit_code == 2
    done = CliRunner().invoke(run, ["RETURN 1", "--parameter", "id"])
    assert "NAME=VALUE" in done.output
    floor = sync_floor(tmp_path, 0.05)
    assert 0 < floor.p50_us <= floor.p99_us <= floor.max_us
    assert list(tmp_path.iterdir()) == [], "nothing stays behind"


def test_floors_are_judged_the_right_way_round() -> None:
    writes, latency = FIGURES["writes_64x1"], FIGURES["write_p50_1x1"]
    assert writes.reaches(writes.floor, writes.floor)
    assert not writes.reaches(writes.floor - 1, writes.floor)
    assert latency.reaches(latency.floor, latency.floor)
    assert not latency.reaches(latency.floor + 0.01, latency.floor)
    assert all(figure.reaches(figure.goal, figure.floor) for figure in FIGURES.values()), (
        "a goal lies behind its floor"
    )
