//! Evaluation against a row.

use samyama_graph::{Map, Value, ValueType};
use smallvec::SmallVec;

use super::memory::check_depth;
use super::{Context, Expression, KeyRef, Labels, Node, arithmetic, entity, iterate, logic, path};
use crate::ExecError;
use crate::functions::Function;
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
    /// Every arm is one call: the frame of this function stands on the stack once per level of nesting, and the unoptimised
    /// build gives each arm's temporaries their own place in it.
    pub(super) fn evaluate(&self, row: &mut [Value], context: &mut Context<'_>) -> Result<Value, ExecError> {
        match self {
            Node::Constant(value) => Ok(value.clone()),
            Node::Slot(slot) => Ok(row[*slot].clone()),
            Node::SlotProperty(slot, key) => entity::property(&row[*slot], *key, context),
            Node::Property(value, key) => property(value, *key, row, context),
            Node::Compare(operator, a, b) => compare(*operator, a, b, row, context),
            Node::CompareChain(operands, operators) => compare_chain(operands, operators, row, context),
            Node::And(operands) => connective(operands, false, row, context),
            Node::Or(operands) => connective(operands, true, row, context),
            Node::Not(operand) => not(operand, row, context),
            Node::IsNull(operand, wanted) => is_null(operand, *wanted, row, context),
            Node::Negate(operand) => negate(operand, row, context),
            Node::Plus(operand) => plus(operand, row, context),
            Node::Binary(operator, a, b) => binary(*operator, a, b, row, context),
            Node::Index(container, index) => indexed(container, index, row, context),
            Node::Slice(list, start, end) => slice(list, start.as_deref(), end.as_deref(), row, context),
            Node::List(items) => iterate::list_literal(items, row, context),
            Node::Map(entries) => map_literal(entries, row, context),
            Node::HasLabels(value, labels) => has_labels(value, labels, row, context),
            Node::IsType(value, kind) => is_type(value, kind, row, context),
            Node::Function(function, arguments) => call(function, arguments, row, context),
            Node::Coalesce(arguments) => coalesce(arguments, row, context),
            Node::SearchedCase(branches, otherwise) => {
                searched_case(branches, otherwise.as_deref(), row, context)
            }
            Node::SimpleCase(subject, branches, otherwise) => {
                simple_case(subject, branches, otherwise.as_deref(), row, context)
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

type Evaluated = Result<Value, ExecError>;

fn property(value: &Node, key: KeyRef, row: &mut [Value], context: &mut Context<'_>) -> Evaluated {
    let value = value.evaluate(row, context)?;
    entity::property(&value, key, context)
}

fn compare(
    operator: ComparisonOperator,
    a: &Node,
    b: &Node,
    row: &mut [Value],
    context: &mut Context<'_>,
) -> Evaluated {
    let (a, b) = (a.evaluate(row, context)?, b.evaluate(row, context)?);
    Ok(logic::from_truth(logic::compare(operator, &a, &b)))
}

fn not(operand: &Node, row: &mut [Value], context: &mut Context<'_>) -> Evaluated {
    let operand = operand.evaluate(row, context)?;
    Ok(logic::from_truth(logic::truth(&operand)?.map(|truth| !truth)))
}

fn is_null(operand: &Node, wanted: bool, row: &mut [Value], context: &mut Context<'_>) -> Evaluated {
    Ok(Value::Boolean(operand.evaluate(row, context)?.is_null() == wanted))
}

fn negate(operand: &Node, row: &mut [Value], context: &mut Context<'_>) -> Evaluated {
    let operand = operand.evaluate(row, context)?;
    arithmetic::negate(&operand)
}

fn plus(operand: &Node, row: &mut [Value], context: &mut Context<'_>) -> Evaluated {
    arithmetic::plus(operand.evaluate(row, context)?)
}

fn binary(
    operator: BinaryOperator,
    a: &Node,
    b: &Node,
    row: &mut [Value],
    context: &mut Context<'_>,
) -> Evaluated {
    let a = a.evaluate(row, context)?;
    let b = b.evaluate(row, context)?;
    apply_binary(operator, a, b, context)
}

fn indexed(container: &Node, index: &Node, row: &mut [Value], context: &mut Context<'_>) -> Evaluated {
    let (container, index) = (container.evaluate(row, context)?, index.evaluate(row, context)?);
    entity::index(&container, &index, context.graph())
}

fn slice(
    list: &Node,
    start: Option<&Node>,
    end: Option<&Node>,
    row: &mut [Value],
    context: &mut Context<'_>,
) -> Evaluated {
    let list = list.evaluate(row, context)?;
    let start = start.map(|e| e.evaluate(row, context)).transpose()?;
    let end = end.map(|e| e.evaluate(row, context)).transpose()?;
    entity::slice(&list, start, end, context)
}

fn has_labels(value: &Node, labels: &Labels, row: &mut [Value], context: &mut Context<'_>) -> Evaluated {
    let value = value.evaluate(row, context)?;
    entity::has_labels(&value, labels, context)
}

fn is_type(value: &Node, kind: &ValueType, row: &mut [Value], context: &mut Context<'_>) -> Evaluated {
    Ok(Value::Boolean(kind.includes(&value.evaluate(row, context)?)))
}

fn call(function: &Function, arguments: &[Node], row: &mut [Value], context: &mut Context<'_>) -> Evaluated {
    let mut values: SmallVec<[Value; 3]> = SmallVec::with_capacity(arguments.len());
    for argument in arguments {
        values.push(argument.evaluate(row, context)?);
    }
    function.call(&values, context)
}

fn coalesce(arguments: &[Node], row: &mut [Value], context: &mut Context<'_>) -> Evaluated {
    for argument in arguments {
        let value = argument.evaluate(row, context)?;
        if !value.is_null() {
            return Ok(value);
        }
    }
    Ok(Value::Null)
}

fn searched_case(
    branches: &[(Node, Node)],
    otherwise: Option<&Node>,
    row: &mut [Value],
    context: &mut Context<'_>,
) -> Evaluated {
    for (when, then) in branches {
        if logic::is_true(&when.evaluate(row, context)?)? {
            return then.evaluate(row, context);
        }
    }
    otherwise.map_or(Ok(Value::Null), |e| e.evaluate(row, context))
}

fn simple_case(
    subject: &Node,
    branches: &[(Node, Node)],
    otherwise: Option<&Node>,
    row: &mut [Value],
    context: &mut Context<'_>,
) -> Evaluated {
    let subject = subject.evaluate(row, context)?;
    for (when, then) in branches {
        let when = when.evaluate(row, context)?;
        if logic::compare(ComparisonOperator::Equal, &subject, &when) == Some(true) {
            return then.evaluate(row, context);
        }
    }
    otherwise.map_or(Ok(Value::Null), |e| e.evaluate(row, context))
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

fn apply_binary(
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
        let value = value.evaluate(row, context)?;
        check_depth(&value)?;
        map.insert(key.clone(), value);
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
