"""A graph in plain Python, changed by effects: just enough to know its fingerprint and to look things up."""

from __future__ import annotations

from dataclasses import dataclass, field

from samyama.inspect.effects import (
    AddLabel,
    CreateConstraint,
    CreateIndex,
    CreateNode,
    CreateRelationship,
    CreateToken,
    DeleteNode,
    DeleteRelationship,
    DropConstraint,
    DropIndex,
    Effect,
    Properties,
    RemoveLabel,
    SetNodeProperty,
    SetRelationshipProperty,
)
from samyama.inspect.fingerprint import MODULUS, Fact, hash_fact, words_of_text, words_of_value
from samyama.inspect.schema import Constraint, Index
from samyama.inspect.values import Value

__all__ = ["Graph", "Inconsistent", "Node", "Relationship"]


class Inconsistent(Exception):
    """An effect does not fit the graph: they do not belong together."""


@dataclass(slots=True)
class Node:
    labels: set[int]
    properties: dict[int, Value]


@dataclass(slots=True)
class Relationship:
    start: int
    end: int
    type: int
    properties: dict[int, Value]


@dataclass(slots=True)
class Graph:
    """Nodes and relationships by id; tokens (labels, types, keys) in the order of their ids."""

    nodes: dict[int, Node] = field(default_factory=dict)
    relationships: dict[int, Relationship] = field(default_factory=dict)
    tokens: tuple[list[str], list[str], list[str]] = field(default_factory=lambda: ([], [], []))
    indexes: dict[str, Index] = field(default_factory=dict)
    constraints: dict[str, Constraint] = field(default_factory=dict)
    transaction_number: int = 0
    #: As nodes show it in ``/status``.
    fingerprint: int = 0

    def apply(self, effect: Effect) -> None:
        """Raises: Inconsistent."""
        match effect:
            case CreateNode():
                self._create_node(effect)
            case CreateRelationship():
                self._create_relationship(effect)
            case SetNodeProperty(id=id, key=key, value=value):
                self._set(Fact.node_property, id, self._node(id).properties, key, value)
            case SetRelationshipProperty(id=id, key=key, value=value):
                there = self._relationship(id).properties
                self._set(Fact.relationship_property, id, there, key, value)
            case DeleteNode(id=id):
                self._delete_node(id)
            case DeleteRelationship(id=id):
                self._delete_relationship(id)
            case AddLabel(id=id, label=label):
                labels = self._node(id).labels
                self._demand(label not in labels, f"node {id} has label {label} already")
                labels.add(label)
                self._add(hash_fact(Fact.label, (id, label)))
            case RemoveLabel(id=id, label=label):
                labels = self._node(id).labels
                self._demand(label in labels, f"node {id} has no label {label}")
                labels.remove(label)
                self._add(-hash_fact(Fact.label, (id, label)))
            case CreateToken(kind=kind, id=id, name=name):
                names = self.tokens[kind]
                self._demand(
                    id == len(names), f"token {id} of kind {kind} after {len(names)} others"
                )
                names.append(name)
                self._add(hash_fact(Fact.token, (kind, id, *words_of_text(name))))
            case CreateIndex(index=index):
                self._add_index(index)
            case DropIndex(name=name):
                self._demand(name in self.indexes, f"there is no index `{name}`")
                self._add(-self.indexes.pop(name).fact)
            case CreateConstraint(constraint=constraint, index=index):
                self.constraints[constraint.name] = constraint
                self._add(constraint.fact)
                if index is not None:
                    self._add_index(index)
            case DropConstraint(name=name):
                self._demand(name in self.constraints, f"there is no constraint `{name}`")
                constraint = self.constraints.pop(name)
                self._add(-constraint.fact)
                for index in [i for i in self.indexes.values() if i.owner == name]:
                    self._add(-self.indexes.pop(index.name).fact)

    def finish_transaction(self, number: int) -> None:
        due = self.transaction_number + 1
        self._demand(number == due, f"transaction {number} stands where {due} is due")
        self.transaction_number = number

    def _demand(self, holds: bool, otherwise: str) -> None:
        if not holds:
            raise Inconsistent(otherwise)

    def _add(self, fact: int) -> None:
        self.fingerprint = (self.fingerprint + fact) % MODULUS

    def _node(self, id: int) -> Node:
        node = self.nodes.get(id)
        if node is None:
            raise Inconsistent(f"there is no node {id}")
        return node

    def _relationship(self, id: int) -> Relationship:
        relationship = self.relationships.get(id)
        if relationship is None:
            raise Inconsistent(f"there is no relationship {id}")
        return relationship

    def _add_index(self, index: Index) -> None:
        self._demand(index.name not in self.indexes, f"index `{index.name}` exists already")
        self.indexes[index.name] = index
        self._add(index.fact)

    def _create_node(self, effect: CreateNode) -> None:
        self._demand(effect.id not in self.nodes, f"node {effect.id} exists already")
        self.nodes[effect.id] = Node(set(effect.labels), dict(effect.properties))
        self._add(node_facts(effect.id, effect.labels, effect.properties))

    def _create_relationship(self, effect: CreateRelationship) -> None:
        id = effect.id
        self._demand(id not in self.relationships, f"relationship {id} exists already")
        for node in (effect.start, effect.end):
            self._node(node)
        self.relationships[id] = Relationship(
            effect.start, effect.end, effect.type, dict(effect.properties)
        )
        ends = (effect.start, effect.end, effect.type)
        self._add(relationship_facts(id, ends, effect.properties))

    def _delete_node(self, id: int) -> None:
        node = self._node(id)
        self._add(-node_facts(id, tuple(node.labels), tuple(node.properties.items())))
        del self.nodes[id]

    def _delete_relationship(self, id: int) -> None:
        there = self._relationship(id)
        ends = (there.start, there.end, there.type)
        self._add(-relationship_facts(id, ends, tuple(there.properties.items())))
        del self.relationships[id]

    def _set(
        self, fact: Fact, id: int, properties: dict[int, Value], key: int, value: Value
    ) -> None:
        if (before := properties.pop(key, None)) is not None:
            self._add(-property_fact(fact, id, key, before))
        if value is not None:
            properties[key] = value
            self._add(property_fact(fact, id, key, value))


def property_fact(fact: Fact, id: int, key: int, value: Value) -> int:
    return hash_fact(fact, (id, key, *words_of_value(value)))


def node_facts(id: int, labels: tuple[int, ...], properties: Properties) -> int:
    """The sum of all that a node adds."""
    total = hash_fact(Fact.node, (id,))
    for label in labels:
        total += hash_fact(Fact.label, (id, label))
    for key, value in properties:
        total += property_fact(Fact.node_property, id, key, value)
    return total


def relationship_facts(id: int, ends: tuple[int, int, int], properties: Properties) -> int:
    """``ends``: start, end, type."""
    total = hash_fact(Fact.relationship, (id, *ends))
    for key, value in properties:
        total += property_fact(Fact.relationship_property, id, key, value)
    return total
