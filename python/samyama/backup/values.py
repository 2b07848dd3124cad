"""Property values as JSON that loses nothing.

What JSON has is written as it is; integers and floats stay apart (``1`` and ``1.0``). What it has not is an object
with one key that begins with ``$``, and can be nothing else, because a property never is a map.
"""

from __future__ import annotations

import base64
import math
from typing import Any

from samyama import types

__all__ = ["decode", "encode"]

_MAKE: dict[str, Any] = {
    "date": types.make_date,
    "local_time": types.make_local_time,
    "time": types.make_time,
    "local_datetime": types.make_local_datetime,
    "datetime": types.make_datetime,
    "duration": types.Duration,
    "point": types.Point,
}


def encode(value: Any) -> Any:
    """Something that ``json`` writes.

    >>> encode([1, 1.5, "a", None, float("inf"), types.Duration(1, 2, 3, 4)])
    [1, 1.5, 'a', None, {'$float': 'inf'}, {'$duration': [1, 2, 3, 4]}]
    """
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else {"$float": repr(value)}
        case bytes():
            return {"$bytes": base64.b64encode(value).decode("ascii")}
        case list():
            return [encode(item) for item in value]
        case _:
            tag, parts = types.to_parts(value)
            return {f"${tag}": list(parts)}


def decode(value: Any) -> Any:
    """The value again.

    Raises: ValueError: it was not written by :func:`encode`.
    """
    match value:
        case list():
            return [decode(item) for item in value]
        case dict():
            if len(value) != 1:
                raise ValueError(f"{value} is no value of a property")
            ((tag, parts),) = value.items()
            return _special(tag.removeprefix("$"), parts)
        case _:
            return value


def _special(tag: str, parts: Any) -> Any:
    if tag == "float":
        return float(parts)
    if tag == "bytes":
        return base64.b64decode(parts, validate=True)
    if tag not in _MAKE:
        raise ValueError(f"`{tag}` is no type of a property")
    return _MAKE[tag](*parts)
