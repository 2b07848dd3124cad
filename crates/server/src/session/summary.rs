//! The last SUCCESS of a result: type, counters, statuses, bookmark, plan.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Instant;

use samyama_exec::{Counters, Notification, Plan, PlanKind, PlanMode};
use samyama_graph::{Map, Value};
use samyama_raft::{Leadership, LogIndex};

use super::options::{Terms, write_bookmark};
use super::words::{WORDS, Words, value};
use crate::config::ReadLevel;

/// What a result came to.
pub struct Summary<'a> {
    pub plan: &'a Plan,
    pub notifications: &'a [Notification],
    pub terms: &'a Terms,
    pub counters: Counters,
    pub profile: Option<Value>,
    pub any_row: bool,
    pub columns: usize,
    /// What was read or written, and under whom.
    pub index: LogIndex,
    pub leader: Option<Leadership>,
    pub read: bool,
    /// It was done before, under the same key.
    pub repeated: bool,
    pub auto_commit: bool,
    pub started: Instant,
}

impl Summary<'_> {
    pub fn into_map(self) -> Map {
        WORDS.with(|words| self.map(words))
    }

    fn map(&self, words: &Words) -> Map {
        let mut map = Map::with_capacity(8);
        // In the order of the keys, as far as they are common: then nothing is moved.
        let mut put = |key: &Arc<str>, value: Value| map.insert(Arc::clone(key), value);
        if self.auto_commit {
            put(&words.bookmark, bookmark(self.index.max(self.terms.bookmark)));
        }
        put(&words.db, value(if self.terms.system { &words.system } else { &words.database }));
        if let Some(stats) = stats(&self.counters, words) {
            put(&words.stats, stats.into());
        }
        match (self.plan.mode(), &self.profile) {
            (PlanMode::Explain, _) => put(&Arc::from("plan"), self.plan.describe()),
            (PlanMode::Profile, Some(profile)) => put(&Arc::from("profile"), profile.clone()),
            _ => {}
        }
        let notifications = self.notifications.iter().filter(|n| shown(n, self.terms));
        let (mut statuses, mut old): (Vec<Value>, Vec<Value>) = Default::default();
        for notification in notifications {
            statuses.push(as_status(notification).into());
            old.push(as_notification(notification).into());
        }
        if old.is_empty() {
            put(&words.statuses, self.outcome().alone(words));
        } else {
            statuses.insert(0, self.outcome().status(words).into());
            put(&words.statuses, statuses.into());
            put(&Arc::from("notifications"), old.into());
        }
        put(&words.t_last, Value::Integer(self.started.elapsed().as_millis() as i64));
        put(&words.type_, value(kind_name(self.plan.kind(), words)));
        map
    }

    fn outcome(&self) -> Outcome {
        Outcome {
            has_columns: self.columns > 0,
            any_row: self.any_row,
            level: if self.read { self.terms.level } else { ReadLevel::Linearizable },
            index: self.index,
            leader: self.leader,
            repeated: self.repeated,
        }
    }
}

/// What was told, and how it is written.
type Told<T> = Option<(T, Value)>;

thread_local! {
    /// The outcome that this thread told last, and the bookmark: as long as nothing is written, all reads end alike.
    static LAST: RefCell<(Told<Outcome>, Told<LogIndex>)> = const { RefCell::new((None, None)) };
}

fn bookmark(index: LogIndex) -> Value {
    LAST.with_borrow_mut(|(_, last)| match last {
        Some((known, value)) if *known == index => value.clone(),
        last => last.insert((index, write_bookmark(index).into())).1.clone(),
    })
}

/// All that the status of an outcome says; its diagnostic record says what the result rests on.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Outcome {
    has_columns: bool,
    any_row: bool,
    level: ReadLevel,
    index: LogIndex,
    leader: Option<Leadership>,
    /// It was done before, under the same key.
    repeated: bool,
}

impl Outcome {
    /// A list of nothing else.
    fn alone(self, words: &Words) -> Value {
        LAST.with_borrow_mut(|(last, _)| match last {
            Some((known, value)) if *known == self => value.clone(),
            last => last.insert((self, vec![Value::from(self.status(words))].into())).1.clone(),
        })
    }

    fn status(self, words: &Words) -> Map {
        let (status, description) = match (self.has_columns, self.any_row) {
            (false, _) => (&words.omitted, &words.omitted_text),
            (_, true) => (&words.success, &words.success_text),
            (_, false) => (&words.no_data, &words.no_data_text),
        };
        let mut record = Map::with_capacity(4);
        record.insert(Arc::clone(&words.index), Value::Integer(self.index as i64));
        record.insert(Arc::clone(&words.level), value(level_name(self.level, words)));
        if let Some(leader) = self.leader {
            record.insert(Arc::clone(&words.term), Value::Integer(leader.term as i64));
            record.insert(Arc::clone(&words.leader), Value::Integer(leader.node as i64));
        }
        if self.repeated {
            record.insert(Arc::from("_samyama_repeated"), Value::Boolean(true));
        }
        Map::from_pairs([
            (Arc::clone(&words.gql_status), value(status)),
            (Arc::clone(&words.status_description), value(description)),
            (Arc::clone(&words.diagnostic_record), record.into()),
        ])
    }
}

