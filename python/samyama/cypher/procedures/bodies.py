"""The procedures that are queries: their texts. Arguments are variables; the columns are what RETURN names."""

from __future__ import annotations

__all__: list[str] = []

INDEX_COLUMNS = (
    "id name state populationPercent type entityType labelsOrTypes properties indexProvider owningConstraint lastRead "
    "readCount trackedSince options failureMessage createStatement"
).split()
CONSTRAINT_COLUMNS = (
    "id name type entityType labelsOrTypes properties ownedIndex propertyType options createStatement"
).split()

#: The type of `value` as Neo4j's schema procedures call it.
_OLD_TYPE = """CASE
  WHEN value IS :: LIST<ANY> THEN CASE split(split(split(valueType(value), '<')[1], '>')[0], ' NOT')[0]
    WHEN 'INTEGER' THEN 'LongArray' WHEN 'FLOAT' THEN 'DoubleArray' WHEN 'STRING' THEN 'StringArray'
    WHEN 'BOOLEAN' THEN 'BooleanArray' WHEN 'POINT' THEN 'PointArray' WHEN 'DATE' THEN 'DateArray'
    WHEN 'DURATION' THEN 'DurationArray' WHEN 'ZONED DATETIME' THEN 'DateTimeArray' ELSE 'AnyArray' END
  WHEN value IS :: INTEGER THEN 'Long' WHEN value IS :: FLOAT THEN 'Double' WHEN value IS :: STRING THEN 'String'
  WHEN value IS :: BOOLEAN THEN 'Boolean' WHEN value IS :: POINT THEN 'Point' WHEN value IS :: DATE THEN 'Date'
  WHEN value IS :: ZONED DATETIME THEN 'DateTime' WHEN value IS :: LOCAL DATETIME THEN 'LocalDateTime'
  WHEN value IS :: ZONED TIME THEN 'Time' WHEN value IS :: LOCAL TIME THEN 'LocalTime'
  WHEN value IS :: DURATION THEN 'Duration' ELSE 'ByteArray' END"""

#: And as APOC calls it.
_APOC_TYPE = """CASE
  WHEN value IS :: LIST<ANY> THEN 'LIST' WHEN value IS :: ZONED DATETIME THEN 'DATE_TIME'
  WHEN value IS :: LOCAL DATETIME THEN 'LOCAL_DATE_TIME' WHEN value IS :: ZONED TIME THEN 'TIME'
  WHEN value IS :: LOCAL TIME THEN 'LOCAL_TIME' ELSE replace(valueType(value), ' NOT NULL', '') END"""

NODE_TYPE_PROPERTIES = f"""
CALL () {{
  MATCH (n) WITH labels(n) AS one, count(*) AS total RETURN collect({{labels: one, total: total}}) AS totals
}}
CALL () {{
  MATCH (n) UNWIND CASE WHEN size(keys(n)) = 0 THEN [null] ELSE keys(n) END AS key
  WITH labels(n) AS nodeLabels, key, n[key] AS value
  WITH nodeLabels, key, CASE WHEN key IS NULL THEN null ELSE {_OLD_TYPE} END AS kind
  RETURN nodeLabels, key, count(*) AS present, collect(DISTINCT kind) AS kinds
}}
RETURN reduce(text = '', label IN nodeLabels | text + ':`' + label + '`') AS nodeType, nodeLabels, key AS propertyName,
  CASE WHEN key IS NULL THEN null ELSE kinds END AS propertyTypes,
  key IS NOT NULL AND [t IN totals WHERE t.labels = nodeLabels | t.total][0] = present AS mandatory
ORDER BY nodeType, propertyName
"""

REL_TYPE_PROPERTIES = f"""
CALL () {{
  MATCH ()-[r]->() WITH type(r) AS one, count(*) AS total RETURN collect({{type: one, total: total}}) AS totals
}}
CALL () {{
  MATCH ()-[r]->() UNWIND CASE WHEN size(keys(r)) = 0 THEN [null] ELSE keys(r) END AS key
  WITH type(r) AS name, key, r[key] AS value
  WITH name, key, CASE WHEN key IS NULL THEN null ELSE {_OLD_TYPE} END AS kind
  RETURN name, key, count(*) AS present, collect(DISTINCT kind) AS kinds
}}
RETURN ':`' + name + '`' AS relType, key AS propertyName, CASE WHEN key IS NULL THEN null ELSE kinds END AS propertyTypes,
  key IS NOT NULL AND [t IN totals WHERE t.type = name | t.total][0] = present AS mandatory
ORDER BY relType, propertyName
"""

