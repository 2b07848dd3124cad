//! The words that every answer is made of, allocated once per thread: cores that count references to one word in one place
//! wait for each other.

use std::sync::Arc;

use samyama_graph::Value;

use crate::database::DATABASE_NAME;

macro_rules! words {
    ($($name:ident = $text:expr),* $(,)?) => {
        pub struct Words { $(pub $name: Arc<str>),* }

        thread_local! {
            /// Cloning one counts a reference; making one takes the allocator.
            pub static WORDS: Words = Words { $($name: Arc::from($text)),* };
        }
    };
}

words! {
    // Keys of summaries.
    t_first = "t_first", t_last = "t_last", type_ = "type", bookmark = "bookmark", db = "db", stats = "stats",
    statuses = "statuses", gql_status = "gql_status", status_description = "status_description",
    diagnostic_record = "diagnostic_record", index = "_samyama_index", level = "_samyama_level", term = "_samyama_term",
    leader = "_samyama_leader", contains_updates = "contains-updates", nodes_created = "nodes-created",
    relationships_created = "relationships-created", properties_set = "properties-set", labels_added = "labels-added",
    // Values of summaries.
    database = DATABASE_NAME, system = "system", read = "r", read_write = "rw", write = "w", schema = "s",
    linearizable = "linearizable", stale = "stale", bookmarked = "bookmark",
    omitted = "00001", omitted_text = "note: successful completion - omitted result",
    success = "00000", success_text = "note: successful completion",
    no_data = "02000", no_data_text = "note: no data",
}

/// As a value.
pub fn value(word: &Arc<str>) -> Value {
    Value::String(Arc::clone(word))
}
