//! Cuts literals out of query text, so that queries which differ in them alone share a plan.

use samyama_graph::Value;

/// A query without its literals.
#[derive(Clone, Debug, Default)]
pub struct Stripped {
    pub text: String,
    pub values: Vec<Value>,
    /// Where they stood, in characters: what the front end counts in.
    pub spans: Vec<(usize, usize)>,
    /// And in bytes.
    pub byte_spans: Vec<(usize, usize)>,
}

/// Nothing is stripped yet: every text is its own key.
pub fn strip(text: &str) -> Stripped {
    Stripped { text: text.to_owned(), ..Stripped::default() }
}
