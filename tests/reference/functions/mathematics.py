"""Functions of numbers (Neo4j Cypher manual, "Mathematical functions"; TCK expressions/mathematical)."""

from __future__ import annotations

import decimal
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from tests.reference.arithmetic import checked
from tests.reference.errors import fail
from tests.reference.kinds import is_number, kind

__all__ = ["FUNCTIONS"]

_MODES = {
    "UP": decimal.ROUND_UP,
    "DOWN": decimal.ROUND_DOWN,
    "CEILING": decimal.ROUND_CEILING,
    "FLOOR": decimal.ROUND_FLOOR,
    "HALF_UP": decimal.ROUND_HALF_UP,
    "HALF_DOWN": decimal.ROUND_HALF_DOWN,
    "HALF_EVEN": decimal.ROUND_HALF_EVEN,
}


def number(name: str, value: Any) -> int | float:
    if not is_number(value):
        fail("TypeError", "InvalidArgumentValue", f"{name}({kind(value)})")
    found: int | float = value
    return found


def _of_float(name: str, function: Callable[[float], float]) -> Callable[[Any], float]:
    """NaN outside the domain, infinity where it overflows."""

    def apply(value: Any) -> float:
        argument = float(number(name, value))
        try:
            return function(argument)
        except ValueError:
            return math.nan
        except OverflowError:
            return -math.inf if name == "sinh" and argument < 0 else math.inf

    return apply


def absolute(value: Any) -> int | float:
    found = number("abs", value)
    return checked(abs(found)) if isinstance(found, int) else abs(found)


def _whole(rounding: Callable[[float], int]) -> Callable[[float], float]:
    def apply(value: float) -> float:
        if not math.isfinite(value):
            return value
        return math.copysign(float(rounding(value)), value)

    return apply


def sign(value: Any) -> int:
    found = number("sign", value)
    return (found > 0) - (found < 0)


def round_number(value: Any, precision: Any = ..., mode: Any = ...) -> float:
    """Alone: ties go up. With a precision: by the mode, ties away from zero if there is none."""
    found = float(number("round", value))
    if not math.isfinite(found):
        return found
    digits = 0 if precision is ... else int(number("round", precision))
    if mode is ... and digits == 0:
        return math.copysign(float(math.floor(Decimal(found) + Decimal("0.5"))), found)
    rounding = _MODES.get("HALF_UP" if mode is ... else str(mode).upper())
    if rounding is None or digits < 0:
        fail("ArgumentError", "InvalidArgumentValue", f"round(_, {digits}, {mode})")
    with decimal.localcontext() as context:
        context.prec = 2000
        return float(Decimal(repr(found)).quantize(Decimal(1).scaleb(-digits), rounding=rounding))


def _log(value: float) -> float:
    return -math.inf if value == 0 else math.log(value)


def _log10(value: float) -> float:
    return -math.inf if value == 0 else math.log10(value)


def _cot(value: float) -> float:
    return math.inf if value == 0 else 1 / math.tan(value)


def _coth(value: float) -> float:
    return math.nan if value == 0 else 1 / math.tanh(value)


def _haversin(value: float) -> float:
    return (1 - math.cos(value)) / 2


def atan2(y: Any, x: Any) -> float:
    return math.atan2(number("atan2", y), number("atan2", x))


def is_nan(value: Any) -> bool:
    return math.isnan(number("isNaN", value))


_OF_ONE_FLOAT: dict[str, Callable[[float], float]] = {
    "acos": math.acos,
    "asin": math.asin,
    "atan": math.atan,
    "ceil": _whole(math.ceil),
    "cos": math.cos,
    "cosh": math.cosh,
    "cot": _cot,
    "coth": _coth,
    "degrees": math.degrees,
    "exp": math.exp,
    "floor": _whole(math.floor),
    "haversin": _haversin,
    "log": _log,
    "log10": _log10,
    "radians": math.radians,
    "sin": math.sin,
    "sinh": math.sinh,
    "sqrt": math.sqrt,
    "tan": math.tan,
    "tanh": math.tanh,
}

#: All of them give null for null.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: _of_float(name, function) for name, function in _OF_ONE_FLOAT.items()},
    "abs": absolute,
    "atan2": atan2,
    "isnan": is_nan,
    "round": round_number,
    "sign": sign,
    "e": lambda: math.e,
    "pi": lambda: math.pi,
}
