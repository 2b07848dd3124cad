//! The last SUCCESS of a result: type, counters, statuses, bookmark, plan.

use std::sync::Arc;
use std::time::Instant;

use samyama_exec::{Counters, Notification, Plan, PlanKind, PlanMode};
use samyama_graph::{Map, Value};
use samyama_raft::{Leadership, LogIndex};

use super::options::{Terms, write_bookmark};
use super::words::{WORDS, value};
use crate::config::ReadLevel;

/// What a result came to.
pub struct Summary<'a> {
    pub plan: &'a Plan,
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
        let mut map = Map::with_capacity(8);
        let mut put = |key: &Arc<str>, value: Value| map.insert(Arc::clone(key), value);
        put(&WORDS.type_, value(kind_name(self.plan.kind())));
        put(&WORDS.t_last, Value::Integer(self.started.elapsed().as_millis() as i64));
        if self.auto_commit {
            put(&WORDS.bookmark, write_bookmark(self.index.max(self.terms.bookmark)).into());
        }
        put(&WORDS.db, value(if self.terms.system { &WORDS.system } else { &WORDS.database }));
        if let Some(stats) = stats(&self.counters) {
            put(&WORDS.stats, stats.into());
        }
        match (self.plan.mode(), &self.profile) {
            (PlanMode::Explain, _) => put(&Arc::from("plan"), self.plan.describe()),
            (PlanMode::Profile, Some(profile)) => put(&Arc::from("profile"), profile.clone()),
            _ => {}
        }
        let notifications = self.plan.notifications().iter().filter(|n| shown(n, self.terms));
        let (mut statuses, mut old): (Vec<Value>, Vec<Value>) = (vec![self.outcome().into()], Vec::new());
        for notification in notifications {
            statuses.push(as_status(notification).into());
            old.push(as_notification(notification).into());
        }
        put(&WORDS.statuses, statuses.into());
        if !old.is_empty() {
            put(&Arc::from("notifications"), old.into());
        }
        map
    }

    /// The status of the outcome; its diagnostic record says what the result rests on.
    fn outcome(&self) -> Map {
        let (status, description) = match (self.columns, self.any_row) {
            (0, _) => (&WORDS.omitted, &WORDS.omitted_text),
            (_, true) => (&WORDS.success, &WORDS.success_text),
            (_, false) => (&WORDS.no_data, &WORDS.no_data_text),
        };
        let mut record = Map::with_capacity(4);
        let level = if self.read { level_name(self.terms.level) } else { &WORDS.linearizable };
        record.insert(Arc::clone(&WORDS.index), Value::Integer(self.index as i64));
        record.insert(Arc::clone(&WORDS.level), value(level));
        if let Some(leader) = self.leader {
            record.insert(Arc::clone(&WORDS.term), Value::Integer(leader.term as i64));
            record.insert(Arc::clone(&WORDS.leader), Value::Integer(leader.node as i64));
        }
        if self.repeated {
            record.insert(Arc::from("_samyama_repeated"), Value::Boolean(true));
        }
        Map::from_pairs([
            (Arc::clone(&WORDS.gql_status), value(status)),
            (Arc::clone(&WORDS.status_description), value(description)),
            (Arc::clone(&WORDS.diagnostic_record), record.into()),
        ])
    }
}

fn pairs(pairs: impl IntoIterator<Item = (&'static str, Value)>) -> Map {
    Map::from_pairs(pairs.into_iter().map(|(key, value)| (Arc::from(key), value)))
}

fn kind_name(kind: PlanKind) -> &'static Arc<str> {
    match kind {
        PlanKind::Read => &WORDS.read,
        PlanKind::ReadWrite => &WORDS.read_write,
        PlanKind::Write => &WORDS.write,
        PlanKind::Schema => &WORDS.schema,
    }
}

fn level_name(level: ReadLevel) -> &'static Arc<str> {
    match level {
        ReadLevel::Linearizable => &WORDS.linearizable,
        ReadLevel::Bookmark => &WORDS.bookmarked,
        ReadLevel::Stale => &WORDS.stale,
    }
}

pub(super) fn stats(counters: &Counters) -> Option<Map> {
    let frequent = [
        (&WORDS.nodes_created, counters.nodes_created),
        (&WORDS.relationships_created, counters.relationships_created),
        (&WORDS.properties_set, counters.properties_set),
        (&WORDS.labels_added, counters.labels_added),
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
    stats.insert(Arc::clone(&WORDS.contains_updates), Value::Boolean(true));
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
