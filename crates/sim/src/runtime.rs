//! The runtime of simulated nodes: openraft's simulated one, with lives around the tasks ([`crate::life`]).

use std::future::Future;
use std::io;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use openraft_rt::{AsyncRuntime, Instant as _, OptionalSend};
use openraft_rt_sim::{Elapsed, SimInstant, SimJoinError, SimRuntime, SimSleep, SimTimeout};
use samyama_raft::Runtime;
use samyama_raft::log::{COMMIT_MARK_DELAY, Step, WriterLoop};

use crate::life::{self, Join};

/// What virtual time is counted from where a real instant is asked for. Only differences are ever looked at.
static BASE: LazyLock<Instant> = LazyLock::new(Instant::now);

pub fn now() -> Instant {
    *BASE + SimInstant::now().elapsed_since_start()
}

pub async fn sleep(duration: Duration) {
    SimRuntime::sleep(duration).await;
}

pub fn sleep_until(at: Instant) -> SimSleep {
    SimRuntime::sleep(at.saturating_duration_since(now()))
}

/// What openraft runs on.
#[derive(Debug)]
pub struct Virtual(SimRuntime);

impl AsyncRuntime for Virtual {
    type JoinError = SimJoinError;
    type JoinHandle<T: OptionalSend + 'static> = Join<T>;
    type Sleep = SimSleep;
    type Instant = SimInstant;
    type TimeoutError = Elapsed;
    type Timeout<R, T: Future<Output = R> + OptionalSend> = SimTimeout<T>;
    type ThreadLocalRng = <SimRuntime as AsyncRuntime>::ThreadLocalRng;
    type Mpsc = <SimRuntime as AsyncRuntime>::Mpsc;
    type Watch = <SimRuntime as AsyncRuntime>::Watch;
    type Oneshot = <SimRuntime as AsyncRuntime>::Oneshot;
    type Mutex<T: OptionalSend + 'static> = <SimRuntime as AsyncRuntime>::Mutex<T>;

    fn spawn<T>(future: T) -> Join<T::Output>
    where
        T: Future + OptionalSend + 'static,
        T::Output: OptionalSend + 'static,
    {
        life::spawn(future)
    }

    fn sleep(duration: Duration) -> SimSleep {
        SimRuntime::sleep(duration)
    }

    fn sleep_until(deadline: SimInstant) -> SimSleep {
        SimRuntime::sleep_until(deadline)
    }

    fn timeout<R, F: Future<Output = R> + OptionalSend>(duration: Duration, future: F) -> SimTimeout<F> {
        SimRuntime::timeout(duration, future)
    }

    fn timeout_at<R, F: Future<Output = R> + OptionalSend>(deadline: SimInstant, future: F) -> SimTimeout<F> {
        SimRuntime::timeout_at(deadline, future)
    }

    fn is_panic(error: &SimJoinError) -> bool {
        SimRuntime::is_panic(error)
    }

    fn thread_rng() -> Self::ThreadLocalRng {
        SimRuntime::thread_rng()
    }

    fn new(threads: usize) -> Self {
        Virtual(SimRuntime::new(threads))
    }

    fn block_on<F: Future<Output = T>, T>(&mut self, future: F) -> T {
        self.0.block_on(future)
    }

    fn spawn_blocking<F, T>(work: F) -> impl Future<Output = Result<T, io::Error>> + Send
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        SimRuntime::spawn_blocking(work)
    }
}

/// What `crates/raft` runs on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Simulated;

impl Runtime for Simulated {
    type Rt = Virtual;

    fn now() -> Instant {
        now()
    }

    fn offload(work: Box<dyn FnOnce() + Send>) {
        drop(life::spawn(async move {
            if let Some(life) = life::current() {
                life.drive.wait().await;
            }
            work();
        }));
    }

    fn run_writer(mut writer: WriterLoop) -> io::Result<()> {
        drop(life::spawn(async move {
            loop {
                if SimRuntime::timeout(COMMIT_MARK_DELAY, writer.queued()).await.is_err() {
                    writer.write_mark();
                }
                loop {
                    // What queues meanwhile is written with it.
                    if let Some(life) = life::current() {
                        life.drive.wait().await;
                    }
                    match writer.step() {
                        Step::Wrote => {}
                        Step::Idle => break,
                        Step::Ended => return,
                    }
                }
            }
        }));
        Ok(())
    }
}
