"""Syntax tree to plan: names become slots, clauses become operators, patterns get their order by cost.

One pass over the clauses, each handing on an operator and a scope. Patterns are planned by ``patterns``, whose choices
are ``rules``; further rules rewrite the finished plan. ``docs/architecture/planner.md`` shows the way and lists the
rules. Nothing is evaluated.

Not here: dynamic programming over join orders, statistics of values, parallel plans.
"""

from samyama.cypher.planner.statement import plan_statement

__all__ = ["plan_statement"]
