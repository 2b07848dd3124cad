//! Cuts literals out of query text, so that queries which differ in them alone share a plan.
//!
//! A small lexer, not a parser: it knows strings, numbers, names, parameters and comments. A literal is cut only where its
//! value cannot matter to the plan; in doubt it stays. What stays: literals of SKIP and LIMIT (their sign and type are
//! checked by the front end), bounds of variable-length and quantified patterns, integers that do not fit 64 bits (their
//! error needs the original), hexadecimal and octal numbers, strings with escapes that are wrong, everything in statements
//! about indexes and constraints. In the stripped text a literal leaves the mark of its type, comments leave nothing and
//! blanks one blank, so it is a key and not meant to be read.

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
    /// Where each token begins, literals among them, in characters. Texts with one key have as many. Empty if nothing was cut.
    pub tokens: Vec<usize>,
}

/// What a literal leaves in the key. Control characters: no query can contain them outside of strings.
const INTEGER_MARK: char = '\u{11}';
const FLOAT_MARK: char = '\u{12}';
const STRING_MARK: char = '\u{13}';

pub fn strip(text: &str) -> Stripped {
    let mut lexer = Lexer {
        text,
        at: 0,
        characters: 0,
        out: Stripped::default(),
        previous: Previous::Other,
        keep: false,
    };
    if lexer.run() { lexer.out } else { Stripped { text: text.to_owned(), ..Stripped::default() } }
}

/// The last token, as far as it matters to the next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Previous {
    /// `*` or `..`: a bound of a pattern may follow.
    Bound,
    /// `{`: an integer here is a quantifier.
    Brace,
    /// `,` after such an integer.
    QuantifierComma,
    Quantifier,
    Other,
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    /// Characters before `at`.
    characters: usize,
    out: Stripped,
    previous: Previous,
    /// After SKIP or LIMIT, until the next name.
    keep: bool,
}

