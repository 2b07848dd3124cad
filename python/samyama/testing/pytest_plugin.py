"""Fixtures for pytest: an embedded database and a cluster of real processes.

Not loaded by itself: name it in ``conftest.py``::

    pytest_plugins = ["samyama.testing.pytest_plugin"]

``samyama_database`` is an empty database in memory, new for each test. ``samyama_cluster`` is a
:class:`~samyama.testing.Cluster` that is started once and handed to each test whole and empty: what the test before has
killed, paused, cut or written is undone. ``samyama_driver`` is the official driver on it.

Options of ``pytest.ini``: ``samyama_cluster_size`` (1, 3, 5 or 7; default 3), ``samyama_cluster_links`` (default true:
links can be cut).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import neo4j

    from samyama import Database
    from samyama.testing import Cluster

__all__ = ["pytest_addoption", "samyama_cluster", "samyama_database", "samyama_driver"]

#: For a cluster that a test has left in pieces.
_WHOLE_TIMEOUT_S = 60.0


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("samyama_cluster_size", "Nodes of samyama_cluster.", default="3")
    parser.addini(
        "samyama_cluster_links", "Whether its links can be cut.", type="bool", default=True
    )


@pytest.fixture
def samyama_database() -> Iterator[Database]:
    """An empty database in memory."""
    import samyama

    with samyama.open() as database:
        yield database


@pytest.fixture(scope="session")
def _samyama_shared_cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    from samyama.testing import Cluster

    size = int(request.config.getini("samyama_cluster_size"))
    with Cluster(size, links=bool(request.config.getini("samyama_cluster_links"))) as cluster:
        yield cluster


@pytest.fixture
def samyama_cluster(_samyama_shared_cluster: Cluster) -> Cluster:
    """A cluster of real processes, whole and empty."""
    _make_whole(_samyama_shared_cluster)
    _make_empty(_samyama_shared_cluster)
    return _samyama_shared_cluster


@pytest.fixture
def samyama_driver(samyama_cluster: Cluster) -> Iterator[neo4j.Driver]:
    """The official driver, routed over ``samyama_cluster``."""
    with samyama_cluster.driver() as driver:
        yield driver


def _make_whole(cluster: Cluster) -> None:
    if cluster.has_links:
        cluster.heal()
    for node in cluster:
        if node.paused:
            node.resume()
    cluster.start(_WHOLE_TIMEOUT_S)
    cluster.wait_for_leader(timeout_s=_WHOLE_TIMEOUT_S)


def _make_empty(cluster: Cluster) -> None:
    from samyama._remote import Remote

    remote = Remote(cluster.uri, "samyama-testing")
    try:
        session = remote.session()
        session.run("MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS").consume()
        for name in session.run("SHOW CONSTRAINTS YIELD name RETURN name").value():
            session.run(f"DROP CONSTRAINT `{name}`").consume()
        query = "SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP' RETURN name"
        for name in session.run(query).value():
            session.run(f"DROP INDEX `{name}`").consume()
    finally:
        remote.close()
