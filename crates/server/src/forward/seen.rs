//! What a client has got of a result, in a form that tells whether another run gives the same.

use samyama_bolt::Records;
use samyama_graph::Digest;

/// Records that have gone out, as a number and a hash of them all in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    pub count: u64,
    hash: u128,
}

impl Seen {
    /// One more, as it is encoded.
    pub fn note(&mut self, record: &[u8]) {
        self.count += 1;
        self.hash = Digest::default().bytes(&self.hash.to_le_bytes()).bytes(record).finish();
    }
}

/// Records on their way to a client, which may have the first ones already.
pub(super) struct Passing<'a, R> {
    records: &'a mut R,
    pub seen: Seen,
    /// What the client has.
    has: Seen,
    pub differs: bool,
}

impl<'a, R: Records> Passing<'a, R> {
    pub fn new(records: &'a mut R, seen: Seen, has: Seen) -> Self {
        Self { records, seen, has, differs: false }
    }

    pub fn raw(&mut self, record: &[u8]) {
        self.seen.note(record);
        if self.seen.count > self.has.count {
            self.records.raw(record);
        } else if self.seen.count == self.has.count {
            self.differs = self.seen != self.has;
        }
    }

    pub async fn flush_if_full(&mut self) {
        // A client that has gone is noticed by the server half.
        drop(self.records.flush_if_full().await);
    }
}
