//! Cypher's four notions of sameness (CIP2016-06-14): equality and comparability are three-valued, equivalence (grouping,
//! DISTINCT) and orderability (ORDER BY, indexes) are total.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use crate::{DateTime, Duration, Map, Value, Zone};

/// An integer against a float, exactly: never through f64, which has no 2^53 + 1. None when the float is NaN.
pub fn compare_integer_float(integer: i64, float: f64) -> Option<Ordering> {
    const TWO_63: f64 = 9_223_372_036_854_775_808.0;
    if float.is_nan() {
        None
    } else if float >= TWO_63 {
        Some(Ordering::Less)
    } else if float < -TWO_63 {
        Some(Ordering::Greater)
    } else {
        let whole = float.trunc();
        Some(
            integer
                .cmp(&(whole as i64))
                .then_with(|| 0.0_f64.partial_cmp(&(float - whole)).unwrap_or(Ordering::Equal)),
        )
    }
}

/// `a = b`: None is null.
pub fn equals(a: &Value, b: &Value) -> Option<bool> {
    match (a, b) {
        (Value::Null, _) | (_, Value::Null) => None,
        (Value::List(x), Value::List(y)) => {
            if x.len() != y.len() {
                return Some(false);
            }
            conjunction(x.iter().zip(y.iter()).map(|(x, y)| equals(x, y)))
        }
        (Value::Map(x), Value::Map(y)) => {
            if x.len() != y.len() || x.iter().zip(y.iter()).any(|((k, _), (l, _))| k != l) {
                return Some(false);
            }
            conjunction(x.iter().zip(y.iter()).map(|((_, x), (_, y))| equals(x, y)))
        }
        (Value::Integer(x), Value::Float(y)) => Some(compare_integer_float(*x, *y) == Some(Ordering::Equal)),
        (Value::Float(x), Value::Integer(y)) => Some(compare_integer_float(*y, *x) == Some(Ordering::Equal)),
        (Value::Float(x), Value::Float(y)) => Some(x == y),
        (Value::Path(x), Value::Path(y)) => Some(
            x.start == y.start
                && x.steps.len() == y.steps.len()
                && x.steps
                    .iter()
                    .zip(&y.steps)
                    .all(|(s, t)| s.relationship == t.relationship && s.node == t.node),
        ),
        (Value::Point(x), Value::Point(y)) => Some(x == y),
        _ => Some(type_rank(a) == type_rank(b) && order(a, b) == Ordering::Equal),
    }
}

fn conjunction(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut result = Some(true);
    for part in parts {
        match part {
            Some(false) => return Some(false),
            None => result = None,
            Some(true) => {}
        }
    }
    result
}

/// What `<`, `<=`, `>`, `>=` need to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Ordered(Ordering),
    /// A NaN among numbers: every comparison is false.
    Unordered,
    /// The answer is null.
    Null,
}

/// Comparability.
pub fn compare(a: &Value, b: &Value) -> Comparison {
    let ordered = |ordering: Option<Ordering>| ordering.map_or(Comparison::Unordered, Comparison::Ordered);
    match (a, b) {
        (Value::Integer(x), Value::Integer(y)) => Comparison::Ordered(x.cmp(y)),
        (Value::Integer(x), Value::Float(y)) => ordered(compare_integer_float(*x, *y)),
        (Value::Float(x), Value::Integer(y)) => ordered(compare_integer_float(*y, *x).map(Ordering::reverse)),
        (Value::Float(x), Value::Float(y)) => ordered(x.partial_cmp(y)),
        (Value::List(x), Value::List(y)) => {
            for (x, y) in x.iter().zip(y.iter()) {
                match equals(x, y) {
                    Some(true) => {}
                    None => return Comparison::Null,
                    Some(false) => return compare(x, y),
                }
            }
            Comparison::Ordered(x.len().cmp(&y.len()))
        }
        (Value::String(_), Value::String(_))
        | (Value::Boolean(_), Value::Boolean(_))
        | (Value::Date(_), Value::Date(_))
        | (Value::LocalTime(_), Value::LocalTime(_))
        | (Value::Time(_), Value::Time(_))
        | (Value::LocalDateTime(_), Value::LocalDateTime(_))
        | (Value::DateTime(_), Value::DateTime(_)) => Comparison::Ordered(order(a, b)),
        _ => Comparison::Null,
    }
}

