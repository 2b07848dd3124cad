//! The load generator: many connections that ask the same statement over and over, and what came of it.
//!
//! A connection has at most `depth` requests on their way: with depth 1 it waits for each answer before it asks again, with
//! more it pipelines, and asks again when half of them are answered, by one write: asking anew after every answer would
//! turn the pipeline into single requests, each with its packet and its wake-up. Requests are encoded anew with their own parameters; of answers only the kind of message is looked at, so that
//! the generator takes little from the cores that it shares with the server, and it says how much that was. Latency counts
//! from the moment at which a request is handed to the socket. A closed loop hides stalls: look at the greatest latency and
//! at `per_second` beside the percentiles.
//!
//! It does not route: every connection stays with the address that it was given.

mod connection;
mod request;
mod spec;
mod tally;

use std::io;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use thiserror::Error;
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::task::LocalSet;

use self::connection::Driver;
use self::request::Requests;
use self::tally::Tally;
use crate::client::{Client, ClientError, Introduction};
use crate::version::Version;

pub use self::spec::{Generator, Spec};
pub use self::tally::{Latency, Report};

/// Why there is no report.
#[derive(Debug, Error)]
pub enum LoadError {
    #[error("the description of the load cannot be used: {0}")]
    Spec(String),
    #[error("{address}: {error}")]
    Connect { address: String, error: ClientError },
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// When what is counted begins and ends.
#[derive(Clone, Copy, Debug)]
struct Window {
    from: Instant,
    until: Instant,
}

/// Run a load to its end. Blocks.
pub fn run(spec: &Spec) -> Result<Report, LoadError> {
    spec.check().map_err(LoadError::Spec)?;
    let requests = Arc::new(Requests::new(spec).map_err(LoadError::Spec)?);
    let ready = Barrier::new(spec.threads);
    let tallies: Result<Vec<Tally>, LoadError> = thread::scope(|scope| {
        let threads: Vec<_> = (0..spec.threads)
            .map(|number| {
                let (requests, ready) = (Arc::clone(&requests), &ready);
                scope.spawn(move || run_thread(spec, number, requests, ready))
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err(died()))).collect()
    });
    Ok(Tally::report(tallies?, Duration::from_millis(spec.duration_ms), spec.requests_max.is_some()))
}

fn died() -> LoadError {
    LoadError::Io(io::Error::other("a thread of the load generator panicked"))
}

/// One thread's share of the connections.
fn run_thread(
    spec: &Spec,
    number: usize,
    requests: Arc<Requests>,
    ready: &Barrier,
) -> Result<Tally, LoadError> {
    let runtime = Builder::new_current_thread().enable_all().build();
    let connected = runtime.map(|runtime| {
        let connected = runtime.block_on(connect_all(spec, number));
        (runtime, connected)
    });
    // Everybody comes here, also those who failed: the others wait for them.
    ready.wait();
    let (runtime, connected) = connected?;
    let from = Instant::now() + Duration::from_millis(spec.warmup_ms);
    let window = Window { from, until: from + Duration::from_millis(spec.duration_ms) };
    let streams = connected?;
    let local = LocalSet::new();
    let tally = local.block_on(&runtime, async move {
        let tally = tally::shared(window, spec.duration_ms);
        let drivers: Vec<_> = streams
            .into_iter()
            .map(|stream| {
                let driver = Driver::new(stream, Arc::clone(&requests), spec.depth, window);
                tokio::task::spawn_local(driver.run(std::rc::Rc::clone(&tally)))
            })
            .collect();
        let warm = tokio::task::spawn_local(async move {
            tokio::time::sleep_until(window.from.into()).await;
            tally::thread_cpu_ns()
        });
        for driver in drivers {
            if driver.await.is_err() {
                return Err(died());
            }
        }
        let mut tally = Tally::take_from(&tally);
        // Everything may have been answered before the warm-up was over.
        if warm.is_finished()
            && let Ok(cpu_before_ns) = warm.await
        {
            tally.cpu_ns = tally::thread_cpu_ns().saturating_sub(cpu_before_ns);
        }
        Ok(tally)
    })?;
    Ok(tally)
}

async fn connect_all(spec: &Spec, thread: usize) -> Result<Vec<TcpStream>, LoadError> {
    let mut streams = Vec::new();
    for number in (thread..spec.connections).step_by(spec.threads) {
        let address = &spec.addresses[number % spec.addresses.len()];
        let failed = |error| LoadError::Connect { address: address.clone(), error };
        let stream = TcpStream::connect(address.as_str()).await.map_err(|error| failed(error.into()))?;
        stream.set_nodelay(true)?;
        let introduction = Introduction {
            version: Version::new(5, 8),
            user_agent: Arc::from("samyama-load/0.1"),
            utc_patch: false,
        };
        let client = Client::connect(stream, &introduction).await.map_err(failed)?;
        streams.push(client.into_stream());
    }
    Ok(streams)
}
