"""Writes plain data as YAML: mappings, lists, texts, numbers. Texts are written as JSON writes them, which YAML reads."""

from __future__ import annotations

import json
import re
from typing import Any

__all__ = ["render_yaml"]

#: What no reader of YAML takes for anything but this text.
_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


def render_yaml(value: Any, indent: int = 0) -> str:
    """A block of lines.

    >>> print(render_yaml({"a": [1, {"b": "x: y", "c": True}], "on": []}), end="")
    a:
      - 1
      - b: "x: y"
        c: true
    "on": []
    """
    margin = " " * indent
    match value:
        case dict() if value:
            return "".join(margin + _entry(_text(key), item, indent) for key, item in value.items())
        case list() if value:
            return "".join(_item(item, indent) for item in value)
        case _:
            return f"{margin}{_scalar(value)}\n"


def _entry(key: str, item: Any, indent: int) -> str:
    if isinstance(item, dict | list) and item:
        return f"{key}:\n{render_yaml(item, indent + 2)}"
    return f"{key}: {_scalar(item)}\n"


def _item(item: Any, indent: int) -> str:
    margin = " " * indent
    if isinstance(item, dict | list) and item:
        # The first line of what is inside stands behind the dash.
        return f"{margin}- {render_yaml(item, indent + 2).lstrip(' ')}"
    return f"{margin}- {_scalar(item)}\n"


def _scalar(value: Any) -> str:
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _text(text: str) -> str:
    bare = _BARE.match(text) is not None and text.lower() not in _WORDS
    return text if bare else json.dumps(text, ensure_ascii=False)
