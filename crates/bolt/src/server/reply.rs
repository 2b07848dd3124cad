//! Answers, as messages.

use std::sync::Arc;

use samyama_graph::{Map, Value};

use super::outbox::Outbox;
use crate::backend::{Failure, RoutingTable, RunReply};
use crate::chunk::{begin_message, end_message};
use crate::failure::write_failure;
use crate::message::{Summary, tag};
use crate::packstream::Encoder;
use crate::version::Version;

/// What the backend gives and a client of this version has no use for.
fn is_for(version: Version, key: &str) -> bool {
    match key {
        "statuses" => version.has_statuses(),
        "notifications" => !version.has_statuses(),
        _ => true,
    }
}

/// SUCCESS with these pairs. What cannot be written (nested beyond all bounds) turns it into a FAILURE.
pub(super) fn success(outbox: &mut Outbox, pairs: &Map, version: Version) {
    let mut buffer = outbox.buffer();
    let before = buffer.len();
    let mut summary = Summary::begin(&mut buffer, tag::SUCCESS, outbox.dialect);
    let mut written = Ok(());
    for (key, value) in pairs.iter().filter(|(key, _)| is_for(version, key)) {
        written = written.and_then(|()| summary.value(key, value));
    }
    summary.end();
    if let Err(error) = written {
        buffer.truncate(before);
        drop(buffer);
        failure(
            outbox,
            &Failure::new("Neo.ClientError.Statement.TypeError", "22N01", error.to_string()),
            version,
        );
    }
}

/// The last SUCCESS of a result. Up to 5.4 there are no statuses: what stands in the outcome's diagnostic record under
/// `_samyama_` goes to the top level.
pub(super) fn result_end(outbox: &mut Outbox, mut summary: Map, version: Version) {
    if !version.has_statuses() {
        let outcome = match summary.get("statuses") {
            Some(Value::List(statuses)) => statuses.first().cloned(),
            _ => None,
        };
        if let Some(Value::Map(outcome)) = outcome
            && let Some(Value::Map(record)) = outcome.get("diagnostic_record")
        {
            for (key, value) in record.iter().filter(|(key, _)| key.starts_with("_samyama_")) {
                summary.insert(Arc::clone(key), value.clone());
            }
        }
    }
    success(outbox, &summary, version);
}

pub(super) fn run(outbox: &mut Outbox, reply: &RunReply, version: Version) {
    let mut buffer = outbox.buffer();
    let mut summary = Summary::begin(&mut buffer, tag::SUCCESS, outbox.dialect);
    let mut encoder = summary.key("fields");
    encoder.list(reply.fields.len());
    for field in reply.fields.iter() {
        encoder.string(field);
    }
    if let Some(qid) = reply.qid {
        summary.key("qid").integer(qid);
    }
    for (key, value) in reply.extra.iter().filter(|(key, _)| names(version, key)) {
        // Small integers and names: nothing nests here.
        let _ = summary.value(key, value);
    }
    summary.end();
}

/// Only newer clients are told which database was chosen for them.
fn names(version: Version, key: &str) -> bool {
    key != "db" || version.names_home_database()
}

pub(super) fn begun(outbox: &mut Outbox, reply: &Map, version: Version) {
    let shown = reply.iter().filter(|(key, _)| names(version, key));
    success(outbox, &Map::from_pairs(shown.map(|(key, value)| (Arc::clone(key), value.clone()))), version);
}

pub(super) fn failure(outbox: &mut Outbox, failure: &Failure, version: Version) {
    let mut buffer = outbox.buffer();
    let before = buffer.len();
    let message = begin_message(&mut buffer);
    Encoder::new(&mut buffer).structure(tag::FAILURE, 1);
    if write_failure(&mut buffer, failure, version).is_err() {
        buffer.truncate(before);
        drop(buffer);
        let plain = Failure::new(failure.code.clone(), failure.gql_status.clone(), failure.message.clone());
        return self::failure(outbox, &plain, version);
    }
    end_message(&mut buffer, message);
}

pub(super) fn ignored(outbox: &mut Outbox) {
    let mut buffer = outbox.buffer();
    let message = begin_message(&mut buffer);
    Encoder::new(&mut buffer).structure(tag::IGNORED, 0);
    end_message(&mut buffer, message);
}

pub(super) fn route(outbox: &mut Outbox, table: RoutingTable, version: Version) {
    let text = |text: String| Value::from(text);
    let role = |addresses: Vec<String>, role: &str| {
        let addresses: Vec<Value> = addresses.into_iter().map(text).collect();
        Value::from(Map::from_pairs([
            (Arc::from("addresses"), addresses.into()),
            (Arc::from("role"), role.into()),
        ]))
    };
    let servers = [(table.route, "ROUTE"), (table.read, "READ"), (table.write, "WRITE")];
    let servers: Vec<Value> =
        servers.into_iter().filter(|(addresses, _)| !addresses.is_empty()).map(|(a, r)| role(a, r)).collect();
    let table = Map::from_pairs([
        (Arc::from("ttl"), Value::Integer(table.ttl_seconds)),
        (Arc::from("db"), Value::String(table.database)),
        (Arc::from("servers"), servers.into()),
    ]);
    success(outbox, &Map::from_pairs([(Arc::from("rt"), table.into())]), version);
}
