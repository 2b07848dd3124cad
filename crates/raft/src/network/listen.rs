//! The accepting half: judges each connection, answers requests in order of arrival, hands streams on.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use super::accept::Acceptor;
use super::frame::{FrameKind, put_frame, read_frame};
use super::hello::Credentials;
use super::{Answerer, Lane};
use crate::{NodeId, StreamHandler};

const HELLO_TIMEOUT: Duration = Duration::from_secs(5);

/// Is told when a peer's heartbeat connection has ended.
pub(crate) type Lost = Arc<dyn Fn(NodeId) + Send + Sync>;

/// What an accepted connection is given to.
#[derive(Clone)]
pub(crate) struct Reception {
    pub(crate) credentials: Credentials,
    pub(crate) answerer: Answerer,
    pub(crate) streams: Arc<dyn StreamHandler>,
    pub(crate) lost: Lost,
}

/// Accept until the task is aborted.
pub(crate) async fn listen(listener: TcpListener, reception: Reception) {
    let acceptor = Acceptor::new(listener, "a peer connection");
    loop {
        let (stream, reception) = (acceptor.next().await, reception.clone());
        tokio::spawn(async move {
            if let Err(error) = welcome(stream, reception).await {
                tracing::debug!("a peer connection ended: {error}");
            }
        });
    }
}

async fn welcome(mut stream: TcpStream, reception: Reception) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let hello = tokio::time::timeout(HELLO_TIMEOUT, reception.credentials.receive(&mut stream)).await;
    let (from, lane) =
        hello.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())).inspect_err(|error| {
            if error.kind() == io::ErrorKind::PermissionDenied {
                tracing::debug!("a peer connection was refused: {error}");
            }
        })?;
    if lane == Lane::Stream {
        reception.streams.accept(from, stream);
        return Ok(());
    }
    let done = converse(stream, from, &reception).await;
    if lane == Lane::Heartbeat {
        (reception.lost)(from);
    }
    done
}

async fn converse(stream: TcpStream, from: NodeId, reception: &Reception) -> io::Result<()> {
    let (mut read, mut write) = stream.into_split();
    let mut out = BytesMut::new();
    while let Some(frame) = read_frame(&mut read).await? {
        if frame.kind != FrameKind::Request {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "an answer came where a request was due"));
        }
        if reception.credentials.roster.was_removed(from) {
            // It finds out why when it dials again.
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "the peer was removed from the cluster",
            ));
        }
        // One after the other: a lane is an ordered conversation, and what may take long has a lane of its own.
        let answer = (reception.answerer)(frame.body).await;
        out.clear();
        put_frame(&mut out, FrameKind::Answer, frame.request, &answer);
        write.write_all(&out).await?;
    }
    Ok(())
}
