//! A leader that is cut off: what it has proposed has no outcome for as long as that lasts, and its clients are answered all the same.

use super::*;
use crate::limits::{LANE_TICK, LEADER_WAIT};

/// A bench whose leader has lost its followers, with one increment on its way to them, proposed just now.
async fn cut_off() -> (Arc<Bench>, tokio::task::JoinHandle<Reply>) {
    let bench = Arc::new(Bench::new(2).await);
    bench.set_default(Fortune::Hold);
    let first = asked(&bench, Kind::Write { statement: statement(increment(0)) });
    bench.until("it to be proposed", |log| log.held.len() == 1).await;
    (bench, first)
}

fn asked(bench: &Arc<Bench>, kind: Kind) -> tokio::task::JoinHandle<Reply> {
    let bench = Arc::clone(bench);
    tokio::spawn(async move { bench.lane.run(kind).await })
}

async fn refusal_of(client: tokio::task::JoinHandle<Reply>) -> Refusal {
    match client.await.expect("ends") {
        Reply::Refused(refusal) => refusal,
        Reply::Answer(_) | Reply::Repeated(_) => panic!("nothing of it was committed yet"),
    }
}

/// The followers are there again: the lane opens on all that has become of it, and what comes now is done.
async fn all_is_well(bench: &Bench, counts: (i64, i64)) {
    bench.set_default(Fortune::Accept);
    for node in [0, 1] {
        assert!(matches!(bench.write(increment(node)).await, Reply::Answer(_)));
    }
    assert_eq!((bench.counter(0), bench.counter(1)), (counts.0 + 1, counts.1 + 1));
    bench.check_replica();
}

#[tokio::test(start_paused = true)]
async fn what_is_not_committed_in_time_is_unknown() {
    let (bench, first) = cut_off().await;
    let began = tokio::time::Instant::now();
    assert_eq!(refusal_of(first).await, Refusal::Unknown);
    let waited = began.elapsed();
    assert!(waited <= COMMIT_TIMEOUT + 2 * LANE_TICK, "{waited:?}");
    // Nothing runs on what nobody knows; and nothing waits for ever.
    let began = tokio::time::Instant::now();
    assert!(matches!(bench.write(increment(1)).await, Reply::Refused(Refusal::NotLeader)));
    let waited = began.elapsed();
    assert!(waited <= LEADER_WAIT + 2 * LANE_TICK, "{waited:?}");
    assert_eq!(bench.log.state.lock().held.len(), 1, "nothing was proposed on top of it");
    // It is committed after all.
    bench.release();
    all_is_well(&bench, (1, 0)).await;
}

#[tokio::test(start_paused = true)]
async fn what_was_given_up_may_also_be_lost() {
    let (bench, first) = cut_off().await;
    assert_eq!(refusal_of(first).await, Refusal::Unknown);
    bench.elect(2, Some(false));
    all_is_well(&bench, (0, 0)).await;
}

#[tokio::test(start_paused = true)]
async fn what_was_given_up_may_be_in_the_log_of_a_later_leader() {
    let (bench, first) = cut_off().await;
    assert_eq!(refusal_of(first).await, Refusal::Unknown);
    bench.elect(2, Some(true));
    all_is_well(&bench, (1, 0)).await;
}

/// Known without asking: an entry of a later leader is applied here, and the proposal itself still has no outcome.
#[tokio::test(start_paused = true)]
async fn what_is_known_by_then_is_told() {
    for is_there in [true, false] {
        let (bench, first) = cut_off().await;
        {
            let mut state = bench.log.state.lock();
            if is_there {
                let payload = state.held[0].0.clone();
                state.commit(payload);
            }
            state.leader = Leadership { term: 2, node: 1 };
            state.commit(Bytes::new());
        }
        bench.log.ready.send_replace(None);
        tokio::time::sleep(COMMIT_TIMEOUT + LANE_TICK).await;
        let told = first.await.expect("ends");
        match is_there {
            true => assert!(answer(told).proven),
            // It would be run again, and nobody leads.
            false => assert!(matches!(told, Reply::Refused(Refusal::NotLeader))),
        }
        assert_eq!(bench.counter(0), i64::from(is_there));
    }
}

