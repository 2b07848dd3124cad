//! Numbers.

use std::cmp::Ordering;
use std::f64::consts;

use samyama_graph::Value;

use super::{Function, float_argument, integer_argument, lenient, strict, string_argument, wrong_type};
use crate::ExecError;

macro_rules! of_float {
    ($name:literal, $function:expr) => {
        strict($name, 1..=1, |a, _| {
            let function: fn(f64) -> f64 = $function;
            Ok(Value::Float(function(float_argument($name, &a[0])?)))
        })
    };
}

pub(super) static FUNCTIONS: &[Function] = &[
    strict("abs", 1..=1, |a, _| match &a[0] {
        Value::Integer(i) => i.checked_abs().map(Value::Integer).ok_or_else(|| {
            ExecError::integer_overflow(format!("abs({i}) cannot be represented as an integer"))
        }),
        Value::Float(f) => Ok(Value::Float(f.abs())),
        other => Err(wrong_type("abs", "a number", other)),
    }),
    strict("sign", 1..=1, |a, _| match &a[0] {
        Value::Integer(i) => Ok(Value::Integer(i.signum())),
        // Of NaN 0: neither above nor below, and an integer as of every number.
        Value::Float(f) => Ok(Value::Integer(i64::from(*f > 0.0) - i64::from(*f < 0.0))),
        other => Err(wrong_type("sign", "a number", other)),
    }),
    of_float!("ceil", f64::ceil),
    of_float!("floor", f64::floor),
    strict("round", 1..=3, |a, _| {
        let digits = a.get(1).map_or(Ok(0), |digits| integer_argument("round", digits))?;
        let mode = a.get(2).map(|mode| string_argument("round", mode)).transpose()?;
        round(float_argument("round", &a[0])?, digits, mode)
    }),
    of_float!("sqrt", f64::sqrt),
    of_float!("exp", f64::exp),
    of_float!("log", f64::ln),
    of_float!("log10", f64::log10),
    of_float!("sin", f64::sin),
    of_float!("cos", f64::cos),
    of_float!("tan", f64::tan),
    of_float!("cot", |x| 1.0 / x.tan()),
    of_float!("asin", f64::asin),
    of_float!("acos", f64::acos),
    of_float!("atan", f64::atan),
    of_float!("sinh", f64::sinh),
    of_float!("cosh", f64::cosh),
    of_float!("tanh", f64::tanh),
    of_float!("coth", |x| if x == 0.0 { f64::NAN } else { 1.0 / x.tanh() }),
    strict("atan2", 2..=2, |a, _| {
        Ok(Value::Float(float_argument("atan2", &a[0])?.atan2(float_argument("atan2", &a[1])?)))
    }),
    of_float!("haversin", |x| (1.0 - x.cos()) / 2.0),
    of_float!("degrees", f64::to_degrees),
    of_float!("radians", f64::to_radians),
    strict("isnan", 1..=1, |a, _| Ok(Value::Boolean(float_argument("isNaN", &a[0])?.is_nan()))),
    lenient("pi", 0..=0, |_, _| Ok(Value::Float(consts::PI))),
    lenient("e", 0..=0, |_, _| Ok(Value::Float(consts::E))),
    lenient("rand", 0..=0, |_, c| Ok(Value::Float(c.random_float()))),
];

/// Rounds `x` as it is written, not its binary value: 1.005 to two digits is 1.01. Without a mode a tie goes up, towards
/// positive infinity, if no digits are kept, else away from zero.
fn round(x: f64, digits: i64, mode: Option<&str>) -> Result<Value, ExecError> {
    let Ok(digits) = usize::try_from(digits) else {
        return Err(ExecError::argument_error(
            "NumberOutOfRange",
            "round() takes no negative number of digits",
        ));
    };
    if !x.is_finite() {
        return Ok(Value::Float(x));
    }
    // The fewest digits that give x again, and never an exponent.
    let text = x.abs().to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let (kept, dropped) = fraction.split_at(digits.min(fraction.len()));
    let mut decimal = format!("{whole}.{kept}").into_bytes();
    let is_odd = decimal.iter().rfind(|digit| **digit != b'.').is_some_and(|digit| digit % 2 == 1);
    let half = compare_to_half(dropped);
    let is_negative = x.is_sign_negative();
    let is_inexact = dropped.bytes().any(|digit| digit != b'0');
    let is_away = match mode.map(str::to_ascii_uppercase).as_deref() {
        None if digits == 0 => half.is_gt() || half.is_eq() && !is_negative,
        None | Some("HALF_UP") => half.is_ge(),
        Some("HALF_DOWN") => half.is_gt(),
        Some("HALF_EVEN") => half.is_gt() || half.is_eq() && is_odd,
        Some("UP") => is_inexact,
        Some("DOWN") => false,
        Some("CEILING") => is_inexact && !is_negative,
        Some("FLOOR") => is_inexact && is_negative,
        Some(other) => {
            return Err(ExecError::argument_error(
                "InvalidArgumentValue",
                format!(
                    "Unknown rounding mode '{other}': UP, DOWN, CEILING, FLOOR, HALF_UP, HALF_DOWN or HALF_EVEN"
                ),
            ));
        }
    };
    if is_away {
        increment(&mut decimal);
    }
    let rounded = String::from_utf8_lossy(&decimal).parse().unwrap_or(x);
    Ok(Value::Float(f64::copysign(rounded, x)))
}

/// What stands behind the last digit that is kept, beside a five.
fn compare_to_half(dropped: &str) -> Ordering {
    let Some(first) = dropped.bytes().next() else { return Ordering::Less };
    let rest = dropped.bytes().skip(1).any(|digit| digit != b'0');
    first.cmp(&b'5').then(rest.cmp(&false))
}

/// One more in the last place.
fn increment(decimal: &mut Vec<u8>) {
    for digit in decimal.iter_mut().rev().filter(|digit| **digit != b'.') {
        if *digit != b'9' {
            *digit += 1;
            return;
        }
        *digit = b'0';
    }
    decimal.insert(0, b'1');
}
