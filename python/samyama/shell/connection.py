"""What the shell talks to: a server over Bolt, or a directory opened in this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from samyama._core import version
from samyama._database import Session, open
from samyama._remote import Remote

__all__ = ["Connection", "connect_embedded", "connect_remote"]


@dataclass(frozen=True)
class Connection:
    """``where``: what it is connected to, in words. ``reconnect`` and ``leader``: None where there is no server."""

    where: Callable[[], str]
    session: Callable[[str | None], Session]
    close: Callable[[], None]
    reconnect: Callable[[], None] | None = None
    leader: Callable[[], str | None] | None = None


def connect_remote(uri: str) -> Connection:
    """Raises: ValueError: the URI is wrong. Unreachable: nobody answers."""
    remote = Remote(uri, f"samyama-shell/{version()}")
    return Connection(
        where=lambda: f"{remote.address} ({remote.uri})",
        session=lambda database: remote.session(database=database),
        close=remote.close,
        reconnect=remote.reconnect,
        leader=remote.leader,
    )


def connect_embedded(path: str | None) -> Connection:
    """Raises: OSError: another process has the directory open, or it is damaged."""
    database = open(path)
    where = f"{Path(path).resolve()} (embedded)" if path else "memory (embedded)"
    return Connection(
        where=lambda: where,
        session=lambda name: database.session(database=name),
        close=database.close,
    )
