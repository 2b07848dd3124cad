"""What SHOW FUNCTIONS and SHOW PROCEDURES tell is held to what can be called."""

from __future__ import annotations

import samyama
from samyama.cypher.parser import parse
from samyama.cypher.planner.expressions import AGGREGATES
from samyama.cypher.procedures.catalog import ALL
from samyama.cypher.procedures.functions import DESCRIBED
from samyama.cypher.semantic.signatures import FUNCTIONS

#: Written like functions, read as syntax of their own.
SYNTAX = {"all", "any", "none", "single", "reduce"}


def test_every_function_is_described_and_every_description_is_of_a_function() -> None:
    described = {one.name.lower() for one in DESCRIBED}
    known = set(FUNCTIONS) | AGGREGATES | SYNTAX
    assert described - known == set(), "described, but not known to the planner"
    assert known - described == set(), (
        "known to the planner, but not described in procedures/functions.py"
    )


def test_the_body_of_every_procedure_returns_its_columns() -> None:
    for procedure in ALL:
        if procedure.body is not None and procedure.columns:
            last = parse(procedure.body).body.parts[-1].clauses[-1]  # type: ignore[union-attr]
            returned = [item.name for item in last.items]  # type: ignore[attr-defined]
            assert returned == procedure.column_names, procedure.name


def test_every_procedure_answers() -> None:
    arguments = {
        "STRING": "'x'",
        "INTEGER": "1",
        "MAP": "{}",
        "LIST<STRING>": "[]",
        "LIST<FLOAT>": "[1.0]",
        "NODE": "a",
        "RELATIONSHIP": "r",
        "ANY": "a",
    }
    with samyama.open() as db:
        db.execute("CREATE (:A {x: 1})-[:T {y: [1.5]}]->(:B:C)").consume()
        for kind, target in (("FULLTEXT", "ON EACH [%s.x]"), ("VECTOR", "ON (%s.x)")):
            db.execute(f"CREATE {kind} INDEX {kind}_nodes FOR (n:A) {target % 'n'}").consume()
            db.execute(
                f"CREATE {kind} INDEX {kind}_relationships FOR ()-[r:T]-() {target % 'r'}"
            ).consume()
        for procedure in ALL:
            given = ", ".join(
                arguments[argument.type]
                for argument in procedure.arguments
                if argument.default is None
            )
            if procedure.name.startswith("db.index.") and given:
                kind, what = (
                    procedure.name.split(".")[2].upper(),
                    procedure.name.split("query")[1].lower(),
                )
                given = given.replace("'x'", f"'{kind}_{what}'", 1)
            if procedure.mode == "WRITE":
                given = given.replace("[]", "['A']")
                columns = ", ".join(procedure.column_names)
                behind = f" YIELD {columns} RETURN {columns}" if columns else ""
                result = db.execute(f"MATCH (a:A)-[r:T]->() CALL {procedure.name}({given}){behind}")
            else:
                result = db.execute(f"CALL {procedure.name}({given})")
            assert result.keys() == procedure.column_names, procedure.name
            result.consume()
