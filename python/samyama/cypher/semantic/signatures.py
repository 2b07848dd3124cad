"""Functions by name: how many arguments they take. Held to the executor's own table by a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samyama.cypher import ast
from samyama.cypher.errors import did_you_mean

if TYPE_CHECKING:
    from samyama.cypher.planner.scope import Context

__all__ = ["FUNCTIONS", "check"]

ANY = 1 << 30

#: Lower-case name to (least, most) arguments.
FUNCTIONS: dict[str, tuple[int, int]] = {
    **dict.fromkeys(
        [
            "abs",
            "acos",
            "asin",
            "atan",
            "ceil",
            "char_length",
            "character_length",
            "cos",
            "cosh",
            "cot",
            "coth",
            "degrees",
            "elementid",
            "endnode",
            "exists",
            "exp",
            "floor",
            "haversin",
            "head",
            "id",
            "isempty",
            "isnan",
            "keys",
            "labels",
            "last",
            "length",
            "log",
            "log10",
            "lower",
            "nodes",
            "properties",
            "radians",
            "relationships",
            "reverse",
            "sign",
            "sin",
            "sinh",
            "size",
            "sqrt",
            "startnode",
            "tail",
            "tan",
            "tanh",
            "toboolean",
            "tobooleanlist",
            "tobooleanornull",
            "tofloat",
            "tofloatlist",
            "tofloatornull",
            "tointeger",
            "tointegerlist",
            "tointegerornull",
            "tolower",
            "tostring",
            "tostringlist",
            "tostringornull",
            "toupper",
            "type",
            "upper",
            "valuetype",
            "datetime.fromepochmillis",
            "duration",
            "point",
        ],
        (1, 1),
    ),
    **dict.fromkeys(
        [
            "atan2",
            "left",
            "right",
            "split",
            "nullif",
            "duration.between",
            "duration.inmonths",
            "duration.indays",
            "duration.inseconds",
            "point.distance",
            "vector.similarity.cosine",
            "vector.similarity.euclidean",
            "datetime.fromepoch",
        ],
        (2, 2),
    ),
    **dict.fromkeys(["file", "linenumber", "e", "pi", "rand", "randomuuid", "timestamp"], (0, 0)),
    **dict.fromkeys(["trim", "ltrim", "rtrim", "btrim"], (1, 2)),
    **dict.fromkeys(["range", "substring"], (2, 3)),
    **dict.fromkeys(["replace", "point.withinbbox"], (3, 3)),
    "round": (1, 3),
    "coalesce": (1, ANY),
    **{
        f"{kind}{suffix}": counts
        for kind in ("date", "time", "localtime", "datetime", "localdatetime")
        for suffix, counts in {
            "": (0, 1),
            ".truncate": (1, 3),
            ".transaction": (0, 1),
            ".statement": (0, 1),
            ".realtime": (0, 1),
        }.items()
    },
}


def check(context: Context, call: ast.Call) -> None:
    """Is there such a function, and does it take so many arguments?"""
    name = call.name.lower()
    counts = FUNCTIONS.get(name)
    if counts is None:
        hint = did_you_mean(call.name, FUNCTIONS)
        context.fail(call, f"Unknown function '{call.name}'.{hint}", "UnknownFunction")
    least, most = counts
    if not least <= len(call.arguments) <= most:
        wanted = (
            str(least)
            if least == most
            else f"{least} to {most}"
            if most < ANY
            else f"at least {least}"
        )
        context.fail(
            call,
            f"{call.name}() takes {wanted} arguments and got {len(call.arguments)}",
            "InvalidNumberOfArguments",
        )
