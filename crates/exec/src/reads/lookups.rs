//! Look-ups in indexes, those of the same label or type and the same keys together.

use std::sync::Arc;

use samyama_graph::compare::equals;
use samyama_graph::{Graph, KeyId, Value};

use super::Lookup;

/// All look-ups of the same label or type and the same keys.
#[derive(Clone, Debug)]
pub(super) struct Lookups {
    pub(super) of: Arc<str>,
    keys: Arc<[Arc<str>]>,
    /// The values of each; None: so many that all values count.
    equal: Option<Vec<Vec<Value>>>,
}

impl Lookups {
    pub(super) const EACH_MAX: usize = 4_096;

    fn add(&mut self, equal: Vec<Value>) {
        if let Some(known) = &mut self.equal {
            known.push(equal);
            if known.len() > Self::EACH_MAX {
                self.equal = None;
            }
        }
    }

    /// Could something with these properties be found? `graph` knows the names.
    pub(super) fn find(&self, graph: &Graph, property: impl Fn(KeyId) -> Value) -> bool {
        let value = |name: &Arc<str>| graph.property_key(name).map_or(Value::Null, &property);
        let values: Vec<Value> = self.keys.iter().map(value).collect();
        let fits =
            |equal: &Vec<Value>| values.iter().zip(equal).all(|(value, wanted)| may_equal(value, wanted));
        values.iter().all(|value| !value.is_null())
            && self.equal.as_ref().is_none_or(|known| known.iter().any(fits))
    }

    /// Could it matter to what is found that a property is no longer `before` but `after`?
    pub(super) fn see(&self, graph: &Graph, key: KeyId, before: &Value, after: &Value) -> bool {
        let place = self.keys.iter().position(|name| graph.property_key(name) == Some(key));
        let (Some(place), Some(known)) = (place, &self.equal) else { return place.is_some() };
        known.iter().any(|equal| {
            equal.get(place).is_none_or(|wanted| may_equal(before, wanted) || may_equal(after, wanted))
        })
    }
}

fn lookups_of<'l>(list: &'l mut Vec<Lookups>, of: &Arc<str>, keys: &Arc<[Arc<str>]>) -> &'l mut Lookups {
    let place = list.iter().position(|one| one.of == *of && one.keys == *keys).unwrap_or_else(|| {
        list.push(Lookups { of: Arc::clone(of), keys: Arc::clone(keys), equal: Some(Vec::new()) });
        list.len() - 1
    });
    &mut list[place]
}

pub(super) fn add_lookup(list: &mut Vec<Lookups>, of: Arc<str>, lookup: Lookup) {
    lookups_of(list, &of, &lookup.keys).add(lookup.equal);
}

pub(super) fn add_lookups(list: &mut Vec<Lookups>, more: &Lookups) {
    let lookups = lookups_of(list, &more.of, &more.keys);
    match &more.equal {
        None => lookups.equal = None,
        Some(known) => known.iter().for_each(|equal| lookups.add(equal.clone())),
    }
}

/// Could Cypher call these equal? Yes in doubt (a null inside a list).
fn may_equal(one: &Value, other: &Value) -> bool {
    !one.is_null() && !other.is_null() && equals(one, other) != Some(false)
}
