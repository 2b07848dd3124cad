//! Both halves against each other over a real socket, with a backend that does what the query's text says.

#![allow(clippy::expect_used)] // A test that cannot set itself up has failed.

mod script;

use std::sync::Arc;
use std::time::Duration;

use samyama_bolt::client::{Client, ClientError, Introduction, Response};
use samyama_bolt::{Limits, ServerConfig, TransactionOptions, Version, serve_connection};
use samyama_graph::{Map, Value};
use script::Script;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

async fn server() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    let limits = Limits { message_bytes_max: 1 << 20, ..Limits::default() };
    let config = Arc::new(ServerConfig::new("127.0.0.1:7474".into(), limits));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve_connection(stream, Arc::new(Script), Arc::clone(&config), None));
        }
    });
    address
}

async fn client(version: Version) -> Client {
    let stream = TcpStream::connect(server().await).await.expect("it listens");
    let introduction = Introduction { version, user_agent: Arc::from("test"), utc_patch: true };
    Client::connect(stream, &introduction).await.expect("it lets us in")
}

const NEWEST: Version = Version::new(5, 8);

/// The next answer in short: S, R, I, or F and the code's last part.
async fn short(client: &mut Client) -> String {
    let answer =
        tokio::time::timeout(Duration::from_secs(10), client.response()).await.expect("an answer comes");
    match answer {
        Ok(Response::Success(map)) => {
            format!("S{}", if map.contains_key("has_more") { "+" } else { "" })
        }
        Ok(Response::Record(_)) => "R".into(),
        Ok(Response::Ignored) => "I".into(),
        Ok(Response::Failure(failure)) => {
            format!("F {}", failure.code.rsplit('.').next().unwrap_or_default())
        }
        Err(_) => "closed".into(),
    }
}

async fn answers(client: &mut Client, count: usize) -> String {
    let mut all = Vec::new();
    for _ in 0..count {
        all.push(short(client).await);
    }
    all.join(" ")
}

fn run(client: &mut Client, query: &str) {
    client.send_run(query, &Map::new(), Some(&TransactionOptions::default())).expect("it can be written");
}

#[tokio::test]
async fn every_version_runs_a_statement() {
    for minor in [8, 7, 6, 4, 3, 2, 1, 0] {
        let mut client = client(Version::new(5, minor)).await;
        run(&mut client, "rows 2");
        client.send_pull(None, None, false);
        client.flush().await.expect("it is sent");
        assert_eq!(answers(&mut client, 4).await, "S R R S", "Bolt 5.{minor}");
    }
    let mut old = client(Version::new(4, 4)).await;
    run(&mut old, "rows 0");
    old.send_pull(None, None, false);
    old.flush().await.expect("it is sent");
    short(&mut old).await;
    match old.response().await.expect("an answer") {
        Response::Success(map) => {
            assert!(map.contains_key("notifications") && !map.contains_key("statuses"), "{map:?}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn credit_is_kept_and_discard_sends_nothing() {
    let mut client = client(NEWEST).await;
    run(&mut client, "rows 5");
    client.send_pull(None, Some(2), false);
    client.send_pull(None, Some(2), false);
    client.send_pull(None, None, true);
    client.flush().await.expect("it is sent");
    assert_eq!(answers(&mut client, 8).await, "S R R S+ R R S+ S");
}

#[tokio::test]
async fn after_a_failure_the_rest_is_ignored_until_reset() {
    let mut client = client(NEWEST).await;
    run(&mut client, "fail");
    client.send_pull(None, None, false);
    run(&mut client, "rows 1");
    client.send_pull(None, None, false);
    client.send_reset();
    run(&mut client, "rows 1");
    client.send_pull(None, None, false);
    client.flush().await.expect("it is sent");
    // What stands before a RESET that has arrived already need not be run at all.
    let first = short(&mut client).await;
    assert!(first == "F SyntaxError" || first == "I", "{first}");
    assert_eq!(answers(&mut client, 7).await, "I I I S S R S");
}

#[tokio::test]
async fn reset_ends_what_runs() {
    let mut client = client(NEWEST).await;
    run(&mut client, "hang");
    client.send_pull(None, None, false);
    client.flush().await.expect("it is sent");
    assert_eq!(short(&mut client).await, "S");
    client.send_reset();
    client.flush().await.expect("it is sent");
    assert_eq!(answers(&mut client, 2).await, "I S");
    run(&mut client, "rows 1");
    client.send_pull(None, None, false);
    client.flush().await.expect("it is sent");
    assert_eq!(answers(&mut client, 3).await, "S R S", "the session is as new");
}

#[tokio::test]
async fn transactions_and_long_records() {
    let mut client = client(NEWEST).await;
    client.send_begin(&TransactionOptions::default()).expect("it can be written");
    client.send_run("long", &Map::new(), None).expect("it can be written");
    client.send_pull(None, None, false);
    client.send_commit();
    client.flush().await.expect("it is sent");
    assert_eq!(answers(&mut client, 2).await, "S S");
    match client.response().await.expect("an answer") {
        Response::Record(record) => assert!(record.len() > 200_000, "{} bytes", record.len()),
        other => panic!("{other:?}"),
    }
    assert_eq!(answers(&mut client, 2).await, "S S");
    // Out of its place: refused, and the connection ends.
    client.send_commit();
    client.flush().await.expect("it is sent");
    assert_eq!(answers(&mut client, 2).await, "F Invalid closed");
}

#[tokio::test]
async fn strangers_are_told_and_huge_messages_refused() {
    let address = server().await;
    let mut http = TcpStream::connect(address).await.expect("it listens");
    http.write_all(b"GET / HTTP/1.1\r\n\r\n").await.expect("it is sent");
    let mut page = String::new();
    http.read_to_string(&mut page).await.expect("it answers and closes");
    assert!(page.contains("127.0.0.1:7474"), "{page}");

    let mut client = client(NEWEST).await;
    let huge = Map::from_pairs([(Arc::from("x"), Value::from("x".repeat(2 << 20)))]);
    client.send_run("rows 1", &huge, None).expect("it can be written");
    // The server may close while this is still being sent.
    drop(client.flush().await);
    let answer = client.response().await;
    assert!(matches!(answer, Ok(Response::Failure(_)) | Err(ClientError::Io(_))), "{answer:?}");
}

#[tokio::test]
async fn what_has_arrived_behind_a_statement_is_announced_with_it() {
    let mut client = client(NEWEST).await;
    for query in ["rows 1", "rows 2", "rows 3"] {
        run(&mut client, query);
        client.send_pull(None, None, false);
    }
    // Not followed by a PULL: it may never be run.
    run(&mut client, "announced");
    client.flush().await.expect("it is sent");
    assert_eq!(answers(&mut client, 13).await, "S R S S R R S S R R R S S");
    client.send_pull(None, None, false);
    client.flush().await.expect("it is sent");
    match client.response().await.expect("an answer") {
        Response::Record(record) => {
            assert_eq!(record, [0x91, 2], "the two statements behind the first, each once");
        }
        other => panic!("{other:?}"),
    }
}
