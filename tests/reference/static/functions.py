"""What is known of functions before they run: how many arguments they take, what they cannot take, what they give."""

from __future__ import annotations

import inspect

from tests.reference.errors import fail_static
from tests.reference.functions import lists, registry
from tests.reference.static.scope import ANY, Type, element_of, is_a, list_of
from tests.reference.tree import AGGREGATES

from samyama.cypher import ast

__all__ = ["result_of"]

_RESULTS = {
    **dict.fromkeys(("count", "size", "length", "id", "timestamp", "sign"), Type("integer")),
    **dict.fromkeys(("char_length", "character_length"), Type("integer")),
    **dict.fromkeys(("tointeger", "tointegerornull"), Type("integer")),
    **dict.fromkeys(("stdev", "stdevp", "percentilecont", "rand", "e", "pi"), Type("float")),
    **dict.fromkeys(("tofloat", "tofloatornull", "sqrt", "ceil", "floor", "round"), Type("float")),
    **dict.fromkeys(
        ("tostring", "tostringornull", "type", "elementid", "valuetype"), Type("string")
    ),
    **dict.fromkeys(("tolower", "toupper", "lower", "upper", "substring", "left"), Type("string")),
    **dict.fromkeys(("right", "replace", "trim", "ltrim", "rtrim", "btrim"), Type("string")),
    "normalize": Type("string"),
    "is normalized": Type("boolean"),
    **dict.fromkeys(
        ("toboolean", "tobooleanornull", "exists", "isempty", "isnan"), Type("boolean")
    ),
    **dict.fromkeys(("labels", "keys", "split", "tostringlist"), list_of(Type("string"))),
    **dict.fromkeys(("range", "tointegerlist"), list_of(Type("integer"))),
    "tofloatlist": list_of(Type("float")),
    "tobooleanlist": list_of(Type("boolean")),
    "nodes": list_of(Type("node")),
    "relationships": list_of(Type("relationship")),
    "startnode": Type("node"),
    "endnode": Type("node"),
    "properties": Type("map"),
    "map from pairs": Type("map"),
    "is ::": Type("boolean"),
    "point": Type("point"),
    "duration": Type("duration"),
    **{name: Type(name) for name in ("date", "time", "localtime", "datetime", "localdatetime")},
}
#: What an argument may be, where some types are certainly wrong. Conversions say so only when they run.
_TAKES = {
    "properties": ("node", "relationship", "map"),
    "length": ("path",),
    "size": ("list", "string"),
    "labels": ("node",),
    "type": ("relationship",),
    "nodes": ("path",),
    "relationships": ("path",),
}
_TEMPORAL_ARGUMENTS = {
    "truncate": (2, 3),
    "transaction": (0, 1),
    "statement": (0, 1),
    "realtime": (0, 1),
}


def _counts(name: str) -> tuple[int, float]:
    """Least and most arguments."""
    if name.startswith("percentile"):
        return 2, 2
    if name in AGGREGATES:
        return 1, 1
    base, _, suffix = name.partition(".")
    if suffix in _TEMPORAL_ARGUMENTS:
        return _TEMPORAL_ARGUMENTS[suffix]
    if name.startswith("duration."):
        return 2, 2
    if base == "datetime" and suffix:
        return (1, 1) if suffix == "fromepochmillis" else (2, 2)
    if name in ("date", "time", "localtime", "datetime", "localdatetime"):
        return 0, 1
    if name in ("duration", "timestamp", "rand", "randomuuid"):
        return (1, 1) if name == "duration" else (0, 0)
    if name in ("is ::", "is normalized", "map from pairs"):
        return 1, 2
    function = {**registry.STRICT, **lists.NULLS_WELCOME}[name]
    if function in (float, len):
        return 1, 1
    parameters = inspect.signature(function).parameters.values()
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return 1, float("inf")
    return sum(p.default is p.empty for p in parameters), len(parameters)


def result_of(call: ast.Call, arguments: list[Type]) -> Type:
    """The type of a call.

    Raises: CypherFailure: no such function, or arguments that it cannot take.
    """
    name = call.name.lower()
    if name not in AGGREGATES and not registry.known(name):
        fail_static("UnknownFunction", call.name)
    least, most = _counts(name)
    if not call.star and not least <= len(arguments) <= most:
        fail_static("InvalidNumberOfArguments", call.name)
    if name in _TAKES and not is_a(arguments[0], *_TAKES[name]):
        fail_static("InvalidArgumentType", f"{call.name}({arguments[0].name})")
    if name == "collect":
        return list_of(arguments[0])
    if name in ("min", "max"):
        return arguments[0]
    if name in ("head", "last"):
        return element_of(arguments[0])
    if name in ("tail", "reverse"):
        return arguments[0] if arguments[0].name == "list" else ANY
    if name in ("sum", "avg", "abs"):
        return ANY
    return _RESULTS.get(name, ANY)
