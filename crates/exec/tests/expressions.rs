//! Expressions: three-valued logic, comparison, arithmetic, containers, entities, iteration.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;

use common::*;
use samyama_exec::expression::{Compiler, RowSubplan};
use samyama_exec::plan::{
    BinaryOperator as B, ComparisonOperator as C, Expression as E, QuantifierKind as Q,
};
use samyama_exec::plan::{LabelExpression as L, Operator, SubplanKind, UnaryOperator as U};
use samyama_exec::{Access, CancelFlag, ExecError, Limits, Parameters};
use samyama_graph::{Draft, Effect, NodeId, RelationshipId, TokenKind, Value};

fn truth(value: Option<bool>) -> E {
    value.map_or_else(null, literal)
}

fn shown(value: Option<bool>) -> String {
    value.map_or("null".to_owned(), |b| b.to_string())
}

#[test]
fn logic_is_three_valued() {
    let all = [Some(true), Some(false), None];
    for a in all {
        assert_eq!(text(&unary(U::Not, truth(a))), shown(a.map(|a| !a)));
        for b in all {
            let and =
                if a == Some(false) || b == Some(false) { Some(false) } else { a.and(b).and(Some(true)) };
            let or = if a == Some(true) || b == Some(true) { Some(true) } else { a.and(b).and(Some(false)) };
            assert_eq!(text(&E::And { operands: vec![truth(a), truth(b)] }), shown(and), "{a:?} AND {b:?}");
            assert_eq!(text(&E::Or { operands: vec![truth(a), truth(b)] }), shown(or), "{a:?} OR {b:?}");
            let xor = a.zip(b).map(|(a, b)| a != b);
            assert_eq!(text(&binary(truth(a), B::Xor, truth(b))), shown(xor), "{a:?} XOR {b:?}");
        }
    }
    golden([
        (E::And { operands: vec![literal(true), literal(1)] }, "TypeError: InvalidArgumentType"),
        (E::And { operands: vec![literal(false), literal(1)] }, "false"),
    ]);
}

#[test]
fn arithmetic_never_wraps() {
    let n = |n: i64| literal(n);
    golden([
        (binary(n(i64::MAX), B::Add, n(1)), "ArithmeticError: IntegerOverflow"),
        (binary(n(i64::MIN), B::Sub, n(1)), "ArithmeticError: IntegerOverflow"),
        (binary(n(i64::MAX), B::Mul, n(2)), "ArithmeticError: IntegerOverflow"),
        (binary(n(i64::MIN), B::Div, n(-1)), "ArithmeticError: IntegerOverflow"),
        (binary(n(i64::MIN), B::Mod, n(-1)), "0"),
        (unary(U::Neg, n(i64::MIN)), "ArithmeticError: IntegerOverflow"),
        (binary(n(1), B::Div, n(0)), "ArithmeticError: DivisionByZero"),
        (binary(n(1), B::Mod, n(0)), "ArithmeticError: DivisionByZero"),
        (binary(literal(0.0), B::Div, literal(0.0)), "NaN"),
        (binary(literal(1.0), B::Div, n(0)), "Infinity"),
        (binary(n(-7), B::Div, n(2)), "-3"),
        (binary(n(-7), B::Mod, n(2)), "-1"),
        (binary(n(4), B::Pow, n(3)), "64.0"),
        (binary(n(1), B::Sub, null()), "null"),
        (binary(n(1), B::Sub, literal("a")), "TypeError: InvalidArgumentType"),
    ]);
}

#[test]
fn plus_joins_strings_and_lists() {
    let one = || list([literal(1)]);
    golden([
        (binary(literal("a"), B::Add, literal("b")), "'ab'"),
        (binary(literal("a"), B::Add, literal(1)), "'a1'"),
        (binary(literal(1.5), B::Add, literal("a")), "'1.5a'"),
        (binary(one(), B::Add, list([literal(2)])), "[1, 2]"),
        (binary(list([one()]), B::Add, literal(2)), "[[1], 2]"),
        (binary(literal(2), B::Add, one()), "[2, 1]"),
        (binary(null(), B::Add, one()), "null"),
    ]);
}

