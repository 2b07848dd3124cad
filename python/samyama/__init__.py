"""Samyama: a graph database that stays up, answers correctly and speaks to every Neo4j driver.

Embedded: :func:`open`. As a server or cluster: ``samyama server`` and any Neo4j driver.
"""

from samyama._core import version as _version
from samyama._database import AsyncDatabase, Database, Session, Transaction, open
from samyama._results import Record, Result, Summary
from samyama.errors import SamyamaError
from samyama.types import Duration, Node, Path, Point, Relationship

__version__ = _version()

__all__ = [
    "AsyncDatabase",
    "Database",
    "Duration",
    "Node",
    "Path",
    "Point",
    "Record",
    "Relationship",
    "Result",
    "SamyamaError",
    "Session",
    "Summary",
    "Transaction",
    "__version__",
    "open",
]
