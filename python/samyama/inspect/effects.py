"""Effects: what a transaction did, as data. docs/format/effects.md."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from samyama.inspect.cursor import Cursor
from samyama.inspect.schema import Constraint, Index, read_constraint, read_index
from samyama.inspect.values import Value, read_value, show_value

__all__ = [
    "TOKEN_KINDS",
    "AddLabel",
    "CreateConstraint",
    "CreateIndex",
    "CreateNode",
    "CreateRelationship",
    "CreateToken",
    "DeleteNode",
    "DeleteRelationship",
    "DropConstraint",
    "DropIndex",
    "Effect",
    "Names",
    "Properties",
    "RemoveLabel",
    "SetNodeProperty",
    "SetRelationshipProperty",
    "read_effect",
    "read_properties",
    "show_effect",
]

#: Label, relationship type, property key: how tokens are counted.
TOKEN_KINDS = ("label", "type", "key")

#: Property key and value.
Properties = tuple[tuple[int, Value], ...]


class CreateToken(msgspec.Struct, frozen=True):
    kind: int
    id: int
    name: str


class CreateNode(msgspec.Struct, frozen=True):
    id: int
    labels: tuple[int, ...]
    properties: Properties


class DeleteNode(msgspec.Struct, frozen=True):
    id: int


class CreateRelationship(msgspec.Struct, frozen=True):
    id: int
    start: int
    end: int
    type: int
    properties: Properties


class DeleteRelationship(msgspec.Struct, frozen=True):
    id: int


class SetNodeProperty(msgspec.Struct, frozen=True):
    id: int
    key: int
    value: Value


class SetRelationshipProperty(msgspec.Struct, frozen=True):
    id: int
    key: int
    value: Value


class AddLabel(msgspec.Struct, frozen=True):
    id: int
    label: int


class RemoveLabel(msgspec.Struct, frozen=True):
    id: int
    label: int


class CreateIndex(msgspec.Struct, frozen=True):
    index: Index


class DropIndex(msgspec.Struct, frozen=True):
    name: str


class CreateConstraint(msgspec.Struct, frozen=True):
    constraint: Constraint
    index: Index | None


class DropConstraint(msgspec.Struct, frozen=True):
    name: str


Effect = (
    CreateToken
    | CreateNode
    | DeleteNode
    | CreateRelationship
    | DeleteRelationship
    | SetNodeProperty
    | SetRelationshipProperty
    | AddLabel
    | RemoveLabel
    | CreateIndex
    | DropIndex
    | CreateConstraint
    | DropConstraint
)


def read_properties(cursor: Cursor) -> Properties:
    return tuple((cursor.uint(), read_value(cursor)) for _ in range(cursor.count()))


def read_effect(cursor: Cursor) -> Effect:
    """One effect. Raises: Damage."""
    tag = cursor.u8()
    match tag:
        case 1:
            kind = cursor.u8()
            if kind >= len(TOKEN_KINDS):
                raise cursor.damage(f"unknown token kind {kind}")
            return CreateToken(kind, cursor.uint(), cursor.text())
        case 2:
            id = cursor.uint()
            labels = tuple(cursor.uint() for _ in range(cursor.count()))
            return CreateNode(id, labels, read_properties(cursor))
        case 3:
            return DeleteNode(cursor.uint())
        case 4:
            ends = cursor.uint(), cursor.uint(), cursor.uint(), cursor.uint()
            return CreateRelationship(*ends, read_properties(cursor))
        case 5:
            return DeleteRelationship(cursor.uint())
        case 6:
            return SetNodeProperty(cursor.uint(), cursor.uint(), read_value(cursor))
        case 7:
            return SetRelationshipProperty(cursor.uint(), cursor.uint(), read_value(cursor))
        case 8:
            return AddLabel(cursor.uint(), cursor.uint())
        case 9:
            return RemoveLabel(cursor.uint(), cursor.uint())
        case 10:
            return CreateIndex(read_index(cursor))
        case 11:
            return DropIndex(cursor.text())
        case 12:
            return CreateConstraint(*read_constraint(cursor))
        case 13:
            return DropConstraint(cursor.text())
    raise cursor.damage(f"unknown effect tag {tag}")


class Names:
    """Tokens by kind and id, as far as they are known; others are shown by number."""

    def __init__(self) -> None:
        self.known: tuple[dict[int, str], ...] = ({}, {}, {})

    def note(self, effect: Effect) -> None:
        if isinstance(effect, CreateToken):
            self.known[effect.kind][effect.id] = effect.name

    def of(self, kind: int, id: int) -> str:
        return self.known[kind].get(id, f"{TOKEN_KINDS[kind]}#{id}")

    def properties(self, properties: Sequence[tuple[int, Value]]) -> str:
        pairs = (f"{self.of(2, key)}: {show_value(value)}" for key, value in properties)
        return "{" + ", ".join(pairs) + "}" if properties else ""


def show_effect(effect: Effect, names: Names) -> str:
    """One line, in the manner of Cypher."""
    match effect:
        case CreateToken(kind=kind, id=id, name=name):
            return f"new {TOKEN_KINDS[kind]} {id} `{name}`"
        case CreateNode(id=id, labels=labels, properties=properties):
            node = "".join(f":{names.of(0, label)}" for label in labels)
            return f"create ({id}{node} {names.properties(properties)})".replace(" )", ")")
        case DeleteNode(id=id):
            return f"delete ({id})"
        case CreateRelationship(id=id, start=start, end=end, type=type, properties=properties):
            inner = f"{id}:{names.of(1, type)} {names.properties(properties)}".rstrip()
            return f"create ({start})-[{inner}]->({end})"
        case DeleteRelationship(id=id):
            return f"delete [{id}]"
        case SetNodeProperty(id=id, key=key, value=value):
            return f"set ({id}).{names.of(2, key)} = {show_value(value)}"
        case SetRelationshipProperty(id=id, key=key, value=value):
            return f"set [{id}].{names.of(2, key)} = {show_value(value)}"
        case AddLabel(id=id, label=label):
            return f"set ({id}):{names.of(0, label)}"
        case RemoveLabel(id=id, label=label):
            return f"remove ({id}):{names.of(0, label)}"
        case CreateIndex(index=index):
            return f"create {index.kind} index `{index.name}`"
        case DropIndex(name=name):
            return f"drop index `{name}`"
        case CreateConstraint(constraint=constraint):
            return f"create {constraint.kind} constraint `{constraint.name}`"
        case DropConstraint(name=name):
            return f"drop constraint `{name}`"
