//! How long things are kept, when they are due, and what goes with a booking.

use jiff::civil::{Date, Time, time};
use jiff::{SignedDuration, Span, Timestamp};

use crate::booking::State;
use crate::ledger::Fate;
use crate::notice::Kind;
use crate::time::Zone;

/// From when in an organization's night its things are removed.
const HOUR: Time = time(3, 0, 0, 0);
/// The longest that something may be kept by a number of days.
const MOST_DAYS: u32 = 3_650;
/// A mail is on the list at least this long, so that whoever asks after it
/// within a week is answered.
const LEAST_DAYS_OF_MAILS: u32 = 7;

/// How long an organization keeps things. There is no way to make it outside
/// its limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keeping {
    draft: Draft,
    version: u32,
}

/// How long somebody wishes to keep things, before it is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draft {
    /// For how many days after the day it took place an appointment is kept;
    /// `None` for ever.
    pub bookings: Option<u32>,
    /// What becomes of it then.
    pub fate: Fate,
    /// For how many days somebody of whom nothing is heard is kept; `None` for
    /// ever.
    pub contacts: Option<u32>,
    /// For how many days a settled mail is on the list; `None` for ever.
    pub notices: Option<u32>,
}

/// A setting outside its limits: which, and why it is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The setting, by the name of its field in requests.
    pub field: &'static str,
    /// The reason, for the person who chose it.
    pub reason: String,
}

impl Default for Keeping {
    /// Appointments and contacts are the organization's to forget. A mail list
    /// is kept 400 days: until the same event of the next year is over.
    fn default() -> Self {
        let draft =
            Draft { bookings: None, fate: Fate::Removed, contacts: None, notices: Some(400) };
        Self { draft, version: 0 }
    }
}

impl Keeping {
    /// Checks a wish against the limits.
    ///
    /// # Errors
    /// Every setting outside its limits, each with a reason.
    pub fn parse(draft: Draft) -> Result<Self, Vec<Problem>> {
        Self::at_version(draft, 0)
    }

    /// As [`Keeping::parse`], for settings with the version they have.
    pub(super) fn at_version(draft: Draft, version: u32) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        for (field, days, least) in [
            ("bookings_days", draft.bookings, 0),
            ("contacts_days", draft.contacts, 1),
            ("notices_days", draft.notices, LEAST_DAYS_OF_MAILS),
        ] {
            if days.is_some_and(|days| !(least..=MOST_DAYS).contains(&days)) {
                let reason = format!("Choose {least} to {MOST_DAYS} days, or keep it for ever.");
                problems.push(Problem { field, reason });
            }
        }
        if problems.is_empty() { Ok(Self { draft, version }) } else { Err(problems) }
    }

    /// The settings as a draft, to change some of them.
    #[must_use]
    pub const fn draft(&self) -> Draft {
        self.draft
    }

    /// Counted from 1 by every change; 0 as long as nobody has changed anything.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// The same settings as the version that follows `version`.
    pub(super) const fn following(&self, version: u32) -> Self {
        Self { draft: self.draft, version: version + 1 }
    }
}

/// The civil day whose night has come: from three in the morning.
#[must_use]
pub fn night(zone: &Zone, now: Timestamp) -> Option<Date> {
    let here = zone.at(now);
    (here.time() >= HOUR).then(|| here.date())
}

/// The next night that is to come: its day and when it begins.
#[must_use]
pub fn coming_night(zone: &Zone, now: Timestamp) -> (Date, Timestamp) {
    let here = zone.at(now);
    let day = if here.time() < HOUR { here.date() } else { later(here.date(), 1) };
    (day, first(zone, day, HOUR).unwrap_or(Timestamp::MAX))
}

/// Before which moment something must have ended to be removed in the night of
/// `day`, where it is kept for this many whole days after the one on which it
/// ended: the first moment of a civil day, whatever the clocks did since.
#[must_use]
pub fn ended_before(zone: &Zone, day: Date, days: u32) -> Timestamp {
    let first_kept = day.checked_sub(Span::new().days(i64::from(days)));
    first_kept.ok().and_then(|day| first(zone, day, Time::midnight())).unwrap_or(Timestamp::MIN)
}

/// The first moment of a civil time; where the clocks leap over it, the one at
/// which they would have shown it.
fn first(zone: &Zone, day: Date, time: Time) -> Option<Timestamp> {
    zone.rules().to_ambiguous_timestamp(day.to_datetime(time)).compatible().ok()
}

