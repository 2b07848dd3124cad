//! The built-in functions: one table, one file per family.
//!
//! A function is found by its lower-case name when an expression is compiled and called with evaluated arguments. Nearly
//! all are *strict*: null among the arguments gives null, and the body never sees one. What must not evaluate all its
//! arguments (coalesce) is an expression of its own. Functions read no clock and no source of randomness but the context's.

pub mod aggregation;
mod convert;
mod entity;
mod list;
mod math;
mod scalar;
mod space;
mod string;
pub(crate) mod temporal;
pub(crate) mod text;
pub(crate) mod validate;
mod vector;

use std::ops::RangeInclusive;
use std::sync::LazyLock;

use rustc_hash::FxHashMap;
use samyama_graph::Value;

pub(crate) use entity::names_in;
pub use entity::{element_id, id_of_element_id};
pub use temporal::{zone_offset_at_instant, zone_offset_at_local};
pub use text::to_text;

pub(crate) use space::point_component;

use crate::ExecError;
use crate::expression::Context;

type Body = fn(&[Value], &mut Context<'_>) -> Result<Value, ExecError>;

/// One built-in function.
#[derive(Debug)]
pub(crate) struct Function {
    name: &'static str,
    pub(crate) arity: RangeInclusive<usize>,
    strict: bool,
    body: Body,
}

impl Function {
    pub(crate) fn call(&self, arguments: &[Value], context: &mut Context<'_>) -> Result<Value, ExecError> {
        if self.strict && arguments.iter().any(Value::is_null) {
            return Ok(Value::Null);
        }
        (self.body)(arguments, context)
    }
}

/// A function of which null gives null.
const fn strict(name: &'static str, arity: RangeInclusive<usize>, body: Body) -> Function {
    Function { name, arity, strict: true, body }
}

/// A function that sees nulls.
const fn lenient(name: &'static str, arity: RangeInclusive<usize>, body: Body) -> Function {
    Function { name, arity, strict: false, body }
}

static TABLE: LazyLock<FxHashMap<&'static str, &'static Function>> = LazyLock::new(|| {
    let families: [&'static [Function]; 10] = [
        convert::FUNCTIONS,
        entity::FUNCTIONS,
        list::FUNCTIONS,
        math::FUNCTIONS,
        scalar::FUNCTIONS,
        space::FUNCTIONS,
        string::FUNCTIONS,
        temporal::FUNCTIONS,
        validate::FUNCTIONS,
        vector::FUNCTIONS,
    ];
    families.into_iter().flatten().map(|function| (function.name, function)).collect()
});

/// The function of this lower-case name.
pub(crate) fn lookup(name: &str) -> Option<&'static Function> {
    TABLE.get(name).copied()
}

/// Names and arities of all functions, by name: for SHOW FUNCTIONS and for tests that hold the front end's list to this one.
pub fn all() -> Vec<(&'static str, RangeInclusive<usize>)> {
    // Names with a blank are the planner's own.
    let named = TABLE.values().filter(|function| !function.name.contains(' '));
    let mut list: Vec<_> = named.map(|function| (function.name, function.arity.clone())).collect();
    list.push(("coalesce", 1..=usize::MAX));
    list.sort_by_key(|(name, _)| *name);
    list
}

/// TypeError: the function does not take a value of this type.
fn wrong_type(function: &str, expected: &str, value: &Value) -> ExecError {
    ExecError::type_error(
        "InvalidArgumentValue",
        format!("Invalid input for function '{function}()': expected {expected}, got {}", value.type_name()),
    )
}

fn string_argument<'v>(function: &str, value: &'v Value) -> Result<&'v str, ExecError> {
    if let Value::String(text) = value { Ok(text) } else { Err(wrong_type(function, "a String", value)) }
}

fn integer_argument(function: &str, value: &Value) -> Result<i64, ExecError> {
    if let Value::Integer(integer) = value {
        Ok(*integer)
    } else {
        Err(wrong_type(function, "an Integer", value))
    }
}

fn float_argument(function: &str, value: &Value) -> Result<f64, ExecError> {
    match value {
        Value::Integer(integer) => Ok(*integer as f64),
        Value::Float(float) => Ok(*float),
        other => Err(wrong_type(function, "a number", other)),
    }
}
