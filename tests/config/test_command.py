"""``samyama config`` and how ``samyama server`` refuses to start: words, and exit codes."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tests.command import samyama_command

from samyama.exits import MEANINGS, Exit

ROOT = Path(__file__).resolve().parents[2]


def samyama(
    *arguments: str, cwd: Path | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    return samyama_command(*arguments, cwd=cwd, timeout_s=60, **variables)


def test_show_says_where_values_come_from(tmp_path: Path) -> None:
    (tmp_path / "samyama.toml").write_text("[log]\nlevel = 'debug'\n")
    shown = samyama("config", "show", "--origin", cwd=tmp_path, SAMYAMA_NODE__ID="4").stdout
    assert re.search(r'^log\.level = "debug" +# samyama\.toml$', shown, re.MULTILINE)
    assert re.search(r"^node\.id = 4 +# SAMYAMA_NODE__ID$", shown, re.MULTILINE)
    assert re.search(r"^storage\.fsync = true +# default$", shown, re.MULTILINE)
    document = json.loads(samyama("config", "show", "--json", "--origin", cwd=tmp_path).stdout)
    assert document["log"]["level"] == {"value": "debug", "origin": "samyama.toml"}
    assert json.loads(samyama("config", "show", "--json", cwd=tmp_path).stdout)["node"]["id"] == 1


def test_check_accepts_warns_and_refuses(tmp_path: Path) -> None:
    good = samyama("config", "check", cwd=tmp_path)
    assert (good.returncode, good.stdout.splitlines()[-1]) == (0, "accepted: defaults only")
    assert "a node alone" in good.stdout
    risky = samyama("config", "check", cwd=tmp_path, SAMYAMA_STORAGE__FSYNC="false")
    assert "storage.fsync is off" in risky.stdout
    wrong = samyama("config", "check", cwd=tmp_path, SAMYAMA_NODE__ID="x")
    assert wrong.returncode == 2
    assert "node.id: Expected `int`, got `str` (set by SAMYAMA_NODE__ID)" in wrong.stderr


def test_check_refuses_what_the_server_would_refuse(tmp_path: Path) -> None:
    file = tmp_path / "procedures.toml"
    checked = samyama("config", "check", cwd=tmp_path, SAMYAMA_PROCEDURES__FILE=str(file))
    assert checked.returncode == 2
    assert f"procedures.file: {file}: cannot be read" in checked.stderr


def test_check_warns_of_addresses_that_nobody_can_dial(tmp_path: Path) -> None:
    everywhere = {"SAMYAMA_LISTEN__INSECURE": "true", "SAMYAMA_LISTEN__BOLT": "0.0.0.0:7687"}
    checked = samyama("config", "check", cwd=tmp_path, **everywhere)
    assert "advertise.bolt: others are told to dial 0.0.0.0:7687" in checked.stdout
    mended = samyama(
        "config", "check", cwd=tmp_path, SAMYAMA_ADVERTISE__BOLT="h:7687", **everywhere
    )
    assert "advertise.bolt" not in mended.stdout
    joining = samyama("config", "check", cwd=tmp_path, SAMYAMA_CLUSTER__JOIN='["h:7474"]')
    assert "a node alone" not in joining.stdout


def ports() -> list[str]:
    return ["--bolt", "127.0.0.1:0", "--peer", "127.0.0.1:0", "--http", "127.0.0.1:0"]


@pytest.mark.parametrize("listener", ["bolt", "peer", "http"])
def test_a_port_in_use_is_named_with_its_setting(tmp_path: Path, listener: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        data = str(tmp_path / "data")
        done = samyama("server", "--data", data, *ports(), f"--{listener}", address)
    assert done.returncode == Exit.REFUSED
    assert f"listen.{listener} = {address}: cannot listen: Address already in use" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_directory_that_cannot_be_is_named(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a directory")
    done = samyama("server", "--data", str(in_the_way), *ports())
    assert done.returncode == Exit.REFUSED
    assert f"samyama server: {in_the_way}: there is something that is no directory" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--member", "one,peer=x"], "write ID,peer=HOST:PORT"),
        (["--member", "1,peer=127.0.0.1:1,bolt=127.0.0.1:2,web=x"], "cluster.members"),
        (["--id", "2", "--member", "1,peer=127.0.0.1:1,bolt=127.0.0.1:2"], "node's id 2"),
        (["--bolt", "0.0.0.0:7687"], "listen.insecure"),
        (["--config", "nowhere.toml"], "nowhere.toml: cannot be read"),
    ],
)
def test_a_wrong_command_line_is_refused(tmp_path: Path, arguments: list[str], said: str) -> None:
    done = samyama("server", *arguments, cwd=tmp_path)
    assert done.returncode == Exit.WRONG_USE
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_exit_codes_are_what_the_reference_says() -> None:
    assert set(MEANINGS) == set(Exit)
    page = (ROOT / "docs/reference/cli.md").read_text("utf-8")
    for code, meaning in MEANINGS.items():
        assert f"| {code.value} | {meaning} |" in page


def test_what_no_command_expected_ends_as_a_bug(tmp_path: Path) -> None:
    code = (
        "import sys; sys.argv = ['samyama', 'config', 'show']\n"
        "import samyama.cli.config_command as c\n"
        "def broken(*_): raise RuntimeError('broken')\n"
        "c.load = broken\n"
        "from samyama.cli import main; main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == Exit.BUG
    assert "this is a bug" in done.stderr


def test_every_command_shows_an_example() -> None:
    from samyama.cli.reference import walk

    for path, command in walk():
        assert "Example" in (command.help or ""), f"{' '.join(path)} --help shows none"


@pytest.mark.parametrize("command", ["show", "graph"])
def test_a_directory_without_a_log_is_said(tmp_path: Path, command: str) -> None:
    done = samyama("log", command, str(tmp_path))
    assert done.returncode == Exit.WRONG_USE
    assert f"{tmp_path}: there is no log in it" in done.stderr
    assert "Traceback" not in done.stderr
