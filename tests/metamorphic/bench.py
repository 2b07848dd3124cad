"""What checks run on: one generated graph, loaded into engines as they are asked for, and into the reference."""

from __future__ import annotations

from tests.differential.answers import Engine, Oracle
from tests.generators.graphs import GraphSpec
from tests.generators.schema import KEYS, LABELS, TYPES
from tests.metamorphic.three_nodes import ThreeNodes

__all__ = ["Bench"]

INDEXES = [
    *(f"CREATE INDEX FOR (n:{label}) ON (n.{key})" for label in LABELS for key in KEYS),
    *(f"CREATE INDEX FOR ()-[r:{name}]-() ON (r.{key})" for name in TYPES for key in KEYS[:4]),
    "CREATE INDEX FOR (n:A) ON (n.i, n.s)",
]


class Bench:
    """``load`` puts a graph in place; each engine takes it when it is used."""

    def __init__(self) -> None:
        self.spec = GraphSpec()
        self._engines: dict[str, Engine] = {}
        self._loaded: set[str] = set()
        self._oracle: Oracle | None = None
        self._nodes: ThreeNodes | None = None

    def load(self, spec: GraphSpec) -> None:
        self.spec = spec
        self._loaded.clear()
        self._oracle = None

    def spoiled(self) -> None:
        """A committed write has changed the graph: load it again before it is used."""
        self._loaded.clear()

    @property
    def oracle(self) -> Oracle:
        if self._oracle is None:
            self._oracle = Oracle(self.spec)
        return self._oracle

    @property
    def engine(self) -> Engine:
        return self._take("plain", self.spec)

    @property
    def indexed(self) -> Engine:
        """The same graph with an index on everything."""
        return self._take("indexed", self.spec)

    @property
    def replanned(self) -> Engine:
        """As ``indexed``, for plans that are made otherwise: no other check finds them in its cache."""
        return self._take("replanned", self.spec)

    @property
    def nodes(self) -> ThreeNodes:
        """The same graph on a cluster of three processes, which starts when it is first asked for."""
        if self._nodes is None:
            self._nodes = ThreeNodes()
        if "nodes" not in self._loaded:
            self._nodes.load(self.spec)
            self._loaded.add("nodes")
        return self._nodes

    def other(self, spec: GraphSpec) -> Engine:
        """An engine with another graph, loaded at each call."""
        self._loaded.discard("other")
        return self._take("other", spec)

    def _take(self, name: str, spec: GraphSpec) -> Engine:
        if name not in self._engines:
            self._engines[name] = Engine()
            if name in ("indexed", "replanned"):
                for statement in INDEXES:
                    self._engines[name].database.execute(statement).consume()
        if name not in self._loaded:
            self._engines[name].load(spec)
            self._loaded.add(name)
        return self._engines[name]

    def take_counts(self) -> tuple[int, int]:
        """Answers since the last call, and those of them that had rows."""
        engines = self._engines.values()
        found = sum(e.answered for e in engines), sum(e.with_rows for e in engines)
        for engine in engines:
            engine.answered = engine.with_rows = 0
        return found

    def close(self) -> None:
        for engine in self._engines.values():
            engine.close()
        if self._nodes is not None:
            self._nodes.close()
