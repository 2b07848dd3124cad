//! The relationships of one node on one side, grouped by type, sorted by (neighbour, relationship), readable as slices.
//!
//! Nearly all nodes have few relationships of few types: one shared slice of exact size. Past `SMALL_MAX` entries a group
//! becomes a persistent B+-tree of chunks, so that an insert at a node with a million relationships copies one chunk and
//! the path to it. Sorting makes a relationship between two given nodes a binary search, and removal as cheap as insertion.

use std::sync::Arc;

use crate::{Adjacent, TypeId};

/// Entries up to which a group is one slice; also the size of a tree's chunk.
const SMALL_MAX: usize = 64;
const CHUNK_MAX: usize = 128;
const FAN_OUT_MAX: usize = 64;

/// All groups of one side.
#[derive(Clone, Default)]
pub(crate) enum Adjacency {
    #[default]
    Empty,
    One(TypeId, Arc<[Adjacent]>),
    /// Ordered by type.
    Many(Arc<Vec<(TypeId, Group)>>),
}

#[derive(Clone)]
pub(crate) enum Group {
    Small(Arc<[Adjacent]>),
    Large(Tree),
}

impl Group {
    fn len(&self) -> u64 {
        match self {
            Group::Small(entries) => entries.len() as u64,
            Group::Large(tree) => tree.len,
        }
    }

    fn insert(&mut self, entry: Adjacent) {
        match self {
            Group::Small(entries) if entries.len() < SMALL_MAX => *entries = with(entries, entry),
            Group::Small(entries) => {
                let mut tree = Tree::from_sorted(entries);
                tree.insert(entry);
                *self = Group::Large(tree);
            }
            Group::Large(tree) => tree.insert(entry),
        }
    }

    fn remove(&mut self, entry: Adjacent) -> bool {
        match self {
            Group::Small(entries) => match without(entries, entry) {
                Some(rest) => {
                    *entries = rest;
                    true
                }
                None => false,
            },
            Group::Large(tree) => tree.remove(entry),
        }
    }
}

fn with(entries: &[Adjacent], entry: Adjacent) -> Arc<[Adjacent]> {
    let at = entries.partition_point(|e| *e < entry);
    entries[..at].iter().copied().chain([entry]).chain(entries[at..].iter().copied()).collect()
}

fn without(entries: &[Adjacent], entry: Adjacent) -> Option<Arc<[Adjacent]>> {
    let at = entries.binary_search(&entry).ok()?;
    Some(entries[..at].iter().chain(&entries[at + 1..]).copied().collect())
}

impl Adjacency {
    pub(crate) fn insert(&mut self, type_id: TypeId, entry: Adjacent) {
        match self {
            Adjacency::Empty => *self = Adjacency::One(type_id, Arc::from([entry])),
            Adjacency::One(own, entries) if *own == type_id && entries.len() < SMALL_MAX => {
                *entries = with(entries, entry);
            }
            Adjacency::One(own, entries) => {
                let mut groups = vec![(*own, Group::Small(Arc::clone(entries)))];
                insert_into(&mut groups, type_id, entry);
                *self = Adjacency::Many(Arc::new(groups));
            }
            Adjacency::Many(groups) => insert_into(Arc::make_mut(groups), type_id, entry),
        }
    }

    /// False if it was not there.
    pub(crate) fn remove(&mut self, type_id: TypeId, entry: Adjacent) -> bool {
        match self {
            Adjacency::Empty => false,
            Adjacency::One(own, entries) => {
                if *own != type_id {
                    return false;
                }
                let Some(rest) = without(entries, entry) else { return false };
                *self = if rest.is_empty() { Adjacency::Empty } else { Adjacency::One(type_id, rest) };
                true
            }
            Adjacency::Many(groups) => {
                let Ok(at) = groups.binary_search_by_key(&type_id, |(t, _)| *t) else { return false };
                let groups = Arc::make_mut(groups);
                let removed = groups[at].1.remove(entry);
                if groups[at].1.len() == 0 {
                    groups.remove(at);
                }
                if groups.is_empty() {
                    *self = Adjacency::Empty;
                }
                removed
            }
        }
    }

