"""All checks by name."""

from __future__ import annotations

from tests.differential.checks import CHECKS as DIFFERENTIAL
from tests.metamorphic.check import Check
from tests.metamorphic.relations.components import Components
from tests.metamorphic.relations.comprehension import Comprehension
from tests.metamorphic.relations.directions import Directions
from tests.metamorphic.relations.distinct import Distinct
from tests.metamorphic.relations.expressions import Expressions
from tests.metamorphic.relations.indexed import Indexed
from tests.metamorphic.relations.inserted_clauses import InsertedClauses
from tests.metamorphic.relations.lengths import Lengths
from tests.metamorphic.relations.nodes import Nodes
from tests.metamorphic.relations.optional import Optional
from tests.metamorphic.relations.partition import Partition
from tests.metamorphic.relations.permuted_parts import PermutedParts
from tests.metamorphic.relations.plan_cache import PlanCache
from tests.metamorphic.relations.replanned import Replanned
from tests.metamorphic.relations.reversed_paths import ReversedPaths
from tests.metamorphic.relations.shuffled_graph import ShuffledGraph
from tests.metamorphic.relations.split_match import SplitMatch
from tests.metamorphic.relations.subqueries import Subqueries
from tests.metamorphic.relations.windows import Windows
from tests.metamorphic.relations.wrapped_query import WrappedQuery
from tests.metamorphic.relations.write_twins import WriteTwins

__all__ = ["CHECKS"]

RELATIONS: tuple[Check, ...] = (
    Components(),
    Comprehension(),
    Directions(),
    Distinct(),
    Expressions(),
    Indexed(),
    InsertedClauses(),
    Lengths(),
    Nodes(),
    Optional(),
    Partition(),
    PermutedParts(),
    PlanCache(),
    Replanned(),
    ReversedPaths(),
    ShuffledGraph(),
    SplitMatch(),
    Subqueries(),
    Windows(),
    WrappedQuery(),
    WriteTwins(),
)
CHECKS: dict[str, Check] = {check.name: check for check in (*DIFFERENTIAL, *RELATIONS)}
