//! Full-text search over an index: each clause gives entities with scores, clauses are combined as they occur.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use samyama_graph::fulltext::{texts, words};
use samyama_graph::{EntityKind, Graph, IndexDefinition, IndexKind, KeyId, NodeId, RelationshipId, Value};

use super::query::{Clause, Occur, Query, parse};
use super::{Ranked, find, note, rows, sort};
use crate::ExecError;
use crate::expression::Context;

/// BM25's usual constants.
const K1: f64 = 1.2;
const B: f64 = 0.75;

type Scores = FxHashMap<u64, f64>;

/// Rows of `db.index.fulltext.queryNodes(index, query, options)` and its twin for relationships.
pub(crate) fn search(
    arguments: &[Value],
    nodes: bool,
    context: &mut Context<'_>,
) -> Result<Vec<Vec<Value>>, ExecError> {
    let [name, text, options] = arguments else {
        return Err(ExecError::internal("a full-text query has three arguments"));
    };
    let is_fulltext = |kind: &IndexKind| matches!(kind, IndexKind::Fulltext { .. });
    let index = find(context.graph(), name, nodes, is_fulltext, "full-text")?.clone();
    let Value::String(text) = text else {
        let got = text.type_name();
        let what = format!("A full-text query is a String, got {got}");
        return Err(ExecError::type_error("InvalidArgumentType", what));
    };
    let (skip, limit) = (option(options, "skip")?.unwrap_or(0), option(options, "limit")?);
    note(&index, context);
    let IndexKind::Fulltext { analyzer, .. } = &index.kind else {
        return Err(ExecError::internal("a full-text index of another kind"));
    };
    let query = parse(text)?;
    let scores = Search { graph: context.graph(), index: &index, analyzer }.query(&query)?;
    context.check()?;
    let mut found: Ranked = scores.into_iter().collect();
    sort(&mut found);
    let found = found.into_iter().skip(skip).take(limit.unwrap_or(usize::MAX)).collect();
    Ok(rows(found, nodes, context))
}

fn option(options: &Value, name: &str) -> Result<Option<usize>, ExecError> {
    let Value::Map(options) = options else { return Ok(None) };
    match options.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Integer(count)) if *count >= 0 => Ok(Some(*count as usize)),
        Some(other) => Err(ExecError::argument_error(
            "InvalidArgumentValue",
            format!(
                "`{name}` of a full-text query is an integer that is not negative, got {}",
                other.type_name()
            ),
        )),
    }
}

/// Which words are walked.
#[derive(Clone, Copy)]
enum Words<'a> {
    One(&'a str),
    /// All that begin so.
    From(&'a str),
}

struct Search<'a> {
    graph: &'a Graph,
    index: &'a IndexDefinition,
    analyzer: &'a Arc<str>,
}

