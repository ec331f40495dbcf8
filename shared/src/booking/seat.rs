//! A seat that somebody had whose data is gone: who deleted it, or lost it.
//!
//! It stands where the booking stood, under the booking's id, and holds what is
//! nobody's: event, slot and times. It counts as taken, so that reports still
//! add up and a time that was promised to somebody is not given to another.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::dynamo::{self, Item, Key, keys};
use crate::ids::{BookingId, EventId, OrganizationId};
use crate::slot::SlotId;
use crate::trouble::Trouble;

/// Why nobody stands behind a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Their data was deleted.
    Deleted,
    /// A restore brought back the seat and not the booking: somebody may come.
    Lost,
}

impl Reason {
    const fn word(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::Lost => "lost",
        }
    }
}

/// A seat that was somebody's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seat {
    /// The id of the booking that it was.
    pub id: BookingId,
    /// At which event.
    pub event: EventId,
    /// Which slot.
    pub slot: SlotId,
    /// When it begins.
    pub start: Timestamp,
    /// When it ends.
    pub end: Timestamp,
    /// Why nobody stands behind it.
    pub reason: Reason,
}

#[derive(Serialize, Deserialize)]
struct Row {
    pk: String,
    sk: String,
    event: String,
    slot: String,
    start: i64,
    end: i64,
    reason: String,
    /// The index of what is booked on an event day.
    listed: String,
    /// The index of what retention will ask about, where no seat may stay.
    ending: String,
    ends: i64,
}

/// Writes a seat as its item.
///
/// # Errors
/// When it holds something DynamoDB has no type for.
pub fn write(organization: OrganizationId, seat: &Seat) -> Result<Item, Trouble> {
    let key = Key::seat(organization, seat.id);
    dynamo::item(&Row {
        pk: key.pk,
        sk: key.sk,
        event: seat.event.to_string(),
        slot: seat.slot.to_string(),
        start: seat.start.as_second(),
        end: seat.end.as_second(),
        reason: seat.reason.word().to_owned(),
        listed: keys::booked(organization, seat.event, seat.slot.day),
        ending: keys::seats_ending(organization, keys::ending_shard(seat.id.as_bytes())),
        ends: seat.end.as_second(),
    })
}

/// Reads a seat out of its item.
///
/// # Errors
/// [`Trouble::Damaged`] names the seat and what is wrong.
pub fn read(item: Item) -> Result<Seat, Trouble> {
    let row: Row = dynamo::row(item)?;
    let damaged = |what: &str| Trouble::damaged(format!("seat {}", row.pk), what);
    let moment = |seconds: i64| Timestamp::from_second(seconds).map_err(|_| damaged("its times"));
    let (organization, id) = row
        .pk
        .split_once('#')
        .and_then(|(of, id)| Some((OrganizationId::parse(of)?, BookingId::parse(id)?)))
        .ok_or_else(|| damaged("its id"))?;
    let seat = Seat {
        id,
        event: EventId::parse(&row.event).ok_or_else(|| damaged("its event"))?,
        slot: SlotId::parse(&row.slot).ok_or_else(|| damaged("its slot"))?,
        start: moment(row.start)?,
        end: moment(row.end)?,
        reason: [Reason::Deleted, Reason::Lost]
            .into_iter()
            .find(|reason| reason.word() == row.reason)
            .ok_or_else(|| damaged("its reason"))?,
    };
    if row.listed != keys::booked(organization, seat.event, seat.slot.day)
        || row.ending != keys::seats_ending(organization, keys::ending_shard(id.as_bytes()))
        || row.ends != row.end
    {
        return Err(damaged("an index holds it for another day or time"));
    }
    Ok(seat)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notice::tests::booking;

    #[test]
    fn a_seat_reads_back_and_holds_nothing_of_anybody() {
        let booking = booking();
        let seat = Seat {
            id: booking.id,
            event: booking.event,
            slot: booking.slot,
            start: booking.start,
            end: booking.end,
            reason: Reason::Deleted,
        };
        let item = write(OrganizationId::from_bytes([1; 16]), &seat).unwrap();
        assert!(!format!("{item:?}").contains(&booking.person.to_string()));
        assert_eq!(read(item).unwrap(), seat);
    }
}
