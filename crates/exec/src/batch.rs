//! A batch of result rows.

use samyama_graph::Value;

/// Rows in row-major order: `values[row * width + column]`. What `Execution::next` hands out.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    pub width: usize,
    pub values: Vec<Value>,
    /// Number of rows; kept apart because a result may have no columns.
    pub rows: usize,
}

impl Batch {
    pub fn row(&self, row: usize) -> &[Value] {
        &self.values[row * self.width..(row + 1) * self.width]
    }
}
