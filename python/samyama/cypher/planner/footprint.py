"""What operators read of the graph and write to it, as far as the plan tells: labels, types, property keys.

A footprint may say too much, never too little. ``None`` instead of a set means *any*. What cannot be told (a
procedure, a deletion, a function over a whole entity) is any, or ``everything``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from samyama.cypher import plan as p

__all__ = ["Footprint", "conflict", "own_footprint"]

#: Any name: what an operator without labels, types or keys of its own looks at.
Names = set[str] | None
#: Functions that look at every property, or at the labels, of an entity.
_WHOLE = ("properties", "keys", p.MAP_PROJECTION)
_LABELS = ("labels", p.HAS_ALL_LABELS, p.HAS_ANY_LABEL)
_DELETIONS_AND_COMMANDS = (
    p.Delete,
    p.ProcedureCall,
    p.CreateIndex,
    p.DropIndex,
    p.CreateConstraint,
    p.DropConstraint,
)
_WALKS = (p.RelationshipScan, p.Expand, p.VarLengthExpand, p.ShortestPath, p.BoundRelationships)


def _add(one: Names, other: Names) -> Names:
    return None if one is None or other is None else one | other


def _meet(one: Names, other: Names) -> bool:
    """May they name the same? Nothing meets nothing, not even *any*."""
    if one is None:
        return other is None or bool(other)
    return bool(one) if other is None else bool(one & other)


@dataclass(slots=True)
class Footprint:
    #: Labels by which nodes are looked for, and tested.
    scanned: Names = field(default_factory=set)
    tested: Names = field(default_factory=set)
    #: Types of relationships that are walked, keys of properties that are read.
    walked: Names = field(default_factory=set)
    read: Names = field(default_factory=set)
    #: Labels of created nodes; what is created without one is under the name "", which every scan of all meets.
    created: Names = field(default_factory=set)
    #: Labels that are set or removed.
    labelled: Names = field(default_factory=set)
    #: Types of created relationships, keys of properties that are set or removed.
    related: Names = field(default_factory=set)
    written: Names = field(default_factory=set)
    #: A deletion, a procedure, a command: before it and behind it everything must have arrived.
    everything: bool = False

    def add(self, other: Footprint) -> None:
        self.scanned = _add(self.scanned, other.scanned)
        self.tested = _add(self.tested, other.tested)
        self.walked = _add(self.walked, other.walked)
        self.read = _add(self.read, other.read)
        self.created = _add(self.created, other.created)
        self.labelled = _add(self.labelled, other.labelled)
        self.related = _add(self.related, other.related)
        self.written = _add(self.written, other.written)
        self.everything = self.everything or other.everything

    @property
    def writes(self) -> bool:
        writes = (self.created, self.labelled, self.related, self.written)
        return self.everything or any(names is None or names for names in writes)


def conflict(one: Footprint, other: Footprint) -> bool:
    """May it matter whether all of the one is done before the other begins?

    What is created is new in every row and in nobody's way, so creating beside creating or setting is no conflict.
    """
    if (one.everything and _touches(other)) or (other.everything and _touches(one)):
        return True
    return (
        _sees(one, other)
        or _sees(other, one)
        or _meet(one.written, other.written)
        or _meet(one.labelled, other.labelled)
    )


def _touches(one: Footprint) -> bool:
    reads = (one.scanned, one.tested, one.walked, one.read)
    return one.writes or any(names is None or names for names in reads)


def _sees(reader: Footprint, writer: Footprint) -> bool:
    """May the reader come upon what the writer does?"""
    return (
        _meet(reader.scanned, writer.created)
        or _meet(reader.scanned, writer.labelled)
        or _meet(reader.tested, writer.labelled)
        or _meet(reader.walked, writer.related)
        or _meet(reader.read, writer.written)
    )


def own_footprint(operator: Any) -> Footprint:
    """Of one operator without its input: its expressions, with the plans in them, and its right side or body."""
    found = Footprint()
    _visit_own(operator, found)
    return found


def _visit(value: Any, found: Footprint) -> None:
    if isinstance(value, list):
        for item in value:
            _visit(item, found)
    elif hasattr(value, "__struct_fields__"):
        _visit_own(value, found)
        source = getattr(value, "input", None)
        if source is not None:
            _visit(source, found)


def _visit_own(node: Any, found: Footprint) -> None:
    kind = type(node)
    if kind in _LEAVES:
        return
    note = _NOTES.get(kind)
    if note is not None:
        note(node, found)
    elif kind in _WALKS:
        found.walked = _add(found.walked, set(node.types) or None)
    elif kind in _DELETIONS_AND_COMMANDS:
        found.everything = True
    for name in node.__struct_fields__:
        if name not in ("input", "info"):
            _visit(getattr(node, name), found)


_LEAVES = (p.Slot, p.Literal, p.Parameter, p.AutoParameter, p.Argument)


def _labels_of(expression: Any) -> Names:
    match expression:
        case p.LabelName():
            return {expression.name}
        case p.LabelNot():
            return _labels_of(expression.operand)
        case p.LabelAnd() | p.LabelOr():
            names: Names = set()
            for operand in expression.operands:
                names = _add(names, _labels_of(operand))
            return names
        case _:
            return None


def _function(node: p.Function, found: Footprint) -> None:
    if node.name in _WHOLE:
        found.read = None
    elif node.name in _LABELS:
        found.tested = None


def _has_labels(node: p.HasLabels, found: Footprint) -> None:
    found.tested = _add(found.tested, _labels_of(node.labels))


def _property(node: p.Property, found: Footprint) -> None:
    found.read = _add(found.read, {node.key})


def _index(_: p.Index, found: Footprint) -> None:
    found.read = None


def _scan(_: p.AllNodesScan | p.NodeByIdSeek, found: Footprint) -> None:
    found.scanned = None


def _label_scan(node: p.NodeByLabelScan, found: Footprint) -> None:
    found.scanned = _add(found.scanned, {node.label})


def _node_seek(node: p.NodeIndexSeek, found: Footprint) -> None:
    found.scanned = _add(found.scanned, {node.label})
    found.read = _add(found.read, set(node.keys))


def _relationship_seek(node: p.RelationshipIndexSeek, found: Footprint) -> None:
    found.walked = _add(found.walked, {node.type})
    found.read = _add(found.read, set(node.keys))


def _count_store(node: p.CountStore, found: Footprint) -> None:
    if node.kind == "nodes":
        found.scanned = _add(found.scanned, None if node.label is None else {node.label})
        return
    found.walked = _add(found.walked, set(node.types) or None)
    ends = {label for label in (node.start_label, node.end_label) if label is not None}
    found.tested = _add(found.tested, ends)


def _create_node(node: p.CreateNode, found: Footprint) -> None:
    found.created = _add(found.created, None if node.label_values else set(node.labels) or {""})


def _create_relationship(node: p.CreateRelationship, found: Footprint) -> None:
    found.related = _add(found.related, None if node.type is None else {node.type})


def _set_property(node: p.SetProperty | p.RemoveProperty, found: Footprint) -> None:
    found.written = _add(found.written, {node.key})


def _set_properties(node: p.SetProperties, found: Footprint) -> None:
    is_map = isinstance(node.value, p.MapLiteral)
    if not is_map:
        # The map may be an entity, all of whose properties are copied.
        found.read = None
    keys = set(node.value.keys) if isinstance(node.value, p.MapLiteral) else None
    found.written = _add(found.written, None if node.replace else keys)


def _set_labels(node: p.SetLabels | p.RemoveLabels, found: Footprint) -> None:
    found.labelled = _add(found.labelled, None if node.values else set(node.labels))


_NOTES: dict[type, Any] = {
    p.Function: _function,
    p.HasLabels: _has_labels,
    p.Property: _property,
    p.Index: _index,
    p.AllNodesScan: _scan,
    p.NodeByIdSeek: _scan,
    p.NodeByLabelScan: _label_scan,
    p.NodeIndexSeek: _node_seek,
    p.RelationshipIndexSeek: _relationship_seek,
    p.CountStore: _count_store,
    p.CreateNode: _create_node,
    p.CreateRelationship: _create_relationship,
    p.SetProperty: _set_property,
    p.RemoveProperty: _set_property,
    p.SetProperties: _set_properties,
    p.SetLabels: _set_labels,
    p.RemoveLabels: _set_labels,
}
