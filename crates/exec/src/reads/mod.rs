//! What a statement read, precise enough to say whether another transaction's effects change its answer.
//!
//! Used for optimistic transactions and claims (`docs/decisions/0501-reads-against-effects.md`): the effects of the
//! transactions that came between are held against this set, instead of version stamps in the store. An effect says what
//! comes to be; what was there before is looked up in the graph that the reads were made on.

mod between;
mod lookups;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use samyama_graph::{Direction, Effect, Graph, NodeId, RelationshipId, Value};

use self::between::Between;
use self::lookups::{Lookups, add_lookup, add_lookups};

/// One thing read.
#[derive(Clone, Debug)]
pub enum Read {
    /// Existence, labels or properties of a node.
    Node(NodeId),
    Relationship(RelationshipId),
    Adjacency(Side),
    AllNodes,
    /// Which nodes have a label.
    Label(Arc<str>),
    /// Which relationships of a type there are; None = all.
    RelationshipType(Option<Arc<str>>),
    /// Which nodes with the label have such properties.
    Index {
        label: Arc<str>,
        lookup: Lookup,
    },
    /// Which relationships of the type have such properties.
    RelationshipIndex {
        type_name: Arc<str>,
        lookup: Lookup,
    },
    Schema,
    /// Which names of property keys there are, used or not.
    PropertyKeys,
    /// More than can be told.
    Everything,
}

/// The relationships of a node on one side, of these types; None = all.
#[derive(Clone, Debug)]
pub struct Side {
    pub node: NodeId,
    pub direction: Direction,
    pub types: Option<TypeNames>,
}

pub type TypeNames = Arc<[Arc<str>]>;

/// The first keys equal to these values, the others there at all: a range may be narrower.
#[derive(Clone, Debug)]
pub struct Lookup {
    pub keys: Arc<[Arc<str>]>,
    pub equal: Vec<Value>,
}

impl Lookup {
    /// Whatever has the key.
    pub fn of_key(key: Arc<str>) -> Self {
        Self { keys: Arc::from([key]), equal: Vec::new() }
    }
}

/// A set of reads, bounded: with more than `READS_MAX` single nodes, relationships and sides it becomes "everything", which
/// any effect changes.
#[derive(Clone, Debug, Default)]
pub struct ReadSet {
    /// Made with the first read: most statements note none, and what is empty is to be small.
    reads: Option<Box<Reads>>,
}

#[derive(Clone, Debug, Default)]
struct Reads {
    nodes: FxHashSet<NodeId>,
    relationships: FxHashSet<RelationshipId>,
    /// With the types of each look at it; None: all.
    sides: FxHashMap<(NodeId, Direction), Option<Vec<TypeNames>>>,
    all_nodes: bool,
    labels: Vec<Arc<str>>,
    types: Vec<Option<Arc<str>>>,
    by_label: Vec<Lookups>,
    by_type: Vec<Lookups>,
    schema: bool,
    property_keys: bool,
    everything: bool,
}

impl ReadSet {
    pub const READS_MAX: usize = 65_536;

    pub fn add(&mut self, read: Read) {
        self.reads.get_or_insert_default().add(read);
    }

    pub fn extend(&mut self, other: &ReadSet) {
        if let Some(more) = &other.reads {
            self.reads.get_or_insert_default().extend(more);
        }
    }

    /// Would `effects`, or others that came with them, have changed what was read? `before` is the graph that the reads were
    /// made on, without what the reader itself has changed (whatever it changes it has read); `after` has the effects in
    /// it.
    ///
    /// Never a false no, for all effects that lie between `before` and `after` together. A false yes where the read is coarse:
    /// a range is every value of its key, a node is all its properties.
    pub fn changed_by(&self, effects: &[Effect], before: &Graph, after: &Graph) -> bool {
        let Some(reads) = &self.reads else { return false };
        let between = Between { reads, before, after };
        effects.iter().any(|effect| between.touches(effect))
    }
}

impl Reads {
    fn add(&mut self, read: Read) {
        match read {
            Read::PropertyKeys => self.property_keys = true,
            _ if self.everything => return,
            Read::Node(id) => drop(self.nodes.insert(id)),
            Read::Relationship(id) => drop(self.relationships.insert(id)),
            Read::Adjacency(Side { node, direction, types }) => {
                self.add_side((node, direction), types.as_ref());
            }
            Read::AllNodes => self.all_nodes = true,
            Read::Label(name) => add_new(&mut self.labels, name),
            Read::RelationshipType(name) => add_new(&mut self.types, name),
            Read::Index { label, lookup } => add_lookup(&mut self.by_label, label, lookup),
            Read::RelationshipIndex { type_name, lookup } => {
                add_lookup(&mut self.by_type, type_name, lookup);
            }
            Read::Schema => self.schema = true,
            Read::Everything => self.add_everything(),
        }
        self.keep_bounds();
    }

    fn add_side(&mut self, side: (NodeId, Direction), types: Option<&TypeNames>) {
        let known = self.sides.entry(side).or_insert_with(|| Some(Vec::new()));
        match (types, known) {
            (None, known) => *known = None,
            (Some(types), Some(known)) => add_new(known, types.clone()),
            (Some(_), None) => {}
        }
    }

    fn add_everything(&mut self) {
        // Of names it tells nothing: a transaction gives its own, and would be refused for them.
        *self = Self { everything: true, property_keys: self.property_keys, ..Self::default() };
    }

    fn keep_bounds(&mut self) {
        if self.nodes.len() + self.relationships.len() + self.sides.len() > ReadSet::READS_MAX {
            self.add_everything();
        }
    }

    fn extend(&mut self, other: &Reads) {
        self.property_keys |= other.property_keys;
        if other.everything {
            self.add_everything();
        }
        if self.everything {
            return;
        }
        self.nodes.extend(&other.nodes);
        self.relationships.extend(&other.relationships);
        for (side, types) in &other.sides {
            match types {
                None => self.add_side(*side, None),
                Some(types) => types.iter().for_each(|types| self.add_side(*side, Some(types))),
            }
        }
        self.all_nodes |= other.all_nodes;
        self.schema |= other.schema;
        other.labels.iter().for_each(|name| add_new(&mut self.labels, name.clone()));
        other.types.iter().for_each(|name| add_new(&mut self.types, name.clone()));
        other.by_label.iter().for_each(|lookups| add_lookups(&mut self.by_label, lookups));
        other.by_type.iter().for_each(|lookups| add_lookups(&mut self.by_type, lookups));
        self.keep_bounds();
    }
}

fn add_new<T: PartialEq>(list: &mut Vec<T>, name: T) {
    if !list.contains(&name) {
        list.push(name);
    }
}