/// Why somebody of whom nothing was heard is kept all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Something that they booked is kept; the newest begins at this moment.
    Booked(Timestamp),
    /// They can sign in, or have.
    SignsIn,
}

/// From when on a contact that stays is counted as unheard of: for what they
/// booked, from when it began, or so that they are looked at again when the
/// newest of it has gone; for who signs in, from now.
#[must_use]
pub fn heard_of(
    reason: Reason,
    (before, now): (Timestamp, Timestamp),
    keeping: &Draft,
) -> Timestamp {
    const DAY: SignedDuration = SignedDuration::from_hours(24);
    let Reason::Booked(newest) = reason else { return now };
    if newest >= before {
        return newest;
    }
    let Some(days) = keeping.bookings else { return now };
    let gone =
        newest.checked_add(SignedDuration::from_hours(24 * i64::from(days))).map(|it| it + DAY);
    let contacts = SignedDuration::from_hours(24 * i64::from(keeping.contacts.unwrap_or(0)));
    let then = gone.and_then(|gone| gone.checked_sub(contacts)).unwrap_or(now);
    // Not before tomorrow, and not later than for who booked today.
    then.clamp((before + DAY).min(now), now)
}

fn later(day: Date, days: i64) -> Date {
    day.checked_add(Span::new().days(days)).unwrap_or(Date::MAX)
}

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
    days.all(|day| later(day, 2) < today_in_utc)
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

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_night_begins_at_three_in_the_organizations_own_zone() {
        let dublin = Zone::parse("Europe/Dublin").unwrap();
        assert_eq!(night(&dublin, at("2026-07-01T01:59:59Z")), None);
        assert_eq!(night(&dublin, at("2026-07-01T02:00:00Z")), Some(date(2026, 7, 1)));
        let (day, begins) = coming_night(&dublin, at("2026-07-01T01:59:59Z"));
        assert_eq!((day, begins), (date(2026, 7, 1), at("2026-07-01T02:00:00Z")));
        let (day, begins) = coming_night(&dublin, at("2026-07-01T02:00:00Z"));
        assert_eq!((day, begins), (date(2026, 7, 2), at("2026-07-02T02:00:00Z")));
    }

    #[test]
    fn days_are_civil_days_across_a_change_of_the_clocks() {
        let york = Zone::parse("America/New_York").unwrap();
        // Kept for one day: what ended on 31 October is removed in the night
        // of 2 November, and on 1 November the clocks went back.
        let day = date(2026, 11, 2);
        assert_eq!(ended_before(&york, day, 1), at("2026-11-01T00:00:00-04:00"));
        assert_eq!(ended_before(&york, day, 0), at("2026-11-02T00:00:00-05:00"));
        assert_eq!(ended_before(&york, Date::MIN, 1), Timestamp::MIN);
    }

    #[test]
    fn a_number_of_days_outside_the_limits_is_refused_at_its_field() {
        let default = Keeping::default().draft();
        let wish = Draft { bookings: Some(3_651), contacts: Some(0), notices: Some(6), ..default };
        let problems = Keeping::parse(wish).unwrap_err();
        let fields: Vec<_> = problems.iter().map(|problem| problem.field).collect();
        assert_eq!(fields, ["bookings_days", "contacts_days", "notices_days"]);
        let wish = Draft { bookings: Some(0), contacts: Some(3_650), notices: None, ..default };
        assert_eq!(Keeping::parse(wish).unwrap().draft(), wish);
    }

    #[test]
    fn a_contact_who_stays_is_looked_at_again_when_that_may_have_changed() {
        let (now, before) = (at("2026-12-31T03:00:00Z"), at("2026-12-01T00:00:00Z"));
        let draft = Draft { bookings: Some(100), contacts: Some(30), ..Keeping::default().draft() };
        let heard = |reason| heard_of(reason, (before, now), &draft);
        assert_eq!(heard(Reason::SignsIn), now);
        let newest = at("2026-12-20T10:00:00Z");
        assert_eq!(heard(Reason::Booked(newest)), newest);
        // It goes after a hundred days, on 30 January: then, and not 30 days later.
        let newest = at("2026-10-22T10:00:00Z");
        assert_eq!(heard(Reason::Booked(newest)), now.min(at("2027-01-01T10:00:00Z")));
        let newest = at("2026-09-22T10:00:00Z");
        assert_eq!(heard(Reason::Booked(newest)), at("2026-12-02T10:00:00Z"));
        let ever = Draft { bookings: None, ..draft };
        assert_eq!(heard_of(Reason::Booked(newest), (before, now), &ever), now);
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
