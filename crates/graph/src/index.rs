//! One range index: a persistent ordered set of (key values, entity id).
//!
//! An entity is in the index when it has the label (or type) and every key. Order is orderability, so 1 and 1.0 are one key.
//! Uniqueness is read off the same set. The count of distinct keys is kept for the planner.

use std::cmp::Ordering;
use std::ops::Bound as RangeBound;

use imbl::OrdSet;
use smallvec::{SmallVec, smallvec};

use crate::compare::{self, Equivalent};
use crate::{Bound, IndexDefinition, IndexKind, IndexRange, Value};

/// The values of the index's keys, in its order. One lies in the entry itself: a look-up compares a dozen or more entries,
/// and would miss the cache for each.
pub(crate) type IndexKey = SmallVec<[Equivalent; 1]>;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    key: IndexKey,
    id: u64,
}

#[derive(Clone)]
pub(crate) struct Index {
    pub(crate) definition: IndexDefinition,
    entries: OrdSet<Entry>,
    distinct: u64,
    /// Of a full-text index, per key: how many entities have words in it, and how many words.
    fields: Vec<FieldStatistics>,
}

/// A word in one field of one entity.
#[derive(Clone, Copy, Debug)]
pub struct Occurrence<'a> {
    pub entity: u64,
    /// Which of the index's keys.
    pub field: usize,
    pub count: u64,
    /// Of the field, in words.
    pub length: u64,
    pub word: &'a str,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FieldStatistics {
    pub entities: u64,
    pub words: u64,
}

impl Index {
    pub(crate) fn new(definition: IndexDefinition) -> Self {
        let is_fulltext = matches!(definition.kind, IndexKind::Fulltext { .. });
        let fields = vec![FieldStatistics::default(); if is_fulltext { definition.keys.len() } else { 0 }];
        Index { definition, entries: OrdSet::new(), distinct: 0, fields }
    }

    /// Any entity with exactly these values.
    pub(crate) fn find(&self, key: &IndexKey) -> Option<u64> {
        let from = Entry { key: key.clone(), id: 0 };
        self.entries.range(from..).next().filter(|entry| entry.key == *key).map(|entry| entry.id)
    }

    pub(crate) fn insert(&mut self, key: IndexKey, id: u64) {
        self.distinct += u64::from(self.find(&key).is_none());
        self.count_words(&key, true);
        let previous = self.entries.insert(Entry { key, id });
        assert!(previous.is_none(), "index `{}`: entity {id} was in it already", self.definition.name);
    }

    pub(crate) fn remove(&mut self, key: IndexKey, id: u64) {
        self.count_words(&key, false);
        let entry = Entry { key, id };
        let removed = self.entries.remove(&entry);
        assert!(removed.is_some(), "index `{}`: entity {id} was not in it", self.definition.name);
        self.distinct -= u64::from(self.find(&entry.key).is_none());
    }

    /// Keeps the lengths of texts: see `fulltext.rs` for the form of its keys.
    fn count_words(&mut self, key: &IndexKey, is_there: bool) {
        let [
            Equivalent(Value::String(word)),
            Equivalent(Value::Integer(field)),
            Equivalent(Value::Integer(length)),
        ] = &key[..]
        else {
            return;
        };
        if let Some(field) = self.fields.get_mut(*field as usize).filter(|_| word.is_empty()) {
            if is_there {
                field.entities += 1;
                field.words += *length as u64;
            } else {
                field.entities -= 1;
                field.words -= *length as u64;
            }
        }
    }

    pub(crate) fn fields(&self) -> &[FieldStatistics] {
        &self.fields
    }

    /// (entries, distinct keys).
    pub(crate) fn statistics(&self) -> (u64, u64) {
        (self.entries.len() as u64, self.distinct)
    }

