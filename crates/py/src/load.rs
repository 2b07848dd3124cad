//! The load generator, from Python: JSON in, JSON out.

use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use samyama_bolt::load::{LoadError, Spec, run};

use crate::errors::detached;

/// Run a load to its end, without the GIL. `spec` and the answer are JSON: `crates/bolt/src/load/spec.rs` and `tally.rs`.
#[pyfunction]
pub fn load(py: Python<'_>, spec: &str) -> PyResult<String> {
    let spec: Spec = serde_json::from_str(spec).map_err(|error| PyValueError::new_err(error.to_string()))?;
    let report = detached(py, || run(&spec))?.map_err(|error| match error {
        LoadError::Spec(_) => PyValueError::new_err(error.to_string()),
        LoadError::Connect { .. } | LoadError::Io(_) => PyOSError::new_err(error.to_string()),
    })?;
    serde_json::to_string(&report).map_err(|error| PyRuntimeError::new_err(error.to_string()))
}
