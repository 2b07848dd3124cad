//! Aggregate functions as accumulators: one per group and aggregate, fed row by row.
//!
//! Nulls are skipped by all but `count(*)`. DISTINCT is by equivalence. What an accumulator keeps is charged to the
//! context and released when it is finished or given up.

use std::cmp::Ordering;

use rustc_hash::FxHashSet;
use samyama_graph::compare::order;
use samyama_graph::{Duration, Equivalent, Value};

use super::temporal;
use crate::ExecError;
use crate::expression::{Context, value_bytes};
use crate::plan::{AggregateFunction, BinaryOperator};

/// The state of one aggregate over one group.
#[derive(Debug)]
pub struct Accumulator {
    state: State,
    seen: Option<FxHashSet<Equivalent>>,
    charged_bytes: usize,
}

#[derive(Debug)]
enum State {
    Count(i64),
    Sum(Sum),
    Avg(Sum, i64),
    /// The wanted side wins: `Less` for min, `Greater` for max.
    Extreme(Ordering, Option<Value>),
    Collect(Vec<Value>),
    Percentile {
        values: Vec<Value>,
        percentile: Option<f64>,
        continuous: bool,
    },
    /// Welford's running mean and sum of squared differences.
    Deviation {
        count: i64,
        mean: f64,
        squares: f64,
        population: bool,
    },
}

#[derive(Debug)]
enum Sum {
    Integer(i128),
    Float(f64),
    Duration(Duration),
}

impl Accumulator {
    pub fn new(function: AggregateFunction, distinct: bool) -> Self {
        use AggregateFunction as F;
        let state = match function {
            F::CountStar | F::Count => State::Count(0),
            F::Sum => State::Sum(Sum::Integer(0)),
            F::Avg => State::Avg(Sum::Integer(0), 0),
            F::Min => State::Extreme(Ordering::Less, None),
            F::Max => State::Extreme(Ordering::Greater, None),
            F::Collect => State::Collect(Vec::new()),
            F::PercentileCont => State::Percentile { values: Vec::new(), percentile: None, continuous: true },
            F::PercentileDisc => {
                State::Percentile { values: Vec::new(), percentile: None, continuous: false }
            }
            F::StDev => State::Deviation { count: 0, mean: 0.0, squares: 0.0, population: false },
            F::StDevP => State::Deviation { count: 0, mean: 0.0, squares: 0.0, population: true },
        };
        Accumulator { state, seen: distinct.then(FxHashSet::default), charged_bytes: 0 }
    }

    /// Feed one row; `arguments` are the aggregate's arguments, none for `count(*)`.
    pub fn add(&mut self, arguments: &[Value], context: &mut Context<'_>) -> Result<(), ExecError> {
        let Some(value) = arguments.first() else {
            if let State::Count(count) = &mut self.state {
                *count += 1;
            }
            return Ok(());
        };
        if let State::Percentile { percentile, .. } = &mut self.state
            && percentile.is_none()
        {
            *percentile = Some(checked_percentile(arguments.get(1))?);
        }
        if value.is_null() {
            return Ok(());
        }
        if self.seen.is_some() && !self.is_new(value, context)? {
            return Ok(());
        }
        match &mut self.state {
            State::Count(count) => *count += 1,
            State::Sum(sum) => sum.add("sum", value)?,
            State::Avg(sum, count) => {
                sum.add("avg", value)?;
                *count += 1;
            }
            State::Extreme(wanted, best) => {
                if best.as_ref().is_none_or(|best| order(value, best) == *wanted) {
                    *best = Some(value.clone());
                }
            }
            State::Collect(values) => {
                let bytes = value_bytes(value);
                context.memory.charge(bytes)?;
                self.charged_bytes += bytes;
                values.push(value.clone());
            }
            State::Percentile { values, .. } => {
                number("percentile", value)?;
                let bytes = size_of::<Value>();
                context.memory.charge(bytes)?;
                self.charged_bytes += bytes;
                values.push(value.clone());
            }
            State::Deviation { count, mean, squares, .. } => {
                let x = number("stDev", value)?;
                *count += 1;
                let delta = x - *mean;
                *mean += delta / *count as f64;
                *squares += delta * (x - *mean);
            }
        }
        Ok(())
    }

    fn is_new(&mut self, value: &Value, context: &mut Context<'_>) -> Result<bool, ExecError> {
        let Some(seen) = &mut self.seen else { return Ok(true) };
        if !seen.insert(Equivalent(value.clone())) {
            return Ok(false);
        }
        let bytes = value_bytes(value) + 8;
        context.memory.charge(bytes)?;
        self.charged_bytes += bytes;
        Ok(true)
    }

