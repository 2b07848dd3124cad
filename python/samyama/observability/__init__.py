"""What a node can be watched by: the table of its metrics, and what is made of it: reference, alerts, dashboard.

The numbers are counted in Rust, where things happen; ``tests/cluster/test_metrics_reference.py`` holds the table against a
live node. Everything else about them is here, once.
"""

from samyama.observability.alerts import ALERTS, Alert
from samyama.observability.metrics import METRICS, Metric

__all__ = ["ALERTS", "METRICS", "Alert", "Metric"]