#[test]
fn predicates_and_comparisons() {
    golden([
        (binary(null(), B::In, list([])), "false"),
        (binary(literal(1), B::In, list([null(), literal(1)])), "true"),
        (binary(literal(2), B::In, list([null(), literal(1)])), "null"),
        (binary(literal(1), B::In, literal(1)), "TypeError: InvalidArgumentType"),
        (binary(literal("abc"), B::StartsWith, literal("ab")), "true"),
        (binary(literal("abc"), B::EndsWith, literal(1)), "null"),
        (binary(literal("abc"), B::Contains, literal("")), "true"),
        (binary(literal("abc"), B::Regex, literal("a.")), "false"),
        (binary(literal("abc"), B::Regex, literal("a.|abc")), "true"),
        (binary(literal("abc"), B::Regex, literal("(")), "SyntaxError: InvalidRegex"),
        (compare(literal(1), C::Less, literal("a")), "null"),
        (compare(literal(1), C::Equal, literal("a")), "false"),
        (compare(literal(f64::NAN), C::NotEqual, literal(f64::NAN)), "true"),
        (compare(literal(f64::NAN), C::GreaterOrEqual, literal(1)), "false"),
        (
            E::Comparison {
                operands: vec![literal(1), literal(2), literal(2), literal(3)],
                operators: vec![C::Less, C::Equal, C::NotEqual],
            },
            "true",
        ),
        (
            E::Comparison {
                operands: vec![null(), literal(2), literal(1)],
                operators: vec![C::Less, C::Less],
            },
            "false",
        ),
        (unary(U::IsNull, null()), "true"),
        (unary(U::IsNotNull, null()), "false"),
    ]);
}

#[test]
fn indexing_and_slices() {
    let items = || list([literal(1), literal(2), literal(3)]);
    let index = |container: E, index: E| E::Index { container: Box::new(container), index: Box::new(index) };
    let slice = |start: Option<E>, end: Option<E>| E::Slice {
        list: Box::new(items()),
        start: start.map(Box::new),
        end: end.map(Box::new),
    };
    golden([
        (index(items(), literal(-1)), "3"),
        (index(items(), literal(3)), "null"),
        (index(items(), literal(i64::MIN)), "null"),
        (index(items(), literal("a")), "TypeError: InvalidArgumentType"),
        (index(literal(1), literal(1)), "TypeError: InvalidArgumentType"),
        (index(map([("a", literal(1))]), literal("a")), "1"),
        (index(map([("a", literal(1))]), literal(1)), "TypeError: MapElementAccessByNonString"),
        (index(slot(0), literal("k")), "1"),
        (index(null(), literal(1)), "null"),
        (slice(Some(literal(1)), None), "[2, 3]"),
        (slice(Some(literal(-2)), Some(literal(-1))), "[2]"),
        (slice(Some(literal(3)), Some(literal(1))), "[]"),
        (slice(Some(literal(-9)), Some(literal(9))), "[1, 2, 3]"),
        (slice(Some(null()), None), "null"),
    ]);
}