    /// The aggregate's value; what was charged is released: the value belongs to the row it goes to.
    pub fn finish(self, context: &mut Context<'_>) -> Result<Value, ExecError> {
        context.memory.release(self.charged_bytes);
        Ok(match self.state {
            State::Count(count) => Value::Integer(count),
            State::Sum(sum) => sum.value()?,
            State::Avg(_, 0) => Value::Null,
            State::Avg(Sum::Integer(sum), count) => Value::Float(sum as f64 / count as f64),
            State::Avg(Sum::Float(sum), count) => Value::Float(sum / count as f64),
            State::Avg(Sum::Duration(sum), count) => {
                let sum = Value::Duration(std::sync::Arc::new(sum));
                temporal::arithmetic(BinaryOperator::Div, &sum, &Value::Integer(count))?
            }
            State::Extreme(_, best) => best.unwrap_or_default(),
            State::Collect(values) => Value::from(values),
            State::Percentile { values, percentile, continuous } => {
                percentile_of(values, percentile, continuous)
            }
            State::Deviation { count: 0, .. } => Value::Null,
            State::Deviation { count, squares, population, .. } => {
                let divisor = if population { count } else { (count - 1).max(1) };
                Value::Float((squares / divisor as f64).sqrt())
            }
        })
    }

    /// Give up an accumulator that will not be finished.
    pub fn abandon(self, context: &mut Context<'_>) {
        context.memory.release(self.charged_bytes);
    }
}

fn number(function: &str, value: &Value) -> Result<f64, ExecError> {
    match value {
        Value::Integer(i) => Ok(*i as f64),
        Value::Float(f) => Ok(*f),
        other => Err(not_aggregated(function, other)),
    }
}

fn not_aggregated(function: &str, value: &Value) -> ExecError {
    ExecError::type_error(
        "InvalidArgumentValue",
        format!("{function}() takes only numbers or durations of one kind, got {}", value.type_name()),
    )
}

impl Sum {
    /// Integers are summed in 128 bits: whether the sum fits is decided at the end, whatever the order of the rows.
    fn add(&mut self, function: &str, value: &Value) -> Result<(), ExecError> {
        match (&mut *self, value) {
            (Sum::Integer(sum), Value::Integer(i)) => *sum += i128::from(*i),
            (Sum::Integer(sum), Value::Float(f)) => *self = Sum::Float(*sum as f64 + f),
            (Sum::Integer(0), Value::Duration(duration)) => *self = Sum::Duration(**duration),
            (Sum::Float(sum), Value::Integer(i)) => *sum += *i as f64,
            (Sum::Float(sum), Value::Float(f)) => *sum += f,
            (Sum::Duration(sum), Value::Duration(duration)) => *sum = temporal::add_durations(sum, duration)?,
            (_, other) => return Err(not_aggregated(function, other)),
        }
        Ok(())
    }

    fn value(self) -> Result<Value, ExecError> {
        match self {
            Sum::Integer(sum) => i64::try_from(sum).map(Value::Integer).map_err(|_| {
                ExecError::integer_overflow(format!("The sum {sum} cannot be represented as an integer"))
            }),
            Sum::Float(sum) => Ok(Value::Float(sum)),
            Sum::Duration(sum) => Ok(Value::Duration(std::sync::Arc::new(sum))),
        }
    }
}

fn checked_percentile(value: Option<&Value>) -> Result<f64, ExecError> {
    let percentile = match value {
        Some(Value::Integer(i)) => *i as f64,
        Some(Value::Float(f)) => *f,
        _ => {
            return Err(ExecError::argument_error(
                "InvalidArgumentType",
                "a percentile must be a number from 0 to 1",
            ));
        }
    };
    if (0.0..=1.0).contains(&percentile) {
        return Ok(percentile);
    }
    let message = format!(
        "Invalid input '{percentile}' is not a valid argument, must be a number in the range 0.0 to 1.0"
    );
    Err(ExecError::argument_error("NumberOutOfRange", message))
}

fn percentile_of(mut values: Vec<Value>, percentile: Option<f64>, continuous: bool) -> Value {
    let (Some(percentile), Some(last)) = (percentile, values.len().checked_sub(1)) else {
        return Value::Null;
    };
    values.sort_by(order);
    if !continuous {
        // The smallest element that has at least this share of all at or below it.
        let rank = (percentile * values.len() as f64).ceil() as usize;
        return values.swap_remove(rank.saturating_sub(1).min(last));
    }
    let at = percentile * last as f64;
    let (low, high) = (at.floor() as usize, at.ceil() as usize);
    let float = |value: &Value| match value {
        Value::Integer(i) => *i as f64,
        Value::Float(f) => *f,
        _ => f64::NAN,
    };
    let (a, b) = (float(&values[low]), float(&values[high]));
    let share = at - low as f64;
    Value::Float(if low == high { a } else { a * (1.0 - share) + b * share })
}
