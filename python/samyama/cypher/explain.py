"""A plan as people read it: a tree of operators, with what each is about."""

from __future__ import annotations

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
    arrows = {"out": ("-", "->"), "in": ("<-", "-"), "both": ("-", "-")}
    match operator:
        case p.NodeByLabelScan():
            return f"_{operator.slot}:{operator.label}"
        case p.AllNodesScan():
            return f"_{operator.slot}"
        case p.NodeByIdSeek():
            return f"_{operator.slot} = {_text(operator.ids)}"
        case p.NodeIndexSeek():
            return f"_{operator.slot}:{operator.label}({_seek(operator)})"
        case p.RelationshipIndexSeek() | p.RelationshipScan():
            before, after = arrows[operator.direction]
            what = f"_{operator.relationship}:"
            if isinstance(operator, p.RelationshipScan):
                what += "|".join(operator.types)
            else:
                what += f"{operator.type}({_seek(operator)})"
            return f"(_{operator.start}){before}[{what}]{after}(_{operator.end})"
        case p.HashJoin():
            pairs = zip(operator.left_keys, operator.right_keys, strict=True)
            return ", ".join(f"{_text(left)} = {_text(right)}" for left, right in pairs)
        case p.CountStore():
            return f"_{operator.slot} = {_counted(operator)}"
        case p.Delete():
            return ", ".join(map(_text, operator.targets))
        case p.Expand() | p.VarLengthExpand():
            before, after = arrows[operator.direction]
            types = "|".join(operator.types)
            length = ""
            if isinstance(operator, p.VarLengthExpand):
                length = f"*{operator.min}..{'' if operator.max is None else operator.max}"
            into = " into" if operator.into else ""
            if isinstance(operator, p.VarLengthExpand) and operator.distinct_ends:
                into += " pruned"
            return f"(_{operator.from_}){before}[{':' + types if types else ''}{length}]{after}(_{operator.to}){into}"
        case p.Filter():
            return _text(operator.predicate)
        case p.Projection():
            return ", ".join(
                f"_{slot} = {_text(e)}"
                for slot, e in zip(operator.slots, operator.expressions, strict=True)
            )
        case p.Aggregation():
            keys = [
                f"_{slot} = {_text(key)}"
                for slot, key in zip(operator.key_slots, operator.keys, strict=True)
            ]
            return ", ".join(
                keys
                + [
                    f"_{a.slot} = {a.function}({', '.join(map(_text, a.arguments))})"
                    for a in operator.aggregates
                ]
            )
        case p.Sort():
            keys = [
                _text(key) + (" DESC" if down else "")
                for key, down in zip(operator.keys, operator.descending, strict=True)
            ]
            return ", ".join(keys) + (f" LIMIT {_text(operator.limit)}" if operator.limit else "")
        case p.Skip() | p.Limit():
            return _text(operator.count)
        case p.Unwind():
            return f"_{operator.slot} in {_text(operator.list)}"
        case p.Create():
            return f"{len(operator.nodes)} nodes, {len(operator.relationships)} relationships"
        case p.ProcedureCall():
            return operator.name
        case _:
            return ""


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


def _text(expression: Any) -> str:
    match expression:
        case p.Literal():
            return repr(expression.value)
        case p.Parameter():
            return f"${expression.name}"
        case p.AutoParameter():
            return f"$#{expression.index}"
        case p.Slot():
            return f"_{expression.slot}"
        case p.Property():
            return f"{_text(expression.entity)}.{expression.key}"
        case p.Comparison():
            parts = [_text(expression.operands[0])]
            for operator, operand in zip(
                expression.operators, expression.operands[1:], strict=True
            ):
                parts += [operator, _text(operand)]
            return " ".join(parts)
        case p.Binary():
            return f"({_text(expression.left)} {expression.operator} {_text(expression.right)})"
        case p.And() | p.Or():
            return f" {type(expression).__name__.upper()} ".join(map(_text, expression.operands))
        case p.Unary():
            return f"{expression.operator}({_text(expression.operand)})"
        case p.Function(p.HAS_ALL_LABELS | p.HAS_ANY_LABEL as name, [entity, value]):
            how = "any" if name == p.HAS_ANY_LABEL else ""
            return f"{_text(entity)}:${how}({_text(value)})"
        case p.Function():
            return f"{expression.name}({', '.join(map(_text, expression.arguments))})"
        case p.HasLabels():
            name = expression.labels.name if isinstance(expression.labels, p.LabelName) else "..."
            return f"{_text(expression.entity)}:{name}"
        case p.ListLiteral():
            return f"[{', '.join(map(_text, expression.items))}]"
        case _:
            return type(expression).__name__
