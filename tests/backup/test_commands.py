"""``samyama backup``, ``restore`` and ``dump``, from and to directories and servers."""

from __future__ import annotations

import json
import subprocess
import threading
from pathlib import Path

import pytest
from tests.backup.graphs import fill, picture, picture_of
from tests.command import samyama_command

import samyama
from samyama.testing import Cluster


def run(*arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return samyama_command(*arguments, stdin=stdin, timeout_s=120)


def ok(*arguments: str) -> str:
    done = run(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def source(tmp_path: Path) -> Path:
    with samyama.open(tmp_path / "source") as db:
        fill(db)
        db.execute("CREATE (:Bytes {raw: $raw})", raw=bytes(range(256))).consume()
    return tmp_path / "source"


def test_a_directory_goes_into_a_file_and_back(source: Path, tmp_path: Path) -> None:
    file, copy = str(tmp_path / "graph.backup"), tmp_path / "copy"
    said = ok("backup", "--path", str(source), "--to", file)
    assert "55 nodes, 52 relationships, 5 indexes and constraints" in said
    assert "whole; 55 nodes" in ok("restore", file, "--check")
    ok("restore", file, "--into", str(copy))
    assert picture_of(copy) == picture_of(source)
    with samyama.open(copy) as db, pytest.raises(samyama.SamyamaError):
        db.execute("CREATE (:Person {id: 1})")
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".part")] == []


@pytest.mark.cluster
def test_a_cluster_is_backed_up_while_it_is_written_and_restored_into_another(
    tmp_path: Path,
) -> None:
    file = str(tmp_path / "graph.backup")
    with Cluster(3) as cluster, cluster.driver() as driver:
        driver.execute_query("UNWIND range(1, 5000) AS i CREATE (:N {i: i})")
        driver.execute_query("MATCH (a:N), (b:N {i: a.i + 1}) CREATE (a)-[:NEXT]->(b)")
        stop = threading.Event()

        def write() -> None:
            # Pairs: a moment has both or neither.
            while not stop.is_set():
                driver.execute_query("CREATE (:Pair {side: 'left'}) CREATE (:Pair {side: 'right'})")

        writer = threading.Thread(target=write)
        writer.start()
        try:
            ok("backup", cluster.followers()[0].bolt_uri, "--to", file)
        finally:
            stop.set()
            writer.join()
    with Cluster(3) as cluster, cluster.driver() as driver:
        ok("restore", file, "--into", cluster.uri)
        count = "MATCH (n:N) RETURN count(n) AS n"
        assert driver.execute_query(count).records[0]["n"] == 5000
        chain = "MATCH (a:N)-[:NEXT]->(b) WHERE a.i + 1 = b.i RETURN count(*) AS n"
        assert driver.execute_query(chain).records[0]["n"] == 4999
        sides = {
            record["side"]: record["n"]
            for record in driver.execute_query(
                "MATCH (p:Pair) RETURN p.side AS side, count(*) AS n"
            ).records
        }
        assert sides.get("left") == sides.get("right"), "half a transaction was kept"
        cluster.wait_equal()
        again = run("restore", file, "--into", cluster.uri)
        assert (again.returncode, "is not empty: there are" in again.stderr) == (4, True)


@pytest.mark.cluster
def test_the_directory_of_one_member_gives_what_it_knew_when_the_others_are_lost(
    tmp_path: Path,
) -> None:
    file = str(tmp_path / "rescued")
    with Cluster(3) as cluster:
        with cluster.driver() as driver:
            driver.execute_query("UNWIND range(1, 100) AS i CREATE (:N {i: i})")
            cluster.wait_equal()
            # The mark of what is committed goes to the disk with the next entry.
            driver.execute_query("CREATE (:Last)")
        survivor = cluster.followers()[0]
        for node in cluster:
            node.kill()
        directory = str(survivor.directory / "data")
        for command in (("backup", "--to", file), ("shell", "-c", "RETURN 1")):
            refused = run(command[0], "--path", directory, *command[1:])
            assert refused.returncode == 4
            assert f"belongs to node {survivor.id} of a cluster of 3" in refused.stderr
        ok("backup", "--path", directory, "--rescue", "--to", file)
    ok("restore", file, "--into", str(tmp_path / "copy"))
    with samyama.open(tmp_path / "copy") as db:
        assert db.execute("MATCH (n:N) RETURN count(n), sum(n.i)").single(strict=True).values() == [
            100,
            5050,
        ]


def test_what_cannot_be_is_refused_with_a_code(source: Path, tmp_path: Path) -> None:
    file = tmp_path / "graph.backup"
    ok("backup", "--path", str(source), "--to", str(file))
    twice = run("backup", "--path", str(source), "--to", str(file))
    assert (twice.returncode, "does not replace a file" in twice.stderr) == (2, True)
    assert run("restore", str(file), "--into", str(source)).returncode == 2
    assert run("restore", str(file)).returncode == 2
    assert run("backup", "bolt://127.0.0.1:1", "--to", str(tmp_path / "x")).returncode == 3
    damaged = tmp_path / "damaged"
    damaged.write_bytes(file.read_bytes()[:-30])
    broken = run("restore", str(damaged), "--into", str(tmp_path / "target"))
    assert (broken.returncode, "cut off" in broken.stderr) == (1, True)
    assert not (tmp_path / "target").exists()
    with samyama.open(source):
        busy = run("backup", "--path", str(source), "--to", str(tmp_path / "y"))
    assert (busy.returncode, str(source) in busy.stderr) == (4, True)


def test_a_script_makes_the_graph_again(tmp_path: Path) -> None:
    with samyama.open(tmp_path / "source") as db:
        fill(db)
        before = picture(db)
    script, copy = tmp_path / "graph.cypher", tmp_path / "copy"
    ok("dump", "--path", str(tmp_path / "source"), "--to", str(script))
    ok("shell", "--path", str(copy), "-f", str(script))
    assert picture_of(copy) == before


def test_bytes_have_no_literal_and_lines_can_be_read(source: Path) -> None:
    refused = run("dump", "--path", str(source))
    assert (refused.returncode, "no literal in Cypher" in refused.stderr) == (4, True)
    text = ok("dump", "--path", str(source), "--format", "jsonl")
    # Not splitlines: a property holds U+2028.
    lines = [json.loads(line) for line in text.rstrip("\n").split("\n")]
    assert lines[0]["samyama_backup"] == 1
    assert lines[-1]["end"] == {"schema": 5, "nodes": 55, "relationships": 52}
    assert sum("n" in line for line in lines) == 55


def test_a_large_graph_fits_in_batches(tmp_path: Path) -> None:
    with samyama.open(tmp_path / "source") as db:
        db.execute("CREATE INDEX FOR (n:N) ON (n.i)").consume()
        db.execute("UNWIND range(1, 12000) AS i CREATE (:N {i: i, text: 'x' + i})").consume()
        db.execute(
            "MATCH (n:N) WITH n ORDER BY n.i MATCH (m:N) WHERE m.i = n.i % 100 CREATE (n)-[:R]->(m)"
        ).consume()
        db.execute("CREATE (:Big {text: $text})", text="y" * 5_000_000).consume()
    file = str(tmp_path / "f")
    ok("backup", "--path", str(tmp_path / "source"), "--to", file)
    ok("restore", file, "--into", str(tmp_path / "copy"))
    assert picture_of(tmp_path / "copy") == picture_of(tmp_path / "source")
