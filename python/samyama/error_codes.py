"""Every code that a client may be told, with what it means and what to do. The source of the reference page.

``tests/docs/test_error_codes.py`` holds the table against the codes in the sources.
"""

from __future__ import annotations

from itertools import groupby
from typing import NamedTuple

from samyama.errors import from_failure

__all__ = ["ERROR_CODES", "ErrorCode", "render"]


class ErrorCode(NamedTuple):
    """``code`` without its first part, ``Neo``. ``gql``: the statuses that it comes with."""

    code: str
    gql: str
    meaning: str
    advice: str

    @property
    def full(self) -> str:
        return f"Neo.{self.code}"

    @property
    def raised_as(self) -> str:
        """The class of the embedded API."""
        return type(from_failure(self.full, "", "", {})).__name__

    @property
    def is_retried(self) -> bool:
        """Whether drivers run the transaction again by themselves."""
        return self.code.startswith("TransientError.")


#: What the parser says is in the message: line, column, the line itself and a caret.
_QUERY = "Change the query."

ERROR_CODES = (
    ErrorCode(
        "ClientError.Cluster.KeyOutdated",
        "08N07",
        "Said by one member to another: the key under which a write was relayed was settled or dropped before. Clients are not told it; the relaying node knows what it means.",
        "Nothing.",
    ),
    ErrorCode(
        "ClientError.Cluster.NotALeader",
        "08N07",
        "Said by one member to another: a write was relayed to a node that does not lead any more. Clients are not told it; the relaying node looks for the leader.",
        "Nothing.",
    ),
    ErrorCode(
        "ClientError.Database.DatabaseNotFound",
        "22000",
        "There is no database of that name; there are `neo4j` and the stub `system`.",
        "Leave the database out, or say `neo4j`.",
    ),
    ErrorCode(
        "ClientError.General.TransactionOutOfMemoryError",
        "51N73",
        "The query, or the results that its transaction has open, need more memory than `limits.query_memory_bytes_max`, or too many results are open.",
        "Return less at a time, aggregate earlier, or raise the limit.",
    ),
    ErrorCode(
        "ClientError.Procedure.ProcedureCallFailed",
        "22003",
        "A procedure refused its arguments: an index that is not there, for example.",
        "As the message says.",
    ),
    ErrorCode(
        "ClientError.Procedure.ProcedureNotFound",
        "42N08",
        "There is no procedure of that name.",
        "`SHOW PROCEDURES` lists them.",
    ),
    ErrorCode(
        "ClientError.Request.Invalid",
        "08N06",
        "The client broke the protocol, or asked for something out of its order: COMMIT without a transaction, an unknown key `samyama.*` in the metadata, a query that is too long.",
        "As the message says.",
    ),
    ErrorCode(
        "ClientError.Schema.ConstraintDropFailed",
        "42N51",
        "There is no constraint of that name.",
        "`SHOW CONSTRAINTS` lists them; `IF EXISTS` makes it no error.",
    ),
    ErrorCode(
        "ClientError.Schema.ConstraintValidationFailed",
        "22N77 22N78 22N79",
        "A constraint would be violated, or a node would be deleted that still has relationships. Nothing was done.",
        "Change the data; `MERGE` instead of `CREATE`; `DETACH DELETE`.",
    ),
    ErrorCode(
        "ClientError.Schema.EquivalentSchemaRuleAlreadyExists",
        "42N51",
        "There is an index or constraint like it, or of that name.",
        "`IF NOT EXISTS` makes it no error.",
    ),
    ErrorCode(
        "ClientError.Schema.IndexDropFailed",
        "42N51",
        "There is no index of that name, or it belongs to a constraint or to the store.",
        "`SHOW INDEXES` lists them; drop the constraint instead.",
    ),
    ErrorCode(
        "ClientError.Security.Forbidden",
        "42NFF",
        "Impersonation was asked for. There is none yet.",
        "Leave `impersonated_user` out.",
    ),
    ErrorCode(
        "ClientError.Security.Unauthorized",
        "42NFF",
        "The authentication scheme is none of `none` and `basic`. There is no authentication yet: credentials are not looked at.",
        "Use `auth=None` or any `basic` credentials.",
    ),
    ErrorCode(
        "ClientError.Statement.AccessMode",
        "42N02",
        "A write in a session or transaction of access mode READ.",
        "Open it with access mode WRITE.",
    ),
    ErrorCode(
        "ClientError.Statement.ArgumentError",
        "22003 22G03",
        "A function or clause was given a value that it cannot take, or a value cannot be sent.",
        "Change the value; the message says which.",
    ),
    ErrorCode(
        "ClientError.Statement.ArithmeticError",
        "22012 22N28",
        "Division by zero, or an integer beyond 64 bits.",
        "Change the data or the query.",
    ),
    ErrorCode(
        "ClientError.Statement.EntityNotFound",
        "25N13",
        "Something was asked of a node or relationship that this transaction has deleted.",
        _QUERY,
    ),
    ErrorCode(
        "ClientError.Statement.ExternalResourceFailed",
        "22003",
        "`LOAD CSV` cannot read the file or address: not below `load.csv_directory` or `load.csv_web_allowed`, not there, too large, too slow, or not CSV.",
        "As the message says.",
    ),
    ErrorCode(
        "ClientError.Statement.ParameterMissing",
        "42N51",
        "The query uses a parameter that was not sent.",
        "Send it.",
    ),
    ErrorCode(
        "ClientError.Statement.SemanticError",
        "42N51",
        "The query is well-formed and cannot be done with these values: MERGE on null, for example.",
        _QUERY,
    ),
    ErrorCode(
        "ClientError.Statement.SyntaxError",
        "42001 42I06 42N62",
        "The query cannot be compiled. The message shows the line with a caret, and often what was meant.",
        _QUERY,
    ),
    ErrorCode(
        "ClientError.Statement.TypeError",
        "22N01 22G03",
        "A value has a type that the operation cannot take.",
        "Change the value or the query.",
    ),
    ErrorCode(
        "ClientError.Transaction.InvalidBookmark",
        "08N12",
        "The bookmark is not one of this database.",
        "Take bookmarks from this cluster only.",
    ),
    ErrorCode(
        "ClientError.Transaction.Terminated",
        "25N14",
        "The transaction was ended before it was done: by a RESET of the client (Ctrl-C), or by `TERMINATE TRANSACTIONS`.",
        "Nothing was done; run it again if it is wanted.",
    ),
    ErrorCode(
        "ClientError.Transaction.TransactionTimedOut",
        "50N42",
        "It took longer than `limits.query_timeout_ms`, or ten seconds to compile. Nothing was done.",
        "Make it quicker (`PROFILE`), give it a timeout of its own, or raise the limit.",
    ),
    ErrorCode(
        "ClientError.Transaction.TransactionTimedOutClientConfiguration",
        "50N42",
        "It took longer than the timeout that the client gave it. Nothing was done.",
        "Make it quicker (`PROFILE`), or give it more time.",
    ),
    ErrorCode(
        "TransientError.General.DatabaseUnavailable",
        "08N09",
        "No leader is known, or a majority cannot be reached. With GQL status 51N73: the leader's disk is full, and the message "
        "says which. Nothing was done.",
        "Drivers try again for 30 seconds. If it stays: `samyama cluster status`; of a full disk, make room.",
    ),
    ErrorCode(
        "TransientError.Request.NoThreadsAvailable",
        "51N73",
        "Too many statements wait to be compiled or executed. Nothing was done.",
        "Send less at a time; pass values as parameters.",
    ),
    ErrorCode(
        "TransientError.Transaction.BookmarkTimeout",
        "08N13",
        "This node has not applied what the bookmark names within `reads.timeout_ms`.",
        "Drivers try again. If it stays, the node lags: `samyama cluster status`.",
    ),
    ErrorCode(
        "TransientError.Transaction.DeadlockDetected",
        "50N05",
        "Transactions waited for each other; this one was ended so that the others go on. Nothing was done.",
        "Drivers run it again. Touch things in the same order in all transactions.",
    ),
    ErrorCode(
        "TransientError.Transaction.MaximumTransactionLimitReached",
        "51N73",
        "`limits.transactions_max` explicit transactions are open on this node.",
        "Close transactions sooner, or raise the limit.",
    ),
    ErrorCode(
        "TransientError.Transaction.LeaseExpired",
        "25N11",
        "Leadership moved while the transaction was open, or the node on which it lived is lost. Nothing was done.",
        "Drivers run it again.",
    ),
    ErrorCode(
        "TransientError.Transaction.Outdated",
        "25N11",
        "Something that the transaction has read was changed by another, or leadership moved while it was open. Nothing was done.",
        "Drivers run it again.",
    ),
    ErrorCode(
        "DatabaseError.General.UnknownError",
        "50N00 50N42",
        "The node has failed, or met a bug; the message says which, and the node's log says more.",
        "`samyama cluster status`. A bug is worth a report.",
    ),
    ErrorCode(
        "DatabaseError.Statement.ExecutionFailed",
        "50N00 50N42",
        "A bug: the executor met a state that it should not.",
        "Report it, with the query and the node's log.",
    ),
    ErrorCode(
        "DatabaseError.Transaction.TransactionCommitFailed",
        "08007",
        "The outcome is not known: no majority confirmed the transaction in time (`limits.commit_timeout_ms`), or leadership was lost while it was being committed, and what became of it could not be found out. It may have been done, and may still be. Or it was done and the rest of its rows is lost: the message says which.",
        "Look before you run it again: read what it would have written; under an [idempotency key](../operations/outcomes.md) it can be run again without looking. Drivers do not retry it.",
    ),
    ErrorCode(
        "DatabaseError.Transaction.TransactionStartFailed",
        "25N05",
        "`CALL { } IN TRANSACTIONS` inside a transaction.",
        "Run it as an auto-commit statement: `session.run`.",
    ),
)

HEAD = """# Errors

Over Bolt every failure has Neo4j's code and a GQL status, so drivers do the right thing: they run transactions again that
failed with a `TransientError` (nothing was done), and nothing else. The embedded API raises a class for each family
(`samyama.errors`). For errors of queries the diagnostic record holds the openCypher TCK's words under `_error_type`, `_phase` and
`_detail`, and the place under `_position`. This page is generated from `python/samyama/error_codes.py`.
"""

_FAMILIES = {
    "ClientError": "The request is wrong: sending it again gives the same",
    "TransientError": "Nothing was done: drivers send it again",
    "DatabaseError": "The node is at fault, or the outcome is not known",
}


def render() -> str:
    """The whole page as Markdown."""
    parts = [HEAD]
    for family, codes in groupby(ERROR_CODES, key=lambda code: code.code.split(".")[0]):
        parts.append(
            f"\n## {_FAMILIES[family]}\n\n| code | GQL status | class | meaning | what to do |\n"
            "| --- | --- | --- | --- | --- |\n"
        )
        parts += [
            f"| `{one.full}` | {one.gql} | `{one.raised_as}` | {one.meaning} | {one.advice} |\n"
            for one in codes
        ]
    return "".join(parts)
