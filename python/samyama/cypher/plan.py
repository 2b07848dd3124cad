"""The plan: the document that crosses from Python to Rust.

Typed ``msgspec`` structs, MessagePack bytes, decoded and validated once into the enums of ``crates/exec/src/plan``.
Every struct is a map with its fields by name; operators and expressions carry their kind under ``op``.

Rows and slots: a plan has one flat numbering of slots. A row is one value per slot; an operator writes the slots it
names and leaves the others as its input gave them. ``Argument`` emits the row its enclosing operator handed in: at the
top of a query one row of nulls, on the right side of ``Apply`` (and its kin, and inside subplans of expressions) the
outer row. Local variables of comprehensions are slots too.

Names (labels, types, keys, functions) stay names here; the executor binds them to the tokens of a graph when a plan is
opened, so a plan outlives the creation of tokens. Literals that the plan cache stripped are ``AutoParameter``.

Nothing is evaluated here: all arithmetic and comparison of Cypher values happens in Rust.
"""

from __future__ import annotations

from typing import Literal as Lit

import msgspec

__all__ = [
    "HAS_ALL_LABELS",
    "HAS_ANY_LABEL",
    "IR_VERSION",
    "MAP_PROJECTION",
    "Plan",
    "Column",
    "Notification",
    "UnknownName",
    "Operator",
    "Expression",
    "encode",
    "decode",
]

IR_VERSION = 1

Direction = Lit["out", "in", "both"]


class Node_(msgspec.Struct, frozen=True, tag_field="op", forbid_unknown_fields=True):
    """Base of everything that carries ``op``."""


# --------------------------------------------------------------------------------------------------- expressions


class Literal(Node_, tag="Literal", frozen=True):
    """null, bool, int, float or str as MessagePack has them (NaN and infinities included)."""

    value: bool | int | float | str | None


class Parameter(Node_, tag="Parameter", frozen=True):
    name: str


class AutoParameter(Node_, tag="AutoParameter", frozen=True):
    """The literal that the plan cache cut out of the text as number ``index``."""

    index: int


class Slot(Node_, tag="Slot", frozen=True):
    slot: int


class Property(Node_, tag="Property", frozen=True):
    """``entity.key``: of a node, relationship, map, temporal value or point; null of null."""

    entity: Expression
    key: str


class Index(Node_, tag="Index", frozen=True):
    """``container[index]``: list by integer, map/node/relationship by string."""

    container: Expression
    index: Expression


class Slice(Node_, tag="Slice", frozen=True):
    list: Expression
    start: Expression | None
    end: Expression | None


class ListLiteral(Node_, tag="ListLiteral", frozen=True):
    items: list[Expression]


class MapLiteral(Node_, tag="MapLiteral", frozen=True):
    keys: list[str]
    values: list[Expression]


class Unary(Node_, tag="Unary", frozen=True):
    """``not``, ``neg``, ``pos``, ``is_null``, ``is_not_null``."""

    operator: Lit["not", "neg", "pos", "is_null", "is_not_null"]
    operand: Expression


class Binary(Node_, tag="Binary", frozen=True):
    operator: Lit[
        "add",
        "sub",
        "mul",
        "div",
        "mod",
        "pow",
        "xor",
        "in",
        "starts_with",
        "ends_with",
        "contains",
        "regex",
    ]
    left: Expression
    right: Expression


class And(Node_, tag="And", frozen=True):
    operands: list[Expression]


class Or(Node_, tag="Or", frozen=True):
    operands: list[Expression]


class Comparison(Node_, tag="Comparison", frozen=True):
    """``a < b = c``: the conjunction of neighbours, each operand evaluated once. One more operand than operators."""

    operands: list[Expression]
    operators: list[Lit["=", "<>", "<", "<=", ">", ">="]]


class HasLabels(Node_, tag="HasLabels", frozen=True):
    """Label (of a node) or type (of a relationship) test; see ``LabelExpression``."""

    entity: Expression
    labels: LabelExpr


