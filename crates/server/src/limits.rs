//! Bounds of this crate that no setting changes, units in the names. Those that operators set are in `config.rs`.

use std::time::Duration;

/// A statement that is still running on the lane after this is rolled back and runs on the pool instead.
pub const LANE_BUDGET_MS: u64 = 5;
/// Conflicts after which a long statement runs in the lane's turn to its end.
pub const POOL_CONFLICTS_MAX: u32 = 3;
/// Entries proposed and not yet applied.
pub const ENTRIES_IN_FLIGHT_MAX: usize = 32;
/// With this many entries in flight a further one waits until it is worth its while: it costs every node as much as fifty
/// small transactions in an entry that is sent anyway. One is being flushed, one waits for the disk.
pub const ENTRIES_IN_FLIGHT_USUAL: usize = 2;
/// It is worth it with this many bytes,
pub const ENTRY_BYTES_WORTH_IT: usize = 64 * 1024;
/// or when the last one was sent this long ago: the others are far away then.
pub const ENTRY_SPACING: Duration = Duration::from_millis(2);
/// The lane seals an entry when it holds this much, so that none delays a heartbeat.
pub const ENTRY_BYTES_TARGET: usize = 256 * 1024;
/// What one log entry carries; an entry of the lane that is larger goes out in parts.
pub const PART_BYTES_MAX: usize = 768 * 1024;
/// Parts of one entry in flight: the log's writer has votes to write, too.
pub const PARTS_IN_FLIGHT_MAX: usize = 8;
/// The effects of one transaction.
pub const TRANSACTION_BYTES_MAX: usize = 256 * 1024 * 1024;
/// What a transaction with a key keeps of its answers: rows within this, a result that does not fit keeps its counters alone;
pub const ANSWERS_ROWS_BYTES_MAX: usize = 64 * 1024;
/// and all together.
pub const ANSWERS_BYTES_MAX: usize = 96 * 1024;
/// A client's idempotency key. Its length is one byte in the log.
pub const CLIENT_KEY_BYTES_MAX: usize = 128;
/// Idempotency keys that are remembered, and what they may take with their answers.
pub const CLIENT_KEYS_MAX: usize = 262_144;
pub const CLIENT_KEYS_BYTES_MAX: usize = 64 * 1024 * 1024;
/// For so long an idempotency key is remembered at least, by the leaders' clocks: twice as long as drivers try again.
pub const CLIENT_KEY_AGE_MS_MIN: u64 = 60_000;
/// Keys of relayed writes that are remembered for each relaying node: of those that it has settled none are.
pub const RELAY_KEYS_MAX: usize = 65_536;
pub const RELAY_KEYS_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Nodes whose relay keys are remembered.
pub const RELAYING_NODES_MAX: usize = 256;
/// Statements executed before the lane looks at its other duties.
pub const LANE_TURN_STATEMENTS_MAX: usize = 512;
/// A statement that has waited for its turn this long fails: more is uncommitted than may be, and none of it commits.
pub const LANE_WAIT_MAX: Duration = Duration::from_secs(10);
/// Statements that wait for the lane; past it new ones fail at once.
pub const LANE_QUEUE_MAX: usize = 16_384;
/// Effects of committed transactions kept for open ones.
pub const HISTORY_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How long a transaction keeps others from what it read and wrote.
pub const CLAIM_MS_MAX: u64 = 2_000;
/// After a refused proposal the lane stays closed this long: a leader that is cut off refuses at once, again and again.
pub const LANE_PAUSE: Duration = Duration::from_millis(5);
/// How often the lane looks for claims and parked statements whose time is up.
pub const LANE_TICK: Duration = Duration::from_millis(50);
/// Recent openings of lanes that the state machine remembers, to tell what became of a proposal.
pub const OPENINGS_MAX: usize = 64;
/// Views that the lane built and the state machine has not published yet.
pub const PREPARED_MAX: usize = ENTRIES_IN_FLIGHT_MAX + 2;
/// Entries whose fingerprints are kept for comparing nodes; seconds of them under full load.
pub const FINGERPRINTS_MAX: usize = 4_096;
/// How long the fate of a proposal is looked for before the client is told that it is unknown.
pub const RESOLVE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a statement waits for a leader to be known before it fails.
pub const LEADER_WAIT: Duration = Duration::from_secs(2);
/// Between two questions for a read point while nobody leads.
pub const READ_RETRY_PAUSE: Duration = Duration::from_millis(5);
/// A leader that has been asked and from which nothing has come for so long, not even a sign of life, is given up.
pub const RELAY_SILENCE_MAX: Duration = Duration::from_secs(5);
/// So long the old leader may still answer when another one is known.
pub const RELAY_DEPOSED_GRACE: Duration = Duration::from_millis(100);
/// Between two attempts to reach a leader, if the leader does not change meanwhile.
pub const RELAY_RETRY_PAUSE: Duration = Duration::from_millis(25);
/// What is remembered of a relayed transaction, to run it again when the leader is lost.
pub const TRANSCRIPT_STATEMENTS_MAX: usize = 256;
pub const TRANSCRIPT_BYTES_MAX: usize = 1024 * 1024;
/// Idle forwarded connections kept per member.
pub const FORWARD_POOL_MAX: usize = 64;
/// A read that has not ended after this moves from the serving thread to the pool.
pub const INLINE_READ_BUDGET: Duration = Duration::from_millis(1);
/// Rows that a read may collect on the serving thread before it moves to the pool.
pub const INLINE_READ_ROWS_MAX: usize = 2_000;
/// Batches of rows between a pool thread and a connection.
pub const STREAM_BATCHES_MAX: usize = 8;
/// Threads of the pool for long reads and long writes.
pub const POOL_THREADS_MAX: usize = 16;
/// Compilations that wait for the planner thread.
pub const COMPILATIONS_WAITING_MAX: usize = 1_024;
/// One compilation.
pub const COMPILE_TIMEOUT: Duration = Duration::from_secs(10);
/// Query text.
pub const QUERY_BYTES_MAX: usize = 1024 * 1024;
/// Redirects that LOAD CSV follows.
pub const CSV_REDIRECTS_MAX: usize = 5;
/// Open results of one transaction.
pub const RESULTS_OPEN_MAX: usize = 64;
/// Effects of one explicit transaction.
pub const TRANSACTION_EFFECTS_MAX: usize = 4_000_000;
/// Seconds that drivers keep a routing table.
pub const ROUTING_TTL_SECONDS: i64 = 10;
/// The drain of a node that is told to stop.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// How often it is looked whether a draining node is done.
pub const DRAIN_LOOK: Duration = Duration::from_millis(10);
/// Handing leadership over when a node stops.
pub const TRANSFER_TIMEOUT: Duration = Duration::from_secs(2);
/// Plans that a thread keeps for itself in front of the plan cache: a working set, not counted by its bytes.
pub const THREAD_PLANS_MAX: usize = 128;
/// After so many questions it begins a new one, for those that are asked now.
pub const THREAD_PLANS_QUESTIONS: u32 = 100_000;
/// The longest text among them, with the types of its parameters.
pub const THREAD_PLAN_KEY_BYTES_MAX: usize = 4 * 1024;
