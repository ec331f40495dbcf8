//! When a session is over, and what it is good for.

use jiff::{SignedDuration, Timestamp};

use super::{Session, Waiting};
use crate::identity::security::Security;
use crate::identity::subject::Subject;

/// How long who has signed in only half has to finish.
pub const HALF: SignedDuration = SignedDuration::from_mins(10);
/// How long a session lasts that the emergency code opened.
pub const EMERGENCY: SignedDuration = SignedDuration::from_hours(1);
/// How long a full proof of who somebody is counts as fresh.
pub const FRESH: SignedDuration = SignedDuration::from_mins(10);

/// How long a session may last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Without a request.
    pub idle: SignedDuration,
    /// In all.
    pub absolute: SignedDuration,
}

impl Limits {
    /// What the settings of now allow a subject.
    #[must_use]
    pub fn of(security: &Security, subject: Subject) -> Self {
        let absolute = security.longest_session();
        Self {
            idle: security.idle(),
            absolute: match subject {
                Subject::Emergency(_) => absolute.min(EMERGENCY),
                Subject::Member(_) | Subject::Participant(_) | Subject::SignUp(_) => absolute,
            },
        }
    }

    /// The shorter of each: for who works in two organizations at once.
    #[must_use]
    pub fn shorter(self, other: Self) -> Self {
        Self { idle: self.idle.min(other.idle), absolute: self.absolute.min(other.absolute) }
    }

    /// How long a session may last in all, finished or half.
    #[must_use]
    pub fn in_all(self, waiting: Option<Waiting>) -> SignedDuration {
        match waiting {
            None => self.absolute,
            Some(_) => self.absolute.min(HALF),
        }
    }
}

impl Session {
    /// The moment at which it ends if nothing more is asked. At that second it
    /// is over.
    #[must_use]
    pub fn ends(&self, limits: Limits) -> Timestamp {
        (self.seen + limits.idle).min(self.ends_in_any_case(limits))
    }

    /// The moment at which it ends whatever is asked.
    #[must_use]
    pub fn ends_in_any_case(&self, limits: Limits) -> Timestamp {
        self.begun + limits.in_all(self.waiting)
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_over(&self, limits: Limits, now: Timestamp) -> bool {
        self.left(limits, now) == SignedDuration::ZERO
    }

    /// How long it lasts if nothing more is asked, in whole seconds.
    #[must_use]
    pub fn left(&self, limits: Limits, now: Timestamp) -> SignedDuration {
        // Items hold whole seconds; the rest of the present one has passed.
        let left = self.ends(limits).as_second() - now.as_second();
        SignedDuration::from_secs(left.max(0))
    }

    /// Whether its owner proved in full who they are within the last ten
    /// minutes. Changing factors, an address or who may help, and deleting,
    /// need that. A half session is never fresh.
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        self.waiting.is_none() && now.as_second() - self.fresh.as_second() < FRESH.as_secs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::security::Draft;
    use crate::identity::session::{How, SessionId};
    use crate::ids::{EmergencyId, MemberId};

    const MEMBER: Subject = Subject::Member(MemberId::from_bytes([1; 16]));

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn session() -> Session {
        Session {
            id: SessionId([1; 16]),
            subject: MEMBER,
            begun: at(0),
            seen: at(0),
            epoch: 1,
            network: [0; 16],
            browser: String::new(),
            fresh: at(0),
            how: vec![How::Password],
            waiting: None,
        }
    }

    #[test]
    fn a_session_is_good_until_the_second_before_its_idle_time() {
        let limits = Limits::of(&Security::default(), MEMBER);
        assert!(!session().is_over(limits, at(899)));
        assert!(session().is_over(limits, at(900)));
        assert_eq!(session().left(limits, at(899)), SignedDuration::from_secs(1));
        assert_eq!(session().left(limits, at(5_000)), SignedDuration::ZERO);
        // The rest of a second counts as passed, as where it is stored.
        let late = at(899) + SignedDuration::from_millis(900);
        assert_eq!(session().left(limits, late), SignedDuration::from_secs(1));
    }

    #[test]
    fn a_session_in_use_ends_after_its_longest_time() {
        let limits = Limits::of(&Security::default(), MEMBER);
        let twelve = 12 * 3_600;
        let busy = Session { seen: at(twelve - 1), ..session() };
        assert!(!busy.is_over(limits, at(twelve - 1)));
        assert!(busy.is_over(limits, at(twelve)));
        assert_eq!(busy.ends(limits), busy.ends_in_any_case(limits));
    }

    #[test]
    fn shorter_settings_end_sessions_that_have_begun() {
        let short = Draft { idle_minutes: 5, ..Draft::default() };
        let limits = Limits::of(&Security::parse(short).unwrap(), MEMBER);
        assert!(session().is_over(limits, at(300)));
        let both = limits.shorter(Limits::of(&Security::default(), MEMBER));
        assert_eq!(both, limits);
    }

    #[test]
    fn a_half_session_has_ten_minutes_and_is_never_fresh() {
        let wide = Draft { idle_minutes: 60, ..Draft::default() };
        let limits = Limits::of(&Security::parse(wide).unwrap(), MEMBER);
        let half = Session { waiting: Some(Waiting::Factor), seen: at(599), ..session() };
        assert!(!half.is_over(limits, at(599)));
        assert!(half.is_over(limits, at(600)));
        assert!(!half.is_fresh(at(0)));
    }

    #[test]
    fn an_emergency_lasts_an_hour_however_busy() {
        let subject = Subject::Emergency(EmergencyId::from_bytes([1; 16]));
        let limits = Limits::of(&Security::default(), subject);
        let busy = Session { subject, seen: at(3_599), ..session() };
        assert!(!busy.is_over(limits, at(3_599)));
        assert!(busy.is_over(limits, at(3_600)));
    }

    #[test]
    fn a_proof_is_fresh_for_ten_minutes() {
        assert!(session().is_fresh(at(599)));
        assert!(!session().is_fresh(at(600)));
    }
}
