//! Laws of the value semantics, over generated values.
#![allow(clippy::unwrap_used)]

mod common;

use std::cmp::Ordering;
use std::hash::{DefaultHasher, Hasher};
use std::sync::Arc;

use common::*;
use proptest::prelude::*;
use samyama_exec::plan::{BinaryOperator as B, ComparisonOperator as C, Expression as E};
use samyama_graph::compare::{equals, equivalent, hash_equivalent, order};
use samyama_graph::{Duration, Map, Value};

/// Few distinct leaves, so that equal values meet often.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Boolean),
        (-2_i64..3).prop_map(Value::Integer),
        prop_oneof![Just(i64::MAX), Just(i64::MIN), Just((1 << 53) + 1)].prop_map(Value::Integer),
        prop_oneof![
            Just(0.0),
            Just(-0.0),
            Just(1.0),
            Just(0.5),
            Just(f64::NAN),
            Just(f64::INFINITY),
            Just(9.007_199_254_740_992e15)
        ]
        .prop_map(Value::Float),
        "[ab]{0,2}".prop_map(Value::from),
        (0_i64..2, 0_i64..2).prop_map(|(months, days)| {
            Value::Duration(Arc::new(Duration { months, days, seconds: 0, nanoseconds: 0 }))
        }),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec(("[kl]", inner), 0..3).prop_map(|pairs| Value::from(Map::from_pairs(
                pairs.into_iter().map(|(k, v)| (Arc::from(k), v))
            ))),
        ]
    })
}

fn hash(value: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    hash_equivalent(value, &mut hasher);
    hasher.finish()
}

fn constant(value: &Value) -> E {
    E::Literal { value: value.clone() }
}

proptest! {
    #[test]
    fn order_is_total(a in value(), b in value(), c in value()) {
        prop_assert_eq!(order(&a, &a), Ordering::Equal);
        prop_assert_eq!(order(&a, &b), order(&b, &a).reverse());
        if order(&a, &b).is_le() && order(&b, &c).is_le() {
            prop_assert!(order(&a, &c).is_le(), "order is transitive");
        }
    }

    #[test]
    fn equivalence_agrees_with_hash_and_equality(a in value(), b in value()) {
        if equivalent(&a, &b) {
            prop_assert_eq!(hash(&a), hash(&b), "equivalent values hash alike");
        }
        if equals(&a, &b) == Some(true) {
            prop_assert!(equivalent(&a, &b), "equal values are equivalent");
        }
        prop_assert_eq!(equals(&a, &b), equals(&b, &a));
    }

    #[test]
    fn comparisons_fit_together(a in value(), b in value()) {
        let ask = |left: &Value, operator: C, right: &Value| text(&compare(constant(left), operator, constant(right)));
        prop_assert_eq!(ask(&a, C::Less, &b), ask(&b, C::Greater, &a));
        prop_assert_eq!(ask(&a, C::LessOrEqual, &b), ask(&b, C::GreaterOrEqual, &a));
        if ask(&a, C::Less, &b) == "true" {
            prop_assert_eq!(ask(&a, C::LessOrEqual, &b), "true");
            prop_assert_eq!(ask(&a, C::GreaterOrEqual, &b), "false");
        }
        let (equal, different) = (ask(&a, C::Equal, &b), ask(&a, C::NotEqual, &b));
        prop_assert!(matches!((&*equal, &*different), ("true", "false") | ("false", "true") | ("null", "null")));
    }

    /// Ternary partition: of any predicate exactly one of p, NOT p, p IS NULL holds.
    #[test]
    fn a_predicate_holds_fails_or_is_null(a in value(), items in prop::collection::vec(value(), 0..4)) {
        let found = text(&binary(constant(&a), B::In, constant(&Value::from(items.clone()))));
        let answers: Vec<_> = items.iter().map(|item| equals(&a, item)).collect();
        let expected = if answers.contains(&Some(true)) {
            "true"
        } else if answers.contains(&None) {
            "null"
        } else {
            "false"
        };
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn integers_are_exact_or_an_error(a in any::<i64>(), b in any::<i64>()) {
        let wide = [(B::Add, i128::from(a) + i128::from(b)), (B::Sub, i128::from(a) - i128::from(b)), (B::Mul, i128::from(a) * i128::from(b))];
        for (operator, exact) in wide {
            let expected = i64::try_from(exact).map_or("ArithmeticError: IntegerOverflow".to_owned(), |i| i.to_string());
            prop_assert_eq!(text(&binary(literal(a), operator, literal(b))), expected);
        }
    }

    /// A duration is read back from its own text.
    #[test]
    fn durations_survive_their_text(months in any::<i32>(), days in any::<i32>(), seconds in any::<i32>(), ns in 0..1_000_000_000_i32) {
        let duration = Duration { months: months.into(), days: days.into(), seconds: seconds.into(), nanoseconds: ns };
        let original = Value::Duration(Arc::new(duration));
        let again = evaluate(&call("duration", [call("tostring", [constant(&original)])])).unwrap();
        prop_assert!(equivalent(&original, &again), "{duration:?}");
    }

    /// Dates, by days, too; and what lies between two dates leads from one to the other.
    #[test]
    fn dates_survive_their_text_and_their_difference(a in -400_000_000_i64..400_000_000, b in -400_000_000_i64..400_000_000) {
        let date = |days| Value::Date(samyama_graph::Date { days });
        let again = evaluate(&call("date", [call("tostring", [constant(&date(a))])])).unwrap();
        prop_assert!(equivalent(&date(a), &again));
        let between = call("duration.between", [constant(&date(a)), constant(&date(b))]);
        let moved = evaluate(&binary(constant(&date(a)), B::Add, between)).unwrap();
        prop_assert!(equivalent(&date(b), &moved), "{} to {}", a, b);
    }
}
