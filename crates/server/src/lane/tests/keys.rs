//! Keys: however often a transaction is sent, and whatever happens in between, it takes effect once.

use super::*;
use crate::answer;
use crate::keys::RelayKey;

fn relay_key(sequence: u64) -> RelayKey {
    RelayKey { node: 2, incarnation: 7, sequence, settled_below: 0 }
}

fn relayed(sequence: u64) -> Keys {
    Keys { relay: Some(relay_key(sequence)), client: None }
}

fn of_client(key: &str) -> Keys {
    Keys { relay: None, client: Some(Arc::from(key)) }
}

/// What a script does, under keys, with a digest.
fn keyed(
    script: impl Fn(&mut Draft) -> Result<Ran, Failed> + Send + Sync + 'static,
    keys: Keys,
    digest: u128,
) -> Arc<Statement> {
    let takes_key = keys.client.is_some();
    let script: Script = Box::new(move |draft, _| script(draft));
    Arc::new(Statement { keys, takes_key, digest, ..plain_statement(script) })
}

fn write(bench: &Arc<Bench>, statement: Arc<Statement>) -> tokio::task::JoinHandle<Reply> {
    let bench = Arc::clone(bench);
    tokio::spawn(async move { bench.lane.run(Kind::Write { statement }).await })
}

/// `SET n.k = n.k + 1 RETURN n.k`.
fn increment_and_tell(node: u64) -> impl Fn(&mut Draft) -> Result<Ran, Failed> + Send + Sync + 'static {
    move |draft| {
        let mut ran = increment(node)(draft)?;
        let values = vec![Value::Integer(integer(draft, NodeId(node)))];
        ran.rows = vec![samyama_exec::Batch { width: 1, values, rows: 1 }];
        ran.counters.properties_set = 1;
        Ok(ran)
    }
}

