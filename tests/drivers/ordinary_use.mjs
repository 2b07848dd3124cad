// Ordinary use of the Neo4j JavaScript driver, as an application has it. Run as: node ordinary_use.mjs HOST:PORT
//
// Knows nothing of Samyama but an address: the same script runs against a single node and against a cluster. Each check
// prints one line of JSON.

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { randomUUID } from 'node:crypto'

// The driver lies in the directory that this is started from.
const require = createRequire(process.cwd() + '/')
const neo4j = require('neo4j-driver')

const checks = {}
const address = process.argv[2]
const label = () => 'L' + randomUUID().replaceAll('-', '')
const SLOW =
  'UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b WITH a * b AS c WHERE c < 0 RETURN count(c) AS n'
const int = neo4j.int

async function raised (work) {
  let result
  try {
    result = await work()
  } catch (error) {
    return error
  }
  assert.fail(`an error was due, there came ${JSON.stringify(result)}`)
}

async function one (driver, query, parameters) {
  const { records } = await driver.executeQuery(query, parameters)
  assert.equal(records.length, 1)
  return records[0].get(0)
}

// --- connecting

checks.connectivity_and_server_info = async driver => {
  const info = await driver.getServerInfo()
  assert.match(info.agent, /^Neo4j\/5\./)
  assert.equal(String(info.protocolVersion?.toString?.() ?? info.protocolVersion), '5.8')
  const direct = neo4j.driver(`bolt://${address}`)
  await direct.verifyConnectivity()
  assert.equal((await one(direct, 'RETURN 1')).toNumber(), 1)
  await direct.close()
}

checks.databases_by_name = async driver => {
  const result = await driver.executeQuery('RETURN 1', {}, { database: 'neo4j' })
  assert.equal(result.summary.database.name, 'neo4j')
  const error = await raised(() => driver.executeQuery('RETURN 1', {}, { database: 'nowhere' }))
  assert.equal(error.code, 'Neo.ClientError.Database.DatabaseNotFound')
}

checks.many_at_once = async driver => {
  const name = label()
  const values = await Promise.all(
    [...Array(100).keys()].map(i => one(driver, `CREATE (n:${name} {i: $i}) RETURN n.i`, { i: int(i) }))
  )
  assert.deepEqual(values.map(v => v.toNumber()), [...Array(100).keys()])
  assert.equal((await one(driver, `MATCH (n:${name}) RETURN count(n)`)).toNumber(), 100)
}

// --- transactions

checks.managed_transactions = async driver => {
  const name = label()
  const session = driver.session()
  const created = await session.executeWrite(async tx => {
    for (let i = 0; i < 5; i++) await tx.run(`CREATE (:${name} {i: $i})`, { i: int(i) })
    return 5
  })
  assert.equal(created, 5)
  const sum = await session.executeRead(async tx =>
    (await tx.run(`MATCH (n:${name}) RETURN sum(n.i)`)).records[0].get(0).toNumber()
  )
  assert.equal(sum, 10)
  const error = await raised(() =>
    session.executeWrite(async tx => {
      await tx.run(`CREATE (:${name} {i: 100})`)
      throw new RangeError('planted')
    })
  )
  assert.ok(error instanceof RangeError)
  assert.equal((await session.run(`MATCH (n:${name}) RETURN count(n)`)).records[0].get(0).toNumber(), 5)
  await session.close()
}

checks.explicit_transactions = async driver => {
  const name = label()
  const session = driver.session()
  let tx = await session.beginTransaction()
  await tx.run(`CREATE (:${name} {i: 1})`)
  await tx.commit()
  tx = await session.beginTransaction()
  await tx.run(`CREATE (:${name} {i: 2})`)
  await tx.rollback()
  tx = await session.beginTransaction()
  await tx.run(`CREATE (:${name} {i: 3})`)
  await raised(() => tx.run('NONSENSE'))
  assert.equal(tx.isOpen(), false)
  const found = (await session.run(`MATCH (n:${name}) RETURN collect(n.i)`)).records[0].get(0)
  assert.deepEqual(found.map(i => i.toNumber()), [1])
  await session.close()
}

