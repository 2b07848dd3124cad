"""The shell at a terminal: prompt, history, completion, Ctrl-C."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from samyama.errors import SamyamaError
from samyama.shell.commands import COMMANDS, Leave
from samyama.shell.completion import complete
from samyama.shell.shell import Shell, StatementFailed
from samyama.shell.statements import Splitter

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["history_file", "run_terminal"]

HISTORY_LINES_MAX = 10_000


def history_file() -> Path:
    """``$XDG_STATE_HOME/samyama/shell_history``, by default below ``~/.local/state``."""
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local/state") / "samyama/shell_history"


def run_terminal(shell: Shell) -> None:
    """Read, run, print, until the user leaves."""
    lines = _Lines(shell)
    splitter = Splitter()
    entry = ""
    while True:
        try:
            line = input(_prompt(shell, splitter))
        except EOFError:
            print()
            return
        except KeyboardInterrupt:
            print()
            splitter.drop()
            entry = ""
            continue
        entry = f"{entry}\n{line}" if entry else line
        try:
            for statement in splitter.feed(line + "\n"):
                shell.run(statement)
        except StatementFailed:
            # It has been said; what else stood on the line is not run.
            splitter.drop()
        except KeyboardInterrupt:
            # Between two statements of one line.
            shell.warn("cancelled")
            splitter.drop()
        except Leave:
            lines.remember(entry)
            return
        if not splitter.pending:
            lines.remember(entry)
            entry = ""


def _prompt(shell: Shell, splitter: Splitter) -> str:
    sign = "#" if shell.transaction is not None else ">"
    prompt = f"{shell.database}{sign} "
    return prompt if not splitter.pending else " " * (len(prompt) - 2) + "| "


class _Lines:
    """Line editing, where the platform has it: one statement is one entry of the history, however many lines it had."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._file = history_file()
        self._found: list[str] = []
        self._readline = self._set_up()

    def _set_up(self) -> ModuleType | None:
        try:
            import readline
        except ImportError:
            return None
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            readline.read_history_file(self._file)
        except OSError:
            pass  # There is none yet, or none can be kept: the shell works without.
        readline.set_history_length(HISTORY_LINES_MAX)
        readline.set_auto_history(False)
        readline.set_completer_delims(" \t\n()[]{},;=<>+-*/%^")
        readline.set_completer(self._complete)
        is_libedit = "libedit" in (readline.__doc__ or "")
        readline.parse_and_bind("bind ^I rl_complete" if is_libedit else "tab: complete")
        return readline

    def remember(self, entry: str) -> None:
        """Add an entry, and keep it."""
        if self._readline is None or not entry.strip():
            return
        self._readline.add_history(" ".join(entry.split("\n")))
        try:
            self._readline.write_history_file(self._file)
            self._file.chmod(0o600)
        except OSError:
            pass  # A history that cannot be kept is no reason to stop.

    def _complete(self, _: str, state: int) -> str | None:
        assert self._readline is not None, "readline calls this"
        if state == 0:
            before = self._readline.get_line_buffer()[: self._readline.get_endidx()]
            word = before[self._readline.get_begidx() :]
            try:
                found = complete(before, self._shell.names(), COMMANDS)
            except (SamyamaError, OSError):
                found = []
            # Readline replaces from its own idea of a word's beginning.
            self._found = _fit(word, found)
        return self._found[state] if state < len(self._found) else None


def _fit(word: str, found: list[str]) -> list[str]:
    """Candidates as they go on from what readline takes for the word: ``p:Per`` where a label is completed.

    >>> _fit("p:Per", ["Person"])
    ['p:Person']
    """
    for cut in range(len(word) + 1):
        tail = word[cut:]
        if found and all(one.lower().startswith(tail.lower()) for one in found):
            return [word[:cut] + one for one in found]
    return found
