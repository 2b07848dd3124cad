"""The syntax tree. Every node knows the characters it was read from (``start``, ``end``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

__all__: list[str] = []


@dataclass(slots=True)
class Node:
    start: int
    end: int


# ------------------------------------------------------------------------------------------------- expressions


@dataclass(slots=True)
class Expr(Node):
    """Base of expressions."""


@dataclass(slots=True)
class Literal(Expr):
    """``auto``: the number under which the plan cache stripped it."""

    value: bool | int | float | str | None
    auto: int | None = None


@dataclass(slots=True)
class Parameter(Expr):
    name: str


@dataclass(slots=True)
class Variable(Expr):
    name: str


@dataclass(slots=True)
class Property(Expr):
    entity: Expr
    key: str


@dataclass(slots=True)
class Index(Expr):
    container: Expr
    index: Expr


@dataclass(slots=True)
class Slice(Expr):
    list: Expr
    first: Expr | None
    last: Expr | None


@dataclass(slots=True)
class ListLiteral(Expr):
    items: list[Expr]


@dataclass(slots=True)
class MapLiteral(Expr):
    keys: list[str]
    values: list[Expr]


@dataclass(slots=True)
class Unary(Expr):
    """``NOT``, ``-``, ``+``, ``IS NULL``, ``IS NOT NULL``."""

    operator: str
    operand: Expr


@dataclass(slots=True)
class Binary(Expr):
    """``AND OR XOR + - * / % ^ IN =~ STARTS WITH, ENDS WITH, CONTAINS``."""

    operator: str
    left: Expr
    right: Expr


@dataclass(slots=True)
class Comparison(Expr):
    operands: list[Expr]
    operators: list[str]


@dataclass(slots=True)
class HasLabels(Expr):
    entity: Expr
    labels: LabelExpr


@dataclass(slots=True)
class Call(Expr):
    """A function; ``star`` for ``count(*)``."""

    name: str
    arguments: list[Expr]
    distinct: bool = False
    star: bool = False


@dataclass(slots=True)
class Case(Expr):
    subject: Expr | None
    whens: list[Expr]
    thens: list[Expr]
    otherwise: Expr | None


@dataclass(slots=True)
class ListComprehension(Expr):
    variable: str
    list: Expr
    where: Expr | None
    projection: Expr | None


@dataclass(slots=True)
class Quantifier(Expr):
    kind: str
    variable: str
    list: Expr
    where: Expr


@dataclass(slots=True)
class Reduce(Expr):
    accumulator: str
    initial: Expr
    variable: str
    list: Expr
    body: Expr


@dataclass(slots=True)
class PatternComprehension(Expr):
    path: PathPattern
    where: Expr | None
    projection: Expr


@dataclass(slots=True)
class PatternPredicate(Expr):
    """A bare pattern; ``explicit``: it stands in ``exists(...)``, so it can be a value."""

    path: PathPattern
    explicit: bool = False


@dataclass(slots=True)
class Subquery(Expr):
    """``EXISTS``, ``COUNT`` or ``COLLECT { ... }``."""

    kind: str
    query: Query


@dataclass(slots=True)
class MapProjection(Expr):
    """Items: (key, expression), (key, None) for ``.key``, ("*", None) for ``.*``."""

    subject: Expr
    items: list[tuple[str, Expr | None]]


# ----------------------------------------------------------------------------------------------------- patterns


@dataclass(slots=True)
class LabelExpr(Node):
    """Base of label expressions."""


@dataclass(slots=True)
class LabelName(LabelExpr):
    name: str


@dataclass(slots=True)
class LabelValue(LabelExpr):
    """``$(value)`` and ``$all(value)``; ``is_any``: ``$any(value)``. The value is a name or a list of names."""

    value: Expr
    is_any: bool


@dataclass(slots=True)
class LabelAny(LabelExpr):
    pass


@dataclass(slots=True)
class LabelNot(LabelExpr):
    operand: LabelExpr


@dataclass(slots=True)
class LabelAnd(LabelExpr):
    operands: list[LabelExpr]


@dataclass(slots=True)
class LabelOr(LabelExpr):
    operands: list[LabelExpr]


@dataclass(slots=True)
class NodePattern(Node):
    variable: str | None
    labels: LabelExpr | None = None
    properties: Expr | None = None
    where: Expr | None = None


@dataclass(slots=True)
class RelationshipPattern(Node):
    """``length``: (min, max or None) of a variable-length pattern."""

    variable: str | None
    types: LabelExpr | None
    direction: str
    length: tuple[int, int | None] | None = None
    properties: Expr | None = None
    where: Expr | None = None


@dataclass(slots=True)
class Quantified(Node):
    """``((a)-[r]->(b) WHERE ...){low,high}``: stands between nodes as a relationship does; ``high`` None: no bound."""

    path: PathPattern
    where: Expr | None
    low: int
    high: int | None
    variable: None = None


@dataclass(slots=True)
class Selector(Node):
    """``SHORTEST k``, ``ANY k``, ... : how many paths (or, with ``groups``, how many lengths) per pair of ends."""

    shortest: bool
    count: Expr
    groups: bool


@dataclass(slots=True)
class PathPattern(Node):
    """Nodes and relationships in turn. ``shortest``: ``one`` or ``all``, of shortestPath() and its twin."""

    variable: str | None
    nodes: list[NodePattern]
    relationships: list[RelationshipPattern | Quantified]
    shortest: str | None = None
    selector: Selector | None = None
    where: Expr | None = None
    #: Of a selector that became a search: a path may lead back to where it began.
    cycles: bool = False


# ------------------------------------------------------------------------------------------------------ clauses


@dataclass(slots=True)
class Clause(Node):
    """Base of clauses."""


@dataclass(slots=True)
class Match(Clause):
    optional: bool
    paths: list[PathPattern]
    where: Expr | None
    hints: list[Hint] = field(default_factory=list)


@dataclass(slots=True)
class Hint(Node):
    """``kind``: index, scan or join. ``name``: the label or type. ``seek``: an index seek, not merely an index."""

    kind: str
    variables: list[str]
    name: str
    keys: list[str]
    seek: bool = False


@dataclass(slots=True)
class Unwind(Clause):
    list: Expr
    variable: str


@dataclass(slots=True)
class Item(Node):
    """``name``: the alias, or the source text. ``aliased``: it was given, or is the variable's that is passed on."""

    expression: Expr
    name: str
    aliased: bool


