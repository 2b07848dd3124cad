//! Bytes of a file, in blocks.

use std::collections::BTreeMap;
use std::ops::Range;

/// A sector: written whole or not.
pub const BLOCK: u64 = 512;

type Block = [u8; BLOCK as usize];

/// Content of a file; blocks of zeros are not kept.
#[derive(Clone, Default)]
pub struct Image {
    pub len: u64,
    blocks: BTreeMap<u64, Box<Block>>,
}

impl Image {
    pub fn block(&self, number: u64) -> Option<&Block> {
        self.blocks.get(&number).map(|block| &**block)
    }

    pub fn set_block(&mut self, number: u64, block: Option<&Block>) {
        match block.filter(|block| block.iter().any(|byte| *byte != 0)) {
            Some(block) => drop(self.blocks.insert(number, Box::new(*block))),
            None => drop(self.blocks.remove(&number)),
        }
    }

    pub fn read(&self, buffer: &mut [u8], offset: u64) {
        buffer.fill(0);
        for number in offset / BLOCK..(offset + buffer.len() as u64).div_ceil(BLOCK) {
            let Some(block) = self.block(number) else { continue };
            let (of_buffer, of_block) = overlap(number, offset, buffer.len());
            buffer[of_buffer].copy_from_slice(&block[of_block]);
        }
    }

    pub fn write(&mut self, bytes: &[u8], offset: u64) {
        for number in offset / BLOCK..(offset + bytes.len() as u64).div_ceil(BLOCK) {
            let mut block = self.block(number).copied().unwrap_or([0; BLOCK as usize]);
            let (of_bytes, of_block) = overlap(number, offset, bytes.len());
            block[of_block].copy_from_slice(&bytes[of_bytes]);
            self.set_block(number, Some(&block));
        }
        self.len = self.len.max(offset + bytes.len() as u64);
    }
}

/// Which part of `len` bytes at `offset` lies in a block, and where in it.
fn overlap(number: u64, offset: u64, len: usize) -> (Range<usize>, Range<usize>) {
    let (start, end) = (number * BLOCK, (number + 1) * BLOCK);
    let (from, until) = (start.max(offset), end.min(offset + len as u64));
    ((from - offset) as usize..(until - offset) as usize, (from - start) as usize..(until - start) as usize)
}
