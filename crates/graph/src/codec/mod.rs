//! Effects, values and whole graphs as bytes. Formats: `docs/format/effects.md`, `docs/format/snapshot_content.md`.

mod bytes;
mod effect;
mod snapshot;
mod value;

pub use bytes::CodecError;
pub use effect::{decode_effect, encode_effect};
pub use snapshot::{read_snapshot, write_snapshot};
pub use value::{decode_value, encode_value};
