//! The host of a simulated lane: virtual time, tasks of the node's life, seeded random numbers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use openraft_rt_sim::SimInstant;
use samyama_server::parts::{Boxed, Host};

use crate::life::{self, Life};
use crate::runtime::{now, sleep, sleep_until};

/// 1 January 2026.
const EPOCH_NS: i128 = 1_767_225_600_000_000_000;
const NEVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

pub struct SimHost {
    pub life: Arc<Life>,
    /// How often a statement is too long for the lane.
    pub overruns: f64,
}

impl Host for SimHost {
    fn now(&self) -> Instant {
        now()
    }

    fn now_ns(&self) -> i128 {
        let elapsed = SimInstant::try_now().map(SimInstant::elapsed_since_start).unwrap_or_default();
        EPOCH_NS + elapsed.as_nanos() as i128
    }

    fn random(&self) -> u64 {
        self.life.world.bits()
    }

    fn sleep_until(&self, at: Instant) -> Boxed<()> {
        Box::pin(sleep_until(at))
    }

    fn spawn(&self, task: Boxed<()>) {
        drop(life::spawn(task));
    }

    fn give_way(&self) -> Boxed<()> {
        let mut gave_way = false;
        Box::pin(std::future::poll_fn(move |context| {
            if std::mem::replace(&mut gave_way, true) {
                return std::task::Poll::Ready(());
            }
            context.waker().wake_by_ref();
            std::task::Poll::Pending
        }))
    }

    fn on_pool(&self, work: Box<dyn FnOnce() + Send>) {
        let took = self.life.world.delay(Duration::from_millis(10));
        self.life.world.count("statements on the pool");
        drop(life::spawn(async move {
            sleep(took).await;
            work();
        }));
    }

    fn in_place(&self, work: &mut dyn FnMut()) {
        work();
    }

    fn budget(&self) -> Instant {
        // The executor asks the machine's own clock: one answer is long past there, the other never comes.
        let real = Instant::now();
        if self.life.world.chance(self.overruns) {
            real.checked_sub(Duration::from_secs(1)).unwrap_or(real)
        } else {
            real + NEVER
        }
    }
}
