"""Answers as tables that a person can read, and that stay the same from run to run."""

from __future__ import annotations

from tests.differential.answers import Answer
from tests.differential.canonical import Canonical

__all__ = ["render", "table"]


def render(value: Canonical) -> str:
    """A canonical value; entities by their number in the graph: ``(3:A {i: 1})``, ``[0:R]``."""
    kind, *rest = value
    match kind:
        case "null":
            return "null"
        case "boolean":
            return "true" if rest[0] else "false"
        case "integer" | "float":
            return str(rest[0])
        case "string":
            return repr(rest[0])
        case "list":
            return f"[{', '.join(map(render, rest))}]"
        case "bag":
            return f"bag({', '.join(map(render, rest))})"
        case "map":
            return f"{{{_pairs(rest[0])}}}"
        case "node":
            number, labels, properties = rest
            return f"({_entity(number, ''.join(':' + label for label in labels), properties)})"
        case "relationship":
            number, name, properties = rest
            return f"[{_entity(number, ':' + name, properties)}]"
        case "path":
            return f"<{''.join(map(render, rest))}>"
    return f"{kind}({', '.join('null' if part is None else str(part) for part in rest)})"


def _pairs(pairs: tuple[tuple[str, Canonical], ...]) -> str:
    return ", ".join(f"{key}: {render(value)}" for key, value in pairs)


def _entity(number: int | None, names: str, properties: tuple[tuple[str, Canonical], ...]) -> str:
    head = ("new" if number is None else str(number)) + names
    return f"{head} {{{_pairs(properties)}}}" if properties else head


def table(answer: Answer, *, ordered: bool = False) -> str:
    """Rows in order, or sorted where their order is open."""
    if answer.error is not None:
        error_type, phase, _ = answer.error
        return f"{error_type} at {phase}\n"
    rows = [
        [render(value).replace("|", "\\|").replace("\n", "\\n") for value in row]
        for row in answer.rows
    ]
    if not ordered:
        rows.sort()
    if not answer.columns:
        return "(nothing)\n"
    header = [name.replace("|", "\\|").replace("\n", " ") for name in answer.columns]
    lines = [header, ["---"] * len(answer.columns), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
