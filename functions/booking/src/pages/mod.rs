//! What visitors see: each page is a value made of finished texts, and a
//! template that lays them out.
//!
//! Nothing here decides, asks the time or reads a table. Dates, times and counts
//! arrive as they are to be read; paths arrive ready to stand in a link. Every
//! page works without script, and none carries a style or script of its own.

use shared::web::assets;

mod book;
mod booking;
mod confirm;
mod event;
mod front;
mod message;
mod moving;
mod organization;
mod pending;
mod privacy;
mod times;

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;

pub use book::{BookPage, BookTime, Field};
pub use booking::{BookingNews, BookingPage, BookingState};
pub use confirm::{ConfirmPage, ConfirmState};
pub use event::{EventPage, EventState};
pub use front::FrontPage;
pub use message::{Message, MessagePage, WayBack};
pub use moving::{Missed, MovePage};
pub use organization::{OrganizationEvent, OrganizationPage};
pub use pending::PendingPage;
pub use privacy::PrivacyPage;
pub use times::{
    Choosing, DayChoice, Filter, FilterChoice, NearTime, OpenTime, ResourceTimes, Times,
};

/// What stands around every page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageHead {
    /// The language the page is written in: `en`.
    pub language: String,
    /// Whose page it is; none where no organization is known.
    pub organization: Option<OrganizationHead>,
    /// A sentence above everything, such as that this is a demonstration.
    pub banner: Option<String>,
    /// Where the stylesheet is.
    pub stylesheet: &'static str,
    /// Where the script is.
    pub script: &'static str,
}

impl PageHead {
    /// An English page of `organization`, or of nobody.
    #[must_use]
    pub fn new(organization: Option<OrganizationHead>) -> Self {
        Self {
            language: "en".into(),
            organization,
            banner: None,
            stylesheet: &assets::stylesheet().path,
            script: &assets::script().path,
        }
    }

    /// The same, with a sentence above everything.
    #[must_use]
    pub fn with_banner(self, banner: Option<String>) -> Self {
        Self { banner, ..self }
    }
}

/// The organization that a page belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationHead {
    /// Its name.
    pub name: String,
    /// Its own page.
    pub path: String,
    /// Its privacy notice, if one is in force.
    pub privacy_path: Option<String>,
}

/// An appointment as people read it: what, with whom, when, where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appointment {
    /// What the organization calls the one it is with: `Teacher`.
    pub resource_word: String,
    /// With whom: `Ms Okafor`.
    pub resource: String,
    /// The day in full: `Thursday 3 December 2026`.
    pub day: String,
    /// When it begins: `18:40`.
    pub time: String,
    /// When it ends: `18:50`.
    pub until: String,
    /// The zone's name for people: `New York time`.
    pub zone: String,
    /// Where, if that was said: `Room 12`.
    pub place: Option<String>,
    /// When it begins, for programs: RFC 3339.
    pub start: String,
    /// The zone's name for programs: `America/New_York`.
    pub zone_id: String,
}
