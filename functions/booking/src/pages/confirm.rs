//! Behind the mailed link that proves an address.

use askama::Template;

use super::{Appointment, PageHead};

/// What the link in the mail opens: a button, because programs that check mails
/// follow links too.
#[derive(Debug, Clone, Template)]
#[template(path = "confirm.html")]
pub struct ConfirmPage {
    /// What stands around the page.
    pub head: PageHead,
    /// The time in question.
    pub appointment: Appointment,
    /// What can be done.
    pub state: ConfirmState,
}

/// How a booking that had to be confirmed stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfirmState {
    /// It is held and waits for the button.
    Held {
        /// Where the button goes.
        action: String,
        /// Until when, if that is to be said: `18:15`.
        until: Option<String>,
    },
    /// It was confirmed before.
    Confirmed {
        /// The booking's own page.
        booking_path: String,
    },
    /// The time is no longer held.
    Lapsed {
        /// The event's page, to choose again.
        event_path: String,
    },
}