#: Functions that no query can call: their names are no names of Cypher.
MAP_PROJECTION, HAS_ALL_LABELS, HAS_ANY_LABEL = "map projection", "has all labels", "has any label"


class Function(Node_, tag="Function", frozen=True):
    """A built-in scalar function by its lower-case name (``tointeger``, ``duration.between``)."""

    name: str
    arguments: list[Expression]


class Case(Node_, tag="Case", frozen=True):
    """Searched CASE when ``subject`` is absent, else simple CASE, compared with ``=``."""

    subject: Expression | None
    whens: list[Expression]
    thens: list[Expression]
    otherwise: Expression | None


class ListComprehension(Node_, tag="ListComprehension", frozen=True):
    slot: int
    list: Expression
    predicate: Expression | None
    projection: Expression | None


class Quantifier(Node_, tag="Quantifier", frozen=True):
    kind: Lit["all", "any", "none", "single"]
    slot: int
    list: Expression
    predicate: Expression


class Reduce(Node_, tag="Reduce", frozen=True):
    accumulator: int
    initial: Expression
    slot: int
    list: Expression
    body: Expression


class PathBuild(Node_, tag="PathBuild", frozen=True):
    """A path from the slots of its parts: node, relationship (or list of relationships), node, ...; null if a part is.

    After a list of relationships the next node slot is where the list ends; direction is found by walking.
    """

    slots: list[int]


class Subplan(Node_, tag="Subplan", frozen=True):
    """A plan run for one row: does it give a row, how many, or the list of ``slot`` over its rows."""

    kind: Lit["exists", "count", "collect"]
    input: Operator
    slot: int | None = None


class LabelExpression(msgspec.Struct, frozen=True, tag_field="op"):
    """Base of label expressions."""


class LabelName(LabelExpression, tag="LabelName", frozen=True):
    name: str


class LabelAny(LabelExpression, tag="LabelAny", frozen=True):
    """``%``: at least one label."""


class LabelNot(LabelExpression, tag="LabelNot", frozen=True):
    operand: LabelExpr


class LabelAnd(LabelExpression, tag="LabelAnd", frozen=True):
    operands: list[LabelExpr]


class LabelOr(LabelExpression, tag="LabelOr", frozen=True):
    operands: list[LabelExpr]


LabelExpr = LabelName | LabelAny | LabelNot | LabelAnd | LabelOr


# ----------------------------------------------------------------------------------------------------- operators


class Info(msgspec.Struct, frozen=True):
    """What EXPLAIN shows; the executor carries it and does not read it."""

    details: str = ""
    rows: float = 0.0


class Operator_(Node_, kw_only=True, frozen=True):
    info: Info = Info()


class Argument(Operator_, tag="Argument", frozen=True):
    pass


class AllNodesScan(Operator_, tag="AllNodesScan", frozen=True):
    """For each input row, every node into ``slot``."""

    input: Operator
    slot: int


class NodeByLabelScan(Operator_, tag="NodeByLabelScan", frozen=True):
    input: Operator
    slot: int
    label: str


class NodeByIdSeek(Operator_, tag="NodeByIdSeek", frozen=True):
    """``ids`` gives one integer id, one element id (string) or a list of them; what does not exist is left out."""

    input: Operator
    slot: int
    ids: Expression


class NodeIndexSeek(Operator_, tag="NodeIndexSeek", frozen=True):
    """Equality on the first keys of the index, then at most one other predicate on the next key.

    The index is named by what it covers, so that a plan does not depend on its name. The rows are exactly those whose
    properties fulfil the predicates under Cypher's comparison. ``in_list`` (only as the first and sole key) is seeked
    once per distinct element.
    """

    input: Operator
    slot: int
    label: str
    keys: list[str]
    equal: list[Expression] = []
    in_list: Expression | None = None
    lower: Expression | None = None
    lower_included: bool = False
    upper: Expression | None = None
    upper_included: bool = False
    prefix: Expression | None = None


