"""The demonstration, chapter by chapter. Every sentence that claims something is checked before it is printed."""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from samyama.cluster.client import fetch_text
from samyama.demo.families import MARRIAGES, WEALTH
from samyama.demo.writers import Writers
from samyama.testing import Cluster, Node, wait_until

if TYPE_CHECKING:
    import neo4j

__all__ = ["Broken", "tell"]

TICKS_BEFORE, TICKS_AFTER = 300, 300
#: How long a node without the others may take over an answer.
ALONE_TIMEOUT_S = 5


class Broken(AssertionError):
    """A promise was not kept."""


def check(is_kept: bool, what: str) -> None:
    """Raises: Broken: a promise was not kept."""
    if not is_kept:
        raise Broken(what)


class Story:
    """What the chapters share: the cluster, a routed driver, the screen, the facts for the summary."""

    def __init__(self, cluster: Cluster, driver: neo4j.Driver, console: Console) -> None:
        self.cluster, self.driver, self.console = cluster, driver, console
        self.facts: list[tuple[str, str]] = []
        self.acknowledged: set[str] = set()

    def chapter(self, title: str) -> None:
        self.console.print()
        self.console.rule(f"[bold]{title}", align="left")

    def say(self, text: str) -> None:
        self.console.print(text, highlight=False)

    def run(self, query: str, **parameters: Any) -> list[neo4j.Record]:
        return self.driver.execute_query(query, parameters).records

    def show(self, query: str, **parameters: Any) -> list[neo4j.Record]:
        """Print a query and its rows as a table."""
        self.console.print(Text(query, style="cyan"))
        records = self.run(query, **parameters)
        table = Table(*(records[0].keys() if records else ["(no rows)"]))
        for record in records:
            table.add_row(
                *(", ".join(v) if isinstance(v, list) else str(v) for v in record.values())
            )
        self.console.print(table)
        return records


def tell(console: Console, size: int = 3) -> None:
    """Run every chapter on a fresh cluster that goes when this returns.

    Raises: Broken: a promise was not kept; the message says which.
    """
    for name in ("neo4j", "neo4j.pool", "neo4j.session"):
        logging.getLogger(name).setLevel(
            logging.CRITICAL
        )  # the driver's retries are part of the show, not its noise
    began = time.monotonic()
    with Cluster(size, links=True) as cluster, cluster.driver() as driver:
        story = Story(cluster, driver, console)
        story.facts.append(
            (
                f"{size} processes, one cluster",
                f"{time.monotonic() - began:.1f} s to the first leader",
            )
        )
        for chapter in (members, one_write, families, killed_leader, return_of_the_dead, partition):
            chapter(story)
        last_look(story)
    summary = Table("Shown", "Seen", title="Summary", title_justify="left")
    for fact in story.facts:
        summary.add_row(*fact)
    console.print()
    console.print(summary)
    console.print(
        f"All of it held, in {time.monotonic() - began:.0f} s. The processes and their files are gone."
    )


def members(story: Story) -> None:
    """Who is there."""
    story.chapter("Three processes, three disks, one database")
    leader = story.cluster.leader()
    table = Table("Node", "Process", "Bolt", "Role", "Term")
    for node in story.cluster:
        status = node.status()
        role = "[bold green]leader[/bold green]" if node is leader else status.role
        table.add_row(str(node.id), str(node.pid), node.bolt, role, str(status.term))
    story.console.print(table)


