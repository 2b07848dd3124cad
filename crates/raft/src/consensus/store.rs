//! The log, as openraft asks for it.
//!
//! All of this runs inside openraft's core task: nothing blocks, except that `save_vote` waits for the disk, as it must.

use std::fmt::Debug;
use std::io;
use std::marker::PhantomData;
use std::ops::{Bound, Range, RangeBounds};
use std::sync::Arc;

use openraft::entry::EntryPayload;
use openraft::storage::{IOFlushed, LogState, RaftLogStorage};
use openraft::{OptionalSend, RaftLogReader};

use super::convert::*;
use super::types::*;
use crate::journey::Journeys;
use crate::limits::APPEND_BYTES_MAX;
use crate::log::{FlushCallback, Log};
use crate::roster::Roster;

/// Both log storage and log reader: all clones are one log.
#[derive(Clone)]
pub(crate) struct LogStore<T> {
    pub(crate) log: Log,
    journeys: Arc<Journeys>,
    roster: Arc<Roster>,
    runtime: PhantomData<T>,
}

impl<T: Runtime> LogStore<T> {
    pub(crate) fn new(log: Log, journeys: Arc<Journeys>, roster: Arc<Roster>) -> Self {
        LogStore { log, journeys, roster, runtime: PhantomData }
    }

    fn read(&self, range: Range<u64>, bytes_max: usize) -> io::Result<Vec<OEntry<T>>> {
        self.log.read(range, bytes_max).into_iter().map(open_entry::<T>).collect()
    }
}

fn range_of(range: &impl RangeBounds<u64>) -> Range<u64> {
    let start = match range.start_bound() {
        Bound::Included(index) => *index,
        Bound::Excluded(index) => index + 1,
        Bound::Unbounded => 0,
    };
    let end = match range.end_bound() {
        Bound::Included(index) => index + 1,
        Bound::Excluded(index) => *index,
        Bound::Unbounded => u64::MAX,
    };
    start..end.max(start)
}

impl<T: Runtime> RaftLogReader<Cfg<T>> for LogStore<T> {
    async fn try_get_log_entries<RB: RangeBounds<u64> + Clone + Debug + OptionalSend>(
        &mut self,
        range: RB,
    ) -> Result<Vec<OEntry<T>>, io::Error> {
        self.read(range_of(&range), usize::MAX)
    }

    async fn read_vote(&mut self) -> Result<Option<OVote<T>>, io::Error> {
        Ok(self.log.vote().map(open_vote::<T>))
    }

    async fn limited_get_log_entries(&mut self, start: u64, end: u64) -> Result<Vec<OEntry<T>>, io::Error> {
        self.read(start..end, APPEND_BYTES_MAX)
    }
}

impl<T: Runtime> RaftLogStorage<Cfg<T>> for LogStore<T> {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> Result<LogState<Cfg<T>>, io::Error> {
        let (purged, last) = self.log.ends();
        Ok(LogState {
            last_purged_log_id: purged.map(open_log_id::<T>),
            last_log_id: last.map(open_log_id::<T>),
        })
    }

    async fn get_log_reader(&mut self) -> Self::LogReader {
        self.clone()
    }

    async fn save_vote(&mut self, new: &OVote<T>) -> Result<(), io::Error> {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let callback = FlushCallback::new(move |outcome| drop(sender.send(outcome)));
        self.log.save_vote(vote::<T>(new), callback)?;
        match receiver.await {
            Ok(outcome) => outcome.map_err(io::Error::other),
            Err(_) => Err(io::Error::other("the log's writer has ended")),
        }
    }

    async fn save_committed(&mut self, committed: Option<OLogId<T>>) -> Result<(), io::Error> {
        if let Some(committed) = committed {
            self.journeys.note_committed(committed.index());
            self.log.save_committed(log_id::<T>(&committed));
        }
        Ok(())
    }

    async fn read_committed(&mut self) -> Result<Option<OLogId<T>>, io::Error> {
        Ok(self.log.committed().map(open_log_id::<T>))
    }

    async fn append<I>(&mut self, entries: I, callback: IOFlushed<Cfg<T>>) -> Result<(), io::Error>
    where
        I: IntoIterator<Item = OEntry<T>> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let note = |entry: OEntry<T>| {
            if let EntryPayload::Membership(membership) = &entry.payload {
                self.roster.note_known(membership);
            }
            log_entry::<T>(entry)
        };
        let entries: Vec<_> = entries.into_iter().map(note).collect();
        let ends = entries.first().zip(entries.last()).map(|(first, last)| (first.id, last.id));
        if let Some((first, last)) = ends {
            self.journeys.note_appended(first.index, last.index, last.leader.term);
        }
        let journeys = Arc::clone(&self.journeys);
        let callback = FlushCallback::new(move |outcome| {
            if let (Some((_, last)), Ok(())) = (ends, &outcome) {
                journeys.note_flushed(last.index);
            }
            callback.io_completed(outcome.map_err(io::Error::other));
        });
        self.log.append(entries, callback)
    }

    async fn truncate_after(&mut self, last: Option<OLogId<T>>) -> Result<(), io::Error> {
        self.log.truncate_after(last.as_ref().map(log_id::<T>))
    }

    async fn purge(&mut self, up_to: OLogId<T>) -> Result<(), io::Error> {
        self.log.purge(log_id::<T>(&up_to))
    }
}