checks.two_open_results_in_one_transaction = async driver => {
  const session = driver.session({ fetchSize: 7 })
  const tx = await session.beginTransaction()
  const first = tx.run('UNWIND range(1, 100) AS i RETURN i')[Symbol.asyncIterator]()
  const second = tx.run('UNWIND range(101, 200) AS i RETURN i')[Symbol.asyncIterator]()
  for (let i = 1; i <= 100; i++) {
    assert.equal((await first.next()).value.get('i').toNumber(), i)
    assert.equal((await second.next()).value.get('i').toNumber(), i + 100)
  }
  await tx.commit()
  await session.close()
}

checks.metadata_of_a_transaction = async driver => {
  const mark = randomUUID()
  const session = driver.session({ defaultAccessMode: neo4j.session.READ })
  const rows = await session.executeRead(
    async tx => (await tx.run('SHOW TRANSACTIONS YIELD metaData RETURN metaData')).records.map(r => r.get(0)),
    { metadata: { application: mark } }
  )
  assert.ok(rows.some(row => row.application === mark))
  await session.close()
}

checks.a_write_in_read_mode_is_refused = async driver => {
  const session = driver.session({ defaultAccessMode: neo4j.session.READ })
  const error = await raised(() => session.run('CREATE (:Never)'))
  assert.equal(error.code, 'Neo.ClientError.Statement.AccessMode')
  await session.close()
}

// --- bookmarks

checks.bookmarks_carry_writes_to_other_sessions = async driver => {
  const name = label()
  let bookmarks
  for (let number = 1; number <= 10; number++) {
    const writer = driver.session({ bookmarks })
    await writer.run(`CREATE (:${name})`)
    bookmarks = writer.lastBookmarks()
    await writer.close()
    assert.ok(bookmarks.length > 0)
    const reader = driver.session({ bookmarks, defaultAccessMode: neo4j.session.READ })
    const seen = (await reader.run(`MATCH (n:${name}) RETURN count(n)`)).records[0].get(0).toNumber()
    await reader.close()
    assert.equal(seen, number)
  }
}

checks.a_bookmark_manager_chains_queries = async driver => {
  const name = label()
  for (let number = 1; number <= 10; number++) {
    await driver.executeQuery(`CREATE (:${name})`)
    const { records } = await driver.executeQuery(
      `MATCH (n:${name}) RETURN count(n)`, {}, { routing: neo4j.routing.READ }
    )
    assert.equal(records[0].get(0).toNumber(), number)
  }
}

// --- results

checks.many_rows_in_small_helpings = async driver => {
  for (const [fetchSize, rows] of [[1, 500], [10, 10000], [1000, 30000], [-1, 30000]]) {
    const session = driver.session({ fetchSize })
    let next = 1
    for await (const record of session.run('UNWIND range(1, $n) AS i RETURN i', { n: int(rows) })) {
      assert.equal(record.get('i').toNumber(), next++)
    }
    assert.equal(next, rows + 1)
    await session.close()
  }
}

checks.a_large_value = async driver => {
  for (const size of [65534, 65535, 65536, 3000000]) {
    const text = 'ä' + 'x'.repeat(size)
    assert.equal(await one(driver, 'RETURN $text', { text }), text)
  }
}

checks.results_that_are_not_read_to_the_end = async driver => {
  const session = driver.session({ fetchSize: 5 })
  for await (const record of session.run('UNWIND range(1, 1000000) AS i RETURN i')) {
    assert.equal(record.get('i').toNumber(), 1)
    break
  }
  await session.close()
  assert.equal((await one(driver, 'RETURN 1')).toNumber(), 1)
}

checks.a_stream_by_subscription = async driver => {
  const session = driver.session()
  const seen = []
  await new Promise((resolve, reject) => {
    session.run('UNWIND range(1, 3) AS i RETURN i').subscribe({
      onKeys: keys => assert.deepEqual(keys, ['i']),
      onNext: record => seen.push(record.get('i').toNumber()),
      onCompleted: resolve,
      onError: reject
    })
  })
  assert.deepEqual(seen, [1, 2, 3])
  await session.close()
}

