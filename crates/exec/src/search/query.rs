//! The query language of full-text search: the part of Lucene's classic syntax that people write.
//!
//! Words, `"phrases"`, `field:`, `+must`, `-not`, AND, OR, NOT, parentheses, `prefix*`, wildcards `?` and `*`, `fuzzy~` with a
//! distance of at most 2, `^boost`, and `\` before a character that is meant as it stands. Ranges and regular expressions are
//! refused by name.

use crate::ExecError;

const DEPTH_MAX: usize = 32;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Query {
    /// A word or phrase, before analysis.
    Text {
        field: Option<String>,
        text: String,
    },
    /// With `*` and `?`.
    Pattern {
        field: Option<String>,
        pattern: String,
    },
    Fuzzy {
        field: Option<String>,
        word: String,
        distance: usize,
    },
    /// Everything.
    All,
    Clauses(Vec<Clause>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occur {
    Should,
    Must,
    Not,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Clause {
    pub(super) occur: Occur,
    pub(super) query: Query,
    pub(super) boost: f64,
}

struct Parser<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    depth: usize,
}

pub(super) fn parse(text: &str) -> Result<Query, ExecError> {
    let mut parser = Parser { rest: text.chars().peekable(), depth: 0 };
    let query = parser.clauses(None)?;
    match parser.rest.peek() {
        None => Ok(query),
        Some(other) => Err(refused(format!("`{other}` does not fit here"))),
    }
}

fn refused(what: impl std::fmt::Display) -> ExecError {
    ExecError::argument_error("InvalidArgumentValue", format!("The full-text query cannot be read: {what}"))
}

fn ends_word(character: char) -> bool {
    character.is_whitespace() || "()\"^~:".contains(character)
}

impl Parser<'_> {
    fn blanks(&mut self) {
        while self.rest.next_if(|c| c.is_whitespace()).is_some() {}
    }

    /// Clauses until the end or a closing parenthesis.
    fn clauses(&mut self, field: Option<&str>) -> Result<Query, ExecError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(refused(format!("it nests more than {DEPTH_MAX} levels deep")));
        }
        let mut clauses: Vec<Clause> = Vec::new();
        let mut is_and = false;
        let mut is_not = false;
        loop {
            self.blanks();
            let Some(next) = self.rest.peek().copied() else { break };
            if next == ')' {
                break;
            }
            let mut occur = Occur::Should;
            match next {
                '+' => occur = Occur::Must,
                '-' | '!' => occur = Occur::Not,
                _ => {}
            }
            if occur != Occur::Should {
                self.rest.next();
            }
            match self.operator(next) {
                Some("AND") => {
                    is_and = true;
                    if let Some(last) = clauses.last_mut().filter(|last| last.occur == Occur::Should) {
                        last.occur = Occur::Must;
                    }
                    continue;
                }
                Some("NOT") => {
                    is_not = true;
                    continue;
                }
                Some(_) => continue,
                None => {}
            }
            if std::mem::take(&mut is_and) && occur == Occur::Should {
                occur = Occur::Must;
            }
            if std::mem::take(&mut is_not) {
                occur = Occur::Not;
            }
            let query = self.primary(field)?;
            let boost = self.boost()?;
            clauses.push(Clause { occur, query, boost });
        }
        self.depth -= 1;
        Ok(Query::Clauses(clauses))
    }

    /// AND, OR, NOT and their signs; the word is taken only if it is one.
    fn operator(&mut self, next: char) -> Option<&'static str> {
        let mut ahead = self.rest.clone();
        if next == '&' || next == '|' {
            ahead.next();
            if ahead.next() == Some(next) {
                self.rest = ahead;
                return Some(if next == '&' { "AND" } else { "OR" });
            }
            return None;
        }
        let word: String = std::iter::from_fn(|| ahead.next_if(|c| !ends_word(*c))).collect();
        let found = ["AND", "OR", "NOT"].into_iter().find(|operator| *operator == word)?;
        self.rest = ahead;
        Some(found)
    }

    fn primary(&mut self, field: Option<&str>) -> Result<Query, ExecError> {
        self.blanks();
        match self.rest.peek() {
            Some('(') => {
                self.rest.next();
                let query = self.clauses(field)?;
                if self.rest.next() != Some(')') {
                    return Err(refused("a parenthesis is not closed"));
                }
                Ok(query)
            }
            Some('"') => self.phrase(field),
            Some('[' | '{') => Err(refused("ranges are not supported; compare properties in WHERE")),
            Some('/') => Err(refused("regular expressions are not supported; use =~ in WHERE")),
            _ => self.word(field),
        }
    }

    fn phrase(&mut self, field: Option<&str>) -> Result<Query, ExecError> {
        self.rest.next();
        let mut text = String::new();
        loop {
            match self.rest.next() {
                None => return Err(refused("a phrase is not closed")),
                Some('"') => break,
                Some('\\') => text.extend(self.rest.next()),
                Some(other) => text.push(other),
            }
        }
        if self.rest.next_if_eq(&'~').is_some() {
            return Err(refused("phrases with a distance are not supported"));
        }
        Ok(Query::Text { field: field.map(str::to_owned), text })
    }

    fn word(&mut self, field: Option<&str>) -> Result<Query, ExecError> {
        let (mut text, mut is_pattern) = (String::new(), false);
        while let Some(next) = self.rest.next_if(|c| !ends_word(*c)) {
            match next {
                '\\' => text.extend(self.rest.next()),
                '*' | '?' => {
                    is_pattern = true;
                    text.push(next);
                }
                other => text.push(other),
            }
        }
        if self.rest.next_if_eq(&':').is_some() {
            if text == "*" && self.rest.next_if_eq(&'*').is_some() {
                return Ok(Query::All);
            }
            return self.primary(Some(&text));
        }
        let field = field.map(str::to_owned);
        if text.is_empty() {
            return Err(refused("a word is missing"));
        }
        if self.rest.next_if_eq(&'~').is_some() {
            let digits: String =
                std::iter::from_fn(|| self.rest.next_if(|c| c.is_ascii_digit() || *c == '.')).collect();
            let distance = match digits.as_str() {
                "" | "2" => 2,
                "1" => 1,
                "0" => 0,
                _ => return Err(refused("the distance of a fuzzy word is 0, 1 or 2")),
            };
            return Ok(Query::Fuzzy { field, word: text.to_lowercase(), distance });
        }
        if is_pattern {
            return Ok(Query::Pattern { field, pattern: text.to_lowercase() });
        }
        Ok(Query::Text { field, text })
    }

    fn boost(&mut self) -> Result<f64, ExecError> {
        if self.rest.next_if_eq(&'^').is_none() {
            return Ok(1.0);
        }
        let digits: String =
            std::iter::from_fn(|| self.rest.next_if(|c| c.is_ascii_digit() || *c == '.')).collect();
        digits.parse().map_err(|_| refused("a number is missing behind ^"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clauses(text: &str) -> Vec<(Occur, String)> {
        let Ok(Query::Clauses(clauses)) = parse(text) else { panic!("{text} is a query") };
        let name = |query: Query| match query {
            Query::Text { field, text, .. } => {
                format!("{}{text}", field.map(|f| f + ":").unwrap_or_default())
            }
            other => format!("{other:?}"),
        };
        clauses.into_iter().map(|clause| (clause.occur, name(clause.query))).collect()
    }

    #[test]
    fn operators_decide_how_clauses_occur() {
        use Occur::{Must, Not, Should};
        let text = |occur, text: &str| (occur, text.to_owned());
        assert_eq!(clauses("a b"), [text(Should, "a"), text(Should, "b")]);
        assert_eq!(clauses("a AND b"), [text(Must, "a"), text(Must, "b")]);
        assert_eq!(clauses("+a -b"), [text(Must, "a"), text(Not, "b")]);
        assert_eq!(clauses("a NOT b"), [text(Should, "a"), text(Not, "b")]);
        assert_eq!(clauses("a && t:b"), [text(Must, "a"), text(Must, "t:b")]);
        assert_eq!(clauses("\"x y\" OR ANDY"), [text(Should, "x y"), text(Should, "ANDY")]);
    }

    #[test]
    fn what_is_not_read_is_refused() {
        for text in ["(a", "\"a", "[a TO b]", "/a.*/", "a^", "t:", "a)", "\"a b\"~2"] {
            assert!(parse(text).is_err(), "{text} was read");
        }
    }
}
