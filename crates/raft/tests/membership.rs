//! The members of a running cluster change: grow, shrink, replace, through failures of whoever carries it out.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use samyama_raft::{Change, ChangeError, NodeAddress, NodeId, Role, Standing, parse_cluster_id};
use support::*;

/// Start a node with a new id and an empty directory, which waits to be added.
fn join(cluster: &mut Cluster, id: NodeId) -> NodeAddress {
    let at = NodeAddress { peer: address(), bolt: format!("bolt-{id}"), http: format!("http-{id}") };
    let status = cluster.members[&cluster.leader()].node.status();
    let mut config = cluster.configs.values().next().unwrap().clone();
    config.node_id = id;
    config.listen = at.peer.clone();
    config.members = BTreeMap::from([(id, at.clone())]);
    config.joins = Some(parse_cluster_id(&status.cluster_id).unwrap());
    config.directory = Some(cluster.path(id));
    cluster.configs.insert(id, config);
    cluster.start(id);
    at
}

/// The last thread of a crashed node may still be writing.
fn wipe(cluster: &Cluster, id: NodeId) {
    wait("the directory to go", || std::fs::remove_dir_all(cluster.path(id)).ok());
}

fn ask(cluster: &Cluster, of: NodeId, change: Change) -> Result<(), ChangeError> {
    let member = &cluster.members[&of];
    member.block(member.node.change_members(change))
}

