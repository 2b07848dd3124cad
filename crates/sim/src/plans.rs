//! The statements that simulated clients send: plans that the Python front end made from the texts beside them.
//!
//! `tests/seam/test_simulation_plans.py` compiles the texts again and compares; with `--update` it writes the plans.

use std::sync::Arc;

use samyama_exec::{CancelFlag, ExecError, Parameters, Plan, Procedures};
use samyama_graph::{Graph, Map, Value};
use samyama_server::parts::{Keys, Program, Statement};

const MEMORY_BYTES_MAX: usize = 64 << 20;

macro_rules! plans {
    ($($name:ident)*) => {
        pub struct Plans { $(pub $name: Arc<Plan>,)* }

        impl Plans {
            /// # Errors
            /// When a plan is not one that this program reads.
            pub fn load() -> Result<Plans, ExecError> {
                Ok(Plans { $($name: Arc::new(Plan::decode(include_bytes!(concat!("../plans/", stringify!($name), ".plan")))?),)* })
            }
        }
    };
}

plans! {
    balances
    bulk
    bulks
    compare_and_set
    count_up
    counters
    fail_half_way
    get
    junk
    large
    move_money
    one_key
    open_accounts
    paid
    pay
    put
    registers
    serials
    write
}

/// Procedures of a database that has none.
struct NoProcedures;

impl Procedures for NoProcedures {
    fn call(
        &self,
        _name: &str,
        _arguments: &[Value],
        _columns: &[Arc<str>],
        _graph: &Graph,
    ) -> Option<Result<Vec<Vec<Value>>, ExecError>> {
        None
    }
}

pub fn statement(plan: &Arc<Plan>, parameters: &[(&str, Value)]) -> (Arc<Statement>, CancelFlag) {
    keyed_statement(plan, parameters, Keys::default(), false)
}

/// A statement that takes effect at most once under its keys.
pub fn keyed_statement(
    plan: &Arc<Plan>,
    parameters: &[(&str, Value)],
    keys: Keys,
    takes_key: bool,
) -> (Arc<Statement>, CancelFlag) {
    let mut named = Map::new();
    for (name, value) in parameters {
        named.insert(Arc::from(*name), value.clone());
    }
    let cancel = CancelFlag::default();
    let statement = Statement {
        program: Program::Plan(Arc::clone(plan)),
        parameters: Parameters { named: Arc::new(named), literals: Vec::new() },
        memory_bytes_max: MEMORY_BYTES_MAX,
        // Time passes in the simulation only; clients that lose patience raise the flag.
        deadline: None,
        cancel: cancel.clone(),
        transaction_ns: 0,
        procedures: Arc::new(NoProcedures),
        keys,
        takes_key,
        digest: 0,
        fetched: Default::default(),
    };
    (Arc::new(statement), cancel)
}
