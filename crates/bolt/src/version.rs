//! Protocol versions, and what differs between them.
//!
//! Spoken: 5.8 to 5.6, 5.4 to 5.0 and 4.4. No Neo4j server negotiates 5.5, so neither does this one.

use std::fmt;

/// A version of the Bolt protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    pub major: u8,
    pub minor: u8,
}

/// All that is spoken, newest first.
pub const SUPPORTED: [Version; 9] = [
    Version::new(5, 8),
    Version::new(5, 7),
    Version::new(5, 6),
    Version::new(5, 4),
    Version::new(5, 3),
    Version::new(5, 2),
    Version::new(5, 1),
    Version::new(5, 0),
    Version::new(4, 4),
];

impl Version {
    pub const fn new(major: u8, minor: u8) -> Self {
        Self { major, minor }
    }

    pub const fn is_at_least(self, major: u8, minor: u8) -> bool {
        self.major > major || (self.major == major && self.minor >= minor)
    }

    pub fn is_supported(self) -> bool {
        SUPPORTED.contains(&self)
    }

    /// LOGON and LOGOFF exist; before, HELLO authenticates.
    pub const fn has_logon(self) -> bool {
        self.is_at_least(5, 1)
    }

    pub const fn has_telemetry(self) -> bool {
        self.is_at_least(5, 4)
    }

    /// Summaries carry `statuses`; before, `notifications`.
    pub const fn has_statuses(self) -> bool {
        self.is_at_least(5, 6)
    }

    /// Failures carry a GQL status and a diagnostic record.
    pub const fn has_gql_failures(self) -> bool {
        self.is_at_least(5, 7)
    }

    /// RUN and BEGIN name the database that was chosen for the client.
    pub const fn names_home_database(self) -> bool {
        self.is_at_least(5, 8)
    }

    /// Nodes and relationships carry element ids.
    pub const fn has_element_ids(self) -> bool {
        self.is_at_least(5, 0)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// How values are written: it depends on the version, and in 4.4 on a patch that the client asks for in HELLO.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    pub element_ids: bool,
    /// Datetimes carry UTC seconds (`I`, `i`); without, seconds of the local clock (`F`, `f`).
    pub utc_datetimes: bool,
}

impl Dialect {
    /// The dialect of a version; `utc_patch` counts in 4.4 only.
    pub fn of(version: Version, utc_patch: bool) -> Self {
        Self { element_ids: version.has_element_ids(), utc_datetimes: version.is_at_least(5, 0) || utc_patch }
    }
}
