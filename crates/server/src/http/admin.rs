//! What operators may do over HTTP: `POST /leadership/transfer` and `POST /leadership/transfer/ID`; `POST /members/add`, `/members/promote`
//! and `/members/remove` (`members.rs`).
//!
//! There is no authentication yet, and a page in somebody's browser must not be able to do this to a node on their
//! machine. So a request has to carry a header of ours, which a page of another origin cannot send without asking first
//! (it is never told yes), and has to name this node as itself, which one that got a name of its own to point here does not.

use std::net::IpAddr;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::HOST;
use hyper::{Request, Response, StatusCode};
use samyama_raft::{MemberStatus, ReadError};
use serde_json::json;

use super::{Pages, json, members, text};
use crate::limits::TRANSFER_TIMEOUT;

/// Says that the request was made on purpose.
const PURPOSE: &str = "x-samyama-request";
const TRANSFER: &str = "/leadership/transfer";

pub async fn answer(pages: &Pages, request: Request<Incoming>) -> Response<Full<Bytes>> {
    if let Some(why) = not_trusted(pages, &request) {
        return text(StatusCode::FORBIDDEN, format!("{why}\n"));
    }
    if let Some(step) = request.uri().path().strip_prefix(members::PATH) {
        let step = step.to_owned();
        return members::answer(pages, &step, request.into_body()).await;
    }
    match request.uri().path().strip_prefix(TRANSFER) {
        Some("" | "/") => transfer(pages, None).await,
        Some(rest) => match rest.strip_prefix('/').and_then(|id| id.parse().ok()) {
            Some(id) => transfer(pages, Some(id)).await,
            None => refused(StatusCode::BAD_REQUEST, "a member's id is a number", None),
        },
        None => text(
            StatusCode::NOT_FOUND,
            format!(
                "POST is answered at {TRANSFER}, {TRANSFER}/ID and {}add, promote, remove only\n",
                members::PATH
            ),
        ),
    }
}

fn not_trusted(pages: &Pages, request: &Request<Incoming>) -> Option<&'static str> {
    if !request.headers().contains_key(PURPOSE) {
        return Some("this changes the cluster: send the header X-Samyama-Request: 1 if it is meant");
    }
    let named = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let status = pages.database.raft.status();
    let own = status.members.iter().find(|member| member.id == status.id);
    let advertised = own.map_or("", |member| member.address.http.as_str());
    if is_own_name(named, advertised) {
        return None;
    }
    Some("the request names another host: use this node's IP address or its advertise.http")
}

/// Whether a Host header names this node: by number, as localhost, or as it is advertised.
fn is_own_name(named: &str, advertised: &str) -> bool {
    let host = host_of(named);
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.parse::<IpAddr>().is_ok()
        || host.eq_ignore_ascii_case("localhost")
        || (!host.is_empty() && host.eq_ignore_ascii_case(host_of(advertised)))
}

/// Without the port.
fn host_of(address: &str) -> &str {
    match address.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => address,
    }
}

async fn transfer(pages: &Pages, to: Option<u64>) -> Response<Full<Bytes>> {
    let raft = &pages.database.raft;
    let status = raft.status();
    if status.leader != Some(status.id) {
        let leader = status.members.iter().find(|member| Some(member.id) == status.leader);
        return refused(StatusCode::CONFLICT, "this node does not lead", leader);
    }
    if to == Some(status.id) {
        return json(json!({ "leader": status.id }).to_string());
    }
    let is_voter = |id: u64| status.members.iter().any(|member| member.id == id && member.voter);
    match to {
        Some(id) if !is_voter(id) => {
            return refused(StatusCode::BAD_REQUEST, &format!("node {id} is no voting member"), None);
        }
        None if status.members.iter().filter(|member| member.voter).count() < 2 => {
            return refused(StatusCode::BAD_REQUEST, "there is nobody to hand over to", None);
        }
        _ => {}
    }
    match raft.transfer_leadership(to, TRANSFER_TIMEOUT).await {
        Ok(leader) => json(json!({ "leader": leader }).to_string()),
        Err(ReadError::Timeout) => refused(
            StatusCode::GATEWAY_TIMEOUT,
            &format!(
                "nobody else leads after {TRANSFER_TIMEOUT:?}: the chosen node does not answer, or is behind"
            ),
            None,
        ),
        Err(error) => refused(StatusCode::SERVICE_UNAVAILABLE, &error.to_string(), None),
    }
}

pub(super) fn refused(code: StatusCode, why: &str, leader: Option<&MemberStatus>) -> Response<Full<Bytes>> {
    let body = json!({
        "error": why,
        "leader": leader.map(|leader| leader.id),
        "http": leader.map(|leader| leader.address.http.as_str()),
    });
    let mut response = json(body.to_string());
    *response.status_mut() = code;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_named_by_number_as_localhost_or_as_it_is_advertised() {
        for own in
            ["127.0.0.1:7474", "[::1]:7474", "localhost", "LOCALHOST:1", "db1.internal:7474", "10.0.0.1"]
        {
            assert!(is_own_name(own, "db1.internal:7474"), "{own}");
        }
        for other in
            ["", "evil.example", "evil.example:7474", "db1.internal.evil.example:7474", "localhost.evil:1"]
        {
            assert!(!is_own_name(other, "db1.internal:7474"), "{other}");
        }
        assert!(!is_own_name("", ""), "no name is nobody's");
    }
}
