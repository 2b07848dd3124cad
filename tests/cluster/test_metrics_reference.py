"""docs/operations/metrics.md is what a node exposes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from samyama.cluster.client import fetch_text
from samyama.testing import Cluster

pytestmark = pytest.mark.cluster
PAGE = Path(__file__).resolve().parents[2] / "docs/operations/metrics.md"


def test_every_metric_is_documented_and_every_documented_metric_exists() -> None:
    with Cluster(3) as cluster:
        _, text = fetch_text(cluster.leader().http, "/metrics")
    exposed = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
    table = PAGE.read_text("utf-8").split("## All of them")[1]
    documented = set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE))
    assert exposed == documented
