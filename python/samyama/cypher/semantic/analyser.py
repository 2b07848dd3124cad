"""What the parts of the pass share: the text, the names that are taken, the types that were found."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from samyama.cypher import ast
from samyama.cypher import errors as e
from samyama.cypher.errors import CypherError, Problem, did_you_mean
from samyama.cypher.semantic.scope import Scope, Symbol, numbered
from samyama.cypher.semantic.types import Type

if TYPE_CHECKING:
    from samyama.cypher.procedures import Registry

__all__ = ["Analyser", "Analysis"]


@dataclass(slots=True)
class Analysis:
    """What the planner is told beside the tree: the type of every variable, by its name in the statement."""

    types: dict[str, Type] = field(default_factory=dict)


class Analyser:
    """One statement (or the body of one procedure) under analysis.

    ``parameters``: the names that were given; None: not known. ``no_aggregates``: why an aggregate cannot stand at this
    place; empty: it can. ``no_writes``: likewise for clauses that write.
    """

    def __init__(
        self, text: str, registry: Registry, parameters: Mapping[str, str] | None = None
    ) -> None:
        self.text, self.registry, self.parameters = text, registry, parameters
        self.analysis = Analysis()
        self.no_aggregates = "here"
        self.no_writes = ""
        self._taken: dict[str, int] = {}

    def fail(self, node: ast.Node | int, problem: Problem, message: str) -> NoReturn:
        raise CypherError(
            self.text, node if isinstance(node, int) else node.start, message, problem
        )

    def fail_shadowed(self, node: ast.Node, name: str) -> NoReturn:
        message = f"Variable `{name}` is already declared outside of this subquery; give this one another name"
        self.fail(self.spot(node, name), e.SHADOWED_VARIABLE, message)

    def spot(self, node: ast.Node, name: str) -> int:
        """Where the name stands in a node that introduces it: behind AS if there is one, else where it comes first."""
        text = self.text[node.start : node.end]
        word = rf"(?<!\w)`?{re.escape(name)}`?(?!\w)"
        found = re.search(rf"\bAS\s+(?={word})", text, re.IGNORECASE) or re.search(
            rf"(?={word})", text
        )
        return node.start + (found.end() if found else 0)

    def place(self, node: ast.Node) -> str:
        """``in line 3``, for messages about somewhere else; empty when there is one line."""
        if "\n" not in self.text.strip():
            return ""
        return f" in line {self.text.count(chr(10), 0, node.start) + 1}"

    # ------------------------------------------------------------------------------------------------ variables

    def symbol(self, name: str, kind: Type) -> Symbol:
        """A new variable, with a name of its own."""
        number = self._taken.get(name, 0)
        self._taken[name] = number + 1
        unique = numbered(name, number) if number else name
        self.analysis.types[unique] = kind
        return Symbol(unique, kind)

    def declare(self, scope: Scope, name: str, kind: Type, node: ast.Node) -> Symbol:
        """A new variable that is visible from here on.

        Raises: CypherError: there is one of this name.
        """
        if name in scope.names:
            at = self.spot(node, name)
            self.fail(at, e.ALREADY_BOUND, f"Variable `{name}` already declared")
        if name in scope.fixed:
            self.fail_shadowed(node, name)
        symbol = scope.names[name] = self.symbol(name, kind)
        return symbol

    def resolve(self, scope: Scope, name: str, node: ast.Node) -> Symbol:
        """The variable of this name.

        Raises: CypherError: none is visible; if a clause has left it behind, the message says which.
        """
        symbol = scope.names.get(name) or scope.fixed.get(name)
        if symbol is not None:
            return symbol
        if name in scope.hidden:
            problem, why = scope.hidden[name]
            self.fail(node, problem, f"Variable `{name}` not defined. `{name}` {why}")
        hint = did_you_mean(name, scope.visible())
        self.fail(node, e.UNDEFINED_VARIABLE, f"Variable `{name}` not defined{hint}")

    # ---------------------------------------------------------------------------------------------- what may stand

    def aggregates(self, why_not: str) -> _Aggregates:
        """Inside, an aggregate can stand (empty), or cannot for this reason."""
        return _Aggregates(self, why_not)

    @contextmanager
    def writes(self, why_not: str) -> Iterator[None]:
        """Inside, clauses cannot write, unless that was so before for another reason."""
        before, self.no_writes = self.no_writes, self.no_writes or why_not
        try:
            yield
        finally:
            self.no_writes = before


class _Aggregates:
    """Every expression is read inside of one, so it is no generator, which costs three times as much."""

    __slots__ = ("analyser", "before", "why_not")

    def __init__(self, analyser: Analyser, why_not: str) -> None:
        self.analyser, self.why_not = analyser, why_not

    def __enter__(self) -> None:
        self.before, self.analyser.no_aggregates = self.analyser.no_aggregates, self.why_not

    def __exit__(self, *_: object) -> None:
        self.analyser.no_aggregates = self.before
