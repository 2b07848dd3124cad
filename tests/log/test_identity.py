"""Whose directory is it? A node in the wrong place, or with the wrong disk, is refused in words."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from samyama.exits import Exit
from samyama.inspect import Damage, crc32c, read_identity
from samyama.testing import Cluster, Node, StartFailed, wait_until

pytestmark = pytest.mark.cluster


def refusal(node: Node) -> str:
    """Why it does not start."""
    node.log_file.write_bytes(b"")
    node.start()
    with pytest.raises(StartFailed):
        node.wait_ready(20)
    assert node.exit_code == Exit.REFUSED
    return node.log_tail()


def test_two_processes_on_one_directory(tmp_path: Path) -> None:
    with (
        Cluster(1, directory=tmp_path / "first") as cluster,
        Cluster(1, directory=tmp_path / "second") as other,
    ):
        other.nodes[0].stop()
        text = other.nodes[0].config_file.read_text("utf-8")
        there = str(cluster.nodes[0].directory / "data")
        other.nodes[0].config_file.write_text(
            text.replace(str(other.nodes[0].directory / "data"), there), "utf-8"
        )
        said = refusal(other.nodes[0])
        assert f"{there}/LOCK is held by another process" in said
        assert "one directory belongs to one running node" in said
        with cluster.driver() as driver:
            driver.execute_query("CREATE (:N)")


def test_another_nodes_directory(tmp_path: Path) -> None:
    with Cluster(3, directory=tmp_path) as cluster:
        first, second = cluster.nodes[0], cluster.nodes[1]
        first.stop()
        second.stop()
        shutil.rmtree(first.directory / "data")
        shutil.copytree(second.directory / "data", first.directory / "data")
        said = refusal(first)
        assert (
            "belongs to node 2, and this is node 1 (node.id): give the node its own directory"
            in said
        )


def test_a_reused_id_with_a_wiped_disk(tmp_path: Path) -> None:
    with Cluster(3, directory=tmp_path) as cluster:
        with cluster.driver() as driver:
            driver.execute_query("CREATE (:N {i: 1})")
        cluster.wait_equal()
        node = cluster.followers()[0]
        node.stop()
        before = read_identity(node.directory / "data")
        shutil.rmtree(node.directory / "data")
        node.log_file.write_bytes(b"")
        node.start()
        wait_until(
            "the others to refuse it",
            lambda: f"node {node.id} was here before with another disk" in node.log_tail(200),
            20,
        )
        assert (
            "an empty directory and a new id, and have that replace the old one"
            in node.log_tail(200)
        )
        after = read_identity(node.directory / "data")
        assert (after.node, after.cluster) == (before.node, before.cluster)
        assert after.incarnation != before.incarnation
        # It takes no part, and the others go on without it.
        with cluster.driver(cluster.leader()) as driver:
            driver.execute_query("CREATE (:N {i: 2})")
        status = node.try_status()
        assert status is None or status.nodes == 0, "it was given the log under its old id"


def test_another_clusters_data(tmp_path: Path) -> None:
    with (
        Cluster(3, directory=tmp_path / "a") as ours,
        Cluster(1, directory=tmp_path / "b") as other,
    ):
        for cluster, name in ((ours, "ours"), (other, "other")):
            with cluster.driver() as driver:
                driver.execute_query("CREATE (:Of {cluster: $name})", name=name)
        node, stranger = ours.followers()[0], other.nodes[0]
        node.stop()
        stranger.stop()
        kept = node.directory / "kept"
        shutil.move(node.directory / "data", kept)
        # The whole directory of another cluster, with the identity made to fit.
        shutil.copytree(stranger.directory / "data", node.directory / "data")
        if node.id != 1:
            assert "belongs to node 1" in refusal(node)
        # Its log in our directory: every segment says whose it is.
        for part, complaint in (("log", "it belongs to another cluster or node"),):
            shutil.rmtree(node.directory / "data")
            shutil.copytree(kept, node.directory / "data")
            shutil.rmtree(node.directory / "data" / part)
            shutil.copytree(stranger.directory / "data" / part, node.directory / "data" / part)
            said = refusal(node)
            assert complaint in said
            assert str(node.directory / "data" / part) in said
            assert "remove this one from the cluster and add a new node" in said, "the way out"
        shutil.rmtree(node.directory / "data")
        shutil.move(kept, node.directory / "data")
        ours.start()
        ours.wait_equal()


@pytest.mark.parametrize("missing", ["IDENTITY", "log"])
def test_a_directory_that_is_there_in_part(tmp_path: Path, missing: str) -> None:
    with Cluster(3, directory=tmp_path) as cluster:
        cluster.wait_equal()
        node = cluster.followers()[0]
        node.stop()
        there = node.directory / "data" / missing
        aside = node.directory / missing
        shutil.move(there, aside)
        said = refusal(node)
        assert str(there) in said
        assert {"IDENTITY": "copied or removed in part", "log": "has forgotten its vote"}[
            missing
        ] in said
        if there.is_dir():
            shutil.rmtree(there)  # made at the start, and empty
        shutil.move(aside, there)
        cluster.start()
        cluster.wait_equal()


def test_a_damaged_identity_is_named(tmp_path: Path) -> None:
    with Cluster(1, directory=tmp_path) as cluster:
        node = cluster.nodes[0]
        node.stop()
        file = node.directory / "data/IDENTITY"
        whole = file.read_bytes()
        file.write_bytes(whole[:20] + bytes([whole[20] ^ 4]) + whole[21:])
        said = refusal(node)
        assert str(file) in said
        assert "checksum is wrong" in said
        file.write_bytes(whole)
        cluster.start()


def test_a_directory_of_an_earlier_format_is_refused_by_its_version(tmp_path: Path) -> None:
    with Cluster(1, directory=tmp_path) as cluster:
        node = cluster.nodes[0]
        node.stop()
        file = node.directory / "data/IDENTITY"
        whole = file.read_bytes()
        # Version 1 ended with the incarnation.
        body = whole[:8] + (1).to_bytes(2, "little") + whole[10:42]
        file.write_bytes(body + crc32c(body).to_bytes(4, "little"))
        said = refusal(node)
        assert "is of format version 1, and this program reads 2" in said
        assert "take a backup" in said, "the way out"
        with pytest.raises(Damage, match="format version 1; this program reads 2"):
            read_identity(node.directory / "data")
        file.write_bytes(whole)
        cluster.start()
