"""Golden scripts of the planner's rules: statistics and queries in, the plan before the rule and after it out.

A script is a page of Markdown named after its rule: `# rule`, a sentence, then blocks. `statistics` says what the
catalogue holds, a line each, and stands for all queries behind it:

    nodes 1000; relationships 5000      the totals
    :Person 800                         nodes of a label
    [:KNOWS] 5000                       relationships of a type
    (:Person)[:KNOWS] 4000/3000         those that start, and end, at nodes of a label
    index :Person(name) 800/700         a range index: entries / distinct keys; `unique` behind it; [:T](key) on a type

Then pairs or triples: `cypher` (one query), `before` (the plan made without the rule), `after` (the plan with it), or
only `same` where the rule must not apply. `--update` writes the plans anew; whoever does so reads the difference.
"""

from __future__ import annotations

import re
from pathlib import Path

from samyama.cypher.catalog import Catalog, IndexInfo
from samyama.cypher.compile import compile_plan
from samyama.cypher.explain import render

__all__ = ["HERE", "plan_text", "run", "scripts"]

HERE = Path(__file__).parent
_BLOCK = re.compile(r"^```(statistics|cypher)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PLANS = re.compile(r"(?:\n```(?:before|after|same)\n.*?^```$)*", re.MULTILINE | re.DOTALL)
_ENDS = re.compile(r"\(:(\w+)\)\[:(\w+)\] (\d+)/(\d+)")
_INDEX = re.compile(
    r"index (?:\[:(?P<type>\w+)\]|:(?P<label>\w+))\((?P<keys>[\w, ]+)\) "
    r"(?P<entries>\d+)/(?P<distinct>\d+)(?P<unique> unique)?"
)


def scripts() -> list[Path]:
    return sorted(HERE.glob("*.md"))


def catalog_of(text: str) -> Catalog:
    totals = {"nodes": 0, "relationships": 0}
    labels: dict[str, int] = {}
    types: dict[str, int] = {}
    patterns: dict[str, dict[str, tuple[int, int]]] = {}
    indexes: list[IndexInfo] = []
    for line in re.split(r"[;\n]\s*", text.strip()):
        if index := _INDEX.fullmatch(line):
            name = index["type"] or index["label"]
            indexes.append(
                IndexInfo(
                    name=f"index{len(indexes)}",
                    entity="relationship" if index["type"] else "node",
                    label=name,
                    keys=index["keys"].split(", "),
                    unique=bool(index["unique"]),
                    entries=int(index["entries"]),
                    distinct=int(index["distinct"]),
                )
            )
            continue
        if ends := _ENDS.fullmatch(line):
            patterns.setdefault(ends[1], {})[ends[2]] = int(ends[3]), int(ends[4])
            continue
        name, number = line.rsplit(" ", 1)
        if name in totals:
            totals[name] = int(number)
        elif name.startswith(":"):
            labels[name[1:]] = int(number)
        else:
            assert name.startswith("[:"), f"no statistics: {line}"
            types[name[2:-1]] = int(number)
    return Catalog(patterns=patterns, labels=labels, types=types, indexes=indexes, **totals)


def plan_text(query: str, catalog: Catalog, *without: str) -> str:
    return render(compile_plan(query, catalog=catalog, without=frozenset(without)).root)


def run(path: Path) -> str:
    """The script with every plan as it is now."""
    text = path.read_text("utf-8")
    catalog, at, pieces = Catalog(), 0, []
    for block in _BLOCK.finditer(text):
        if block[1] == "statistics":
            catalog = catalog_of(block[2])
            continue
        follows = _PLANS.match(text, block.end())
        assert follows is not None, "it matches nothing at least"
        query = block[2].strip()
        before = plan_text(query, catalog, path.stem)
        after = plan_text(query, catalog)
        plans = f"\n```before\n{before}\n```\n```after\n{after}\n```"
        if before == after:
            plans = f"\n```same\n{after}\n```"
        pieces += [text[at : block.end()], plans]
        at = follows.end()
    return "".join(pieces) + text[at:]