    pub(crate) fn degree(&self, type_id: Option<TypeId>) -> u64 {
        match (self, type_id) {
            (Adjacency::Empty, _) => 0,
            (Adjacency::One(own, entries), wanted) => {
                if wanted.is_none_or(|t| t == *own) {
                    entries.len() as u64
                } else {
                    0
                }
            }
            (Adjacency::Many(groups), None) => groups.iter().map(|(_, group)| group.len()).sum(),
            (Adjacency::Many(groups), Some(wanted)) => {
                groups.binary_search_by_key(&wanted, |(t, _)| *t).map_or(0, |at| groups[at].1.len())
            }
        }
    }

    /// (type, how many) of every type there is.
    pub(crate) fn types(&self) -> impl Iterator<Item = (TypeId, u64)> + '_ {
        let (one, many) = match self {
            Adjacency::Empty => (None, &[][..]),
            Adjacency::One(own, entries) => (Some((*own, entries.len() as u64)), &[][..]),
            Adjacency::Many(groups) => (None, &groups[..]),
        };
        one.into_iter().chain(many.iter().map(|(t, group)| (*t, group.len())))
    }

    pub(crate) fn chunks(&self, type_id: Option<TypeId>) -> Chunks<'_> {
        let (slice, groups) = match (self, type_id) {
            (Adjacency::Empty, _) => (None, &[][..]),
            (Adjacency::One(own, entries), wanted) => {
                (wanted.is_none_or(|t| t == *own).then_some(&entries[..]), &[][..])
            }
            (Adjacency::Many(groups), None) => (None, &groups[..]),
            (Adjacency::Many(groups), Some(wanted)) => (
                None,
                groups.binary_search_by_key(&wanted, |(t, _)| *t).map_or(&[][..], |at| &groups[at..=at]),
            ),
        };
        Chunks { slice, groups, stack: Vec::new() }
    }
}

fn insert_into(groups: &mut Vec<(TypeId, Group)>, type_id: TypeId, entry: Adjacent) {
    match groups.binary_search_by_key(&type_id, |(t, _)| *t) {
        Ok(at) => groups[at].1.insert(entry),
        Err(at) => groups.insert(at, (type_id, Group::Small(Arc::from([entry])))),
    }
}

/// The slices of an adjacency, one after the other. Allocates only inside a large group.
pub struct Chunks<'a> {
    slice: Option<&'a [Adjacent]>,
    groups: &'a [(TypeId, Group)],
    stack: Vec<&'a [Branch]>,
}

impl<'a> Iterator for Chunks<'a> {
    type Item = &'a [Adjacent];

    fn next(&mut self) -> Option<&'a [Adjacent]> {
        if let Some(slice) = self.slice.take() {
            return Some(slice);
        }
        loop {
            while let Some(branches) = self.stack.pop() {
                if let Some((first, rest)) = branches.split_first() {
                    self.stack.push(rest);
                    match &first.below {
                        Below::Chunk(entries) => return Some(entries),
                        Below::Branches(branches) => self.stack.push(branches),
                    }
                }
            }
            let ((_, group), rest) = self.groups.split_first()?;
            self.groups = rest;
            match group {
                Group::Small(entries) => return Some(entries),
                Group::Large(tree) => self.stack.push(&tree.root),
            }
        }
    }
}

/// A B+-tree of chunks. Not rebalanced on removal: chunks that become empty go, the rest may be thin.
#[derive(Clone)]
pub(crate) struct Tree {
    root: Arc<Vec<Branch>>,
    len: u64,
}

#[derive(Clone)]
pub(crate) struct Branch {
    /// The smallest entry below.
    first: Adjacent,
    below: Below,
}

#[derive(Clone)]
enum Below {
    Chunk(Arc<Vec<Adjacent>>),
    Branches(Arc<Vec<Branch>>),
}

impl Tree {
    fn from_sorted(entries: &[Adjacent]) -> Self {
        let root = entries
            .chunks(CHUNK_MAX / 2)
            .map(|chunk| Branch { first: chunk[0], below: Below::Chunk(Arc::new(chunk.to_vec())) });
        Tree { root: Arc::new(root.collect()), len: entries.len() as u64 }
    }

