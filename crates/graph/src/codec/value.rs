//! One value: a tag byte, then what the tag says. References to entities have a form too, though no property holds one.

use std::sync::Arc;

use super::bytes::*;
use crate::limits::VALUE_DEPTH_MAX;
use crate::{
    Date, DateTime, Duration, LocalDateTime, LocalTime, Map, NodeId, Path, PathStep, Point, RelationshipId,
    Time, Value, Zone,
};

/// Append one value.
pub fn encode_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(0),
        Value::Boolean(x) => out.push(1 + u8::from(*x)),
        Value::Integer(x) => tagged(out, 3, |out| put_int(out, *x)),
        Value::Float(x) => tagged(out, 4, |out| out.extend(x.to_bits().to_le_bytes())),
        Value::String(x) => tagged(out, 5, |out| put_text(out, x)),
        Value::Bytes(x) => tagged(out, 6, |out| put_bytes(out, x)),
        Value::List(items) => tagged(out, 7, |out| {
            put_uint(out, items.len() as u64);
            items.iter().for_each(|item| encode_value(item, out));
        }),
        Value::Map(map) => tagged(out, 8, |out| {
            put_uint(out, map.len() as u64);
            for (key, value) in map.iter() {
                put_text(out, key);
                encode_value(value, out);
            }
        }),
        Value::Node(id) => tagged(out, 9, |out| put_uint(out, id.0)),
        Value::Relationship(id) => tagged(out, 10, |out| put_uint(out, id.0)),
        Value::Path(path) => tagged(out, 11, |out| encode_path(path, out)),
        Value::Date(x) => tagged(out, 12, |out| put_int(out, x.days)),
        Value::LocalTime(x) => tagged(out, 13, |out| put_uint(out, x.nanoseconds)),
        Value::Time(x) => tagged(out, 14, |out| {
            put_uint(out, x.nanoseconds);
            put_int(out, i64::from(x.offset_seconds));
        }),
        Value::LocalDateTime(x) => tagged(out, 15, |out| {
            put_int(out, x.seconds);
            put_uint(out, u64::from(x.nanoseconds));
        }),
        Value::DateTime(x) => tagged(out, 16, |out| encode_date_time(x, out)),
        Value::Duration(x) => tagged(out, 17, |out| {
            [x.months, x.days, x.seconds, i64::from(x.nanoseconds)]
                .into_iter()
                .for_each(|part| put_int(out, part));
        }),
        Value::Point(x) => tagged(out, 18, |out| encode_point(x, out)),
    }
}

fn tagged(out: &mut Vec<u8>, tag: u8, rest: impl FnOnce(&mut Vec<u8>)) {
    out.push(tag);
    rest(out);
}

fn encode_path(path: &Path, out: &mut Vec<u8>) {
    put_uint(out, path.start.0);
    put_uint(out, path.steps.len() as u64);
    for step in &path.steps {
        put_uint(out, step.relationship.0);
        out.push(u8::from(step.forward));
        put_uint(out, step.node.0);
    }
}

fn encode_date_time(x: &DateTime, out: &mut Vec<u8>) {
    put_int(out, x.seconds);
    put_uint(out, u64::from(x.nanoseconds));
    match &x.zone {
        Zone::Offset(seconds) => {
            out.push(0);
            put_int(out, i64::from(*seconds));
        }
        Zone::Named { name, offset_seconds } => {
            out.push(1);
            put_text(out, name);
            put_int(out, i64::from(*offset_seconds));
        }
    }
}

fn encode_point(x: &Point, out: &mut Vec<u8>) {
    put_uint(out, u64::from(x.srid));
    out.push(2 + u8::from(x.z.is_some()));
    for coordinate in [Some(x.x), Some(x.y), x.z].into_iter().flatten() {
        out.extend(coordinate.to_bits().to_le_bytes());
    }
}

/// Read one value and move `bytes` behind it. Never panics, never allocates by an unchecked length.
///
/// # Errors
/// When the bytes are cut short, unknown, or nested too deep.
pub fn decode_value(bytes: &mut &[u8]) -> Result<Value, CodecError> {
    decode_at(bytes, 0)
}

