//! How a local cloud is started.

use jiff::Timestamp;
use std::path::PathBuf;

/// Where data lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    /// Nowhere: it ends with the process.
    Memory,
    /// In a folder, which one process can use at a time.
    Folder(PathBuf),
}

/// How a local cloud is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// The port on 127.0.0.1; 0 picks a free one.
    pub port: u16,
    /// Where data lies.
    pub data: Storage,
    /// A seed for faults of DynamoDB; without one there is no front that could
    /// inject any.
    pub faults: Option<u64>,
    /// Whether the demonstration organizations are made.
    pub demonstration: bool,
    /// Whether streams and schedules wake functions. Without that nothing
    /// changes by itself: for looking at data as it lies.
    pub wakes: bool,
    /// What time it is at the start, for fresh data.
    pub starts_at: Option<Timestamp>,
    /// A template other than the one that was built in.
    pub template: Option<PathBuf>,
}

impl Default for Options {
    /// In memory, on a free port, with the demonstration and without faults.
    fn default() -> Self {
        Self {
            port: 0,
            data: Storage::Memory,
            faults: None,
            demonstration: true,
            wakes: true,
            starts_at: None,
            template: None,
        }
    }
}
