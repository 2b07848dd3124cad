"""Tokens to syntax tree: recursive descent, precedence climbing for expressions; backtracks at ``(`` and ``[`` only."""

from samyama.cypher.parser.query import parse, parse_expression

__all__ = ["parse", "parse_expression"]
