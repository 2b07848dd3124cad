"""Procedures that were defined on a node: a signature and a query, as text; and all procedures that one node knows.

A definition travels to the front end with every compilation, as MessagePack that the engine only hands through, so each
database of a process has its own. ``table`` makes a procedure that answers from constant rows.

Not here: procedures that are replicated. Every node of a cluster is configured with the same file.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from samyama.cypher.procedures import catalog
from samyama.cypher.procedures.catalog import Argument, Procedure

__all__ = [
    "Definition",
    "Registry",
    "decode",
    "encode",
    "parse_signature",
    "read_file",
    "table",
]

MODES = ("READ", "WRITE")
_NAME = r"(?:\w+|`(?:[^`]|``)+`)"
_SIGNATURE = re.compile(
    rf"\s*(?P<name>{_NAME}(?:\.{_NAME})*)\s*\((?P<arguments>.*?)\)\s*::\s*(?:\((?P<columns>.*?)\)|VOID)\s*",
    re.DOTALL,
)
_FIELD = re.compile(
    rf"\s*(?P<name>{_NAME})\s*(?:=\s*(?P<default>'[^']*'|[-\w.{{}}]+)\s*)?::\s*(?P<type>[^,=]+?)\s*"
)


class Definition(msgspec.Struct, frozen=True):
    """``body``: a query that sees the arguments as variables and returns the columns."""

    signature: str
    body: str
    description: str = ""
    mode: str = "READ"


class Registry:
    """Every procedure by name: the built-in ones, and those that were defined. Names are found in any case."""

    def __init__(self, defined: Iterable[Procedure] = ()) -> None:
        self.defined = {procedure.name.lower(): procedure for procedure in defined}

    def find(self, name: str) -> Procedure | None:
        return self.defined.get(name.lower()) or catalog.find(name)

    def all(self) -> list[Procedure]:
        """Sorted by name."""
        known = {procedure.name.lower(): procedure for procedure in catalog.ALL} | self.defined
        return [known[name] for name in sorted(known)]

    def names(self) -> list[str]:
        return [procedure.name for procedure in self.all()]


def parse_signature(text: str) -> tuple[str, tuple[Argument, ...], tuple[tuple[str, str], ...]]:
    """``name(argument [= default] :: TYPE, ...) :: (column :: TYPE, ...)`` in its three parts; ``VOID``: no columns.

    Raises: ValueError: it is not a signature.
    """
    found = _SIGNATURE.fullmatch(text)
    if found is None:
        raise ValueError(
            f"`{text}` is no signature: write name(argument :: TYPE, ...) :: (column :: TYPE, ...)"
        )
    arguments = tuple(
        Argument(_unquote(field["name"]), field["type"], field["default"])
        for field in _fields(text, found["arguments"])
    )
    columns = tuple(
        (_unquote(field["name"]), field["type"]) for field in _fields(text, found["columns"] or "")
    )
    for names in ([argument.name for argument in arguments], [name for name, _ in columns]):
        if len(set(names)) < len(names):
            raise ValueError(f"`{text}` uses a name twice")
    return re.sub(r"\s", "", found["name"]), arguments, columns


def _fields(text: str, part: str) -> list[re.Match[str]]:
    found = [_FIELD.fullmatch(piece) for piece in part.split(",")] if part.strip() else []
    if None in found:
        raise ValueError(f"`{text}` is no signature: `{part}` is not a list of name :: TYPE")
    return [field for field in found if field is not None]


def _unquote(name: str) -> str:
    return name[1:-1].replace("``", "`") if name.startswith("`") else name


def _quote(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def procedure_of(definition: Definition) -> Procedure:
    """Raises: ValueError: its signature or mode is wrong."""
    name, arguments, columns = parse_signature(definition.signature)
    if definition.mode not in MODES:
        raise ValueError(f"`{definition.mode}` is no mode of a procedure: READ or WRITE")
    return Procedure(
        name, arguments, columns, definition.description, definition.body, definition.mode
    )


def table(signature: str, rows: Sequence[Sequence[Any]], description: str = "") -> Definition:
    """A procedure that is a table: each row holds arguments and then columns; a call gives the rows whose arguments are equal.

    Raises: ValueError: the signature is wrong, a row has another width, or a value cannot be written as a constant.

    Example:
        >>> table("codes(name :: STRING) :: (code :: INTEGER)", [["one", 1], ["two", 2]]).mode
        'READ'
    """
    _, arguments, columns = parse_signature(signature)
    names = [*(a.name for a in arguments), *(name for name, _ in columns)]
    for row in rows:
        if len(row) != len(names):
            raise ValueError(f"a row of {len(row)} values where the signature has {len(names)}")
    if not names:
        return Definition(signature, "FINISH", description)
    cells = [f"[{', '.join(map(constant, row))}]" for row in rows]
    lines = [f"UNWIND [{', '.join(cells)}] AS `row of the table`"]
    tests = [
        f"(`row of the table`[{place}] = {_quote(a.name)}"
        f" OR `row of the table`[{place}] IS NULL AND {_quote(a.name)} IS NULL)"
        for place, a in enumerate(arguments)
    ]
    if tests:
        lines += ["WITH * WHERE " + " AND ".join(tests)]
    found = [
        f"`row of the table`[{len(arguments) + place}] AS {_quote(name)}"
        for place, (name, _) in enumerate(columns)
    ]
    lines.append("RETURN " + ", ".join(found) if found else "FINISH")
    return Definition(signature, "\n".join(lines), description)


def constant(value: object) -> str:
    """A value as Cypher writes it.

    Raises: ValueError: Cypher has no literal for it.
    """
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float() if value == value and value not in (float("inf"), float("-inf")):
            return repr(value)
        case str():
            escaped = value.replace("\\", "\\\\").replace("'", "\\'")
            return f"'{escaped}'"
        case list() | tuple():
            return f"[{', '.join(map(constant, value))}]"
        case dict():
            pairs = (f"{_quote(str(key))}: {constant(item)}" for key, item in value.items())
            return f"{{{', '.join(pairs)}}}"
        case _:
            raise ValueError(f"{value!r} cannot stand in the table of a procedure")


def read_file(path: Path) -> list[Definition]:
    """The definitions of a TOML file: ``[[procedure]]`` with ``signature``, ``body`` and perhaps ``description``, ``mode``.

    Raises: ValueError: what is wrong, with the name of the file.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8"))
        if set(document) - {"procedure"}:
            raise ValueError("there is only [[procedure]]")
        definitions = msgspec.convert(document.get("procedure", []), list[Definition])
        for definition in definitions:
            procedure_of(definition)
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, msgspec.ValidationError) as error:
        raise ValueError(f"{path}: {error}") from None
    return definitions


def encode(definitions: Iterable[Definition]) -> bytes:
    """Raises: ValueError: a signature is wrong."""
    found = list(definitions)
    for definition in found:
        procedure_of(definition)
    return msgspec.msgpack.encode(found)


_decoder = msgspec.msgpack.Decoder(list[Definition])
_last: tuple[bytes, Registry] = (b"", Registry())


def decode(document: bytes) -> Registry:
    """The last one is kept, because definitions change seldom. No bytes: none are defined."""
    global _last
    if document != _last[0]:
        definitions = _decoder.decode(document) if document else []
        _last = (document, Registry(map(procedure_of, definitions)))
    return _last[1]
