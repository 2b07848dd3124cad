"""Arithmetic (openCypher 9, section 3.4 "Mathematical operators"; CIP2016-06-14; TCK expressions/mathematical).

Integers have 64 bits and never wrap: what does not fit is an error. Floats are IEEE 754 doubles.
"""

from __future__ import annotations

import math
from typing import Any, NoReturn

from tests.reference.errors import fail
from tests.reference.kinds import is_number, kind
from tests.reference.temporal import arithmetic
from tests.reference.temporal.fractional import divide as divide_duration
from tests.reference.temporal.fractional import exact
from tests.reference.temporal.fractional import multiply as multiply_duration
from tests.reference.temporal.values import (
    Date,
    DateTime,
    Duration,
    LocalDateTime,
    LocalTime,
    Time,
)
from tests.reference.texts import format_float

__all__ = ["OPERATORS", "checked", "negate"]

_INSTANTS = (Date, LocalTime, Time, LocalDateTime, DateTime)


def checked(number: int) -> int:
    if not -(2**63) <= number < 2**63:
        fail("ArithmeticError", "IntegerOverflow", f"{number} does not fit into 64 bits")
    return number


def _mismatch(operator: str, a: Any, b: Any) -> NoReturn:
    fail("TypeError", "InvalidArgumentType", f"{kind(a)} {operator} {kind(b)}")


def negate(value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, Duration):
        return arithmetic.negate(value)
    if not is_number(value):
        fail("TypeError", "InvalidArgumentType", f"- {kind(value)}")
    return checked(-value) if type(value) is int else -value


def _text(value: Any) -> str | None:
    """As a part of a text: texts and numbers are."""
    if isinstance(value, str):
        return value
    if is_number(value):
        return str(value) if type(value) is int else format_float(value)
    return None


def add(a: Any, b: Any) -> Any:
    if isinstance(a, list) and isinstance(b, list):
        return a + b
    if a is None or b is None:
        return None
    if isinstance(a, list):
        return [*a, b]
    if isinstance(b, list):
        return [a, *b]
    if is_number(a) and is_number(b):
        return checked(a + b) if type(a) is type(b) is int else float(a) + float(b)
    if isinstance(a, str) or isinstance(b, str):
        left, right = _text(a), _text(b)
        if left is not None and right is not None:
            return left + right
    if isinstance(a, Duration) and isinstance(b, Duration):
        return arithmetic.add_durations(a, b)
    if isinstance(a, _INSTANTS) and isinstance(b, Duration):
        return arithmetic.add(a, b)
    if isinstance(a, Duration) and isinstance(b, _INSTANTS):
        return arithmetic.add(b, a)
    _mismatch("+", a, b)


def subtract(a: Any, b: Any) -> Any:
    if a is None or b is None:
        return None
    if is_number(a) and is_number(b):
        return checked(a - b) if type(a) is type(b) is int else float(a) - float(b)
    if isinstance(b, Duration):
        if isinstance(a, Duration):
            return arithmetic.add_durations(a, arithmetic.negate(b))
        if isinstance(a, _INSTANTS):
            return arithmetic.add(a, arithmetic.negate(b))
    _mismatch("-", a, b)


def multiply(a: Any, b: Any) -> Any:
    if a is None or b is None:
        return None
    if is_number(a) and is_number(b):
        return checked(a * b) if type(a) is type(b) is int else float(a) * float(b)
    if isinstance(a, Duration) and is_number(b):
        return multiply_duration(a, exact(b))
    if is_number(a) and isinstance(b, Duration):
        return multiply_duration(b, exact(a))
    _mismatch("*", a, b)


def divide(a: Any, b: Any) -> Any:
    """Of integers: toward zero, and not by zero."""
    if a is None or b is None:
        return None
    if type(a) is type(b) is int:
        if b == 0:
            fail("ArithmeticError", "DivisionByZero", "/ by zero")
        quotient = abs(a) // abs(b)
        return checked(quotient if (a < 0) == (b < 0) else -quotient)
    if is_number(a) and is_number(b):
        return _divide_floats(float(a), float(b))
    if isinstance(a, Duration) and is_number(b):
        if b == 0:
            fail("ArithmeticError", "DivisionByZero", "/ by zero")
        return divide_duration(a, exact(b))
    _mismatch("/", a, b)


def _divide_floats(a: float, b: float) -> float:
    if b != 0:
        return a / b
    if a == 0 or math.isnan(a):
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1.0, b)


def modulo(a: Any, b: Any) -> Any:
    """With the sign of the dividend."""
    if a is None or b is None:
        return None
    if type(a) is type(b) is int:
        if b == 0:
            fail("ArithmeticError", "DivisionByZero", "% by zero")
        rest = abs(a) % abs(b)
        return -rest if a < 0 else rest
    if is_number(a) and is_number(b):
        a, b = float(a), float(b)
        if b == 0 or math.isinf(a) or math.isnan(a) or math.isnan(b):
            return math.nan
        return math.fmod(a, b)
    _mismatch("%", a, b)


def power(a: Any, b: Any) -> Any:
    """Always a float; NaN where the result is not real."""
    if a is None or b is None:
        return None
    if not (is_number(a) and is_number(b)):
        _mismatch("^", a, b)
    base, exponent = float(a), float(b)
    is_odd = math.isfinite(exponent) and math.fmod(exponent, 2.0) in (1.0, -1.0)
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return -math.inf if base < 0 and is_odd else math.inf
    except ValueError:
        if base == 0:
            return math.copysign(math.inf, base) if is_odd else math.inf
        return math.nan


OPERATORS = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "%": modulo,
    "^": power,
}