def one_write(story: Story) -> None:
    """The stations of a single write."""
    story.chapter("One write and its way")
    query = 'CREATE (p:Person {name: "Alice"}) RETURN elementId(p) AS id'
    story.say(f"[cyan]{query}[/cyan]   (official neo4j Python driver)")
    leader = story.cluster.leader()
    began = time.monotonic()
    with story.driver.session() as session:
        record = session.run(query).single(strict=True)
        took_ms = 1000 * (time.monotonic() - began)
        index = int(next(iter(session.last_bookmarks().raw_values)).rsplit(":", 1)[1])

    def complete() -> dict[str, Any] | None:
        code, body = fetch_text(leader.http, f"/log/{index}")
        journey: dict[str, Any] = json.loads(body) if code == 200 else {}
        everywhere = len(journey.get("followers_us", {})) == len(story.cluster.nodes) - 1
        return journey if everywhere and journey["applied_us"] is not None else None

    journey = wait_until("the write to be on every disk", complete)
    stations = [
        (
            0,
            f"node {leader.id} (leader) appends it to its log: index {journey['index']}, term {journey['term']}",
        ),
        (journey["flushed_us"], f"on the disk of node {leader.id} (fdatasync)"),
        *(
            (us, f"on the disk of node {id}, as its answer says")
            for id, us in journey["followers_us"].items()
        ),
        (journey["committed_us"], "committed: a majority has it on disk"),
        (journey["applied_us"], "applied to the graph; the client is answered"),
    ]
    table = Table("µs", "Station")
    for us, station in sorted(stations, key=lambda pair: pair[0]):
        table.add_row(f"{us:>7,}", station)
    story.console.print(table)
    story.say(f"New node: {record['id']}. The driver had its answer after {took_ms:.1f} ms.")
    majority = sorted([journey["flushed_us"], *journey["followers_us"].values()])[
        len(story.cluster.nodes) // 2
    ]
    check(majority <= journey["applied_us"], "a write was applied before a majority had it on disk")
    story.facts.append(
        ("A write is on a majority's disks before it is acknowledged", f"{majority:,} µs")
    )


def families(story: Story) -> None:
    """A graph one can read."""
    story.chapter("A small real graph: marriages in Florence, about 1430 (Padgett and Ansell 1993)")
    story.run("CREATE CONSTRAINT family_name IF NOT EXISTS FOR (f:Family) REQUIRE f.name IS UNIQUE")
    story.run(
        "UNWIND $families AS f CREATE (:Family {name: f.name, wealth: f.wealth})",
        families=[{"name": name, "wealth": wealth} for name, wealth in WEALTH.items()],
    )
    story.run(
        "UNWIND $marriages AS m MATCH (a:Family {name: m[0]}), (b:Family {name: m[1]}) CREATE (a)-[:MARRIED]->(b)",
        marriages=[list(pair) for pair in MARRIAGES],
    )
    best = story.show(
        "MATCH (f:Family)-[:MARRIED]-(other) RETURN f.name AS family, f.wealth AS wealth, count(other) AS marriages "
        "ORDER BY marriages DESC, family LIMIT 4"
    )
    check(
        best[0]["family"] == "Medici" and best[0]["marriages"] == 6,
        "the Medici married into six families",
    )
    path = story.show(
        "MATCH p = shortestPath((:Family {name: 'Pazzi'})-[:MARRIED*]-(:Family {name: 'Strozzi'})) "
        "RETURN [f IN nodes(p) | f.name] AS `from the Pazzi to the Strozzi`, length(p) AS marriages"
    )
    check(path[0]["marriages"] == 4, "four marriages lead from the Pazzi to the Strozzi")
    story.facts.append(
        ("A graph of families", f"{len(WEALTH)} families, {len(MARRIAGES)} marriages, two queries")
    )


def killed_leader(story: Story) -> None:
    """kill -9 under load."""
    cluster = story.cluster
    story.chapter("kill -9 of the leader, under load")
    old = cluster.leader()
    with Writers(story.driver) as writers:
        writers.wait_for(TICKS_BEFORE)
        pid = old.pid
        moment = time.monotonic()
        old.kill()
        story.say(f"[red]kill -9 {pid}[/red]: node {old.id}, the leader, while 4 clients write")
        new = cluster.wait_for_leader(other_than=old.id)
        elected_ms = 1000 * (time.monotonic() - moment)
        writers.wait_for(TICKS_AFTER)
    gap_ms = writers.gap_ms(moment)
    story.acknowledged = set(writers.acknowledged)
    check(not writers.failed, f"clients were told of failures: {writers.failed[:3]}")
    story.say(f"Node {new.id} leads in term {new.status().term}, seen after {elected_ms:.0f} ms.")
    story.say(
        f"[bold]{gap_ms:.0f} ms[/bold] between the last acknowledgement before and the first after."
    )
    missing, doubled = compare(story)
    story.say(
        f"Clients whose connection broke during a commit, and that asked again under the same key: {writers.unknown}."
    )
    story.say(
        f"{len(story.acknowledged)} writes were acknowledged; missing now: {missing}, doubled: {doubled}."
    )
    story.facts.append(
        ("kill -9 of the leader under load", f"{gap_ms:.0f} ms without service, no write lost")
    )


