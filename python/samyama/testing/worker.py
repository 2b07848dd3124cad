"""Load in a process of its own, steered by lines of JSON over its standard input and output.

Clients that share an interpreter with the link proxies, or with whoever times a failover, disturb them. So a test
starts a worker, asks it how far it is, and collects what it saw in the end. All times are ``CLOCK_MONOTONIC``, which
is the same for every process of a machine.

The parent:

    with Worker("tests.chaos.writers", {"addresses": [...]}) as worker:
        worker.wait_for("acknowledged", more=100)
        ...
        result = worker.stop()

The child, in its module: ``if __name__ == "__main__": serve(lambda specification: Writers(specification))``. When the
parent dies its pipe closes, and the child ends.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Protocol

import msgspec

from samyama.testing.node import wait_until

__all__ = ["Work", "Worker", "WorkerFailed", "serve"]


class WorkerFailed(RuntimeError):
    """The worker's process ended or answered with something else than it was asked for."""


class Work(Protocol):
    """What a worker does. All three are called by its main thread."""

    def start(self) -> None:
        """Begin; return at once."""
        ...

    def progress(self) -> dict[str, Any]:
        """How far it is."""
        ...

    def stop(self) -> Any:
        """End, and give all that was recorded, as data for JSON."""
        ...


class Worker:
    """The parent's side: starts ``python -m module`` with the parent's search path."""

    def __init__(self, module: str, specification: dict[str, Any]) -> None:
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(path or "." for path in sys.path),
        }
        self._module = module
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        self._ask(specification)

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End it without asking for its result."""
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None, "both are pipes"
            with suppress(BrokenPipeError):
                pipe.close()
        self._process.kill()
        self._process.wait(10)

    def progress(self) -> dict[str, Any]:
        """How far the worker says it is."""
        answer = self._ask("progress")
        assert isinstance(answer, dict), "progress is a table"
        return answer

    def stop(self) -> Any:
        """End the load; what was recorded."""
        return self._ask("stop")

    def wait_for(self, what: str, *, more: int, timeout_s: float = 30.0) -> None:
        """Until the number ``what`` of the progress has grown by ``more``. Raises: Timeout."""
        goal = self.progress()[what] + more
        wait_until(f"{more} more {what}", lambda: self.progress()[what] >= goal, timeout_s)

    def _ask(self, question: Any) -> Any:
        assert self._process.stdin is not None, "it is a pipe"
        assert self._process.stdout is not None, "it is a pipe"
        with suppress(BrokenPipeError):
            self._process.stdin.write(msgspec.json.encode(question) + b"\n")
            self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise WorkerFailed(
                f"{self._module} ended with code {self._process.wait(10)}; see stderr"
            )
        return msgspec.json.decode(line)


def serve(make: Callable[[dict[str, Any]], Work]) -> None:
    """The child's side: the whole life of a worker's process."""
    sys.setswitchinterval(
        0.0005
    )  # an answer is stamped when it comes, not when another thread is done
    threading.excepthook = _die
    questions, answers = sys.stdin.buffer, sys.stdout.buffer

    def answer(value: Any) -> None:
        answers.write(msgspec.json.encode(value) + b"\n")
        answers.flush()

    work = make(msgspec.json.decode(questions.readline()))
    work.start()
    answer("started")
    for line in questions:
        if msgspec.json.decode(line) == "stop":
            answer(work.stop())
            return
        answer(work.progress())
    os._exit(1)  # the parent is gone


def _die(failure: threading.ExceptHookArgs) -> None:
    """A client that fails for a reason of its own must not look like one with nothing to do."""
    threading.__excepthook__(failure)
    os._exit(3)
