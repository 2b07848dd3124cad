"""A table for notebooks, without dependencies."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

__all__ = ["ROWS_SHOWN_MAX", "render_table"]

ROWS_SHOWN_MAX = 50
_TEXT_LENGTH_MAX = 200


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    if len(text) > _TEXT_LENGTH_MAX:
        text = text[: _TEXT_LENGTH_MAX - 1] + "…"
    return f"<td>{escape(text)}</td>"


def render_table(keys: Sequence[str], rows: Sequence[Sequence[Any]], *, more: bool) -> str:
    """The first rows; ``more``: there are others.

    >>> render_table(["a<b"], [[1]], more=False)
    '<table><thead><tr><th>a&lt;b</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table>'
    """
    head = "".join(f"<th>{escape(key)}</th>" for key in keys)
    shown = rows[:ROWS_SHOWN_MAX]
    body = "".join(f"<tr>{''.join(_cell(value) for value in row)}</tr>" for row in shown)
    rest = "<p>… and more rows</p>" if more or len(rows) > len(shown) else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{rest}"
