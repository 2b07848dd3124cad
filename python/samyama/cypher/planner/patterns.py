"""Patterns to operators.

``PatternReader`` makes a query graph of the patterns of one MATCH. Then, as long as something is unbound: take the
cheapest step from what is bound, or else begin anew where the rest costs least, and put each predicate in as soon as
all it needs is there. What is cheap, and which of the ways to do a thing is taken, is said by rules; here they are
followed.
"""

from __future__ import annotations

from collections.abc import Sequence

from samyama.cypher import ast
from samyama.cypher import plan as p
from samyama.cypher.parser.expressions import IS_TYPE
from samyama.cypher.planner.access import (
    HINTED,
    Access,
    all_nodes,
    label_scan,
    relationship_scan,
    scan_cost,
)
from samyama.cypher.planner.context import Context, Names
from samyama.cypher.planner.estimates import Estimates, label_of
from samyama.cypher.planner.expressions import Lowering, filtered
from samyama.cypher.planner.hints import usable_hints
from samyama.cypher.planner.pattern_reader import PatternReader
from samyama.cypher.planner.quantified import plan_repeat, plan_selected
from samyama.cypher.planner.query_graph import (
    Predicate,
    QueryGraph,
    Relationship,
    differs,
    is_plain,
    may_be_same,
)
from samyama.cypher.planner.rules import (
    expand_direction,
    hash_join,
    id_seek,
    index_seek,
    start_point,
)
from samyama.cypher.planner.steps import bound_step, shortest_step, step
from samyama.cypher.tree import conjuncts

__all__ = ["Patterns"]


