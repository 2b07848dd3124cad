"""The floor under every durable figure: how long this disk takes to make 4 KiB durable, now."""

from __future__ import annotations

import os
import statistics
import time
from pathlib import Path

import msgspec

__all__ = ["SyncFloor", "sync_floor"]

BLOCK_BYTES = 4096
#: The log writes into segments that are filled with zeros beforehand, so this does, too.
SEGMENT_BYTES = 8 << 20


class SyncFloor(msgspec.Struct, frozen=True):
    """One writer, alone: appends of 4 KiB into a prepared file, each with fdatasync. Microseconds."""

    syncs: int
    p50_us: float
    p99_us: float
    max_us: float


def sync_floor(directory: Path, duration_s: float = 1.0) -> SyncFloor:
    """Measure in ``directory``, which must lie on the disk in question."""
    block = os.urandom(BLOCK_BYTES)
    took_us: list[float] = []
    path = directory / "sync-floor"
    with path.open("wb+", buffering=0) as file:
        try:
            file.write(bytes(SEGMENT_BYTES))
            os.fsync(file.fileno())
            until = time.perf_counter() + duration_s
            while (before := time.perf_counter()) < until:
                os.pwrite(file.fileno(), block, len(took_us) * BLOCK_BYTES % SEGMENT_BYTES)
                os.fdatasync(file.fileno())
                took_us.append((time.perf_counter() - before) * 1e6)
        finally:
            path.unlink()
    hundredths = statistics.quantiles(took_us, n=100, method="inclusive")
    return SyncFloor(len(took_us), hundredths[49], hundredths[98], max(took_us))
