//! How long commits take, and what is on its way to the log: measured around it, so that neither lane nor log knows.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use bytes::Bytes;
use samyama_raft::{Applied, Histogram, LogIndex, ProposeError};

use crate::host::Boxed;
use crate::lane::{Log, ReadyReceiver};

/// Counted on the leader, an entry at a time.
#[derive(Default)]
pub struct CommitMetrics {
    /// From the proposal until it is applied here: the disk, the quorum, the state machine.
    pub seconds: Histogram,
    pub entries_in_flight: AtomicU64,
    pub bytes_in_flight: AtomicU64,
}

/// A log, watched.
pub struct Measured<L> {
    inner: L,
    metrics: Arc<CommitMetrics>,
}

impl<L: Log> Measured<L> {
    pub fn new(inner: L, metrics: Arc<CommitMetrics>) -> Self {
        Self { inner, metrics }
    }
}

/// An entry on its way; it has arrived, or nobody waits for it any more, when this is dropped.
struct InFlight {
    metrics: Arc<CommitMetrics>,
    bytes: u64,
}

impl InFlight {
    fn new(metrics: &Arc<CommitMetrics>, bytes: u64) -> Self {
        metrics.entries_in_flight.fetch_add(1, Ordering::Relaxed);
        metrics.bytes_in_flight.fetch_add(bytes, Ordering::Relaxed);
        Self { metrics: Arc::clone(metrics), bytes }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.metrics.entries_in_flight.fetch_sub(1, Ordering::Relaxed);
        self.metrics.bytes_in_flight.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl<L: Log> Log for Measured<L> {
    fn propose(&self, payload: Bytes) -> Boxed<Result<(LogIndex, Applied), ProposeError>> {
        let in_flight = InFlight::new(&self.metrics, payload.len() as u64);
        let began = Instant::now();
        let outcome = self.inner.propose(payload);
        Box::pin(async move {
            let outcome = outcome.await;
            if outcome.is_ok() {
                in_flight.metrics.seconds.observe(began.elapsed());
            }
            outcome
        })
    }

    fn ready(&self) -> ReadyReceiver {
        self.inner.ready()
    }

    fn may_lead(&self) -> bool {
        self.inner.may_lead()
    }

    fn shortage(&self) -> Option<Arc<str>> {
        self.inner.shortage()
    }
}
