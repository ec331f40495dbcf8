//! What a verification found, for people.

use std::fmt;

use crate::dynamo::Key;
use crate::ids::OrganizationId;

/// Faults beyond so many are counted and not kept.
const MOST_FAULTS: usize = 1_000;

/// Something that is not as it was sealed. Checkpoints are named by number.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is said in words where it is shown")]
pub enum Fault {
    Missing {
        record: Key,
        checkpoint: u64,
    },
    Changed {
        record: Key,
        checkpoint: u64,
    },
    /// In no checkpoint, or written long after the time its id tells.
    Added {
        record: Key,
    },
    /// The same id, where its day has no place for it.
    Moved {
        from: Option<Key>,
        to: Key,
    },
    /// As it was sealed, but between times it was otherwise or gone.
    Restored {
        record: Key,
        checkpoint: u64,
    },
    /// Something else of the table was changed or removed once.
    Touched {
        item: Key,
        checkpoint: u64,
    },
    /// Something that the trail does not know.
    Stray {
        item: Key,
    },
    CheckpointsMissing {
        organization: OrganizationId,
        from: u64,
        to: u64,
    },
    CheckpointAltered {
        organization: OrganizationId,
        number: u64,
    },
    /// The chain: it does not follow the one before it.
    CheckpointDetached {
        organization: OrganizationId,
        number: u64,
    },
    PartMissing {
        organization: OrganizationId,
        number: u64,
        part: usize,
    },
    PartAltered {
        organization: OrganizationId,
        number: u64,
        part: usize,
    },
}

impl Fault {
    /// One word for the kind.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "missing",
            Self::Changed { .. } => "changed",
            Self::Added { .. } => "added",
            Self::Moved { .. } => "moved",
            Self::Restored { .. } => "restored",
            Self::Touched { .. } => "touched",
            Self::Stray { .. } => "stray",
            Self::CheckpointsMissing { .. } => "checkpoints_missing",
            Self::CheckpointAltered { .. } => "checkpoint_altered",
            Self::CheckpointDetached { .. } => "checkpoint_detached",
            Self::PartMissing { .. } => "part_missing",
            Self::PartAltered { .. } => "part_altered",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { record, checkpoint } => write!(
                formatter,
                "The record {record} is missing. Checkpoint {checkpoint} sealed it."
            ),
            Self::Changed { record, checkpoint } => write!(
                formatter,
                "The record {record} was changed. Checkpoint {checkpoint} sealed it as it was."
            ),
            Self::Added { record } => write!(
                formatter,
                "The record {record} was added later, or the checkpoint that sealed it was \
                 removed, or nothing has been sealed since."
            ),
            Self::Moved { from: Some(from), to } => {
                write!(formatter, "The record {from} was moved to {to}.")
            }
            Self::Moved { from: None, to } => {
                write!(formatter, "The record {to} lies where its own time does not belong.")
            }
            Self::Restored { record, checkpoint } => write!(
                formatter,
                "The record {record} is as it was, but it was changed or removed between times: \
                 see checkpoint {checkpoint}."
            ),
            Self::Touched { item, checkpoint } => write!(
                formatter,
                "{item} was changed or removed once: see checkpoint {checkpoint}."
            ),
            Self::Stray { item } => write!(formatter, "{item} is no part of the trail."),
            Self::CheckpointsMissing { organization, from, to } if from == to => {
                write!(formatter, "Checkpoint {from} of organization {organization} is missing.")
            }
            Self::CheckpointsMissing { organization, from, to } => write!(
                formatter,
                "Checkpoints {from} to {to} of organization {organization} are missing."
            ),
            Self::CheckpointAltered { organization, number } => write!(
                formatter,
                "Checkpoint {number} of organization {organization} is not as it was sealed."
            ),
            Self::CheckpointDetached { organization, number } => write!(
                formatter,
                "Checkpoint {number} of organization {organization} does not follow the one \
                 before it."
            ),
            Self::PartMissing { organization, number, part } => write!(
                formatter,
                "Part {part} of checkpoint {number} of organization {organization} is missing."
            ),
            Self::PartAltered { organization, number, part } => write!(
                formatter,
                "Part {part} of checkpoint {number} of organization {organization} is not as it \
                 was sealed."
            ),
        }
    }
}

/// What a verification found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// How many organizations have a trail.
    pub organizations: u64,
    /// How many checkpoints there are.
    pub checkpoints: u64,
    /// How many records were compared with their checkpoints.
    pub records: u64,
    /// How many records are gone because their time was over.
    pub expired: u64,
    /// How many records are too young to be sealed.
    pub not_yet_sealed: u64,
    /// What is wrong: the first thousand.
    pub faults: Vec<Fault>,
    /// How many more there are.
    pub further: u64,
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.faults.is_empty()
    }

    pub(super) fn add(&mut self, fault: Fault) {
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(fault);
        } else {
            self.further += 1;
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            formatter,
            "Verified {} records against {} checkpoints of {} organizations.",
            self.records, self.checkpoints, self.organizations
        )?;
        if self.expired > 0 {
            writeln!(formatter, "{} more are gone because their time was over.", self.expired)?;
        }
        if self.not_yet_sealed > 0 {
            writeln!(formatter, "{} are too young to be sealed.", self.not_yet_sealed)?;
        }
        for fault in &self.faults {
            writeln!(formatter, "\n{}: {fault}", fault.word())?;
        }
        if self.further > 0 {
            writeln!(formatter, "\nAnd {} more.", self.further)?;
        }
        if self.is_clean() {
            write!(formatter, "Nothing was changed, removed or added.")
        } else {
            write!(formatter, "\nThe trail is not as it was sealed.")
        }
    }
}