// --- summaries

checks.counters_tell_what_changed = async driver => {
  const name = label()
  let { summary } = await driver.executeQuery(
    `CREATE (a:${name}:Extra {x: 1, y: 2})-[:R {z: 3}]->(b:${name})`
  )
  const counters = summary.counters.updates()
  assert.deepEqual(
    [counters.nodesCreated, counters.relationshipsCreated, counters.propertiesSet, counters.labelsAdded],
    [2, 1, 3, 3]
  )
  assert.ok(summary.counters.containsUpdates())
  summary = (await driver.executeQuery(`MATCH (n:${name}) DETACH DELETE n`)).summary
  assert.equal(summary.counters.updates().nodesDeleted, 2)
}

checks.summaries_name_type_server_and_database = async driver => {
  const name = label()
  const kinds = {
    'RETURN 1 AS x': 'r', [`CREATE (:${name})`]: 'w', [`CREATE (n:${name}) RETURN n`]: 'rw',
    [`CREATE INDEX FOR (n:${name}) ON (n.x)`]: 's'
  }
  for (const [query, kind] of Object.entries(kinds)) {
    const { summary } = await driver.executeQuery(query)
    assert.equal(summary.queryType, kind, query)
    assert.equal(summary.database.name, 'neo4j')
    assert.ok(summary.resultAvailableAfter.toNumber() >= 0)
    assert.match(summary.server.agent, /^Neo4j\/5\./)
    assert.ok(summary.gqlStatusObjects.length > 0)
  }
}

checks.plans_and_profiles = async driver => {
  const { summary } = await driver.executeQuery('EXPLAIN MATCH (n) RETURN n')
  assert.match(summary.plan.operatorType, /^ProduceResults/)
  const profiled = (await driver.executeQuery('PROFILE UNWIND [1, 2] AS x RETURN x')).summary
  assert.equal(Number(profiled.profile.rows), 2)
}

// --- errors

checks.errors_have_code_status_and_place = async driver => {
  const error = await raised(() => driver.executeQuery('RETRUN 1'))
  assert.equal(error.code, 'Neo.ClientError.Statement.SyntaxError')
  assert.match(error.gqlStatus, /^42/)
  assert.equal(error.classification, 'CLIENT_ERROR')
  assert.equal(Number(error.diagnosticRecord._position.line), 1)
  for (const [query, code] of Object.entries({
    'RETURN 1 / 0': 'Neo.ClientError.Statement.ArithmeticError',
    'RETURN $missing': 'Neo.ClientError.Statement.ParameterMissing',
    'CALL no.such.procedure()': 'Neo.ClientError.Procedure.ProcedureNotFound'
  })) {
    const error = await raised(() => driver.executeQuery(query))
    assert.equal(error.code, code, query)
    assert.equal(neo4j.isRetryableError(error), false, query)
  }
}

checks.a_broken_constraint = async driver => {
  const name = label()
  await driver.executeQuery(`CREATE CONSTRAINT FOR (n:${name}) REQUIRE n.k IS UNIQUE`)
  await driver.executeQuery(`CREATE (:${name} {k: 1})`)
  const error = await raised(() => driver.executeQuery(`CREATE (:${name} {k: 1})`))
  assert.equal(error.code, 'Neo.ClientError.Schema.ConstraintValidationFailed')
}

checks.timeouts_stop_a_query = async driver => {
  const session = driver.session()
  const error = await raised(() => session.run(SLOW, {}, { timeout: 300 }))
  assert.match(error.code, /^Neo\.ClientError\.Transaction\.TransactionTimedOut/)
  const again = await raised(() => session.executeRead(tx => tx.run(SLOW), { timeout: 300 }))
  assert.match(again.code, /^Neo\.ClientError\.Transaction\.TransactionTimedOut/)
  assert.equal((await session.run('RETURN 1')).records[0].get(0).toNumber(), 1)
  await session.close()
}

// --- types

