"""Functions of texts (Neo4j Cypher manual, "String functions"; TCK expressions/string). Places count code points."""

from __future__ import annotations

import unicodedata
from typing import Any, NoReturn

from tests.reference.errors import fail
from tests.reference.kinds import is_integer, kind

__all__ = ["FUNCTIONS"]


def _wrong(name: str, *values: Any) -> NoReturn:
    fail("TypeError", "InvalidArgumentValue", f"{name}({', '.join(map(kind, values))})")


def _string(name: str, value: Any) -> str:
    return value if isinstance(value, str) else _wrong(name, value)


def _length(name: str, value: Any) -> int:
    if not is_integer(value):
        _wrong(name, value)
    if value < 0:
        fail("ArgumentError", "NumberOutOfRange", f"{name}() of a negative length")
    return int(value)


def left(text: Any, length: Any) -> str:
    return _string("left", text)[: _length("left", length)]


def right(text: Any, length: Any) -> str:
    count = _length("right", length)
    return _string("right", text)[-count:] if count else ""


def substring(text: Any, start: Any, length: Any = ...) -> str:
    begin = _length("substring", start)
    end = None if length is ... else begin + _length("substring", length)
    return _string("substring", text)[begin:end]


def replace(text: Any, search: Any, by: Any) -> str:
    return _string("replace", text).replace(_string("replace", search), _string("replace", by))


def split(text: Any, delimiters: Any) -> list[str] | None:
    """One delimiter or several; the empty one stands between all characters."""
    _string("split", text)
    wanted = delimiters if isinstance(delimiters, list) else [delimiters]
    if any(one is None for one in wanted):
        return None
    if "" in wanted and text:
        return list(text)
    parts, begin, at = [], 0, 0
    while at < len(text):
        found = next((one for one in wanted if one and text.startswith(one, at)), None)
        if found is None:
            at += 1
        else:
            parts.append(text[begin:at])
            begin = at = at + len(found)
    return [*parts, text[begin:]]


def _trimmer(name: str, *, front: bool, back: bool) -> Any:
    def trim(text: Any, characters: Any = " ") -> str:
        _string(name, text)
        # Without characters: what Unicode calls white space.
        chars = None if characters == " " else _string(name, characters)
        result: str = text
        if front:
            result = result.lstrip(chars)
        return result.rstrip(chars) if back else result

    return trim


def _lower(text: Any) -> str:
    return _string("toLower", text).lower()


def _upper(text: Any) -> str:
    return _string("toUpper", text).upper()


def _char_length(text: Any) -> int:
    return len(_string("char_length", text))


def _normal(text: Any, form: Any = "NFC") -> str:
    if form not in ("NFC", "NFD", "NFKC", "NFKD"):
        fail("ArgumentError", "InvalidArgumentValue", f"normalize(_, {form})")
    return unicodedata.normalize(form, _string("normalize", text))


def _is_normal(text: Any, form: Any = "NFC") -> bool | None:
    return _normal(text, form) == text if isinstance(text, str) else None


#: All of them give null for null.
FUNCTIONS = {
    "left": left,
    "right": right,
    "substring": substring,
    "replace": replace,
    "split": split,
    "ltrim": _trimmer("ltrim", front=True, back=False),
    "rtrim": _trimmer("rtrim", front=False, back=True),
    "btrim": _trimmer("btrim", front=True, back=True),
    "trim": _trimmer("trim", front=True, back=True),
    "tolower": _lower,
    "lower": _lower,
    "toupper": _upper,
    "upper": _upper,
    "normalize": _normal,
    "is normalized": _is_normal,
    "char_length": _char_length,
    "character_length": _char_length,
}
