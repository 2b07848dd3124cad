"""The shell in a pipe: rows and nothing else on standard output, the story on standard error, exit codes that tell."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.command import samyama_command

from samyama.testing import Cluster


def shell(*arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return samyama_command("shell", *arguments, stdin=stdin, timeout_s=60)


MEMORY = ("--path", "MEMORY")


def test_statements_come_through_standard_input() -> None:
    done = shell(
        *MEMORY,
        stdin="CREATE (:A {x: 1});\n// a comment; with a semicolon\nMATCH (a:A) RETURN a.x AS x",
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "x\n1\n", "")


def test_what_is_said_goes_to_standard_error() -> None:
    done = shell(*MEMORY, "--summary", "-c", "CREATE (:A) RETURN 1 AS one")
    assert done.stdout == "one\n1\n"
    assert "Created 1 node, added 1 label, 1 row" in done.stderr


def test_the_first_failure_stops_and_says_where() -> None:
    done = shell(*MEMORY, stdin="RETURN 1 AS x;\n\nRETURN\n  y;\nRETURN 2 AS x;")
    assert done.returncode == 4
    assert done.stdout == "x\n1\n"
    assert "Variable `y` not defined" in done.stderr
    assert "standard input, line 3: stopped here" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("bolt://127.0.0.1:1", "-c", "RETURN 1"), 3, "127.0.0.1:1"),
        (("http://127.0.0.1", "-c", "RETURN 1"), 2, "neo4j:// or bolt://"),
        (("bolt+s://127.0.0.1", "-c", "RETURN 1"), 2, "no TLS yet"),
        (("bolt://me:secret@127.0.0.1",), 2, "no authentication yet"),
        (("bolt://127.0.0.1,127.0.0.2",), 2, "bolt:// is one server"),
        (("neo4j://127.0.0.1:x",), 2, "Port could not be cast"),
        (("neo4j://127.0.0.1:1,127.0.0.1:2",), 3, "127.0.0.1:2: Connection refused"),
        (("neo4j://",), 2, "the host is missing"),
        (("neo4j://127.0.0.1/db",), 2, "nothing more"),
        ((*MEMORY, "bolt://127.0.0.1"), 2, "not both"),
        (("--path", "/proc/nothing", "-c", "RETURN 1"), 4, "/proc/nothing"),
        ((*MEMORY, "--database", "other", "-c", "RETURN 1"), 4, "no database `other`"),
        ((*MEMORY, "-c", ":param x\n"), 2, "write :param"),
        ((*MEMORY, "-c", ":use nowhere\n"), 4, "no database `nowhere`"),
        ((*MEMORY, "-c", "RETURN $x", "--param", "x => "), 2, "write :param"),
    ],
)
def test_exit_codes_tell_what_was_wrong(arguments: tuple[str, ...], code: int, said: str) -> None:
    done = shell(*arguments)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_secrets_in_a_uri_are_not_repeated() -> None:
    assert "hunter2" not in shell("bolt://me:hunter2@127.0.0.1").stderr


QUERY = (
    "RETURN 1 AS i, 1.5 AS f, 'a,\"b' AS s, null AS n, [1, 'x'] AS l, {k: true} AS m,"
    " datetime('2026-01-02T03:04:05.000000006+02:00') AS t, duration('P1M2DT3S') AS d"
)


def test_csv_is_read_back_by_a_csv_reader() -> None:
    done = shell(*MEMORY, "--format", "csv", "-c", QUERY)
    head, row = csv.reader(io.StringIO(done.stdout))
    assert head == ["i", "f", "s", "n", "l", "m", "t", "d"]
    assert row == [
        "1",
        "1.5",
        'a,"b',
        "",
        "[1, 'x']",
        "{k: true}",
        "2026-01-02T03:04:05.000000006+02:00",
        "P1M2DT3S",
    ]


def test_json_is_one_object_a_row() -> None:
    done = shell(*MEMORY, "--format", "json", "-c", f"UNWIND [1, 2] AS row {QUERY}")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == 2
    assert rows[0]["l"] == [1, "x"]
    assert rows[0]["n"] is None
    assert rows[0]["m"] == {"k": True}
    assert rows[0]["t"] == "2026-01-02T03:04:05.000000006+02:00"


def test_json_of_entities_names_their_ends() -> None:
    done = shell(
        *MEMORY, "--format", "json", "-c", "CREATE p = (a:A {x: 1})-[:R]->(b:B) RETURN p, a"
    )
    row = json.loads(done.stdout)
    relationship = row["p"]["relationships"][0]
    assert row["a"]["labels"] == ["A"]
    assert row["a"]["properties"] == {"x": 1}
    ids = [node["elementId"] for node in row["p"]["nodes"]]
    assert [relationship["startNodeElementId"], relationship["endNodeElementId"]] == ids


def test_a_large_result_streams() -> None:
    done = shell(*MEMORY, "-c", "UNWIND range(1, 20000) AS x RETURN x")
    assert done.stdout.splitlines() == ["x", *map(str, range(1, 20_001))]


@pytest.mark.parametrize("end", ["", ":exit\n"])
def test_a_script_that_forgets_to_commit_is_told(tmp_path: Path, end: str) -> None:
    here = ("--path", str(tmp_path / "graph"))
    done = shell(*here, stdin=f":begin\nCREATE (:A);\n{end}")
    assert done.returncode == 1
    assert "rolled back: there was no :commit" in done.stderr
    assert shell(*here, "-c", "MATCH (a:A) RETURN a").stdout == "a\n"
    done = shell(*here, stdin=f":begin\nCREATE (:A);\n:commit\n{end}")
    assert done.returncode == 0
    assert "rolled back" not in done.stderr
    assert shell(*here, "-c", "MATCH (a:A) RETURN 1 AS one").stdout == "one\n1\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="not run: there is no /dev/full here")
def test_output_that_has_no_room_is_no_bug() -> None:
    command = [sys.executable, "-m", "samyama", "shell", *MEMORY, "-c", "RETURN 1"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (4, "samyama: No space left on device\n")


def test_a_closed_pipe_ends_it_without_a_word() -> None:
    line = f"{sys.executable} -m samyama shell --path MEMORY -c 'UNWIND range(1, 100000) AS x RETURN x' | head -2"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("x\n1\n", "")


def test_files_are_run_in_a_directory_that_stays(tmp_path: Path) -> None:
    script = tmp_path / "script.cypher"
    script.write_text(":param n => 3\nUNWIND range(1, $n) AS i\nCREATE (:N {i: i});\n")
    graph = str(tmp_path / "graph")
    assert shell("--path", graph, "-f", str(script)).returncode == 0
    done = shell("--path", graph, "-c", "MATCH (n:N) RETURN sum(n.i) AS sum", "-c", ":schema\n")
    assert done.stdout.startswith("sum\n6\n")
    outer = tmp_path / "outer.cypher"
    outer.write_text(f":source '{script}'\nMATCH (n:N) RETURN count(n) AS c;\n")
    assert shell("--path", graph, "-f", str(outer)).stdout == "c\n6\n"


@pytest.mark.cluster
def test_values_of_every_kind_come_back_over_bolt_as_they_do_embedded() -> None:
    query = QUERY + (
        ", point({x: 1, y: 2}) AS p2, point({latitude: 1, longitude: 2, height: 3}) AS p3, date('-12345-01-02') AS y,"
        " localtime('01:02:03.000000004') AS lt, time('01:02+03:04') AS zt, localdatetime('2026-01-01T00:00') AS ldt,"
        " datetime('2025-10-26T02:30:00+01:00[Europe/Stockholm]') AS z, [p = (:A {x: 1})-[:R]->(:B)] AS none"
    ).replace(", [p = (:A {x: 1})-[:R]->(:B)] AS none", "")
    graph = "CREATE p = (a:A {x: [1, 2]})-[r:R {w: 'x'}]->(:`B C`)<-[:S]-(a) RETURN p, r, a, [a, r] AS both"
    with Cluster(1) as cluster:
        uri = cluster.nodes[0].bolt_uri
        for text in (query, graph):
            here, there = shell(*MEMORY, "-c", text), shell(uri, "-c", text)
            assert here.returncode == there.returncode == 0, here.stderr + there.stderr
            assert here.stdout == there.stdout
        # A named zone as a parameter: the server has to know it.
        zoned = shell(
            uri,
            "-c",
            "RETURN $t AS t",
            "--param",
            "t => datetime('2026-07-01T00:00[Europe/Stockholm]')",
        )
        assert zoned.stdout == "t\n2026-07-01T00:00:00+02:00[Europe/Stockholm]\n"
