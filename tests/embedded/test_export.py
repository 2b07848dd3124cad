"""Results in the shapes of other libraries."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys

import pytest

import samyama

GRAPH = (
    "CREATE (a:Person {name: 'Ada', born: 1815})-[:KNOWS {since: 1833}]->(b:Person {name: 'Charles'}),"
    " (a)-[:KNOWS]->(a)"
)


def test_frames_keep_columns_and_values(db: samyama.Database) -> None:
    pytest.importorskip("pandas")
    frame = db.execute("UNWIND [1, 2] AS x RETURN x, x * 1.5 AS y, 't' + x AS t").to_df()
    assert list(frame.columns) == ["x", "y", "t"]
    assert frame["x"].tolist() == [1, 2]
    assert frame["y"].tolist() == [1.5, 3.0]
    empty = db.execute("MATCH (n:None) RETURN n.a AS a, n.b AS b").to_df()
    assert list(empty.columns) == ["a", "b"]
    assert len(empty) == 0


def test_frames_expand_entities_as_the_driver_does(db: samyama.Database) -> None:
    pytest.importorskip("pandas")
    db.execute(GRAPH)
    query = "MATCH (a)-[r {since: 1833}]->() RETURN a, r, [1, 2] AS l, {k: 3} AS m"
    frame = db.execute(query).to_df(expand=True)
    row = frame.iloc[0]
    assert row["a().prop.name"] == "Ada"
    assert row["a().labels"] == {"Person"}
    assert (row["r->.type"], row["r->.prop.since"]) == ("KNOWS", 1833)
    assert row["r->.start.element_id"] == row["a().element_id"]
    assert (row["l[].1"], row["m{}.k"]) == (2, 3)


def test_arrow_tables_have_types(db: samyama.Database) -> None:
    arrow = pytest.importorskip("pyarrow")
    table = db.execute(
        "UNWIND [1, null] AS x RETURN x, date('2026-01-02') AS d, [1.5] AS l, point({x: 1, y: 2}) AS p,"
        " duration({days: 1, seconds: 2}) AS u"
    ).to_arrow()
    assert table.column("x").to_pylist() == [1, None]
    assert table.schema.field("x").type == arrow.int64()
    assert table.column("d").to_pylist()[0] == dt.date(2026, 1, 2)
    assert table.column("l").to_pylist()[0] == [1.5]
    assert table.column("p").to_pylist()[0]["y"] == 2.0
    assert table.column("u").to_pylist()[0].days == 1
    assert arrow.table(db.execute("RETURN 1 AS one")).to_pylist() == [{"one": 1}]


def test_arrow_refuses_what_it_has_no_type_for_by_the_column(db: samyama.Database) -> None:
    pytest.importorskip("pyarrow")
    with pytest.raises(TypeError, match="column `n` holds a node"):
        db.execute("CREATE (n) RETURN n").to_arrow()
    with pytest.raises(TypeError, match="column `x` has no single Arrow type"):
        db.execute("UNWIND [1, 'a'] AS x RETURN x").to_arrow()
    with pytest.raises(TypeError, match="column `t` holds"):
        db.execute("RETURN localtime('00:00:00.000000001') AS t").to_arrow()


def test_graphs_hold_each_entity_once_with_its_properties(db: samyama.Database) -> None:
    networkx = pytest.importorskip("networkx")
    db.execute(GRAPH)
    graph = db.execute("MATCH p = (a)-[r]->(b) RETURN p, r, [a, b] AS ends").to_networkx()
    assert isinstance(graph, networkx.MultiDiGraph)
    assert (graph.number_of_nodes(), graph.number_of_edges()) == (2, 2)
    names = {data["name"]: data for _, data in graph.nodes(data=True)}
    assert names["Ada"] == {"name": "Ada", "born": 1815, "labels": {"Person"}}
    assert {data["type"] for _, _, data in graph.edges(data=True)} == {"KNOWS"}
    assert networkx.number_of_selfloops(graph) == 1


def test_importing_samyama_imports_none_of_them() -> None:
    check = "import samyama, sys; print([m for m in ('pandas', 'numpy', 'pyarrow', 'networkx') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_missing_library_is_named_with_the_way_to_get_it() -> None:
    code = (
        "import sys; sys.modules['pandas'] = None\n"
        "import samyama\n"
        "with samyama.open() as db: db.execute('RETURN 1').to_df()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "pip install 'samyama[pandas]'" in done.stderr