class Patterns:
    """Plans the patterns of one clause."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.single = True  # at most one row comes out for each that goes in
        self.hints: dict[int, ast.Hint] = {}  # by slot
        self.outer: Names = {}  # what stood before the clause
        self.walked: list[Relationship] = []  # used before this pattern begins
        self.rows = 1.0  # by estimate, for each row that comes in
        self.cuts: list[p.Expression] = []  # equalities at which the pattern was cut, to be joined
        self.is_first = False  # nothing but the outer row stands below this pattern

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
        names, graph = dict(outer), QueryGraph()
        self.outer = outer
        reader = PatternReader(self.context, graph)
        parts = [reader.add_path(names, path) for path in paths]
        lowering = Lowering(self.context, names, Patterns)
        for path, slots in zip(paths, parts, strict=True):
            reader.add_path_conditions(lowering, path, *slots)
        for condition in conjuncts(where):
            reader.add_predicate(lowering.lower(condition))
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
            reader.defer_hops(relationship, own)
        # A null, or another value, that stands alone for a node matches nothing; a step from it finds nothing anyway.
        walked = {end for r in graph.relationships for end in (r.left, r.right)}
        for slot in sorted(set(graph.nodes) & bound - walked):
            is_node = p.Function(IS_TYPE, [p.Slot(slot), p.Literal("NODE NOT NULL")])
            graph.predicates.append(Predicate(is_node, set()))
        for predicate in graph.predicates:
            predicate.needs &= own
        self.estimates = Estimates(self.context.catalog, graph)
        if not set(graph.nodes) & bound:
            self._cut(graph)
        return self._join(source, graph, bound), names

    # ---------------------------------------------------------------------------------------------------- joining

    def _join(self, source: p.Operator, graph: QueryGraph, bound: set[int]) -> p.Operator:
        pending = list(graph.relationships)
        used = list(self.walked)
        self.is_first = isinstance(source, p.Argument)
        source = self._filter(source, graph, bound)
        while True:
            relationship = self._next_step(pending, bound)
            if relationship is not None:
                source = self._step(source, graph, relationship, used, bound)
                pending.remove(relationship)
                used.append(relationship)
            elif any(slot not in bound for slot in graph.nodes) or pending:
                source = self._start(source, graph, pending, used, bound)
            else:
                break
            source = self._filter(source, graph, bound)
        assert not graph.predicates, "every predicate has found its place"
        return source

    def _filter(self, source: p.Operator, graph: QueryGraph, bound: set[int]) -> p.Operator:
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

    def _next_step(self, pending: list[Relationship], bound: set[int]) -> Relationship | None:
        if "expand_direction" not in self.context.without:
            return expand_direction.cheapest(pending, bound, self.estimates)
        ready = (r for r in pending if expand_direction.cost(r, bound, self.estimates) is not None)
        return next(ready, None)

    def _step(
        self,
        source: p.Operator,
        graph: QueryGraph,
        relationship: Relationship,
        used: list[Relationship],
        bound: set[int],
    ) -> p.Operator:
        self.single = False
        graph.walked.add(relationship.slot)
        if not {relationship.left, relationship.right} <= bound:
            start, end, _ = expand_direction.way(relationship, bound)
            self.rows *= self.estimates.fan_out(relationship, start)
            self.rows *= self.estimates.share_at(relationship, end)
        exclude = [other.slot for other in used if may_be_same(other, relationship)]
        if relationship.is_bound:
            return bound_step(self.context, source, relationship, exclude, bound)
        if relationship.quantified is not None:
            return plan_repeat(self, source, relationship, exclude, bound)
        if relationship.shortest is not None:
            return shortest_step(
                source, graph, relationship, bound, lambda right: self._filter(right, graph, bound)
            )
        return step(self.context, source, relationship, exclude, bound)

    # --------------------------------------------------------------------------------------------------- starting

    def _start(
        self,
        source: p.Operator,
        graph: QueryGraph,
        pending: list[Relationship],
        used: list[Relationship],
        bound: set[int],
    ) -> p.Operator:
        """Bind what nothing bound leads to."""
        access = self._choose(graph, pending, bound)
        joined = self._hash_joined(source, graph, access, pending, used, bound)
        if joined is not None:
            return joined
        self.rows *= max(access.cost, 0.0)
        self.rows *= self.estimates.share_of_rest(access.binds, access.covers)
        for predicate in access.covers:
            graph.predicates.remove(predicate)
        if access.relationship is not None:
            self._begin_with(graph, access.relationship, pending, used)
        self.single = self.single and access.single
        bound |= access.binds
        return access.build(source)

    def _choose(self, graph: QueryGraph, pending: list[Relationship], bound: set[int]) -> Access:
        if "start_point" in self.context.without:
            free = next(slot for slot in graph.nodes if slot not in bound)
            return self._node_access(free, graph, bound)
        accesses = self._accesses(graph, pending, bound)
        return start_point.choose(accesses, pending, bound, self.estimates)

    def _accesses(
        self, graph: QueryGraph, pending: list[Relationship], bound: set[int]
    ) -> list[Access]:
        nodes = [self._node_access(slot, graph, bound) for slot in graph.nodes if slot not in bound]
        return nodes + self._relationship_accesses(graph, pending, bound)

    def _begin_with(
        self,
        graph: QueryGraph,
        relationship: Relationship,
        pending: list[Relationship],
        used: list[Relationship],
    ) -> None:
        """A relationship and both its ends are bound in one step."""
        for other in used:
            if may_be_same(other, relationship):
                graph.predicates.append(Predicate(differs(relationship, other), set()))
        pending.remove(relationship)
        used.append(relationship)
        graph.walked.add(relationship.slot)

    def _relationship_accesses(
        self, graph: QueryGraph, pending: list[Relationship], bound: set[int]
    ) -> list[Access]:
        """A seek or scan for every relationship both of whose ends are free."""
        found: list[Access] = []
        for relationship in pending:
            ends = {relationship.left, relationship.right}
            if (
                not is_plain(relationship)
                or ends & bound
                or len(ends) < 2
                or not relationship.types
            ):
                continue
            hint = self.hints.get(relationship.slot)
            if len(relationship.types) == 1 and "index_seek" not in self.context.without:
                found += index_seek.relationship_seeks(
                    self.context.catalog, relationship, graph.predicates, bound, hint
                )
            if hint is None and not ends & set(self.hints):
                counts = (self.context.catalog.types.get(name, 0) for name in relationship.types)
                found.append(relationship_scan(relationship, scan_cost(sum(counts))))
        return found

    def _node_access(self, slot: int, graph: QueryGraph, bound: set[int]) -> Access:
        """The cheapest way to one node."""
        catalog, predicates = self.context.catalog, graph.predicates
        best = all_nodes(slot, catalog.nodes)
        if "id_seek" not in self.context.without:
            ids = id_seek.access(slot, predicates, bound)
            if ids is not None:
                return ids
        hint = self.hints.get(slot)
        for predicate in predicates:
            name = label_of(predicate.expression, slot)
            if name is None:
                continue
            scan = label_scan(slot, name, predicate, scan_cost(catalog.labels.get(name, 0)))
            if hint is not None and hint.kind == "scan" and hint.name == name:
                scan.cost = HINTED
                return scan
            if scan.cost < best.cost:
                best = scan
            if "index_seek" in self.context.without:
                continue
            for seek in index_seek.node_seeks(
                catalog, slot, predicate, name, predicates, bound, hint
            ):
                if seek.cost <= best.cost:
                    best = seek
        return best

    # ---------------------------------------------------------------------------------------------- joins by hash

    def _may_hash(self) -> bool:
        return "hash_join" not in self.context.without and not self.context.writes

    def _cut(self, graph: QueryGraph) -> None:
        """Cut a pattern whose middle would explode; the second half of the node gets a slot of its own."""
        if len(graph.relationships) < 2 or not self._may_hash():
            return
        accesses = self._accesses(graph, graph.relationships, set())
        found = hash_join.cut(graph, accesses, self.estimates)
        if found is None:
            return
        relationship, node = found
        half = self.context.new_slot()
        if relationship.left == node:
            relationship.left = half
        else:
            relationship.right = half
        graph.nodes.append(half)
        same = p.Comparison([p.Slot(node), p.Slot(half)], ["="])
        graph.predicates.append(Predicate(same, {node, half}))
        self.cuts.append(same)

    def _hash_joined(
        self,
        source: p.Operator,
        graph: QueryGraph,
        access: Access,
        pending: list[Relationship],
        used: list[Relationship],
        bound: set[int],
    ) -> p.Operator | None:
        """The part of the pattern that begins here, joined to what is bound; None: it is better begun for each row."""
        left = bound & {*graph.nodes, *(r.slot for r in graph.relationships)}
        if not left or not self._may_hash():
            return None
        part = hash_join.part_around(access.binds & set(graph.nodes), graph, pending, bound)
        if part is None or not hash_join.can_compare(part.relationships, used):
            return None
        found = hash_join.keys(graph.predicates, part, left)
        if not found:
            return None
        taken = [key.predicate for key in found]
        own = [q for q in graph.predicates if hash_join.is_independent(q, part) and q not in taken]
        alone = QueryGraph(part.nodes, part.relationships, list(own))
        nested = start_point.followed(access, pending, bound, self.estimates)[0]
        best = start_point.choose(
            self._accesses(alone, part.relationships, set()),
            part.relationships,
            set(),
            self.estimates,
        )
        cost, rows = start_point.followed(best, part.relationships, set(), self.estimates)
        is_cut = any(predicate.expression in self.cuts for predicate in taken)
        if not is_cut and not hash_join.wins(self.rows, nested, cost, rows):
            return None
        inner = Patterns(self.context)
        inner.hints, inner.estimates = self.hints, self.estimates
        right = inner._join(p.Argument(), alone, set())
        for predicate in [*taken, *own]:
            graph.predicates.remove(predicate)
        for relationship in part.relationships:
            self._begin_with(graph, relationship, pending, used)
        self.single = False
        keys = [key.left for key in found], [key.right for key in found]
        sides, kept = (source, right), part.slots
        if self.is_first and self.rows < rows:
            # Both sides begin with the same row, so the smaller one may be kept.
            sides, keys, kept = sides[::-1], keys[::-1], bound & self._written(graph)
        bound |= part.slots
        self.rows *= max(1.0, rows) * 0.1
        return p.HashJoin(
            input=sides[0],
            right=sides[1],
            left_keys=keys[0],
            right_keys=keys[1],
            right_slots=sorted(kept),
        )

    @staticmethod
    def _written(graph: QueryGraph) -> set[int]:
        """Every slot that this pattern binds."""
        return {
            *graph.nodes,
            *(r.slot for r in graph.relationships),
            *(slot for slot, _ in graph.paths),
            *(slot for r in graph.relationships for slot in r.groups.values()),
        }
