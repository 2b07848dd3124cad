//! Ending what a session is doing, from another task: a RESET has arrived, or the client is gone.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use futures_util::task::AtomicWaker;
use parking_lot::Mutex;
use samyama_bolt::Failure;
use samyama_exec::CancelFlag;

use super::failures::terminated;

/// Ends what a session is doing, from another task.
#[derive(Default)]
pub struct Interrupt {
    raised: AtomicBool,
    /// The session's task, while it waits for something. A session does one thing at a time.
    waiting: AtomicWaker,
    /// Of the statement that runs, if one does.
    pub cancel: Mutex<CancelFlag>,
}

impl Interrupt {
    pub fn raise(&self) {
        self.cancel.lock().raise();
        self.raised.store(true, Ordering::Release);
        self.waiting.wake();
    }

    pub fn clear(&self) {
        *self.cancel.lock() = CancelFlag::default();
        self.raised.store(false, Ordering::Release);
    }

    pub fn is_raised(&self) -> bool {
        self.raised.load(Ordering::Acquire)
    }

    /// Do this, unless the session is interrupted first. What is done at once costs nothing extra.
    pub async fn guard<T>(&self, work: impl Future<Output = T>) -> Result<T, Failure> {
        let mut work = pin!(work);
        poll_fn(|cx| {
            if let Poll::Ready(done) = work.as_mut().poll(cx) {
                return Poll::Ready(Ok(done));
            }
            self.waiting.register(cx.waker());
            // Looked at after registering: a raise in between is not missed.
            if self.is_raised() { Poll::Ready(Err(terminated())) } else { Poll::Pending }
        })
        .await
    }
}
