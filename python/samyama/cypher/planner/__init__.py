"""Syntax tree to plan: names become slots, clauses become operators, patterns get their order by cost.

One pass over the clauses, each handing on an operator and a scope. Patterns are planned by
``patterns``: the cheapest start by the catalogue's counts, then the cheapest next step, predicates
as early as they can be. Nothing is evaluated.

Not here yet: joins by hash, plans that start at several places and meet, statistics of values.
"""

from samyama.cypher.planner.statement import plan_statement

__all__ = ["plan_statement"]