    fn insert(&mut self, entry: Adjacent) {
        let root = Arc::make_mut(&mut self.root);
        insert_below(root, entry);
        if root.len() > FAN_OUT_MAX {
            let right = root.split_off(root.len() / 2);
            let left = std::mem::take(root);
            *root = [left, right]
                .into_iter()
                .map(|half| Branch { first: half[0].first, below: Below::Branches(Arc::new(half)) })
                .collect();
        }
        self.len += 1;
    }

    fn remove(&mut self, entry: Adjacent) -> bool {
        let removed = remove_below(Arc::make_mut(&mut self.root), entry);
        self.len -= u64::from(removed);
        removed
    }
}

fn branch_for(branches: &[Branch], entry: Adjacent) -> usize {
    branches.partition_point(|branch| branch.first <= entry).saturating_sub(1)
}

fn insert_below(branches: &mut Vec<Branch>, entry: Adjacent) {
    if branches.is_empty() {
        branches.push(Branch { first: entry, below: Below::Chunk(Arc::new(vec![entry])) });
        return;
    }
    let at = branch_for(branches, entry);
    let branch = &mut branches[at];
    branch.first = branch.first.min(entry);
    let split = match &mut branch.below {
        Below::Chunk(chunk) => {
            let chunk = Arc::make_mut(chunk);
            let place = chunk.partition_point(|e| *e < entry);
            // Ids grow, so most inserts go to the end: a full last chunk is left full instead of split in half.
            let cut = if place == chunk.len() { chunk.len() } else { chunk.len() / 2 };
            chunk.insert(place, entry);
            (chunk.len() > CHUNK_MAX).then(|| {
                let right = chunk.split_off(cut);
                Branch { first: right[0], below: Below::Chunk(Arc::new(right)) }
            })
        }
        Below::Branches(children) => {
            let children = Arc::make_mut(children);
            insert_below(children, entry);
            (children.len() > FAN_OUT_MAX).then(|| {
                let right = children.split_off(children.len() / 2);
                Branch { first: right[0].first, below: Below::Branches(Arc::new(right)) }
            })
        }
    };
    if let Some(right) = split {
        branches.insert(at + 1, right);
    }
}

fn remove_below(branches: &mut Vec<Branch>, entry: Adjacent) -> bool {
    if branches.is_empty() {
        return false;
    }
    let at = branch_for(branches, entry);
    let (removed, first) = match &mut branches[at].below {
        Below::Chunk(chunk) => match chunk.binary_search(&entry) {
            Ok(place) => {
                let chunk = Arc::make_mut(chunk);
                chunk.remove(place);
                (true, chunk.first().copied())
            }
            Err(_) => return false,
        },
        Below::Branches(children) => {
            let children = Arc::make_mut(children);
            (remove_below(children, entry), children.first().map(|branch| branch.first))
        }
    };
    match first {
        Some(first) => branches[at].first = first,
        None => {
            branches.remove(at);
        }
    }
    removed
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn entry(n: u32) -> Adjacent {
        Adjacent { neighbour: n.wrapping_mul(2_654_435_761) % 5_000, relationship: n }
    }

    #[test]
    fn a_large_group_stays_sorted_complete_and_shared_with_older_versions() {
        let (mut adjacency, mut model) = (Adjacency::default(), BTreeSet::new());
        for n in 0..20_000 {
            adjacency.insert(TypeId(n as u16 % 3), entry(n));
            model.insert((n % 3, entry(n)));
        }
        let old = adjacency.clone();
        for n in (0..20_000).filter(|n| n % 5 != 0) {
            assert!(adjacency.remove(TypeId(n as u16 % 3), entry(n)));
            assert!(!adjacency.remove(TypeId(n as u16 % 3), entry(n)));
        }
        assert_eq!(old.degree(None), 20_000);
        for t in 0..3 {
            let flat = |a: &Adjacency| a.chunks(Some(TypeId(t))).flatten().copied().collect::<Vec<_>>();
            let all: Vec<_> = model.iter().filter(|(m, _)| *m == u32::from(t)).map(|(_, e)| *e).collect();
            assert_eq!(flat(&old), all);
            let kept: Vec<_> = all.iter().filter(|e| e.relationship % 5 == 0).copied().collect();
            assert_eq!(flat(&adjacency), kept);
            assert_eq!(adjacency.degree(Some(TypeId(t))), kept.len() as u64);
        }
    }
}
