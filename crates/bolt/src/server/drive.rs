//! Waiting for the backend without going deaf.
//!
//! While a call waits, the same task reads on: a RESET, or the end of the connection, raises the backend's interrupt.
//! When the wait is long, answers of earlier requests are sent, and signs of life if the client was promised any.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep, sleep_until};

use super::input::Input;
use super::output::Output;

/// After this long, answers that wait for company are sent.
const FLUSH_DELAY: Duration = Duration::from_millis(5);
/// How often a long wait is looked at.
const TICK: Duration = Duration::from_millis(500);

/// What may happen during a wait.
pub(super) struct Watch<'a> {
    /// Ends the call that runs; None for waits that nothing but the client can shorten.
    pub interrupter: Option<&'a (dyn Fn() + Send + Sync)>,
    pub sends_noops: bool,
    pub write_stall_timeout: Duration,
}

/// Runs `call` to its end, reading meanwhile. Pinned where it was made: moving a call of the backend costs more than most
/// of them do.
pub(super) async fn drive<R, W, T>(
    input: &mut Input<R>,
    output: &Mutex<Output<W>>,
    watch: Watch<'_>,
    mut call: Pin<&mut impl Future<Output = T>>,
) -> T
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut interrupted = false;
    let mut started = false;
    poll_fn(|cx| {
        loop {
            if let Poll::Ready(result) = call.as_mut().poll(cx) {
                return Poll::Ready(result);
            }
            input.fill_now(cx);
            let lost = poll_ticker(input, output, &watch, &mut started, cx);
            if interrupted || !(lost || input.has_ended() || input.reset_is_queued()) {
                return Poll::Pending;
            }
            interrupted = true;
            if let Some(interrupter) = watch.interrupter {
                interrupter();
            }
            // Once more round: the call may be able to end now, and need not have been woken by the interrupt.
        }
    })
    .await
}

/// Looks after the output while the wait is long. True when the client reads nothing and is given up.
fn poll_ticker<R, W>(
    input: &mut Input<R>,
    output: &Mutex<Output<W>>,
    watch: &Watch<'_>,
    started: &mut bool,
    cx: &mut Context<'_>,
) -> bool
where
    W: AsyncWrite + Unpin,
{
    let ticker = input.ticker.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + FLUSH_DELAY)));
    if !*started {
        *started = true;
        let first = Instant::now() + FLUSH_DELAY;
        if ticker.is_elapsed() || ticker.deadline() > first {
            ticker.as_mut().reset(first);
        }
    }
    let mut lost = false;
    while Future::poll(ticker.as_mut(), cx).is_ready() {
        Sleep::reset(ticker.as_mut(), Instant::now() + TICK);
        let mut output = output.lock();
        if output.stuck_since().is_some_and(|since| since.elapsed() >= watch.write_stall_timeout) {
            output.fail();
            lost = true;
        }
        if watch.sends_noops && output.is_empty() {
            output.push(&mut vec![0, 0]);
        }
        // An error shows again at the flush that ends the group of requests.
        if !output.is_empty() && matches!(output.poll_flush(cx), Poll::Ready(Err(_))) {
            lost = true;
        }
    }
    lost
}
