"""What is right and yet probably not meant: warnings that go with a result, one kind a file.

Each kind is a function of a statement as the static pass leaves it and of the catalogue; it tells what it finds by
``Context.notify``, and changes nothing. They look at what the user wrote: not into the bodies of procedures, and not at
the plan. Hints that cannot be followed are told by the planner, which alone knows (``planner.hints``).
"""

from __future__ import annotations

from samyama.cypher import ast
from samyama.cypher.planner.context import Context
from samyama.cypher.warnings.cartesian_product import warn_of_products
from samyama.cypher.warnings.deprecated import warn_of_deprecated
from samyama.cypher.warnings.nodes import Nodes
from samyama.cypher.warnings.unbounded_length import warn_of_lengths
from samyama.cypher.warnings.unknown_names import warn_of_unknown_names

__all__ = ["warn"]

KINDS = (warn_of_products, warn_of_unknown_names, warn_of_lengths, warn_of_deprecated)


def warn(context: Context, query: ast.Query) -> None:
    """Tell what is suspicious in a query that is right."""
    nodes = Nodes(query)
    for kind in KINDS:
        kind(context, nodes)
    context.notifications.sort(key=lambda one: one.offset)
