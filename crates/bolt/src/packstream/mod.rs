//! PackStream version 1: the encoding of values inside messages.
//!
//! [`Encoder`] appends to a byte buffer; [`Decoder`] reads from a slice and allocates only what the result needs.
//! The structures of the Bolt protocol (nodes, paths, temporal values, points) are written by `write_values` and read
//! by `read_values`. Vectors and the other structures of Bolt 6 are not spoken.

mod decode;
mod encode;
mod intern;
mod marker;
mod read_values;
mod write_values;
mod zones;

pub use decode::{DecodeError, Decoder};
pub use encode::Encoder;
pub use intern::Interner;
pub use read_values::EntitySink;
pub use write_values::{EncodeError, NoEntities, write_record};
pub use zones::{UtcOnly, Zones};

pub(crate) use marker::TINY_DICTIONARY;
pub(crate) use write_values::write_value;
