"""Whole statements: queries, unions, schema commands, EXPLAIN and PROFILE."""

from __future__ import annotations

from collections.abc import Sequence

from samyama.cypher import ast
from samyama.cypher import errors as e
from samyama.cypher.lexer import EOF, tokenize
from samyama.cypher.parser.commands import Commands

__all__ = ["parse", "parse_expression"]


class Parser(Commands):
    def statement(self) -> ast.Statement:
        start, mode = self.start(), "run"
        while self.is_word("CYPHER") and not self.is_op("(", 1):
            self.at += 1
            if self.kinds[self.at] == 2:
                self.at += 1
            while self.is_name() and self.is_op("=", 1):
                self.at += 3
        while True:
            if self.accept_word("EXPLAIN"):
                mode = "explain"
            elif self.accept_word("PROFILE"):
                mode = "profile"
            else:
                break
        if self.is_word("USE") and self.is_name(1):
            self.at += 1
            if (
                self.uppers[self.at] not in ("NEO4J", "SYSTEM")
                or self.is_op(".", 1)
                or self.is_op("(", 1)
            ):
                message = "USE of other graphs than `neo4j` is not supported: there is one database"
                self.fail(message, e.NOT_SUPPORTED)
            self.at += 1
        body: ast.Query | ast.Command | None = self.command()
        if body is None:
            body = self.query()
        self.accept_op(";")
        if self.kinds[self.at] != EOF:
            self.fail_expected("a clause or the end of the query")
        return ast.Statement(start, self.end(), mode, body)

    def query(self) -> ast.Query:
        start = self.start()
        parts, all_flags = [self._single_query()], []
        while self.accept_word("UNION"):
            all_flags.append(self.accept_word("ALL"))
            if not all_flags[-1]:
                self.accept_word("DISTINCT")
            parts.append(self._single_query())
        return ast.Query(start, self.end(), parts, all_flags)

    def _single_query(self) -> ast.SingleQuery:
        start = self.start()
        clauses: list[ast.Clause] = []
        while (clause := self.clause()) is not None:
            clauses.append(clause)
        if not clauses:
            self.fail_expected("a clause such as MATCH, CREATE or RETURN")
        return ast.SingleQuery(start, self.end(), clauses)

    def subquery_body(self) -> ast.Query:
        """Inside EXISTS, COUNT, COLLECT: a query, or just patterns with WHERE."""
        start = self.start()
        if self.is_op("(") or (self.is_name() and self.is_op("=", 1)):
            paths = self.paths()
            where = self.expression() if self.accept_word("WHERE") else None
            match = ast.Match(start, self.end(), False, paths, where)
            return ast.Query(start, self.end(), [ast.SingleQuery(start, self.end(), [match])], [])
        return self.query()


def parse(text: str, literals: Sequence[tuple[int, int]] = ()) -> ast.Statement:
    """Parse one statement.

    Args:
        text: The query.
        literals: Where the literals stand that the plan cache has stripped: start and end, in order.

    Raises: CypherError: where it is not Cypher.

    Example:
        >>> parse("RETURN 1 + 2 AS three").body.parts[0].clauses[0].items[0].name
        'three'
    """
    tokens = tokenize(text)
    if literals:
        # Otherwise a plan would keep the value of one text and be found for another.
        ends = dict(zip(tokens.starts, tokens.ends, strict=True))
        assert all(ends.get(start) == end for start, end in literals), "what is stripped is a token"
    parser = Parser(tokens, {start: number for number, (start, _) in enumerate(literals)})
    try:
        return parser.statement()
    except RecursionError:
        # The caller's own depth counts too, so this may come before the parser's own limit.
        parser.fail("The query nests too deep; split it into several clauses", e.NESTED_TOO_DEEP)


def parse_expression(text: str) -> ast.Expr:
    """Parse one expression that stands alone, such as the default of an argument.

    Raises: CypherError: it is none.
    """
    parser = Parser(tokenize(text), {})
    found = parser.expression()
    if parser.kinds[parser.at] != EOF:
        parser.fail_expected("the end of the expression")
    return found
