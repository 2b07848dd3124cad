//! Offsets of named time zones. The zone data base belongs to the executor's room; Bolt asks through this trait.

/// Answers what the offset of a named zone is.
pub trait Zones: Send + Sync {
    /// Seconds east of UTC in the zone at an instant (seconds since the epoch, UTC); None for an unknown zone.
    fn offset_at_instant(&self, zone: &str, utc_seconds: i64) -> Option<i32>;
    /// The same for a reading of the zone's own clock, as Bolt 4.4 sends it. Where the clock shows it twice, the earlier.
    fn offset_at_local(&self, zone: &str, local_seconds: i64) -> Option<i32>;
}

/// Knows UTC and its other names only.
#[derive(Clone, Copy, Debug, Default)]
pub struct UtcOnly;

impl Zones for UtcOnly {
    fn offset_at_instant(&self, zone: &str, _utc_seconds: i64) -> Option<i32> {
        matches!(zone, "UTC" | "Etc/UTC" | "GMT" | "Etc/GMT" | "Z" | "Zulu" | "Etc/Zulu" | "Universal")
            .then_some(0)
    }

    fn offset_at_local(&self, zone: &str, _local_seconds: i64) -> Option<i32> {
        self.offset_at_instant(zone, 0)
    }
}