_META_ROWS = f"""
CALL () {{
  MATCH (n) UNWIND labels(n) AS label UNWIND keys(n) AS property
  WITH label, property, n[property] AS value
  WITH label, property, {_APOC_TYPE} AS kind
  WITH label, property, count(*) AS count, collect(DISTINCT kind) AS kinds
  RETURN label, property, count, CASE WHEN size(kinds) = 1 THEN kinds[0] ELSE 'ANY' END AS type, [] AS other,
    'node' AS elementType, 0 AS left, 0 AS right
UNION ALL
  MATCH (a)-[r]->(b) UNWIND labels(a) AS label
  WITH label, type(r) AS property, count(*) AS count, collect(DISTINCT labels(b)) AS ends
  RETURN label, property, count, 'RELATIONSHIP' AS type,
    reduce(all = [], end IN ends | all + [one IN end WHERE NOT one IN all]) AS other,
    'node' AS elementType, 1 AS left, 1 AS right
UNION ALL
  MATCH ()-[r]->() UNWIND keys(r) AS property
  WITH type(r) AS label, property, r[property] AS value
  WITH label, property, {_APOC_TYPE} AS kind
  WITH label, property, count(*) AS count, collect(DISTINCT kind) AS kinds
  RETURN label, property, count, CASE WHEN size(kinds) = 1 THEN kinds[0] ELSE 'ANY' END AS type, [] AS other,
    'relationship' AS elementType, 0 AS left, 0 AS right
UNION ALL
  MATCH (a)-[r]->(b) UNWIND labels(a) AS property
  WITH type(r) AS label, property, count(*) AS count, collect(DISTINCT labels(b)) AS ends
  RETURN label, property, count, 'RELATIONSHIP' AS type,
    reduce(all = [], end IN ends | all + [one IN end WHERE NOT one IN all]) AS other,
    'relationship' AS elementType, 1 AS left, 1 AS right
}}"""

META_DATA = f"""
CALL () {{
  CALL samyama.show.constraints() YIELD type AS rule, labelsOrTypes, properties
  RETURN collect({{rule: rule, labels: labelsOrTypes, keys: properties}}) AS rules
}}
CALL () {{
  CALL samyama.show.indexes() YIELD labelsOrTypes, properties
  RETURN collect({{labels: labelsOrTypes, keys: properties}}) AS indexes
}}
{_META_ROWS}
RETURN label, property, count,
  any(c IN rules WHERE c.labels = [label] AND c.keys = [property] AND (c.rule CONTAINS 'UNIQUE' OR c.rule CONTAINS 'KEY'))
    AS unique,
  any(i IN indexes WHERE i.labels = [label] AND property IN i.keys) AS index,
  any(c IN rules WHERE c.labels = [label] AND property IN c.keys AND (c.rule CONTAINS 'EXISTENCE' OR c.rule CONTAINS 'KEY'))
    AS existence,
  type, type = 'LIST' AS array, [] AS sample, left, right, other, [] AS otherLabels, elementType
ORDER BY elementType, label, property
"""

META_SCHEMA = f"""
CALL () {{
  MATCH (n) UNWIND labels(n) AS label WITH label, count(*) AS total RETURN collect({{label: label, total: total}}) AS totals
}}
CALL () {{ {_META_ROWS}
  WITH label, elementType, collect({{property: property, type: type, count: count, other: other}}) AS parts
  RETURN label, elementType, parts
}}
WITH label, elementType, parts, [t IN totals WHERE t.label = label | t.total][0] AS total
WITH collect([label, {{
  type: elementType,
  count: coalesce(total, reduce(sum = 0, x IN parts | CASE WHEN x.type = 'RELATIONSHIP' THEN sum + x.count ELSE sum END)),
  properties: `map from pairs`([x IN parts WHERE x.type <> 'RELATIONSHIP' | [x.property, {{type: x.type}}]]),
  relationships: `map from pairs`([x IN parts WHERE x.type = 'RELATIONSHIP' AND elementType = 'node' |
    [x.property, {{direction: 'out', count: x.count, labels: x.other}}]])
}}]) AS pairs
RETURN `map from pairs`(pairs) AS value
"""

