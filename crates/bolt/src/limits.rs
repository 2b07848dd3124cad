//! Every bound of the Bolt rooms, in one place. Reaching one is an error that names it.
//!
//! Buffers grow with the bytes that arrive, never with a length that a client declares.

use std::time::Duration;

/// Bytes of one message before the client has authenticated.
pub const MESSAGE_BYTES_MAX_BEFORE_AUTHENTICATION: usize = 64 * 1024;

/// Bytes of one message from an authenticated client.
pub const MESSAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Bytes that a client may have sent ahead of the request that is running. The server reads on while a request runs,
/// so that it always sees a RESET; a client that sends more than this is told so and loses the connection.
pub const PIPELINED_BYTES_MAX: usize = 2 * MESSAGE_BYTES_MAX;

/// Levels of lists, dictionaries and structures inside one message from a client, the message itself not counted.
pub const NESTING_DEPTH_MAX: usize = 64;

/// Levels of lists and maps inside a result. Cypher can build deeper values than a client may send.
pub const RESULT_NESTING_DEPTH_MAX: usize = 256;

/// Bytes of a query's text.
pub const QUERY_BYTES_MAX: usize = 1024 * 1024;

/// Number of parameters of a query.
pub const PARAMETERS_MAX: usize = 65_535;

/// Results that may be open at a time in one explicit transaction.
pub const OPEN_RESULTS_MAX: usize = 1_000;

/// Bytes of answers after which they are written to the socket although more requests wait.
pub const FLUSH_BYTES: usize = 64 * 1024;

/// Capacity that a connection's buffers keep after a burst.
pub const BUFFER_BYTES_KEPT: usize = 256 * 1024;

/// From accepting a connection to the end of the handshake.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// From the end of the handshake to the first successful authentication.
pub const AUTHENTICATION_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a client may leave answers unread while there are more to send.
pub const WRITE_STALL_TIMEOUT: Duration = Duration::from_secs(60);

/// What is still read from a client that was told that it broke the protocol, so that it gets to hear it.
pub const LINGER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// For how long that is done.
pub const LINGER_TIME_MAX: Duration = Duration::from_secs(2);

/// Statements that a backend is told of before their turn.
pub const ANNOUNCED_MAX: usize = 64;

/// Bounds of a load: connections, requests in flight on each, threads, and how long it takes.
pub const LOAD_CONNECTIONS_MAX: usize = 10_000;
pub const LOAD_DEPTH_MAX: usize = 4_096;
pub const LOAD_THREADS_MAX: usize = 64;
pub const LOAD_DURATION_MS_MAX: u64 = 24 * 3_600_000;

/// The longest text that a load makes up for a parameter.
pub const LOAD_TEXT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The bounds that an operator may move, with the defaults above.
#[derive(Clone, Debug)]
pub struct Limits {
    pub message_bytes_max_before_authentication: usize,
    pub message_bytes_max: usize,
    pub pipelined_bytes_max: usize,
    pub nesting_depth_max: usize,
    pub query_bytes_max: usize,
    pub parameters_max: usize,
    pub open_results_max: usize,
    pub handshake_timeout: Duration,
    pub authentication_timeout: Duration,
    pub write_stall_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes_max_before_authentication: MESSAGE_BYTES_MAX_BEFORE_AUTHENTICATION,
            message_bytes_max: MESSAGE_BYTES_MAX,
            pipelined_bytes_max: PIPELINED_BYTES_MAX,
            nesting_depth_max: NESTING_DEPTH_MAX,
            query_bytes_max: QUERY_BYTES_MAX,
            parameters_max: PARAMETERS_MAX,
            open_results_max: OPEN_RESULTS_MAX,
            handshake_timeout: HANDSHAKE_TIMEOUT,
            authentication_timeout: AUTHENTICATION_TIMEOUT,
            write_stall_timeout: WRITE_STALL_TIMEOUT,
        }
    }
}
