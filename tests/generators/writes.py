"""Queries that write, such that their effect does not depend on the order of rows, which the language leaves open.

A property is set to the same value wherever the query sets it, or from the node itself where every node has one row.
Expressions of writing clauses hold no subqueries, which could see what the clause did for other rows.
"""

from __future__ import annotations

from tests.generators.choices import Choices
from tests.generators.queries import Queries, Query
from tests.generators.schema import KEY_KINDS, KEYS, LABELS, TYPES, VALUES
from tests.generators.scope import Scope

__all__ = ["generate_write"]


class Writes:
    def __init__(self, choices: Choices) -> None:
        self.choices = choices
        self.queries = Queries(choices)
        #: Key to the one value that this query gives it.
        self.values = {key: choices.one(VALUES[KEY_KINDS[key]]) for key in KEYS}

    def query(self) -> Query:
        scope = Scope()
        clauses: list[str] = []
        source = self.choices.weighted((35, "match"), (20, "nothing"), (20, "unwind"), (25, "each"))
        if source == "match":
            clauses, scope = self.queries.clauses(scope, self.choices.between(1, 2))
        elif source == "unwind":
            name = self.queries.names.fresh("x")
            items = [self.choices.one(VALUES["integer"]) for _ in range(self.choices.between(1, 3))]
            clauses, scope = [f"UNWIND [{', '.join(items)}] AS {name}"], Scope({name: "integer"})
        elif source == "each":
            text, scope = self.each_node()
            clauses = [text]
        for _ in range(self.choices.between(1, 3)):
            text, scope = self.update(scope)
            clauses.append(text)
        columns: dict[str, str] = {}
        must_return = clauses[-1].rpartition("\n")[2].startswith("WITH")
        if must_return or self.choices.chance(60):
            returned, columns = self.ending(scope)
            clauses += returned
        return Query(clauses, columns, writes=True)

    # -------------------------------------------------------------------------------------------------- sources

    def each_node(self) -> tuple[str, Scope]:
        """Every node once, changed by what it holds itself."""
        name = self.queries.names.fresh("n")
        scope = Scope({name: "node"})
        label = f":{self.choices.one(LABELS)}" if self.choices.chance(40) else ""
        text = f"MATCH ({name}{label}){self.queries.where(scope, 30)}"
        if self.choices.chance(50):
            key = self.choices.one(KEYS)
            value = self.plain(KEY_KINDS[key], scope)
            text += f"\nSET {name}.{key} = {value}"
        return text, scope

    def plain(self, kind: str, scope: Scope) -> str:
        """An expression without subqueries; what may be stored."""
        expressions = self.queries.expressions
        expressions.queries = None
        text = expressions.of("integer" if kind == "any" else kind, scope, 1)
        expressions.queries = self.queries
        # A list with null in it cannot be stored.
        return self.choices.one(VALUES[kind]) if kind.startswith("list") else text

    # -------------------------------------------------------------------------------------------------- updates

    def update(self, scope: Scope) -> tuple[str, Scope]:
        entities = bool(scope.of("node", "relationship"))
        weight = 1 if entities else 0
        form = self.choices.weighted(
            (25, self.create),
            (20, self.merge_node),
            (15 * weight, self.merge_relationship),
            (25 * weight, self.set_items),
            (10 * weight, self.remove),
            (10 * weight, self.delete),
            (8, self.foreach),
            (6, self.call),
        )
        return form(scope)

    def assignments(self, name: str) -> str:
        keys = self.choices.some(KEYS, 2) or [KEYS[0]]
        return ", ".join(f"{name}.{key} = {self.values[key]}" for key in keys)

    def map_of(self, scope: Scope, most: int = 2) -> str:
        keys = self.choices.some(KEYS[:4], most)
        pairs = []
        for key in keys:
            ready = scope.of(KEY_KINDS[key])
            value = (
                self.choices.one(ready) if ready and self.choices.chance(40) else self.values[key]
            )
            pairs.append(f"{key}: {value}")
        return f" {{{', '.join(pairs)}}}" if pairs else ""

    def new_node(self, scope: Scope) -> str:
        labels = "".join(f":{label}" for label in self.choices.some(LABELS, 2))
        return f"({{name}}{labels}{self.map_of(scope)})"

    def create(self, scope: Scope) -> tuple[str, Scope]:
        after = scope.copy()
        nodes = scope.of("node")
        pieces = []
        for number in range(self.choices.between(1, 3)):
            if number:
                arrow = self.choices.one(("-[{}:{}{}]->", "<-[{}:{}{}]-"))
                name = self.queries.names.fresh("r")
                after.kinds[name] = "relationship"
                pieces.append(arrow.format(name, self.choices.one(TYPES), self.map_of(scope)))
            if nodes and number and self.choices.chance(40):
                # Optional nodes may be null, and from null no relationship can lead: new ones are safe.
                pieces.append(f"({self.queries.names.fresh('n')})")
            else:
                name = self.queries.names.fresh("n")
                after.kinds[name] = "node"
                pieces.append(self.new_node(scope).replace("{name}", name))
        return "CREATE " + "".join(pieces), after

    def merge_node(self, scope: Scope) -> tuple[str, Scope]:
        name = self.queries.names.fresh("n")
        label = self.choices.one(("", f":{self.choices.one(LABELS)}"))
        key = self.choices.one(("i", "s"))
        given = scope.of("integer") if key == "i" else []
        value = self.values[key]
        if given and given[0].startswith("x") and self.choices.chance(60):
            value = given[0]
        text = f"MERGE ({name}{label} {{{key}: coalesce({value}, 1)}})" if key == "i" else ""
        text = text or f"MERGE ({name}{label} {{{key}: {value}}})"
        return text + self.actions(name), scope.with_(**{name: "node"})

    def actions(self, name: str) -> str:
        text = ""
        if self.choices.chance(30):
            text += f"\n  ON CREATE SET {name}.b = {self.values['b']}, {name}:C"
        if self.choices.chance(30):
            text += f"\n  ON MATCH SET {name}.f = {self.values['f']}"
        return text

    def merge_relationship(self, scope: Scope) -> tuple[str, Scope]:
        """Between nodes that are there: the first clause sees to it that they are not null."""
        nodes = scope.of("node")
        if not nodes:
            return self.merge_node(scope)
        a, b = self.choices.one(nodes), self.choices.one(nodes)
        arrows = [("-", "->"), ("<-", "-")]
        if a == b:
            # Between two nodes the first row that needs it decides which way it points, and the order of rows is open.
            arrows.append(("-", "-"))
        left, right = self.choices.one(arrows)
        name = self.queries.names.fresh("r")
        text = f"MERGE ({a}){left}[{name}:{self.choices.one(TYPES)}]{right}({b})"
        guard = f"WITH * WHERE {a} IS NOT NULL AND {b} IS NOT NULL\n"
        return guard + text + self.actions(name).replace(f", {name}:C", ""), scope.with_(
            **{name: "relationship"}
        )

    def set_items(self, scope: Scope) -> tuple[str, Scope]:
        name = self.choices.one(scope.of("node", "relationship"))
        is_node = scope.kinds[name] == "node"
        form = self.choices.below(5)
        if form == 0:
            return f"SET {self.assignments(name)}", scope
        if form == 1 and is_node:
            one, other = self.choices.one(LABELS), self.choices.one(LABELS)
            if self.choices.chance(20):
                return f"SET {name}:$(['{one}', '{other}'])", scope
            return f"SET {name}:{one}:{other}", scope
        if form == 2:
            return f"SET {name} += {{i: {self.values['i']}, s: null}}", scope
        if form == 3:
            return f"SET {name} = {{i: {self.values['i']}, f: {self.values['f']}}}", scope
        return f"SET {name}['{self.choices.one(KEYS[:3])}'] = null", scope

    def remove(self, scope: Scope) -> tuple[str, Scope]:
        name = self.choices.one(scope.of("node", "relationship"))
        if scope.kinds[name] == "node" and self.choices.chance(40):
            label = self.choices.one(LABELS)
            return f"REMOVE {name}:" + (
                f"$('{label}')" if self.choices.chance(20) else label
            ), scope
        return f"REMOVE {name}.{self.choices.one(KEYS)}", scope

    def delete(self, scope: Scope) -> tuple[str, Scope]:
        """What was deleted is out of scope behind it, and so is whatever may be the same entity."""
        name = self.choices.one(scope.of("node", "relationship"))
        kinds = {n: k for n, k in scope.kinds.items() if k in ("integer", "string", "boolean")}
        word = "DETACH DELETE" if self.choices.chance(70) else "DELETE"
        keep = ", ".join(kinds) or "1 AS one"
        after = dict(kinds) or {"one": "integer"}
        return f"{word} {name}\nWITH {keep}", Scope(after)

    def foreach(self, scope: Scope) -> tuple[str, Scope]:
        name = self.queries.names.fresh("e")
        source = self.choices.one(("[1, 2]", "range(0, 2)", "[]", "[3]"))
        inner = self.choices.one(("CREATE", "MERGE"))
        label = self.choices.one(LABELS)
        return f"FOREACH ({name} IN {source} | {inner} (:{label} {{i: {name}}}))", scope

    def call(self, scope: Scope) -> tuple[str, Scope]:
        """A unit subquery."""
        imports = [name for name in scope.of("node")[:1] if self.choices.chance(60)]
        if imports:
            return f"CALL ({imports[0]}) {{ SET {self.assignments(imports[0])} }}", scope
        return f"CALL () {{ {self.create(Scope())[0]} }}", scope

    # --------------------------------------------------------------------------------------------------- ending

    def ending(self, scope: Scope) -> tuple[list[str], dict[str, str]]:
        """Reads what was written."""
        clauses = []
        if self.choices.chance(40):
            text, scope = self.queries.match(scope)
            clauses = ["WITH *", text] if scope.kinds else [text]
        text, columns, _ = self.queries.projection("RETURN", scope)
        return [*clauses, text], columns


def generate_write(choices: Choices) -> Query:
    return Writes(choices).query()
