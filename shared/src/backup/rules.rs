//! When a backup is due, how long it is kept, and when there is reason to worry.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::ids::RunId;

/// No backup is older: what was deleted is gone from all of them by then.
pub const HARD: SignedDuration = SignedDuration::from_hours(35 * 24);
/// A backup goes so long before it is as old as it may be: a tick may come late,
/// and one night takes minutes longer than another.
const EARLY: SignedDuration = SignedDuration::from_hours(1);
/// The fewest and the most days that may be set.
pub const DAYS: std::ops::RangeInclusive<u16> = 7..=35;
/// A run that is not through after this long is given up; the next night tries
/// anew.
pub const PATIENCE: SignedDuration = SignedDuration::from_hours(24);
/// The newest backup should not be older.
pub const TAKEN_WITHIN: SignedDuration = SignedDuration::from_hours(26);
/// The newest backup that was tried out should not be older.
pub const PROVEN_WITHIN: SignedDuration = SignedDuration::from_hours(8 * 24);
/// The hour, in UTC, from which on a night's backup is due.
const NIGHT: i8 = 2;
/// The hour, in UTC, from which on Sunday's drill is due.
const DRILL: i8 = 4;

/// The night whose backup is due, if the day is far enough for it.
#[must_use]
pub fn night(now: Timestamp) -> Option<Date> {
    let now = TimeZone::UTC.to_datetime(now);
    (now.hour() >= NIGHT).then(|| now.date())
}

/// When the drill that is due fell due: the Sunday that has come last.
#[must_use]
pub fn week(now: Timestamp) -> Timestamp {
    let civil = TimeZone::UTC.to_datetime(now);
    let since_sunday = civil.weekday().to_sunday_zero_offset();
    let days = match since_sunday {
        0 if civil.hour() < DRILL => 7,
        days => i64::from(days),
    };
    let midnight = now.as_second() - now.as_second().rem_euclid(24 * 60 * 60);
    let due = midnight - days * 24 * 60 * 60 + i64::from(DRILL) * 60 * 60;
    Timestamp::from_second(due).unwrap_or(now)
}

/// The id of the run that belongs to this moment: whoever begins it a second
/// time finds it begun.
#[must_use]
pub fn run_of(due: Timestamp) -> RunId {
    let milliseconds = u64::try_from(due.as_millisecond()).unwrap_or(0).to_be_bytes();
    let mut bytes = [0; 16];
    bytes[..6].copy_from_slice(&milliseconds[2..]);
    RunId::from_bytes(bytes)
}

/// The moment of a night: the one that its run is named by.
#[must_use]
pub fn moment_of(night: Date) -> Timestamp {
    let from = night.at(NIGHT, 0, 0, 0);
    TimeZone::UTC.to_timestamp(from).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Whether a run that was begun then has had its time.
#[must_use]
pub fn given_up(begun: Timestamp, now: Timestamp) -> bool {
    now.duration_since(begun) >= PATIENCE
}

/// A backup of one table, as far as its age is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// The run that asked for it: backups of one run are a set.
    pub run: RunId,
    /// Since when it is there.
    pub taken: Timestamp,
}

/// Which of these backups have to go, by their place in the list.
///
/// What reaches 35 days goes in any case. What is older than `days` goes only
/// after a night that went well, and never the set that is the last good one.
#[must_use]
pub fn to_remove(
    held: &[Held],
    days: u16,
    last_good: Option<RunId>,
    went_well: bool,
    now: Timestamp,
) -> Vec<usize> {
    let set = SignedDuration::from_hours(i64::from(days) * 24) - EARLY;
    let goes = |backup: &Held| {
        let age = now.duration_since(backup.taken);
        is_too_old(backup.taken, now)
            || (went_well && age >= set && last_good.is_some_and(|good| good != backup.run))
    };
    held.iter().enumerate().filter(|(_, backup)| goes(backup)).map(|(place, _)| place).collect()
}

/// Whether a backup of then has reached the age that none may have.
#[must_use]
pub fn is_too_old(taken: Timestamp, now: Timestamp) -> bool {
    now.duration_since(taken) >= HARD - EARLY
}