fn time_instant(nanoseconds: u64, offset_seconds: i32) -> i128 {
    i128::from(nanoseconds) - i128::from(offset_seconds) * 1_000_000_000
}

/// MAP < NODE < RELATIONSHIP < LIST < PATH < POINT < DATETIME < LOCAL DATETIME < DATE < TIME < LOCAL TIME < DURATION <
/// STRING < BOOLEAN < NUMBER < null; bytes, which Cypher does not order, stand before strings.
pub(crate) fn type_rank(value: &Value) -> u8 {
    match value {
        Value::Map(_) => 0,
        Value::Node(_) => 1,
        Value::Relationship(_) => 2,
        Value::List(_) => 3,
        Value::Path(_) => 4,
        Value::Point(_) => 5,
        Value::DateTime(_) => 6,
        Value::LocalDateTime(_) => 7,
        Value::Date(_) => 8,
        Value::Time(_) => 9,
        Value::LocalTime(_) => 10,
        Value::Duration(_) => 11,
        Value::Bytes(_) => 12,
        Value::String(_) => 13,
        Value::Boolean(_) => 14,
        Value::Integer(_) | Value::Float(_) => 15,
        Value::Null => 16,
    }
}

/// Orderability: a total order over all values. Equal here means equivalent (except that paths ignore direction).
#[inline]
pub fn order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        // What keys mostly are; in place, because a look-up in an index compares often.
        (Value::Integer(x), Value::Integer(y)) => x.cmp(y),
        _ => order_any(a, b),
    }
}

fn order_any(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Integer(x), Value::Integer(y)) => x.cmp(y),
        (Value::String(x), Value::String(y)) => x.cmp(y),
        (Value::Float(x), Value::Float(y)) => order_floats(*x, *y),
        (Value::Integer(x), Value::Float(y)) => compare_integer_float(*x, *y).unwrap_or(Ordering::Less),
        (Value::Float(x), Value::Integer(y)) => {
            compare_integer_float(*y, *x).map_or(Ordering::Greater, Ordering::reverse)
        }
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Boolean(x), Value::Boolean(y)) => x.cmp(y),
        (Value::Bytes(x), Value::Bytes(y)) => x.cmp(y),
        (Value::List(x), Value::List(y)) => order_lists(x, y),
        (Value::Map(x), Value::Map(y)) => order_maps(x, y),
        (Value::Node(x), Value::Node(y)) => x.cmp(y),
        (Value::Relationship(x), Value::Relationship(y)) => x.cmp(y),
        (Value::Path(x), Value::Path(y)) => x.start.cmp(&y.start).then_with(|| {
            let steps =
                |path: &crate::Path| path.steps.iter().map(|s| (s.relationship, s.node)).collect::<Vec<_>>();
            steps(x).cmp(&steps(y))
        }),
        (Value::Point(x), Value::Point(y)) => x
            .srid
            .cmp(&y.srid)
            .then_with(|| order_floats(x.x, y.x))
            .then_with(|| order_floats(x.y, y.y))
            .then_with(|| order_floats(x.z.unwrap_or(0.0), y.z.unwrap_or(0.0))),
        (Value::Date(x), Value::Date(y)) => x.cmp(y),
        (Value::LocalTime(x), Value::LocalTime(y)) => x.cmp(y),
        (Value::LocalDateTime(x), Value::LocalDateTime(y)) => x.cmp(y),
        // Zoned values by their instant, then by their offset: one that is not equal to another is before or behind it.
        (Value::Time(x), Value::Time(y)) => time_instant(x.nanoseconds, x.offset_seconds)
            .cmp(&time_instant(y.nanoseconds, y.offset_seconds))
            .then(x.offset_seconds.cmp(&y.offset_seconds)),
        (Value::DateTime(x), Value::DateTime(y)) => {
            (x.seconds, x.nanoseconds).cmp(&(y.seconds, y.nanoseconds)).then_with(|| order_zones(x, y))
        }
        (Value::Duration(x), Value::Duration(y)) => order_durations(x, y),
        _ => type_rank(a).cmp(&type_rank(b)),
    }
}

