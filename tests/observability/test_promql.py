"""The evaluator that judges the alerts gives what Prometheus documents."""

from __future__ import annotations

import math

import pytest
from tests.observability.promql import Series, evaluate

SERIES = [
    Series("m", {"job": "a", "instance": "1"}, [(0, 1.0), (60, 3.0), (120, 2.0)]),
    Series("m", {"job": "a", "instance": "2"}, [(0, 10.0), (60, 10.0), (120, 14.0)]),
    Series("m", {"job": "b", "instance": "3"}, [(0, 0.0), (60, 5.0)]),
    *(
        Series("h_bucket", {"le": bound}, [(0, 0.0), (100, count)])
        for bound, count in (("0.1", 50.0), ("1", 90.0), ("+Inf", 100.0))
    ),
]


def values(expression: str, at: float = 120) -> dict[str, float]:
    found = evaluate(expression, SERIES, at)
    assert isinstance(found, dict)
    return {",".join(v for _, v in sorted(labels)): value for labels, value in found.items()}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("m", {"1,a": 2, "2,a": 14, "3,b": 5}),
        ('m{job="a"}', {"1,a": 2, "2,a": 14}),
        ('m{job!="a"}', {"3,b": 5}),
        ('m{instance=~"[12]", job="a"} > 2', {"2,a": 14}),
        ("sum by (job) (m)", {"a": 16, "b": 5}),
        ("max(m)", {"": 14}),
        ("count by (job) (m)", {"a": 2, "b": 1}),
        ("sum by (job) (m) / count by (job) (m)", {"a": 8, "b": 5}),
        ("increase(m[2m])", {"1,a": 4, "2,a": 4, "3,b": 5}),
        ("rate(m[100s])", {"1,a": 0.02, "2,a": 0.04}),
        ("changes(m[2m])", {"1,a": 2, "2,a": 1, "3,b": 1}),
        ("m * 2 + 1", {"1,a": 5, "2,a": 29, "3,b": 11}),
        ("m == 5", {"3,b": 5}),
        ("max by (job) (m) <= count by (job) (m) / 2", {}),
        ("histogram_quantile(0.5, rate(h_bucket[2m]))", {"": 0.1}),
        ("histogram_quantile(0.7, rate(h_bucket[2m]))", {"": 0.55}),
        ("histogram_quantile(0.99, rate(h_bucket[2m]))", {"": 1.0}),
        ("nothing", {}),
    ],
)
def test_an_expression_has_its_value(expression: str, expected: dict[str, float]) -> None:
    assert values(expression) == pytest.approx(expected)


def test_what_is_old_is_not_seen_and_nothing_divided_by_nothing_is_not_a_number() -> None:
    assert values("m", 1000) == {}
    assert math.isnan(values("(m - m) / (m - m)")["1,a"])


@pytest.mark.parametrize("wrong", ["m{", "sum by (job m", "absent(m)", "m > ", "m m"])
def test_what_it_does_not_know_it_refuses(wrong: str) -> None:
    with pytest.raises(AssertionError):
        evaluate(wrong, SERIES, 0)
