"""What expressions are made of: literals, names, calls, lists, maps, comprehensions, CASE, quantifiers, subqueries."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from samyama.cypher import ast
from samyama.cypher import errors as e
from samyama.cypher.errors import CypherError
from samyama.cypher.lexer import (
    BAD_NUMBER,
    FLOAT,
    INTEGER,
    NAME,
    OPERATOR,
    PARAMETER,
    QUOTED,
    STRING,
)
from samyama.cypher.parser.patterns import Patterns
from samyama.cypher.parser.types import Types
from samyama.cypher.tree import joined

__all__ = ["Atoms"]

#: Operators between an expression and what it is compared with.
COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
QUANTIFIERS = ("ALL", "ANY", "NONE", "SINGLE")
#: What may be more than a name when an expression begins with it.
ATOM_WORDS = {
    *("TRUE", "FALSE", "NULL", "CASE", "EXISTS", "COUNT", "COLLECT", "REDUCE"),
    *("SHORTESTPATH", "ALLSHORTESTPATHS", *QUANTIFIERS),
}
INTEGER_MAX = 2**63 - 1
TRIMS = {"BOTH": "btrim", "LEADING": "ltrim", "TRAILING": "rtrim"}
NORMAL_FORMS = ("NFC", "NFD", "NFKC", "NFKD")


@dataclass(slots=True)
class _When:
    """Of a CASE: a value or condition, or a test that has the subject on its left side already."""

    value: ast.Expr
    is_test: bool


def _any_of(whens: list[_When], subject: str) -> ast.Expr:
    """Whether the subject has one of these values, or one of these tests is true of it."""
    tests: list[ast.Expr] = []
    for when in whens:
        value = when.value
        if not when.is_test:
            left = ast.Variable(value.start, value.start, subject)
            value = ast.Comparison(value.start, value.end, [left, value], ["="])
        tests.append(value)
    return tests[0] if len(tests) == 1 else joined("OR", tests)


class Atoms(Patterns, Types):
    def test_of(self, subject: ast.Expr) -> ast.Expr:
        raise AssertionError(f"the expression parser brings what is asked of {subject}")

    def atom(self) -> ast.Expr:
        kind = self.kinds[self.at]
        if kind == NAME:
            special = self._word_atom() if self.uppers[self.at] in ATOM_WORDS else None
            return special or self._name_atom()
        start = self.start()
        if kind in (INTEGER, FLOAT, STRING):
            value = self.values[self.at]
            if kind == INTEGER and value == INTEGER_MAX + 1:
                self.fail(f"integer is too large: '{value}'", e.INTEGER_OVERFLOW)
            self.at += 1
            assert isinstance(value, int | float | str), "a literal token holds its value"
            return ast.Literal(start, self.end(), value, self.literals.get(start))
        if kind == PARAMETER:
            self.at += 1
            return ast.Parameter(start, self.end(), str(self.values[self.at - 1]))
        if kind == BAD_NUMBER:
            self.fail(f"Invalid number '{self.values[self.at]}'", e.BAD_NUMBER)
        if self.is_op("("):
            return self._parenthesis()
        if self.is_op("["):
            return self._bracket()
        if self.is_op("{"):
            return self.map_literal()
        if kind != QUOTED:
            self.fail_expected("an expression")
        return self._name_atom()

    def _word_atom(self) -> ast.Expr | None:
        start, word = self.start(), self.uppers[self.at]
        if word in ("TRUE", "FALSE", "NULL") and not self.is_op("(", 1):
            self.at += 1
            return ast.Literal(
                start, self.end(), {"TRUE": True, "FALSE": False, "NULL": None}[word]
            )
        if word == "CASE" and not self.is_op(".", 1):
            return self._case()
        if word in ("EXISTS", "COUNT", "COLLECT") and self.is_op("{", 1):
            return self._subquery(word)
        if word == "EXISTS" and self.is_op("(", 1) and self.looks_like_pattern(2):
            self.at += 2
            path = self.path_pattern(allow_variable=False)
            self.expect_op(")")
            return ast.PatternPredicate(start, self.end(), path, explicit=True)
        if word in QUANTIFIERS and self.is_op("(", 1) and self.is_name(2) and self.is_word("IN", 3):
            return self._quantifier(word)
        if word == "REDUCE" and self.is_op("(", 1) and self.is_name(2) and self.is_op("=", 3):
            return self._reduce()
        if word in ("SHORTESTPATH", "ALLSHORTESTPATHS") and self.is_op("(", 1):
            return self._shortest(start)
        return None

    def _shortest(self, start: int) -> ast.Expr:
        """``shortestPath(...)`` as a value: a path or null; ``allShortestPaths(...)``: a list of paths."""
        path = self.path_pattern(allow_variable=False)
        path.variable = "\0shortest"
        found = ast.PatternComprehension(
            start, self.end(), path, None, ast.Variable(start, start, "\0shortest")
        )
        if path.shortest == "all":
            return found
        return ast.Index(start, self.end(), found, ast.Literal(start, start, 0))

    def _name_atom(self) -> ast.Expr:
        start, place = self.start(), self.at
        parts = [self.expect_name("an expression")]
        # A dotted name is a function only if a parenthesis follows: duration.between(...).
        while self.is_op(".") and self.is_name(1):
            self.at += 2
            parts.append(str(self.values[self.at - 1]))
        if self.is_op("("):
            return self._call(".".join(parts), start)
        self.at = place + 1
        return ast.Variable(start, self.end(), parts[0])

    def _trim(self, start: int) -> ast.Expr:
        """``trim(BOTH 'x' FROM text)``."""
        name = TRIMS[self.uppers[self.at]]
        self.at += 1
        what = [] if self.is_word("FROM") else [self.expression()]
        self.expect_word("FROM")
        text = self.expression()
        self.expect_op(")")
        return ast.Call(start, self.end(), name, [text, *what])

    def _normal_form(self) -> ast.Expr | None:
        start = self.start()
        for name in NORMAL_FORMS:
            if self.accept_word(name):
                return ast.Literal(start, self.end(), name)
        return None

    def _call(self, name: str, start: int) -> ast.Expr:
        self.expect_op("(")
        if self.accept_op("*"):
            self.expect_op(")")
            return ast.Call(start, self.end(), name, [], star=True)
        if name.lower() == "trim" and any(self.is_word(word) for word in TRIMS):
            return self._trim(start)
        distinct = self.accept_word("DISTINCT")
        arguments: list[ast.Expr] = []
        if not self.is_op(")"):
            arguments.append(self.expression())
            if name.lower() == "trim" and self.accept_word("FROM"):
                text = self.expression()
                self.expect_op(")")
                return ast.Call(start, self.end(), TRIMS["BOTH"], [text, *arguments])
            while self.accept_op(","):
                is_form = name.lower() == "normalize" and self.is_op(")", 1)
                form = self._normal_form() if is_form else None
                arguments.append(form or self.expression())
        self.expect_op(")")
        return ast.Call(start, self.end(), name, arguments, distinct)

    def _parenthesis(self) -> ast.Expr:
        start = self.start()
        if self.looks_like_pattern(0):
            return ast.PatternPredicate(start, 0, self.path_pattern(allow_variable=False))
        self.expect_op("(")
        inner = self.expression()
        self.expect_op(")")
        inner.start, inner.end = start, self.end()
        return inner

    def _bracket(self) -> ast.Expr:
        start = self.start()
        if self.is_name(1) and self.is_word("IN", 2):
            comprehension = self._list_comprehension()
            if comprehension is not None:
                return comprehension
        if self.looks_like_pattern(1) or (
            self.is_name(1) and self.is_op("=", 2) and self.looks_like_pattern(3)
        ):
            return self._pattern_comprehension()
        self.expect_op("[")
        items: list[ast.Expr] = []
        if not self.is_op("]"):
            items.append(self.expression())
            while self.accept_op(","):
                items.append(self.expression())
        self.expect_op("]")
        return ast.ListLiteral(start, self.end(), items)

    def _list_comprehension(self) -> ast.Expr | None:
        """``[x IN list WHERE .. | ..]``; None when it is a list whose first element tests membership."""
        start, place = self.start(), self.at
        self.at += 1
        variable = self.expect_name()
        self.at += 1
        source = self.expression()
        if not (self.is_word("WHERE") or self.is_op("|") or self.is_op("]")):
            self.at = place
            return None
        where = self._comprehension_where(variable, is_pattern=False)
        projection = self.expression() if self.accept_op("|") else None
        self.expect_op("]")
        return ast.ListComprehension(start, self.end(), variable, source, where, projection)

    def _comprehension_where(self, variable: str | None, is_pattern: bool) -> ast.Expr | None:
        """The WHERE of a comprehension: in ``WHERE x:A | x.y`` the bar may join labels or end it.

        It joins if the text can be read so, unless what stands behind it is the comprehension's own variable.
        """
        if not self.accept_word("WHERE"):
            return None
        place, depth = self.at, self.depth
        while True:
            self.at, self.depth, self.joining_bars = place, depth, []
            try:
                where = self.expression()
                ends = self.is_op("|") or (self.is_op("]") and not is_pattern)
                if ends and not self._names_behind_bar(variable, place):
                    return where
            except CypherError:
                if not self.joining_bars:
                    raise
            if not self.joining_bars:
                return where
            # The last bar that was taken cannot join: the text behind it would make no sense.
            self.ending_bars.add(self.joining_bars[-1])

    def _names_behind_bar(self, variable: str | None, place: int) -> bool:
        """Does the variable stand behind the last bar taken? One between brackets of the condition ends nothing."""
        if not self.joining_bars:
            return False
        bar = self.joining_bars[-1]
        marks = [self.uppers[at] for at in range(place, bar) if self.kinds[at] == OPERATOR]
        is_inside = sum((mark in ("(", "[", "{")) - (mark in (")", "]", "}")) for mark in marks) > 0
        return not is_inside and self.values[bar + 1] == variable

    def _pattern_comprehension(self) -> ast.Expr:
        start = self.start()
        self.expect_op("[")
        path = self.path_pattern(allow_variable=True)
        where = self._comprehension_where(None, is_pattern=True)
        self.expect_op("|")
        projection = self.expression()
        self.expect_op("]")
        return ast.PatternComprehension(start, self.end(), path, where, projection)

    def map_literal(self) -> ast.MapLiteral:
        start = self.start()
        keys: list[str] = []
        values: list[ast.Expr] = []
        self.enter()
        self.expect_op("{")
        if not self.is_op("}"):
            while True:
                keys.append(self.expect_name("a property key"))
                self.expect_op(":")
                values.append(self.expression())
                if not self.accept_op(","):
                    break
        self.expect_op("}")
        self.leave()
        return ast.MapLiteral(start, self.end(), keys, values)

    def _case(self) -> ast.Expr:
        """``CASE [subject] WHEN ... THEN ... END``, and the extended form of ``WHEN 1, 2`` and ``WHEN > 3``.

        The extended form becomes ``[s IN [subject] | CASE WHEN s = 1 OR s = 2 THEN ... END][0]``, so
        that the subject is evaluated once.
        """
        start = self.start()
        self.expect_word("CASE")
        subject = None if self.is_word("WHEN") else self.expression()
        name = "" if subject is None else self._subject_name
        branches: list[list[_When]] = []
        thens: list[ast.Expr] = []
        while self.accept_word("WHEN"):
            branches.append(self._whens(name))
            self.expect_word("THEN")
            thens.append(self.expression())
        if not branches:
            self.fail_expected("WHEN")
        otherwise = self.expression() if self.accept_word("ELSE") else None
        self.expect_word("END")
        end = self.end()
        if subject is None or all(len(whens) == 1 and not whens[0].is_test for whens in branches):
            values = [when.value for (when,) in branches]
            return ast.Case(start, end, subject, values, thens, otherwise)
        tests = [_any_of(whens, name) for whens in branches]
        searched = ast.Case(start, end, None, tests, thens, otherwise)
        source = ast.ListLiteral(subject.start, subject.end, [subject])
        found = ast.ListComprehension(start, end, name, source, None, searched)
        return ast.Index(start, end, found, ast.Literal(start, start, 0))

    def _whens(self, subject: str) -> list[_When]:
        """What stands between WHEN and THEN: a condition; of a subject, values and tests with commas between them."""
        found: list[_When] = []
        while not found or (subject and self.accept_op(",")):
            if subject and self._begins_test():
                left = ast.Variable(self.start(), self.start(), subject)
                found.append(_When(self.test_of(left), is_test=True))
            else:
                found.append(_When(self.expression(), is_test=False))
        return found

    def _begins_test(self) -> bool:
        """An operator whose left side is the subject; its word may be a variable's name, which ends there."""
        word = self.uppers[self.at]
        if word in COMPARISONS or word == "=~":
            return True
        is_name = self.uppers[self.at + 1] in ("THEN", ",", ".", "[", "(")
        return word in ("IS", "CONTAINS", "STARTS", "ENDS") and not is_name

    @cached_property
    def _subject_name(self) -> str:
        """Of a CASE whose subject is needed more than once: a variable that the text doesn't have."""
        name = "subject"
        while name in self.text:
            name += "_"
        return name

    def _quantifier(self, word: str) -> ast.Expr:
        start = self.start()
        self.at += 2
        variable = self.expect_name()
        self.expect_word("IN")
        source = self.expression()
        self.expect_word("WHERE")
        where = self.expression()
        self.expect_op(")")
        return ast.Quantifier(start, self.end(), word.lower(), variable, source, where)

    def _reduce(self) -> ast.Expr:
        start = self.start()
        self.at += 2
        accumulator = self.expect_name()
        self.expect_op("=")
        initial = self.expression()
        self.expect_op(",")
        variable = self.expect_name()
        self.expect_word("IN")
        source = self.expression()
        self.expect_op("|")
        body = self.expression()
        self.expect_op(")")
        return ast.Reduce(start, self.end(), accumulator, initial, variable, source, body)

    def _subquery(self, word: str) -> ast.Expr:
        start = self.start()
        self.at += 1
        self.expect_op("{")
        self.enter()
        query = self.subquery_body()
        self.leave()
        self.expect_op("}")
        return ast.Subquery(start, self.end(), word.lower(), query)

    def subquery_body(self) -> ast.Query:
        raise AssertionError("the query parser brings this")
