//! One range index: a persistent ordered set of (key values, entity id).
//!
//! An entity is in the index when it has the label (or type) and every key. Order is orderability, so 1 and 1.0 are one key.
//! Uniqueness is read off the same set. The count of distinct keys is kept for the planner.

use std::cmp::Ordering;
use std::ops::Bound as RangeBound;

use imbl::OrdSet;

use crate::compare::{self, Equivalent};
use crate::{Bound, IndexDefinition, IndexRange, Value};

/// The values of the index's keys, in its order.
pub(crate) type IndexKey = Vec<Equivalent>;

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
}

impl Index {
    pub(crate) fn new(definition: IndexDefinition) -> Self {
        Index { definition, entries: OrdSet::new(), distinct: 0 }
    }

    /// Any entity with exactly these values.
    pub(crate) fn find(&self, key: &IndexKey) -> Option<u64> {
        let from = Entry { key: key.clone(), id: 0 };
        self.entries.range(from..).next().filter(|entry| entry.key == *key).map(|entry| entry.id)
    }

    pub(crate) fn insert(&mut self, key: IndexKey, id: u64) {
        self.distinct += u64::from(self.find(&key).is_none());
        let previous = self.entries.insert(Entry { key, id });
        assert!(previous.is_none(), "index `{}`: entity {id} was in it already", self.definition.name);
    }

    pub(crate) fn remove(&mut self, key: IndexKey, id: u64) {
        let entry = Entry { key, id };
        let removed = self.entries.remove(&entry);
        assert!(removed.is_some(), "index `{}`: entity {id} was not in it", self.definition.name);
        self.distinct -= u64::from(self.find(&entry.key).is_none());
    }

    /// (entries, distinct keys).
    pub(crate) fn statistics(&self) -> (u64, u64) {
        (self.entries.len() as u64, self.distinct)
    }

    /// Every entry, in order.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&IndexKey, u64)> {
        self.entries.iter().map(|entry| (&entry.key, entry.id))
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
