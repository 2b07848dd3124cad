//! From the plan's operators to operators that run, with their expressions compiled.

mod paths;
mod writes;

use std::sync::Arc;

use rustc_hash::FxHashSet;
use samyama_graph::Direction;

use super::aggregation::{Aggregate, Aggregation};
use super::apply::{Apply, Keep};
use super::count_store::CountStore;
use super::expand::Expand;
use super::join::{Join, Keys};
use super::load_csv::LoadCsv;
use super::procedure::ProcedureCall;
use super::relationship_seek::RelationshipIndexSeek;
use super::rows::*;
use super::scan::{NodeScan, Nodes, RelationshipScan};
use super::seek::{IndexSeek, Predicates};
use super::sort::Sort;
use super::subplan::Subplan;
use super::walk::{Types, Walk};
use super::{Operate, Source};
use crate::expression::{Compiler, Context, Expression, RowSubplan, Tokens};
use crate::plan::{self, Operator as Plan, PatternDirection};
use crate::{ExecError, Parameters};

/// Builds the tree of one execution; subplans of expressions gather in `subplans`, under their numbers.
pub(crate) struct Builder<'p> {
    pub(crate) tokens: Tokens,
    pub(crate) parameters: &'p Parameters,
    pub(crate) subplans: Vec<Option<Box<dyn RowSubplan>>>,
    /// Count rows, hits and time per operator.
    pub(crate) is_profile: bool,
    pub(crate) operators: usize,
}

fn slot(slot: u32) -> usize {
    slot as usize
}

fn slots(list: &[u32]) -> Vec<usize> {
    list.iter().map(|slot| *slot as usize).collect()
}

