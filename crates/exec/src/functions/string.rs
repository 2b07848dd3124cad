//! Strings. Lengths and positions count code points (Neo4j counts UTF-16 units: they differ outside the BMP only).

use samyama_graph::Value;
use unicode_normalization::UnicodeNormalization as _;

use super::{Function, integer_argument, strict, string_argument, wrong_type};
use crate::ExecError;
use crate::expression::Context;

pub(super) static FUNCTIONS: &[Function] = &[
    strict("tolower", 1..=1, |a, _| Ok(Value::from(string_argument("toLower", &a[0])?.to_lowercase()))),
    strict("lower", 1..=1, |a, _| Ok(Value::from(string_argument("lower", &a[0])?.to_lowercase()))),
    strict("toupper", 1..=1, |a, _| Ok(Value::from(string_argument("toUpper", &a[0])?.to_uppercase()))),
    strict("upper", 1..=1, |a, _| Ok(Value::from(string_argument("upper", &a[0])?.to_uppercase()))),
    strict("char_length", 1..=1, |a, _| length("char_length", &a[0])),
    strict("character_length", 1..=1, |a, _| length("character_length", &a[0])),
    strict("substring", 2..=3, substring),
    strict("left", 2..=2, |a, _| {
        let (text, count) = (string_argument("left", &a[0])?, count("left", &a[1])?);
        Ok(Value::from(&text[..byte_at(text, count)]))
    }),
    strict("right", 2..=2, |a, _| {
        let (text, count) = (string_argument("right", &a[0])?, count("right", &a[1])?);
        Ok(Value::from(&text[byte_at(text, text.chars().count().saturating_sub(count))..]))
    }),
    strict("trim", 1..=2, |a, _| trim("trim", a, true, true)),
    strict("btrim", 1..=2, |a, _| trim("btrim", a, true, true)),
    strict("ltrim", 1..=2, |a, _| trim("ltrim", a, true, false)),
    strict("rtrim", 1..=2, |a, _| trim("rtrim", a, false, true)),
    strict("replace", 3..=4, replace),
    strict("split", 2..=2, split),
    strict("normalize", 1..=2, |a, _| {
        normal(string_argument("normalize", &a[0])?, a.get(1)).map(Value::from)
    }),
    // The operator: null of what is no text.
    strict("is normalized", 2..=2, |a, _| match &a[0] {
        Value::String(text) => Ok(Value::Boolean(normal(text, a.get(1))? == **text)),
        _ => Ok(Value::Null),
    }),
];

/// The text in a normal form of Unicode: NFC if none is named.
fn normal(text: &str, form: Option<&Value>) -> Result<String, ExecError> {
    match form.map_or(Ok("NFC"), |form| string_argument("normalize", form))? {
        "NFC" => Ok(text.nfc().collect()),
        "NFD" => Ok(text.nfd().collect()),
        "NFKC" => Ok(text.nfkc().collect()),
        "NFKD" => Ok(text.nfkd().collect()),
        other => Err(ExecError::argument_error(
            "InvalidArgumentValue",
            format!("Unknown normal form '{other}': NFC, NFD, NFKC or NFKD"),
        )),
    }
}

fn length(function: &str, value: &Value) -> Result<Value, ExecError> {
    Ok(Value::Integer(string_argument(function, value)?.chars().count() as i64))
}

/// Where code point number `position` begins, or the end of the text.
fn byte_at(text: &str, position: usize) -> usize {
    text.char_indices().nth(position).map_or(text.len(), |(byte, _)| byte)
}

/// A number of code points: not negative.
fn count(function: &str, value: &Value) -> Result<usize, ExecError> {
    usize::try_from(integer_argument(function, value)?).map_err(|_| {
        ExecError::argument_error(
            "NumberOutOfRange",
            format!("{function}() takes no negative position or length"),
        )
    })
}

fn substring(arguments: &[Value], _: &mut Context<'_>) -> Result<Value, ExecError> {
    let text = string_argument("substring", &arguments[0])?;
    let rest = &text[byte_at(text, count("substring", &arguments[1])?)..];
    match arguments.get(2) {
        None => Ok(Value::from(rest)),
        Some(length) => Ok(Value::from(&rest[..byte_at(rest, count("substring", length)?)])),
    }
}

/// Blanks, or the characters of the second argument.
fn trim(function: &str, arguments: &[Value], start: bool, end: bool) -> Result<Value, ExecError> {
    let mut text = string_argument(function, &arguments[0])?;
    let unwanted = arguments.get(1).map(|characters| string_argument(function, characters)).transpose()?;
    let is_unwanted = |c: char| unwanted.map_or(c.is_whitespace(), |unwanted| unwanted.contains(c));
    if start {
        text = text.trim_start_matches(is_unwanted);
    }
    if end {
        text = text.trim_end_matches(is_unwanted);
    }
    Ok(Value::from(text))
}

fn replace(arguments: &[Value], context: &mut Context<'_>) -> Result<Value, ExecError> {
    let text = string_argument("replace", &arguments[0])?;
    let (search, by) =
        (string_argument("replace", &arguments[1])?, string_argument("replace", &arguments[2])?);
    let limit = arguments.get(3).map(|limit| count("replace", limit)).transpose()?.unwrap_or(usize::MAX);
    let found = text.matches(search).take(limit).count();
    let bytes = (text.len() - found * search.len()).saturating_add(found.saturating_mul(by.len()));
    context.memory.ensure_string(bytes)?;
    Ok(Value::from(text.replacen(search, by, limit)))
}

/// By a delimiter or any of a list of them; an empty delimiter splits between all characters.
fn split(arguments: &[Value], context: &mut Context<'_>) -> Result<Value, ExecError> {
    let text = string_argument("split", &arguments[0])?;
    let delimiters: Vec<&str> = match &arguments[1] {
        Value::String(delimiter) => vec![delimiter],
        Value::List(items) => {
            items.iter().map(|item| string_argument("split", item)).collect::<Result<_, ExecError>>()?
        }
        other => return Err(wrong_type("split", "a String or a List of them", other)),
    };
    // At most one part per character and one more.
    context.memory.ensure_list(text.len() + 1)?;
    if delimiters.contains(&"") {
        return Ok(Value::from(text.chars().map(|c| Value::from(c.to_string())).collect::<Vec<_>>()));
    }
    let mut parts = Vec::new();
    let (mut part_start, mut at) = (0, 0);
    while let Some(c) = text[at..].chars().next() {
        match delimiters.iter().find(|delimiter| text[at..].starts_with(**delimiter)) {
            Some(delimiter) => {
                parts.push(Value::from(&text[part_start..at]));
                at += delimiter.len();
                part_start = at;
            }
            None => at += c.len_utf8(),
        }
    }
    parts.push(Value::from(&text[part_start..]));
    Ok(Value::from(parts))
}
