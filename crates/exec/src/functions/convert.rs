//! Conversions between types: `toInteger` and its kin, with their forms for lists and their forms that never fail.

use samyama_graph::Value;

use super::{Function, strict, text, wrong_type};
use crate::ExecError;
use crate::expression::Context;

pub(super) static FUNCTIONS: &[Function] = &[
    strict("tointeger", 1..=1, |a, _| {
        to_integer(&a[0]).map_err(|()| wrong_type("toInteger", "a number, String or Boolean", &a[0]))
    }),
    strict("tofloat", 1..=1, |a, _| {
        to_float(&a[0]).map_err(|()| wrong_type("toFloat", "a number or String", &a[0]))
    }),
    strict("toboolean", 1..=1, |a, _| {
        to_boolean(&a[0]).map_err(|()| wrong_type("toBoolean", "a Boolean, Integer or String", &a[0]))
    }),
    strict("tostring", 1..=1, |a, _| {
        to_string(&a[0]).map_err(|()| wrong_type("toString", "a scalar, temporal value or point", &a[0]))
    }),
    strict("tointegerornull", 1..=1, |a, _| Ok(to_integer(&a[0]).unwrap_or_default())),
    strict("tofloatornull", 1..=1, |a, _| Ok(to_float(&a[0]).unwrap_or_default())),
    strict("tobooleanornull", 1..=1, |a, _| Ok(to_boolean(&a[0]).unwrap_or_default())),
    strict("tostringornull", 1..=1, |a, _| Ok(to_string(&a[0]).unwrap_or_default())),
    strict("tointegerlist", 1..=1, |a, c| each("toIntegerList", &a[0], to_integer, c)),
    strict("tofloatlist", 1..=1, |a, c| each("toFloatList", &a[0], to_float, c)),
    strict("tobooleanlist", 1..=1, |a, c| each("toBooleanList", &a[0], to_boolean, c)),
    strict("tostringlist", 1..=1, |a, c| each("toStringList", &a[0], to_string, c)),
];

/// Elements that cannot be converted become null.
fn each(
    function: &str,
    list: &Value,
    convert: fn(&Value) -> Result<Value, ()>,
    context: &Context<'_>,
) -> Result<Value, ExecError> {
    let Value::List(items) = list else { return Err(wrong_type(function, "a List", list)) };
    context.memory.ensure_list(items.len())?;
    Ok(Value::from(items.iter().map(|item| convert(item).unwrap_or_default()).collect::<Vec<_>>()))
}

fn to_integer(value: &Value) -> Result<Value, ()> {
    Ok(match value {
        Value::Integer(_) => value.clone(),
        Value::Boolean(b) => Value::Integer(i64::from(*b)),
        Value::Float(f) => float_to_integer(*f),
        Value::String(s) => {
            let text = s.trim();
            match text.parse::<i64>() {
                Ok(integer) => Value::Integer(integer),
                Err(_) => parse_float(text).map_or(Value::Null, float_to_integer),
            }
        }
        Value::Null => Value::Null,
        _ => return Err(()),
    })
}

/// Truncated; null for what no integer can hold.
fn float_to_integer(f: f64) -> Value {
    const TWO_63: f64 = 9_223_372_036_854_775_808.0;
    if (-TWO_63..TWO_63).contains(&f) { Value::Integer(f as i64) } else { Value::Null }
}

fn to_float(value: &Value) -> Result<Value, ()> {
    Ok(match value {
        Value::Float(_) => value.clone(),
        Value::Integer(i) => Value::Float(*i as f64),
        Value::String(s) => parse_float(s.trim()).map_or(Value::Null, Value::Float),
        Value::Null => Value::Null,
        _ => return Err(()),
    })
}

/// As Cypher writes floats; Rust's `inf` and `infinity` in any case are not among them.
fn parse_float(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" | "+Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ if text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'+' | b'-' | b'e' | b'E')) => {
            text.parse().ok()
        }
        _ => None,
    }
}

fn to_boolean(value: &Value) -> Result<Value, ()> {
    Ok(match value {
        Value::Boolean(_) => value.clone(),
        Value::Integer(i) => Value::Boolean(*i != 0),
        Value::String(s) if s.trim().eq_ignore_ascii_case("true") => Value::Boolean(true),
        Value::String(s) if s.trim().eq_ignore_ascii_case("false") => Value::Boolean(false),
        Value::String(_) | Value::Null => Value::Null,
        _ => return Err(()),
    })
}

fn to_string(value: &Value) -> Result<Value, ()> {
    match value {
        Value::String(_) | Value::Null => Ok(value.clone()),
        Value::List(_)
        | Value::Map(_)
        | Value::Node(_)
        | Value::Relationship(_)
        | Value::Path(_)
        | Value::Bytes(_) => Err(()),
        scalar => Ok(Value::from(text::plain(scalar))),
    }
}
