//! From the plan's expressions to expressions that can be evaluated.

use std::sync::Arc;

use super::{Expression, Labels, Node, Tokens};
use crate::functions;
use crate::plan::{Expression as Plan, LabelExpression, Operator, SubplanKind, UnaryOperator};
use crate::{ExecError, Parameters};

/// Makes an operator tree for a subplan and says under which number the context keeps it.
pub type SubplanBinder<'b> =
    dyn FnMut(SubplanKind, &Arc<Operator>, Option<u32>, &mut Tokens) -> Result<usize, ExecError> + 'b;

/// Compiles the expressions of one execution.
pub struct Compiler<'b> {
    pub tokens: &'b mut Tokens,
    pub parameters: &'b Parameters,
    pub subplans: &'b mut SubplanBinder<'b>,
}

impl Compiler<'_> {
    pub fn compile(&mut self, expression: &Plan) -> Result<Expression, ExecError> {
        Ok(Expression(self.node(expression)?))
    }

    pub fn compile_all(&mut self, expressions: &[Plan]) -> Result<Vec<Expression>, ExecError> {
        expressions.iter().map(|expression| self.compile(expression)).collect()
    }

    fn boxed(&mut self, expression: &Plan) -> Result<Box<Node>, ExecError> {
        self.node(expression).map(Box::new)
    }

    fn optional(&mut self, expression: Option<&Plan>) -> Result<Option<Box<Node>>, ExecError> {
        expression.map(|expression| self.boxed(expression)).transpose()
    }

    fn nodes(&mut self, expressions: &[Plan]) -> Result<Vec<Node>, ExecError> {
        expressions.iter().map(|expression| self.node(expression)).collect()
    }

    fn pairs(&mut self, whens: &[Plan], thens: &[Plan]) -> Result<Vec<(Node, Node)>, ExecError> {
        whens.iter().zip(thens).map(|(when, then)| Ok((self.node(when)?, self.node(then)?))).collect()
    }

    fn node(&mut self, expression: &Plan) -> Result<Node, ExecError> {
        Ok(match expression {
            Plan::Literal { value } => Node::Constant(value.clone()),
            Plan::Parameter { name } => match self.parameters.named.get(name) {
                Some(value) => Node::Constant(value.clone()),
                None => return Err(ExecError::missing_parameter(name)),
            },
            Plan::AutoParameter { index } => match self.parameters.literals.get(*index) {
                Some(value) => Node::Constant(value.clone()),
                None => {
                    return Err(ExecError::internal(format!("stripped literal {index} was not handed in")));
                }
            },
            Plan::Slot { slot } => Node::Slot(*slot as usize),
            Plan::Property { entity, key } => {
                let key = self.tokens.add_key(key);
                match &**entity {
                    Plan::Slot { slot } => Node::SlotProperty(*slot as usize, key),
                    entity => Node::Property(self.boxed(entity)?, key),
                }
            }
            Plan::Index { container, index } => Node::Index(self.boxed(container)?, self.boxed(index)?),
            Plan::Slice { list, start, end } => Node::Slice(
                self.boxed(list)?,
                self.optional(start.as_deref())?,
                self.optional(end.as_deref())?,
            ),
            Plan::ListLiteral { items } => Node::List(self.nodes(items)?),
            Plan::MapLiteral { keys, values } => {
                Node::Map(keys.iter().cloned().zip(self.nodes(values)?).collect())
            }
            Plan::Unary { operator, operand } => {
                let operand = self.boxed(operand)?;
                match operator {
                    UnaryOperator::Not => Node::Not(operand),
                    UnaryOperator::Neg => Node::Negate(operand),
                    UnaryOperator::Pos => Node::Plus(operand),
                    UnaryOperator::IsNull => Node::IsNull(operand, true),
                    UnaryOperator::IsNotNull => Node::IsNull(operand, false),
                }
            }
            Plan::Binary { operator, left, right } => {
                Node::Binary(*operator, self.boxed(left)?, self.boxed(right)?)
            }
            Plan::And { operands } => Node::And(self.nodes(operands)?),
            Plan::Or { operands } => Node::Or(self.nodes(operands)?),
            Plan::Comparison { operands, operators } => match (&operands[..], &operators[..]) {
                ([left, right], [operator]) => {
                    Node::Compare(*operator, self.boxed(left)?, self.boxed(right)?)
                }
                _ => Node::CompareChain(self.nodes(operands)?, operators.clone()),
            },
            Plan::HasLabels { entity, labels } => Node::HasLabels(self.boxed(entity)?, self.labels(labels)),
            Plan::Function { name, arguments } => self.function(name, arguments)?,
            Plan::Case { subject: None, whens, thens, otherwise } => {
                Node::SearchedCase(self.pairs(whens, thens)?, self.optional(otherwise.as_deref())?)
            }
            Plan::Case { subject: Some(subject), whens, thens, otherwise } => Node::SimpleCase(
                self.boxed(subject)?,
                self.pairs(whens, thens)?,
                self.optional(otherwise.as_deref())?,
            ),
            Plan::ListComprehension { slot, list, predicate, projection } => Node::ListComprehension {
                slot: *slot as usize,
                list: self.boxed(list)?,
                predicate: self.optional(predicate.as_deref())?,
                projection: self.optional(projection.as_deref())?,
            },
            Plan::Quantifier { kind, slot, list, predicate } => Node::Quantifier {
                kind: *kind,
                slot: *slot as usize,
                list: self.boxed(list)?,
                predicate: self.boxed(predicate)?,
            },
            Plan::Reduce { accumulator, initial, slot, list, body } => Node::Reduce {
                accumulator: *accumulator as usize,
                initial: self.boxed(initial)?,
                slot: *slot as usize,
                list: self.boxed(list)?,
                body: self.boxed(body)?,
            },
            Plan::PathBuild { slots } => Node::Path(slots.iter().map(|slot| *slot as usize).collect()),
            Plan::Subplan { kind, input, slot } => {
                Node::Subplan((self.subplans)(*kind, input, *slot, self.tokens)?)
            }
        })
    }

    fn function(&mut self, name: &str, arguments: &[Plan]) -> Result<Node, ExecError> {
        let arguments = self.nodes(arguments)?;
        if name == "coalesce" {
            return Ok(Node::Coalesce(arguments)); // evaluates only as far as it must
        }
        if let ("is ::", [value, Node::Constant(samyama_graph::Value::String(text))]) = (name, &arguments[..])
        {
            let unknown = || ExecError::syntax_error("UnexpectedSyntax", format!("Unknown type '{text}'"));
            let kind = samyama_graph::ValueType::parse(text).ok_or_else(unknown)?;
            return Ok(Node::IsType(Box::new(value.clone()), Arc::new(kind)));
        }
        let function = functions::lookup(name).ok_or_else(|| {
            ExecError::syntax_error("UnknownFunction", format!("Unknown function '{name}'"))
        })?;
        if !function.arity.contains(&arguments.len()) {
            return Err(ExecError::syntax_error(
                "InvalidNumberOfArguments",
                format!("Function '{name}' does not take {} arguments", arguments.len()),
            ));
        }
        Ok(Node::Function(function, arguments))
    }

    fn labels(&mut self, labels: &LabelExpression) -> Labels {
        match labels {
            LabelExpression::LabelName { name } => {
                Labels::Name(self.tokens.add_label(name), self.tokens.add_type(name))
            }
            LabelExpression::LabelAny => Labels::Any,
            LabelExpression::LabelNot { operand } => Labels::Not(Box::new(self.labels(operand))),
            LabelExpression::LabelAnd { operands } => {
                Labels::And(operands.iter().map(|operand| self.labels(operand)).collect())
            }
            LabelExpression::LabelOr { operands } => {
                Labels::Or(operands.iter().map(|operand| self.labels(operand)).collect())
            }
        }
    }
}
