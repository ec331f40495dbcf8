//! What becomes of a notice, and who may send it.

use jiff::{SignedDuration, Timestamp};

use super::{Change, Kind, Standing};
use crate::booking::{Booking, State};

/// How long whoever claimed a notice may take to send it.
pub const LEASE: SignedDuration = SignedDuration::from_mins(2);
/// How long after a claim SES may still say that it took the mail.
pub const NEWS: SignedDuration = SignedDuration::from_mins(15);
/// How old a notice may get and still be sent although the booking has
/// changed since: quick changes give each mail in turn, as long as the stream
/// alone brings them, which does so in order.
pub const FRESH: SignedDuration = SignedDuration::from_mins(1);
/// How old a notice is when the sweep looks at it: younger ones are the
/// stream's. It is so much more than [`FRESH`] that nobody still sends an
/// overtaken notice while the sweep sends the one that overtook it.
pub const LEFT_LYING: SignedDuration = SignedDuration::from_mins(2);
/// How old news of an account may get and still be sent.
pub const NEWS_OF_USE: SignedDuration = SignedDuration::from_hours(7 * 24);

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

/// What to do with a notice about `booking` as it is now, owed `since`.
#[must_use]
pub fn decide(
    change: &Change,
    since: Timestamp,
    booking: Option<&Booking>,
    now: Timestamp,
) -> Decision {
    let Some(booking) = booking else { return Decision::Drop };
    match change.kind {
        Kind::InTheWay => Decision::Send,
        // The link works only while the seat is held.
        Kind::Confirm => match booking.state {
            State::Held(until) if now < until => Decision::Send,
            _ => Decision::Drop,
        },
        // Nobody needs to be told of an appointment that is over; and a mail
        // that SES refuses for days must end some time.
        Kind::Booked | Kind::Moved | Kind::Cancelled if change.end <= now => Decision::Drop,
        Kind::Booked | Kind::Moved | Kind::Cancelled => {
            let overtaken = booking.version > change.version;
            if overtaken && now.duration_since(since) >= FRESH {
                Decision::Superseded
            } else {
                Decision::Send
            }
        }
    }
}

/// How the link that a notice carries stands when its mail is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkNow {
    /// The notice carries none.
    None,
    /// It is the newest of its purpose, and nobody has used it.
    Good,
    /// It was used, its time is over, or a newer one has replaced it.
    Void,
}

/// What to do with a notice about an account, owed `since`.
#[must_use]
pub fn decide_account(link: LinkNow, since: Timestamp, now: Timestamp) -> Decision {
    match link {
        LinkNow::Void => Decision::Drop,
        LinkNow::None if now.duration_since(since) > NEWS_OF_USE => Decision::Drop,
        LinkNow::None | LinkNow::Good => Decision::Send,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notice::tests::{booking, change, now};

    fn decide(kind: Kind, booking: Option<&Booking>, at: Timestamp) -> Decision {
        super::decide(&change(kind), now(), booking, at)
    }

    fn seconds(count: i64) -> SignedDuration {
        SignedDuration::from_secs(count)
    }

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
            assert_eq!(decide(kind, Some(&changed), now() + seconds(59)), Decision::Send);
        }
    }

    #[test]
    fn an_old_notice_of_an_older_version_is_superseded() {
        let changed = Booking { version: 2, ..booking() };
        let late = now() + minutes(1);
        assert_eq!(decide(Kind::Booked, Some(&changed), late), Decision::Superseded);
        assert_eq!(decide(Kind::Booked, Some(&booking()), late), Decision::Send);
    }

    #[test]
    fn a_link_that_confirms_is_sent_only_while_the_seat_is_held() {
        let held = Booking { state: State::Held(now() + minutes(15)), ..booking() };
        assert_eq!(decide(Kind::Confirm, Some(&held), now()), Decision::Send);
        assert_eq!(decide(Kind::Confirm, Some(&held), now() + minutes(15)), Decision::Drop);
        assert_eq!(decide(Kind::Confirm, Some(&booking()), now()), Decision::Drop);
    }

    #[test]
    fn what_stands_in_the_way_is_told_whatever_became_of_it() {
        let changed = Booking { version: 9, state: State::Cancelled, ..booking() };
        let late = now() + minutes(600);
        assert_eq!(decide(Kind::InTheWay, Some(&changed), late), Decision::Send);
    }

    #[test]
    fn a_notice_about_a_missing_booking_is_dropped() {
        for kind in Kind::ALL {
            assert_eq!(decide(kind, None, now()), Decision::Drop);
        }
    }

    #[test]
    fn nobody_is_told_of_an_appointment_that_is_over() {
        let end = change(Kind::Booked).end;
        assert_eq!(decide(Kind::Booked, Some(&booking()), end), Decision::Drop);
    }

    #[test]
    fn no_overtaken_notice_is_still_sent_when_the_sweep_may_send_the_later_one() {
        let changed = Booking { version: 2, ..booking() };
        let swept = now() + LEFT_LYING;
        assert_eq!(decide(Kind::Booked, Some(&changed), swept), Decision::Superseded);
        assert!(LEFT_LYING >= FRESH + minutes(1), "a call of the sender takes up to a minute");
    }

    #[test]
    fn a_link_that_is_void_is_not_sent_and_old_news_are_not_either() {
        let (at, late) = (now() + minutes(1), now() + NEWS_OF_USE + minutes(1));
        assert_eq!(decide_account(LinkNow::Good, now(), at), Decision::Send);
        assert_eq!(decide_account(LinkNow::Void, now(), at), Decision::Drop);
        assert_eq!(decide_account(LinkNow::None, now(), at), Decision::Send);
        assert_eq!(decide_account(LinkNow::None, now(), late), Decision::Drop);
    }
}
