//! Slots: a start, an end and a capacity at one resource.

pub mod rules;
pub mod store;

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::ids::{BookingId, ResourceId};

/// Slots begin before the year 9999, where the calendar that we count by ends.
const LAST_MINUTE: u32 = 4_222_846_080;

/// A slot's id, which carries its key: the event's civil day, the resource and
/// the minute it starts. Written `20261203-{resource}-{minute}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotId {
    /// The civil day, in the event's zone, on which it starts.
    pub day: Date,
    /// Whose slot it is.
    pub resource: ResourceId,
    minute: u32,
}

impl SlotId {
    /// The id of the slot of `resource` that starts at `start`; `None` when
    /// that is not a whole minute of the years 1970 to 9998.
    #[must_use]
    pub fn new(day: Date, resource: ResourceId, start: Timestamp) -> Option<Self> {
        let seconds = start.as_second();
        let whole = seconds % 60 == 0 && start.subsec_nanosecond() == 0;
        let minute = u32::try_from(seconds / 60).ok().filter(|minute| *minute < LAST_MINUTE)?;
        whole.then_some(Self { day, resource, minute })
    }

    /// The minute it starts, counted from 1970 in UTC.
    #[must_use]
    pub const fn minute(&self) -> u32 {
        self.minute
    }

    /// The moment it starts. An id may name a minute beyond all calendars:
    /// then it is the last moment there is.
    #[must_use]
    pub fn start(&self) -> Timestamp {
        Timestamp::from_second(i64::from(self.minute) * 60).unwrap_or(Timestamp::MAX)
    }

    /// Reads an id; `None` for anything that is not exactly one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-');
        let day = parts.next().filter(|day| day.len() == 8 && day.is_ascii())?;
        let number = |range: std::ops::Range<usize>| day.get(range)?.parse::<i16>().ok();
        let (year, month, of_month) = (number(0..4)?, number(4..6)?, number(6..8)?);
        let day = Date::new(year, i8::try_from(month).ok()?, i8::try_from(of_month).ok()?).ok()?;
        let resource = ResourceId::parse(parts.next()?)?;
        let minute = parts.next()?.parse().ok().filter(|minute| *minute < LAST_MINUTE)?;
        let id = Self { day, resource, minute };
        (id.to_string() == text).then_some(id)
    }
}

impl fmt::Display for SlotId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}-{}", self.day.strftime("%Y%m%d"), self.resource, self.minute)
    }
}

/// A start, an end and a capacity at one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Its id.
    pub id: SlotId,
    /// When it begins.
    pub start: Timestamp,
    /// When it ends.
    pub end: Timestamp,
    /// How many bookings it can take.
    pub capacity: u32,
    /// How many seats are taken, held ones included.
    pub taken: u32,
    /// Seats held until an address is proven, and until when.
    pub holds: BTreeMap<BookingId, Timestamp>,
}
