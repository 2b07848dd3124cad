//! Who owns a directory: written once at the first start, checked at every later one, and shown to every peer.
//!
//! `IDENTITY`: magic, version, cluster id, node id, incarnation, whether it is a founder, CRC32C. The incarnation is drawn at
//! the first start; a node that lost its disk comes back with another one, and its peers, which remember the old, refuse it:
//! it has forgotten its vote and could help elect a leader without committed entries. `PEERS` holds the incarnations a node
//! has met. `LOCK` keeps two processes out of one directory.
//!
//! The version of `IDENTITY` stands for the directory: a program that writes another membership or another head of a snapshot
//! raises it, so that a directory which it cannot read is refused here, before anything in it is looked at.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::Path;

use parking_lot::Mutex;

use crate::disk::{Disk, read_whole, write_atomically};
use crate::ground::Disks;
use crate::{ClusterId, NodeConfig, NodeId};

const IDENTITY_MAGIC: &[u8; 8] = b"SAMYNODE";
const PEERS_MAGIC: &[u8; 8] = b"SAMYPRS1";
const VERSION: u16 = 2;
const IDENTITY_BYTES: usize = 8 + 2 + 16 + 8 + 8 + 1 + 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) cluster: [u8; 16],
    pub(crate) node: NodeId,
    pub(crate) incarnation: u64,
    /// One of the first members of its cluster: only those may begin the log.
    pub(crate) founder: bool,
}

impl Identity {
    /// The cluster's id follows from its first members, so that all of them know it without asking.
    pub(crate) fn first(config: &NodeConfig, incarnation: u64) -> Identity {
        let cluster = config.joins.unwrap_or_else(|| Self::founded(config));
        Identity { cluster, node: config.node_id, incarnation, founder: config.joins.is_none() }
    }