#[test]
fn iteration() {
    let items = || list([literal(1), null(), literal(3)]);
    let over = |kind, items: E, least: i64| E::Quantifier {
        kind,
        slot: 5,
        list: Box::new(items),
        predicate: Box::new(compare(slot(5), C::GreaterOrEqual, literal(least))),
    };
    let comprehension = E::ListComprehension {
        slot: 5,
        list: Box::new(items()),
        predicate: Some(Box::new(unary(U::IsNotNull, slot(5)))),
        projection: Some(Box::new(binary(slot(5), B::Mul, literal(2)))),
    };
    let sum = E::Reduce {
        accumulator: 6,
        initial: Box::new(literal(10)),
        slot: 5,
        list: Box::new(list([literal(1), literal(2)])),
        body: Box::new(binary(slot(6), B::Add, slot(5))),
    };
    golden([
        (comprehension, "[2, 6]"),
        (sum, "13"),
        (over(Q::All, items(), 2), "false"),
        (over(Q::All, items(), 1), "null"),
        (over(Q::Any, items(), 3), "true"),
        (over(Q::Any, items(), 4), "null"),
        (over(Q::None, items(), 4), "null"),
        (over(Q::None, items(), 3), "false"),
        (over(Q::Single, items(), 1), "false"),
        (over(Q::Single, list([literal(1)]), 1), "true"),
        (over(Q::All, list([]), 1), "true"),
        (over(Q::None, list([]), 1), "true"),
        (over(Q::Any, list([]), 1), "false"),
        (over(Q::Single, list([]), 1), "false"),
        (over(Q::Any, null(), 1), "null"),
        (over(Q::Any, literal(1), 1), "TypeError: InvalidArgumentType"),
    ]);
}

#[test]
fn case_compares_with_equality() {
    let simple = |subject: E, when: E| E::Case {
        subject: Some(Box::new(subject)),
        whens: vec![when],
        thens: vec![literal("hit")],
        otherwise: None,
    };
    golden([
        (simple(literal(1), literal(1.0)), "'hit'"),
        (simple(null(), null()), "null"),
        (simple(literal(10.1), literal(10)), "null"),
    ]);
}

#[test]
fn entities_have_properties_labels_and_types() {
    let name = |name: &str| L::LabelName { name: Arc::from(name) };
    let has = |entity, labels| E::HasLabels { entity: Box::new(entity), labels };
    golden([
        (property(slot(0), "k"), "1"),
        (property(slot(0), "unknown"), "null"),
        (property(slot(2), "k"), "'r'"),
        (property(literal(1), "k"), "TypeError: InvalidArgumentType"),
        (property(null(), "k"), "null"),
        (has(slot(0), name("A")), "true"),
        (has(slot(0), L::LabelAnd { operands: vec![name("A"), name("B")] }), "false"),
        (has(slot(1), L::LabelAnd { operands: vec![name("A"), name("B")] }), "true"),
        (has(slot(1), L::LabelNot { operand: Box::new(name("Unknown")) }), "true"),
        (has(slot(2), name("T")), "true"),
        (has(slot(2), L::LabelOr { operands: vec![name("A"), L::LabelAny] }), "true"),
        (has(null(), name("A")), "null"),
        (E::PathBuild { slots: vec![0, 2, 1] }, "(0)-[0]->(1)"),
        (E::PathBuild { slots: vec![1, 2, 0] }, "(1)<-[0]-(0)"),
        (E::PathBuild { slots: vec![0, 3, 1] }, "null"),
        (call("labels", [slot(1)]), "['A', 'B']"),
        (call("keys", [slot(0)]), "['k']"),
        (call("type", [slot(2)]), "'T'"),
        (call("type", [slot(0)]), "TypeError: InvalidArgumentValue"),
        (call("properties", [slot(2)]), "{k: 'r'}"),
        (call("startnode", [slot(2)]), "(0)"),
        (call("nodes", [E::PathBuild { slots: vec![0, 2, 1] }]), "[(0), (1)]"),
        (call("length", [E::PathBuild { slots: vec![0] }]), "0"),
        (call("id", [slot(1)]), "1"),
    ]);
}

