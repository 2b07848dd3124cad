//! Vectors: lists of finite numbers, and how similar two of one length are, on Neo4j's scale of 0 to 1.

use crate::Value;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Similarity {
    Cosine,
    Euclidean,
}

/// The numbers of a list; None for anything else, for a list without elements, and where a number is not finite.
pub fn components(value: &Value) -> Option<Vec<f64>> {
    let Value::List(items) = value else { return None };
    let number = |item: &Value| match item {
        Value::Integer(integer) => Some(*integer as f64),
        Value::Float(float) if float.is_finite() => Some(*float),
        _ => None,
    };
    items.iter().map(number).collect::<Option<Vec<_>>>().filter(|numbers| !numbers.is_empty())
}

/// How similar a stored list is to `query`; None when it is no vector of that length.
pub fn score_of(similarity: Similarity, stored: &Value, query: &[f64]) -> Option<f64> {
    let stored = components(stored).filter(|stored| stored.len() == query.len())?;
    similarity.score(&stored, query)
}

impl Similarity {
    /// 1 for equal vectors, towards 0 for opposite or distant ones. None when cosine meets a vector of length 0.
    pub fn score(self, a: &[f64], b: &[f64]) -> Option<f64> {
        assert_eq!(a.len(), b.len(), "vectors of different lengths have no similarity");
        match self {
            Similarity::Euclidean => {
                let squared: f64 = a.iter().zip(b).map(|(x, y)| (x - y).powi(2)).sum();
                Some(1.0 / (1.0 + squared))
            }
            Similarity::Cosine => {
                let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
                let norms = (dot(a, a) * dot(b, b)).sqrt();
                (norms > 0.0).then(|| ((1.0 + dot(a, b) / norms) / 2.0).clamp(0.0, 1.0))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_vectors_score_one_and_opposite_ones_zero() {
        assert_eq!(Similarity::Cosine.score(&[1.0, 0.0], &[2.0, 0.0]), Some(1.0));
        assert_eq!(Similarity::Cosine.score(&[1.0, 0.0], &[-1.0, 0.0]), Some(0.0));
        assert_eq!(Similarity::Cosine.score(&[1.0, 0.0], &[0.0, 3.0]), Some(0.5));
        assert_eq!(Similarity::Cosine.score(&[0.0, 0.0], &[0.0, 3.0]), None);
        assert_eq!(Similarity::Euclidean.score(&[1.0, 1.0], &[1.0, 1.0]), Some(1.0));
        assert_eq!(Similarity::Euclidean.score(&[0.0], &[3.0]), Some(0.1));
    }
}
