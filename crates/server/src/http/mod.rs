//! The HTTP side of a node: `/metrics`, `/health/live`, `/health/ready`, `/status`, `/fingerprints`, `/log/INDEX` to look at, and
//! by POST what operators may do (`admin.rs`). No state of its own.

mod admin;
mod members;
mod metrics;
mod process;
mod status;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use samyama_raft::network::Acceptor;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::database::Database;
use crate::node::Progress;
use crate::statements::StatementMetrics;

pub use self::metrics::ConnectionMetrics;
pub use self::status::role_name;

/// HTTP connections served at a time.
const CONNECTIONS_MAX: usize = 64;

/// How long a connection may be silent before a request: places are few, and probes need one.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// What the pages show.
pub struct Pages {
    pub database: Arc<Database>,
    pub connections: Arc<ConnectionMetrics>,
    pub statements: Arc<StatementMetrics>,
    pub progress: Arc<Progress>,
}

/// Serve until the runtime ends.
pub async fn serve(listener: TcpListener, pages: Arc<Pages>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let acceptor = Acceptor::new(listener, "an HTTP connection");
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let stream = acceptor.next().await;
        let pages = Arc::clone(&pages);
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let pages = Arc::clone(&pages);
                async move {
                    Ok::<_, Infallible>(match request.method() {
                        &Method::POST => admin::answer(&pages, request).await,
                        _ => answer(&pages, &request),
                    })
                }
            });
            // A client that breaks off is its own affair.
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
            drop(http.serve_connection(TokioIo::new(stream), service).await);
            drop(place);
        });
    }
}

fn answer(pages: &Pages, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return text(StatusCode::METHOD_NOT_ALLOWED, "GET, HEAD and POST are answered here\n".into());
    }
    match request.uri().path() {
        "/metrics" => {
            let mut response = text(StatusCode::OK, metrics::page(pages));
            let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
            response.headers_mut().insert(CONTENT_TYPE, kind);
            response
        }
        "/health/live" => text(StatusCode::OK, "live\n".into()),
        "/health/ready" => match status::not_ready(pages) {
            None => text(StatusCode::OK, "ready\n".into()),
            Some(why) => text(StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n")),
        },
        "/status" => json(status::page(pages)),
        "/fingerprints" => json(status::fingerprints(pages)),
        path if path.starts_with("/log/") => match status::journey(pages, &path["/log/".len()..]) {
            Some(page) => json(page),
            None => text(
                StatusCode::NOT_FOUND,
                "this node knows nothing of that entry: ask the leader of its term, for a recent index\n".into(),
            ),
        },
        "/" => text(
            StatusCode::OK,
            "Samyama. Pages: /status /metrics /health/live /health/ready /fingerprints /log/INDEX; Bolt is on another port.\n".into(),
        ),
        _ => text(
            StatusCode::NOT_FOUND,
            "there are /status, /metrics, /health/live, /health/ready, /fingerprints and /log/INDEX\n".into(),
        ),
    }
}

fn json(body: String) -> Response<Full<Bytes>> {
    let mut response = text(StatusCode::OK, body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn text(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
