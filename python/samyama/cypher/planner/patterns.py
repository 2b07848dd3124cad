"""Patterns to operators.

Nodes and relationships become slots; labels, property maps and WHERE become predicates with the
slots they need. Then, as long as something is unbound: take the cheapest step from what is bound,
or else the cheapest place to start, and put each predicate in as soon as all it needs is there.
Costs are rows, from the catalogue's counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from samyama.cypher import ast
from samyama.cypher import plan as p
from samyama.cypher.catalog import IndexInfo
from samyama.cypher.parser.expressions import IS_TYPE
from samyama.cypher.planner.context import Context, Names
from samyama.cypher.planner.expressions import Lowering, filtered, lower_labels, slots_of
from samyama.cypher.planner.hints import usable_hints
from samyama.cypher.planner.quantified import group_names, plan_repeat, plan_selected
from samyama.cypher.semantic.scope import INSIDE
from samyama.cypher.tree import conjuncts

__all__ = ["Patterns", "type_names"]

#: Cheaper than all that the counts can say.
HINTED = -1.0
ORDERED = ("range", "text", "point")
RANGE_SHARE, PREFIX_SHARE, LIST_LENGTH = 0.3, 0.1, 10
COMPARED = {
    "<": ("upper", False),
    "<=": ("upper", True),
    ">": ("lower", False),
    ">=": ("lower", True),
}
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}


@dataclass(slots=True)
class Relationship:
    """``left`` and ``right`` as written; ``direction`` seen from the left."""

    slot: int
    left: int
    right: int
    direction: str
    types: list[str]
    length: tuple[int, int | None] | None
    named: bool
    shortest: str | None = None
    is_bound: bool = False
    is_list: bool = False
    hop: int | None = None
    hop_predicate: p.Expression | None = None
    quantified: ast.Quantified | None = None
    #: Of a quantified pattern: its variables outside, which hold lists.
    groups: dict[str, int] = field(default_factory=dict)
    cycles: bool = False


@dataclass(slots=True)
class Predicate:
    expression: p.Expression
    needs: set[int]


@dataclass(slots=True)
class Graph:
    """One MATCH as a graph of what is to be bound."""

    nodes: list[int] = field(default_factory=list)
    relationships: list[Relationship] = field(default_factory=list)
    predicates: list[Predicate] = field(default_factory=list)
    paths: list[tuple[int, list[int]]] = field(default_factory=list)
    #: Slots of relationships that have been walked: one that was bound before is not, until its ends are seen to.
    walked: set[int] = field(default_factory=set)


def type_names(types: ast.LabelExpr | None) -> list[str] | None:
    """The names of a plain alternative; None when it is more than that."""
    if types is None:
        return []
    if isinstance(types, ast.LabelName):
        return [types.name]
    if isinstance(types, ast.LabelOr) and all(
        isinstance(operand, ast.LabelName) for operand in types.operands
    ):
        return [operand.name for operand in types.operands if isinstance(operand, ast.LabelName)]
    return None


class Patterns:
    """Plans the patterns of one clause."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.single = True  # at most one row comes out for each that goes in
        self.hints: dict[int, ast.Hint] = {}  # by slot
        self.outer: Names = {}  # what stood before the clause
        self.walked: list[Relationship] = []  # used before this pattern begins

    def plan(
        self,
        source: p.Operator,
        outer: Names,
        paths: list[ast.PathPattern],
        where: ast.Expr | None,
        hints: Sequence[ast.Hint] = (),
    ) -> tuple[p.Operator, Names]:
        """Rows of ``source`` extended by every match; the slots with those of the new names."""
        if any(path.selector for path in paths):
            return plan_selected(self, source, outer, paths, where)
        names, graph = dict(outer), Graph()
        self.outer = outer
        parts = [self._add_path(graph, names, path) for path in paths]
        lowering = Lowering(self.context, names, Patterns)
        for path, slots in zip(paths, parts, strict=True):
            self._add_path_conditions(graph, lowering, path, *slots)
        for condition in conjuncts(where):
            self._add_predicate(graph, lowering.lower(condition))
        self.hints = usable_hints(self.context, names, hints)
        bound = set(outer.values())
        # Only slots of this clause matter to when a predicate can be put in.
        own = {
            *graph.nodes,
            *(r.slot for r in graph.relationships),
            *(slot for slot, _ in graph.paths),
            *(slot for r in graph.relationships for slot in r.groups.values()),
        } - bound
        for relationship in graph.relationships:
            self._defer_hops(graph, relationship, own)
        # A null, or another value, that stands alone for a node matches nothing; a step from it finds nothing anyway.
        walked = {end for r in graph.relationships for end in (r.left, r.right)}
        for slot in sorted(set(graph.nodes) & bound - walked):
            is_node = p.Function(IS_TYPE, [p.Slot(slot), p.Literal("NODE NOT NULL")])
            graph.predicates.append(Predicate(is_node, set()))
        for predicate in graph.predicates:
            predicate.needs &= own
        return self._join(source, graph, bound), names

    def _defer_hops(self, graph: Graph, relationship: Relationship, own: set[int]) -> None:
        """A predicate on hops that asks for what this clause binds waits until that is there, as one on their list."""
        hop, predicate = relationship.hop, relationship.hop_predicate
        if hop is None or predicate is None or not slots_of(predicate) & own:
            return
        relationship.hop = relationship.hop_predicate = None
        self._add_predicate(graph, p.Quantifier("all", hop, p.Slot(relationship.slot), predicate))

    def _add_predicate(self, graph: Graph, expression: p.Expression) -> None:
        for part in _links(expression):
            graph.predicates.append(Predicate(part, slots_of(part)))

    # ------------------------------------------------------------------------------------------------- collecting

    def _add_path(
        self, graph: Graph, names: Names, path: ast.PathPattern
    ) -> tuple[list[int], list[Relationship]]:
        """Put the parts of a path into the graph; the slots of its nodes and what stands between them, in order."""
        slots = [self._add_node(graph, names, path.nodes[0])]
        between: list[Relationship] = []
        for pattern, node in zip(path.relationships, path.nodes[1:], strict=True):
            left, right = slots[-1], self._add_node(graph, names, node)
            if isinstance(pattern, ast.Quantified):
                relationship = self._add_quantified(names, pattern, left, right)
            else:
                relationship = self._add_relationship(names, pattern, left, right)
                relationship.shortest, relationship.cycles = path.shortest, path.cycles
            graph.relationships.append(relationship)
            between.append(relationship)
            slots += [relationship.slot, right]
        if path.variable is not None:
            slot = names[path.variable] = self.context.new_slot()
            graph.paths.append((slot, slots))
        return slots[::2], between

    def _add_path_conditions(
        self,
        graph: Graph,
        lowering: Lowering,
        path: ast.PathPattern,
        nodes: list[int],
        between: list[Relationship],
    ) -> None:
        for node, slot in zip(path.nodes, nodes, strict=True):
            self._add_conditions(graph, lowering, slot, node.labels, node.properties, node.where)
        for pattern, relationship in zip(path.relationships, between, strict=True):
            if isinstance(pattern, ast.RelationshipPattern):
                self._add_relationship_conditions(graph, lowering, pattern, relationship)
        for condition in conjuncts(path.where):
            self._add_predicate(graph, lowering.lower(condition))

    def _add_quantified(
        self, names: Names, pattern: ast.Quantified, left: int, right: int
    ) -> Relationship:
        slot, length = self.context.new_slot(), (pattern.low, pattern.high)
        relationship = Relationship(slot, left, right, "out", [], length, True, quantified=pattern)
        for name in group_names(pattern):
            group = self.context.new_slot()
            relationship.groups[name] = names[name.removesuffix(INSIDE)] = group
        return relationship

    def _add_node(self, graph: Graph, names: Names, node: ast.NodePattern) -> int:
        slot = names.get(node.variable) if node.variable is not None else None
        if slot is None:
            slot = self.context.new_slot()
            if node.variable is not None:
                names[node.variable] = slot
        if slot not in graph.nodes:
            graph.nodes.append(slot)
        return slot

    def _add_relationship(
        self, names: Names, pattern: ast.RelationshipPattern, left: int, right: int
    ) -> Relationship:
        name = pattern.variable
        relationship = Relationship(
            -1,
            left,
            right,
            "both" if pattern.direction == "arrows" else pattern.direction,
            type_names(pattern.types) or [],
            pattern.length,
            name is not None,
        )
        if name is not None and name in names:
            relationship.slot, relationship.is_bound = names[name], True
            relationship.is_list = bool(pattern.length)
            return relationship
        relationship.slot = self.context.new_slot()
        if name is not None:
            names[name] = relationship.slot
        return relationship

    def _add_conditions(
        self,
        graph: Graph,
        lowering: Lowering,
        slot: int,
        labels: ast.LabelExpr | None,
        properties: ast.Expr | None,
        where: ast.Expr | None,
    ) -> None:
        if labels is not None:
            for part in labels.operands if isinstance(labels, ast.LabelAnd) else [labels]:
                self._add_predicate(graph, p.HasLabels(p.Slot(slot), lower_labels(part)))
        for condition in self._property_conditions(lowering, slot, properties):
            self._add_predicate(graph, condition)
        if where is not None:
            for condition_node in conjuncts(where):
                self._add_predicate(graph, lowering.lower(condition_node))

    def _property_conditions(
        self, lowering: Lowering, slot: int, properties: ast.Expr | None
    ) -> list[p.Expression]:
        if properties is None:
            return []
        assert isinstance(properties, ast.MapLiteral), "a parameter is refused by the static pass"
        pairs = zip(properties.keys, properties.values, strict=True)
        return [
            p.Comparison([p.Property(p.Slot(slot), key), lowering.lower(value)], ["="])
            for key, value in pairs
        ]

    def _add_relationship_conditions(
        self,
        graph: Graph,
        lowering: Lowering,
        pattern: ast.RelationshipPattern,
        relationship: Relationship,
    ) -> None:
        labels = pattern.types if type_names(pattern.types) is None else None
        if pattern.length is None and pattern.variable is None and relationship.shortest is None:
            self._add_conditions(
                graph, lowering, relationship.slot, labels, pattern.properties, pattern.where
            )
            return
        if pattern.length is None and relationship.shortest is None:
            self._add_conditions(
                graph, lowering, relationship.slot, labels, pattern.properties, pattern.where
            )
            return
        hop = self.context.new_slot()
        inner = lowering.inner({pattern.variable: hop}) if pattern.variable else lowering
        conditions = self._property_conditions(lowering, hop, pattern.properties)
        if labels is not None:
            conditions.append(p.HasLabels(p.Slot(hop), lower_labels(labels)))
        if pattern.where is not None:
            conditions.append(inner.lower(pattern.where))
        if not conditions:
            return
        if relationship.is_bound:
            whole = p.Quantifier(
                "all",
                hop,
                p.Slot(relationship.slot),
                p.And(conditions) if len(conditions) > 1 else conditions[0],
            )
            self._add_predicate(graph, whole)
            return
        relationship.hop = hop
        relationship.hop_predicate = p.And(conditions) if len(conditions) > 1 else conditions[0]

    # ---------------------------------------------------------------------------------------------------- joining

    def _join(self, source: p.Operator, graph: Graph, bound: set[int]) -> p.Operator:
        pending = list(graph.relationships)
        used = list(self.walked)
        source = self._filter(source, graph, bound)
        while True:
            step = self._cheapest_step(pending, bound)
            if step is not None:
                source = self._step(source, graph, step, used, bound)
                pending.remove(step)
                used.append(step)
            elif any(slot not in bound for slot in graph.nodes) or pending:
                source = self._start(source, graph, pending, used, bound)
            else:
                break
            source = self._filter(source, graph, bound)
        assert not graph.predicates, "every predicate has found its place"
        return source

    def _filter(self, source: p.Operator, graph: Graph, bound: set[int]) -> p.Operator:
        """Paths whose parts are there, then predicates whose slots are there."""
        for path in [path for path in graph.paths if path[0] not in bound]:
            slot, slots = path
            if all(part in bound for part in slots) and graph.walked.issuperset(slots[1::2]):
                source = p.Projection(input=source, slots=[slot], expressions=[p.PathBuild(slots)])
                bound.add(slot)
        ready = [predicate for predicate in graph.predicates if predicate.needs <= bound]
        for predicate in ready:
            graph.predicates.remove(predicate)
        return filtered(source, [predicate.expression for predicate in ready])

    def _cheapest_step(self, pending: list[Relationship], bound: set[int]) -> Relationship | None:
        best: tuple[float, Relationship] | None = None
        for relationship in pending:
            left, right = relationship.left in bound, relationship.right in bound
            if relationship.is_bound:
                cost = -1.0
            elif relationship.shortest is not None:
                if not (left and right):
                    continue
                cost = 50.0
            elif relationship.quantified is not None:
                if not left:
                    continue
                cost = self._fan_out(relationship)
            elif left and right:
                cost = 0.0
            elif left or right:
                cost = self._fan_out(relationship)
            else:
                continue
            if best is None or cost < best[0]:
                best = (cost, relationship)
        return best[1] if best else None

    def _fan_out(self, relationship: Relationship) -> float:
        catalog = self.context.catalog
        total = (
            sum(catalog.types.get(name, 0) for name in relationship.types)
            if relationship.types
            else catalog.relationships
        )
        degree = 0.01 + total / max(1, catalog.nodes)
        if relationship.length is None:
            return degree
        return 100 * (1 + degree) * (relationship.length[1] or 10)

    def _step(
        self,
        source: p.Operator,
        graph: Graph,
        relationship: Relationship,
        used: list[Relationship],
        bound: set[int],
    ) -> p.Operator:
        left, right = relationship.left in bound, relationship.right in bound
        self.single = False
        graph.walked.add(relationship.slot)
        exclude = [other.slot for other in used if _may_be_same(other, relationship)]
        if relationship.is_bound:
            low, high = relationship.length or (1, 1)
            end, same = relationship.right, None
            if end == relationship.left and not left:
                # One node at both ends: the walk has to come back to where it began.
                end = self.context.new_slot()
                same = p.Comparison([p.Slot(relationship.left), p.Slot(end)], ["="])
            bound |= {relationship.left, relationship.right}
            walk = p.BoundRelationships(
                input=source,
                relationship=relationship.slot,
                is_list=relationship.is_list,
                start=relationship.left,
                start_bound=left,
                end=end,
                end_bound=right,
                types=relationship.types,
                direction=relationship.direction,  # type: ignore[arg-type]
                min=low,
                max=high,
                exclude=exclude,
            )
            return walk if same is None else p.Filter(input=walk, predicate=same)
        if relationship.quantified is not None:
            return plan_repeat(self, source, relationship, exclude, bound)
        backwards = not left
        from_, to = (
            (relationship.right, relationship.left)
            if backwards
            else (relationship.left, relationship.right)
        )
        direction = (
            {"out": "in", "in": "out"}.get(relationship.direction, "both")
            if backwards
            else relationship.direction
        )
        into = to in bound
        bound |= {to, relationship.slot}
        if relationship.shortest is not None:
            paths = {slot for slot, slots in graph.paths if relationship.slot in slots} | {
                relationship.slot
            }
            if any(predicate.needs & paths for predicate in graph.predicates):
                return self._shortest_that_fits(
                    source, graph, relationship, (from_, to, direction), bound
                )
            low, high = relationship.length or (1, 1)
            return p.ShortestPath(
                input=source,
                from_=from_,
                relationships=relationship.slot,
                to=to,
                types=relationship.types,
                direction=direction,  # type: ignore[arg-type]
                min=low,
                max=high,
                all=relationship.shortest == "all",
                hop=relationship.hop,
                predicate=relationship.hop_predicate,
                cycles=relationship.cycles,
            )
        if relationship.length is None:
            return p.Expand(
                input=source,
                from_=from_,
                relationship=relationship.slot,
                to=to,
                types=relationship.types,
                direction=direction,  # type: ignore[arg-type]
                into=into,
                exclude=exclude,
            )
        low, high = relationship.length
        source = p.VarLengthExpand(
            input=source,
            from_=from_,
            relationships=relationship.slot,
            to=to,
            types=relationship.types,
            direction=direction,  # type: ignore[arg-type]
            min=low,
            max=high,
            into=into,
            exclude=exclude,
            hop=relationship.hop,
            predicate=relationship.hop_predicate,
        )
        in_path = any(relationship.slot in slots for _, slots in graph.paths)
        if backwards and (relationship.named or in_path):
            reverse = p.Function("reverse", [p.Slot(relationship.slot)])
            return p.Projection(input=source, slots=[relationship.slot], expressions=[reverse])
        return source

    def _shortest_that_fits(
        self,
        source: p.Operator,
        graph: Graph,
        relationship: Relationship,
        way: tuple[int, int, str],
        bound: set[int],
    ) -> p.Operator:
        """Predicates over the whole path: every path is looked at, and the shortest of those that fit is taken."""
        from_, to, direction = way
        low, high = relationship.length or (1, 1)
        right: p.Operator = p.VarLengthExpand(
            input=p.Argument(),
            from_=from_,
            relationships=relationship.slot,
            to=to,
            types=relationship.types,
            direction=direction,  # type: ignore[arg-type]
            min=low,
            max=high,
            into=True,
            hop=relationship.hop,
            predicate=relationship.hop_predicate,
        )
        right = self._filter(right, graph, bound)
        size = p.Function("size", [p.Slot(relationship.slot)])
        right = p.Sort(input=right, keys=[size], descending=[False])
        is_all = relationship.shortest == "all"
        right = p.SelectPaths(
            input=right, partition=[], length=size, count=p.Literal(1), groups=is_all
        )
        return p.Apply(input=source, right=right)

    # --------------------------------------------------------------------------------------------------- starting

    def _start(
        self,
        source: p.Operator,
        graph: Graph,
        pending: list[Relationship],
        used: list[Relationship],
        bound: set[int],
    ) -> p.Operator:
        free = [slot for slot in graph.nodes if slot not in bound]
        candidates = [self._access(slot, graph, bound) for slot in free]
        best = min(candidates, key=lambda access: access.cost)
        seek = self._relationship_seek(graph, pending, bound)
        if seek is not None and seek[0].cost < best.cost:
            access, relationship = seek
            for predicate in access.covers:
                graph.predicates.remove(predicate)
            self._begin_with(graph, relationship, pending, used, bound)
            return access.build(source)
        scan = self._relationship_scan(pending, bound)
        if scan is not None and scan[0] < best.cost:
            _, relationship = scan
            self._begin_with(graph, relationship, pending, used, bound)
            return p.RelationshipScan(
                input=source,
                relationship=relationship.slot,
                start=relationship.left,
                end=relationship.right,
                types=relationship.types,
                direction=relationship.direction,  # type: ignore[arg-type]
            )
        self.single = self.single and best.single
        bound.add(best.slot)
        for predicate in best.covers:
            graph.predicates.remove(predicate)
        return best.build(source)

    def _begin_with(
        self,
        graph: Graph,
        relationship: Relationship,
        pending: list[Relationship],
        used: list[Relationship],
        bound: set[int],
    ) -> None:
        """A relationship and both its ends are bound in one step."""
        for other in used:
            if _may_be_same(other, relationship):
                graph.predicates.append(Predicate(_differs(relationship, other), set()))
        pending.remove(relationship)
        used.append(relationship)
        graph.walked.add(relationship.slot)
        self.single = False
        bound |= {relationship.slot, relationship.left, relationship.right}

    def _relationship_seek(
        self, graph: Graph, pending: list[Relationship], bound: set[int]
    ) -> tuple[Access, Relationship] | None:
        best: tuple[Access, Relationship] | None = None
        for relationship in pending:
            ends = {relationship.left, relationship.right}
            if (
                not _is_plain(relationship)
                or ends & bound
                or len(ends) < 2
                or len(relationship.types) != 1
            ):
                continue
            for index in self._indexes("relationship", relationship.types[0], relationship.slot):
                make = _relationship_seek(relationship, index)
                access = self._index_access(relationship.slot, index, None, graph, bound, make)
                if access is None:
                    continue
                if relationship.slot in self.hints:
                    access.cost = HINTED
                if best is None or access.cost < best[0].cost:
                    best = (access, relationship)
        return best

    def _indexes(self, entity: str, label: str, slot: int) -> list[IndexInfo]:
        """The ordered indexes on a label or type; only the hinted one if there is a hint."""
        found = [
            index
            for index in self.context.catalog.indexes
            if index.entity == entity and index.label == label and index.kind in ORDERED
        ]
        hint = self.hints.get(slot)
        if hint is None:
            return found
        return [
            index
            for index in found
            if hint.kind == "index" and index.keys == hint.keys and hint.name == label
        ]

    def _relationship_scan(
        self, pending: list[Relationship], bound: set[int]
    ) -> tuple[float, Relationship] | None:
        catalog = self.context.catalog
        best: tuple[float, Relationship] | None = None
        for relationship in pending:
            ends = {relationship.left, relationship.right}
            if (
                not _is_plain(relationship)
                or ends & bound
                or len(ends) < 2
                or not relationship.types
            ):
                continue
            if relationship.slot in self.hints or ends & set(self.hints):
                continue
            cost = float(sum(catalog.types.get(name, 0) for name in relationship.types))
            if best is None or cost < best[0]:
                best = (cost, relationship)
        return best

    def _access(self, slot: int, graph: Graph, bound: set[int]) -> Access:
        catalog = self.context.catalog
        labels = [
            (q, q.expression.labels.name)  # type: ignore[union-attr]
            for q in graph.predicates
            if _is_label_of(q.expression, slot)
        ]
        best = Access(
            slot,
            float(catalog.nodes) + 1,
            [],
            False,
            lambda source: p.AllNodesScan(input=source, slot=slot),
        )
        ids = self._id_seek(slot, graph, bound)
        if ids is not None:
            return ids
        hint = self.hints.get(slot)
        for predicate, name in labels:
            cost = float(catalog.labels.get(name, 0))
            if hint is not None and hint.kind == "scan" and hint.name == name:
                return Access(slot, HINTED, [predicate], False, _label_scan(slot, name))
            if cost < best.cost:
                best = Access(slot, cost, [predicate], False, _label_scan(slot, name))
            for index in self._indexes("node", name, slot):
                seek = self._index_access(
                    slot, index, predicate, graph, bound, _node_seek(slot, index)
                )
                if seek is None:
                    continue
                if hint is not None:
                    seek.cost = HINTED
                if seek.cost <= best.cost:
                    best = seek
        return best

    def _id_seek(self, slot: int, graph: Graph, bound: set[int]) -> Access | None:
        """``id(n) = ...``, ``elementId(n) = ...`` and their IN forms."""
        for predicate in graph.predicates:
            match predicate.expression:
                case p.Comparison(
                    operands=[
                        p.Function(name=("id" | "elementid"), arguments=[p.Slot(slot=found)]),
                        value,
                    ],
                    operators=["="],
                ):
                    single = True
                case p.Binary(
                    operator="in",
                    left=p.Function(name=("id" | "elementid"), arguments=[p.Slot(slot=found)]),
                    right=value,
                ):
                    single = False
                case _:
                    continue
            if (
                found == slot
                and slots_of(value) & (predicate.needs - {slot}) <= bound
                and slot not in slots_of(value)
            ):
                # The predicate stays: an element id may be of another kind of entity.
                return Access(
                    slot,
                    1.0,
                    [],
                    single,
                    _id_seek(slot, value),
                )
        return None

    def _index_access(
        self,
        slot: int,
        index: IndexInfo,
        label: Predicate | None,
        graph: Graph,
        bound: set[int],
        make: SeekMaker,
    ) -> Access | None:
        tests = [
            (q, *test)
            for q in graph.predicates
            if (test := _test_of(q.expression, slot)) and self._is_ready(q, slot, bound)
        ]
        equal: list[p.Expression] = []
        labels = [] if label is None else [label]
        covers = [*labels]
        for key in index.keys:
            found = next(
                (
                    (q, value)
                    for q, test_key, operator, value in tests
                    if test_key == key and operator == "="
                ),
                None,
            )
            if found is None:
                break
            covers.append(found[0])
            equal.append(found[1])
        rows = max(1.0, float(index.entries))
        distinct = max(1.0, float(index.distinct))
        if len(equal) == len(index.keys):
            cost = 0.5 if index.unique else rows / distinct
            return Access(slot, cost, covers, index.unique, make(equal))
        if len(equal) + 1 < len(index.keys):
            # An index over several keys holds what has all of them: each has to be asked for.
            return None
        key = index.keys[len(equal)]
        share = 1.0 if not equal else 1.0 / distinct
        here = [(q, operator, value) for q, test_key, operator, value in tests if test_key == key]
        listed = next(((q, value) for q, operator, value in here if operator == "in"), None)
        if listed is not None and not equal and len(index.keys) == 1:
            return Access(
                slot,
                LIST_LENGTH * rows / distinct,
                [*labels, listed[0]],
                False,
                make([], in_list=listed[1]),
            )
        prefix = next(((q, value) for q, operator, value in here if operator == "prefix"), None)
        if prefix is not None:
            return Access(
                slot,
                rows * PREFIX_SHARE * share,
                [*covers, prefix[0]],
                False,
                make(equal, prefix=prefix[1]),
            )
        bounds: dict[str, object] = {}
        for q, operator, value in here:
            if operator in COMPARED and COMPARED[operator][0] not in bounds:
                side, included = COMPARED[operator]
                bounds |= {side: value, f"{side}_included": included}
                covers.append(q)
        if bounds:
            return Access(slot, rows * RANGE_SHARE * share, covers, False, make(equal, **bounds))
        return None

    def _is_ready(self, predicate: Predicate, slot: int, bound: set[int]) -> bool:
        return predicate.needs - {slot} <= bound


