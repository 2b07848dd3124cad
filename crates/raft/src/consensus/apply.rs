//! The boxed state machine, as openraft drives it: drains what is committed, applies it as one batch, then answers.

use std::io;
use std::io::ErrorKind::{QuotaExceeded, StorageFull};
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt, Stream, StreamExt};
use openraft::entry::EntryPayload;
use openraft::storage::{EntryResponder, RaftStateMachine, Snapshot, SnapshotMeta};
use openraft::{AsyncRuntime, OptionalSend, RaftSnapshotBuilder};
use parking_lot::Mutex;

use super::convert::*;
use super::snapshot_head::SnapshotHead;
use super::snapshots::{SnapshotData, SnapshotFile, SnapshotStore};
use super::types::*;
use crate::log::LogId;
use crate::roster::Roster;
use crate::runtime::offloaded;
use crate::{CommittedEntry, LogIndex, SnapshotSource, StateMachine, watch};

/// Entries applied as one batch: one view is published for all of them.
const BATCH_MAX: usize = 1_024;
/// How soon a snapshot is tried again that there was no room for.
const NO_ROOM_RETRY: Duration = Duration::from_secs(5);

pub(crate) struct Machine<T: Runtime> {
    /// Only ever used by one task; the lock makes it shareable, which openraft asks for.
    inner: Mutex<Box<dyn StateMachine>>,
    snapshots: Option<SnapshotStore>,
    last_applied: Option<OLogId<T>>,
    membership: OMembership<T>,
    current: Option<(Meta, Option<SnapshotFile>)>,
    applied: Arc<watch::Sender<LogIndex>>,
    roster: Arc<Roster>,
    runtime: PhantomData<T>,
}

type Meta = SnapshotMeta<LeaderId, u64, MemberRecord>;

impl<T: Runtime> Machine<T> {
    /// Starts empty; with the newest snapshot on disk loaded, if there is one.
    ///
    /// # Errors
    /// When that snapshot is damaged.
    pub(crate) fn open(
        mut inner: Box<dyn StateMachine>,
        snapshots: Option<SnapshotStore>,
        applied: Arc<watch::Sender<LogIndex>>,
        roster: Arc<Roster>,
    ) -> io::Result<Self> {
        let (mut last_applied, mut membership, mut current) = (None, OMembership::<T>::default(), None);
        if let Some(store) = &snapshots
            && let Some((file, head)) = store.newest()?
        {
            let staged = file.decode(inner.decode_snapshot())?;
            let meta = meta_of::<T>(&head)?;
            inner.install(staged, head.last.map(|id| id.index));
            last_applied = meta.last_log_id;
            membership = meta.last_membership.clone();
            roster.restore(membership.membership(), head.ids_max);
            applied.send_replace(head.last.map_or(0, |id| id.index));
            current = Some((meta, Some(file)));
        }
        Ok(Machine {
            inner: Mutex::new(inner),
            snapshots,
            last_applied,
            membership,
            current,
            applied,
            roster,
            runtime: PhantomData,
        })
    }

    fn note_installed(&mut self, meta: &Meta, file: Option<SnapshotFile>, ids_max: u64) {
        self.roster.restore(meta.last_membership.membership(), ids_max);
        self.last_applied = meta.last_log_id;
        self.membership = meta.last_membership.clone();
        self.current = Some((meta.clone(), file));
        self.applied.send_replace(meta.last_log_id.map_or(0, |id| id.index()));
    }
}

pub(crate) fn head_of(meta: &Meta, ids_max: u64) -> SnapshotHead {
    let id = |id: &openraft::LogId<LeaderId>| LogId {
        leader: leadership(id.committed_leader_id()),
        index: id.index(),
    };
    SnapshotHead {
        last: meta.last_log_id.as_ref().map(id),
        membership_id: meta.last_membership.log_id().as_ref().map(id),
        membership: encode_membership(meta.last_membership.membership()),
        ids_max,
    }
}

pub(crate) fn meta_of<T: Runtime>(head: &SnapshotHead) -> io::Result<Meta> {
    let membership = decode_membership(&head.membership)?;
    Ok(SnapshotMeta {
        last_log_id: head.last.map(open_log_id::<T>),
        last_membership: OMembership::<T>::new(head.membership_id.map(open_log_id::<T>), membership),
    })
}

impl<T: Runtime> RaftStateMachine<Cfg<T>> for Machine<T> {
    type SnapshotData = SnapshotData;
    type SnapshotBuilder = Builder<T>;

    async fn applied_state(&mut self) -> Result<(Option<OLogId<T>>, OMembership<T>), io::Error> {
        Ok((self.last_applied, self.membership.clone()))
    }

