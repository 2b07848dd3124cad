//! The bytes before the first message.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{ConnectionError, ServerConfig};
use crate::handshake::{self, Caller, Choice, MANIFEST, NO_VERSION, Varint};
use crate::version::Version;

/// Agree on a version. None: the caller was told that it has the wrong address, or shares no version.
/// The flag: the manifest was used, and HELLO's answer names the version.
pub(super) async fn greet(
    stream: &mut TcpStream,
    config: &ServerConfig,
) -> Result<Option<(Version, bool)>, ConnectionError> {
    match tokio::time::timeout(config.limits.handshake_timeout, exchange(stream, config)).await {
        Ok(agreed) => agreed,
        Err(_) => Err(ConnectionError::TooSlow("the handshake was not completed in time")),
    }
}

async fn exchange(
    stream: &mut TcpStream,
    config: &ServerConfig,
) -> Result<Option<(Version, bool)>, ConnectionError> {
    let mut first = [0; 4];
    stream.read_exact(&mut first).await?;
    match handshake::caller(first) {
        Caller::Bolt => {}
        Caller::Http => {
            let text = format!("This is a Bolt port. HTTP is at {}.\n", config.http_address);
            let reply = format!(
                "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
                text.len()
            );
            stream.write_all(reply.as_bytes()).await?;
            stream.shutdown().await?;
            // Closing with bytes unread would reset the connection before the reply is read.
            let mut rest = [0; 1024];
            while stream.read(&mut rest).await? > 0 {}
            return Ok(None);
        }
        Caller::Tls => return Err(ConnectionError::Protocol("it wants TLS, which is not on".to_owned())),
        Caller::Unknown => return Err(ConnectionError::Protocol(format!("it began with {first:02X?}"))),
    }
    let mut proposals = [0; 16];
    stream.read_exact(&mut proposals).await?;
    match handshake::choose(proposals) {
        Choice::Version(version) => {
            stream.write_all(&handshake::confirmation(version)).await?;
            Ok(Some((version, false)))
        }
        Choice::None => {
            stream.write_all(&NO_VERSION).await?;
            Ok(None)
        }
        Choice::Manifest => {
            stream.write_all(&MANIFEST).await?;
            let mut choice = [0; 4];
            stream.read_exact(&mut choice).await?;
            read_capabilities(stream).await?;
            let version = handshake::chosen(choice);
            let version = version.ok_or_else(|| {
                ConnectionError::Protocol(format!("it chose {choice:02X?} from the manifest"))
            })?;
            Ok(Some((version, true)))
        }
    }
}

async fn read_capabilities(stream: &mut TcpStream) -> Result<(), ConnectionError> {
    let mut varint = Varint::default();
    loop {
        match varint.push(stream.read_u8().await?) {
            Ok(Some(_)) => return Ok(()),
            Ok(None) => {}
            Err(error) => return Err(ConnectionError::Protocol(error)),
        }
    }
}
