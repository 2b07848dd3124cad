//! Scalars of the document that may be of several MessagePack types: literals, and pieces of column names.

use std::fmt;
use std::sync::Arc;

use samyama_graph::Value;
use serde::Deserializer;
use serde::de::{Deserialize, Error, Visitor};

use super::NamePiece;

/// null, boolean, integer, float or string as MessagePack has them.
pub(super) fn literal_value<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    struct Literal;
    impl Visitor<'_> for Literal {
        type Value = Value;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("null, a boolean, a 64-bit integer, a float or a string")
        }
        fn visit_unit<E: Error>(self) -> Result<Value, E> {
            Ok(Value::Null)
        }
        fn visit_none<E: Error>(self) -> Result<Value, E> {
            Ok(Value::Null)
        }
        fn visit_bool<E: Error>(self, v: bool) -> Result<Value, E> {
            Ok(Value::Boolean(v))
        }
        fn visit_i64<E: Error>(self, v: i64) -> Result<Value, E> {
            Ok(Value::Integer(v))
        }
        fn visit_u64<E: Error>(self, v: u64) -> Result<Value, E> {
            i64::try_from(v)
                .map(Value::Integer)
                .map_err(|_| E::custom(format!("integer {v} is beyond 64 bits")))
        }
        fn visit_f64<E: Error>(self, v: f64) -> Result<Value, E> {
            Ok(Value::Float(v))
        }
        fn visit_str<E: Error>(self, v: &str) -> Result<Value, E> {
            Ok(Value::from(v))
        }
    }
    deserializer.deserialize_any(Literal)
}

impl<'de> Deserialize<'de> for NamePiece {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Piece;
        impl Visitor<'_> for Piece {
            type Value = NamePiece;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or the number of a literal")
            }
            fn visit_str<E: Error>(self, v: &str) -> Result<NamePiece, E> {
                Ok(NamePiece::Text(Arc::from(v)))
            }
            fn visit_u64<E: Error>(self, v: u64) -> Result<NamePiece, E> {
                usize::try_from(v).map(NamePiece::Literal).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Piece)
    }
}
