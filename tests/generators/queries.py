"""Reading queries: chains of MATCH, OPTIONAL MATCH, UNWIND, WITH, CALL { }, and a RETURN, joined by UNION now and then.

A query is generated from what is in scope and from the schema, never from the data. It has one answer: rows are a
multiset unless they are sorted, SKIP and LIMIT stand only behind an order that leaves nothing open, and a list of open
order is a bag (``scope``).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.generators.choices import Choices
from tests.generators.expressions import Expressions
from tests.generators.patterns import Patterns
from tests.generators.scope import COMPARABLE, Names, Scope, element_kind

__all__ = ["Queries", "Query", "generate_query"]

_VALUE_KINDS = (
    "integer",
    "string",
    "boolean",
    "any",
    "float",
    "list of integer",
    "map",
    "date",
    "duration",
    "list of string",
    "localdatetime",
    "datetime",
    "localtime",
    "time",
)
#: Kinds that DISTINCT and grouping can tell apart.
_GROUPED = (*_VALUE_KINDS, "node", "relationship")


@dataclass
class Query:
    """``bags``: columns that hold lists of open order. ``ordered``: columns by which the rows are sorted, in order."""

    clauses: list[str]
    columns: dict[str, str] = field(default_factory=dict)
    ordered: bool = False
    writes: bool = False
    risky: bool = False

    @property
    def text(self) -> str:
        return "\n".join(self.clauses)

    @property
    def bags(self) -> list[str]:
        return [name for name, kind in self.columns.items() if kind.startswith("bag of")]


class Queries:
    def __init__(self, choices: Choices, *, risky: bool = False) -> None:
        self.choices, self.names = choices, Names()
        self.expressions = Expressions(choices, self.names, risky=risky)
        self.expressions.queries = self
        self.patterns = Patterns(choices, self.names, self.expressions)
        self.risky = risky
        #: How deep subqueries stand in each other.
        self.depth = 0

    # --------------------------------------------------------------------------------------------------- queries

    def query(self) -> Query:
        if self.choices.chance(8):
            return self.union()
        scope = Scope()
        clauses, scope = self.clauses(
            scope, self.choices.weighted((35, 1), (40, 2), (20, 3), (5, 4))
        )
        text, columns, ordered = self.projection("RETURN", scope)
        return Query([*clauses, text], columns, ordered, risky=self.risky)

    def union(self) -> Query:
        kinds = [self.choices.one(_VALUE_KINDS) for _ in range(self.choices.between(1, 2))]
        names = [self.names.fresh("c") for _ in kinds]
        word = self.choices.one(("UNION ALL", "UNION"))
        parts: list[str] = []
        for number in range(self.choices.between(2, 3)):
            clauses, scope = self.clauses(Scope(), self.choices.between(0, 2))
            items = [
                f"{self.expressions.of(k, scope)} AS {n}" for k, n in zip(kinds, names, strict=True)
            ]
            parts += [*([word] if number else []), *clauses, f"RETURN {', '.join(items)}"]
        return Query(parts, dict(zip(names, kinds, strict=True)), risky=self.risky)

    def clauses(self, scope: Scope, count: int) -> tuple[list[str], Scope]:
        found = []
        for number in range(count):
            first = number == 0
            form = self.choices.weighted(
                (60 if first else 40, self.match),
                (6 if first else 18, self.optional_match),
                (12, self.unwind),
                (4 if first else 24, self.with_),
                (2 if first else 8, self.call),
                (1 if first else 5, self.shortest),
                (2, self.sorted_list),
            )
            text, scope = form(scope)
            found.append(text)
        return found, scope

    # --------------------------------------------------------------------------------------------------- clauses

    def where(self, scope: Scope, percent: int) -> str:
        if not self.choices.chance(percent):
            return ""
        if self.choices.chance(8) and scope.of("node"):
            return f"\nWHERE {self.pattern_predicate(scope)}"
        return f"\nWHERE {self.expressions.of('boolean', scope, 3)}"

    def pattern_predicate(self, scope: Scope) -> str:
        """A bare pattern where a predicate stands; it brings no variables."""
        first = self.choices.one(scope.of("node"))
        ends = ["()", f"({self.choices.one(scope.of('node'))})", "(:A)", "(:B)"]
        arrow = self.choices.one(("-->", "<--", "--", "-[:R]->", "-[:S|T]-", "-[*1..2]->"))
        pattern = f"({first}){arrow}{self.choices.one(ends)}"
        form = self.choices.one(("{}", "NOT {}", "({} OR {})", "({} AND {})"))
        other = self.expressions.of("boolean", scope, 1)
        return form.replace("{}", pattern, 1).replace("{}", other, 1)

    def match(self, scope: Scope) -> tuple[str, Scope]:
        text, after = self.patterns.paths(scope)
        return f"MATCH {text}{self.where(after, 20)}", after

    def optional_match(self, scope: Scope) -> tuple[str, Scope]:
        text, after = self.match(scope)
        return f"OPTIONAL {text}", after

    def unwind(self, scope: Scope) -> tuple[str, Scope]:
        name = self.names.fresh("x")
        lists, paths = scope.lists(), scope.of("path")
        if paths and self.choices.chance(40):
            # What a path is made of, as entities of their own.
            function, kind = self.choices.one(
                (("nodes", "node"), ("relationships", "relationship"))
            )
            name = self.names.fresh(kind[0])
            source = f"{function}({self.choices.one(paths)})"
            return f"UNWIND {source} AS {name}", scope.with_(**{name: kind})
        if lists and self.choices.chance(50):
            source = self.choices.one(lists)
            return f"UNWIND {source} AS {name}", scope.with_(
                **{name: element_kind(scope.kinds[source])}
            )
        kind = self.choices.one(("integer", "string", "any"))
        source = self.expressions.of(f"list of {kind}", scope)
        if source == "null":
            source = "[null]"
        return f"UNWIND {source} AS {name}", scope.with_(**{name: kind})

    def with_(self, scope: Scope) -> tuple[str, Scope]:
        if self.choices.chance(12):
            return f"WITH *{self.where(scope, 60)}", scope
        text, columns, _ = self.projection("WITH", scope)
        after = Scope(dict(columns))
        return text + self.where(after, 15), after

    def shortest(self, scope: Scope) -> tuple[str, Scope]:
        """Shortest paths between two nodes: which of several is taken is open, so only lengths go on."""
        before, after = "", scope
        nodes = scope.of("node")
        if len(nodes) < 2 or self.choices.chance(30):
            a, b = self.names.fresh("n"), self.names.fresh("n")
            before, after = f"MATCH ({a}), ({b})\n", scope.with_(**{a: "node", b: "node"})
        else:
            a, b = self.choices.one(nodes), self.choices.one(nodes)
        path, length = self.names.fresh("p"), self.names.fresh("k")
        arrow = self.choices.one(
            ("-[:R*..3]->", "-[*..3]-", "<-[:S|T*1..2]-", "-[*0..2]->", "-[*]->")
        )
        hops = self.choices.one(("-[:R]->{1,3}", "--{1,2}", "<-[:S|T]-{1,2}", "-->{0,2}"))
        all_alike = (
            f"shortestPath(({a}){arrow}({b}))",
            f"allShortestPaths(({a}){arrow}({b}))",
            f"ALL SHORTEST ({a}){hops}({b})",
            f"SHORTEST 2 GROUPS ({a}){hops}({b})",
        )
        some = (f"ANY SHORTEST ({a}){hops}({b})", f"SHORTEST 2 ({a}){hops}({b})")
        form, where = self.choices.one((*all_alike, *some)), f"WHERE {a} <> {b}"
        if form in all_alike and self.choices.chance(25):
            # Of some paths of many it would decide by luck.
            more = (f"length({path}) > 1", f"all(r IN relationships({path}) WHERE r.i IS NULL)")
            where += f" AND {self.choices.one(more)}"
        text = f"{before}MATCH {path} = {form} {where}\nWITH *, length({path}) AS {length}"
        return text, after.with_(**{length: "integer"})

    def sorted_list(self, scope: Scope) -> tuple[str, Scope]:
        """What is collected right behind ORDER BY is in that order (TCK WithOrderBy1): a list, not a bag."""
        kind = self.choices.one(("integer", "string", "boolean", "date"))
        item, found = self.names.fresh("c"), self.names.fresh("c")
        expression = self.expressions.of(kind, scope)
        descending = self.choices.one(("", " DESC"))
        limit = self.choices.one(("", f"\nLIMIT {self.choices.between(0, 4)}"))
        text = f"WITH {expression} AS {item} ORDER BY {item}{descending}{limit}\nWITH collect({item}) AS {found}"
        return text, Scope({found: f"list of {kind}"})

    def call(self, scope: Scope) -> tuple[str, Scope]:
        """A returning subquery: it sees what it imports."""
        imports = self.choices.some(list(scope.kinds), 3)
        inner = Scope({name: scope.kinds[name] for name in imports})
        self.depth += 1
        body, scope_inside = self.clauses(inner, self.choices.between(1, 2))
        self.depth -= 1
        kinds = [self.choices.one(_VALUE_KINDS) for _ in range(self.choices.between(1, 2))]
        new = {self.names.fresh("c"): kind for kind in kinds}
        if self.choices.chance(30):
            items = [self.aggregate(scope_inside) for _ in new]
            new = {name: kind for name, (kind, _) in zip(new, items, strict=True)}
            returned = [f"{text} AS {name}" for name, (_, text) in zip(new, items, strict=True)]
        else:
            returned = [f"{self.expressions.of(k, scope_inside)} AS {n}" for n, k in new.items()]
        text = "\n  ".join([*body, f"RETURN {', '.join(returned)}"])
        optional = "OPTIONAL " if self.choices.chance(15) else ""
        is_plain = set(new.values()) <= set(_VALUE_KINDS)
        if is_plain and self.choices.chance(15):
            others = [f"{self.expressions.of(k, inner, 0)} AS {n}" for n, k in new.items()]
            text += f"\n  UNION ALL RETURN {', '.join(others)}"
        elif imports and not optional and self.choices.chance(25):
            return f"CALL {{ WITH {', '.join(imports)}\n  {text} }}", scope.with_(**new)
        return f"{optional}CALL ({', '.join(imports)}) {{ {text} }}", scope.with_(**new)

    # ----------------------------------------------------------------------------------------------- projections

    def projection(self, word: str, scope: Scope) -> tuple[str, dict[str, str], bool]:
        """Text, columns and whether the rows are sorted such that their order is known."""
        grouped = self.choices.chance(30)
        distinct = "DISTINCT " if not grouped and self.choices.chance(20) else ""
        closed = grouped or distinct
        items: list[tuple[str, str, str]] = []  # name, kind, text
        for name in self.choices.some(list(scope.kinds), 4):
            if not (closed and scope.kinds[name] not in _GROUPED):
                items.append((name, scope.kinds[name], name))
        for _ in range(self.choices.between(0 if items or grouped else 1, 2)):
            kind = self.choices.one(_VALUE_KINDS)
            if not closed and self.choices.chance(10):
                kind = f"bag of {self.choices.one(('integer', 'string', 'any'))}"
            items.append((self.names.fresh("c"), kind, self.expressions.of(kind, scope)))
        if grouped:
            for _ in range(self.choices.between(1, 2)):
                kind, text = self.aggregate(scope)
                items.append((self.names.fresh("c"), kind, text))
        columns = {name: kind for name, kind, _ in items}
        written = [text if text == name else f"{text} AS {name}" for name, _, text in items]
        text = f"{word} {distinct}{', '.join(written)}"
        order, ordered = self.order(columns)
        return text + order, columns, ordered

    def order(self, columns: dict[str, str]) -> tuple[str, bool]:
        """ORDER BY; with SKIP and LIMIT only if rows that the order leaves equal are equal."""
        sortable = [name for name, kind in columns.items() if kind in COMPARABLE]
        if not sortable or not self.choices.chance(25):
            return "", False
        items = [name + self.choices.one(("", " DESC", " ASC")) for name in sortable]
        text = f"\nORDER BY {', '.join(items)}"
        if len(sortable) < len(columns):
            return text, False
        if self.choices.chance(40):
            text += f"\nSKIP {self.choices.between(0, 3)}"
        if self.choices.chance(50):
            text += f"\nLIMIT {self.choices.between(0, 5)}"
        return text, True

    def aggregate(self, scope: Scope) -> tuple[str, str]:
        """(kind, text)."""
        form = self.choices.weighted(
            (25, "count(*)"),
            (15, "count"),
            (15, "sum"),
            (20, "min"),
            (15, "collect"),
            (10, "avg"),
            (5, "percentile"),
            (4, "stdev"),
            (6, "inside"),
        )
        distinct = "DISTINCT " if self.choices.chance(30) else ""
        if form == "count(*)":
            return "integer", "count(*)"
        if form == "count":
            kind = self.choices.one(("any", "node", "integer", "relationship"))
            return "integer", f"count({distinct}{self.expressions.of(kind, scope, 1)})"
        if form == "sum":
            return "integer", f"sum({distinct}{self.expressions.of('integer', scope, 1)})"
        if form == "min":
            kind = self.choices.one(
                ("integer", "string", "date", "any", "float", "list of integer")
            )
            name = self.choices.one(("min", "max"))
            return kind, f"{name}({distinct}{self.expressions.of(kind, scope, 1)})"
        if form == "collect":
            kind = self.choices.one(("integer", "string", "any"))
            nodes = scope.of("node")
            if nodes and self.choices.chance(30):
                return "bag of node", f"collect({distinct}{self.choices.one(nodes)})"
            return f"bag of {kind}", f"collect({distinct}{self.expressions.of(kind, scope, 1)})"
        if form == "avg":
            return "inexact", f"avg({self.expressions.of('integer', scope, 1)})"
        if form == "percentile":
            kind, name = self.choices.one(
                (("number", "percentileDisc"), ("inexact", "percentileCont"))
            )
            share = self.choices.one(("0.5", "0", "1", "0.9"))
            found = "integer" if kind == "number" else kind
            return found, f"{name}({self.expressions.of('integer', scope, 1)}, {share})"
        if form == "stdev":
            name = self.choices.one(("stDev", "stDevP"))
            return "inexact", f"{name}({self.expressions.of('integer', scope, 1)})"
        inner = self.expressions.of("integer", scope, 1)
        forms = (
            f"count(*) + sum({inner})",
            f"size(collect({inner})) * 2",
            f"max({inner}) > count(*)",
        )
        text = self.choices.one(forms)
        return ("boolean" if ">" in text else "integer"), text

    # -------------------------------------------------------------------------------------------------- subqueries

    def subquery_body(self, scope: Scope, depth: int) -> str:
        """Inside EXISTS and COUNT: patterns, or a query."""
        if self.depth >= 2 or self.choices.chance(60):
            inner = scope.copy()
            text = self.patterns.path(inner, set(), hops=self.choices.between(0, 2), named=False)
            where = ""
            if self.choices.chance(30):
                where = f" WHERE {self.expressions.of('boolean', inner, min(depth, 1))}"
            return text + where
        self.depth += 1
        clauses, inner = self.clauses(scope, self.choices.between(1, 2))
        self.depth -= 1
        distinct = self.choices.one(("", "DISTINCT "))
        returned = self.expressions.of("integer", inner, 1)
        return " ".join([*clauses, f"RETURN {distinct}{returned} AS {self.names.fresh('c')}"])

    def bag(self, kind: str, scope: Scope, depth: int) -> str:
        if self.depth >= 2 or self.choices.chance(60):
            inner = scope.copy()
            hops = self.choices.between(1, 2)
            path = self.patterns.path(inner, set(), hops=hops, quantified=False)
            where = ""
            if self.choices.chance(30):
                where = f" WHERE {self.expressions.of('boolean', inner, min(depth, 1))}"
            return f"[{path}{where} | {self.expressions.of(kind, inner, min(depth, 1))}]"
        self.depth += 1
        clauses, inner = self.clauses(scope, 1)
        self.depth -= 1
        returned = self.expressions.of(kind, inner, 1)
        return f"COLLECT {{ {' '.join(clauses)} RETURN {returned} AS {self.names.fresh('c')} }}"


def generate_query(choices: Choices, *, risky: bool = False) -> Query:
    return Queries(choices, risky=risky).query()
