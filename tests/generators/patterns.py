"""Patterns: paths of nodes and relationships, some of whose variables are bound already."""

from __future__ import annotations

from tests.generators.choices import Choices
from tests.generators.expressions import Expressions
from tests.generators.schema import KEY_KINDS, KEYS, LABELS, TYPES
from tests.generators.scope import Names, Scope

__all__ = ["Patterns"]


class Patterns:
    def __init__(self, choices: Choices, names: Names, expressions: Expressions) -> None:
        self.choices, self.names, self.expressions = choices, names, expressions
        #: What was in scope before the pattern at work.
        self.earlier = Scope()

    def paths(self, scope: Scope, *, most: int = 2) -> tuple[str, Scope]:
        """Paths of one MATCH, and the scope behind them. No relationship variable stands twice."""
        after = scope.copy()
        self.earlier = scope
        fixed = set(scope.of("relationship"))
        pieces = []
        for _ in range(self.choices.weighted((75, 1), (25, min(2, most)))):
            pieces.append(self.path(after, fixed))
        return ", ".join(pieces), after

    def path(
        self,
        scope: Scope,
        fixed: set[str],
        *,
        hops: int | None = None,
        named: bool = True,
        quantified: bool = True,
    ) -> str:
        """One path; its variables come into the scope. ``fixed``: relationships that may not be bound again."""
        if named is False or hops is not None:
            self.earlier = scope.copy()
        if hops is None:
            hops = self.choices.weighted((40, 0), (42, 1), (14, 2), (4, 3))
        nodes, kinds = [self.node(scope)], dict(scope.kinds)
        for hop in range(hops):
            form = self.choices.weighted((80, "one"), (14, "many"), (6, "quantified"))
            if form == "quantified" and hops <= 2 and quantified:
                nodes += [self.quantified(scope), self.node(scope)]
            elif form == "many" and hop < 2:
                nodes += [self.many(scope), self.node(scope)]
            else:
                nodes += [self.relationship(scope, fixed), self.node(scope)]
        text = "".join(nodes)
        if named and self.choices.chance(15):
            name = self.names.fresh("p")
            scope.kinds = {**scope.kinds, name: "path"}
            return f"{name} = {text}"
        assert kinds.keys() <= scope.kinds.keys(), "a pattern only adds variables"
        return text

    def node(self, scope: Scope) -> str:
        known = scope.of("node")
        if known and self.choices.chance(35):
            name = self.choices.one(known)
            labels = f":{self.choices.one(LABELS)}" if self.choices.chance(10) else ""
            return f"({name}{labels})"
        name = "" if self.choices.chance(25) else self.names.fresh("n")
        labels = ""
        if self.choices.chance(16):
            labels = f":{self.expressions.label_expression(LABELS)}"
        inside = self._predicates(name, scope, "node")
        if name:
            scope.kinds = {**scope.kinds, name: "node"}
        return f"({name}{labels}{inside})"

    def _predicates(self, name: str, scope: Scope, kind: str) -> str:
        """A property map or an inline WHERE, now and then."""
        if self.choices.chance(4):
            key = self.choices.one(KEYS[:4])
            return f" {{{key}: {self.expressions.of(KEY_KINDS[key], scope, 0)}}}"
        if name and self.choices.chance(4):
            where = self.expressions.of("boolean", scope.with_(**{name: kind}), 1)
            return f" WHERE {where}"
        return ""

    def _types(self) -> str:
        form = self.choices.weighted((65, "any"), (15, "one"), (14, "two"), (6, "not"))
        if form == "any":
            return ""
        if form == "two":
            return f":{self.choices.one(TYPES)}|{self.choices.one(TYPES)}"
        return f":{'!' if form == 'not' else ''}{self.choices.one(TYPES)}"

    def _arrow(self, inside: str) -> str:
        bracket = f"[{inside}]" if inside else ""
        left, right = self.choices.weighted((45, ("-", "->")), (25, ("<-", "-")), (30, ("-", "-")))
        return f"{left}{bracket}{right}"

    def relationship(self, scope: Scope, fixed: set[str]) -> str:
        known = [name for name in scope.of("relationship") if name in fixed]
        if known and self.choices.chance(12):
            name = self.choices.one(known)
            fixed.discard(name)
            return self._arrow(name)
        name = self.names.fresh("r") if self.choices.chance(60) else ""
        inside = f"{name}{self._types()}{self._predicates(name, scope, 'relationship')}"
        if name:
            scope.kinds = {**scope.kinds, name: "relationship"}
        return self._arrow(inside)

    def many(self, scope: Scope) -> str:
        """Variable length, bounded low enough to be enumerated."""
        low = self.choices.weighted((60, "1"), (20, "0"), (20, "2"))
        high = self.choices.weighted((45, "2"), (35, "3"), (10, "1"), (10, "0"))
        length = self.choices.one((f"*{low}..{high}", f"*..{high}", f"*{low}"))
        name = self.names.fresh("v") if self.choices.chance(35) else ""
        properties = ""
        if self.choices.chance(12):
            properties = f" {{i: {self.expressions.of('integer', scope, 0)}}}"
        if name:
            scope.kinds = {**scope.kinds, name: "list of relationship"}
        return self._arrow(f"{name}{self._types()}{length}{properties}")

    def quantified(self, scope: Scope) -> str:
        low, high = self.choices.one(((1, 2), (0, 1), (2, 2), (0, 2), (1, 1)))
        bounds = self.choices.one((f"{{{low},{high}}}", f"{{{high}}}", f"{{,{high}}}"))
        if self.choices.chance(50):
            return self._arrow(self._types().strip()) + bounds
        a, r, b = (self.names.fresh(prefix) for prefix in ("g", "h", "g"))
        # Inside, only what earlier clauses bound is in scope.
        inner = self.earlier.with_(**{a: "node", r: "relationship", b: "node"})
        arrow = self._arrow(f"{r}{self._types()}")
        where = ""
        if self.choices.chance(40):
            where = f" WHERE {self.expressions.of('boolean', inner, 1)}"
        kinds = {a: "list of node", r: "list of relationship", b: "list of node"}
        scope.kinds = {**scope.kinds, **kinds}
        return f"(({a}){arrow}({b}){where}){bounds}"
