//! Time zones by name, for the wire: the executor's data, so that a name means one thing in a query and in a parameter.

use samyama_bolt::packstream::Zones;
use samyama_exec::functions::{zone_offset_at_instant, zone_offset_at_local};

/// The IANA zones that every node brings along.
#[derive(Clone, Copy, Debug, Default)]
pub struct BundledZones;

impl Zones for BundledZones {
    fn offset_at_instant(&self, zone: &str, utc_seconds: i64) -> Option<i32> {
        zone_offset_at_instant(zone, utc_seconds)
    }

    fn offset_at_local(&self, zone: &str, local_seconds: i64) -> Option<i32> {
        zone_offset_at_local(zone, local_seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_zone_has_the_offset_of_its_season() {
        let (winter, summer) = (1_700_000_000, 1_720_000_000);
        assert_eq!(BundledZones.offset_at_instant("Europe/Stockholm", winter), Some(3_600));
        assert_eq!(BundledZones.offset_at_instant("Europe/Stockholm", summer), Some(7_200));
        assert_eq!(BundledZones.offset_at_local("Europe/Stockholm", summer), Some(7_200));
        assert_eq!(BundledZones.offset_at_instant("Mars/Olympus", summer), None);
        // 2025-10-26 02:30, which the clock shows twice: the first time it is still summer.
        assert_eq!(BundledZones.offset_at_local("Europe/Stockholm", 1_761_445_800), Some(7_200));
    }
}
