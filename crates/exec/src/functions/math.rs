//! Numbers.

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
        Value::Float(f) if f.is_nan() => Ok(Value::Float(f64::NAN)),
        Value::Float(f) => Ok(Value::Integer(i64::from(*f > 0.0) - i64::from(*f < 0.0))),
        other => Err(wrong_type("sign", "a number", other)),
    }),
    of_float!("ceil", f64::ceil),
    of_float!("floor", f64::floor),
    strict("round", 1..=3, |a, _| {
        let digits = a.get(1).map_or(Ok(0), |digits| integer_argument("round", digits))?;
        // Without a mode and digits a tie goes up, towards positive infinity; with digits away from zero.
        let mode = match a.get(2) {
            Some(mode) => string_argument("round", mode)?,
            None if a.len() == 1 => "TIE_UP",
            None => "HALF_UP",
        };
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
    of_float!("coth", |x| 1.0 / x.tanh()),
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

fn round(x: f64, digits: i64, mode: &str) -> Result<Value, ExecError> {
    let Ok(digits) = i32::try_from(digits) else {
        return Err(ExecError::argument_error("NumberOutOfRange", format!("round() to {digits} digits")));
    };
    if digits < 0 {
        return Err(ExecError::argument_error(
            "NumberOutOfRange",
            "round() takes no negative number of digits",
        ));
    }
    let scale = 10_f64.powi(digits.min(400));
    let scaled = x * scale;
    if !scaled.is_finite() || scaled.abs() >= 9.0e15 {
        return Ok(Value::Float(x)); // no digits behind the point are left to round
    }
    let tie = (scaled - scaled.trunc()).abs() == 0.5;
    let away = scaled.trunc() + scaled.signum();
    let rounded = match mode.to_ascii_uppercase().as_str() {
        "TIE_UP" => (scaled + 0.5).floor(),
        "HALF_UP" => scaled.round(),
        "HALF_DOWN" if tie => scaled.trunc(),
        "HALF_DOWN" => scaled.round(),
        "HALF_EVEN" => scaled.round_ties_even(),
        "UP" if scaled.fract() != 0.0 => away,
        "UP" | "DOWN" => scaled.trunc(),
        "CEILING" => scaled.ceil(),
        "FLOOR" => scaled.floor(),
        other => {
            return Err(ExecError::argument_error(
                "InvalidArgumentValue",
                format!(
                    "Unknown rounding mode '{other}': UP, DOWN, CEILING, FLOOR, HALF_UP, HALF_DOWN or HALF_EVEN"
                ),
            ));
        }
    };
    Ok(Value::Float(rounded / scale))
}
