//! Snapshot files: written from a frozen source beside everything else, read and verified before they replace anything.
//!
//! `snap-<index, 16 hex>-<term, 16 hex>`: magic, version, CRC32C of the header, last log id, membership, then the state
//! machine's own stream (which carries its checksums). Made under a temporary name, synced, renamed, directory synced; only
//! then are older ones removed. Format: `docs/format/snapshot_file.md`.

use std::io::{self, Read, Write};
use std::sync::Arc;

use bytes::Bytes;

use crate::disk::{Disk, DiskFile};
use crate::log::LogId;
use crate::wire::{Reader, Writer};
use crate::{Leadership, StagedState};

const MAGIC: &[u8; 8] = b"SAMYSNAP";
const VERSION: u8 = 1;
const HEADER_BYTES_MAX: usize = 1 << 20;

/// What a snapshot covers.
#[derive(Clone, Debug)]
pub(crate) struct SnapshotHead {
    pub(crate) last: Option<LogId>,
    /// The log id of the membership, and its bytes.
    pub(crate) membership_id: Option<LogId>,
    pub(crate) membership: Bytes,
}

/// What openraft carries as a snapshot.
pub struct SnapshotData {
    /// The file; None for a node without a disk.
    pub(crate) name: Option<String>,
    /// Decoded and verified, when it came from a peer.
    pub(crate) staged: Option<StagedState>,
}

/// The snapshots of one node.
#[derive(Clone)]
pub(crate) struct SnapshotStore {
    pub(crate) disk: Arc<dyn Disk>,
}

fn put_log_id(out: &mut Writer, id: Option<&LogId>) {
    out.u8(u8::from(id.is_some()));
    if let Some(id) = id {
        out.u64(id.leader.term);
        out.u64(id.leader.node);
        out.u64(id.index);
    }
}

fn take_log_id(input: &mut Reader) -> io::Result<Option<LogId>> {
    if input.u8()? == 0 {
        return Ok(None);
    }
    let leader = Leadership { term: input.u64()?, node: input.u64()? };
    Ok(Some(LogId { leader, index: input.u64()? }))
}

impl SnapshotStore {
    pub(crate) fn name(head: &SnapshotHead) -> String {
        let (index, term) = head.last.map_or((0, 0), |id| (id.index, id.leader.term));
        format!("snap-{index:016x}-{term:016x}")
    }

    /// Names of finished snapshots, newest first.
    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = self.disk.list()?;
        names.retain(|name| name.starts_with("snap-") && !name.contains('.'));
        names.reverse();
        Ok(names)
    }

    /// Write one; older ones go when it is durable, but for its predecessor.
    pub(crate) fn write(
        &self,
        head: &SnapshotHead,
        content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<String> {
        let name = Self::name(head);
        let temporary = format!("{name}.tmp");
        self.remove_if_there(&temporary)?;
        let mut out =
            Sequential { file: self.disk.open(&temporary)?, offset: 0, buffer: Vec::new(), unsynced: 0 };
        out.write_all(&encode_head(head))?;
        content(&mut out)?;
        out.finish()?;
        self.publish(&temporary, &name)?;
        Ok(name)
    }

    fn remove_if_there(&self, name: &str) -> io::Result<()> {
        if self.disk.list()?.iter().any(|other| other == name) { self.disk.remove(name) } else { Ok(()) }
    }

    fn publish(&self, temporary: &str, name: &str) -> io::Result<()> {
        self.disk.rename(temporary, name)?;
        self.disk.sync_directory()?;
        for old in self.names()?.iter().skip(2) {
            self.disk.remove(old)?;
        }
        self.disk.sync_directory()
    }

    /// The newest snapshot whose header is good.
    pub(crate) fn newest(&self) -> io::Result<Option<(String, SnapshotHead)>> {
        match self.names()?.first() {
            None => Ok(None),
            Some(name) => {
                let (head, _) = self.open(name)?;
                Ok(Some((name.clone(), head)))
            }
        }
    }

    /// The header, and a reader that stands behind it.
    pub(crate) fn open(&self, name: &str) -> io::Result<(SnapshotHead, impl Read + use<>)> {
        let file = self.file(name)?;
        let len = file.len()?;
        let mut input = SequentialReader { file, offset: 0, len };
        let head = decode_head(&mut input).map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", self.disk.describe(name)))
        })?;
        Ok((head, io::BufReader::with_capacity(1 << 20, input)))
    }

    /// Never makes a file: an empty one under a snapshot's name would be taken for the newest at the next start.
    pub(crate) fn file(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        if !self.disk.list()?.iter().any(|other| other == name) {
            let missing = format!("{}: this snapshot is not there any more", self.disk.describe(name));
            return Err(io::Error::new(io::ErrorKind::NotFound, missing));
        }
        self.disk.open(name)
    }

    /// Begin to receive one from a peer.
    pub(crate) fn begin_receiving(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let receiving = format!("{name}.recv");
        self.remove_if_there(&receiving)?;
        self.disk.open(&receiving)
    }

    /// All of it is there and verified: give it its name.
    pub(crate) fn finish_receiving(&self, name: &str, file: &dyn DiskFile) -> io::Result<()> {
        file.sync_data()?;
        self.publish(&format!("{name}.recv"), name)
    }

    /// Read what was received, before it is believed.
    pub(crate) fn open_received(&self, name: &str) -> io::Result<(SnapshotHead, impl Read + use<>)> {
        self.open(&format!("{name}.recv"))
    }
}

