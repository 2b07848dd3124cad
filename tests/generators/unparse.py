"""A syntax tree as text again, such that ``parse(unparse(tree))`` is the tree, places aside.

Everything compound stands in parentheses, so that no rule of precedence is repeated here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from samyama.cypher import ast

__all__ = ["unparse", "unparse_expression"]

_IDENTIFIER = re.compile(r"[^\W\d]\w*\Z")
#: Words that begin something else where a name may stand.
_KEYWORDS = frozenset(
    """
    WHERE IS AND OR XOR NOT IN CASE WHEN THEN ELSE END NULL TRUE FALSE EXISTS COUNT COLLECT ALL ANY NONE SINGLE REDUCE
    STARTS ENDS CONTAINS AS BY ORDER SKIP LIMIT OFFSET UNION RETURN WITH MATCH OPTIONAL UNWIND CREATE MERGE SET REMOVE
    DELETE DETACH NODETACH CALL YIELD FOREACH LOAD FINISH FILTER LET INSERT USING ON DESC ASC DESCENDING ASCENDING
    DISTINCT SHORTEST SHORTESTPATH ALLSHORTESTPATHS TRIM BOTH LEADING TRAILING FROM LIST ARRAY PATH PATHS GROUP GROUPS
    EXPLAIN PROFILE CYPHER USE SHOW TERMINATE DROP ALTER GRANT INF NAN INFINITY FIELDTERMINATOR
    """.split()
)


def name(text: str) -> str:
    plain = _IDENTIFIER.match(text) and text.upper() not in _KEYWORDS
    return text if plain else "`" + text.replace("`", "``") + "`"


def string(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return "'" + escaped.replace("\n", "\\n").replace("\r", "\\r") + "'"


def _literal(node: ast.Literal) -> str:
    value = node.value
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return string(value)
        case float():
            text = repr(value)
            return text if math.isfinite(value) and ("." in text or "e" in text) else f"{value}.0"
    return str(value)


def unparse_expression(node: ast.Expr) -> str:
    return _EXPRESSIONS[type(node)](node)


def _inner(node: ast.Expr) -> str:
    """As an operand: in parentheses unless it is one word or closed in itself."""
    text = unparse_expression(node)
    closed = isinstance(
        node,
        ast.Variable
        | ast.Parameter
        | ast.ListLiteral
        | ast.MapLiteral
        | ast.ListComprehension
        | ast.PatternComprehension
        | ast.Quantifier
        | ast.Reduce
        | ast.Subquery,
    ) or (isinstance(node, ast.Literal) and not text.startswith("-"))
    if isinstance(node, ast.Call):
        closed = not node.name.startswith("is ")
    return text if closed else f"({text})"


def _list(items: list[ast.Expr]) -> str:
    return ", ".join(map(unparse_expression, items))


def _map(node: ast.MapLiteral) -> str:
    pairs = zip(node.keys, node.values, strict=True)
    return "{" + ", ".join(f"{name(k)}: {unparse_expression(v)}" for k, v in pairs) + "}"


def _unary(node: ast.Unary) -> str:
    operand = _inner(node.operand)
    if node.operator.startswith("IS"):
        return f"{operand} {node.operator}"
    return f"{node.operator} {operand}"


def _comparison(node: ast.Comparison) -> str:
    pieces = [_inner(node.operands[0])]
    for operator, operand in zip(node.operators, node.operands[1:], strict=True):
        pieces += [operator, _inner(operand)]
    return " ".join(pieces)


def _call(node: ast.Call) -> str:
    if node.name == "is ::":
        value, kind = node.arguments
        assert isinstance(kind, ast.Literal), "a type is a text"
        return f"{_inner(value)} IS :: {kind.value}"
    if node.name == "is normalized":
        value, form = node.arguments
        assert isinstance(form, ast.Literal), "a normal form is a name"
        return f"{_inner(value)} IS {form.value} NORMALIZED"
    function = ".".join(name(part) for part in node.name.split("."))
    if node.star:
        return f"{function}(*)"
    return f"{function}({'DISTINCT ' if node.distinct else ''}{_list(node.arguments)})"


def _case(node: ast.Case) -> str:
    pieces = ["CASE"] + ([] if node.subject is None else [_inner(node.subject)])
    for when, then in zip(node.whens, node.thens, strict=True):
        pieces += ["WHEN", _inner(when), "THEN", _inner(then)]
    if node.otherwise is not None:
        pieces += ["ELSE", _inner(node.otherwise)]
    return " ".join([*pieces, "END"])


def _list_comprehension(node: ast.ListComprehension) -> str:
    where = "" if node.where is None else f" WHERE {_guarded(node.where)}"
    projection = "" if node.projection is None else f" | {unparse_expression(node.projection)}"
    return f"[{name(node.variable)} IN {_inner(node.list)}{where}{projection}]"


def _guarded(node: ast.Expr) -> str:
    """A predicate before a bar that must not be taken for one between labels. A bare pattern takes no parentheses."""
    return unparse_expression(node) if isinstance(node, ast.PatternPredicate) else _inner(node)


def _quantifier(node: ast.Quantifier) -> str:
    inside = f"{name(node.variable)} IN {_inner(node.list)} WHERE {unparse_expression(node.where)}"
    return f"{node.kind}({inside})"


def _reduce(node: ast.Reduce) -> str:
    start = f"{name(node.accumulator)} = {_inner(node.initial)}, {name(node.variable)}"
    return f"reduce({start} IN {_inner(node.list)} | {unparse_expression(node.body)})"


def _pattern_comprehension(node: ast.PatternComprehension) -> str:
    if node.path.variable == "\0shortest":
        return path(node.path, named=False)
    where = "" if node.where is None else f" WHERE {_guarded(node.where)}"
    return f"[{path(node.path)}{where} | {unparse_expression(node.projection)}]"


def _index(node: ast.Index) -> str:
    inner = node.container
    if isinstance(inner, ast.PatternComprehension) and inner.path.variable == "\0shortest":
        return path(inner.path, named=False)
    return f"{_inner(inner)}[{unparse_expression(node.index)}]"


def _slice(node: ast.Slice) -> str:
    first = "" if node.first is None else unparse_expression(node.first)
    last = "" if node.last is None else unparse_expression(node.last)
    return f"{_inner(node.list)}[{first}..{last}]"


def _subquery(node: ast.Subquery) -> str:
    return f"{node.kind.upper()} {{ {query(node.query)} }}"


def _map_projection(node: ast.MapProjection) -> str:
    items = []
    for key, value in node.items:
        if value is not None:
            items.append(f"{name(key)}: {unparse_expression(value)}")
        else:
            items.append(".*" if key == "*" else f".{name(key)}")
    return f"{_inner(node.subject)} {{{', '.join(items)}}}"


def _pattern_predicate(node: ast.PatternPredicate) -> str:
    return path(node.path)


_EXPRESSIONS: dict[type, Callable[[Any], str]] = {
    ast.Literal: _literal,
    ast.Parameter: lambda node: "$" + name(node.name),
    ast.Variable: lambda node: name(node.name),
    ast.Property: lambda node: f"{_inner(node.entity)}.{name(node.key)}",
    ast.Index: _index,
    ast.Slice: _slice,
    ast.ListLiteral: lambda node: f"[{', '.join(map(_inner, node.items))}]",
    ast.MapLiteral: _map,
    ast.Unary: _unary,
    ast.Binary: lambda node: f"{_inner(node.left)} {node.operator} {_inner(node.right)}",
    ast.Comparison: _comparison,
    ast.HasLabels: lambda node: f"{_inner(node.entity)}:{labels(node.labels)}",
    ast.Call: _call,
    ast.Case: _case,
    ast.ListComprehension: _list_comprehension,
    ast.Quantifier: _quantifier,
    ast.Reduce: _reduce,
    ast.PatternComprehension: _pattern_comprehension,
    ast.PatternPredicate: _pattern_predicate,
    ast.Subquery: _subquery,
    ast.MapProjection: _map_projection,
}

# ----------------------------------------------------------------------------------------------------- patterns


def labels(node: ast.LabelExpr) -> str:
    match node:
        case ast.LabelName():
            return name(node.name)
        case ast.LabelValue():
            return f"${'any' if node.is_any else ''}({unparse_expression(node.value)})"
        case ast.LabelAny():
            return "%"
        case ast.LabelNot():
            return "!" + _label(node.operand)
        case ast.LabelAnd():
            return "&".join(map(_label, node.operands))
        case ast.LabelOr():
            return "|".join(map(_label, node.operands))
    raise AssertionError(f"no label expression: {node}")


def _label(node: ast.LabelExpr) -> str:
    text = labels(node)
    return f"({text})" if isinstance(node, ast.LabelAnd | ast.LabelOr) else text


def _inside(node: ast.NodePattern | ast.RelationshipPattern, names: ast.LabelExpr | None) -> str:
    text = "" if node.variable is None else name(node.variable)
    return text if names is None else f"{text}:{labels(names)}"


def _rest(node: ast.NodePattern | ast.RelationshipPattern) -> str:
    text = "" if node.properties is None else f" {unparse_expression(node.properties)}"
    return text if node.where is None else f"{text} WHERE {unparse_expression(node.where)}"


def _node(node: ast.NodePattern) -> str:
    return f"({_inside(node, node.labels)}{_rest(node)})"


def _length(low: int, high: int | None) -> str:
    return f"*{low}.." if high is None else f"*{low}..{high}"


def _relationship(node: ast.RelationshipPattern) -> str:
    text = _inside(node, node.types)
    if node.length is not None:
        text += _length(*node.length)
    text += _rest(node)
    left = "<-" if node.direction in ("in", "arrows") else "-"
    right = "->" if node.direction in ("out", "arrows") else "-"
    return f"{left}[{text}]{right}" if text else left + right


def _quantified(node: ast.Quantified) -> str:
    where = "" if node.where is None else f" WHERE {unparse_expression(node.where)}"
    high = "" if node.high is None else str(node.high)
    return f"({path(node.path)}{where}){{{node.low},{high}}}"


def path(node: ast.PathPattern, *, named: bool = True) -> str:
    text = ""
    for at, pattern in enumerate(node.nodes):
        text += _node(pattern)
        if at < len(node.relationships):
            step = node.relationships[at]
            is_quantified = isinstance(step, ast.Quantified)
            text += _quantified(step) if is_quantified else _relationship(step)  # type: ignore[arg-type]
    if node.shortest:
        text = f"{'allShortestPaths' if node.shortest == 'all' else 'shortestPath'}({text})"
    if node.where is not None:
        text = f"({text} WHERE {unparse_expression(node.where)})"
    if node.selector is not None:
        text = f"{_selector(node.selector)} {text}"
    return f"{name(node.variable)} = {text}" if node.variable is not None and named else text


def _selector(node: ast.Selector) -> str:
    if not node.shortest:
        return f"ANY {unparse_expression(node.count)}"
    return f"SHORTEST {unparse_expression(node.count)}{' GROUPS' if node.groups else ''}"


# ------------------------------------------------------------------------------------------------------ clauses


def _where(node: ast.Expr | None) -> str:
    return "" if node is None else f" WHERE {unparse_expression(node)}"


def _match(node: ast.Match) -> str:
    hints = "".join(f" {_hint(hint)}" for hint in node.hints)
    paths = ", ".join(map(path, node.paths))
    return f"{'OPTIONAL ' if node.optional else ''}MATCH {paths}{hints}{_where(node.where)}"


def _hint(node: ast.Hint) -> str:
    if node.kind == "join":
        return f"USING JOIN ON {', '.join(map(name, node.variables))}"
    target = f"{name(node.variables[0])}:{name(node.name)}"
    if node.kind == "scan":
        return f"USING SCAN {target}"
    seek = "SEEK " if node.seek else ""
    return f"USING INDEX {seek}{target}({', '.join(map(name, node.keys))})"


def _item(node: ast.Item) -> str:
    text = unparse_expression(node.expression)
    is_plain = isinstance(node.expression, ast.Variable) and node.expression.name == node.name
    return text if is_plain or not node.aliased else f"{text} AS {name(node.name)}"


def _projection(node: ast.Projection) -> str:
    items = (["*"] if node.star else []) + [_item(item) for item in node.items]
    pieces = ["RETURN" if node.is_return else "WITH"] + (["DISTINCT"] if node.distinct else [])
    pieces.append(", ".join(items))
    if node.order:
        order = [f"{_inner(o.expression)}{' DESC' if o.descending else ''}" for o in node.order]
        pieces.append("ORDER BY " + ", ".join(order))
    if node.skip is not None:
        pieces.append(f"SKIP {_inner(node.skip)}")
    if node.limit is not None:
        pieces.append(f"LIMIT {_inner(node.limit)}")
    return " ".join(pieces) + _where(node.where)


def _pair(node: ast.SetProperties) -> tuple[str, str] | None:
    """Key and value of what was written as ``n[key] = value``."""
    value = node.value
    if not (isinstance(value, ast.Call) and value.name == "map from pairs"):
        return None
    (pairs,) = value.arguments
    assert isinstance(pairs, ast.ListLiteral), "the parser makes a list of pairs"
    (pair,) = pairs.items
    assert isinstance(pair, ast.ListLiteral), "the parser makes a list of pairs"
    key, new = pair.items
    return unparse_expression(key), unparse_expression(new)


def _update(node: ast.Node) -> str:
    entity = _inner(node.entity)  # type: ignore[attr-defined]
    match node:
        case ast.SetProperty():
            return f"{entity}.{name(node.key)} = {unparse_expression(node.value)}"
        case ast.SetProperties():
            pair = _pair(node)
            if pair is not None:
                return f"{entity}[{pair[0]}] = {pair[1]}"
            return f"{entity} {'=' if node.replace else '+='} {unparse_expression(node.value)}"
        case ast.SetLabels() | ast.RemoveLabels():
            values = (f"$({unparse_expression(value)})" for value in node.values)
            return entity + "".join(f":{one}" for one in (*map(name, node.labels), *values))
        case ast.RemoveProperty():
            return f"{entity}.{name(node.key)}"
    raise AssertionError(f"nothing to set: {node}")


def _set(node: ast.Set) -> str:
    removes = isinstance(node.items[0], ast.RemoveProperty | ast.RemoveLabels)
    return f"{'REMOVE' if removes else 'SET'} {', '.join(map(_update, node.items))}"


def _merge(node: ast.Merge) -> str:
    text = f"MERGE {path(node.path)}"
    for when, items in (("CREATE", node.on_create), ("MATCH", node.on_match)):
        if items:
            text += f" ON {when} SET {', '.join(map(_update, items))}"
    return text


def _call_clause(node: ast.ProcedureCall) -> str:
    text = "OPTIONAL CALL " if node.optional else "CALL "
    text += ".".join(map(name, node.name.split(".")))
    if node.arguments is not None:
        text += f"({_list(node.arguments)})"
    if node.star:
        text += " YIELD *"
    elif node.yields is not None:
        columns = [f"{name(c)} AS {name(v)}" if c != v else name(c) for c, v in node.yields]
        text += " YIELD " + ", ".join(columns)
    return text + _where(node.where)


def _call_subquery(node: ast.CallSubquery) -> str:
    imports = ""
    if node.imports is not None:
        imports = "(*) " if node.import_all else f"({', '.join(map(name, node.imports))}) "
    text = f"{'OPTIONAL ' if node.optional else ''}CALL {imports}{{ {query(node.query)} }}"
    if node.batches is not None:
        batches = node.batches
        text += " IN TRANSACTIONS"
        if batches.rows is not None:
            text += f" OF {_inner(batches.rows)} ROWS"
        if batches.on_error != "fail":
            text += f" ON ERROR {batches.on_error.upper()}"
        if batches.report is not None:
            text += f" REPORT STATUS AS {name(batches.report)}"
    return text


def _load_csv(node: ast.LoadCsv) -> str:
    headers = "WITH HEADERS " if node.with_headers else ""
    text = f"LOAD CSV {headers}FROM {_inner(node.url)} AS {name(node.variable)}"
    return text if node.delimiter is None else f"{text} FIELDTERMINATOR {_inner(node.delimiter)}"


def _foreach(node: ast.Foreach) -> str:
    body = " ".join(map(clause, node.body))
    return f"FOREACH ({name(node.variable)} IN {_inner(node.list)} | {body})"


_CLAUSES: dict[type, Callable[[Any], str]] = {
    ast.Match: _match,
    ast.Unwind: lambda node: f"UNWIND {_inner(node.list)} AS {name(node.variable)}",
    ast.Projection: _projection,
    ast.Create: lambda node: "CREATE " + ", ".join(map(path, node.paths)),
    ast.Merge: _merge,
    ast.Set: _set,
    ast.Delete: lambda node: f"{'DETACH ' if node.detach else ''}DELETE {_list(node.targets)}",
    ast.Foreach: _foreach,
    ast.ProcedureCall: _call_clause,
    ast.CallSubquery: _call_subquery,
    ast.Finish: lambda _: "FINISH",
    ast.LoadCsv: _load_csv,
}


def clause(node: ast.Clause) -> str:
    return _CLAUSES[type(node)](node)


def query(node: ast.Query, joint: str = " ") -> str:
    pieces = []
    for number, part in enumerate(node.parts):
        if number:
            pieces.append("UNION ALL" if node.all[number - 1] else "UNION")
        pieces += [clause(one) for one in part.clauses]
    return joint.join(pieces)


def unparse(statement: ast.Statement) -> str:
    """A query, a clause a line. Commands have no text here."""
    assert isinstance(statement.body, ast.Query), "only queries are written again"
    mode = "" if statement.mode == "run" else statement.mode.upper() + " "
    return mode + query(statement.body, "\n")
