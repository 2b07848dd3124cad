//! Functions family by family, as tables.
#![allow(clippy::unwrap_used)]

mod common;

use common::*;
use samyama_exec::functions::{all, element_id, id_of_element_id};
use samyama_exec::plan::Expression as E;
use samyama_exec::{Access, Parameters};
use samyama_graph::{NodeId, Value};

const WRONG: &str = "TypeError: InvalidArgumentValue";
const RANGE: &str = "ArgumentError: NumberOutOfRange";

fn s(text: &str) -> E {
    literal(text)
}

#[test]
fn strings() {
    golden([
        (call("substring", [s("héllo"), literal(1), literal(3)]), "'éll'"),
        (call("substring", [s("abc"), literal(9)]), "''"),
        (call("substring", [s("abc"), literal(-1)]), RANGE),
        (call("left", [s("aé𝄞"), literal(2)]), "'aé'"),
        (call("right", [s("aé𝄞"), literal(2)]), "'é𝄞'"),
        (call("right", [s("a"), literal(5)]), "'a'"),
        (call("left", [s("a"), literal(-1)]), RANGE),
        (call("trim", [s("  a ")]), "'a'"),
        (call("ltrim", [s("xxax"), s("x")]), "'ax'"),
        (call("rtrim", [s(" a ")]), "' a'"),
        (call("replace", [s("aXbX"), s("X"), s("--")]), "'a--b--'"),
        (call("replace", [s("aXbX"), s("X"), s("-"), literal(1)]), "'a-bX'"),
        (call("replace", [s("ab"), s(""), s("-")]), "'-a-b-'"),
        (call("split", [s("a,b,"), s(",")]), "['a', 'b', '']"),
        (call("split", [s("a,b;c"), list([s(","), s(";")])]), "['a', 'b', 'c']"),
        (call("split", [s("añ"), s("")]), "['a', 'ñ']"),
        (call("split", [null(), s(",")]), "null"),
        (call("reverse", [s("aé")]), "'éa'"),
        (call("toupper", [s("straße")]), "'STRASSE'"),
        (call("tolower", [literal(1)]), WRONG),
        (call("size", [s("aé𝄞")]), "3"),
        (call("char_length", [s("aé")]), "2"),
    ]);
}

#[test]
fn lists() {
    let three = || list([literal(1), literal(2), literal(3)]);
    let n = |n: i64| literal(n);
    golden([
        (call("head", [three()]), "1"),
        (call("last", [three()]), "3"),
        (call("tail", [three()]), "[2, 3]"),
        (call("tail", [list([])]), "[]"),
        (call("head", [list([])]), "null"),
        (call("head", [null()]), "null"),
        (call("size", [three()]), "3"),
        (call("size", [literal(1)]), WRONG),
        (call("isempty", [map([])]), "true"),
        (call("reverse", [three()]), "[3, 2, 1]"),
        (call("range", [n(0), n(3)]), "[0, 1, 2, 3]"),
        (call("range", [n(3), n(0), n(-2)]), "[3, 1]"),
        (call("range", [n(3), n(0)]), "[]"),
        (call("range", [n(0), n(3), n(-1)]), "[]"),
        (call("range", [n(2), n(2), n(-1)]), "[2]"),
        (call("range", [n(i64::MAX - 1), n(i64::MAX)]), "[9223372036854775806, 9223372036854775807]"),
        (call("range", [n(0), n(1), n(0)]), RANGE),
        (call("range", [literal(true), n(1), n(1)]), "ArgumentError: InvalidArgumentType"),
        (call("range", [n(0), null()]), "ArgumentError: InvalidArgumentType"),
        (call("coalesce", [null(), n(1), call("range", [n(0), n(1), n(0)])]), "1"),
        (call("coalesce", [null()]), "null"),
    ]);
}

#[test]
fn conversions() {
    golden([
        (call("tointeger", [s("2.9")]), "2"),
        (call("tointeger", [s(" 42 ")]), "42"),
        (call("tointeger", [s("foo")]), "null"),
        (call("tointeger", [literal(-2.9)]), "-2"),
        (call("tointeger", [literal(1e300)]), "null"),
        (call("tointeger", [literal(true)]), "1"),
        (call("tointeger", [list([])]), WRONG),
        (call("tofloat", [s("1e3")]), "1000.0"),
        (call("tofloat", [s("inf")]), "null"),
        (call("tofloat", [literal(true)]), WRONG),
        (call("toboolean", [s("TRUE")]), "true"),
        (call("toboolean", [literal(0)]), "false"),
        (call("toboolean", [s("x")]), "null"),
        (call("toboolean", [literal(1.0)]), WRONG),
        (call("tostring", [literal(1.0)]), "'1.0'"),
        (call("tostring", [list([])]), WRONG),
        (call("tostring", [slot(0)]), WRONG),
        (call("tointegerornull", [list([])]), "null"),
        (call("tofloatlist", [list([s("1"), s("x"), null()])]), "[1.0, null, null]"),
        (call("tostringlist", [literal(1)]), WRONG),
        (call("valuetype", [list([literal(1), null()])]), "'LIST<INTEGER> NOT NULL'"),
        (call("valuetype", [literal(1)]), "'INTEGER NOT NULL'"),
        (call("nullif", [literal(1), literal(1.0)]), "null"),
    ]);
}

