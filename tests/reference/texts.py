"""Values as texts, as toString() and concatenation give them (openCypher 9, "toString"; TCK TypeConversion4)."""

from __future__ import annotations

import math
from decimal import Decimal

__all__ = ["format_float"]


def format_float(number: float) -> str:
    """The shortest digits that read back; an exponent from 10^7 on and below 10^-3, as Java writes doubles."""
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    if number == 0:
        return "-0.0" if math.copysign(1, number) < 0 else "0.0"
    if 1e-3 <= abs(number) < 1e7:
        return repr(number)
    # The shortest digits are those of repr, whatever form it chose.
    sign, digits, exponent = Decimal(repr(number)).as_tuple()
    text = "".join(map(str, digits)).rstrip("0")
    exponent = len(digits) + int(exponent) - 1
    return f"{'-' if sign else ''}{text[0]}.{text[1:] or '0'}E{exponent}"
