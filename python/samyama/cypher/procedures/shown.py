"""SHOW commands: each is a query of ours over the columns it shows, and says which of them it shows unasked."""

from __future__ import annotations

from dataclasses import dataclass

from samyama.cypher.procedures.bodies import CONSTRAINT_COLUMNS, INDEX_COLUMNS
from samyama.cypher.procedures.catalog import Argument, Procedure

__all__ = ["KINDS", "SHOWN", "Shown", "split_words"]

#: Words before INDEX or CONSTRAINT, to what must stand in the type.
KINDS = {
    "RANGE": ["RANGE"],
    "TEXT": ["TEXT"],
    "POINT": ["POINT"],
    "LOOKUP": ["LOOKUP"],
    "FULLTEXT": ["FULLTEXT"],
    "VECTOR": ["VECTOR"],
    "UNIQUE": ["UNIQUE"],
    "UNIQUENESS": ["UNIQUE"],
    "KEY": ["KEY"],
    "NODE": ["NODE"],
    "RELATIONSHIP": ["RELATIONSHIP"],
    "REL": ["RELATIONSHIP"],
    "EXISTENCE": ["EXISTENCE"],
    "EXIST": ["EXISTENCE"],
    "TYPE": ["PROPERTY_TYPE"],
    "PROPERTY": [],
    "ALL": [],
    "BUILT": [],
    "IN": [],
    "USER": [],
    "DEFINED": [],
    "CURRENT": [],
    "DEFAULT": ["DEFAULT"],
    "HOME": ["HOME"],
    "BTREE": ["RANGE"],
}


_ARGUMENTS = (Argument("names", "LIST<ANY>"), Argument("kinds", "LIST<STRING>"))


@dataclass(frozen=True, slots=True)
class Shown:
    """``columns``: all, in order; the first ``default`` of them are shown without YIELD. ``body``: a query that returns them.

    The body may use ``names``, the list of names written behind the command, and ``kinds``, the words before it. ``static``: the body is not a
    query but one of the tables of :mod:`samyama.cypher.procedures.tables`.
    """

    columns: tuple[str, ...]
    default: int
    body: str
    static: str | None = None

    @property
    def procedure(self) -> Procedure:
        """The query as a procedure; it may do what the procedures that it calls do."""
        columns = tuple((name, "ANY") for name in self.columns)
        return Procedure("SHOW", _ARGUMENTS, columns, "", self.body, "WRITE")


_INDEXES = f"""
CALL samyama.show.indexes() YIELD {", ".join(INDEX_COLUMNS)}
WITH * WHERE size(kinds) = 0 OR type IN kinds
RETURN {", ".join(INDEX_COLUMNS)} ORDER BY name
"""

_CONSTRAINTS = f"""
CALL samyama.show.constraints() YIELD {", ".join(CONSTRAINT_COLUMNS)}
WITH * WHERE all(kind IN kinds WHERE type CONTAINS kind)
RETURN {", ".join(CONSTRAINT_COLUMNS)} ORDER BY name
"""

_DATABASES = """
CALL () { CALL samyama.cluster() YIELD id, bolt, role, voter RETURN id, bolt, role, voter }
CALL () { CALL db.info() YIELD id AS databaseID RETURN databaseID }
UNWIND ['neo4j', 'system'] AS name
WITH *, role = 'leader' AS leads
WHERE CASE WHEN size(kinds) > 0 THEN name = 'neo4j' ELSE size(names) = 0 OR name IN names END
RETURN name, CASE name WHEN 'system' THEN 'system' ELSE 'standard' END AS type, [] AS aliases, 'read-write' AS access,
  bolt AS address, CASE WHEN voter THEN 'primary' ELSE 'secondary' END AS role, leads AS writer, 'online' AS requestedStatus,
  'online' AS currentStatus, '' AS statusMessage, name = 'neo4j' AS default, name = 'neo4j' AS home, [] AS constituents,
  databaseID, toString(id) AS serverID, null AS requestedPrimariesCount, null AS requestedSecondariesCount,
  null AS creationTime, null AS lastStartTime, null AS lastStopTime, null AS store, null AS lastCommittedTxn,
  null AS replicationLag, {} AS options
ORDER BY name, address
"""

