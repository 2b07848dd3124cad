"""The table of error codes is what the sources can say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import samyama
from samyama.error_codes import ERROR_CODES
from samyama.errors import SamyamaError

ROOT = Path(__file__).resolve().parents[2]
#: Behind it there are only tests; a single item that tests need ends nothing.
_TESTS = re.compile(r"#\[cfg\(test\)\]\n(?:#\[.*\n)*mod \w+ \{")
_CODE = re.compile(r'"(Neo\.(?:ClientError|TransientError|DatabaseError)\.\w+\.\w+)"')


def in_sources() -> set[str]:
    """Tests and the load generator of Bolt say none of their own."""
    files = [
        *(ROOT / "crates").glob("*/src/**/*.rs"),
        *(ROOT / "python/samyama/cypher").rglob("*.py"),
    ]
    found: set[str] = set()
    for file in files:
        if file.name.endswith("tests.rs") or {"tests", "sim"} & set(file.parts):
            continue
        text = file.read_text("utf-8")
        found |= set(_CODE.findall(_TESTS.split(text)[0]))
    return found


def test_every_code_has_its_row() -> None:
    table = {one.full for one in ERROR_CODES}
    assert in_sources() == table


def test_rows_stand_once_and_say_something() -> None:
    codes = [one.code for one in ERROR_CODES]
    assert len(codes) == len(set(codes))
    for one in ERROR_CODES:
        assert one.meaning.endswith("."), one.code
        assert one.advice.endswith("."), one.code
        assert all(re.fullmatch(r"[0-9A-Z]{5}", status) for status in one.gql.split()), one.code
        assert one.is_retried == (one.raised_as == "TransientError")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("RETURN", "ClientError.Statement.SyntaxError"),
        ("RETURN 1 / 0", "ClientError.Statement.ArithmeticError"),
        ("RETURN $missing", "ClientError.Statement.ParameterMissing"),
        ("CALL no.such()", "ClientError.Procedure.ProcedureNotFound"),
        ("CREATE (a)-[:R]->(a) WITH a DELETE a", "ClientError.Schema.ConstraintValidationFailed"),
        ("MERGE (n {x: null})", "ClientError.Statement.SemanticError"),
        ("DROP INDEX none", "ClientError.Schema.IndexDropFailed"),
        ("DROP CONSTRAINT none", "ClientError.Schema.ConstraintDropFailed"),
        (
            "LOAD CSV FROM 'file:///x' AS row RETURN row",
            "ClientError.Statement.ExternalResourceFailed",
        ),
        ("RETURN range(1, 1000000000)", "ClientError.General.TransactionOutOfMemoryError"),
        ("RETURN duration('x')", "ClientError.Statement.ArgumentError"),
        ("CREATE (n) DELETE n RETURN n.x", "ClientError.Statement.EntityNotFound"),
    ],
)
def test_codes_and_their_statuses_are_as_listed(query: str, code: str) -> None:
    row = next(one for one in ERROR_CODES if one.code == code)
    with samyama.open() as db, pytest.raises(SamyamaError) as caught:
        db.execute(query)
    assert caught.value.code == row.full
    assert caught.value.gql_status in row.gql.split()
    assert type(caught.value).__name__ == row.raised_as
