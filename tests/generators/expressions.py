"""Expressions of a wanted kind over the variables in scope. What is written here evaluates without an error.

Each kind has its productions; a production is a method that is named after what it writes. At depth 0 only leaves are
written. ``Expressions.risky`` lets in what may fail: division by anything, overflow, wrong types.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.generators.choices import Choices
from tests.generators.schema import KEY_KINDS, KEYS, LABELS, VALUES
from tests.generators.scope import Names, Scope, element_kind

if TYPE_CHECKING:
    from tests.generators.queries import Queries

__all__ = ["Expressions"]

_COMPARED = (
    "integer",
    "string",
    "float",
    "date",
    "boolean",
    "any",
    "list of integer",
    "duration",
    "localdatetime",
    "datetime",
)
_KEYS_OF = {kind: [key for key in KEYS if KEY_KINDS[key] == kind] for kind in KEY_KINDS.values()}
_PARTS = {
    "date": ("year", "month", "day", "week", "quarter", "dayOfWeek", "ordinalDay", "weekYear"),
    "localdatetime": ("year", "hour", "second", "nanosecond", "millisecond", "dayOfQuarter"),
    "datetime": ("day", "hour", "epochSeconds", "offsetSeconds", "offsetMinutes"),
    "duration": ("years", "monthsOfYear", "days", "hours", "secondsOfMinute", "nanoseconds"),
}
Production = Callable[["Expressions", Scope, int], str | None]


class Expressions:
    def __init__(self, choices: Choices, names: Names, *, risky: bool = False) -> None:
        self.choices, self.names, self.risky = choices, names, risky
        #: Writes subqueries and patterns; the query generator puts itself in.
        self.queries: Queries | None = None

    def of(self, kind: str, scope: Scope, depth: int = 2) -> str:
        """An expression of the kind."""
        if kind.startswith("bag of "):
            return self.bag(element_kind(kind), scope, depth)
        if depth > 0:
            for _ in range(3):
                production = self.choices.one(_PRODUCTIONS.get(kind, (Expressions.leaf_of(kind),)))
                text = production(self, scope, depth - 1)
                if text is not None:
                    return text
        return self.leaf(kind, scope)

    @staticmethod
    def leaf_of(kind: str) -> Production:
        return lambda self, scope, _: self.leaf(kind, scope)

    def leaf(self, kind: str, scope: Scope) -> str:
        """A variable, a property or a literal."""
        options: list[str] = []
        variables = scope.of(kind)
        if variables:
            options.append(self.choices.one(variables))
        entities = scope.of("node", "relationship")
        keys = _KEYS_OF.get(kind)
        if keys and entities:
            options.append(f"{self.choices.one(entities)}.{self.choices.one(keys)}")
            options.append(options[-1])
        if kind in ("node", "relationship", "path"):
            return options[0] if options else "null"
        literals = VALUES.get(kind) or self._list_literals(kind)
        options.append(self.choices.one(literals))
        if self.choices.chance(3):
            return "null"
        return self.choices.one(options)

    def _list_literals(self, kind: str) -> tuple[str, ...]:
        inner = VALUES.get(element_kind(kind), ("1",))
        return ("[]", f"[{inner[0]}]", f"[{inner[-1]}, {inner[0]}]", f"[{inner[0]}, null]")

    # --------------------------------------------------------------------------------------------- for every kind

    def case(self, kind: str, scope: Scope, depth: int) -> str:
        when = self.of("boolean", scope, depth)
        then, other = self.of(kind, scope, depth), self.of(kind, scope, depth)
        if self.choices.chance(30):
            subject, value = self.of("integer", scope, 0), self.of("integer", scope, 0)
            return f"CASE {subject} WHEN {value} THEN {then} ELSE {other} END"
        return f"CASE WHEN {when} THEN {then} ELSE {other} END"

    def coalesce(self, kind: str, scope: Scope, depth: int) -> str:
        return f"coalesce({self.of(kind, scope, depth)}, {self.of(kind, scope, depth)})"

    def element(self, kind: str, scope: Scope, depth: int) -> str:
        items = self.of(f"list of {kind}", scope, depth)
        place = self.choices.one(("0", "1", "-1", "9"))
        return self.choices.one((f"head({items})", f"last({items})", f"({items})[{place}]"))

    def parenthesised(self, kind: str, scope: Scope, depth: int) -> str:
        return f"({self.of(kind, scope, depth)})"

    # -------------------------------------------------------------------------------------------------- booleans

    def comparison(self, scope: Scope, depth: int) -> str:
        kind = self.choices.one(_COMPARED)
        left = self.of(kind, scope, depth)
        if self.choices.chance(8):
            kind = self.choices.one(_COMPARED)
        right = self.of(kind, scope, depth)
        operator = self.choices.one(("=", "<>", "<", "<=", ">", ">="))
        if self.choices.chance(5):
            more = self.choices.one(("=", "<", ">="))
            return f"{left} {operator} {right} {more} {self.of(kind, scope, depth)}"
        return f"{left} {operator} {right}"

    def logic(self, scope: Scope, depth: int) -> str:
        left, right = self.of("boolean", scope, depth), self.of("boolean", scope, depth)
        operator = self.choices.one(("AND", "OR", "XOR"))
        return f"({left} {operator} {right})"

    def negation(self, scope: Scope, depth: int) -> str:
        return f"(NOT ({self.of('boolean', scope, depth)}))"

    def null_test(self, scope: Scope, depth: int) -> str:
        kind = self.choices.one(("integer", "any", "string", "node", "boolean"))
        test = self.choices.one(("IS NULL", "IS NOT NULL"))
        return f"({self.of(kind, scope, depth)}) {test}"

    def membership(self, scope: Scope, depth: int) -> str:
        kind = self.choices.one(("integer", "string", "any"))
        items = [self.of(kind, scope, 0) for _ in range(self.choices.between(0, 3))]
        source = f"[{', '.join(items)}]"
        if self.choices.chance(40):
            source = self.of(f"list of {kind}", scope, depth)
        return f"{self.of(kind, scope, 0)} IN {source}"

    def text_test(self, scope: Scope, depth: int) -> str:
        operator = self.choices.one(("STARTS WITH", "ENDS WITH", "CONTAINS", "=~"))
        left = self.of("string", scope, depth)
        right = self.choices.one(("'a.*'", "'[ab]+'", "'(a|b)?'")) if operator == "=~" else None
        return f"{left} {operator} {right or self.of('string', scope, 0)}"

    def label_test(self, scope: Scope, _: int) -> str | None:
        nodes = scope.of("node")
        if not nodes:
            return None
        return f"{self.choices.one(nodes)}:{self.label_expression(LABELS)}"

    def label_expression(self, names: tuple[str, ...]) -> str:
        a, b = self.choices.one(names), self.choices.one(names)
        forms = (a, f"{a}|{b}", f"{a}&{b}", f"!{a}", "%", f"({a}|{b})&!({a}&{b})", "!%")
        return self.choices.weighted(*zip((14, 3, 2, 2, 1, 1, 1), forms, strict=True))

    def type_test(self, scope: Scope, depth: int) -> str:
        kind = self.choices.one(("any", "integer", "list of integer", "map"))
        types = ("INTEGER", "STRING NOT NULL", "INTEGER | FLOAT", "LIST<INTEGER>", "DATE", "ANY")
        negated = self.choices.one(("IS ::", "IS NOT ::"))
        return f"(({self.of(kind, scope, depth)}) {negated} {self.choices.one(types)})"

    def quantifier(self, scope: Scope, depth: int) -> str:
        kind = self.choices.one(("integer", "string"))
        source = self.of(f"list of {kind}", scope, depth)
        bags = [name for name in scope.lists() if element_kind(scope.kinds[name]) != "any"]
        if bags and self.choices.chance(40):
            source = self.choices.one(bags)
            kind = element_kind(scope.kinds[source])
        name = self.names.fresh("q")
        inner = self.of("boolean", scope.with_(**{name: kind}), depth)
        return f"{self.choices.one(('any', 'all', 'none', 'single'))}({name} IN {source} WHERE {inner})"

    def exists(self, scope: Scope, depth: int) -> str | None:
        if self.queries is None or self.choices.chance(50):
            return None
        return f"EXISTS {{ {self.queries.subquery_body(scope, depth)} }}"

    def same_entity(self, scope: Scope, _: int) -> str | None:
        kind = self.choices.one(("node", "relationship"))
        names = scope.of(kind)
        if len(names) < 2:
            return None
        operator = self.choices.one(("=", "<>"))
        return f"{self.choices.one(names)} {operator} {self.choices.one(names)}"

    def empty_test(self, scope: Scope, depth: int) -> str:
        kind = self.choices.one(("string", "list of integer", "map"))
        return f"isEmpty({self.of(kind, scope, depth)})"

    # --------------------------------------------------------------------------------------------------- numbers

    def integer_arithmetic(self, scope: Scope, depth: int) -> str:
        left = self.of("integer", scope, depth)
        operator = self.choices.one(("+", "-", "*", "%", "/"))
        if operator in ("%", "/"):
            right = (
                self.of("integer", scope, 0) if self.risky else self.choices.one(("2", "3", "-2"))
            )
        else:
            right = self.of("integer", scope, depth)
        return f"({left} {operator} {right})"

    def integer_of(self, scope: Scope, depth: int) -> str:
        form = self.choices.below(6)
        if form == 0:
            return f"size({self.of('string', scope, depth)})"
        if form == 1:
            return f"size({self.of('list of integer', scope, depth)})"
        if form == 2:
            return f"abs({self.of('integer', scope, depth)})"
        if form == 3:
            return f"sign({self.of('integer', scope, depth)})"
        if form == 4:
            return f"toInteger({self.of('string', scope, depth)})"
        return f"-({self.of('integer', scope, depth)})"

    def integer_of_entity(self, scope: Scope, _: int) -> str | None:
        paths, nodes, bags = scope.of("path"), scope.of("node"), scope.lists()
        options = [f"length({p})" for p in paths] + [f"size(labels({n}))" for n in nodes]
        options += [f"size(keys({n}))" for n in nodes] + [f"size({b})" for b in bags]
        return self.choices.one(options) if options else None

    def integer_part(self, scope: Scope, depth: int) -> str:
        kind = self.choices.one(tuple(_PARTS))
        return f"({self.of(kind, scope, depth)}).{self.choices.one(_PARTS[kind])}"

    def reduction(self, scope: Scope, depth: int) -> str:
        a, x = self.names.fresh("a"), self.names.fresh("x")
        source = self.of("list of integer", scope, depth)
        body = self.of("integer", scope.with_(**{x: "integer"}), 0)
        return f"reduce({a} = 0, {x} IN {source} | {a} + {body})"

    def count_subquery(self, scope: Scope, depth: int) -> str | None:
        if self.queries is None or self.choices.chance(50):
            return None
        return f"COUNT {{ {self.queries.subquery_body(scope, depth)} }}"

    def float_arithmetic(self, scope: Scope, depth: int) -> str:
        left = self.of(self.choices.one(("float", "integer")), scope, depth)
        operator = self.choices.one(("+", "-", "*", "/", "^", "%"))
        right = self.of("float", scope, depth)
        return f"({left} {operator} {right})"

    def float_of(self, scope: Scope, depth: int) -> str:
        inner = self.of(self.choices.one(("float", "integer")), scope, depth)
        functions = ("toFloat", "abs", "ceil", "floor", "round", "sqrt", "toFloat")
        name = self.choices.one(functions)
        return f"toFloat({inner})" if name == "abs" else f"{name}({inner})"

    # ----------------------------------------------------------------------------------------------------- texts

    def concatenation(self, scope: Scope, depth: int) -> str:
        right = self.of(self.choices.one(("string", "integer")), scope, depth)
        return f"({self.of('string', scope, depth)} + {right})"

    def string_of(self, scope: Scope, depth: int) -> str:
        text = self.of("string", scope, depth)
        a, b = self.choices.one(("0", "1", "2")), self.choices.one(("0", "1", "3"))
        forms = (
            f"toUpper({text})",
            f"toLower({text})",
            f"substring({text}, {a}, {b})",
            f"left({text}, {a})",
            f"right({text}, {b})",
            f"reverse({text})",
            f"trim({text})",
            f"replace({text}, 'a', {self.of('string', scope, 0)})",
            f"split({text}, 'b')[0]",
        )
        return self.choices.one(forms)

    def to_string(self, scope: Scope, depth: int) -> str:
        kind = self.choices.one(
            ("integer", "boolean", "date", "duration", "localdatetime", "string")
        )
        return f"toString({self.of(kind, scope, depth)})"

    def type_of(self, scope: Scope, _: int) -> str | None:
        relationships = scope.of("relationship")
        return f"type({self.choices.one(relationships)})" if relationships else None

    # ------------------------------------------------------------------------------------------------- temporals

    def date_arithmetic(self, scope: Scope, depth: int) -> str:
        operator = self.choices.one(("+", "-"))
        return f"({self.of('date', scope, depth)} {operator} {self.of('duration', scope, 0)})"

    def date_of(self, scope: Scope, depth: int) -> str:
        source = self.of(self.choices.one(("date", "localdatetime", "datetime")), scope, depth)
        unit = self.choices.one(("month", "year", "week", "quarter", "weekYear", "decade"))
        return self.choices.one((f"date({source})", f"date.truncate('{unit}', {source})"))

    def moment_arithmetic(self, kind: str, scope: Scope, depth: int) -> str:
        operator = self.choices.one(("+", "-"))
        return f"({self.of(kind, scope, depth)} {operator} {self.of('duration', scope, 0)})"

    def duration_of(self, scope: Scope, depth: int) -> str:
        kinds = ("date", "localdatetime", "datetime")
        a, b = (self.of(self.choices.one(kinds), scope, depth) for _ in range(2))
        name = self.choices.one(("between", "inMonths", "inDays", "inSeconds"))
        return f"duration.{name}({a}, {b})"

    def duration_arithmetic(self, scope: Scope, depth: int) -> str:
        a, b = self.of("duration", scope, depth), self.of("duration", scope, 0)
        factor = self.choices.one(("2", "0.5", "3", "-1"))
        return self.choices.one((f"({a} + {b})", f"({a} - {b})", f"({a} * {factor})", f"({a} / 2)"))

    # --------------------------------------------------------------------------------------------- lists and maps

    def list_literal(self, kind: str, scope: Scope, depth: int) -> str:
        items = [self.of(kind, scope, depth) for _ in range(self.choices.between(0, 3))]
        return f"[{', '.join(items)}]"

    def list_arithmetic(self, kind: str, scope: Scope, depth: int) -> str:
        items = self.of(f"list of {kind}", scope, depth)
        more = self.of(f"list of {kind}", scope, 0)
        a, b = self.choices.one(("0", "1", "-1")), self.choices.one(("2", "1", "-1"))
        forms = (
            f"({items} + {more})",
            f"tail({items})",
            f"reverse({items})",
            f"({items})[{a}..{b}]",
            f"({items})[..{b}]",
            f"({items})[{a}..]",
        )
        return self.choices.one(forms)

    def list_comprehension(self, kind: str, scope: Scope, depth: int) -> str:
        name = self.names.fresh("x")
        source_kind = self.choices.one(("integer", "string"))
        source = self.of(f"list of {source_kind}", scope, depth)
        inner = scope.with_(**{name: source_kind})
        where = f" WHERE {self.of('boolean', inner, depth)}" if self.choices.chance(40) else ""
        if kind == source_kind and self.choices.chance(30):
            return f"[{name} IN {source}{where}]"
        return f"[{name} IN {source}{where} | {self.of(kind, inner, depth)}]"

    def range_of(self, _: Scope, __: int) -> str:
        low, high = self.choices.between(0, 3), self.choices.between(-1, 4)
        step = self.choices.one(("", ", 2", ", -1"))
        return f"range({low}, {high}{step})"

    def split_text(self, scope: Scope, depth: int) -> str:
        return f"split({self.of('string', scope, depth)}, 'b')"

    def map_literal(self, scope: Scope, depth: int) -> str:
        kinds = ("integer", "string", "list of integer", "any")
        pairs = [f"{key}: {self.of(self.choices.one(kinds), scope, depth)}" for key in ("a", "b")]
        return f"{{{', '.join(pairs)}}}"

    def map_projection(self, scope: Scope, depth: int) -> str | None:
        entities = scope.of("node", "relationship", "map")
        if not entities:
            return None
        subject = self.choices.one(entities)
        extra = self.of("integer", scope, depth)
        form = self.choices.one((".i, .s", ".*", f".i, x: {extra}", f".*, i: {extra}", ".m, .f"))
        return f"{subject} {{{form}}}"

    def properties_of(self, scope: Scope, _: int) -> str | None:
        entities = scope.of("node", "relationship")
        return f"properties({self.choices.one(entities)})" if entities else None

    def bag(self, kind: str, scope: Scope, depth: int) -> str:
        """A list whose order is open: from a pattern or a subquery."""
        if self.queries is None or depth <= 0:
            return f"[{self.leaf(kind, scope)}]"
        return self.queries.bag(kind, scope, depth)

    # ----------------------------------------------------------------------------------------------------- any

    def any_value(self, scope: Scope, depth: int) -> str:
        kinds = ("integer", "string", "float", "boolean", "date", "list of integer", "duration")
        return self.of(self.choices.one(kinds), scope, depth)

    def any_of_map(self, scope: Scope, depth: int) -> str:
        source = self.of("map", scope, depth)
        key = self.choices.one(("a", "b", "i", "x"))
        return self.choices.one((f"({source}).{key}", f"({source})['{key}']"))

    def any_key(self, scope: Scope, _: int) -> str | None:
        entities = scope.of("node", "relationship")
        if not entities:
            return None
        return f"{self.choices.one(entities)}['{self.choices.one(KEYS)}']"

    def value_type(self, scope: Scope, depth: int) -> str:
        return f"valueType({self.of('any', scope, depth)})"

    def null_if(self, scope: Scope, depth: int) -> str:
        return f"nullIf({self.of('any', scope, depth)}, {self.of('any', scope, depth)})"

    def to_string_or_null(self, scope: Scope, depth: int) -> str:
        kind = self.choices.one(("integer", "string", "list of integer", "date"))
        return f"toStringOrNull({self.of(kind, scope, depth)})"

    # ------------------------------------------------------------------------------------------------- entities

    def end_of(self, scope: Scope, _: int) -> str | None:
        relationships, paths = scope.of("relationship"), scope.of("path")
        options = [f"{end}({r})" for r in relationships for end in ("startNode", "endNode")]
        options += [f"nodes({p})[{place}]" for p in paths for place in ("0", "-1", "1")]
        return self.choices.one(options) if options else None


def _for(kind: str, *productions: Production) -> tuple[Production, ...]:
    shared: list[Production] = [
        Expressions.leaf_of(kind),
        lambda self, scope, depth: self.case(kind, scope, depth),
        lambda self, scope, depth: self.coalesce(kind, scope, depth),
    ]
    return (shared[0], shared[0], *productions, *shared[1:])


def _of_list(kind: str, *productions: Production) -> tuple[Production, ...]:
    return _for(
        f"list of {kind}",
        lambda self, scope, depth: self.list_literal(kind, scope, depth),
        lambda self, scope, depth: self.list_arithmetic(kind, scope, depth),
        lambda self, scope, depth: self.list_comprehension(kind, scope, depth),
        *productions,
    )


_E = Expressions
_PRODUCTIONS: dict[str, tuple[Production, ...]] = {
    "boolean": (
        _E.comparison,
        _E.comparison,
        _E.comparison,
        _E.null_test,
        _E.logic,
        _E.logic,
        _E.negation,
        _E.membership,
        _E.text_test,
        _E.label_test,
        _E.label_test,
        _E.quantifier,
        _E.exists,
        _E.same_entity,
        _E.type_test,
        _E.empty_test,
        *_for("boolean"),
    ),
    "integer": _for(
        "integer",
        _E.integer_arithmetic,
        _E.integer_arithmetic,
        _E.integer_of,
        _E.integer_of_entity,
        _E.integer_part,
        _E.reduction,
        _E.count_subquery,
        lambda self, scope, depth: self.element("integer", scope, depth),
    ),
    "float": _for("float", _E.float_arithmetic, _E.float_of),
    "string": _for(
        "string",
        _E.concatenation,
        _E.string_of,
        _E.to_string,
        _E.type_of,
        _E.value_type,
        _E.to_string_or_null,
        lambda self, scope, depth: self.element("string", scope, depth),
    ),
    "date": _for("date", _E.date_arithmetic, _E.date_of),
    "localdatetime": _for(
        "localdatetime",
        lambda self, scope, depth: self.moment_arithmetic("localdatetime", scope, depth),
    ),
    "datetime": _for(
        "datetime", lambda self, scope, depth: self.moment_arithmetic("datetime", scope, depth)
    ),
    "duration": _for("duration", _E.duration_of, _E.duration_arithmetic),
    "list of integer": _of_list("integer", _E.range_of),
    "list of string": _of_list("string", _E.split_text),
    "list of any": _of_list("any"),
    "map": _for("map", _E.map_literal, _E.map_projection, _E.properties_of),
    "any": _for("any", _E.any_value, _E.any_of_map, _E.any_key, _E.null_if),
    "node": (Expressions.leaf_of("node"), _E.end_of),
}
