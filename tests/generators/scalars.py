"""Expressions that are numbers, texts, dates, times and durations."""

from __future__ import annotations

from tests.generators.scope import Scope
from tests.generators.writer import Writer

__all__ = ["Scalars"]

_PARTS = {
    "date": ("year", "month", "day", "week", "quarter", "dayOfWeek", "ordinalDay", "weekYear"),
    "localdatetime": ("year", "hour", "second", "nanosecond", "millisecond", "dayOfQuarter"),
    "datetime": ("day", "hour", "epochSeconds", "offsetSeconds", "offsetMinutes"),
    "localtime": ("hour", "minute", "second", "microsecond"),
    "time": ("hour", "offsetMinutes", "nanosecond"),
    "duration": ("years", "monthsOfYear", "days", "hours", "secondsOfMinute", "nanoseconds"),
}


class Scalars(Writer):
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
        form = self.choices.below(7)
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
        if form == 5:
            return f"size({self.bag(self.choices.one(('integer', 'string')), scope, depth)})"
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
        if self.queries is None or self.choices.chance(25):
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

    def trigonometry(self, scope: Scope, depth: int) -> str:
        """Of arguments that are small, for the last digits of great ones are anybody's."""
        small = f"({self.of('integer', scope, depth)} % 5)"
        names = (
            "sin",
            "cos",
            "atan",
            "exp",
            "tanh",
            "radians",
            "degrees",
            "sinh",
            "cosh",
            "haversin",
        )
        name = self.choices.one(names)
        forms = (
            f"{name}({small})",
            f"log(abs({small}) + 1)",
            f"log10(abs({small}) + 1)",
            f"atan2({small}, 2)",
            f"{small} * pi()",
            f"point.distance({self.of('point', scope, 0)}, {self.of('point', scope, 0)})",
            f"vector.similarity.cosine([1, 2], [coalesce({small}, 1), 3])",
            f"vector.similarity.euclidean([1, 2], [coalesce({small}, 1), 3])",
            f"toFloat({self.of('string', scope, 0)})",
        )
        return self.choices.one(forms)

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
            f"ltrim({text})",
            f"rtrim({text}, 'a')",
            f"btrim({text}, 'ab')",
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

    def date_arithmetic(self, scope: Scope, depth: int) -> str:
        operator = self.choices.one(("+", "-"))
        return f"({self.of('date', scope, depth)} {operator} {self.of('duration', scope, 0)})"

    def date_of(self, scope: Scope, depth: int) -> str:
        source = self.of(self.choices.one(("date", "localdatetime", "datetime")), scope, depth)
        unit = self.choices.one(("month", "year", "week", "quarter", "weekYear", "decade"))
        return self.choices.one((f"date({source})", f"date.truncate('{unit}', {source})"))

    def moment_of(self, kind: str, scope: Scope, depth: int) -> str:
        """From another moment, from parts, or cut."""
        dated = self.of(self.choices.one(("localdatetime", "datetime")), scope, depth)
        hour, day = (
            f"abs({self.of('integer', scope, 0)}) % 24",
            f"1 + abs({self.of('integer', scope, 0)}) % 28",
        )
        unit = self.choices.one(("hour", "minute", "second", "day", "millisecond"))
        if kind in ("localtime", "time"):
            forms = [f"{kind}({dated})", f"{kind}({{hour: {hour}, minute: 30}})"]
            forms.append(f"{kind}.truncate('{unit}', {dated})")
        else:
            unit = self.choices.one((unit, "month", "year", "week", "quarter"))
            forms = [
                f"{kind}({dated})",
                f"{kind}({{year: 2020, month: 2, day: {day}, hour: {hour}}})",
            ]
            forms.append(f"{kind}.truncate('{unit}', {dated})")
            forms.append(f"{kind}({{date: {self.of('date', scope, 0)}, time: {dated}}})")
        if kind == "datetime":
            zone = self.choices.one(("Europe/Stockholm", "+02:00", "America/New_York"))
            forms.append(f"datetime({{datetime: {dated}, timezone: '{zone}'}})")
            forms.append(f"datetime.fromEpoch({self.of('integer', scope, 0)}, 5)")
        return self.choices.one(forms)

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
