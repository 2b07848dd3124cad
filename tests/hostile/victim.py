"""A process that opens a database, runs every hostile query on it, and says a line of JSON about each.

It is a process of its own because one that dies must be seen to die. ``python -m tests.hostile.victim``.
"""

from __future__ import annotations

import json
import sys
import time

import psutil
from tests.hostile.queries import (
    GRAPH,
    HOSTILE,
    QUERY_MEMORY_BYTES,
    QUERY_TIMEOUT_MS,
    Hostile,
    ended_as,
)

import samyama
from samyama.config.schema import Limits, Log, Settings
from samyama.errors import SamyamaError

__all__ = ["state"]

SETTINGS = Settings(
    limits=Limits(query_memory_bytes_max=QUERY_MEMORY_BYTES, query_timeout_ms=QUERY_TIMEOUT_MS),
    log=Log(level="error"),
)


def state(database: samyama.Database) -> list[int]:
    """Counts that no hostile query may change."""
    nodes = database.execute("MATCH (n) RETURN count(n), count(n.i), count(n.never)").single()
    relationships = database.execute("MATCH ()-[r]->() RETURN count(r)").single()
    assert nodes is not None, "counts are one row"
    assert relationships is not None, "counts are one row"
    return [*nodes.values(), *relationships.values()]


def _attempt(database: samyama.Database, query: Hostile) -> dict[str, object]:
    try:
        database.execute(query.text, query.parameters).fetch_all()
        return {"code": None, "wrong": ended_as(query, None)}
    except SamyamaError as error:
        wrong = ended_as(query, error.code)
        return {"code": error.code, "message": error.message[:200], "wrong": wrong}


def main() -> None:
    wanted = sys.argv[1:]
    with samyama.open(settings=SETTINGS) as database:
        for statement in GRAPH:
            database.execute(statement).consume()
        before = state(database)
        process = psutil.Process()
        for query in HOSTILE:
            if wanted and query.name not in wanted:
                continue
            print(json.dumps({"begins": query.name}), flush=True)
            began = time.monotonic()
            found = _attempt(database, query)
            found |= {
                "name": query.name,
                "seconds": round(time.monotonic() - began, 2),
                "unchanged": state(database) == before,
                "resident_mib": process.memory_info().rss >> 20,
            }
            print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
