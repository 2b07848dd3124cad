"""Expressions, by precedence (CIP2021-08-10); everything binary is left-associative."""

from __future__ import annotations

from samyama.cypher import ast
from samyama.cypher.lexer import INTEGER, NAME
from samyama.cypher.parser.atoms import COMPARISONS, INTEGER_MAX, Atoms
from samyama.cypher.tree import joined

__all__ = ["IS_NORMALIZED", "IS_TYPE", "MAP_FROM_PAIRS", "PROCEDURE_ARGUMENT", "Expressions"]

#: The function that `IS ::` becomes; no query can write this name.
IS_TYPE = "is ::"
IS_NORMALIZED = "is normalized"
#: The function that ``SET n[key] = value`` becomes.
MAP_FROM_PAIRS = "map from pairs"
#: The function that passes an argument on to a procedure if it is of the type that is asked for.
PROCEDURE_ARGUMENT = "procedure argument"


class Expressions(Atoms):
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
        return joined("OR", operands)

    def _xor(self) -> ast.Expr:
        left = self._and()
        if self.uppers[self.at] != "XOR":
            return left
        operands = [left]
        while self.accept_word("XOR"):
            operands.append(self._and())
        return joined("XOR", operands)

    def _and(self) -> ast.Expr:
        left = self._not()
        if self.uppers[self.at] != "AND":
            return left
        operands = [left]
        while self.accept_word("AND"):
            operands.append(self._not())
        return joined("AND", operands)

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

    def test_of(self, subject: ast.Expr) -> ast.Expr:
        """The operators behind a left side that stands elsewhere."""
        return self._comparison_of(self._predicate_of(subject))

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