META_STATS = """
CALL () {
  MATCH (n) UNWIND labels(n) AS label WITH label, count(*) AS count RETURN `map from pairs`(collect([label, count])) AS labels
}
CALL () {
  MATCH ()-[r]->() WITH type(r) AS name, count(*) AS count
  RETURN `map from pairs`(collect([name, count])) AS relTypesCount,
    `map from pairs`(collect(['()-[:' + name + ']->()', count])) AS relTypes
}
CALL () { CALL db.propertyKeys() YIELD propertyKey RETURN count(propertyKey) AS propertyKeyCount }
CALL () { MATCH (n) RETURN count(n) AS nodeCount }
CALL () { MATCH ()-[r]->() RETURN count(r) AS relCount }
WITH *, size(keys(labels)) AS labelCount, size(keys(relTypesCount)) AS relTypeCount
RETURN labelCount, relTypeCount, propertyKeyCount, nodeCount, relCount, labels, relTypes, relTypesCount,
  {labelCount: labelCount, relTypeCount: relTypeCount, propertyKeyCount: propertyKeyCount, nodeCount: nodeCount,
   relCount: relCount, labels: labels, relTypes: relTypes} AS stats
"""

#: Filters would need the parts of the schema to be chosen; a filter that is not applied would be a wrong answer.
META_SUBGRAPH = """
WITH [key IN keys(config) WHERE key <> 'sample' AND key <> 'maxRels' AND NOT isEmpty(config[key])] AS filters
WHERE apoc.util.validatePredicate(size(filters) > 0, 'filters of apoc.meta.subGraph are not supported: %s', [filters])
CALL apoc.meta.graph() YIELD nodes, relationships
RETURN nodes, relationships
"""

SCHEMA_NODES = """
CALL samyama.show.indexes() YIELD name, entityType, labelsOrTypes, properties, type AS kind, owningConstraint
WITH * WHERE entityType = 'NODE' AND kind <> 'LOOKUP'
RETURN name, labelsOrTypes[0] AS label, properties, 'ONLINE' AS status,
  CASE WHEN owningConstraint IS NULL THEN kind ELSE 'UNIQUENESS' END AS type, 'NO FAILURE' AS failure,
  100.0 AS populationProgress, null AS size, null AS valuesSelectivity, '' AS userDescription
"""

DBMS_INFO = "CALL db.info() YIELD id, creationDate RETURN id, 'system' AS name, creationDate"

LIST_CONFIG = """
CALL samyama.settings() YIELD name, value
WITH * WHERE toLower(name) CONTAINS toLower(searchString)
RETURN name, '' AS description, value, false AS dynamic ORDER BY name
"""

CLIENT_CONFIG = """
UNWIND [['browser.allow_outgoing_connections', 'false'], ['browser.retain_connection_credentials', 'true'],
  ['browser.credential_timeout', '0'], ['browser.remote_content_hostname_whitelist', ''],
  ['dbms.default_database', 'neo4j'], ['client.allow_telemetry', 'false']] AS pair
RETURN pair[0] AS name, '' AS description, pair[1] AS value, false AS dynamic
"""

NO_BEANS = "RETURN query AS name, '' AS description, {} AS attributes LIMIT 0"

CONNECTIONS = """
CALL samyama.connections() YIELD connectionId, connectMillis, connector, username, userAgent, clientAddress
RETURN connectionId, toString(datetime.fromEpochMillis(connectMillis)) AS connectTime, connector, username, userAgent,
  '' AS serverAddress, clientAddress
"""

SET_NODE_VECTOR = "SET node[key] = [number IN vector | toFloat(number)]"
SET_RELATIONSHIP_VECTOR = "SET relationship[key] = [number IN vector | toFloat(number)]"


def _as_list(value: str) -> str:
    return f"CASE WHEN {value} IS :: LIST<ANY> THEN {value} ELSE [{value}] END"


