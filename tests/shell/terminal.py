"""A program at a terminal of its own, and somebody who types."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from types import TracebackType

__all__ = ["Terminal"]

#: Where they stand among the settings of a terminal.
LOCAL_FLAGS = 3
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r")


class Terminal:
    """``with Terminal([...]) as terminal: terminal.expect("> "); terminal.type("...")``."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._master, slave = pty.openpty()
        # Ctrl-C throws away what is on its way to the screen, and the program's answer to it may be there already.
        settings = termios.tcgetattr(slave)
        settings[LOCAL_FLAGS] |= termios.NOFLSH
        termios.tcsetattr(slave, termios.TCSANOW, settings)
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=dict(environment),
            start_new_session=True,
            preexec_fn=lambda: _own_terminal(),
        )
        os.close(slave)
        self._seen = ""
        self._at = 0

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        os.close(self._master)

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def expect(self, text: str, timeout_s: float = 20.0) -> str:
        """Wait until ``text`` has been printed behind what was expected before; everything up to its end."""
        deadline = time.monotonic() + timeout_s
        while not self._is_printed(text):
            assert self._read(deadline), (
                f"`{text}` was not printed behind:\n{self._plain()[self._at :]}"
            )
        before, self._at = self._at, self._plain().find(text, self._at) + len(text)
        return self._plain()[before : self._at]

    def interrupt(self, until: str, timeout_s: float = 20.0) -> str:
        """Press Ctrl-C until that is printed: line editing misses one that comes just as it begins to wait."""
        deadline = time.monotonic() + timeout_s
        while not self._is_printed(until) and time.monotonic() < deadline:
            self.type("\x03")
            again = time.monotonic() + 1.0
            while not self._is_printed(until) and self._read(again):
                pass
        return self.expect(until, 0)

    def _is_printed(self, text: str) -> bool:
        return text in self._plain()[self._at :]

    def _read(self, deadline: float) -> bool:
        """Take what is printed next. False: nothing was until then, or nothing will be."""
        left = max(deadline - time.monotonic(), 0)
        if not select.select([self._master], [], [], left)[0]:
            return False
        try:
            data = os.read(self._master, 65_536)
        except OSError:  # The other end is closed.
            return False
        self._seen += data.decode("utf-8", "replace")
        return bool(data)

    def wait(self, timeout_s: float = 20.0) -> int:
        """The exit code."""
        return self.process.wait(timeout_s)

    def _plain(self) -> str:
        return _CONTROL.sub("", self._seen)


def _own_terminal() -> None:
    """Make standard input the controlling terminal, so that Ctrl-C reaches the program as a signal."""
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