@dataclass(slots=True)
class Access:
    """One way to bind a node: rows it costs, the predicates it covers, whether it gives at most one row."""

    slot: int
    cost: float
    covers: list[Predicate]
    single: bool
    build: Callable[[p.Operator], p.Operator]


def _id_seek(slot: int, ids: p.Expression) -> Callable[[p.Operator], p.Operator]:
    return lambda source: p.NodeByIdSeek(input=source, slot=slot, ids=ids)


def _label_scan(slot: int, name: str) -> Callable[[p.Operator], p.Operator]:
    return lambda source: p.NodeByLabelScan(input=source, slot=slot, label=name)


class SeekMaker(Protocol):
    """Makes what builds an index seek from its predicates."""

    def __call__(
        self, equal: list[p.Expression], **more: object
    ) -> Callable[[p.Operator], p.Operator]: ...


def _node_seek(slot: int, index: IndexInfo) -> SeekMaker:
    def make(equal: list[p.Expression], **more: object) -> Callable[[p.Operator], p.Operator]:
        return lambda source: p.NodeIndexSeek(
            input=source,
            slot=slot,
            label=index.label,
            keys=index.keys,
            equal=equal,
            **more,  # type: ignore[arg-type]
        )

    return make


def _relationship_seek(relationship: Relationship, index: IndexInfo) -> SeekMaker:
    def make(equal: list[p.Expression], **more: object) -> Callable[[p.Operator], p.Operator]:
        return lambda source: p.RelationshipIndexSeek(
            input=source,
            relationship=relationship.slot,
            start=relationship.left,
            end=relationship.right,
            type=index.label,
            direction=relationship.direction,  # type: ignore[arg-type]
            keys=index.keys,
            equal=equal,
            **more,  # type: ignore[arg-type]
        )

    return make


