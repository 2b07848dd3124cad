//! What the client of a transaction with a key was told, kept so that it can be told again (`docs/format/answers.md`).
//!
//! Rows refer to entities by id; what those looked like then is kept beside them. A result that takes more than the
//! transaction has room for is kept without its rows: its counters can be told again, its rows can not.

use std::sync::Arc;

use samyama_bolt::{Entities, EntityRecords, NodeRecord, RelationshipRecord};
use samyama_exec::{Batch, Counters};
use samyama_graph::{Graph, Map, NodeId, RelationshipId, Value, View, decode_value, encode_value};

use crate::engine::Ran;
use crate::limits::{ANSWERS_BYTES_MAX, ANSWERS_ROWS_BYTES_MAX};
use crate::session::GraphEntities;

/// Deeper values are not kept: the codec would not read them back.
const DEPTH_MAX: usize = samyama_graph::limits::VALUE_DEPTH_MAX - 2;

/// One statement and what it came to.
#[derive(Debug, Default)]
pub struct Answered {
    /// Of the statement's text and parameters.
    pub digest: u128,
    pub counters: Counters,
    /// None: they were too many to be kept.
    pub rows: Option<Batch>,
    pub recalled: Recalled,
}

/// Entities as they were.
#[derive(Clone, Debug, Default)]
pub struct Recalled {
    records: EntityRecords,
    uuid: Arc<str>,
}

impl Entities for Recalled {
    fn node(&self, id: NodeId) -> NodeRecord {
        let nothing = NodeRecord { labels: Vec::new(), properties: Vec::new() };
        self.records.nodes.get(&id).cloned().unwrap_or(nothing)
    }

    fn relationship(&self, id: RelationshipId) -> Option<RelationshipRecord> {
        self.records.relationships.get(&id).cloned()
    }

    fn database_uuid(&self) -> &str {
        &self.uuid
    }
}

impl Recalled {
    /// Element ids begin with it.
    pub fn with_uuid(self, uuid: Arc<str>) -> Self {
        Self { uuid, ..self }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        put_count(out, self.records.nodes.len());
        for (id, node) in &self.records.nodes {
            encode_value(&Value::Node(*id), out);
            let labels: Vec<Value> =
                node.labels.iter().map(|label| Value::String(Arc::clone(label))).collect();
            encode_value(&labels.into(), out);
            encode_value(&as_map(&node.properties), out);
        }
        put_count(out, self.records.relationships.len());
        for (id, relationship) in &self.records.relationships {
            encode_value(&Value::Relationship(*id), out);
            encode_value(&Value::Node(relationship.start), out);
            encode_value(&Value::Node(relationship.end), out);
            encode_value(&Value::String(Arc::clone(&relationship.type_name)), out);
            encode_value(&as_map(&relationship.properties), out);
        }
    }

    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        let mut recalled = Self::default();
        for _ in 0..take_count(bytes)? {
            let Value::Node(id) = take(bytes)? else { return None };
            let Value::List(labels) = take(bytes)? else { return None };
            let labels = labels.iter().map(as_text).collect::<Option<Vec<_>>>()?;
            let properties = take_properties(bytes)?;
            recalled.records.nodes.insert(id, NodeRecord { labels, properties });
        }
        for _ in 0..take_count(bytes)? {
            let Value::Relationship(id) = take(bytes)? else { return None };
            let (Value::Node(start), Value::Node(end)) = (take(bytes)?, take(bytes)?) else { return None };
            let type_name = as_text(&take(bytes)?)?;
            let properties = take_properties(bytes)?;
            recalled
                .records
                .relationships
                .insert(id, RelationshipRecord { start, end, type_name, properties });
        }
        Some(recalled)
    }
}

/// Append what a statement was answered to those before it in the same transaction.
pub fn record(digest: u128, ran: &Ran, answers: &mut Vec<u8>) {
    for half in [(digest >> 64) as u64, digest as u64] {
        answers.extend_from_slice(&half.to_le_bytes());
    }
    encode_value(&counters_to_value(&ran.counters), answers);
    let start = answers.len();
    if !record_rows(ran, answers) {
        answers.truncate(start);
        answers.push(0);
    }
}

