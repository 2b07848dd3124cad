//! The disk as this crate uses it: a flat directory of files. A trait, so that a simulation can stand a disk of its own
//! under the real log: one that forgets what was not synced.

mod real;
pub(crate) mod timed;
#[cfg(test)]
pub(crate) mod world;

use std::io;
use std::sync::Arc;

pub use real::RealDisk;

/// A directory. File names are plain, without separators.
pub trait Disk: Send + Sync + 'static {
    /// For reading and writing; made when missing.
    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;
    /// Atomic; durable only after [`Disk::sync_directory`].
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes creations, renames and removals durable.
    fn sync_directory(&self) -> io::Result<()>;
    /// Names in ascending order.
    fn list(&self) -> io::Result<Vec<String>>;
    /// How a person would name the file in a message.
    fn describe(&self, name: &str) -> String;
}

/// An open file. Offsets are absolute; no position is kept, so it can be shared.
pub trait DiskFile: Send + Sync + 'static {
    /// Fills `buffer` or fails; reading past the end is `UnexpectedEof`.
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// fdatasync. A failure is final: what the file holds is not known any more.
    fn sync_data(&self) -> io::Result<()>;
    /// Afterwards writing below `bytes` cannot fail for want of space. What the file holds and its length stay as they are, or
    /// zeros are appended.
    fn reserve(&self, bytes: u64) -> io::Result<()>;
    fn len(&self) -> io::Result<u64>;
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
}

/// Write a small file whole or not at all: temporary name, sync, rename, sync of the directory.
///
/// # Errors
/// Whatever the disk says; the old content, if any, is then still there.
pub fn write_atomically(disk: &dyn Disk, name: &str, bytes: &[u8]) -> io::Result<()> {
    let temporary = format!("{name}.tmp");
    if disk.list()?.contains(&temporary) {
        disk.remove(&temporary)?;
    }
    let file = disk.open(&temporary)?;
    file.write_all_at(bytes, 0)?;
    file.sync_data()?;
    disk.rename(&temporary, name)?;
    disk.sync_directory()
}

/// The whole content of a file.
///
/// # Errors
/// Whatever the disk says.
pub fn read_whole(disk: &dyn Disk, name: &str) -> io::Result<Vec<u8>> {
    let file = disk.open(name)?;
    let mut bytes = vec![0; file.len()? as usize];
    file.read_exact_at(&mut bytes, 0)?;
    Ok(bytes)
}
