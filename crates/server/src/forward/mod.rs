//! Writes that reach a node which does not lead: relayed to the leader over a stream of the peer transport, as Bolt.
//!
//! The follower is then a client of the leader: it opens (or takes from a pool) a Bolt connection of the same version,
//! sends the statement with the caller's options and passes the records on as they are. What it sends has a key
//! (`crate::keys`), so that a request whose answer is lost can be sent again: `ring.rs` draws them, `seen.rs` remembers what
//! the client has got. What to do when a leader is lost is the session's business (`crate::session`).

mod relay;
mod ring;
mod seen;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use samyama_bolt::client::{Client, Introduction};
use samyama_bolt::{ConnectionInfo, Version};
use samyama_raft::NodeId;
use tokio::net::TcpStream;

use crate::consensus::Consensus;
use crate::limits::{FORWARD_POOL_MAX, RELAY_SILENCE_MAX};
use crate::shared::Shared;

pub use self::relay::{Relay, RelayError};
pub use self::ring::{DrawnKey, KeyRing, RelayNote};
pub use self::seen::Seen;

type PoolKey = (NodeId, Version, bool);

/// Connections to other members.
pub struct Relays {
    raft: Consensus,
    connect_timeout: Duration,
    ring: Arc<KeyRing>,
    /// Idle ones: logged on, nothing open.
    pool: Mutex<HashMap<PoolKey, Vec<Client>>>,
}

impl Relays {
    /// `connect_timeout`: for four round trips: the connection, the peers' greetings, those of Bolt, and the login.
    pub fn new(raft: Consensus, node: NodeId, shared: Arc<Shared>, connect_timeout: Duration) -> Arc<Self> {
        Arc::new(Self { raft, connect_timeout, ring: KeyRing::new(node, shared), pool: Mutex::default() })
    }

    /// A key that no write has had.
    pub fn draw_key(&self) -> DrawnKey {
        self.ring.draw()
    }

    /// The log knows a later process of this node than the keys say that are drawn here: the clock was set back.
    pub fn renew_keys(&self) {
        self.ring.renew();
    }

    /// A connection to a member, in the version that the client speaks. One from the pool may turn out to be dead.
    pub async fn open(&self, node: NodeId, info: &ConnectionInfo) -> Result<Relay, RelayError> {
        let version = Version::new(info.version.0, info.version.1);
        let key = (node, version, info.utc_datetimes);
        let idle = self.pool.lock().get_mut(&key).and_then(Vec::pop);
        if let Some(client) = idle {
            return Ok(Relay::new(client, key, self.raft.leader()));
        }
        let introduction =
            Introduction { version, user_agent: Arc::from("samyama-relay"), utc_patch: info.utc_datetimes };
        let connect = async {
            let stream = self.raft.open_stream(node, self.connect_timeout).await?;
            // It may have been opened on another runtime's reactor.
            let stream = TcpStream::from_std(stream.into_std()?)?;
            stream.set_nodelay(true)?;
            Client::connect(stream, &introduction).await
        };
        match tokio::time::timeout(self.connect_timeout, connect).await {
            Ok(Ok(mut client)) => {
                client.set_silence_max(RELAY_SILENCE_MAX);
                Ok(Relay::new(client, key, self.raft.leader()))
            }
            Ok(Err(error)) => Err(RelayError::Lost(error.to_string())),
            Err(_) => Err(RelayError::Lost("it does not answer".into())),
        }
    }

    /// For the next one, if the conversation is where both sides think it is.
    pub fn give_back(&self, relay: Relay) {
        let Some((client, key)) = relay.into_idle() else { return };
        let mut pool = self.pool.lock();
        let idle = pool.entry(key).or_default();
        if idle.len() < FORWARD_POOL_MAX {
            idle.push(client);
        }
    }

    /// A connection to this member has broken: the idle ones are most likely dead, too.
    pub fn forget(&self, node: NodeId) {
        self.pool.lock().retain(|(to, ..), _| *to != node);
    }
}
