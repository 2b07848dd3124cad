//! `POST /members/add`, `/members/promote`, `/members/remove`: the steps of which `samyama cluster` makes changes of members.
//!
//! The body is JSON. Each step is for the leader (409 names it), is safe to ask for again, and goes on when the connection
//! breaks. 400: refused, nothing was changed. 503: not now. 504: whether it comes into force is not known yet.

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::{Response, StatusCode};
use samyama_raft::{Change, ChangeError, NodeAddress};
use serde::Deserialize;
use serde_json::json;

use super::admin::refused;
use super::{Pages, json, text};

pub const PATH: &str = "/members/";
/// A body that is longer is none of ours.
const BODY_BYTES_MAX: usize = 16 << 10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Add {
    id: u64,
    peer: String,
    bolt: String,
    http: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Promote {
    id: u64,
    instead_of: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Remove {
    id: u64,
}

pub async fn answer(pages: &Pages, step: &str, body: Incoming) -> Response<Full<Bytes>> {
    let body = match Limited::new(body, BODY_BYTES_MAX).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => {
            return refused(StatusCode::BAD_REQUEST, &format!("the body cannot be read: {error}"), None);
        }
    };
    let change = match read(step, &body) {
        Some(Ok(change)) => change,
        Some(Err(error)) => {
            return refused(StatusCode::BAD_REQUEST, &format!("the body is not understood: {error}"), None);
        }
        None => {
            return text(
                StatusCode::NOT_FOUND,
                format!("there are {PATH}add, {PATH}promote and {PATH}remove\n"),
            );
        }
    };
    let raft = &pages.database.raft;
    let error = match raft.change_members(change).await {
        Ok(()) => return json(json!({ "done": true }).to_string()),
        Err(error) => error,
    };
    let why = error.to_string();
    match error {
        ChangeError::NotLeader { leader } => {
            let status = raft.status();
            refused(
                StatusCode::CONFLICT,
                &why,
                status.members.iter().find(|member| Some(member.id) == leader),
            )
        }
        ChangeError::Refused(_) => refused(StatusCode::BAD_REQUEST, &why, None),
        ChangeError::NotNow(_) | ChangeError::Fatal(_) => {
            refused(StatusCode::SERVICE_UNAVAILABLE, &why, None)
        }
        ChangeError::Unknown(_) => refused(StatusCode::GATEWAY_TIMEOUT, &why, None),
    }
}

fn read(step: &str, body: &[u8]) -> Option<Result<Change, String>> {
    let change = match step {
        "add" => serde_json::from_slice(body).map(|Add { id, peer, bolt, http }| Change::Add {
            id,
            address: NodeAddress { peer, bolt, http },
        }),
        "promote" => {
            serde_json::from_slice(body).map(|Promote { id, instead_of }| Change::Promote { id, instead_of })
        }
        "remove" => serde_json::from_slice(body).map(|Remove { id }| Change::Remove { id }),
        _ => return None,
    };
    Some(match change {
        Ok(Change::Add { id: 0, .. }) => Err("a node's id is 1 or higher".into()),
        Ok(Change::Add { address, .. }) if address.peer.is_empty() || address.bolt.is_empty() => {
            Err("a member has a peer and a bolt address".into())
        }
        other => other.map_err(|error| error.to_string()),
    })
}
