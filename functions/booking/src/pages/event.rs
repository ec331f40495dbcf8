//! An event and its free times.

use askama::Template;

use super::{PageHead, Times};

/// An event's page: what it is, and the times that are free.
#[derive(Debug, Clone, Template)]
#[template(path = "event.html")]
pub struct EventPage {
    /// What stands around the page.
    pub head: PageHead,
    /// The event's name.
    pub name: String,
    /// Where, if that was said.
    pub place: Option<String>,
    /// What the organization says about it, a text for each paragraph.
    pub description: Vec<String>,
    /// The zone's name for people: `New York time`.
    pub zone: String,
    /// The zone's name for programs: `America/New_York`.
    pub zone_id: String,
    /// How it stands.
    pub state: EventState,
}

/// What can be done with an event now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventState {
    /// Booking begins later.
    NotYetOpen {
        /// When, in full: `Monday 2 November 2026, 19:00`.
        opens: String,
    },
    /// Booking has ended.
    Closed {
        /// Until when one could book, if it ended at a set time.
        closed: Option<String>,
    },
    /// It has no times.
    NoTimes,
    /// Times of one day.
    Open(Box<Times>),
}
