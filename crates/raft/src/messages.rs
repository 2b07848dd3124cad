//! What nodes say to each other, and its bytes (`docs/format/peer_frames.md`): one kind byte, then fields in order. The
//! protocol's version is agreed in the hello; nothing of the consensus library is on the wire.

use std::io;

use bytes::Bytes;

use crate::log::{EntryKind, LogEntry, LogId, Vote};
use crate::wire::{Reader, Writer};
use crate::{Leadership, NodeId};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotChunk {
    pub vote: Vote,
    pub name: String,
    pub offset: u64,
    pub total: u64,
    pub data: Bytes,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    Append {
        vote: Vote,
        previous: Option<LogId>,
        committed: Option<LogId>,
        entries: Vec<LogEntry>,
    },
    Vote {
        vote: Vote,
        last: Option<LogId>,
        transfer: bool,
    },
    PreVote {
        vote: Vote,
        last: Option<LogId>,
        transfer: bool,
    },
    Transfer {
        from: Vote,
        to: NodeId,
        last: Option<LogId>,
    },
    SnapshotChunk(SnapshotChunk),
    /// A follower asks for a linearizable read point.
    ReadIndex,
    /// A leader with a full disk asks who could take over.
    Room,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// In words: not the leader, no quorum, damaged snapshot, …
    Refused(String),
    AppendSuccess,
    AppendPartial(Option<LogId>),
    AppendConflict,
    AppendHigherVote(Vote),
    Vote {
        vote: Vote,
        granted: bool,
        last: Option<LogId>,
    },
    TransferTaken,
    TransferVoteChanged {
        expected: Vote,
        actual: Vote,
    },
    TransferNotFlushed {
        expected: Option<LogId>,
        actual: Option<LogId>,
    },
    SnapshotChunk {
        received: u64,
    },
    SnapshotDone {
        vote: Vote,
    },
    ReadIndex {
        index: u64,
    },
    Room {
        has_room: bool,
    },
}

fn put_vote(out: &mut Writer, vote: &Vote) {
    out.u64(vote.leader.term);
    out.u64(vote.leader.node);
    out.u8(u8::from(vote.committed));
}

fn take_vote(input: &mut Reader) -> io::Result<Vote> {
    let leader = Leadership { term: input.u64()?, node: input.u64()? };
    Ok(Vote { leader, committed: input.u8()? != 0 })
}

fn put_id(out: &mut Writer, id: &LogId) {
    out.u64(id.leader.term);
    out.u64(id.leader.node);
    out.u64(id.index);
}

fn take_id(input: &mut Reader) -> io::Result<LogId> {
    let leader = Leadership { term: input.u64()?, node: input.u64()? };
    Ok(LogId { leader, index: input.u64()? })
}

fn put_optional_id(out: &mut Writer, id: &Option<LogId>) {
    out.u8(u8::from(id.is_some()));
    if let Some(id) = id {
        put_id(out, id);
    }
}

fn take_optional_id(input: &mut Reader) -> io::Result<Option<LogId>> {
    if input.u8()? == 0 { Ok(None) } else { take_id(input).map(Some) }
}

fn unknown(what: &str, kind: u8) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("a peer sent a {what} of the unknown kind {kind}"))
}

impl Request {
    pub fn encode(&self) -> Bytes {
        let mut out = Writer::default();
        match self {
            Request::Append { vote, previous, committed, entries } => {
                out.u8(1);
                put_vote(&mut out, vote);
                put_optional_id(&mut out, previous);
                put_optional_id(&mut out, committed);
                out.u32(entries.len() as u32);
                for entry in entries {
                    put_id(&mut out, &entry.id);
                    out.u8(entry.kind as u8);
                    out.bytes(&entry.payload);
                }
            }
            Request::Vote { vote, last, transfer } | Request::PreVote { vote, last, transfer } => {
                out.u8(if matches!(self, Request::Vote { .. }) { 2 } else { 3 });
                put_vote(&mut out, vote);
                put_optional_id(&mut out, last);
                out.u8(u8::from(*transfer));
            }
            Request::Transfer { from, to, last } => {
                out.u8(4);
                put_vote(&mut out, from);
                out.u64(*to);
                put_optional_id(&mut out, last);
            }
            Request::SnapshotChunk(chunk) => {
                out.u8(5);
                put_vote(&mut out, &chunk.vote);
                out.text(&chunk.name);
                out.u64(chunk.offset);
                out.u64(chunk.total);
                out.bytes(&chunk.data);
            }
            Request::ReadIndex => out.u8(6),
            Request::Room => out.u8(7),
        }
        out.finish()
    }