/// NaN is the largest number; the two zeros are one.
fn order_floats(x: f64, y: f64) -> Ordering {
    x.partial_cmp(&y).unwrap_or_else(|| x.is_nan().cmp(&y.is_nan()))
}

fn order_lists(x: &[Value], y: &[Value]) -> Ordering {
    x.iter().zip(y).map(|(x, y)| order(x, y)).find(|o| o.is_ne()).unwrap_or_else(|| x.len().cmp(&y.len()))
}

fn order_maps(x: &Map, y: &Map) -> Ordering {
    let entries = x.iter().zip(y.iter());
    entries
        .map(|((k, v), (l, w))| k.cmp(l).then_with(|| order(v, w)))
        .find(|o| o.is_ne())
        .unwrap_or_else(|| x.len().cmp(&y.len()))
}

fn order_zones(x: &DateTime, y: &DateTime) -> Ordering {
    let key = |zone: &Zone| match zone {
        Zone::Offset(seconds) => (*seconds, None),
        Zone::Named { name, offset_seconds } => (*offset_seconds, Some(name.clone())),
    };
    key(&x.zone).cmp(&key(&y.zone))
}

/// By length, with a month of 30.436875 days (2,629,746 s); then by the fields, so that the order is total.
fn order_durations(x: &Duration, y: &Duration) -> Ordering {
    let length = |d: &Duration| {
        let seconds = i128::from(d.months) * 2_629_746 + i128::from(d.days) * 86_400 + i128::from(d.seconds);
        seconds * 1_000_000_000 + i128::from(d.nanoseconds)
    };
    length(x).cmp(&length(y)).then((x.months, x.days, x.seconds).cmp(&(y.months, y.days, y.seconds)))
}

/// Equivalence: as equality, but null is null and NaN is NaN, inside containers too.
pub fn equivalent(a: &Value, b: &Value) -> bool {
    order(a, b) == Ordering::Equal
}

/// A hash that agrees with [`equivalent`]: an integral float hashes like its integer.
pub fn hash_equivalent<H: Hasher>(value: &Value, state: &mut H) {
    type_rank(value).hash(state);
    match value {
        Value::Null => {}
        Value::Boolean(x) => x.hash(state),
        Value::Integer(x) => x.hash(state),
        Value::Float(x) => hash_float(*x, state),
        Value::String(x) => x.hash(state),
        Value::Bytes(x) => x.hash(state),
        Value::List(items) => {
            items.len().hash(state);
            items.iter().for_each(|item| hash_equivalent(item, state));
        }
        Value::Map(map) => {
            for (key, value) in map.iter() {
                key.hash(state);
                hash_equivalent(value, state);
            }
        }
        Value::Node(id) => id.hash(state),
        Value::Relationship(id) => id.hash(state),
        Value::Path(path) => {
            path.start.hash(state);
            path.steps.iter().for_each(|step| (step.relationship, step.node).hash(state));
        }
        Value::Date(x) => x.hash(state),
        Value::LocalTime(x) => x.hash(state),
        Value::Time(x) => x.hash(state),
        Value::LocalDateTime(x) => x.hash(state),
        Value::DateTime(x) => (x.seconds, x.nanoseconds).hash(state),
        Value::Duration(x) => x.hash(state),
        Value::Point(x) => {
            x.srid.hash(state);
            hash_float(x.x, state);
            hash_float(x.y, state);
        }
    }
}

