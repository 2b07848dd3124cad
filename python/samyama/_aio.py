"""The embedded database for ``asyncio``: the twin of :mod:`samyama._database`, name by name.

Each call runs on a thread of the database's own while the loop goes on; there is one thread for each call that is under
way, so that a commit never waits behind statements that wait for it. A call that is cancelled tells the engine to stop,
waits until it has, and leaves the session as new.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Concatenate, Literal, ParamSpec, TypeVar, overload

from samyama._database import (
    AccessMode,
    Database,
    LogLevel,
    Query,
    Session,
    Transaction,
    retries,
)
from samyama._results import FETCH_ROWS, EagerResult, Record, Result, Summary
from samyama.config.schema import Settings
from samyama.errors import TransientError

if TYPE_CHECKING:
    import networkx
    import pandas
    import pyarrow

__all__ = ["AsyncDatabase", "AsyncResult", "AsyncSession", "AsyncTransaction"]

P = ParamSpec("P")
T = TypeVar("T")

#: Calls under way at a time, each with a thread while it lasts; more wait. Above what the engine admits by default.
_CALLS_MAX = 2_048


class _Worker:
    """Runs the calls of one session, one after the other, on threads."""

    def __init__(self, threads: ThreadPoolExecutor, session: Session) -> None:
        self._threads = threads
        self._session = session

    async def do(self, work: Callable[[], T]) -> T:
        """``work`` on a thread; when the waiting task is cancelled the engine is told to stop."""
        loop = asyncio.get_running_loop()
        future = loop.run_in_executor(self._threads, work)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            self._session._interrupt()
            await asyncio.wait([future])
            # It failed by the interruption and was reset; or it came through before, and the interruption stands.
            if future.exception() is None:
                await asyncio.wait([loop.run_in_executor(self._threads, self._session._reset)])
            raise


class AsyncDatabase:
    """:class:`Database` for ``asyncio``. Opened by ``async with``, or by :meth:`open`.

    Example:
        >>> import asyncio
        >>> async def main():
        ...     async with AsyncDatabase() as db:
        ...         result = await db.execute("UNWIND [1, 2] AS x RETURN x")
        ...         return [record["x"] async for record in result]
        >>> asyncio.run(main())
        [1, 2]
    """

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        settings: Settings | None = None,
        log_level: LogLevel = "off",
    ) -> None:
        self._make = lambda: Database(path, settings=settings, log_level=log_level)
        self._threads = ThreadPoolExecutor(_CALLS_MAX, thread_name_prefix="samyama-async")
        self._database: Database | None = None

    async def open(self) -> AsyncDatabase:
        """Open it, on a thread: reading a long log takes its time.

        Raises: OSError: as of :func:`samyama.open`.
        """
        if self._database is None:
            loop = asyncio.get_running_loop()
            self._database = await loop.run_in_executor(self._threads, self._make)
        return self

    def _opened(self) -> Database:
        if self._database is None:
            raise RuntimeError("the database is not open: use `async with`, or `await db.open()`")
        return self._database

    async def __aenter__(self) -> AsyncDatabase:
        return await self.open()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Stop the engine; open sessions end with an error. Closing twice is fine."""
        if self._database is not None:
            # Not on the database's own threads: all may be busy with what is to be stopped.
            await asyncio.to_thread(self._database.close)
        self._threads.shutdown(wait=False)

    async def define_procedure(
        self,
        signature: str,
        body: str | None = None,
        *,
        rows: Sequence[Sequence[Any]] | None = None,
        mode: Literal["READ", "WRITE"] = "READ",
        description: str = "",
    ) -> None:
        """Define a procedure that queries of this database may CALL, see :meth:`Database.define_procedure`."""
        database = self._opened()
        await asyncio.get_running_loop().run_in_executor(
            self._threads,
            lambda: database.define_procedure(
                signature, body, rows=rows, mode=mode, description=description
            ),
        )

    def session(
        self,
        *,
        default_access_mode: AccessMode = "WRITE",
        database: str | None = None,
        fetch_size: int = FETCH_ROWS,
    ) -> AsyncSession:
        """A session, see :meth:`Database.session`."""
        session = self._opened().session(
            default_access_mode=default_access_mode, database=database, fetch_size=fetch_size
        )
        return AsyncSession(_Worker(self._threads, session), session)

    async def execute(
        self, query: str | Query, parameters: Mapping[str, Any] | None = None, /, **named: Any
    ) -> AsyncResult:
        """Run one statement in a transaction of its own and give its rows as they are asked for."""
        return await self.session().run(query, parameters, **named)

    @overload
    async def execute_query(
        self,
        query_: str,
        parameters_: Mapping[str, Any] | None = None,
        routing_: Literal["w", "r"] = "w",
        database_: str | None = None,
        *,
        result_transformer_: Callable[[AsyncResult], Awaitable[T]],
        **named: Any,
    ) -> T: ...

    @overload
    async def execute_query(
        self,
        query_: str,
        parameters_: Mapping[str, Any] | None = None,
        routing_: Literal["w", "r"] = "w",
        database_: str | None = None,
        **named: Any,
    ) -> EagerResult: ...

    async def execute_query(
        self,
        query_: str,
        parameters_: Mapping[str, Any] | None = None,
        routing_: Literal["w", "r"] = "w",
        database_: str | None = None,
        *,
        result_transformer_: Callable[[AsyncResult], Awaitable[Any]] | None = None,
        **named: Any,
    ) -> Any:
        """Run one statement, again while it meets conflicts, and give everything at once."""
        transform = result_transformer_ or AsyncResult.to_eager_result
        parameters = {**(parameters_ or {}), **named}
        if wrong := next((name for name in named if name.endswith("_")), None):
            raise TypeError(
                f"execute_query knows no option `{wrong}`; a parameter whose name ends in _ goes into parameters_"
            )
        mode: AccessMode = "READ" if routing_ == "r" else "WRITE"
        async with self.session(default_access_mode=mode, database=database_) as session:

            async def once() -> Any:
                return await transform(await session.run(query_, parameters))

            return await _retried(once)

    async def begin(self, *, read_only: bool = False) -> AsyncTransaction:
        """A transaction of several statements; ``async with await db.begin() as transaction``."""
        session = self.session(default_access_mode="READ" if read_only else "WRITE")
        return await session.begin_transaction()


