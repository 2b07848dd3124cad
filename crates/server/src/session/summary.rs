//! The last SUCCESS of a result: type, counters, statuses, bookmark, plan.

use std::sync::Arc;
use std::time::Instant;

use samyama_exec::{Counters, Notification, Plan, PlanKind, PlanMode};
use samyama_graph::{Map, Value};
use samyama_raft::{Leadership, LogIndex};

use super::options::{Terms, level_name, write_bookmark};
use crate::database::DATABASE_NAME;

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
    /// None for a write.
    pub read: bool,
    pub auto_commit: bool,
    pub started: Instant,
}

impl Summary<'_> {
    pub fn into_map(self) -> Map {
        let mut map = Map::new();
        let mut put = |key: &str, value: Value| map.insert(Arc::from(key), value);
        put("type", kind_name(self.plan.kind()).into());
        put("t_last", Value::Integer(self.started.elapsed().as_millis() as i64));
        if self.auto_commit {
            put("bookmark", write_bookmark(self.index.max(self.terms.bookmark)).into());
        }
        put("db", if self.terms.system { "system" } else { DATABASE_NAME }.into());
        if let Some(stats) = stats(&self.counters) {
            put("stats", stats.into());
        }
        match (self.plan.mode(), &self.profile) {
            (PlanMode::Explain, _) => put("plan", self.plan.describe()),
            (PlanMode::Profile, Some(profile)) => put("profile", profile.clone()),
            _ => {}
        }
        let notifications = self.plan.notifications().iter().filter(|n| shown(n, self.terms));
        let (mut statuses, mut old): (Vec<Value>, Vec<Value>) = (vec![self.outcome().into()], Vec::new());
        for notification in notifications {
            statuses.push(as_status(notification).into());
            old.push(as_notification(notification).into());
        }
        put("statuses", statuses.into());
        if !old.is_empty() {
            put("notifications", old.into());
        }
        map
    }

    /// The status of the outcome; its diagnostic record says what the result rests on.
    fn outcome(&self) -> Map {
        let (status, description) = match (self.columns, self.any_row) {
            (0, _) => ("00001", "note: successful completion - omitted result"),
            (_, true) => ("00000", "note: successful completion"),
            (_, false) => ("02000", "note: no data"),
        };
        let mut record = vec![
            ("_samyama_index", Value::Integer(self.index as i64)),
            ("_samyama_level", if self.read { level_name(self.terms.level) } else { "linearizable" }.into()),
        ];
        if let Some(leader) = self.leader {
            record.push(("_samyama_term", Value::Integer(leader.term as i64)));
            record.push(("_samyama_leader", Value::Integer(leader.node as i64)));
        }
        pairs([
            ("gql_status", status.into()),
            ("status_description", description.into()),
            ("diagnostic_record", pairs(record).into()),
        ])
    }
}

fn pairs(pairs: impl IntoIterator<Item = (&'static str, Value)>) -> Map {
    Map::from_pairs(pairs.into_iter().map(|(key, value)| (Arc::from(key), value)))
}

fn kind_name(kind: PlanKind) -> &'static str {
    match kind {
        PlanKind::Read => "r",
        PlanKind::ReadWrite => "rw",
        PlanKind::Write => "w",
        PlanKind::Schema => "s",
    }
}

fn stats(counters: &Counters) -> Option<Map> {
    let counts = [
        ("nodes-created", counters.nodes_created),
        ("nodes-deleted", counters.nodes_deleted),
        ("relationships-created", counters.relationships_created),
        ("relationships-deleted", counters.relationships_deleted),
        ("properties-set", counters.properties_set),
        ("labels-added", counters.labels_added),
        ("labels-removed", counters.labels_removed),
        ("indexes-added", counters.indexes_added),
        ("indexes-removed", counters.indexes_removed),
        ("constraints-added", counters.constraints_added),
        ("constraints-removed", counters.constraints_removed),
    ];
    let counts: Vec<_> =
        counts.into_iter().filter(|(_, n)| *n > 0).map(|(key, n)| (key, Value::Integer(n as i64))).collect();
    if counts.is_empty() {
        return None;
    }
    Some(pairs(counts.into_iter().chain([("contains-updates", Value::Boolean(true))])))
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
