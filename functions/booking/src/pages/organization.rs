//! An organization and its events.

use askama::Template;

use super::PageHead;

/// An organization's own page: its events.
#[derive(Debug, Clone, Template)]
#[template(path = "organization.html")]
pub struct OrganizationPage {
    /// What stands around the page.
    pub head: PageHead,
    /// The organization's name.
    pub name: String,
    /// What it offers, soonest first; may be empty.
    pub events: Vec<OrganizationEvent>,
    /// Where people find what they have booked.
    pub bookings_path: String,
}

/// One event in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationEvent {
    /// Its name.
    pub name: String,
    /// Its page.
    pub path: String,
    /// Its days: `Thu 3 – Sat 5 December 2026`; none while it has no times.
    pub when: Option<String>,
    /// Where, if that was said.
    pub place: Option<String>,
    /// How it stands, in words: `Open for booking`, `Opens on Mon 2 November, 19:00`.
    pub state: String,
    /// Whether it can be booked now.
    pub open: bool,
}
