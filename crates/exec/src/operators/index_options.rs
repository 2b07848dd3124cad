//! OPTIONS of CREATE INDEX: `{indexProvider: '...', indexConfig: {...}}`. Settings that are known are taken, those that tune
//! Neo4j's own indexes are read and have nothing to tune here, all others are refused by name.

use std::sync::Arc;

use samyama_graph::vector::Similarity;
use samyama_graph::{EntityKind, IndexKind, Map, Value, fulltext};

use crate::ExecError;
use crate::plan::IndexType;

const VECTOR_DIMENSIONS_MAX: i64 = 4_096;
/// Of Neo4j's own: the bounds of its space-filling curve, its approximate graph, its background updates.
const IGNORED: [&str; 4] =
    ["spatial.", "vector.hnsw.", "vector.quantization.", "fulltext.eventually_consistent"];

fn invalid(message: String) -> ExecError {
    ExecError::argument_error("InvalidArgumentValue", message)
}

/// The kind of an index from what was asked for.
///
/// # Errors
/// An option or setting that is unknown, or a value that does not fit it.
pub(super) fn kind(
    asked: IndexType,
    others: Vec<EntityKind>,
    options: &Value,
) -> Result<IndexKind, ExecError> {
    let config = config(options)?;
    let mut kind = match asked {
        IndexType::Range => IndexKind::Range,
        IndexType::Text => IndexKind::Text,
        IndexType::Point => IndexKind::Point,
        IndexType::Fulltext => IndexKind::Fulltext { others, analyzer: Arc::from(fulltext::ANALYZERS[0]) },
        IndexType::Vector => IndexKind::Vector { dimensions: None, similarity: Similarity::Cosine },
        IndexType::Lookup => return Err(ExecError::internal("a lookup index is never made")),
    };
    for (name, value) in config.iter().flat_map(|map| map.iter()) {
        set(&mut kind, name, value)?;
    }
    Ok(kind)
}

fn config(options: &Value) -> Result<Option<Arc<Map>>, ExecError> {
    let options = match options {
        Value::Null => return Ok(None),
        Value::Map(options) => options,
        other => return Err(invalid(format!("OPTIONS takes a map, got {}", other.type_name()))),
    };
    if let Some((name, _)) =
        options.iter().find(|(name, _)| !["indexConfig", "indexProvider"].contains(&name.as_ref()))
    {
        return Err(invalid(format!("unknown option `{name}`: there are indexConfig and indexProvider")));
    }
    match options.get("indexConfig") {
        None => Ok(None),
        Some(Value::Map(config)) => Ok(Some(Arc::clone(config))),
        Some(other) => Err(invalid(format!("indexConfig is a map, got {}", other.type_name()))),
    }
}

fn set(kind: &mut IndexKind, name: &str, value: &Value) -> Result<(), ExecError> {
    if IGNORED.iter().any(|prefix| name.starts_with(prefix)) {
        return Ok(());
    }
    match (kind, name, value) {
        (IndexKind::Fulltext { analyzer, .. }, "fulltext.analyzer", Value::String(wanted)) => {
            if !fulltext::ANALYZERS.contains(&wanted.as_ref()) {
                let known = fulltext::ANALYZERS.join(", ");
                return Err(invalid(format!("the analyzer `{wanted}` is not supported; there are {known}")));
            }
            *analyzer = Arc::clone(wanted);
        }
        (IndexKind::Vector { dimensions, .. }, "vector.dimensions", Value::Integer(wanted)) => {
            if !(1..=VECTOR_DIMENSIONS_MAX).contains(wanted) {
                return Err(invalid(format!(
                    "vector.dimensions is 1 to {VECTOR_DIMENSIONS_MAX}, got {wanted}"
                )));
            }
            *dimensions = Some(*wanted as u32);
        }
        (IndexKind::Vector { similarity, .. }, "vector.similarity_function", Value::String(wanted)) => {
            *similarity = match wanted.to_ascii_lowercase().as_str() {
                "cosine" => Similarity::Cosine,
                "euclidean" => Similarity::Euclidean,
                _ => {
                    let what =
                        format!("unknown similarity function `{wanted}`: there are cosine and euclidean");
                    return Err(invalid(what));
                }
            };
        }
        (_, name, value) => {
            return Err(invalid(format!(
                "`{name}` is no setting of this kind of index, or cannot be a {}",
                value.type_name()
            )));
        }
    }
    Ok(())
}

/// The options of an index as SHOW INDEXES tells them.
pub(super) fn shown(kind: &IndexKind) -> Value {
    let (provider, config) = match kind {
        IndexKind::Range => ("range-1.0", Vec::new()),
        IndexKind::Text => ("text-2.0", Vec::new()),
        IndexKind::Point => ("point-1.0", Vec::new()),
        IndexKind::Fulltext { analyzer, .. } => (
            "fulltext-1.0",
            vec![
                ("fulltext.analyzer", Value::String(Arc::clone(analyzer))),
                ("fulltext.eventually_consistent", Value::Boolean(false)),
            ],
        ),
        IndexKind::Vector { dimensions, similarity } => {
            let function = match similarity {
                Similarity::Cosine => "COSINE",
                Similarity::Euclidean => "EUCLIDEAN",
            };
            let mut config = vec![("vector.similarity_function", Value::from(function))];
            config.extend(dimensions.map(|count| ("vector.dimensions", Value::Integer(i64::from(count)))));
            ("vector-2.0", config)
        }
    };
    map([("indexProvider", provider.into()), ("indexConfig", map(config))])
}

pub(super) fn map(pairs: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    Value::from(Map::from_pairs(pairs.into_iter().map(|(key, value)| (Arc::from(key), value))))
}
