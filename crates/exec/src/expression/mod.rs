//! Expressions: compiled once per execution from the plan's form, then evaluated against rows.
//!
//! [`Compiler`] puts in parameters and stripped literals as constants, looks functions up, and turns names of labels, types
//! and keys into references into [`Tokens`], which follow the graph. [`Expression::evaluate`] works on a row, one value per
//! slot; comprehensions write the slots of their variables. All arithmetic and comparison of Cypher values is here and in
//! `samyama_graph::compare`, nowhere else. Expressions are evaluated row by row; there are no vectorised forms yet.

mod arithmetic;
mod compile;
mod context;
mod entity;
mod evaluate;
mod iterate;
mod logic;
mod memory;
mod path;
mod tokens;

use std::sync::Arc;

use samyama_graph::Value;

pub use compile::Compiler;
pub use context::{Context, RowSubplan};
pub use logic::{is_true, truth};
pub use memory::{Memory, value_bytes};
pub use tokens::{KeyRef, LabelRef, Tokens, TypeRef};

pub(crate) use entity::{deleted_node, deleted_relationship, entity_properties, property_by_name};

use crate::functions::Function;
use crate::plan::{BinaryOperator, ComparisonOperator, QuantifierKind};

/// A label test bound to the graph's tokens. The same name may be a label or a type: the entity decides.
#[derive(Clone, Debug)]
pub(crate) enum Labels {
    Name(LabelRef, TypeRef),
    Any,
    Not(Box<Labels>),
    And(Vec<Labels>),
    Or(Vec<Labels>),
}

/// An expression ready to be evaluated.
#[derive(Clone, Debug)]
pub struct Expression(pub(crate) Node);

#[derive(Clone, Debug)]
pub(crate) enum Node {
    Constant(Value),
    Slot(usize),
    /// The usual case of `Property`: of a variable.
    SlotProperty(usize, KeyRef),
    Property(Box<Node>, KeyRef),
    Index(Box<Node>, Box<Node>),
    Slice(Box<Node>, Option<Box<Node>>, Option<Box<Node>>),
    List(Vec<Node>),
    Map(Vec<(Arc<str>, Node)>),
    Not(Box<Node>),
    Negate(Box<Node>),
    Plus(Box<Node>),
    IsNull(Box<Node>, bool),
    Binary(BinaryOperator, Box<Node>, Box<Node>),
    And(Vec<Node>),
    Or(Vec<Node>),
    Compare(ComparisonOperator, Box<Node>, Box<Node>),
    CompareChain(Vec<Node>, Vec<ComparisonOperator>),
    HasLabels(Box<Node>, Labels),
    /// `IS ::`.
    IsType(Box<Node>, Arc<samyama_graph::ValueType>),
    Function(&'static Function, Vec<Node>),
    Coalesce(Vec<Node>),
    SearchedCase(Vec<(Node, Node)>, Option<Box<Node>>),
    SimpleCase(Box<Node>, Vec<(Node, Node)>, Option<Box<Node>>),
    ListComprehension {
        slot: usize,
        list: Box<Node>,
        predicate: Option<Box<Node>>,
        projection: Option<Box<Node>>,
    },
    Quantifier {
        kind: QuantifierKind,
        slot: usize,
        list: Box<Node>,
        predicate: Box<Node>,
    },
    Reduce {
        accumulator: usize,
        initial: Box<Node>,
        slot: usize,
        list: Box<Node>,
        body: Box<Node>,
    },
    Path(Vec<usize>),
    /// The number under which the context keeps the subplan.
    Subplan(usize),
}
