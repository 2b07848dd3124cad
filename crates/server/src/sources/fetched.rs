//! What a write has read from the web, for as long as it may have to run again.
//!
//! A write runs on the lane, where nothing may wait for the network; so it moves to the pool, and if others change what it rests on
//! it runs once more, in the end on the lane after all. What it reads there has to be at hand, and the same as before: the
//! whole body goes to a file without a name first, which goes away with the statement.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use parking_lot::Mutex;
use samyama_exec::{ExecError, Patience, Procedures};
use samyama_graph::{Graph, Value};

use super::unreadable;
use super::web::is_web;

/// Read at once, and written at once.
const PIECE_BYTES: usize = 1 << 16;

/// By URL.
#[derive(Default)]
pub struct Fetched(Mutex<BTreeMap<String, Arc<File>>>);

/// The procedures of a statement that may run again.
pub struct Fetching<'a> {
    inner: &'a dyn Procedures,
    fetched: &'a Fetched,
}

/// A file that others read, too.
struct Reader {
    file: Arc<File>,
    at: u64,
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl<'a> Fetching<'a> {
    pub fn new(inner: &'a dyn Procedures, fetched: &'a Fetched) -> Self {
        Self { inner, fetched }
    }

    fn fetch(&self, url: &str, patience: &Patience) -> Result<Arc<File>, ExecError> {
        let mut body = self.inner.open_csv(url, patience)?;
        let failed = |error: io::Error| unreadable(url, error);
        let mut file = tempfile::tempfile().map_err(failed)?;
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            patience.check()?;
            match body.read(&mut piece).map_err(failed)? {
                0 => break,
                read => file.write_all(&piece[..read]).map_err(failed)?,
            }
        }
        Ok(Arc::new(file))
    }
}

impl Procedures for Fetching<'_> {
    fn database_uuid(&self) -> Arc<str> {
        self.inner.database_uuid()
    }

    fn open_csv(&self, url: &str, patience: &Patience) -> Result<Box<dyn Read + Send>, ExecError> {
        if !is_web(url) {
            return self.inner.open_csv(url, patience);
        }
        let kept = self.fetched.0.lock().get(url).cloned();
        let file = match kept {
            Some(file) => file,
            None => {
                let file = self.fetch(url, patience)?;
                self.fetched.0.lock().insert(url.to_owned(), Arc::clone(&file));
                file
            }
        };
        Ok(Box::new(Reader { file, at: 0 }))
    }

    fn call(
        &self,
        name: &str,
        arguments: &[Value],
        columns: &[Arc<str>],
        graph: &Graph,
    ) -> Option<Result<Vec<Vec<Value>>, ExecError>> {
        self.inner.call(name, arguments, columns, graph)
    }
}
