//! Every way in which a proposal can end, at every moment, and what the client is told: the truth, and never that it should
//! try again unless nothing was committed.

use super::*;
use crate::session::of_refusal;

/// What becomes of the entry after the proposal has ended.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Then {
    /// A later leader's log has it.
    Committed,
    /// A later leader's log has it not.
    Gone,
    /// No later leader is heard of.
    Silence,
}

/// What the client of a statement is told.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Told {
    Done,
    /// A failure with this code.
    Failed(&'static str),
}

const LEASE_EXPIRED: &str = "Neo.TransientError.Transaction.LeaseExpired";
const UNAVAILABLE: &str = "Neo.TransientError.General.DatabaseUnavailable";
const COMMIT_FAILED: &str = "Neo.DatabaseError.Transaction.TransactionCommitFailed";

/// Do drivers run a transaction again that ends with this?
fn is_retried(code: &str) -> bool {
    code.starts_with("Neo.TransientError.") || code.starts_with("Neo.ClientError.Cluster.NotALeader")
}

/// How a proposal ends, what becomes of the entry, and what the client of an auto-commit write and of a COMMIT is told.
const TABLE: [(Fortune, Then, Told, Told); 18] = [
    (Fortune::Accept, Then::Committed, Told::Done, Told::Done),
    // Refused before it was appended. An auto-commit write is run again by itself; a transaction has lost its base.
    (Fortune::Refuse, Then::Gone, Told::Done, Told::Failed(LEASE_EXPIRED)),
    (Fortune::Refuse, Then::Silence, Told::Done, Told::Failed(LEASE_EXPIRED)),
    (Fortune::RefuseNotLeader, Then::Gone, Told::Done, Told::Failed(LEASE_EXPIRED)),
    (Fortune::RefuseNotLeader, Then::Silence, Told::Done, Told::Failed(LEASE_EXPIRED)),
    // Refused, and it would be again: the client is told to wait a little.
    (Fortune::RefuseNoRoom, Then::Gone, Told::Failed(UNAVAILABLE), Told::Failed(UNAVAILABLE)),
    (Fortune::RefuseNoRoom, Then::Silence, Told::Failed(UNAVAILABLE), Told::Failed(UNAVAILABLE)),
    // Committed, and void: every replica ignores it.
    (Fortune::Fence, Then::Gone, Told::Done, Told::Failed(LEASE_EXPIRED)),
    (Fortune::Fence, Then::Silence, Told::Done, Told::Failed(LEASE_EXPIRED)),
    // Appended, and leadership was lost.
    (Fortune::Lose, Then::Committed, Told::Done, Told::Done),
    (Fortune::Lose, Then::Gone, Told::Done, Told::Failed(LEASE_EXPIRED)),
    (Fortune::Lose, Then::Silence, Told::Failed(COMMIT_FAILED), Told::Failed(COMMIT_FAILED)),
    // Appended, and the node failed. Its log may still be replicated by others that have it.
    (Fortune::Fail, Then::Committed, Told::Done, Told::Done),
    (Fortune::Fail, Then::Gone, Told::Done, Told::Failed(LEASE_EXPIRED)),
    (Fortune::Fail, Then::Silence, Told::Failed(COMMIT_FAILED), Told::Failed(COMMIT_FAILED)),
    // Appended, and no majority says anything, be it that the log never tells.
    (Fortune::Hold, Then::Committed, Told::Done, Told::Done),
    (Fortune::Hold, Then::Gone, Told::Done, Told::Failed(LEASE_EXPIRED)),
    (Fortune::Hold, Then::Silence, Told::Failed(COMMIT_FAILED), Told::Failed(COMMIT_FAILED)),
];