def _links(expression: p.Expression) -> list[p.Expression]:
    """``a < b < c`` as ``a < b`` and ``b < c``, where the middle costs nothing: each can be looked up in an index."""
    simple = p.Slot | p.Property | p.Literal | p.AutoParameter | p.Parameter
    if not isinstance(expression, p.Comparison) or not all(
        isinstance(o, simple) for o in expression.operands[1:-1]
    ):
        return [expression]
    pairs = zip(expression.operands, expression.operands[1:], expression.operators, strict=False)
    return [p.Comparison([left, right], [operator]) for left, right, operator in pairs]


def _is_plain(relationship: Relationship) -> bool:
    return (
        relationship.length is None and not relationship.is_bound and relationship.shortest is None
    )


def _is_label_of(expression: p.Expression, slot: int) -> bool:
    return (
        isinstance(expression, p.HasLabels)
        and expression.entity == p.Slot(slot)
        and isinstance(expression.labels, p.LabelName)
    )


def _test_of(expression: p.Expression, slot: int) -> tuple[str, str, p.Expression] | None:
    """(key, operator, value) of a predicate ``slot.key operator value`` whose value does not need the slot."""

    def key_of(side: p.Expression) -> str | None:
        return side.key if isinstance(side, p.Property) and side.entity == p.Slot(slot) else None

    if (
        isinstance(expression, p.Comparison)
        and len(expression.operators) == 1
        and expression.operators[0] in MIRRORED
    ):
        left, right = expression.operands
        operator: str = expression.operators[0]
        if (key := key_of(left)) is not None and slot not in slots_of(right):
            return key, operator, right
        if (key := key_of(right)) is not None and slot not in slots_of(left):
            return key, MIRRORED[operator], left
    if isinstance(expression, p.Binary) and expression.operator in ("in", "starts_with"):
        key = key_of(expression.left)
        if key is not None and slot not in slots_of(expression.right):
            return key, "in" if expression.operator == "in" else "prefix", expression.right
    return None


def _may_be_same(one: Relationship, other: Relationship) -> bool:
    return not one.types or not other.types or bool(set(one.types) & set(other.types))


def _differs(one: Relationship, other: Relationship) -> p.Expression:
    if other.length is not None or other.is_list:
        return p.Unary("not", p.Binary("in", p.Slot(one.slot), p.Slot(other.slot)))
    return p.Comparison([p.Slot(one.slot), p.Slot(other.slot)], ["<>"])
