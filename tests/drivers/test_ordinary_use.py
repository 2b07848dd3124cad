"""The official drivers, unchanged, against one node and three: every check of the scripts in this directory.

``make drivers`` fetches all of them and fails where one cannot be had; here a driver that cannot be fetched is not
run, and the report says why. Java and Go run in ``make drivers-all``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.drivers.installed import (
    GO,
    JAVA,
    JAVASCRIPT,
    PYTHON,
    NotFetched,
    go_program,
    java_command,
    javascript_driver,
    python_driver,
)

from samyama.testing import Cluster

pytestmark = pytest.mark.cluster
HERE = Path(__file__).resolve().parent

Command = Callable[[str], "subprocess.CompletedProcess[str]"]


def python(version: str) -> Command:
    environment = python_driver(version)
    return lambda address: run(
        [sys.executable, str(HERE / "ordinary_use.py"), address], env=environment
    )


def javascript() -> Command:
    place = javascript_driver()
    return lambda address: run(["node", str(HERE / "ordinary_use.mjs"), address], cwd=place)


def go() -> Command:
    program = go_program(HERE / "ordinary_use.go")
    return lambda address: run([str(program), address])


def java() -> Command:
    command = java_command(HERE / "OrdinaryUse.java")
    return lambda address: run([*command, address])


def run(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        command, capture_output=True, text=True, timeout=240, check=False, **options
    )


DRIVERS: dict[str, Callable[[], Command]] = {
    **{f"python-{version}": lambda version=version: python(version) for version in PYTHON},  # type: ignore[misc]
    f"javascript-{JAVASCRIPT}": javascript,
    f"java-{JAVA}": java,
    f"go-{GO}": go,
}
LATER = pytest.mark.long  # compilers and many downloads


def fetched(name: str) -> Command:
    try:
        return DRIVERS[name]()
    except NotFetched as error:
        if os.environ.get("SAMYAMA_DRIVERS") == "required":
            raise
        pytest.skip(f"not run: {error}")


@pytest.mark.parametrize("nodes", [1, 3])
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=LATER) if name.startswith(("java-", "go-")) else name
        for name in DRIVERS
    ],
)
def test_a_driver_finds_what_it_is_used_to(name: str, nodes: int) -> None:
    command = fetched(name)
    with Cluster(nodes) as cluster:
        # A follower, where there is one: routing and relaying are part of it.
        node = cluster.followers()[0] if nodes > 1 else cluster.nodes[0]
        done = command(node.bolt)
        if nodes > 1:
            cluster.wait_equal()
        assert not cluster.panics()
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert lines, f"the script said nothing: {done.stderr}"
    plan, results = lines[0], lines[1:]
    print(f"{plan['driver']} against {nodes}: {len(results)} checks")
    assert plan["driver"].endswith(name.rsplit("-", 1)[1].removeprefix("v")), plan["driver"]
    assert [result["check"] for result in results] == plan["checks"], f"it broke off: {done.stderr}"
    failed = [f"{result['check']}: {result['error']}" for result in results if result["error"]]
    assert not failed, "\n".join(failed)
    assert done.returncode == 0
