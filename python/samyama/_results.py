"""Results of the embedded API: records, fetched in batches, and the summary. Names and meanings are the driver's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, overload

from samyama.errors import ResultError
from samyama.types import Node, Path, Relationship

if TYPE_CHECKING:
    import networkx
    import pandas
    import pyarrow

    from samyama._conversation import Conversation

__all__ = ["Counters", "EagerResult", "Record", "Result", "Summary"]

#: Rows that are fetched at a time, as in the driver.
FETCH_ROWS = 1_000


def _plain(value: Any) -> Any:
    """Nodes as their properties, relationships and paths as tuples and lists of them."""
    match value:
        case Node():
            return dict(value)
        case Relationship():
            return (_plain(value.start_node), value.type, _plain(value.end_node))
        case Path():
            walk: list[Any] = [_plain(value.start_node)]
            for relationship, node in zip(value.relationships, value.nodes[1:], strict=True):
                walk += [relationship.type, _plain(node)]
            return walk
        case list():
            return [_plain(item) for item in value]
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case _:
            return value


class Record:
    """One row: by position, by name, or unpacked like a tuple.

    Example:
        >>> import samyama
        >>> with samyama.open() as db:
        ...     record = db.execute("RETURN 1 AS one, 'b' AS two").single(strict=True)
        >>> record["one"], record[1], record.data()
        (1, 'b', {'one': 1, 'two': 'b'})
    """

    __slots__ = ("_keys", "_values")

    def __init__(self, keys: dict[str, int], values: tuple[Any, ...]) -> None:
        self._keys = keys
        self._values = values

    def __getitem__(self, key: int | str) -> Any:
        return self._values[self._keys[key] if isinstance(key, str) else key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, value: object) -> bool:
        return value in self._values

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Record):
            return self._values == other._values and list(self._keys) == list(other._keys)
        return self._values == other if isinstance(other, tuple) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Record {' '.join(f'{key}={self._values[i]!r}' for key, i in self._keys.items())}>"

    def keys(self) -> list[str]:
        """The names, in order."""
        return list(self._keys)

    def values(self, *keys: int | str) -> list[Any]:
        """The values, or those of the keys named."""
        return [self[key] for key in keys] if keys else list(self._values)

    def items(self, *keys: int | str) -> list[tuple[str, Any]]:
        """Names and values, or those of the keys named."""
        names = list(self._keys)
        chosen = [self.index(key) for key in keys] if keys else range(len(names))
        return [(names[i], self._values[i]) for i in chosen]

    def index(self, key: int | str) -> int:
        """The position of a key.

        Raises: KeyError, IndexError: there is no such key.
        """
        if isinstance(key, str):
            return self._keys[key]
        return range(len(self._values))[key]

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key, or ``default`` if there is no such key."""
        return self._values[self._keys[key]] if key in self._keys else default

    def value(self, key: int | str = 0, default: Any = None) -> Any:
        """The value of a key, the first by default; ``default`` if there is no such key."""
        try:
            return self[key]
        except (KeyError, IndexError):
            return default

    def data(self, *keys: int | str) -> dict[str, Any]:
        """Name to value in plain Python: a node is its properties, a relationship ``(start, type, end)``."""
        return {key: _plain(value) for key, value in self.items(*keys)}


class Counters(Mapping[str, int]):
    """What a statement changed: by Bolt's names, or as the driver's attributes. What is 0 is not among the keys.

    Example:
        >>> import samyama
        >>> with samyama.open() as db:
        ...     counters = db.execute("CREATE (:A)-[:R]->(:B)").consume().counters
        >>> counters.nodes_created, counters["relationships-created"], counters.properties_set
        (2, 1, 0)
    """

    __slots__ = ("_counts",)

    def __init__(self, counts: Mapping[str, int] | None = None) -> None:
        self._counts = dict(counts or {})

    def __getitem__(self, name: str) -> int:
        return self._counts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._counts)

    def __len__(self) -> int:
        return len(self._counts)

    def __repr__(self) -> str:
        return f"<Counters {self._counts}>"

    @property
    def contains_updates(self) -> bool:
        """Whether anything was changed."""
        return bool(self._counts)

    @property
    def nodes_created(self) -> int:
        return self._counts.get("nodes-created", 0)

    @property
    def nodes_deleted(self) -> int:
        return self._counts.get("nodes-deleted", 0)

    @property
    def relationships_created(self) -> int:
        return self._counts.get("relationships-created", 0)

    @property
    def relationships_deleted(self) -> int:
        return self._counts.get("relationships-deleted", 0)

    @property
    def properties_set(self) -> int:
        return self._counts.get("properties-set", 0)

    @property
    def labels_added(self) -> int:
        return self._counts.get("labels-added", 0)

    @property
    def labels_removed(self) -> int:
        return self._counts.get("labels-removed", 0)

    @property
    def indexes_added(self) -> int:
        return self._counts.get("indexes-added", 0)

    @property
    def indexes_removed(self) -> int:
        return self._counts.get("indexes-removed", 0)

    @property
    def constraints_added(self) -> int:
        return self._counts.get("constraints-added", 0)

    @property
    def constraints_removed(self) -> int:
        return self._counts.get("constraints-removed", 0)


