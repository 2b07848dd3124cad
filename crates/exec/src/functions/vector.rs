//! Vectors are lists of numbers here: how similar two of them are.

use samyama_graph::{Value, vector};

use super::{Function, strict, wrong_type};
use crate::ExecError;

pub(super) static FUNCTIONS: &[Function] = &[
    strict("vector.similarity.cosine", 2..=2, |a, _| {
        similarity("vector.similarity.cosine", a, vector::Similarity::Cosine)
    }),
    strict("vector.similarity.euclidean", 2..=2, |a, _| {
        similarity("vector.similarity.euclidean", a, vector::Similarity::Euclidean)
    }),
];

fn similarity(name: &str, a: &[Value], kind: vector::Similarity) -> Result<Value, ExecError> {
    let read = |value: &Value| {
        vector::components(value)
            .ok_or_else(|| wrong_type(name, "a List of finite numbers that are not all 0", value))
    };
    let (one, other) = (read(&a[0])?, read(&a[1])?);
    if one.len() != other.len() {
        return Err(ExecError::argument_error(
            "InvalidArgumentValue",
            format!("{name}() takes vectors of one length, got {} and {}", one.len(), other.len()),
        ));
    }
    Ok(kind.score(&one, &other).map_or(Value::Null, Value::Float))
}
