"""One node of a test cluster: an operating-system process of ``samyama server`` with a directory of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from samyama.cluster.client import NodeStatus, NodeUnreachable, fetch_status, fetch_text
from samyama.testing.guard import Guard

__all__ = ["Node", "StartFailed", "Timeout", "wait_until"]

T = TypeVar("T")


class Timeout(AssertionError):
    """What was waited for did not happen in time."""


class StartFailed(RuntimeError):
    """The process ended before it was ready; the message carries the end of its log."""


def wait_until(
    what: str, condition: Callable[[], T | None], timeout_s: float = 30.0, every_s: float = 0.02
) -> T:
    """Ask ``condition`` until it gives something true.

    Raises: Timeout: not within ``timeout_s``; the message says what was waited for.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        if result := condition():
            return result
        if time.monotonic() > deadline:
            raise Timeout(f"waited {timeout_s:g} s for {what}")
        time.sleep(every_s)


class Node:
    """Start, stop, kill, pause and ask one node. Made by :class:`samyama.testing.Cluster`."""

    def __init__(
        self,
        id: int,
        directory: Path,
        bolt: str,
        peer: str,
        http: str,
        *,
        guard: Guard | None = None,
    ) -> None:
        """``guard`` ends the process if this one dies first."""
        self.id = id
        self._guard = guard
        self.directory = directory
        self.bolt, self.peer, self.http = bolt, peer, http
        self.config_file = directory / "samyama.toml"
        self.log_file = directory / "node.log"
        #: Added to the environment of the process at its next start.
        self.environment: dict[str, str] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self.paused = False

    def __repr__(self) -> str:
        return f"<Node {self.id} pid={self.pid} bolt={self.bolt}>"

    @property
    def pid(self) -> int | None:
        return (
            self._process.pid
            if self._process is not None and self._process.poll() is None
            else None
        )

    @property
    def alive(self) -> bool:
        return self.pid is not None

    @property
    def exit_code(self) -> int | None:
        return self._process.poll() if self._process is not None else None

    @property
    def bolt_uri(self) -> str:
        """This node alone; it forwards what only the leader can do."""
        return f"bolt://{self.bolt}"

    @property
    def neo4j_uri(self) -> str:
        """The cluster, discovered through this node."""
        return f"neo4j://{self.bolt}"

    def start(self) -> None:
        """Start the process; returns at once, see :meth:`wait_ready`."""
        assert not self.alive, f"node {self.id} runs already"
        environment = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith("SAMYAMA_") or k == "SAMYAMA_VERIFY"
        } | self.environment
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "samyama", "server", "--config", str(self.config_file)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                cwd=self.directory,
                start_new_session=True,  # a Ctrl-C in the test's terminal is the test's, not the node's
            )
        if self._guard is not None:
            self._guard.watch(self._process.pid)
        self.paused = False

    def wait_ready(self, timeout_s: float = 30.0) -> None:
        """Until ``/health/ready`` says yes: it knows a leader and has applied what was committed when it started.

        Raises: StartFailed: the process ended. Timeout: still not ready.
        """

        def ready() -> bool:
            self.check_alive()
            try:
                return fetch_text(self.http, "/health/ready")[0] == 200
            except NodeUnreachable:
                return False

        wait_until(f"node {self.id} to be ready", ready, timeout_s)

    def check_alive(self) -> None:
        """Raises: StartFailed: the process has ended."""
        if not self.alive:
            raise StartFailed(
                f"node {self.id} ended with code {self.exit_code}:\n{self.log_tail()}"
            )

    def kill(self) -> None:
        """``kill -9``: what was not on the disk of a quorum is gone."""
        self._signal(signal.SIGKILL)
        self._reap()

    def stop(self, timeout_s: float = 20.0) -> int:
        """SIGTERM: drain, hand leadership over, close. Returns the exit code."""
        if self.paused:
            self.resume()
        self._signal(signal.SIGTERM)
        return self._reap(timeout_s)

    def pause(self) -> None:
        """SIGSTOP: the process hangs, its sockets stay open."""
        self._signal(signal.SIGSTOP)
        self.paused = True
        wait_until(f"node {self.id} to stand still", self.stands_still, 5.0, every_s=0.001)

    def stands_still(self) -> bool:
        """Whether every thread is stopped: the kernel lets a thread that sleeps in it finish first."""
        if self.pid is None:
            return True
        try:
            states = [task / "stat" for task in Path(f"/proc/{self.pid}/task").iterdir()]
            return all(state.read_text().rpartition(")")[2].split()[0] == "T" for state in states)
        except OSError:  # a thread ended while it was looked at
            return False

    def resume(self) -> None:
        """SIGCONT: it goes on where it was paused."""
        self._signal(signal.SIGCONT)
        self.paused = False

    def restart(self, timeout_s: float = 30.0) -> None:
        """Stop if it runs, start, wait until ready."""
        if self.alive:
            self.stop()
        self.start()
        self.wait_ready(timeout_s)

    def status(self) -> NodeStatus:
        """What ``/status`` says.

        Raises: NodeUnreachable: it does not answer.
        """
        return fetch_status(self.http)

    def try_status(self) -> NodeStatus | None:
        """None when it does not answer."""
        try:
            return fetch_status(self.http, 1.0) if self.alive and not self.paused else None
        except NodeUnreachable:
            return None

    def metrics(self) -> dict[str, float]:
        """``/metrics`` as a flat table: name with labels, as printed, to value."""
        _, text = fetch_text(self.http, "/metrics")
        table: dict[str, float] = {}
        for line in text.splitlines():
            if line and not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                table[name] = float(value)
        return table

    def panics(self) -> list[str]:
        """Lines of its log that tell of a panic: there must never be one, whatever was done to the node."""
        if not self.log_file.exists():
            return []
        return [line for line in self.log_text().splitlines() if "panicked" in line]

    def log_text(self) -> str:
        """Everything that it has written about itself."""
        return self.log_file.read_text("utf-8", "replace")

    def log_tail(self, lines: int = 30) -> str:
        """The end of what it has written about itself."""
        if not self.log_file.exists():
            return "(no log)"
        return "\n".join(self.log_text().splitlines()[-lines:])

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            os.kill(self._process.pid, number)

    def _reap(self, timeout_s: float = 20.0) -> int:
        if self._process is None:
            return 0
        try:
            code = self._process.wait(timeout_s)
            if self._guard is not None:
                self._guard.forget(self._process.pid)
            return code
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            self._process.wait(10)
            raise Timeout(
                f"node {self.id} did not end within {timeout_s:g} s:\n{self.log_tail()}"
            ) from None
