"""Expressions that are lists, maps, nodes, or anything at all."""

from __future__ import annotations

from tests.generators.schema import KEYS
from tests.generators.scope import Scope
from tests.generators.writer import Writer

__all__ = ["Collections"]


class Collections(Writer):
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

    def converted(self, kind: str, scope: Scope, depth: int) -> str:
        other = "string" if kind == "integer" else "integer"
        name = "toIntegerList" if kind == "integer" else "toStringList"
        return f"{name}({self.of(f'list of {other}', scope, depth)})"

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

    def any_by_chance(self, scope: Scope, depth: int) -> str | None:
        """An operator or a function on values that may be of the wrong type."""
        if not self.risky:
            return None
        a, b = self.of("any", scope, depth), self.of("any", scope, 0)
        forms = (
            f"({a} + {b})",
            f"({a} - {b})",
            f"({a} * {b})",
            f"({a})[{b}]",
            f"({a})[{b}..]",
            f"({a}).year",
            f"size({a})",
            f"toInteger({a})",
            f"toString({a})",
            f"toFloat({a})",
            f"toBoolean({a})",
            f"head({a})",
            f"range({a}, {b})",
            f"-({a})",
            f"keys({a})",
            f"({a} IN {b})",
        )
        return self.choices.one(forms)

    def value_type(self, scope: Scope, depth: int) -> str:
        return f"valueType({self.of('any', scope, depth)})"

    def null_if(self, scope: Scope, depth: int) -> str:
        return f"nullIf({self.of('any', scope, depth)}, {self.of('any', scope, depth)})"

    def to_string_or_null(self, scope: Scope, depth: int) -> str:
        kind = self.choices.one(("integer", "string", "list of integer", "date"))
        return f"toStringOrNull({self.of(kind, scope, depth)})"

    def end_of(self, scope: Scope, _: int) -> str | None:
        relationships, paths = scope.of("relationship"), scope.of("path")
        options = [f"{end}({r})" for r in relationships for end in ("startNode", "endNode")]
        options += [f"nodes({p})[{place}]" for p in paths for place in ("0", "-1", "1")]
        return self.choices.one(options) if options else None
