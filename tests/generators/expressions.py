"""Expressions of a wanted kind over the variables in scope. What is written here evaluates without an error.

Each kind has its productions; a production is a method that is named after what it writes. ``Writer.risky`` lets in
what may fail: division by anything, overflow, wrong types.
"""

from __future__ import annotations

from collections.abc import Sequence

from tests.generators.collections import Collections
from tests.generators.predicates import Predicates
from tests.generators.scalars import Scalars
from tests.generators.writer import Production

__all__ = ["Expressions"]


class Expressions(Predicates, Scalars, Collections):
    def productions(self, kind: str) -> Sequence[Production]:
        return _PRODUCTIONS.get(kind) or (_leaf(kind),)


def _leaf(kind: str) -> Production:
    return lambda self, scope, _: self.leaf(kind, scope)


def _for(kind: str, *productions: Production) -> tuple[Production, ...]:
    shared: list[Production] = [
        _leaf(kind),
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
        _E.boolean_of,
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
    "float": _for("float", _E.float_arithmetic, _E.float_of, _E.trigonometry),
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
        lambda self, scope, depth: self.moment_of("localdatetime", scope, depth),
    ),
    "localtime": _for(
        "localtime",
        lambda self, scope, depth: self.moment_arithmetic("localtime", scope, depth),
        lambda self, scope, depth: self.moment_of("localtime", scope, depth),
    ),
    "time": _for(
        "time",
        lambda self, scope, depth: self.moment_arithmetic("time", scope, depth),
        lambda self, scope, depth: self.moment_of("time", scope, depth),
    ),
    "datetime": _for(
        "datetime",
        lambda self, scope, depth: self.moment_arithmetic("datetime", scope, depth),
        lambda self, scope, depth: self.moment_of("datetime", scope, depth),
    ),
    "duration": _for("duration", _E.duration_of, _E.duration_arithmetic),
    "list of integer": _of_list(
        "integer", _E.range_of, lambda self, scope, depth: self.converted("integer", scope, depth)
    ),
    "list of string": _of_list(
        "string", _E.split_text, lambda self, scope, depth: self.converted("string", scope, depth)
    ),
    "list of any": _of_list("any"),
    "map": _for("map", _E.map_literal, _E.map_projection, _E.properties_of),
    "any": _for("any", _E.any_value, _E.any_by_chance, _E.any_of_map, _E.any_key, _E.null_if),
    "node": (_leaf("node"), _E.end_of),
}
