"""Tokens to syntax tree: recursive descent, precedence climbing for expressions; backtracks at ``(`` and ``[`` only."""

from samyama.cypher.parser.query import parse

__all__ = ["parse"]
