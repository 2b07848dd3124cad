//! Snapshot files: written from a frozen source beside everything else, read and verified before they replace anything.
//!
//! `snap-<index, 16 hex>-<term, 16 hex>`: magic, version, CRC32C of the header, cluster, last log id, membership, then the state
//! machine's own stream (which carries its checksums). Made under a temporary name, synced, renamed, directory synced; only
//! then are older ones removed. Format: `docs/format/snapshot_file.md`.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::snapshot_head::{SnapshotHead, decode_head, encode_head};
use crate::StagedState;
use crate::disk::{Disk, DiskFile};

/// Decodes a snapshot into a state that is not installed yet.
pub(crate) type Decode = fn(&mut dyn Read) -> io::Result<StagedState>;

/// What openraft carries as a snapshot.
pub struct SnapshotData {
    /// None for a node without a disk.
    pub(crate) file: Option<SnapshotFile>,
    /// Decoded and verified, when it came from a peer.
    pub(crate) staged: Option<StagedState>,
}

/// A finished snapshot, open: it can be read to its end although newer ones replace it meanwhile.
#[derive(Clone)]
pub(crate) struct SnapshotFile {
    pub(crate) name: String,
    pub(crate) content: Arc<dyn DiskFile>,
    store: SnapshotStore,
}

/// The snapshots of one node.
#[derive(Clone)]
pub(crate) struct SnapshotStore {
    disk: Arc<dyn Disk>,
    /// Whose snapshots: those of another cluster are refused.
    cluster: [u8; 16],
    newest_bytes: Arc<AtomicU64>,
}

/// A snapshot that comes in pieces, in order. It is nothing until it is finished.
pub(crate) struct Receiving {
    store: SnapshotStore,
    name: String,
    content: Arc<dyn DiskFile>,
    received: u64,
    unsynced: usize,
}

impl SnapshotStore {
    /// What was begun and not finished before the last stop goes; what is there is durable.
    ///
    /// # Errors
    /// Whatever the disk says.
    pub(crate) fn open(disk: Arc<dyn Disk>, cluster: [u8; 16]) -> io::Result<SnapshotStore> {
        for name in disk.list()?.iter().filter(|name| name.ends_with(".tmp") || name.ends_with(".recv")) {
            disk.remove(name)?;
        }
        disk.sync_directory()?;
        let store = SnapshotStore { disk, cluster, newest_bytes: Arc::default() };
        if let Some(name) = store.names()?.first() {
            store.newest_bytes.store(store.disk.open(name)?.len()?, Ordering::Relaxed);
        }
        Ok(store)
    }

    /// The size of the newest finished one; 0: there is none.
    pub(crate) fn newest_bytes(&self) -> u64 {
        self.newest_bytes.load(Ordering::Relaxed)
    }

