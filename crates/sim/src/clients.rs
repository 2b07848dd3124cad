//! Clients: they write, count, pay, read and compare, at random nodes. Some follow hints to the leader, some let any member do it, and
//! some send the same again under a key until they are told.
//!
//! A refusal that is certain is tried again elsewhere; an answer that does not come leaves the outcome unknown.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use openraft_rt::AsyncRuntime;
use openraft_rt_sim::SimRuntime;
use parking_lot::Mutex;
use samyama_exec::{CancelFlag, Plan};
use samyama_graph::Value;
use samyama_raft::{LogIndex, NodeId};
use samyama_server::parts::{Refusal, Reply};

use crate::cluster::{Cluster, Running, Silence};
use crate::history::{Fate, Final, History, bulk_rows};
use crate::linearizability::Call;
use crate::plans::{Plans, statement};
use crate::relays::{Write, pay_anywhere, write_anywhere};
use crate::runtime::sleep;
use crate::sessions::{READ_PATIENCE, Rows, Said, pay_here, read_here, rows_of, write_here};

pub const ACCOUNTS: i64 = 6;
pub const BALANCE: i64 = 1_000;
const COUNTERS: u64 = 2;
const REGISTERS: usize = 3;
/// Writes that take an entry in parts; few, because every snapshot has them then.
const LARGES: u64 = 3;
const LARGE_BYTES: usize = 2 << 20;
/// Where snapshots travel in smaller pieces there are none.
const LARGE_CHUNK_BYTES_MIN: usize = 4096;
/// Operations on a register before another takes its place: histories stay short enough to be checked.
const REGISTER_OPERATIONS: u64 = 60;

/// What all clients of a run share.
pub struct Workload {
    pub cluster: Arc<Cluster>,
    pub plans: Plans,
    pub history: Arc<History>,
    serials: AtomicI64,
    /// Entries in parts that are still to be written.
    larges: AtomicU64,
    is_over: AtomicBool,
    /// The registers in use, and how often each was.
    registers: Mutex<(u64, Vec<(String, u64)>)>,
}

impl Workload {
    pub fn new(cluster: Arc<Cluster>, plans: Plans, history: Arc<History>) -> Arc<Workload> {
        Arc::new(Workload {
            cluster,
            plans,
            history,
            serials: AtomicI64::new(1),
            larges: AtomicU64::new(LARGES),
            is_over: AtomicBool::new(false),
            registers: Mutex::default(),
        })
    }

    pub fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    fn serial(&self) -> i64 {
        self.serials.fetch_add(1, Ordering::Relaxed)
    }

    fn register(&self) -> String {
        let mut registers = self.registers.lock();
        let at = self.cluster.world.between(0, REGISTERS as u64 - 1) as usize;
        while registers.1.len() <= at || registers.1[at].1 >= REGISTER_OPERATIONS {
            registers.0 += 1;
            let fresh = (format!("r{}", registers.0), 0);
            if registers.1.len() <= at { registers.1.push(fresh) } else { registers.1[at] = fresh }
        }
        registers.1[at].1 += 1;
        registers.1[at].0.clone()
    }

    /// What every run begins with: accounts with money, and a constraint. Tried until it is done.
    pub async fn open(self: &Arc<Self>) {
        let accounts = [("count", Value::Integer(ACCOUNTS)), ("balance", Value::Integer(BALANCE))];
        while !matches!(self.write(&self.plans.open_accounts, &accounts).await, Said::Done { .. }) {}
        // An answer may have got lost: a second time it fails because it is there.
        drop(self.write(&self.plans.one_key, &[]).await);
        while self.serials_seen().await.is_none() {}
        let is_there = |running: &Running| running.shared.published().view.constraints().next().is_some();
        while !self.cluster.all_running().iter().any(|(_, running)| is_there(running)) {
            drop(self.write(&self.plans.one_key, &[]).await);
        }
    }

