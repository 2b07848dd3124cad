//! The plan as Bolt's `plan` and `profile` show it: `{operatorType, identifiers, args, children}`, and for a profile what
//! was measured.

use std::sync::Arc;

use samyama_graph::{Map, Value};

use super::{Operator, Plan, ProduceResults};

/// What a profile adds to an operator: entries beside `args`, and in them.
#[derive(Default)]
pub struct More {
    pub entries: Vec<(Arc<str>, Value)>,
    pub arguments: Vec<(Arc<str>, Value)>,
}

impl Plan {
    /// The plan as Bolt's `plan` shows it.
    pub fn describe(&self) -> Value {
        self.describe_with(&mut |_| More::default())
    }

    /// As `describe`, with more entries per operator. Operators are numbered from the root (0) in pre-order:
    /// an operator, then each of its [`Operator::children`] with all that is below it.
    pub fn describe_with(&self, more: &mut dyn FnMut(usize) -> More) -> Value {
        let mut number = 0;
        let ProduceResults { info, input, .. } = self.root();
        let mut map = entry("ProduceResults", info, more(number));
        number += 1;
        map.insert(Arc::from("children"), Value::from(vec![operator(input, &mut number, more)]));
        Value::from(map)
    }
}

fn operator(this: &Operator, number: &mut usize, more: &mut dyn FnMut(usize) -> More) -> Value {
    let mut map = entry(this.name(), this.info(), more(*number));
    *number += 1;
    let children: Vec<Value> =
        this.children().into_iter().map(|child| operator(child, number, more)).collect();
    map.insert(Arc::from("children"), Value::from(children));
    Value::from(map)
}

fn entry(name: &str, info: &super::Info, more: More) -> Map {
    let mut arguments = Map::from_pairs([
        (Arc::from("Details"), Value::String(info.details.clone())),
        (Arc::from("EstimatedRows"), Value::Float(info.rows)),
    ]);
    for (key, value) in more.arguments {
        arguments.insert(key, value);
    }
    let mut map = Map::from_pairs([
        (Arc::from("operatorType"), Value::from(name)),
        (Arc::from("identifiers"), Value::from(Vec::new())),
        (Arc::from("args"), Value::from(arguments)),
    ]);
    for (key, value) in more.entries {
        map.insert(key, value);
    }
    map
}
