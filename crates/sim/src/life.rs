//! A life of a node: from its start to its end, whether that is a stop or a crash.
//!
//! Every task that is spawned while a task of a life runs belongs to that life. So a crash is one call: it drops the futures
//! of all of them, openraft's own among them, wherever they stand; nothing is told, nothing is flushed. A paused life's tasks
//! are not polled: its timers are due when it goes on, as after SIGSTOP.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use futures_util::FutureExt;
use openraft_rt::AsyncRuntime;
use openraft_rt_sim::{SimJoinError, SimRuntime};
use parking_lot::Mutex;
use samyama_raft::NodeId;

use crate::disk::Drive;
use crate::panics;
use crate::world::World;

pub type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

thread_local! {
    static CURRENT: RefCell<Option<Arc<Life>>> = const { RefCell::new(None) };
}

pub struct Life {
    pub node: NodeId,
    /// The first is 1.
    pub number: u32,
    pub world: Arc<World>,
    pub drive: Arc<Drive>,
    /// How often a task that could run is put behind the others first.
    give_way: f64,
    is_dead: AtomicBool,
    /// It ends when the task that runs now has been polled.
    is_doomed: AtomicBool,
    /// It was told to stop.
    is_leaving: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    is_paused: bool,
    waiting: Vec<Waker>,
    next_task: u64,
    tasks: BTreeMap<u64, Arc<Slot>>,
}

/// A task's future, out of reach of the executor, so that a crash can take it away.
#[derive(Default)]
struct Slot {
    work: Mutex<Option<Work>>,
    waker: Mutex<Option<Waker>>,
}

/// The life whose task is being polled.
pub fn current() -> Option<Arc<Life>> {
    CURRENT.with(|current| current.borrow().clone())
}

/// Makes a life the current one until it is dropped.
struct Scope(Option<Arc<Life>>);

impl Scope {
    fn enter(life: &Arc<Life>) -> Scope {
        Scope(CURRENT.with(|current| current.replace(Some(Arc::clone(life)))))
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        let before = self.0.take();
        CURRENT.with(|current| *current.borrow_mut() = before);
    }
}

impl Life {
    pub fn new(node: NodeId, number: u32, world: Arc<World>, drive: Arc<Drive>, give_way: f64) -> Arc<Life> {
        Arc::new(Life {
            node,
            number,
            world,
            drive,
            give_way,
            is_dead: AtomicBool::new(false),
            is_doomed: AtomicBool::new(false),
            is_leaving: AtomicBool::new(false),
            state: Mutex::default(),
        })
    }

    pub fn is_dead(&self) -> bool {
        self.is_dead.load(Ordering::Relaxed)
    }

    /// What it does from here on until its end reaches nobody.
    pub fn is_over(&self) -> bool {
        self.is_dead() || self.is_doomed.load(Ordering::Relaxed)
    }

    /// A crash in the middle of what runs now.
    pub fn doom(&self) {
        self.is_doomed.store(true, Ordering::Relaxed);
    }

    pub fn leave(&self) {
        self.is_leaving.store(true, Ordering::Relaxed);
    }

    pub fn is_leaving(&self) -> bool {
        self.is_leaving.load(Ordering::Relaxed)
    }

    /// Run a task as part of this life. Dropped at once if that is over.
    pub fn adopt(self: &Arc<Self>, work: Work) {
        if self.is_over() {
            return;
        }
        let slot = Arc::new(Slot { work: Mutex::new(Some(work)), waker: Mutex::default() });
        let id = {
            let mut state = self.state.lock();
            state.next_task += 1;
            let id = state.next_task;
            state.tasks.insert(id, Arc::clone(&slot));
            id
        };
        drop(SimRuntime::spawn(Guarded { life: Arc::clone(self), slot, id, gave_way: false }));
    }

    /// The end: all tasks are dropped where they stand.
    pub fn end(self: &Arc<Self>) {
        if self.is_dead.swap(true, Ordering::Relaxed) {
            return;
        }
        let _scope = Scope::enter(self);
        loop {
            let tasks = std::mem::take(&mut self.state.lock().tasks);
            if tasks.is_empty() {
                break;
            }
            for slot in tasks.into_values() {
                let work = slot.work.lock().take();
                drop(work);
                let waker = slot.waker.lock().take();
                if let Some(waker) = waker {
                    waker.wake();
                }
            }
        }
    }

    pub fn pause(&self) {
        self.state.lock().is_paused = true;
    }

    pub fn go_on(&self) {
        let waiting = {
            let mut state = self.state.lock();
            state.is_paused = false;
            std::mem::take(&mut state.waiting)
        };
        for waker in waiting {
            waker.wake();
        }
    }

    pub fn is_paused(&self) -> bool {
        self.state.lock().is_paused
    }
}

/// What the executor has of a task.
struct Guarded {
    life: Arc<Life>,
    slot: Arc<Slot>,
    id: u64,
    gave_way: bool,
}

impl Future for Guarded {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let life = Arc::clone(&self.life);
        if life.is_dead() {
            return Poll::Ready(());
        }
        {
            let mut state = life.state.lock();
            if state.is_paused {
                state.waiting.push(context.waker().clone());
                return Poll::Pending;
            }
        }
        if !self.gave_way && life.world.chance(life.give_way) {
            self.gave_way = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.gave_way = false;
        let Some(mut work) = self.slot.work.lock().take() else { return Poll::Ready(()) };
        *self.slot.waker.lock() = Some(context.waker().clone());
        let polled = {
            let _scope = Scope::enter(&life);
            let polled = work.as_mut().poll(context);
            if polled.is_ready() || life.is_over() {
                drop(work);
            } else {
                *self.slot.work.lock() = Some(work);
            }
            polled
        };
        if life.is_over() {
            life.end();
            return Poll::Ready(());
        }
        if polled.is_ready() {
            life.state.lock().tasks.remove(&self.id);
        }
        polled
    }
}

/// Spawn into the current life, or outside of all. A panic is a finding, whoever waits for the task.
pub fn spawn<F>(future: F) -> Join<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let life = current();
    let witness = life.clone();
    let work = async move {
        let outcome = AssertUnwindSafe(future).catch_unwind().await.map_err(|payload| {
            let what = panics::describe(&*payload);
            if let Some(life) = &witness {
                life.world.find(format!("node {} panicked: {what}", life.node));
            }
            SimJoinError::Panic(what)
        });
        drop(sender.send(outcome));
    };
    match life {
        Some(life) => life.adopt(Box::pin(work)),
        None => drop(SimRuntime::spawn(work)),
    }
    Join(receiver)
}

/// Resolves to what a task came to. Dropping it lets the task run on.
pub struct Join<T>(tokio::sync::oneshot::Receiver<Result<T, SimJoinError>>);

impl<T> Future for Join<T> {
    type Output = Result<T, SimJoinError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|received| received.unwrap_or(Err(SimJoinError::Cancelled)))
    }
}
