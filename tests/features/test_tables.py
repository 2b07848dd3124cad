"""What SHOW FUNCTIONS and SHOW PROCEDURES tell is held to what can be called."""

from __future__ import annotations

import samyama
from samyama import _core
from samyama.cypher.parser import parse
from samyama.cypher.procedures.catalog import ALL
from samyama.cypher.semantic.signatures import BY_NAME

#: Read by the planner as something else than a function of the executor.
REWRITTEN = {"exists"}


#: Arguments that cannot be null.
NEEDED = {"percentile": "0.5", "predicate": "false", "start": "1", "end": "1", "step": "1"}


def test_every_function_of_the_executor_is_in_the_table_and_takes_as_many_arguments() -> None:
    implemented = dict(_core.functions())
    told = {name: (one.least, one.most) for name, one in BY_NAME.items() if not one.is_aggregating}
    assert {name: told.get(name) for name in implemented if name not in REWRITTEN} == {
        name: counts for name, counts in implemented.items() if name not in REWRITTEN
    }
    assert set(told) - set(implemented) - REWRITTEN == set()


def test_every_function_runs() -> None:
    with samyama.open() as db:
        for one in BY_NAME.values():
            for count in {one.least, one.least if one.most is None else one.most}:
                names = [argument.name for argument in one.arguments[:count]]
                given = ", ".join(NEEDED.get(name, "null") for name in names)
                found = db.execute(f"RETURN {one.name}({given}) AS x").single(strict=True)[0]
                assert count == 0 or found in (None, 0, [], [1], "NULL", False, True), one.name


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
        "LIST<ANY>": "[]",
        "LIST<NODE>": "[a]",
        "BOOLEAN": "false",
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
            if procedure.name.startswith("db.index.") and "query" in procedure.name:
                kind, what = (
                    procedure.name.split(".")[2].upper(),
                    procedure.name.split("query")[1].lower(),
                )
                given = given.replace("'x'", f"'{kind}_{what}'", 1)
            if procedure.name == "db.index.vector.createNodeIndex":
                given = "'x', 'X', 'x', 3, 'cosine'"
            if procedure.mode == "WRITE":
                given = given.replace("[]", "['A']")
                columns = ", ".join(procedure.column_names)
                behind = f" YIELD {columns} RETURN {columns}" if columns else ""
                result = db.execute(f"MATCH (a:A)-[r:T]->() CALL {procedure.name}({given}){behind}")
            else:
                result = db.execute(f"CALL {procedure.name}({given})")
            assert result.keys() == procedure.column_names, procedure.name
            result.consume()
