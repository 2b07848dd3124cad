"""Commands about the schema, and SHOW."""

from __future__ import annotations

from samyama.cypher import ast
from samyama.cypher import errors as e
from samyama.cypher.lexer import EOF, PARAMETER
from samyama.cypher.parser.clauses import Clauses

__all__ = ["Commands"]

INDEX_KINDS = ("RANGE", "TEXT", "POINT", "LOOKUP", "FULLTEXT", "VECTOR", "BTREE")


ADMINISTERED = ("USER", "ROLE", "DATABASE", "ALIAS", "COMPOSITE", "SERVER", "CURRENT")


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
        self._refuse_administration()
        if self.is_word("SHOW"):
            return self._show()
        if self.is_word("TERMINATE"):
            return self._terminate()
        return None

    def _refuse_administration(self) -> None:
        """Commands of Neo4j that have nothing to act on here."""
        words = self.uppers[self.at], self.uppers[min(self.at + 1, len(self.uppers) - 1)]
        is_about = (
            words[0] in ("CREATE", "DROP", "ALTER", "START", "STOP") and words[1] in ADMINISTERED
        )
        if is_about or words[0] in ("GRANT", "DENY", "REVOKE", "DEALLOCATE", "REALLOCATE"):
            what = " ".join(words) if is_about else words[0]
            message = f"{what} is not supported: there is one database, and no users, roles and privileges"
            self.fail(message, e.NOT_SUPPORTED)

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
        kind = "range" if kind == "BTREE" else kind.lower()
        entity, variable, labels = self._element(bare=kind == "lookup")
        self.expect_word("ON")
        if kind == "lookup":
            self._lookup_target(entity, variable)
            keys: list[str] = []
        elif kind == "fulltext":
            self.expect_word("EACH")
            keys = self._keys(variable, "[", "]")
        else:
            keys = self._keys(variable)
        if len(labels) > 1 and kind != "fulltext":
            self.fail("Only a full-text index covers several labels or types", at=start)
        options = self._options()
        label = labels[0] if labels else ""
        index = ast.CreateIndex(
            start, self.end(), name, kind, entity, label, keys, if_not_exists, labels[1:], options
        )
        index.name_from = self.name_from
        return index

    def _options(self) -> ast.Expr | None:
        if not self.accept_word("OPTIONS"):
            return None
        if self.kinds[self.at] == PARAMETER:
            return self.expression()
        return self.map_literal()

    def _lookup_target(self, entity: str, variable: str) -> None:
        """``EACH labels(n)`` or ``EACH type(r)``."""
        self.expect_word("EACH")
        self.expect_word("LABELS" if entity == "node" else "TYPE")
        self.expect_op("(")
        if self.expect_name("a variable") != variable:
            self.fail(f"Only `{variable}` can stand here", e.UNDEFINED_VARIABLE)
        self.expect_op(")")

    def _name_and_condition(self) -> tuple[str | None, bool]:
        name = None
        self.name_from: ast.Expr | None = None
        if self.kinds[self.at] == PARAMETER:
            self.name_from = self.expression()
        elif (
            self.is_name()
            and not self.is_words("IF", "NOT")
            and not self.is_word("FOR")
            and not self.is_word("ON")
        ):
            name = self.expect_name()
        return name, self.accept_words("IF", "NOT", "EXISTS")

    def _element(self, *, bare: bool = False) -> tuple[str, str, list[str]]:
        """``(n:Label|Other)`` or ``()-[r:TYPE|OTHER]-()``; ``bare``: without labels."""
        self.expect_op("(")
        if self.accept_op(")"):
            self.accept_op("<")
            self.expect_op("-")
            self.expect_op("[")
            variable = self.expect_name("a variable")
            labels = [] if bare else self._labels("a type")
            self.expect_op("]")
            self.expect_op("-")
            self.accept_op(">")
            self.expect_op("(")
            self.expect_op(")")
            return "relationship", variable, labels
        variable = self.expect_name("a variable")
        labels = [] if bare else self._labels("a label")
        self.expect_op(")")
        return "node", variable, labels

    def _labels(self, what: str) -> list[str]:
        self.expect_op(":")
        labels = [self.expect_name(what)]
        while self.accept_op("|"):
            self.accept_op(":")
            labels.append(self.expect_name(what))
        return labels

    def _keys(self, variable: str, opening: str = "(", closing: str = ")") -> list[str]:
        parenthesized = self.accept_op(opening)
        keys = []
        while True:
            start = self.start()
            if self.expect_name("a variable") != variable:
                self.fail(
                    f"Only properties of `{variable}` can stand here", e.UNDEFINED_VARIABLE, start
                )
            self.expect_op(".")
            keys.append(self.expect_name("a property key"))
            if not (parenthesized and self.accept_op(",")):
                break
        if parenthesized:
            self.expect_op(closing)
        return keys

    def _create_constraint(self) -> ast.Command:
        start = self.start()
        self.at += 2
        name, if_not_exists = self._name_and_condition()
        if not self.accept_word("FOR"):
            self.expect_word("ON")
        entity, variable, labels = self._element()
        if len(labels) > 1:
            self.fail("A constraint is about one label or type", at=start)
        if not self.accept_word("REQUIRE"):
            self.expect_word("ASSERT")
        keys = self._keys(variable)
        self.expect_word("IS")
        kind, value_type = self._constraint_kind(entity)
        if kind in ("exists", "type") and len(keys) > 1:
            self.fail("A constraint of this kind is about one property", at=start)
        self._options()
        return ast.CreateConstraint(
            start,
            self.end(),
            name,
            kind,
            entity,
            labels[0],
            keys,
            if_not_exists,
            value_type,
            self.name_from,
        )

    def _constraint_kind(self, entity: str) -> tuple[str, str | None]:
        if self.accept_words("NOT", "NULL"):
            return "exists", None
        if self.accept_op("::") or self.accept_word("TYPED"):
            return "type", self.type_text()
        for word, meant in (
            ("NODE", "node"),
            ("RELATIONSHIP", "relationship"),
            ("REL", "relationship"),
        ):
            if self.is_word(word) and meant != entity:
                self.fail(
                    f"This constraint is about a {entity}: write {entity.upper()} instead of {word}"
                )
            self.accept_word(word)
        if self.accept_word("KEY"):
            return "key", None
        self.expect_word("UNIQUE")
        return "unique", None

    def _drop(self) -> ast.Command:
        start = self.start()
        self.at += 1
        what = self.uppers[self.at].lower()
        self.at += 1
        name, name_from = "", None
        if self.kinds[self.at] == PARAMETER:
            name_from = self.expression()
        else:
            name = self.expect_name(f"the name of the {what}")
        return ast.Drop(start, self.end(), what, name, self.accept_words("IF", "EXISTS"), name_from)

    def _show(self) -> ast.Command:
        start = self.start()
        self.at += 1
        words = []
        while self.is_name() and not any(
            self.is_word(word) for word in ("YIELD", "WHERE", "RETURN")
        ):
            words.append(self.uppers[self.at])
            self.at += 1
            if words[-1] in (
                "DATABASE",
                "DATABASES",
                "SETTING",
                "SETTINGS",
                "TRANSACTION",
                "TRANSACTIONS",
            ):
                break
        if not words:
            self.fail_expected(
                "INDEXES, CONSTRAINTS, DATABASES, PROCEDURES, FUNCTIONS, TRANSACTIONS or SETTINGS"
            )
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
        if self.kinds[self.at] == EOF or any(
            self.is_word(word) for word in ("YIELD", "WHERE", "RETURN")
        ):
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