def compare(story: Story) -> tuple[int, int]:
    """Acknowledged writes that are missing, and writes that are there twice: both must be none."""
    found = [record["id"] for record in story.run("MATCH (t:Tick) RETURN t.id AS id")]
    missing, doubled = len(story.acknowledged - set(found)), len(found) - len(set(found))
    check(missing == 0, f"{missing} acknowledged writes are gone")
    check(doubled == 0, f"{doubled} writes are there twice")
    return missing, doubled


def return_of_the_dead(story: Story) -> None:
    """The killed node starts again and catches up."""
    story.chapter("The dead node starts again")
    dead = next(node for node in story.cluster if not node.alive)
    began = time.monotonic()
    dead.start()
    dead.wait_ready()
    statuses = story.cluster.wait_equal()
    took_ms = 1000 * (time.monotonic() - began)
    one = statuses[dead.id]
    story.say(
        f"Node {dead.id} replayed its log, fetched what it had missed, and stands at index {one.applied_index}."
    )
    story.say(f"All three graphs have the fingerprint {one.fingerprint}.")
    story.facts.append(("The dead node catches up", f"{took_ms:.0f} ms from start to equal graphs"))


def partition(story: Story) -> None:
    """The minority refuses, the majority serves, all heals."""
    cluster = story.cluster
    story.chapter("The network splits: one node alone, two together")
    old = cluster.leader()
    cut = time.monotonic()
    cluster.isolate(old.id)
    story.say(
        f"Node {old.id}, the leader, is cut off from the others. Each request to it may take {ALONE_TIMEOUT_S} s."
    )
    new = cluster.wait_for_leader(other_than=old.id)
    with cluster.driver(new) as majority:
        majority.execute_query("CREATE (:Note {text: 'written by the majority'})")
    serving_ms = 1000 * (time.monotonic() - cut)
    story.say(
        f"[green]The majority[/green] has node {new.id} as leader and wrote after {serving_ms:.0f} ms."
    )
    refused = ask_alone(story, old, "CREATE (:Note {text: 'written by the minority'})")
    story.say(f"[yellow]The minority[/yellow], asked to write: {refused}")
    unread = ask_alone(story, old, "MATCH (n:Note) RETURN count(n) AS notes")
    story.say(f"[yellow]The minority[/yellow], asked to read: {unread}")
    stale = ask_alone(
        story, old, "MATCH (n:Note) RETURN count(n) AS notes", {"samyama.read": "stale"}
    )
    story.say(
        f"[yellow]The minority[/yellow], asked for an old answer (samyama.read = stale): {stale} notes"
    )
    check(stale == 0, "a stale read of the minority saw what it cannot know")
    check(isinstance(refused, str), "the minority acknowledged a write")
    check(isinstance(unread, str), "the minority answered a linearizable read")
    cluster.heal()
    cluster.wait_equal()
    texts = [record["text"] for record in story.run("MATCH (n:Note) RETURN n.text AS text")]
    check(texts == ["written by the majority"], f"after healing there are {texts}")
    story.say("Healed: all three are equal again, and only the majority's note is there.")
    story.facts.append(
        ("A partition", f"majority writes after {serving_ms:.0f} ms, minority refuses, all heals")
    )


def ask_alone(
    story: Story, node: Node, query: str, metadata: dict[str, Any] | None = None
) -> str | int:
    """The one value of the answer, or the words of the refusal. No retries: this is about what one node says."""
    from neo4j import Query
    from neo4j.exceptions import DriverError, Neo4jError

    with story.cluster.driver(node) as driver, driver.session() as session:
        try:
            rows = session.run(Query(query, metadata=metadata, timeout=ALONE_TIMEOUT_S)).values()
        except Neo4jError as error:
            return f"refused, {error.code}"
        except DriverError as error:
            return f"refused, {type(error).__name__}"
    return int(rows[0][0]) if rows else 0


def last_look(story: Story) -> None:
    """Everything that was ever acknowledged is on every node."""
    story.cluster.wait_equal()
    compare(story)
    for node in reversed(story.cluster.nodes):
        check(node.stop() == 0, f"node {node.id} did not stop in order")
