"""A session's talk with an engine, in this process or behind a socket: one statement or transaction at a time.

Both ends have the same calls (``_core.Session`` and ``_core.Client``). What this class adds is the order that Bolt
demands of them: an auto-commit result is fetched before the next statement, a transaction's results are given up before
it ends, and after anything that fails, a signal included, the other end is reset and can be used again.
"""

from __future__ import annotations

import weakref
from typing import Any, Protocol

from samyama._results import Result

__all__ = ["Conversation", "Statements"]


class Statements(Protocol):
    """What runs statements: a session of the engine in this process, or a connection to a server."""

    def begin(self, options: dict[str, Any] | None) -> None: ...
    def run(
        self, query: str, parameters: dict[str, Any], options: dict[str, Any] | None
    ) -> tuple[list[str], int]: ...
    def pull(
        self, qid: int, n: int | None, discard: bool
    ) -> tuple[list[tuple[Any, ...]], dict[str, Any] | None]: ...
    def commit(self) -> str: ...
    def rollback(self) -> None: ...
    def interrupt(self) -> None: ...
    def reset(self) -> None: ...
    def close(self) -> None: ...


class Conversation:
    """``transaction_open``: an explicit transaction has begun and has neither ended nor failed."""

    def __init__(self, statements: Statements, fetch_rows: int | None) -> None:
        self._statements = statements
        self._fetch_rows = fetch_rows
        #: Results that may hold rows on the other end. Weak: what nobody holds nobody reads.
        self._results: set[weakref.ref[Result]] = set()
        self.transaction_open = False

    def _streaming(self) -> list[Result]:
        if not self._results:
            return []
        held = [reference() for reference in tuple(self._results)]
        return [result for result in held if result is not None and result._is_streaming]

    def begin(self, options: dict[str, Any]) -> None:
        self._make_room()
        try:
            self._statements.begin(options)
        except BaseException as error:
            self._fail(error)
            raise
        self.transaction_open = True

    def run(self, query: str, parameters: dict[str, Any], options: dict[str, Any] | None) -> Result:
        """Start a statement and fetch its first rows. ``options``: of one that is not part of the transaction."""
        if options is not None:
            self._make_room()
        try:
            keys, qid = self._statements.run(query, parameters, options)
        except BaseException as error:
            self._fail(error)
            raise
        result = Result(self, query, keys, qid, self._fetch_rows)
        # A statement begins with its first pull: a write is done when `run` returns, and an error is raised here.
        result._fetch(self._fetch_rows)
        if result._is_streaming:
            self._results.add(weakref.ref(result, self._results.discard))
        return result

    def pull(
        self, qid: int, n: int | None, discard: bool
    ) -> tuple[list[tuple[Any, ...]], dict[str, Any] | None]:
        try:
            return self._statements.pull(qid, n, discard)
        except BaseException as error:
            self._fail(error)
            raise

    def commit(self) -> str:
        """The bookmark of what was committed."""
        for result in self._streaming():
            result._discard("the transaction has ended")
        self.transaction_open = False
        try:
            return self._statements.commit()
        except BaseException as error:
            self._fail(error)
            raise

    def rollback(self) -> None:
        """Undo the transaction, if there is one still."""
        if not self.transaction_open:
            return
        self.transaction_open = False
        is_streaming = bool(self._streaming())
        self._end_results("the transaction was rolled back")
        try:
            if is_streaming:
                self._statements.reset()
            else:
                self._statements.rollback()
        except ConnectionError:
            # Nobody to tell: a server rolls back what belongs to a connection that is gone.
            return

    def interrupt(self) -> None:
        """Tell the call that runs on another thread to end soon; it fails, or has come through."""
        self._statements.interrupt()

    def reset(self) -> None:
        """Give up everything that is open."""
        self.transaction_open = False
        self._end_results("the session was reset")
        self._statements.reset()

    def close(self) -> None:
        self.transaction_open = False
        self._end_results("the session is closed")
        self._statements.close()

    def _make_room(self) -> None:
        """Fetch what is left of the result before: the other end gives one after the other."""
        if self.transaction_open:
            raise RuntimeError("a transaction is open in this session: end it first")
        for result in self._streaming():
            result._buffer_all()

    def _end_results(self, why: str) -> None:
        for result in self._streaming():
            result._end(why)

    def _fail(self, error: BaseException) -> None:
        """After a failure the other end does nothing until it is reset; a signal leaves an answer on its way."""
        self.transaction_open = False
        self._end_results("a statement of the session has failed since")
        if not isinstance(error, ConnectionError):
            self._statements.reset()
