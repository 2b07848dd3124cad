"""The engine as a guest in someone's process: quiet, one owner of a directory, honest after a fork."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import samyama


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60
    )


def test_an_embedded_database_is_quiet_unless_asked(tmp_path: Path) -> None:
    code = "import samyama, sys\nwith samyama.open(sys.argv[1]{}) as db: db.execute('CREATE ()')"
    quiet = python(code.format(""), str(tmp_path / "a"))
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")
    asked = python(code.format(", log_level='info'"), str(tmp_path / "b"))
    assert "INFO" in asked.stderr


def test_a_second_owner_is_refused_and_the_first_is_not_disturbed(tmp_path: Path) -> None:
    with samyama.open(tmp_path / "graph") as db:
        db.execute("CREATE (:A)")
        with pytest.raises(OSError, match=str(tmp_path)):
            samyama.open(tmp_path / "graph")
        assert db.execute("MATCH (a:A) RETURN count(a)").value() == [1]
    with samyama.open(tmp_path / "graph") as db:
        assert db.execute("MATCH (a:A) RETURN count(a)").value() == [1]


FORK = """
import os, sys, warnings
import samyama
db = samyama.open(sys.argv[1] or None)
session = db.session()
db.execute("CREATE ()")
warnings.simplefilter("ignore")
child = os.fork()
if child == 0:
    for call in (lambda: db.execute("RETURN 1"), lambda: session.run("RETURN 1"), db.close):
        try:
            call()
        except RuntimeError as error:
            print(error, flush=True)
    with samyama.open() as mine:
        print(mine.execute("RETURN 1").value(), flush=True)
    del session, db
    sys.exit(7)
_, status = os.waitpid(child, 0)
print(os.waitstatus_to_exitcode(status), db.execute("MATCH (n) RETURN count(n)").value())
db.close()
"""


@pytest.mark.parametrize("durable", [False, True])
def test_a_child_of_a_fork_is_told_to_open_its_own(tmp_path: Path, durable: bool) -> None:
    done = python(FORK, str(tmp_path / "graph") if durable else "")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert (
        lines[:3]
        == ["the database was opened before this process was forked: open it in the child"] * 3
    )
    assert lines[3:] == ["[1]", "7 [1]"], "the child ends by itself, and the parent goes on"
