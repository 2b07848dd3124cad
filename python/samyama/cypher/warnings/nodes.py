"""The nodes of a query by their kind: walked once, asked by everyone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from samyama.cypher import ast
from samyama.cypher.tree import children

__all__ = ["Nodes"]

N = TypeVar("N", bound=ast.Node)


class Nodes:
    """``of(kind)``: all nodes of just this kind, in no order that means anything."""

    def __init__(self, query: ast.Query) -> None:
        self.query = query
        by_kind: dict[type[ast.Node], list[ast.Node]] = {}
        self._by_kind = by_kind
        waiting: list[ast.Node] = [query]
        while waiting:
            node = waiting.pop()
            same = by_kind.get(node.__class__)
            if same is None:
                by_kind[node.__class__] = [node]
            else:
                same.append(node)
            waiting += children(node)

    def of(self, kind: type[N]) -> Sequence[N]:
        return self._by_kind.get(kind, ())  # type: ignore[return-value]
