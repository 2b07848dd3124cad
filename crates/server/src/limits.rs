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
/// The largest entry, one transaction included.
pub const ENTRY_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Statements executed before the lane looks at its other duties.
pub const LANE_TURN_STATEMENTS_MAX: usize = 512;
/// Statements that wait for the lane; past it new ones fail at once.
pub const LANE_QUEUE_MAX: usize = 16_384;
/// Effects of committed transactions kept for open ones.
pub const HISTORY_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How long a transaction keeps others from what it read and wrote.
pub const CLAIM_MS_MAX: u64 = 2_000;
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
/// How often a statement is handed to a leader that turns out not to lead.
pub const FORWARDS_MAX: u32 = 20;
/// Connecting to the leader for a forwarded session.
pub const FORWARD_CONNECT_TIMEOUT: Duration = Duration::from_millis(500);
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
/// Open results of one transaction.
pub const RESULTS_OPEN_MAX: usize = 64;
/// Effects of one explicit transaction.
pub const TRANSACTION_EFFECTS_MAX: usize = 4_000_000;
/// Seconds that drivers keep a routing table.
pub const ROUTING_TTL_SECONDS: i64 = 10;
/// The drain of a node that is told to stop.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// Handing leadership over when a node stops.
pub const TRANSFER_TIMEOUT: Duration = Duration::from_secs(2);
