//! Ctrl-C while Rust works: Python's main thread sits in a call that has let go of the GIL, and runs no handler until it
//! comes back. So a call that waits looks now and then whether a signal has come.

use std::pin::pin;
use std::time::Duration;

use pyo3::prelude::*;

/// How often a call that waits lets Python's signal handlers run.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Do `work` on this thread. When a signal's handler raises, `interrupt` is called, once, and `work` is awaited all the
/// same: it is told to end soon. Returns what came of it, and the exception of the handler.
///
/// Polled by the thread that called from Python, never by a worker: attaching may wait.
pub async fn watched<T>(work: impl Future<Output = T>, interrupt: impl Fn()) -> (T, Option<PyErr>) {
    let mut work = pin!(work);
    let mut raised = None;
    loop {
        tokio::select! {
            biased;
            done = &mut work => return (done, raised),
            () = tokio::time::sleep(LOOK_EVERY), if raised.is_none() => {
                raised = look();
                if raised.is_some() {
                    interrupt();
                }
            }
        }
    }
}

/// Do `work`, or drop it when a signal's handler raises.
pub async fn unless_interrupted<T>(work: impl Future<Output = T>) -> PyResult<T> {
    let mut work = pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return Ok(done),
            () = tokio::time::sleep(LOOK_EVERY) => if let Some(raised) = look() {
                return Err(raised);
            }
        }
    }
}

fn look() -> Option<PyErr> {
    Python::attach(|py| py.check_signals()).err()
}
