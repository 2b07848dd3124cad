"""Expressions that are true, false or null."""

from __future__ import annotations

from tests.generators.schema import KEYS, LABELS
from tests.generators.scope import Scope, element_kind
from tests.generators.writer import Writer

__all__ = ["Predicates"]

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
    "localtime",
    "time",
)


class Predicates(Writer):
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
        values = (f"$('{a}')", f"$any(['{a}', '{b}'])", f"!$(['{a}', '{b}'])|{a}", f"{a}&$('{b}')")
        weights = (28, 6, 4, 4, 2, 2, 2, 1, 1, 1, 1)
        return self.choices.weighted(*zip(weights, (*forms, *values), strict=True))

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
        if self.choices.chance(20):
            source = self.bag(kind, scope, depth)
        name = self.names.fresh("q")
        inner = self.of("boolean", scope.with_(**{name: kind}), depth)
        return f"{self.choices.one(('any', 'all', 'none', 'single'))}({name} IN {source} WHERE {inner})"

    def exists(self, scope: Scope, depth: int) -> str | None:
        if self.queries is None:
            return None
        return f"EXISTS {{ {self.queries.subquery_body(scope, depth)} }}"

    def same_entity(self, scope: Scope, _: int) -> str | None:
        kind = self.choices.one(("node", "relationship"))
        names = scope.of(kind)
        if len(names) < 2:
            return None
        operator = self.choices.one(("=", "<>"))
        return f"{self.choices.one(names)} {operator} {self.choices.one(names)}"

    def boolean_of(self, scope: Scope, depth: int) -> str:
        entities = scope.of("node", "relationship")
        forms = [
            f"isNaN({self.of('float', scope, depth)})",
            f"toBoolean({self.of('string', scope, depth)})",
            f"toBooleanOrNull({self.of('any', scope, depth)})",
            f"point.withinBBox({self.of('point', scope, 0)}, point({{x: 0, y: 0}}), point({{x: 1, y: 2}}))",
        ]
        if entities:
            forms.append(f"exists({self.choices.one(entities)}.{self.choices.one(KEYS)})")
        return self.choices.one(forms)

    def empty_test(self, scope: Scope, depth: int) -> str:
        kind = self.choices.one(("string", "list of integer", "map"))
        return f"isEmpty({self.of(kind, scope, depth)})"
