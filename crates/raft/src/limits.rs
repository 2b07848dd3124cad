//! Bounds of this crate.

/// Entries sent to a follower in one request, in bytes; one entry may be larger.
pub(crate) const APPEND_BYTES_MAX: usize = 2 << 20;
/// One frame between peers.
pub(crate) const FRAME_BYTES_MAX: usize = 64 << 20;
/// One piece of a snapshot on its way to a follower.
pub(crate) const SNAPSHOT_CHUNK_BYTES: usize = 1 << 20;
/// Entries kept behind a snapshot, so that a follower that was away for a moment needs none; less if they are large.
pub(crate) const ENTRIES_KEPT_MAX: u64 = 20_000;
/// Proposals handed in and not yet taken by consensus.
pub(crate) const PROPOSALS_QUEUED_MAX: usize = 8_192;
/// Requests that wait for one peer connection.
pub(crate) const REQUESTS_QUEUED_MAX: usize = 1_024;
/// A learner that misses more than this is not made a voter: until it had them, nothing might be committed.
pub(crate) const PROMOTION_LAG_ENTRIES_MAX: u64 = 5_000;
/// Nor is leadership handed to a node that misses more: it has half an election timeout to get them.
pub(crate) const HANDOVER_LAG_ENTRIES_MAX: u64 = 1_000;
