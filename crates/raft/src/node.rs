//! A member in production: on tokio, in a directory, listening on a socket. The handle that the rest of the program holds.

use std::future::Future;
use std::io;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

use crate::disk::timed::TimedDisk;
use crate::disk::{Disk, RealDisk};
use crate::ground::{Disks, Ground};
use crate::histogram::Histogram;
use crate::identity::{DirectoryLock, Identity, KnownPeers};
use crate::member::Member;
use crate::network::Transport;
use crate::network::hello::Credentials;
use crate::network::listen::{Lost, Reception, listen};
use crate::network::tcp::TcpTransport;
use crate::roster::Roster;
use crate::runtime::Tokio;
use crate::{NodeConfig, NodeId, StateMachine, StreamHandler};

/// A running member with its sockets and its directory; everything else it can do is [`Member`]'s. Cheap to clone.
#[derive(Clone)]
pub struct RaftNode {
    member: Member<Tokio>,
    transport: Arc<TcpTransport>,
    syncs: Arc<Histogram>,
}

impl Deref for RaftNode {
    type Target = Member<Tokio>;

    fn deref(&self) -> &Member<Tokio> {
        &self.member
    }
}

/// A directory, taken for this process.
struct Opened {
    disks: Option<Disks>,
    identity: Identity,
    peers: KnownPeers,
    lock: Option<DirectoryLock>,
}

fn open_directory(config: &NodeConfig, syncs: &Arc<Histogram>) -> io::Result<Opened> {
    let incarnation = rand::random::<u64>() | 1;
    let Some(directory) = &config.directory else {
        if config.members.len() > 1 {
            return Err(io::Error::other(
                "only a lone node may keep nothing on disk: give it a data directory",
            ));
        }
        let identity = Identity::first(config, incarnation);
        return Ok(Opened { disks: None, identity, peers: KnownPeers::load(None)?, lock: None });
    };
    let lock = DirectoryLock::take(directory)?;
    let (log, snapshots) = (directory.join("log"), directory.join("snapshots"));
    let log: Arc<dyn Disk> = Arc::new(TimedDisk::new(open_disk(&log)?, Arc::clone(syncs)));
    let disks =
        Disks { root: Arc::new(open_disk(directory)?), log, snapshots: Arc::new(open_disk(&snapshots)?) };
    let identity = Identity::load_or_create(&disks, config, incarnation)?;
    let peers = KnownPeers::load(Some(Arc::clone(&disks.root)))?;
    Ok(Opened { disks: Some(disks), identity, peers, lock: Some(lock) })
}

fn open_disk(path: &Path) -> io::Result<RealDisk> {
    RealDisk::new(path).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

async fn bind(config: &NodeConfig) -> io::Result<Option<TcpListener>> {
    if config.members.len() <= 1 && config.directory.is_none() {
        return Ok(None);
    }
    TcpListener::bind(&config.listen).await.map(Some).map_err(|error| {
        io::Error::new(error.kind(), format!("listen.peer = {}: cannot listen: {error}", config.listen))
    })
}

/// A peer whose heartbeat connection has ended: perhaps its process has.
fn lost(member: &Member<Tokio>, transport: &Arc<TcpTransport>) -> Lost {
    let (member, transport) = (member.clone(), Arc::clone(transport));
    Arc::new(move |peer| {
        let (member, transport) = (member.clone(), Arc::clone(&transport));
        tokio::spawn(async move { member.look_after(peer, || transport.is_refused(peer)).await });
    })
}

impl RaftNode {
    /// Open the log, recover, listen, join or form the cluster. Spawns onto the current tokio runtime, which becomes the
    /// raft runtime: nothing else should run there.
    ///
    /// # Errors
    /// When the directory is damaged, belongs to another node or is in use, or the address cannot be listened on.
    pub async fn start(
        config: NodeConfig,
        machine: Box<dyn StateMachine>,
        streams: Arc<dyn StreamHandler>,
    ) -> io::Result<RaftNode> {
        let syncs = Arc::new(Histogram::default());
        let Opened { disks, identity, peers, lock } = open_directory(&config, &syncs)?;
        let listener = bind(&config).await?;
        let roster = Arc::new(Roster::new(identity, peers));
        let credentials = Credentials { roster: Arc::clone(&roster) };
        let patience = Duration::from_millis(config.election_timeout_ms_max);
        let transport = Arc::new(TcpTransport::new(credentials.clone(), config.dial.clone(), patience));
        transport.keep(&config.members);
        let mut ground = Ground::new(disks, roster, Arc::clone(&transport) as Arc<dyn Transport>);
        ground.lock = lock;
        let member = Member::<Tokio>::open(config, machine, ground).await?;
        if let Some(listener) = listener {
            let lost = lost(&member, &transport);
            let answerer = member.answerer();
            member.spawn(listen(listener, Reception { credentials, answerer, streams, lost }));
        }
        member.form_cluster().await?;
        Ok(RaftNode { member, transport, syncs })
    }

    /// How long the syncs of the log's files take, those that lay them out ahead included.
    pub fn sync_times(&self) -> &Histogram {
        &self.syncs
    }

    /// Open a byte stream to another member, to be given to its `StreamHandler`.
    pub fn open_stream(
        &self,
        to: NodeId,
        timeout: Duration,
    ) -> impl Future<Output = io::Result<TcpStream>> + Send + 'static {
        let transport = Arc::clone(&self.transport);
        async move {
            tokio::time::timeout(timeout, transport.open_stream(to))
                .await
                .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        }
    }
}