impl Builder<'_> {
    fn compile(&mut self, expression: &plan::Expression) -> Result<Expression, ExecError> {
        let Builder { tokens, parameters, subplans, .. } = self;
        let parameters: &Parameters = parameters;
        let mut bind = |kind, input: &Arc<Plan>, slot: Option<u32>, tokens: &mut Tokens| {
            let mut inner = Builder {
                tokens: std::mem::take(tokens),
                parameters,
                subplans: std::mem::take(subplans),
                is_profile: false,
                operators: 0,
            };
            let source = inner.build(input);
            *tokens = inner.tokens;
            *subplans = inner.subplans;
            let slot = slot.map(|slot| slot as usize);
            subplans.push(Some(Box::new(Subplan { kind, source: source?, slot })));
            Ok(subplans.len() - 1)
        };
        Compiler { tokens, parameters, subplans: &mut bind }.compile(expression)
    }

    fn compile_all(&mut self, expressions: &[plan::Expression]) -> Result<Vec<Expression>, ExecError> {
        expressions.iter().map(|expression| self.compile(expression)).collect()
    }

    fn optional(&mut self, expression: &Option<plan::Expression>) -> Result<Option<Expression>, ExecError> {
        expression.as_ref().map(|expression| self.compile(expression)).transpose()
    }

    fn walk(&mut self, types: &[Arc<str>], direction: PatternDirection) -> Walk {
        Walk { types: self.types(types), direction }
    }

    fn types(&mut self, types: &[Arc<str>]) -> Types {
        Types::new(types, &mut self.tokens)
    }

    pub(crate) fn build(&mut self, operator: &Plan) -> Result<Source, ExecError> {
        let number = self.operators;
        self.operators += 1;
        let source = self.build_bare(operator)?;
        Ok(if self.is_profile { Box::new(Profiled { number, source }) } else { source })
    }

    fn build_bare(&mut self, operator: &Plan) -> Result<Source, ExecError> {
        Ok(match operator {
            Plan::Argument(_) => Box::new(Argument { is_given: false }),
            Plan::AllNodesScan(o) => Box::new(NodeScan::new(self.build(&o.input)?, slot(o.slot), Nodes::All)),
            Plan::NodeByLabelScan(o) => Box::new(NodeScan::new(
                self.build(&o.input)?,
                slot(o.slot),
                Nodes::Label(Arc::clone(&o.label)),
            )),
            Plan::NodeByIdSeek(o) => {
                let nodes = Nodes::ByIds(self.compile(&o.ids)?);
                Box::new(NodeScan::new(self.build(&o.input)?, slot(o.slot), nodes))
            }
            Plan::NodeIndexSeek(o) => self.index_seek(o)?,
            Plan::RelationshipIndexSeek(o) => self.relationship_seek(o)?,
            Plan::RelationshipScan(o) => {
                let (types, places) =
                    (self.types(&o.types), [slot(o.relationship), slot(o.start), slot(o.end)]);
                Box::new(RelationshipScan::new(self.build(&o.input)?, places, types, o.direction))
            }
            Plan::Expand(o) => Box::new(Expand {
                from: slot(o.from),
                relationship: slot(o.relationship),
                to: slot(o.to),
                walk: self.walk(&o.types, o.direction),
                into: o.into,
                exclude: slots(&o.exclude),
                steps: Vec::new(),
                at: 0,
                input: self.build(&o.input)?,
            }),
            Plan::VarLengthExpand(_)
            | Plan::BoundRelationships(_)
            | Plan::ShortestPath(_)
            | Plan::Repeat(_)
            | Plan::SelectPaths(_) => self.build_path(operator)?,
            Plan::CountStore(o) => Box::new(CountStore {
                slot: slot(o.slot),
                kind: o.kind,
                label: o.label.clone(),
                types: self.types(&o.types),
                end: match (&o.start_label, &o.end_label) {
                    (Some(label), _) => Some((Arc::clone(label), Direction::Outgoing)),
                    (None, Some(label)) => Some((Arc::clone(label), Direction::Incoming)),
                    (None, None) => None,
                },
                input: self.build(&o.input)?,
            }),
            Plan::CreateIndex(_)
            | Plan::DropIndex(_)
            | Plan::CreateConstraint(_)
            | Plan::DropConstraint(_) => self.build_schema(operator)?,
            Plan::Create(_) | Plan::Merge(_) | Plan::Set(_) | Plan::Delete(_) | Plan::Foreach(_) => {
                self.build_write(operator)?
            }
            _ => self.build_rows(operator)?,
        })
    }

    /// Of a seek. `bounds`: the lower and the upper one, and whether each belongs to the range.
    fn predicates(
        &mut self,
        equal: &[plan::Expression],
        in_list: &Option<plan::Expression>,
        bounds: [(&Option<plan::Expression>, bool); 2],
        prefix: &Option<plan::Expression>,
    ) -> Result<Predicates, ExecError> {
        let [(lower, lower_included), (upper, upper_included)] = bounds;
        Ok(Predicates {
            equal: self.compile_all(equal)?,
            in_list: self.optional(in_list)?,
            lower: self.optional(lower)?.map(|bound| (bound, lower_included)),
            upper: self.optional(upper)?.map(|bound| (bound, upper_included)),
            prefix: self.optional(prefix)?,
        })
    }

    fn index_seek(&mut self, o: &plan::NodeIndexSeek) -> Result<Source, ExecError> {
        let bounds = [(&o.lower, o.lower_included), (&o.upper, o.upper_included)];
        let predicates = self.predicates(&o.equal, &o.in_list, bounds, &o.prefix)?;
        Ok(Box::new(IndexSeek {
            slot: slot(o.slot),
            label: Arc::clone(&o.label),
            keys: o.keys.as_slice().into(),
            predicates,
            found: Vec::new(),
            at: 0,
            input: self.build(&o.input)?,
        }))
    }

    fn relationship_seek(&mut self, o: &plan::RelationshipIndexSeek) -> Result<Source, ExecError> {
        let bounds = [(&o.lower, o.lower_included), (&o.upper, o.upper_included)];
        let predicates = self.predicates(&o.equal, &o.in_list, bounds, &o.prefix)?;
        Ok(Box::new(RelationshipIndexSeek {
            relationship: slot(o.relationship),
            start: slot(o.start),
            end: slot(o.end),
            type_name: Arc::clone(&o.type_name),
            direction: o.direction,
            keys: o.keys.as_slice().into(),
            predicates,
            found: Vec::new(),
            input: self.build(&o.input)?,
        }))
    }

    fn build_rows(&mut self, operator: &Plan) -> Result<Source, ExecError> {
        Ok(match operator {
            Plan::Filter(o) => {
                Box::new(Filter { predicate: self.compile(&o.predicate)?, input: self.build(&o.input)? })
            }
            Plan::Projection(o) => Box::new(Projection {
                slots: slots(&o.slots),
                expressions: self.compile_all(&o.expressions)?,
                values: Vec::new(),
                input: self.build(&o.input)?,
            }),
            Plan::Aggregation(o) => self.aggregation(o)?,
            Plan::Distinct(o) => Box::new(Distinct {
                slots: slots(&o.slots),
                seen: FxHashSet::default(),
                charged_bytes: 0,
                input: self.build(&o.input)?,
            }),
            Plan::Sort(o) => Box::new(Sort {
                keys: self.compile_all(&o.keys)?,
                descending: o.descending.clone(),
                limit: self.optional(&o.limit)?,
                sorted: None,
                charged_bytes: 0,
                input: self.build(&o.input)?,
            }),
            Plan::Skip(o) => Box::new(Skip {
                count: self.compile(&o.count)?,
                is_skipped: false,
                input: self.build(&o.input)?,
            }),
            Plan::Limit(o) => Box::new(Limit {
                count: self.compile(&o.count)?,
                exhaust: o.exhaust,
                left: None,
                kept: Default::default(),
                input: self.build(&o.input)?,
            }),
            Plan::Unwind(o) => Box::new(Unwind {
                slot: slot(o.slot),
                list: self.compile(&o.list)?,
                items: None,
                at: 0,
                input: self.build(&o.input)?,
            }),
            Plan::Union(o) => {
                let inputs: Result<Vec<_>, _> = o.inputs.iter().map(|input| self.build(input)).collect();
                let mappings = o.mappings.iter().map(|mapping| slots(mapping)).collect();
                Box::new(Union { inputs: inputs?, mappings, slots: slots(&o.slots), at: 0 })
            }
            Plan::Apply(o) => self.apply(&o.input, &o.right, Keep::Rows)?,
            Plan::SemiApply(o) => self.apply(&o.input, &o.right, Keep::If(!o.anti))?,
            Plan::OptionalApply(o) => self.apply(&o.input, &o.right, Keep::OrNulls(slots(&o.slots)))?,
            Plan::CartesianProduct(o) => self.join(&o.input, &o.right, slots(&o.right_slots), None)?,
            Plan::HashJoin(o) => {
                let keys =
                    Keys { left: self.compile_all(&o.left_keys)?, right: self.compile_all(&o.right_keys)? };
                self.join(&o.input, &o.right, slots(&o.right_slots), Some(keys))?
            }
            Plan::Eager(o) => {
                Box::new(Eager { buffer: Buffer::default(), is_full: false, input: self.build(&o.input)? })
            }
            Plan::LoadCsv(o) => Box::new(LoadCsv {
                slot: slot(o.slot),
                url: self.compile(&o.url)?,
                headers: o.headers,
                delimiter: self.optional(&o.delimiter)?,
                open: None,
                input: self.build(&o.input)?,
            }),
            Plan::ProcedureCall(o) => Box::new(ProcedureCall {
                name: Arc::clone(&o.name),
                arguments: self.compile_all(&o.arguments)?,
                columns: o.yield_columns.clone(),
                slots: slots(&o.yield_slots),
                rows: Vec::new(),
                input: self.build(&o.input)?,
            }),
            other => return Err(ExecError::internal(format!("operator {} cannot stand here", other.name()))),
        })
    }

    fn aggregation(&mut self, o: &plan::Aggregation) -> Result<Source, ExecError> {
        let mut aggregates = Vec::new();
        for aggregate in &o.aggregates {
            aggregates.push(Aggregate {
                slot: slot(aggregate.slot),
                function: aggregate.function,
                arguments: self.compile_all(&aggregate.arguments)?,
                distinct: aggregate.distinct,
            });
        }
        Ok(Box::new(Aggregation {
            key_slots: slots(&o.key_slots),
            keys: self.compile_all(&o.keys)?,
            aggregates,
            results: None,
            input: self.build(&o.input)?,
        }))
    }

    fn apply(&mut self, input: &Plan, right: &Plan, keep: Keep) -> Result<Source, ExecError> {
        Ok(Box::new(Apply { input: self.build(input)?, right: self.build(right)?, keep, is_open: false }))
    }

    fn join(
        &mut self,
        input: &Plan,
        right: &Plan,
        right_slots: Vec<usize>,
        keys: Option<Keys>,
    ) -> Result<Source, ExecError> {
        let (input, right) = (self.build(input)?, self.build(right)?);
        let (table, matches) = (None, Vec::new());
        Ok(Box::new(Join { input, right, right_slots, keys, table, matches, at: 0, charged_bytes: 0 }))
    }
}

