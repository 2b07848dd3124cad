"""Samyama: a graph database that stays up, answers correctly and speaks to every Neo4j driver.

Embedded: :func:`open`. As a server or cluster: ``samyama server`` and any Neo4j driver.
"""

from samyama._aio import AsyncDatabase, AsyncResult, AsyncSession, AsyncTransaction
from samyama._core import version as _version
from samyama._database import Database, Query, Session, Transaction, open
from samyama._results import Counters, EagerResult, Record, Result, Summary
from samyama.config.schema import Settings
from samyama.errors import SamyamaError
from samyama.types import Duration, Node, Path, Point, Relationship, Temporal

__version__ = _version()

__all__ = [
    "AsyncDatabase",
    "AsyncResult",
    "AsyncSession",
    "AsyncTransaction",
    "Counters",
    "Database",
    "Duration",
    "EagerResult",
    "Node",
    "Path",
    "Point",
    "Query",
    "Record",
    "Relationship",
    "Result",
    "SamyamaError",
    "Session",
    "Settings",
    "Summary",
    "Temporal",
    "Transaction",
    "__version__",
    "open",
]
