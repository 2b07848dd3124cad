//! Grouping: groups in order of first appearance, keys by equivalence with their first representatives.

use rustc_hash::FxHashMap;
use samyama_graph::{Equivalent, Value};

use super::{Operate, Source};
use crate::ExecError;
use crate::expression::{Context, Expression, value_bytes};
use crate::functions::aggregation::Accumulator;
use crate::plan::AggregateFunction;

pub(super) struct Aggregate {
    pub(super) slot: usize,
    pub(super) function: AggregateFunction,
    pub(super) arguments: Vec<Expression>,
    pub(super) distinct: bool,
}

type Groups = FxHashMap<Vec<Equivalent>, usize>;

pub(super) struct Aggregation {
    pub(super) input: Source,
    pub(super) key_slots: Vec<usize>,
    pub(super) keys: Vec<Expression>,
    pub(super) aggregates: Vec<Aggregate>,
    /// Finished groups, to be given back last first.
    pub(super) results: Option<Vec<Vec<Value>>>,
}

impl Aggregation {
    fn run(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<Vec<Vec<Value>>, ExecError> {
        if let Some(count) = self.try_count(row, context)? {
            return Ok(vec![vec![count]]);
        }
        let mut places = Groups::default();
        let mut groups: Vec<(Vec<Equivalent>, Vec<Accumulator>)> = Vec::new();
        let (mut charged, mut arguments) = (0, Vec::new());
        while self.input.next(row, context)? {
            context.step()?;
            let mut key = Vec::with_capacity(self.keys.len());
            for expression in &self.keys {
                key.push(Equivalent(expression.evaluate(row, context)?));
            }
            let place = match places.get(&key) {
                Some(place) => *place,
                None => {
                    let bytes = 128 * (1 + self.aggregates.len())
                        + key.iter().map(|k| 2 * value_bytes(&k.0)).sum::<usize>();
                    context.memory.charge(bytes)?;
                    charged += bytes;
                    places.insert(key.clone(), groups.len());
                    groups.push((key, self.accumulators()));
                    groups.len() - 1
                }
            };
            for (aggregate, accumulator) in self.aggregates.iter().zip(&mut groups[place].1) {
                arguments.clear();
                for expression in &aggregate.arguments {
                    arguments.push(expression.evaluate(row, context)?);
                }
                accumulator.add(&arguments, context)?;
            }
        }
        if groups.is_empty() && self.keys.is_empty() {
            groups.push((Vec::new(), self.accumulators()));
        }
        let mut results = Vec::with_capacity(groups.len());
        for (key, accumulators) in groups {
            let mut values: Vec<_> = key.into_iter().map(|key| key.0).collect();
            for accumulator in accumulators {
                values.push(accumulator.finish(context)?);
            }
            results.push(values);
        }
        context.memory.release(charged);
        Ok(results)
    }

    fn accumulators(&self) -> Vec<Accumulator> {
        self.aggregates.iter().map(|a| Accumulator::new(a.function, a.distinct)).collect()
    }

    /// A lone `count(*)`: the input says how many rows it has, without making them.
    fn try_count(
        &mut self,
        row: &mut [Value],
        context: &mut Context<'_>,
    ) -> Result<Option<Value>, ExecError> {
        let is_lone = self.keys.is_empty()
            && matches!(&self.aggregates[..], [one] if one.function == AggregateFunction::CountStar && !one.distinct);
        if !is_lone {
            return Ok(None);
        }
        let rows = self.input.count(row, context)?;
        i64::try_from(rows)
            .map(|rows| Some(Value::Integer(rows)))
            .map_err(|_| ExecError::integer_overflow("count(*)"))
    }
}

impl Operate for Aggregation {
    fn restart(&mut self, context: &mut Context<'_>) {
        self.input.restart(context);
        self.results = None;
    }

    fn next(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<bool, ExecError> {
        if self.results.is_none() {
            let mut results = self.run(row, context)?;
            results.reverse();
            self.results = Some(results);
        }
        let Some(values) = self.results.as_mut().and_then(Vec::pop) else { return Ok(false) };
        let slots = self.key_slots.iter().copied().chain(self.aggregates.iter().map(|a| a.slot));
        for (slot, value) in slots.zip(values) {
            row[slot] = value;
        }
        Ok(true)
    }
}
