//! Evaluation against a row.

use samyama_graph::{Map, Value};
use smallvec::SmallVec;

use super::{Context, Expression, Node, arithmetic, entity, iterate, logic, path};
use crate::ExecError;
use crate::plan::{BinaryOperator, ComparisonOperator};

impl Expression {
    /// The value for this row. Slots of variables inside comprehensions are written; all others stay.
    pub fn evaluate(&self, row: &mut [Value], context: &mut Context<'_>) -> Result<Value, ExecError> {
        self.0.evaluate(row, context)
    }

    /// Evaluate as a predicate: true only if the value is true.
    pub fn holds(&self, row: &mut [Value], context: &mut Context<'_>) -> Result<bool, ExecError> {
        logic::is_true(&self.0.evaluate(row, context)?)
    }

    /// The value, if it is the same for every row.
    pub fn constant(&self) -> Option<&Value> {
        if let Node::Constant(value) = &self.0 { Some(value) } else { None }
    }

    /// The slot, if that is all the expression is.
    pub fn slot(&self) -> Option<usize> {
        if let Node::Slot(slot) = self.0 { Some(slot) } else { None }
    }
}

impl Node {
    pub(super) fn evaluate(&self, row: &mut [Value], context: &mut Context<'_>) -> Result<Value, ExecError> {
        match self {
            Node::Constant(value) => Ok(value.clone()),
            Node::Slot(slot) => Ok(row[*slot].clone()),
            Node::SlotProperty(slot, key) => entity::property(&row[*slot], *key, context),
            Node::Property(value, key) => {
                let value = value.evaluate(row, context)?;
                entity::property(&value, *key, context)
            }
            Node::Compare(operator, a, b) => {
                let (a, b) = (a.evaluate(row, context)?, b.evaluate(row, context)?);
                Ok(logic::from_truth(logic::compare(*operator, &a, &b)))
            }
            Node::CompareChain(operands, operators) => compare_chain(operands, operators, row, context),
            Node::And(operands) => connective(operands, false, row, context),
            Node::Or(operands) => connective(operands, true, row, context),
            Node::Not(operand) => {
                Ok(logic::from_truth(logic::truth(&operand.evaluate(row, context)?)?.map(|truth| !truth)))
            }
            Node::IsNull(operand, wanted) => {
                Ok(Value::Boolean(operand.evaluate(row, context)?.is_null() == *wanted))
            }
            Node::Negate(operand) => arithmetic::negate(&operand.evaluate(row, context)?),
            Node::Plus(operand) => arithmetic::plus(operand.evaluate(row, context)?),
            Node::Binary(operator, a, b) => {
                let (a, b) = (a.evaluate(row, context)?, b.evaluate(row, context)?);
                binary(*operator, a, b, context)
            }
            Node::Index(container, index) => {
                let (container, index) = (container.evaluate(row, context)?, index.evaluate(row, context)?);
                entity::index(&container, &index, context.graph())
            }
            Node::Slice(list, start, end) => {
                let list = list.evaluate(row, context)?;
                let start = start.as_ref().map(|e| e.evaluate(row, context)).transpose()?;
                let end = end.as_ref().map(|e| e.evaluate(row, context)).transpose()?;
                entity::slice(&list, start, end, context)
            }
            Node::List(items) => iterate::list_literal(items, row, context),
            Node::Map(entries) => map_literal(entries, row, context),
            Node::HasLabels(value, labels) => {
                let value = value.evaluate(row, context)?;
                entity::has_labels(&value, labels, context)
            }
            Node::Function(function, arguments) => {
                let mut values: SmallVec<[Value; 3]> = SmallVec::with_capacity(arguments.len());
                for argument in arguments {
                    values.push(argument.evaluate(row, context)?);
                }
                function.call(&values, context)
            }
            Node::Coalesce(arguments) => {
                for argument in arguments {
                    let value = argument.evaluate(row, context)?;
                    if !value.is_null() {
                        return Ok(value);
                    }
                }
                Ok(Value::Null)
            }
            Node::SearchedCase(branches, otherwise) => {
                for (when, then) in branches {
                    if logic::is_true(&when.evaluate(row, context)?)? {
                        return then.evaluate(row, context);
                    }
                }
                otherwise.as_ref().map_or(Ok(Value::Null), |e| e.evaluate(row, context))
            }
            Node::SimpleCase(subject, branches, otherwise) => {
                let subject = subject.evaluate(row, context)?;
                for (when, then) in branches {
                    let when = when.evaluate(row, context)?;
                    if logic::compare(ComparisonOperator::Equal, &subject, &when) == Some(true) {
                        return then.evaluate(row, context);
                    }
                }
                otherwise.as_ref().map_or(Ok(Value::Null), |e| e.evaluate(row, context))
            }
            Node::ListComprehension { slot, list, predicate, projection } => {
                iterate::comprehension(*slot, list, predicate.as_deref(), projection.as_deref(), row, context)
            }
            Node::Quantifier { kind, slot, list, predicate } => {
                iterate::quantifier(*kind, *slot, list, predicate, row, context)
            }
            Node::Reduce { accumulator, initial, slot, list, body } => {
                iterate::reduce((*accumulator, *slot), initial, list, body, row, context)
            }
            Node::Path(slots) => path::build(slots, row, context),
            Node::Subplan(number) => subplan(*number, row, context),
        }
    }
}

