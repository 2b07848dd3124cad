//! Taking connections one after the other, whatever the system says in between.

use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

use crate::Repeated;

const PAUSE: Duration = Duration::from_millis(50);

/// A listener that goes on.
pub struct Acceptor {
    listener: TcpListener,
    /// "a Bolt connection".
    what: &'static str,
    failures: Repeated,
}

impl Acceptor {
    pub fn new(listener: TcpListener, what: &'static str) -> Self {
        Self { listener, what, failures: Repeated::default() }
    }

    pub async fn next(&self) -> TcpStream {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => return stream,
                Err(error) => {
                    // Out of file descriptors, say: those that are open go on.
                    if let Some(unsaid) = self.failures.due() {
                        tracing::warn!(unsaid, %error, "{} could not be accepted", self.what);
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}
