//! The first bytes of a peer connection, both ways: who is there, which cluster, which protocol, which lane.
//!
//! Dialler: `"SAMYPEER" | version u16 | cluster 16 | from u64 | to u64 | incarnation u64 | lane u8 | crc32c u32`.
//! Answer: `verdict u8 | incarnation u64 | length u16 | text`. The verdict is 0 (welcome), 1 (refused) or 2 (the dialler was
//! removed from the cluster); the text says why.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Lane;
use crate::NodeId;
use crate::roster::{Roster, Stranger};

const MAGIC: &[u8; 8] = b"SAMYPEER";
const PROTOCOL_VERSION: u16 = 2;
const WELCOME: u8 = 0;
const REFUSED: u8 = 1;
const REMOVED: u8 = 2;
const HELLO_BYTES: usize = 8 + 2 + 16 + 8 + 8 + 8 + 1 + 4;

/// What both sides check each other against.
#[derive(Clone)]
pub(crate) struct Credentials {
    pub(crate) roster: Arc<Roster>,
}

fn refused(text: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, text.into())
}

impl Credentials {
    /// Introduce this node on a connection it has opened.
    ///
    /// # Errors
    /// When the other side refuses, or is not the node that was dialled.
    pub(crate) async fn introduce(&self, stream: &mut TcpStream, to: NodeId, lane: Lane) -> io::Result<()> {
        let mut hello = Vec::with_capacity(HELLO_BYTES);
        hello.extend_from_slice(MAGIC);
        hello.extend_from_slice(&PROTOCOL_VERSION.to_le_bytes());
        let me = self.roster.identity();
        hello.extend_from_slice(&me.cluster);
        for number in [me.node, to, me.incarnation] {
            hello.extend_from_slice(&number.to_le_bytes());
        }
        hello.push(lane as u8);
        let crc = crc32c::crc32c(&hello);
        hello.extend_from_slice(&crc.to_le_bytes());
        stream.write_all(&hello).await?;
        let mut answer = [0; 11];
        stream.read_exact(&mut answer).await?;
        let mut text = vec![0; usize::from(u16::from_le_bytes([answer[9], answer[10]]))];
        stream.read_exact(&mut text).await?;
        let text = String::from_utf8_lossy(&text);
        if answer[0] == REMOVED {
            self.roster.note_told(&text);
        }
        if answer[0] != WELCOME {
            return Err(refused(text));
        }
        let mut incarnation = [0; 8];
        incarnation.copy_from_slice(&answer[1..9]);
        self.roster.check(to, u64::from_le_bytes(incarnation)).map_err(|stranger| refused(stranger.why()))
    }

    /// Judge a connection that was accepted; says why when it is refused.
    ///
    /// # Errors
    /// When the other side may not speak to this node.
    pub(crate) async fn receive(&self, stream: &mut TcpStream) -> io::Result<(NodeId, Lane)> {
        let mut hello = [0; HELLO_BYTES];
        stream.read_exact(&mut hello).await?;
        let verdict = self.judge(&hello);
        let (kind, text) = match &verdict {
            Ok(_) => (WELCOME, ""),
            Err(Stranger::Removed(why)) => (REMOVED, why.as_str()),
            Err(Stranger::Other(why)) => (REFUSED, why.as_str()),
        };
        let mut answer = vec![kind];
        answer.extend_from_slice(&self.roster.identity().incarnation.to_le_bytes());
        answer.extend_from_slice(&(text.len() as u16).to_le_bytes());
        answer.extend_from_slice(text.as_bytes());
        stream.write_all(&answer).await?;
        verdict.map_err(|stranger| refused(stranger.why()))
    }

    fn judge(&self, hello: &[u8; HELLO_BYTES]) -> Result<(NodeId, Lane), Stranger> {
        let (from, incarnation, lane) = self.read(hello).map_err(Stranger::Other)?;
        self.roster.check(from, incarnation)?;
        Ok((from, lane))
    }

    /// What it says, if it is meant for this node.
    fn read(&self, hello: &[u8; HELLO_BYTES]) -> Result<(NodeId, u64, Lane), String> {
        let me = self.roster.identity();
        let u64_at = |at: usize| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&hello[at..at + 8]);
            u64::from_le_bytes(bytes)
        };
        if &hello[..8] != MAGIC {
            return Err("this is Samyama's port for peers; clients use the Bolt port".into());
        }
        let (body, crc) = hello.split_at(HELLO_BYTES - 4);
        if crc32c::crc32c(body).to_le_bytes() != crc {
            return Err("the hello has the wrong checksum".into());
        }
        let version = u16::from_le_bytes([hello[8], hello[9]]);
        if version != PROTOCOL_VERSION {
            return Err(format!(
                "peer protocol {version} was offered and this node speaks {PROTOCOL_VERSION}: upgrade one"
            ));
        }
        let (from, to, incarnation) = (u64_at(26), u64_at(34), u64_at(42));
        if hello[10..26] != me.cluster {
            return Err(format!(
                "node {from} belongs to another cluster: check cluster.members and the data directories"
            ));
        }
        if to != me.node {
            return Err(format!("node {to} was called and this is node {}: check the addresses", me.node));
        }
        if from == to {
            return Err(format!("a second node calls itself {from}: every node has its own id"));
        }
        let lane = Lane::from_byte(hello[50]).ok_or_else(|| format!("lane {} is unknown", hello[50]))?;
        Ok((from, incarnation, lane))
    }
}