impl Lexer<'_> {
    /// False: leave this text alone.
    fn run(&mut self) -> bool {
        while let Some(next) = self.peek(0) {
            let rest = self.rest();
            if !(next.is_whitespace() || rest.starts_with("//") || rest.starts_with("/*")) {
                self.out.tokens.push(self.characters);
            }
            match next {
                c if c.is_whitespace() => self.blank(),
                '/' if self.rest().starts_with("//") => self.skip_to("\n"),
                '/' if self.rest().starts_with("/*") => self.skip_to("*/"),
                '\'' | '"' => self.string(next),
                '`' => self.quoted_name(),
                '$' => self.parameter(),
                '0'..='9' => self.number(),
                '.' if self.rest().starts_with("..") => self.copy_as(2, Previous::Bound),
                '.' if self.peek(1).is_some_and(|c| c.is_ascii_digit()) && !self.follows_name() => {
                    self.number()
                }
                '*' => self.copy_as(1, Previous::Bound),
                '{' => self.copy_as(1, Previous::Brace),
                ',' if self.previous == Previous::Quantifier => self.copy_as(1, Previous::QuantifierComma),
                c if is_name_start(c) => {
                    if !self.name() {
                        return false;
                    }
                }
                // The marks of this very lexer, or a stray control character: no query that compiles.
                c if c.is_control() => return false,
                c => self.copy_as(c.len_utf8(), Previous::Other),
            }
        }
        // What stands behind the last token separates nothing.
        if self.out.text.ends_with(' ') {
            self.out.text.pop();
        }
        true
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.rest().chars().nth(ahead)
    }

    fn advance(&mut self, bytes: usize) {
        self.characters += self.text[self.at..self.at + bytes].chars().count();
        self.at += bytes;
    }

    fn copy(&mut self, bytes: usize) {
        let piece = &self.text[self.at..self.at + bytes];
        self.out.text.push_str(piece);
        self.advance(bytes);
    }

    fn copy_as(&mut self, bytes: usize, previous: Previous) {
        self.copy(bytes);
        self.previous = previous;
    }

    fn blank(&mut self) {
        let bytes = self.rest().find(|c: char| !c.is_whitespace()).unwrap_or(self.rest().len());
        self.advance(bytes);
        self.separate();
    }

    /// One blank, however many things that do not count stand here.
    fn separate(&mut self) {
        if !self.out.text.is_empty() && !self.out.text.ends_with(' ') {
            self.out.text.push(' ');
        }
    }

    fn skip_to(&mut self, end: &str) {
        let bytes = self.rest()[2..].find(end).map_or(self.rest().len(), |found| found + 2 + end.len());
        self.advance(bytes);
        self.separate();
    }

    fn follows_name(&self) -> bool {
        self.out.text.ends_with(|c: char| is_name_part(c) || matches!(c, ')' | ']' | '`' | '}'))
    }

    /// False: a statement in which names and strings mean more than values.
    fn name(&mut self) -> bool {
        let bytes = self.rest().find(|c: char| !is_name_part(c)).unwrap_or(self.rest().len());
        let word = &self.rest()[..bytes];
        let is = |keyword: &str| word.eq_ignore_ascii_case(keyword);
        if is("INDEX") || is("CONSTRAINT") || is("SHOW") || is("TRANSACTIONS") {
            return false;
        }
        self.keep = is("SKIP") || is("LIMIT") || is("OFFSET");
        self.copy_as(bytes, Previous::Other);
        true
    }

    fn quoted_name(&mut self) {
        let bytes = self.rest()[1..].find('`').map_or(self.rest().len(), |found| found + 2);
        self.copy_as(bytes, Previous::Other);
    }

    fn parameter(&mut self) {
        self.copy(1);
        if self.peek(0) == Some('`') {
            return self.quoted_name();
        }
        let bytes = self.rest().find(|c: char| !is_name_part(c)).unwrap_or(self.rest().len());
        self.copy_as(bytes, Previous::Other);
        self.keep = false;
    }

    fn number(&mut self) {
        let (bytes, is_float) = number_length(self.rest());
        let literal = &self.rest()[..bytes];
        let glued = self.rest()[bytes..].starts_with(is_name_part);
        let bound = matches!(self.previous, Previous::Bound | Previous::Brace | Previous::QuantifierComma)
            || self.rest()[bytes..].trim_start().starts_with("..");
        // Lines between digits are rare, and not for this lexer to read.
        let value = if glued || literal.contains('_') || (bound && !is_float) || self.keep {
            None
        } else if is_float {
            literal
                .parse::<f64>()
                .ok()
                .filter(|float| float.is_finite())
                .map(|float| (Value::Float(float), FLOAT_MARK))
        } else if literal.len() > 1 && literal.starts_with('0') {
            // Octal in old Cypher, an error or a decimal in new: not for a lexer to say.
            None
        } else {
            literal.parse::<i64>().ok().map(|integer| (Value::Integer(integer), INTEGER_MARK))
        };
        let quantifier = matches!(self.previous, Previous::Brace | Previous::QuantifierComma);
        match value {
            Some((value, mark)) => self.cut(bytes, value, mark),
            None => {
                let name_part = self.rest()[bytes..]
                    .find(|c: char| !is_name_part(c))
                    .unwrap_or(self.rest().len() - bytes);
                self.copy(bytes + name_part);
            }
        }
        self.previous = if quantifier { Previous::Quantifier } else { Previous::Other };
    }

    fn string(&mut self, quote: char) {
        let (bytes, value) = string_value(self.rest(), quote);
        match value {
            Some(value) if !self.keep => self.cut(bytes, Value::from(value), STRING_MARK),
            _ => self.copy(bytes),
        }
        self.previous = Previous::Other;
    }

    fn cut(&mut self, bytes: usize, value: Value, mark: char) {
        let (start, first) = (self.at, self.characters);
        self.advance(bytes);
        self.out.text.push(mark);
        self.out.values.push(value);
        self.out.byte_spans.push((start, self.at));
        self.out.spans.push((first, self.characters));
    }
}

fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn is_name_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Length of the number at the start, and whether it is a float. `1..3` is the integer 1.
fn number_length(text: &str) -> (usize, bool) {
    let is_digit = |byte: &u8| byte.is_ascii_digit() || *byte == b'_';
    let digits = |from: usize| match text.as_bytes().get(from) {
        Some(first) if first.is_ascii_digit() => text[from..].bytes().take_while(is_digit).count(),
        _ => 0,
    };
    let mut end = digits(0);
    let mut is_float = false;
    if text[end..].starts_with('.') && digits(end + 1) > 0 {
        end += 1 + digits(end + 1);
        is_float = true;
    }
    if text[end..].starts_with(['e', 'E']) {
        let sign = usize::from(text[end + 1..].starts_with(['+', '-']));
        let exponent = digits(end + 1 + sign);
        if exponent > 0 {
            end += 1 + sign + exponent;
            is_float = true;
        }
    }
    (end, is_float)
}

