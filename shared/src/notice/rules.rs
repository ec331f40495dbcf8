//! What becomes of a notice, and who may send it.

use jiff::{SignedDuration, Timestamp};

use super::{Kind, Owed, Standing};
use crate::booking::{Booking, State};

/// How long whoever claimed a notice may take to send it.
pub const LEASE: SignedDuration = SignedDuration::from_mins(2);
/// How long after a claim SES may still say that it took the mail.
pub const NEWS: SignedDuration = SignedDuration::from_mins(15);
/// How old a notice may get and still be sent although the booking has
/// changed since: quick changes give each mail in turn.
pub const FRESH: SignedDuration = SignedDuration::from_mins(10);

/// Whether a notice may be sent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It may: nobody has begun.
    First,
    /// It may, once more: a claim ended without news, and none came from SES.
    /// The person may get the mail twice.
    Again,
    /// Somebody is sending it; their time ends then.
    Busy(Timestamp),
    /// A claim ended without news. SES has until then to say that it took the mail.
    Held(Timestamp),
    /// There is nothing left to do.
    Settled,
}

/// Whose turn it is to send a notice.
#[must_use]
pub fn turn(standing: Standing, now: Timestamp) -> Turn {
    match standing {
        Standing::Owed => Turn::First,
        Standing::Settled => Turn::Settled,
        Standing::Claimed(at) if now < at + LEASE => Turn::Busy(at + LEASE),
        Standing::Claimed(at) if now < at + NEWS => Turn::Held(at + NEWS),
        Standing::Claimed(_) => Turn::Again,
    }
}

/// What to do with a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Send it, with the times it was owed with.
    Send,
    /// Leave it: a later change has a notice of its own, and by now this one
    /// would only confuse.
    Superseded,
    /// Leave it: it would tell nothing of use.
    Drop,
}

/// What to do with a notice about `booking` as it is now.
#[must_use]
pub fn decide(owed: &Owed, booking: Option<&Booking>, now: Timestamp) -> Decision {
    let Some(booking) = booking else { return Decision::Drop };
    match owed.kind {
        Kind::InTheWay => Decision::Send,
        // The link works only while the seat is held.
        Kind::Confirm => match booking.state {
            State::Held(until) if now < until => Decision::Send,
            _ => Decision::Drop,
        },
        // Nobody needs to be told of an appointment that is over; and a mail
        // that SES refuses for days must end some time.
        Kind::Booked | Kind::Moved | Kind::Cancelled if owed.end <= now => Decision::Drop,
        Kind::Booked | Kind::Moved | Kind::Cancelled => {
            let changed = booking.version > owed.version;
            if changed && now.duration_since(owed.since) > FRESH {
                Decision::Superseded
            } else {
                Decision::Send
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notice::tests::{booking, now, owed};

    fn minutes(count: i64) -> SignedDuration {
        SignedDuration::from_mins(count)
    }

    #[test]
    fn a_notice_nobody_began_to_send_may_be_sent_at_once() {
        assert_eq!(turn(Standing::Owed, now()), Turn::First);
    }

    #[test]
    fn a_claimed_notice_waits_for_its_sender_then_for_news_from_ses() {
        let claimed = Standing::Claimed(now());
        assert_eq!(turn(claimed, now()), Turn::Busy(now() + minutes(2)));
        assert_eq!(turn(claimed, now() + minutes(2)), Turn::Held(now() + minutes(15)));
        assert_eq!(turn(claimed, now() + minutes(14)), Turn::Held(now() + minutes(15)));
    }

    #[test]
    fn a_claim_without_news_is_sent_again_after_fifteen_minutes() {
        assert_eq!(turn(Standing::Claimed(now()), now() + minutes(15)), Turn::Again);
    }

    #[test]
    fn a_settled_notice_is_never_sent_again() {
        assert_eq!(turn(Standing::Settled, now() + minutes(600)), Turn::Settled);
    }

    #[test]
    fn booking_moving_and_cancelling_quickly_gives_each_mail() {
        let changed = Booking { version: 3, state: State::Cancelled, ..booking() };
        for kind in [Kind::Booked, Kind::Moved, Kind::Cancelled] {
            assert_eq!(decide(&owed(kind), Some(&changed), now() + minutes(10)), Decision::Send);
        }
    }

    #[test]
    fn an_old_notice_of_an_older_version_is_superseded() {
        let changed = Booking { version: 2, ..booking() };
        let late = now() + minutes(11);
        assert_eq!(decide(&owed(Kind::Booked), Some(&changed), late), Decision::Superseded);
        assert_eq!(decide(&owed(Kind::Booked), Some(&booking()), late), Decision::Send);
    }

    #[test]
    fn a_link_that_confirms_is_sent_only_while_the_seat_is_held() {
        let held = Booking { state: State::Held(now() + minutes(15)), ..booking() };
        let confirm = owed(Kind::Confirm);
        assert_eq!(decide(&confirm, Some(&held), now()), Decision::Send);
        assert_eq!(decide(&confirm, Some(&held), now() + minutes(15)), Decision::Drop);
        assert_eq!(decide(&confirm, Some(&booking()), now()), Decision::Drop);
    }

    #[test]
    fn what_stands_in_the_way_is_told_whatever_became_of_it() {
        let changed = Booking { version: 9, state: State::Cancelled, ..booking() };
        let late = now() + minutes(600);
        assert_eq!(decide(&owed(Kind::InTheWay), Some(&changed), late), Decision::Send);
    }

    #[test]
    fn a_notice_about_a_missing_booking_is_dropped() {
        for kind in Kind::ALL {
            assert_eq!(decide(&owed(kind), None, now()), Decision::Drop);
        }
    }

    #[test]
    fn nobody_is_told_of_an_appointment_that_is_over() {
        let owed = owed(Kind::Booked);
        assert_eq!(decide(&owed, Some(&booking()), owed.end), Decision::Drop);
    }
}
