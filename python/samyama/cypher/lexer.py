"""Text to tokens: one compiled pattern, parallel lists of kinds, values and positions.

Keywords are names: Cypher reserves none, so the parser decides by place. Positions count characters.
"""

from __future__ import annotations

import re

from samyama.cypher import errors as e
from samyama.cypher.errors import CypherError

__all__ = [
    "AHEAD_MAX",
    "BAD_NUMBER",
    "EOF",
    "FLOAT",
    "INTEGER",
    "NAME",
    "OPERATOR",
    "PARAMETER",
    "QUOTED",
    "STRING",
    "Tokens",
    "tokenize",
]

NAME, QUOTED, INTEGER, FLOAT, STRING, PARAMETER, OPERATOR, EOF, BAD_NUMBER = range(9)
#: So far may a parser look ahead, and one further where it has gone beyond the end.
AHEAD_MAX = 4

#: Digits, with a line between two of them where that is easier to read.
_DIGITS = r"[0-9](?:_?[0-9])*"
_SPACE = r"(?:\s|//[^\n]*|/\*.*?\*/)*"
_SPACES = re.compile(_SPACE, re.DOTALL)
#: A token and the space behind it; its kind is the number of the group that fits.
_PATTERN = re.compile(
    r"""
    (?:
      (?P<name>[^\W\d]\w*)
    | (?P<number>0[xX][0-9a-zA-Z_]* | 0[oO][0-9a-zA-Z_]*
        | (?:DIGITS\.DIGITS|\.DIGITS|DIGITS)(?:[eE][+-]?DIGITS)?(?:[a-zA-Z_]\w*)?)
    | (?P<quoted>`(?:[^`]|``)*`)
    | (?P<string>'(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*")
    | (?P<parameter>\$(?:\w+|`(?:[^`]|``)*`))
    | (?P<operator>\.\.|<=|>=|<>|=~|\+=|::|\|\||[-+*/%^=<>()\[\]{},.:;|&!?$])
    | (?P<unreadable>.)
    )
    """.replace("DIGITS", _DIGITS)
    + _SPACE,
    re.VERBOSE | re.DOTALL,
)

#: Two escapes that are the halves of one character, as JSON writes those beyond U+FFFF, are one escape here.
_ESCAPE = re.compile(
    r"\\(u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|u|U|.)",
    re.DOTALL,
)
_SURROGATES = range(0xD800, 0xE000)
_SIMPLE = {
    "\\": "\\",
    "'": "'",
    '"': '"',
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "`": "`",
    "0": "\0",
}
_INTEGER_MAX = 2**63


class Tokens:
    """The tokens of one text. ``uppers`` holds names in upper case and operators, for comparing with keywords.

    Behind the end token it stands ``AHEAD_MAX`` times more: nobody who looks ahead has to look where the end is.
    """

    __slots__ = ("ends", "kinds", "starts", "text", "uppers", "values")

    def __init__(self, text: str) -> None:
        self.text = text
        self.kinds: list[int] = []
        self.values: list[object] = []
        self.uppers: list[str] = []
        self.starts: list[int] = []
        self.ends: list[int] = []

    def add(self, kind: int, value: object, upper: str, start: int, end: int) -> None:
        self.kinds.append(kind)
        self.values.append(value)
        self.uppers.append(upper)
        self.starts.append(start)
        self.ends.append(end)


def tokenize(text: str) -> Tokens:
    """All tokens, an end token last.

    Raises: CypherError: a character, number or escape that Cypher does not have; an open string or comment.
    """
    tokens = Tokens(text)
    kinds, values, uppers = tokens.kinds, tokens.values, tokens.uppers
    starts, ends = tokens.starts, tokens.ends
    at = _first(text)
    for found in _PATTERN.finditer(text, at):
        group = found.lastindex
        piece = found[group]  # type: ignore[index]
        end = at + len(piece)
        if group == _NAME_GROUP:
            kinds.append(NAME)
            values.append(piece)
            uppers.append(piece.upper())
            starts.append(at)
            ends.append(end)
        elif group == _OPERATOR_GROUP:
            kinds.append(OPERATOR)
            values.append(piece)
            uppers.append(piece)
            starts.append(at)
            ends.append(end)
        else:
            _READERS[group](tokens, piece, at, end)  # type: ignore[index]
        at = found.end()
    for _ in range(1 + AHEAD_MAX):
        tokens.add(EOF, None, "", at, at)
    return tokens


