//! What serde cannot see: slots in range, lists that belong together of equal length, one ProduceResults and at the
//! top, no write in a plan that says it only reads. After this the executor indexes without further checks.

use super::{Document, Expression, Operator, PlanKind, SubplanKind};
use crate::limits::SLOTS_MAX;

/// The first thing wrong, in words that name the operator.
pub(super) fn document(document: &Document) -> Result<(), String> {
    if document.slots > SLOTS_MAX {
        return Err(format!("{} slots are more than the limit of {SLOTS_MAX}", document.slots));
    }
    let Operator::ProduceResults(root) = &document.root else {
        return Err(format!("the root is {}, not ProduceResults", document.root.name()));
    };
    equal_lengths("columns and slots of ProduceResults", document.columns.len(), root.slots.len())?;
    let check = Check { slots: document.slots, kind: document.kind, in_subplan: false };
    check.slots("ProduceResults", &root.slots)?;
    check.operator(&root.input)
}

fn equal_lengths(what: &str, a: usize, b: usize) -> Result<(), String> {
    if a == b { Ok(()) } else { Err(format!("{what} differ in number: {a} and {b}")) }
}

#[derive(Clone, Copy)]
struct Check {
    slots: u32,
    kind: PlanKind,
    in_subplan: bool,
}

impl Check {
    fn slot(self, name: &str, slot: u32) -> Result<(), String> {
        if slot < self.slots {
            Ok(())
        } else {
            Err(format!("{name} names slot {slot}, but the plan has {} slots", self.slots))
        }
    }

    fn slots(self, name: &str, slots: &[u32]) -> Result<(), String> {
        slots.iter().try_for_each(|slot| self.slot(name, *slot))
    }

    fn operator(self, operator: &Operator) -> Result<(), String> {
        let name = operator.name();
        if operator.writes() && self.in_subplan {
            return Err(format!("{name} inside a subplan of an expression, which may only read"));
        }
        if operator.writes() && self.kind == PlanKind::Read {
            return Err(format!("{name} in a plan of kind `r`"));
        }
        self.shape(operator)?;
        let mut result = Ok(());
        operator.for_each_expression(&mut |expression| {
            if result.is_ok() {
                result = self.expression(name, expression);
            }
        });
        result?;
        operator.children().into_iter().try_for_each(|child| self.operator(child))
    }

    fn shape(self, operator: &Operator) -> Result<(), String> {
        use Operator as O;
        let name = operator.name();
        match operator {
            O::AllNodesScan(o) => self.slot(name, o.slot),
            O::NodeByLabelScan(o) => self.slot(name, o.slot),
            O::NodeByIdSeek(o) => self.slot(name, o.slot),
            O::NodeIndexSeek(o) => {
                let others =
                    [o.in_list.is_some(), o.lower.is_some() || o.upper.is_some(), o.prefix.is_some()];
                seek_shape(name, o.keys.len(), o.equal.len(), others)?;
                self.slot(name, o.slot)
            }
            O::RelationshipIndexSeek(o) => {
                let others =
                    [o.in_list.is_some(), o.lower.is_some() || o.upper.is_some(), o.prefix.is_some()];
                seek_shape(name, o.keys.len(), o.equal.len(), others)?;
                self.slots(name, &[o.relationship, o.start, o.end])
            }
            O::RelationshipScan(o) => self.slots(name, &[o.relationship, o.start, o.end]),
            O::Expand(o) => {
                self.slots(name, &o.exclude)?;
                self.slots(name, &[o.from, o.relationship, o.to])
            }
            O::VarLengthExpand(o) => {
                hop(name, o.hop, o.predicate.as_ref())?;
                self.slots(name, &o.exclude)?;
                self.slots(name, &[o.from, o.relationships, o.to, o.hop.unwrap_or(o.from)])
            }
            O::BoundRelationships(o) => {
                self.slots(name, &o.exclude)?;
                self.slots(name, &[o.relationship, o.start, o.end])
            }
            O::ShortestPath(o) => {
                hop(name, o.hop, o.predicate.as_ref())?;
                self.slots(name, &[o.from, o.relationships, o.to, o.hop.unwrap_or(o.from)])
            }
            O::Repeat(o) => {
                equal_lengths("inner slots and groups of Repeat", o.inner.len(), o.groups.len())?;
                [&o.inner, &o.groups, &o.inner_relationships]
                    .into_iter()
                    .try_for_each(|s| self.slots(name, s))?;
                self.slots(name, &[o.from, o.to, o.inner_start, o.inner_end, o.used, o.relationships])
            }
            O::SelectPaths(o) => self.slots(name, &o.partition),
            O::CountStore(o) => {
                if o.start_label.is_some() && o.end_label.is_some() {
                    return Err("CountStore has a label on both ends".to_owned());
                }
                self.slot(name, o.slot)
            }
            O::Projection(o) => {
                equal_lengths("slots and expressions of Projection", o.slots.len(), o.expressions.len())?;
                self.slots(name, &o.slots)
            }
            O::Aggregation(o) => {
                equal_lengths("key slots and keys of Aggregation", o.key_slots.len(), o.keys.len())?;
                o.aggregates.iter().try_for_each(|a| {
                    let arity = a.function.arity();
                    equal_lengths("arguments given to and taken by an aggregate", a.arguments.len(), arity)?;
                    self.slot(name, a.slot)
                })?;
                self.slots(name, &o.key_slots)
            }
            O::Distinct(o) => self.slots(name, &o.slots),
            O::Sort(o) => equal_lengths("keys and directions of Sort", o.keys.len(), o.descending.len()),
            O::Unwind(o) => self.slot(name, o.slot),
            O::LoadCsv(o) => self.slot(name, o.slot),
            O::Union(o) => {
                equal_lengths("inputs and mappings of Union", o.inputs.len(), o.mappings.len())?;
                o.mappings.iter().try_for_each(|mapping| {
                    equal_lengths("slots and a mapping of Union", o.slots.len(), mapping.len())?;
                    self.slots(name, mapping)
                })?;
                self.slots(name, &o.slots)
            }
            O::OptionalApply(o) => self.slots(name, &o.slots),
            O::CartesianProduct(o) => self.slots(name, &o.right_slots),
            O::HashJoin(o) => {
                equal_lengths("left and right keys of HashJoin", o.left_keys.len(), o.right_keys.len())?;
                self.slots(name, &o.right_slots)
            }
            O::Create(o) => self.created(name, &o.nodes, &o.relationships),
            O::Merge(o) => self.created(name, &o.nodes, &o.relationships),
            O::Foreach(o) => self.slot(name, o.slot),
            O::ProcedureCall(o) => {
                equal_lengths(
                    "columns and slots of ProcedureCall",
                    o.yield_columns.len(),
                    o.yield_slots.len(),
                )?;
                self.slots(name, &o.yield_slots)
            }
            O::ProduceResults(_) => Err("ProduceResults below the root".to_owned()),
            _ => Ok(()),
        }
    }

