//! A disk in memory that records what is done to it, for tests: which states a crash may leave, and faults on demand.
//!
//! The model: a file's bytes are durable after its `sync_data`, names after the directory's `sync_directory`. Until then a
//! crash keeps any of the written blocks of 512 bytes, each in any of the versions it had since the last sync, and any of the creations,
//! renames and removals. A file that grew may or may not have its new length.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::ops::Range;
use std::sync::Arc;

use parking_lot::Mutex;

use super::{Disk, DiskFile};

const BLOCK: usize = 512;
/// More combinations than this at one point are drawn, not enumerated.
const COMBINATIONS_MAX: usize = 96;

type Name = (&'static str, String);

/// Names and contents.
#[derive(Clone, Default, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Image {
    names: BTreeMap<Name, usize>,
    files: Vec<Vec<u8>>,
}

/// A call that changed something.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    Create {
        name: Name,
        file: usize,
    },
    Write {
        file: usize,
        offset: usize,
        bytes: Vec<u8>,
    },
    Sync {
        file: usize,
    },
    /// What was to be made durable never will be, although it can be read until the machine stops.
    FailedSync {
        file: usize,
    },
    Rename {
        from: Name,
        to: Name,
    },
    Remove {
        name: Name,
    },
    SyncDirectory {
        directory: &'static str,
    },
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The nth write from now fails, half of it written.
    Write(usize),
    /// The nth sync from now fails; what it should have made durable is lost, and later syncs succeed all the same.
    Sync(usize),
}

#[derive(Default)]
struct State {
    live: Image,
    calls: Vec<Call>,
    reserved: BTreeMap<usize, u64>,
    /// Bytes that all files together may take; None: no limit.
    capacity: Option<u64>,
    fault: Option<Fault>,
    writes_refused: usize,
}

/// Several directories with one record of what is done to them. Clones are the same world.
#[derive(Clone, Default)]
pub(crate) struct World {
    state: Arc<Mutex<State>>,
}

impl World {
    /// As a machine finds it after a crash.
    pub(crate) fn after(image: Image) -> World {
        let state = State { live: image, ..State::default() };
        World { state: Arc::new(Mutex::new(state)) }
    }

    /// As a process finds it that starts again on the same machine.
    pub(crate) fn replaying(calls: &[Call]) -> World {
        let mut live = Image::default();
        for call in calls {
            match call {
                Call::Write { file, offset, bytes } => live.write(*file, *offset, bytes),
                Call::Sync { .. } | Call::FailedSync { .. } | Call::SyncDirectory { .. } => {}
                names => {
                    if let Call::Create { file, .. } = names {
                        live.files.resize(live.files.len().max(*file + 1), Vec::new());
                    }
                    live.change_names(names);
                }
            }
        }
        let state = State { live, calls: calls.to_vec(), ..State::default() };
        World { state: Arc::new(Mutex::new(state)) }
    }

    pub(crate) fn disk(&self, directory: &'static str) -> Arc<dyn Disk> {
        Arc::new(WorldDisk { world: self.clone(), directory })
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.state.lock().calls.clone()
    }

    pub(crate) fn call_count(&self) -> usize {
        self.state.lock().calls.len()
    }

    /// What is there now, durable or not.
    pub(crate) fn live(&self) -> Image {
        self.state.lock().live.clone()
    }

    pub(crate) fn set_fault(&self, fault: Option<Fault>) {
        self.state.lock().fault = fault;
    }

    pub(crate) fn set_capacity(&self, bytes: Option<u64>) {
        self.state.lock().capacity = bytes;
    }

    /// How much space is taken.
    pub(crate) fn used(&self) -> u64 {
        self.state.lock().used()
    }

    /// How many writes were refused for want of space.
    pub(crate) fn writes_refused(&self) -> usize {
        self.state.lock().writes_refused
    }
}

impl State {
    fn used(&self) -> u64 {
        let size = |file: &usize| {
            let reserved = self.reserved.get(file).copied().unwrap_or(0);
            (self.live.files[*file].len() as u64).max(reserved)
        };
        self.live.names.values().map(size).sum()
    }

    fn check_room(&self, file: usize, end: u64) -> io::Result<()> {
        let reserved = self.reserved.get(&file).copied().unwrap_or(0);
        let more = end.saturating_sub(reserved.max(self.live.files[file].len() as u64));
        match self.capacity {
            Some(capacity) if more > 0 && self.used() + more > capacity => {
                Err(io::Error::new(io::ErrorKind::StorageFull, "no space left on device"))
            }
            _ => Ok(()),
        }
    }

