"""A bare Bolt client for judging servers: no pool, no routing, no retry."""

from samyama.testing.bolt.connection import (
    BoltConnection,
    BoltFailure,
    ConnectionLost,
    Reply,
    chunked,
)
from samyama.testing.bolt.packstream import Malformed, Structure, pack, unpack

__all__ = [
    "BoltConnection",
    "BoltFailure",
    "ConnectionLost",
    "Malformed",
    "Reply",
    "Structure",
    "chunked",
    "pack",
    "unpack",
]