class RelationshipIndexSeek(Operator_, tag="RelationshipIndexSeek", frozen=True):
    """As NodeIndexSeek, of relationships of one type; ``both`` gives each twice, a self-loop once."""

    input: Operator
    relationship: int
    start: int
    end: int
    type: str
    direction: Direction
    keys: list[str]
    equal: list[Expression] = []
    in_list: Expression | None = None
    lower: Expression | None = None
    lower_included: bool = False
    upper: Expression | None = None
    upper_included: bool = False
    prefix: Expression | None = None


class RelationshipScan(Operator_, tag="RelationshipScan", frozen=True):
    """Every relationship of the types (none = all), with its ends; ``both`` gives each twice, a self-loop once."""

    input: Operator
    relationship: int
    start: int
    end: int
    types: list[str]
    direction: Direction


class Expand(Operator_, tag="Expand", frozen=True):
    """From ``from_`` over one relationship to ``to``. ``into``: ``to`` is bound already and must be where it ends.

    ``exclude``: slots of relationships (or lists of them) of the same MATCH, which must not be walked again.
    ``from_`` null gives no row.
    """

    input: Operator
    from_: int = msgspec.field(name="from")
    relationship: int
    to: int
    types: list[str]
    direction: Direction
    into: bool = False
    exclude: list[int] = []


class VarLengthExpand(Operator_, tag="VarLengthExpand", frozen=True):
    """From ``from_`` over ``min`` to ``max`` relationships (None: no bound), none twice; their list goes to
    ``relationships``.

    ``predicate`` must be true of every hop, with the hop's relationship in ``hop``. ``distinct_ends``: the query sees
    no path, only which ends are reached (each once), so a breadth-first search may be used.
    """

    input: Operator
    from_: int = msgspec.field(name="from")
    relationships: int
    to: int
    types: list[str]
    direction: Direction
    min: int
    max: int | None
    into: bool = False
    exclude: list[int] = []
    hop: int | None = None
    predicate: Expression | None = None
    distinct_ends: bool = False


class BoundRelationships(Operator_, tag="BoundRelationships", frozen=True):
    """A pattern over a relationship (or, with ``is_list``, a list of them) that is bound already.

    Checks types and direction, binds ``start`` and ``end`` (or checks them where ``start_bound``/``end_bound``).
    """

    input: Operator
    relationship: int
    is_list: bool
    start: int
    start_bound: bool
    end: int
    end_bound: bool
    types: list[str]
    direction: Direction
    min: int = 1
    max: int | None = None
    exclude: list[int] = []


class Repeat(Operator_, tag="Repeat", frozen=True):
    """A quantified path: from ``from_``, ``body`` over and over, ``min`` to ``max`` times, no relationship twice.

    Before each round ``inner_start`` holds the node and ``used`` the list of relationships walked
    so far; a row of ``body`` says in ``inner_end`` where it leads and in ``inner_relationships``
    what it walked. ``groups`` get the lists of the values that ``inner`` had, round by round.
    """

    input: Operator
    body: Operator
    from_: int = msgspec.field(name="from")
    to: int
    into: bool
    inner_start: int
    inner_end: int
    inner_relationships: list[int]
    used: int
    relationships: int
    inner: list[int]
    groups: list[int]
    min: int
    max: int | None


class SelectPaths(Operator_, tag="SelectPaths", frozen=True):
    """Of the rows with equal ``partition``, the first ``count``; or, with ``groups``, those of the
    first ``count`` lengths."""

    input: Operator
    partition: list[int]
    length: Expression
    count: Expression
    groups: bool


class ShortestPath(Operator_, tag="ShortestPath", frozen=True):
    """Shortest path(s) between two bound nodes; ``relationships`` gets the list."""

    input: Operator
    from_: int = msgspec.field(name="from")
    relationships: int
    to: int
    types: list[str]
    direction: Direction
    min: int
    max: int | None
    all: bool
    hop: int | None = None
    predicate: Expression | None = None
    #: A path may lead back to where it began.
    cycles: bool = False


