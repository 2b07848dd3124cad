"""A server over Bolt, with the sessions of the embedded API: for the project's own commands.

Applications use Neo4j's driver. ``bolt://`` is that one server; ``neo4j://`` asks it who leads and goes there, and to
another member when a connection is lost. One connection, no pool: whoever needs two makes two.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from samyama import _core
from samyama._database import AccessMode, Query, Session
from samyama._results import FETCH_ROWS

__all__ = ["Address", "Remote", "Unreachable"]

PORT = 7687
CONNECT_TIMEOUT_S = 5.0


class Unreachable(ConnectionError):
    """No member of the cluster answers; the message says what each did."""


@dataclass(frozen=True)
class Address:
    """Where a URI leads to: ``host:port`` of one server, or of some that know the cluster (``routed``)."""

    servers: tuple[str, ...]
    routed: bool

    @classmethod
    def parse(cls, uri: str) -> Address:
        """``neo4j://host:port``, also with several hosts and commas between them; ``bolt://host:port``; ``host:port``.

        Raises: ValueError: something else; the message says what.

        Example:
            >>> Address.parse("neo4j://10.0.0.1,10.0.0.2:7697")
            Address(servers=('10.0.0.1:7687', '10.0.0.2:7697'), routed=True)
        """
        scheme, separator, rest = uri.partition("://")
        if not separator:
            scheme, rest = "bolt", uri
        if "@" in rest:
            # Without the URI: what is refused is not printed, it may be a secret.
            raise ValueError(
                "a URI holds no user and password: there is no authentication yet; leave them out"
            )
        if scheme in ("bolt+s", "bolt+ssc", "neo4j+s", "neo4j+ssc"):
            raise ValueError(f"{uri}: there is no TLS yet: use {scheme.split('+')[0]}://")
        if scheme not in ("bolt", "neo4j"):
            raise ValueError(f"{uri}: a URI begins with neo4j:// or bolt://")
        servers = tuple(_server(uri, text) for text in rest.removesuffix("/").split(","))
        if scheme == "bolt" and len(servers) > 1:
            raise ValueError(f"{uri}: bolt:// is one server; neo4j:// takes several of a cluster")
        return cls(servers, scheme == "neo4j")


def _server(uri: str, text: str) -> str:
    """``host:port``; an IPv6 host in brackets."""
    parts = urlsplit(f"//{text}")
    if parts.path or parts.query or parts.fragment:
        raise ValueError(f"{uri}: a URI is a scheme, a host and a port, nothing more")
    try:
        port = parts.port
    except ValueError as error:
        raise ValueError(f"{uri}: {error}") from None
    if not parts.hostname:
        raise ValueError(f"{uri}: the host is missing")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{host}:{port or PORT}"


class Remote:
    """One connection to a server, or to the member of a cluster that leads.

    Args:
        uri: See :meth:`Address.parse`.
        user_agent: Shown by ``dbms.listConnections``.
        connect_timeout_s: For each member that is tried.

    Raises:
        ValueError: the URI is wrong.
        Unreachable: nobody answers.
    """

    def __init__(
        self, uri: str, user_agent: str, connect_timeout_s: float = CONNECT_TIMEOUT_S
    ) -> None:
        self._given = Address.parse(uri)
        self.uri = uri
        self._user_agent = user_agent
        self._timeout_s = connect_timeout_s
        #: Members as last heard of, the one that leads first.
        self.members: list[str] = list(self._given.servers)
        #: ``host:port`` of the member that it is connected to.
        self.address = ""
        self._client = self._connect()

    def session(
        self,
        *,
        default_access_mode: AccessMode = "WRITE",
        database: str | None = None,
        fetch_size: int = FETCH_ROWS,
    ) -> Session:
        """The session of this connection; the last one that was made is the one to use."""
        return Session(
            self._client,
            default_access_mode=default_access_mode,
            database=database,
            fetch_size=fetch_size,
        )

    def leader(self) -> str | None:
        """Who leads, as the member that it is connected to knows; only while nothing is open on the connection."""
        query = Query(
            "CALL samyama.cluster() YIELD bolt, role WITH * WHERE role = 'leader' RETURN bolt",
            metadata={"samyama.read": "stale"},
        )
        record = self.session(default_access_mode="READ").run(query).single()
        return None if record is None else str(record["bolt"])

    def reconnect(self) -> None:
        """Connect anew, for ``neo4j://`` to whoever leads now.

        Raises: Unreachable: nobody answers.
        """
        self._client.close()
        self._client = self._connect()

    def close(self) -> None:
        """End the connection."""
        self._client.close()

    def _open(self, address: str) -> _core.Client:
        return _core.Client.connect(address, self._user_agent, self._timeout_s)

    @staticmethod
    def _roles(client: _core.Client, address: str) -> dict[str, list[str]]:
        return {server["role"]: server["addresses"] for server in client.route(address)["servers"]}

    def _connect(self) -> _core.Client:
        failures: list[str] = []
        for address in dict.fromkeys([*self.members, *self._given.servers]):
            try:
                client = self._open(address)
            except OSError as error:
                failures.append(str(error))
                continue
            self.address = address
            return self._go_to_the_leader(client) if self._given.routed else client
        raise Unreachable("; ".join(failures))

    def _go_to_the_leader(self, client: _core.Client) -> _core.Client:
        """Any member serves everything, so one that cannot be reached is no reason to fail."""
        roles = self._roles(client, self.address)
        writers, routers = roles.get("WRITE", []), roles.get("ROUTE", [])
        self.members = list(dict.fromkeys([*writers, *routers]))
        if not writers or self.address == writers[0]:
            return client
        try:
            leader = self._open(writers[0])
        except OSError:
            return client
        client.close()
        self.address = writers[0]
        return leader
