//! The handshake as the server plays it, with an answer for whoever is on the wrong port.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tracing::debug;

use super::config::{ConnectionError, ServerConfig};
use crate::handshake::{Caller, Choice, MANIFEST, NO_VERSION, Varint, caller, choose, chosen, confirmation};
use crate::version::Version;

/// A fatal TLS alert, handshake_failure: the client then says what is wrong instead of "connection reset".
const TLS_ALERT: [u8; 7] = [0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28];

/// What was agreed on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Agreement {
    pub version: Version,
    pub by_manifest: bool,
}

pub(super) async fn shake_hands<R, W>(
    reader: &mut R,
    writer: &mut W,
    config: &ServerConfig,
) -> Result<Agreement, ConnectionError>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut first = [0; 4];
    reader.read_exact(&mut first).await?;
    match caller(first) {
        Caller::Bolt => {}
        stranger => return Err(turn_away(stranger, writer, config).await),
    }
    let mut proposals = [0; 16];
    reader.read_exact(&mut proposals).await?;
    match choose(proposals) {
        Choice::Version(version) => {
            writer.write_all(&confirmation(version)).await?;
            writer.flush().await?;
            Ok(Agreement { version, by_manifest: false })
        }
        Choice::Manifest => negotiate(reader, writer).await,
        Choice::None => {
            writer.write_all(&NO_VERSION).await?;
            writer.shutdown().await?;
            Err(ConnectionError::NoCommonVersion)
        }
    }
}

async fn negotiate<R, W>(reader: &mut R, writer: &mut W) -> Result<Agreement, ConnectionError>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    writer.write_all(&MANIFEST).await?;
    writer.flush().await?;
    let mut choice = [0; 4];
    reader.read_exact(&mut choice).await?;
    let mut capabilities = Varint::default();
    while capabilities.push(reader.read_u8().await?).map_err(ConnectionError::Handshake)?.is_none() {}
    let version = chosen(choice).ok_or(ConnectionError::NoCommonVersion)?;
    Ok(Agreement { version, by_manifest: true })
}

/// Tells a client of another protocol where it is. Failing to is of no interest: the connection ends anyway.
async fn turn_away<W: AsyncWrite + Unpin>(
    stranger: Caller,
    writer: &mut W,
    config: &ServerConfig,
) -> ConnectionError {
    let (answer, reason) = match stranger {
        Caller::Http => (http_answer(config), "an HTTP client called the Bolt port"),
        Caller::Tls => {
            (TLS_ALERT.to_vec(), "a client began TLS on a port without TLS; use bolt:// or neo4j://")
        }
        Caller::Bolt | Caller::Unknown => (Vec::new(), "the first bytes are of no known protocol"),
    };
    if let Err(error) = writer.write_all(&answer).await {
        debug!(%error, reason, "the answer to a stranger was not sent");
    }
    if let Err(error) = writer.shutdown().await {
        debug!(%error, reason, "the connection of a stranger was not closed in order");
    }
    ConnectionError::NotBolt(reason)
}

fn http_answer(config: &ServerConfig) -> Vec<u8> {
    let body = format!(
        "This is a Bolt port, for Neo4j drivers: connect with bolt:// or neo4j://. HTTP is served at http://{}/.\n\
         Bolt over WebSocket is not supported.\n",
        config.http_address
    );
    let length = body.len();
    format!(
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
    .into_bytes()
}
