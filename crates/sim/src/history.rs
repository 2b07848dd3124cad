//! What clients did and what they were told, and whether that can be true of one database that does one thing after the other.
//!
//! Every write carries a serial of its own. Acknowledged: it is there, once. Refused for certain: it is not there, ever. Unknown:
//! either. Counters give each increment a number of its own. Money is moved and never made. Registers are read and written and
//! must be linearizable, key by key ([`crate::linearizability`]). And the log index that comes with an answer never goes back
//! behind what anybody had been told before the question was asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use openraft_rt_sim::SimInstant;
use parking_lot::Mutex;
use samyama_raft::LogIndex;

use crate::linearizability::{self, Call, Operation};
use crate::world::World;

/// What became of a write, as its client knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Done,
    /// Certainly not, and never.
    Never,
    Unknown,
}

/// A question that was asked.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    at: u64,
    /// The highest index that anybody had been told by then.
    floor: LogIndex,
}

/// What the graph says in the end.
#[derive(Debug, Default)]
pub struct Final {
    pub serials: Vec<i64>,
    pub paid: Vec<i64>,
    pub bulk: BTreeMap<i64, u64>,
    pub junk: u64,
    pub counters: BTreeMap<String, i64>,
    pub registers: BTreeMap<String, Option<i64>>,
    pub balances: Vec<i64>,
}

#[derive(Default)]
struct Records {
    floor: LogIndex,
    writes: BTreeMap<i64, Fate>,
    payments: BTreeMap<i64, Fate>,
    bulks: BTreeMap<i64, Fate>,
    /// Of each counter: numbers given out, and increments of unknown fate.
    counters: BTreeMap<String, Counter>,
    registers: BTreeMap<String, Vec<Operation>>,
    /// What was told under each key of a client: where it was applied, and the number.
    decided: BTreeMap<String, (LogIndex, Option<i64>)>,
}

#[derive(Default)]
struct Counter {
    given: BTreeSet<i64>,
    unknown: i64,
}

pub struct History {
    world: Arc<World>,
    records: Mutex<Records>,
}

fn now() -> u64 {
    SimInstant::try_now().map(SimInstant::elapsed_since_start).unwrap_or_default().as_nanos() as u64
}

impl History {
    pub fn new(world: Arc<World>) -> Arc<History> {
        Arc::new(History { world, records: Mutex::default() })
    }

    pub fn ask(&self) -> Asked {
        Asked { at: now(), floor: self.records.lock().floor }
    }

    /// An answer came, of what was true at an index.
    pub fn told(&self, asked: Asked, what: &str, index: LogIndex) {
        if index < asked.floor {
            self.world.find(format!(
                "a client was told of index {index} by {what}, and before it asked somebody had been told of {}",
                asked.floor
            ));
        }
        let mut records = self.records.lock();
        records.floor = records.floor.max(index);
    }

    pub fn wrote(&self, serial: i64, fate: Fate) {
        self.records.lock().writes.insert(serial, fate);
    }

    pub fn paid(&self, serial: i64, fate: Fate) {
        self.records.lock().payments.insert(serial, fate);
    }

    pub fn wrote_bulk(&self, serial: i64, fate: Fate) {
        self.records.lock().bulks.insert(serial, fate);
    }

    /// An increment, with the number it was told.
    pub fn counted(&self, name: &str, told: Result<i64, Fate>) {
        let mut records = self.records.lock();
        let counter = records.counters.entry(name.to_owned()).or_default();
        match told {
            Ok(number) => {
                if !counter.given.insert(number) {
                    drop(records);
                    self.world.find(format!("{name}: two increments were both told {number}: one is lost"));
                }
            }
            Err(Fate::Unknown) => counter.unknown += 1,
            Err(_) => {}
        }
    }

    /// An answer under a key: a key decides once.
    pub fn decided(&self, key: &str, index: LogIndex, number: Option<i64>) {
        let now = (index, number);
        let first = *self.records.lock().decided.entry(key.to_owned()).or_insert(now);
        if first != now {
            self.world.find(format!(
                "key {key} decided twice: (index, number) was told as {first:?} and as {now:?}"
            ));
        }
    }

    pub fn operated(&self, key: &str, asked: Asked, call: Call, fate: Fate) {
        if fate == Fate::Never {
            return;
        }
        let end = (fate == Fate::Done).then(now);
        let mut records = self.records.lock();
        records.registers.entry(key.to_owned()).or_default().push(Operation { begin: asked.at, end, call });
    }

