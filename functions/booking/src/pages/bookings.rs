//! Everything that is booked under one address.

use askama::Template;

use super::{Appointment, PageHead};

/// What somebody has booked at an organization.
#[derive(Debug, Clone, Template)]
#[template(path = "bookings.html")]
pub struct BookingsPage {
    /// What stands around the page.
    pub head: PageHead,
    /// The page's own path.
    pub path: String,
    /// What it shows.
    pub state: BookingsState,
}

/// What the page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BookingsState {
    /// Nobody has signed in: a link can be mailed.
    SignedOut {
        /// Where the form goes that asks for the link.
        action: String,
        /// Where those sign in who have a password or passkey.
        sign_in_path: String,
    },
    /// Who has signed in.
    SignedIn {
        /// What is still to come, soonest first.
        coming: Vec<BookedLine>,
        /// What is over, latest first.
        past: Vec<BookedLine>,
        /// Where they say for whom they book.
        dependents_path: String,
        /// What is kept about them.
        your_data_path: String,
        /// Where they book.
        organization_path: String,
    },
}

/// One appointment in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookedLine {
    /// Its own page, on which it can be moved and cancelled.
    pub path: String,
    /// The event's name.
    pub event: String,
    /// What is booked.
    pub appointment: Appointment,
    /// Who comes.
    pub who: String,
}
