//! What belongs to no other family: existence, clocks as numbers, uuids, type names.

use samyama_graph::compare::{equals, equivalent};
use samyama_graph::{Map, Value, ValueType, simple_type};

use super::text::plain;
use super::{Function, lenient, strict, wrong_type};
use crate::ExecError;

pub(super) static FUNCTIONS: &[Function] = &[
    lenient("exists", 1..=1, |a, _| Ok(Value::Boolean(!a[0].is_null()))),
    lenient("nullif", 2..=2, |a, _| {
        Ok(if equals(&a[0], &a[1]) == Some(true) { Value::Null } else { a[0].clone() })
    }),
    lenient("timestamp", 0..=0, |_, c| Ok(Value::Integer((c.draws.statement_ns / 1_000_000) as i64))),
    lenient("randomuuid", 0..=0, |_, c| Ok(Value::from(uuid(c.random_u128())))),
    // A map projection: null of null, else the maps merged, the last one wins.
    lenient("map projection", 2..=usize::MAX, |a, _| {
        let [subject, maps @ ..] = a else { return Ok(Value::Null) };
        let mut merged = Map::new();
        for map in maps {
            let Value::Map(map) = map else { continue };
            map.iter().for_each(|(key, value)| merged.insert(key.clone(), value.clone()));
        }
        Ok(if subject.is_null() { Value::Null } else { Value::from(merged) })
    }),
    // The value, if it is of the type that the procedure asks for; an integer becomes the float that is asked for.
    lenient("procedure argument", 4..=4, |a, _| {
        let [value, Value::String(wanted), procedure, name] = a else { return Ok(Value::Null) };
        let fits = |value| ValueType::parse(wanted).is_none_or(|wanted| wanted.includes(value));
        if fits(value) {
            return Ok(value.clone());
        }
        match value {
            Value::Integer(integer) if fits(&Value::Float(0.0)) => Ok(Value::Float(*integer as f64)),
            _ => Err(ExecError::type_error(
                "InvalidArgumentType",
                format!(
                    "{} takes {wanted} as `{}` and got {}",
                    plain(procedure),
                    plain(name),
                    value.type_name()
                ),
            )),
        }
    }),
    // A map without nulls and without some keys and values; a value is also named by its text.
    strict("apoc.map.clean", 3..=3, |a, _| {
        let [Value::Map(map), Value::List(keys), Value::List(values)] = a else {
            return Err(wrong_type("apoc.map.clean", "a Map and two Lists", &Value::from(a.to_vec())));
        };
        let is_unwanted = |key: &str, value: &Value| {
            value.is_null()
                || keys.iter().any(|one| matches!(one, Value::String(one) if **one == *key))
                || values.iter().any(|one| {
                    equivalent(one, value) || matches!(one, Value::String(text) if **text == *plain(value))
                })
        };
        let mut clean = Map::new();
        for (key, value) in map.iter().filter(|(key, value)| !is_unwanted(key, value)) {
            clean.insert(key.clone(), value.clone());
        }
        Ok(Value::from(clean))
    }),
    // [[key, value], ...] as a map.
    lenient("map from pairs", 1..=1, |a, _| {
        let Value::List(pairs) = &a[0] else { return Ok(Value::Null) };
        let mut map = Map::new();
        for pair in pairs.iter() {
            if let Value::List(pair) = pair
                && let [Value::String(key), value] = &pair[..]
            {
                map.insert(key.clone(), value.clone());
            }
        }
        Ok(Value::from(map))
    }),
    lenient("file", 0..=0, |_, c| {
        Ok(c.statement.csv.as_ref().map_or(Value::Null, |(file, _)| Value::String(file.clone())))
    }),
    lenient("linenumber", 0..=0, |_, c| {
        Ok(c.statement.csv.as_ref().map_or(Value::Null, |(_, line)| Value::Integer(*line as i64)))
    }),
    lenient("valuetype", 1..=1, |a, _| Ok(Value::from(type_text(&a[0])))),
];

/// A version 4 uuid of these bits.
fn uuid(bits: u128) -> String {
    let bits = (bits & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// The most precise type of a value, as `valueType` spells it.
fn type_text(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::List(items) if items.is_empty() => "LIST<NOTHING> NOT NULL".to_owned(),
        Value::List(items) => {
            let mut types: Vec<String> = items.iter().map(type_text).collect();
            types.sort();
            types.dedup();
            let nullable = types.iter().any(|name| name == "NULL");
            types.retain(|name| name != "NULL" || items.iter().all(Value::is_null));
            if nullable {
                types.iter_mut().for_each(|name| *name = name.trim_end_matches(" NOT NULL").to_owned());
            }
            format!("LIST<{}> NOT NULL", types.join(" | "))
        }
        other => format!("{} NOT NULL", simple_type(other).unwrap_or("ANY")),
    }
}
