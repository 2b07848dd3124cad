//! Bounds of one graph. Reaching one is `ApplyError::LimitReached` with its name.

/// Node and relationship ids are stored in 32 bits; ids are never used twice, so this is over the life of a database.
pub const IDS_MAX: u64 = u32::MAX as u64;
pub const LABELS_MAX: u32 = 1 << 16;
pub const TYPES_MAX: u32 = 1 << 16;
pub const KEYS_MAX: u32 = 1 << 20;
pub const INDEXES_MAX: usize = 1_000;
pub const CONSTRAINTS_MAX: usize = 1_000;
/// Lists and maps inside a stored or transmitted value.
pub const VALUE_DEPTH_MAX: usize = 64;