/// Names are looked up again when a draft makes tokens while the statement runs, and deleted things answer as they must.
#[test]
fn a_draft_that_changes_is_followed() {
    let mut draft = Draft::new(&graph());
    let parameters = Parameters::default();
    let mut context = context(Access::Write(&mut draft), &parameters);
    let new_key = property(slot(0), "late");
    assert!(evaluate_in(&new_key, &mut context).unwrap().is_null());
    let apply =
        |context: &mut samyama_exec::expression::Context<'_>, effect: Effect| match &mut context.access {
            Access::Write(draft) => draft.apply(&effect).unwrap(),
            Access::Read(_) => unreachable!("the context writes"),
        };
    apply(&mut context, Effect::CreateToken { kind: TokenKind::PropertyKey, id: 1, name: Arc::from("late") });
    let key = samyama_graph::KeyId(1);
    apply(&mut context, Effect::SetNodeProperty { id: NodeId(0), key, value: Value::Integer(5) });
    assert!(matches!(evaluate_in(&new_key, &mut context).unwrap(), Value::Integer(5)));

    let id = RelationshipId(0);
    let ends = context.graph().relationship(id).unwrap();
    context.deleted_relationships.insert(id, ends);
    apply(&mut context, Effect::DeleteRelationship { id });
    apply(&mut context, Effect::DeleteNode { id: NodeId(0) });
    assert!(
        matches!(evaluate_in(&call("type", [slot(2)]), &mut context).unwrap(), Value::String(t) if &*t == "T")
    );
    assert!(matches!(evaluate_in(&call("id", [slot(0)]), &mut context).unwrap(), Value::Integer(0)));
    for gone in [
        property(slot(0), "k"),
        property(slot(0), "unknown"),
        property(slot(2), "k"),
        call("labels", [slot(0)]),
        call("keys", [slot(2)]),
    ] {
        let error = evaluate_in(&gone, &mut context).unwrap_err();
        assert_eq!(
            (error.error_type, error.detail),
            ("EntityNotFound", "DeletedEntityAccess"),
            "of {gone:?}"
        );
    }
}

#[test]
fn parameters_are_bound_when_compiled() {
    let view = graph();
    let named = samyama_graph::Map::from_pairs([(Arc::from("p"), Value::Integer(4))]);
    let parameters = Parameters { named: Arc::new(named), literals: vec![Value::from("x")] };
    let mut context = context(Access::Read(&view), &parameters);
    let parameter = |name: &str| E::Parameter { name: Arc::from(name) };
    assert!(matches!(evaluate_in(&parameter("p"), &mut context).unwrap(), Value::Integer(4)));
    assert!(matches!(evaluate_in(&E::AutoParameter { index: 0 }, &mut context).unwrap(), Value::String(_)));
    assert_eq!(evaluate_in(&parameter("q"), &mut context).unwrap_err().detail, "MissingParameter");
    assert_eq!(evaluate_in(&call("nonsense", []), &mut context).unwrap_err().detail, "UnknownFunction");
}

#[test]
fn what_would_not_fit_is_refused_before_it_is_allocated() {
    let view = graph();
    let parameters = Parameters::default();
    let limits = Limits { memory_bytes_max: 1 << 20, deadline: None, budget: None, may_wait: true };
    let new = || {
        let access = Access::Read(&view);
        samyama_exec::expression::Context::new(
            access,
            &parameters,
            draws(),
            limits.clone(),
            CancelFlag::default(),
        )
    };
    let doubling = E::Reduce {
        accumulator: 6,
        initial: Box::new(literal("0123456789abcdef")),
        slot: 5,
        list: Box::new(call("range", [literal(1), literal(60)])),
        body: Box::new(binary(slot(6), B::Add, slot(6))),
    };
    let nested = E::ListComprehension {
        slot: 5,
        list: Box::new(call("range", [literal(1), literal(1000)])),
        predicate: None,
        projection: Some(Box::new(call("range", [literal(1), literal(1000)]))),
    };
    for expression in [
        call("range", [literal(0), literal(i64::MAX)]),
        call("range", [literal(i64::MIN), literal(i64::MAX)]),
        doubling,
        nested,
        call("replace", [literal("aaaa"), literal("a"), literal("x".repeat(1 << 19))]),
    ] {
        let mut context = new();
        let error = evaluate_in(&expression, &mut context).unwrap_err();
        assert_eq!(error.code, "Neo.ClientError.General.TransactionOutOfMemoryError", "{expression:?}");
        assert_eq!(context.memory.used_bytes(), 0, "what was charged is released");
    }
    let mut context = new();
    context.cancel.raise();
    let long = E::ListComprehension {
        slot: 5,
        list: Box::new(call("range", [literal(1), literal(5000)])),
        predicate: None,
        projection: None,
    };
    assert_eq!(evaluate_in(&long, &mut context).unwrap_err().error_type, "Terminated");
}

