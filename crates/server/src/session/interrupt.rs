//! Ending what a session is doing, from another task: a RESET has arrived, or the client is gone.

use parking_lot::Mutex;
use samyama_bolt::Failure;
use samyama_exec::CancelFlag;
use tokio::sync::watch;

use super::failures::terminated;

/// Ends what a session is doing, from another task.
pub struct Interrupt {
    pub raised: watch::Sender<bool>,
    /// Of the statement that runs, if one does.
    pub cancel: Mutex<CancelFlag>,
}

impl Default for Interrupt {
    fn default() -> Self {
        Self { raised: watch::channel(false).0, cancel: Mutex::default() }
    }
}

impl Interrupt {
    pub fn raise(&self) {
        self.cancel.lock().raise();
        self.raised.send_replace(true);
    }

    pub fn clear(&self) {
        *self.cancel.lock() = CancelFlag::default();
        self.raised.send_replace(false);
    }

    /// Do this, unless the session is interrupted first.
    pub async fn guard<T>(&self, work: impl Future<Output = T>) -> Result<T, Failure> {
        let mut raised = self.raised.subscribe();
        tokio::select! {
            biased;
            done = work => Ok(done),
            _ = raised.wait_for(|raised| *raised) => Err(terminated()),
        }
    }
}
