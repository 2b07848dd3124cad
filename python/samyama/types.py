"""Values that Python has no type of its own for: nodes, relationships, paths, durations, points, exact times.

Dates and times come as ``datetime`` objects where those hold them exactly, else as :class:`Temporal` (nanoseconds,
years beyond 9999, zones that this machine does not know): nothing is rounded silently.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

__all__ = ["Duration", "Node", "Path", "Point", "Relationship", "Temporal"]

_EPOCH_DAY = dt.date(1970, 1, 1).toordinal()
_DAY_S = 86_400
_SECOND_NS = 1_000_000_000


class _Entity(Mapping[str, Any]):
    """Properties by name; equal if it is the same entity."""

    __slots__ = ("_properties", "element_id", "id")

    def __init__(self, id: int, element_id: str, properties: Mapping[str, Any]) -> None:
        self.id = id
        self.element_id = element_id
        self._properties = MappingProxyType(dict(properties))

    def __getitem__(self, key: str) -> Any:
        return self._properties[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._properties)

    def __len__(self) -> int:
        return len(self._properties)

    def __eq__(self, other: object) -> bool:
        return (
            type(other) is type(self)
            and isinstance(other, _Entity)
            and other.element_id == self.element_id
        )

    def __hash__(self) -> int:
        return hash((type(self).__name__, self.element_id))


class Node(_Entity):
    """A node as it was when the result was made."""

    __slots__ = ("labels",)

    def __init__(
        self, id: int, element_id: str, labels: list[str], properties: Mapping[str, Any]
    ) -> None:
        super().__init__(id, element_id, properties)
        self.labels = frozenset(labels)

    def __repr__(self) -> str:
        labels = "".join(f":{label}" for label in sorted(self.labels))
        return f"<Node {self.id} {labels} {dict(self)}>"


class Relationship(_Entity):
    """A relationship as it was when the result was made. Its ends know their ids; None if it was deleted meanwhile."""

    __slots__ = ("end_node", "start_node", "type")

    def __init__(
        self,
        id: int,
        element_id: str,
        type: str,
        properties: Mapping[str, Any],
        start_node: Node | None,
        end_node: Node | None,
    ) -> None:
        super().__init__(id, element_id, properties)
        self.type = type
        self.start_node = start_node
        self.end_node = end_node

    def __repr__(self) -> str:
        return f"<Relationship {self.id} :{self.type} {dict(self)}>"


@dataclass(frozen=True, slots=True)
class Path:
    """A walk: one node more than relationships, in order."""

    nodes: list[Node]
    relationships: list[Relationship]

    @property
    def start_node(self) -> Node:
        return self.nodes[0]

    @property
    def end_node(self) -> Node:
        return self.nodes[-1]

    def __len__(self) -> int:
        return len(self.relationships)


@dataclass(frozen=True, slots=True)
class Duration:
    """Months, days, seconds and nanoseconds, not carried into each other."""

    months: int = 0
    days: int = 0
    seconds: int = 0
    nanoseconds: int = 0


@dataclass(frozen=True, slots=True)
class Point:
    """SRIDs: 7203 and 9157 cartesian, 4326 and 4979 WGS 84; the second of each has ``z``."""

    srid: int
    x: float
    y: float
    z: float | None = None


@dataclass(frozen=True, slots=True)
class Temporal:
    """A date or time that ``datetime`` cannot hold exactly.

    ``days`` since 1970-01-01 for a date; ``seconds`` since the epoch (since midnight for times; UTC where there is a
    zone) and ``nanoseconds`` on top.
    """

    kind: Literal["date", "local_time", "time", "local_datetime", "datetime"]
    days: int = 0
    seconds: int = 0
    nanoseconds: int = 0
    offset_seconds: int | None = field(default=None)
    zone: str | None = None


def _clock(nanoseconds: int, tz: dt.tzinfo | None = None) -> dt.time | None:
    seconds, rest = divmod(nanoseconds, _SECOND_NS)
    if rest % 1000 or seconds >= _DAY_S:
        return None
    return dt.time(seconds // 3600, seconds // 60 % 60, seconds % 60, rest // 1000, tzinfo=tz)


def _moment(seconds: int, nanoseconds: int) -> dt.datetime | None:
    days, rest = divmod(seconds, _DAY_S)
    clock = _clock(rest * _SECOND_NS + nanoseconds)
    if clock is None or not 1 <= days + _EPOCH_DAY <= dt.date.max.toordinal():
        return None
    return dt.datetime.combine(dt.date.fromordinal(days + _EPOCH_DAY), clock)


def _offset(seconds: int) -> dt.timezone:
    return dt.timezone(dt.timedelta(seconds=seconds))


def make_date(days: int) -> dt.date | Temporal:
    if 1 <= days + _EPOCH_DAY <= dt.date.max.toordinal():
        return dt.date.fromordinal(days + _EPOCH_DAY)
    return Temporal("date", days=days)


def make_local_time(nanoseconds: int) -> dt.time | Temporal:
    seconds, rest = divmod(nanoseconds, _SECOND_NS)
    return _clock(nanoseconds) or Temporal("local_time", seconds=seconds, nanoseconds=rest)


def make_time(nanoseconds: int, offset_seconds: int) -> dt.time | Temporal:
    seconds, rest = divmod(nanoseconds, _SECOND_NS)
    exact = Temporal("time", seconds=seconds, nanoseconds=rest, offset_seconds=offset_seconds)
    return _clock(nanoseconds, _offset(offset_seconds)) or exact


def make_local_datetime(seconds: int, nanoseconds: int) -> dt.datetime | Temporal:
    return _moment(seconds, nanoseconds) or Temporal(
        "local_datetime", seconds=seconds, nanoseconds=nanoseconds
    )


def make_datetime(
    seconds: int, nanoseconds: int, offset_seconds: int, zone: str | None
) -> dt.datetime | Temporal:
    exact = Temporal("datetime", 0, seconds, nanoseconds, offset_seconds, zone)
    local = _moment(seconds + offset_seconds, nanoseconds)
    if local is None:
        return exact
    if zone is None:
        return local.replace(tzinfo=_offset(offset_seconds))
    try:
        tz = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        return exact
    for fold in (0, 1):
        found = local.replace(tzinfo=tz, fold=fold)
        if found.utcoffset() == dt.timedelta(seconds=offset_seconds):
            return found
    return exact


def _nanoseconds(clock: dt.time) -> int:
    seconds = clock.hour * 3600 + clock.minute * 60 + clock.second
    return seconds * _SECOND_NS + clock.microsecond * 1000


def _seconds_of(delta: dt.timedelta | None) -> int:
    return 0 if delta is None else delta.days * _DAY_S + delta.seconds


def to_parts(value: object) -> tuple[str, tuple[Any, ...]]:
    """A parameter in pieces that the engine takes: a tag and numbers.

    Raises: TypeError: it cannot be a parameter.
    """
    match value:
        case Duration():
            return "duration", (value.months, value.days, value.seconds, value.nanoseconds)
        case dt.timedelta():
            return "duration", (0, value.days, value.seconds, value.microseconds * 1000)
        case Point():
            return "point", (
                value.srid,
                float(value.x),
                float(value.y),
                None if value.z is None else float(value.z),
            )
        case Temporal():
            return _temporal_parts(value)
        case dt.datetime():
            days = value.toordinal() - _EPOCH_DAY
            seconds, rest = divmod(_nanoseconds(value.time()), _SECOND_NS)
            local = days * _DAY_S + seconds
            if value.tzinfo is None:
                return "local_datetime", (local, rest)
            offset = _seconds_of(value.utcoffset())
            zone = value.tzinfo.key if isinstance(value.tzinfo, ZoneInfo) else None
            return "datetime", (local - offset, rest, offset, zone)
        case dt.date():
            return "date", (value.toordinal() - _EPOCH_DAY,)
        case dt.time() if value.tzinfo is None:
            return "local_time", (_nanoseconds(value),)
        case dt.time():
            return "time", (_nanoseconds(value), _seconds_of(value.utcoffset()))
        case _:
            hint = (
                "; pass its properties or element_id" if isinstance(value, _Entity | Path) else ""
            )
            raise TypeError(f"a {type(value).__name__} cannot be a parameter{hint}")


def _temporal_parts(value: Temporal) -> tuple[str, tuple[Any, ...]]:
    of_day = value.seconds * _SECOND_NS + value.nanoseconds
    match value.kind:
        case "date":
            return "date", (value.days,)
        case "local_time":
            return "local_time", (of_day,)
        case "time":
            return "time", (of_day, value.offset_seconds or 0)
        case "local_datetime":
            return "local_datetime", (value.seconds, value.nanoseconds)
        case "datetime":
            return "datetime", (
                value.seconds,
                value.nanoseconds,
                value.offset_seconds or 0,
                value.zone,
            )
