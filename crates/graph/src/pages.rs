//! A sparse persistent vector: a radix tree whose nodes are shared between versions.
//!
//! Cloning is one reference count. A change copies the path to one leaf, unless this version is the only owner of it, in
//! which case it is changed in place: a draft that touches the same page a thousand times copies it once. Leaves hold plain
//! data; inner nodes hold pointers, so copying one costs an atomic increment per child, which is why the fan-out is small.
//! Pages that were never written are absent and read as `T::default()`.

use std::sync::Arc;

const LEAF_BITS: u32 = 5;
const LEAF_LEN: usize = 1 << LEAF_BITS;
const INNER_BITS: u32 = 5;
const INNER_LEN: usize = 1 << INNER_BITS;

// The variants differ in size by what T is; boxing one would cost every access a second step.
#[allow(clippy::large_enum_variant)]
#[derive(Clone)]
enum Node<T> {
    Leaf([T; LEAF_LEN]),
    Inner([Option<Arc<Node<T>>>; INNER_LEN]),
}

/// The vector. Indexes are `u64`; the depth grows with the largest index written.
#[derive(Clone)]
pub(crate) struct Pages<T> {
    root: Option<Arc<Node<T>>>,
    /// Inner levels above the leaves.
    height: u32,
}

impl<T> Default for Pages<T> {
    fn default() -> Self {
        Pages { root: None, height: 0 }
    }
}

impl<T: Clone + Default> Pages<T> {
    /// How many indexes a tree of this height covers.
    fn capacity(height: u32) -> u64 {
        1u64.checked_shl(LEAF_BITS + INNER_BITS * height).unwrap_or(u64::MAX)
    }

    fn slot(index: u64, level: u32) -> usize {
        ((index >> (LEAF_BITS + INNER_BITS * (level - 1))) & (INNER_LEN as u64 - 1)) as usize
    }

    /// None where nothing was ever written in the page.
    pub(crate) fn get(&self, index: u64) -> Option<&T> {
        if index >= Self::capacity(self.height) {
            return None;
        }
        let mut node = self.root.as_deref()?;
        let mut level = self.height;
        loop {
            match node {
                Node::Leaf(items) => return Some(&items[(index & (LEAF_LEN as u64 - 1)) as usize]),
                Node::Inner(children) => {
                    node = children[Self::slot(index, level)].as_deref()?;
                    level -= 1;
                }
            }
        }
    }

    /// The place of `index`, made if need be.
    pub(crate) fn get_mut(&mut self, index: u64) -> &mut T {
        while index >= Self::capacity(self.height) {
            if let Some(root) = self.root.take() {
                let mut children = [const { None }; INNER_LEN];
                children[0] = Some(root);
                self.root = Some(Arc::new(Node::Inner(children)));
            }
            self.height += 1;
        }
        let mut level = self.height;
        let mut slot = &mut self.root;
        loop {
            let node = Arc::make_mut(slot.get_or_insert_with(|| Arc::new(Self::empty(level))));
            match node {
                Node::Leaf(items) => return &mut items[(index & (LEAF_LEN as u64 - 1)) as usize],
                Node::Inner(children) => {
                    slot = &mut children[Self::slot(index, level)];
                    level -= 1;
                }
            }
        }
    }

    fn empty(level: u32) -> Node<T> {
        if level == 0 {
            Node::Leaf(std::array::from_fn(|_| T::default()))
        } else {
            Node::Inner([const { None }; INNER_LEN])
        }
    }

    /// The first index `>= from` whose page exists and for which `wanted` holds, with its item.
    pub(crate) fn find_from(&self, from: u64, wanted: impl Fn(&T) -> bool) -> Option<(u64, &T)> {
        let root = self.root.as_deref()?;
        if from >= Self::capacity(self.height) {
            return None;
        }
        Self::find_in(root, self.height, 0, from, &wanted)
    }

    fn find_in<'a>(
        node: &'a Node<T>,
        level: u32,
        base: u64,
        from: u64,
        wanted: &impl Fn(&T) -> bool,
    ) -> Option<(u64, &'a T)> {
        match node {
            Node::Leaf(items) => {
                let first = from.saturating_sub(base) as usize;
                let found = items.iter().enumerate().skip(first).find(|(_, item)| wanted(item));
                found.map(|(offset, item)| (base + offset as u64, item))
            }
            Node::Inner(children) => {
                let width = Self::capacity(level - 1);
                let first = (from.saturating_sub(base) / width) as usize;
                for (offset, child) in children.iter().enumerate().skip(first) {
                    if let Some(child) = child {
                        let found =
                            Self::find_in(child, level - 1, base + offset as u64 * width, from, wanted);
                        if found.is_some() {
                            return found;
                        }
                    }
                }
                None
            }
        }
    }

    /// Every item of every page that exists, in order.
    pub(crate) fn for_each(&self, mut visit: impl FnMut(u64, &T)) {
        fn walk<T>(node: &Node<T>, level: u32, base: u64, visit: &mut impl FnMut(u64, &T)) {
            match node {
                Node::Leaf(items) => {
                    items.iter().enumerate().for_each(|(i, item)| visit(base + i as u64, item))
                }
                Node::Inner(children) => {
                    let width = 1u64 << (LEAF_BITS + INNER_BITS * (level - 1));
                    for (i, child) in children.iter().enumerate() {
                        if let Some(child) = child {
                            walk(child, level - 1, base + i as u64 * width, visit);
                        }
                    }
                }
            }
        }
        if let Some(root) = &self.root {
            walk(root, self.height, 0, &mut visit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_version_keeps_what_it_had() {
        let mut pages = Pages::<u64>::default();
        for i in 0..100_000 {
            *pages.get_mut(i) = i + 1;
        }
        let old = pages.clone();
        for i in (0..100_000).step_by(7) {
            *pages.get_mut(i) = 0;
        }
        for i in 0..100_000 {
            assert_eq!(old.get(i), Some(&(i + 1)));
            assert_eq!(pages.get(i), Some(&if i % 7 == 0 { 0 } else { i + 1 }));
        }
    }

    #[test]
    fn what_was_never_written_is_absent_and_searches_skip_it() {
        let mut pages = Pages::<u32>::default();
        *pages.get_mut(5_000_000) = 9;
        assert_eq!(pages.get(0), None);
        assert_eq!(pages.get(u64::MAX), None);
        assert_eq!(pages.find_from(0, |v| *v != 0), Some((5_000_000, &9)));
        assert_eq!(pages.find_from(5_000_001, |v| *v != 0), None);
        let mut seen = Vec::new();
        pages.for_each(|i, v| {
            if *v != 0 {
                seen.push(i)
            }
        });
        assert_eq!(seen, [5_000_000]);
    }
}
