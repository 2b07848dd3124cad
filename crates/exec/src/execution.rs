//! Running a plan: opened on a graph, pulled batch by batch, finished.

use std::sync::Arc;

use samyama_graph::{Effect, Value};

use crate::expression::Context;
use crate::operators::{Builder, ProfileEntry, Source, Statement};
use crate::plan::{More, Operator, ProduceResults};
use crate::{
    Access, Batch, CancelFlag, Counters, Draws, ExecError, Limits, Parameters, Plan, PlanMode, Procedures,
    ReadSet,
};

/// Rows of the first batch; later ones grow up to `BATCH_ROWS_MAX`, so that a point query allocates little.
const BATCH_ROWS_FIRST: usize = 16;
const BATCH_ROWS_MAX: usize = 1_024;

/// What an execution came to, once it has given its last row (or was given up).
pub struct Finished {
    pub effects: Vec<Effect>,
    pub reads: ReadSet,
    pub counters: Counters,
    /// As `Plan::describe` with `rows` and `dbHits` per operator, if the plan says PROFILE.
    pub profile: Option<Value>,
}

/// One run of one plan.
pub struct Execution<'a> {
    plan: &'a Plan,
    context: Context<'a>,
    source: Source,
    /// The shared row.
    row: Vec<Value>,
    slots: Vec<usize>,
    batch_rows: usize,
    rows: u64,
    is_finished: bool,
}

impl<'a> Execution<'a> {
    /// Bind the plan to the graph.
    ///
    /// # Errors
    /// A missing parameter; a plan that does not fit this executor.
    pub fn open(
        plan: &'a Plan,
        access: Access<'a>,
        parameters: &'a Parameters,
        draws: Draws,
        limits: Limits,
        cancel: CancelFlag,
        procedures: &'a dyn Procedures,
    ) -> Result<Self, ExecError> {
        if let Some(name) = plan.parameters().iter().find(|name| !parameters.named.contains_key(name)) {
            return Err(ExecError::missing_parameter(name));
        }
        let is_write = matches!(access, Access::Write(_));
        let mut context = Context::new(access, parameters, draws, limits, cancel);
        let mut builder = Builder {
            tokens: std::mem::take(&mut context.tokens),
            parameters,
            subplans: Vec::new(),
            is_profile: plan.mode() == PlanMode::Profile,
            // The root, ProduceResults, is number 0.
            operators: 1,
        };
        let ProduceResults { input, slots, .. } = plan.root();
        let source = builder.build(input)?;
        context.tokens = builder.tokens;
        context.subplans = builder
            .subplans
            .into_iter()
            .map(|s| s.map(|s| s as Box<dyn crate::expression::RowSubplan>))
            .collect();
        context.statement = Statement {
            reads: is_write.then(ReadSet::default),
            procedures: Some(procedures),
            ..Statement::default()
        };
        Ok(Execution {
            plan,
            context,
            source,
            row: vec![Value::Null; plan.slots()],
            slots: slots.iter().map(|slot| *slot as usize).collect(),
            batch_rows: BATCH_ROWS_FIRST,
            rows: 0,
            is_finished: false,
        })
    }

    /// The next rows; None at the end. After an error the draft may hold a part of the statement's changes.
    ///
    /// # Errors
    /// What the query ran into; a limit; cancellation.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Batch>, ExecError> {
        if self.is_finished {
            return Ok(None);
        }
        self.context.check()?;
        if self.slots.is_empty() {
            return self.run_out();
        }
        let mut batch = Batch { width: self.slots.len(), values: Vec::new(), rows: 0 };
        while batch.rows < self.batch_rows {
            if !self.source.next(&mut self.row, &mut self.context)? {
                self.is_finished = true;
                self.context.finish_statement()?;
                break;
            }
            batch.values.extend(self.slots.iter().map(|slot| self.row[*slot].clone()));
            batch.rows += 1;
        }
        self.batch_rows = (self.batch_rows * 2).min(BATCH_ROWS_MAX);
        self.rows += batch.rows as u64;
        Ok((batch.rows > 0).then_some(batch))
    }

    /// A statement without columns has no rows to give: it runs to its end.
    fn run_out(&mut self) -> Result<Option<Batch>, ExecError> {
        while self.source.next(&mut self.row, &mut self.context)? {
            self.rows += 1;
        }
        self.is_finished = true;
        self.context.finish_statement()?;
        Ok(None)
    }

    pub fn finish(self) -> Finished {
        let profile = (self.plan.mode() == PlanMode::Profile).then(|| self.profile());
        let statement = self.context.statement;
        Finished {
            effects: statement.effects,
            reads: statement.reads.unwrap_or_default(),
            counters: statement.counters,
            profile,
        }
    }

    /// Rows, own hits, own time and own memory of each operator; of the root, the memory of the whole.
    fn profile(&self) -> Value {
        let entries = &self.context.statement.profile;
        let of = |number: usize| entries.get(number).cloned().unwrap_or_default();
        let mut children = Vec::new();
        number_children(&self.plan.root().input, &mut 1, &mut children);
        self.plan.describe_with(&mut |number| {
            let own = if number == 0 {
                ProfileEntry { rows: self.rows, ..ProfileEntry::default() }
            } else {
                let mut own = of(number);
                for child in
                    children.iter().filter(|(parent, _)| *parent == number).map(|(_, child)| of(*child))
                {
                    own.hits = own.hits.saturating_sub(child.hits);
                    own.time = own.time.saturating_sub(child.time);
                }
                own
            };
            let memory = &self.context.memory;
            let mut arguments =
                vec![(Arc::from("Memory"), Value::Integer(memory.operator_peak_bytes(number) as i64))];
            if number == 0 {
                arguments.push((Arc::from("GlobalMemory"), Value::Integer(memory.peak_bytes() as i64)));
            }
            let entries = vec![
                (Arc::from("rows"), Value::Integer(own.rows as i64)),
                (Arc::from("dbHits"), Value::Integer(own.hits as i64)),
                (Arc::from("time"), Value::Integer(own.time.as_nanos() as i64)),
                (Arc::from("pageCacheHits"), Value::Integer(0)),
                (Arc::from("pageCacheMisses"), Value::Integer(0)),
                (Arc::from("pageCacheHitRatio"), Value::Float(0.0)),
            ];
            More { entries, arguments }
        })
    }
}

/// (parent, child) pairs, numbered in the order in which operators are built and described.
fn number_children(operator: &Operator, next: &mut usize, pairs: &mut Vec<(usize, usize)>) {
    let own = *next;
    *next += 1;
    for child in operator.children() {
        pairs.push((own, *next));
        number_children(child, next, pairs);
    }
}
