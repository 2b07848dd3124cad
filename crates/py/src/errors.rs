//! Failures and panics as Python exceptions.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use samyama_bolt::Failure;

use crate::convert;

/// The exception for a failure, made by `samyama.errors.from_failure`.
pub fn of_failure(py: Python<'_>, failure: &Failure) -> PyErr {
    let made = (|| -> PyResult<PyErr> {
        let diagnostics = PyDict::new(py);
        for (key, value) in failure.diagnostics.iter() {
            diagnostics.set_item(key.as_ref(), convert::plain_to_python(py, value)?)?;
        }
        let module = py.import("samyama.errors")?;
        let made = module.call_method1(
            "from_failure",
            (failure.code.as_str(), failure.gql_status.as_str(), failure.message.as_str(), diagnostics),
        )?;
        Ok(PyErr::from_value(made))
    })();
    made.unwrap_or_else(|error| error)
}

/// Run Rust without the GIL; a panic becomes an exception.
pub fn detached<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> PyResult<T> {
    py.detach(|| catch_unwind(AssertUnwindSafe(work))).map_err(|panic| {
        let what = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "no message".into());
        PyRuntimeError::new_err(format!("the engine panicked, which is a bug: {what}"))
    })
}