/// AND stops at the first false, OR at the first true; else null if an operand was null.
fn connective(
    operands: &[Node],
    decisive: bool,
    row: &mut [Value],
    context: &mut Context<'_>,
) -> Result<Value, ExecError> {
    let mut result = Value::Boolean(!decisive);
    for operand in operands {
        match logic::truth(&operand.evaluate(row, context)?)? {
            Some(truth) if truth == decisive => return Ok(Value::Boolean(decisive)),
            Some(_) => {}
            None => result = Value::Null,
        }
    }
    Ok(result)
}

fn compare_chain(
    operands: &[Node],
    operators: &[ComparisonOperator],
    row: &mut [Value],
    context: &mut Context<'_>,
) -> Result<Value, ExecError> {
    let Some((first, rest)) = operands.split_first() else {
        return Ok(Value::Boolean(true));
    };
    let mut result = Value::Boolean(true);
    let mut left = first.evaluate(row, context)?;
    for (operator, operand) in operators.iter().zip(rest) {
        let right = operand.evaluate(row, context)?;
        match logic::compare(*operator, &left, &right) {
            Some(false) => return Ok(Value::Boolean(false)),
            Some(true) => {}
            None => result = Value::Null,
        }
        left = right;
    }
    Ok(result)
}

fn binary(
    operator: BinaryOperator,
    a: Value,
    b: Value,
    context: &mut Context<'_>,
) -> Result<Value, ExecError> {
    match operator {
        BinaryOperator::Xor => Ok(logic::from_truth(logic::xor(logic::truth(&a)?, logic::truth(&b)?))),
        BinaryOperator::In => Ok(logic::from_truth(logic::contained(&a, &b)?)),
        BinaryOperator::StartsWith => Ok(logic::string_predicate(&a, &b, |a, b| a.starts_with(b))),
        BinaryOperator::EndsWith => Ok(logic::string_predicate(&a, &b, |a, b| a.ends_with(b))),
        BinaryOperator::Contains => Ok(logic::string_predicate(&a, &b, |a, b| a.contains(b))),
        BinaryOperator::Regex => match (&a, &b) {
            (Value::String(text), Value::String(pattern)) => {
                Ok(Value::Boolean(context.whole_string_regex(pattern)?.is_match(text)))
            }
            _ => Ok(Value::Null),
        },
        _ => arithmetic::arithmetic(operator, a, b, context),
    }
}

fn map_literal(
    entries: &[(std::sync::Arc<str>, Node)],
    row: &mut [Value],
    context: &mut Context<'_>,
) -> Result<Value, ExecError> {
    let mut map = Map::new();
    for (key, value) in entries {
        map.insert(key.clone(), value.evaluate(row, context)?);
    }
    Ok(Value::from(map))
}

fn subplan(number: usize, row: &mut [Value], context: &mut Context<'_>) -> Result<Value, ExecError> {
    let missing = || ExecError::internal(format!("subplan {number} is not there or runs already"));
    let mut subplan = context.subplans.get_mut(number).and_then(Option::take).ok_or_else(missing)?;
    let result = subplan.run(row, context);
    context.subplans[number] = Some(subplan);
    result
}
