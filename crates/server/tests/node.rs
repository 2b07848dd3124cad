//! A whole node in memory: it starts, says how it is, and stops.

#![allow(clippy::expect_used)] // A test that cannot set itself up has failed.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use samyama_server::{CompileError, CompileRequest, Config, Frontend, Node};

mod common;
use common::SETTINGS;

/// Compiles nothing: these tests ask no queries.
struct NoFrontend;

impl Frontend for NoFrontend {
    fn compile(&self, _request: &CompileRequest) -> Result<Vec<u8>, CompileError> {
        Err(CompileError::internal("there is no front end in this test"))
    }
}

fn start() -> Node {
    let config = Config::from_json(SETTINGS).expect("the settings are complete");
    Node::start(&config, Arc::new(NoFrontend)).expect("a node in memory starts")
}

fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout is set");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .expect("the request is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer comes");
    let code = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("it begins with a status");
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
    (code, body)
}

#[test]
fn a_node_says_how_it_is() {
    let node = start();
    let http = node.addresses().http.expect("it listens");
    assert_eq!(get(http, "/health/live").0, 200);
    assert_eq!(get(http, "/health/ready").0, 200);
    assert_eq!(get(http, "/nowhere").0, 404);
    let (code, body) = get(http, "/status");
    let status: serde_json::Value = serde_json::from_str(&body).expect("it is JSON");
    assert_eq!(code, 200);
    assert_eq!(status["role"], "leader");
    assert_eq!(status["applied_index"], 1, "the leader's first entry");
    assert_eq!(status["members"][0]["id"], 1);
    let (_, metrics) = get(http, "/metrics");
    for line in metrics.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').expect("a name and a value");
        assert!(name.starts_with("samyama_") && value.parse::<f64>().is_ok(), "{line}");
    }
    assert!(metrics.contains("\nsamyama_raft_applied_index 1\n"), "{metrics}");
}

#[test]
fn a_node_stops_once_and_for_all() {
    let node = start();
    let http = node.addresses().http.expect("it listens");
    assert!(node.wait(Duration::from_millis(1)).is_none(), "it runs");
    node.stop(true);
    assert_eq!(node.wait(Duration::from_secs(10)), Some(Ok(())));
    node.stop(false);
    assert!(TcpStream::connect(http).is_err(), "nobody listens any more");
    assert!(node.block_on(async {}).is_none(), "there is nothing left to run on");
}

#[test]
fn a_wrong_configuration_names_the_key() {
    for (from, to, named) in [
        ("\"timeout_ms\": 5000", "\"timeout_ms\": \"soon\"", "invalid type"),
        ("\"fsync\": true, ", "", "fsync"),
        ("\"dial\": {}", "\"dial\": {}, \"dail\": 1", "dail"),
        ("\"linearizable\"", "\"eventual\"", "eventual"),
    ] {
        let error = Config::from_json(&SETTINGS.replace(from, to)).expect_err("it is wrong");
        assert!(error.to_string().contains(named), "{error}");
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = taken.local_addr().expect("it is bound").to_string();
    let config = Config::from_json(
        &SETTINGS.replace("\"bolt\": \"127.0.0.1:0\"", &format!("\"bolt\": \"{address}\"")),
    );
    let error =
        Node::start(&config.expect("complete"), Arc::new(NoFrontend)).err().expect("the port is taken");
    assert!(error.to_string().contains("listen.bolt"), "{error}");
}