/// Length of the string at the start with its quotes, and its value; none if an escape is wrong or it does not end.
fn string_value(text: &str, quote: char) -> (usize, Option<String>) {
    let mut value = String::new();
    let mut characters = text.char_indices().skip(1);
    let mut valid = true;
    while let Some((at, c)) = characters.next() {
        if c == quote {
            return (at + 1, valid.then_some(value));
        }
        if c != '\\' {
            value.push(c);
            continue;
        }
        let digits = match characters.next().map(|(_, escape)| escape) {
            Some('u') => 4,
            Some('U') => 8,
            Some(escape) => {
                match unescape(escape) {
                    Some(plain) => value.push(plain),
                    None => valid = false,
                }
                continue;
            }
            None => break,
        };
        let code = text.get(at + 2..at + 2 + digits).filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
        match code.and_then(|hex| u32::from_str_radix(hex, 16).ok()).and_then(char::from_u32) {
            Some(character) => {
                value.push(character);
                characters.nth(digits - 1);
            }
            None => valid = false,
        }
    }
    (text.len(), None)
}

fn unescape(escape: char) -> Option<char> {
    match escape {
        '\\' | '\'' | '"' | '`' => Some(escape),
        'b' => Some('\u{8}'),
        'f' => Some('\u{c}'),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> String {
        let stripped = strip(text);
        for ((start, end), (first, last)) in stripped.byte_spans.iter().zip(&stripped.spans) {
            assert_eq!(
                text[*start..*end].chars().count(),
                last - first,
                "spans in bytes and characters differ in {text}"
            );
        }
        format!("{:?}", stripped.values)
    }

    #[test]
    fn literals_are_cut_and_texts_that_differ_in_them_share_a_key() {
        assert_eq!(
            values("MATCH (n {id: 1, x: 2.5}) WHERE n.s = 'é\\n' RETURN 7"),
            r#"[Integer(1), Float(2.5), String("é\n"), Integer(7)]"#
        );
        let same = [
            ("RETURN 1", "RETURN  22 // comment"),
            ("RETURN 'a'", "RETURN /* x */ \"b\""),
            ("RETURN 1e3", "RETURN .5"),
        ];
        for (one, other) in same {
            assert_eq!(strip(one).text, strip(other).text, "{one} and {other}");
        }
    }

    #[test]
    fn types_are_part_of_the_key() {
        let keys: Vec<String> =
            ["RETURN [1]", "RETURN [1.0]", "RETURN ['a']", "RETURN [null]"].map(|t| strip(t).text).into();
        for (i, key) in keys.iter().enumerate() {
            assert!(!keys[i + 1..].contains(key), "{key} stands for two types");
        }
    }

    #[test]
    fn what_the_plan_depends_on_stays() {
        for text in [
            "MATCH (a)-[*1..3]->(b)",
            "MATCH (a)-[:T*2]->(b)",
            "MATCH (a)-[*..5]->(b)",
            "MATCH ((a)-->(b)){1,3}",
            "MATCH (n) RETURN n SKIP 5 LIMIT 10",
            "RETURN 9223372036854775808",
            "RETURN 0x1F",
            "RETURN 017",
            "RETURN 1abc",
            "RETURN 1_000",
            "RETURN 1_0.25",
            "RETURN 1.2_5e1_0",
            "RETURN 1_",
            "RETURN 'bad \\q'",
            "RETURN 'open",
            "CREATE INDEX i FOR (n:L) ON (n.k) OPTIONS {a: 'b'}",
            "MATCH (n:`a 1 'x'`) RETURN n.`2`, $1, $`3`, a1",
            "RETURN 1\u{11}",
        ] {
            assert_eq!(values(text), "[]", "{text}");
        }
    }

    #[test]
    fn any_text_is_survived() {
        let pieces = [
            "'", "\"", "`", "1", "_", ".", "..", "*", "{", "}", ",", "e", "$", "\\u00e9", "\\", "/*", "*/",
            "//", "é", " ", "\n", "LIMIT",
        ];
        let mut seed = 7u64;
        for _ in 0..20_000 {
            let mut text = String::new();
            for _ in 0..8 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                text.push_str(pieces[(seed >> 33) as usize % pieces.len()]);
            }
            values(&text);
        }
    }
}
