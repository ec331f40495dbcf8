//! Long work, moved a step per tick.
//!
//! A function lives minutes, and a backup, an erasure or a sealing anew takes as
//! long as there is data. So such work is a **run**: an item that says what is
//! to be done and how far it has come. It is written in the transaction that
//! asks for it; whoever ticks claims it, does a step, saves, and goes on until
//! its time is over; the next tick goes on from there. A claim lapses, so that a
//! step whose process died is taken again: each step can be taken twice.

mod store;

use jiff::{SignedDuration, Timestamp};

pub use store::{Claim, Standing, beginning, claim, find, latest, open};

use crate::ids::{OrganizationId, RunId};
use crate::trouble::Trouble;

/// How long a claim lasts when nothing is saved: longer than any step.
pub const LEASE: SignedDuration = SignedDuration::from_mins(2);
/// How long a run that has ended is remembered.
pub const REMEMBERED: SignedDuration = SignedDuration::from_hours(400 * 24);

/// Why a run could not be saved: its claim lapsed and somebody else goes on with
/// it, or a save whose answer was lost was made after all. Nobody need do
/// anything about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("somebody else has the run, or it was saved already")]
pub struct Overtaken;

impl Overtaken {
    /// Whether that is the trouble.
    #[must_use]
    pub fn is(trouble: &Trouble) -> bool {
        matches!(trouble, Trouble::Unavailable { cause, .. } if cause.is::<Self>())
    }
}

/// What kind of work it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A night's backup of all tables that are to be kept.
    Backup,
    /// A backup is restored elsewhere and held against what is there.
    Drill,
    /// What an organization may no longer keep is removed.
    Retention,
    /// One person's data is deleted.
    Deletion,
    /// An organization is erased.
    Erasure,
    /// Everything of an organization is sealed under its newest key.
    Resealing,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Backup,
        Self::Drill,
        Self::Retention,
        Self::Deletion,
        Self::Erasure,
        Self::Resealing,
    ];

    /// Its word in keys.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Backup => "backup",
            Self::Drill => "drill",
            Self::Retention => "retention",
            Self::Deletion => "deletion",
            Self::Erasure => "erasure",
            Self::Resealing => "resealing",
        }
    }

    /// Reads what [`Kind::word`] gave; anything else is `None`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == text)
    }
}

/// Which run it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Which {
    /// Whose it is; of what concerns the installation, the operator's.
    pub organization: OrganizationId,
    /// What kind of work.
    pub kind: Kind,
    /// Its id.
    pub id: RunId,
}

/// What a step of a run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// There is more to do, at once.
    More,
    /// There is more to do, but not in this tick.
    Later,
    /// That was all: the run ends.
    Ended,
}

/// A run and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run<S> {
    /// Which one.
    pub which: Which,
    /// When it was begun.
    pub begun: Timestamp,
    /// How far it has come, as its own kind of work writes it.
    pub state: S,
}
