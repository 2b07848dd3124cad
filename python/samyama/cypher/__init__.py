"""The Cypher front end: text to plan. Lexer, parser, semantic checks and planner; nothing here touches a value or a graph."""

from samyama.cypher.compile import compile
from samyama.cypher.errors import CypherError

__all__ = ["CypherError", "compile"]
