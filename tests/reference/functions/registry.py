"""Functions by name."""

from __future__ import annotations

import uuid
from typing import Any

from tests.reference.context import Context
from tests.reference.errors import fail_static
from tests.reference.functions import conversion, lists, mathematics, strings
from tests.reference.functions.temporals import call_temporal, is_temporal
from tests.reference.points import construct_point, distance, within_box
from tests.reference.types import is_of_type

__all__ = ["STRICT", "call", "known"]

STRICT = {
    **strings.FUNCTIONS,
    **mathematics.FUNCTIONS,
    **conversion.FUNCTIONS,
    **lists.FUNCTIONS,
    "point": construct_point,
    "point.distance": distance,
    "point.withinbbox": within_box,
}
_OF_CONTEXT = {
    "rand": lambda context: context.random.random(),
    "randomuuid": lambda context: str(uuid.UUID(int=context.random.getrandbits(128), version=4)),
    "timestamp": lambda context: context.now_ns // 10**6,
}
#: What the parser makes of `IS ::` and of SET n[key] = value.
_INTERNAL = {
    "is ::": is_of_type,
    "map from pairs": dict,
}


def known(name: str) -> bool:
    return (
        name in STRICT
        or name in _OF_CONTEXT
        or name in _INTERNAL
        or name in lists.NULLS_WELCOME
        or is_temporal(name)
    )


def call(context: Context, name: str, arguments: list[Any]) -> Any:
    name = name.lower()
    if name in _INTERNAL:
        return _INTERNAL[name](*arguments)
    if name in lists.NULLS_WELCOME:
        return lists.NULLS_WELCOME[name](*arguments)
    if name in _OF_CONTEXT:
        return _OF_CONTEXT[name](context)
    if is_temporal(name):
        return call_temporal(context, name, arguments)
    if name not in STRICT:
        fail_static("UnknownFunction", name)
    if any(argument is None for argument in arguments):
        return None
    return STRICT[name](*arguments)
