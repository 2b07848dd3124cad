"""Every procedure by name: arguments, columns, what it is for, and for those that are queries, the query."""

from __future__ import annotations

from dataclasses import dataclass

from samyama.cypher.procedures import bodies

__all__ = ["ALL", "Argument", "Procedure", "find"]


@dataclass(frozen=True, slots=True)
class Argument:
    """``default``: a Cypher literal; None: the argument must be given."""

    name: str
    type: str
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Procedure:
    """``body``: a query over the arguments as variables that returns the columns; None: the engine knows it by name."""

    name: str
    arguments: tuple[Argument, ...]
    columns: tuple[tuple[str, str], ...]
    description: str
    body: str | None = None
    mode: str = "READ"

    @property
    def column_names(self) -> list[str]:
        return [name for name, _ in self.columns]

    @property
    def required(self) -> int:
        return sum(argument.default is None for argument in self.arguments)

    @property
    def signature(self) -> str:
        def shown(argument: Argument) -> str:
            default = "" if argument.default is None else f" = {argument.default}"
            return f"{argument.name}{default} :: {argument.type}"

        arguments = ", ".join(map(shown, self.arguments))
        columns = ", ".join(f"{name} :: {kind}" for name, kind in self.columns)
        return f"{self.name}({arguments}) :: ({columns})"


def _arguments(text: str) -> tuple[Argument, ...]:
    """``name :: TYPE = default, ...``"""
    found = []
    for piece in filter(None, (piece.strip() for piece in text.split(";"))):
        name, _, rest = piece.partition(" :: ")
        kind, _, default = rest.partition(" = ")
        found.append(Argument(name, kind, default or None))
    return tuple(found)


def _columns(text: str) -> tuple[tuple[str, str], ...]:
    """``name TYPE, ...``"""
    pairs = (piece.strip().split(" ", 1) for piece in text.split(";") if piece.strip())
    return tuple((name, kind) for name, kind in pairs)


def _procedure(
    name: str, arguments: str, columns: str, about: str, body: str | None = None, mode: str = "READ"
) -> Procedure:
    return Procedure(name, _arguments(arguments), _columns(columns), about, body, mode)