    /// One client, until the workload is over.
    pub async fn go(self: Arc<Self>, client: u64) {
        let world = &self.cluster.world;
        while !self.is_over.load(Ordering::Relaxed) {
            match world.between(0, 99) {
                0..20 => self.write_one(client).await,
                20..26 => self.write_some(client).await,
                26..36 => self.count_up().await,
                36..40 => self.count_up_under_key().await,
                40..54 => self.put().await,
                54..64 => self.exchange().await,
                64..80 => self.get().await,
                80..90 => self.pay().await,
                90..92 => self.write_bulk().await,
                92..94 => self.fail().await,
                94..97 => self.read_balances().await,
                _ => self.read_serials().await,
            }
            sleep(world.delay(self.cluster.setup.think)).await;
        }
    }

    async fn write_one(&self, client: u64) {
        let serial = self.serial();
        let parameters = [("serial", Value::Integer(serial)), ("client", Value::Integer(client as i64))];
        let asked = self.history.ask();
        let said = self.write(&self.plans.write, &parameters).await;
        if let Said::Done { index, .. } = said {
            self.history.told(asked, "a write", index);
        }
        self.history.wrote(serial, fate_of(&said));
    }

    /// One write, by these nodes alone; tried until it is done.
    pub async fn write_at(&self, nodes: &[NodeId]) {
        loop {
            if let Some(node) = self.cluster.world.pick(nodes).copied()
                && self.write_once_at(node).await
            {
                return;
            }
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// One write, by this node, once. Is it done?
    pub async fn write_once_at(&self, node: NodeId) -> bool {
        let serial = self.serial();
        let parameters = [("serial", Value::Integer(serial)), ("client", Value::Integer(-1))];
        let (statement, _) = statement(&self.plans.write, &parameters);
        let asked = self.history.ask();
        // Until more is known; whoever waits for this may lose patience.
        self.history.wrote(serial, Fate::Unknown);
        let visit = self.cluster.visit(node, 0.0, move |running| Box::pin(write_here(running, statement)));
        let said = match visit.await {
            Ok(said) => said,
            Err(Silence::Refused) => Said::Never,
            Err(Silence::Broken) => Said::Unknown,
        };
        self.history.wrote(serial, fate_of(&said));
        let Said::Done { index, .. } = said else { return false };
        self.history.told(asked, "a write", index);
        true
    }

    /// Several at once, each behind the one before.
    async fn write_some(&self, client: u64) {
        let serials: Vec<i64> = (0..self.cluster.world.between(2, 4)).map(|_| self.serial()).collect();
        let mut statements = Vec::new();
        for serial in &serials {
            let parameters = [("serial", Value::Integer(*serial)), ("client", Value::Integer(client as i64))];
            statements.push(statement(&self.plans.write, &parameters).0);
        }
        let Some(node) = self.node(None) else { return };
        let sending = move |running: Running| async move {
            let mut fates = Vec::new();
            for reply in running.lane.run_in_order(statements) {
                fates.push(match reply.await.unwrap_or(Reply::Refused(Refusal::Unknown)) {
                    Reply::Answer(answer) if answer.outcome.is_ok() => Fate::Done,
                    Reply::Refused(Refusal::Unknown) => Fate::Unknown,
                    _ => Fate::Never,
                });
            }
            fates
        };
        let loss = self.cluster.setup.client_loss;
        let visit = self.cluster.visit(node, loss, move |running| Box::pin(sending(running)));
        let fates = match SimRuntime::timeout(self.cluster.setup.patience, visit).await {
            Ok(Ok(fates)) => fates,
            Ok(Err(Silence::Refused)) => vec![Fate::Never; serials.len()],
            Ok(Err(Silence::Broken)) | Err(_) => vec![Fate::Unknown; serials.len()],
        };
        for (serial, fate) in serials.into_iter().zip(fates) {
            self.history.wrote(serial, fate);
        }
    }

    async fn count_up(&self) {
        let name = format!("c{}", self.cluster.world.between(1, COUNTERS));
        let asked = self.history.ask();
        let said = self.write(&self.plans.count_up, &[("name", Value::from(name.as_str()))]).await;
        let told = match &said {
            Said::Done { rows, index } => {
                self.history.told(asked, "an increment", *index);
                integer(rows).ok_or(Fate::Unknown)
            }
            _ => Err(fate_of(&said)),
        };
        self.history.counted(&name, told);
    }

    /// The same increment again and again under one key, here and there, until it is told, and once more: it happens once, and what is
    /// told is the same every time.
    async fn count_up_under_key(&self) {
        let (name, key) =
            (format!("c{}", self.cluster.world.between(1, COUNTERS)), format!("k{}", self.serial()));
        let write = Write {
            plan: Arc::clone(&self.plans.count_up),
            parameters: vec![("name", Value::from(name.as_str()))],
            client_key: Some(Arc::from(key.as_str())),
        };
        let (mut told, mut times) = (Err(Fate::Never), 0);
        for _ in 0..self.cluster.world.between(2, 5) {
            let (write, cluster) = (write.clone(), Arc::clone(&self.cluster));
            match self.at_any(move |running| write_anywhere(cluster, running, write)).await {
                Said::Done { rows, index } => {
                    self.history.decided(&key, index, integer(&rows));
                    told = integer(&rows).ok_or(Fate::Unknown);
                    times += 1;
                }
                said if fate_of(&said) == Fate::Unknown && told.is_err() => told = Err(Fate::Unknown),
                _ => {}
            }
            if times == 2 {
                break;
            }
        }
        self.history.counted(&name, told);
    }

    async fn put(&self) {
        let (key, value) = (self.register(), self.serial());
        let parameters = [("key", Value::from(key.as_str())), ("value", Value::Integer(value))];
        let asked = self.history.ask();
        let said = self.write(&self.plans.put, &parameters).await;
        self.history.operated(&key, asked, Call::Write(value), fate_of(&said));
    }

    async fn exchange(&self) {
        let key = self.register();
        let asked = self.history.ask();
        let Some((rows, _)) = self.read(&self.plans.get, &[("key", Value::from(key.as_str()))]).await else {
            return;
        };
        self.history.operated(&key, asked, Call::Read(integer(&rows)), Fate::Done);
        let Some(old) = integer(&rows) else { return };
        let new = self.serial();
        let parameters =
            [("key", Value::from(key.as_str())), ("old", Value::Integer(old)), ("new", Value::Integer(new))];
        let asked = self.history.ask();
        let said = self.write(&self.plans.compare_and_set, &parameters).await;
        let done = match &said {
            Said::Done { rows, .. } => Some(!rows.is_empty()),
            _ => None,
        };
        self.history.operated(&key, asked, Call::Exchange { old, new, done }, fate_of(&said));
    }

    async fn get(&self) {
        let key = self.register();
        let asked = self.history.ask();
        if let Some((rows, index)) = self.read(&self.plans.get, &[("key", Value::from(key.as_str()))]).await {
            self.history.told(asked, "a read", index);
            self.history.operated(&key, asked, Call::Read(integer(&rows)), Fate::Done);
        }
    }

    /// Two accounts and a receipt, in one transaction of three statements.
    async fn pay(&self) {
        let world = &self.cluster.world;
        let (serial, amount) = (self.serial(), world.between(1, 50) as i64);
        let from = world.between(1, ACCOUNTS as u64) as i64;
        let to = (from + world.between(1, ACCOUNTS as u64 - 1) as i64 - 1) % ACCOUNTS + 1;
        let move_money = |id: i64, amount: i64| {
            let parameters = [("id", Value::Integer(id)), ("amount", Value::Integer(amount))];
            statement(&self.plans.move_money, &parameters).0
        };
        let receipt =
            [("from", Value::Integer(from)), ("to", Value::Integer(to)), ("serial", Value::Integer(serial))];
        let steps =
            vec![move_money(from, -amount), move_money(to, amount), statement(&self.plans.pay, &receipt).0];
        let (asked, gives_up) = (self.history.ask(), world.chance(0.1));
        let said = if world.chance(self.cluster.setup.relays) {
            let cluster = Arc::clone(&self.cluster);
            self.at_any(move |running| pay_anywhere(cluster, running, steps, gives_up)).await
        } else {
            let paying = |running: Running| pay_here(running, steps.clone(), gives_up, None);
            self.at_leader(&CancelFlag::default(), paying).await
        };
        if let Said::Done { index, .. } = said {
            self.history.told(asked, "a payment", index);
        }
        self.history.paid(serial, fate_of(&said));
    }

    async fn write_bulk(&self) {
        let (serial, world) = (self.serial(), &self.cluster.world);
        let count = bulk_rows(serial) as i64;
        let mut parameters = vec![("serial", Value::Integer(serial)), ("count", Value::Integer(count))];
        let may_be_large = self.cluster.setup.snapshot_chunk_bytes >= LARGE_CHUNK_BYTES_MIN;
        let said = if may_be_large && world.chance(0.3) && self.takes_large() {
            let padding = "x".repeat(LARGE_BYTES / count as usize);
            parameters.push(("padding", Value::from(padding.as_str())));
            self.write(&self.plans.large, &parameters).await
        } else {
            self.write(&self.plans.bulk, &parameters).await
        };
        self.history.wrote_bulk(serial, fate_of(&said));
    }

    fn takes_large(&self) -> bool {
        let take = |left: u64| left.checked_sub(1);
        self.larges.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }

    /// It makes a node and then divides by zero.
    async fn fail(&self) {
        let said = self.write(&self.plans.fail_half_way, &[("serial", Value::Integer(self.serial()))]).await;
        if matches!(said, Said::Done { .. }) {
            self.cluster.world.find("a statement that divides by zero was acknowledged");
        }
    }

    async fn read_balances(&self) {
        if let Some((rows, _)) = self.read(&self.plans.balances, &[]).await {
            let balances: Vec<i64> = rows.iter().filter_map(|row| of_integer(row.get(1))).collect();
            self.history.balances(&balances, ACCOUNTS * BALANCE);
        }
    }

    async fn read_serials(&self) {
        let acknowledged = self.history.acknowledged();
        if let Some(seen) = self.serials_seen().await {
            self.history.saw(&acknowledged, &seen);
        }
    }

    async fn serials_seen(&self) -> Option<Vec<i64>> {
        let (rows, _) = self.read(&self.plans.serials, &[]).await?;
        Some(rows.iter().filter_map(|row| of_integer(row.first())).collect())
    }

    /// An auto-commit write.
    async fn write(&self, plan: &Arc<Plan>, parameters: &[(&'static str, Value)]) -> Said {
        if self.cluster.world.chance(self.cluster.setup.relays) {
            let cluster = Arc::clone(&self.cluster);
            let write = Write { plan: Arc::clone(plan), parameters: parameters.to_vec(), client_key: None };
            return self.at_any(move |running| write_anywhere(cluster, running, write)).await;
        }
        let (statement, cancel) = statement(plan, parameters);
        self.at_leader(&cancel, |running| write_here(running, Arc::clone(&statement))).await
    }

    /// Let any node do it, wherever the leader is.
    async fn at_any<F>(&self, work: impl FnOnce(Running) -> F + Send + 'static) -> Said
    where
        F: Future<Output = Said> + Send + 'static,
    {
        let Some(node) = self.node(None) else { return Said::Never };
        let visit =
            self.cluster.visit(node, self.cluster.setup.client_loss, move |running| Box::pin(work(running)));
        match SimRuntime::timeout(self.cluster.setup.patience, visit).await {
            Ok(Ok(said)) => said,
            Ok(Err(Silence::Refused)) => Said::Never,
            Ok(Err(Silence::Broken)) | Err(_) => Said::Unknown,
        }
    }

    /// Ask nodes until one takes it, or patience ends.
    async fn at_leader<F>(&self, cancel: &CancelFlag, work: impl Fn(Running) -> F + Send + Sync) -> Said
    where
        F: Future<Output = Said> + Send + 'static,
    {
        let asking = async {
            let mut hint = None;
            loop {
                let Some(node) = self.node(hint.take()) else { return Said::Never };
                let work = &work;
                let (sender, running) = (self.cluster.setup.client_loss, self.cluster.running(node));
                let Some(running) = running else {
                    sleep(self.cluster.world.delay(Duration::from_millis(20))).await;
                    continue;
                };
                let visit = work(running);
                match self.cluster.visit(node, sender, move |_| Box::pin(visit)).await {
                    Ok(Said::Elsewhere(leader)) => hint = leader,
                    Ok(said) => return said,
                    Err(Silence::Refused) => {}
                    Err(Silence::Broken) => return Said::Unknown,
                }
                sleep(self.cluster.world.delay(Duration::from_millis(10))).await;
            }
        };
        match SimRuntime::timeout(self.cluster.setup.patience, asking).await {
            Ok(said) => said,
            Err(_) => {
                cancel.raise();
                Said::Unknown
            }
        }
    }

    fn node(&self, hint: Option<NodeId>) -> Option<NodeId> {
        hint.or_else(|| self.cluster.world.pick(&self.cluster.ids()).copied())
    }

    /// A linearizable read at any node; None if it could not be had.
    async fn read(&self, plan: &Arc<Plan>, parameters: &[(&str, Value)]) -> Option<(Rows, LogIndex)> {
        let (statement, _) = statement(plan, parameters);
        let node = self.node(None)?;
        let reading = move |running: Running| read_here(running, statement);
        let visit = self.cluster.visit(node, 0.0, move |running| Box::pin(reading(running)));
        SimRuntime::timeout(self.cluster.setup.patience.max(READ_PATIENCE), visit).await.ok()?.ok()?
    }

    /// What a node holds, whatever it is.
    pub fn read_all(&self, running: &Running) -> Final {
        let rows = |plan: &Arc<Plan>| {
            let (statement, _) = statement(plan, &[]);
            rows_of(&statement, running).unwrap_or_default()
        };
        let integers =
            |plan| rows(plan).iter().filter_map(|row| of_integer(row.first())).collect::<Vec<i64>>();
        let pairs = |plan| {
            rows(plan)
                .into_iter()
                .filter_map(|row| Some((text(row.first()?)?, row.get(1).cloned())))
                .collect::<Vec<_>>()
        };
        Final {
            serials: integers(&self.plans.serials),
            paid: integers(&self.plans.paid),
            bulk: rows(&self.plans.bulks)
                .iter()
                .filter_map(|row| Some((of_integer(row.first())?, of_integer(row.get(1))? as u64)))
                .collect(),
            junk: integers(&self.plans.junk).first().map_or(0, |count| *count as u64),
            counters: pairs(&self.plans.counters)
                .into_iter()
                .filter_map(|(name, value)| Some((name, of_integer(value.as_ref())?)))
                .collect(),
            registers: pairs(&self.plans.registers)
                .into_iter()
                .map(|(key, value)| (key, of_integer(value.as_ref())))
                .collect(),
            balances: rows(&self.plans.balances).iter().filter_map(|row| of_integer(row.get(1))).collect(),
        }
    }
}

fn fate_of(said: &Said) -> Fate {
    match said {
        Said::Done { .. } => Fate::Done,
        Said::Never | Said::Elsewhere(_) | Said::Stale => Fate::Never,
        Said::Unknown => Fate::Unknown,
    }
}

fn of_integer(value: Option<&Value>) -> Option<i64> {
    match value {
        Some(Value::Integer(number)) => Some(*number),
        _ => None,
    }
}

fn integer(rows: &Rows) -> Option<i64> {
    of_integer(rows.first().and_then(|row| row.first()))
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.to_string()),
        _ => None,
    }
}
