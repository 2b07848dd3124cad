"""Expressions, by precedence (CIP2021-08-10); everything binary is left-associative."""

from __future__ import annotations

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

__all__ = ["IS_NORMALIZED", "IS_TYPE", "MAP_FROM_PAIRS", "PROCEDURE_ARGUMENT", "Expressions"]

COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
QUANTIFIERS = ("ALL", "ANY", "NONE", "SINGLE")
#: What may be more than a name when an expression begins with it.
ATOM_WORDS = {
    *("TRUE", "FALSE", "NULL", "CASE", "EXISTS", "COUNT", "COLLECT", "REDUCE"),
    *("SHORTESTPATH", "ALLSHORTESTPATHS", *QUANTIFIERS),
}
INTEGER_MAX = 2**63 - 1
TRIMS = {"BOTH": "btrim", "LEADING": "ltrim", "TRAILING": "rtrim"}
#: The function that `IS ::` becomes; no query can write this name.
IS_TYPE = "is ::"
IS_NORMALIZED = "is normalized"
NORMAL_FORMS = ("NFC", "NFD", "NFKC", "NFKD")
#: The function that ``SET n[key] = value`` becomes.
MAP_FROM_PAIRS = "map from pairs"
#: The function that passes an argument on to a procedure if it is of the type that is asked for.
PROCEDURE_ARGUMENT = "procedure argument"


#: Longer chains of one logical operator become a tree that is as flat as can be.
CHAIN_MAX = 16


def _joined(operator: str, operands: list[ast.Expr]) -> ast.Expr:
    """Operands, two at least, with AND, OR or XOR between them: from the left, or in halves where there are many.

    The three are associative, so both mean the same; but a chain of a thousand must not nest a thousand deep.
    """
    if len(operands) > CHAIN_MAX:
        middle = len(operands) // 2
        operands = [_joined(operator, operands[:middle]), _joined(operator, operands[middle:])]
    left = operands[0]
    for right in operands[1:]:
        left = ast.Binary(left.start, right.end, operator, left, right)
    return left


