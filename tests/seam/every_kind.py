"""One plan that holds every operator, expression and item the document knows, with every field set."""

from __future__ import annotations

import msgspec

from samyama.cypher import plan as p

ONE = p.Literal(1)
ARGUMENT = p.Argument(info=p.Info("details", 2.5))


def expressions() -> list[p.Expression]:
    """Every expression, and literals of every MessagePack width."""
    labels = p.LabelOr([p.LabelAnd([p.LabelName("A"), p.LabelNot(p.LabelAny())]), p.LabelName("B")])
    numbers = [0, 127, -1, -32, 255, -128, 65_535, 2**31, -(2**31), 2**63 - 1, -(2**63)]
    floats = [0.0, -0.0, 1.5, 1e300, float("inf"), float("-inf"), float("nan")]
    literals = [
        p.Literal(value) for value in (None, True, False, "", "é𝄞", "x" * 300, *numbers, *floats)
    ]
    unary = [p.Unary(operator, ONE) for operator in ("not", "neg", "pos", "is_null", "is_not_null")]
    names = (
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
    )
    binary = [p.Binary(operator, ONE, ONE) for operator in names]
    return [
        *literals,
        *unary,
        *binary,
        p.Parameter("name"),
        p.AutoParameter(3),
        p.Slot(1),
        p.Property(p.Slot(0), "key"),
        p.Index(p.Slot(0), ONE),
        p.Slice(p.Slot(0), ONE, None),
        p.Slice(p.Slot(0), None, ONE),
        p.ListLiteral([ONE, ONE]),
        p.MapLiteral(["a", "b"], [ONE, ONE]),
        p.And([ONE, ONE]),
        p.Or([ONE, ONE]),
        p.Comparison([ONE] * 7, ["=", "<>", "<", "<=", ">", ">="]),
        p.HasLabels(p.Slot(0), labels),
        p.Function("tointeger", [ONE]),
        p.Case(ONE, [ONE], [ONE], None),
        p.Case(None, [ONE], [ONE], ONE),
        p.ListComprehension(2, p.Slot(0), ONE, None),
        p.ListComprehension(2, p.Slot(0), None, ONE),
        *(p.Quantifier(kind, 2, p.Slot(0), ONE) for kind in ("all", "any", "none", "single")),
        p.Reduce(3, ONE, 2, p.Slot(0), p.Slot(3)),
        p.PathBuild([0, 1, 2]),
        p.Subplan("exists", ARGUMENT),
        p.Subplan("count", ARGUMENT),
        p.Subplan("collect", ARGUMENT, 1),
    ]