class AsyncSession:
    """One statement or transaction at a time; made by :meth:`AsyncDatabase.session`."""

    def __init__(self, worker: _Worker, session: Session) -> None:
        self._worker = worker
        self._session = session

    async def __aenter__(self) -> AsyncSession:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Roll back what is open; rows that have not been fetched are gone."""
        await self._worker.do(self._session.close)

    async def run(
        self, query: str | Query, parameters: Mapping[str, Any] | None = None, /, **named: Any
    ) -> AsyncResult:
        """An auto-commit statement. A write is committed when this returns."""
        result = await self._worker.do(lambda: self._session.run(query, parameters, **named))
        return AsyncResult(self._worker, result)

    async def begin_transaction(
        self, metadata: Mapping[str, Any] | None = None, timeout: float | None = None
    ) -> AsyncTransaction:
        """A transaction of several statements, see :meth:`Session.begin_transaction`."""
        transaction = await self._worker.do(
            lambda: self._session.begin_transaction(metadata, timeout)
        )
        return AsyncTransaction(self._worker, transaction)

    async def execute_read(
        self,
        work: Callable[Concatenate[AsyncTransaction, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Await ``work`` in a transaction that only reads."""
        return await self._managed(True, work, *args, **kwargs)

    async def execute_write(
        self,
        work: Callable[Concatenate[AsyncTransaction, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Await ``work`` in a transaction and commit it; again from the start while it meets conflicts."""
        return await self._managed(False, work, *args, **kwargs)

    async def _managed(
        self,
        read_only: bool,
        work: Callable[Concatenate[AsyncTransaction, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        async def once() -> T:
            begun = await self._worker.do(lambda: self._session._begin(read_only))
            async with AsyncTransaction(self._worker, begun) as transaction:
                return await work(transaction, *args, **kwargs)

        return await _retried(once)


class AsyncTransaction:
    """An open transaction. ``async with``: commits at the end, rolls back when an exception leaves the block."""

    def __init__(self, worker: _Worker, transaction: Transaction) -> None:
        self._worker = worker
        self._transaction = transaction

    async def __aenter__(self) -> AsyncTransaction:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._worker.do(lambda: self._transaction.__exit__(kind, error, trace))

    async def run(
        self, query: str, parameters: Mapping[str, Any] | None = None, /, **named: Any
    ) -> AsyncResult:
        """A statement of this transaction; it sees what those before it did. If it fails, the transaction is over."""
        result = await self._worker.do(lambda: self._transaction.run(query, parameters, **named))
        return AsyncResult(self._worker, result)

    def closed(self) -> bool:
        """Whether it has been committed or rolled back, or has failed."""
        return self._transaction.closed()

    async def commit(self) -> str:
        """Returns the bookmark of what was committed."""
        return await self._worker.do(self._transaction.commit)

    async def rollback(self) -> None:
        """Undo everything. What has failed is rolled back already."""
        await self._worker.do(self._transaction.rollback)

    async def close(self) -> None:
        """Roll back, unless it has ended."""
        await self._worker.do(self._transaction.close)


class AsyncResult:
    """Rows of one statement, fetched as they are asked for: ``async for``, or all at once."""

    def __init__(self, worker: _Worker, result: Result) -> None:
        self._worker = worker
        self._result = result

    async def __aiter__(self) -> AsyncIterator[Record]:
        while True:
            # What is there already needs no thread.
            while (record := self._result._take_buffered()) is not None:
                yield record
            if not await self._worker.do(self._result._has_row):
                return

    async def __anext__(self) -> Record:
        records = await self.fetch(1)
        if not records:
            raise StopAsyncIteration
        return records[0]

    def keys(self) -> list[str]:
        """The names of the columns."""
        return self._result.keys()

    def closed(self) -> bool:
        """Whether nothing more can be read."""
        return self._result.closed()

    async def peek(self) -> Record | None:
        """The next row, which stays the next; None: there is none."""
        return await self._worker.do(self._result.peek)

    async def fetch(self, n: int) -> list[Record]:
        """The next ``n`` rows, or as many as are left."""
        return await self._worker.do(lambda: self._result.fetch(n))

    async def fetch_all(self) -> list[Record]:
        """All rows that are left."""
        return await self._worker.do(self._result.fetch_all)

    @overload
    async def single(self, strict: Literal[False] = False) -> Record | None: ...

    @overload
    async def single(self, strict: Literal[True]) -> Record: ...

    async def single(self, strict: bool = False) -> Record | None:
        """The only row, or None if there is none; see :meth:`Result.single`."""
        if strict:
            return await self._worker.do(lambda: self._result.single(strict=True))
        return await self._worker.do(self._result.single)

    async def value(self, key: int | str = 0, default: Any = None) -> list[Any]:
        """One column of all rows that are left."""
        return await self._worker.do(lambda: self._result.value(key, default))

    async def values(self, *keys: int | str) -> list[list[Any]]:
        """The values of all rows that are left, a list a row."""
        return await self._worker.do(lambda: self._result.values(*keys))

    async def data(self, *keys: int | str) -> list[dict[str, Any]]:
        """All rows that are left in plain Python."""
        return await self._worker.do(lambda: self._result.data(*keys))

    async def to_eager_result(self) -> EagerResult:
        """All rows that are left, the summary and the names of the columns."""
        return await self._worker.do(self._result.to_eager_result)

    async def consume(self) -> Summary:
        """Drop the rows that are left; what the statement did."""
        return await self._worker.do(self._result.consume)

    async def to_df(self, expand: bool = False) -> pandas.DataFrame:
        """All rows that are left as a pandas frame, see :meth:`Result.to_df`."""
        return await self._worker.do(lambda: self._result.to_df(expand))

    async def to_arrow(self) -> pyarrow.Table:
        """All rows that are left as an Arrow table, see :meth:`Result.to_arrow`."""
        return await self._worker.do(self._result.to_arrow)

    async def to_networkx(self) -> networkx.MultiDiGraph[str]:
        """The nodes and relationships in all rows that are left as a graph."""
        return await self._worker.do(self._result.to_networkx)


async def _retried(work: Callable[[], Awaitable[T]]) -> T:
    """Do it again while it says that nothing was done and trying again may help."""
    for pause_s in retries():
        try:
            return await work()
        except TransientError:
            if pause_s is None:
                raise
            await asyncio.sleep(pause_s)
    raise AssertionError("the last of the retries has no pause, so its error is raised")
