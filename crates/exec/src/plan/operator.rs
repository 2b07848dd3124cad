//! The operators of a plan: one enum over the structs of the families, and how they nest.

use std::sync::Arc;

use serde::Deserialize;

use super::Expression;
use super::read::*;
use super::rows::*;
use super::schema::*;
use super::write::*;

/// What EXPLAIN shows; carried, never read.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Info {
    pub details: Arc<str>,
    pub rows: f64,
}

macro_rules! operators {
    ($($name:ident),* $(,)?) => {
        /// An operator; what each means is said at its struct.
        #[derive(Clone, Debug, Deserialize)]
        #[serde(tag = "op")]
        pub enum Operator {
            $($name(Box<$name>),)*
        }

        impl Operator {
            /// The operator's name, as EXPLAIN shows it.
            pub fn name(&self) -> &'static str {
                match self { $(Operator::$name(_) => stringify!($name),)* }
            }

            pub fn info(&self) -> &Info {
                match self { $(Operator::$name(operator) => &operator.info,)* }
            }
        }
    };
}

operators! {
    Argument, AllNodesScan, NodeByLabelScan, NodeByIdSeek, NodeIndexSeek, RelationshipIndexSeek, RelationshipScan, Expand, VarLengthExpand,
    BoundRelationships, ShortestPath, Repeat, SelectPaths, Filter, Projection, Aggregation, Distinct, Sort, Skip, Limit, Unwind, Union,
    Apply, SemiApply, OptionalApply, CartesianProduct, HashJoin, Eager, Create, Merge, Set, Delete, Foreach,
    ProcedureCall, LoadCsv, CountStore, CreateIndex, DropIndex, CreateConstraint, DropConstraint, ProduceResults,
}

impl Operator {
    /// The operators that feed this one, in the order of EXPLAIN's children.
    pub fn children(&self) -> Vec<&Operator> {
        use Operator as O;
        match self {
            O::Argument(_)
            | O::CreateIndex(_)
            | O::DropIndex(_)
            | O::CreateConstraint(_)
            | O::DropConstraint(_) => vec![],
            O::AllNodesScan(o) => vec![&o.input],
            O::NodeByLabelScan(o) => vec![&o.input],
            O::NodeByIdSeek(o) => vec![&o.input],
            O::NodeIndexSeek(o) => vec![&o.input],
            O::RelationshipIndexSeek(o) => vec![&o.input],
            O::RelationshipScan(o) => vec![&o.input],
            O::Expand(o) => vec![&o.input],
            O::VarLengthExpand(o) => vec![&o.input],
            O::BoundRelationships(o) => vec![&o.input],
            O::ShortestPath(o) => vec![&o.input],
            O::Repeat(o) => vec![&o.input, &o.body],
            O::SelectPaths(o) => vec![&o.input],
            O::Filter(o) => vec![&o.input],
            O::Projection(o) => vec![&o.input],
            O::Aggregation(o) => vec![&o.input],
            O::Distinct(o) => vec![&o.input],
            O::Sort(o) => vec![&o.input],
            O::Skip(o) => vec![&o.input],
            O::Limit(o) => vec![&o.input],
            O::Unwind(o) => vec![&o.input],
            O::Union(o) => o.inputs.iter().collect(),
            O::Apply(o) => vec![&o.input, &o.right],
            O::SemiApply(o) => vec![&o.input, &o.right],
            O::OptionalApply(o) => vec![&o.input, &o.right],
            O::CartesianProduct(o) => vec![&o.input, &o.right],
            O::HashJoin(o) => vec![&o.input, &o.right],
            O::Eager(o) => vec![&o.input],
            O::Create(o) => vec![&o.input],
            O::Merge(o) => vec![&o.input, &o.right],
            O::Set(o) => vec![&o.input],
            O::Delete(o) => vec![&o.input],
            O::Foreach(o) => vec![&o.input, &o.body],
            O::ProcedureCall(o) => vec![&o.input],
            O::LoadCsv(o) => vec![&o.input],
            O::CountStore(o) => vec![&o.input],
            O::ProduceResults(o) => vec![&o.input],
        }
    }

    /// Does this operator itself (not what feeds it) change the graph or its schema?
    pub fn writes(&self) -> bool {
        use Operator as O;
        matches!(
            self,
            O::Create(_)
                | O::Merge(_)
                | O::Set(_)
                | O::Delete(_)
                | O::CreateIndex(_)
                | O::DropIndex(_)
                | O::CreateConstraint(_)
                | O::DropConstraint(_)
        )
    }

    /// Calls `visit` on every expression that stands directly in this operator.
    pub fn for_each_expression<'a>(&'a self, visit: &mut dyn FnMut(&'a Expression)) {
        use Operator as O;
        match self {
            O::NodeByIdSeek(o) => visit(&o.ids),
            O::NodeIndexSeek(o) => {
                o.equal.iter().for_each(&mut *visit);
                [&o.in_list, &o.lower, &o.upper, &o.prefix].into_iter().flatten().for_each(visit);
            }
            O::RelationshipIndexSeek(o) => {
                o.equal.iter().for_each(&mut *visit);
                [&o.in_list, &o.lower, &o.upper, &o.prefix].into_iter().flatten().for_each(visit);
            }
            O::CreateIndex(o) => o.options.iter().chain(&o.name_from).for_each(visit),
            O::DropIndex(o) => o.name_from.iter().for_each(visit),
            O::CreateConstraint(o) => o.name_from.iter().for_each(visit),
            O::DropConstraint(o) => o.name_from.iter().for_each(visit),
            O::VarLengthExpand(o) => o.predicate.iter().for_each(visit),
            O::ShortestPath(o) => o.predicate.iter().for_each(visit),
            O::SelectPaths(o) => [&o.length, &o.count].into_iter().for_each(visit),
            O::Filter(o) => visit(&o.predicate),
            O::Projection(o) => o.expressions.iter().for_each(visit),
            O::Aggregation(o) => {
                o.keys.iter().chain(o.aggregates.iter().flat_map(|a| &a.arguments)).for_each(visit);
            }
            O::Sort(o) => o.keys.iter().chain(&o.limit).for_each(visit),
            O::Skip(o) => visit(&o.count),
            O::Limit(o) => visit(&o.count),
            O::Unwind(o) => visit(&o.list),
            O::HashJoin(o) => o.left_keys.iter().chain(&o.right_keys).for_each(visit),
            O::Create(o) => {
                let nodes = o.nodes.iter().flat_map(CreateNode::expressions);
                nodes.chain(o.relationships.iter().flat_map(CreateRelationship::expressions)).for_each(visit);
            }
            O::Merge(o) => {
                let nodes = o.nodes.iter().flat_map(CreateNode::expressions);
                let relationships = o.relationships.iter().flat_map(CreateRelationship::expressions);
                nodes.chain(relationships).chain(&o.not_null).for_each(&mut *visit);
                o.on_match.iter().chain(&o.on_create).for_each(|item| item.for_each_expression(visit));
            }
            O::Set(o) => o.items.iter().for_each(|item| item.for_each_expression(visit)),
            O::Delete(o) => o.targets.iter().for_each(visit),
            O::Foreach(o) => visit(&o.list),
            O::ProcedureCall(o) => o.arguments.iter().for_each(visit),
            O::LoadCsv(o) => std::iter::once(&o.url).chain(&o.delimiter).for_each(visit),
            _ => {}
        }
    }
}
