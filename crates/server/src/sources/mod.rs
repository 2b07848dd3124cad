//! What LOAD CSV may read: files below one directory, and web addresses of a list. Both are off until they are configured.

mod fetched;
mod files;
mod web;

use std::fmt::Display;
use std::io::Read;

use samyama_exec::{ExecError, Patience};

use self::files::Files;
use self::web::{Web, is_web};
use crate::config::{ConfigError, Load};

pub use self::fetched::{Fetched, Fetching};

pub struct Sources {
    files: Files,
    web: Web,
}

impl Sources {
    /// # Errors
    /// What the configuration allows cannot be understood.
    pub fn new(load: &Load) -> Result<Self, ConfigError> {
        Ok(Self { files: Files::below(&load.csv_directory), web: Web::new(load)? })
    }

    /// # Errors
    /// It may not be read, or cannot be. Of kind `BudgetSpent`: not here, where nothing may wait.
    pub fn open(&self, url: &str, patience: &Patience) -> Result<Box<dyn Read + Send>, ExecError> {
        if !is_web(url) {
            return self.files.open(url);
        }
        self.web.admit(url, url)?;
        if patience.may_wait { self.web.open(url, patience.until) } else { Err(ExecError::budget_spent()) }
    }
}

fn refused(message: String) -> ExecError {
    ExecError {
        code: "Neo.ClientError.Statement.ExternalResourceFailed",
        ..ExecError::argument_error("InvalidArgumentValue", message)
    }
}

fn unreadable(url: &str, why: impl Display) -> ExecError {
    refused(format!("Cannot read `{url}`: {why}"))
}

/// None: not UTF-8.
fn percent_decoded(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
            let (high, low) = (digit(rest.next())?, digit(rest.next())?);
            bytes.push((high * 16 + low) as u8);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}
