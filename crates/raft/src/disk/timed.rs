//! A disk that measures how long its syncs take. Production only: it reads the clock.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use super::{Disk, DiskFile};
use crate::histogram::Histogram;

/// Another disk, watched.
pub(crate) struct TimedDisk<D> {
    inner: D,
    syncs: Arc<Histogram>,
}

impl<D: Disk> TimedDisk<D> {
    pub(crate) fn new(inner: D, syncs: Arc<Histogram>) -> Self {
        Self { inner, syncs }
    }
}

impl<D: Disk> Disk for TimedDisk<D> {
    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let inner = self.inner.open(name)?;
        Ok(Arc::new(TimedFile { inner, syncs: Arc::clone(&self.syncs) }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.inner.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.inner.remove(name)
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.inner.sync_directory()
    }

    fn list(&self) -> io::Result<Vec<String>> {
        self.inner.list()
    }

    fn describe(&self, name: &str) -> String {
        self.inner.describe(name)
    }
}

struct TimedFile {
    inner: Arc<dyn DiskFile>,
    syncs: Arc<Histogram>,
}

impl DiskFile for TimedFile {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.inner.read_exact_at(buffer, offset)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.inner.write_all_at(bytes, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        let began = Instant::now();
        self.inner.sync_data()?;
        self.syncs.observe(began.elapsed());
        Ok(())
    }

    fn reserve(&self, bytes: u64) -> io::Result<()> {
        self.inner.reserve(bytes)
    }

    fn len(&self) -> io::Result<u64> {
        self.inner.len()
    }
}