/// Whether something that should have been done within a time was not: since
/// it was done last or, where it never was, since it was first due.
#[must_use]
pub fn is_late(
    last: Option<Timestamp>,
    first_due: Option<Timestamp>,
    within: SignedDuration,
    now: Timestamp,
) -> bool {
    last.or(first_due).is_some_and(|since| now.duration_since(since) > within)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn run(number: u8) -> RunId {
        RunId::from_bytes([number; 16])
    }

    /// Backups of these ages in days, each of a run of its own, numbered from 0.
    fn aged(days: &[i64], now: Timestamp) -> Vec<Held> {
        let held = days.iter().enumerate().map(|(number, days)| Held {
            run: run(u8::try_from(number).unwrap()),
            taken: now - SignedDuration::from_hours(days * 24),
        });
        held.collect()
    }

    #[test]
    fn a_night_is_due_from_two_in_the_morning_until_midnight() {
        assert_eq!(night(at("2026-12-03T01:59:59Z")), None);
        assert_eq!(night(at("2026-12-03T02:00:00Z")), Some(date(2026, 12, 3)));
        assert_eq!(night(at("2026-12-03T23:59:59Z")), Some(date(2026, 12, 3)));
        assert_eq!(night(at("2026-12-04T00:00:00Z")), None);
        assert_eq!(moment_of(date(2026, 12, 3)), at("2026-12-03T02:00:00Z"));
    }

    #[test]
    fn a_drill_is_due_from_sunday_at_four_for_a_week() {
        // The 6th of December 2026 is a Sunday.
        assert_eq!(week(at("2026-12-06T03:59:59Z")), at("2026-11-29T04:00:00Z"));
        assert_eq!(week(at("2026-12-06T04:00:00Z")), at("2026-12-06T04:00:00Z"));
        assert_eq!(week(at("2026-12-12T23:00:00Z")), at("2026-12-06T04:00:00Z"));
        assert_eq!(week(at("2026-12-13T04:00:00Z")), at("2026-12-13T04:00:00Z"));
    }

    #[test]
    fn two_ticks_of_one_night_name_one_run_and_two_nights_name_two_in_order() {
        let (one, other) = (moment_of(date(2026, 12, 3)), moment_of(date(2026, 12, 4)));
        assert_eq!(run_of(one), run_of(one));
        assert!(run_of(one).to_string() < run_of(other).to_string());
    }

    #[test]
    fn what_is_set_rules_within_the_thirty_five_days() {
        let now = at("2026-12-31T02:10:00Z");
        let held = aged(&[0, 6, 7, 8, 34, 35, 36], now);
        assert_eq!(to_remove(&held, 7, Some(run(0)), true, now), [2, 3, 4, 5, 6]);
        assert_eq!(to_remove(&held, 35, Some(run(0)), true, now), [5, 6]);
        // More than may be set changes nothing about what is hard.
        assert_eq!(to_remove(&held, 100, Some(run(0)), true, now), [5, 6]);
    }

    #[test]
    fn while_a_night_failed_only_what_is_too_old_in_any_case_goes() {
        let now = at("2026-12-31T02:10:00Z");
        let held = aged(&[1, 8, 20, 35], now);
        assert_eq!(to_remove(&held, 7, Some(run(0)), false, now), [3]);
    }

    #[test]
    fn the_last_good_set_outlives_what_is_set_but_not_the_thirty_fifth_day() {
        let now = at("2026-12-31T02:10:00Z");
        let held = aged(&[20, 25], now);
        assert_eq!(to_remove(&held, 7, Some(run(0)), true, now), [1]);
        // Nothing good is there at all: nothing goes for the setting's sake.
        assert_eq!(to_remove(&held, 7, None, true, now), [] as [usize; 0]);
        let held = aged(&[35, 36], now);
        assert_eq!(to_remove(&held, 7, Some(run(0)), true, now), [0, 1]);
    }

    #[test]
    fn a_backup_goes_within_an_hour_before_it_is_thirty_five_days_old() {
        let taken = at("2026-11-01T02:00:00Z");
        assert!(!is_too_old(taken, at("2026-12-06T00:59:59Z")));
        assert!(is_too_old(taken, at("2026-12-06T01:00:00Z")));
    }

    #[test]
    fn what_was_never_done_is_late_from_when_it_was_first_due() {
        let now = at("2026-12-03T12:00:00Z");
        let hours = |hours| Some(now - SignedDuration::from_hours(hours));
        assert!(!is_late(None, None, TAKEN_WITHIN, now));
        assert!(!is_late(None, hours(26), TAKEN_WITHIN, now));
        assert!(is_late(None, hours(27), TAKEN_WITHIN, now));
        assert!(is_late(hours(27), hours(400), TAKEN_WITHIN, now));
        assert!(!is_late(hours(1), hours(400), TAKEN_WITHIN, now));
    }

    #[test]
    fn a_run_is_given_up_after_a_day() {
        let begun = at("2026-12-03T02:00:00Z");
        assert!(!given_up(begun, at("2026-12-04T01:59:59Z")));
        assert!(given_up(begun, at("2026-12-04T02:00:00Z")));
    }
}
