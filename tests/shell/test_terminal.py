"""The shell as somebody meets it who types."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.shell.terminal import Terminal

from samyama.testing import Cluster

LONG = (
    "UNWIND range(1, 10000) AS a UNWIND range(1, 10000) AS b UNWIND range(1, 10000) AS c"
    " WITH a WHERE a < 0 RETURN count(a);"
)

#: In front of a long one on the same line: when its row is there, the line has been read.
BEGUN = "RETURN 'begun' AS now; "


def open_shell(home: Path, *arguments: str) -> Terminal:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SAMYAMA_")}
    environment |= {
        "XDG_STATE_HOME": str(home),
        "TERM": "xterm",
        "COLUMNS": "100",
        "INPUTRC": "/dev/null",
    }
    return Terminal([sys.executable, "-m", "samyama", "shell", *arguments], environment)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    with open_shell(tmp_path, "--path", "MEMORY") as terminal:
        terminal.expect("neo4j> ")
        yield terminal


def test_a_statement_over_several_lines_gives_a_table_and_a_summary(terminal: Terminal) -> None:
    terminal.type("CREATE (:Person {name: 'Ada; Lovelace'}),\n")
    terminal.expect("| ")
    terminal.type("(:Person {name: 'Bob'});\n")
    terminal.expect("Created 2 nodes, set 2 properties, added 2 labels")
    terminal.expect("log index 2, term 1")
    terminal.expect("neo4j> ")
    terminal.type("MATCH (p:Person) RETURN p.name AS name ORDER BY name;\n")
    shown = terminal.expect("2 rows")
    assert "│ 'Ada; Lovelace' │" in shown
    assert "━" in shown


def test_an_error_shows_the_place_and_the_shell_goes_on(terminal: Terminal) -> None:
    terminal.type("MATCH (n) RETURN m;\n")
    shown = terminal.expect("Neo.ClientError.Statement.SyntaxError")
    assert "Variable `m` not defined" in shown
    lines = shown.splitlines()
    caret = next(i for i, line in enumerate(lines) if line.strip() == "^")
    assert lines[caret - 1][lines[caret].index("^")] == "m", "the caret points at the variable"
    terminal.expect("neo4j> ")
    terminal.type("RETURN 7 AS seven;\n")
    terminal.expect("│ 7     │")


def test_transactions_are_seen_in_the_prompt(terminal: Terminal) -> None:
    terminal.type(":begin\n")
    terminal.expect("neo4j# ")
    terminal.type("CREATE (:T);\n")
    terminal.expect("neo4j# ")
    terminal.type(":rollback\n")
    terminal.expect("Rolled back.")
    terminal.expect("neo4j> ")
    terminal.type(":begin\n")
    terminal.expect("neo4j# ")
    terminal.type("RETURN 1 / 0;\n")
    terminal.expect("The transaction was rolled back.")
    terminal.expect("neo4j> ")
    terminal.type("MATCH (t:T) RETURN count(t) AS n;\n")
    terminal.expect("│ 0 │")


def test_ctrl_c_ends_a_statement_and_clears_what_is_typed(terminal: Terminal) -> None:
    terminal.type(BEGUN + LONG + "\n")
    terminal.expect("│ 'begun' │")
    terminal.interrupt("cancelled")
    terminal.expect("neo4j> ")
    terminal.type("MATCH (half\n")
    terminal.expect("| ")
    terminal.interrupt("neo4j> ")
    terminal.type("RETURN 'on' AS x;\n")
    terminal.expect("'on'")
    terminal.expect("neo4j> ")
    terminal.type("\x04")
    assert terminal.wait() == 0


def test_parameters_and_commands(terminal: Terminal) -> None:
    terminal.type(":param age => 40 + 2\n")
    terminal.expect("neo4j> ")
    terminal.type(":params\n")
    terminal.expect(":param age => 42")
    terminal.type("RETURN $age AS a;\n")
    terminal.expect("│ 42 │")
    terminal.type(":hlep\n")
    terminal.expect("there is no command :hlep")
    terminal.type(":comm\n")
    terminal.expect("did you mean :commit?")
    terminal.type(":help\n")
    terminal.expect(":source FILE")
    terminal.type(":exit\n")
    assert terminal.wait() == 0


def test_tab_completes_labels_and_keywords(terminal: Terminal) -> None:
    terminal.type("CREATE (:Vegetable {colour: 'green'});\n")
    terminal.expect("neo4j> ")
    terminal.type("MATCH (v:Veg\t) RETU\tv.colo\t;\n")
    terminal.expect("'green'")


def test_the_history_is_kept_and_has_whole_statements(tmp_path: Path) -> None:
    with open_shell(tmp_path, "--path", "MEMORY") as first:
        first.expect("neo4j> ")
        first.type("RETURN 'kept'\n")
        first.expect("| ")
        first.type("AS word;\n")
        first.expect("1 row")
        first.expect("neo4j> ")
        first.type(":exit\n")
        assert first.wait() == 0
    with open_shell(tmp_path, "--path", "MEMORY") as second:
        second.expect("neo4j> ")
        second.type("\x1b[A\x1b[A")
        second.expect("RETURN 'kept' AS word;")
        second.type("\n")
        second.expect("│ 'kept' │")
    assert (tmp_path / "samyama/shell_history").stat().st_mode & 0o077 == 0


@pytest.mark.cluster
def test_a_cluster_is_followed_to_its_new_leader(tmp_path: Path) -> None:
    with Cluster(3) as cluster, open_shell(tmp_path, cluster.followers()[0].neo4j_uri) as terminal:
        leader = cluster.leader()
        terminal.expect(f"Connected to {leader.bolt}")
        terminal.expect("neo4j> ")
        terminal.type("CREATE (:Here);\n")
        terminal.expect("Created 1 node")
        terminal.expect("neo4j> ")
        terminal.type(BEGUN + LONG + "\n")
        terminal.expect("│ 'begun' │")
        terminal.interrupt("cancelled")
        terminal.expect("neo4j> ")
        leader.kill()
        new = cluster.wait_for_leader(other_than=leader.id)
        terminal.type("MATCH (h:Here) RETURN count(h) AS n;\n")
        terminal.expect("the connection to the server is lost")
        terminal.expect("Connected again")
        terminal.expect("neo4j> ")
        terminal.type("MATCH (h:Here) RETURN count(h) AS n;\n")
        terminal.expect("│ 1 │")
        terminal.expect("neo4j> ")
        terminal.type(":status\n")
        terminal.expect(f"leader {new.bolt}")
