//! What visitors see: each page is a value made of finished texts, and a
//! template that lays them out.
//!
//! Nothing here decides, asks the time or reads a table. Dates, times and counts
//! arrive as they are to be read; paths arrive ready to stand in a link. Every
//! page works without script, and none carries a style or script of its own.

mod book;
mod booking;
mod bookings;
mod certificate;
mod confirm;
mod dependents;
mod event;
mod front;
mod moving;
mod organization;
mod pending;
mod privacy;
mod times;
mod your_data;

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;

pub use book::{BookPage, BookTime, Field, ForWhom};
pub use booking::{BookingNews, BookingPage, BookingState};
pub use bookings::{BookedLine, BookingsPage, BookingsState};
pub use certificate::{CertificatePage, Proof};
pub use confirm::{ConfirmPage, ConfirmState};
pub use dependents::{DependentLine, DependentsPage};
pub use event::{EventPage, EventState};
pub use front::FrontPage;
pub use moving::{Missed, MovePage};
pub use organization::{OrganizationEvent, OrganizationPage};
pub use pending::PendingPage;
pub use privacy::PrivacyPage;
pub use shared::web::page::{Message, MessagePage, OrganizationHead, PageHead, WayBack};
pub use times::{
    Choosing, DayChoice, Filter, FilterChoice, NearTime, OpenTime, ResourceTimes, Times,
};
pub use your_data::{CorrectForm, DataDeletedPage, Deletion, YourDataPage};

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
