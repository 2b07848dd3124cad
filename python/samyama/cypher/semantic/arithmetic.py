"""Types of ``+ - * / % ^``: what operands they take, and what comes out. The values themselves are the executor's."""

from __future__ import annotations

from samyama.cypher.semantic.types import (
    ANY,
    FLOAT,
    LIST,
    NUMBER,
    STRING,
    Type,
    fits,
    of,
)

__all__ = ["operands", "result"]

_TEMPORAL = of("DATE", "LOCAL_TIME", "ZONED_TIME", "LOCAL_DATETIME", "ZONED_DATETIME")
_DURATION = of("DURATION")
_SCALED = of("INTEGER", "FLOAT", "DURATION")
_ADDED = of("INTEGER", "FLOAT", "STRING", "BOOLEAN", "LIST", "DURATION", *sorted(_TEMPORAL.names))

#: What stands left and right.
_OPERANDS: dict[str, tuple[Type, Type]] = {
    "-": (of("INTEGER", "FLOAT", "DURATION", *sorted(_TEMPORAL.names)), _SCALED),
    "*": (_SCALED, _SCALED),
    "/": (_SCALED, NUMBER),
    "%": (NUMBER, NUMBER),
    "^": (NUMBER, NUMBER),
}


def operands(operator: str, left: Type, right: Type) -> tuple[Type, Type]:
    """What the operator takes on both sides, given what stands on the other."""
    if operator != "+":
        return _OPERANDS[operator]
    if fits(left, LIST) or fits(right, LIST):
        return ANY, ANY
    if left.names <= NUMBER.names or right.names <= NUMBER.names:
        with_number = of("INTEGER", "FLOAT", "STRING")
        return with_number, with_number
    return _ADDED, _ADDED


def result(operator: str, left: Type, right: Type) -> Type:
    if operator == "^":
        return FLOAT
    numbers = left.names <= NUMBER.names and right.names <= NUMBER.names
    if numbers and left.names == right.names:
        return left
    if numbers:
        return FLOAT if FLOAT.names in (left.names, right.names) else NUMBER
    if operator != "+":
        return ANY
    if left.names == LIST.names or right.names == LIST.names:
        return LIST
    if left.names == STRING.names or right.names == STRING.names:
        return STRING if not (fits(left, LIST) or fits(right, LIST)) else ANY
    if left.names <= _TEMPORAL.names and right.names == _DURATION.names:
        return left
    return ANY
