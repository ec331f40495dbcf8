//! What an organization may choose, and within which limits.

use jiff::SignedDuration;

use crate::identity::access::Level;

/// The longest lock, however often somebody fails.
const LONGEST_LOCK: SignedDuration = SignedDuration::from_hours(24);

/// An organization's security settings. There is no way to make them outside
/// their limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Security {
    draft: Draft,
    version: u32,
}

/// Security settings as somebody wishes them, before they are checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The shortest password where it is the only step, in characters.
    pub shortest_password: u32,
    /// The shortest password where a second factor follows, in characters.
    pub shortest_password_with_factor: u32,
    /// Whether a password must mix kinds of characters. Against NIST SP
    /// 800-63B-4, and off unless somebody turns it on.
    pub composition: bool,
    /// After how many days a password must be changed; 0 for never. Against
    /// NIST SP 800-63B-4, and 0 unless somebody sets it.
    pub password_days: u32,
    /// How many failures in a row lock an account.
    pub failures: u32,
    /// How long the first lock lasts, in minutes.
    pub first_lock_minutes: u32,
    /// After how many minutes without a request a session ends.
    pub idle_minutes: u32,
    /// After how many hours a session ends in any case.
    pub session_hours: u32,
    /// The level from which a second factor is required; `None` for no level.
    pub factor_from: Option<Level>,
}

/// A setting outside its limits: which, and why it is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The setting, by the name of its field in [`Draft`].
    pub field: &'static str,
    /// The reason, for the person who chose it.
    pub reason: String,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            shortest_password: 15,
            shortest_password_with_factor: 8,
            composition: false,
            password_days: 0,
            failures: 10,
            first_lock_minutes: 15,
            idle_minutes: 15,
            session_hours: 12,
            factor_from: None,
        }
    }
}

impl Default for Security {
    /// What holds until somebody changes it.
    fn default() -> Self {
        Self { draft: Draft::default(), version: 0 }
    }
}

impl Security {
    /// Checks a wish against the limits.
    ///
    /// # Errors
    /// Every setting outside its limits, each with a reason.
    pub fn parse(draft: Draft) -> Result<Self, Vec<Problem>> {
        Self::at_version(draft, 0)
    }

