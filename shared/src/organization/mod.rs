//! Organizations: the school or clinic that offers appointments.

mod directory;
pub mod rules;
pub mod store;

use jiff::civil::Date;

pub use directory::{Directory, Occasion, Snapshot};
pub use rules::{UnfitWebName, WebName};

use crate::ids::OrganizationId;
use crate::time::Zone;

/// A school, clinic or other organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// Its opaque id.
    pub id: OrganizationId,
    /// Its name in addresses.
    pub web_name: WebName,
    /// Its name as people know it.
    pub name: String,
    /// The zone it lives in; its events may be elsewhere.
    pub zone: Zone,
    /// Whether it may be reached.
    pub state: State,
    /// The privacy notice in force.
    pub privacy: PolicyVersion,
}

impl Organization {
    /// Whether it is the operator's own, whose members approve the others and
    /// help them.
    #[must_use]
    pub fn is_operator(&self) -> bool {
        self.web_name == WebName::operator()
    }
}

/// Whether an organization may be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It may.
    Active,
    /// It was signed up and the operator has yet to approve it: it does not
    /// exist to anybody else.
    Awaiting,
    /// The operator has suspended it: to visitors it does not exist.
    Suspended,
    /// It is being erased: it exists to nobody any more, and this stands until
    /// its last item is gone.
    Erased,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Active, Self::Awaiting, Self::Suspended, Self::Erased];

    /// Its name in items and replies.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Awaiting => "awaiting",
            Self::Suspended => "suspended",
            Self::Erased => "erased",
        }
    }

    /// Reads what [`State::word`] gave; anything else is `None`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == text)
    }
}

/// A privacy notice with the day it took effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyVersion {
    /// Counted from 1; a booking records it.
    pub version: u32,
    /// The day from which it holds.
    pub effective: Date,
    /// Its text: paragraphs separated by empty lines.
    pub text: String,
}