    /// # Errors
    /// When the bytes are no request.
    pub fn decode(bytes: Bytes) -> io::Result<Request> {
        let mut input = Reader::new(bytes);
        Ok(match input.u8()? {
            1 => {
                let (vote, previous, committed) =
                    (take_vote(&mut input)?, take_optional_id(&mut input)?, take_optional_id(&mut input)?);
                let mut entries = Vec::new();
                for _ in 0..input.count(29)? {
                    let id = take_id(&mut input)?;
                    let kind = match input.u8()? {
                        0 => EntryKind::Blank,
                        1 => EntryKind::Normal,
                        2 => EntryKind::Membership,
                        kind => return Err(unknown("log entry", kind)),
                    };
                    entries.push(LogEntry { id, kind, payload: input.bytes()? });
                }
                Request::Append { vote, previous, committed, entries }
            }
            kind @ (2 | 3) => {
                let (vote, last, transfer) =
                    (take_vote(&mut input)?, take_optional_id(&mut input)?, input.u8()? != 0);
                if kind == 2 {
                    Request::Vote { vote, last, transfer }
                } else {
                    Request::PreVote { vote, last, transfer }
                }
            }
            4 => Request::Transfer {
                from: take_vote(&mut input)?,
                to: input.u64()?,
                last: take_optional_id(&mut input)?,
            },
            5 => Request::SnapshotChunk(SnapshotChunk {
                vote: take_vote(&mut input)?,
                name: input.text()?,
                offset: input.u64()?,
                total: input.u64()?,
                data: input.bytes()?,
            }),
            6 => Request::ReadIndex,
            7 => Request::Room,
            kind => return Err(unknown("request", kind)),
        })
    }
}

impl Answer {
    pub fn encode(&self) -> Bytes {
        let mut out = Writer::default();
        match self {
            Answer::Refused(why) => {
                out.u8(0);
                out.text(why);
            }
            Answer::AppendSuccess => out.u8(1),
            Answer::AppendPartial(last) => {
                out.u8(2);
                put_optional_id(&mut out, last);
            }
            Answer::AppendConflict => out.u8(3),
            Answer::AppendHigherVote(vote) => {
                out.u8(4);
                put_vote(&mut out, vote);
            }
            Answer::Vote { vote, granted, last } => {
                out.u8(5);
                put_vote(&mut out, vote);
                out.u8(u8::from(*granted));
                put_optional_id(&mut out, last);
            }
            Answer::TransferTaken => out.u8(6),
            Answer::TransferVoteChanged { expected, actual } => {
                out.u8(7);
                put_vote(&mut out, expected);
                put_vote(&mut out, actual);
            }
            Answer::TransferNotFlushed { expected, actual } => {
                out.u8(8);
                put_optional_id(&mut out, expected);
                put_optional_id(&mut out, actual);
            }
            Answer::SnapshotChunk { received } => {
                out.u8(9);
                out.u64(*received);
            }
            Answer::SnapshotDone { vote } => {
                out.u8(10);
                put_vote(&mut out, vote);
            }
            Answer::ReadIndex { index } => {
                out.u8(11);
                out.u64(*index);
            }
            Answer::Room { has_room } => {
                out.u8(12);
                out.u8(u8::from(*has_room));
            }
        }
        out.finish()
    }

    /// # Errors
    /// When the bytes are no answer.
    pub fn decode(bytes: Bytes) -> io::Result<Answer> {
        let mut input = Reader::new(bytes);
        Ok(match input.u8()? {
            0 => Answer::Refused(input.text()?),
            1 => Answer::AppendSuccess,
            2 => Answer::AppendPartial(take_optional_id(&mut input)?),
            3 => Answer::AppendConflict,
            4 => Answer::AppendHigherVote(take_vote(&mut input)?),
            5 => Answer::Vote {
                vote: take_vote(&mut input)?,
                granted: input.u8()? != 0,
                last: take_optional_id(&mut input)?,
            },
            6 => Answer::TransferTaken,
            7 => Answer::TransferVoteChanged {
                expected: take_vote(&mut input)?,
                actual: take_vote(&mut input)?,
            },
            8 => Answer::TransferNotFlushed {
                expected: take_optional_id(&mut input)?,
                actual: take_optional_id(&mut input)?,
            },
            9 => Answer::SnapshotChunk { received: input.u64()? },
            10 => Answer::SnapshotDone { vote: take_vote(&mut input)? },
            11 => Answer::ReadIndex { index: input.u64()? },
            12 => Answer::Room { has_room: input.u8()? != 0 },
            kind => return Err(unknown("answer", kind)),
        })
    }
}
