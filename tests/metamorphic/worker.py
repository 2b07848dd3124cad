"""A process of a campaign: it takes cases by the chunk, and tells what it counted and found."""

from __future__ import annotations

import gc
from multiprocessing.queues import Queue
from multiprocessing.sharedctypes import Synchronized
from typing import Any

from tests.metamorphic.campaign import CASES_PER_ROUND, Campaign, Tally

__all__ = ["work"]

#: Cases that a worker takes at a time: whole rounds.
CHUNK = 2 * CASES_PER_ROUND


def work(
    seed: int, names: list[str], following: Synchronized[int], stop: Any, told: Queue[Any]
) -> None:
    """A worker takes chunks of cases until it is told to stop."""
    # Trees and answers are dropped by the thousand, and hardly any hold a cycle: looking for them costs a fifth.
    gc.set_threshold(100_000, 50, 1_000)
    campaign = Campaign(seed, names, on_finding=told.put)
    try:
        while not stop.is_set():
            with following.get_lock():
                first = following.value
                following.value = first + CHUNK
            campaign.run(first, first + CHUNK)
            told.put(campaign.tally)
            campaign.tally = Tally()
    finally:
        campaign.close()
