"""A plan as people read it: a tree of operators, with what each is about."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from samyama.cypher import plan as p

__all__ = ["details", "render"]


def render(operator: Any, depth: int = 0) -> str:
    """One line an operator, inputs below, two blanks deeper each."""
    about = details(operator)
    lines = ["  " * depth + type(operator).__name__ + (f" {about}" if about else "")]
    for name in ("input", "right", "body"):
        child = getattr(operator, name, None)
        if isinstance(child, p.Operator_) and not isinstance(child, p.Argument):
            lines.append(render(child, depth + 1))
    if isinstance(operator, p.Union):
        lines += [render(child, depth + 1) for child in operator.inputs]
    return "\n".join(lines)


def details(operator: Any) -> str:
    """What an operator is about, without its name."""
    described = _DETAILS.get(type(operator))
    return described(operator) if described is not None else ""


def _arrow(direction: str, what: str) -> str:
    """A relationship between the two ends that are put around it."""
    before, after = _ARROWS[direction]
    return f"{before}[{what}]{after}"


def _relationship_scan(operator: p.RelationshipScan) -> str:
    what = f"_{operator.relationship}:{'|'.join(operator.types)}"
    return f"(_{operator.start}){_arrow(operator.direction, what)}(_{operator.end})"


def _relationship_seek(operator: p.RelationshipIndexSeek) -> str:
    what = f"_{operator.relationship}:{operator.type}({_seek(operator)})"
    return f"(_{operator.start}){_arrow(operator.direction, what)}(_{operator.end})"


def _walk(operator: p.Expand | p.VarLengthExpand) -> str:
    what = ":" + "|".join(operator.types) if operator.types else ""
    into = " into" if operator.into else ""
    if isinstance(operator, p.VarLengthExpand):
        what += f"*{operator.min}..{'' if operator.max is None else operator.max}"
        into += " pruned" if operator.distinct_ends else ""
    return f"(_{operator.from_}){_arrow(operator.direction, what)}(_{operator.to}){into}"


def _hash_join(operator: p.HashJoin) -> str:
    return _pairs(map(_text, operator.left_keys), operator.right_keys)


def _projection(operator: p.Projection) -> str:
    return _pairs((f"_{slot}" for slot in operator.slots), operator.expressions)


def _pairs(left: Iterable[str], right: Iterable[p.Expression]) -> str:
    return ", ".join(f"{one} = {_text(other)}" for one, other in zip(left, right, strict=True))


def _aggregation(operator: p.Aggregation) -> str:
    parts = [
        f"_{slot} = {_text(key)}"
        for slot, key in zip(operator.key_slots, operator.keys, strict=True)
    ]
    for one in operator.aggregates:
        parts.append(f"_{one.slot} = {one.function}({_texts(one.arguments)})")
    return ", ".join(parts)


def _sort(operator: p.Sort) -> str:
    keys = [
        _text(key) + (" DESC" if down else "")
        for key, down in zip(operator.keys, operator.descending, strict=True)
    ]
    return ", ".join(keys) + (f" LIMIT {_text(operator.limit)}" if operator.limit else "")


def _seek(operator: p.NodeIndexSeek | p.RelationshipIndexSeek) -> str:
    """What is asked of each key of an index."""
    texts = [
        f"{key} = {_text(value)}" for key, value in zip(operator.keys, operator.equal, strict=False)
    ]
    key = operator.keys[min(len(texts), len(operator.keys) - 1)]
    if operator.in_list is not None:
        texts.append(f"{key} in {_text(operator.in_list)}")
    if operator.prefix is not None:
        texts.append(f"{key} starts_with {_text(operator.prefix)}")
    if operator.lower is not None:
        texts.append(f"{key} >{'=' if operator.lower_included else ''} {_text(operator.lower)}")
    if operator.upper is not None:
        texts.append(f"{key} <{'=' if operator.upper_included else ''} {_text(operator.upper)}")
    return ", ".join(texts)


def _counted(operator: p.CountStore) -> str:
    def node(label: str | None) -> str:
        return f"(:{label})" if label else "()"

    if operator.kind == "nodes":
        return node(operator.label)
    types = ":" + "|".join(operator.types) if operator.types else ""
    return f"{node(operator.start_label)}-[{types}]->{node(operator.end_label)}"


def _texts(expressions: Iterable[p.Expression]) -> str:
    return ", ".join(map(_text, expressions))


def _text(expression: Any) -> str:
    written = _TEXTS.get(type(expression))
    return written(expression) if written is not None else type(expression).__name__


def _comparison(expression: p.Comparison) -> str:
    parts = [_text(expression.operands[0])]
    for operator, operand in zip(expression.operators, expression.operands[1:], strict=True):
        parts += [operator, _text(operand)]
    return " ".join(parts)


def _has_labels(expression: p.HasLabels) -> str:
    name = expression.labels.name if isinstance(expression.labels, p.LabelName) else "..."
    return f"{_text(expression.entity)}:{name}"


def _function(expression: p.Function) -> str:
    if expression.name in (p.HAS_ALL_LABELS, p.HAS_ANY_LABEL):
        entity, value = map(_text, expression.arguments)
        return f"{entity}:${'any' if expression.name == p.HAS_ANY_LABEL else ''}({value})"
    return f"{expression.name}({_texts(expression.arguments)})"


_ARROWS = {"out": ("-", "->"), "in": ("<-", "-"), "both": ("-", "-")}
#: Operators without an entry are about nothing but their inputs.
_DETAILS: dict[type, Callable[[Any], str]] = {
    p.NodeByLabelScan: lambda o: f"_{o.slot}:{o.label}",
    p.AllNodesScan: lambda o: f"_{o.slot}",
    p.NodeByIdSeek: lambda o: f"_{o.slot} = {_text(o.ids)}",
    p.NodeIndexSeek: lambda o: f"_{o.slot}:{o.label}({_seek(o)})",
    p.RelationshipIndexSeek: _relationship_seek,
    p.RelationshipScan: _relationship_scan,
    p.HashJoin: _hash_join,
    p.CountStore: lambda o: f"_{o.slot} = {_counted(o)}",
    p.Delete: lambda o: _texts(o.targets),
    p.Expand: _walk,
    p.VarLengthExpand: _walk,
    p.Filter: lambda o: _text(o.predicate),
    p.Projection: _projection,
    p.Aggregation: _aggregation,
    p.Sort: _sort,
    p.Skip: lambda o: _text(o.count),
    p.Limit: lambda o: _text(o.count),
    p.Unwind: lambda o: f"_{o.slot} in {_text(o.list)}",
    p.Create: lambda o: f"{len(o.nodes)} nodes, {len(o.relationships)} relationships",
    p.ProcedureCall: lambda o: o.name,
}
#: Expressions without an entry are shown by the name of their kind.
_TEXTS: dict[type, Callable[[Any], str]] = {
    p.Literal: lambda e: repr(e.value),
    p.Parameter: lambda e: f"${e.name}",
    p.AutoParameter: lambda e: f"$#{e.index}",
    p.Slot: lambda e: f"_{e.slot}",
    p.Property: lambda e: f"{_text(e.entity)}.{e.key}",
    p.Comparison: _comparison,
    p.Binary: lambda e: f"({_text(e.left)} {e.operator} {_text(e.right)})",
    p.And: lambda e: " AND ".join(map(_text, e.operands)),
    p.Or: lambda e: " OR ".join(map(_text, e.operands)),
    p.Unary: lambda e: f"{e.operator}({_text(e.operand)})",
    p.Function: _function,
    p.HasLabels: _has_labels,
    p.ListLiteral: lambda e: f"[{_texts(e.items)}]",
}
