//! The handshake: the first bytes of a connection, before there are messages.
//!
//! A client sends the magic and four proposals. The server picks one, or, asked for the manifest, lists all that it
//! speaks and lets the client pick. Other protocols that stray onto the port are recognised by their first bytes.

use crate::version::{SUPPORTED, Version};

/// What every Bolt connection begins with.
pub const MAGIC: [u8; 4] = [0x60, 0x60, 0xB0, 0x17];

/// The proposal that asks for the manifest, version 1.
const MANIFEST_V1: [u8; 4] = [0x00, 0x00, 0x01, 0xFF];

/// The manifest: its version, three ranges (5.8-5.6, 5.4-5.0, 4.4; one range would offer 5.5), no capabilities.
/// It must leave in one write: two drivers break when it comes in pieces.
pub const MANIFEST: [u8; 18] = [0, 0, 1, 0xFF, 3, 0, 2, 8, 5, 0, 4, 4, 5, 0, 0, 4, 4, 0];

/// Answer to a client with which no version is shared.
pub const NO_VERSION: [u8; 4] = [0; 4];

/// Bytes that a capabilities field may have: more than any known capability needs.
const VARINT_BYTES_MAX: usize = 5;

/// Who is calling, by the first four bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    Bolt,
    Tls,
    Http,
    Unknown,
}

pub fn caller(first: [u8; 4]) -> Caller {
    match &first {
        bytes if *bytes == MAGIC => Caller::Bolt,
        [0x16, 0x03, ..] => Caller::Tls,
        b"GET " | b"POST" | b"PUT " | b"HEAD" | b"OPTI" | b"DELE" | b"PATC" | b"CONN" => Caller::Http,
        _ => Caller::Unknown,
    }
}

/// What the server answers to four proposals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    Version(Version),
    /// Send [`MANIFEST`]; the client chooses.
    Manifest,
    None,
}

/// The first proposal that matches wins; inside its range, the highest minor.
pub fn choose(proposals: [u8; 16]) -> Choice {
    let (proposals, _) = proposals.as_chunks::<4>();
    for proposal in proposals {
        if *proposal == MANIFEST_V1 {
            return Choice::Manifest;
        }
        let [_, range, minor, major] = *proposal;
        let lowest = minor.saturating_sub(range);
        let fits = |version: &&Version| version.major == major && (lowest..=minor).contains(&version.minor);
        if let Some(version) = SUPPORTED.iter().find(fits) {
            return Choice::Version(*version);
        }
    }
    Choice::None
}

/// The server's four bytes that confirm a version; a client's choice from the manifest has the same form.
pub fn confirmation(version: Version) -> [u8; 4] {
    [0, 0, version.minor, version.major]
}

/// A client's choice from the manifest, or what it should have been.
pub fn chosen(choice: [u8; 4]) -> Option<Version> {
    let [_, _, minor, major] = choice;
    Some(Version::new(major, minor)).filter(|version| version.is_supported())
}

/// Reads a little-endian varint byte by byte.
#[derive(Default)]
pub struct Varint {
    value: u64,
    bytes: usize,
}

impl Varint {
    /// Takes one byte; Some when the number is complete, an error when it is too long.
    pub fn push(&mut self, byte: u8) -> Result<Option<u64>, String> {
        if self.bytes == VARINT_BYTES_MAX {
            return Err(format!("a number of the handshake is longer than {VARINT_BYTES_MAX} bytes"));
        }
        self.value |= u64::from(byte & 0x7F) << (7 * self.bytes);
        self.bytes += 1;
        Ok((byte & 0x80 == 0).then_some(self.value))
    }
}

/// What a client sends to get exactly one version.
pub fn proposal_of(version: Version) -> [u8; 20] {
    let mut bytes = [0; 20];
    bytes[..4].copy_from_slice(&MAGIC);
    bytes[4..8].copy_from_slice(&confirmation(version));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proposals(entries: &[[u8; 4]]) -> [u8; 16] {
        let mut bytes = [0; 16];
        for (i, entry) in entries.iter().enumerate() {
            bytes[4 * i..4 * i + 4].copy_from_slice(entry);
        }
        bytes
    }

    #[test]
    fn the_drivers_get_the_manifest() {
        let drivers = proposals(&[MANIFEST_V1, [0, 8, 8, 5], [0, 2, 4, 4], [0, 0, 0, 3]]);
        assert_eq!(choose(drivers), Choice::Manifest);
    }

    #[test]
    fn ranges_are_searched_from_the_top_and_never_give_5_5() {
        let cases = [
            ([0, 8, 8, 5], Some((5, 8))),
            ([0, 6, 6, 5], Some((5, 6))),
            ([0, 5, 5, 5], Some((5, 4))),
            ([0, 0, 5, 5], None),
            ([0, 9, 20, 5], None),
            ([0, 12, 20, 5], Some((5, 8))),
            ([0, 2, 4, 4], Some((4, 4))),
            ([0, 0, 3, 4], None),
            ([0, 0, 1, 4], None),
            ([0, 255, 3, 5], Some((5, 3))),
        ];
        for (entry, expected) in cases {
            let expected = match expected {
                Some((major, minor)) => Choice::Version(Version::new(major, minor)),
                None => Choice::None,
            };
            assert_eq!(choose(proposals(&[entry])), expected, "proposal {entry:?}");
        }
        let first_wins = proposals(&[[0, 0, 4, 4], [0, 8, 8, 5]]);
        assert_eq!(choose(first_wins), Choice::Version(Version::new(4, 4)));
    }

    #[test]
    fn the_manifest_offers_exactly_what_is_supported() {
        let (entries, _) = MANIFEST[5..17].as_chunks::<4>();
        let mut offered = Vec::new();
        for [_, range, minor, major] in entries {
            offered.extend((0..=*range).map(|below| Version::new(*major, minor - below)));
        }
        assert_eq!(offered, SUPPORTED);
    }

    #[test]
    fn strangers_are_recognised() {
        assert_eq!(caller(*b"GET "), Caller::Http);
        assert_eq!(caller([0x16, 3, 1, 2]), Caller::Tls);
        assert_eq!(caller([0; 4]), Caller::Unknown);
        assert_eq!(caller(MAGIC), Caller::Bolt);
    }

    #[test]
    fn varints_are_little_endian_and_bounded() {
        let read = |bytes: &[u8]| {
            let mut varint = Varint::default();
            for byte in bytes {
                if let Some(value) = varint.push(*byte)? {
                    return Ok(Some(value));
                }
            }
            Ok::<_, String>(None)
        };
        assert_eq!(read(&[0]), Ok(Some(0)));
        assert_eq!(read(&[0xFF, 0x01]), Ok(Some(255)));
        assert_eq!(read(&[0x80, 0x80]), Ok(None));
        assert!(read(&[0x80; 6]).is_err(), "a number without end is refused");
    }
}