    /// The id of the cluster that these members found.
    fn founded(config: &NodeConfig) -> ClusterId {
        let mut cluster = [0; 16];
        for (position, half) in cluster.chunks_mut(8).enumerate() {
            let mut hash = 0xCBF2_9CE4_8422_2325_u64 ^ position as u64;
            for (id, address) in &config.members {
                for byte in id.to_le_bytes().iter().chain(address.peer.as_bytes()).chain(&[0]) {
                    hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3);
                }
            }
            half.copy_from_slice(&hash.to_le_bytes());
        }
        cluster
    }

    /// Read `IDENTITY`, or write it, with this incarnation, if the directory is new.
    ///
    /// # Errors
    /// When the directory belongs to another node, is there in part only, or the file is damaged.
    pub(crate) fn load_or_create(
        disks: &Disks,
        config: &NodeConfig,
        incarnation: u64,
    ) -> io::Result<Identity> {
        let disk = &*disks.root;
        let names = disk.list()?;
        let has_log = disks.log.list()?.iter().any(|name| name.ends_with(".wal"));
        let has_snapshot = disks.snapshots.list()?.iter().any(|name| name.starts_with("snap-"));
        // Peers are met, and snapshots made, only when there is a log.
        let had_log = has_snapshot || names.iter().any(|name| name == "PEERS");
        if names.iter().any(|name| name == "IDENTITY") {
            let identity = Self::decode(&read_whole(disk, "IDENTITY")?)
                .map_err(|what| refuse(format!("{}: {what}", disk.describe("IDENTITY"))))?;
            if identity.node != config.node_id {
                return Err(refuse(format!(
                    "{} belongs to node {}, and this is node {} (node.id): give the node its own directory",
                    disk.describe(""),
                    identity.node,
                    config.node_id
                )));
            }
            // It never got as far as a log, and the configuration may have been corrected since.
            let is_blank = !has_log && !had_log;
            let first = Identity::first(config, identity.incarnation);
            if is_blank && first != identity && (identity.founder || config.joins.is_some()) {
                write_atomically(disk, "IDENTITY", &first.encode())?;
                return Ok(first);
            }
            if config.joins.is_some_and(|joins| joins != identity.cluster) {
                return Err(refuse(format!(
                    "{} belongs to cluster {}, and this node is to join another: give it an empty directory",
                    disk.describe(""),
                    identity.cluster_text()
                )));
            }
            if had_log && !has_log {
                return Err(refuse(format!(
                    "{} holds no log any more: the node has forgotten its vote and may not go on under its id. Restore the \
                     directory, or remove the node from the cluster and add a new one with a new id and an empty directory",
                    disks.log.describe("")
                )));
            }
            return Ok(identity);
        }
        if has_log || had_log {
            return Err(refuse(format!(
                "{} is missing, and a log or snapshots are there: the directory was copied or removed in part. Restore the \
                 file, or use an empty directory and a new id",
                disk.describe("IDENTITY")
            )));
        }
        let identity = Identity::first(config, incarnation);
        write_atomically(disk, "IDENTITY", &identity.encode())?;
        Ok(identity)
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(IDENTITY_BYTES);
        out.extend_from_slice(IDENTITY_MAGIC);
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&self.cluster);
        out.extend_from_slice(&self.node.to_le_bytes());
        out.extend_from_slice(&self.incarnation.to_le_bytes());
        out.push(u8::from(self.founder));
        let crc = crc32c::crc32c(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }

    fn decode(bytes: &[u8]) -> Result<Identity, String> {
        const NONE: &str =
            "it is no identity file, or damaged: restore it from a copy, or use an empty directory";
        if bytes.len() < 14 || &bytes[..8] != IDENTITY_MAGIC {
            return Err(NONE.into());
        }
        let (body, crc) = bytes.split_at(bytes.len() - 4);
        if crc32c::crc32c(body).to_le_bytes() != crc {
            return Err(
                "its checksum is wrong: restore it from a copy, or use an empty directory and a new id"
                    .into(),
            );
        }
        // Of whatever length, it begins with its version.
        let version = u16::from_le_bytes([body[8], body[9]]);
        if version != VERSION {
            return Err(format!(
                "the directory is of format version {version}, and this program reads {VERSION}: start the version of Samyama \
                 that wrote it, take a backup (samyama backup), and restore that into a new directory"
            ));
        }
        if bytes.len() != IDENTITY_BYTES {
            return Err(NONE.into());
        }
        let mut cluster = [0; 16];
        cluster.copy_from_slice(&body[10..26]);
        let u64_at = |at: usize| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&body[at..at + 8]);
            u64::from_le_bytes(bytes)
        };
        Ok(Identity { cluster, node: u64_at(26), incarnation: u64_at(34), founder: body[42] != 0 })
    }

    /// Cluster and node: what every segment of the log carries.
    pub(crate) fn owner(&self) -> [u8; 24] {
        let mut owner = [0; 24];
        owner[..16].copy_from_slice(&self.cluster);
        owner[16..].copy_from_slice(&self.node.to_le_bytes());
        owner
    }

    /// As people see it.
    pub(crate) fn cluster_text(&self) -> String {
        let hex: String = self.cluster.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }
}

/// A cluster's id as people see it.
///
/// # Errors
/// When it is none.
pub fn parse_cluster_id(text: &str) -> Result<ClusterId, String> {
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b'-').collect();
    let mut cluster = [0; 16];
    let parsed = digits.len() == 32 && digits.iter().all(u8::is_ascii_hexdigit);
    for (byte, pair) in cluster.iter_mut().zip(digits.chunks(2)).filter(|_| parsed) {
        let digit = |of: u8| (of as char).to_digit(16).map_or(0, |digit| digit as u8);
        *byte = digit(pair[0]) << 4 | digit(pair[1]);
    }
    if parsed { Ok(cluster) } else { Err(format!("`{text}` is no cluster's id")) }
}

