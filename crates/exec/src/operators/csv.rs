//! Records of a CSV file, read as they are asked for (RFC 4180): fields between delimiters, quoted ones with doubled quotes,
//! or Neo4j's backslash before a quote, over several lines if need be. LF, CRLF and CR end a record; a byte order mark is
//! skipped; empty lines are too.

use std::io::{BufReader, Read};

use crate::ExecError;
use crate::limits::CSV_RECORD_BYTES_MAX;

pub(super) struct Reader {
    bytes: std::io::Bytes<BufReader<Box<dyn Read + Send>>>,
    /// One byte taken back.
    again: Option<u8>,
    delimiter: u8,
    /// The line that the record given last began on.
    pub(super) line: u64,
    next_line: u64,
}

fn failed(message: String) -> ExecError {
    ExecError {
        code: "Neo.ClientError.Statement.ExternalResourceFailed",
        ..ExecError::argument_error("InvalidArgumentValue", message)
    }
}

impl Reader {
    pub(super) fn new(file: Box<dyn Read + Send>, delimiter: u8) -> Result<Self, ExecError> {
        let bytes = BufReader::with_capacity(1 << 16, file).bytes();
        let mut reader = Reader { bytes, again: None, delimiter, line: 0, next_line: 1 };
        // The byte order mark of UTF-8.
        if let Some(first) = reader.take()? {
            if first == 0xEF {
                let (second, third) = (reader.take()?, reader.take()?);
                if (second, third) != (Some(0xBB), Some(0xBF)) {
                    return Err(failed("the file begins with bytes that are no UTF-8 text".into()));
                }
            } else {
                reader.again = Some(first);
            }
        }
        Ok(reader)
    }

    fn take(&mut self) -> Result<Option<u8>, ExecError> {
        if let Some(byte) = self.again.take() {
            return Ok(Some(byte));
        }
        let byte = self.bytes.next().transpose();
        byte.map_err(|error| failed(format!("the file cannot be read: {error}")))
    }

    /// The next record; None at the end. An empty field that is not quoted is None.
    pub(super) fn record(&mut self) -> Result<Option<Vec<Option<String>>>, ExecError> {
        loop {
            self.line = self.next_line;
            let mut fields = Vec::new();
            let mut bytes = 0;
            loop {
                let (field, end) = self.field(&mut bytes)?;
                fields.push(field);
                match end {
                    End::Field => {}
                    End::Record => break,
                    End::File if fields.len() == 1 && fields[0].is_none() => return Ok(None),
                    End::File => return Ok(Some(fields)),
                }
            }
            if fields.len() > 1 || fields[0].is_some() {
                return Ok(Some(fields));
            }
        }
    }

    fn field(&mut self, bytes: &mut usize) -> Result<(Option<String>, End), ExecError> {
        let (mut text, mut quoted) = (Vec::new(), false);
        let end = loop {
            *bytes += 1;
            if *bytes > CSV_RECORD_BYTES_MAX {
                return Err(failed(format!(
                    "a record is longer than {CSV_RECORD_BYTES_MAX} bytes: is a quote open since line {}?",
                    self.line
                )));
            }
            match self.take()? {
                None => break End::File,
                Some(byte) if byte == self.delimiter => break End::Field,
                Some(b'\n') => break End::Record,
                Some(b'\r') => {
                    let next = self.take()?;
                    self.again = next.filter(|next| *next != b'\n');
                    break End::Record;
                }
                Some(b'"') if text.is_empty() && !quoted => {
                    quoted = true;
                    self.quoted(&mut text, bytes)?;
                }
                Some(byte) => text.push(byte),
            }
        };
        if end == End::Record {
            self.next_line += 1;
        }
        if text.is_empty() && !quoted {
            return Ok((None, end));
        }
        let text =
            String::from_utf8(text).map_err(|_| failed(format!("line {} is no UTF-8 text", self.line)))?;
        Ok((Some(text), end))
    }

    /// Up to the closing quote.
    fn quoted(&mut self, text: &mut Vec<u8>, bytes: &mut usize) -> Result<(), ExecError> {
        loop {
            *bytes += 1;
            if *bytes > CSV_RECORD_BYTES_MAX {
                let line = self.line;
                let what = format!(
                    "a quoted field is longer than {CSV_RECORD_BYTES_MAX} bytes: is a quote open since line {line}?"
                );
                return Err(failed(what));
            }
            match self.take()? {
                None => {
                    return Err(failed(format!(
                        "a quote that is opened on line {} is not closed",
                        self.line
                    )));
                }
                Some(b'"') => match self.take()? {
                    Some(b'"') => text.push(b'"'),
                    other => {
                        self.again = other;
                        return Ok(());
                    }
                },
                Some(b'\\') => match self.take()? {
                    Some(escaped @ (b'"' | b'\\')) => text.push(escaped),
                    other => {
                        text.push(b'\\');
                        self.again = other;
                    }
                },
                Some(byte) => {
                    self.next_line += u64::from(byte == b'\n');
                    text.push(byte);
                }
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Field,
    Record,
    File,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &'static str) -> Vec<(u64, Vec<Option<String>>)> {
        let mut reader = Reader::new(Box::new(text.as_bytes()), b',').unwrap();
        std::iter::from_fn(|| reader.record().unwrap().map(|record| (reader.line, record))).collect()
    }

    fn fields(fields: &[Option<&str>]) -> Vec<Option<String>> {
        fields.iter().map(|field| field.map(str::to_owned)).collect()
    }

    #[test]
    fn records_and_their_lines() {
        let found = read("\u{FEFF}a,b\r\n1,\n\n\"x\ny\",\"say \"\"hi\"\" \\\"ho\\\"\"\r\"\",z");
        assert_eq!(
            found,
            [
                (1, fields(&[Some("a"), Some("b")])),
                (2, fields(&[Some("1"), None])),
                (4, fields(&[Some("x\ny"), Some("say \"hi\" \"ho\"")])),
                (6, fields(&[Some(""), Some("z")])),
            ]
        );
        assert!(read("").is_empty());
    }

    #[test]
    fn an_open_quote_is_named_by_its_line() {
        let mut reader = Reader::new(Box::new("a\n\"b".as_bytes()), b',').unwrap();
        reader.record().unwrap();
        assert!(reader.record().unwrap_err().message.contains("line 2"));
    }
}