/// A COMMIT is as unknown as a write; a transaction that had not come so far certainly is not committed, and its claims are gone.
#[tokio::test(start_paused = true)]
async fn open_transactions_end_with_what_they_rest_on() {
    let bench = Arc::new(Bench::new(2).await);
    let committing = bench.step(None, increment(0)).await.expect("runs");
    let open = bench.step(None, increment(1)).await.expect("runs");
    bench.set_default(Fortune::Hold);
    let commit = asked(&bench, Kind::Commit { transaction: committing, relay: None });
    bench.until("it to be proposed", |log| log.held.len() == 1).await;
    let step = asked(&bench, Kind::Step { statement: statement(increment(1)), transaction: Some(open) });
    assert_eq!(refusal_of(commit).await, Refusal::Unknown);
    assert_eq!(refusal_of(step).await, Refusal::LostBase);
    bench.release();
    all_is_well(&bench, (1, 0)).await;
}

/// A refusal is certain at once, whatever becomes of what was proposed before.
#[tokio::test(start_paused = true)]
async fn a_refusal_does_not_wait_for_what_is_before_it() {
    let (bench, first) = cut_off().await;
    bench.set_default(Fortune::Refuse);
    let began = tokio::time::Instant::now();
    let second = asked(&bench, Kind::Write { statement: statement(increment(1)) });
    assert_eq!(refusal_of(second).await, Refusal::NotLeader);
    assert!(began.elapsed() < COMMIT_TIMEOUT);
    assert!(!first.is_finished(), "the first may yet come");
    bench.release();
    assert!(answer(first.await.expect("ends")).proven);
    all_is_well(&bench, (1, 0)).await;
}

/// An entry in parts, of which some are on their way: it takes effect with its last, which is not, and so it never does.
#[tokio::test(start_paused = true)]
async fn parts_on_their_way_are_given_up_too() {
    let bench = Arc::new(Bench::new(2).await);
    bench.set_default(Fortune::Hold);
    let text = Value::from("x".repeat(20 * crate::limits::PART_BYTES_MAX));
    let large = asked(
        &bench,
        Kind::Write {
            statement: statement(move |draft: &mut Draft| {
                let id = draft.next_node_id();
                let properties = vec![(KEY, text.clone())];
                done(
                    draft,
                    ReadSet::default(),
                    vec![Effect::CreateNode { id, labels: vec![LABEL], properties }],
                )
            }),
        },
    );
    bench.until("the first parts", |log| log.held.len() == crate::limits::PARTS_IN_FLIGHT_MAX).await;
    let behind = asked(&bench, Kind::Write { statement: statement(increment(0)) });
    assert_eq!(refusal_of(large).await, Refusal::NotLeader);
    assert_eq!(refusal_of(behind).await, Refusal::NotLeader);
    bench.release();
    all_is_well(&bench, (0, 0)).await;
}

/// A process that is stopped does not wait: it has heard nothing because it could not listen.
#[test]
fn time_that_the_lane_did_not_see_does_not_count() {
    use super::super::in_flight::InFlight;
    let opening = crate::entry::Opening { leader: Leadership { term: 1, node: 1 }, opened_at: 1 };
    let header = crate::entry::EntryHeader { opening, first: 1, count: 1, has_keys: false, parts: 1 };
    let start = Instant::now();
    let mut in_flight = InFlight::new(start);
    in_flight.push(header, 1, Vec::new(), Box::pin(std::future::pending()), start);
    let woken = start + Duration::from_secs(3_600);
    assert!(in_flight.tick(woken, COMMIT_TIMEOUT).is_empty());
    let mut now = woken;
    while now < woken + COMMIT_TIMEOUT {
        now += LANE_TICK;
        if !in_flight.tick(now, COMMIT_TIMEOUT).is_empty() {
            break;
        }
    }
    assert!(now > woken + COMMIT_TIMEOUT - 5 * LANE_TICK, "{:?}", now - woken);
    assert!(now < woken + COMMIT_TIMEOUT, "it is given up in the end");
}
