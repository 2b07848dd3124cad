//! The disk as the log and the snapshots see it: `Disk` and `DiskFile`, from within one life.

use std::io;
use std::sync::Arc;

use samyama_raft::disk::{Disk, DiskFile};

use super::folder::{Change, File, Folder};
use super::image::BLOCK;
use super::{Call, Drive, Lie};
use crate::life::Life;

/// Where the kind of a record stands in its head, and a vote's.
const RECORD_KIND_AT: usize = 12;
const RECORD_KIND_VOTE: u8 = 2;

/// How a call goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Passage {
    Free,
    /// It does a part of what it should and fails.
    Fails,
    /// It may do all, or a part, and never comes back.
    Crashes,
}

/// One directory, seen from one life.
pub struct View {
    pub drive: Arc<Drive>,
    pub name: &'static str,
    pub life: Option<Arc<Life>>,
}

fn full() -> io::Error {
    io::ErrorKind::StorageFull.into()
}

fn broken() -> io::Error {
    io::Error::other("input/output error")
}

impl View {
    fn change(&self, call: impl FnOnce(&mut Folder) -> io::Result<()>) -> io::Result<()> {
        let passage = self.drive.enter(self.life.as_ref(), Call::Names)?;
        if passage == Passage::Fails {
            return Err(broken());
        }
        // A crash in a change of names: it was made, and whether it comes through is another question.
        let done = self.with(call);
        self.end(passage)?;
        done
    }

    fn with<R>(&self, work: impl FnOnce(&mut Folder) -> R) -> R {
        work(self.drive.content.lock().folders.entry(self.name).or_default())
    }

    fn end(&self, passage: Passage) -> io::Result<()> {
        end(passage, self.life.as_ref())
    }
}

fn end(passage: Passage, life: Option<&Arc<Life>>) -> io::Result<()> {
    match passage {
        Passage::Free => Ok(()),
        Passage::Fails => Err(broken()),
        Passage::Crashes => {
            if let Some(life) = life {
                life.doom();
            }
            Err(io::Error::other("the node has crashed"))
        }
    }
}

impl Disk for View {
    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let passage = self.drive.enter(self.life.as_ref(), Call::Names)?;
        self.end(passage)?;
        let there = self.with(|folder| folder.seen.get(name).cloned());
        let file = match there {
            Some(file) => file,
            None if self.life.is_some() && self.drive.is_full() => return Err(full()),
            None => self.with(|folder| {
                let file = File::default();
                folder.note(Change::Made(name.to_owned(), Arc::clone(&file)));
                file
            }),
        };
        let what = format!("{}/{name}", self.name);
        Ok(Arc::new(Open { drive: Arc::clone(&self.drive), what, file, life: self.life.clone() }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.change(|folder| {
            if !folder.seen.contains_key(from) {
                return Err(io::ErrorKind::NotFound.into());
            }
            folder.note(Change::Renamed(from.to_owned(), to.to_owned()));
            Ok(())
        })
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.change(|folder| {
            if !folder.seen.contains_key(name) {
                return Err(io::ErrorKind::NotFound.into());
            }
            folder.note(Change::Removed(name.to_owned()));
            Ok(())
        })
    }

    fn sync_directory(&self) -> io::Result<()> {
        let passage = self.drive.enter(self.life.as_ref(), Call::Sync)?;
        if passage == Passage::Free {
            self.with(|folder| {
                folder.pending.clear();
                folder.durable = folder.seen.clone();
            });
        }
        self.end(passage)
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let passage = self.drive.enter(self.life.as_ref(), Call::Read)?;
        self.end(passage)?;
        Ok(self.with(|folder| folder.seen.keys().cloned().collect()))
    }

    fn describe(&self, name: &str) -> String {
        format!("node {}: {}/{name}", self.drive.node, self.name)
    }
}

/// An open file.
struct Open {
    drive: Arc<Drive>,
    what: String,
    file: File,
    life: Option<Arc<Life>>,
}

impl DiskFile for Open {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let passage = self.drive.enter(self.life.as_ref(), Call::Read)?;
        end(passage, self.life.as_ref())?;
        let inode = self.file.lock();
        if offset + buffer.len() as u64 > inode.seen.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        inode.seen.read(buffer, offset);
        Ok(())
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let passage = self.drive.enter(self.life.as_ref(), Call::Write)?;
        let mut inode = self.file.lock();
        let room = inode.seen.len.max(inode.reserved);
        if self.life.is_some() && offset + bytes.len() as u64 > room && self.drive.is_full() {
            return Err(full());
        }
        let written = match passage {
            Passage::Free => bytes,
            Passage::Fails | Passage::Crashes => &bytes[..self.drive.short(offset, bytes.len())],
        };
        inode.seen.write(written, offset);
        let end_block = (offset + written.len() as u64).div_ceil(BLOCK);
        inode.pending.extend(offset / BLOCK..end_block);
        inode.ends_with_vote = bytes.get(RECORD_KIND_AT) == Some(&RECORD_KIND_VOTE);
        drop(inode);
        self.drive.world.note(|| {
            let crc = crc32c::crc32c(bytes);
            format!("disk {} {}: {} bytes at {offset}, {crc:08x}", self.drive.node, self.what, bytes.len())
        });
        end(passage, self.life.as_ref())
    }

    fn sync_data(&self) -> io::Result<()> {
        let passage = self.drive.enter(self.life.as_ref(), Call::Sync)?;
        let mut inode = self.file.lock();
        let is_lie = match self.drive.lie {
            Lie::None => false,
            Lie::Syncs(one_in) => self.drive.world.between(1, one_in) == 1,
            Lie::Votes => inode.ends_with_vote,
        };
        match passage {
            Passage::Free if is_lie => self.drive.world.count("lies of a disk"),
            Passage::Free => {
                let pending = std::mem::take(&mut inode.pending);
                let inode = &mut *inode;
                for number in pending {
                    inode.durable.set_block(number, inode.seen.block(number));
                }
                inode.durable.len = inode.seen.len;
            }
            // What was written is gone from memory, and on the disk or not: nothing is left to sync again.
            Passage::Fails => drop(self.drive.tear(&mut inode)),
            Passage::Crashes => {}
        }
        drop(inode);
        self.drive.world.note(|| format!("disk {} {}: sync", self.drive.node, self.what));
        end(passage, self.life.as_ref())
    }

    fn reserve(&self, bytes: u64) -> io::Result<()> {
        let passage = self.drive.enter(self.life.as_ref(), Call::Write)?;
        end(passage, self.life.as_ref())?;
        let mut inode = self.file.lock();
        if bytes > inode.seen.len.max(inode.reserved) && self.life.is_some() && self.drive.is_full() {
            return Err(full());
        }
        inode.reserved = inode.reserved.max(bytes);
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.file.lock().seen.len)
    }
}
