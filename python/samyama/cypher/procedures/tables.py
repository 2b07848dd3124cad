"""SHOW FUNCTIONS and SHOW PROCEDURES: known before anything runs."""

from __future__ import annotations

from typing import Any

from samyama.cypher.procedures.catalog import Procedure
from samyama.cypher.procedures.defined import Registry
from samyama.cypher.semantic.signatures import FUNCTIONS, Function

__all__ = ["rows"]

Row = dict[str, Any]


def _function(one: Function) -> Row:
    return {
        "name": one.name,
        "category": one.category,
        "description": one.about,
        "signature": one.signature,
        "isBuiltIn": True,
        "argumentDescription": [
            {"name": a.name, "type": a.type, "description": "", "default": a.default}
            for a in one.arguments
        ],
        "returnDescription": one.result_text,
        "aggregating": one.is_aggregating,
        "rolesExecution": None,
        "rolesBoostedExecution": None,
        "isDeprecated": False,
        "deprecatedBy": None,
    }


def _procedure(one: Procedure) -> Row:
    return {
        "name": one.name,
        "description": one.description,
        "mode": one.mode,
        "worksOnSystem": one.mode == "DBMS",
        "signature": one.signature,
        "argumentDescription": [
            {
                "name": a.name,
                "type": a.type,
                "description": "",
                "isDeprecated": False,
                "default": a.default,
            }
            for a in one.arguments
        ],
        "returnDescription": [
            {"name": n, "type": t, "description": "", "isDeprecated": False} for n, t in one.columns
        ],
        "admin": False,
        "rolesExecution": None,
        "rolesBoostedExecution": None,
        "isDeprecated": False,
        "deprecatedBy": None,
        "option": {"deprecated": False},
    }


def rows(what: str, registry: Registry) -> list[Row]:
    """``functions`` or ``procedures``."""
    if what == "functions":
        return [_function(one) for one in FUNCTIONS]
    return [_procedure(one) for one in registry.all()]