    /// True when the fault counts down to now.
    fn strikes(&mut self, is_sync: bool) -> bool {
        let left = match &mut self.fault {
            Some(Fault::Write(left)) if !is_sync => left,
            Some(Fault::Sync(left)) if is_sync => left,
            _ => return false,
        };
        if *left > 0 {
            *left -= 1;
            return false;
        }
        self.fault = None;
        true
    }
}

impl Image {
    pub(crate) fn names(&self) -> Vec<Name> {
        self.names.keys().cloned().collect()
    }

    pub(crate) fn content(&self, directory: &'static str, name: &str) -> Option<&Vec<u8>> {
        self.names.get(&(directory, name.to_owned())).map(|file| &self.files[*file])
    }

    pub(crate) fn content_mut(&mut self, directory: &'static str, name: &str) -> &mut Vec<u8> {
        let file = self.names[&(directory, name.to_owned())];
        &mut self.files[file]
    }

    pub(crate) fn remove(&mut self, directory: &'static str, name: &str) {
        self.names.remove(&(directory, name.to_owned()));
    }

    pub(crate) fn put(&mut self, directory: &'static str, name: &str, content: Vec<u8>) {
        self.names.insert((directory, name.to_owned()), self.files.len());
        self.files.push(content);
    }

    fn write(&mut self, file: usize, offset: usize, bytes: &[u8]) {
        let content = &mut self.files[file];
        if content.len() < offset + bytes.len() {
            content.resize(offset + bytes.len(), 0);
        }
        content[offset..offset + bytes.len()].copy_from_slice(bytes);
    }

    fn change_names(&mut self, call: &Call) {
        match call {
            Call::Create { name, file } => {
                self.names.insert(name.clone(), *file);
            }
            Call::Rename { from, to } => {
                // Selected alone, a rename still finds its file: the caller resolved it.
                if let Some(file) = self.names.remove(from) {
                    self.names.insert(to.clone(), file);
                }
            }
            Call::Remove { name } => {
                self.names.remove(name);
            }
            _ => unreachable!("not a change of names"),
        }
    }
}

struct WorldDisk {
    world: World,
    directory: &'static str,
}

struct WorldFile {
    world: World,
    file: usize,
}

impl WorldDisk {
    fn name(&self, name: &str) -> Name {
        (self.directory, name.to_owned())
    }

    fn change(&self, call: Call) {
        let mut state = self.world.state.lock();
        state.live.change_names(&call);
        state.calls.push(call);
    }
}

impl Disk for WorldDisk {
    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.world.state.lock();
        let name = self.name(name);
        let file = match state.live.names.get(&name) {
            Some(file) => *file,
            None => {
                let file = state.live.files.len();
                state.live.files.push(Vec::new());
                let call = Call::Create { name, file };
                state.live.change_names(&call);
                state.calls.push(call);
                file
            }
        };
        Ok(Arc::new(WorldFile { world: self.world.clone(), file }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.change(Call::Rename { from: self.name(from), to: self.name(to) });
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.change(Call::Remove { name: self.name(name) });
        Ok(())
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.world.state.lock().calls.push(Call::SyncDirectory { directory: self.directory });
        Ok(())
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let state = self.world.state.lock();
        Ok(state.live.names.keys().filter(|(d, _)| *d == self.directory).map(|(_, n)| n.clone()).collect())
    }

    fn describe(&self, name: &str) -> String {
        format!("{}/{name}", self.directory)
    }
}

impl DiskFile for WorldFile {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let state = self.world.state.lock();
        let found = state.live.files[self.file].get(offset as usize..offset as usize + buffer.len());
        buffer.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut state = self.world.state.lock();
        if let Err(error) = state.check_room(self.file, offset + bytes.len() as u64) {
            state.writes_refused += 1;
            return Err(error);
        }
        let fails = state.strikes(false);
        let written = if fails { &bytes[..bytes.len() / 2] } else { bytes };
        state.live.write(self.file, offset as usize, written);
        let (file, offset) = (self.file, offset as usize);
        state.calls.push(Call::Write { file, offset, bytes: written.to_vec() });
        if fails { Err(io::Error::other("input/output error")) } else { Ok(()) }
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.world.state.lock();
        if state.strikes(true) {
            state.calls.push(Call::FailedSync { file: self.file });
            return Err(io::Error::other("input/output error"));
        }
        state.calls.push(Call::Sync { file: self.file });
        Ok(())
    }

