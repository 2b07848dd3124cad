//! `samyama._core`: the only PyO3 crate. Nothing but conversion.
use pyo3::prelude::*;

#[pymodule]
mod _core {}
