//! Aggregates over the rows of one group.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;

use common::*;
use samyama_exec::functions::aggregation::Accumulator;
use samyama_exec::functions::to_text;
use samyama_exec::plan::AggregateFunction as F;
use samyama_exec::{Access, Parameters};
use samyama_graph::{Duration, Value};

fn aggregate(function: F, distinct: bool, rows: &[Value], percentile: Option<f64>) -> String {
    let view = graph();
    let parameters = Parameters::default();
    let mut context = context(Access::Read(&view), &parameters);
    let mut accumulator = Accumulator::new(function, distinct);
    let result = rows.iter().try_for_each(|row| match percentile {
        Some(p) => accumulator.add(&[row.clone(), Value::Float(p)], &mut context),
        None => accumulator.add(std::slice::from_ref(row), &mut context),
    });
    let result = match result {
        Ok(()) => accumulator.finish(&mut context),
        Err(error) => {
            accumulator.abandon(&mut context);
            Err(error)
        }
    };
    assert_eq!(context.memory.used_bytes(), 0, "everything charged is released");
    result.map_or_else(|error| format!("{}: {}", error.error_type, error.detail), |value| to_text(&value))
}

fn integers(values: &[i64]) -> Vec<Value> {
    values.iter().map(|i| Value::Integer(*i)).collect()
}

#[test]
fn nothing_gives_the_neutral_value() {
    for (function, expected) in [
        (F::Count, "0"),
        (F::Sum, "0"),
        (F::Avg, "null"),
        (F::Min, "null"),
        (F::Max, "null"),
        (F::Collect, "[]"),
        (F::StDev, "null"),
        (F::StDevP, "null"),
    ] {
        assert_eq!(aggregate(function, false, &[], None), expected, "{function:?} of nothing");
        assert_eq!(aggregate(function, true, &[Value::Null], None), expected, "{function:?} of null");
    }
    assert_eq!(aggregate(F::PercentileDisc, false, &[], Some(0.5)), "null");
}

#[test]
fn numbers() {
    let rows = integers(&[1, 2, 2, 4]);
    assert_eq!(aggregate(F::Sum, false, &rows, None), "9");
    assert_eq!(aggregate(F::Sum, true, &rows, None), "7");
    assert_eq!(aggregate(F::Avg, false, &rows, None), "2.25");
    assert_eq!(aggregate(F::StDevP, false, &integers(&[2, 4, 4, 4, 5, 5, 7, 9]), None), "2.0");
    assert_eq!(aggregate(F::StDev, false, &integers(&[5]), None), "0.0");
    // Overflow is about the sum, not about the way to it.
    assert_eq!(aggregate(F::Sum, false, &integers(&[i64::MAX, 1, -1]), None), i64::MAX.to_string());
    assert_eq!(aggregate(F::Sum, false, &integers(&[i64::MAX, 1]), None), "ArithmeticError: IntegerOverflow");
    assert_eq!(aggregate(F::Sum, false, &[Value::from("a")], None), "TypeError: InvalidArgumentValue");
    assert_eq!(aggregate(F::Sum, false, &[Value::Integer(1), Value::Float(0.5)], None), "1.5");
}

#[test]
fn distinct_is_by_equivalence() {
    let nan = Value::Float(f64::NAN);
    let rows = [Value::Integer(1), Value::Float(1.0), nan.clone(), nan, Value::Null];
    assert_eq!(aggregate(F::Collect, true, &rows, None), "[1, NaN]");
    assert_eq!(aggregate(F::Count, true, &rows, None), "2");
    assert_eq!(aggregate(F::Count, false, &rows, None), "4");
}

#[test]
fn extremes_are_by_orderability() {
    let rows = [Value::from("a"), Value::Integer(1), Value::from(Vec::new()), Value::Float(0.5)];
    assert_eq!(aggregate(F::Min, false, &rows, None), "[]");
    assert_eq!(aggregate(F::Max, false, &rows, None), "1");
}

#[test]
fn percentiles() {
    let rows = integers(&[10, 30, 20]);
    for (p, disc, cont) in
        [(0.0, "10", "10.0"), (0.5, "20", "20.0"), (1.0, "30", "30.0"), (0.25, "10", "15.0")]
    {
        assert_eq!(aggregate(F::PercentileDisc, false, &rows, Some(p)), disc, "percentileDisc({p})");
        assert_eq!(aggregate(F::PercentileCont, false, &rows, Some(p)), cont, "percentileCont({p})");
    }
    for p in [1.1, -1.0, f64::NAN] {
        assert_eq!(aggregate(F::PercentileCont, false, &rows, Some(p)), "ArgumentError: NumberOutOfRange");
    }
}

#[test]
fn durations_are_summed_and_averaged() {
    let day = |days| Value::Duration(Arc::new(Duration { months: 0, days, seconds: 0, nanoseconds: 0 }));
    assert_eq!(aggregate(F::Sum, false, &[day(1), day(2)], None), "P3D");
    assert_eq!(aggregate(F::Avg, false, &[day(1), day(2)], None), "P1DT12H");
}
