//! Plan expressions by hand, and their evaluation on a small graph.
#![allow(clippy::unwrap_used, clippy::expect_used, dead_code)]

use std::sync::Arc;

use samyama_exec::expression::{Compiler, Context, Tokens};
use samyama_exec::functions::to_text;
use samyama_exec::plan::{BinaryOperator, ComparisonOperator, Expression as E, UnaryOperator};
use samyama_exec::{Access, CancelFlag, Draws, ExecError, Limits, Parameters};
use samyama_graph::{Draft, Effect, LabelId, NodeId, RelationshipId, TokenKind, TypeId, Value, View};

/// 2026-11-24T02:30:00.123456789Z.
pub const NOW_NS: i128 = 1_795_487_400_123_456_789;

pub fn literal(value: impl Into<Value>) -> E {
    E::Literal { value: value.into() }
}
pub fn null() -> E {
    E::Literal { value: Value::Null }
}
pub fn slot(slot: u32) -> E {
    E::Slot { slot }
}
pub fn list(items: impl IntoIterator<Item = E>) -> E {
    E::ListLiteral { items: items.into_iter().collect() }
}
pub fn map(entries: impl IntoIterator<Item = (&'static str, E)>) -> E {
    let (keys, values) = entries.into_iter().map(|(k, v)| (Arc::from(k), v)).unzip();
    E::MapLiteral { keys, values }
}
pub fn call(name: &str, arguments: impl IntoIterator<Item = E>) -> E {
    E::Function { name: Arc::from(name), arguments: arguments.into_iter().collect() }
}
pub fn binary(left: E, operator: BinaryOperator, right: E) -> E {
    E::Binary { operator, left: Box::new(left), right: Box::new(right) }
}
pub fn unary(operator: UnaryOperator, operand: E) -> E {
    E::Unary { operator, operand: Box::new(operand) }
}
pub fn compare(left: E, operator: ComparisonOperator, right: E) -> E {
    E::Comparison { operands: vec![left, right], operators: vec![operator] }
}
pub fn property(entity: E, key: &str) -> E {
    E::Property { entity: Box::new(entity), key: Arc::from(key) }
}

/// `(0:A {k: 1})-[0:T {k: 'r'}]->(1:A:B)`; slots 0 and 1 are the nodes, 2 is the relationship.
pub fn graph() -> View {
    let mut draft = Draft::new(&View::default());
    let token = |kind, id, name: &str| Effect::CreateToken { kind, id, name: Arc::from(name) };
    let key = samyama_graph::KeyId(0);
    for effect in [
        token(TokenKind::Label, 0, "A"),
        token(TokenKind::Label, 1, "B"),
        token(TokenKind::RelationshipType, 0, "T"),
        token(TokenKind::PropertyKey, 0, "k"),
        Effect::CreateNode {
            id: NodeId(0),
            labels: vec![LabelId(0)],
            properties: vec![(key, Value::Integer(1))],
        },
        Effect::CreateNode { id: NodeId(1), labels: vec![LabelId(0), LabelId(1)], properties: vec![] },
        Effect::CreateRelationship {
            id: RelationshipId(0),
            start: NodeId(0),
            end: NodeId(1),
            type_id: TypeId(0),
            properties: vec![(key, Value::from("r"))],
        },
    ] {
        draft.apply(&effect).unwrap();
    }
    draft.freeze()
}

pub fn limits() -> Limits {
    Limits { memory_bytes_max: 64 << 20, deadline: None, budget: None, may_wait: true }
}

pub fn draws() -> Draws {
    Draws { random_seed: 7, statement_ns: NOW_NS, transaction_ns: NOW_NS - 1_000_000_000 }
}

pub fn context<'a>(access: Access<'a>, parameters: &'a Parameters) -> Context<'a> {
    Context::new(access, parameters, draws(), limits(), CancelFlag::default())
}

/// Evaluate on [`graph`]; slots 3 to 9 are free.
pub fn evaluate(expression: &E) -> Result<Value, ExecError> {
    let view = graph();
    let parameters = Parameters::default();
    let mut context = context(Access::Read(&view), &parameters);
    evaluate_in(expression, &mut context)
}

pub fn evaluate_in(expression: &E, context: &mut Context<'_>) -> Result<Value, ExecError> {
    let mut tokens = std::mem::take(&mut context.tokens);
    let compiled = Compiler {
        tokens: &mut tokens,
        parameters: context.parameters,
        subplans: &mut |_, _, _, _: &mut Tokens| Err(ExecError::internal("no subplans here")),
    }
    .compile(expression);
    context.tokens = tokens;
    let mut row = vec![Value::Null; 10];
    row[0] = Value::Node(NodeId(0));
    row[1] = Value::Node(NodeId(1));
    row[2] = Value::Relationship(RelationshipId(0));
    compiled?.evaluate(&mut row, context)
}

/// The value as text, or the error as `type: detail`.
pub fn text(expression: &E) -> String {
    match evaluate(expression) {
        Ok(value) => to_text(&value),
        Err(error) => format!("{}: {}", error.error_type, error.detail),
    }
}

/// Every row: an expression and its text.
pub fn golden(rows: impl IntoIterator<Item = (E, &'static str)>) {
    for (expression, expected) in rows {
        assert_eq!(text(&expression), expected, "of {expression:?}");
    }
}
