//! Read points, shared: reads that wait at the same time ask the log once.
//!
//! A read may only share a question that was sent after the read arrived. So arrivals gather while a question is being
//! formed; at most two are under way at a time.

use std::sync::Arc;
use std::time::Duration;

use samyama_raft::{LogIndex, ReadError};
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::consensus::Consensus;

type Reply = oneshot::Sender<Result<LogIndex, ReadError>>;
const ROUNDS_MAX: usize = 2;

pub struct ReadGate {
    arrivals: mpsc::UnboundedSender<(Duration, Reply)>,
}

impl ReadGate {
    pub fn start(raft: Consensus) -> Self {
        let (arrivals, mut waiting) = mpsc::unbounded_channel::<(Duration, Reply)>();
        tokio::spawn(async move {
            let rounds = Arc::new(Semaphore::new(ROUNDS_MAX));
            while let Some(first) = waiting.recv().await {
                let Ok(permit) = Arc::clone(&rounds).acquire_owned().await else { return };
                let mut round = vec![first];
                while let Ok(next) = waiting.try_recv() {
                    round.push(next);
                }
                let timeout = round.iter().map(|(timeout, _)| *timeout).max().unwrap_or_default();
                // Called here, in order: the question is sent now.
                let question = raft.read_index(timeout);
                tokio::spawn(async move {
                    let answer = question.await;
                    drop(permit);
                    for (_, reply) in round {
                        // A reader that has gone needs no answer.
                        drop(reply.send(answer.clone()));
                    }
                });
            }
        });
        Self { arrivals }
    }

    pub async fn read_point(&self, timeout: Duration) -> Result<LogIndex, ReadError> {
        let (reply, answer) = oneshot::channel();
        let stopped = || ReadError::Fatal("the node has stopped".into());
        self.arrivals.send((timeout, reply)).map_err(|_| stopped())?;
        match tokio::time::timeout(timeout, answer).await {
            Ok(answer) => answer.map_err(|_| stopped())?,
            Err(_) => Err(ReadError::Timeout),
        }
    }
}
