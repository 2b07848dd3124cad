"""Faults for test clusters: each is done, undone, and proved to have happened."""

from samyama.testing.faults.fault import Fault, Together
from samyama.testing.faults.nemesis import DRAWERS, Done, Nemesis, Void
from samyama.testing.faults.network import (
    Bridge,
    CutOneWay,
    Halves,
    Isolate,
    Lossy,
    Reset,
    Ring,
    Slow,
)
from samyama.testing.faults.processes import Kill, Pause, Stop, a_follower, everyone, the_leader

__all__ = [
    "DRAWERS",
    "Bridge",
    "CutOneWay",
    "Done",
    "Fault",
    "Halves",
    "Isolate",
    "Kill",
    "Lossy",
    "Nemesis",
    "Pause",
    "Reset",
    "Ring",
    "Slow",
    "Stop",
    "Together",
    "Void",
    "a_follower",
    "everyone",
    "the_leader",
]
