//! Walking the records of one segment, and judging what stands behind the last good one.

use super::format::{ALIGN_BYTES, BLOCK_BYTES, HEAD_BYTES, Head, Record};
use super::segment::HEADER_BYTES;

/// Goes from record to record as long as they are good.
pub(super) struct Scan<'a> {
    bytes: &'a [u8],
    seed: u32,
    offset: usize,
    sequence: u64,
}

impl<'a> Scan<'a> {
    /// `sequence`: the number of the first record.
    pub(super) fn new(bytes: &'a [u8], seed: u32, sequence: u64) -> Self {
        Scan { bytes, seed, offset: HEADER_BYTES as usize, sequence }
    }

    /// Behind the last good record.
    pub(super) fn offset(&self) -> usize {
        self.offset
    }

    /// What was read, from an offset on.
    pub(super) fn bytes_from(&self, offset: usize) -> &[u8] {
        &self.bytes[offset..self.offset]
    }

    /// The number that the next record must have.
    pub(super) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The next good record with the sequence number that is due.
    pub(super) fn next_record(&mut self) -> Option<(Head, Record)> {
        let rest = self.bytes.get(self.offset..)?;
        let head = Head::read(rest, self.seed).filter(|head| head.sequence == self.sequence)?;
        let record = head.read_body(rest, self.seed)?;
        self.offset += head.extent();
        self.sequence += 1;
        Some((head, record))
    }

    /// What stands behind the last good record: nothing (0), a torn tail (how many bytes to clear), or damage (what).
    pub(super) fn judge_tail(&self) -> Result<usize, String> {
        let rest = self.bytes.get(self.offset..).unwrap_or_default();
        let Some(last) = rest.iter().rposition(|byte| *byte != 0) else { return Ok(0) };
        let dirty = last + 1;
        let due = self.sequence;
        if let Some((at, head)) = self.record_of_a_later_batch(&rest[..dirty]) {
            return Err(format!(
                "record {due} cannot be read, but record {} of a later flush stands {at} bytes behind it",
                head.sequence
            ));
        }
        let is_head_empty = rest.iter().take(HEAD_BYTES).all(|byte| *byte == 0);
        let extent = match Head::read(rest, self.seed) {
            Some(head) if head.sequence != due => {
                return Err(format!("record {} stands where {due} is due", head.sequence));
            }
            Some(head) if !head.has_known_version() => {
                return Err(format!(
                    "record {due} has format version {}: a later program wrote it",
                    head.version
                ));
            }
            Some(head) => head.extent(),
            None if is_head_empty => return Ok(dirty),
            // No record is shorter than a head and its padding.
            None => HEAD_BYTES + ALIGN_BYTES,
        };
        let is_end_missing = dirty < extent || rest.len() < extent;
        if is_end_missing || self.has_empty_block(extent) {
            return Ok(dirty);
        }
        Err(format!(
            "record {due} has the wrong checksum, and no block of it is missing: its bytes have changed"
        ))
    }

    /// A block of zeros within the next `extent` bytes; a first or last block counts with the part in the extent. No whole
    /// record has one.
    fn has_empty_block(&self, extent: usize) -> bool {
        let (mut at, end) = (self.offset, (self.offset + extent).min(self.bytes.len()));
        while at < end {
            let block_end = ((at / BLOCK_BYTES + 1) * BLOCK_BYTES).min(end);
            if self.bytes[at..block_end].iter().all(|byte| *byte == 0) {
                return true;
            }
            at = block_end;
        }
        false
    }

    /// Its batch begins behind the record that is due, which was therefore flushed.
    fn record_of_a_later_batch(&self, rest: &[u8]) -> Option<(usize, Head)> {
        (ALIGN_BYTES..rest.len().saturating_sub(HEAD_BYTES)).step_by(ALIGN_BYTES).find_map(|at| {
            let head = Head::read(&rest[at..], self.seed)?;
            (head.batch_first > self.sequence).then_some((at, head))
        })
    }
}
