//! How a local cloud is started.

use jiff::Timestamp;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Where data lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    /// Nowhere: it ends with the process.
    Memory,
    /// In a folder, which one process can use at a time.
    Folder(PathBuf),
}

/// The code of the function that seals the audit trail.
pub(crate) const SEALER: &str = "sealer";
/// The code of the function that deletes.
pub(crate) const RETENTION: &str = "retention";

/// Which functions streams and schedules wake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wakes {
    /// Every one.
    All,
    /// Only the sealer of the audit trail: to seal what its stream still holds.
    Sealer,
    /// None: nothing changes by itself, for looking at data as it lies.
    Nobody,
}

impl Wakes {
    pub(crate) fn lets(self, code: &str) -> bool {
        match self {
            Self::All => true,
            Self::Sealer => code == SEALER,
            Self::Nobody => false,
        }
    }
}

/// How a local cloud is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// The port on 127.0.0.1; 0 picks a free one.
    pub port: u16,
    /// Where data lies.
    pub data: Storage,
    /// A seed for faults of DynamoDB; without one nobody's requests meet any.
    pub faults: Option<u64>,
    /// Whether the demonstration organizations are made.
    pub demonstration: bool,
    /// Which functions streams and schedules wake.
    pub wakes: Wakes,
    /// What time it is at the start, for fresh data.
    pub starts_at: Option<Timestamp>,
    /// A template other than the one that was built in.
    pub template: Option<PathBuf>,
    /// Another DynamoDB than the embedded engine, with the template's tables in
    /// it: for a second opinion. Nothing in it expires, is backed up or wakes a
    /// function.
    pub database: Option<SocketAddr>,
}

impl Default for Options {
    /// In memory, on a free port, with the demonstration and without faults.
    fn default() -> Self {
        Self {
            port: 0,
            data: Storage::Memory,
            faults: None,
            demonstration: true,
            wakes: Wakes::All,
            starts_at: None,
            template: None,
            database: None,
        }
    }
}
