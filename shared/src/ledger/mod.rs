//! The ledger: what was deleted and erased.
//!
//! A backup holds what was deleted after it was taken. So each deletion is
//! written down, with ids and times and no personal data, in a table that is
//! never restored over and in no backup; after a restore every entry is applied
//! again. An entry is written before the first item goes, so that no deletion
//! is ever forgotten half done.

mod store;

use jiff::Timestamp;

pub use store::{all, ending, find, of_organization, put, writing};

use crate::ids::{DeletionId, DependentId, OrganizationId, PersonId};

/// What becomes of the bookings of somebody who is forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// They are removed.
    Removed,
    /// Each becomes a seat that somebody had, for the reports: nobody's.
    Seats,
}

impl Fate {
    /// Its word in items, requests and replies.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Removed => "removed",
            Self::Seats => "seats",
        }
    }

    /// Reads what [`Fate::word`] gave; anything else is `None`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Removed, Self::Seats].into_iter().find(|fate| fate.word() == text)
    }
}

/// What was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forgotten {
    /// Everything of a participant that was there at that moment.
    Person(PersonId, Fate),
    /// A dependent, and what was booked for them.
    Dependent(DependentId, Fate),
    /// The bookings that ended before this moment, because they may no longer be
    /// kept.
    Bookings(Timestamp, Fate),
    /// The participants whom nobody has heard of since this moment.
    Contacts(Timestamp),
    /// The notices that were settled before this moment.
    Notices(Timestamp),
    /// The whole organization: its key, then everything.
    Organization,
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: DeletionId,
    /// Whose data it was.
    pub organization: OrganizationId,
    /// What was deleted.
    pub what: Forgotten,
    /// Since when: what is older is gone, what came later is not meant.
    pub at: Timestamp,
    /// When the last item was removed; `None` while it goes on.
    pub ended: Option<Timestamp>,
    /// The certificate, where one was promised.
    pub certificate: Option<crate::certificate::Signed>,
}