def _take_over(kept: str, mode: str) -> str:
    """Properties of ``other`` onto ``kept``: what both have is kept, overwritten, or becomes a list of what differs."""
    is_known = "any(one IN seen WHERE one = value AND valueType(one) = valueType(value))"
    both = f"{_as_list(f'{kept}[key]')} + {_as_list('other[key]')}"
    distinct = f"reduce(seen = [], value IN {both} | CASE WHEN {is_known} THEN seen ELSE seen + [value] END)"
    is_one_type = "all(value IN found WHERE valueType(value) = valueType(found[0]))"
    combined = f"""[found IN [{distinct}] | CASE WHEN size(found) = 1 THEN found[0] WHEN {is_one_type} THEN found
      ELSE [value IN found | toString(value)] END][0]"""
    return f"""FOREACH (key IN [key IN keys(other) WHERE {mode} <> 'discard' OR {kept}[key] IS NULL] |
    SET {kept}[key] = CASE WHEN {mode} IN ['overwrite', 'override'] OR {kept}[key] IS NULL THEN other[key]
      ELSE {combined} END)"""


#: Others are merged into the first in their order, but for those that were deleted before; of relationships that become the
#: same, the one with the least id stays.
MERGE_NODES = f"""
WITH apoc.coll.toSet([one IN nodes WHERE EXISTS {{ MATCH (still) WHERE id(still) = id(one) }}]) AS found, coalesce(config, {{}}) AS config
WITH found, config, [key IN keys(config) WHERE NOT key IN ['properties', 'mergeRels']] AS unknown
WHERE apoc.util.validatePredicate(size(unknown) > 0,
    'apoc.refactor.mergeNodes takes `properties` and `mergeRels`; not supported: %s', [unknown])
  AND apoc.util.validatePredicate(
    NOT coalesce(config.properties, 'combine') IN ['discard', 'overwrite', 'override', 'combine'],
    'apoc.refactor.mergeNodes takes discard, overwrite or combine as `properties`, not %s', [config.properties])
  AND size(found) > 0
WITH found[0] AS node, found[1..] AS others, coalesce(config.mergeRels, false) AS mergeRels,
  coalesce(config.properties, 'overwrite') AS mode, coalesce(config.properties, 'combine') AS relationshipMode
CALL (node) {{ OPTIONAL MATCH (node)-[loop]->(node) RETURN collect(loop) AS loops }}
CALL (node, others) {{
  UNWIND others AS other MATCH (other)-[old]-()
  WITH DISTINCT node, others, old ORDER BY id(old)
  WITH old, CASE WHEN startNode(old) IN others THEN node ELSE startNode(old) END AS start,
    CASE WHEN endNode(old) IN others THEN node ELSE endNode(old) END AS end
  CREATE (start)-[new:$(type(old))]->(end) SET new = properties(old) DELETE old
}}
FOREACH (other IN others |
  SET node:$(labels(other))
  {_take_over("node", "mode")}
  DELETE other)
WITH node, others, mergeRels, relationshipMode, loops
CALL (node, others, mergeRels, relationshipMode, loops) {{
  WITH * WHERE mergeRels AND size(others) > 0
  MATCH (node)-[one]-() WHERE NOT one IN loops
  WITH DISTINCT one, relationshipMode ORDER BY id(one)
  WITH startNode(one) AS start, endNode(one) AS end, type(one) AS kind, relationshipMode, collect(one) AS same
  WHERE size(same) > 1
  WITH same[0] AS kept, same[1..] AS gone, relationshipMode
  FOREACH (other IN gone |
    {_take_over("kept", "relationshipMode")}
    DELETE other)
}}
RETURN node
"""

ANALYZERS = """
UNWIND [
  ['keyword', 'The whole text as one word.', []],
  ['simple', 'Runs of letters, in lower case.', []],
  ['standard', 'Runs of letters and digits, in lower case, without English stop words.',
   ['a', 'an', 'and', 'are', 'as', 'at', 'be', 'but', 'by', 'for', 'if', 'in', 'into', 'is', 'it', 'no', 'not', 'of', 'on', 'or',
    'such', 'that', 'the', 'their', 'then', 'there', 'these', 'they', 'this', 'to', 'was', 'will', 'with']],
  ['standard-no-stop-words', 'Runs of letters and digits, in lower case. The default.', []],
  ['whitespace', 'What stands between blanks, as it is.', []]
] AS row
RETURN row[0] AS analyzer, row[1] AS description, row[2] AS stopwords
"""

#: A procedure that does nothing and has no columns.
NOTHING = "UNWIND [] AS nothing FINISH"