class Expressions(Patterns, Types):
    def expression(self) -> ast.Expr:
        self.enter()
        result = self._or()
        self.leave()
        return result

    def _or(self) -> ast.Expr:
        left = self._xor()
        if self.uppers[self.at] != "OR":
            return left
        operands = [left]
        while self.accept_word("OR"):
            operands.append(self._xor())
        return _joined("OR", operands)

    def _xor(self) -> ast.Expr:
        left = self._and()
        if self.uppers[self.at] != "XOR":
            return left
        operands = [left]
        while self.accept_word("XOR"):
            operands.append(self._and())
        return _joined("XOR", operands)

    def _and(self) -> ast.Expr:
        left = self._not()
        if self.uppers[self.at] != "AND":
            return left
        operands = [left]
        while self.accept_word("AND"):
            operands.append(self._not())
        return _joined("AND", operands)

    def _not(self) -> ast.Expr:
        if self.uppers[self.at] != "NOT":
            return self._comparison()
        start = self.start()
        self.enter()
        self.at += 1
        operand = self._not()
        self.leave()
        return ast.Unary(start, self.end(), "NOT", operand)

    def _comparison(self) -> ast.Expr:
        return self._comparison_of(self._predicate())

    def _comparison_of(self, first: ast.Expr) -> ast.Expr:
        if self.uppers[self.at] not in COMPARISONS:
            return first
        operands, operators = [first], []
        while self.uppers[self.at] in COMPARISONS:
            operators.append(self.uppers[self.at])
            self.at += 1
            operands.append(self._predicate())
        return ast.Comparison(first.start, self.end(), operands, operators)

    def _predicate(self) -> ast.Expr:
        return self._predicate_of(self._additive())

    def _predicate_of(self, left: ast.Expr) -> ast.Expr:
        while True:
            if self.kinds[self.at] == NAME:
                operator = self._word_operator()
                if operator is None:
                    return left
                if operator in ("IS NULL", "IS NOT NULL"):
                    left = ast.Unary(left.start, self.end(), operator, left)
                    continue
                if operator == "IS":
                    left = ast.HasLabels(
                        left.start, 0, left, self.label_expression(colon_joins=False)
                    )
                    left.end = self.end()
                    continue
                if operator.endswith("NORMALIZED"):
                    left = self._normalized(left, operator)
                    continue
                if operator.startswith("IS"):
                    left = self._type_predicate(left, operator)
                    continue
            elif self.accept_op("=~"):
                operator = "=~"
            else:
                return left
            left = ast.Binary(left.start, 0, operator, left, self._additive())
            left.end = self.end()

    def _word_operator(self) -> str | None:
        word = self.uppers[self.at]
        if word == "IS":
            return self._is_operator()
        if word in ("IN", "CONTAINS"):
            self.at += 1
            return word
        if word in ("STARTS", "ENDS") and self.is_word("WITH", 1):
            self.at += 2
            return f"{word} WITH"
        return None

    def _is_operator(self) -> str | None:
        """What begins with IS, as far as it says what follows."""
        for words in (("IS", "NULL"), ("IS", "NOT", "NULL")):
            if self.accept_words(*words):
                return " ".join(words)
        if (
            self.is_op("::", 1)
            or self.is_words("IS", "NOT", "TYPED")
            or self.is_words("IS", "TYPED")
        ):
            self.at += 1
            negated = self.accept_word("NOT")
            if not self.accept_op("::"):
                self.expect_word("TYPED")
            return "IS NOT ::" if negated else "IS ::"
        if self.is_words("IS", "NOT") and self.is_op("::", 2):
            self.at += 3
            return "IS NOT ::"
        if any(self.is_word("NORMALIZED", ahead) for ahead in (1, 2, 3)):
            self.at += 1
            return "IS NOT NORMALIZED" if self.accept_word("NOT") else "IS NORMALIZED"
        if self.begins_label(1):
            self.at += 1
            return "IS"
        return None

    def _type_predicate(self, left: ast.Expr, operator: str) -> ast.Expr:
        kind = ast.Literal(self.start(), 0, self.type_text())
        kind.end = self.end()
        call = ast.Call(left.start, self.end(), IS_TYPE, [left, kind])
        return ast.Unary(left.start, self.end(), "NOT", call) if operator == "IS NOT ::" else call

    def _normalized(self, left: ast.Expr, operator: str) -> ast.Expr:
        """``text IS [NOT] [form] NORMALIZED``."""
        form = self._normal_form() or ast.Literal(self.start(), self.start(), "NFC")
        self.expect_word("NORMALIZED")
        call = ast.Call(left.start, self.end(), IS_NORMALIZED, [left, form])
        return ast.Unary(left.start, self.end(), "NOT", call) if "NOT" in operator else call

    def _normal_form(self) -> ast.Expr | None:
        start = self.start()
        for name in NORMAL_FORMS:
            if self.accept_word(name):
                return ast.Literal(start, self.end(), name)
        return None

    def _additive(self) -> ast.Expr:
        left = self._multiplicative()
        while self.uppers[self.at] in ("+", "-", "||") and self.kinds[self.at] != NAME:
            operator = "+" if self.uppers[self.at] == "||" else self.uppers[self.at]
            self.at += 1
            left = ast.Binary(left.start, 0, operator, left, self._multiplicative())
            left.end = self.end()
        return left

    def _multiplicative(self) -> ast.Expr:
        left = self._power()
        while self.uppers[self.at] in ("*", "/", "%"):
            operator = self.uppers[self.at]
            self.at += 1
            left = ast.Binary(left.start, 0, operator, left, self._power())
            left.end = self.end()
        return left

    def _power(self) -> ast.Expr:
        left = self._unary()
        while self.accept_op("^"):
            left = ast.Binary(left.start, 0, "^", left, self._unary())
            left.end = self.end()
        return left

    def _unary(self) -> ast.Expr:
        sign = self.uppers[self.at]
        if sign not in ("-", "+"):
            return self._postfix(self.atom())
        start = self.start()
        self.at += 1
        # The sign belongs to the literal when it stands directly before it: -2^63 has no positive twin.
        is_lowest = self.kinds[self.at] == INTEGER and self.values[self.at] == INTEGER_MAX + 1
        if sign == "-" and is_lowest:
            self.at += 1
            return self._postfix(ast.Literal(start, self.end(), -INTEGER_MAX - 1))
        self.enter()
        operand = self._unary()
        self.leave()
        return ast.Unary(start, self.end(), sign, operand)

    def _postfix(self, left: ast.Expr) -> ast.Expr:
        while True:
            operator = self.uppers[self.at]
            if operator == ".":
                self.at += 1
                left = ast.Property(left.start, 0, left, self.expect_name("a property key"))
            elif operator == "[":
                left = self._subscript(left)
            elif operator == ":" and self.begins_label(1):
                # The last of its chain: what follows `n:A` is not asked of the answer.
                self.at += 1
                left = ast.HasLabels(left.start, 0, left, self.label_expression(colon_joins=True))
                left.end = self.end()
                return left
            elif operator == "{" and isinstance(left, ast.Variable) and self._is_map_projection():
                left = self._map_projection(left)
            else:
                return left
            left.end = self.end()

    def _subscript(self, left: ast.Expr) -> ast.Expr:
        self.expect_op("[")
        first = None if self.is_op("..") else self.expression()
        if self.accept_op(".."):
            last = None if self.is_op("]") else self.expression()
            self.expect_op("]")
            return ast.Slice(left.start, 0, left, first, last)
        self.expect_op("]")
        assert first is not None, "a subscript without dots has an index"
        return ast.Index(left.start, 0, left, first)

    def _is_map_projection(self) -> bool:
        return (
            self.is_op(".", 1)
            or (
                self.is_name(1) and (self.is_op(",", 2) or self.is_op("}", 2) or self.is_op(":", 2))
            )
            or self.is_op("}", 1)
        )

    def _map_projection(self, subject: ast.Expr) -> ast.Expr:
        items: list[tuple[str, ast.Expr | None]] = []
        self.expect_op("{")
        while not self.is_op("}"):
            if self.accept_op("."):
                items.append(
                    ("*", None) if self.accept_op("*") else (self.expect_name("a key"), None)
                )
            else:
                start, name = self.start(), self.expect_name("a key")
                value = (
                    self.expression()
                    if self.accept_op(":")
                    else ast.Variable(start, self.end(), name)
                )
                items.append((name, value))
            if not self.accept_op(","):
                break
        self.expect_op("}")
        return ast.MapProjection(subject.start, self.end(), subject, items)

    # ---------------------------------------------------------------------------------------------------- atoms

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
        whens: list[ast.Expr] = []
        thens: list[ast.Expr] = []
        first, name = self.at, None
        while self.accept_word("WHEN"):
            if subject is not None and name is None and self._is_extended_when():
                # Some were taken for values alone: all of them again.
                name, self.at = self._unused_name("subject"), first
                whens, thens = [], []
                continue
            whens.append(self.expression() if name is None else self._extended_when(name))
            self.expect_word("THEN")
            thens.append(self.expression())
        if not whens:
            self.fail_expected("WHEN")
        otherwise = self.expression() if self.accept_word("ELSE") else None
        self.expect_word("END")
        end = self.end()
        if subject is None or name is None:
            return ast.Case(start, end, subject, whens, thens, otherwise)
        searched = ast.Case(start, end, None, whens, thens, otherwise)
        source = ast.ListLiteral(subject.start, subject.end, [subject])
        found = ast.ListComprehension(start, end, name, source, None, searched)
        return ast.Index(start, end, found, ast.Literal(start, start, 0))

    def _is_extended_when(self) -> bool:
        """Is it more than one value that stands behind this WHEN?"""
        if self._begins_test():
            return True
        before = self.at
        self.expression()
        is_list = self.is_op(",")
        self.at = before
        return is_list

    def _begins_test(self) -> bool:
        """An operator whose left side is the subject; its word may be a variable's name, which ends there."""
        word = self.uppers[self.at]
        if word in COMPARISONS or word == "=~":
            return True
        is_name = self.uppers[self.at + 1] in ("THEN", ",", ".", "[", "(")
        return word in ("IS", "CONTAINS", "STARTS", "ENDS") and not is_name

    def _extended_when(self, name: str) -> ast.Expr:
        tests: list[ast.Expr] = []
        while not tests or self.accept_op(","):
            subject = ast.Variable(self.start(), self.start(), name)
            if self._begins_test():
                tests.append(self._comparison_of(self._predicate_of(subject)))
            else:
                value = self.expression()
                tests.append(ast.Comparison(value.start, self.end(), [subject, value], ["="]))
        return tests[0] if len(tests) == 1 else _joined("OR", tests)

    def _unused_name(self, name: str) -> str:
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