    /// Every entry, in order.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&IndexKey, u64)> {
        self.entries.iter().map(|entry| (&entry.key, entry.id))
    }

    /// Occurrences of words of a full-text index from `from` on, until the visitor says stop (false).
    pub(crate) fn words_from(&self, from: &str, visit: &mut dyn FnMut(Occurrence<'_>) -> bool) {
        let start = Entry { key: smallvec![Equivalent(Value::from(from))], id: 0 };
        for entry in self.entries.range(start..) {
            let [word, field, count, length] = &entry.key[..] else { continue };
            let (Value::String(word), Value::Integer(field), Value::Integer(count), Value::Integer(length)) =
                (&word.0, &field.0, &count.0, &length.0)
            else {
                continue;
            };
            let occurrence = Occurrence {
                entity: entry.id,
                field: *field as usize,
                count: *count as u64,
                length: *length as u64,
                word,
            };
            if !visit(occurrence) {
                break;
            }
        }
    }

    /// Append the entities in the range, in index order.
    pub(crate) fn seek(&self, range: &IndexRange, out: &mut Vec<u64>) {
        let depth = range.equal.len();
        assert!(depth <= self.definition.keys.len(), "a look-up has more values than the index has keys");
        if range.equal.iter().any(never_equal) {
            return;
        }
        let prefix: IndexKey = range.equal.iter().cloned().map(Equivalent).collect();
        let mut start = prefix.clone();
        if let Some(text) = &range.prefix {
            start.push(Equivalent(Value::String(text.clone())));
        } else if let Bound::Included(value) | Bound::Excluded(value) = &range.lower {
            start.push(Equivalent(value.clone()));
        }
        // A shorter key sorts before its extensions, so the prefix itself is the lower end of everything under it.
        let from = (RangeBound::Included(Entry { key: start, id: 0 }), RangeBound::Unbounded);
        let scan = self.entries.range::<_, Entry>(from);
        let has_range = range.prefix.is_some()
            || !matches!((&range.lower, &range.upper), (Bound::Unbounded, Bound::Unbounded));
        for entry in scan {
            if entry.key[..depth] != prefix[..] {
                break;
            }
            match if has_range { within(&entry.key[depth].0, range) } else { Within::Yes } {
                Within::Yes => out.push(entry.id),
                Within::NotYet => {}
                Within::Past => break,
            }
        }
    }
}

enum Within {
    NotYet,
    Yes,
    Past,
}

/// Cypher's comparison decides who is in; orderability only says when the scan may end.
fn within(value: &Value, range: &IndexRange) -> Within {
    if let Some(prefix) = &range.prefix {
        return match value {
            Value::String(text) if text.starts_with(prefix.as_ref()) => Within::Yes,
            _ => Within::Past,
        };
    }
    let side = |bound: &Bound, wanted: Ordering| match bound {
        Bound::Unbounded => Some(true),
        Bound::Included(limit) | Bound::Excluded(limit) => match compare::compare(value, limit) {
            compare::Comparison::Ordered(Ordering::Equal) => Some(matches!(bound, Bound::Included(_))),
            compare::Comparison::Ordered(ordering) => Some(ordering == wanted),
            compare::Comparison::Unordered => Some(false),
            compare::Comparison::Null => None,
        },
    };
    match (side(&range.lower, Ordering::Greater), side(&range.upper, Ordering::Less)) {
        (Some(true), Some(true)) => Within::Yes,
        // Past the upper limit, in the type's own order or because a greater type begins.
        _ => match &range.upper {
            Bound::Included(limit) | Bound::Excluded(limit) if compare::order(value, limit).is_gt() => {
                Within::Past
            }
            Bound::Unbounded if behind_type_of(&range.lower, value) => Within::Past,
            _ => Within::NotYet,
        },
    }
}

fn behind_type_of(lower: &Bound, value: &Value) -> bool {
    match lower {
        Bound::Unbounded => false,
        Bound::Included(limit) | Bound::Excluded(limit) => {
            compare::type_rank(value) > compare::type_rank(limit)
        }
    }
}

/// Null and NaN equal nothing; nor does a list that holds one, but then the executor's own check decides.
fn never_equal(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Float(x) => x.is_nan(),
        Value::List(items) => items.iter().any(never_equal),
        _ => false,
    }
}
