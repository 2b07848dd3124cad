"""Every GQL status that compilation can give has its standard text in the Bolt server, which sends both."""

from __future__ import annotations

import re
from pathlib import Path

from samyama.cypher import errors
from samyama.cypher.errors import Problem

ROOT = Path(__file__).parents[2]


def test_every_status_has_a_description() -> None:
    table = (ROOT / "crates" / "bolt" / "src" / "failure.rs").read_text("utf-8")
    described = set(re.findall(r'"([0-9A-Z]{5})",\s+"error: ', table))
    problems = {n: p for n, p in vars(errors).items() if isinstance(p, Problem)}
    assert len(problems) > 50
    assert {n: p.gql_status for n, p in problems.items() if p.gql_status not in described} == {}


def test_every_code_has_four_parts_and_every_type_is_one_of_the_suite() -> None:
    types = {"SyntaxError", "TypeError", "ProcedureError", "ParameterMissing"}
    for problem in (p for p in vars(errors).values() if isinstance(p, Problem)):
        assert len(problem.code.split(".")) == 4, problem
        assert problem.error_type in types, problem