    /// As [`Security::parse`], for settings with the version they have.
    pub(super) fn at_version(draft: Draft, version: u32) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut within = |field, value: u32, least: u32, most: u32, unit: &str| {
            if !(least..=most).contains(&value) {
                let reason = format!("Choose {least} to {most}{unit}.");
                problems.push(Problem { field, reason });
            }
        };
        within("shortest_password", draft.shortest_password, 15, 64, " characters");
        let with_factor = draft.shortest_password_with_factor;
        within("shortest_password_with_factor", with_factor, 8, 64, " characters");
        if draft.failures <= 100 {
            within("failures", draft.failures, 3, 20, " attempts");
        }
        within("first_lock_minutes", draft.first_lock_minutes, 1, 24 * 60, " minutes");
        within("idle_minutes", draft.idle_minutes, 5, 60, " minutes");
        within("session_hours", draft.session_hours, 1, 24, " hours");
        if draft.failures > 100 {
            let reason = "The standard (NIST SP 800-63B-4) allows no more than 100 failures in a \
                          row. Choose 3 to 20 attempts.";
            problems.push(Problem { field: "failures", reason: reason.to_owned() });
        }
        if draft.password_days > 3_650 {
            let reason = "Choose at most 3650 days, or 0 for never.".to_owned();
            problems.push(Problem { field: "password_days", reason });
        }
        if problems.is_empty() { Ok(Self { draft, version }) } else { Err(problems) }
    }

    /// The settings as a draft, to change some of them.
    #[must_use]
    pub fn draft(&self) -> Draft {
        self.draft.clone()
    }

    /// Counted from 1 by every change; 0 as long as nobody has changed anything.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// The same settings as the version that follows `version`.
    pub(super) fn following(&self, version: u32) -> Self {
        Self { draft: self.draft.clone(), version: version + 1 }
    }

    /// The shortest password, in characters, for somebody who has a second
    /// factor or has none.
    #[must_use]
    pub const fn shortest_password(&self, with_factor: bool) -> u32 {
        if with_factor {
            self.draft.shortest_password_with_factor
        } else {
            self.draft.shortest_password
        }
    }

    /// Whether a password must mix kinds of characters.
    #[must_use]
    pub const fn composition(&self) -> bool {
        self.draft.composition
    }

    /// How old a password may become; `None` for as old as it likes.
    #[must_use]
    pub fn password_age(&self) -> Option<SignedDuration> {
        let days = i64::from(self.draft.password_days);
        (days > 0).then(|| SignedDuration::from_hours(24 * days))
    }

    /// How many failures in a row lock an account.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        self.draft.failures
    }

    /// How long the nth lock in a row lasts, counted from 1: each twice as long
    /// as the one before, up to a day.
    #[must_use]
    pub fn lock(&self, nth: u32) -> SignedDuration {
        let doublings = nth.saturating_sub(1).min(16);
        let minutes = i64::from(self.draft.first_lock_minutes) << doublings;
        SignedDuration::from_mins(minutes).min(LONGEST_LOCK)
    }

    /// After how long without a request a session ends.
    #[must_use]
    pub fn idle(&self) -> SignedDuration {
        SignedDuration::from_mins(self.draft.idle_minutes.into())
    }

    /// After how long a session ends in any case.
    #[must_use]
    pub fn longest_session(&self) -> SignedDuration {
        SignedDuration::from_hours(self.draft.session_hours.into())
    }

    /// Whether this level must use a second factor.
    #[must_use]
    pub fn factor_required(&self, level: Level) -> bool {
        self.draft.factor_from.is_some_and(|from| level >= from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut Draft)) -> Vec<&'static str> {
        let mut draft = Draft::default();
        change(&mut draft);
        match Security::parse(draft) {
            Ok(_) => Vec::new(),
            Err(problems) => problems.into_iter().map(|problem| problem.field).collect(),
        }
    }

    #[test]
    fn the_settings_nobody_has_changed_are_within_their_own_limits() {
        let security = Security::parse(Draft::default()).unwrap();
        assert_eq!(security, Security::default());
        assert_eq!(security.shortest_password(false), 15);
        assert_eq!(security.shortest_password(true), 8);
        assert_eq!(security.password_age(), None);
        assert!(!security.composition());
        assert!(!security.factor_required(Level::Administrator));
    }

    #[test]
    fn each_setting_is_taken_at_its_limits_and_refused_beyond_them() {
        type Setter = fn(&mut Draft, u32);
        let limits: [(&str, u32, u32, Setter); 6] = [
            ("shortest_password", 15, 64, |draft, value| draft.shortest_password = value),
            ("shortest_password_with_factor", 8, 64, |draft, value| {
                draft.shortest_password_with_factor = value;
            }),
            ("failures", 3, 20, |draft, value| draft.failures = value),
            ("first_lock_minutes", 1, 1_440, |draft, value| draft.first_lock_minutes = value),
            ("idle_minutes", 5, 60, |draft, value| draft.idle_minutes = value),
            ("session_hours", 1, 24, |draft, value| draft.session_hours = value),
        ];
        for (field, least, most, set) in limits {
            for value in [least, most] {
                assert!(refused(|draft| set(draft, value)).is_empty(), "{field} {value}");
            }
            for value in [least - 1, most + 1, u32::MAX] {
                assert_eq!(refused(|draft| set(draft, value)), [field], "{value}");
            }
        }
        assert!(refused(|draft| draft.password_days = 90).is_empty());
        assert_eq!(refused(|draft| draft.password_days = 3_651), ["password_days"]);
    }

    #[test]
    fn every_problem_is_named_at_once() {
        let found = refused(|draft| {
            draft.idle_minutes = 0;
            draft.failures = 101;
        });
        assert_eq!(found, ["idle_minutes", "failures"]);
    }

    #[test]
    fn more_failures_than_the_standard_allows_are_refused_by_its_name() {
        let draft = Draft { failures: 101, ..Draft::default() };
        let problems = Security::parse(draft).unwrap_err();
        assert!(problems[0].reason.contains("800-63B-4"), "{problems:?}");
    }

    #[test]
    fn each_lock_is_twice_as_long_as_the_one_before_up_to_a_day() {
        let security = Security::default();
        let minutes: Vec<i64> =
            [1, 2, 3, 7, 8, 50].map(|nth| security.lock(nth).as_mins()).to_vec();
        assert_eq!(minutes, [15, 30, 60, 960, 1_440, 1_440]);
    }

    #[test]
    fn a_second_factor_is_required_from_a_level_on() {
        let draft = Draft { factor_from: Some(Level::EventAdministrator), ..Draft::default() };
        let security = Security::parse(draft).unwrap();
        let required = Level::ALL.map(|level| security.factor_required(level));
        assert_eq!(required, [false, false, false, true, true]);
    }
}