def _first(text: str) -> int:
    """Where the first token stands."""
    found = _SPACES.match(text)
    return found.end() if found else 0


def _add_string(tokens: Tokens, piece: str, start: int, end: int) -> None:
    tokens.add(STRING, _unescape(tokens.text, piece, start), "", start, end)


def _add_parameter(tokens: Tokens, piece: str, start: int, end: int) -> None:
    name = piece[1:]
    if name.startswith("`"):
        name = _unquote(tokens.text, name, start + 1)
    tokens.add(PARAMETER, name, "", start, end)


def _add_quoted(tokens: Tokens, piece: str, start: int, end: int) -> None:
    tokens.add(QUOTED, _unquote(tokens.text, piece, start), "", start, end)


def _unquote(text: str, piece: str, at: int) -> str:
    name = piece[1:-1].replace("``", "`")
    if "\0" in name:
        message = "A name cannot contain the character U+0000"
        raise CypherError(text, at, message, e.BAD_NAME)
    return name


def _refuse(tokens: Tokens, _: str, start: int, __: int) -> None:
    raise _unreadable(tokens.text, start)


def _unreadable(text: str, at: int) -> CypherError:
    if text.startswith("/*", at):
        return CypherError(text, at, "A comment is opened and not closed", e.UNCLOSED_COMMENT)
    if text[at] in "'\"`":
        return CypherError(
            text, at, f"A text is opened with {text[at]} and not closed", e.UNCLOSED_STRING
        )
    code = ord(text[at])
    if code > 127:
        return CypherError(
            text,
            at,
            f"Invalid character '{text[at]}' (U+{code:04X})",
            e.UNREADABLE_CHARACTER,
        )
    return CypherError(text, at, f"Invalid input '{text[at]}'", e.UNEXPECTED_SYNTAX)


def _add_number(tokens: Tokens, piece: str, start: int, end: int) -> None:
    lower = piece.lower()
    is_float = False
    try:
        if lower.startswith(("0x", "0o")):
            value: object = int(lower, 0)
        elif re.fullmatch(r"[0-9][0-9_]*", piece):
            value = int(piece)
        else:
            is_float, value = True, float(piece)
    except ValueError:
        tokens.add(BAD_NUMBER, piece, "", start, end)
        return
    if is_float:
        if value == float("inf"):
            raise CypherError(
                tokens.text,
                start,
                f"'{piece}' is too large for a float",
                e.FLOAT_OVERFLOW,
            )
        tokens.add(FLOAT, value, "", start, end)
        return
    assert isinstance(value, int), "a number is an integer or a float"
    # One more than the largest is right behind a minus; the parser decides.
    if value > _INTEGER_MAX:
        raise CypherError(
            tokens.text, start, f"integer is too large: '{piece}'", e.INTEGER_OVERFLOW
        )
    tokens.add(INTEGER, value, "", start, end)


def _unescape(text: str, piece: str, start: int) -> str:
    body = piece[1:-1]
    if "\\" not in body:
        return body

    def replace(match: re.Match[str]) -> str:
        escape = match[1]
        if len(escape) > 9:
            high, low = int(escape[1:5], 16), int(escape[7:], 16)
            return chr(0x10000 + ((high & 0x3FF) << 10) + (low & 0x3FF))
        if len(escape) > 1:
            number = int(escape[1:], 16)
            if number <= 0x10FFFF and number not in _SURROGATES:
                return chr(number)
        elif escape in _SIMPLE:
            return _SIMPLE[escape]
        at = start + 1 + match.start()
        if escape[0] in "uU":
            raise CypherError(
                text, at, f"Invalid unicode escape '\\{escape}'", e.BAD_UNICODE_ESCAPE
            )
        raise CypherError(text, at, f"Invalid escape '\\{escape}' in a string", e.UNEXPECTED_SYNTAX)

    return _ESCAPE.sub(replace, body)


_NAME_GROUP, _OPERATOR_GROUP = _PATTERN.groupindex["name"], _PATTERN.groupindex["operator"]
_READERS = {
    _PATTERN.groupindex["number"]: _add_number,
    _PATTERN.groupindex["quoted"]: _add_quoted,
    _PATTERN.groupindex["string"]: _add_string,
    _PATTERN.groupindex["parameter"]: _add_parameter,
    _PATTERN.groupindex["unreadable"]: _refuse,
}
