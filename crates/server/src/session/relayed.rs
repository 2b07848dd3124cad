//! The result of an auto-commit write that the leader has.

use std::time::Instant;

use samyama_bolt::{Failure, PullReply, Records};

use super::failures;
use super::statement::{Pending, ResultState};
use super::{BoltSession, NOT_A_LEADER};
use crate::forward::{DrawnKey, Relay, RelayError, Seen};
use crate::limits::{LEADER_WAIT, RESOLVE_TIMEOUT};

/// What has become of a statement at other nodes.
pub(super) struct Relaying {
    pub key: DrawnKey,
    /// Rows that the client has got.
    pub has: Seen,
    /// A node that may have done it was lost before it said so.
    pub is_asked: bool,
}

impl Relaying {
    pub fn new(key: DrawnKey) -> Self {
        Self { key, has: Seen::default(), is_asked: false }
    }
}

/// Kept with the statement, so that it can be sent to another leader.
pub(super) struct Relayed {
    relay: Relay,
    pending: Pending,
    /// What came over this connection; after a loss it begins anew.
    seen: Seen,
}

impl Relayed {
    pub fn new(relay: Relay, pending: Pending) -> Self {
        Self { relay, pending, seen: Seen::default() }
    }

    /// Rows that the client has got.
    pub fn sent(&self) -> u64 {
        self.pending.relaying.as_ref().map_or(0, |relaying| relaying.has.count)
    }

    pub fn into_relay(self) -> Relay {
        self.relay
    }
}

impl BoltSession {
    /// None: the statement is pending again, under its key.
    pub(super) async fn pull_relayed<R: Records>(
        &mut self,
        qid: i64,
        mut relayed: Box<Relayed>,
        n: Option<u64>,
        discard: bool,
        records: &mut R,
    ) -> Result<Option<PullReply>, Failure> {
        let Relayed { relay, pending, seen } = &mut *relayed;
        let has = pending.relaying.as_ref().map(|relaying| relaying.has).unwrap_or_default();
        let pulling = Box::pin(relay.pull(0, n, discard, records, seen, has));
        let outcome = self.interrupt.guard(pulling).await?;
        if let Some(relaying) = &mut pending.relaying
            && seen.count > relaying.has.count
        {
            relaying.has = *seen;
        }
        let error = match outcome {
            Ok(reply) => {
                pending.until = None;
                self.results.insert(qid, ResultState::Relayed(relayed));
                return Ok(Some(reply));
            }
            Err(error) => error,
        };
        let node = relay.node();
        let mut pending = relayed.pending;
        self.relay_failed(node, &mut pending, error).await?;
        if pending.until.is_some_and(|until| Instant::now() >= until) {
            return Err(pending.given_up());
        }
        if self.database.raft.leader_now() == Some(node) {
            // Nobody else is known yet.
            self.leader_moves().await?;
        }
        self.results.insert(qid, ResultState::Pending(Box::new(pending)));
        Ok(None)
    }

    /// Ok: to be asked again.
    async fn relay_failed(&self, node: u64, pending: &mut Pending, error: RelayError) -> Result<(), Failure> {
        let now = Instant::now();
        let Some(relaying) = &mut pending.relaying else {
            // CALL { } IN TRANSACTIONS has no key: it is many transactions.
            pending.until.get_or_insert(now + LEADER_WAIT);
            return match error {
                RelayError::Answered(failure) if failure.code == NOT_A_LEADER => Ok(()),
                RelayError::Lost(why) => Err(failures::unknown_batches(node, &why)),
                error => Err(error.into_failure(node)),
            };
        };
        match error {
            RelayError::Answered(failure) if failures::is_not_done(&failure) => {
                pending.until.get_or_insert(now + LEADER_WAIT);
                Ok(())
            }
            RelayError::Answered(failure) if failure.code == failures::STALE_KEY => self.stale_key(pending),
            RelayError::Answered(failure) if failure.code != failures::COMMIT_FAILED => {
                self.after_failure(pending, failure).await
            }
            RelayError::Answered(_) | RelayError::Lost(_) => {
                self.relays.forget(node);
                // From the first time that nothing is known.
                if !std::mem::replace(&mut relaying.is_asked, true) || pending.until.is_none() {
                    pending.until = Some(now + RESOLVE_TIMEOUT);
                }
                Ok(())
            }
            RelayError::Differs => Err(failures::rows_lost(relaying.has.count)),
            RelayError::Invalid(failure) => self.after_failure(pending, failure).await,
        }
    }
}