fn decode_at(bytes: &mut &[u8], depth: usize) -> Result<Value, CodecError> {
    if depth > VALUE_DEPTH_MAX {
        return fail(format!("a value nested more than {VALUE_DEPTH_MAX} deep"));
    }
    Ok(match take_byte(bytes)? {
        0 => Value::Null,
        1 => Value::Boolean(false),
        2 => Value::Boolean(true),
        3 => Value::Integer(take_int(bytes)?),
        4 => Value::Float(take_float(bytes)?),
        5 => Value::String(take_text(bytes)?),
        6 => Value::Bytes(Arc::from(take_slice(bytes)?)),
        7 => {
            let count = take_count(bytes)?;
            let items: Result<Vec<_>, _> = (0..count).map(|_| decode_at(bytes, depth + 1)).collect();
            Value::from(items?)
        }
        8 => {
            let mut map = Map::new();
            for _ in 0..take_count(bytes)? {
                let key = take_text(bytes)?;
                map.insert(key, decode_at(bytes, depth + 1)?);
            }
            Value::from(map)
        }
        9 => Value::Node(NodeId(take_uint(bytes)?)),
        10 => Value::Relationship(RelationshipId(take_uint(bytes)?)),
        11 => Value::Path(Arc::new(decode_path(bytes)?)),
        12 => Value::Date(Date { days: take_int(bytes)? }),
        13 => Value::LocalTime(LocalTime { nanoseconds: take_uint(bytes)? }),
        14 => Value::Time(Time { nanoseconds: take_uint(bytes)?, offset_seconds: take_offset(bytes)? }),
        15 => {
            Value::LocalDateTime(LocalDateTime { seconds: take_int(bytes)?, nanoseconds: take_small(bytes)? })
        }
        16 => Value::DateTime(Arc::new(decode_date_time(bytes)?)),
        17 => Value::Duration(Arc::new(Duration {
            months: take_int(bytes)?,
            days: take_int(bytes)?,
            seconds: take_int(bytes)?,
            nanoseconds: take_offset(bytes)?,
        })),
        18 => Value::Point(Arc::new(decode_point(bytes)?)),
        tag => return fail(format!("unknown value tag {tag}")),
    })
}

fn take_float(bytes: &mut &[u8]) -> Result<f64, CodecError> {
    Ok(f64::from_bits(u64::from_le_bytes(take_fixed(bytes)?)))
}

fn take_offset(bytes: &mut &[u8]) -> Result<i32, CodecError> {
    let value = take_int(bytes)?;
    i32::try_from(value).or_else(|_| fail(format!("{value} is too large here")))
}

fn decode_path(bytes: &mut &[u8]) -> Result<Path, CodecError> {
    let start = NodeId(take_uint(bytes)?);
    let mut steps = Vec::new();
    for _ in 0..take_count(bytes)? {
        steps.push(PathStep {
            relationship: RelationshipId(take_uint(bytes)?),
            forward: take_byte(bytes)? != 0,
            node: NodeId(take_uint(bytes)?),
        });
    }
    Ok(Path { start, steps })
}

fn decode_date_time(bytes: &mut &[u8]) -> Result<DateTime, CodecError> {
    let (seconds, nanoseconds) = (take_int(bytes)?, take_small(bytes)?);
    let zone = match take_byte(bytes)? {
        0 => Zone::Offset(take_offset(bytes)?),
        1 => Zone::Named { name: take_text(bytes)?, offset_seconds: take_offset(bytes)? },
        tag => return fail(format!("unknown zone tag {tag}")),
    };
    Ok(DateTime { seconds, nanoseconds, zone })
}

fn decode_point(bytes: &mut &[u8]) -> Result<Point, CodecError> {
    let srid = take_small(bytes)?;
    let dimensions = take_byte(bytes)?;
    if !(2..=3).contains(&dimensions) {
        return fail(format!("a point of {dimensions} dimensions"));
    }
    let (x, y) = (take_float(bytes)?, take_float(bytes)?);
    let z = if dimensions == 3 { Some(take_float(bytes)?) } else { None };
    Ok(Point { srid, x, y, z })
}
