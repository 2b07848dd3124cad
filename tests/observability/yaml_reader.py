"""Reads the YAML that our writer writes: blocks by indentation, scalars as JSON or bare words."""

from __future__ import annotations

import json
import re
from typing import Any

__all__ = ["read_yaml"]

_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")


def read_yaml(text: str) -> Any:
    lines = [
        line for line in text.split("\n") if line.strip() and not line.lstrip().startswith("#")
    ]
    value, rest = _block([(len(line) - len(line.lstrip(" ")), line.lstrip(" ")) for line in lines])
    assert not rest, f"left over: {rest}"
    return value


Lines = list[tuple[int, str]]


def _block(lines: Lines) -> tuple[Any, Lines]:
    indent = lines[0][0]
    if lines[0][1].startswith("- "):
        items = []
        while lines and lines[0][0] == indent and lines[0][1].startswith("- "):
            head = lines[0][1][2:]
            if _key_end(head) is None and not head.startswith("- "):
                items.append(_scalar(head))
                lines = lines[1:]
            else:
                value, lines = _block([(indent + 2, head), *lines[1:]])
                items.append(value)
        return items, lines
    found: dict[str, Any] = {}
    while lines and lines[0][0] == indent and not lines[0][1].startswith("- "):
        line = lines[0][1]
        end = _key_end(line)
        assert end is not None, f"no key in: {line}"
        key, rest = _scalar(line[:end]), line[end + 1 :].strip(" ")
        lines = lines[1:]
        if rest:
            found[key] = _scalar(rest)
        else:
            assert lines, f"nothing below: {line}"
            assert lines[0][0] == indent + 2, f"nothing further in below: {line}"
            found[key], lines = _block(lines)
    return found, lines


def _key_end(line: str) -> int | None:
    """Where the colon of a key stands."""
    if line.startswith('"'):
        _, length = json.JSONDecoder().raw_decode(line)
        return length if line[length : length + 1] == ":" else None
    at = line.find(":")
    return at if at > 0 and _BARE.match(line[:at]) else None


def _scalar(text: str) -> Any:
    if _BARE.match(text) and text not in ("true", "false", "null"):
        return text
    return json.loads(text)
