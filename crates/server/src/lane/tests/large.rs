//! Entries in parts, and the bound on what is not committed.

use super::*;
use crate::limits::{ENTRIES_IN_FLIGHT_MAX, LANE_WAIT_MAX, PART_BYTES_MAX};

/// Creates nodes that take `parts` log entries or more.
fn create_many(parts: usize) -> impl Fn(&mut Draft) -> Result<Ran, Failed> + Send + Sync + 'static {
    move |draft| {
        let text = Value::from("x".repeat(10_000));
        let first = draft.next_node_id().0;
        let create = |id| Effect::CreateNode {
            id: NodeId(id),
            labels: vec![LABEL],
            properties: vec![(KEY, text.clone())],
        };
        let nodes = (parts * PART_BYTES_MAX / 10_000) as u64;
        done(draft, ReadSet::default(), (first..first + nodes).map(create).collect())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_large_transaction_takes_effect_whole_and_in_its_place() {
    let bench = Arc::new(Bench::new(1).await);
    let before = bench.log.state.lock().committed.len();
    let mut writers = Vec::new();
    for large in [false, true, false] {
        let bench = Arc::clone(&bench);
        writers.push(tokio::spawn(async move {
            if large { bench.write(create_many(20)).await } else { bench.write(increment(0)).await }
        }));
    }
    for writer in writers {
        let index = answer(writer.await.expect("ends")).index;
        assert!(index <= bench.shared.published().index, "an answer came before its index was applied");
    }
    let committed = bench.log.state.lock().committed[before..].to_vec();
    assert!(committed.len() >= 20, "{} entries", committed.len());
    assert!(committed.iter().all(|entry| entry.payload.len() < PART_BYTES_MAX + 100));
    assert_eq!(bench.counter(0), 2);
    assert!(bench.shared.published().view.node_count() > 1_500);
    bench.check_replica();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_large_transaction_is_all_or_nothing_whichever_part_fails() {
    for fortune in [Fortune::Refuse, Fortune::Lose] {
        for at in [0, 1, 5, 10, 19, 20] {
            let bench = Arc::new(Bench::new(0).await);
            let fortunes = std::iter::repeat_n(Fortune::Accept, at).chain([fortune]).collect::<Vec<_>>();
            bench.next(&fortunes);
            if fortune == Fortune::Lose {
                // Nothing that comes after it is appended any more.
                bench.set_default(Fortune::RefuseNotLeader);
            }
            let write = tokio::spawn({
                let bench = Arc::clone(&bench);
                async move { bench.write(create_many(20)).await }
            });
            if fortune == Fortune::Lose {
                bench.until("a part to be lost", |log| log.lost.len() == 1).await;
                assert_eq!(
                    bench.shared.published().view.node_count(),
                    0,
                    "part {at} is lost, and some are seen"
                );
                bench.set_default(Fortune::Accept);
                // Only of the last part does it matter whether it was committed.
                bench.elect(2, Some(true));
            }
            answer(write.await.expect("ends"));
            let nodes = (20 * PART_BYTES_MAX / 10_000) as u64;
            assert_eq!(
                bench.shared.published().view.node_count(),
                nodes,
                "part {at} failed: once all the same"
            );
            bench.check_replica();
        }
    }
}

/// Write a large transaction, by itself or with BEGIN and COMMIT. Refused: why.
async fn write_large(bench: &Bench, explicit: bool) -> Result<(), Refusal> {
    if explicit {
        let transaction = bench.step(None, create_many(20)).await?;
        return bench.commit(transaction).await;
    }
    match bench.write(create_many(20)).await {
        Reply::Answer(_) => Ok(()),
        Reply::Refused(refusal) => Err(refusal),
        Reply::Repeated(_) => panic!("it has no key"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_large_transaction_that_finds_no_room_half_way_is_refused_whole() {
    for at in [0, 1, 5, 10, 19, 20] {
        for explicit in [false, true] {
            let bench = Arc::new(Bench::new(1).await);
            bench.next(&vec![Fortune::Accept; at]);
            bench.set_default(Fortune::RefuseNoRoom);
            let mut small = Vec::new();
            let large = {
                let bench = Arc::clone(&bench);
                tokio::spawn(async move { write_large(&bench, explicit).await })
            };
            for _ in 0..3 {
                let bench = Arc::clone(&bench);
                small.push(tokio::spawn(async move { bench.write(increment(0)).await }));
            }
            let told = tokio::time::timeout(Duration::from_secs(20), large);
            let told = told.await.unwrap_or_else(|_| panic!("part {at}: nobody is told")).expect("ends");
            assert!(matches!(told, Err(Refusal::NoRoom(_))), "part {at}: {told:?}");
            let mut incremented = 0;
            for writer in small {
                match writer.await.expect("ends") {
                    Reply::Answer(_) => incremented += 1,
                    Reply::Refused(Refusal::NoRoom(_)) => {}
                    Reply::Refused(other) => panic!("part {at}: another writer is told {other:?}"),
                    Reply::Repeated(_) => panic!("it has no key"),
                }
            }
            bench.set_default(Fortune::Accept);
            answer(bench.write(increment(0)).await);
            assert_eq!(bench.counter(0), incremented + 1, "part {at}: others were told the truth");
            assert_eq!(bench.shared.published().view.node_count(), 1, "part {at}: none of it is there");
            write_large(&bench, explicit).await.expect("there is room again");
            bench.check_replica();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_part_that_finds_no_room_for_a_moment_leaves_no_doubt() {
    for at in [0, 1, 5, 10, 19, 20] {
        for explicit in [false, true] {
            let bench = Bench::new(1).await;
            bench.next(&vec![Fortune::Accept; at]);
            bench.next(&[Fortune::RefuseNoRoom]);
            let told = write_large(&bench, explicit).await;
            answer(bench.write(increment(0)).await);
            let nodes = if told.is_ok() { (20 * PART_BYTES_MAX / 10_000) as u64 } else { 0 };
            assert_eq!(
                bench.shared.published().view.node_count(),
                1 + nodes,
                "part {at}: the client was told {told:?}"
            );
            bench.check_replica();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_is_not_committed_is_bounded() {
    let bench = Arc::new(Bench::with_uncommitted_max(1, 50_000).await);
    bench.set_default(Fortune::Hold);
    let text = |draft: &mut Draft| {
        let properties = vec![(KEY, Value::from("x".repeat(20_000)))];
        let effect = Effect::CreateNode { id: draft.next_node_id(), labels: vec![LABEL], properties };
        done(draft, ReadSet::default(), vec![effect])
    };
    let mut writers = Vec::new();
    for _ in 0..20 {
        let bench = Arc::clone(&bench);
        writers.push(tokio::spawn(async move { bench.write(text).await }));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let held: usize = bench.log.state.lock().held.iter().map(|(payload, _)| payload.len()).sum();
    assert!(
        (50_000..80_000).contains(&held),
        "{held} bytes are held, and no more than one statement above the bound"
    );
    assert!(bench.log.state.lock().held.len() < ENTRIES_IN_FLIGHT_MAX);
    bench.set_default(Fortune::Accept);
    bench.release();
    for writer in writers {
        answer(writer.await.expect("ends"));
    }
    assert_eq!(bench.shared.published().view.node_count(), 21);
    bench.check_replica();
}

#[tokio::test]
async fn what_waits_too_long_for_its_turn_is_told_so() {
    let mut core = core::Core::new(Shared::new());
    let late = Kind::Write { statement: statement(increment(0)) };
    let (job, mut reply) = job::Job::new(late);
    core.push(job);
    let now = Instant::now();
    core.tick(now);
    core.tick(now + LANE_WAIT_MAX - Duration::from_secs(1));
    assert!(reply.try_recv().is_err(), "it has time left");
    core.tick(now + LANE_WAIT_MAX + Duration::from_secs(1));
    assert!(matches!(reply.try_recv(), Ok(Reply::Refused(Refusal::NoTurn))));
    assert!(!core.has_work(), "it is gone");
}
