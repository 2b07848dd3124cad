"""Procedures that are defined on an open database: tables and queries, their mistakes, and who sees them."""

from __future__ import annotations

from pathlib import Path

import pytest

import samyama
from samyama.config.schema import Procedures, Settings
from samyama.cypher.procedures.defined import parse_signature, read_file
from samyama.errors import QueryError

CODES = "codes(in :: INTEGER?) :: (out :: STRING?)"


def test_a_table_answers_by_its_arguments() -> None:
    with samyama.open() as db:
        db.define_procedure(CODES, rows=[[1, "one"], [1, "it's"], [None, "none"], [3, None]])
        assert [row[0] for row in db.execute("CALL codes(1)")] == ["one", "it's"]
        assert db.execute("CALL codes(null)").single(strict=True)[0] == "none"
        assert db.execute("CALL codes($in)", {"in": 3}).single(strict=True)[0] is None
        with pytest.raises(QueryError, match="codes takes INTEGER as `in` and got Float") as error:
            db.execute("CALL codes($in)", {"in": 1.0})
        assert (error.value.error_type, error.value.phase) == ("TypeError", "runtime")


def test_an_integer_will_do_for_a_float() -> None:
    with samyama.open() as db:
        db.define_procedure("half(x :: FLOAT) :: (y :: FLOAT)", "RETURN x / 2 AS y")
        for call in ("half(3)", "half($x)"):
            assert db.execute(f"CALL {call}", {"x": 3}).single(strict=True)[0] == 1.5


def test_a_call_without_rows() -> None:
    with samyama.open() as db:
        db.define_procedure(CODES, rows=[[1, "one"]])
        assert db.execute("CALL codes(9)").fetch_all() == []


def test_a_procedure_without_columns_keeps_the_rows() -> None:
    with samyama.open() as db:
        db.define_procedure("nothing() :: ()", rows=[])
        assert db.execute("CALL nothing()").keys() == []
        assert (
            db.execute("UNWIND [1, 2] AS x CALL nothing() RETURN sum(x)").single(strict=True)[0]
            == 3
        )


def test_a_definition_replaces_the_plans_made_with_the_last() -> None:
    with samyama.open() as db, samyama.open() as other:
        for answer in ("first", "second"):
            db.define_procedure("greet() :: (text :: STRING)", f"RETURN '{answer}' AS text")
            assert db.execute("CALL greet()").single(strict=True)[0] == answer
        with pytest.raises(QueryError, match="no procedure with the name `greet`") as error:
            other.execute("CALL greet()")
        assert error.value.detail == "ProcedureNotFound"


def test_a_body_may_call_an_earlier_procedure_and_write() -> None:
    with samyama.open() as db:
        db.define_procedure(
            "make(name :: STRING) :: VOID", "CREATE (:N {name: name})", mode="WRITE"
        )
        body = "UNWIND names AS name CALL make(name) RETURN count(*) AS made"
        db.define_procedure(
            "make.all(names :: LIST<STRING>) :: (made :: INTEGER)", body, mode="WRITE"
        )
        assert db.execute("CALL make.all(['a', 'b'])").single(strict=True)[0] == 2
        assert db.execute("MATCH (n:N) RETURN count(n)").single(strict=True)[0] == 2


@pytest.mark.parametrize(
    ("signature", "body", "why"),
    [
        ("no signature", "RETURN 1 AS a", "is no signature"),
        ("p(a) :: (b :: ANY)", "RETURN 1 AS b", "not a list of name :: TYPE"),
        ("p(a :: ANY, a :: ANY) :: (b :: ANY)", "RETURN 1 AS b", "a name twice"),
        ("p() :: (b :: ANY)", "RETURN 1 AS c", "does not return its column `b`"),
        ("p() :: (b :: ANY)", "RETURN c AS b", "Variable `c` not defined"),
        (
            "p() :: (b :: ANY)",
            "CREATE (n) RETURN n AS b",
            "whose mode is READ, cannot contain clauses that write",
        ),
        ("p() :: (b :: ANY)", "CALL p() YIELD b RETURN b", "nests too deep"),
    ],
)
def test_what_is_wrong_is_said_when_it_is_defined(signature: str, body: str, why: str) -> None:
    with samyama.open() as db:
        with pytest.raises(ValueError, match=why):
            db.define_procedure(signature, body)
        with pytest.raises(QueryError):
            db.execute("CALL p()")


def test_rows_fit_their_signature() -> None:
    with samyama.open() as db:
        with pytest.raises(ValueError, match="a row of 1 values where the signature has 2"):
            db.define_procedure(CODES, rows=[[1]])
        with pytest.raises(ValueError, match="cannot stand in the table"):
            db.define_procedure(CODES, rows=[[1, object()]])
        with pytest.raises(ValueError, match="either a body or rows"):
            db.define_procedure(CODES)


def test_a_signature_in_its_parts() -> None:
    name, arguments, columns = parse_signature(
        "a.b (x :: INTEGER? , `y z` = 'd' :: STRING) :: (out :: LIST<ANY>) "
    )
    assert (name, columns) == ("a.b", (("out", "LIST<ANY>"),))
    assert [(a.name, a.type, a.default) for a in arguments] == [
        ("x", "INTEGER?", None),
        ("y z", "STRING", "'d'"),
    ]


def test_a_file_defines_procedures_and_its_mistakes_name_it(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        '[[procedure]]\nsignature = "one() :: (n :: INTEGER)"\nbody = "RETURN 1 AS n"\n'
    )
    with samyama.open(settings=Settings(procedures=Procedures(file=str(path)))) as db:
        assert db.execute("CALL one()").single(strict=True)[0] == 1
    for text, why in [
        ("[[procedure]]\nsignature = 'x'\nbody = ''", "is no signature"),
        ("[[procedure]]\nsignature = 'x() :: VOID'", "body"),
        ("[procedures]", "only \\[\\[procedure\\]\\]"),
        ("oops", "mine.toml"),
    ]:
        path.write_text(text)
        with pytest.raises(ValueError, match=why) as error:
            read_file(path)
        assert str(path) in str(error.value)
    with pytest.raises(ValueError, match="cannot be read"):
        read_file(tmp_path / "none.toml")
