//! Zones and how times are said.
//!
//! An event has a zone; a slot stores an instant. What people read is always
//! the event's civil time with the zone beside it.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};

/// A zone of the IANA database that is known to exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    name: String,
    zone: TimeZone,
}

/// A name that the IANA database does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no time zone {0}: it looks like Europe/Dublin")]
pub struct NoSuchZone(String);

impl Zone {
    /// Finds a zone by its name.
    ///
    /// # Errors
    /// [`NoSuchZone`] when the database does not have it.
    pub fn parse(name: &str) -> Result<Self, NoSuchZone> {
        match TimeZone::get(name) {
            Ok(zone) => Ok(Self { name: name.to_owned(), zone }),
            Err(_) => Err(NoSuchZone(name.to_owned())),
        }
    }

    /// The name in the IANA database, such as `America/New_York`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The zone's rules.
    #[must_use]
    pub fn rules(&self) -> &TimeZone {
        &self.zone
    }

    /// The name as people say it: `New York time`.
    #[must_use]
    pub fn spoken(&self) -> String {
        let place = self.name.rsplit('/').next().unwrap_or(&self.name).replace('_', " ");
        if place == "UTC" { place } else { format!("{place} time") }
    }

    /// The civil time of an instant here.
    #[must_use]
    pub fn at(&self, instant: Timestamp) -> ZonedDateTime {
        instant.to_zoned_datetime(self.zone.clone())
    }

    /// The civil day of an instant here.
    #[must_use]
    pub fn day(&self, instant: Timestamp) -> Date {
        self.at(instant).date()
    }

    /// An instant as RFC 3339 with the offset in force here.
    #[must_use]
    pub fn rfc3339(&self, instant: Timestamp) -> String {
        let offset = self.zone.to_offset(instant);
        instant.display_with_offset(offset).to_string()
    }

    /// `Thursday 3 December 2026`
    #[must_use]
    pub fn long_day(&self, instant: Timestamp) -> String {
        self.at(instant).strftime("%A %-d %B %Y").to_string()
    }

    /// `18:40`
    #[must_use]
    pub fn clock(&self, instant: Timestamp) -> String {
        self.at(instant).strftime("%H:%M").to_string()
    }

    /// `Thursday 3 December 2026, 18:40 to 18:50`; the later day is named when
    /// the end falls on another.
    #[must_use]
    pub fn span(&self, start: Timestamp, end: Timestamp) -> String {
        let until = if self.day(start) == self.day(end) {
            self.clock(end)
        } else {
            format!("{}, {}", self.long_day(end), self.clock(end))
        };
        format!("{}, {} to {until}", self.long_day(start), self.clock(start))
    }
}

/// `Thursday 3 December`
#[must_use]
pub fn day_without_year(day: Date) -> String {
    day.strftime("%A %-d %B").to_string()
}

/// `Thu 3 Dec`
#[must_use]
pub fn short_day(day: Date) -> String {
    day.strftime("%a %-d %b").to_string()
}

/// The UTC days that [start, end) touches, in order: where agendas are kept.
#[must_use]
pub fn utc_days(start: Timestamp, end: Timestamp) -> Vec<Date> {
    let first = TimeZone::UTC.to_datetime(start).date();
    let last = TimeZone::UTC.to_datetime(end - jiff::SignedDuration::from_nanos(1)).date();
    let mut days = vec![first];
    let mut day = first;
    while day < last {
        let Ok(next) = day.tomorrow() else { break };
        days.push(next);
        day = next;
    }
    days
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_said_in_the_events_zone() {
        let zone = Zone::parse("America/New_York").unwrap();
        let start: Timestamp = "2026-12-03T23:40:00Z".parse().unwrap();
        let end: Timestamp = "2026-12-03T23:50:00Z".parse().unwrap();
        assert_eq!(zone.span(start, end), "Thursday 3 December 2026, 18:40 to 18:50");
        assert_eq!(zone.spoken(), "New York time");
        assert_eq!(zone.rfc3339(start), "2026-12-03T18:40:00-05:00");
    }

    #[test]
    fn an_unknown_zone_is_refused_with_its_name() {
        assert!(Zone::parse("Europe/Atlantis").unwrap_err().to_string().contains("Atlantis"));
    }

    #[test]
    fn an_appointment_over_midnight_touches_two_days() {
        let start: Timestamp = "2026-12-03T23:40:00Z".parse().unwrap();
        let midnight: Timestamp = "2026-12-04T00:00:00Z".parse().unwrap();
        let after: Timestamp = "2026-12-04T00:10:00Z".parse().unwrap();
        assert_eq!(utc_days(start, midnight).len(), 1);
        assert_eq!(utc_days(start, after).len(), 2);
    }
}