/// The integer that a repeated answer tells, and the digest of its statement.
fn told(reply: Reply) -> (i64, u128) {
    let Reply::Repeated(applied) = reply else { panic!("it was done anew") };
    let answers = answer::read(&applied.answers).expect("it is whole");
    let [answered] = answers.as_slice() else { panic!("it is one statement") };
    assert_eq!(answered.counters.properties_set, 1);
    match answered.rows.as_ref().map(|rows| rows.values.as_slice()) {
        Some([Value::Integer(integer)]) => (*integer, answered.digest),
        other => panic!("its rows are {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_same_key_again_gets_the_first_answer() {
    let bench = Arc::new(Bench::new(1).await);
    for keys in [relayed(1), of_client("order 7")] {
        let before = bench.counter(0);
        let first = answer(write(&bench, keyed(increment_and_tell(0), keys.clone(), 5)).await.expect("ends"));
        assert!(first.outcome.is_ok());
        answer(bench.write(increment(0)).await);
        for _ in 0..3 {
            let again = write(&bench, keyed(increment_and_tell(0), keys.clone(), 6)).await.expect("ends");
            assert_eq!(told(again), (before + 1, 5), "the value and the digest of the first time");
        }
        assert_eq!(bench.counter(0), before + 2, "and nothing was done");
    }
    bench.check_replica();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn two_attempts_at_once_are_one() {
    let bench = Arc::new(Bench::new(1).await);
    bench.set_default(Fortune::Hold);
    let first = write(&bench, keyed(increment_and_tell(0), relayed(1), 0));
    bench.until("the first to be proposed", |log| log.held.len() == 1).await;
    let second = write(&bench, keyed(increment_and_tell(0), relayed(1), 0));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!second.is_finished(), "what became of the first is not known");
    bench.set_default(Fortune::Accept);
    bench.release();
    assert!(matches!(first.await.expect("ends"), Reply::Answer(_)));
    assert_eq!(told(second.await.expect("ends")).0, 1);
    assert_eq!(bench.counter(0), 1);
    bench.check_replica();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_attempt_whose_leader_was_lost_is_made_again_under_its_key() {
    for committed in [true, false] {
        let bench = Arc::new(Bench::new(1).await);
        bench.next(&[Fortune::Lose]);
        // Its connection is lost: nobody waits for this one's answer.
        write(&bench, keyed(increment_and_tell(0), relayed(1), 0)).abort();
        let first = write(&bench, keyed(increment_and_tell(0), relayed(1), 0));
        bench.until("the proposal to be lost", |log| log.lost.len() == 1).await;
        first.abort();
        bench.elect(2, Some(committed));
        let again = write(&bench, keyed(increment_and_tell(0), relayed(1), 0)).await.expect("ends");
        match again {
            // Run anew, by this attempt or the one before.
            Reply::Answer(_) => assert!(!committed, "the lost entry had it already"),
            repeated => assert_eq!(told(repeated).0, 1),
        }
        assert_eq!(bench.counter(0), 1, "once, whether the lost entry was committed ({committed}) or not");
        bench.check_replica();
    }
}

async fn settle(bench: &Bench, sequence: u64) -> Result<bool, Refusal> {
    match bench.lane.run(Kind::Settle { key: relay_key(sequence) }).await {
        Reply::Answer(_) => Ok(false),
        Reply::Repeated(applied) => Ok(!applied.is_abandoned),
        Reply::Refused(refusal) => Err(refusal),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_key_that_was_settled_can_not_take_effect_later() {
    let bench = Arc::new(Bench::new(1).await);
    assert_eq!(settle(&bench, 1).await, Ok(false), "nothing has it");
    let late = write(&bench, keyed(increment(0), relayed(1), 0)).await.expect("ends");
    assert!(matches!(late, Reply::Repeated(applied) if applied.is_abandoned));
    let transaction = bench.step(None, increment(0)).await.expect("alone");
    let relay = Some(relay_key(1));
    let late = bench.lane.run(Kind::Commit { transaction, relay }).await;
    assert!(matches!(late, Reply::Refused(Refusal::Outdated(_))), "a COMMIT that comes too late");
    assert_eq!(bench.counter(0), 0);
    assert_eq!(settle(&bench, 1).await, Ok(false), "asked again it is the same");
    bench.check_replica();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_commit_whose_answer_was_lost_is_found_out() {
    for (fortune, committed) in [(Fortune::Accept, true), (Fortune::Lose, true), (Fortune::Lose, false)] {
        let bench = Arc::new(Bench::new(1).await);
        let transaction = bench.step(None, increment(0)).await.expect("alone");
        bench.next(&[fortune]);
        let commit = tokio::spawn({
            let (bench, relay) = (Arc::clone(&bench), Some(relay_key(1)));
            async move { bench.lane.run(Kind::Commit { transaction, relay }).await }
        });
        if fortune == Fortune::Lose {
            bench.until("the proposal to be lost", |log| log.lost.len() == 1).await;
            bench.elect(2, Some(committed));
        } else {
            bench.until("it to be committed", |log| log.committed.len() >= 3).await;
        }
        assert_eq!(settle(&bench, 1).await, Ok(committed));
        assert_eq!(bench.counter(0), i64::from(committed));
        commit.abort();
        bench.check_replica();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_its_node_has_settled_is_refused() {
    let bench = Arc::new(Bench::new(1).await);
    let key = |incarnation, sequence, settled_below| Keys {
        relay: Some(RelayKey { node: 2, incarnation, sequence, settled_below }),
        client: None,
    };
    answer(write(&bench, keyed(increment(0), key(7, 5, 4), 0)).await.expect("ends"));
    for late in [key(7, 3, 0), key(6, 9, 0)] {
        let reply = write(&bench, keyed(increment(0), late, 0)).await.expect("ends");
        assert!(matches!(reply, Reply::Refused(Refusal::KeyStale)));
    }
    assert_eq!(bench.counter(0), 1);
    bench.check_replica();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_clients_key_is_taken_even_by_what_changes_nothing() {
    let bench = Arc::new(Bench::new(1).await);
    let first = write(&bench, keyed(merge(0), of_client("k"), 1)).await.expect("ends");
    let index = answer(first).index;
    let again = write(&bench, keyed(merge(9), of_client("k"), 2)).await.expect("ends");
    let Reply::Repeated(applied) = again else { panic!("it was done anew") };
    assert_eq!(applied.index, index);
    assert_eq!(bench.shared.published().view.node_count(), 1);
    // A relay key is not: running it again is as good.
    let before = bench.log.state.lock().committed.len();
    answer(write(&bench, keyed(merge(0), relayed(1), 0)).await.expect("ends"));
    assert_eq!(bench.log.state.lock().committed.len(), before, "nothing was proposed");
    bench.check_replica();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_failed_statement_leaves_its_key_free() {
    let bench = Arc::new(Bench::new(1).await);
    let fails = |_: &mut Draft| Err(failed(ErrorKind::ConstraintViolation, "taken"));
    let reply = write(&bench, keyed(fails, of_client("k"), 1)).await.expect("ends");
    assert!(answer(reply).outcome.is_err());
    let reply = write(&bench, keyed(increment(0), of_client("k"), 1)).await.expect("ends");
    assert!(answer(reply).outcome.is_ok());
    assert_eq!(bench.counter(0), 1);
}

/// An explicit transaction with a client's key, as far as its COMMIT.
async fn open(bench: &Bench, key: &str, steps: u128) -> Result<Box<Transaction>, Reply> {
    let mut transaction = None;
    for digest in 0..steps {
        let statement = keyed(increment_and_tell(0), of_client(key), digest);
        match bench.lane.run(Kind::Step { statement, transaction }).await {
            Reply::Answer(answer) => transaction = answer.transaction,
            other => return Err(other),
        }
    }
    Ok(transaction.expect("there is a step"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_transaction_with_a_key_is_repeated_statement_by_statement() {
    let bench = Bench::new(1).await;
    let transaction = open(&bench, "k", 3).await.ok().expect("it is new");
    bench.commit(transaction).await.expect("clean");
    assert_eq!(bench.counter(0), 3);
    let Err(Reply::Repeated(applied)) = open(&bench, "k", 1).await else { panic!("it was done anew") };
    let answers = answer::read(&applied.answers).expect("it is whole");
    let told: Vec<_> =
        answers.iter().map(|a| (a.digest, a.rows.as_ref().map(|rows| integer_of(&rows.values[0])))).collect();
    assert_eq!(told, [(0, Some(1)), (1, Some(2)), (2, Some(3))]);
    assert_eq!(bench.counter(0), 3);
    bench.check_replica();
}

fn integer_of(value: &Value) -> i64 {
    match value {
        Value::Integer(integer) => *integer,
        other => panic!("{other:?} is no integer"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn of_two_transactions_with_one_key_one_commits() {
    let bench = Bench::new(2).await;
    let look = |draft: &mut Draft| done(draft, ReadSet::default(), vec![create(draft.next_node_id(), 1)]);
    let mut open = Vec::new();
    for _ in 0..2 {
        let statement = keyed(look, of_client("k"), 0);
        let reply = bench.lane.run(Kind::Step { statement, transaction: None }).await;
        open.push(answer(reply).transaction.expect("it is open"));
    }
    let second = open.pop().expect("there are two");
    bench.commit(open.pop().expect("there is one")).await.expect("clean");
    let refusal = bench.commit(second).await.expect_err("the key is taken");
    assert!(matches!(refusal, Refusal::Outdated(_)), "{refusal:?}: run again it gets the first answer");
    assert_eq!(bench.shared.published().view.node_count(), 3);
    bench.check_replica();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_long_statement_finds_its_key_taken_when_it_comes_back() {
    let bench = Arc::new(Bench::new(1).await);
    let slow = || {
        let script: Script = Box::new(|draft, budget| {
            if budget.is_some() {
                return Err(failed(ErrorKind::BudgetSpent, "too long"));
            }
            std::thread::sleep(Duration::from_millis(30));
            increment_and_tell(0)(draft)
        });
        Arc::new(Statement { keys: relayed(1), ..plain_statement(script) })
    };
    let both = [write(&bench, slow()), write(&bench, slow())];
    let mut done = 0;
    for one in both {
        match one.await.expect("ends") {
            Reply::Answer(_) => done += 1,
            repeated => assert_eq!(told(repeated).0, 1),
        }
    }
    assert_eq!((done, bench.counter(0)), (1, 1));
    bench.check_replica();
}