_TRANSACTIONS = """
CALL samyama.transactions() YIELD transactionId, connectionId, clientAddress, username, currentQuery, currentQueryId,
  startMillis, status, elapsedMillis, metaData
WITH * WHERE size(names) = 0 OR transactionId IN names
RETURN 'neo4j' AS database, transactionId, currentQueryId, connectionId, clientAddress, username, currentQuery,
  toString(datetime.fromEpochMillis(startMillis)) AS startTime, status,
  duration({milliseconds: elapsedMillis}) AS elapsedTime, metaData, '' AS outerTransactionId, {} AS parameters
ORDER BY startTime, transactionId
"""

_TERMINATED = """
CALL samyama.terminate(names) YIELD transactionId, username, message RETURN transactionId, username, message
"""

_SETTINGS = """
CALL samyama.settings() YIELD name, value
WITH * WHERE size(names) = 0 OR name IN names
RETURN name, value, false AS isDynamic, null AS defaultValue, '' AS description, value AS startupValue,
  null AS isExplicitlySet, null AS validValues, false AS isDeprecated
ORDER BY name
"""

_SERVERS = """
CALL samyama.cluster() YIELD id, bolt, http, role
RETURN toString(id) AS name, bolt AS address, 'Enabled' AS state,
  CASE role WHEN 'leader' THEN 'Available' ELSE 'Unknown' END AS health, ['neo4j', 'system'] AS hosting,
  http AS httpAddress, role
ORDER BY name
"""

_FUNCTION_COLUMNS = (
    "name",
    "category",
    "description",
    "signature",
    "isBuiltIn",
    "argumentDescription",
    "returnDescription",
    "aggregating",
    "rolesExecution",
    "rolesBoostedExecution",
    "isDeprecated",
    "deprecatedBy",
)
_PROCEDURE_COLUMNS = (
    "name",
    "description",
    "mode",
    "worksOnSystem",
    "signature",
    "argumentDescription",
    "returnDescription",
    "admin",
    "rolesExecution",
    "rolesBoostedExecution",
    "isDeprecated",
    "deprecatedBy",
    "option",
)


def _columns(text: str) -> tuple[str, ...]:
    return tuple(text.split())


#: By the last word of the command in the singular (SHOW RANGE INDEXES: INDEX).
SHOWN: dict[str, Shown] = {
    "INDEX": Shown(tuple(INDEX_COLUMNS), 12, _INDEXES),
    "CONSTRAINT": Shown(tuple(CONSTRAINT_COLUMNS), 8, _CONSTRAINTS),
    "FUNCTION": Shown(_FUNCTION_COLUMNS, 3, "", "functions"),
    "PROCEDURE": Shown(_PROCEDURE_COLUMNS, 4, "", "procedures"),
    "DATABASE": Shown(
        _columns(
            "name type aliases access address role writer requestedStatus currentStatus statusMessage default home "
            "constituents databaseID serverID requestedPrimariesCount requestedSecondariesCount creationTime lastStartTime "
            "lastStopTime store lastCommittedTxn replicationLag options"
        ),
        13,
        _DATABASES,
    ),
    "TRANSACTION": Shown(
        _columns(
            "database transactionId currentQueryId connectionId clientAddress username currentQuery startTime status "
            "elapsedTime metaData outerTransactionId parameters"
        ),
        10,
        _TRANSACTIONS,
    ),
    "SETTING": Shown(
        _columns(
            "name value isDynamic defaultValue description startupValue isExplicitlySet validValues isDeprecated"
        ),
        5,
        _SETTINGS,
    ),
    "TERMINATED": Shown(_columns("transactionId username message"), 3, _TERMINATED),
    "SERVER": Shown(_columns("name address state health hosting httpAddress role"), 5, _SERVERS),
    "USER": Shown(
        _columns("user roles passwordChangeRequired suspended home"),
        5,
        "RETURN '' AS user, [] AS roles, false AS passwordChangeRequired, null AS suspended, null AS home",
    ),
}


def split_words(what: str) -> tuple[list[str], str | None]:
    """The words before the thing shown, and the thing: the last word that names one, so that what follows it is passed over
    (``SHOW FUNCTIONS EXECUTABLE BY ...``). None: there is none."""
    words = what.split()
    for at in range(len(words) - 1, -1, -1):
        singular = {"INDEXES": "INDEX", "PRIVILEGES": "PRIVILEGE"}.get(
            words[at], words[at].removesuffix("S")
        )
        if singular in SHOWN:
            return words[:at], singular
    return words, None