class Filter(Operator_, tag="Filter", frozen=True):
    input: Operator
    predicate: Expression


class Projection(Operator_, tag="Projection", frozen=True):
    """All expressions see the input row; then all slots are written."""

    input: Operator
    slots: list[int]
    expressions: list[Expression]


class Aggregate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``function``: count_star count sum avg min max collect percentilecont percentiledisc stdev stdevp."""

    slot: int
    function: str
    arguments: list[Expression]
    distinct: bool = False


class Aggregation(Operator_, tag="Aggregation", frozen=True):
    """Groups by the key expressions, keeps first representatives, groups in order of first appearance.

    Afterwards only key slots and aggregate slots (and the argument's slots) are meaningful.
    """

    input: Operator
    key_slots: list[int]
    keys: list[Expression]
    aggregates: list[Aggregate]


class Distinct(Operator_, tag="Distinct", frozen=True):
    input: Operator
    slots: list[int]


class Sort(Operator_, tag="Sort", frozen=True):
    """Stable, by orderability. ``limit`` makes it a Top."""

    input: Operator
    keys: list[Expression]
    descending: list[bool]
    limit: Expression | None = None


class Skip(Operator_, tag="Skip", frozen=True):
    input: Operator
    count: Expression


class Limit(Operator_, tag="Limit", frozen=True):
    """``exhaust``: a write stands below, so the input is run to its end all the same."""

    input: Operator
    count: Expression
    exhaust: bool = False


class Unwind(Operator_, tag="Unwind", frozen=True):
    input: Operator
    slot: int
    list: Expression


class Union(Operator_, tag="Union", frozen=True):
    """Rows of the inputs one after the other; ``mappings[i][j]`` is the slot of input i that goes to ``slots[j]``."""

    inputs: list[Operator]
    mappings: list[list[int]]
    slots: list[int]


class Apply(Operator_, tag="Apply", frozen=True):
    """For each left row, the rows of ``right`` with that row as its argument."""

    input: Operator
    right: Operator


class SemiApply(Operator_, tag="SemiApply", frozen=True):
    """Left rows for which ``right`` gives a row (``anti``: gives none)."""

    input: Operator
    right: Operator
    anti: bool = False


class OptionalApply(Operator_, tag="OptionalApply", frozen=True):
    """As Apply, but a left row without match passes once with ``slots`` null."""

    input: Operator
    right: Operator
    slots: list[int]


class CartesianProduct(Operator_, tag="CartesianProduct", frozen=True):
    """Both sides see the same argument; ``right_slots`` are copied onto each left row."""

    input: Operator
    right: Operator
    right_slots: list[int]


class HashJoin(Operator_, tag="HashJoin", frozen=True):
    """Equi-join by Cypher's ``=`` of the key expressions (null never joins); ``right_slots`` are copied."""

    input: Operator
    right: Operator
    left_keys: list[Expression]
    right_keys: list[Expression]
    right_slots: list[int]


class Eager(Operator_, tag="Eager", frozen=True):
    """Consumes its input to the end before it gives the first row."""

    input: Operator


class CreateNode(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    slot: int
    labels: list[str]
    properties: Expression | None
    #: Each a name or a list of names.
    label_values: list[Expression] = []


class CreateRelationship(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True
):
    """``type``, or ``type_value`` which gives it."""

    slot: int
    type: str | None
    start: int
    end: int
    properties: Expression | None
    type_value: Expression | None = None


class Create(Operator_, tag="Create", frozen=True):
    """Per row: the nodes in order, then the relationships in order; properties see what was created before them."""

    input: Operator
    nodes: list[CreateNode]
    relationships: list[CreateRelationship]


class SetProperty(Node_, tag="SetProperty", frozen=True):
    entity: Expression
    key: str
    value: Expression


class SetProperties(Node_, tag="SetProperties", frozen=True):
    """``entity = map`` (replace) or ``entity += map``."""

    entity: Expression
    value: Expression
    replace: bool


class SetLabels(Node_, tag="SetLabels", frozen=True, omit_defaults=True):
    """``values``: each a name or a list of names."""

    entity: Expression
    labels: list[str]
    values: list[Expression] = []


class RemoveProperty(Node_, tag="RemoveProperty", frozen=True):
    entity: Expression
    key: str


class RemoveLabels(Node_, tag="RemoveLabels", frozen=True, omit_defaults=True):
    entity: Expression
    labels: list[str]
    values: list[Expression] = []


SetItem = SetProperty | SetProperties | SetLabels | RemoveProperty | RemoveLabels


class Merge(Operator_, tag="Merge", frozen=True):
    """Per row: the rows of ``right`` if there are any (then ``on_match`` on each), else create (then ``on_create``).

    A null property in the pattern is SemanticError MergeReadOwnWrites: ``not_null`` lists the expressions to check.
    """

    input: Operator
    right: Operator
    nodes: list[CreateNode]
    relationships: list[CreateRelationship]
    on_match: list[SetItem]
    on_create: list[SetItem]
    not_null: list[Expression] = []


class Set(Operator_, tag="Set", frozen=True):
    """Items apply left to right on each row (REMOVE items too)."""

    input: Operator
    items: list[SetItem]


class Delete(Operator_, tag="Delete", frozen=True):
    """Nodes, relationships, paths; null is nothing. A node that keeps relationships fails when the statement ends."""

    input: Operator
    targets: list[Expression]
    detach: bool


class Foreach(Operator_, tag="Foreach", frozen=True):
    """Per row and element: run ``body`` (whose Argument is the row with ``slot`` set) to its end; the row passes on."""

    input: Operator
    slot: int
    list: Expression
    body: Operator


class ProcedureCall(Operator_, tag="ProcedureCall", frozen=True):
    """``yield_columns[i]`` of each result row goes to ``yield_slots[i]``; a void procedure passes the row on."""

    input: Operator
    name: str
    arguments: list[Expression]
    yield_columns: list[str]
    yield_slots: list[int]


class LoadCsv(Operator_, tag="LoadCsv", frozen=True):
    """Per row: the lines of a file, as lists of texts or, with ``headers``, as maps by the names in the first line."""

    input: Operator
    slot: int
    url: Expression
    headers: bool
    delimiter: Expression | None = None


class CountStore(Operator_, tag="CountStore", frozen=True):
    """An exact count from the store, without a scan, into ``slot``; ``none`` for "any".

    Nodes of ``label``; or relationships of ``types`` that start at ``start_label`` and end at ``end_label`` (at most
    one of the two labels given).
    """

    input: Operator
    slot: int
    kind: Lit["nodes", "relationships"]
    label: str | None = None
    types: list[str] = []
    start_label: str | None = None
    end_label: str | None = None


class CreateIndex(Operator_, tag="CreateIndex", frozen=True):
    name: str | None
    kind: Lit["range", "text", "point", "lookup", "fulltext", "vector"]
    entity: Lit["node", "relationship"]
    label: str
    keys: list[str]
    if_not_exists: bool
    #: Of a full-text index: further labels or types.
    others: list[str] = []
    options: Expression | None = None
    #: Gives the name, instead of ``name``, when the statement runs.
    name_from: Expression | None = None


class DropIndex(Operator_, tag="DropIndex", frozen=True):
    name: str
    if_exists: bool
    name_from: Expression | None = None


class CreateConstraint(Operator_, tag="CreateConstraint", frozen=True):
    name: str | None
    kind: Lit["unique", "exists", "key", "type"]
    entity: Lit["node", "relationship"]
    label: str
    keys: list[str]
    if_not_exists: bool
    value_type: str | None = None
    name_from: Expression | None = None


class DropConstraint(Operator_, tag="DropConstraint", frozen=True):
    name: str
    if_exists: bool
    name_from: Expression | None = None


class ProduceResults(Operator_, tag="ProduceResults", frozen=True):
    """The top of every plan: the columns of the answer, in order (none: the rows are counted and dropped)."""

    input: Operator
    slots: list[int]


Expression = (
    Literal
    | Parameter
    | AutoParameter
    | Slot
    | Property
    | Index
    | Slice
    | ListLiteral
    | MapLiteral
    | Unary
    | Binary
    | And
    | Or
    | Comparison
    | HasLabels
    | Function
    | Case
    | ListComprehension
    | Quantifier
    | Reduce
    | PathBuild
    | Subplan
)

Operator = (
    Argument
    | AllNodesScan
    | NodeByLabelScan
    | NodeByIdSeek
    | NodeIndexSeek
    | RelationshipIndexSeek
    | RelationshipScan
    | Expand
    | VarLengthExpand
    | BoundRelationships
    | ShortestPath
    | Repeat
    | SelectPaths
    | Filter
    | Projection
    | Aggregation
    | Distinct
    | Sort
    | Skip
    | Limit
    | Unwind
    | Union
    | Apply
    | SemiApply
    | OptionalApply
    | CartesianProduct
    | HashJoin
    | Eager
    | Create
    | Merge
    | Set
    | Delete
    | Foreach
    | ProcedureCall
    | LoadCsv
    | CountStore
    | CreateIndex
    | DropIndex
    | CreateConstraint
    | DropConstraint
    | ProduceResults
)


# ---------------------------------------------------------------------------------------------------------- plan


class Column(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A column's name: pieces of text, with the source text of stripped literal ``i`` where an integer stands."""

    name: list[str | int]


class UnknownName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A name that the graph did not have when the plan was made."""

    kind: Lit["label", "type", "key"]
    name: str


class Notification(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A warning that travels with every result of the plan; offsets count from 0, lines and columns from 1.

    ``unknown``: it holds as long as the graph lacks this name.
    """

    code: str
    title: str
    description: str
    severity: Lit["WARNING", "INFORMATION"]
    category: str
    gql_status: str
    offset: int = 0
    line: int = 1
    column: int = 1
    unknown: UnknownName | None = None


class Batched(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """CALL { } IN TRANSACTIONS: rows of ``outer`` in batches of ``rows``, each the parameter ``\\0rows`` of ``inner``.

    A row travels as a list of its columns. ``inner`` gives the outer columns and its own; with
    ``status`` one more column follows: a map of what became of the batch. All of them are the
    parameter of the plan's own root.
    """

    outer: Plan
    inner: Plan
    rows: Expression
    on_error: Lit["fail", "continue", "break"]
    status: bool


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A compiled query.

    ``kind``: "r" reads, "rw" reads and writes with columns, "w" writes without columns, "s" schema.
    ``mode``: "run", or "explain"/"profile". ``parameters``: names that must be given.
    """

    version: int
    kind: Lit["r", "rw", "w", "s"]
    mode: Lit["run", "explain", "profile"]
    slots: int
    columns: list[Column]
    parameters: list[str]
    root: ProduceResults
    notifications: list[Notification] = []
    cacheable: bool = True
    batched: Batched | None = None


_encoder = msgspec.msgpack.Encoder()


def encode(plan: Plan) -> bytes:
    """The bytes of a plan, as ``samyama._core`` takes them."""
    return _encoder.encode(plan)


_decoder: msgspec.msgpack.Decoder[Plan] | None = None


def decode(data: bytes) -> Plan:
    """Read a plan back; raises ``msgspec.ValidationError`` that names the field."""
    global _decoder
    if _decoder is None:
        _decoder = msgspec.msgpack.Decoder(Plan)
    return _decoder.decode(data)