/// False: they do not fit.
fn record_rows(ran: &Ran, answers: &mut Vec<u8>) -> bool {
    let width = ran.rows.first().map_or(0, |batch| batch.width);
    answers.push(1);
    put_count(answers, width);
    put_count(answers, ran.rows.iter().map(|batch| batch.rows).sum());
    let nothing = View::default();
    let graph: &Graph = ran.entities.as_ref().unwrap_or(&nothing);
    let entities = GraphEntities { graph, uuid: "" };
    let mut recalled = Recalled::default();
    for value in ran.rows.iter().flat_map(|batch| &batch.values) {
        if is_deeper_than(value, DEPTH_MAX) {
            return false;
        }
        encode_value(value, answers);
        recalled.records.note(value, &entities);
        if answers.len() > ANSWERS_ROWS_BYTES_MAX {
            return false;
        }
    }
    recalled.encode(answers);
    answers.len() <= ANSWERS_ROWS_BYTES_MAX
}

/// An answer without rows: digest, a list of eleven numbers, and that there are no rows.
const BYTES_WITHOUT_ROWS_MAX: usize = 16 + 2 + 11 * 11 + 1;

/// Is there room for one more statement?
pub fn has_room(answers: &[u8]) -> bool {
    answers.len() + BYTES_WITHOUT_ROWS_MAX <= ANSWERS_BYTES_MAX
}

/// Read all that [`record`] has written. None: it is damaged.
pub fn read(mut answers: &[u8]) -> Option<Vec<Answered>> {
    let bytes = &mut answers;
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let (head, rest) = bytes.split_first_chunk::<16>()?;
        *bytes = rest;
        let [high, low] =
            [0, 8].map(|at| u64::from_le_bytes(head[at..at + 8].try_into().unwrap_or_default()));
        let counters = counters_of_value(&take(bytes)?)?;
        let (has_rows, rest) = bytes.split_first()?;
        *bytes = rest;
        let (rows, recalled) = match has_rows {
            0 => (None, Recalled::default()),
            1 => {
                let (width, rows) = (take_count(bytes)?, take_count(bytes)?);
                // Every value takes a byte at least: no length is believed that the bytes do not bear out.
                let count = width.checked_mul(rows).filter(|count| *count <= bytes.len())?;
                let values = (0..count).map(|_| take(bytes)).collect::<Option<Vec<_>>>()?;
                (Some(Batch { width, values, rows }), Recalled::decode(bytes)?)
            }
            _ => return None,
        };
        let digest = u128::from(high) << 64 | u128::from(low);
        all.push(Answered { digest, counters, rows, recalled });
    }
    Some(all)
}

fn is_deeper_than(value: &Value, most: usize) -> bool {
    match value {
        Value::List(items) => most == 0 || items.iter().any(|item| is_deeper_than(item, most - 1)),
        Value::Map(map) => most == 0 || map.iter().any(|(_, item)| is_deeper_than(item, most - 1)),
        _ => false,
    }
}

fn counters_to_value(counters: &Counters) -> Value {
    Value::from(fields(*counters).map(|field| Value::Integer(field.cast_signed())).to_vec())
}

fn fields(c: Counters) -> [u64; 11] {
    [
        c.nodes_created,
        c.nodes_deleted,
        c.relationships_created,
        c.relationships_deleted,
        c.properties_set,
        c.labels_added,
        c.labels_removed,
        c.indexes_added,
        c.indexes_removed,
        c.constraints_added,
        c.constraints_removed,
    ]
}

fn counters_of_value(value: &Value) -> Option<Counters> {
    let Value::List(fields) = value else { return None };
    let mut fields = fields.iter().map(|field| match field {
        Value::Integer(field) => Some(field.cast_unsigned()),
        _ => None,
    });
    let mut next = || fields.next().flatten();
    Some(Counters {
        nodes_created: next()?,
        nodes_deleted: next()?,
        relationships_created: next()?,
        relationships_deleted: next()?,
        properties_set: next()?,
        labels_added: next()?,
        labels_removed: next()?,
        indexes_added: next()?,
        indexes_removed: next()?,
        constraints_added: next()?,
        constraints_removed: next()?,
    })
}

