"""Tokens to syntax tree: recursive descent, precedence climbing for expressions, no backtracking but at ``(`` and ``[``."""

from samyama.cypher.parser.query import parse

__all__ = ["parse"]
