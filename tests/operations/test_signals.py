"""How a node ends when it is told to: in order, with code 0, and without a word that sounds like a fault."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from samyama.testing import Cluster, wait_until
from samyama.testing.bolt import BoltConnection

pytestmark = pytest.mark.cluster


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_node_stops_in_order_and_says_nothing_of_a_failure(number: signal.Signals) -> None:
    with Cluster(1) as cluster:
        node = cluster.nodes[0]
        assert node.pid is not None, "it runs"
        os.kill(node.pid, number)
        assert node.stop() == 0
        log = node.log_text()
    assert "the node has stopped" in log
    assert not [line for line in log.splitlines() if " ERROR " in line or " WARN " in line]


def test_a_leader_hands_over_and_says_nothing_of_a_failure() -> None:
    with Cluster(3) as cluster:
        for _ in range(3):
            leader = cluster.leader()
            assert leader.stop() == 0
            log = leader.log_text()
            assert "leadership handed over" in log
            assert " ERROR " not in log
            leader.start()
            leader.wait_ready()


def test_another_signal_while_it_stops_changes_nothing() -> None:
    with Cluster(1) as cluster:
        node = cluster.nodes[0]
        with BoltConnection(node.bolt) as connection:
            connection.begin()
            connection.run("CREATE (:N)")
            pid = node.pid
            assert pid is not None, "it runs"
            os.kill(pid, signal.SIGTERM)
            os.kill(pid, signal.SIGTERM)
            connection.commit()

        def is_gone() -> bool:
            if node.alive:
                os.kill(pid, signal.SIGTERM)
            return not node.alive

        # Until the process is gone: the last moments count, too.
        wait_until("the end", is_gone, every_s=0.001)
        assert node.exit_code == 0


def test_a_node_under_nohup_outlives_its_terminal(tmp_path: Path) -> None:
    listening = [f for kind in ("bolt", "peer", "http") for f in (f"--{kind}", "127.0.0.1:0")]
    command = [sys.executable, "-m", "samyama", "server", "--data", str(tmp_path / "d"), *listening]
    with subprocess.Popen(
        ["nohup", *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None, "it is a pipe"
        try:
            while "the node runs" not in process.stderr.readline():
                assert process.poll() is None, "it ended"
            process.send_signal(signal.SIGHUP)
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
            assert "the node has stopped" in process.stderr.read()
        finally:
            process.kill()