    fn created(
        self,
        name: &str,
        nodes: &[super::CreateNode],
        relationships: &[super::CreateRelationship],
    ) -> Result<(), String> {
        nodes.iter().try_for_each(|n| self.slot(name, n.slot))?;
        if relationships.iter().any(|r| r.type_name.is_some() == r.type_value.is_some()) {
            return Err(format!("a relationship of {name} has a type, or a value that is its type"));
        }
        relationships.iter().try_for_each(|r| self.slots(name, &[r.slot, r.start, r.end]))
    }

    fn expression(self, name: &str, expression: &Expression) -> Result<(), String> {
        use Expression as E;
        match expression {
            E::Slot { slot } | E::ListComprehension { slot, .. } | E::Quantifier { slot, .. } => {
                self.slot(name, *slot)?;
            }
            E::Reduce { accumulator, slot, .. } => self.slots(name, &[*accumulator, *slot])?,
            E::PathBuild { slots } => {
                if slots.len() % 2 == 0 {
                    return Err(format!("PathBuild in {name} does not begin and end with a node"));
                }
                self.slots(name, slots)?;
            }
            E::MapLiteral { keys, values } => {
                equal_lengths("keys and values of MapLiteral", keys.len(), values.len())?;
            }
            E::Case { whens, thens, .. } => equal_lengths("branches of Case", whens.len(), thens.len())?,
            E::Comparison { operands, operators } => {
                equal_lengths(
                    "operands and operators + 1 of Comparison",
                    operands.len(),
                    operators.len() + 1,
                )?;
            }
            E::Subplan { kind, input, slot } => {
                if (*kind == SubplanKind::Collect) != slot.is_some() {
                    return Err(format!("Subplan in {name}: `slot` belongs to `collect` and only to it"));
                }
                slot.iter().try_for_each(|slot| self.slot(name, *slot))?;
                Check { in_subplan: true, ..self }.operator(input)?;
            }
            _ => {}
        }
        let mut result = Ok(());
        expression.for_each_child(&mut |child| {
            if result.is_ok() {
                result = self.expression(name, child);
            }
        });
        result
    }
}

fn hop(name: &str, hop: Option<u32>, predicate: Option<&Expression>) -> Result<(), String> {
    if predicate.is_some() && hop.is_none() {
        return Err(format!("{name} has a predicate but no slot for the hop"));
    }
    Ok(())
}

/// `others`: is there a list, a range, a prefix.
fn seek_shape(name: &str, keys: usize, equal: usize, others: [bool; 3]) -> Result<(), String> {
    let [in_list, ..] = others;
    let others = others.into_iter().filter(|given| *given).count();
    if others > 1 {
        return Err(format!("{name} has several predicates besides equality"));
    }
    if in_list && (keys != 1 || equal != 0) {
        return Err(format!("{name}: in_list stands only as the first and sole key"));
    }
    if keys == 0 || equal + others > keys {
        return Err(format!("{name} has {} predicates for {keys} keys", equal + others));
    }
    Ok(())
}
