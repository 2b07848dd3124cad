//! What an evaluation may touch: the graph, the parameters, what was drawn, the memory it is allowed.

use std::sync::Arc;
use std::time::Instant;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rustc_hash::FxHashMap;
use samyama_graph::{Graph, KeyId, RelationshipEnds, RelationshipId, Value};

use super::memory::Memory;
use super::tokens::{KeyRef, Tokens};
use crate::{Access, CancelFlag, Draws, ExecError, Limits, Parameters};

/// A plan inside an expression, run for one row. Implemented by the operators.
pub trait RowSubplan {
    /// A boolean (exists), an integer (count) or a list (collect). The row is as it was when this returns.
    fn run(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<Value, ExecError>;
}

/// State of one execution that expressions share with the operators.
pub struct Context<'a> {
    pub access: Access<'a>,
    pub parameters: &'a Parameters,
    pub draws: Draws,
    pub limits: Limits,
    pub cancel: CancelFlag,
    pub memory: Memory,
    pub tokens: Tokens,
    /// By the number that the compiler was given; taken out while it runs.
    pub subplans: Vec<Option<Box<dyn RowSubplan + 'a>>>,
    /// Ends and type of relationships that this statement deleted: `type(r)` still answers.
    pub deleted_relationships: FxHashMap<RelationshipId, RelationshipEnds>,
    /// What operators keep track of.
    pub statement: crate::operators::Statement<'a>,
    /// Seeded when first asked: seeding costs more than many a query.
    random: Option<Box<StdRng>>,
    regex: Option<(Arc<str>, regex::Regex)>,
}

impl<'a> Context<'a> {
    pub fn new(
        access: Access<'a>,
        parameters: &'a Parameters,
        draws: Draws,
        limits: Limits,
        cancel: CancelFlag,
    ) -> Self {
        Context {
            access,
            parameters,
            memory: Memory::new(limits.memory_bytes_max),
            tokens: Tokens::default(),
            subplans: Vec::new(),
            deleted_relationships: FxHashMap::default(),
            statement: crate::operators::Statement::default(),
            random: None,
            regex: None,
            draws,
            limits,
            cancel,
        }
    }

    pub fn graph(&self) -> &Graph {
        self.access.graph()
    }

    /// What stands in element ids.
    pub fn database_uuid(&self) -> Arc<str> {
        self.statement.procedures.map_or_else(|| Arc::from(""), |procedures| procedures.database_uuid())
    }

    /// The id of a key in the graph as it stands now; None if it has no such key.
    pub fn key(&mut self, key: KeyRef) -> Option<KeyId> {
        self.tokens.key(key, self.access.graph())
    }

    /// To be called at every batch, and every thousand or so turns of a loop inside one.
    pub fn check(&self) -> Result<(), ExecError> {
        if self.cancel.is_raised() {
            return Err(ExecError::cancelled());
        }
        if self.limits.deadline.is_none() && self.limits.budget.is_none() {
            return Ok(());
        }
        let now = Instant::now();
        if self.limits.deadline.is_some_and(|deadline| now >= deadline) {
            return Err(ExecError::timed_out());
        }
        if self.limits.budget.is_some_and(|budget| now >= budget) {
            return Err(ExecError::budget_spent());
        }
        Ok(())
    }

    /// The next number in 0..1 of the statement's own sequence.
    pub fn random_float(&mut self) -> f64 {
        self.random().random::<f64>()
    }

    pub fn random_u128(&mut self) -> u128 {
        self.random().random::<u128>()
    }

    fn random(&mut self) -> &mut StdRng {
        self.random.get_or_insert_with(|| Box::new(StdRng::seed_from_u64(self.draws.random_seed)))
    }

    /// A compiled pattern that must match a whole string; the last one is kept.
    pub fn whole_string_regex(&mut self, pattern: &Arc<str>) -> Result<&regex::Regex, ExecError> {
        if self.regex.as_ref().is_none_or(|(text, _)| text != pattern) {
            let compiled = regex::RegexBuilder::new(&format!("^(?:{pattern})$"))
                .size_limit(crate::limits::REGEX_BYTES_MAX)
                .build()
                .map_err(|error| {
                    ExecError::syntax_error(
                        "InvalidRegex",
                        format!("Invalid Regex: {error}. Look-around and back-references are not supported."),
                    )
                })?;
            self.regex = Some((pattern.clone(), compiled));
        }
        match &self.regex {
            Some((_, regex)) => Ok(regex),
            None => Err(ExecError::internal("the compiled pattern is gone")),
        }
    }
}