fn as_map(properties: &[(Arc<str>, Value)]) -> Value {
    Map::from_pairs(properties.iter().cloned()).into()
}

fn as_text(value: &Value) -> Option<Arc<str>> {
    match value {
        Value::String(text) => Some(Arc::clone(text)),
        _ => None,
    }
}

fn take_properties(bytes: &mut &[u8]) -> Option<Vec<(Arc<str>, Value)>> {
    let Value::Map(map) = take(bytes)? else { return None };
    Some(map.iter().map(|(key, value)| (Arc::clone(key), value.clone())).collect())
}

fn take(bytes: &mut &[u8]) -> Option<Value> {
    decode_value(bytes).ok()
}

fn put_count(out: &mut Vec<u8>, count: usize) {
    out.extend_from_slice(&(count as u32).to_le_bytes());
}

fn take_count(bytes: &mut &[u8]) -> Option<usize> {
    let (head, rest) = bytes.split_first_chunk::<4>()?;
    *bytes = rest;
    Some(u32::from_le_bytes(*head) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use samyama_graph::{Draft, Effect, KeyId, LabelId, TokenKind};

    fn graph() -> View {
        let mut draft = Draft::default();
        for effect in [
            Effect::CreateToken { kind: TokenKind::Label, id: 0, name: Arc::from("L") },
            Effect::CreateToken { kind: TokenKind::PropertyKey, id: 0, name: Arc::from("k") },
            Effect::CreateNode {
                id: NodeId(3),
                labels: vec![LabelId(0)],
                properties: vec![(KeyId(0), Value::Integer(7))],
            },
        ] {
            draft.apply(&effect).expect("it fits");
        }
        draft.freeze()
    }

    fn ran(values: Vec<Value>) -> Ran {
        let rows = values.len();
        Ran {
            rows: vec![Batch { width: 1, values, rows }],
            entities: Some(graph()),
            counters: Counters { nodes_created: 1, properties_set: 300, ..Counters::default() },
            ..Ran::default()
        }
    }

    #[test]
    fn answers_read_back_with_the_entities_as_they_were() {
        let mut bytes = Vec::new();
        record(5, &ran(vec![Value::Node(NodeId(3)), "text".into()]), &mut bytes);
        record(u128::MAX - 1, &Ran::default(), &mut bytes);
        let all = read(&bytes).expect("it is whole");
        assert_eq!(all.iter().map(|answered| answered.digest).collect::<Vec<_>>(), [5, u128::MAX - 1]);
        assert_eq!(all[0].counters.properties_set, 300);
        assert_eq!(all[0].rows.as_ref().map(|rows| rows.rows), Some(2));
        let node = all[0].recalled.node(NodeId(3));
        assert_eq!(node.labels, [Arc::from("L")]);
        assert!(matches!(node.properties.as_slice(), [(key, Value::Integer(7))] if key.as_ref() == "k"));
        assert_eq!(all[1].rows.as_ref().map(|rows| rows.rows), Some(0));
        for length in 1..bytes.len() {
            let whole = read(&bytes[..length]).map_or(0, |all| all.len());
            assert!(whole < 2, "it is cut to {length} bytes and nobody notices");
        }
    }

    #[test]
    fn what_is_too_large_or_too_deep_keeps_its_counters() {
        let large = Value::from("x".repeat(ANSWERS_ROWS_BYTES_MAX));
        let deep = (0..100).fold(Value::Null, |inner, _| Value::from(vec![inner]));
        for value in [large, deep] {
            let mut bytes = Vec::new();
            record(1, &ran(vec![value]), &mut bytes);
            assert!(bytes.len() <= BYTES_WITHOUT_ROWS_MAX);
            let all = read(&bytes).expect("it is whole");
            assert_eq!((all[0].counters.nodes_created, all[0].rows.is_none()), (1, true));
        }
    }
}
