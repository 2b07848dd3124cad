"""Records as a Cypher script that makes them again, here or on Neo4j.

Nodes carry a label and a number of the script's own until the relationships are in; the end of the script takes both
away.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from typing import Any

from samyama.backup.values import decode
from samyama.export.literals import literal, quote_name

__all__ = ["render_script"]

ROWS_MAX = 500
MARK, NUMBER = "`SamyamaDump`", "`samyama dump`"


def render_script(records: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Statements, each with its semicolon.

    Raises: TypeError: a property has no literal in Cypher, a byte array.
    """
    late: list[str] = []
    yield f"CREATE CONSTRAINT `samyama dump` FOR (n:{MARK}) REQUIRE n.{NUMBER} IS UNIQUE;\n"
    for key, group in groupby(records, key=_kind):
        if key[0] == "schema":
            for record in group:
                (statement,) = record.values()
                late.append(f"{statement};\n")
            continue
        while batch := list(islice(group, ROWS_MAX)):
            yield _nodes(key[1], batch) if key[0] == "node" else _relationships(key[1], batch)
    yield (
        f"MATCH (n:{MARK}) CALL (n) {{ REMOVE n:{MARK} REMOVE n.{NUMBER} }} IN TRANSACTIONS OF 10000 ROWS;\n"
    )
    yield "DROP CONSTRAINT `samyama dump`;\n"
    yield from late


def _kind(record: dict[str, Any]) -> tuple[str, Any]:
    """What makes records fit into one statement."""
    if "n" in record:
        return "node", tuple(record["l"])
    return ("relationship", record["t"]) if "r" in record else ("schema", None)


def _nodes(labels: tuple[str, ...], batch: list[dict[str, Any]]) -> str:
    pattern = "".join(f":{quote_name(label)}" for label in labels)
    rows = ",\n".join(f"  [{record['n']}, {_properties(record)}]" for record in batch)
    return f"UNWIND [\n{rows}\n] AS row\nCREATE (n{pattern}:{MARK}) SET n = row[1], n.{NUMBER} = row[0];\n"


def _relationships(type: str, batch: list[dict[str, Any]]) -> str:
    rows = ",\n".join(
        f"  [{record['s']}, {record['e']}, {_properties(record)}]" for record in batch
    )
    return (
        f"UNWIND [\n{rows}\n] AS row\n"
        f"MATCH (s:{MARK} {{{NUMBER}: row[0]}}), (e:{MARK} {{{NUMBER}: row[1]}})\n"
        f"CREATE (s)-[r:{quote_name(type)}]->(e) SET r = row[2];\n"
    )


def _properties(record: dict[str, Any]) -> str:
    return literal({key: decode(value) for key, value in record["p"].items()})
