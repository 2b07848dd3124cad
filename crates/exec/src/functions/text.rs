//! Values as text: what `toString` gives, and how a value is written inside a message or a list.

use samyama_graph::{Point, Value};

use super::space::crs_name;
use super::temporal;

/// The text of a scalar, as `toString` gives it; containers as [`to_text`] writes them.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.to_string(),
        other => to_text(other),
    }
}

/// A value in Cypher's notation; strings are quoted. Entities are written by id.
pub fn to_text(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Boolean(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Integer(i) => out.push_str(&i.to_string()),
        Value::Float(f) => out.push_str(&float(*f)),
        Value::String(text) => quoted(text, out),
        Value::Bytes(bytes) => {
            out.push_str("0x");
            bytes.iter().for_each(|byte| out.push_str(&format!("{byte:02x}")));
        }
        Value::List(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                write(item, out);
            }
            out.push(']');
        }
        Value::Map(map) => {
            out.push('{');
            for (i, (key, item)) in map.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                out.push_str(key);
                out.push_str(": ");
                write(item, out);
            }
            out.push('}');
        }
        Value::Node(id) => out.push_str(&format!("({})", id.0)),
        Value::Relationship(id) => out.push_str(&format!("[{}]", id.0)),
        Value::Path(path) => {
            out.push_str(&format!("({})", path.start.0));
            for step in &path.steps {
                let (before, after) = if step.forward { ("-", "->") } else { ("<-", "-") };
                out.push_str(&format!("{before}[{}]{after}({})", step.relationship.0, step.node.0));
            }
        }
        Value::Point(point) => out.push_str(&point_text(point)),
        Value::Date(_)
        | Value::LocalTime(_)
        | Value::Time(_)
        | Value::LocalDateTime(_)
        | Value::DateTime(_)
        | Value::Duration(_) => out.push_str(&temporal::format(value)),
    }
}

fn quoted(text: &str, out: &mut String) {
    out.push('\'');
    for c in text.chars() {
        match c {
            '\'' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    out.push('\'');
}

/// The shortest text that reads back, always with a point or an exponent.
pub(crate) fn float(f: f64) -> String {
    if f.is_nan() {
        return "NaN".to_owned();
    }
    if f.is_infinite() {
        return if f > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    // Java's bounds between positional and scientific notation, which Neo4j's users know.
    if f != 0.0 && !(1e-3..1e7).contains(&f.abs()) {
        let text = format!("{f:E}");
        return match text.split_once('E') {
            Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0E{exponent}"),
            _ => text,
        };
    }
    format!("{f:?}")
}

fn point_text(point: &Point) -> String {
    let (x, y) = (float(point.x), float(point.y));
    let crs = crs_name(point.srid);
    match point.z {
        Some(z) => format!("point({{x: {x}, y: {y}, z: {}, crs: '{crs}'}})", float(z)),
        None => format!("point({{x: {x}, y: {y}, crs: '{crs}'}})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_short_and_look_like_floats() {
        let table = [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (0.1, "0.1"),
            (1.0 / 3.0, "0.3333333333333333"),
            (123_456.789, "123456.789"),
            (9_999_999.0, "9999999.0"),
            (1e7, "1.0E7"),
            (1.5e300, "1.5E300"),
            (1e-5, "1.0E-5"),
            (0.001, "0.001"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ];
        for (f, text) in table {
            assert_eq!(float(f), text);
        }
    }

    #[test]
    fn strings_inside_containers_are_quoted() {
        let list = Value::from(vec![Value::from("it's"), Value::Null, Value::Integer(1)]);
        assert_eq!(to_text(&list), "['it\\'s', null, 1]");
        assert_eq!(plain(&Value::from("it's")), "it's");
    }
}
