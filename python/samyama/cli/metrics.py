"""``samyama metrics``: alert rules, a dashboard, and the reference of what a node exposes."""

from __future__ import annotations

import click

__all__ = ["command"]


@click.group()
def command() -> None:
    """Print what Prometheus and Grafana need to watch a cluster."""


@command.command()
def alerts() -> None:
    """Alert rules for Prometheus, as YAML.

    \b
    Example: samyama metrics alerts > samyama-alerts.yml
    """
    from samyama.observability.alerts import render_rules

    click.echo(render_rules(), nl=False)


@command.command()
def dashboard() -> None:
    """A dashboard for Grafana, as JSON.

    \b
    Example: samyama metrics dashboard > samyama-dashboard.json
    """
    from samyama.observability.dashboard import render_dashboard

    click.echo(render_dashboard(), nl=False)


@command.command()
def reference() -> None:
    """Every metric with its type, unit, labels and meaning, as Markdown.

    \b
    Example: samyama metrics reference | less
    """
    from samyama.observability.reference import render

    click.echo(render(), nl=False)
