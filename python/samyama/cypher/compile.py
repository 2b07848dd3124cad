"""The one function that the engine calls: text to the bytes of a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from samyama.cypher import plan
from samyama.cypher.catalog import Catalog, decode
from samyama.cypher.errors import CypherError
from samyama.cypher.parser import parse
from samyama.cypher.planner import plan_statement

__all__ = ["compile", "compile_plan"]


def compile(
    text: str,
    literals: Sequence[tuple[int, int]] = (),
    parameter_types: Mapping[str, str] | None = None,  # noqa: ARG001 - part of the seam
    catalog: bytes = b"",
) -> bytes:
    """Compile one statement.

    Args:
        text: The query, as the client sent it.
        literals: Character spans of the literals that the plan cache stripped, in order; the plan refers to
            them by number.
        parameter_types: The type class of each parameter that was given.
        catalog: Names, counts and indexes, as MessagePack; empty: an empty graph.

    Raises: CypherError: the query is wrong, or needs what is not supported yet.

    Example:
        >>> len(compile("RETURN 1 AS one")) > 0
        True
    """
    return plan.encode(compile_plan(text, literals, decode(catalog) if catalog else Catalog()))


def compile_plan(
    text: str, literals: Sequence[tuple[int, int]] = (), catalog: Catalog | None = None
) -> plan.Plan:
    """As :func:`compile`, before it becomes bytes."""
    spans = [(start, end) for start, end in literals]
    try:
        statement = parse(text, {start: number for number, (start, _) in enumerate(spans)})
        return plan_statement(text, statement, catalog or Catalog(), spans)
    except RecursionError:
        raise CypherError(
            text,
            0,
            "The query nests too deep; split it into several clauses",
            detail="NestingTooDeep",
        ) from None
