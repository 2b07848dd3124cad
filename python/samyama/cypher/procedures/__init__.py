"""The procedures that queries can CALL, the commands that SHOW things, and what is told about functions.

A procedure is either the engine's own (it has no body here) or a query of ours: its text is planned as a subquery where it
is called, so it runs like any other query and needs no code in the executor.
"""

from samyama.cypher.procedures.catalog import Argument, Procedure
from samyama.cypher.procedures.defined import Registry
from samyama.cypher.procedures.shown import SHOWN, Shown

__all__ = ["SHOWN", "Argument", "Procedure", "Registry", "Shown"]
