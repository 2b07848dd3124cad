"""Bytes that no driver sends, by name, with what the server must do about them.

What it may do is one of two things: say what is wrong (a FAILURE whose code tells whose fault it is) or close the
connection. It never ends, never panics, and never changes the graph.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from samyama.testing.bolt import Structure, chunked, pack

__all__ = [
    "AFTER_HANDSHAKE",
    "AFTER_LOGON",
    "BEFORE_HANDSHAKE",
    "Attack",
    "conversation",
    "mutated",
]

MAGIC = b"\x60\x60\xb0\x17"
INVALID = "Neo.ClientError.Request.Invalid"


def message(tag: int, *fields: Any) -> bytes:
    return chunked(pack(Structure(tag, list(fields))))


def raw(body: bytes) -> bytes:
    return chunked(body)


HELLO = message(0x01, {"user_agent": "attack/1"})
LOGON = message(0x6A, {"scheme": "none"})
PULL = message(0x3F, {"n": -1})
RESET = message(0x0F)


def run(query: Any, parameters: Any = None, extra: Any = None) -> bytes:
    return message(
        0x10, query, {} if parameters is None else parameters, {} if extra is None else extra
    )


@dataclass(frozen=True)
class Attack:
    """``payload`` is sent; then ``code`` is the beginning of the failure's code, or empty: no FAILURE need come.

    ``closes``: the connection must be closed; None: it may or may not be.
    """

    payload: bytes
    code: str = ""
    closes: bool | None = None


def versions(*entries: tuple[int, int, int]) -> bytes:
    padded = [*entries, *[(0, 0, 0)] * 4][:4]
    return MAGIC + b"".join(bytes((0, span, minor, major)) for span, minor, major in padded)


#: Sent as the first bytes of a connection. The server answers something or nothing, and closes.
BEFORE_HANDSHAKE: dict[str, bytes] = {
    "a lost HTTP client": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "another HTTP method": b"POST /db/data HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
    "a WebSocket upgrade": (
        b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ),
    "a TLS client": bytes.fromhex("16030100a5010000a10303") + bytes(160),
    "a secure shell": b"SSH-2.0-OpenSSH_9.2\r\n",
    "zeros": bytes(64),
    "noise": random.Random(1).randbytes(256),
    "the wrong magic": b"\x60\x60\xb0\x18" + bytes(16),
    "no version at all": versions(),
    "a version from the future": versions((0, 9, 9)),
    "a version that Neo4j never spoke": versions((0, 5, 5)),
    "ancient versions": versions((0, 0, 1), (0, 0, 2), (0, 0, 3)),
    "the manifest and a version that is not in it": versions((1, 255, 0)) + bytes((0, 0, 9, 9, 0)),
    "the manifest and a number that never ends": (
        MAGIC + bytes((0, 0, 1, 255)) + bytes(12) + bytes((0, 0, 8, 5)) + b"\xff" * 64
    ),
}

#: Sent after an agreement on Bolt 5.8, before anybody has logged on.
AFTER_HANDSHAKE: dict[str, Attack] = {
    "no structure": Attack(raw(b"\x01"), INVALID, True),
    "an unknown message": Attack(message(0x42), INVALID, True),
    "HELLO with a list": Attack(message(0x01, []), INVALID, True),
    "HELLO with nothing": Attack(message(0x01), INVALID, True),
    "HELLO with too much": Attack(message(0x01, {}, {}), INVALID, True),
    "RUN before HELLO": Attack(run("RETURN 1"), INVALID, True),
    "LOGON before HELLO": Attack(LOGON, INVALID, True),
    "RUN before LOGON": Attack(HELLO + run("RETURN 1"), INVALID, True),
    "BEGIN before LOGON": Attack(HELLO + message(0x11, {}), INVALID, True),
    "LOGON with an unknown scheme": Attack(
        HELLO + message(0x6A, {"scheme": "retina"}), "Neo.ClientError.Security.", None
    ),
    "LOGON with a number": Attack(HELLO + message(0x6A, 1), INVALID, True),
    "LOGON whose scheme is a list": Attack(HELLO + message(0x6A, {"scheme": [1]}), INVALID, True),
    "LOGON whose credentials are a map": Attack(
        HELLO + message(0x6A, {"scheme": "basic", "principal": "neo4j", "credentials": {"a": 1}}),
        INVALID,
        True,
    ),
    "a large message before anybody has logged on": Attack(
        message(0x01, {"user_agent": "x" * 200_000}), INVALID, True
    ),
    "a cut message": Attack(b"\x00\x50" + b"\xb1\x01", "", None),
    "a cut chunk header": Attack(b"\x00", "", None),
}

DEEP = 100_000


def nested(depth: int, opening: bytes, innermost: bytes = b"\xc0") -> bytes:
    return (
        b"\xb3\x10"
        + pack("RETURN $x")
        + b"\xa1"
        + pack("x")
        + opening * depth
        + innermost
        + pack({})
    )


#: Sent by somebody who has logged on.
AFTER_LOGON: dict[str, Attack] = {
    # --- PackStream
    "an unknown marker": Attack(raw(b"\xb3\x10\xc4"), INVALID, True),
    "a list of four thousand million": Attack(raw(b"\xb3\x10" + pack("R") + b"\xd6\xff\xff\xff\xff"), INVALID, True),
    "a string of four thousand million": Attack(raw(b"\xb3\x10\xd2\xff\xff\xff\xff"), INVALID, True),
    "a map of four thousand million": Attack(raw(b"\xb3\x10" + pack("R") + b"\xda\xff\xff\xff\xff"), INVALID, True),
    "bytes of four thousand million": Attack(raw(nested(0, b"", b"\xce\xff\xff\xff\xff")), INVALID, True),
    "bytes behind the end": Attack(raw(pack(Structure(0x3F, [{"n": -1}])) + b"\x01"), INVALID, True),
    "a key that is a number": Attack(raw(b"\xb3\x10" + pack("RETURN 1") + b"\xa1\x01\x01" + pack({})), INVALID, True),
    "a key that stands twice": Attack(
        raw(b"\xb3\x10" + pack("RETURN $x") + b"\xa2" + pack("x") + b"\x01" + pack("x") + b"\x02" + pack({})),
        INVALID, True,
    ),
    "text that is not UTF-8": Attack(raw(b"\xb3\x10\x84\xff\xfe\xfd\xfc" + pack({}) + pack({})), INVALID, True),
    "half a surrogate": Attack(raw(b"\xb3\x10\x83\xed\xa0\x80" + pack({}) + pack({})), INVALID, True),
    "lists in lists in lists": Attack(raw(nested(DEEP, b"\x91")), INVALID, None),
    "maps in maps in maps": Attack(raw(nested(DEEP, b"\xa1\x81a")), INVALID, None),
    "structures in structures": Attack(raw(nested(DEEP, b"\xb1\x4e")), "Neo.ClientError.", None),
    "an unknown structure as a parameter": Attack(
        run("RETURN $x", {"x": Structure(0x21, [1])}), "Neo.ClientError.", None
    ),
    "a node as a parameter": Attack(
        run("RETURN $x", {"x": Structure(0x4E, [1, ["L"], {}, "4:x:1"])}), "Neo.ClientError.", None
    ),
    "a node with too few fields": Attack(run("RETURN $x", {"x": Structure(0x4E, [1])}), "Neo.ClientError.", None),
    "a date of text": Attack(run("RETURN $x", {"x": Structure(0x44, ["today"])}), "Neo.ClientError.", None),
    "a date at the end of time": Attack(
        run("RETURN $x", {"x": Structure(0x44, [2**62])}) + PULL, "Neo.ClientError.", None
    ),
    "a datetime with a thousand million and one nanoseconds": Attack(
        run("RETURN $x", {"x": Structure(0x64, [0, 10**9 + 1])}) + PULL, "Neo.ClientError.", None
    ),
    "a time zone of nowhere": Attack(
        run("RETURN $x", {"x": Structure(0x69, [0, 0, "Moon/Tycho"])}) + PULL, "Neo.ClientError.", None
    ),
    "an offset of a year": Attack(
        run("RETURN $x", {"x": Structure(0x49, [0, 0, 31_536_000])}) + PULL, "Neo.ClientError.", None
    ),
    "a point in an unknown system": Attack(
        run("RETURN $x", {"x": Structure(0x58, [1, 0.0, 0.0])}) + PULL, "Neo.ClientError.", None
    ),
    "a point of text": Attack(run("RETURN $x", {"x": Structure(0x58, [7203, "a", "b"])}), "Neo.ClientError.", None),
    # --- Messages
    "an unknown message": Attack(message(0x42, 1, 2), INVALID, True),
    "a second HELLO": Attack(HELLO, INVALID, True),
    "a second LOGON": Attack(LOGON, INVALID, True),
    "PULL of nothing": Attack(PULL, INVALID, True),
    "COMMIT of nothing": Attack(message(0x12), INVALID, True),
    "ROLLBACK of nothing": Attack(message(0x13), INVALID, True),
    "BEGIN in a transaction": Attack(message(0x11, {}) + message(0x11, {}), INVALID, True),
    "RUN without parameters": Attack(message(0x10, "RETURN 1"), INVALID, True),
    "RUN of a number": Attack(run(42), INVALID, True),
    "RUN with a list of parameters": Attack(run("RETURN 1", [1]), INVALID, True),
    "RUN with text as options": Attack(run("RETURN 1", {}, "fast"), INVALID, True),
    "bookmarks that are text": Attack(run("RETURN 1", {}, {"bookmarks": "samyama:neo4j:1"}), "Neo.ClientError.", None),
    "a bookmark of somebody else": Attack(
        run("RETURN 1", {}, {"bookmarks": ["FB:kcwQ"]}), "Neo.ClientError.Transaction.InvalidBookmark", None
    ),
    "a timeout before now": Attack(run("RETURN 1", {}, {"tx_timeout": -1}), "Neo.ClientError.", None),
    "a timeout of text": Attack(run("RETURN 1", {}, {"tx_timeout": "soon"}), "Neo.ClientError.", None),
    "metadata that is a list": Attack(run("RETURN 1", {}, {"tx_metadata": [1]}), "Neo.ClientError.", None),
    "a mode that does not exist": Attack(run("CREATE (:Bad)", {}, {"mode": "x"}), "Neo.ClientError.", None),
    "somebody else's name": Attack(run("CREATE (:Bad)", {}, {"imp_user": "root"}), "Neo.ClientError.", None),
    "a database that is not there": Attack(
        run("CREATE (:Bad)", {}, {"db": "nowhere"}), "Neo.ClientError.Database.DatabaseNotFound", None
    ),
    "PULL without a number": Attack(run("RETURN 1") + message(0x3F, {}), INVALID, None),
    "PULL of minus two": Attack(run("RETURN 1") + message(0x3F, {"n": -2}), INVALID, None),
    "PULL of none": Attack(run("RETURN 1") + message(0x3F, {"n": 0}), INVALID, None),
    "PULL of text": Attack(run("RETURN 1") + message(0x3F, {"n": "all"}), INVALID, None),
    "PULL of a result that is not open": Attack(
        message(0x11, {}) + run("RETURN 1") + message(0x3F, {"n": 1, "qid": 99}), INVALID, None
    ),
    "ROUTE with a list": Attack(message(0x66, [], [], {}), INVALID, None),
    "TELEMETRY of text": Attack(message(0x54, "all"), INVALID, None),
    "a write in read mode": Attack(
        run("CREATE (:Bad)", {}, {"mode": "r"}) + PULL, "Neo.ClientError.Statement.AccessMode", False
    ),
    # --- Framing
    "a chunk that is cut": Attack(b"\x01\x00" + b"\xb3\x10", "", None),
    "a message that is never ended": Attack(b"\x00\x02\xb3\x10", "", None),
    "a million empty chunks": Attack(b"\0\0" * 1_000_000, "", False),
    "chunks of one byte": Attack(
        b"".join(b"\0\1" + bytes((byte,)) for byte in pack(Structure(0x10, ["CREATE (:Bad", {}, {}]))) + b"\0\0",
        "Neo.ClientError.Statement.SyntaxError", False,
    ),
    "a message that is too large": Attack(run("RETURN size($x)", {"x": "x" * (70 * 1024 * 1024)}), INVALID, True),
    "ten thousand RESETs": Attack(RESET * 10_000, "", False),
    "GOODBYE and then some": Attack(message(0x02) + run("CREATE (:Bad)") + PULL, "", True),
    # --- Cypher
    "nonsense": Attack(run("FROB THE (:Bad)"), "Neo.ClientError.Statement.SyntaxError", False),
    "an empty query": Attack(run(""), "Neo.ClientError.Statement.SyntaxError", False),
    "a query of zeros": Attack(run("\0" * 100), "Neo.ClientError.Statement.SyntaxError", False),
    "a query of two million characters": Attack(run("RETURN 1 " + " " * 2_000_000), "Neo.ClientError.", None),
    "parentheses": Attack(run("RETURN " + "(" * 50_000 + "1" + ")" * 50_000), "Neo.ClientError.Statement.", False),
    "lists": Attack(run("RETURN " + "[" * 50_000 + "]" * 50_000), "Neo.ClientError.Statement.", False),
    "NOT NOT NOT": Attack(run("RETURN " + "NOT " * 50_000 + "true"), "Neo.ClientError.Statement.", False),
    "a chain of a hundred thousand pluses": Attack(run("RETURN " + "+".join(["1"] * 100_000)), "", False),
    "an integer of a thousand digits": Attack(run("RETURN " + "9" * 1_000), "Neo.ClientError.Statement.", False),
    "a float beyond all floats": Attack(run("RETURN 1e999999"), "Neo.ClientError.Statement.", False),
    "a string without an end": Attack(run("RETURN 'abc"), "Neo.ClientError.Statement.SyntaxError", False),
    "a parameter that is not there": Attack(
        run("CREATE (:Bad {x: $x})"), "Neo.ClientError.Statement.ParameterMissing", False
    ),
    "a division by zero after a write": Attack(
        run("CREATE (b:Bad) WITH b RETURN 1 / 0") + PULL, "Neo.ClientError.Statement.ArithmeticError", False
    ),
    "more memory than a query may take": Attack(
        run("CREATE (:Bad) WITH 1 AS x RETURN range(1, 1000000000)") + PULL, "Neo.ClientError.General.", False
    ),
}  # fmt: skip


def conversation() -> list[bytes]:
    """Messages of an ordinary, read-only conversation after logging on."""
    return [
        run("RETURN $x AS x, 'text' AS y", {"x": [1, 2.5, None, {"a": True}]}),
        PULL,
        message(0x11, {"mode": "r", "tx_timeout": 1000}),
        run("MATCH (n) RETURN count(n)"),
        message(0x3F, {"n": 10, "qid": -1}),
        message(0x12),
        message(0x66, {"address": "localhost:7687"}, [], {}),
        RESET,
    ]


def mutated(seed: int, count: int) -> Iterator[bytes]:
    """Conversations with some bytes flipped, cut, repeated or put elsewhere."""
    chance = random.Random(seed)
    for _ in range(count):
        pieces = [bytearray(piece) for piece in conversation()]
        for _ in range(chance.randint(1, 4)):
            piece = chance.choice(pieces)
            place = chance.randrange(len(piece)) if piece else 0
            match chance.randrange(6):
                case 0 if piece:
                    piece[place] ^= 1 << chance.randrange(8)
                case 1 if piece:
                    piece[place] = chance.choice(
                        (0x00, 0x7F, 0x80, 0xB1, 0xC0, 0xCB, 0xD6, 0xDA, 0xFF)
                    )
                case 2:
                    del piece[place:]
                case 3:
                    piece[place:place] = chance.randbytes(chance.randint(1, 8))
                case 4:
                    chance.shuffle(pieces)
                case _:
                    pieces.append(bytearray(piece))
        yield b"".join(pieces)


# The first bytes of a chunk say how long it is.
assert struct.unpack(">H", RESET[:2])[0] == len(RESET) - 4
