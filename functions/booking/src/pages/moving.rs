//! Moving a booking.

use askama::Template;

use super::{Appointment, NearTime, PageHead, Times};

/// The page on which a booking is moved to another time.
#[derive(Debug, Clone, Template)]
#[template(path = "move.html")]
pub struct MovePage {
    /// What stands around the page.
    pub head: PageHead,
    /// The appointment as it stands now.
    pub appointment: Appointment,
    /// The booking's own page.
    pub booking_path: String,
    /// Where a chosen time goes.
    pub action: String,
    /// The time that was asked for, when somebody was quicker.
    pub taken: Option<Missed>,
    /// Why the last attempt was refused otherwise.
    pub refusal: Option<String>,
    /// The times to choose from; none when the event offers none now.
    pub times: Option<Box<Times>>,
}

/// A time that somebody else got.
#[derive(Debug, Clone)]
pub struct Missed {
    /// What was asked for.
    pub wanted: Appointment,
    /// What is free near it; may be empty.
    pub nearest: Vec<NearTime>,
}
