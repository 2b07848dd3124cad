//! What consensus takes from its surroundings besides disk and network: time, tasks, randomness, threads.
//!
//! Tasks, timers and random numbers are those of openraft's own runtime trait, so that openraft and this crate live in the
//! same time. [`Tokio`] is production; `crates/sim` brings a runtime with one thread and virtual time, in which the same seed
//! gives the same run. For that to hold, nothing that a simulation runs may name `tokio::time`, `tokio::spawn`, `tokio::fs`,
//! `Instant::now`, an unbiased `select!`, `tokio::sync::watch` or the order of a `HashMap`
//! (`docs/decisions/0352-the-runtime-seam.md`).

use std::fmt::Debug;
use std::io;
use std::time::Instant;

use openraft::AsyncRuntime;
use tokio::sync::oneshot;

use crate::log::WriterLoop;

/// A runtime for consensus, and what in production needs a thread of its own.
pub trait Runtime: Debug + Clone + Copy + Default + Eq + Ord + Send + Sync + 'static {
    type Rt: AsyncRuntime;

    /// The monotonic clock that `Rt`'s timers follow.
    fn now() -> Instant;

    /// Something long that must not hold up consensus: building or reading a snapshot.
    fn offload(work: Box<dyn FnOnce() + Send>);

    /// Keep the log's writer going until the log is dropped.
    ///
    /// # Errors
    /// When there is no thread to be had.
    fn run_writer(writer: WriterLoop) -> io::Result<()>;
}

/// [`Runtime::offload`] with an answer.
///
/// # Errors
/// When the work ended early, or there was no thread for it.
pub(crate) async fn offloaded<T: Runtime, R: Send + 'static>(
    work: impl FnOnce() -> R + Send + 'static,
) -> io::Result<R> {
    let (sender, receiver) = oneshot::channel();
    T::offload(Box::new(move || drop(sender.send(work()))));
    receiver.await.map_err(|_| io::Error::other("a thread that was to do something long has ended early"))
}

/// Building a snapshot must not take the processor from writes.
const OFFLOADED_NICENESS: i32 = 5;

/// Production.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tokio;

impl Runtime for Tokio {
    type Rt = openraft_rt_tokio::TokioRuntime;

    fn now() -> Instant {
        Instant::now()
    }

    fn offload(work: Box<dyn FnOnce() + Send>) {
        // Without a thread there is nothing left that could go on.
        let spawned = std::thread::Builder::new().name("samyama-offload".into()).spawn(|| {
            // Only this thread: it takes what the others leave.
            let own = rustix::thread::gettid();
            if let Err(error) = rustix::process::setpriority_process(Some(own), OFFLOADED_NICENESS) {
                tracing::debug!("a thread keeps its priority: {error}");
            }
            work();
        });
        drop(spawned);
    }

    fn run_writer(writer: WriterLoop) -> io::Result<()> {
        std::thread::Builder::new().name("samyama-log".into()).spawn(move || writer.run()).map(drop)
    }
}