    async fn apply<S>(&mut self, mut entries: S) -> Result<(), io::Error>
    where
        S: Stream<Item = Result<EntryResponder<Cfg<T>>, io::Error>> + Unpin + OptionalSend,
    {
        loop {
            let Some(first) = entries.next().await else { return Ok(()) };
            let (mut batch, mut responders) = (Vec::new(), Vec::new());
            let mut next = Some(first);
            while let Some(item) = next {
                let (entry, responder) = item?;
                let id = log_id::<T>(&entry.log_id);
                let payload = match entry.payload {
                    EntryPayload::Normal(proposal) => proposal.0,
                    EntryPayload::Blank => bytes::Bytes::new(),
                    EntryPayload::Membership(membership) => {
                        self.roster.note_committed(&membership);
                        self.membership = OMembership::<T>::new(Some(entry.log_id), membership);
                        bytes::Bytes::new()
                    }
                };
                self.last_applied = Some(entry.log_id);
                batch.push(CommittedEntry { index: id.index, leader: id.leader, payload });
                responders.push(responder);
                next = if batch.len() < BATCH_MAX { entries.next().now_or_never().flatten() } else { None };
            }
            let last = batch.last().map_or(0, |entry| entry.index);
            let outcomes = self.inner.get_mut().apply(batch);
            assert!(
                outcomes.len() == responders.len(),
                "apply gave {} outcomes for {}",
                outcomes.len(),
                responders.len()
            );
            self.applied.send_replace(last);
            for (outcome, responder) in outcomes.into_iter().zip(responders) {
                if let Some(responder) = responder {
                    responder.send(Outcome(outcome));
                }
            }
        }
    }

    async fn try_create_snapshot_builder(&mut self, _force: bool) -> Option<Builder<T>> {
        Some(self.get_snapshot_builder().await)
    }

    async fn get_snapshot_builder(&mut self) -> Builder<T> {
        Builder {
            source: Arc::from(self.inner.get_mut().snapshot_source()),
            snapshots: self.snapshots.clone(),
            meta: Meta { last_log_id: self.last_applied, last_membership: self.membership.clone() },
            ids_max: self.roster.ids_max(),
            runtime: PhantomData,
        }
    }

    async fn install_snapshot(&mut self, meta: &Meta, snapshot: SnapshotData) -> Result<(), io::Error> {
        let SnapshotData { mut file, staged } = snapshot;
        let staged = match (staged, &file, &self.snapshots) {
            (Some(staged), _, _) => staged,
            // One of our own, which openraft installs at start.
            (None, Some(own), Some(store)) if store.is_own(own) => {
                own.decode(self.inner.get_mut().decode_snapshot())?
            }
            (None, Some(foreign), Some(store)) => {
                let (own, _, staged) = store.copy(foreign)?.finish(self.inner.get_mut().decode_snapshot())?;
                file = Some(own);
                staged
            }
            (None, _, _) => return Err(io::Error::other("a snapshot without content")),
        };
        self.inner.get_mut().install(staged, meta.last_log_id.map(|id| id.index()));
        let ids_max = file.as_ref().map_or(Ok(0), |file| file.head().map(|head| head.ids_max))?;
        self.note_installed(meta, file, ids_max);
        Ok(())
    }

    async fn get_current_snapshot(
        &mut self,
    ) -> Result<Option<Snapshot<LeaderId, u64, MemberRecord, SnapshotData>>, io::Error> {
        // The newest file on disk, which a builder may have finished since.
        if let Some(store) = &self.snapshots
            && let Some((file, head)) = store.newest()?
        {
            return Ok(Some(Snapshot {
                meta: meta_of::<T>(&head)?,
                snapshot: SnapshotData { file: Some(file), staged: None },
            }));
        }
        Ok(self.current.as_ref().map(|(meta, file)| Snapshot {
            meta: meta.clone(),
            snapshot: SnapshotData { file: file.clone(), staged: None },
        }))
    }
}

/// Serialises a frozen state while writes go on.
pub(crate) struct Builder<T: Runtime> {
    source: Arc<dyn SnapshotSource>,
    snapshots: Option<SnapshotStore>,
    meta: Meta,
    ids_max: u64,
    runtime: PhantomData<T>,
}

impl<T: Runtime> RaftSnapshotBuilder<Cfg<T>> for Builder<T> {
    type SnapshotData = SnapshotData;

    async fn build_snapshot(
        &mut self,
    ) -> Result<Snapshot<LeaderId, u64, MemberRecord, SnapshotData>, io::Error> {
        let meta = self.meta.clone();
        let Some(store) = self.snapshots.clone() else {
            // Without a disk there is nothing to restart from: the "snapshot" only lets the log be purged.
            return Ok(Snapshot { meta, snapshot: SnapshotData { file: None, staged: None } });
        };
        let head = Arc::new(head_of(&meta, self.ids_max));
        loop {
            let (store, head, source) = (store.clone(), Arc::clone(&head), Arc::clone(&self.source));
            match offloaded::<T, _>(move || store.write(&head, |out| source.write(out))).await? {
                Ok(file) => {
                    return Ok(Snapshot { meta, snapshot: SnapshotData { file: Some(file), staged: None } });
                }
                // No reason to stop: the log has room of its own, and space may be freed.
                Err(error) if matches!(error.kind(), StorageFull | QuotaExceeded) => {
                    tracing::error!(
                        "no room for a snapshot, so the log grows on; it is tried again: {error}"
                    );
                    T::Rt::sleep(NO_ROOM_RETRY).await;
                }
                Err(error) => return Err(error),
            }
        }
    }
}