#[test]
fn numbers() {
    golden([
        (call("abs", [literal(i64::MIN)]), "ArithmeticError: IntegerOverflow"),
        (call("abs", [literal(-1.5)]), "1.5"),
        (call("sign", [literal(-1.5)]), "-1"),
        (call("ceil", [literal(1.2)]), "2.0"),
        (call("floor", [literal(-1.2)]), "-2.0"),
        (call("round", [literal(2.5)]), "3.0"),
        (call("round", [literal(-2.5)]), "-2.0"),
        (call("round", [literal(1.25), literal(1)]), "1.3"),
        (call("round", [literal(-1.25), literal(1)]), "-1.3"),
        (call("round", [literal(1.25), literal(1), s("HALF_EVEN")]), "1.2"),
        (call("round", [literal(1.25), literal(1), s("HALF_DOWN")]), "1.2"),
        (call("round", [literal(1.21), literal(1), s("UP")]), "1.3"),
        (call("round", [literal(1.2), literal(-1)]), RANGE),
        (call("round", [literal(1.2), literal(1), s("x")]), "ArgumentError: InvalidArgumentValue"),
        (call("round", [literal(1e300), literal(300)]), "1.0E300"),
        (call("sqrt", [literal(-1)]), "NaN"),
        (call("log", [literal(0)]), "-Infinity"),
        (call("atan2", [literal(1), literal(0)]), "1.5707963267948966"),
        (call("isnan", [literal(f64::NAN)]), "true"),
        (call("sin", [s("x")]), WRONG),
        (call("pi", []), "3.141592653589793"),
    ]);
}

#[test]
fn points() {
    let point = |x: f64, y: f64| call("point", [map([("x", literal(x)), ("y", literal(y))])]);
    let earth = |x: f64, y: f64| call("point", [map([("longitude", literal(x)), ("latitude", literal(y))])]);
    golden([
        (point(1.0, 2.0), "point({x: 1.0, y: 2.0, crs: 'cartesian'})"),
        (earth(181.0, 91.0), "ArgumentError: InvalidArgumentValue"),
        (call("point", [map([("x", literal(1))])]), "ArgumentError: InvalidArgumentValue"),
        (call("point", [map([("x", null()), ("y", literal(1))])]), "null"),
        (call("point.distance", [point(0.0, 0.0), point(3.0, 4.0)]), "5.0"),
        (call("point.distance", [point(0.0, 0.0), earth(3.0, 4.0)]), "null"),
        (call("point.withinbbox", [point(1.0, 1.0), point(0.0, 0.0), point(2.0, 2.0)]), "true"),
        (call("point.withinbbox", [earth(179.5, 1.0), earth(179.0, 0.0), earth(-179.0, 2.0)]), "true"),
        (property(earth(1.0, 2.0), "latitude"), "2.0"),
        (property(point(1.0, 2.0), "latitude"), "null"),
        (property(point(1.0, 2.0), "crs"), "'cartesian'"),
    ]);
}

/// Every function but those that look at null gives null for null, and none panics on arguments of any type.
#[test]
fn every_function_survives_every_type() {
    let date = || call("date", [s("2015-07-21")]);
    let values: Vec<fn() -> E> = vec![
        null,
        || literal(true),
        || literal(i64::MIN),
        || literal(i64::MAX),
        || literal(f64::NAN),
        || literal(-1.5e300),
        || literal("é"),
        || list([literal(1), null()]),
        || map([("year", literal(i64::MAX)), ("hour", literal(-1))]),
        || slot(0),
        || slot(2),
        || E::PathBuild { slots: vec![0, 2, 1] },
    ];
    for (name, arity) in all() {
        for count in *arity.start()..=(*arity.end()).min(3) {
            for value in &values {
                let _ = evaluate(&call(name, (0..count).map(|_| value())));
                let _ = evaluate(&call(name, (0..count).map(|i| if i == 0 { date() } else { value() })));
                let _ = evaluate(&call(name, (0..count).map(|i| if i == 0 { s("day") } else { value() })));
            }
            let sees_null =
                matches!(name, "exists" | "range" | "valuetype" | "nullif" | "apoc.util.validatepredicate");
            if count > 0 && !sees_null {
                assert_eq!(text(&call(name, (0..count).map(|_| null()))), "null", "{name} of null");
            }
        }
    }
}

#[test]
fn random_numbers_are_the_statements_own_sequence() {
    let view = graph();
    let parameters = Parameters::default();
    let draw = || {
        let mut context = context(Access::Read(&view), &parameters);
        let calls = list([call("rand", []), call("rand", []), call("randomuuid", [])]);
        samyama_exec::functions::to_text(&evaluate_in(&calls, &mut context).unwrap())
    };
    assert_eq!(draw(), draw(), "the same seed gives the same numbers");
    let text = draw();
    let parts: Vec<&str> = text.trim_matches(['[', ']']).split(", ").collect();
    assert_ne!(parts[0], parts[1], "each evaluation draws anew");
    let uuid = parts[2].trim_matches('\'');
    assert_eq!((uuid.len(), &uuid[14..15]), (36, "4"));
    assert!(matches!(&uuid[19..20], "8" | "9" | "a" | "b"), "{uuid}");
}

#[test]
fn element_ids_name_kind_and_database() {
    let Some(Value::String(text)) = element_id(&Value::Node(NodeId(7)), "uuid") else {
        panic!("a node has one")
    };
    assert_eq!(&*text, "4:uuid:7");
    assert_eq!(id_of_element_id(&text, '4', "uuid"), Some(7));
    for (text, kind) in [("4:uuid:7", '5'), ("4:other:7", '4'), ("4:uuid:-7", '4'), ("7", '4'), ("", '4')] {
        assert_eq!(id_of_element_id(text, kind, "uuid"), None, "{text}");
    }
}
