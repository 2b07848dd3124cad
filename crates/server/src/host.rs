//! What the lane, read points and waiting for views take from their surroundings: time, tasks, threads, random numbers.
//!
//! [`Tokio`] is production. `crates/sim` has a host of its own, in virtual time, in which the same seed gives the same run; so
//! nothing below the sessions may ask tokio or the system's clock directly (`docs/decisions/0506-the-lane-has-a-host.md`).

use std::pin::Pin;
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};
use rand::RngExt;

use crate::engine::now_ns;
use crate::limits::LANE_BUDGET_MS;

pub type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

pub trait Host: Send + Sync + 'static {
    fn now(&self) -> Instant;
    /// Nanoseconds since the epoch, UTC: what statements see as the time.
    fn now_ns(&self) -> i128;
    /// Seeds the random numbers of one statement.
    fn random(&self) -> u64;
    fn sleep_until(&self, at: Instant) -> Boxed<()>;
    fn spawn(&self, task: Boxed<()>);
    /// Let the other tasks that are ready run first.
    fn give_way(&self) -> Boxed<()>;
    /// Run something long away from the lane.
    fn on_pool(&self, work: Box<dyn FnOnce() + Send>);
    /// Run something long here, after other tasks of this thread were moved away.
    fn in_place(&self, work: &mut dyn FnMut());
    /// Until when a statement that begins now may hold the lane.
    fn budget(&self) -> Instant;
}

/// Production.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tokio;

impl Host for Tokio {
    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn now_ns(&self) -> i128 {
        now_ns()
    }

    fn random(&self) -> u64 {
        rand::rng().random()
    }

    fn sleep_until(&self, at: Instant) -> Boxed<()> {
        Box::pin(tokio::time::sleep_until(at.into()))
    }

    fn spawn(&self, task: Boxed<()>) {
        tokio::spawn(task);
    }

    fn give_way(&self) -> Boxed<()> {
        Box::pin(tokio::task::yield_now())
    }

    fn on_pool(&self, work: Box<dyn FnOnce() + Send>) {
        tokio::task::spawn_blocking(work);
    }

    fn in_place(&self, work: &mut dyn FnMut()) {
        tokio::task::block_in_place(work);
    }

    fn budget(&self) -> Instant {
        Instant::now() + Duration::from_millis(LANE_BUDGET_MS)
    }
}

/// What `work` comes to; None if it takes longer than `limit`.
pub async fn within<T>(host: &dyn Host, limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    let work = std::pin::pin!(work);
    match select(work, host.sleep_until(host.now() + limit)).await {
        Either::Left((done, _)) => Some(done),
        Either::Right(((), _)) => None,
    }
}