fn hash_float<H: Hasher>(x: f64, state: &mut H) {
    let integral = x as i64;
    if compare_integer_float(integral, x) == Some(Ordering::Equal) {
        integral.hash(state);
    } else if x.is_nan() {
        u64::MAX.hash(state);
    } else {
        x.to_bits().hash(state);
    }
}

/// A value under equivalence: a key of hash maps and of ordered maps.
#[derive(Clone, Debug, Default)]
pub struct Equivalent(pub Value);

impl PartialEq for Equivalent {
    fn eq(&self, other: &Self) -> bool {
        equivalent(&self.0, &other.0)
    }
}
impl Eq for Equivalent {}
impl Hash for Equivalent {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_equivalent(&self.0, state);
    }
}
impl PartialOrd for Equivalent {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Equivalent {
    fn cmp(&self, other: &Self) -> Ordering {
        order(&self.0, &other.0)
    }
}

/// Values are equal in Rust when they are equivalent in Cypher.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        equivalent(self, other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(items: impl IntoIterator<Item = Value>) -> Value {
        Value::from(items.into_iter().collect::<Vec<_>>())
    }

    #[test]
    fn integers_and_floats_compare_exactly() {
        let big = (1_i64 << 53) + 1;
        assert_eq!(equals(&Value::Integer(big), &Value::Float(9_007_199_254_740_992.0)), Some(false));
        assert_eq!(equals(&Value::Integer(1), &Value::Float(1.0)), Some(true));
        assert_eq!(order(&Value::Integer(i64::MAX), &Value::Float(9.3e18)), Ordering::Less);
        assert_eq!(order(&Value::Integer(-1), &Value::Float(-1.5)), Ordering::Greater);
        assert_eq!(order(&Value::Integer(1), &Value::Float(f64::NAN)), Ordering::Less);
    }

    #[test]
    fn equality_of_lists_is_three_valued() {
        let one = || Value::Integer(1);
        let two = || Value::Integer(2);
        assert_eq!(equals(&list([one(), two()]), &list([Value::Null, Value::from("foo")])), Some(false));
        assert_eq!(equals(&list([one(), two()]), &list([Value::Null, two()])), None);
        assert_eq!(equals(&list([list([one()])]), &list([list([one()]), list([Value::Null])])), Some(false));
        assert_eq!(equals(&Value::Float(f64::NAN), &Value::Float(f64::NAN)), Some(false));
        assert_eq!(equals(&Value::Integer(1), &Value::from("1")), Some(false));
    }

    #[test]
    fn comparability_follows_the_tables() {
        let number = |n| Value::Integer(n);
        assert_eq!(
            compare(&list([number(1), number(0)]), &list([number(1)])),
            Comparison::Ordered(Ordering::Greater)
        );
        assert_eq!(compare(&list([number(1), number(2)]), &list([number(1), Value::Null])), Comparison::Null);
        assert_eq!(
            compare(&list([number(1), number(2)]), &list([number(3), Value::Null])),
            Comparison::Ordered(Ordering::Less)
        );
        assert_eq!(compare(&Value::Float(f64::NAN), &number(1)), Comparison::Unordered);
        assert_eq!(compare(&Value::Float(f64::NAN), &Value::from("a")), Comparison::Null);
    }

    #[test]
    fn orderability_stands_as_the_specification_lists_it() {
        let ordered = [
            Value::from(Map::new()),
            Value::Node(crate::NodeId(0)),
            Value::Relationship(crate::RelationshipId(0)),
            list([]),
            list([Value::from("a")]),
            list([Value::Integer(1)]),
            list([Value::Integer(1), Value::from("a")]),
            list([Value::Integer(1), Value::Null]),
            list([Value::Null, Value::Integer(1)]),
            Value::from("a"),
            Value::from(false),
            Value::from(true),
            Value::Float(1.5),
            Value::Integer(2),
            Value::Float(f64::NAN),
            Value::Null,
        ];
        for (i, a) in ordered.iter().enumerate() {
            for (j, b) in ordered.iter().enumerate() {
                assert_eq!(order(a, b), i.cmp(&j), "{a:?} against {b:?}");
            }
        }
    }
}