#[test]
fn the_table_has_every_error_of_a_proposal() {
    let fortune = |error: &ProposeError| match error {
        ProposeError::NotLeader { .. } => Fortune::RefuseNotLeader,
        ProposeError::NoQuorum => Fortune::Refuse,
        ProposeError::NoRoom(_) => Fortune::RefuseNoRoom,
        ProposeError::Unknown => Fortune::Lose,
        ProposeError::Fatal(_) => Fortune::Fail,
    };
    for error in [
        ProposeError::NotLeader { leader: None },
        ProposeError::NoQuorum,
        ProposeError::NoRoom("on purpose".into()),
        ProposeError::Unknown,
        ProposeError::Fatal(String::new()),
    ] {
        let rows = TABLE.iter().filter(|(ends, ..)| *ends == fortune(&error)).count();
        let is_appended = matches!(error, ProposeError::Unknown | ProposeError::Fatal(_));
        assert_eq!(rows, if is_appended { 3 } else { 2 }, "{error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_client_is_told_is_true() {
    for (fortune, then, of_write, of_commit) in TABLE {
        for is_commit in [false, true] {
            let bench = Arc::new(Bench::new(1).await);
            let transaction = if is_commit { bench.step(None, increment(0)).await.ok() } else { None };
            bench.next(&[fortune]);
            let kind = match transaction {
                Some(transaction) => Kind::Commit { transaction, relay: None },
                None => Kind::Write { statement: statement(increment(0)) },
            };
            let client = tokio::spawn({
                let bench = Arc::clone(&bench);
                async move { bench.lane.run(kind).await }
            });
            bench.until("it to be proposed", |log| log.fortunes.is_empty()).await;
            tokio::time::sleep(Duration::from_millis(1)).await;
            after(&bench, fortune, then);
            let told = match client.await.expect("ends") {
                Reply::Answer(answer) if answer.outcome.is_ok() => Told::Done,
                Reply::Refused(refusal) => Told::Failed(code_of(&refusal)),
                _ => panic!("neither done nor refused"),
            };
            let what = format!("{} {fortune:?}, then {then:?}", if is_commit { "COMMIT" } else { "a write" });
            assert_eq!(told, if is_commit { of_commit } else { of_write }, "{what}");
            let count = bench.counter(0);
            match told {
                Told::Done => assert_eq!(count, 1, "{what}: acknowledged, and there"),
                Told::Failed(code) if is_retried(code) => {
                    assert_eq!(count, 0, "{what}: a driver runs it again, and it is there already");
                    assert_ne!(then, Then::Committed, "{what}: it may come later");
                }
                Told::Failed(_) => assert_eq!(then, Then::Silence, "{what}: nobody could know"),
            }
            bench.check_replica();
        }
    }
}

/// What happens after the proposal.
fn after(bench: &Bench, fortune: Fortune, then: Then) {
    match (fortune, then) {
        (Fortune::Accept, _) => {}
        (_, Then::Committed) => bench.elect(2, Some(true)),
        (_, Then::Gone) => bench.elect(2, Some(false)),
        // Void or refused, it can be run again by the same leader; only where it was appended nobody knows.
        (Fortune::Fence, Then::Silence) => bench.elect(2, None),
        (_, Then::Silence) => {
            let mut state = bench.log.state.lock();
            let leader = state.leader;
            let index = state.index;
            state.default = Fortune::Accept;
            drop(state);
            bench.log.ready.send_replace(None);
            if matches!(fortune, Fortune::Refuse | Fortune::RefuseNotLeader | Fortune::RefuseNoRoom) {
                bench.log.ready.send_replace(Some((leader, index)));
            }
        }
    }
}

fn code_of(refusal: &Refusal) -> &'static str {
    let code = of_refusal(refusal, false).code;
    [LEASE_EXPIRED, UNAVAILABLE, COMMIT_FAILED]
        .into_iter()
        .find(|known| *known == code)
        .unwrap_or("another code")
}

/// Every refusal, what it becomes, and whether the transaction may have been committed all the same.
#[test]
fn no_refusal_that_is_retried_leaves_a_doubt() {
    let all = [
        Refusal::NotLeader,
        Refusal::LostBase,
        Refusal::Outdated("it".into()),
        Refusal::Deadlock,
        Refusal::TimedOut,
        Refusal::Cancelled,
        Refusal::Overloaded,
        Refusal::NoTurn,
        Refusal::KeyStale,
        Refusal::KeysFull,
        Refusal::TooLarge { what: "it".into() },
        Refusal::NoRoom("it".into()),
        Refusal::Behind,
        Refusal::Unknown,
    ];
    for refusal in &all {
        // A new refusal does not compile until it is judged here, and is to stand in the list above.
        let (may_be_committed, retried) = match refusal {
            Refusal::Unknown => (true, false),
            Refusal::NotLeader
            | Refusal::LostBase
            | Refusal::Outdated(_)
            | Refusal::Deadlock
            | Refusal::Overloaded
            | Refusal::NoTurn
            | Refusal::KeysFull
            | Refusal::NoRoom(_)
            | Refusal::Behind => (false, true),
            // Limits and cancellations are certain, too, but would be met again; a stale key is between members.
            Refusal::TimedOut | Refusal::Cancelled | Refusal::TooLarge { .. } | Refusal::KeyStale => {
                (false, false)
            }
        };
        let code = of_refusal(refusal, false).code;
        assert_eq!(is_retried(&code), retried, "{refusal:?} becomes {code}");
        assert!(!(may_be_committed && retried));
    }
}
