//! What one person has on one UTC day. Two bookings of a person never overlap,
//! because both would have to change the same agenda. A dependent has agendas
//! too, so that two guardians cannot send them to two places at once.

use std::fmt;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::dynamo::{self, Key, Write};
use crate::ids::{BookingId, DependentId, EventId, OrganizationId, PersonId};
use crate::trouble::Trouble;

/// Whose agenda it is. Ids never meet: a participant's is a keyed hash, a
/// dependent's begins with the time it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AgendaOf {
    /// A participant's.
    Person(PersonId),
    /// A dependent's.
    Dependent(DependentId),
}

impl From<PersonId> for AgendaOf {
    fn from(person: PersonId) -> Self {
        Self::Person(person)
    }
}

impl From<DependentId> for AgendaOf {
    fn from(dependent: DependentId) -> Self {
        Self::Dependent(dependent)
    }
}

impl fmt::Display for AgendaOf {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(id) => id.fmt(formatter),
            Self::Dependent(id) => id.fmt(formatter),
        }
    }
}

/// One booking in an agenda.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// When it begins.
    pub start: Timestamp,
    /// When it ends.
    pub end: Timestamp,
    /// At which event.
    pub event: EventId,
    /// Which booking.
    pub booking: BookingId,
}

/// What one person has on one UTC day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agenda {
    /// The day.
    pub day: Date,
    /// Raised by every change; 0 for an agenda that is not stored yet.
    pub version: u64,
    /// The entries, by start.
    pub entries: Vec<Entry>,
}

impl Agenda {
    /// An agenda with nothing in it.
    #[must_use]
    pub const fn empty(day: Date) -> Self {
        Self { day, version: 0, entries: Vec::new() }
    }

    /// The entry that stands in the way of [start, end), leaving `except` out.
    /// Ending when the other begins is not in the way.
    #[must_use]
    pub fn in_the_way(
        &self,
        start: Timestamp,
        end: Timestamp,
        except: Option<BookingId>,
    ) -> Option<Entry> {
        self.entries
            .iter()
            .find(|entry| Some(entry.booking) != except && entry.start < end && start < entry.end)
            .copied()
    }

    /// The agenda with an entry more.
    #[must_use]
    pub fn with(mut self, entry: Entry) -> Self {
        self.entries.push(entry);
        self.entries.sort_by_key(|entry| (entry.start, entry.booking));
        self
    }

    /// The agenda without the entry of a booking.
    #[must_use]
    pub fn without(mut self, booking: BookingId) -> Self {
        self.entries.retain(|entry| entry.booking != booking);
        self
    }
}

#[derive(Serialize, Deserialize)]
struct Row {
    pk: String,
    sk: String,
    version: u64,
    entries: Vec<EntryRow>,
}

#[derive(Serialize, Deserialize)]
struct EntryRow {
    start: i64,
    end: i64,
    event: String,
    booking: String,
}

/// Reads an agenda out of its item.
///
/// # Errors
/// [`Trouble::Damaged`] names the agenda and what is wrong.
pub fn read(item: dynamo::Item) -> Result<Agenda, Trouble> {
    let row: Row = dynamo::row(item)?;
    let damaged = |why: &str| Trouble::damaged(format!("agenda {} / {}", row.pk, row.sk), why);
    let day = row
        .sk
        .strip_prefix("agenda#")
        .and_then(|day| day.parse().ok())
        .ok_or_else(|| damaged("its day"))?;
    let entries = row
        .entries
        .iter()
        .map(|entry| {
            Ok(Entry {
                start: Timestamp::from_second(entry.start).map_err(|_| damaged("a start"))?,
                end: Timestamp::from_second(entry.end).map_err(|_| damaged("an end"))?,
                event: EventId::parse(&entry.event).ok_or_else(|| damaged("an event"))?,
                booking: BookingId::parse(&entry.booking).ok_or_else(|| damaged("a booking"))?,
            })
        })
        .collect::<Result<_, Trouble>>()?;
    Ok(Agenda { day, version: row.version, entries })
}

/// The write that makes `agenda` the next version of what was read.
///
/// # Errors
/// When the SDK refuses to build the request.
pub fn replace(
    table: &str,
    organization: OrganizationId,
    of: AgendaOf,
    agenda: &Agenda,
) -> Result<Write, Trouble> {
    let key = Key::agenda(organization, of, agenda.day);
    let row = Row {
        pk: key.pk,
        sk: key.sk,
        version: agenda.version + 1,
        entries: agenda
            .entries
            .iter()
            .map(|entry| EntryRow {
                start: entry.start.as_second(),
                end: entry.end.as_second(),
                event: entry.event.to_string(),
                booking: entry.booking.to_string(),
            })
            .collect(),
    };
    let item = dynamo::item(&row)?;
    if agenda.version == 0 {
        return Write::create(table, item);
    }
    // An emptied agenda stays, so that its version never starts again.
    let read = AttributeValue::N(agenda.version.to_string());
    Write::put(table, item, "version = :read", [(":read", read)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    fn entry(start: i64, end: i64, booking: u8) -> Entry {
        Entry {
            start: at(start),
            end: at(end),
            event: EventId::from_bytes([0; 16]),
            booking: BookingId::from_bytes([booking; 16]),
        }
    }

    #[test]
    fn appointments_that_touch_do_not_overlap() {
        let agenda = Agenda::empty(Date::constant(1970, 1, 1)).with(entry(10, 20, 1));
        assert_eq!(agenda.in_the_way(at(0), at(10), None), None);
        assert_eq!(agenda.in_the_way(at(20), at(30), None), None);
        assert!(agenda.in_the_way(at(19), at(30), None).is_some());
        assert!(agenda.in_the_way(at(0), at(60), None).is_some());
        assert!(agenda.in_the_way(at(12), at(13), None).is_some());
    }

    #[test]
    fn an_appointment_does_not_stand_in_its_own_way() {
        let agenda = Agenda::empty(Date::constant(1970, 1, 1)).with(entry(10, 20, 1));
        let itself = Some(BookingId::from_bytes([1; 16]));
        assert_eq!(agenda.in_the_way(at(15), at(25), itself), None);
        assert!(agenda.without(BookingId::from_bytes([1; 16])).entries.is_empty());
    }
}
