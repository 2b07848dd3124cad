//! `samyama._core`: the only PyO3 crate. Nothing but conversion: Python's objects to the server's and back.
//!
//! Rules: the GIL is never held across a wait (`py.detach`); only the planner thread enters Python on behalf of a query; a
//! panic becomes an exception, never an abort of the host.

mod client;
mod convert;
mod errors;
mod frontend;
mod load;
mod node;
mod session;
mod signals;

use pyo3::prelude::*;

/// glibc's allocator takes a third of the time of a write: what one thread allocates another frees.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The engine's version.
#[pyfunction]
fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// Names of the functions that the executor has, with how many arguments each takes (None: any number).
#[pyfunction]
fn functions() -> Vec<(&'static str, (usize, Option<usize>))> {
    let counts = |arity: std::ops::RangeInclusive<usize>| {
        (*arity.start(), Some(*arity.end()).filter(|most| *most < usize::MAX))
    };
    samyama_server::functions().into_iter().map(|(name, arity)| (name, counts(arity))).collect()
}

#[pymodule]
mod _core {
    #[pymodule_export]
    use super::client::Client;
    #[pymodule_export]
    use super::functions;
    #[pymodule_export]
    use super::load::load;
    #[pymodule_export]
    use super::node::Node;
    #[pymodule_export]
    use super::session::Session;
    #[pymodule_export]
    use super::version;
}
