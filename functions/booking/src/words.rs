//! Counts and dates as pages say them.

use jiff::civil::Date;
use shared::event::Event;
use shared::event::rules::{Openness, openness};
use shared::time::short_day;

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
