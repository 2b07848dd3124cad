"""Clauses."""

from __future__ import annotations

from collections.abc import Callable

from samyama.cypher import ast
from samyama.cypher import errors as e
from samyama.cypher.lexer import NAME
from samyama.cypher.parser.expressions import MAP_FROM_PAIRS, Expressions
from samyama.cypher.tree import label_parts

__all__ = ["Clauses"]


def _pair(target: ast.Index, value: ast.Expr) -> ast.Expr:
    """``n[key] = value`` as the map of one pair."""
    start, end = target.start, value.end
    pair = ast.ListLiteral(start, end, [target.index, value])
    return ast.Call(start, end, MAP_FROM_PAIRS, [ast.ListLiteral(start, end, [pair])])


class Clauses(Expressions):
    def clause(self) -> ast.Clause | None:
        """The next clause; None when the next word begins none."""
        if self.kinds[self.at] != NAME:
            return None
        start, reader = self.start(), _READERS.get(self.uppers[self.at])
        if reader is None:
            return None
        clause = reader(self)
        clause.start, clause.end = start, self.end()
        return clause

    def _match(self) -> ast.Clause:
        if self.is_words("OPTIONAL", "CALL"):
            self.at += 2
            if self.is_op("{") or self.is_op("("):
                return self._call_subquery(optional=True)
            call = self.procedure_call()
            call.optional = True
            return call
        optional = self.accept_word("OPTIONAL")
        self.expect_word("MATCH")
        paths = self.paths()
        hints: list[ast.Hint] = []
        while self.is_word("USING"):
            hints.append(self._hint())
        where = self.expression() if self.accept_word("WHERE") else None
        return ast.Match(0, 0, optional, paths, where, hints)

    def _hint(self) -> ast.Hint:
        """``USING [RANGE|TEXT|POINT] INDEX [SEEK] n:Label(key, ...)``, ``USING SCAN n:Label``, ``USING JOIN ON n``."""
        start = self.start()
        self.expect_word("USING")
        if self.accept_word("JOIN"):
            self.expect_word("ON")
            variables = [self.expect_name("a variable")]
            while self.accept_op(","):
                variables.append(self.expect_name("a variable"))
            return ast.Hint(start, self.end(), "join", variables, "", [])
        if self.accept_word("SCAN"):
            kind, seek = "scan", False
        else:
            if any(self.is_word(word) for word in ("RANGE", "TEXT", "POINT", "BTREE")):
                self.at += 1
            self.expect_word("INDEX")
            kind, seek = "index", self.accept_word("SEEK")
        variable = self.expect_name("a variable")
        self.expect_op(":")
        name = self.expect_name("a label or type")
        keys: list[str] = []
        if kind == "index":
            self.expect_op("(")
            keys.append(self.expect_name("a property key"))
            while self.accept_op(","):
                keys.append(self.expect_name("a property key"))
            self.expect_op(")")
        return ast.Hint(start, self.end(), kind, [variable], name, keys, seek)

    def paths(self) -> list[ast.PathPattern]:
        paths = [self.path_pattern()]
        while self.accept_op(","):
            paths.append(self.path_pattern())
        return paths

    def _unwind(self) -> ast.Clause:
        self.expect_word("UNWIND")
        source = self.expression()
        self.expect_word("AS")
        return ast.Unwind(0, 0, source, self.expect_name("a variable"))

    def _finish(self) -> ast.Clause:
        self.expect_word("FINISH")
        return ast.Finish(0, 0)

    def _filter(self) -> ast.Clause:
        """``FILTER x``: ``WITH * WHERE x``."""
        self.expect_word("FILTER")
        self.accept_word("WHERE")
        return ast.Projection(0, 0, False, False, True, [], [], None, None, self.expression())

    def _let(self) -> ast.Clause:
        """``LET x = 1``: ``WITH *, 1 AS x``."""
        self.expect_word("LET")
        items: list[ast.Item] = []
        while True:
            start, name = self.start(), self.expect_name("a variable")
            self.expect_op("=")
            items.append(ast.Item(start, 0, self.expression(), name, True))
            items[-1].end = self.end()
            if not self.accept_op(","):
                return ast.Projection(0, 0, False, False, True, items, [], None, None, None)

    def _projection(self) -> ast.Clause:
        is_return = self.is_word("RETURN")
        self.at += 1
        distinct = self.accept_word("DISTINCT")
        star, items = False, []
        if self.accept_op("*"):
            star = True
            if self.accept_op(","):
                items = self._items()
        else:
            items = self._items()
        order: list[ast.SortItem] = []
        if self.accept_word("ORDER"):
            self.expect_word("BY")
            order.append(self._sort_item())
            while self.accept_op(","):
                order.append(self._sort_item())
        skip = self.expression() if self.accept_word("SKIP") or self.accept_word("OFFSET") else None
        limit = self.expression() if self.accept_word("LIMIT") else None
        where = self.expression() if not is_return and self.accept_word("WHERE") else None
        return ast.Projection(0, 0, is_return, distinct, star, items, order, skip, limit, where)

    def _items(self) -> list[ast.Item]:
        items = [self._item()]
        while self.accept_op(","):
            items.append(self._item())
        return items

    def _item(self) -> ast.Item:
        start = self.start()
        expression = self.expression()
        end = self.end()
        if self.accept_word("AS"):
            return ast.Item(start, end, expression, self.expect_name("a variable"), True)
        # A variable keeps its name, and what is projected from one takes it over.
        named = expression.subject if isinstance(expression, ast.MapProjection) else expression
        if isinstance(named, ast.Variable):
            return ast.Item(start, end, expression, named.name, True)
        return ast.Item(start, end, expression, self.text[start:end], False)

    def _sort_item(self) -> ast.SortItem:
        start = self.start()
        expression = self.expression()
        descending = self.accept_word("DESC") or self.accept_word("DESCENDING")
        if not descending:
            self.accept_word("ASC") or self.accept_word("ASCENDING")
        return ast.SortItem(start, self.end(), expression, descending)

    def _create(self) -> ast.Clause:
        self.at += 1
        return ast.Create(0, 0, self.paths())

    def _merge(self) -> ast.Clause:
        self.expect_word("MERGE")
        merge = ast.Merge(0, 0, self.path_pattern())
        while self.accept_word("ON"):
            items = merge.on_create if self.accept_word("CREATE") else None
            if items is None:
                self.expect_word("MATCH")
                items = merge.on_match
            self.expect_word("SET")
            items += self.set_items()
        return merge

    def _set(self) -> ast.Clause:
        self.expect_word("SET")
        return ast.Set(0, 0, self.set_items())

    def set_items(self) -> list[ast.Node]:
        items = [self._set_item()]
        while self.accept_op(","):
            items.append(self._set_item())
        return items

    def _set_item(self) -> ast.Node:
        start = self.start()
        target = self._postfix(self.atom())
        if isinstance(target, ast.HasLabels):
            return ast.SetLabels(start, self.end(), target.entity, *self._labels_of(target.labels))
        if self.accept_op("+="):
            return ast.SetProperties(start, self.end(), target, self.expression(), False)
        self.expect_op("=")
        value = self.expression()
        if isinstance(target, ast.Index):
            return ast.SetProperties(
                start, self.end(), target.container, _pair(target, value), False
            )
        if isinstance(target, ast.Property):
            return ast.SetProperty(start, self.end(), target.entity, target.key, value)
        if not isinstance(target, ast.Variable):
            self.fail("SET takes a property, labels or a variable on its left side", at=start)
        return ast.SetProperties(start, self.end(), target, value, True)

    def _labels_of(self, labels: ast.LabelExpr) -> tuple[list[str], list[ast.Expr]]:
        """The plain ones, and the values of the others."""
        names, values, other = label_parts(labels)
        if other is not None:
            self.fail("Only plain labels and $(...) can be set, joined by ':'", at=labels.start)
        return names, values

    def _remove(self) -> ast.Clause:
        self.expect_word("REMOVE")
        items: list[ast.Node] = []
        while True:
            start = self.start()
            target = self._postfix(self.atom())
            if isinstance(target, ast.HasLabels):
                items.append(
                    ast.RemoveLabels(
                        start, self.end(), target.entity, *self._labels_of(target.labels)
                    )
                )
            elif isinstance(target, ast.Index):
                nothing = ast.Literal(start, start, None)
                items.append(
                    ast.SetProperties(
                        start, self.end(), target.container, _pair(target, nothing), False
                    )
                )
            elif isinstance(target, ast.Property):
                items.append(ast.RemoveProperty(start, self.end(), target.entity, target.key))
            else:
                self.fail("REMOVE takes a property or labels", at=start)
            if not self.accept_op(","):
                return ast.Set(0, 0, items)

    def _delete(self) -> ast.Clause:
        detach = self.accept_word("DETACH")
        self.accept_word("NODETACH")
        self.expect_word("DELETE")
        targets = [self.expression()]
        while self.accept_op(","):
            targets.append(self.expression())
        return ast.Delete(0, 0, targets, detach)

    def _foreach(self) -> ast.Clause:
        self.expect_word("FOREACH")
        self.expect_op("(")
        variable = self.expect_name("a variable")
        self.expect_word("IN")
        source = self.expression()
        self.expect_op("|")
        body: list[ast.Clause] = []
        self.enter()
        while (clause := self.clause()) is not None:
            if not isinstance(clause, ast.Create | ast.Merge | ast.Set | ast.Delete | ast.Foreach):
                self.fail(
                    "FOREACH may hold only clauses that write",
                    e.WRITES_ONLY,
                    clause.start,
                )
            body.append(clause)
        self.leave()
        self.expect_op(")")
        if not body:
            self.fail_expected("a clause that writes")
        return ast.Foreach(0, 0, variable, source, body)

    def _load_csv(self) -> ast.Clause:
        self.expect_word("LOAD", "CSV")
        with_headers = self.accept_words("WITH", "HEADERS")
        self.expect_word("FROM")
        url = self.expression()
        self.expect_word("AS")
        variable = self.expect_name("a variable")
        delimiter = self.expression() if self.accept_word("FIELDTERMINATOR") else None
        return ast.LoadCsv(0, 0, url, variable, with_headers, delimiter)

    # ------------------------------------------------------------------------------------------------------- CALL

    def _call_clause(self) -> ast.Clause:
        self.expect_word("CALL")
        if self.is_op("{") or self.is_op("("):
            return self._call_subquery()
        return self.procedure_call()

    def procedure_call(self) -> ast.ProcedureCall:
        name = self.expect_name("a procedure")
        while self.accept_op("."):
            name += "." + self.expect_name("a procedure")
        arguments: list[ast.Expr] | None = None
        if self.accept_op("("):
            arguments = []
            if not self.is_op(")"):
                arguments.append(self.expression())
                while self.accept_op(","):
                    arguments.append(self.expression())
            self.expect_op(")")
        call = ast.ProcedureCall(0, 0, name, arguments, None, False, None)
        if self.accept_word("YIELD"):
            call.star, call.yields = self.yields()
            if self.accept_word("WHERE"):
                call.where = self.expression()
        return call

    def yields(self) -> tuple[bool, list[tuple[str, str]]]:
        if self.accept_op("*"):
            return True, []
        pairs = []
        while True:
            column = self.expect_name("a column")
            pairs.append(
                (column, self.expect_name("a variable") if self.accept_word("AS") else column)
            )
            if not self.accept_op(","):
                return False, pairs

    def _call_subquery(self, optional: bool = False) -> ast.Clause:
        imports: list[str] | None = None
        import_all = False
        if self.accept_op("("):
            imports = []
            if self.accept_op("*"):
                import_all = True
            elif not self.is_op(")"):
                imports.append(self.expect_name("a variable"))
                while self.accept_op(","):
                    imports.append(self.expect_name("a variable"))
            self.expect_op(")")
        self.expect_op("{")
        self.enter()
        query = self.query()
        self.leave()
        self.expect_op("}")
        batches = self._batches() if self.is_word("IN") else None
        return ast.CallSubquery(
            0, 0, query, imports, import_all, batches is not None, optional, batches
        )

    def _batches(self) -> ast.Batches:
        """``IN [n CONCURRENT] TRANSACTIONS [OF n ROWS] [ON ERROR ...] [REPORT STATUS AS s]``."""
        start = self.start()
        self.expect_word("IN")
        if not self.is_word("TRANSACTIONS"):
            # How many may run at once is a hint: they run one after the other.
            if not self.is_word("CONCURRENT"):
                self.atom()
            self.expect_word("CONCURRENT")
        self.expect_word("TRANSACTIONS")
        batches = ast.Batches(start, 0)
        while True:
            if self.accept_word("OF"):
                batches.rows = self.atom()
                if not self.accept_word("ROW"):
                    self.expect_word("ROWS")
            elif self.accept_words("ON", "ERROR"):
                for word in ("CONTINUE", "BREAK", "FAIL"):
                    if self.accept_word(word):
                        batches.on_error = word.lower()
                        break
                else:
                    self.fail_expected("CONTINUE, BREAK or FAIL")
            elif self.accept_word("REPORT"):
                self.expect_word("STATUS", "AS")
                batches.report = self.expect_name("a variable")
            else:
                break
        if batches.report is not None and batches.on_error == "fail":
            message = "REPORT STATUS can only be used with ON ERROR CONTINUE or ON ERROR BREAK"
            self.fail(message, e.STATUS_WITHOUT_ERROR_MODE)
        return batches

    def query(self) -> ast.Query:
        raise AssertionError("the query parser brings this")


#: What reads the clause that begins with a word.
_READERS: dict[str, Callable[[Clauses], ast.Clause]] = {
    "MATCH": Clauses._match,
    "OPTIONAL": Clauses._match,
    "UNWIND": Clauses._unwind,
    "WITH": Clauses._projection,
    "RETURN": Clauses._projection,
    "CREATE": Clauses._create,
    "INSERT": Clauses._create,
    "MERGE": Clauses._merge,
    "SET": Clauses._set,
    "REMOVE": Clauses._remove,
    "DELETE": Clauses._delete,
    "DETACH": Clauses._delete,
    "NODETACH": Clauses._delete,
    "CALL": Clauses._call_clause,
    "FOREACH": Clauses._foreach,
    "LOAD": Clauses._load_csv,
    "FINISH": Clauses._finish,
    "FILTER": Clauses._filter,
    "LET": Clauses._let,
}
