//! Accepting Bolt connections: from clients, and from members that relay for theirs.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use samyama_bolt::{ConnectionError, ServerConfig, serve_connection};
use samyama_raft::Repeated;
use samyama_raft::network::Acceptor;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tracing::Instrument;

use crate::config::Config;
use crate::http::ConnectionMetrics;
use crate::node::Progress;
use crate::statements::WatchedBackend;
use crate::zones::BundledZones;

/// What every connection needs.
pub struct Door {
    backend: Arc<WatchedBackend>,
    connections: Arc<ConnectionMetrics>,
    bolt: Arc<ServerConfig>,
    progress: Arc<Progress>,
    places: Arc<Semaphore>,
    refusals: Repeated,
    endings: Repeated,
}

impl Door {
    pub fn new(
        backend: Arc<WatchedBackend>,
        config: &Config,
        connections: Arc<ConnectionMetrics>,
        progress: Arc<Progress>,
    ) -> Self {
        let limits = samyama_bolt::Limits {
            message_bytes_max: config.limits.message_bytes_max,
            pipelined_bytes_max: config.limits.message_bytes_max.saturating_mul(2),
            ..samyama_bolt::Limits::default()
        };
        let mut bolt = ServerConfig::new(config.advertised().http, limits);
        bolt.zones = Arc::new(BundledZones);
        let places = Arc::new(Semaphore::new(config.limits.connections_max));
        Self {
            backend,
            connections,
            bolt: Arc::new(bolt),
            progress,
            places,
            refusals: Repeated::default(),
            endings: Repeated::default(),
        }
    }

    fn serve(self: &Arc<Self>, stream: TcpStream, forwarded_by: Option<u64>) {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            self.connections.refused.fetch_add(1, Ordering::Relaxed);
            if let Some(unsaid) = self.refusals.due() {
                tracing::warn!(unsaid, "a connection was refused: limits.connections_max is reached");
            }
            return;
        };
        let door = Arc::clone(self);
        door.connections.open.fetch_add(1, Ordering::Relaxed);
        // Off, and free, unless the level is debug: then every line says whose connection it is about.
        let peer = stream.peer_addr().map(|peer| peer.to_string()).unwrap_or_default();
        let span = tracing::debug_span!("connection", peer, forwarded_by);
        let serving = async move {
            let (backend, bolt) = (Arc::clone(&door.backend), Arc::clone(&door.bolt));
            match serve_connection(stream, backend, bolt, forwarded_by).await {
                Ok(()) => {}
                // Clients come and go.
                Err(ConnectionError::Io(error)) => tracing::debug!(%error, "a connection broke off"),
                Err(error) => match door.endings.due() {
                    Some(unsaid) => tracing::info!(client = peer, unsaid, %error, "a connection was ended"),
                    None => tracing::debug!(%error, "a connection was ended"),
                },
            }
            door.connections.open.fetch_sub(1, Ordering::Relaxed);
            drop(place);
        };
        tokio::spawn(serving.instrument(span));
    }
}

/// Serve clients until the runtime ends.
pub async fn clients(listener: TcpListener, door: Arc<Door>) {
    let acceptor = Acceptor::new(listener, "a Bolt connection");
    loop {
        let stream = acceptor.next().await;
        if door.progress.is_draining() {
            continue;
        }
        door.connections.accepted.fetch_add(1, Ordering::Relaxed);
        // Small answers must not wait for more.
        drop(stream.set_nodelay(true));
        door.serve(stream, None);
    }
}

/// Serve members that relay for their clients.
pub async fn members(mut streams: mpsc::UnboundedReceiver<(u64, std::net::TcpStream)>, door: Arc<Door>) {
    while let Some((from, stream)) = streams.recv().await {
        door.connections.relayed_in.fetch_add(1, Ordering::Relaxed);
        match TcpStream::from_std(stream) {
            Ok(stream) => door.serve(stream, Some(from)),
            Err(error) => tracing::warn!(from, %error, "a relayed connection could not be taken over"),
        }
    }
}
