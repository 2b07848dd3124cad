//! What a session of the server does around the lane, without Bolt: statements in, answers out, each proven before it is given.

use std::sync::Arc;
use std::time::Duration;

use samyama_graph::Value;
use samyama_raft::{LogIndex, NodeId};
use samyama_server::parts::{
    AppliedKey, Kind, LaneHandle, Refusal, RelayKey, Reply, Statement, Stay, Transaction, read_answers,
    run_read,
};

use crate::cluster::Running;
use crate::runtime::sleep;

pub const READ_PATIENCE: Duration = Duration::from_secs(2);

pub type Rows = Vec<Vec<Value>>;

/// What a session says to its client.
pub enum Said {
    Done {
        rows: Rows,
        index: LogIndex,
    },
    /// It failed, or was refused; nothing was done.
    Never,
    /// Not here; there, as far as is known.
    Elsewhere(Option<NodeId>),
    /// The log does not take its relay key any more; what came of earlier attempts under it is not known.
    Stale,
    Unknown,
}

fn leads(running: &Running) -> Result<(), Said> {
    match running.member.leader_now() {
        Some(leader) if leader == running.life.node => Ok(()),
        leader => Err(Said::Elsewhere(leader)),
    }
}

/// As a session does with an auto-commit write.
pub async fn write_here(running: Running, statement: Arc<Statement>) -> Said {
    if let Err(elsewhere) = leads(&running) {
        return elsewhere;
    }
    match running.lane.run(Kind::Write { statement }).await {
        Reply::Refused(refusal) => refused(&refusal),
        Reply::Repeated(applied) => repeated(&running, &applied),
        Reply::Answer(answer) => {
            let mut index = answer.index;
            if !answer.proven {
                // Nothing was written: what it saw, or why it failed, is true if this node still leads.
                match running.gate.read_point(READ_PATIENCE).await {
                    Ok(point) => index = point,
                    Err(_) => return Said::Never,
                }
            }
            match answer.outcome {
                Ok(ran) => Said::Done {
                    rows: ran
                        .rows
                        .iter()
                        .flat_map(|batch| (0..batch.rows).map(|row| batch.row(row).to_vec()))
                        .collect(),
                    index,
                },
                Err(_) => Said::Never,
            }
        }
    }
}

fn refused(refusal: &Refusal) -> Said {
    match refusal {
        Refusal::NotLeader => Said::Elsewhere(None),
        Refusal::Unknown => Said::Unknown,
        Refusal::KeyStale => Said::Stale,
        _ => Said::Never,
    }
}

/// It was done before under the same key: the first answer again.
fn repeated(running: &Running, applied: &AppliedKey) -> Said {
    let world = &running.life.world;
    if applied.is_abandoned {
        return Said::Never;
    }
    world.count("answers told again");
    let Some(answered) = read_answers(&applied.answers).and_then(|mut answers| answers.pop()) else {
        world.find("what was answered under a key cannot be read");
        return Said::Never;
    };
    let rows = answered
        .rows
        .map_or_else(Vec::new, |batch| (0..batch.rows).map(|row| batch.row(row).to_vec()).collect());
    Said::Done { rows, index: applied.index }
}

/// A transaction of a session; given up when dropped.
struct Held {
    transaction: Option<Box<Transaction>>,
    lane: LaneHandle,
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(transaction) = self.transaction.take() {
            self.lane.end(transaction.id());
        }
    }
}

/// As a session does with an explicit transaction.
pub async fn pay_here(
    running: Running,
    steps: Vec<Arc<Statement>>,
    gives_up: bool,
    relay: Option<RelayKey>,
) -> Said {
    if let Err(elsewhere) = leads(&running) {
        return elsewhere;
    }
    let world = Arc::clone(&running.life.world);
    let mut held = Held { transaction: None, lane: running.lane.clone() };
    for (number, statement) in steps.into_iter().enumerate() {
        match running.lane.run(Kind::Step { statement, transaction: held.transaction.take() }).await {
            Reply::Answer(answer) if answer.outcome.is_ok() => held.transaction = answer.transaction,
            Reply::Refused(Refusal::NotLeader) if number == 0 => return Said::Elsewhere(None),
            _ => return Said::Never,
        }
        sleep(world.delay(Duration::from_millis(3))).await;
    }
    let Some(transaction) = held.transaction.take() else {
        world.find("a statement of a transaction succeeded and the transaction is gone");
        return Said::Never;
    };
    if gives_up {
        held.transaction = Some(transaction);
        return Said::Never;
    }
    match running.lane.run(Kind::Commit { transaction, relay }).await {
        Reply::Answer(answer) => Said::Done { rows: Vec::new(), index: answer.index },
        Reply::Repeated(applied) => repeated(&running, &applied),
        Reply::Refused(refusal) => match refused(&refusal) {
            // The transaction is gone with its leader.
            Said::Elsewhere(_) => Said::Never,
            said => said,
        },
    }
}

/// As a session does with a linearizable read.
pub async fn read_here(running: Running, statement: Arc<Statement>) -> Option<(Rows, LogIndex)> {
    let point = running.gate.read_point(READ_PATIENCE).await.ok()?;
    if !running.shared.wait_for(point, READ_PATIENCE).await {
        return None;
    }
    let index = running.shared.published().index;
    Some((rows_of(&statement, &running)?, index))
}

/// The rows of a read on what is published now.
pub fn rows_of(statement: &Statement, running: &Running) -> Option<Rows> {
    let view = running.shared.published().view.clone();
    let mut rows = Vec::new();
    let read = run_read(statement, &view, Stay::Apart, |batch| {
        rows.extend((0..batch.rows).map(|row| batch.row(row).to_vec()));
        true
    });
    match read {
        Ok(_) => Some(rows),
        Err(error) => {
            running.life.world.find(format!("a read failed: {error}"));
            None
        }
    }
}
