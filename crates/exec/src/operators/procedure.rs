//! CALL of a procedure: built-in ones here and in `show.rs`, others through [`crate::Procedures`].

use std::sync::Arc;

use samyama_graph::{Graph, Value};

use super::{Operate, Source, show, write_procedures};
use crate::expression::{Context, Expression};
use crate::functions::validate::validate;
use crate::{ExecError, Read, schema_graph, search};

pub(super) struct ProcedureCall {
    pub(super) input: Source,
    pub(super) name: Arc<str>,
    pub(super) arguments: Vec<Expression>,
    pub(super) columns: Vec<Arc<str>>,
    pub(super) slots: Vec<usize>,
    /// Rows of the present call, last first.
    pub(super) rows: Vec<Vec<Value>>,
}

/// What these answer may be another one after any change.
const READ_EVERYTHING: [&str; 4] =
    ["db.labels", "db.relationshiptypes", "db.schema.visualization", "apoc.meta.graph"];

impl ProcedureCall {
    fn call(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<Vec<Vec<Value>>, ExecError> {
        let mut arguments = Vec::with_capacity(self.arguments.len());
        for argument in &self.arguments {
            arguments.push(argument.evaluate(row, context)?);
        }
        context.note(|| Read::Schema);
        if let Some(procedures) = context.statement.procedures
            && let Some(rows) = procedures.call(&self.name, &arguments, &self.columns, context.graph())
        {
            return rows;
        }
        let name = self.name.to_ascii_lowercase();
        if READ_EVERYTHING.contains(&name.as_str()) {
            context.depend_on(|| Read::Everything);
        }
        if name == "db.propertykeys" {
            context.depend_on(|| Read::PropertyKeys);
        }
        let special = search_procedure(&name, &arguments, context)
            .or_else(|| write_procedures::call(&name, &arguments, context))
            .or_else(|| validation(&name, &arguments));
        let found = match special {
            Some(found) => Some(found?),
            None => built_in(&name, context.graph()),
        };
        let Some((columns, rows)) = found else {
            return Err(ExecError::procedure_not_found(&self.name));
        };
        let places: Option<Vec<_>> = self
            .columns
            .iter()
            .map(|wanted| columns.iter().position(|column| *column == wanted.as_ref()))
            .collect();
        let Some(places) = places else {
            let what = format!("`{}` has the columns {}", self.name, columns.join(", "));
            return Err(ExecError::syntax_error("UndefinedVariable", what));
        };
        Ok(rows.into_iter().map(|row| places.iter().map(|place| row[*place].clone()).collect()).collect())
    }
}

/// (columns, rows).
pub(super) type Answer = (Vec<&'static str>, Vec<Vec<Value>>);

fn names<'a>(column: &'static str, names: impl Iterator<Item = &'a Arc<str>>) -> Answer {
    (vec![column], names.map(|name| vec![Value::String(Arc::clone(name))]).collect())
}

/// Look-ups that rank; None: another procedure.
fn search_procedure(
    name: &str,
    arguments: &[Value],
    context: &mut Context<'_>,
) -> Option<Result<Answer, ExecError>> {
    let (rows, nodes) = match name {
        "db.index.fulltext.querynodes" => (search::fulltext_search(arguments, true, context), true),
        "db.index.fulltext.queryrelationships" => (search::fulltext_search(arguments, false, context), false),
        "db.index.vector.querynodes" => (search::nearest(arguments, true, context), true),
        "db.index.vector.queryrelationships" => (search::nearest(arguments, false, context), false),
        _ => return None,
    };
    let columns = vec![if nodes { "node" } else { "relationship" }, "score"];
    Some(rows.map(|rows| (columns, rows)))
}

/// The one that only fails or does nothing; None: another procedure.
fn validation(name: &str, arguments: &[Value]) -> Option<Result<Answer, ExecError>> {
    let found = name == "apoc.util.validate";
    found.then(|| validate("procedure", "apoc.util.validate", arguments).map(|()| (Vec::new(), Vec::new())))
}

fn built_in(name: &str, graph: &Graph) -> Option<Answer> {
    let (labels, types, keys) = graph.token_counts();
    Some(match name {
        "db.labels" => {
            let ids = (0..labels).map(|id| samyama_graph::LabelId(id as u16));
            names("label", ids.filter(|id| graph.label_count(*id) > 0).map(|id| graph.label_name(id)))
        }
        "db.relationshiptypes" => {
            let ids = (0..types).map(|id| samyama_graph::TypeId(id as u16));
            let used = ids.filter(|id| graph.type_count(*id) > 0);
            names("relationshipType", used.map(|id| graph.relationship_type_name(id)))
        }
        "db.propertykeys" => {
            names("propertyKey", (0..keys).map(|id| graph.property_key_name(samyama_graph::KeyId(id))))
        }
        "db.schema.visualization" | "apoc.meta.graph" => {
            let (nodes, relationships) = schema_graph::parts(graph);
            (vec!["nodes", "relationships"], vec![vec![nodes, relationships]])
        }
        "db.ping" => (vec!["success"], vec![vec![Value::Boolean(true)]]),
        "db.awaitindexes" | "db.awaitindex" => (Vec::new(), Vec::new()),
        "samyama.show.indexes" => show::indexes(graph),
        "samyama.show.constraints" => show::constraints(graph),
        _ => return None,
    })
}

impl Operate for ProcedureCall {
    fn restart(&mut self, context: &mut Context<'_>) {
        self.input.restart(context);
        self.rows.clear();
    }

    fn next(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<bool, ExecError> {
        loop {
            if let Some(values) = self.rows.pop() {
                for (slot, value) in self.slots.iter().zip(values) {
                    row[*slot] = value;
                }
                return Ok(true);
            }
            context.step()?;
            if !self.input.next(row, context)? {
                return Ok(false);
            }
            self.rows = self.call(row, context)?;
            self.rows.reverse();
            if self.slots.is_empty() {
                // A procedure without columns passes the row on.
                self.rows.clear();
                return Ok(true);
            }
        }
    }
}