    fn reserve(&self, bytes: u64) -> io::Result<()> {
        let mut state = self.world.state.lock();
        state.check_room(self.file, bytes)?;
        let reserved = state.reserved.entry(self.file).or_default();
        *reserved = bytes.max(*reserved);
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.world.state.lock().live.files[self.file].len() as u64)
    }
}

/// The newest bytes of a file: what a crash may tear.
pub(crate) struct LastWrite {
    name: Option<Name>,
    bytes: Range<usize>,
}

impl LastWrite {
    pub(crate) fn end(&self) -> usize {
        self.bytes.end
    }

    pub(crate) fn overlaps(&self, name: &str, bytes: Range<usize>) -> bool {
        let is_here = self.name.as_ref().is_some_and(|(_, here)| here == name);
        is_here && bytes.start < self.bytes.end && self.bytes.start < bytes.end
    }
}

impl World {
    pub(crate) fn last_write(&self) -> LastWrite {
        let state = self.state.lock();
        let last = state.calls.iter().rev().find_map(|call| match call {
            Call::Write { file, offset, bytes } => Some((*file, *offset..offset + bytes.len())),
            _ => None,
        });
        let (file, bytes) = last.unwrap_or_default();
        let name = state.live.names.iter().find(|(_, other)| **other == file).map(|(name, _)| name.clone());
        LastWrite { name, bytes }
    }
}

/// What a crash may find, while the calls are made one after the other.
struct Volatile {
    durable: Image,
    /// Not synced, in order: file, block, its content, the length of the file with it.
    blocks: Vec<(usize, usize, Vec<u8>)>,
    /// What the files are in memory.
    live: Image,
    /// Changes of names that are not durable.
    names: Vec<Call>,
}

impl Volatile {
    fn make(&mut self, call: &Call) {
        match call {
            Call::Create { file, .. } => {
                for image in [&mut self.durable, &mut self.live] {
                    if image.files.len() <= *file {
                        image.files.resize(*file + 1, Vec::new());
                    }
                }
                self.names.push(call.clone());
            }
            Call::Rename { from, to } => {
                // Names are resolved now, so that a rename can be kept although the creation of its file is not.
                let file = self.resolve(from);
                self.names.push(Call::Rename { from: from.clone(), to: to.clone() });
                self.names.push(Call::Create { name: to.clone(), file });
            }
            Call::Remove { .. } => self.names.push(call.clone()),
            Call::SyncDirectory { directory } => {
                let is_here = |call: &Call| match call {
                    Call::Create { name, .. } | Call::Remove { name } => name.0 == *directory,
                    Call::Rename { to, .. } => to.0 == *directory,
                    _ => false,
                };
                let (here, elsewhere): (Vec<_>, Vec<_>) = self.names.drain(..).partition(is_here);
                here.iter().for_each(|call| self.durable.change_names(call));
                self.names = elsewhere;
            }
            Call::Write { file, offset, bytes } => {
                self.live.write(*file, *offset, bytes);
                let content = &self.live.files[*file];
                for block in offset / BLOCK..(offset + bytes.len()).div_ceil(BLOCK) {
                    let end = ((block + 1) * BLOCK).min(content.len());
                    let new = content[block * BLOCK..end].to_vec();
                    self.blocks.push((*file, block, new));
                }
            }
            Call::Sync { file } => {
                for (_, block, content) in self.blocks.iter().filter(|(other, ..)| other == file) {
                    self.durable.write(*file, block * BLOCK, content);
                }
                let len = self.live.files[*file].len();
                self.durable.files[*file].resize(len, 0);
                self.blocks.retain(|(other, ..)| other != file);
            }
            Call::FailedSync { file } => self.blocks.retain(|(other, ..)| other != file),
        }
    }

    fn resolve(&self, name: &Name) -> usize {
        let mut now = self.durable.clone();
        self.names.iter().for_each(|call| now.change_names(call));
        now.names[name]
    }

    /// Groups of name changes that happen or do not: a rename is one.
    fn name_groups(&self) -> Vec<&[Call]> {
        let mut groups = Vec::new();
        let mut at = 0;
        while at < self.names.len() {
            let len = if matches!(self.names[at], Call::Rename { .. }) { 2 } else { 1 };
            groups.push(&self.names[at..at + len]);
            at += len;
        }
        groups
    }