fn encode_head(head: &SnapshotHead) -> Vec<u8> {
    let mut body = Writer::default();
    body.u8(VERSION);
    put_log_id(&mut body, head.last.as_ref());
    put_log_id(&mut body, head.membership_id.as_ref());
    body.bytes(&head.membership);
    let body = body.finish();
    let mut out = MAGIC.to_vec();
    out.extend_from_slice(&(body.len() as u32).to_le_bytes());
    out.extend_from_slice(&crc32c::crc32c(&body).to_le_bytes());
    out.extend_from_slice(&body);
    out
}

fn decode_head(input: &mut impl Read) -> io::Result<SnapshotHead> {
    let damaged =
        |what: &str| io::Error::new(io::ErrorKind::InvalidData, format!("the snapshot is damaged: {what}"));
    let mut start = [0; 16];
    input.read_exact(&mut start)?;
    if &start[..8] != MAGIC {
        return Err(damaged("it does not begin with a snapshot's magic"));
    }
    let len = u32::from_le_bytes([start[8], start[9], start[10], start[11]]) as usize;
    if len > HEADER_BYTES_MAX {
        return Err(damaged("its header is too long"));
    }
    let mut body = vec![0; len];
    input.read_exact(&mut body)?;
    if crc32c::crc32c(&body).to_le_bytes() != start[12..] {
        return Err(damaged("its header has the wrong checksum"));
    }
    let mut body = Reader::new(body.into());
    let version = body.u8()?;
    if version != VERSION {
        return Err(damaged(&format!("format version {version}; this program reads {VERSION}")));
    }
    Ok(SnapshotHead {
        last: take_log_id(&mut body)?,
        membership_id: take_log_id(&mut body)?,
        membership: body.bytes()?,
    })
}

/// Writes one after the other, in large pieces, and syncs now and then so that write-back does not swamp the log's flushes.
struct Sequential {
    file: Arc<dyn DiskFile>,
    offset: u64,
    buffer: Vec<u8>,
    unsynced: usize,
}

impl Sequential {
    const PIECE_BYTES: usize = 1 << 20;
    const SYNC_BYTES: usize = 8 << 20;

    fn put(&mut self) -> io::Result<()> {
        self.file.write_all_at(&self.buffer, self.offset)?;
        self.offset += self.buffer.len() as u64;
        self.unsynced += self.buffer.len();
        self.buffer.clear();
        if self.unsynced >= Self::SYNC_BYTES {
            self.file.sync_data()?;
            self.unsynced = 0;
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.put()?;
        self.file.sync_data()
    }
}

impl Write for Sequential {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= Self::PIECE_BYTES {
            self.put()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.put()
    }
}

struct SequentialReader {
    file: Arc<dyn DiskFile>,
    offset: u64,
    len: u64,
}

impl Read for SequentialReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = (self.len - self.offset).min(buffer.len() as u64) as usize;
        self.file.read_exact_at(&mut buffer[..count], self.offset)?;
        self.offset += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::disk::RealDisk;

    #[test]
    fn asking_for_a_snapshot_that_has_gone_makes_no_file() {
        let directory = tempfile::tempdir().unwrap();
        let store = SnapshotStore { disk: Arc::new(RealDisk::new(directory.path()).unwrap()) };
        let name = "snap-0000000000000003-0000000000000001";
        assert_eq!(store.file(name).err().unwrap().kind(), io::ErrorKind::NotFound);
        assert_eq!(store.open(name).err().unwrap().kind(), io::ErrorKind::NotFound);
        assert!(store.newest().unwrap().is_none(), "an empty file was left behind and taken for a snapshot");
    }
}
