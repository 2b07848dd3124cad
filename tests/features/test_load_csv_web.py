"""LOAD CSV over http and https, from a real server on loopback: what is read, and everything that is not."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import neo4j.exceptions
import pytest
import trustme
from tests.features.web import Web, web

import samyama
from samyama.config.schema import Limits, Load, Settings
from samyama.errors import SamyamaError
from samyama.testing import Cluster, wait_until

BYTES_MAX = 500_000
TIMEOUT_MS = 1_500
FAILED = "Neo.ClientError.Statement.ExternalResourceFailed"


@pytest.fixture(scope="module")
def server() -> Iterator[Web]:
    with web() as server:
        yield server


@pytest.fixture(scope="module")
def database(server: Web) -> Iterator[samyama.Database]:
    load = Load(
        csv_web_allowed=(server.url("/data/"),),
        csv_web_bytes_max=BYTES_MAX,
        csv_web_timeout_ms=TIMEOUT_MS,
    )
    with samyama.open(settings=Settings(load=load)) as database:
        yield database


def refusal(database: samyama.Database, url: str) -> str:
    with pytest.raises(SamyamaError) as caught:
        database.execute("LOAD CSV FROM $url AS row RETURN count(row)", url=url).fetch_all()
    assert caught.value.code == FAILED
    return caught.value.message


def value(database: samyama.Database, query: str, **parameters: Any) -> Any:
    (record,) = database.execute(query, **parameters).fetch_all()
    return record[0]


def test_rows_of_an_address(database: samyama.Database, server: Web) -> None:
    for path in ("/data/people.csv", "/data/deep/people.csv?day=1", "/data/moved"):
        rows = database.execute(
            "LOAD CSV WITH HEADERS FROM $url AS row RETURN row.name, linenumber(), file()",
            url=server.url(path),
        ).fetch_all()
        assert [tuple(row) for row in rows] == [
            ("Ada", 2, server.url(path)),
            ("Bob", 3, server.url(path)),
        ]
    assert value(
        database, "LOAD CSV FROM $url AS row RETURN count(*)", url=server.url("/data/chunked.csv")
    ) == (50_000)
    asked = server.headers[-1]
    assert "accept-encoding" not in asked, "compressed is not what can be read"
    assert not {"cookie", "authorization"} & set(asked)


def test_a_write_is_done_once_with_what_was_read(database: samyama.Database, server: Web) -> None:
    url = server.url("/data/people.csv?write")
    query = "LOAD CSV WITH HEADERS FROM $url AS row CREATE (:Person {id: row.id})"
    counters = database.execute(query, url=url).consume().counters
    assert counters["nodes-created"] == 2
    with database.begin() as transaction:
        transaction.run(query, url=url).consume()
        transaction.commit()
    assert value(database, "MATCH (p:Person) RETURN count(*)") == 4
    in_batches = "CALL (row) { CREATE (:Batch {id: row.id}) } IN TRANSACTIONS OF 1 ROW"
    database.execute(f"LOAD CSV WITH HEADERS FROM $url AS row {in_batches}", url=url).consume()
    assert value(database, "MATCH (p:Batch) RETURN count(*)") == 2
    assert server.paths.count("/data/people.csv?write") == 3, "each fetched it once"


def test_what_is_not_allowed_is_not_asked_for(database: samyama.Database, server: Web) -> None:
    before = len(server.paths)
    for url in (
        server.url("/secret/people.csv"),
        server.url("/database/people.csv"),
        server.url("/data/../secret/people.csv"),
        server.url("/data/%2e%2e/secret/people.csv"),
        server.url("/data/people.csv", host="localhost"),
        server.url("/data/people.csv").replace("http:", "https:"),
        server.url("/data/people.csv").replace("127.0.0.1", "me:secret@127.0.0.1"),
        "http://example.org/data/people.csv",
    ):
        said = refusal(database, url)
        assert "load.csv_web_allowed" in said or said.startswith("Cannot read"), said
    assert "ftp:// is not supported" in refusal(database, "ftp://127.0.0.1/data/people.csv")
    assert len(server.paths) == before


def test_redirects_lead_only_to_what_is_allowed(database: samyama.Database, server: Web) -> None:
    before = len(server.paths)
    said = refusal(database, server.url("/data/out"))
    assert f"`{server.url('/data/out')}` was redirected there" in said
    assert "was redirected there" in refusal(database, server.url("/data/elsewhere"))
    assert server.paths[before:] == ["/data/out", "/data/elsewhere"]
    assert "more than 5 redirects" in refusal(database, server.url("/data/round"))


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/data/nothing.csv", "the server answered 404 Not Found"),
        ("/data/large.csv", f"more than load.csv_web_bytes_max ({BYTES_MAX}) bytes"),
        ("/data/endless.csv", f"more than load.csv_web_bytes_max ({BYTES_MAX}) bytes"),
        ("/data/cut.csv", "cannot be read"),
        ("/data/slow.csv", f"longer than load.csv_web_timeout_ms ({TIMEOUT_MS})"),
        ("/data/packed.csv", "it comes as gzip, which was not asked for"),
    ],
)
@pytest.mark.parametrize("writes", [False, True], ids=["read", "write"])
def test_what_cannot_be_read_to_its_end_changes_nothing(
    database: samyama.Database, server: Web, path: str, said: str, writes: bool
) -> None:
    query = (
        f"LOAD CSV FROM $url AS row {'CREATE (:Half)' if writes else 'WITH count(*) AS c'} RETURN 1"
    )
    with pytest.raises(SamyamaError) as caught:
        database.execute(query, url=server.url(path)).fetch_all()
    assert caught.value.code == FAILED
    assert said in caught.value.message or (writes and "Cannot read" in caught.value.message)
    assert value(database, "MATCH (h:Half) RETURN count(*)") == 0


def test_a_server_that_is_not_there() -> None:
    with web() as gone:
        url = gone.url("/data/people.csv")
        load = Load(csv_web_allowed=(gone.url("/"),))
    with samyama.open(settings=Settings(load=load)) as other:
        assert "Cannot read" in refusal(other, url)


def test_a_transaction_ends_when_its_time_is_up(server: Web) -> None:
    """Its own limit, not the longer one of addresses."""
    server.go_on.clear()
    load = Load(csv_web_allowed=(server.url("/data/"),), csv_web_timeout_ms=60_000)
    limits = Limits(query_timeout_ms=700)
    with samyama.open(settings=Settings(load=load, limits=limits)) as database:
        for query in (
            "LOAD CSV FROM $url AS row WITH count(*) AS c RETURN c",
            "LOAD CSV FROM $url AS row CREATE ()",
        ):
            with pytest.raises(SamyamaError) as caught:
                database.execute(query, url=server.url("/data/slow.csv")).fetch_all()
            assert caught.value.code.startswith("Neo.ClientError.Transaction.TransactionTimedOut")


def test_nobody_waits_for_a_slow_server(server: Web) -> None:
    """A write that waits for its rows is not in the way of others, and sees what they did: it gets through at last."""
    load = Load(csv_web_allowed=(server.url("/data/"),), csv_web_timeout_ms=60_000)
    server.go_on.clear()
    with samyama.open(settings=Settings(load=load)) as database:
        database.execute("CREATE (:Sum {rows: 0, others: 0})").consume()
        slow = threading.Thread(
            target=lambda: database.execute(
                "MATCH (s:Sum) LOAD CSV FROM $url AS row WITH s, count(row) AS rows"
                " SET s.rows = rows + s.others * 0",
                url=server.url("/data/slow.csv"),
            ).consume()
        )
        before = server.paths.count("/data/slow.csv")
        slow.start()
        wait_until("it to be asked for", lambda: server.paths.count("/data/slow.csv") > before)
        for _ in range(50):
            database.execute("MATCH (s:Sum) SET s.others = s.others + 1").consume()
        assert slow.is_alive()
        server.go_on.set()
        slow.join(30)
        (record,) = database.execute("MATCH (s:Sum) RETURN s.rows, s.others").fetch_all()
        assert tuple(record) == (3, 50)
    assert server.paths.count("/data/slow.csv") == before + 1, (
        "what had been read was read again from where it was kept"
    )


@pytest.mark.cluster
def test_the_leader_fetches_for_who_relays(server: Web) -> None:
    settings = {"load": {"csv_web_allowed": [server.url("/data/")]}}
    with Cluster(3, settings=settings) as cluster:
        with cluster.driver(cluster.followers()[0]) as driver:
            query = "LOAD CSV WITH HEADERS FROM $url AS row CREATE (p:P {id: row.id}) RETURN p.id"
            records = driver.execute_query(query, url=server.url("/data/people.csv")).records
            assert [record[0] for record in records] == ["1", "2"]
        cluster.wait_equal()


def tls_of(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


@pytest.mark.cluster
def test_https_is_read_from_whom_the_machine_trusts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = trustme.CA()
    known.cert_pem.write_to_path(str(tmp_path / "known.pem"))
    # Where the node's TLS looks for the machine's certificates.
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "known.pem"))
    with (
        web(tls_of(known, "127.0.0.1")) as good,
        web(tls_of(trustme.CA(), "127.0.0.1")) as stranger,
        web(tls_of(known, "example.org")) as another,
    ):
        allowed = [server.url("/data/") for server in (good, stranger, another)]
        with (
            Cluster(1, settings={"load": {"csv_web_allowed": allowed}}) as cluster,
            cluster.driver() as driver,
        ):
            query = "LOAD CSV WITH HEADERS FROM $url AS row RETURN row.name"
            records = driver.execute_query(query, url=good.url("/data/people.csv")).records
            assert [record[0] for record in records] == ["Ada", "Bob"]
            for server, why in ((stranger, "UnknownIssuer"), (another, "not valid for name")):
                with pytest.raises(neo4j.exceptions.ClientError) as caught:
                    driver.execute_query(query, url=server.url("/data/people.csv"))
                assert caught.value.code == FAILED
                assert why in str(caught.value.message)
                assert server.paths == [], "it was asked although it could be anybody"
