//! A value that others wait for. Whoever waits is woken in the order in which they began to.
//!
//! `tokio::sync::watch` spreads its waiters over eight lists, by a random number that nobody can seed: in a simulation two
//! runs of one seed would differ. Here there is one list. Values are small and cheap to clone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::{RwLock, RwLockReadGuard};
use tokio::sync::Notify;

struct Shared<T> {
    value: RwLock<T>,
    /// One more with every change; changed under the value's lock.
    version: AtomicU64,
    is_closed: AtomicBool,
    changed: Notify,
}

/// Nobody can change the value any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the value's owner is gone")]
pub struct Closed;

/// The end that changes the value.
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
}

/// An end that waits for changes. A new one has seen the value as it is.
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    seen: u64,
}

impl<T> Sender<T> {
    pub fn new(value: T) -> Self {
        let (version, is_closed) = (AtomicU64::new(0), AtomicBool::new(false));
        let (value, changed) = (RwLock::new(value), Notify::new());
        Sender { shared: Arc::new(Shared { value, version, is_closed, changed }) }
    }

    /// The old value comes back; waiters are woken even if it was the same.
    pub fn send_replace(&self, value: T) -> T {
        let mut old = value;
        self.send_if_modified(|current| {
            std::mem::swap(current, &mut old);
            true
        });
        old
    }

    /// Wakes the waiters if `modify` says that it has changed the value.
    pub fn send_if_modified(&self, modify: impl FnOnce(&mut T) -> bool) -> bool {
        let is_modified = {
            let mut value = self.shared.value.write();
            let is_modified = modify(&mut value);
            if is_modified {
                self.shared.version.fetch_add(1, Ordering::Release);
            }
            is_modified
        };
        if is_modified {
            self.shared.changed.notify_waiters();
        }
        is_modified
    }

    pub fn borrow(&self) -> RwLockReadGuard<'_, T> {
        self.shared.value.read()
    }

    pub fn subscribe(&self) -> Receiver<T> {
        let seen = self.shared.version.load(Ordering::Acquire);
        Receiver { shared: Arc::clone(&self.shared), seen }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.shared.is_closed.store(true, Ordering::Release);
        self.shared.changed.notify_waiters();
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Receiver { shared: Arc::clone(&self.shared), seen: self.seen }
    }
}

impl<T> Receiver<T> {
    /// The value as it is. Not to be held across an await: it keeps the sender out.
    pub fn borrow(&self) -> RwLockReadGuard<'_, T> {
        self.shared.value.read()
    }

    /// The same; changes up to now count as seen.
    pub fn borrow_and_update(&mut self) -> RwLockReadGuard<'_, T> {
        let value = self.shared.value.read();
        self.seen = self.shared.version.load(Ordering::Acquire);
        value
    }

    /// Changes up to now count as seen.
    pub fn mark_seen(&mut self) {
        self.seen = self.shared.version.load(Ordering::Acquire);
    }

    /// Wait for a change that this end has not seen.
    ///
    /// # Errors
    /// When there is none, and never will be.
    pub async fn changed(&mut self) -> Result<(), Closed> {
        loop {
            // Registered before looking: what changes after the look wakes this.
            let notified = self.shared.changed.notified();
            let version = self.shared.version.load(Ordering::Acquire);
            if version != self.seen {
                self.seen = version;
                return Ok(());
            }
            if self.shared.is_closed.load(Ordering::Acquire) {
                return Err(Closed);
            }
            notified.await;
        }
    }
}

impl<T: Clone> Receiver<T> {
    /// Wait until `is_it` says so of the value.
    ///
    /// # Errors
    /// When that can never be.
    pub async fn wait_for(&mut self, mut is_it: impl FnMut(&T) -> bool) -> Result<T, Closed> {
        loop {
            let value = self.borrow_and_update().clone();
            if is_it(&value) {
                return Ok(value);
            }
            self.changed().await?;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::future::Future;
    use std::pin::pin;
    use std::sync::Mutex;
    use std::task::{Context, Poll, Wake, Waker};

    use super::*;

    /// Writes its number down when it is woken.
    struct Scribe(u32, Arc<Mutex<Vec<u32>>>);

    impl Wake for Scribe {
        fn wake(self: Arc<Self>) {
            self.1.lock().unwrap().push(self.0);
        }
    }

    fn is_ready<F: Future>(future: F) -> bool {
        matches!(pin!(future).poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(_))
    }

    #[test]
    fn waiters_are_woken_in_the_order_in_which_they_came() {
        let sender = Sender::new(0);
        let woken = Arc::new(Mutex::new(Vec::new()));
        let mut receivers: Vec<_> = (0..40).map(|_| sender.subscribe()).collect();
        let mut waiting: Vec<_> = receivers.iter_mut().map(|receiver| Box::pin(receiver.changed())).collect();
        for (number, future) in waiting.iter_mut().enumerate() {
            let waker = Waker::from(Arc::new(Scribe(number as u32, Arc::clone(&woken))));
            assert!(future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        }
        sender.send_replace(1);
        assert_eq!(*woken.lock().unwrap(), (0..40).collect::<Vec<_>>());
    }

    #[test]
    fn a_change_is_seen_once() {
        let sender = Sender::new(1);
        let mut receiver = sender.subscribe();
        assert!(!is_ready(receiver.changed()));
        assert_eq!(sender.send_replace(2), 1);
        assert!(is_ready(receiver.changed()));
        assert!(!is_ready(receiver.changed()));
        sender.send_if_modified(|_| false);
        assert!(!is_ready(receiver.changed()), "nothing was changed");
        sender.send_replace(3);
        assert_eq!(*receiver.borrow_and_update(), 3);
        assert!(!is_ready(receiver.changed()));
    }

    #[test]
    fn waiting_for_a_value_ends_with_its_owner() {
        let sender = Sender::new(1);
        let mut receiver = sender.subscribe();
        assert!(is_ready(receiver.wait_for(|value| *value == 1)));
        sender.send_replace(2);
        drop(sender);
        assert!(is_ready(receiver.wait_for(|value| *value == 2)), "what it came to can still be read");
        assert!(is_ready(receiver.wait_for(|value| *value == 3)), "and what it did not is told");
    }
}
