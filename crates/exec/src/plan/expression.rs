//! Expressions of a plan, as the planner wrote them: names are names here (bound in `crate::expression`).

use std::sync::Arc;

use samyama_graph::Value;
use serde::Deserialize;

use super::Operator;
use super::literal::literal_value;

#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "op", deny_unknown_fields)]
pub enum Expression {
    Literal {
        #[serde(deserialize_with = "literal_value")]
        value: Value,
    },
    Parameter {
        name: Arc<str>,
    },
    /// The literal that the plan cache cut out of the text as number `index`.
    AutoParameter {
        index: usize,
    },
    Slot {
        slot: u32,
    },
    Property {
        entity: Box<Expression>,
        key: Arc<str>,
    },
    Index {
        container: Box<Expression>,
        index: Box<Expression>,
    },
    Slice {
        list: Box<Expression>,
        start: Option<Box<Expression>>,
        end: Option<Box<Expression>>,
    },
    ListLiteral {
        items: Vec<Expression>,
    },
    MapLiteral {
        keys: Vec<Arc<str>>,
        values: Vec<Expression>,
    },
    Unary {
        operator: UnaryOperator,
        operand: Box<Expression>,
    },
    Binary {
        operator: BinaryOperator,
        left: Box<Expression>,
        right: Box<Expression>,
    },
    And {
        operands: Vec<Expression>,
    },
    Or {
        operands: Vec<Expression>,
    },
    /// The conjunction of neighbours, each operand evaluated once; one more operand than operators.
    Comparison {
        operands: Vec<Expression>,
        operators: Vec<ComparisonOperator>,
    },
    HasLabels {
        entity: Box<Expression>,
        labels: LabelExpression,
    },
    /// A built-in function by its lower-case name.
    Function {
        name: Arc<str>,
        arguments: Vec<Expression>,
    },
    /// Searched when `subject` is absent, else simple, compared with `=`.
    Case {
        subject: Option<Box<Expression>>,
        whens: Vec<Expression>,
        thens: Vec<Expression>,
        otherwise: Option<Box<Expression>>,
    },
    ListComprehension {
        slot: u32,
        list: Box<Expression>,
        predicate: Option<Box<Expression>>,
        projection: Option<Box<Expression>>,
    },
    Quantifier {
        kind: QuantifierKind,
        slot: u32,
        list: Box<Expression>,
        predicate: Box<Expression>,
    },
    Reduce {
        accumulator: u32,
        initial: Box<Expression>,
        slot: u32,
        list: Box<Expression>,
        body: Box<Expression>,
    },
    /// Slots of node, relationship (or list of them), node, ...
    PathBuild {
        slots: Vec<u32>,
    },
    Subplan {
        kind: SubplanKind,
        input: Arc<Operator>,
        #[serde(default)]
        slot: Option<u32>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnaryOperator {
    Not,
    Neg,
    Pos,
    IsNull,
    IsNotNull,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BinaryOperator {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Xor,
    In,
    StartsWith,
    EndsWith,
    Contains,
    Regex,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum ComparisonOperator {
    #[serde(rename = "=")]
    Equal,
    #[serde(rename = "<>")]
    NotEqual,
    #[serde(rename = "<")]
    Less,
    #[serde(rename = "<=")]
    LessOrEqual,
    #[serde(rename = ">")]
    Greater,
    #[serde(rename = ">=")]
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum QuantifierKind {
    All,
    Any,
    None,
    Single,
}

/// Does the subplan give a row, how many, or the list of `slot` over its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SubplanKind {
    Exists,
    Count,
    Collect,
}

/// What labels a node (or which type a relationship) must have.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "op", deny_unknown_fields)]
pub enum LabelExpression {
    LabelName { name: Arc<str> },
    LabelAny,
    LabelNot { operand: Box<LabelExpression> },
    LabelAnd { operands: Vec<LabelExpression> },
    LabelOr { operands: Vec<LabelExpression> },
}

impl Expression {
    /// Calls `visit` on every direct sub-expression; operators of subplans are not entered.
    pub fn for_each_child<'a>(&'a self, visit: &mut dyn FnMut(&'a Expression)) {
        use Expression as E;
        match self {
            E::Literal { .. }
            | E::Parameter { .. }
            | E::AutoParameter { .. }
            | E::Slot { .. }
            | E::PathBuild { .. }
            | E::Subplan { .. } => {}
            E::Property { entity, .. } | E::HasLabels { entity, .. } => visit(entity),
            E::Unary { operand, .. } => visit(operand),
            E::Index { container: a, index: b } | E::Binary { left: a, right: b, .. } => {
                visit(a);
                visit(b);
            }
            E::Slice { list, start, end } => {
                visit(list);
                start.iter().chain(end).for_each(|e| visit(e));
            }
            E::ListLiteral { items } => items.iter().for_each(visit),
            E::MapLiteral { values, .. } => values.iter().for_each(visit),
            E::And { operands } | E::Or { operands } | E::Comparison { operands, .. } => {
                operands.iter().for_each(visit);
            }
            E::Function { arguments, .. } => arguments.iter().for_each(visit),
            E::Case { subject, whens, thens, otherwise } => {
                subject.iter().for_each(|e| visit(e));
                whens.iter().chain(thens).for_each(&mut *visit);
                otherwise.iter().for_each(|e| visit(e));
            }
            E::ListComprehension { list, predicate, projection, .. } => {
                visit(list);
                predicate.iter().chain(projection).for_each(|e| visit(e));
            }
            E::Quantifier { list, predicate, .. } => {
                visit(list);
                visit(predicate);
            }
            E::Reduce { initial, list, body, .. } => {
                visit(initial);
                visit(list);
                visit(body);
            }
        }
    }
}
