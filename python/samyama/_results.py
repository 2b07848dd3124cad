"""Results of the embedded API: records, fetched in batches, and the summary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from samyama import _core

__all__ = ["Record", "Result", "Summary"]

FETCH_ROWS = 1_000


class Record:
    """One row: by position, by name, or unpacked like a tuple."""

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

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Record):
            return self._values == other._values and list(self._keys) == list(other._keys)
        return self._values == other if isinstance(other, tuple) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return (
            f"<Record {', '.join(f'{key}={self._values[i]!r}' for key, i in self._keys.items())}>"
        )

    def keys(self) -> list[str]:
        return list(self._keys)

    def values(self) -> tuple[Any, ...]:
        return self._values

    def get(self, key: str, default: Any = None) -> Any:
        return self._values[self._keys[key]] if key in self._keys else default

    def data(self) -> dict[str, Any]:
        """Name to value."""
        return {key: self._values[i] for key, i in self._keys.items()}


@dataclass(frozen=True, slots=True)
class Summary:
    """What a statement did. ``counters`` are named as in Bolt: ``nodes-created``, ``properties-set``, ..."""

    query_type: str
    counters: Mapping[str, int] = field(default_factory=dict)
    bookmark: str | None = None
    notifications: list[dict[str, Any]] = field(default_factory=list)
    plan: dict[str, Any] | None = None
    profile: dict[str, Any] | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def _from(cls, raw: dict[str, Any]) -> Summary:
        counters = {
            key: value
            for key, value in raw.get("stats", {}).items()
            if not key.startswith("contains-")
        }
        return cls(
            query_type=raw.get("type", ""),
            counters=counters,
            bookmark=raw.get("bookmark"),
            notifications=raw.get("notifications", []),
            plan=raw.get("plan"),
            profile=raw.get("profile"),
            metadata=raw,
        )


class Result:
    """Rows of one statement, fetched as they are asked for. Iterate once, or take them all with :meth:`fetch_all`."""

    def __init__(self, session: _core.Session, keys: list[str], qid: int) -> None:
        self._session = session
        self._keys = {key: i for i, key in enumerate(keys)}
        self._qid = qid
        self._rows: list[tuple[Any, ...]] = []
        self._next = 0
        self._summary: Summary | None = None

    def keys(self) -> list[str]:
        return list(self._keys)

    def _fetch(self, n: int | None = FETCH_ROWS, discard: bool = False) -> None:
        rows, summary = self._session.pull(self._qid, n, discard)
        self._rows = self._rows[self._next :] + rows
        self._next = 0
        if summary is not None:
            self._summary = Summary._from(summary)

    def __iter__(self) -> Iterator[Record]:
        while True:
            while self._next < len(self._rows):
                row = self._rows[self._next]
                self._next += 1
                yield Record(self._keys, row)
            if self._summary is not None:
                return
            self._fetch()

    def fetch_all(self) -> list[Record]:
        """All rows that are left."""
        if self._summary is None:
            self._fetch(None)
        return list(self)

    def single(self) -> Record:
        """The only row.

        Raises: ValueError: there is none, or more than one.
        """
        rows = self.fetch_all()
        if len(rows) != 1:
            raise ValueError(f"one row was expected, there are {len(rows)}")
        return rows[0]

    def value(self) -> Any:
        """The only value of the only row."""
        return self.single()[0]

    def data(self) -> list[dict[str, Any]]:
        return [record.data() for record in self.fetch_all()]

    def consume(self) -> Summary:
        """Drop the rows that are left; what the statement did."""
        if self._summary is None:
            self._fetch(None, discard=True)
        self._next = len(self._rows)
        assert self._summary is not None, "the engine ends every result with a summary"
        return self._summary
