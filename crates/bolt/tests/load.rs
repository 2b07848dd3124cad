//! The load generator against a server that answers from a table.

#![allow(clippy::expect_used)] // A test that cannot set itself up has failed.

mod script;

use std::sync::Arc;

use samyama_bolt::load::{LoadError, Spec, run};
use samyama_bolt::{Limits, ServerConfig, serve_connection};
use script::Script;
use tokio::net::TcpListener;

/// A server in a thread of its own, which ends with the test's process.
fn server() -> String {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
            sender.send(listener.local_addr().expect("it is bound").to_string()).expect("the test waits");
            let config = Arc::new(ServerConfig::new("127.0.0.1:1".into(), Limits::default()));
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve_connection(stream, Arc::new(Script), Arc::clone(&config), None));
            }
        });
    });
    receiver.recv().expect("the server starts")
}

fn spec(json: &str) -> Spec {
    serde_json::from_str(json).expect("a load")
}

#[test]
fn every_answer_is_counted_once() {
    let address = server();
    for (connections, depth, threads) in [(1, 1, 1), (3, 1, 1), (4, 16, 2)] {
        let report = run(&spec(&format!(
            r#"{{"addresses": ["{address}"], "statement": "rows 2", "duration_ms": 300, "connections": {connections},
                 "depth": {depth}, "threads": {threads},
                 "parameters": {{"a": {{"sequence": {{"from": 0}}}}, "b": {{"random": {{"from": 5, "until": 6}}}}}}}}"#
        )))
        .expect("the load runs");
        assert!(report.operations > 0, "nothing was answered: {report:?}");
        assert!(report.errors.is_empty(), "there is nothing to fail: {report:?}");
        assert_eq!(
            report.per_second.iter().sum::<u64>(),
            report.operations,
            "the seconds add up to the whole"
        );
        assert!(
            report.rows >= 2 * report.operations
                && report.rows <= 2 * (report.operations + (connections * depth) as u64),
            "every answer has two rows: {report:?}"
        );
        let (least, most) = (report.latency.p50_us, report.latency.max_us);
        assert!(least <= most && most <= 1_000_000, "latencies are those of this run: {report:?}");
        let in_flight = report.per_s * report.latency.mean_us / 1e6;
        assert!(
            in_flight <= 1.1 * (connections * depth) as f64,
            "Little's law: {in_flight} in flight, at most {connections} x {depth} were: {report:?}"
        );
    }
}

#[test]
fn a_number_of_requests_is_kept_exactly() {
    let started = std::time::Instant::now();
    let report = run(&spec(&format!(
        r#"{{"addresses": ["{}"], "statement": "rows 1", "duration_ms": 60000, "connections": 5, "depth": 3,
             "requests_max": 100}}"#,
        server()
    )))
    .expect("the load runs");
    assert_eq!((report.operations, report.rows), (100, 100), "{report:?}");
    assert!(started.elapsed().as_secs() < 30, "it ends when all are answered, not when its time is over");
}

#[test]
fn failures_are_counted_by_code_and_the_connection_goes_on() {
    let report = run(&spec(&format!(
        r#"{{"addresses": ["{}"], "statement": "fail", "duration_ms": 200, "connections": 2, "depth": 4}}"#,
        server()
    )))
    .expect("the load runs");
    assert_eq!((report.operations, report.connections_lost), (0, 0), "nothing can succeed: {report:?}");
    let failed = report.errors.get("Neo.ClientError.Statement.SyntaxError").copied().unwrap_or(0);
    let ignored = report.errors.get("ignored after a failure").copied().unwrap_or(0);
    assert!(failed > 2, "it must go on after the first failure of each connection: {report:?}");
    assert!(ignored > 0 && ignored <= 3 * (failed + 2), "three follow each that failed: {report:?}");
}

#[test]
fn what_cannot_be_run_is_refused_in_words() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = nobody.local_addr().expect("it is bound");
    drop(nobody);
    let gone = spec(&format!(r#"{{"addresses": ["{address}"], "statement": "x", "duration_ms": 1}}"#));
    assert!(matches!(run(&gone), Err(LoadError::Connect { .. })), "nobody listens there");
    for (change, names) in [
        (r#""depth": 0"#, "depth"),
        (r#""connections": 1000000"#, "connections"),
        (r#""threads": 2"#, "threads"),
        (r#""parameters": {"id": {"random": {"from": 3, "until": 3}}}"#, "id"),
    ] {
        let text = format!(r#"{{"addresses": ["{address}"], "statement": "x", "duration_ms": 1, {change}}}"#);
        let error = run(&spec(&text)).expect_err("it is out of bounds");
        assert!(error.to_string().contains(names), "{error} does not name {names}");
    }
}