@dataclass(slots=True)
class SortItem(Node):
    expression: Expr
    descending: bool


@dataclass(slots=True)
class Projection(Clause):
    """WITH or RETURN."""

    is_return: bool
    distinct: bool
    star: bool
    items: list[Item]
    order: list[SortItem]
    skip: Expr | None
    limit: Expr | None
    where: Expr | None


@dataclass(slots=True)
class Create(Clause):
    paths: list[PathPattern]


@dataclass(slots=True)
class SetProperty(Node):
    entity: Expr
    key: str
    value: Expr


@dataclass(slots=True)
class SetProperties(Node):
    entity: Expr
    value: Expr
    replace: bool


@dataclass(slots=True)
class SetLabels(Node):
    """``values``: of the labels that are written ``$(...)``."""

    entity: Expr
    labels: list[str]
    values: list[Expr] = field(default_factory=list)


@dataclass(slots=True)
class RemoveProperty(Node):
    entity: Expr
    key: str


@dataclass(slots=True)
class RemoveLabels(Node):
    entity: Expr
    labels: list[str]
    values: list[Expr] = field(default_factory=list)


@dataclass(slots=True)
class Merge(Clause):
    path: PathPattern
    on_create: list[Node] = field(default_factory=list)
    on_match: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Set(Clause):
    """SET and REMOVE."""

    items: list[Node]


@dataclass(slots=True)
class Delete(Clause):
    targets: list[Expr]
    detach: bool


@dataclass(slots=True)
class Foreach(Clause):
    variable: str
    list: Expr
    body: Sequence[Clause]


@dataclass(slots=True)
class ProcedureCall(Clause):
    """``arguments`` None: no parentheses. ``yields``: (column, variable); None: none given; ``star``: ``YIELD *``."""

    name: str
    arguments: list[Expr] | None
    yields: list[tuple[str, str]] | None
    star: bool
    where: Expr | None
    optional: bool = False


@dataclass(slots=True)
class CallSubquery(Clause):
    """``imports``: variables of ``CALL (a, b) { }``; None: the older form, which imports by WITH."""

    query: Query
    imports: list[str] | None
    import_all: bool
    in_transactions: bool
    optional: bool = False
    batches: Batches | None = None


@dataclass(slots=True)
class Batches(Node):
    """IN TRANSACTIONS. ``report``: the variable of REPORT STATUS AS."""

    rows: Expr | None = None
    on_error: str = "fail"
    report: str | None = None


@dataclass(slots=True)
class Finish(Clause):
    """FINISH: the statement ends without columns."""


@dataclass(slots=True)
class LoadCsv(Clause):
    url: Expr
    variable: str
    with_headers: bool
    delimiter: Expr | None = None


@dataclass(slots=True)
class SingleQuery(Node):
    clauses: list[Clause]


@dataclass(slots=True)
class Query(Node):
    """Parts joined by UNION; ``all[i]`` says whether part i + 1 was joined by UNION ALL."""

    parts: list[SingleQuery]
    all: list[bool]


# ----------------------------------------------------------------------------------------------------- commands


@dataclass(slots=True)
class Command(Node):
    """Base of schema and administration commands."""


@dataclass(slots=True)
class CreateIndex(Command):
    name: str | None
    kind: str
    entity: str
    label: str
    keys: list[str]
    if_not_exists: bool
    others: list[str] = field(default_factory=list)
    options: Expr | None = None
    name_from: Expr | None = None


@dataclass(slots=True)
class CreateConstraint(Command):
    name: str | None
    kind: str
    entity: str
    label: str
    keys: list[str]
    if_not_exists: bool
    value_type: str | None = None
    name_from: Expr | None = None


@dataclass(slots=True)
class Drop(Command):
    what: str
    name: str
    if_exists: bool
    name_from: Expr | None = None


@dataclass(slots=True)
class Show(Command):
    """``names``: what stands behind the thing shown. ``tail``: what comes behind YIELD, as clauses over the rows."""

    what: str
    yields: list[tuple[str, str]] | None
    star: bool
    where: Expr | None
    tail: list[Clause]
    names: list[Expr] = field(default_factory=list)


@dataclass(slots=True)
class Statement(Node):
    mode: str
    body: Query | Command
