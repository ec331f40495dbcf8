//! What people read when a rule refuses a booking.

use super::{Fault, Kind};
use crate::booking::Refusal;
use crate::time::Zone;

/// Who reads the refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// Somebody who gave an address that may not be theirs.
    Stranger,
    /// Somebody with the booking's own link.
    Holder,
    /// Somebody of the team, who need not learn what else a person has booked.
    Member,
}

/// A refusal in words.
#[must_use]
pub fn spoken(refusal: Refusal, zone: &Zone, reader: Reader) -> Fault {
    let conflict = |message: String| Fault::new(Kind::Conflict, message).at("slot");
    match refusal {
        Refusal::NoSuchSlot => Fault::not_found(),
        Refusal::KeyReused => Fault::new(
            Kind::KeyReused,
            "This idempotency key was used for another request. Use a new one.",
        )
        .at("Idempotency-Key"),
        Refusal::NotYetOpen(opens) => conflict(format!(
            "Booking opens on {}, {} ({}).",
            zone.long_day(opens),
            zone.clock(opens),
            zone.spoken()
        )),
        Refusal::Closed => conflict("Booking has closed.".into()),
        Refusal::Past => conflict("This time has already begun.".into()),
        Refusal::Taken => conflict("This time was just taken.".into()),
        Refusal::InTheWay(_) => conflict(match reader {
            Reader::Stranger => {
                "This time cannot be booked with this address. If the address is yours, look in \
                 your mail: we have sent you the reason."
                    .into()
            }
            Reader::Holder => "You have another appointment at this time.".into(),
            Reader::Member => "This person has another appointment at this time.".into(),
        }),
        Refusal::NotAvailable => conflict("This time is not available for this person.".into()),
        Refusal::NoSuchDependent => Fault::field(
            "dependent",
            "Please choose somebody whom you have added to your list, and sign in first.",
        ),
        Refusal::TooMuch(wait) => {
            let minutes = (wait.as_secs() + 59) / 60;
            Fault::new(
                Kind::TooManyRequests,
                format!(
                    "There were too many bookings from here. Please try again in {}.",
                    minutes_or_hours(minutes)
                ),
            )
            .retry_after(wait)
        }
        Refusal::Cancelled => conflict("This appointment was cancelled.".into()),
        Refusal::Lapsed => {
            conflict("The time to confirm is over. Please choose a time again.".into())
        }
        Refusal::Began => {
            conflict("This appointment has begun and can no longer be changed.".into())
        }
    }
}

/// `12 minutes`, `2 hours`
#[must_use]
pub fn minutes_or_hours(minutes: i64) -> String {
    match minutes {
        ..=1 => "a minute".into(),
        2..=90 => format!("{minutes} minutes"),
        _ => format!("{} hours", (minutes + 59) / 60),
    }
}
