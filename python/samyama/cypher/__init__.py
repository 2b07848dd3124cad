"""The Cypher front end, text to plan: lexer, parser, semantic checks, planner. No value, no graph is touched here."""

from samyama.cypher.compile import compile
from samyama.cypher.errors import CypherError

__all__ = ["CypherError", "compile"]
