"""The engine inside this process: no sockets, the same transactions.

>>> import samyama
>>> with samyama.open() as db:
...     db.execute("CREATE (:Person {name: $name})", name="Ada").consume().counters["nodes-created"]
...     db.execute("MATCH (p:Person) RETURN p.name").value()
1
'Ada'
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar

import msgspec

from samyama import _core
from samyama._results import Record, Result
from samyama.config.schema import Listen, Node, Settings
from samyama.cypher.compile import check_procedure as check
from samyama.cypher.procedures import defined
from samyama.errors import TransientError

__all__ = ["AsyncDatabase", "Database", "Session", "Transaction", "open"]

P = ParamSpec("P")
T = TypeVar("T")

_RETRIES_MAX = 10


def open(path: str | Path | None = None, *, settings: Settings | None = None) -> Database:
    """Open a database in this process.

    Args:
        path: The directory that holds it, created when missing. None: in memory, gone when closed.
        settings: Anything that is not the default; its node and listen sections are not used.

    Raises: OSError: another process has it open, or its files are damaged; the message says which and where.
    """
    return Database(path, settings=settings)


class Database:
    """An embedded database; use it as a context manager. Safe to use from several threads."""

    def __init__(self, path: str | Path | None = None, *, settings: Settings | None = None) -> None:
        base = Settings() if settings is None else settings
        settings = msgspec.structs.replace(
            base,
            node=Node(id=1, data_directory="" if path is None else str(path)),
            listen=Listen(bolt="", peer="127.0.0.1:0", http=""),
        )
        self._procedures = _defined_in(settings.procedures.file)
        self._node = _core.Node.start(
            msgspec.json.encode(settings).decode(), defined.encode(self._procedures.values())
        )

    def __enter__(self) -> Database:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the engine; open sessions end with an error. Closing twice is fine."""
        self._node.stop(False)

    def define_procedure(
        self,
        signature: str,
        body: str | None = None,
        *,
        rows: Sequence[Sequence[Any]] | None = None,
        mode: Literal["READ", "WRITE"] = "READ",
        description: str = "",
    ) -> None:
        """Define a procedure that queries of this database may CALL; an older one of that name goes.

        Args:
            signature: ``name(argument :: TYPE, ...) :: (column :: TYPE, ...)``.
            body: A query that sees the arguments as variables and returns the columns.
            rows: Instead of a body: constants, each row arguments and then columns. A call gives the rows whose
                arguments are equal.
            mode: WRITE: the body may write.

        Raises: ValueError: the signature, the rows or the body is wrong; the message says where.

        Example:
            >>> with open() as db:
            ...     db.define_procedure("code(name :: STRING) :: (code :: INTEGER)", rows=[["a", 1], ["b", 2]])
            ...     db.execute("CALL code('b')").value()
            2
        """
        if (body is None) == (rows is None):
            raise ValueError("a procedure has either a body or rows")
        if rows is not None:
            definition = defined.table(signature, rows, description)
        else:
            definition = defined.Definition(signature, str(body), description, mode)
        check(definition, self._procedures.values())
        name = defined.parse_signature(signature)[0].lower()
        self._procedures[name] = definition
        self._node.define_procedures(defined.encode(self._procedures.values()))

    def session(self) -> Session:
        return Session(self._node.session())

    def execute(
        self, query: str, parameters: Mapping[str, Any] | None = None, /, **named: Any
    ) -> Result:
        """Run one statement in a transaction of its own. Parameters by name, or as a mapping (names win)."""
        return self.session().run(query, parameters, **named)

    def begin(self, *, read_only: bool = False) -> Transaction:
        """A transaction of several statements; as a context manager it commits unless an exception leaves it."""
        return self.session().begin_transaction(read_only=read_only)


class Session:
    """One statement or transaction at a time; the names are those of Neo4j's driver."""

    def __init__(self, core: _core.Session) -> None:
        self._core = core

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._core.close()

    def run(
        self, query: str, parameters: Mapping[str, Any] | None = None, /, **named: Any
    ) -> Result:
        """An auto-commit statement. A write is committed when this returns."""
        return _run(self._core, query, {**(parameters or {}), **named}, {})

    def begin_transaction(self, *, read_only: bool = False) -> Transaction:
        self._core.begin({"read_only": read_only})
        return Transaction(self._core)

    def execute_read(
        self, work: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run ``work`` in a transaction that only reads."""
        with self.begin_transaction(read_only=True) as transaction:
            return work(transaction, *args, **kwargs)

    def execute_write(
        self, work: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run ``work`` in a transaction and commit it; again from the start while it meets conflicts."""
        for attempt in range(_RETRIES_MAX):
            try:
                with self.begin_transaction() as transaction:
                    return work(transaction, *args, **kwargs)
            except TransientError:
                if attempt == _RETRIES_MAX - 1:
                    raise
        raise AssertionError("the loop returns or raises")


class Transaction:
    """An open transaction. ``with``: commits at the end, rolls back when an exception leaves the block."""

    def __init__(self, core: _core.Session) -> None:
        self._core = core
        self._open = True

    def __enter__(self) -> Transaction:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._open:
            return
        if error is None:
            self.commit()
        else:
            self.rollback()

    def run(
        self, query: str, parameters: Mapping[str, Any] | None = None, /, **named: Any
    ) -> Result:
        return _run(self._core, query, {**(parameters or {}), **named}, None)

    def commit(self) -> str:
        """Returns the bookmark of what was committed."""
        self._open = False
        return self._core.commit()

    def rollback(self) -> None:
        self._open = False
        self._core.rollback()


def _defined_in(file: str) -> dict[str, defined.Definition]:
    definitions = defined.read_file(Path(file)) if file else []
    return {defined.parse_signature(one.signature)[0].lower(): one for one in definitions}


def _run(
    core: _core.Session, query: str, parameters: dict[str, Any], options: dict[str, Any] | None
) -> Result:
    try:
        keys, qid = core.run(query, parameters, options)
        result = Result(core, keys, qid)
        # A statement begins with its first pull: a write is done when `run` returns, and an error is raised here.
        result._fetch()
    except Exception:
        core.reset()
        raise
    return result


class AsyncDatabase:
    """:class:`Database` for ``asyncio``: each call runs on a thread while the loop goes on."""

    def __init__(self, path: str | Path | None = None, *, settings: Settings | None = None) -> None:
        self._database = Database(path, settings=settings)

    async def __aenter__(self) -> AsyncDatabase:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await asyncio.to_thread(self._database.close)

    async def execute(
        self, query: str, parameters: Mapping[str, Any] | None = None, /, **named: Any
    ) -> list[Record]:
        """Run one statement in a transaction of its own; all its rows."""
        return await asyncio.to_thread(
            lambda: self._database.execute(query, parameters, **named).fetch_all()
        )

    async def execute_write(self, work: Callable[[Transaction], T]) -> T:
        """Run ``work`` (an ordinary function, on a thread) in a transaction, again while it meets conflicts."""
        return await asyncio.to_thread(lambda: self._database.session().execute_write(work))
