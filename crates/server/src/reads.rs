//! Read points, shared: reads that wait at the same time ask the log once.
//!
//! A read may only share a question that was sent after the read arrived. So arrivals gather while a question is being
//! formed; at most two are under way at a time.

use std::sync::Arc;
use std::time::Duration;

use samyama_raft::{LogIndex, ReadError};
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::host::{Boxed, Host, within};
use crate::limits::READ_RETRY_PAUSE;

type Reply = oneshot::Sender<Result<LogIndex, ReadError>>;
const ROUNDS_MAX: usize = 2;

pub struct ReadGate {
    arrivals: mpsc::UnboundedSender<(Duration, Reply)>,
    host: Arc<dyn Host>,
}

impl ReadGate {
    /// `ask` begins to ask for a read point when it is called, not when its future is polled.
    pub fn start(
        host: Arc<dyn Host>,
        ask: impl Fn(Duration) -> Boxed<Result<LogIndex, ReadError>> + Send + 'static,
    ) -> Self {
        let (arrivals, mut waiting) = mpsc::unbounded_channel::<(Duration, Reply)>();
        let tasks = Arc::clone(&host);
        host.spawn(Box::pin(async move {
            let rounds = Arc::new(Semaphore::new(ROUNDS_MAX));
            while let Some(first) = waiting.recv().await {
                let Ok(permit) = Arc::clone(&rounds).acquire_owned().await else { return };
                let mut round = vec![first];
                while let Ok(next) = waiting.try_recv() {
                    round.push(next);
                }
                let timeout = round.iter().map(|(timeout, _)| *timeout).max().unwrap_or_default();
                // Called here, in order: the question is sent now.
                let question = ask(timeout);
                tasks.spawn(Box::pin(async move {
                    let answer = question.await;
                    drop(permit);
                    for (_, reply) in round {
                        // A reader that has gone needs no answer.
                        drop(reply.send(answer.clone()));
                    }
                }));
            }
        }));
        Self { arrivals, host }
    }

    /// A point in the log that is at or after every write acknowledged before this call, applied here. Asks again, within
    /// `timeout`, while nobody leads: an election takes far less than a client that is turned away.
    pub async fn read_point(&self, timeout: Duration) -> Result<LogIndex, ReadError> {
        let deadline = self.host.now() + timeout;
        loop {
            let left = deadline.saturating_duration_since(self.host.now());
            match self.ask(left).await {
                Err(ReadError::NoLeader | ReadError::NoQuorum) if !left.is_zero() => {
                    self.host.sleep_until(self.host.now() + READ_RETRY_PAUSE.min(left)).await;
                }
                done => return done,
            }
        }
    }

    async fn ask(&self, timeout: Duration) -> Result<LogIndex, ReadError> {
        let (reply, answer) = oneshot::channel();
        let stopped = || ReadError::Fatal("the node has stopped".into());
        self.arrivals.send((timeout, reply)).map_err(|_| stopped())?;
        match within(&*self.host, timeout, answer).await {
            Some(answer) => answer.map_err(|_| stopped())?,
            None => Err(ReadError::Timeout),
        }
    }
}
