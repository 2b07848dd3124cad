"""How many rows: guesses from the exact counts of the store.

Counts per label, per type, and per label, type and direction are exact; what is guessed is that they do not depend on
each other, and what share of nodes fulfils a predicate that no index knows. Costs are rows, counted once where they
are made.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from samyama.cypher import plan as p
from samyama.cypher.catalog import Catalog
from samyama.cypher.planner.query_graph import Predicate, QueryGraph, Relationship

__all__ = ["Estimates", "label_of"]

#: The share of rows that fulfil a predicate, by its kind; an equality is worth more than a range.
EQUAL_SHARE, OTHER_SHARE = 0.1, 0.5
#: Relationships of a path whose length has no bound.
LENGTH_GUESS = 5


def label_of(expression: p.Expression, slot: int) -> str | None:
    """The name, if the predicate is that this node has one label."""
    if (
        isinstance(expression, p.HasLabels)
        and isinstance(expression.labels, p.LabelName)
        and expression.entity == p.Slot(slot)
    ):
        return expression.labels.name
    return None


class Estimates:
    """Of one MATCH, whose predicates are read once."""

    def __init__(self, catalog: Catalog, graph: QueryGraph) -> None:
        self.catalog = catalog
        self.labels: dict[int, str] = {}
        self.shares: dict[int, float] = {}
        for predicate in graph.predicates:
            if len(predicate.needs) == 1:
                (slot,) = predicate.needs
                self._note(slot, predicate.expression)

    def _note(self, slot: int, expression: p.Expression) -> None:
        label = label_of(expression, slot)
        if label is not None:
            # The rarest label says most.
            known = self.labels.get(slot)
            count = self.catalog.labels.get(label, 0)
            if known is None or count < self.catalog.labels.get(known, 0):
                self.labels[slot] = label
            return
        self.shares[slot] = self.shares.get(slot, 1.0) * share_of(expression)

    def fan_out(self, relationship: Relationship, start: int) -> float:
        """Rows for each row at ``start``, before anything is asked of the other end."""
        catalog, types = self.catalog, relationship.types
        is_left = start == relationship.left
        label = self.labels.get(start)
        if label is not None and label in catalog.patterns:
            total = sum(self._sides(label, name, relationship, is_left) for name in types or ("",))
            degree = total / max(1, catalog.labels.get(label, 0))
        else:
            total = self._total(types)
            degree = total / max(1, catalog.nodes)
            if relationship.direction == "both":
                degree *= 2
        if relationship.quantified is None and relationship.length is None:
            return degree
        longest = relationship.length[1] if relationship.length else None
        return min((1 + degree) ** min(longest or LENGTH_GUESS, LENGTH_GUESS), 1e12)

    def _total(self, types: Sequence[str]) -> int:
        if not types:
            return self.catalog.relationships
        return sum(self.catalog.types.get(name, 0) for name in types)

    def _sides(self, label: str, name: str, relationship: Relationship, is_left: bool) -> int:
        """Relationships of a type ("": any) at nodes of a label, on the side from which the pattern is walked."""
        by_type = self.catalog.patterns[label]
        out, into = by_type.get(name, (0, 0))
        if relationship.direction == "both":
            return out + into
        return out if (relationship.direction == "out") == is_left else into

    def share_at(self, relationship: Relationship, end: int) -> float:
        """The share of the rows of a step that pass what is asked of the node it leads to."""
        share = self.shares.get(end, 1.0) * self.shares.get(relationship.slot, 1.0)
        label = self.labels.get(end)
        if label is None:
            return share
        total = self._total(relationship.types)
        if label in self.catalog.patterns and relationship.length is None and total:
            ends = sum(
                self._sides(label, name, relationship, end == relationship.left)
                for name in relationship.types or ("",)
            )
            both = 2 if relationship.direction == "both" else 1
            return share * min(1.0, ends / (total * both))
        return share * self.catalog.labels.get(label, 0) / max(1, self.catalog.nodes)

    def share_of_rest(self, slots: set[int], covers: Iterable[Predicate]) -> float:
        """What predicates on these slots leave of the rows of an access that covers some of them."""
        share = 1.0
        covered = [q.expression for q in covers]
        for slot in slots:
            label = self.labels.get(slot)
            if label is not None and not any(label_of(q, slot) for q in covered):
                share *= self.catalog.labels.get(label, 0) / max(1, self.catalog.nodes)
            if not any(label_of(q, slot) is None for q in covered):
                share *= self.shares.get(slot, 1.0)
        return share


def share_of(expression: p.Expression) -> float:
    if isinstance(expression, p.Comparison) and expression.operators == ["="]:
        return EQUAL_SHARE
    return OTHER_SHARE
