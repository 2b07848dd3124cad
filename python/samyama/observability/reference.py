"""The page of all metrics and alerts."""

from __future__ import annotations

from itertools import groupby

from samyama.observability.alerts import ALERTS
from samyama.observability.metrics import METRICS, PREFIX, Metric

__all__ = ["render"]

HEAD = """# Metrics and alerts

Prometheus text at `http://NODE:7474/metrics`, made anew for each request. All counters exist from the start, at 0. This page
is generated from `python/samyama/observability/`; a test holds it against a live node.

```yaml
# prometheus.yml: one job for each cluster, its name beginning with samyama
rule_files: [samyama-alerts.yml]
scrape_configs:
  - job_name: samyama
    scrape_interval: 5s
    static_configs:
      - targets: ["10.0.0.1:7474", "10.0.0.2:7474", "10.0.0.3:7474"]
```

```console
$ samyama metrics alerts > samyama-alerts.yml
$ samyama metrics dashboard > samyama-dashboard.json
```

The second is imported into Grafana. Both are also in [`deploy/`](../../deploy).

## Alerts

| alert | severity | it means |
| --- | --- | --- |
"""


def render() -> str:
    """The whole page as Markdown."""
    parts = [HEAD]
    parts += [
        f"| [{alert.name}](alerts/{alert.page}) | {alert.severity} | {_readable(alert.summary)} |\n"
        for alert in ALERTS
    ]
    for group, metrics in groupby(METRICS, key=lambda metric: metric.group):
        parts.append(
            f"\n## {group}\n\n| name | type | unit | labels | meaning |\n| --- | --- | --- | --- | --- |\n"
        )
        parts += [_row(metric) for metric in metrics]
    return "".join(parts)


def _row(metric: Metric) -> str:
    labels = "; ".join(f"`{name}`: {values}" for name, values in metric.labels)
    note = f" ({metric.note})" if metric.note else ""
    return f"| `{PREFIX}{metric.name}` | {metric.kind} | {metric.unit} | {labels} | {metric.help}{note} |\n"


def _readable(summary: str) -> str:
    """Without Prometheus' templates.

    >>> _readable("Node {{ $labels.instance }} does not answer.")
    'Node *instance* does not answer.'
    """
    text = summary
    for name in ("instance", "job", "follower"):
        text = text.replace("{{ $labels." + name + " }}", f"*{name}*")
    return text.replace("{{ $value }}", "*n*")
