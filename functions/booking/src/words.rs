//! What visitors read when a rule refuses, and dates as pages say them.

use jiff::civil::Date;
use shared::booking::Refusal;
use shared::event::Event;
use shared::event::rules::{Openness, openness};
use shared::time::{Zone, short_day};
use shared::web::{Fault, Kind};

/// Who reads the refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// Somebody who gave an address that may not be theirs.
    Stranger,
    /// Somebody with the booking's own link.
    Holder,
}

/// A refusal in words.
#[must_use]
pub(crate) fn refusal(refusal: Refusal, zone: &Zone, reader: Reader) -> Fault {
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
pub(crate) fn minutes_or_hours(minutes: i64) -> String {
    match minutes {
        ..=1 => "a minute".into(),
        2..=90 => format!("{minutes} minutes"),
        _ => format!("{} hours", (minutes + 59) / 60),
    }
}

/// `42 free`. Beyond what one would count, a number tells nobody anything.
#[must_use]
pub(crate) fn how_many_free(free: usize) -> String {
    match free {
        0 => "All taken".into(),
        1..=99 => format!("{free} free"),
        _ => "Many free".into(),
    }
}

/// `Thu 3 – Sat 5 December 2026`
#[must_use]
pub(crate) fn days(days: &[Date]) -> Option<String> {
    let (first, last) = (days.first()?, days.last()?);
    let full = |day: &Date| day.strftime("%a %-d %B %Y").to_string();
    Some(if first == last {
        full(first)
    } else if (first.year(), first.month()) == (last.year(), last.month()) {
        format!("{} – {}", first.strftime("%a %-d"), full(last))
    } else if first.year() == last.year() {
        format!("{} – {}", first.strftime("%a %-d %B"), full(last))
    } else {
        format!("{} – {}", full(first), full(last))
    })
}

/// The days of an event that are not over; all of them once all are.
#[must_use]
pub(crate) fn days_ahead(event: &Event, now: jiff::Timestamp) -> Option<String> {
    let today = event.zone.day(now);
    let ahead = event.days.partition_point(|day| *day < today);
    match &event.days[ahead..] {
        [] => days(&event.days),
        left => days(left),
    }
}

/// How an event stands, in a few words.
#[must_use]
pub(crate) fn standing(event: &Event, now: jiff::Timestamp) -> String {
    let today = event.zone.day(now);
    match openness(event, now) {
        Openness::NotYet(opens) => {
            format!("Opens on {}, {}", short_day(event.zone.day(opens)), event.zone.clock(opens))
        }
        Openness::Closed(_) => "Closed".into(),
        Openness::Open if event.days.is_empty() => "No times yet".into(),
        Openness::Open if event.days.iter().all(|day| *day < today) => "Over".into(),
        Openness::Open => "Open for booking".into(),
    }
}

/// Whether anything of an event can be booked now, as far as its days tell.
#[must_use]
pub(crate) fn bookable(event: &Event, now: jiff::Timestamp) -> bool {
    openness(event, now) == Openness::Open
        && event.days.iter().any(|day| *day >= event.zone.day(now))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn free_times_are_counted_as_far_as_one_would_count() {
        assert_eq!(how_many_free(0), "All taken");
        assert_eq!(how_many_free(99), "99 free");
        assert_eq!(how_many_free(100), "Many free");
    }

    #[test]
    fn days_are_said_as_briefly_as_they_can_be() {
        let said = |list: &[Date]| days(list).unwrap();
        assert_eq!(said(&[date(2026, 12, 3)]), "Thu 3 December 2026");
        assert_eq!(said(&[date(2026, 12, 3), date(2026, 12, 5)]), "Thu 3 – Sat 5 December 2026");
        assert_eq!(
            said(&[date(2026, 11, 30), date(2026, 12, 1)]),
            "Mon 30 November – Tue 1 December 2026"
        );
        assert_eq!(days(&[]), None);
    }
}