fn refuse(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Held as long as the process uses the directory.
pub(crate) struct DirectoryLock(#[allow(dead_code)] File);

impl DirectoryLock {
    /// # Errors
    /// When another process holds it.
    pub(crate) fn take(directory: &Path) -> io::Result<DirectoryLock> {
        let path = directory.join("LOCK");
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        std::fs::create_dir_all(directory).map_err(|error| {
            let why = if error.kind() == io::ErrorKind::AlreadyExists {
                "there is something that is no directory".to_owned()
            } else {
                format!("the directory cannot be made: {error}")
            };
            io::Error::new(error.kind(), format!("{}: {why}", directory.display()))
        })?;
        let file = File::options().write(true).create(true).truncate(false).open(&path).map_err(named)?;
        rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive).map_err(|_| {
            io::Error::new(
                io::ErrorKind::AlreadyExists,
                format!(
                    "{} is held by another process: one directory belongs to one running node",
                    path.display()
                ),
            )
        })?;
        Ok(DirectoryLock(file))
    }
}

/// The incarnations of the peers this node has met, on disk when there is a disk.
pub(crate) struct KnownPeers {
    disk: Option<std::sync::Arc<dyn Disk>>,
    known: Mutex<BTreeMap<NodeId, u64>>,
}

impl KnownPeers {
    /// # Errors
    /// When the file is damaged.
    pub(crate) fn load(disk: Option<std::sync::Arc<dyn Disk>>) -> io::Result<KnownPeers> {
        let mut known = BTreeMap::new();
        if let Some(disk) = &disk
            && disk.list()?.iter().any(|name| name == "PEERS")
        {
            let bytes = read_whole(&**disk, "PEERS")?;
            let damaged = || {
                refuse(format!(
                    "{}: damaged; remove it if no node was replaced lately",
                    disk.describe("PEERS")
                ))
            };
            let (body, crc) = bytes.split_at_checked(bytes.len().saturating_sub(4)).ok_or_else(damaged)?;
            if body.len() < 8 || &body[..8] != PEERS_MAGIC || crc32c::crc32c(body).to_le_bytes() != crc {
                return Err(damaged());
            }
            for pair in body[8..].chunks_exact(16) {
                let number = |at: usize| {
                    pair[at..at + 8].iter().rev().fold(0_u64, |n, byte| n << 8 | u64::from(*byte))
                };
                known.insert(number(0), number(8));
            }
        }
        Ok(KnownPeers { disk, known: Mutex::new(known) })
    }

    pub(crate) fn another_disk(node: NodeId) -> String {
        format!(
            "node {node} was here before with another disk. A node that lost its disk has forgotten its vote and may not come \
             back under its id: start it with an empty directory and a new id, and have that replace the old one"
        )
    }

    /// The incarnation under which it was met.
    pub(crate) fn of(&self, node: NodeId) -> Option<u64> {
        self.known.lock().get(&node).copied()
    }

    /// Is this the node that was met under this id before? Remembers one that is met for the first time.
    ///
    /// # Errors
    /// The text for the peer, when it is another.
    pub(crate) fn check(&self, node: NodeId, incarnation: u64) -> Result<(), String> {
        let mut known = self.known.lock();
        match known.get(&node) {
            Some(before) if *before == incarnation => Ok(()),
            Some(_) => Err(Self::another_disk(node)),
            None => {
                known.insert(node, incarnation);
                let mut out = PEERS_MAGIC.to_vec();
                for (node, incarnation) in known.iter() {
                    out.extend_from_slice(&node.to_le_bytes());
                    out.extend_from_slice(&incarnation.to_le_bytes());
                }
                let crc = crc32c::crc32c(&out);
                out.extend_from_slice(&crc.to_le_bytes());
                match &self.disk {
                    Some(disk) => write_atomically(&**disk, "PEERS", &out).map_err(|error| error.to_string()),
                    None => Ok(()),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const IDENTITY: Identity = Identity { cluster: [7; 16], node: 3, incarnation: 9, founder: true };

    fn sealed(mut body: Vec<u8>) -> Vec<u8> {
        let crc = crc32c::crc32c(&body);
        body.extend_from_slice(&crc.to_le_bytes());
        body
    }

    #[test]
    fn what_is_written_is_read_and_nothing_else_is_taken_for_it() {
        let whole = IDENTITY.encode();
        assert_eq!(Identity::decode(&whole).unwrap(), IDENTITY);
        for len in 0..whole.len() {
            Identity::decode(&whole[..len]).unwrap_err();
        }
        for at in 0..whole.len() {
            let mut bent = whole.clone();
            bent[at] ^= 0x10;
            Identity::decode(&bent).unwrap_err();
        }
        let longer = sealed([&whole[..whole.len() - 4], &[0]].concat());
        assert!(Identity::decode(&longer).unwrap_err().contains("no identity file"));
    }

    #[test]
    fn a_directory_of_another_format_is_refused_by_its_version() {
        // As version 1 was: no word about founders.
        let mut earlier = IDENTITY.encode()[..42].to_vec();
        earlier[8] = 1;
        let why = Identity::decode(&sealed(earlier)).unwrap_err();
        assert!(why.contains("of format version 1, and this program reads 2"), "{why}");
        assert!(why.contains("samyama backup"), "{why}");
    }
}