    /// The different places that are not synced, with the versions each may have.
    fn places(&self) -> Vec<(usize, usize, Vec<&Vec<u8>>)> {
        let mut places: Vec<(usize, usize, Vec<&Vec<u8>>)> = Vec::new();
        for (file, block, content) in &self.blocks {
            let durable = &self.durable.files[*file];
            let start = (block * BLOCK).min(durable.len());
            let is_as_before = durable[start..].iter().chain(&[0; BLOCK]).zip(content).all(|(a, b)| a == b);
            match places.iter_mut().find(|place| (place.0, place.1) == (*file, *block)) {
                Some((.., versions)) => versions.push(content),
                // Zeros where nothing is, for example.
                None if is_as_before => {}
                None => places.push((*file, *block, vec![content])),
            }
        }
        places
    }

    /// Every state, or a selection where there are too many, the simple ones among them.
    fn states(&self, seed: u64, mut each: impl FnMut(Image)) {
        let (places, groups) = (self.places(), self.name_groups());
        let choices: Vec<usize> = places
            .iter()
            .map(|(.., versions)| versions.len() + 1)
            .chain(groups.iter().map(|_| 2))
            .chain([2])
            .collect();
        let all = choices.iter().try_fold(1_usize, |product, n| product.checked_mul(*n));
        let mut random = seed;
        let mut draw = |below: usize| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) as usize % below
        };
        let selections: Vec<Vec<usize>> = match all {
            Some(all) if all <= COMBINATIONS_MAX => (0..all)
                .map(|mut number| {
                    let digit = |n: &usize| {
                        let digit = number % n;
                        number /= n;
                        digit
                    };
                    choices.iter().map(digit).collect()
                })
                .collect(),
            _ => {
                let none = vec![0; choices.len()];
                let newest: Vec<usize> = choices.iter().map(|n| n - 1).collect();
                let mut selections = vec![none.clone(), newest.clone()];
                for at in 0..choices.len() {
                    // One alone, all but one, and a tear: all up to one.
                    let mut one = none.clone();
                    one[at] = newest[at];
                    let mut but_one = newest.clone();
                    but_one[at] = 0;
                    let mut torn = newest.clone();
                    torn[at..].fill(0);
                    selections.extend([one, but_one, torn]);
                }
                while selections.len() < COMBINATIONS_MAX {
                    selections.push(choices.iter().map(|n| draw(*n)).collect());
                }
                selections
            }
        };
        for selection in selections {
            let mut image = self.durable.clone();
            if selection.last() == Some(&1) {
                for (file, content) in image.files.iter_mut().enumerate() {
                    content.resize(content.len().max(self.live.files[file].len()), 0);
                }
            }
            for ((file, block, versions), choice) in places.iter().zip(&selection) {
                if let Some(version) = choice.checked_sub(1) {
                    image.write(*file, block * BLOCK, versions[version]);
                }
            }
            for (group, choice) in groups.iter().zip(&selection[places.len()..]) {
                if *choice == 1 {
                    group.iter().for_each(|call| image.change_names(call));
                }
            }
            each(image);
        }
    }
}

/// Every state that a crash may leave during or after the calls, on top of `before`; with the number of calls made. No state twice at
/// one point.
pub(crate) fn crash_states(before: &Image, calls: &[Call], mut each: impl FnMut(usize, Image)) {
    let mut volatile =
        Volatile { durable: before.clone(), blocks: Vec::new(), live: before.clone(), names: Vec::new() };
    let mut seen = HashSet::new();
    for made in 0..=calls.len() {
        if made > 0 {
            volatile.make(&calls[made - 1]);
        }
        seen.clear();
        volatile.states(made as u64, |image| {
            let mut hasher = DefaultHasher::new();
            image.hash(&mut hasher);
            if seen.insert(hasher.finish()) {
                each(made, image);
            }
        });
    }
}

/// What is left when everything that is not synced is lost.
pub(crate) fn synced_only(before: &Image, calls: &[Call]) -> Image {
    let mut volatile =
        Volatile { durable: before.clone(), blocks: Vec::new(), live: before.clone(), names: Vec::new() };
    calls.iter().for_each(|call| volatile.make(call));
    volatile.durable
}

/// For messages: names and lengths.
pub(crate) fn describe(image: &Image) -> String {
    image.names.iter().fold(String::new(), |mut text, ((directory, name), file)| {
        let _ = write!(text, "{directory}/{name} ({} bytes) ", image.files[*file].len());
        text
    })
}
