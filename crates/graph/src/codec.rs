//! Effects and whole graphs as bytes.
//! CONTRACT STUB: signatures are what `crates/server` calls; bodies are being written.

use std::io::{self, Read, Write};

use crate::{Effect, View};

/// Bytes that are no effect.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct CodecError(pub String);

/// Append one effect.
#[allow(unused_variables, clippy::todo)]
pub fn encode_effect(effect: &Effect, out: &mut Vec<u8>) {
    todo!()
}

/// Read one effect and move `bytes` behind it. Never panics, never allocates by an unchecked length.
#[allow(unused_variables, clippy::todo)]
pub fn decode_effect(bytes: &mut &[u8]) -> Result<Effect, CodecError> {
    todo!()
}

/// The whole graph, in sections with CRCs, streamed.
#[allow(unused_variables, clippy::todo)]
pub fn write_snapshot(view: &View, out: &mut dyn Write) -> io::Result<()> {
    todo!()
}

/// Read and verify; the fingerprint is computed anew and compared with the one written.
#[allow(unused_variables, clippy::todo)]
pub fn read_snapshot(input: &mut dyn Read) -> io::Result<View> {
    todo!()
}
