//! The Cypher front end: `samyama.cypher.compile.compile`, called from the planner thread.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use samyama_server::{CompileError, CompileRequest, Frontend};

pub struct PythonFrontend {
    compile: Py<PyAny>,
}

impl PythonFrontend {
    /// Imports the front end now, so that what is wrong with it is said when the node starts.
    pub fn new(py: Python<'_>) -> PyResult<Self> {
        let compile = py.import("samyama.cypher.compile")?.getattr("compile")?;
        Ok(Self { compile: compile.unbind() })
    }

    fn call(&self, py: Python<'_>, request: &CompileRequest) -> PyResult<Vec<u8>> {
        let literals = PyList::new(py, &request.literals)?;
        let types = PyDict::new(py);
        for (name, class) in &request.parameter_types {
            types.set_item(name.as_ref(), *class)?;
        }
        let catalog = PyBytes::new(py, &request.catalog);
        let procedures = PyBytes::new(py, &request.procedures);
        let plan =
            self.compile.bind(py).call1((request.text.as_ref(), literals, types, catalog, procedures))?;
        plan.extract()
    }
}

impl Frontend for PythonFrontend {
    fn compile(&self, request: &CompileRequest) -> Result<Vec<u8>, CompileError> {
        let attached =
            Python::try_attach(|py| self.call(py, request).map_err(|error| of_exception(py, &error)));
        attached.unwrap_or_else(|| Err(CompileError::internal("the Python interpreter is shutting down")))
    }
}

/// A `samyama.cypher.errors.CypherError` carries what clients are shown; anything else is a bug of the front end.
fn of_exception(py: Python<'_>, error: &PyErr) -> CompileError {
    let value = error.value(py);
    let text = |name: &str| value.getattr(name).and_then(|v| v.extract::<String>()).unwrap_or_default();
    let number = |name: &str| value.getattr(name).and_then(|v| v.extract::<i64>()).unwrap_or_default();
    let code = text("code");
    if !code.starts_with("Neo.") {
        let kind = error.get_type(py).name().map(|name| name.to_string()).unwrap_or_default();
        return CompileError::internal(format!(
            "the planner failed on this query, which is a bug: {kind}: {value}"
        ));
    }
    CompileError {
        code: code.into(),
        gql_status: text("gql_status").into(),
        error_type: text("error_type").into(),
        phase: text("phase").into(),
        detail: text("detail").into(),
        message: text("message").into(),
        offset: number("offset"),
        line: number("line"),
        column: number("column"),
    }
}
