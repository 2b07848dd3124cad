//! What the log says besides its entries, as it follows from the records so far. The writer keeps one, recovery computes
//! one, and every segment's header holds the one of its beginning: all three through [`Checkpoint::note`].

use super::format::{Record, put_leadership, put_log_id, take_leadership, take_log_id};
use super::types::{LogId, Vote};
use crate::LogIndex;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Checkpoint {
    pub(super) vote: Option<Vote>,
    /// Entries up to and with this one are covered by a snapshot.
    pub(super) purged: Option<LogId>,
    pub(super) committed: Option<LogId>,
    /// The last entry, or `purged` where that lies behind it.
    pub(super) last: Option<LogId>,
}

impl Checkpoint {
    /// The index that the next entry must have; None: a log that holds nothing may begin anywhere.
    pub(super) fn due(&self) -> Option<LogIndex> {
        self.last.map(|last| last.index + 1)
    }

    pub(super) fn note(&mut self, record: &Record) {
        match record {
            Record::Entry(entry) => self.last = Some(entry.id),
            Record::Vote(vote) => self.vote = Some(*vote),
            Record::TruncateAfter(keep) => {
                if self.last.is_some_and(|last| keep.is_none_or(|keep| keep.index < last.index)) {
                    self.last = *keep;
                }
            }
            Record::PurgeUpTo(id) => {
                self.purged = Some(*id);
                if self.last.is_none_or(|last| last.index < id.index) {
                    self.last = Some(*id);
                }
            }
            Record::Committed(id) => self.committed = Some(*id),
            Record::Seal => {}
        }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.vote.is_some()));
        if let Some(vote) = &self.vote {
            put_leadership(out, &vote.leader);
            out.push(u8::from(vote.committed));
        }
        for id in [&self.purged, &self.committed, &self.last] {
            out.push(u8::from(id.is_some()));
            if let Some(id) = id {
                put_log_id(out, id);
            }
        }
    }

    /// None: the bytes are no checkpoint.
    pub(super) fn read(mut rest: &[u8]) -> Option<Checkpoint> {
        let mut checkpoint = Checkpoint::default();
        let (&has_vote, after) = rest.split_first()?;
        rest = after;
        if has_vote == 1 {
            let (leader, after) = take_leadership(rest)?;
            let (&committed, after) = after.split_first()?;
            checkpoint.vote = Some(Vote { leader, committed: committed == 1 });
            rest = after;
        }
        for id in [&mut checkpoint.purged, &mut checkpoint.committed, &mut checkpoint.last] {
            let (&is_there, after) = rest.split_first()?;
            rest = after;
            if is_there == 1 {
                let (found, after) = take_log_id(rest)?;
                *id = Some(found);
                rest = after;
            }
        }
        Some(checkpoint)
    }
}