const t = neo4j.types
const SCALARS = [
  null, true, false, int(0), int(-1), int(127), int(128), int(-129), int(32768), int('-2147483649'),
  int('9223372036854775807'), int('-9223372036854775808'), 0.5, -1e300, Infinity, -Infinity, '', 'a', 'x'.repeat(16),
  'y'.repeat(300), 'naïve \u0000 \u2028 𝒳', new t.Date(1, 1, 1), new t.Date(9999, 12, 31), new t.LocalTime(23, 59, 59, 999999999),
  new t.Time(12, 0, 0, 1, 7200), new t.LocalDateTime(2024, 2, 29, 23, 59, 59, 999999999),
  new t.DateTime(1969, 12, 31, 23, 59, 59, 999999999, -19800), new t.DateTime(2024, 7, 1, 12, 30, 15, 5, 7200, 'Europe/Stockholm'),
  new t.Duration(14, -3, 70, 5), new t.Duration(0, 0, -1, 5), new t.Point(int(7203), 1.5, -2.5), new t.Point(int(9157), 1, 2, 3.5),
  new t.Point(int(4326), 12.5, 55.7), new t.Point(int(4979), 12.5, 55.7, 9.5)
]
const text = value => (value === null ? 'null' : `${value.constructor.name} ${value.toString()}`)

checks.every_scalar_comes_back_as_it_was = async driver => {
  for (const value of SCALARS) {
    assert.equal(text(await one(driver, 'RETURN $value', { value })), text(value))
    if (value === null) continue
    const name = label()
    await driver.executeQuery(`CREATE (:${name} {v: $value})`, { value })
    assert.equal(text(await one(driver, `MATCH (n:${name}) RETURN n.v`)), text(value))
  }
  assert.ok(Number.isNaN(await one(driver, 'RETURN $value', { value: NaN })))
}

checks.bytes_lists_and_maps_come_back_as_they_were = async driver => {
  const bytes = new Int8Array([0, 1, -1, 127, -128])
  assert.deepEqual([...new Int8Array(await one(driver, 'RETURN $value', { value: bytes }))], [...bytes])
  for (const value of [[], ['a', null, 1.5, [true]], {}, { a: { b: ['x', { c: null }] } }]) {
    assert.deepEqual(await one(driver, 'RETURN $value', { value }), value)
  }
}

checks.nodes_relationships_and_paths = async driver => {
  const name = label()
  const { records } = await driver.executeQuery(
    `CREATE p = (a:${name}:Second {i: 1})-[r:KNOWS {since: 2020}]->(b:${name} {i: 2})<-[:LIKES]-(c:${name}) RETURN a, r, b, p`
  )
  const [a, r, b, p] = ['a', 'r', 'b', 'p'].map(key => records[0].get(key))
  assert.ok(neo4j.isNode(a) && neo4j.isRelationship(r) && neo4j.isPath(p))
  assert.deepEqual([...a.labels].sort(), [name, 'Second'].sort())
  assert.equal(r.type, 'KNOWS')
  assert.equal(r.properties.since.toNumber(), 2020)
  assert.deepEqual([r.startNodeElementId, r.endNodeElementId], [a.elementId, b.elementId])
  assert.equal(p.length, 2)
  assert.deepEqual(p.segments.map(s => s.relationship.type), ['KNOWS', 'LIKES'])
  assert.equal(p.segments[1].relationship.endNodeElementId, b.elementId)
  const again = await one(driver, 'MATCH (n) WHERE elementId(n) = $id RETURN n.i', { id: a.elementId })
  assert.equal(again.toNumber(), 1)
}

// --- main

const driver = neo4j.driver(`neo4j://${address}`)
console.log(JSON.stringify({
  driver: `neo4j-driver ${require('neo4j-driver/package.json').version}`, checks: Object.keys(checks)
}))
let failed = 0
for (const [name, work] of Object.entries(checks)) {
  const began = performance.now()
  try {
    await work(driver)
    console.log(JSON.stringify({ check: name, error: null, seconds: (performance.now() - began) / 1000 }))
  } catch (error) {
    failed++
    console.log(JSON.stringify({ check: name, error: String(error.stack) }))
  }
}
await driver.close()
process.exit(failed)