    /// Where it belongs by its head.
    fn name(head: &SnapshotHead) -> String {
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

    /// Write one; older ones go when it is durable, but for its predecessor. What was begun is removed if it fails, so that it takes
    /// no space from others.
    pub(crate) fn write(
        &self,
        head: &SnapshotHead,
        content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<SnapshotFile> {
        let name = Self::name(head);
        let temporary = format!("{name}.tmp");
        self.remove_if_there(&temporary)?;
        let file = self.disk.open(&temporary)?;
        let mut out = Sequential { file: Arc::clone(&file), offset: 0, buffer: Vec::new(), unsynced: 0 };
        let written = out
            .write_all(&encode_head(head, &self.cluster))
            .and_then(|()| content(&mut out))
            .and_then(|()| out.finish())
            .and_then(|()| self.publish(&temporary, &name, &*file));
        match written {
            Ok(()) => Ok(SnapshotFile { name, content: file, store: self.clone() }),
            Err(error) => {
                // The error that counts is the first one.
                let _ = self.remove_if_there(&temporary);
                Err(io::Error::new(error.kind(), format!("{}: {error}", self.disk.describe(&temporary))))
            }
        }
    }

    fn remove_if_there(&self, name: &str) -> io::Result<()> {
        if self.disk.list()?.iter().any(|other| other == name) { self.disk.remove(name) } else { Ok(()) }
    }

    fn publish(&self, temporary: &str, name: &str, content: &dyn DiskFile) -> io::Result<()> {
        self.disk.rename(temporary, name)?;
        self.disk.sync_directory()?;
        self.newest_bytes.store(content.len()?, Ordering::Relaxed);
        for old in self.names()?.iter().skip(2) {
            self.disk.remove(old)?;
        }
        self.disk.sync_directory()
    }

    /// The newest snapshot, with its head.
    pub(crate) fn newest(&self) -> io::Result<Option<(SnapshotFile, SnapshotHead)>> {
        match self.names()?.first() {
            None => Ok(None),
            Some(name) => {
                let file = self.file(name)?;
                let head = file.head()?;
                Ok(Some((file, head)))
            }
        }
    }

    /// What stands in a file of this name before its content.
    fn decode_head(&self, name: &str, input: &mut dyn Read) -> io::Result<SnapshotHead> {
        let (cluster, head) = decode_head(input)?;
        let damaged = |what: String| Err(io::Error::new(io::ErrorKind::InvalidData, what));
        if cluster != self.cluster {
            return damaged("it belongs to another cluster".into());
        }
        if Self::name(&head) != name {
            return damaged(format!("it was renamed: by its head it is {}", Self::name(&head)));
        }
        Ok(head)
    }

    /// Never makes a file: an empty one under a snapshot's name would be taken for the newest at the next start.
    pub(crate) fn file(&self, name: &str) -> io::Result<SnapshotFile> {
        if !self.disk.list()?.iter().any(|other| other == name) {
            let missing = format!("{}: this snapshot is not there any more", self.disk.describe(name));
            return Err(io::Error::new(io::ErrorKind::NotFound, missing));
        }
        let content = self.disk.open(name)?;
        Ok(SnapshotFile { name: name.to_owned(), content, store: self.clone() })
    }

    pub(crate) fn is_own(&self, file: &SnapshotFile) -> bool {
        Arc::ptr_eq(&self.disk, &file.store.disk)
    }

    /// Begin to receive one from a peer.
    ///
    /// # Errors
    /// When the name is none of a snapshot, or the disk fails.
    pub(crate) fn receive(&self, name: &str) -> io::Result<Receiving> {
        if !name.starts_with("snap-") || name.contains(['/', '.']) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "that is no name of a snapshot"));
        }
        let receiving = format!("{name}.recv");
        self.remove_if_there(&receiving)?;
        let content = self.disk.open(&receiving)?;
        Ok(Receiving { store: self.clone(), name: name.to_owned(), content, received: 0, unsynced: 0 })
    }

    /// Receive one that is at hand as a file of another store.
    ///
    /// # Errors
    /// Whatever either disk says.
    pub(crate) fn copy(&self, file: &SnapshotFile) -> io::Result<Receiving> {
        let (mut receiving, len) = (self.receive(&file.name)?, file.content.len()?);
        let mut piece = vec![0; Sequential::PIECE_BYTES];
        while receiving.received < len {
            let count = piece.len().min((len - receiving.received) as usize);
            file.content.read_exact_at(&mut piece[..count], receiving.received)?;
            receiving.put(receiving.received, &piece[..count])?;
        }
        Ok(receiving)
    }
}

impl SnapshotFile {
    /// # Errors
    /// When it is damaged.
    pub(crate) fn head(&self) -> io::Result<SnapshotHead> {
        let mut input = Input::of(&self.content)?;
        self.store.decode_head(&self.name, &mut input).map_err(|error| self.refuse(input.offset, error))
    }

    /// Read the state in it, which is verified.
    ///
    /// # Errors
    /// When it is damaged.
    pub(crate) fn decode(&self, decode: Decode) -> io::Result<StagedState> {
        let mut input = Input::of(&self.content)?;
        let head = self.store.decode_head(&self.name, &mut input);
        let decoded = head.and_then(|_| decode(&mut input));
        decoded.map_err(|error| self.refuse(input.offset, error))
    }

    fn refuse(&self, offset: u64, error: io::Error) -> io::Error {
        if !matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) {
            return io::Error::new(
                error.kind(),
                format!("{}: {error}", self.store.disk.describe(&self.name)),
            );
        }
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!(
                "{}, before offset {offset}: the snapshot is damaged: {error}. The log that led to it may be gone, so this \
                 node does not start. If the other nodes are well, remove this one from the cluster and add a new node with \
                 a new id and an empty directory; keep this directory for examination",
                self.store.disk.describe(&self.name)
            ),
        )
    }
}

impl Receiving {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    /// With the next piece; it is given up if that does not follow the last one, or the disk fails.
    pub(crate) fn with(mut self, offset: u64, piece: &[u8]) -> io::Result<Self> {
        match self.put(offset, piece) {
            Ok(()) => Ok(self),
            Err(error) => {
                // The error that counts is the first one.
                let _ = self.discard();
                Err(error)
            }
        }
    }

