//! Statements and transactions: once, in order, undisturbed by each other.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn writes_take_effect_once_and_in_order() {
    let bench = Arc::new(Bench::new(1).await);
    let writers = (0..200).map(|_| {
        let bench = Arc::clone(&bench);
        tokio::spawn(async move { answer(bench.write(increment(0)).await).index })
    });
    for writer in writers.collect::<Vec<_>>() {
        let index = writer.await.expect("the writer ends");
        assert!(index <= bench.shared.published().index, "an answer came before its index was applied");
    }
    assert_eq!(bench.counter(0), 200);
    bench.check_replica();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn nothing_leaves_before_what_it_rests_on_is_applied() {
    let bench = Arc::new(Bench::new(1).await);
    bench.set_default(Fortune::Hold);
    let spawn = |script: Script| {
        let bench = Arc::clone(&bench);
        let statement = timed_statement(script);
        tokio::spawn(async move { bench.lane.run(Kind::Write { statement }).await })
    };
    let write = spawn(Box::new(|draft, _| increment(0)(draft)));
    bench.until("the write to be proposed", |log| log.held.len() == 1).await;
    // It sees the write, changes nothing, and must not say so yet; nor may the one that fails.
    let read = spawn(Box::new(|draft, _| {
        assert_eq!(integer(draft, NodeId(0)), 1, "it runs on the head");
        done(draft, ReadSet::default(), Vec::new())
    }));
    let violation = spawn(Box::new(|_, _| Err(failed(ErrorKind::ConstraintViolation, "taken"))));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(
        !write.is_finished() && !read.is_finished() && !violation.is_finished(),
        "an answer left before its time"
    );
    bench.release();
    let index = answer(write.await.expect("ends")).index;
    let read = answer(read.await.expect("ends"));
    assert!(read.proven && read.index >= index, "it waited for the commit of what it saw");
    assert!(answer(violation.await.expect("ends")).outcome.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_refused_proposal_takes_those_after_it_along() {
    let bench = Arc::new(Bench::new(1).await);
    // The third is accepted although the second was refused: it was computed on a head that held the second.
    bench.next(&[Fortune::Hold, Fortune::RefuseLate, Fortune::Accept, Fortune::Refuse]);
    let mut writers = Vec::new();
    for left in [3, 2, 1] {
        writers.push(tokio::spawn({
            let bench = Arc::clone(&bench);
            async move { bench.write(increment(0)).await }
        }));
        bench.until("it to be proposed", |log| log.fortunes.len() == left).await;
    }
    assert!(writers.iter().all(|writer| !writer.is_finished()), "the first is not committed");
    bench.release();
    for writer in writers {
        answer(writer.await.expect("ends"));
    }
    assert_eq!(bench.counter(0), 3, "every statement took effect once");
    bench.check_replica();
}

/// What came of each, in order: the value that a statement left behind, or why there is none.
async fn outcomes(receivers: job::Receivers) -> Vec<Result<bool, Refusal>> {
    let mut all = Vec::new();
    for receiver in receivers {
        all.push(match receiver.await.expect("every statement has a reply") {
            Reply::Answer(answer) => Ok(answer.outcome.is_ok()),
            Reply::Repeated(_) => panic!("they have no keys"),
            Reply::Refused(refusal) => Err(refusal),
        });
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn statements_in_order_share_an_entry() {
    let bench = Bench::new(1).await;
    let before = bench.log.state.lock().committed.len();
    let statements = (0..16).map(|_| statement(increment(0))).collect();
    let all = outcomes(bench.lane.run_in_order(statements)).await;
    assert_eq!(all, vec![Ok(true); 16]);
    assert_eq!(bench.counter(0), 16);
    let entries = bench.log.state.lock().committed.len() - before;
    assert_eq!(entries, 1, "together they cost one flush");
    bench.check_replica();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_stands_behind_a_failure_does_not_run() {
    let bench = Bench::new(1).await;
    let fails = statement(|draft: &mut Draft| {
        draft.apply(&create(draft.next_node_id(), 9)).expect("it fits");
        Err(failed(ErrorKind::ConstraintViolation, "on purpose"))
    });
    let statements = vec![statement(increment(0)), fails, statement(increment(0)), statement(increment(0))];
    let all = outcomes(bench.lane.run_in_order(statements)).await;
    assert_eq!(all, [Ok(true), Ok(false), Err(Refusal::Behind), Err(Refusal::Behind)]);
    assert_eq!(bench.counter(0), 1, "only what stood before the failure took effect");
    // A statement that is too long for the lane is no failure; what is behind it comes again all the same.
    let long = timed_statement(Box::new(|draft, budget| match budget {
        Some(_) => Err(failed(ErrorKind::BudgetSpent, "too long")),
        None => increment(0)(draft),
    }));
    let all = outcomes(bench.lane.run_in_order(vec![long, statement(increment(0))])).await;
    assert_eq!(all, [Ok(true), Err(Refusal::Behind)]);
    assert_eq!(bench.counter(0), 2);
    bench.check_replica();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_stood_behind_is_never_run_again_by_itself() {
    for fortune in [Fortune::Refuse, Fortune::Lose] {
        let bench = Arc::new(Bench::new(1).await);
        bench.next(&[fortune]);
        let statements = vec![statement(increment(0)), statement(increment(0))];
        let receivers = bench.lane.run_in_order(statements);
        if fortune == Fortune::Lose {
            bench.until("the proposal to be lost", |log| log.lost.len() == 1).await;
            bench.elect(2, Some(false));
        }
        let all = outcomes(receivers).await;
        assert_eq!(
            all,
            [Ok(true), Err(Refusal::Behind)],
            "the first is run again, the second is its session's to send"
        );
        assert_eq!(bench.counter(0), 1);
        bench.check_replica();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_unknown_outcome_is_found_out() {
    for committed in [true, false] {
        let bench = Arc::new(Bench::new(1).await);
        bench.next(&[Fortune::Lose]);
        let write = tokio::spawn({
            let bench = Arc::clone(&bench);
            async move { bench.write(increment(0)).await }
        });
        bench.until("the proposal to be lost", |log| log.lost.len() == 1).await;
        bench.elect(2, Some(committed));
        answer(write.await.expect("ends"));
        assert_eq!(
            bench.counter(0),
            1,
            "exactly once, whether the lost entry was committed ({committed}) or not"
        );
        bench.check_replica();
    }
}

#[tokio::test(start_paused = true)]
async fn an_outcome_that_cannot_be_found_out_is_called_unknown() {
    let bench = Bench::new(1).await;
    bench.next(&[Fortune::Lose]);
    bench.log.ready.send_replace(None);
    bench.log.ready.send_replace(Some((Leadership { term: 1, node: 1 }, bench.shared.published().index)));
    match bench.write(increment(0)).await {
        Reply::Refused(refusal) => assert_eq!(refusal, Refusal::Unknown),
        _ => panic!("nobody can know that it was committed"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn single_statement_transactions_on_one_counter_take_turns() {
    let bench = Arc::new(Bench::new(1).await);
    let clients: Vec<_> = (0..64)
        .map(|_| {
            let bench = Arc::clone(&bench);
            tokio::spawn(async move {
                for _ in 0..5 {
                    let transaction = bench.step(None, increment(0)).await.expect("it waits its turn");
                    // A client takes its time.
                    tokio::task::yield_now().await;
                    bench.commit(transaction).await.expect("it holds a claim");
                }
            })
        })
        .collect();
    for client in clients {
        client.await.expect("no conflict reaches a client");
    }
    assert_eq!(bench.counter(0), 320);
    bench.check_replica();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn merges_of_the_same_keys_meet_no_conflict_and_make_one_node_each() {
    let bench = Arc::new(Bench::new(0).await);
    let clients: Vec<_> = (0..64)
        .map(|client| {
            let bench = Arc::clone(&bench);
            tokio::spawn(async move {
                for round in 0..20 {
                    let key = (client * 7 + round * 13) % 50;
                    let transaction = bench.step(None, merge(key)).await.expect("it waits its turn");
                    tokio::task::yield_now().await;
                    bench.commit(transaction).await.expect("it holds a claim");
                }
            })
        })
        .collect();
    for client in clients {
        client.await.expect("no conflict reaches a client");
    }
    assert_eq!(bench.shared.published().view.node_count(), 50);
    bench.check_replica();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn auto_commit_statements_respect_claims() {
    let bench = Arc::new(Bench::new(1).await);
    let transaction = bench.step(None, increment(0)).await.expect("alone");
    let other = tokio::spawn({
        let bench = Arc::clone(&bench);
        async move { bench.write(increment(0)).await }
    });
    // One that meets no claim passes.
    answer(bench.write(create_node(5)).await);
    assert!(!other.is_finished());
    bench.commit(transaction).await.expect("the claim protected it");
    answer(other.await.expect("ends"));
    assert_eq!(bench.counter(0), 2);
    bench.check_replica();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn ids_that_a_transaction_gave_out_stay_true() {
    let bench = Bench::new(1).await;
    let transaction = bench.step(None, create_node(10)).await.expect("alone");
    answer(bench.write(create_node(20)).await);
    let transaction =
        bench.step(Some(transaction), create_node(11)).await.expect("nothing it read has changed");
    answer(bench.write(create_node(21)).await);
    let given_up = bench.step(None, create_node(30)).await.expect("alone");
    bench.commit(transaction).await.expect("clean");
    bench.lane.end(given_up.id());
    answer(bench.write(create_node(22)).await);
    let view = bench.shared.published().view.clone();
    let found: Vec<(u64, i64)> = (0..7)
        .filter(|id| view.node_exists(NodeId(*id)))
        .map(|id| (id, integer(&view, NodeId(id))))
        .collect();
    assert_eq!(found, [(0, 0), (1, 10), (2, 20), (3, 11), (4, 21), (6, 22)], "5 was reserved and given up");
    bench.check_replica();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_transaction_whose_reads_changed_is_told_so() {
    let bench = Bench::new(2).await;
    let look = |draft: &mut Draft| done(draft, reads([Read::Node(NodeId(0))]), Vec::new());
    let transaction = bench.step(None, look).await.expect("alone");
    answer(bench.write(increment(0)).await);
    let refusal =
        bench.step(Some(transaction), increment(1)).await.err().expect("it rests on an old counter");
    assert!(matches!(refusal, Refusal::Outdated(_)), "{refusal:?}");
    assert_eq!(bench.counter(1), 0, "nothing of it is left");
    // What it has not read may change.
    let transaction = bench.step(None, look).await.expect("alone");
    answer(bench.write(increment(1)).await);
    let transaction = bench.step(Some(transaction), increment(1)).await.expect("node 0 is as it was");
    bench.commit(transaction).await.expect("clean");
    assert_eq!(bench.counter(1), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_circle_of_waits_ends_one_of_them() {
    let bench = Arc::new(Bench::new(2).await);
    let one = bench.step(None, increment(0)).await.expect("alone");
    let two = bench.step(None, increment(1)).await.expect("another node");
    let waiting = tokio::spawn({
        let bench = Arc::clone(&bench);
        async move { bench.step(Some(one), increment(1)).await }
    });
    tokio::time::sleep(Duration::from_millis(20)).await;
    let refusal = bench.step(Some(two), increment(0)).await.err().expect("it would wait for itself");
    assert_eq!(refusal, Refusal::Deadlock);
    let one = waiting.await.expect("ends").expect("its way is free");
    bench.commit(one).await.expect("clean");
    assert_eq!((bench.counter(0), bench.counter(1)), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_transaction_ends_with_its_leadership() {
    let bench = Bench::new(1).await;
    let transaction = bench.step(None, increment(0)).await.expect("alone");
    bench.elect(2, None);
    let refusal = bench.commit(transaction).await.expect_err("its base may be gone");
    assert_eq!(refusal, Refusal::LostBase);
    assert_eq!(bench.counter(0), 0);
    answer(bench.write(increment(0)).await);
    bench.check_replica();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_failed_statement_leaves_nothing() {
    let bench = Bench::new(1).await;
    let before = bench.shared.published().view.fingerprint();
    for _ in 0..3 {
        let reply = bench.write(|draft| {
            done(draft, ReadSet::default(), vec![create(draft.next_node_id(), 1)])?;
            Err(failed(ErrorKind::Query, "half way"))
        });
        assert!(answer(reply.await).outcome.is_err());
    }
    assert_eq!(bench.shared.published().view.fingerprint(), before);
    answer(bench.write(create_node(3)).await);
    assert_eq!(bench.shared.published().view.node_count(), 2);
    bench.check_replica();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_long_statement_runs_on_the_pool_and_gets_through() {
    let bench = Arc::new(Bench::new(1).await);
    // Over its budget on the lane; on the pool it is slow enough for others to come between.
    let slow = timed_statement(Box::new(|draft, budget| {
        if budget.is_some() {
            done(draft, ReadSet::default(), vec![create(draft.next_node_id(), 1)])?;
            return Err(failed(ErrorKind::BudgetSpent, "too long"));
        }
        std::thread::sleep(Duration::from_millis(30));
        let id = draft.next_node_id();
        let value = Value::Integer(integer(draft, NodeId(0)) + 100);
        let effects = vec![create(id, 7), Effect::SetNodeProperty { id: NodeId(0), key: KEY, value }];
        done(draft, reads([Read::Node(NodeId(0))]), effects)
    }));
    let long = tokio::spawn({
        let bench = Arc::clone(&bench);
        async move { bench.lane.run(Kind::Write { statement: slow }).await }
    });
    let mut short = 0;
    while !long.is_finished() {
        answer(bench.write(increment(0)).await);
        short += 1;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    answer(long.await.expect("ends"));
    assert_eq!(bench.counter(0), 100 + short, "no increment was lost");
    assert_eq!(bench.shared.published().view.node_count(), 2);
    bench.check_replica();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_session_that_goes_away_frees_what_it_held() {
    let bench = Arc::new(Bench::new(1).await);
    let transaction = bench.step(None, increment(0)).await.expect("alone");
    let parked = tokio::spawn({
        let bench = Arc::clone(&bench);
        async move { bench.step(None, increment(0)).await }
    });
    tokio::time::sleep(Duration::from_millis(20)).await;
    parked.abort();
    bench.lane.end(transaction.id());
    let next = bench.step(None, increment(0)).await.expect("nobody holds the counter");
    bench.commit(next).await.expect("clean");
    assert_eq!(bench.counter(0), 1);
}

/// What it has looked up stands once in its claim, however many statements it has: enough of them would be the whole index.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_long_transaction_claims_what_it_has_looked_up_and_no_more() {
    let bench = Bench::new(1).await;
    let mut transaction = None;
    for value in 0..150 {
        transaction = Some(bench.step(transaction, merge(value)).await.expect("nobody is in its way"));
    }
    let passes = tokio::time::timeout(Duration::from_secs(1), bench.write(create_node(1_000))).await;
    assert!(answer(passes.expect("it waited for a claim on another value")).outcome.is_ok());
    bench.commit(transaction.expect("it has begun")).await.expect("nothing that it has read has changed");
    bench.check_replica();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_overdue_claim_lets_others_pass() {
    let bench = Bench::new(1).await;
    let slow = bench.step(None, increment(0)).await.expect("alone");
    answer(bench.write(increment(0)).await);
    let refusal = bench.commit(slow).await.expect_err("it was overtaken");
    assert!(matches!(refusal, Refusal::Outdated(_)), "{refusal:?}");
    assert_eq!(bench.counter(0), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn new_names_do_not_make_their_own_transaction_stale() {
    let bench = Bench::new(0).await;
    let name_and_create = |draft: &mut Draft| {
        let name = Effect::CreateToken { kind: TokenKind::PropertyKey, id: 1, name: Arc::from("new") };
        done(draft, reads([Read::AllNodes]), vec![name, create(draft.next_node_id(), 1)])
    };
    let transaction = bench.step(None, name_and_create).await.expect("alone");
    assert!(bench.shared.published().view.property_key("new").is_some(), "names are given at once");
    bench.commit(transaction).await.expect("only its own names came between");
    let again = |draft: &mut Draft| {
        let name = Effect::CreateToken { kind: TokenKind::PropertyKey, id: 2, name: Arc::from("newer") };
        done(draft, reads([Read::AllNodes]), vec![name, create(draft.next_node_id(), 1)])
    };
    let given_up = bench.step(None, again).await.expect("alone");
    bench.lane.end(given_up.id());
    answer(bench.write(create_node(2)).await);
    let view = bench.shared.published().view.clone();
    assert!(
        view.property_key("newer").is_some() && view.node_count() == 2,
        "the name stays, the node does not come"
    );
    bench.check_replica();
}