impl Search<'_> {
    fn query(&self, query: &Query) -> Result<Scores, ExecError> {
        Ok(match query {
            Query::Clauses(clauses) => self.clauses(clauses)?,
            Query::All => self.all(),
            Query::Text { field, text } => {
                let field = self.field(field.as_deref())?;
                let words = words(self.analyzer, text);
                match &words[..] {
                    [] => Scores::default(),
                    [word] => self.matching(field, Words::One(word), &|_| true),
                    // A word that the analyzer cuts is a phrase too.
                    words => self.phrase(field, words),
                }
            }
            Query::Pattern { field, pattern } => {
                let field = self.field(field.as_deref())?;
                let start = pattern.split(['*', '?']).next().unwrap_or_default();
                let pattern: Vec<char> = pattern.chars().collect();
                let fits = |found: &str| fits(&pattern, &found.chars().collect::<Vec<_>>());
                self.matching(field, Words::From(start), &fits).into_keys().map(|id| (id, 1.0)).collect()
            }
            Query::Fuzzy { field, word, distance } => {
                let field = self.field(field.as_deref())?;
                let word: Vec<char> = word.chars().collect();
                let near = |found: &str| within(&word, &found.chars().collect::<Vec<_>>(), *distance);
                self.matching(field, Words::From(""), &near)
            }
        })
    }

    /// The place of a field among the keys; None for all.
    fn field(&self, name: Option<&str>) -> Result<Option<usize>, ExecError> {
        let Some(name) = name else { return Ok(None) };
        let is_it = |key: &KeyId| self.graph.property_key_name(*key).as_ref() == name;
        self.index.keys.iter().position(is_it).map(Some).ok_or_else(|| {
            let what = format!("the index `{}` does not cover the property `{name}`", self.index.name);
            ExecError::argument_error("InvalidArgumentValue", what)
        })
    }

    fn clauses(&self, clauses: &[Clause]) -> Result<Scores, ExecError> {
        let has_must = clauses.iter().any(|clause| clause.occur == Occur::Must);
        let mut scores: Option<Scores> = None;
        for clause in clauses.iter().filter(|clause| clause.occur == Occur::Must) {
            let found = self.query(&clause.query)?;
            scores = Some(match scores {
                None => found.into_iter().map(|(id, score)| (id, score * clause.boost)).collect(),
                Some(mut scores) => {
                    scores.retain(|id, _| found.contains_key(id));
                    scores.iter_mut().for_each(|(id, score)| *score += found[id] * clause.boost);
                    scores
                }
            });
        }
        let mut scores = scores.unwrap_or_default();
        for clause in clauses.iter().filter(|clause| clause.occur == Occur::Should) {
            for (id, score) in self.query(&clause.query)? {
                match scores.get_mut(&id) {
                    Some(sum) => *sum += score * clause.boost,
                    None if !has_must => drop(scores.insert(id, score * clause.boost)),
                    None => {}
                }
            }
        }
        for clause in clauses.iter().filter(|clause| clause.occur == Occur::Not) {
            for id in self.query(&clause.query)?.keys() {
                scores.remove(id);
            }
        }
        Ok(scores)
    }

    /// Entities with a word among these that fits; scores by BM25.
    fn matching(&self, field: Option<usize>, words: Words<'_>, fits: &dyn Fn(&str) -> bool) -> Scores {
        let (Words::One(start) | Words::From(start)) = words;
        let fields = self.graph.fulltext_fields(self.index.id);
        let mut scores = Scores::default();
        // Occurrences come word by word: one word's are scored together.
        let mut same: Vec<(u64, usize, u64, u64)> = Vec::new();
        let mut word = String::new();
        let mut flush = |same: &mut Vec<(u64, usize, u64, u64)>| {
            for (place, statistics) in fields.iter().enumerate() {
                let (count, words) = (statistics.entities as f64, statistics.words as f64);
                let df = same.iter().filter(|one| one.1 == place).count() as f64;
                let idf = (1.0 + (count - df + 0.5) / (df + 0.5)).ln();
                for (id, _, tf, length) in same.iter().filter(|one| one.1 == place) {
                    let norm = K1 * (1.0 - B + B * *length as f64 * count / words);
                    *scores.entry(*id).or_default() += idf * *tf as f64 / (*tf as f64 + norm);
                }
            }
            same.clear();
        };
        self.graph.fulltext_words(self.index.id, start, |found| {
            let goes_on = match words {
                Words::One(wanted) => found.word == wanted,
                Words::From(start) => found.word.starts_with(start),
            };
            if !goes_on {
                return false;
            }
            if found.word != word {
                flush(&mut same);
                word.clear();
                word.push_str(found.word);
            }
            if field.is_none_or(|field| field == found.field) && fits(found.word) {
                same.push((found.entity, found.field, found.count, found.length));
            }
            true
        });
        flush(&mut same);
        scores
    }

    /// Entities that have all words in one field, one behind the other where the texts are looked at.
    fn phrase(&self, field: Option<usize>, phrase: &[String]) -> Scores {
        let mut sums: Option<Scores> = None;
        for word in phrase {
            let found = self.matching(field, Words::One(word), &|_| true);
            sums = Some(match sums {
                None => found,
                Some(mut sums) => {
                    sums.retain(|id, _| found.contains_key(id));
                    sums.iter_mut().for_each(|(id, score)| *score += found[id]);
                    sums
                }
            });
        }
        let mut sums = sums.unwrap_or_default();
        sums.retain(|id, _| self.has_phrase(*id, field, phrase));
        sums
    }

    fn has_phrase(&self, id: u64, field: Option<usize>, phrase: &[String]) -> bool {
        let keys = self.index.keys.iter().enumerate().filter(|(place, _)| field.is_none_or(|f| f == *place));
        keys.into_iter().any(|(_, key)| {
            let value = self.property(id, *key);
            texts(&value)
                .into_iter()
                .any(|text| words(self.analyzer, text).windows(phrase.len()).any(|window| window == phrase))
        })
    }

    fn property(&self, id: u64, key: KeyId) -> Value {
        match self.index.entity {
            EntityKind::Node(_) => self.graph.node_property(NodeId(id), key),
            EntityKind::Relationship(_) => self.graph.relationship_property(RelationshipId(id), key),
        }
    }

    fn all(&self) -> Scores {
        let mut scores = Scores::default();
        self.graph.fulltext_words(self.index.id, "", |found| {
            scores.insert(found.entity, 1.0);
            true
        });
        scores
    }
}

/// Does a word fit a pattern with `*` and `?`?
fn fits(pattern: &[char], word: &[char]) -> bool {
    let (mut p, mut w, mut star) = (0, 0, None);
    while w < word.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, w));
                p += 1;
            }
            Some(c) if *c == '?' || *c == word[w] => {
                p += 1;
                w += 1;
            }
            _ => match star {
                // Let the last star take one character more.
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    (p, w) = (at + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// Is the edit distance (insertions, deletions, replacements) at most `limit`?
fn within(a: &[char], b: &[char], limit: usize) -> bool {
    if a.len().abs_diff(b.len()) > limit {
        return false;
    }
    let mut before: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let replaced = before[j] + usize::from(x != y);
            row.push(replaced.min(before[j + 1] + 1).min(row[j] + 1));
        }
        before = row;
    }
    before[b.len()] <= limit
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chars(text: &str) -> Vec<char> {
        text.chars().collect()
    }

    #[test]
    fn patterns_and_distances() {
        for (pattern, word, wanted) in [
            ("qu*", "quick", true),
            ("q?ick", "quick", true),
            ("*ck", "quick", true),
            ("q*c*", "quick", true),
            ("q?ck", "quick", false),
            ("*", "", true),
        ] {
            assert_eq!(fits(&chars(pattern), &chars(word)), wanted, "{pattern} on {word}");
        }
        assert!(within(&chars("kitten"), &chars("sitten"), 1));
        assert!(!within(&chars("kitten"), &chars("sitting"), 2));
        assert!(within(&chars("kitten"), &chars("sittin"), 2));
    }
}
