//! What goes with a booking, and how far.

use jiff::civil::Date;

use crate::booking::State;
use crate::ledger::Fate;
use crate::notice::Kind;

/// What a forgotten booking leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaves {
    /// Nothing; its seat, where it had one, is free again.
    Nothing,
    /// A seat that somebody had.
    Seat,
}

/// What a booking in this state leaves behind. Only one that stands becomes an
/// anonymous seat: nobody ever sat on a cancelled one or on a hold.
#[must_use]
pub const fn leaves(state: State, fate: Fate) -> Leaves {
    match (state, fate) {
        (State::Booked, Fate::Seats) => Leaves::Seat,
        _ => Leaves::Nothing,
    }
}

/// The kinds of mail that can have announced this version of a booking: one of
/// them was owed when it became that version, and none that is not named.
#[must_use]
pub const fn announcing(version: u32) -> &'static [Kind] {
    match version {
        0 | 1 => &[Kind::Confirm, Kind::Booked],
        // Confirmed after a hold, moved for the first time, or cancelled.
        2 => &[Kind::Booked, Kind::Moved, Kind::Cancelled],
        _ => &[Kind::Moved, Kind::Cancelled],
    }
}

/// Whether nobody can book on any of these civil days any more, in whichever
/// zone they are counted. Only then may what counts by version be removed and
/// not just emptied: a version that began again could be taken for the one that
/// a booking under way has read.
#[must_use]
pub fn all_past(mut days: impl Iterator<Item = Date>, today_in_utc: Date) -> bool {
    days.all(|day| {
        day.checked_add(jiff::Span::new().days(2)).is_ok_and(|later| later < today_in_utc)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use jiff::civil::date;

    #[test]
    fn only_an_appointment_that_stands_becomes_a_seat() {
        let held = State::Held(Timestamp::UNIX_EPOCH);
        assert_eq!(leaves(State::Booked, Fate::Seats), Leaves::Seat);
        for state in [held, State::Cancelled, State::Lapsed] {
            assert_eq!(leaves(state, Fate::Seats), Leaves::Nothing);
        }
        assert_eq!(leaves(State::Booked, Fate::Removed), Leaves::Nothing);
    }

    #[test]
    fn a_day_is_past_when_it_is_past_everywhere_on_earth() {
        let today = date(2026, 12, 10);
        assert!(all_past([date(2026, 12, 7)].into_iter(), today));
        assert!(!all_past([date(2026, 12, 8)].into_iter(), today));
        assert!(!all_past([date(2026, 12, 1), date(2026, 12, 20)].into_iter(), today));
        assert!(!all_past([Date::MAX].into_iter(), today));
    }
}
