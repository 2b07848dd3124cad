"""Patterns of the syntax tree into a query graph: slots for nodes and relationships, predicates for all else.

Labels, property maps, inline WHERE and the WHERE of the clause all become predicates alike. What is asked of every
hop of a relationship of variable length stays with it, unless it asks for what the same clause binds.
"""

from __future__ import annotations

from samyama.cypher import ast
from samyama.cypher import plan as p
from samyama.cypher.planner.context import Context, Names
from samyama.cypher.planner.expressions import Lowering, slots_of
from samyama.cypher.planner.query_graph import (
    Predicate,
    QueryGraph,
    Relationship,
    group_names,
    type_names,
)
from samyama.cypher.semantic.scope import INSIDE
from samyama.cypher.tree import conjuncts

__all__ = ["PatternReader"]


class PatternReader:
    """Fills ``graph``."""

    def __init__(self, context: Context, graph: QueryGraph) -> None:
        self.context, self.graph = context, graph

    def defer_hops(self, relationship: Relationship, own: set[int]) -> None:
        """A predicate on hops that asks for what this clause binds waits until that is there, as one on their list."""
        hop, predicate = relationship.hop, relationship.hop_predicate
        if hop is None or predicate is None or not slots_of(predicate) & own:
            return
        relationship.hop = relationship.hop_predicate = None
        self.add_predicate(p.Quantifier("all", hop, p.Slot(relationship.slot), predicate))

    def add_predicate(self, expression: p.Expression) -> None:
        for part in _links(expression):
            self.graph.predicates.append(Predicate(part, slots_of(part)))

    def add_path(self, names: Names, path: ast.PathPattern) -> tuple[list[int], list[Relationship]]:
        """Put the parts of a path into the graph; the slots of its nodes and what stands between them, in order."""
        slots = [self._add_node(names, path.nodes[0])]
        between: list[Relationship] = []
        for pattern, node in zip(path.relationships, path.nodes[1:], strict=True):
            left, right = slots[-1], self._add_node(names, node)
            if isinstance(pattern, ast.Quantified):
                relationship = self._add_quantified(names, pattern, left, right)
            else:
                relationship = self._add_relationship(names, pattern, left, right)
                relationship.shortest, relationship.cycles = path.shortest, path.cycles
            self.graph.relationships.append(relationship)
            between.append(relationship)
            slots += [relationship.slot, right]
        if path.variable is not None:
            slot = names[path.variable] = self.context.new_slot()
            self.graph.paths.append((slot, slots))
            for relationship in between:
                relationship.is_seen = True
        return slots[::2], between

    def add_path_conditions(
        self,
        lowering: Lowering,
        path: ast.PathPattern,
        nodes: list[int],
        between: list[Relationship],
    ) -> None:
        for node, slot in zip(path.nodes, nodes, strict=True):
            self._add_conditions(lowering, slot, node.labels, node.properties, node.where)
        for pattern, relationship in zip(path.relationships, between, strict=True):
            if isinstance(pattern, ast.RelationshipPattern):
                self._add_relationship_conditions(lowering, pattern, relationship)
        for condition in conjuncts(path.where):
            self.add_predicate(lowering.lower(condition))

    def _add_quantified(
        self, names: Names, pattern: ast.Quantified, left: int, right: int
    ) -> Relationship:
        slot, length = self.context.new_slot(), (pattern.low, pattern.high)
        relationship = Relationship(slot, left, right, "out", [], length, True, quantified=pattern)
        for name in group_names(pattern):
            group = self.context.new_slot()
            relationship.groups[name] = names[name.removesuffix(INSIDE)] = group
        return relationship

    def _add_node(self, names: Names, node: ast.NodePattern) -> int:
        slot = names.get(node.variable) if node.variable is not None else None
        if slot is None:
            slot = self.context.new_slot()
            if node.variable is not None:
                names[node.variable] = slot
        if slot not in self.graph.nodes:
            self.graph.nodes.append(slot)
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
        lowering: Lowering,
        slot: int,
        labels: ast.LabelExpr | None,
        properties: ast.Expr | None,
        where: ast.Expr | None,
    ) -> None:
        if labels is not None:
            for part in labels.operands if isinstance(labels, ast.LabelAnd) else [labels]:
                self.add_predicate(lowering.has_labels(p.Slot(slot), part))
        for condition in self._property_conditions(lowering, slot, properties):
            self.add_predicate(condition)
        if where is not None:
            for condition_node in conjuncts(where):
                self.add_predicate(lowering.lower(condition_node))

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
        lowering: Lowering,
        pattern: ast.RelationshipPattern,
        relationship: Relationship,
    ) -> None:
        labels = pattern.types if type_names(pattern.types) is None else None
        if pattern.length is None and relationship.shortest is None:
            self._add_conditions(
                lowering, relationship.slot, labels, pattern.properties, pattern.where
            )
            return
        hop = self.context.new_slot()
        inner = lowering.inner({pattern.variable: hop}) if pattern.variable else lowering
        conditions = self._property_conditions(lowering, hop, pattern.properties)
        if labels is not None:
            conditions.append(lowering.has_labels(p.Slot(hop), labels))
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
            self.add_predicate(whole)
            return
        relationship.hop = hop
        relationship.hop_predicate = p.And(conditions) if len(conditions) > 1 else conditions[0]


def _links(expression: p.Expression) -> list[p.Expression]:
    """``a < b < c`` as ``a < b`` and ``b < c``, where the middle costs nothing: each can be looked up in an index."""
    simple = p.Slot | p.Property | p.Literal | p.AutoParameter | p.Parameter
    if not isinstance(expression, p.Comparison) or not all(
        isinstance(o, simple) for o in expression.operands[1:-1]
    ):
        return [expression]
    pairs = zip(expression.operands, expression.operands[1:], expression.operators, strict=False)
    return [p.Comparison([left, right], [operator]) for left, right, operator in pairs]
