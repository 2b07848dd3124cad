//! Words of texts, for full-text indexes.
//!
//! A text is cut by an analyzer; the index keeps, per word, field and entity, how often the word stands there among how many,
//! as ordinary index keys `[word, field, count, length]`, and once per field and entity `["", field, length]`. So the index is
//! the same persistent ordered set as any other, and is rebuilt and verified like one. No positions are kept: phrases are
//! looked for in the texts themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use smallvec::smallvec;

use crate::compare::Equivalent;
use crate::index::IndexKey;
use crate::record::Properties;
use crate::{KeyId, Value};

/// Names of the analyzers that are known; the first is the default.
pub const ANALYZERS: [&str; 5] = ["standard-no-stop-words", "standard", "simple", "whitespace", "keyword"];

/// Lucene's English stop words, which `standard` leaves out.
const STOP_WORDS: [&str; 33] = [
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it", "no",
    "not", "of", "on", "or", "such", "that", "the", "their", "then", "there", "these", "they", "this", "to",
    "was", "will", "with",
];

/// The words of a text, in order.
pub fn words(analyzer: &str, text: &str) -> Vec<String> {
    match analyzer {
        "keyword" => vec![text.to_owned()],
        "whitespace" => text.split_whitespace().map(str::to_owned).collect(),
        "simple" => runs(text, char::is_alphabetic),
        "standard" => {
            let mut words = runs(text, char::is_alphanumeric);
            words.retain(|word| !STOP_WORDS.contains(&word.as_str()));
            words
        }
        _ => runs(text, char::is_alphanumeric),
    }
}

/// Runs of such characters in lower case; an ideograph is a word of its own, an apostrophe inside a word belongs to it.
fn runs(text: &str, belongs: fn(char) -> bool) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let is_ideograph =
            matches!(character, '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}');
        let joins = matches!(character, '\'' | '’' | '_')
            && !word.is_empty()
            && characters.peek().is_some_and(|next| belongs(*next));
        if (belongs(character) || joins) && !is_ideograph {
            word.extend(character.to_lowercase());
            continue;
        }
        if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if is_ideograph {
            words.push(character.to_string());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// The texts of a value: itself, or those of a list.
pub fn texts(value: &Value) -> Vec<&Arc<str>> {
    match value {
        Value::String(text) => vec![text],
        Value::List(items) => items.iter().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

pub(crate) fn length_key(field: usize, length: usize) -> IndexKey {
    smallvec![
        Equivalent(Value::from("")),
        Equivalent(Value::Integer(field as i64)),
        Equivalent(Value::Integer(length as i64)),
    ]
}

/// Every index key of an entity with these properties.
pub(crate) fn index_keys(analyzer: &str, keys: &[KeyId], properties: &Properties) -> Vec<IndexKey> {
    let mut found = Vec::new();
    for (field, key) in keys.iter().enumerate() {
        let value = crate::record::property(properties, *key);
        let mut counts: BTreeMap<String, i64> = BTreeMap::new();
        let mut length = 0;
        for word in texts(&value).into_iter().flat_map(|text| words(analyzer, text)) {
            length += 1;
            if !word.is_empty() {
                *counts.entry(word).or_default() += 1;
            }
        }
        if length > 0 {
            found.push(length_key(field, length));
        }
        found.extend(counts.into_iter().map(|(word, count)| {
            let (word, field) = (Value::from(word), Value::Integer(field as i64));
            let length = Value::Integer(length as i64);
            smallvec![
                Equivalent(word),
                Equivalent(field),
                Equivalent(Value::Integer(count)),
                Equivalent(length)
            ]
        }));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_into_words() {
        assert_eq!(
            words("standard-no-stop-words", "The quick, brown-Fox's 2nd"),
            ["the", "quick", "brown", "fox's", "2nd"]
        );
        assert_eq!(words("standard", "The end of it"), ["end"]);
        assert_eq!(words("whitespace", " A  b-c "), ["A", "b-c"]);
        assert_eq!(words("keyword", "A b"), ["A b"]);
        assert_eq!(words("simple", "a1b"), ["a", "b"]);
        assert_eq!(words("standard", "東京 tower"), ["東", "京", "tower"]);
    }
}
