"""Commands about the schema, and SHOW."""

from __future__ import annotations

from samyama.cypher import ast
from samyama.cypher.lexer import EOF, PARAMETER
from samyama.cypher.parser.clauses import Clauses

__all__ = ["Commands"]

INDEX_KINDS = ("RANGE", "TEXT", "POINT", "LOOKUP", "FULLTEXT", "VECTOR", "BTREE")


class Commands(Clauses):
    def command(self) -> ast.Command | None:
        """None when the statement is a query."""
        if self.is_word("CREATE") and not self.is_op("(", 1):
            kind = self.uppers[self.at + 1]
            if kind == "INDEX" or (kind in INDEX_KINDS and self.is_word("INDEX", 2)):
                return self._create_index()
            if kind == "CONSTRAINT":
                return self._create_constraint()
        if self.is_word("DROP") and (self.is_word("INDEX", 1) or self.is_word("CONSTRAINT", 1)):
            return self._drop()
        if self.is_word("SHOW"):
            return self._show()
        if self.is_word("TERMINATE"):
            return self._terminate()
        return None

    def _create_index(self) -> ast.Command:
        start = self.start()
        self.at += 1
        kind = "RANGE"
        if self.uppers[self.at] in INDEX_KINDS:
            kind = self.uppers[self.at]
            self.at += 1
        self.expect_word("INDEX")
        name, if_not_exists = self._name_and_condition()
        self.expect_word("FOR")
        entity, variable, label = self._element()
        self.expect_word("ON")
        if kind in ("FULLTEXT", "LOOKUP"):
            self.fail(f"CREATE {kind} INDEX is not supported yet", "NotSupported")
        keys = self._keys(variable)
        if self.accept_word("OPTIONS"):
            self.map_literal()
        kind = "range" if kind == "BTREE" else kind.lower()
        return ast.CreateIndex(start, self.end(), name, kind, entity, label, keys, if_not_exists)

    def _name_and_condition(self) -> tuple[str | None, bool]:
        name = None
        if self.kinds[self.at] == PARAMETER:
            self.fail("A parameter as the name of an index or constraint is not supported yet", "NotSupported")
        if self.is_name() and not self.is_words("IF", "NOT") and not self.is_word("FOR") and not self.is_word("ON"):
            name = self.expect_name()
        return name, self.accept_word("IF", "NOT", "EXISTS")

    def _element(self) -> tuple[str, str, str]:
        """``(n:Label)`` or ``()-[r:TYPE]-()``."""
        self.expect_op("(")
        if self.accept_op(")"):
            self.accept_op("<")
            self.expect_op("-")
            self.expect_op("[")
            variable = self.expect_name("a variable")
            self.expect_op(":")
            label = self.expect_name("a type")
            self.expect_op("]")
            self.expect_op("-")
            self.accept_op(">")
            self.expect_op("(")
            self.expect_op(")")
            return "relationship", variable, label
        variable = self.expect_name("a variable")
        self.expect_op(":")
        label = self.expect_name("a label")
        self.expect_op(")")
        return "node", variable, label

    def _keys(self, variable: str) -> list[str]:
        parenthesized = self.accept_op("(")
        keys = []
        while True:
            start = self.start()
            if self.expect_name("a variable") != variable:
                self.fail(f"Only properties of `{variable}` can stand here", "UndefinedVariable", start)
            self.expect_op(".")
            keys.append(self.expect_name("a property key"))
            if not (parenthesized and self.accept_op(",")):
                break
        if parenthesized:
            self.expect_op(")")
        return keys

    def _create_constraint(self) -> ast.Command:
        start = self.start()
        self.at += 2
        name, if_not_exists = self._name_and_condition()
        if not self.accept_word("FOR"):
            self.expect_word("ON")
        entity, variable, label = self._element()
        if not self.accept_word("REQUIRE"):
            self.expect_word("ASSERT")
        keys = self._keys(variable)
        self.expect_word("IS")
        kind = self._constraint_kind()
        if self.accept_word("OPTIONS"):
            self.map_literal()
        return ast.CreateConstraint(start, self.end(), name, kind, entity, label, keys, if_not_exists)

    def _constraint_kind(self) -> str:
        if self.accept_word("NOT", "NULL"):
            return "exists"
        if self.accept_op("::") or self.accept_word("TYPED"):
            self.fail("A constraint on the type of a property is not supported yet", "NotSupported")
        for word in ("NODE", "RELATIONSHIP", "REL"):
            self.accept_word(word)
        if self.accept_word("KEY"):
            return "key"
        self.expect_word("UNIQUE")
        return "unique"

    def _drop(self) -> ast.Command:
        start = self.start()
        self.at += 1
        what = self.uppers[self.at].lower()
        self.at += 1
        name = self.expect_name(f"the name of the {what}")
        return ast.Drop(start, self.end(), what, name, self.accept_word("IF", "EXISTS"))

    def _show(self) -> ast.Command:
        start = self.start()
        self.at += 1
        words = []
        while self.is_name() and not any(self.is_word(word) for word in ("YIELD", "WHERE", "RETURN")):
            words.append(self.uppers[self.at])
            self.at += 1
            if words[-1] in ("DATABASE", "DATABASES", "SETTING", "SETTINGS", "TRANSACTION", "TRANSACTIONS"):
                break
        if not words:
            self.fail_expected("INDEXES, CONSTRAINTS, DATABASES, PROCEDURES, FUNCTIONS, TRANSACTIONS or SETTINGS")
        show = ast.Show(start, 0, " ".join(words), None, False, None, [])
        show.names = self._shown_names()
        return self._finish_show(show)

    def _terminate(self) -> ast.Command:
        start = self.start()
        self.expect_word("TERMINATE")
        if not (self.accept_word("TRANSACTION") or self.accept_word("TRANSACTIONS")):
            self.fail_expected("TRANSACTIONS")
        show = ast.Show(start, 0, "TERMINATED", None, False, None, [])
        show.names = self._shown_names()
        if not show.names:
            self.fail_expected("the id of a transaction, as a text")
        return self._finish_show(show)

    def _shown_names(self) -> list[ast.Expr]:
        """Names behind the command: one name, texts with commas between, a parameter or a list."""
        if self.kinds[self.at] == EOF or any(self.is_word(word) for word in ("YIELD", "WHERE", "RETURN")):
            return []
        if self.is_op(";"):
            return []
        if self.is_name():
            start, name = self.start(), self.expect_name()
            return [ast.Literal(start, self.end(), name)]
        names = [self.expression()]
        while self.accept_op(","):
            names.append(self.expression())
        return names

    def _finish_show(self, show: ast.Show) -> ast.Command:
        if self.accept_word("YIELD"):
            show.star, show.yields = self.yields()
            show.tail += self._tail()
        if self.accept_word("WHERE"):
            where = self.expression()
            # Behind ORDER BY and LIMIT a WHERE sees what they left, as in WITH.
            if show.tail and isinstance(show.tail[-1], ast.Projection):
                show.tail[-1].where = where
            else:
                show.where = where
        while (clause := self.clause()) is not None:
            show.tail.append(clause)
        show.end = self.end()
        return show

    def _tail(self) -> list[ast.Clause]:
        """ORDER BY, SKIP and LIMIT that stand behind YIELD, as a WITH of their own."""
        if not any(self.is_word(word) for word in ("ORDER", "SKIP", "LIMIT")):
            return []
        start = self.start()
        order: list[ast.SortItem] = []
        if self.accept_word("ORDER"):
            self.expect_word("BY")
            order.append(self._sort_item())
            while self.accept_op(","):
                order.append(self._sort_item())
        skip = self.expression() if self.accept_word("SKIP") else None
        limit = self.expression() if self.accept_word("LIMIT") else None
        return [ast.Projection(start, self.end(), False, False, True, [], order, skip, limit, None)]
