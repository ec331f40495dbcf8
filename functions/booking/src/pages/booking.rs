//! Behind the link of a booking.

use askama::Template;

use super::{Appointment, PageHead};

/// A booking's own page, behind its link.
#[derive(Debug, Clone, Template)]
#[template(path = "booking.html")]
pub struct BookingPage {
    /// What stands around the page.
    pub head: PageHead,
    /// The event's name.
    pub event: String,
    /// The event's page.
    pub event_path: String,
    /// What is booked.
    pub appointment: Appointment,
    /// Who comes.
    pub person: String,
    /// What was written to the other side.
    pub note: Option<String>,
    /// How it stands.
    pub state: BookingState,
    /// What has just been done.
    pub news: Option<BookingNews>,
    /// Why the last attempt was refused.
    pub refusal: Option<String>,
    /// Everything booked under the address.
    pub bookings_path: String,
}

impl BookingPage {
    /// How the appointment is marked, if it no longer lies ahead.
    #[must_use]
    pub fn mark(&self) -> Option<&'static str> {
        match self.state {
            BookingState::Booked { .. } => None,
            BookingState::Cancelled => Some("cancelled"),
            BookingState::Past => Some("past"),
        }
    }
}

/// How a booking stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BookingState {
    /// It lies ahead.
    Booked {
        /// The page to move it, while that is allowed.
        move_path: Option<String>,
        /// Where cancelling goes, while that is allowed.
        cancel_action: Option<String>,
        /// The calendar file.
        calendar_path: String,
    },
    /// It was cancelled.
    Cancelled,
    /// It is over.
    Past,
}

/// What has just been done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookingNews {
    /// It was booked.
    Booked,
    /// It was moved.
    Moved,
    /// It was cancelled.
    Cancelled,
}

impl BookingNews {
    /// Whether it is still news of a booking that stands like this.
    #[must_use]
    pub fn fits(self, state: &BookingState) -> bool {
        match self {
            Self::Booked | Self::Moved => matches!(state, BookingState::Booked { .. }),
            Self::Cancelled => *state == BookingState::Cancelled,
        }
    }
}
