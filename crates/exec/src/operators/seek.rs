//! Nodes by an index: equality on the first keys, then at most one range, prefix or existence on the next.
//!
//! If the index has gone since the plan was made, the label is scanned and the same predicates are applied.

use std::cmp::Ordering;
use std::sync::Arc;

use samyama_graph::compare::{Comparison, compare, equals};
use samyama_graph::{Bound, EntityKind, Equivalent, Graph, IndexId, IndexRange, KeyId, NodeId, Value};

use super::{Operate, Source};
use crate::expression::{Context, Expression};
use crate::{ExecError, Lookup, Read};

pub(super) struct Predicates {
    pub(super) equal: Vec<Expression>,
    pub(super) in_list: Option<Expression>,
    pub(super) lower: Option<(Expression, bool)>,
    pub(super) upper: Option<(Expression, bool)>,
    pub(super) prefix: Option<Expression>,
}

pub(super) struct IndexSeek {
    pub(super) input: Source,
    pub(super) slot: usize,
    pub(super) label: Arc<str>,
    pub(super) keys: Arc<[Arc<str>]>,
    pub(super) predicates: Predicates,
    pub(super) found: Vec<u64>,
    pub(super) at: usize,
}

impl Predicates {
    /// The ranges to look up for this row; none when a value is null.
    pub(super) fn ranges(
        &self,
        row: &mut [Value],
        context: &mut Context<'_>,
    ) -> Result<Vec<IndexRange>, ExecError> {
        let p = self;
        let mut equal = Vec::new();
        for expression in &p.equal {
            equal.push(expression.evaluate(row, context)?);
        }
        let bound = |side: &Option<(Expression, bool)>, row: &mut [Value], context: &mut Context<'_>| {
            Ok::<_, ExecError>(match side {
                None => Some(Bound::Unbounded),
                Some((expression, included)) => match expression.evaluate(row, context)? {
                    Value::Null => None,
                    value if *included => Some(Bound::Included(value)),
                    value => Some(Bound::Excluded(value)),
                },
            })
        };
        let (lower, upper) = (bound(&p.lower, row, context)?, bound(&p.upper, row, context)?);
        let (Some(lower), Some(upper)) = (lower, upper) else { return Ok(Vec::new()) };
        let prefix = match &p.prefix {
            None => None,
            Some(expression) => match expression.evaluate(row, context)? {
                Value::String(text) => Some(text),
                _ => return Ok(Vec::new()),
            },
        };
        let Some(list) = &p.in_list else {
            return Ok(vec![IndexRange { equal, lower, upper, prefix }]);
        };
        let Value::List(items) = list.evaluate(row, context)? else { return Ok(Vec::new()) };
        let mut distinct: Vec<_> =
            items.iter().filter(|item| !item.is_null()).cloned().map(Equivalent).collect();
        distinct.sort();
        distinct.dedup();
        let single = |Equivalent(value)| IndexRange {
            equal: vec![value],
            lower: Bound::Unbounded,
            upper: Bound::Unbounded,
            prefix: None,
        };
        Ok(distinct.into_iter().map(single).collect())
    }
}

impl IndexSeek {
    fn open(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<(), ExecError> {
        self.found.clear();
        self.at = 0;
        let ranges = self.predicates.ranges(row, context)?;
        for range in &ranges {
            self.note(range, context);
        }
        let graph = context.access.graph();
        let Some(label) = graph.label(&self.label) else { return Ok(()) };
        let keys: Option<Vec<_>> = self.keys.iter().map(|key| graph.property_key(key)).collect();
        let Some(keys) = keys else { return Ok(()) };
        let index = ordered_index(graph, EntityKind::Node(label), &keys);
        for range in &ranges {
            match index {
                Some(index) => {
                    let before = self.found.len();
                    graph.index_seek(index, range, &mut self.found);
                    if range.equal.iter().any(|value| matches!(value, Value::List(_) | Value::Map(_))) {
                        let rest = self.found.split_off(before);
                        self.found.extend(
                            rest.into_iter().filter(|id| node_fulfils(graph, NodeId(*id), &keys, range)),
                        );
                    }
                }
                None => {
                    let mut all = Vec::new();
                    graph.nodes_with_label_from(label, NodeId(0), usize::MAX, &mut all);
                    self.found.extend(
                        all.into_iter().filter(|id| node_fulfils(graph, *id, &keys, range)).map(|id| id.0),
                    );
                }
            }
        }
        Ok(())
    }

    fn note(&self, range: &IndexRange, context: &mut Context<'_>) {
        context.note(|| {
            let lookup = Lookup { keys: Arc::clone(&self.keys), equal: range.equal.clone() };
            Read::Index { label: Arc::clone(&self.label), lookup }
        });
    }
}

/// The index that keeps these keys in order, if it is still there.
pub(super) fn ordered_index(graph: &Graph, entity: EntityKind, keys: &[KeyId]) -> Option<IndexId> {
    graph.indexes().find(|i| i.kind.is_ordered() && i.entity == entity && i.keys == keys).map(|i| i.id)
}

fn node_fulfils(graph: &Graph, id: NodeId, keys: &[KeyId], range: &IndexRange) -> bool {
    let values: Vec<_> = keys.iter().map(|key| graph.node_property(id, *key)).collect();
    fulfils(&values, range)
}

/// Cypher's comparisons, on the values of an index's keys.
pub(super) fn fulfils(values: &[Value], range: &IndexRange) -> bool {
    if values.iter().any(Value::is_null) {
        return false;
    }
    let equal = range.equal.iter().zip(values).all(|(wanted, value)| equals(wanted, value) == Some(true));
    let Some(value) = values.get(range.equal.len()) else { return equal };
    let side = |bound: &Bound, wanted: Ordering| match bound {
        Bound::Unbounded => true,
        Bound::Included(limit) => {
            matches!(compare(value, limit), Comparison::Ordered(o) if o == wanted || o == Ordering::Equal)
        }
        Bound::Excluded(limit) => compare(value, limit) == Comparison::Ordered(wanted),
    };
    let prefix = range
        .prefix
        .as_ref()
        .is_none_or(|prefix| matches!(value, Value::String(text) if text.starts_with(prefix.as_ref())));
    equal && prefix && side(&range.lower, Ordering::Greater) && side(&range.upper, Ordering::Less)
}

impl Operate for IndexSeek {
    fn restart(&mut self, context: &mut Context<'_>) {
        self.input.restart(context);
        self.found.clear();
        self.at = 0;
    }

    fn next(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<bool, ExecError> {
        loop {
            if let Some(id) = self.found.get(self.at) {
                self.at += 1;
                let id = NodeId(*id);
                context.note(|| Read::Node(id));
                row[self.slot] = Value::Node(id);
                return Ok(true);
            }
            context.step()?;
            if !self.input.next(row, context)? {
                return Ok(false);
            }
            self.open(row, context)?;
        }
    }
}
