//! After the form, where the address must be proven first.

use askama::Template;

use super::{Appointment, PageHead};

/// Says that a mail is under way whose link confirms the booking. It reads the
/// same whether or not the address is known.
#[derive(Debug, Clone, Template)]
#[template(path = "pending.html")]
pub struct PendingPage {
    /// What stands around the page.
    pub head: PageHead,
    /// The time that is held.
    pub appointment: Appointment,
    /// How long it is held.
    pub minutes: u32,
    /// The event's page, to choose again.
    pub event_path: String,
}