fn pairs(pairs: impl IntoIterator<Item = (&'static str, Value)>) -> Map {
    Map::from_pairs(pairs.into_iter().map(|(key, value)| (Arc::from(key), value)))
}

fn kind_name(kind: PlanKind, words: &Words) -> &Arc<str> {
    match kind {
        PlanKind::Read => &words.read,
        PlanKind::ReadWrite => &words.read_write,
        PlanKind::Write => &words.write,
        PlanKind::Schema => &words.schema,
    }
}

fn level_name(level: ReadLevel, words: &Words) -> &Arc<str> {
    match level {
        ReadLevel::Linearizable => &words.linearizable,
        ReadLevel::Bookmark => &words.bookmarked,
        ReadLevel::Stale => &words.stale,
    }
}

pub(super) fn stats(counters: &Counters, words: &Words) -> Option<Map> {
    let frequent = [
        (&words.nodes_created, counters.nodes_created),
        (&words.relationships_created, counters.relationships_created),
        (&words.properties_set, counters.properties_set),
        (&words.labels_added, counters.labels_added),
    ];
    let rare = [
        ("nodes-deleted", counters.nodes_deleted),
        ("relationships-deleted", counters.relationships_deleted),
        ("labels-removed", counters.labels_removed),
        ("indexes-added", counters.indexes_added),
        ("indexes-removed", counters.indexes_removed),
        ("constraints-added", counters.constraints_added),
        ("constraints-removed", counters.constraints_removed),
    ];
    if frequent.iter().all(|(_, n)| *n == 0) && rare.iter().all(|(_, n)| *n == 0) {
        return None;
    }
    let mut stats = Map::with_capacity(6);
    for (key, n) in frequent.into_iter().filter(|(_, n)| *n > 0) {
        stats.insert(Arc::clone(key), Value::Integer(n as i64));
    }
    for (key, n) in rare.into_iter().filter(|(_, n)| *n > 0) {
        stats.insert(Arc::from(key), Value::Integer(n as i64));
    }
    stats.insert(Arc::clone(&words.contains_updates), Value::Boolean(true));
    Some(stats)
}

fn shown(notification: &Notification, terms: &Terms) -> bool {
    let severe = match terms.severity.as_deref() {
        Some("OFF") => false,
        Some("WARNING") => notification.severity.as_ref() == "WARNING",
        _ => true,
    };
    severe && !terms.disabled.iter().any(|disabled| disabled.eq_ignore_ascii_case(&notification.category))
}

fn position(notification: &Notification) -> Value {
    let Notification { offset, line, column, .. } = notification;
    pairs([
        ("offset", Value::Integer(*offset)),
        ("line", Value::Integer(*line)),
        ("column", Value::Integer(*column)),
    ])
    .into()
}

fn text(text: &Arc<str>) -> Value {
    Value::String(Arc::clone(text))
}

/// As Bolt 5.6 and later have it.
fn as_status(notification: &Notification) -> Map {
    pairs([
        ("gql_status", text(&notification.gql_status)),
        ("status_description", text(&notification.description)),
        ("neo4j_code", text(&notification.code)),
        ("title", text(&notification.title)),
        (
            "diagnostic_record",
            pairs([
                ("_severity", text(&notification.severity)),
                ("_classification", text(&notification.category)),
                ("_position", position(notification)),
            ])
            .into(),
        ),
    ])
}

/// As Bolt up to 5.4 has it.
fn as_notification(notification: &Notification) -> Map {
    pairs([
        ("code", text(&notification.code)),
        ("title", text(&notification.title)),
        ("description", text(&notification.description)),
        ("severity", text(&notification.severity)),
        ("category", text(&notification.category)),
        ("position", position(notification)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_last_is_not_told_of_another_outcome() {
        let leader = |term| Some(Leadership { term, node: 1 });
        let first = Outcome {
            has_columns: true,
            any_row: true,
            level: ReadLevel::Linearizable,
            index: 7,
            leader: leader(1),
            repeated: false,
        };
        let others = [
            Outcome { has_columns: false, ..first },
            Outcome { any_row: false, ..first },
            Outcome { level: ReadLevel::Stale, ..first },
            Outcome { index: 8, ..first },
            Outcome { leader: leader(2), ..first },
            Outcome { leader: None, ..first },
            Outcome { repeated: true, ..first },
        ];
        WORDS.with(|words| {
            for other in others.into_iter().flat_map(|other| [first, first, other]) {
                let fresh = Value::from(vec![Value::from(other.status(words))]);
                assert_eq!(other.alone(words), fresh, "{:?}", other.index);
            }
        });
        for index in [7, 7, 8, 7] {
            assert_eq!(bookmark(index), Value::from(write_bookmark(index)));
        }
    }
}
