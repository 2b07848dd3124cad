//! Operators of paths that have more than one relationship.

use super::{Builder, slot, slots};
use crate::ExecError;
use crate::operators::Source;
use crate::operators::bound::Bound;
use crate::operators::repeat::Repeat;
use crate::operators::select_paths::SelectPaths;
use crate::operators::shortest::Shortest;
use crate::operators::var_length::{Hop, Search, VarLength};
use crate::plan::{self, Operator as Plan};

impl Builder<'_> {
    pub(super) fn build_path(&mut self, operator: &Plan) -> Result<Source, ExecError> {
        Ok(match operator {
            Plan::VarLengthExpand(o) => self.var_length(o)?,
            Plan::BoundRelationships(o) => Box::new(Bound {
                relationship: slot(o.relationship),
                is_list: o.is_list,
                start: slot(o.start),
                start_bound: o.start_bound,
                end: slot(o.end),
                end_bound: o.end_bound,
                walk: self.walk(&o.types, o.direction),
                min: o.min,
                max: o.max.unwrap_or(u64::MAX),
                exclude: slots(&o.exclude),
                pairs: Vec::new(),
                input: self.build(&o.input)?,
            }),
            Plan::ShortestPath(o) => Box::new(Shortest {
                from: slot(o.from),
                relationships: slot(o.relationships),
                to: slot(o.to),
                walk: self.walk(&o.types, o.direction),
                min: o.min,
                max: o.max.unwrap_or(u64::MAX),
                all: o.all,
                cycles: o.cycles,
                hop: self.hop(o.hop, &o.predicate)?,
                paths: Vec::new(),
                input: self.build(&o.input)?,
            }),
            Plan::Repeat(o) => {
                let input = self.build(&o.input)?;
                Box::new(Repeat {
                    input,
                    body: self.build(&o.body)?,
                    from: slot(o.from),
                    to: slot(o.to),
                    into: o.into,
                    inner_start: slot(o.inner_start),
                    inner_end: slot(o.inner_end),
                    inner_relationships: slots(&o.inner_relationships),
                    used: slot(o.used),
                    relationships: slot(o.relationships),
                    inner: slots(&o.inner),
                    groups: slots(&o.groups),
                    min: o.min,
                    max: o.max.unwrap_or(u64::MAX),
                    waiting: Vec::new(),
                    charged_bytes: 0,
                })
            }
            Plan::SelectPaths(o) => Box::new(SelectPaths {
                partition: slots(&o.partition),
                length: self.compile(&o.length)?,
                count: self.compile(&o.count)?,
                groups: o.groups,
                seen: Default::default(),
                limit: None,
                input: self.build(&o.input)?,
            }),
            other => return Err(ExecError::internal(format!("operator {} has no paths", other.name()))),
        })
    }

    fn var_length(&mut self, o: &plan::VarLengthExpand) -> Result<Source, ExecError> {
        Ok(Box::new(VarLength {
            from: slot(o.from),
            relationships: slot(o.relationships),
            to: slot(o.to),
            walk: self.walk(&o.types, o.direction),
            min: o.min,
            max: o.max.unwrap_or(u64::MAX),
            into: o.into,
            exclude: slots(&o.exclude),
            hop: self.hop(o.hop, &o.predicate)?,
            distinct_ends: o.distinct_ends,
            search: Search::default(),
            input: self.build(&o.input)?,
        }))
    }

    fn hop(
        &mut self,
        slot: Option<u32>,
        predicate: &Option<plan::Expression>,
    ) -> Result<Option<Hop>, ExecError> {
        match (slot, predicate) {
            (Some(slot), Some(predicate)) => {
                Ok(Some(Hop { slot: slot as usize, predicate: self.compile(predicate)? }))
            }
            _ => Ok(None),
        }
    }
}
