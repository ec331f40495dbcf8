//! Members: the people of an organization's team.

pub mod rules;
pub mod store;

use jiff::Timestamp;

use super::access::{Coverage, Level};
use super::username::Username;
use crate::ids::MemberId;
use crate::personal::{EmailAddress, PersonName};
use crate::trouble::Trouble;

pub use rules::Refusal;

/// A person of an organization's team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Their opaque id.
    pub id: MemberId,
    /// What they sign in with: unique within the organization.
    pub username: Username,
    /// Their name.
    pub name: PersonName,
    /// Where mail reaches them.
    pub email: EmailAddress,
    /// What they may do.
    pub level: Level,
    /// Where.
    pub coverage: Coverage,
    /// Whether they can sign in.
    pub state: State,
    /// Raised to end all their sessions: one that began under another is over.
    pub epoch: u32,
    /// Whether the operator has put them on the list of those who may be asked
    /// for help. Only a member of the operator's can be.
    pub supporter: bool,
    /// When they were invited or made.
    pub made: Timestamp,
    /// Counted from 1 by every change.
    pub version: u32,
}

/// Whether a member can sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Not yet: they were sent an invitation.
    Invited,
    /// They can.
    Active,
    /// No longer, until somebody enables them again.
    Disabled,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Invited, Self::Active, Self::Disabled];

    /// Its name in items and replies.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }

    /// Reads what [`State::word`] gave; anything else is `None`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == text)
    }
}

/// A new member, before they have an id's worth of history.
#[derive(Debug, Clone)]
pub struct Newcomer {
    /// A fresh id.
    pub id: MemberId,
    /// What they will sign in with.
    pub username: Username,
    /// Their name.
    pub name: PersonName,
    /// Where mail reaches them.
    pub email: EmailAddress,
    /// What they may do.
    pub level: Level,
    /// Where.
    pub coverage: Coverage,
}

/// Why a member was not made or changed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A rule refused; the person can do something about it.
    #[error("refused: {0:?}")]
    Refused(Refusal),
    /// The machinery failed; nothing is half done.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