ALL: tuple[Procedure, ...] = (
    _procedure("db.labels", "", "label STRING", "List all labels in the database."),
    _procedure(
        "db.relationshipTypes",
        "",
        "relationshipType STRING",
        "List all relationship types in the database.",
    ),
    _procedure(
        "db.propertyKeys", "", "propertyKey STRING", "List all property keys in the database."
    ),
    _procedure("db.ping", "", "success BOOLEAN", "Whether the database answers.", mode="DBMS"),
    _procedure(
        "db.info",
        "",
        "id STRING; name STRING; creationDate STRING",
        "Information about the database.",
    ),
    _procedure(
        "db.awaitIndex",
        "indexName :: STRING; timeOutSeconds :: INTEGER = 300",
        "",
        "Indexes are built at once: returns.",
    ),
    _procedure(
        "db.awaitIndexes",
        "timeOutSeconds :: INTEGER = 300",
        "",
        "Indexes are built at once: returns.",
    ),
    _procedure(
        "db.resampleIndex",
        "indexName :: STRING",
        "",
        "Statistics of indexes are exact: returns.",
        bodies.NOTHING,
    ),
    _procedure(
        "db.resampleOutdatedIndexes",
        "",
        "",
        "Statistics of indexes are exact: returns.",
        bodies.NOTHING,
    ),
    _procedure(
        "db.schema.visualization",
        "",
        "nodes LIST<NODE>; relationships LIST<RELATIONSHIP>",
        "A node for each label, and a relationship for each type between labels that have it.",
    ),
    _procedure(
        "db.schema.nodeTypeProperties",
        "",
        "nodeType STRING; nodeLabels LIST<STRING>; propertyName STRING; propertyTypes LIST<STRING>; mandatory BOOLEAN",
        "The properties of nodes by their combination of labels. Reads every node.",
        bodies.NODE_TYPE_PROPERTIES,
    ),
    _procedure(
        "db.schema.relTypeProperties",
        "",
        "relType STRING; propertyName STRING; propertyTypes LIST<STRING>; mandatory BOOLEAN",
        "The properties of relationships by type. Reads every relationship.",
        bodies.REL_TYPE_PROPERTIES,
    ),
    _procedure(
        "dbms.components",
        "",
        "name STRING; versions LIST<STRING>; edition STRING",
        "The version of Neo4j whose syntax and protocol this server speaks; its own is samyama.version().",
        mode="DBMS",
    ),
    _procedure(
        "dbms.info",
        "",
        "id STRING; name STRING; creationDate STRING",
        "Information about this installation.",
        bodies.DBMS_INFO,
    ),
    _procedure(
        "dbms.showCurrentUser",
        "",
        "username STRING; roles LIST<STRING>; flags LIST<STRING>",
        "Who is logged in.",
        "RETURN '' AS username, [] AS roles, [] AS flags",
        "DBMS",
    ),
    _procedure(
        "dbms.listConfig",
        "searchString :: STRING = ''",
        "name STRING; description STRING; value STRING; dynamic BOOLEAN",
        "The settings whose name holds the text.",
        bodies.LIST_CONFIG,
        "DBMS",
    ),
    _procedure(
        "dbms.clientConfig",
        "",
        "name STRING; description STRING; value STRING; dynamic BOOLEAN",
        "Settings that clients ask for.",
        bodies.CLIENT_CONFIG,
        "DBMS",
    ),
    _procedure(
        "dbms.queryJmx",
        "query :: STRING",
        "name STRING; description STRING; attributes MAP",
        "There are no JMX beans here: no rows. Metrics are at /metrics.",
        bodies.NO_BEANS,
        "DBMS",
    ),
    _procedure(
        "dbms.listConnections",
        "",
        "connectionId STRING; connectTime STRING; connector STRING; username STRING; userAgent STRING; serverAddress STRING; "
        "clientAddress STRING",
        "The connections of this node.",
        bodies.CONNECTIONS,
        "DBMS",
    ),
    _procedure(
        "samyama.connections",
        "",
        "connectionId STRING; connectMillis INTEGER; connector STRING; username STRING; userAgent STRING; clientAddress STRING",
        "The connections of this node.",
        mode="DBMS",
    ),
    _procedure(
        "db.index.fulltext.queryNodes",
        "indexName :: STRING; queryString :: STRING; options :: MAP = {}",
        "node NODE; score FLOAT",
        "Nodes whose texts fit a full-text query, best first.",
    ),
    _procedure(
        "db.index.fulltext.queryRelationships",
        "indexName :: STRING; queryString :: STRING; options :: MAP = {}",
        "relationship RELATIONSHIP; score FLOAT",
        "Relationships whose texts fit a full-text query, best first.",
    ),
    _procedure(
        "db.index.fulltext.listAvailableAnalyzers",
        "",
        "analyzer STRING; description STRING; stopwords LIST<STRING>",
        "The analyzers of full-text indexes.",
        bodies.ANALYZERS,
    ),
    _procedure(
        "db.index.fulltext.awaitEventuallyConsistentIndexRefresh",
        "",
        "",
        "Full-text indexes are never behind: returns.",
        bodies.NOTHING,
    ),
    _procedure(
        "db.index.vector.queryNodes",
        "indexName :: STRING; numberOfNearestNeighbours :: INTEGER; query :: LIST<FLOAT>",
        "node NODE; score FLOAT",
        "The nodes with the nearest vectors, nearest first: exact, by a scan of the label.",
    ),
    _procedure(
        "db.index.vector.queryRelationships",
        "indexName :: STRING; numberOfNearestNeighbours :: INTEGER; query :: LIST<FLOAT>",
        "relationship RELATIONSHIP; score FLOAT",
        "The relationships with the nearest vectors, nearest first: exact, by a scan.",
    ),
    _procedure(
        "db.create.setNodeVectorProperty",
        "node :: NODE; key :: STRING; vector :: LIST<FLOAT>",
        "",
        "Set a vector property.",
        bodies.SET_NODE_VECTOR,
        "WRITE",
    ),
    _procedure(
        "db.create.setRelationshipVectorProperty",
        "relationship :: RELATIONSHIP; key :: STRING; vector :: LIST<FLOAT>",
        "",
        "Set a vector property.",
        bodies.SET_RELATIONSHIP_VECTOR,
        "WRITE",
    ),
    _procedure(
        "db.index.vector.createNodeIndex",
        "indexName :: STRING; label :: STRING; propertyKey :: STRING; vectorDimension :: INTEGER; "
        "vectorSimilarityFunction :: STRING",
        "",
        "Make a vector index on nodes; CREATE VECTOR INDEX says the same.",
        mode="WRITE",
    ),
    _procedure("samyama.version", "", "version STRING", "The version of this server.", mode="DBMS"),
    _procedure(
        "samyama.cluster",
        "",
        "id INTEGER; bolt STRING; http STRING; role STRING; voter BOOLEAN",
        "The members of the cluster.",
        mode="DBMS",
    ),
    _procedure(
        "samyama.settings",
        "",
        "name STRING; value STRING",
        "The settings of this node.",
        mode="DBMS",
    ),
    _procedure(
        "samyama.transactions",
        "",
        "transactionId STRING; connectionId STRING; clientAddress STRING; username STRING; currentQuery STRING; "
        "currentQueryId STRING; startMillis INTEGER; status STRING; elapsedMillis INTEGER; metaData MAP",
        "The transactions that are open on this node.",
        mode="DBMS",
    ),
    _procedure(
        "samyama.terminate",
        "ids :: LIST<STRING>",
        "transactionId STRING; username STRING; message STRING",
        "End transactions of this node.",
        mode="DBMS",
    ),
    _procedure(
        "samyama.show.indexes",
        "",
        "; ".join(f"{name} ANY" for name in bodies.INDEX_COLUMNS),
        "What SHOW INDEXES shows.",
    ),
    _procedure(
        "samyama.show.constraints",
        "",
        "; ".join(f"{name} ANY" for name in bodies.CONSTRAINT_COLUMNS),
        "What SHOW CONSTRAINTS shows.",
    ),
    _procedure(
        "apoc.meta.data",
        "config :: MAP = {}",
        "label STRING; property STRING; count INTEGER; unique BOOLEAN; index BOOLEAN; existence BOOLEAN; type STRING; "
        "array BOOLEAN; sample LIST<ANY>; left INTEGER; right INTEGER; other LIST<STRING>; otherLabels LIST<STRING>; "
        "elementType STRING",
        "Labels, types and properties with their types. Reads the whole graph; samples are not taken.",
        bodies.META_DATA,
    ),
    _procedure(
        "apoc.meta.schema",
        "config :: MAP = {}",
        "value MAP",
        "The schema as one map. Reads the whole graph.",
        bodies.META_SCHEMA,
    ),
    _procedure(
        "apoc.meta.graph",
        "config :: MAP = {}",
        "nodes LIST<NODE>; relationships LIST<RELATIONSHIP>",
        "The schema as a graph, with counts from the store; samples are not taken.",
    ),
    _procedure(
        "apoc.meta.subGraph",
        "config :: MAP",
        "nodes LIST<NODE>; relationships LIST<RELATIONSHIP>",
        "The schema as a graph, as apoc.meta.graph gives it; filters in the map are refused.",
        bodies.META_SUBGRAPH,
    ),
    _procedure(
        "apoc.meta.stats",
        "",
        "labelCount INTEGER; relTypeCount INTEGER; propertyKeyCount INTEGER; nodeCount INTEGER; relCount INTEGER; labels MAP; "
        "relTypes MAP; relTypesCount MAP; stats MAP",
        "Counts, from the store.",
        bodies.META_STATS,
    ),
    _procedure(
        "apoc.merge.node",
        "labels :: LIST<STRING>; identProps :: MAP; onCreateProps :: MAP = {}; onMatchProps :: MAP = {}",
        "node NODE",
        "MERGE of a node whose labels are values.",
        mode="WRITE",
    ),
    _procedure(
        "apoc.merge.relationship",
        "startNode :: NODE; relType :: STRING; identProps :: MAP; onCreateProps :: MAP; endNode :: NODE; onMatchProps :: MAP = {}",
        "rel RELATIONSHIP",
        "MERGE of a relationship whose type is a value.",
        mode="WRITE",
    ),
    _procedure(
        "apoc.create.addLabels",
        "nodes :: ANY; labels :: LIST<STRING>",
        "node NODE",
        "Add labels that are values.",
        mode="WRITE",
    ),
    _procedure(
        "apoc.refactor.mergeNodes",
        "nodes :: LIST<NODE>; config :: MAP = {}",
        "node NODE",
        "Merge nodes into the first of them, with labels, properties (`properties`: 'overwrite', 'discard' or 'combine') and "
        "relationships (`mergeRels`: those that become the same are one).",
        bodies.MERGE_NODES,
        "WRITE",
    ),
    _procedure(
        "apoc.util.validate",
        "predicate :: BOOLEAN; message :: STRING; params :: LIST<ANY>",
        "",
        "An error with that message if the predicate holds (or is null).",
    ),
    _procedure(
        "apoc.schema.nodes",
        "config :: MAP = {}",
        "name STRING; label ANY; properties LIST<STRING>; status STRING; type STRING; failure STRING; "
        "populationProgress FLOAT; size INTEGER; valuesSelectivity FLOAT; userDescription STRING",
        "Indexes and constraints of nodes.",
        bodies.SCHEMA_NODES,
    ),
)

_BY_NAME = {procedure.name.lower(): procedure for procedure in ALL}


def find(name: str) -> Procedure | None:
    return _BY_NAME.get(name.lower())
