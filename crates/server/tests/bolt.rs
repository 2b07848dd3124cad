//! A node in memory, asked over Bolt. Plans are made by hand: the front end is Python's.

#![allow(clippy::expect_used)] // A test that cannot set itself up has failed.

mod common;

use std::sync::Arc;

use common::SETTINGS;
use samyama_bolt::client::{Client, Introduction, Response};
use samyama_bolt::{TransactionOptions, Version};
use samyama_graph::{Map, Value};
use samyama_server::{CompileError, CompileRequest, Config, Frontend, Node};
use serde_json::{Value as Json, json};

/// Knows three queries.
struct ByHand;

impl Frontend for ByHand {
    fn compile(&self, request: &CompileRequest) -> Result<Vec<u8>, CompileError> {
        let argument = || json!({"op": "Argument"});
        let (kind, columns, slots, input): (&str, Json, Json, Json) = match request.text.as_ref() {
            "ONE" => {
                let one = json!([{"op": "Literal", "value": 1}]);
                (
                    "r",
                    json!([{"name": ["x"]}]),
                    json!([0]),
                    json!({"op": "Projection", "input": argument(), "slots": [0], "expressions": one}),
                )
            }
            "COUNT" => (
                "r",
                json!([{"name": ["c"]}]),
                json!([0]),
                json!({"op": "CountStore", "input": argument(), "slot": 0, "kind": "nodes"}),
            ),
            "CREATE" => {
                let node = json!([{"slot": 0, "labels": ["L"], "properties": null}]);
                (
                    "w",
                    json!([]),
                    json!([]),
                    json!({"op": "Create", "input": argument(), "nodes": node, "relationships": []}),
                )
            }
            other => return Err(CompileError::internal(format!("`{other}` is not known"))),
        };
        let root = json!({"op": "ProduceResults", "input": input, "slots": slots});
        let plan = json!({"version": 1, "kind": kind, "mode": "run", "slots": 1, "columns": columns, "parameters": [], "root": root});
        Ok(rmp_serde::to_vec_named(&plan).expect("JSON fits into MessagePack"))
    }
}

fn start() -> Node {
    let config = Config::from_json(SETTINGS).expect("the settings are complete");
    Node::start(&config, Arc::new(ByHand)).expect("a node in memory starts")
}

/// What a statement came to: its records as bytes, and the last summary, or the failure's code.
async fn ask(
    client: &mut Client,
    query: &str,
    options: Option<&TransactionOptions>,
) -> Result<(Vec<Vec<u8>>, Map), String> {
    client.send_run(query, &Map::new(), options).expect("it can be written");
    client.send_pull(None, None, false);
    client.flush().await.expect("it is sent");
    let (mut records, mut summaries, mut failed) = (Vec::new(), Vec::new(), None);
    while summaries.len() + usize::from(failed.is_some()) < 2 {
        match client.response().await.expect("an answer comes") {
            Response::Record(record) => records.push(record.to_vec()),
            Response::Success(summary) => summaries.push(summary),
            Response::Failure(failure) => {
                failed = Some(failure.code);
                if summaries.is_empty() {
                    client.response().await.expect("PULL is answered");
                }
                break;
            }
            Response::Ignored => break,
        }
    }
    if let Some(code) = failed {
        client.send_reset();
        client.flush().await.expect("it is sent");
        client.response().await.expect("RESET is answered");
        return Err(code);
    }
    Ok((records, summaries.pop().expect("there are two")))
}

fn on_runtime<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime starts")
        .block_on(work)
}

async fn connect(node: &Node) -> Client {
    let address = node.addresses().bolt.expect("it listens");
    let stream = tokio::net::TcpStream::connect(address).await.expect("it accepts");
    let introduction =
        Introduction { version: Version::new(5, 8), user_agent: Arc::from("test"), utc_patch: true };
    Client::connect(stream, &introduction).await.expect("it lets us in")
}

fn count(records: &[Vec<u8>]) -> u8 {
    *records.first().and_then(|record| record.last()).expect("one record with a small number")
}

#[test]
fn statements_bookmarks_and_levels() {
    let node = start();
    on_runtime(async {
        let mut client = connect(&node).await;
        let plain = TransactionOptions::default();
        let (records, summary) = ask(&mut client, "ONE", Some(&plain)).await.expect("it runs");
        assert_eq!(records, [[0x91, 0x01]]);
        assert!(summary.contains_key("bookmark") && summary.contains_key("statuses"), "{summary:?}");
        let (_, summary) = ask(&mut client, "CREATE", Some(&plain)).await.expect("it runs");
        let bookmark = match summary.get("bookmark") {
            Some(Value::String(bookmark)) => Arc::clone(bookmark),
            other => panic!("{other:?}"),
        };
        assert_eq!(bookmark.as_ref(), "samyama:neo4j:2");
        let after = TransactionOptions { bookmarks: vec![bookmark], ..TransactionOptions::default() };
        let (records, _) = ask(&mut client, "COUNT", Some(&after)).await.expect("it runs");
        assert_eq!(count(&records), 1);
        for (key, value, runs) in
            [("samyama.read", "stale", true), ("samyama.raed", "stale", false), ("mine", "x", true)]
        {
            let metadata = Arc::new(Map::from_pairs([(Arc::from(key), value.into())]));
            let options = TransactionOptions { metadata, ..TransactionOptions::default() };
            assert_eq!(ask(&mut client, "COUNT", Some(&options)).await.is_ok(), runs, "{key}");
        }
        let reading = TransactionOptions { read_only: true, ..TransactionOptions::default() };
        let refused = ask(&mut client, "CREATE", Some(&reading)).await.expect_err("it writes");
        assert_eq!(refused, "Neo.ClientError.Statement.AccessMode");
        let elsewhere =
            TransactionOptions { database: Some(Arc::from("other")), ..TransactionOptions::default() };
        let refused = ask(&mut client, "ONE", Some(&elsewhere)).await.expect_err("there is one database");
        assert_eq!(refused, "Neo.ClientError.Database.DatabaseNotFound");
    });
}

#[test]
fn a_transaction_is_seen_when_it_is_committed_and_not_when_its_connection_goes() {
    let node = start();
    on_runtime(async {
        let (mut one, mut other) = (connect(&node).await, connect(&node).await);
        let plain = TransactionOptions::default();
        one.send_begin(&plain).expect("it can be written");
        one.flush().await.expect("it is sent");
        one.response().await.expect("BEGIN is answered");
        ask(&mut one, "CREATE", None).await.expect("it runs");
        let (records, _) = ask(&mut one, "COUNT", None).await.expect("it runs");
        assert_eq!(count(&records), 1, "it sees itself");
        let (records, _) = ask(&mut other, "COUNT", Some(&plain)).await.expect("it runs");
        assert_eq!(count(&records), 0, "nobody else does");
        one.send_commit();
        one.flush().await.expect("it is sent");
        assert!(matches!(one.response().await, Ok(Response::Success(_))));
        one.send_begin(&plain).expect("it can be written");
        one.flush().await.expect("it is sent");
        one.response().await.expect("BEGIN is answered");
        ask(&mut one, "CREATE", None).await.expect("it runs");
        drop(one);
        let (records, _) = ask(&mut other, "COUNT", Some(&plain)).await.expect("it runs");
        assert_eq!(count(&records), 1, "the first is there, the second is gone");
    });
}