class Summary:
    """What a statement did, and what its result rests on.

    ``query_type`` is ``r``, ``w``, ``rw`` or ``s``. ``index`` is the log index that was read or written, ``term`` and
    ``leader`` (a node's id) say under whom, ``read_level`` what the read promised; None where there is nothing to say.
    Times are in milliseconds. ``metadata`` is everything as it came; the rest is read there.
    """

    __slots__ = ("metadata", "query")

    def __init__(self, query: str, metadata: Mapping[str, Any]) -> None:
        self.query = query
        self.metadata = metadata

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Summary):
            return self.query == other.query and self.metadata == other.metadata
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Summary {self.query!r} {self.metadata}>"

    @property
    def query_type(self) -> str:
        return str(self.metadata.get("type", ""))

    @property
    def counters(self) -> Counters:
        counts: Mapping[str, int] = self.metadata.get("stats", {})
        return Counters(
            {key: count for key, count in counts.items() if not key.startswith("contains-")}
        )

    @property
    def bookmark(self) -> str | None:
        return self.metadata.get("bookmark")

    @property
    def database(self) -> str | None:
        return self.metadata.get("db")

    @property
    def notifications(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.metadata.get("notifications", [])
        return found

    @property
    def gql_status_objects(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.metadata.get("statuses", [])
        return found

    @property
    def plan(self) -> dict[str, Any] | None:
        return self.metadata.get("plan")

    @property
    def profile(self) -> dict[str, Any] | None:
        return self.metadata.get("profile")

    @property
    def result_consumed_after(self) -> int | None:
        return self.metadata.get("t_last")

    @property
    def index(self) -> int | None:
        return self._outcome.get("_samyama_index")

    @property
    def term(self) -> int | None:
        return self._outcome.get("_samyama_term")

    @property
    def leader(self) -> int | None:
        return self._outcome.get("_samyama_leader")

    @property
    def read_level(self) -> str | None:
        return self._outcome.get("_samyama_level")

    @property
    def _outcome(self) -> dict[str, Any]:
        """What the status of the outcome carries: what the result rests on."""
        for status in self.gql_status_objects:
            if status["gql_status"][:2] in ("00", "02"):
                found: dict[str, Any] = status.get("diagnostic_record", {})
                return found
        return {}


class EagerResult(NamedTuple):
    """All of a result: ``records, summary, keys = db.execute_query(...)``."""

    records: list[Record]
    summary: Summary
    keys: list[str]

    def _repr_html_(self) -> str:
        from samyama.export.html import render_table

        return render_table(self.keys, [record.values() for record in self.records], more=False)


class Result:
    """Rows of one statement, fetched as they are asked for; iterate once, or take them all.

    Example:
        >>> import samyama
        >>> with samyama.open() as db:
        ...     [record["x"] for record in db.execute("UNWIND [1, 2, 3] AS x RETURN x")]
        [1, 2, 3]
    """

    def __init__(
        self,
        conversation: Conversation,
        query: str,
        keys: list[str],
        qid: int,
        fetch_rows: int | None = FETCH_ROWS,
    ) -> None:
        self._conversation = conversation
        self._query = query
        self._keys = {key: i for i, key in enumerate(keys)}
        self._qid = qid
        self._fetch_rows = fetch_rows
        self._rows: list[tuple[Any, ...]] = []
        self._next = 0
        self._summary: Summary | None = None
        #: Why no row can be fetched any more, if it is not that all have been.
        self._closed: str | None = None
        self._consumed = False

    def __iter__(self) -> Iterator[Record]:
        while self._has_row():
            yield self._take()

    def __next__(self) -> Record:
        if not self._has_row():
            raise StopIteration
        return self._take()

    def keys(self) -> list[str]:
        """The names of the columns."""
        return list(self._keys)

    def closed(self) -> bool:
        """Whether nothing more can be read."""
        has_ended = self._summary is not None and self._next >= len(self._rows)
        return self._consumed or self._closed is not None or has_ended

    def peek(self) -> Record | None:
        """The next row, which stays the next; None: there is none."""
        return Record(self._keys, self._rows[self._next]) if self._has_row() else None

    def fetch(self, n: int) -> list[Record]:
        """The next ``n`` rows, or as many as are left."""
        rows: list[Record] = []
        while len(rows) < n and self._has_row():
            rows.append(self._take())
        return rows

    def fetch_all(self) -> list[Record]:
        """All rows that are left."""
        if self._is_streaming:
            self._fetch(None)
        return list(self)

    @overload
    def single(self, strict: Literal[False] = False) -> Record | None: ...

    @overload
    def single(self, strict: Literal[True]) -> Record: ...

    def single(self, strict: bool = False) -> Record | None:
        """The only row, or None if there is none.

        Raises: ResultError: there is more than one row, or with ``strict`` none.
        """
        rows = self.fetch(2)
        if len(rows) == 2 or (strict and not rows):
            self.consume()
            found = "more" if rows else "none"
            raise ResultError(f"one row was expected, there is {found}: {self._query}")
        self.consume()
        return rows[0] if rows else None

    def value(self, key: int | str = 0, default: Any = None) -> list[Any]:
        """One column of all rows that are left: that of ``key``, the first by default."""
        return [record.value(key, default) for record in self.fetch_all()]

    def values(self, *keys: int | str) -> list[list[Any]]:
        """The values of all rows that are left, a list a row."""
        return [record.values(*keys) for record in self.fetch_all()]

    def data(self, *keys: int | str) -> list[dict[str, Any]]:
        """All rows that are left in plain Python, see :meth:`Record.data`."""
        return [record.data(*keys) for record in self.fetch_all()]

    def to_eager_result(self) -> EagerResult:
        """All rows that are left, the summary and the names of the columns."""
        records = self.fetch_all()
        return EagerResult(records, self.consume(), self.keys())

    def consume(self) -> Summary:
        """Drop the rows that are left; what the statement did."""
        if self._summary is None:
            self._require_open()
            self._fetch(None, discard=True)
        self._next = len(self._rows)
        self._consumed = True
        assert self._summary is not None, "the engine ends every result with a summary"
        return self._summary

    # ------------------------------------------------------------------------------------------------ exports

    def to_df(self, expand: bool = False) -> pandas.DataFrame:
        """All rows that are left as a pandas frame; needs ``pip install samyama[pandas]``.

        Args:
            expand: Nodes, relationships, lists and maps become columns: ``n().labels``, ``n().prop.x``, ``r->.type``.
        """
        from samyama.export.frames import to_pandas

        return to_pandas(self.keys(), self.fetch_all(), expand=expand)

    def to_arrow(self) -> pyarrow.Table:
        """All rows that are left as an Arrow table; needs ``pip install samyama[arrow]``.

        Raises: TypeError: a column holds nodes, relationships or paths, or values of different types.
        """
        from samyama.export.arrow import to_arrow

        return to_arrow(self.keys(), self.fetch_all())

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """For libraries that read Arrow: ``polars.DataFrame(db.execute(...))``."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def to_networkx(self) -> networkx.MultiDiGraph[str]:
        """The nodes and relationships in all rows that are left as a graph; needs ``pip install samyama[networkx]``.

        Keys are element ids; attributes are the properties, with ``labels`` on nodes and ``type`` on edges.
        """
        from samyama.export.networks import to_networkx

        return to_networkx(self.fetch_all())

    def _repr_html_(self) -> str:
        """What a notebook shows: the next rows, which stay unread."""
        from samyama.export.html import ROWS_SHOWN_MAX, render_table

        self._has_row()
        ahead = self._rows[self._next :]
        more = len(ahead) > ROWS_SHOWN_MAX or self._summary is None
        return render_table(self.keys(), [list(row) for row in ahead[:ROWS_SHOWN_MAX]], more=more)

    # ------------------------------------------------------------------------------------------------ fetching

    def _has_row(self) -> bool:
        """Whether a row is there, fetched if need be."""
        if self._consumed:
            raise ResultError(f"the result has been consumed: {self._query}")
        while self._next >= len(self._rows):
            if self._summary is not None:
                return False
            self._require_open()
            self._fetch(self._fetch_rows)
        return True

    def _take(self) -> Record:
        row = self._rows[self._next]
        self._next += 1
        return Record(self._keys, row)

    def _take_buffered(self) -> Record | None:
        """The next row if it has been fetched."""
        return self._take() if not self._consumed and self._next < len(self._rows) else None

    def _require_open(self) -> None:
        if self._closed is not None:
            raise ResultError(f"{self._closed}: {self._query}")

    def _fetch(self, n: int | None, discard: bool = False) -> None:
        try:
            rows, summary = self._conversation.pull(self._qid, n, discard)
        except BaseException:
            self._closed = "the result ended with an error"
            raise
        self._rows = self._rows[self._next :] + rows if self._rows else rows
        self._next = 0
        if summary is not None:
            self._summary = Summary(self._query, summary)

    @property
    def _is_streaming(self) -> bool:
        """Whether the engine holds rows for it."""
        return self._summary is None and self._closed is None

    def _buffer_all(self) -> None:
        """Fetch what is left, so that the session is free for another statement."""
        if self._is_streaming:
            self._fetch(None)

    def _discard(self, why: str) -> None:
        """Have the rows that are not fetched yet dropped."""
        self._conversation.pull(self._qid, None, True)
        self._closed = why

    def _end(self, why: str) -> None:
        """What is not fetched by now never will be."""
        if self._is_streaming:
            self._closed = why
