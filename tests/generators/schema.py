"""What generated graphs and queries are made of: labels, types, property keys and the kinds of their values.

Queries are generated from this alone, never from the graph that was generated, so that they also ask for what is not
there. A key has one kind of value, but for ``m``, which has all.
"""

from __future__ import annotations

__all__ = ["KEYS", "KEY_KINDS", "LABELS", "TYPES", "VALUES", "literal_of"]

LABELS = ("A", "B", "C")
TYPES = ("R", "S", "T")

#: Property key to kind.
KEY_KINDS = {
    "i": "integer",
    "s": "string",
    "b": "boolean",
    "f": "float",
    "l": "list of integer",
    "d": "date",
    "w": "localdatetime",
    "z": "datetime",
    "u": "duration",
    "m": "any",
}
KEYS = tuple(KEY_KINDS)

#: Kind to literals, the simplest first. They are few, so that generated values meet.
VALUES: dict[str, tuple[str, ...]] = {
    "integer": ("1", "0", "2", "3", "-1", "7"),
    "string": ("'a'", "''", "'b'", "'ab'", "'B'", "'10'", "'é😀'", "'1.5'"),
    "boolean": ("true", "false"),
    "float": ("1.0", "0.0", "0.5", "-1.5", "2.25", "1e300", "(0.0 / 0.0)", "-0.0", "3.0"),
    "list of integer": ("[]", "[1]", "[1, 2]", "[2, 1]", "[3]"),
    "list of string": ("[]", "['a']", "['a', 'b']", "['b', 'ab', 'a']"),
    "date": ("date('2020-01-01')", "date('2019-12-31')", "date('2020-02-29')"),
    "localdatetime": (
        "localdatetime('2020-01-01T00:00')",
        "localdatetime('2019-12-31T23:59:59.999999999')",
    ),
    "datetime": (
        "datetime('2020-01-01T00:00Z')",
        "datetime('2020-01-01T02:30+01:30')",
        "datetime('2020-07-01T12:00[Europe/Stockholm]')",
    ),
    "localtime": ("localtime('10:00')", "localtime('23:59:59.999999999')", "localtime('00:00')"),
    "time": ("time('10:00Z')", "time('09:30+01:30')", "time('23:00-05:00')"),
    "duration": (
        "duration('P1D')",
        "duration('PT24H')",
        "duration('P1M')",
        "duration('P1Y2M-3DT4.5S')",
    ),
    "map": ("{}", "{a: 1}", "{a: 1, b: 'x'}", "{a: null}", "{b: [1, 2]}"),
    "point": ("point({x: 1, y: 2})", "point({x: 1.0, y: 2})", "point({longitude: 1, latitude: 2})"),
}
_MIXED = ("integer", "string", "boolean", "float", "list of string", "date", "duration", "point")
VALUES["any"] = tuple(
    literal
    for kind in _MIXED
    for literal in VALUES[kind][:3]
    # No number twice, as integer and as float: which of the two DISTINCT keeps is open.
    if literal not in ("1.0", "0.0")
)


def literal_of(kind: str, place: int) -> str:
    options = VALUES[kind]
    return options[place % len(options)]
