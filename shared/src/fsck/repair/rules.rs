//! What becomes of a slot's seats when what lies around a booking is put right,
//! and in which order damage is mended.

use jiff::Timestamp;

use crate::booking::State;
use crate::fsck::Damage;

/// What is known of a slot and of one booking in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    /// Seats taken beyond holds, bookings and seats whose person is gone, this
    /// booking included where it stands.
    pub(super) unaccounted: i64,
    /// Whether a seat is free.
    pub(super) room: bool,
    /// Until when the slot holds a seat for the booking.
    pub(super) hold: Option<Timestamp>,
}

/// What is to change about a slot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Change {
    /// Seats taken more, or fewer.
    pub(super) taken: i64,
    /// The hold goes, which is until then.
    pub(super) hold: Option<Timestamp>,
}

impl Change {
    pub(super) fn is_nothing(self) -> bool {
        self == Self::default()
    }
}

/// The slot of a booking that is to stand there, where it may be counted
/// already; `None` where there is no seat for it.
pub(super) fn take(seen: Seen, before: State) -> Option<Change> {
    let Seen { unaccounted, room, hold } = seen;
    if let Some(until) = hold {
        // The held seat becomes the booking's. Where it was counted besides,
        // that other seat is somebody else's matter.
        return Some(Change { taken: 0, hold: Some(until) });
    }
    let counted = match before {
        // It is among those that are accounted for.
        State::Booked => unaccounted >= 0,
        State::Held(_) | State::Cancelled | State::Lapsed => unaccounted > 0,
    };
    match (counted, room) {
        (true, _) => Some(Change::default()),
        (false, true) => Some(Change { taken: 1, hold: None }),
        (false, false) => None,
    }
}

/// The slot of a booking that is not to stand there any more.
pub(super) fn leave(seen: Seen, before: State) -> Change {
    match (seen.hold, before) {
        (Some(until), _) => Change { taken: -1, hold: Some(until) },
        // Where fewer are taken than stand, its seat was freed already.
        (None, State::Booked) if seen.unaccounted >= 0 => Change { taken: -1, hold: None },
        (None, _) => Change::default(),
    }
}

/// A version beyond whatever a change that is lost may have told: calendars go
/// by it, and take no older or equal one.
pub(super) const fn beyond(version: u32) -> u32 {
    version.saturating_add(10)
}

/// A person's tally once `counted` bookings stand in their agendas. One that
/// says more may be all that is left of a booking, so it is lowered by what is
/// known to have gone and by no more.
pub(super) fn live(said: u32, counted: u32, gone: bool) -> u32 {
    let lowered = if gone { said.saturating_sub(1) } else { said };
    lowered.max(counted)
}

/// In which order damage is mended: what says that something was lost before
/// what is counted anew from it. `None` for what a person must see to.
pub(super) fn order(damage: &Damage) -> Option<u8> {
    if !damage.is_by_rule() {
        return None;
    }
    Some(match damage {
        Damage::EarlyNotice { .. } => 1,
        Damage::StrayNotice(_) => 2,
        Damage::StrayEntry(_) => 3,
        Damage::NotInAgenda(_)
        | Damage::NotInDependentAgenda(_)
        | Damage::OtherEntry(_)
        | Damage::NoTally => 4,
        Damage::NoHold | Damage::StrayHold(_) => 5,
        Damage::WrongTally { .. } => 6,
        Damage::NoNotice => 7,
        Damage::Miscounted(_) | Damage::OverCapacity { .. } => 8,
        _ => 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNTIL: Timestamp = Timestamp::UNIX_EPOCH;

    fn seen(unaccounted: i64, room: bool) -> Seen {
        Seen { unaccounted, room, hold: None }
    }

    #[test]
    fn a_booking_that_is_counted_takes_no_second_seat() {
        assert_eq!(take(seen(0, true), State::Booked), Some(Change::default()));
        assert_eq!(take(seen(1, false), State::Cancelled), Some(Change::default()));
        let held = Seen { hold: Some(UNTIL), ..seen(0, false) };
        assert_eq!(take(held, State::Held(UNTIL)), Some(Change { taken: 0, hold: Some(UNTIL) }));
    }

    #[test]
    fn a_booking_that_is_not_counted_takes_a_seat_where_there_is_one() {
        let one = Some(Change { taken: 1, hold: None });
        assert_eq!(take(seen(-1, true), State::Booked), one);
        assert_eq!(take(seen(0, true), State::Held(UNTIL)), one);
        assert_eq!(take(seen(-1, false), State::Booked), None);
        assert_eq!(take(seen(0, false), State::Lapsed), None);
    }

    #[test]
    fn a_booking_that_goes_frees_a_seat_once() {
        assert_eq!(leave(seen(0, true), State::Booked).taken, -1);
        assert_eq!(leave(seen(-1, true), State::Booked).taken, 0);
        assert_eq!(leave(seen(1, true), State::Cancelled).taken, 0);
        let held = Seen { hold: Some(UNTIL), ..seen(0, true) };
        assert_eq!(leave(held, State::Held(UNTIL)), Change { taken: -1, hold: Some(UNTIL) });
        assert!(leave(seen(0, true), State::Held(UNTIL)).is_nothing());
    }

    #[test]
    fn a_tally_is_raised_to_what_stands_and_lowered_by_what_is_known_to_have_gone() {
        assert_eq!(live(1, 2, false), 2);
        assert_eq!(live(2, 1, true), 1);
        assert_eq!(live(3, 1, true), 2);
        assert_eq!(live(2, 1, false), 2);
    }
}