struct Answer(i64);
impl RowSubplan for Answer {
    fn run(
        &mut self,
        row: &mut [Value],
        _: &mut samyama_exec::expression::Context<'_>,
    ) -> Result<Value, ExecError> {
        self.0 += 1;
        Ok(Value::from(vec![row[0].clone(), Value::Integer(self.0)]))
    }
}

#[test]
fn subplans_are_run_by_number() {
    let view = graph();
    let parameters = Parameters::default();
    let mut context = context(Access::Read(&view), &parameters);
    let argument = samyama_exec::plan::Argument { info: Default::default() };
    let input = Arc::new(Operator::Argument(Box::new(argument)));
    let expression = E::Subplan { kind: SubplanKind::Collect, input, slot: Some(0) };
    let mut tokens = Default::default();
    let compiled = Compiler {
        tokens: &mut tokens,
        parameters: &parameters,
        subplans: &mut |kind, _, slot, _| {
            assert_eq!((kind, slot), (SubplanKind::Collect, Some(0)));
            Ok(0)
        },
    }
    .compile(&expression)
    .unwrap();
    context.subplans.push(Some(Box::new(Answer(0))));
    let mut row = [Value::Integer(9)];
    for turn in ["[9, 1]", "[9, 2]"] {
        let value = compiled.evaluate(&mut row, &mut context).unwrap();
        assert_eq!(samyama_exec::functions::to_text(&value), turn);
    }
}

/// Values nested without bound would overflow the stack of whoever compares, writes or drops them.
#[test]
fn nesting_is_bounded() {
    let wrapped = |body: E, rounds: i64| E::Reduce {
        accumulator: 6,
        initial: Box::new(list([])),
        slot: 5,
        list: Box::new(call("range", [literal(1), literal(rounds)])),
        body: Box::new(body),
    };
    let bodies: [fn() -> E; 3] =
        [|| list([slot(6)]), || map([("k", slot(6))]), || binary(list([]), B::Add, map([("k", slot(6))]))];
    for body in bodies {
        assert!(evaluate(&call("size", [list([wrapped(body(), 100)])])).is_ok());
        let error = evaluate(&wrapped(body(), 100_000)).unwrap_err();
        assert!(error.message.contains("levels deep"), "{}", error.message);
    }
}

/// The deepest expression a plan may hold is compiled and evaluated within half the default stack of a thread. The
/// unoptimised build, which nobody ships, has larger frames.
#[test]
fn the_deepest_plan_is_evaluated() {
    let stack_bytes = if cfg!(debug_assertions) { 6 << 20 } else { 1 << 20 };
    let thread = std::thread::Builder::new().stack_size(stack_bytes).spawn(|| {
        let deep = |wrap: fn(E) -> E| (0..250).fold(literal(1), |inner, _| wrap(inner));
        assert_eq!(text(&deep(|e| unary(U::Neg, e))), "1");
        assert_eq!(text(&deep(|e| binary(e, B::Add, literal(1)))), "251");
        assert_eq!(text(&deep(|e| call("abs", [e]))), "1");
        let quantified = (0..250).fold(literal(true), |inner, _| E::Quantifier {
            kind: Q::All,
            slot: 5,
            list: Box::new(list([literal(1)])),
            predicate: Box::new(inner),
        });
        assert_eq!(text(&quantified), "true");
    });
    thread.unwrap().join().unwrap();
}