    /// A reader saw these serials at an index that covers everything that had been acknowledged when it asked.
    pub fn saw(&self, acknowledged: &BTreeSet<i64>, seen: &[i64]) {
        let set: BTreeSet<i64> = seen.iter().copied().collect();
        if set.len() != seen.len() {
            self.world.find("a reader saw a write twice");
        }
        if let Some(missing) = acknowledged.iter().find(|serial| !set.contains(serial)) {
            self.world.find(format!("write {missing} was acknowledged, and a later reader did not see it"));
        }
        let records = self.records.lock();
        let never = seen.iter().find(|serial| records.writes.get(serial) == Some(&Fate::Never)).copied();
        drop(records);
        if let Some(never) = never {
            self.world.find(format!("write {never} certainly failed, and a reader saw it"));
        }
    }

    pub fn acknowledged(&self) -> BTreeSet<i64> {
        let records = self.records.lock();
        records.writes.iter().filter(|(_, fate)| **fate == Fate::Done).map(|(serial, _)| *serial).collect()
    }

    pub fn balances(&self, seen: &[i64], expected_total: i64) {
        let total: i64 = seen.iter().sum();
        if total != expected_total {
            self.world.find(format!("accounts hold {total}, and {expected_total} was put in: {seen:?}"));
        }
    }

    /// Everything that can only be said in the end. Gives the number of operations whose order was checked.
    pub fn check(&self, last: &Final, expected_total: i64) -> usize {
        let records = self.records.lock();
        let mut problems = Vec::new();
        check_serials("write", &records.writes, &last.serials, &mut problems);
        check_serials("payment", &records.payments, &last.paid, &mut problems);
        check_bulks(&records.bulks, &last.bulk, &mut problems);
        if last.junk > 0 {
            problems.push(format!("{} rows of statements that failed are there", last.junk));
        }
        for (name, counter) in &records.counters {
            counter.check(name, last.counters.get(name).copied().unwrap_or(0), &mut problems);
        }
        let mut checked = 0;
        for (key, operations) in &records.registers {
            let mut operations = operations.clone();
            let (begin, value) = (now(), last.registers.get(key).copied().flatten());
            operations.push(Operation { begin, end: Some(begin + 1), call: Call::Read(value) });
            checked += operations.len();
            if let Err(why) = linearizability::check(&operations) {
                problems.push(format!("{key} is not linearizable: {why}"));
            }
        }
        drop(records);
        self.balances(&last.balances, expected_total);
        problems.into_iter().for_each(|problem| self.world.find(problem));
        checked
    }

    /// How many writes of each fate.
    pub fn summary(&self) -> [(&'static str, u64); 3] {
        let records = self.records.lock();
        let of = |fate| records.writes.values().filter(|other| **other == fate).count() as u64;
        [
            ("writes acknowledged", of(Fate::Done)),
            ("writes certainly failed", of(Fate::Never)),
            ("writes of unknown outcome", of(Fate::Unknown)),
        ]
    }
}

/// How many rows a bulk write has; a part of its name, so that everybody knows.
pub fn bulk_rows(serial: i64) -> u64 {
    50 + serial.unsigned_abs() * 37 % 1_500
}

fn check_serials(what: &str, told: &BTreeMap<i64, Fate>, found: &[i64], problems: &mut Vec<String>) {
    let mut times: BTreeMap<i64, u64> = BTreeMap::new();
    found.iter().for_each(|serial| *times.entry(*serial).or_default() += 1);
    for (serial, times) in &times {
        if *times > 1 {
            problems.push(format!("{what} {serial} is there {times} times"));
        }
        if !told.contains_key(serial) {
            problems.push(format!("{what} {serial} is there and nobody made it"));
        }
    }
    for (serial, fate) in told {
        let is_there = times.contains_key(serial);
        if *fate == Fate::Done && !is_there {
            problems.push(format!("{what} {serial} was acknowledged and is lost"));
        }
        if *fate == Fate::Never && is_there {
            problems.push(format!("{what} {serial} certainly failed and is there"));
        }
    }
}

fn check_bulks(told: &BTreeMap<i64, Fate>, found_rows: &BTreeMap<i64, u64>, problems: &mut Vec<String>) {
    for (serial, fate) in told {
        let found = found_rows.get(serial).copied().unwrap_or(0);
        let is_whole = found == bulk_rows(*serial);
        match fate {
            Fate::Done if !is_whole => {
                problems.push(format!("bulk {serial} was acknowledged and has {found} rows"))
            }
            Fate::Never if found > 0 => {
                problems.push(format!("bulk {serial} certainly failed and has {found} rows"))
            }
            Fate::Unknown if found > 0 && !is_whole => {
                problems.push(format!("bulk {serial} is half there: {found}"))
            }
            _ => {}
        }
    }
}

impl Counter {
    fn check(&self, name: &str, value: i64, problems: &mut Vec<String>) {
        let done = self.given.len() as i64;
        if value < done || value > done + self.unknown {
            problems
                .push(format!("{name} is {value}; {done} increments are certain, {} possible", self.unknown));
        }
        if self.given.last().is_some_and(|highest| *highest > value) {
            problems.push(format!("{name} is {value}, and somebody was told {:?}", self.given.last()));
        }
    }
}
