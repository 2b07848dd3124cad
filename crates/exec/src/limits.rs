//! Bounds of the executor. Reaching one is a named error.

/// Nesting of a plan document, counted in maps and lists (an operator under another is one level, an argument two).
pub const PLAN_DEPTH_MAX: usize = 256;
/// Bytes of a plan document.
pub const PLAN_BYTES_MAX: usize = 64 << 20;
/// Slots of a row.
pub const SLOTS_MAX: u32 = 65_536;
/// Elements of one list, known by arithmetic before anything is allocated.
pub const LIST_LENGTH_MAX: usize = 100_000_000;
/// Bytes of one string.
pub const STRING_BYTES_MAX: usize = 512 << 20;
/// Nesting of a list or map made while running: values are compared, written and dropped by recursion.
pub const VALUE_DEPTH_MAX: usize = 256;
/// Bytes of one record of a CSV file.
pub const CSV_RECORD_BYTES_MAX: usize = 16 << 20;
/// Bytes of a compiled regular expression.
pub const REGEX_BYTES_MAX: usize = 10 << 20;
