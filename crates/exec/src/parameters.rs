//! Parameters of one execution: those of the client by name, and literals stripped by the plan cache by number.

use std::sync::Arc;

use samyama_graph::{Map, Value};

#[derive(Clone, Debug, Default)]
pub struct Parameters {
    pub named: Arc<Map>,
    pub literals: Vec<Value>,
}