    fn put(&mut self, offset: u64, piece: &[u8]) -> io::Result<()> {
        if offset != self.received {
            return Err(io::Error::other("this piece does not follow the last one: begin again"));
        }
        self.content.write_all_at(piece, offset)?;
        self.received += piece.len() as u64;
        self.unsynced += piece.len();
        if self.unsynced >= Sequential::SYNC_BYTES {
            self.content.sync_data()?;
            self.unsynced = 0;
        }
        Ok(())
    }

    /// Give up: it takes no space from others.
    ///
    /// # Errors
    /// Whatever the disk says.
    pub(crate) fn discard(self) -> io::Result<()> {
        self.store.remove_if_there(&format!("{}.recv", self.name))
    }

    /// All of it is there: read and verify it, make it durable, give it its name. It is given up if it is damaged.
    ///
    /// # Errors
    /// When it is damaged, or the disk fails.
    pub(crate) fn finish(self, decode: Decode) -> io::Result<(SnapshotFile, SnapshotHead, StagedState)> {
        let receiving = format!("{}.recv", self.name);
        let finished = self.read(decode).and_then(|decoded| {
            self.content.sync_data()?;
            self.store.publish(&receiving, &self.name, &*self.content)?;
            Ok(decoded)
        });
        match finished {
            Ok((head, staged)) => {
                let Receiving { store, name, content, .. } = self;
                Ok((SnapshotFile { name, content, store }, head, staged))
            }
            Err(error) => {
                // The error that counts is the first one.
                let _ = self.discard();
                Err(error)
            }
        }
    }

    fn read(&self, decode: Decode) -> io::Result<(SnapshotHead, StagedState)> {
        let mut input = Input::of(&self.content)?;
        let head = self.store.decode_head(&self.name, &mut input);
        let decoded = head.and_then(|head| Ok((head, decode(&mut input)?)));
        decoded.map_err(|error| {
            let (file, offset) = (self.store.disk.describe(&self.name), input.offset);
            io::Error::new(error.kind(), format!("{file}, received, before offset {offset}: {error}"))
        })
    }
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
    const SYNC_BYTES: usize = 2 << 20;

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

/// Reads one after the other, in large pieces, and knows where it stands.
struct Input {
    file: Arc<dyn DiskFile>,
    len: u64,
    offset: u64,
    piece: Vec<u8>,
    /// How much of `piece` is used up.
    used: usize,
}

impl Input {
    fn of(file: &Arc<dyn DiskFile>) -> io::Result<Input> {
        Ok(Input { len: file.len()?, file: Arc::clone(file), offset: 0, piece: Vec::new(), used: 0 })
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.used == self.piece.len() {
            self.piece.resize((Sequential::PIECE_BYTES as u64).min(self.len - self.offset) as usize, 0);
            self.file.read_exact_at(&mut self.piece, self.offset)?;
            self.used = 0;
        }
        let count = buffer.len().min(self.piece.len() - self.used);
        buffer[..count].copy_from_slice(&self.piece[self.used..self.used + count]);
        self.used += count;
        self.offset += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use bytes::Bytes;

    use super::*;
    use crate::Leadership;
    use crate::disk::world::{Image, World, crash_states, describe};
    use crate::log::LogId;

    fn head(index: u64) -> SnapshotHead {
        let id = LogId { leader: Leadership { term: 3, node: 1 }, index };
        let membership = Bytes::from_static(b"members");
        SnapshotHead { last: Some(id), membership_id: Some(id), membership, ids_max: 3 }
    }

    /// Content that is checked, as the state machine's is: its bytes, then their CRC32C.
    fn write_content(out: &mut dyn Write) -> io::Result<()> {
        let content = vec![5; 3_000];
        out.write_all(&content)?;
        out.write_all(&crc32c::crc32c(&content).to_le_bytes())
    }

    fn decode(input: &mut dyn Read) -> io::Result<StagedState> {
        let mut content = vec![0; 3_004];
        input.read_exact(&mut content)?;
        let (content, crc) = content.split_at(3_000);
        if crc32c::crc32c(content).to_le_bytes() != crc {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the content has the wrong checksum"));
        }
        Ok(Box::new(content.to_vec()))
    }

    #[test]
    fn asking_for_a_snapshot_that_has_gone_makes_no_file() {
        let world = World::default();
        let store = SnapshotStore::open(world.disk("snapshots"), [9; 16]).unwrap();
        let name = "snap-0000000000000003-0000000000000001";
        assert_eq!(store.file(name).err().unwrap().kind(), io::ErrorKind::NotFound);
        assert!(store.newest().unwrap().is_none(), "an empty file was left behind and taken for a snapshot");
    }

    #[test]
    fn a_crash_leaves_the_old_snapshot_or_the_new_one_whole() {
        let (world, other) = (World::default(), World::default());
        let store = SnapshotStore::open(world.disk("snapshots"), [9; 16]).unwrap();
        store.write(&head(5), write_content).unwrap();
        let before = world.live();
        let from_start = world.call_count();
        // One that is built here, and one that comes from a peer.
        store.write(&head(9), write_content).unwrap();
        let foreign = SnapshotStore::open(other.disk("there"), [9; 16])
            .unwrap()
            .write(&head(12), write_content)
            .unwrap();
        store.copy(&foreign).unwrap().finish(decode).unwrap();
        let (mut states, mut seen) = (0, std::collections::BTreeSet::new());
        crash_states(&before, &world.calls()[from_start..], |_, image| {
            let store = SnapshotStore::open(World::after(image.clone()).disk("snapshots"), [9; 16]).unwrap();
            let (file, head) =
                store.newest().unwrap().unwrap_or_else(|| panic!("none: {}", describe(&image)));
            file.decode(decode).unwrap_or_else(|error| panic!("{}: {error}", describe(&image)));
            seen.insert(head.last.unwrap().index);
            let rest = store.disk.list().unwrap();
            assert!(rest.iter().all(|name| !name.contains('.')), "unfinished files stay: {rest:?}");
            states += 1;
        });
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), [5, 9, 12], "in {states} states");
    }

