//! What the team sees: each page is a value made of finished texts, and a
//! template that lays them out.
//!
//! Nothing here decides, asks the time or reads a table. What somebody may not
//! do is absent from the values, so that a template cannot offer it.

mod audit;
mod backups;
mod book;
mod dependents;
mod emergency;
mod erasure;
mod event;
mod home;
mod keys;
mod member;
mod members;
mod organizations;
mod participant;
mod retention;
mod security;
mod support;

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;

pub use audit::{AuditPage, Line};
pub use backups::{BackupsPage, DrillLine, NightLine};
pub use book::{BookForm, BookPage, FreeRow, FreeTime, Step, Times};
pub use dependents::{DependentDeletion, DependentLine, DependentPage, DependentsPage};
pub use emergency::{CodePage, EmergencyPage, Use};
pub use erasure::{ErasurePage, ErasureWaits};
pub use event::{Appointment, DayChoice, EventPage, Filter, Gone, Sheet};
pub use home::{EventLine, Heed, HomePage};
pub use keys::{KeyLine, KeysPage};
pub use member::{Deed, MemberPage};
pub use members::{Access, Invite, MemberLine, MembersPage, Tick, TickGroup};
pub use organizations::{OrganizationLine, OrganizationsPage};
pub use participant::{DeletedPage, Looks, ParticipantPage, Rights, Visit};
pub use retention::{HoldForm, HoldLine, RetentionPage, Tonight};
pub use security::SecurityPage;
pub use shared::web::page::{OrganizationHead, PageHead, PersonHead};
pub use support::{GrantLine, SupportPage};

/// What a guest of the organization read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reads {
    /// A page of it, the latest first.
    Listed {
        /// Where on the page it stands.
        id: String,
        /// When, and of what.
        lines: Vec<(String, String)>,
        /// Where the latest are listed, when these are not.
        later: Option<String>,
        /// Where earlier ones are listed, when there are some.
        earlier: Option<String>,
    },
    /// Where it is listed.
    Elsewhere(String),
}

/// A link in the line under the head: one part of the team's pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// What it is called.
    pub text: &'static str,
    /// Where it leads.
    pub path: String,
    /// Whether this page is it.
    pub current: bool,
}

/// What has just been done, and the way back where there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// What was done, in a sentence.
    pub text: String,
    /// How it is undone.
    pub undo: Option<Undo>,
}

/// A button that takes back what has just been done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undo {
    /// Where it is sent.
    pub action: String,
    /// What the button says.
    pub text: String,
}

/// Something to choose from a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What is read.
    pub text: String,
    /// Whether it is chosen now.
    pub chosen: bool,
}

/// What was typed into a field, and what is wrong with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Field {
    /// What was typed.
    pub value: String,
    /// What is wrong and what to do, in a sentence.
    pub error: Option<String>,
}

impl Field {
    /// A field with this in it and nothing wrong.
    #[must_use]
    pub fn holding(value: impl Into<String>) -> Self {
        Self { value: value.into(), error: None }
    }
}

/// A field at fault, for the summary above a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The id of the field.
    pub id: String,
    /// What is wrong with which field.
    pub text: String,
}

/// Where a list goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Onward {
    /// What the link says.
    pub text: String,
    /// Where it leads.
    pub path: String,
}
