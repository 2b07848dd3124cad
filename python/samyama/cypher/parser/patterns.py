"""Patterns: paths of nodes and relationships, label expressions."""

from __future__ import annotations

from samyama.cypher import ast
from samyama.cypher import errors as e
from samyama.cypher.lexer import FLOAT, INTEGER, OPERATOR, PARAMETER
from samyama.cypher.parser.cursor import Cursor

__all__ = ["Patterns"]


class Patterns(Cursor):
    def expression(self) -> ast.Expr:
        raise AssertionError("the expression parser brings this")

    def map_literal(self) -> ast.MapLiteral:
        raise AssertionError("the expression parser brings this")

    def looks_like_pattern(self, ahead: int) -> bool:
        """Is the parenthesis that stands ``ahead`` the first node of a pattern with a relationship?"""
        place = self.at + ahead
        if self.uppers[place] != "(":
            return False
        depth, size = 0, len(self.kinds)
        inner = place + 1
        # What can begin a node: ), :, {, or a name and one of these.
        if inner < size and self.kinds[inner] in (0, 1):
            inner += 1
        if (
            inner < size
            and not (self.kinds[inner] == OPERATOR and self.uppers[inner] in (")", ":", "{"))
            and self.uppers[inner] not in ("WHERE", "IS")
            and not self._begins_predicate(place + 1)
        ):
            return False
        while place < size:
            if self.kinds[place] == OPERATOR:
                if self.uppers[place] in ("(", "{", "["):
                    depth += 1
                elif self.uppers[place] in (")", "}", "]"):
                    depth -= 1
                    if depth == 0:
                        break
            place += 1
        rest = "".join(self.uppers[place + 1 : place + 4]) if place + 1 < size else ""
        if rest.startswith("-["):
            return True
        if rest.startswith("<-"):
            return rest[2:3] in ("-", "[")
        return rest.startswith(("--(", "-->"))

    def _begins_predicate(self, place: int) -> bool:
        """`(WHERE x ...`: of a node without a name, for no operator stands between the two words."""
        behind = place + 1
        return (
            self.uppers[place] == "WHERE"
            and behind < len(self.kinds)
            and self.kinds[behind] != OPERATOR
        )

    def path_pattern(self, allow_variable: bool = True) -> ast.PathPattern:
        start = self.start()
        variable = None
        if allow_variable and self.is_name() and self.is_op("=", 1):
            variable = self.expect_name()
            self.expect_op("=")
        path = ast.PathPattern(start, 0, variable, [], [])
        path.selector = self._selector()
        for word, kind in (("SHORTESTPATH", "one"), ("ALLSHORTESTPATHS", "all")):
            if self.is_word(word) and self.is_op("(", 1):
                self.at += 2
                path.shortest = kind
        self._elements(path)
        if path.shortest:
            self.expect_op(")")
            if len(path.relationships) != 1 or isinstance(path.relationships[0], ast.Quantified):
                self.fail("shortestPath() takes a pattern of one relationship", at=start)
        path.end = self.end()
        return path

    def _selector(self) -> ast.Selector | None:
        """``[ALL|ANY] SHORTEST``, ``SHORTEST k [PATHS] [GROUPS]``, ``ANY [k] [PATHS]``; ``ALL`` is the default."""
        if self.uppers[self.at] not in ("ALL", "ANY", "SHORTEST"):
            return None
        start, one = self.start(), ast.Literal(self.start(), self.start(), 1)
        is_all, is_any = self.accept_word("ALL"), self.accept_word("ANY")
        is_shortest = self.accept_word("SHORTEST")
        count: ast.Expr = one
        if (
            not is_all
            and not (is_any and is_shortest)
            and self.kinds[self.at] in (INTEGER, PARAMETER)
        ):
            count = self.atom()
        elif is_shortest and not (is_all or is_any):
            self.fail_expected("the number of paths")
        self.accept_word("PATH") or self.accept_word("PATHS")
        groups = self.accept_word("GROUP") or self.accept_word("GROUPS")
        if is_all and not is_shortest:
            return None
        return ast.Selector(start, self.end(), is_shortest, count, groups or is_all)

    def atom(self) -> ast.Expr:
        raise AssertionError("the expression parser brings this")

    def _elements(self, path: ast.PathPattern) -> None:
        """Nodes, relationships and parenthesized paths; a node without a name stands where two of these meet."""
        while True:
            if self.is_op("(") and self.is_op("(", 1):
                self._parenthesized(path)
            elif self.is_op("("):
                if len(path.nodes) > len(path.relationships):
                    self.fail_expected("a relationship between the nodes")
                path.nodes.append(self.node_pattern())
            if not path.nodes and not path.relationships:
                self.fail_expected("'('")
            if self.is_op("-") or self.is_op("<"):
                if len(path.nodes) == len(path.relationships):
                    self.fail_expected("a node behind the quantified pattern")
                path.relationships.append(self.relationship_pattern())
                if not self.is_op("("):
                    self.fail_expected("'('")
            elif not (
                self.is_op("(")
                and path.relationships
                and len(path.nodes) == len(path.relationships)
            ) and not (self.is_op("(") and self.is_op("(", 1)):
                break
        if len(path.nodes) == len(path.relationships):
            path.nodes.append(ast.NodePattern(self.end(), self.end(), None))

    def _parenthesized(self, path: ast.PathPattern) -> None:
        start = self.start()
        self.enter()
        self.expect_op("(")
        inner = self.path_pattern(allow_variable=True)
        where = self.expression() if self.accept_word("WHERE") else None
        self.expect_op(")")
        self.leave()
        quantifier = self._quantifier_bounds()
        if quantifier is None:
            if path.nodes or path.relationships:
                self.fail(
                    "A path in parentheses needs a quantifier such as + or {1,3} here", at=start
                )
            path.nodes, path.relationships, path.where = inner.nodes, inner.relationships, where
            return
        if not inner.relationships:
            self.fail("A quantified pattern needs at least one relationship", at=start)
        if (
            inner.variable
            or inner.selector
            or any(isinstance(r, ast.Quantified) for r in inner.relationships)
        ):
            message = (
                "A quantified pattern inside another, or with a path of its own, is not supported"
            )
            self.fail(message, e.NOT_SUPPORTED, start)
        if len(path.nodes) == len(path.relationships):
            path.nodes.append(ast.NodePattern(start, start, None))
        low, high = quantifier
        path.relationships.append(ast.Quantified(start, self.end(), inner, where, low, high))

    def _quantifier_bounds(self) -> tuple[int, int | None] | None:
        """``+``, ``*``, ``{n}``, ``{n,m}``, ``{n,}``, ``{,m}``."""
        if self.accept_op("+"):
            return 1, None
        if self.accept_op("*"):
            return 0, None
        if not (self.is_op("{") and (self.kinds[self.at + 1] == INTEGER or self.is_op(",", 1))):
            return None
        self.at += 1
        low = self._bound()
        high: int | None = low
        if self.accept_op(","):
            high = self._bound()
        self.expect_op("}")
        return low or 0, high

    def node_pattern(self) -> ast.NodePattern:
        start = self.start()
        self.expect_op("(")
        variable = (
            self.expect_name()
            if self.is_name()
            and not (self.is_word("WHERE") and not self.is_op(")", 1))
            and not (self.is_word("IS") and self.is_name(1))
            else None
        )
        labels = None
        if self.accept_op(":") or self.accept_word("IS"):
            labels = self.label_expression(colon_joins=True)
        properties = self.properties()
        where = self.expression() if self.accept_word("WHERE") else None
        if not self.is_op(")"):
            self.fail_expected("')', a label or properties")
        self.expect_op(")")
        return ast.NodePattern(start, self.end(), variable, labels, properties, where)

    def properties(self) -> ast.Expr | None:
        if self.is_op("{"):
            return self.map_literal()
        if self.kinds[self.at] == PARAMETER:
            self.at += 1
            return ast.Parameter(
                self.starts[self.at - 1], self.end(), str(self.values[self.at - 1])
            )
        return None

    def relationship_pattern(self) -> ast.RelationshipPattern:
        start = self.start()
        left = self.accept_op("<")
        self.expect_op("-")
        pattern = ast.RelationshipPattern(start, 0, None, None, "both")
        if self.accept_op("["):
            self._relationship_detail(pattern)
            self.expect_op("]")
        self.expect_op("-")
        right = self.accept_op(">")
        pattern.direction = "both" if left == right else ("in" if left else "out")
        if left and right:
            pattern.direction = "arrows"  # both arrows: any direction in MATCH, an error in CREATE
        quantifier = self._quantifier_bounds()
        if quantifier is not None:
            if pattern.length is not None:
                self.fail("A relationship has either a length or a quantifier", at=start)
            pattern.length = quantifier
        pattern.end = self.end()
        return pattern

    def _relationship_detail(self, pattern: ast.RelationshipPattern) -> None:
        if self.is_name() and not (self.is_word("IS") and self.is_name(1)):
            pattern.variable = self.expect_name()
        if self.accept_op(":") or self.accept_word("IS"):
            pattern.types = self.label_expression(colon_joins=False)
        if self.accept_op("*"):
            pattern.length = self._length()
        elif self.is_op(".."):
            self.fail("A range of lengths needs '*' before it", e.BAD_RELATIONSHIP_PATTERN)
        pattern.properties = self.properties()
        if self.accept_word("WHERE"):
            pattern.where = self.expression()
        if not self.is_op("]"):
            self.fail_expected("']', a type, a length or properties")

    def _length(self) -> tuple[int, int | None]:
        if self.is_op("-"):
            self.fail("A length cannot be negative", e.BAD_RELATIONSHIP_PATTERN)
        low = self._bound()
        if self.accept_op(".."):
            return 1 if low is None else low, self._bound()
        return (1, None) if low is None else (low, low)

    def _bound(self) -> int | None:
        if (
            self.kinds[self.at] == FLOAT
        ):  # `*1..2` lexes as 1. .2 nowhere: digits need both sides of a dot
            self.fail("A length is an integer", e.BAD_RELATIONSHIP_PATTERN)
        if self.kinds[self.at] != INTEGER:
            return None
        value = self.values[self.at]
        assert isinstance(value, int), "an integer token holds an integer"
        self.at += 1
        return value

    # ----------------------------------------------------------------------------------------- label expressions

    def label_expression(self, colon_joins: bool) -> ast.LabelExpr:
        left = self._label_and(colon_joins)
        if not self.is_joining_bar():
            return left
        operands = [left]
        while self.is_joining_bar() and (self.is_op(":", 1) or self.begins_label(1)):
            self.joining_bars.append(self.at)
            self.at += 1
            self.accept_op(":")
            operands.append(self._label_and(colon_joins))
        return operands[0] if len(operands) == 1 else ast.LabelOr(left.start, self.end(), operands)

    def _label_and(self, colon_joins: bool) -> ast.LabelExpr:
        left = self._label_not()
        operands = [left]
        while self.is_op("&") or (
            colon_joins and self.is_op(":") and (self.is_name(1) or self.begins_label_value(1))
        ):
            self.at += 1
            operands.append(self._label_not())
        return operands[0] if len(operands) == 1 else ast.LabelAnd(left.start, self.end(), operands)

    def _label_not(self) -> ast.LabelExpr:
        start = self.start()
        if self.accept_op("!"):
            return ast.LabelNot(start, 0, self._label_not())
        if self.accept_op("%"):
            return ast.LabelAny(start, self.end())
        if self.accept_op("("):
            inner = self.label_expression(colon_joins=False)
            self.expect_op(")")
            return inner
        if self.begins_label_value():
            return self._label_value()
        return ast.LabelName(start, 0, self.expect_name("a label or type"))

    def begins_label(self, ahead: int = 0) -> bool:
        return (
            self.is_name(ahead)
            or any(self.is_op(sign, ahead) for sign in ("!", "%", "("))
            or self.begins_label_value(ahead)
        )

    def begins_label_value(self, ahead: int = 0) -> bool:
        return self.kinds[self.at + ahead] == PARAMETER or self.is_op("$", ahead)

    def _label_value(self) -> ast.LabelExpr:
        """``$(value)``, ``$all(value)``, ``$any(value)``."""
        start = self.start()
        word = "all" if self.is_op("$") else str(self.values[self.at]).lower()
        self.at += 1
        if word not in ("all", "any") or not self.is_op("("):
            self.fail("A label or type that is a value is written $(...)", at=start)
        self.at += 1
        value = self.expression()
        self.expect_op(")")
        return ast.LabelValue(start, self.end(), value, word == "any")
