"""Evaluates the part of PromQL that the alerts and the dashboard use, on sample series.

Instant vectors with ``=``, ``!=``, ``=~`` matchers; ``increase``, ``rate`` and ``changes`` over a range; ``sum``,
``max``, ``min``, ``avg``, ``count`` with ``by``; ``histogram_quantile``; ``+ - * /`` and comparisons between vectors
with the same labels, or with a number. Differences from Prometheus: a range holds the samples from its first to its
last moment and is not extrapolated to its ends; there is no staleness but the look-back of five minutes.
"""

from __future__ import annotations

import math
import operator
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

__all__ = ["Series", "evaluate", "metric_names"]

LOOKBACK_S = 300.0
Labels = frozenset[tuple[str, str]]
Vector = dict[Labels, float]

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?![\w])
    | (?P<name>[A-Za-z_:][\w:]*)
    | (?P<string>"(?:[^"\\]|\\.)*")
    | (?P<duration>\[[^\]]+\])
    | (?P<symbol>=~|!~|!=|==|<=|>=|[-+*/(){},=<>])
    )""",
    re.VERBOSE,
)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_AGGREGATES: dict[str, Callable[[list[float]], float]] = {
    "sum": sum,
    "max": max,
    "min": min,
    "avg": lambda values: sum(values) / len(values),
    "count": lambda values: float(len(values)),
}
_COMPARE = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


def _divide(a: float, b: float) -> float:
    return a / b if b else (math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a))


_ARITHMETIC = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": _divide}


@dataclass(frozen=True)
class Series:
    """``name{labels}`` with samples ``(moment in seconds, value)``, oldest first."""

    name: str
    labels: Mapping[str, str]
    samples: Sequence[tuple[float, float]]


def evaluate(
    expression: str, series: Sequence[Series], at: float
) -> dict[str, Any] | float | Vector:
    """The value at a moment: a number, or values by their labels."""
    parser = _Parser(expression)
    tree = parser.comparison()
    assert parser.peek() is None, f"{expression}: `{parser.peek()}` is left over"
    return tree(series, at)


def metric_names(expression: str) -> set[str]:
    """The metrics that an expression asks for; it has to parse."""
    parser = _Parser(expression)
    parser.comparison()
    assert parser.peek() is None, f"{expression}: `{parser.peek()}` is left over"
    return parser.names


Node = Callable[[Sequence[Series], float], Any]


class _Parser:
    def __init__(self, text: str) -> None:
        self.names: set[str] = set()
        self._tokens: list[tuple[str, str]] = []
        at = 0
        while text[at:].strip():
            found = _TOKEN.match(text, at)
            assert found is not None, f"{text}: cannot read from `{text[at:]}`"
            assert found.lastgroup is not None
            self._tokens.append((found.lastgroup, found[found.lastgroup]))
            at = found.end()
        self._at = 0

    def peek(self) -> str | None:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else None

    def _kind(self) -> str | None:
        return self._tokens[self._at][0] if self._at < len(self._tokens) else None

    def _take(self, expected: str | None = None) -> str:
        token = self.peek()
        assert token is not None, f"`{expected or 'something'}` was expected at the end"
        assert expected in (None, token), f"`{expected}` was expected, not `{token}`"
        self._at += 1
        return token

    def comparison(self) -> Node:
        left = self._sum()
        while self.peek() in _COMPARE:
            sign, right = self._take(), self._sum()
            left = _binary(left, right, _COMPARE[sign], keeps_left=True)
        return left

    def _sum(self) -> Node:
        left = self._product()
        while self.peek() in ("+", "-"):
            sign, right = self._take(), self._product()
            left = _binary(left, right, _ARITHMETIC[sign], keeps_left=False)
        return left

    def _product(self) -> Node:
        left = self._atom()
        while self.peek() in ("*", "/"):
            sign, right = self._take(), self._atom()
            left = _binary(left, right, _ARITHMETIC[sign], keeps_left=False)
        return left

    def _atom(self) -> Node:
        if self._kind() == "number":
            number = float(self._take())
            return lambda *_: number
        if self.peek() == "(":
            self._take("(")
            inner = self.comparison()
            self._take(")")
            return inner
        name = self._take()
        if name in _AGGREGATES:
            return self._aggregate(_AGGREGATES[name])
        if self.peek() == "(":
            return self._call(name)
        return self._selector(name)

    def _aggregate(self, combine: Callable[[list[float]], float]) -> Node:
        by: list[str] = []
        if self.peek() == "by":
            self._take("by")
            self._take("(")
            while self.peek() != ")":
                by.append(self._take())
                if self.peek() == ",":
                    self._take(",")
            self._take(")")
        self._take("(")
        inner = self.comparison()
        self._take(")")

        def run(series: Sequence[Series], at: float) -> Vector:
            groups: defaultdict[Labels, list[float]] = defaultdict(list)
            for labels, value in inner(series, at).items():
                groups[frozenset(pair for pair in labels if pair[0] in by)].append(value)
            return {labels: combine(values) for labels, values in groups.items()}

        return run

    def _call(self, name: str) -> Node:
        self._take("(")
        if name == "histogram_quantile":
            quantile = float(self._take())
            self._take(",")
            inner = self.comparison()
            self._take(")")
            return lambda series, at: _histogram_quantile(quantile, inner(series, at))
        assert name in ("increase", "rate", "changes"), f"{name} is not used by our expressions"
        metric = self._take()
        matchers = self._matchers()
        window_s = _seconds(self._take()[1:-1])
        self._take(")")
        self.names.add(metric)

        def run(series: Sequence[Series], at: float) -> Vector:
            found: Vector = {}
            for one in _matching(series, metric, matchers):
                values = [value for when, value in one.samples if at - window_s <= when <= at]
                if len(values) >= 2:
                    found[_labels(one)] = _over(name, values, window_s)
            return found

        return run

    def _selector(self, metric: str) -> Node:
        matchers = self._matchers()
        self.names.add(metric)

        def run(series: Sequence[Series], at: float) -> Vector:
            found: Vector = {}
            for one in _matching(series, metric, matchers):
                recent = [v for when, v in one.samples if at - LOOKBACK_S <= when <= at]
                if recent:
                    found[_labels(one)] = recent[-1]
            return found

        return run

    def _matchers(self) -> list[tuple[str, str, str]]:
        found: list[tuple[str, str, str]] = []
        if self.peek() != "{":
            return found
        self._take("{")
        while self.peek() != "}":
            label, sign, value = self._take(), self._take(), self._take()
            found.append((label, sign, value[1:-1]))
            if self.peek() == ",":
                self._take(",")
        self._take("}")
        return found


def _seconds(text: str) -> float:
    if text.startswith("$"):
        return 60.0  # Grafana puts in what fits the picture.
    found = re.fullmatch(r"(\d+)(ms|s|m|h)", text)
    assert found is not None, f"`{text}` is no duration"
    return int(found[1]) * _SECONDS[found[2]]


def _labels(series: Series) -> Labels:
    return frozenset(series.labels.items())


def _matching(
    series: Sequence[Series], metric: str, matchers: Sequence[tuple[str, str, str]]
) -> list[Series]:
    tests: dict[str, Callable[[str, str], bool]] = {
        "=": operator.eq,
        "!=": operator.ne,
        "=~": lambda value, pattern: re.fullmatch(pattern, value) is not None,
        "!~": lambda value, pattern: re.fullmatch(pattern, value) is None,
    }
    return [
        one
        for one in series
        if one.name == metric
        and all(tests[sign](one.labels.get(label, ""), value) for label, sign, value in matchers)
    ]


def _over(function: str, values: Sequence[float], window_s: float) -> float:
    pairs = list(pairwise(values))
    if function == "changes":
        return float(sum(a != b for a, b in pairs))
    # A counter that falls began anew at 0.
    increase = sum(b - a if b >= a else b for a, b in pairs)
    return increase if function == "increase" else increase / window_s


def _binary(
    left: Node, right: Node, combine: Callable[[float, float], Any], *, keeps_left: bool
) -> Node:
    def run(series: Sequence[Series], at: float) -> Any:
        a, b = left(series, at), right(series, at)
        if isinstance(a, float) and isinstance(b, float):
            return float(combine(a, b))
        if isinstance(a, float):
            pairs = {labels: (a, value) for labels, value in b.items()}
        elif isinstance(b, float):
            pairs = {labels: (value, b) for labels, value in a.items()}
        else:
            pairs = {labels: (value, b[labels]) for labels, value in a.items() if labels in b}
        if keeps_left:
            return {labels: x for labels, (x, y) in pairs.items() if combine(x, y)}
        return {labels: float(combine(x, y)) for labels, (x, y) in pairs.items()}

    return run


def _histogram_quantile(quantile: float, buckets: Vector) -> Vector:
    groups: defaultdict[Labels, list[tuple[float, float]]] = defaultdict(list)
    for labels, count in buckets.items():
        bound = float(dict(labels)["le"])
        groups[frozenset(pair for pair in labels if pair[0] != "le")].append((bound, count))
    return {labels: _quantile(quantile, sorted(found)) for labels, found in groups.items()}


def _quantile(quantile: float, buckets: Sequence[tuple[float, float]]) -> float:
    total = buckets[-1][1]
    if not total:
        return math.nan
    rank, below, lower = quantile * total, 0.0, 0.0
    for bound, count in buckets:
        if count >= rank:
            if math.isinf(bound):
                return lower
            return lower + (bound - lower) * _divide(rank - below, count - below)
        below, lower = count, bound
    return lower
