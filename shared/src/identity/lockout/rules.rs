//! When attempts are locked, and for how long.
//!
//! An attempt counts from the moment it is admitted, before anybody knows
//! whether it is right. The one that takes the last place locks those after it
//! before it is compared itself; when it is right, everything is forgotten.
//! Each further lock is twice as long as the one before, up to a day. A day
//! after the last attempt, or after the last lock, nothing is known any more.

use jiff::{SignedDuration, Timestamp};

/// No lock is longer.
pub const LONGEST_LOCK: SignedDuration = SignedDuration::from_hours(24);
/// So long attempts and locks are remembered.
pub const MEMORY: SignedDuration = SignedDuration::from_hours(24);

/// What an organization set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    failures: u32,
    first_lock: SignedDuration,
}

/// A limit that cannot be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnfitLimits {
    /// Too few or too many failures.
    #[error("Choose between {} and {} wrong attempts.", Limits::FEWEST, Limits::MOST)]
    Failures,
    /// Too short or too long a lock.
    #[error("The first lock can last between 1 minute and 24 hours.")]
    FirstLock,
}

impl Limits {
    /// The fewest failures that may lock.
    pub const FEWEST: u32 = 3;
    /// The most.
    pub const MOST: u32 = 20;

    /// Reads what an organization wants.
    ///
    /// # Errors
    /// [`UnfitLimits`] says what cannot be.
    pub fn new(failures: u32, first_lock_minutes: u32) -> Result<Self, UnfitLimits> {
        if !(Self::FEWEST..=Self::MOST).contains(&failures) {
            return Err(UnfitLimits::Failures);
        }
        let first_lock = SignedDuration::from_mins(i64::from(first_lock_minutes));
        if first_lock < SignedDuration::from_mins(1) || first_lock > LONGEST_LOCK {
            return Err(UnfitLimits::FirstLock);
        }
        Ok(Self { failures, first_lock })
    }

    /// So many wrong attempts in a row lock.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// How long the lock is that comes after `locks` others.
    #[must_use]
    pub fn lock(&self, locks: u32) -> SignedDuration {
        // Eleven doublings of a minute are more than a day.
        self.first_lock.saturating_mul(1 << locks.min(11)).min(LONGEST_LOCK)
    }
}

impl Default for Limits {
    /// Five, and fifteen minutes at first.
    fn default() -> Self {
        Self { failures: 5, first_lock: SignedDuration::from_mins(15) }
    }
}

/// The attempts of one bucket at one username.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Admitted since the last lock began, or since somebody was right.
    pub attempts: u32,
    /// Locks since somebody was right.
    pub locks: u32,
    /// When the latest lock ends or ended.
    pub locked_until: Option<Timestamp>,
    /// When all of this is forgotten.
    pub expires: Timestamp,
}

/// What a tally means for somebody who comes now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// May try.
    Free,
    /// A lock is on.
    Locked(Timestamp),
    /// All places are taken and whoever took the last has not locked yet.
    Full,
    /// It is old and counts no longer.
    Forgotten,
}

impl Tally {
    /// What the tally means at `now`.
    #[must_use]
    pub fn standing(&self, limits: &Limits, now: Timestamp) -> Standing {
        match self.locked_until {
            Some(until) if until > now => Standing::Locked(until),
            _ if self.expires <= now => Standing::Forgotten,
            _ if self.attempts >= limits.failures => Standing::Full,
            _ => Standing::Free,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn each_lock_is_twice_as_long_as_the_one_before_up_to_a_day() {
        let limits = Limits::new(5, 15).unwrap();
        let minutes: Vec<i64> = (0..10).map(|locks| limits.lock(locks).as_mins()).collect();
        assert_eq!(minutes, [15, 30, 60, 120, 240, 480, 960, 1_440, 1_440, 1_440]);
        assert_eq!(limits.lock(u32::MAX), LONGEST_LOCK);
        assert_eq!(Limits::new(3, 1).unwrap().lock(40), LONGEST_LOCK);
    }

    #[test]
    fn an_organization_chooses_between_three_and_twenty_failures() {
        for failures in [0, 2, 21, 101] {
            assert_eq!(Limits::new(failures, 15), Err(UnfitLimits::Failures), "{failures}");
        }
        for minutes in [0, 1_441] {
            assert_eq!(Limits::new(5, minutes), Err(UnfitLimits::FirstLock), "{minutes}");
        }
        assert_eq!(Limits::new(5, 15), Ok(Limits::default()));
        assert!(UnfitLimits::Failures.to_string().contains("between 3 and 20"));
    }

    #[test]
    fn a_tally_means_what_its_lock_and_its_age_say() {
        let limits = Limits::default();
        let tally = Tally { attempts: 4, locks: 0, locked_until: None, expires: at(100) };
        assert_eq!(tally.standing(&limits, at(0)), Standing::Free);
        assert_eq!(tally.standing(&limits, at(100)), Standing::Forgotten);
        let full = Tally { attempts: 5, ..tally };
        assert_eq!(full.standing(&limits, at(0)), Standing::Full);
        assert_eq!(full.standing(&Limits::new(6, 15).unwrap(), at(0)), Standing::Free);
        let locked = Tally { locked_until: Some(at(50)), ..tally };
        assert_eq!(locked.standing(&limits, at(49)), Standing::Locked(at(50)));
        assert_eq!(locked.standing(&limits, at(50)), Standing::Free);
    }
}
