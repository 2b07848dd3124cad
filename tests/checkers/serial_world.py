"""Histories that are right by construction, for judging the judges: a world in which transactions happen one at a
time.

Each operation gets a moment at which it takes effect, and an interval around that moment that a client would have
seen. Intervals of different clients overlap; a client does one thing after another.
"""

from __future__ import annotations

import random
from collections import defaultdict
from typing import Any

from samyama.testing.checkers import Operation, Transaction

__all__ = ["SerialWorld"]


class SerialWorld:
    """Draws histories. ``clients`` of them work at once; a share ``unknown`` of the outcomes is not known."""

    def __init__(self, seed: int, *, clients: int = 6, unknown: float = 0.02) -> None:
        self.random = random.Random(seed)
        self.clients, self.unknown = clients, unknown

    def _moments(self, count: int) -> list[tuple[int, float, float, float]]:
        """(client, began, took effect, ended), in the order of effects."""
        moments = []
        for client in range(self.clients):
            now = self.random.random()
            for _ in range(count // self.clients):
                began = now + 0.2 * self.random.random()
                effect = began + self.random.random()
                now = effect + self.random.random()
                moments.append((client, began, effect, now))
        return sorted(moments, key=lambda moment: moment[2])

    def registers(self, count: int, keys: int) -> list[Operation]:
        """Reads, writes of unique values, conditional writes."""
        values: dict[int, Any] = defaultdict(int)
        history = []
        for number, (_, began, _, ended) in enumerate(self._moments(count), 1):
            key = self.random.randrange(keys)
            choice = self.random.random()
            is_unknown = self.random.random() < self.unknown
            happened = not is_unknown or self.random.random() < 0.5
            returned = None if is_unknown else ended
            if choice < 0.5:
                if not is_unknown:
                    history.append(Operation(key, "read", values[key], began, ended))
            elif choice < 0.9:
                history.append(Operation(key, "write", number, began, returned))
                if happened:
                    values[key] = number
            else:
                expected = values[key] if self.random.random() < 0.7 else -number
                matches = expected == values[key]
                value = (expected, number, None if is_unknown else matches)
                history.append(Operation(key, "cas", value, began, returned))
                if happened and matches:
                    values[key] = number
        return history

    def counter(self, count: int) -> list[Operation]:
        total, history = 0, []
        for _, began, _, ended in self._moments(count):
            if self.random.random() < 0.5:
                history.append(Operation("n", "read", total, began, ended))
                continue
            is_unknown = self.random.random() < self.unknown
            if not is_unknown or self.random.random() < 0.5:
                total += 1
            result = None if is_unknown else total
            history.append(Operation("n", "add", (1, result), began, None if is_unknown else ended))
        return history

    def transactions(
        self, count: int, keys: int, operations_max: int = 4
    ) -> tuple[list[Transaction], dict[Any, list[int]]]:
        """List-append transactions, and what every key holds in the end."""
        lists: dict[Any, list[int]] = {key: [] for key in range(keys)}
        history, value = [], 0
        for number, (_, began, _, ended) in enumerate(self._moments(count), 1):
            outcome = self.random.choices(
                ("committed", "aborted", "unknown"), (0.93 - self.unknown, 0.07, self.unknown)
            )[0]
            draft = {key: list(items) for key, items in lists.items()}
            operations: list[tuple[str, Any, Any]] = []
            for _ in range(self.random.randint(1, operations_max)):
                key = self.random.randrange(keys)
                if self.random.random() < 0.5:
                    operations.append(("read", key, list(draft[key])))
                else:
                    value += 1
                    draft[key].append(value)
                    operations.append(("append", key, value))
            if outcome == "committed" or (outcome == "unknown" and self.random.random() < 0.5):
                lists = draft
            history.append(Transaction(number, tuple(operations), began, ended, outcome))  # type: ignore[arg-type]
        return history, lists
