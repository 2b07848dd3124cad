"""The engine inside this process: no sockets, the same transactions, and the names of the neo4j driver.

>>> import samyama
>>> with samyama.open() as db:
...     db.execute_query("CREATE (:Person {name: $name})", name="Ada").summary.counters.nodes_created
...     records, summary, keys = db.execute_query("MATCH (p:Person) RETURN p.name AS name")
...     records[0]["name"]
1
'Ada'
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar, overload

import msgspec

from samyama import _core
from samyama._conversation import Conversation, Statements
from samyama._directory import node_id_of
from samyama._results import FETCH_ROWS, EagerResult, Result
from samyama.config.schema import Cluster, Listen, Log, Node, Reads, Settings
from samyama.cypher.compile import check_procedure as check
from samyama.cypher.procedures import defined
from samyama.errors import TransientError

__all__ = ["Database", "Query", "Session", "Transaction", "open"]

P = ParamSpec("P")
T = TypeVar("T")

LogLevel = Literal["off", "error", "warn", "info", "debug", "trace"]
AccessMode = Literal["READ", "WRITE"]

#: A transaction is run again for so long while it meets conflicts, as by the driver.
_RETRY_TIME_S_MAX = 30.0
_RETRY_PAUSE_S_FIRST, _RETRY_PAUSE_S_MAX = 0.002, 0.5


def open(
    path: str | Path | None = None,
    *,
    settings: Settings | None = None,
    log_level: LogLevel = "off",
) -> Database:
    """Open a database in this process.

    Args:
        path: The directory that holds it, created when missing. None: in memory, gone when closed.
        settings: Anything that is not the default; its sections node and listen and its log.level are not used.
        log_level: What the engine writes to stderr about itself. The first database of a process that asks for lines
            decides for all.

    Raises:
        OSError: another process has it open, or its files are damaged; the message says which and where.

    Example:
        >>> with open() as db:
        ...     db.execute("RETURN 1 + 1 AS sum").value()
        [2]
    """
    return Database(path, settings=settings, log_level=log_level)


class Query:
    """A statement with options of its own, for :meth:`Session.run`.

    Args:
        text: The query.
        metadata: What SHOW TRANSACTIONS is to say of it; keys beginning with ``samyama.`` are instructions.
        timeout: Seconds after which the engine gives it up; None: as ``limits.query_timeout_ms`` says, 0: never.
    """

    def __init__(
        self,
        text: str,
        metadata: Mapping[str, Any] | None = None,
        timeout: float | None = None,
    ) -> None:
        self.text = text
        self.metadata = metadata
        self.timeout = timeout


class Database:
    """An embedded database; use it as a context manager. Safe to use from several threads."""

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        settings: Settings | None = None,
        log_level: LogLevel = "off",
    ) -> None:
        self._start(path, Settings() if settings is None else settings, log_level)
        members = self._node.members()
        if len(members) > 1:
            self._node.stop(False)
            raise OSError(
                f"{path} belongs to node {node_id_of(Path(str(path)))} of a cluster of {len(members)}:"
                " run `samyama server` on it, or connect to the cluster"
            )

    def _start(self, path: str | Path | None, base: Settings, log_level: LogLevel) -> None:
        id = 1 if path is None else node_id_of(Path(path)) or 1
        settings = msgspec.structs.replace(
            base,
            node=Node(id=id, data_directory="" if path is None else str(path)),
            listen=Listen(bolt="", peer="127.0.0.1:0", http=""),
            log=Log(level=log_level, format=base.log.format),
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
            [2]
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

    def session(
        self,
        *,
        default_access_mode: AccessMode = "WRITE",
        database: str | None = None,
        fetch_size: int = FETCH_ROWS,
    ) -> Session:
        """A session: one statement or transaction at a time.

        Args:
            default_access_mode: READ: nothing in it may write.
            database: ``neo4j`` or ``system``; None: the former.
            fetch_size: Rows that results fetch at a time.
        """
        return Session(
            self._node.session(),
            default_access_mode=default_access_mode,
            database=database,
            fetch_size=fetch_size,
        )

    def execute(
        self, query: str | Query, parameters: Mapping[str, Any] | None = None, /, **named: Any
    ) -> Result:
        """Run one statement in a transaction of its own and give its rows as they are asked for.

        A write is committed when this returns. Parameters by name, or as a mapping (names win). What has to be run
        again after a conflict is up to you: :meth:`execute_query` does it.

        Example:
            >>> with open() as db:
            ...     for record in db.execute("UNWIND range(1, $n) AS i RETURN i * i AS square", n=3):
            ...         print(record["square"])
            1
            4
            9
        """
        return self.session().run(query, parameters, **named)

    @overload
    def execute_query(
        self,
        query_: str,
        parameters_: Mapping[str, Any] | None = None,
        routing_: Literal["w", "r"] = "w",
        database_: str | None = None,
        *,
        result_transformer_: Callable[[Result], T],
        **named: Any,
    ) -> T: ...

    @overload
    def execute_query(
        self,
        query_: str,
        parameters_: Mapping[str, Any] | None = None,
        routing_: Literal["w", "r"] = "w",
        database_: str | None = None,
        **named: Any,
    ) -> EagerResult: ...

    def execute_query(
        self,
        query_: str,
        parameters_: Mapping[str, Any] | None = None,
        routing_: Literal["w", "r"] = "w",
        database_: str | None = None,
        *,
        result_transformer_: Callable[[Result], Any] = Result.to_eager_result,
        **named: Any,
    ) -> Any:
        """Run one statement in a transaction of its own, again while it meets conflicts, and give everything at once.

        Args:
            query_: The statement.
            parameters_: Its parameters; those given by name win. Names that end in ``_`` must be given here.
            routing_: ``r``: it must not write.
            database_: As of :meth:`session`.
            result_transformer_: Makes what is returned, of the :class:`Result`.

        Example:
            >>> with open() as db:
            ...     records, summary, keys = db.execute_query("RETURN $x AS x", x=1)
            >>> records[0]["x"], keys
            (1, ['x'])
        """
        if wrong := next((name for name in named if name.endswith("_")), None):
            raise TypeError(
                f"execute_query knows no option `{wrong}`; a parameter whose name ends in _ goes into parameters_"
            )
        mode: AccessMode = "READ" if routing_ == "r" else "WRITE"
        parameters = {**(parameters_ or {}), **named}
        with self.session(default_access_mode=mode, database=database_) as session:
            return _retried(lambda: result_transformer_(session.run(query_, parameters)))

    def begin(self, *, read_only: bool = False) -> Transaction:
        """A transaction of several statements; as a context manager it commits unless an exception leaves it."""
        session = self.session(default_access_mode="READ" if read_only else "WRITE")
        return session.begin_transaction()


class Session:
    """One statement or transaction at a time; made by :meth:`Database.session`."""

    def __init__(
        self,
        statements: Statements,
        *,
        default_access_mode: AccessMode = "WRITE",
        database: str | None = None,
        fetch_size: int = FETCH_ROWS,
    ) -> None:
        if default_access_mode not in ("READ", "WRITE"):
            raise ValueError(f"default_access_mode is READ or WRITE, not {default_access_mode!r}")
        if fetch_size < 1 and fetch_size != -1:
            raise ValueError(f"fetch_size is at least 1, or -1 for all rows, not {fetch_size}")
        self._conversation = Conversation(statements, None if fetch_size == -1 else fetch_size)
        self._read_only = default_access_mode == "READ"
        self._database = database

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
        """Roll back what is open; rows that have not been fetched are gone."""
        self._conversation.close()

    def run(
        self, query: str | Query, parameters: Mapping[str, Any] | None = None, /, **named: Any
    ) -> Result:
        """An auto-commit statement. A write is committed when this returns."""
        text, metadata, timeout = query, None, None
        if isinstance(query, Query):
            text, metadata, timeout = query.text, query.metadata, query.timeout
        options = self._options(metadata, timeout)
        return self._conversation.run(str(text), {**(parameters or {}), **named}, options)

    def begin_transaction(
        self, metadata: Mapping[str, Any] | None = None, timeout: float | None = None
    ) -> Transaction:
        """A transaction of several statements.

        Args:
            metadata: What SHOW TRANSACTIONS is to say of it.
            timeout: Seconds after which the engine gives it up; None: as ``limits.query_timeout_ms`` says, 0: never.
        """
        self._conversation.begin(self._options(metadata, timeout))
        return Transaction(self._conversation)

    def execute_read(
        self, work: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run ``work`` in a transaction that only reads."""
        return self._managed(True, work, *args, **kwargs)

    def execute_write(
        self, work: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run ``work`` in a transaction and commit it; again from the start while it meets conflicts.

        Example:
            >>> def count_up(tx, name):
            ...     return tx.run("MERGE (c:Counter {name: $name}) SET c.n = coalesce(c.n, 0) + 1 RETURN c.n",
            ...                   name=name).single(strict=True)[0]
            >>> with open() as db, db.session() as session:
            ...     [session.execute_write(count_up, "visits") for _ in range(3)]
            [1, 2, 3]
        """
        return self._managed(False, work, *args, **kwargs)

    def _managed(
        self,
        read_only: bool,
        work: Callable[Concatenate[Transaction, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        def once() -> T:
            with self._begin(read_only) as transaction:
                return work(transaction, *args, **kwargs)

        return _retried(once)

    def _begin(self, read_only: bool) -> Transaction:
        options = self._options(None, None)
        self._conversation.begin({**options, "read_only": True} if read_only else options)
        return Transaction(self._conversation)

    def _interrupt(self) -> None:
        """Tell the call that runs on another thread to end soon."""
        self._conversation.interrupt()

    def _reset(self) -> None:
        self._conversation.reset()

    def _options(self, metadata: Mapping[str, Any] | None, timeout: float | None) -> dict[str, Any]:
        options: dict[str, Any] = {}
        if self._read_only:
            options["read_only"] = True
        if self._database is not None:
            options["database"] = self._database
        if metadata:
            options["metadata"] = dict(metadata)
        if timeout is not None:
            options["timeout_ms"] = round(timeout * 1000)
        return options


class Transaction:
    """An open transaction. ``with``: commits at the end, rolls back when an exception leaves the block."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._ended = False

    def __enter__(self) -> Transaction:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._ended:
            return
        if error is None:
            self.commit()
        else:
            self.rollback()

    def run(
        self, query: str, parameters: Mapping[str, Any] | None = None, /, **named: Any
    ) -> Result:
        """A statement of this transaction; it sees what those before it did. If it fails, the transaction is over."""
        self._require_open()
        return self._conversation.run(query, {**(parameters or {}), **named}, None)

    def closed(self) -> bool:
        """Whether it has been committed or rolled back, or has failed."""
        return self._ended or not self._conversation.transaction_open

    def commit(self) -> str:
        """Returns the bookmark of what was committed."""
        self._require_open()
        self._ended = True
        return self._conversation.commit()

    def rollback(self) -> None:
        """Undo everything. What has failed is rolled back already."""
        if not self._ended:
            self._ended = True
            self._conversation.rollback()

    def close(self) -> None:
        """Roll back, unless it has ended."""
        self.rollback()

    def _require_open(self) -> None:
        if self._ended:
            raise RuntimeError("the transaction has ended")
        if not self._conversation.transaction_open:
            self._ended = True
            raise RuntimeError("the transaction was rolled back when one of its statements failed")


#: Nobody answers there, so nobody is disturbed.
_NOWHERE = "127.0.0.1:1"
_MEMBERS_MAX = 100


def open_lost_member(path: str | Path) -> Database:
    """The directory of one member of a cluster that is lost, as far as it knew what was committed.

    Without the others it can neither write nor know what is newest: everything that is read is ``stale``, and may lack
    the newest writes that were acknowledged. It does not talk to the others, should they be alive after all.

    Raises: OSError: as of :func:`open`.
    """
    dial = {str(id): _NOWHERE for id in range(1, _MEMBERS_MAX)}
    settings = Settings(reads=Reads(level="stale"), cluster=Cluster(dial=dial))
    database = Database.__new__(Database)
    database._start(path, settings, "off")
    return database


def _defined_in(file: str) -> dict[str, defined.Definition]:
    definitions = defined.read_file(Path(file)) if file else []
    return {defined.parse_signature(one.signature)[0].lower(): one for one in definitions}


def retries() -> Iterator[float | None]:
    """Seconds to wait after each failed try; None: do not try again."""
    deadline = time.monotonic() + _RETRY_TIME_S_MAX
    pause_s = _RETRY_PAUSE_S_FIRST
    while time.monotonic() + pause_s < deadline:
        # Random, so that those who met do not meet again.
        yield pause_s * random.uniform(0.5, 1.0)
        pause_s = min(pause_s * 2, _RETRY_PAUSE_S_MAX)
    yield None


def _retried(work: Callable[[], T]) -> T:
    """Do it again while it says that nothing was done and trying again may help."""
    for pause_s in retries():
        try:
            return work()
        except TransientError:
            if pause_s is None:
                raise
            time.sleep(pause_s)
    raise AssertionError("the last of the retries has no pause, so its error is raised")
