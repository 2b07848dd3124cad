//! What a member does for a client whose write the leader must do: it asks the leader under a key of its own, asks again when the
//! leader is lost, and settles the key before it says that nothing was done.
//!
//! The keys, the lane that minds them and the table that remembers them are the real ones; what is redone here is the part of the
//! session that sends (`crates/server/src/session/write.rs`), without Bolt.

use std::sync::Arc;
use std::time::{Duration, Instant};

use samyama_exec::Plan;
use samyama_graph::Value;
use samyama_raft::{LogIndex, NodeId};
use samyama_server::parts::{AppliedKey, DrawnKey, Keys, Kind, RelayKey, RelayStanding, Reply, Statement};

use crate::cluster::{Cluster, Running, Silence};
use crate::plans::keyed_statement;
use crate::runtime::{now, sleep};
use crate::sessions::{Said, pay_here, write_here};
use crate::setup::Defect;

/// How long a member goes on asking.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(25);

/// An auto-commit write that can be sent again.
#[derive(Clone)]
pub struct Write {
    pub plan: Arc<Plan>,
    pub parameters: Vec<(&'static str, Value)>,
    /// The client's own key, if it uses one.
    pub client_key: Option<Arc<str>>,
}

impl Write {
    fn statement(&self, relay: Option<RelayKey>, is_asked: bool) -> Arc<Statement> {
        let keys = Keys { relay, client: self.client_key.clone() };
        let takes_key = is_asked || keys.client.is_some();
        keyed_statement(&self.plan, &self.parameters, keys, takes_key).0
    }
}

/// What became of a key; after this nothing more becomes of it.
enum Settled {
    Applied(LogIndex),
    Never,
    Unknown,
}

/// A member with a client's write in its hands.
struct Member {
    cluster: Arc<Cluster>,
    running: Running,
    until: Instant,
    key: Option<DrawnKey>,
    /// A node that may have done it was lost before it said so.
    is_asked: bool,
}

/// Any member takes a write.
pub async fn write_anywhere(cluster: Arc<Cluster>, running: Running, write: Write) -> Said {
    let mut member = Member::new(cluster, running);
    loop {
        match member.attempt(&write).await {
            Said::Elsewhere(_) => {}
            Said::Never if member.is_asked => match member.settle().await {
                Settled::Applied(_) => {}
                Settled::Never => return Said::Never,
                Settled::Unknown => return Said::Unknown,
            },
            Said::Stale if member.is_asked => return Said::Unknown,
            Said::Stale => {
                member.key = None;
                member.running.ring.renew();
            }
            Said::Unknown if !member.is_asked => return Said::Unknown,
            Said::Unknown => member.count("relayed writes without an answer"),
            said => return said,
        }
        if now() >= member.until {
            return if member.is_asked { Said::Unknown } else { Said::Never };
        }
        sleep(PAUSE).await;
    }
}

/// A transaction that its client has with any member; it lives on the leader. Lost before COMMIT it is not run again.
pub async fn pay_anywhere(
    cluster: Arc<Cluster>,
    running: Running,
    steps: Vec<Arc<Statement>>,
    gives_up: bool,
) -> Said {
    let own = running.life.node;
    let node = match running.member.leader_now() {
        None => return Said::Elsewhere(None),
        Some(node) if node == own => return pay_here(running, steps, gives_up, None).await,
        Some(node) => node,
    };
    let mut member = Member::new(cluster, running);
    let key = member.draw();
    let paying = move |there: Running| pay_here(there, steps, gives_up, Some(key));
    match member.cluster.ask(own, node, move |there| Box::pin(paying(there))).await {
        Err(Silence::Refused) => Said::Never,
        Ok(Said::Unknown) | Err(Silence::Broken) => match member.settle().await {
            Settled::Applied(index) => Said::Done { rows: Vec::new(), index },
            Settled::Never => Said::Never,
            Settled::Unknown => Said::Unknown,
        },
        Ok(Said::Stale) => Said::Never,
        Ok(said) => said,
    }
}

impl Member {
    fn new(cluster: Arc<Cluster>, running: Running) -> Member {
        Member { cluster, running, until: now() + PATIENCE, key: None, is_asked: false }
    }

    fn count(&self, what: &'static str) {
        self.cluster.world.count(what);
    }

    /// The key, drawn when it is first needed.
    fn draw(&mut self) -> RelayKey {
        if self.cluster.setup.defect == Some(Defect::AnotherKeyEachTime) {
            self.key = None;
        }
        self.key.get_or_insert_with(|| self.running.ring.draw()).key()
    }

    async fn attempt(&mut self, write: &Write) -> Said {
        let own = self.running.life.node;
        match self.running.member.leader_now() {
            None => Said::Elsewhere(None),
            Some(node) if node == own => {
                let statement = write.statement(self.key.as_ref().map(DrawnKey::key), self.is_asked);
                write_here(self.running.clone(), statement).await
            }
            Some(node) => self.attempt_at(own, node, write).await,
        }
    }

    async fn attempt_at(&mut self, own: NodeId, node: NodeId, write: &Write) -> Said {
        let statement = write.statement(Some(self.draw()), self.is_asked);
        self.count(if self.is_asked { "relayed writes sent again" } else { "relayed writes" });
        match self.cluster.ask(own, node, move |there| Box::pin(write_here(there, statement))).await {
            Err(Silence::Refused) => Said::Elsewhere(None),
            Ok(Said::Unknown) | Err(Silence::Broken) => {
                self.is_asked = true;
                Said::Unknown
            }
            Ok(said) => said,
        }
    }

    async fn settle(&mut self) -> Settled {
        let Some(key) = self.key.as_ref().map(DrawnKey::key) else { return Settled::Unknown };
        self.count("keys settled");
        loop {
            match self.running.shared.relay_key(&key) {
                RelayStanding::Applied(applied) => return of_applied(&applied),
                RelayStanding::Stale => return Settled::Unknown,
                RelayStanding::New => {}
            }
            let own = self.running.life.node;
            let settled = match self.running.member.leader_now() {
                None => None,
                Some(node) if node == own => settle_here(self.running.clone(), key).await,
                Some(node) => {
                    let asked = self.cluster.ask(own, node, move |there| Box::pin(settle_here(there, key)));
                    asked.await.ok().flatten()
                }
            };
            if let Some(settled) = settled {
                return settled;
            }
            if now() >= self.until {
                return Settled::Unknown;
            }
            sleep(PAUSE).await;
        }
    }
}

/// None: this node cannot say.
async fn settle_here(running: Running, key: RelayKey) -> Option<Settled> {
    if running.member.leader_now() != Some(running.life.node) {
        return None;
    }
    match running.lane.run(Kind::Settle { key }).await {
        Reply::Answer(_) => Some(Settled::Never),
        Reply::Repeated(applied) => Some(of_applied(&applied)),
        Reply::Refused(_) => None,
    }
}

fn of_applied(applied: &AppliedKey) -> Settled {
    if applied.is_abandoned { Settled::Never } else { Settled::Applied(applied.index) }
}
