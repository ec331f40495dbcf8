//! When an event takes bookings.

use jiff::Timestamp;

use super::Event;

/// Whether visitors may book now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Openness {
    /// Not before this moment.
    NotYet(Timestamp),
    /// They may.
    Open,
    /// No longer, since this moment.
    Closed(Timestamp),
}

/// Whether visitors may book at `event` now.
#[must_use]
pub fn openness(event: &Event, now: Timestamp) -> Openness {
    match (event.opens, event.closes) {
        (Some(opens), _) if now < opens => Openness::NotYet(opens),
        (_, Some(closes)) if now >= closes => Openness::Closed(closes),
        _ => Openness::Open,
    }
}