def operators() -> list[p.Operator]:
    """Every operator but ProduceResults."""
    a = ARGUMENT
    nodes = [p.CreateNode(0, ["A"], p.MapLiteral(["k"], [ONE])), p.CreateNode(1, [], None, [ONE])]
    relationships = [
        p.CreateRelationship(2, "T", 0, 1, None),
        p.CreateRelationship(2, None, 0, 1, None, ONE),
    ]
    items: list[p.SetItem] = [
        p.SetProperty(p.Slot(0), "k", ONE),
        p.SetProperties(p.Slot(0), p.Slot(1), replace=True),
        p.SetLabels(p.Slot(0), ["A"], [ONE]),
        p.RemoveProperty(p.Slot(0), "k"),
        p.RemoveLabels(p.Slot(0), ["A"], [ONE]),
    ]
    functions = ("count", "sum", "avg", "min", "max", "collect", "stdev", "stdevp")
    aggregates = [
        p.Aggregate(1, "count_star", []),
        *(p.Aggregate(1, name, [ONE], distinct=True) for name in functions),
        p.Aggregate(1, "percentilecont", [ONE, ONE]),
        p.Aggregate(1, "percentiledisc", [ONE, ONE]),
    ]
    return [
        p.Argument(),
        a,
        p.AllNodesScan(a, 0),
        p.NodeByLabelScan(a, 0, "A"),
        p.NodeByIdSeek(a, 0, ONE),
        p.NodeIndexSeek(a, 0, "A", ["k", "l"], [ONE], lower=ONE, lower_included=True, upper=ONE),
        p.NodeIndexSeek(a, 0, "A", ["k"], in_list=p.ListLiteral([ONE])),
        p.NodeIndexSeek(a, 0, "A", ["k"], prefix=p.Literal("x")),
        p.RelationshipIndexSeek(a, 0, 1, 2, "T", "both", ["k"], prefix=p.Literal("x")),
        p.RelationshipIndexSeek(
            a, 0, 1, 2, "T", "in", ["k"], lower=ONE, upper=ONE, upper_included=True
        ),
        p.RelationshipScan(a, 0, 1, 2, ["T"], "both"),
        p.Expand(a, 0, 1, 2, ["T"], "out", into=True, exclude=[3]),
        p.VarLengthExpand(a, 0, 1, 2, [], "in", 1, None, hop=3, predicate=ONE, distinct_ends=True),
        p.VarLengthExpand(a, 0, 1, 2, [], "in", 0, 7, into=True, exclude=[3]),
        p.BoundRelationships(a, 0, True, 1, True, 2, False, ["T"], "out", 0, 4, [3]),
        p.ShortestPath(a, 0, 1, 2, ["T"], "both", 1, 5, True, 3, ONE, cycles=True),
        p.Repeat(a, a, 0, 1, True, 2, 3, [1], 2, 3, [1], [2], 0, None),
        p.SelectPaths(a, [0], ONE, ONE, True),
        p.Filter(a, ONE),
        p.Projection(a, [0], [ONE]),
        p.Aggregation(a, [0], [ONE], aggregates),
        p.Distinct(a, [0]),
        p.Sort(a, [ONE], [True], ONE),
        p.Skip(a, ONE),
        p.Limit(a, ONE, exhaust=True),
        p.Unwind(a, 0, p.Slot(1)),
        p.Union([a, a], [[0], [1]], [2]),
        p.Apply(a, a),
        p.SemiApply(a, a, anti=True),
        p.OptionalApply(a, a, [0]),
        p.CartesianProduct(a, a, [0]),
        p.HashJoin(a, a, [ONE], [ONE], [0]),
        p.Eager(a),
        p.Create(a, nodes, relationships),
        p.Merge(a, a, nodes, relationships, items, items, [ONE]),
        p.Set(a, items),
        p.Delete(a, [p.Slot(0)], detach=True),
        p.Foreach(a, 0, p.Slot(1), a),
        p.ProcedureCall(a, "db.labels", [ONE], ["label"], [0]),
        p.CountStore(a, 0, "nodes", label="A"),
        p.LoadCsv(a, 0, ONE, True, ONE),
        p.LoadCsv(a, 0, ONE, False),
        p.CountStore(a, 0, "relationships", types=["T"], start_label="A"),
        p.CreateIndex(
            name=None, kind="range", entity="node", label="A", keys=["k"], if_not_exists=True
        ),
        p.CreateIndex(
            name=None,
            kind="fulltext",
            entity="node",
            label="A",
            keys=["k"],
            if_not_exists=True,
            others=["B"],
            options=p.MapLiteral([], []),
            name_from=p.Parameter("name"),
        ),
        p.DropIndex(name="i", if_exists=False, name_from=ONE),
        p.CreateConstraint(
            name="c",
            kind="unique",
            entity="relationship",
            label="T",
            keys=["k"],
            if_not_exists=False,
            value_type="T",
            name_from=ONE,
        ),
        p.DropConstraint(name="c", if_exists=True, name_from=ONE),
    ]


def plan() -> p.Plan:
    """The plan itself: the operators as inputs of one Union, the expressions in one Projection."""
    inputs = operators()
    everything = expressions()
    union = p.Union(inputs, [[0]] * len(inputs), [0])
    root = p.ProduceResults(p.Projection(union, [0] * len(everything), everything), [0, 1])
    notification = p.Notification(
        "code",
        "title",
        "description",
        "WARNING",
        "category",
        "01N00",
        3,
        2,
        1,
        p.UnknownName("label", "L"),
    )
    columns = [p.Column(["a", 0, "b"]), p.Column([])]
    inner = p.Plan(p.IR_VERSION, "r", "run", 1, [], [], p.ProduceResults(ARGUMENT, []))
    batched = p.Batched(inner, inner, p.Literal(10), "break", True)
    return p.Plan(
        p.IR_VERSION, "rw", "explain", 4, columns, ["name"], root, [notification], False, batched
    )


def kinds(node: object, found: set[str]) -> set[str]:
    """The names of all tags in a decoded document."""
    if isinstance(node, dict):
        if "op" in node:
            found.add(node["op"])
        for child in node.values():
            kinds(child, found)
    elif isinstance(node, list):
        for child in node:
            kinds(child, found)
    return found


def tags() -> set[str]:
    """The names of all tags the module defines."""
    structs = (
        value
        for value in vars(p).values()
        if isinstance(value, type) and issubclass(value, msgspec.Struct)
    )
    return {
        str(struct.__struct_config__.tag)
        for struct in structs
        if isinstance(struct.__struct_config__.tag, str)
    }
