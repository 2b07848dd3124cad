"""What a release has to reach on two cores, load generator included, and what we aim for."""

from __future__ import annotations

import msgspec

__all__ = ["FIGURES", "Figure"]


class Figure(msgspec.Struct, frozen=True):
    """One row of the table. ``floor`` must be reached, ``goal`` is aimed for."""

    name: str
    title: str
    unit: str
    floor: float
    goal: float
    higher_is_better: bool

    def reaches(self, value: float, bar: float) -> bool:
        return value >= bar if self.higher_is_better else value <= bar


def _rate(name: str, title: str, floor: float, goal: float) -> Figure:
    return Figure(name, title, "/s", floor, goal, True)


def _least(name: str, title: str, unit: str, floor: float, goal: float) -> Figure:
    return Figure(name, title, unit, floor, goal, False)


FIGURES = {
    figure.name: figure
    for figure in (
        _rate("writes_64x1", "three nodes, CREATE, 64 connections", 20_000, 40_000),
        _rate("writes_64x16", "three nodes, CREATE, 64 connections x 16", 50_000, 120_000),
        _least("write_p50_1x1", "three nodes, CREATE, one client, P50", "ms", 0.8, 0.42),
        _rate("reads_64x1", "one node, point read, 64 connections", 60_000, 120_000),
        _rate("reads_64x16", "one node, point read, 64 connections x 16", 200_000, 500_000),
        _least("count_3_hops", "3-hop count in the engine, a thousand paths", "us", 30, 6),
        _least("relationship_bytes", "memory of a relationship without properties", "B", 48, 32),
        _least("plan_hit", "plan of a cached query found", "us", 1, 0.3),
        _least("plan_miss", "five clauses compiled in Python", "ms", 1.5, 0.6),
        _least("embedded_read", "embedded point read from Python, plan cached", "us", 100, 3.3),
    )
}
