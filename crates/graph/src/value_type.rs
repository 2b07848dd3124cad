//! Types as queries and constraints name them: `INTEGER NOT NULL`, `LIST<STRING | FLOAT>`, and whether a value is of one.
//!
//! Null is of every type that is not `NOT NULL`. The front end hands types over in one spelling (`ZONED DATETIME`, alternatives
//! between ` | `), so reading them here needs no synonyms.

use crate::Value;

/// Alternatives of a type; a value is of the type when it is of one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueType(Vec<Alternative>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Alternative {
    kind: Kind,
    nullable: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Nothing,
    Null,
    Any,
    /// Whatever can be a property.
    PropertyValue,
    /// A type without parts, as `valueType()` spells it.
    Simple(&'static str),
    List(ValueType),
}

const SIMPLE: [&str; 17] = [
    "BOOLEAN",
    "INTEGER",
    "FLOAT",
    "STRING",
    "BYTES",
    "MAP",
    "NODE",
    "RELATIONSHIP",
    "PATH",
    "DATE",
    "LOCAL TIME",
    "ZONED TIME",
    "LOCAL DATETIME",
    "ZONED DATETIME",
    "DURATION",
    "POINT",
    "VECTOR",
];

impl ValueType {
    /// None: not a type.
    pub fn parse(text: &str) -> Option<Self> {
        split(text).into_iter().map(Alternative::parse).collect::<Option<Vec<_>>>().map(ValueType)
    }

    pub fn includes(&self, value: &Value) -> bool {
        self.0.iter().any(|alternative| alternative.includes(value))
    }
}

/// At the `|` that stand outside of `<` and `>`.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'<' => depth += 1,
            b'>' => depth = depth.saturating_sub(1),
            b'|' if depth == 0 => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts
}

impl Alternative {
    fn parse(text: &str) -> Option<Self> {
        let (name, nullable) = match text.strip_suffix(" NOT NULL") {
            Some(name) => (name, false),
            None => (text, true),
        };
        let kind = match name {
            "NOTHING" => return Some(Alternative { kind: Kind::Nothing, nullable: false }),
            "NULL" => Kind::Null,
            "ANY" => Kind::Any,
            "PROPERTY VALUE" => Kind::PropertyValue,
            list if list.starts_with("LIST<") => {
                Kind::List(ValueType::parse(list.strip_prefix("LIST<")?.strip_suffix('>')?)?)
            }
            simple => Kind::Simple(SIMPLE.iter().find(|known| **known == simple)?),
        };
        Some(Alternative { kind, nullable })
    }

    fn includes(&self, value: &Value) -> bool {
        if value.is_null() {
            return self.nullable;
        }
        match &self.kind {
            Kind::Nothing | Kind::Null => false,
            Kind::Any => true,
            Kind::PropertyValue => is_storable(value),
            Kind::Simple(name) => simple_type(value) == Some(*name),
            Kind::List(element) => {
                matches!(value, Value::List(items) if items.iter().all(|item| element.includes(item)))
            }
        }
    }
}

fn is_storable(value: &Value) -> bool {
    match value {
        Value::Null | Value::Map(_) | Value::Node(_) | Value::Relationship(_) | Value::Path(_) => false,
        Value::List(items) => {
            let kind = items.first().and_then(simple_type);
            items.iter().all(|item| is_storable(item) && simple_type(item) == kind && kind.is_some())
        }
        _ => true,
    }
}

/// The type of a value that is neither null nor a list.
pub fn simple_type(value: &Value) -> Option<&'static str> {
    Some(match value {
        Value::Null | Value::List(_) => return None,
        Value::Boolean(_) => "BOOLEAN",
        Value::Integer(_) => "INTEGER",
        Value::Float(_) => "FLOAT",
        Value::String(_) => "STRING",
        Value::Bytes(_) => "BYTES",
        Value::Map(_) => "MAP",
        Value::Node(_) => "NODE",
        Value::Relationship(_) => "RELATIONSHIP",
        Value::Path(_) => "PATH",
        Value::Date(_) => "DATE",
        Value::LocalTime(_) => "LOCAL TIME",
        Value::Time(_) => "ZONED TIME",
        Value::LocalDateTime(_) => "LOCAL DATETIME",
        Value::DateTime(_) => "ZONED DATETIME",
        Value::Duration(_) => "DURATION",
        Value::Point(_) => "POINT",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(value: Value, text: &str) -> bool {
        ValueType::parse(text).unwrap().includes(&value)
    }

    #[test]
    fn a_value_is_of_its_type_and_null_of_all_that_allow_it() {
        assert!(is(Value::Integer(1), "INTEGER"));
        assert!(!is(Value::Integer(1), "FLOAT"));
        assert!(is(Value::Integer(1), "FLOAT | INTEGER NOT NULL"));
        assert!(is(Value::Null, "INTEGER"));
        assert!(!is(Value::Null, "INTEGER NOT NULL"));
        assert!(!is(Value::Null, "NOTHING"));
        let list = || Value::from(vec![Value::Integer(1), Value::Null]);
        assert!(is(list(), "LIST<INTEGER>"));
        assert!(!is(list(), "LIST<INTEGER NOT NULL>"));
        assert!(is(Value::from(Vec::<Value>::new()), "LIST<NOTHING>"));
        assert!(is(Value::from(vec![list()]), "LIST<LIST<INTEGER | STRING> NOT NULL> NOT NULL"));
        assert!(ValueType::parse("LIST<INTEGR>").is_none(), "an unknown name is no type");
    }
}
