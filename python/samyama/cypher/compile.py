"""The one function that the engine calls: text to the bytes of a plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set

from samyama.cypher import errors as e
from samyama.cypher import plan
from samyama.cypher.catalog import Catalog, decode
from samyama.cypher.errors import CypherError
from samyama.cypher.parser import parse
from samyama.cypher.planner import plan_statement
from samyama.cypher.procedures import Registry, defined
from samyama.cypher.semantic import analyse

__all__ = ["check_procedure", "compile", "compile_plan"]


def compile(
    text: str,
    literals: Sequence[tuple[int, int]] = (),
    parameter_types: Mapping[str, str] | None = None,
    catalog: bytes = b"",
    procedures: bytes = b"",
) -> bytes:
    """Compile one statement.

    Args:
        text: The query, as the client sent it.
        literals: Character spans of the literals that the plan cache stripped, in order; the plan refers to
            them by number.
        parameter_types: The type class of each parameter that was given.
        catalog: Names, counts and indexes, as MessagePack; empty: an empty graph.
        procedures: What was defined on this node (``procedures.defined.encode``); empty: nothing.

    Raises: CypherError: the query is wrong, or needs what is not supported yet.

    Example:
        >>> len(compile("RETURN 1 AS one")) > 0
        True
    """
    known = decode(catalog) if catalog else Catalog()
    registry = defined.decode(procedures)
    return plan.encode(compile_plan(text, literals, known, registry, parameter_types))


def compile_plan(
    text: str,
    literals: Sequence[tuple[int, int]] = (),
    catalog: Catalog | None = None,
    registry: Registry | None = None,
    parameter_types: Mapping[str, str] | None = None,
    without: Set[str] = frozenset(),
) -> plan.Plan:
    """As :func:`compile`, before it becomes bytes; ``without``: names of rules that are left out."""
    spans = [(start, end) for start, end in literals]
    registry = registry or Registry()
    try:
        statement = parse(text, spans)
        analysis = analyse(text, statement, registry, parameter_types)
        known = catalog or Catalog()
        return plan_statement(text, statement, known, spans, registry, analysis, without)
    except RecursionError:
        message = "The query nests too deep; split it into several clauses"
        raise CypherError(text, 0, message, e.NESTED_TOO_DEEP) from None


def check_procedure(
    definition: defined.Definition, others: Iterable[defined.Definition] = ()
) -> None:
    """Does a procedure compile where it is called?

    Raises: ValueError: no; why, and where in its body.
    """
    registry = Registry(map(defined.procedure_of, [*others, definition]))
    procedure = defined.procedure_of(definition)
    arguments = ", ".join(f"$`{argument.name}`" for argument in procedure.arguments)
    try:
        compile_plan(f"CALL {procedure.name}({arguments})", registry=registry)
    except CypherError as error:
        raise ValueError(f"{definition.signature}: {error.message}") from None