/// Ask whoever leads, as an operator does, until it is done or refused.
fn change(cluster: &Cluster, change: &Change) -> Result<(), String> {
    let mut last = String::new();
    let deadline = Instant::now() + Duration::from_secs(20);
    while Instant::now() < deadline {
        match ask(cluster, cluster.leader(), change.clone()) {
            Ok(()) => return Ok(()),
            Err(ChangeError::Refused(why)) => return Err(why),
            Err(other) => last = other.to_string(),
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("{change}: 20 s later: {last}");
}

fn grow(cluster: &mut Cluster, id: NodeId) {
    let address = join(cluster, id);
    change(cluster, &Change::Add { id, address }).unwrap();
    change(cluster, &Change::Promote { id, instead_of: None }).unwrap();
}

/// (voters, learners) as a node sees them.
fn members(cluster: &Cluster, of: NodeId) -> (Vec<NodeId>, Vec<NodeId>) {
    let members = cluster.members[&of].node.status().members;
    let (voters, learners): (Vec<_>, Vec<_>) = members.iter().partition(|member| member.voter);
    let ids = |members: Vec<&samyama_raft::MemberStatus>| members.iter().map(|member| member.id).collect();
    (ids(voters), ids(learners))
}

fn wait_members(cluster: &Cluster, of: NodeId, voters: &[NodeId]) {
    wait("the members to be those", || (members(cluster, of) == (voters.to_vec(), vec![])).then_some(()));
}

#[test]
fn one_node_grows_to_three_and_five_and_shrinks_back() {
    let mut cluster = Cluster::new(1, |config| config.snapshot_log_entries = 30);
    let mut acknowledged = Vec::new();
    let mut write = |cluster: &Cluster, count: usize| {
        for _ in 0..count {
            acknowledged.push(format!("w{}", acknowledged.len()));
            cluster.write(acknowledged.last().unwrap());
        }
    };
    write(&cluster, 100);
    for id in 2..=5 {
        grow(&mut cluster, id);
        write(&cluster, 20);
    }
    for id in 1..=5 {
        wait_members(&cluster, id, &[1, 2, 3, 4, 5]);
    }
    assert_eq!(
        cluster.members[&5].node.status().members[4].address.bolt,
        "bolt-5",
        "addresses come with the log"
    );
    // All of it, leader and starter included, comes back from the disks, with the seed list of one that node 1 began with.
    for id in 1..=5 {
        cluster.crash(id);
    }
    for id in 1..=5 {
        cluster.start(id);
    }
    write(&cluster, 20);
    for id in [1, 2, 4, 5] {
        change(&cluster, &Change::Remove { id }).unwrap();
        write(&cluster, 20);
        wait("the removed node to know it", || {
            matches!(cluster.members[&id].node.status().standing, Standing::Removed(_)).then_some(())
        });
        cluster.crash(id);
    }
    wait_members(&cluster, 3, &[3]);
    let why = change(&cluster, &Change::Remove { id: 3 }).unwrap_err();
    assert!(why.contains("the only voter"), "{why}");
    cluster.crash(3);
    let began = Instant::now();
    cluster.start(3);
    write(&cluster, 1);
    assert!(began.elapsed() < Duration::from_secs(10), "the only voter left waits for nobody");
    assert_eq!(cluster.wait_equal(), acknowledged);
}

#[test]
fn a_wiped_node_is_replaced_under_a_new_id_from_a_snapshot() {
    let mut cluster = Cluster::new(3, |config| config.snapshot_log_entries = 50);
    for n in 0..300 {
        cluster.write(&format!("w{n}"));
    }
    let leader = cluster.leader();
    let lost = (1..=3).find(|id| *id != leader).unwrap();
    cluster.crash(lost);
    wipe(&cluster, lost);
    wait("the log to be purged", || {
        (cluster.members[&cluster.leader()].node.status().purged_index > 100).then_some(())
    });
    // Under its old id it is refused, by those that came later too: they have the incarnation from the log.
    let address = join(&mut cluster, 4);
    change(&cluster, &Change::Add { id: 4, address: address.clone() }).unwrap();
    change(&cluster, &Change::Add { id: 4, address }).expect("a step that is asked for again is done");
    change(&cluster, &Change::Promote { id: 4, instead_of: Some(lost) }).unwrap();
    change(&cluster, &Change::Promote { id: 4, instead_of: Some(lost) }).expect("and so is this one");
    assert!(cluster.members[&4].node.status().snapshot_index > 0, "it came by snapshot");
    let left: Vec<_> = (1..=4).filter(|id| *id != lost).collect();
    for id in &left {
        wait_members(&cluster, *id, &left);
    }
    cluster.start(lost);
    wait("the lost node to be told", || {
        matches!(cluster.members[&lost].node.status().standing, Standing::Removed(_)).then_some(())
    });
    let term = cluster.members[&leader].node.status().term;
    cluster.crash(lost);
    // The new one counts: with it, one of the old ones can go.
    let other = left.iter().copied().find(|id| *id != leader && *id != 4).unwrap();
    cluster.crash(other);
    cluster.write("with the new one");
    cluster.start(other);
    assert_eq!(cluster.wait_equal().len(), 301);
    assert_eq!(cluster.members[&leader].node.status().term, term, "nobody was disturbed");
    let why = change(&cluster, &Change::Add { id: lost, address: NodeAddress::default() }).unwrap_err();
    assert!(why.contains("ids are used once") && why.contains("5 or higher"), "{why}");
}

#[test]
fn a_wiped_founder_is_refused_by_a_node_that_came_later() {
    let mut cluster = Cluster::new(3, |_| {});
    cluster.write("x");
    let leader = cluster.leader();
    grow(&mut cluster, 4);
    let wiped = (1..=3).find(|id| *id != leader).unwrap();
    cluster.crash(wiped);
    // Node 4 has never met the wiped one's old disk, and those that have are gone for now.
    let others: Vec<_> = (1..=3).filter(|id| *id != wiped).collect();
    cluster.wait_equal();
    for id in &others {
        cluster.crash(*id);
    }
    wipe(&cluster, wiped);
    cluster.start(wiped);
    // Both stand for election now and meet each other; neither may take the other's vote.
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(1_500) {
        for id in [wiped, 4] {
            assert_ne!(cluster.members[&id].node.status().role, Role::Leader, "node {id} leads");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    cluster.crash(wiped);
    for id in others {
        cluster.start(id);
    }
    cluster.write("y");
    assert_eq!(cluster.wait_equal(), ["x", "y"]);
}

#[test]
fn a_leader_that_is_to_go_hands_over_first() {
    let mut cluster = Cluster::new(3, |_| {});
    cluster.write("x");
    // A node that has only just started may still stand for election.
    cluster.wait_equal();
    let leader = cluster.leader();
    let outcome = ask(&cluster, leader, Change::Remove { id: leader });
    let Err(ChangeError::NotLeader { leader: Some(next) }) = outcome else { panic!("{outcome:?}") };
    assert_ne!(next, leader);
    wait("the next leader", || cluster.members[&next].node.lane_ready().borrow().map(|_| ()));
    change(&cluster, &Change::Remove { id: leader }).unwrap();
    let left: Vec<_> = (1..=3).filter(|id| *id != leader).collect();
    wait_members(&cluster, next, &left);
    wait("the old leader to be told", || {
        matches!(cluster.members[&leader].node.status().standing, Standing::Removed(_)).then_some(())
    });
    cluster.write("y");
    let term = cluster.members[&next].node.status().term;
    std::thread::sleep(Duration::from_millis(1_000));
    assert_eq!(cluster.members[&next].node.status().term, term, "the removed node disturbs nobody");
    cluster.crash(leader);
    assert_eq!(cluster.wait_equal(), ["x", "y"]);
}

#[test]
fn changes_survive_leaders_that_die_in_the_middle() {
    let mut cluster = Cluster::new(3, |config| config.snapshot_log_entries = 40);
    for n in 0..60 {
        cluster.write(&format!("w{n}"));
    }
    let mut voters = vec![1, 2, 3];
    for round in 0..6_u64 {
        let (id, old) = (4 + round, voters[0]);
        let at = join(&mut cluster, id);
        change(&cluster, &Change::Add { id, address: at }).unwrap();
        wait("the learner to catch up", || {
            let status = cluster.members[&cluster.leader()].node.status();
            status.members.iter().find(|member| member.id == id)?.matched.filter(|at| *at > 60)
        });
        // The leader dies at another moment each time, or the one that is replaced leads.
        let leader = cluster.leader();
        let promote = Change::Promote { id, instead_of: Some(old) };
        let asked = cluster.members[&leader].node.change_members(promote.clone());
        std::thread::sleep(Duration::from_millis(2 * round));
        cluster.crash(leader);
        drop(asked);
        change(&cluster, &promote).unwrap();
        voters.remove(0);
        voters.push(id);
        cluster.start(leader);
        wait("the crashed leader to know where it stands", || {
            let standing = cluster.members[&leader].node.status().standing;
            (matches!(standing, Standing::Removed(_)) == !voters.contains(&leader)).then_some(())
        });
        if cluster.members.contains_key(&old) {
            cluster.crash(old);
        }
        cluster.write(&format!("r{round}"));
        for id in &voters {
            wait_members(&cluster, *id, &voters);
        }
    }
    assert_eq!(cluster.wait_equal().len(), 66);
}

/// Have a joint membership stand in the logs of the leader and of node 4, a learner that takes another's place, and be committed
/// nowhere. Only those two run then. Says who leads, and who is to go.
fn begin_joint(cluster: &mut Cluster) -> (NodeId, NodeId) {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let leader = cluster.leader();
        let others: Vec<_> = (1..=3).filter(|id| *id != leader).collect();
        let old = others[0];
        // The majority that the old voters need is gone, that of the new ones is there: the change is not refused, nor done.
        for id in &others {
            cluster.crash(*id);
        }
        let asked =
            cluster.members[&leader].node.change_members(Change::Promote { id: 4, instead_of: Some(old) });
        let mut asked = std::pin::pin!(asked);
        let outcome = loop {
            // A step that was not taken has been answered; this one waits for a majority that does not come.
            let answered = cluster.members[&leader]
                .block(async { tokio::time::timeout(Duration::from_millis(1), &mut asked).await });
            if let Ok(answered) = answered {
                break Some(answered);
            }
            let stands = [leader, 4].iter().all(|id| {
                let status = cluster.members[id].node.status();
                members(cluster, *id).0 == [1, 2, 3, 4] && status.flushed_index == status.last_log_index
            });
            if stands {
                break None;
            }
            assert!(Instant::now() < deadline, "waited 20 s for the first entry to be flushed by both");
        };
        match outcome {
            None => return (leader, old),
            // The leader's lease ran out before it was asked.
            Some(Err(ChangeError::NotNow(_) | ChangeError::NotLeader { .. })) => {}
            Some(other) => panic!("{other:?}"),
        }
        assert!(Instant::now() < deadline, "waited 20 s for a leader that begins it");
        for id in others {
            cluster.start(id);
        }
    }
}

#[test]
fn a_joint_membership_that_nobody_works_on_is_finished() {
    let mut cluster = Cluster::new(3, |_| {});
    cluster.write("x");
    let at = join(&mut cluster, 4);
    change(&cluster, &Change::Add { id: 4, address: at }).unwrap();
    let (author, old) = begin_joint(&mut cluster);
    cluster.crash(author);
    // The third one of the first members does not know of it, and is elected by nobody who does: whoever leads now has the
    // first entry in its log, and was not asked for the second.
    let third = (1..=3).find(|id| ![old, author].contains(id)).unwrap();
    cluster.start(third);
    cluster.start(author);
    let left: Vec<_> = (1..=4).filter(|id| *id != old).collect();
    for id in &left {
        wait_members(&cluster, *id, &left);
    }
    cluster.write("y");
    cluster.start(old);
    wait("the one that was replaced to be told", || {
        matches!(cluster.members[&old].node.status().standing, Standing::Removed(_)).then_some(())
    });
    cluster.crash(old);
    assert_eq!(cluster.wait_equal(), ["x", "y"]);
}

#[test]
fn what_would_lose_the_majority_is_refused_and_changes_nothing() {
    let mut cluster = Cluster::new(3, |_| {});
    cluster.write("x");
    let leader = cluster.leader();
    let others: Vec<_> = (1..=3).filter(|id| *id != leader).collect();
    let why = change(&cluster, &Change::Remove { id: 9 }).unwrap_err();
    assert!(why.contains("there is no node 9; members are 1, 2 and 3"), "{why}");
    let why = change(&cluster, &Change::Promote { id: 9, instead_of: None }).unwrap_err();
    assert!(why.contains("add it first"), "{why}");
    let nobody = NodeAddress { peer: address(), ..NodeAddress::default() };
    let why = change(&cluster, &Change::Add { id: 4, address: nobody }).unwrap_err();
    assert!(why.contains("does not let this one in"), "{why}");
    for (peer, way_out) in [
        ("0.0.0.0:7688", "start it with advertise.peer"),
        ("[::]:7688", "start it with advertise.peer"),
        ("10.0.0.4:7688", "A member keeps its address"),
        ("db4.example:7688", "A member keeps its address"),
    ] {
        let there = NodeAddress { peer: peer.into(), ..NodeAddress::default() };
        let why = change(&cluster, &Change::Add { id: 4, address: there }).unwrap_err();
        assert!(why.contains(peer) && why.contains(way_out), "{why}");
    }
    let why = change(&cluster, &Change::Add { id: 2, address: NodeAddress::default() }).unwrap_err();
    assert!(why.contains("is a member already, and votes"), "{why}");
    cluster.crash(others[0]);
    // At once: that it is gone is asked for, not remembered.
    let why = change(&cluster, &Change::Remove { id: others[1] }).unwrap_err();
    assert!(why.contains(&format!("node {} does not answer: bring it back first", others[0])), "{why}");
    assert_eq!(members(&cluster, leader), (vec![1, 2, 3], vec![]));
    // A node of another cluster.
    let stranger = Cluster::new(1, |_| {});
    stranger.write("theirs");
    let at = NodeAddress { peer: stranger.configs[&1].listen.clone(), ..NodeAddress::default() };
    let why = change(&cluster, &Change::Add { id: 4, address: at }).unwrap_err();
    assert!(why.contains("another cluster"), "{why}");
    assert_eq!(members(&cluster, leader), (vec![1, 2, 3], vec![]));
    change(&cluster, &Change::Remove { id: others[0] }).expect("the one that is lost can go");
    cluster.write("y");
}

#[test]
fn a_node_that_waits_does_nothing_by_itself() {
    let mut cluster = Cluster::new(1, |_| {});
    cluster.write("x");
    join(&mut cluster, 2);
    let status = cluster.members[&2].node.status();
    assert_eq!((status.standing, status.role), (Standing::Waiting, Role::Learner));
    cluster.crash(2);
    // Started again without the flag: what it waits for stands in its directory.
    cluster.configs.get_mut(&2).unwrap().joins = None;
    cluster.start(2);
    std::thread::sleep(Duration::from_millis(700));
    let status = cluster.members[&2].node.status();
    assert_eq!((status.standing, status.role, status.term), (Standing::Waiting, Role::Learner, 0));
    let address = cluster.configs[&2].members[&2].clone();
    change(&cluster, &Change::Add { id: 2, address }).unwrap();
    change(&cluster, &Change::Promote { id: 2, instead_of: None }).unwrap();
    assert_eq!(cluster.wait_equal(), ["x"]);
    // Another cluster's node on that directory.
    cluster.crash(2);
    let mut config = cluster.configs[&2].clone();
    config.joins = Some([9; 16]);
    let error = wait("the lock", || {
        start(&config).err().filter(|error| !error.to_string().contains("held by another process"))
    });
    assert!(error.to_string().contains("is to join another"), "{error}");
}

#[test]
fn a_first_start_that_failed_may_be_corrected() {
    let directory = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = |peer: String| BTreeMap::from([(1, NodeAddress { peer, ..NodeAddress::default() })]);
    let wrong = config(1, &at(taken.local_addr().unwrap().to_string()), directory.path().join("n1"));
    let error = start(&wrong).err().expect("the port is taken");
    assert!(error.to_string().contains("listen.peer = "), "{error}");
    let right = config(1, &at(address()), directory.path().join("n1"));
    let member = wait("the lock", || start(&right).ok());
    wait("the lane", || member.node.lane_ready().borrow().map(|_| ()));
    assert_eq!(member.node.standing(), Standing::Member);
}