    #[test]
    fn every_flipped_bit_and_every_length_is_refused_by_name_and_offset() {
        let world = World::default();
        let file =
            SnapshotStore::open(world.disk("s"), [9; 16]).unwrap().write(&head(7), write_content).unwrap();
        let image = world.live();
        let whole = image.content("s", &file.name).unwrap().clone();
        let refused = |content: Vec<u8>, what: &str| {
            let mut image = Image::default();
            image.put("s", &file.name, content);
            let store = SnapshotStore::open(World::after(image).disk("s"), [9; 16]).unwrap();
            let newest = store.newest().map(Option::unwrap);
            let error =
                newest.and_then(|(file, _)| file.decode(decode)).err().unwrap_or_else(|| panic!("{what}"));
            let error = error.to_string();
            assert!(error.contains(&file.name) && error.contains("offset"), "{what}: {error}");
        };
        for bit in 0..whole.len() * 8 {
            let mut content = whole.clone();
            content[bit / 8] ^= 1 << (bit % 8);
            refused(content, &format!("bit {bit} flipped"));
        }
        for len in 0..whole.len() {
            refused(whole[..len].to_vec(), &format!("cut at {len}"));
        }
    }

    #[test]
    fn another_clusters_snapshot_and_a_renamed_one_are_refused() {
        let world = World::default();
        let file =
            SnapshotStore::open(world.disk("s"), [9; 16]).unwrap().write(&head(7), write_content).unwrap();
        let error =
            SnapshotStore::open(world.disk("s"), [8; 16]).unwrap().newest().err().unwrap().to_string();
        assert!(error.contains("another cluster") && error.contains(&file.name), "{error}");
        world.disk("s").rename(&file.name, "snap-0000000000000008-0000000000000003").unwrap();
        let error =
            SnapshotStore::open(world.disk("s"), [9; 16]).unwrap().newest().err().unwrap().to_string();
        assert!(error.contains("it was renamed: by its head it is snap-0000000000000007-"), "{error}");
    }

    #[test]
    fn a_snapshot_without_room_leaves_nothing_behind() {
        let world = World::default();
        let store = SnapshotStore::open(world.disk("s"), [9; 16]).unwrap();
        store.write(&head(5), write_content).unwrap();
        world.set_capacity(Some(world.used() + 1_000));
        let error = store.write(&head(6), write_content).err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert!(error.to_string().contains("s/snap-0000000000000006"), "{error}");
        assert_eq!(store.disk.list().unwrap().len(), 1, "a half-written snapshot takes room from the log");
        world.set_capacity(None);
        store.write(&head(6), write_content).unwrap();
        assert_eq!(store.newest().unwrap().unwrap().1.last.unwrap().index, 6);
    }
}
