"""How long processes have been on a core, by thread: per operation, neighbours on the machine do not change it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

__all__ = ["cpu_seconds"]


def cpu_seconds(pid: int) -> Counter[str]:
    """Seconds on a core of each thread of a process that lives now, added up by the thread's name.

    Empty where the kernel keeps no ``/proc/PID/task/TID/schedstat``, or when the process has ended.
    """
    seconds: Counter[str] = Counter()
    for task in Path(f"/proc/{pid}/task").glob("*"):
        try:
            name = (task / "comm").read_text().strip()
            nanoseconds = int((task / "schedstat").read_text().split()[0])
        except (OSError, IndexError, ValueError):
            continue  # it ended while we looked
        seconds[name] += nanoseconds / 1e9  # type: ignore[assignment]
    return seconds