/// Counts what an operator and all below it do; the difference to its children is its own.
struct Profiled {
    number: usize,
    source: Source,
}

impl Profiled {
    fn measure<T>(
        &mut self,
        row: &mut [samyama_graph::Value],
        context: &mut Context<'_>,
        work: impl FnOnce(&mut Source, &mut [samyama_graph::Value], &mut Context<'_>) -> Result<T, ExecError>,
        rows: impl FnOnce(&T) -> u64,
    ) -> Result<T, ExecError> {
        let (hits, began) = (context.statement.hits, std::time::Instant::now());
        let before = context.memory.run_as(Some(self.number));
        let result = work(&mut self.source, row, context);
        context.memory.run_as(before);
        let hits = context.statement.hits - hits;
        let profile = &mut context.statement.profile;
        if profile.len() <= self.number {
            profile.resize(self.number + 1, Default::default());
        }
        let own = &mut profile[self.number];
        own.hits += hits;
        own.time += began.elapsed();
        own.rows += result.as_ref().map_or(0, rows);
        result
    }
}

impl Operate for Profiled {
    fn restart(&mut self, context: &mut Context<'_>) {
        let before = context.memory.run_as(Some(self.number));
        self.source.restart(context);
        context.memory.run_as(before);
    }

    fn next(
        &mut self,
        row: &mut [samyama_graph::Value],
        context: &mut Context<'_>,
    ) -> Result<bool, ExecError> {
        self.measure(
            row,
            context,
            |source, row, context| source.next(row, context),
            |there| u64::from(*there),
        )
    }

    fn count(
        &mut self,
        row: &mut [samyama_graph::Value],
        context: &mut Context<'_>,
    ) -> Result<u64, ExecError> {
        self.measure(row, context, |source, row, context| source.count(row, context), |rows| *rows)
    }
}
