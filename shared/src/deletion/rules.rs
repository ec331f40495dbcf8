//! What a deletion means, what stands in its way, and where traces stay.

use jiff::{SignedDuration, Timestamp};

use crate::audit::About;
use crate::booking::State;
use crate::certificate::Trace;
use crate::ids::{DependentId, PersonId};
use crate::ledger::{Fate, Forgotten};
use crate::participant::AgendaOf;
use crate::retention::hold::On;

/// How long after it was asked for a person's data is looked for once more.
/// Longer than any request runs and than an index lags behind its table: nobody
/// who had begun before can still write afterwards.
pub const QUIET: SignedDuration = SignedDuration::from_mins(1);

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Whose data a deletion is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    /// A participant: all that was there when it was asked for.
    Person(PersonId),
    /// A dependent: all of it, since their id never names anybody else and
    /// nobody can book for them from then on.
    Dependent(DependentId),
}

impl Whom {
    /// How the certificate calls them.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Person(_) => "person",
            Self::Dependent(_) => "dependent",
        }
    }

    /// Their id as text.
    #[must_use]
    pub fn id(self) -> String {
        AgendaOf::from(self).to_string()
    }

    /// What the ledger writes down.
    #[must_use]
    pub const fn forgotten(self, fate: Fate) -> Forgotten {
        match self {
            Self::Person(person) => Forgotten::Person(person, fate),
            Self::Dependent(dependent) => Forgotten::Dependent(dependent, fate),
        }
    }

    /// What records of it are about.
    #[must_use]
    pub const fn about(self) -> About {
        match self {
            Self::Person(person) => About::Person(person),
            Self::Dependent(dependent) => About::Dependent(dependent),
        }
    }

    /// The hold that keeps them, and what is booked by or for them.
    #[must_use]
    pub const fn hold(self) -> On {
        match self {
            Self::Person(person) => On::Person(person),
            Self::Dependent(dependent) => On::Dependent(dependent),
        }
    }

    /// What a hold that stands is to their deletion.
    #[must_use]
    pub fn obstacle(self, held: On) -> Obstacle {
        match held {
            own if own == self.hold() => Obstacle::Own,
            On::Person(_) => Obstacle::Guardian,
            On::Dependent(_) => Obstacle::Dependent,
            On::Event(_) => Obstacle::Event,
        }
    }

    /// Whether something that was made then is meant.
    #[must_use]
    pub fn means(self, made: Timestamp, asked: Timestamp) -> bool {
        match self {
            Self::Person(_) => is_meant(made, asked),
            Self::Dependent(_) => true,
        }
    }
}

impl From<Whom> for AgendaOf {
    fn from(whom: Whom) -> Self {
        match whom {
            Whom::Person(person) => Self::Person(person),
            Whom::Dependent(dependent) => Self::Dependent(dependent),
        }
    }
}

/// Why somebody's data is not deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// Their data is held.
    #[error(
        "This data is under a legal hold and must not be deleted now. The organization can say why, and lift the hold."
    )]
    Own,
    /// Somebody who booked for them is held.
    #[error(
        "Data of somebody who booked these appointments is under a legal hold and must not be deleted now. The organization can say why, and lift the hold."
    )]
    Guardian,
    /// Somebody they booked for is held.
    #[error(
        "Data of somebody whom these appointments are for is under a legal hold and must not be deleted now. The organization can say why, and lift the hold."
    )]
    Dependent,
    /// An event they booked at is held.
    #[error(
        "An event of these appointments is under a legal hold, and nothing of it must be deleted now. The organization can say why, and lift the hold."
    )]
    Event,
}

/// What becomes of a booking: what was still to come when the deletion was
/// asked for is cancelled, and its seat is free.
#[must_use]
pub fn becomes(chosen: Fate, start: Timestamp, asked: Timestamp) -> Fate {
    if start > asked { Fate::Removed } else { chosen }
}

/// What a dependent's deletion does to something that was booked for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guardians {
    /// It is cancelled and stays its guardian's, who is told, without the
    /// dependent.
    Cancelled,
    /// It was cancelled before. It goes at the last look: until then the mail
    /// that says so can still be on its way.
    Later,
    /// It goes like this.
    Goes(Fate),
}

/// What becomes of something that was booked for a dependent.
#[must_use]
pub fn of_guardian(
    state: State,
    chosen: Fate,
    start: Timestamp,
    asked: Timestamp,
    last: bool,
) -> Guardians {
    match state {
        State::Booked if start > asked => Guardians::Cancelled,
        State::Cancelled if !last => Guardians::Later,
        State::Booked | State::Held(_) | State::Cancelled | State::Lapsed => {
            Guardians::Goes(becomes(chosen, start, asked))
        }
    }
}

/// Whether something that was made then is meant: it was there.
#[must_use]
pub fn is_meant(made: Timestamp, asked: Timestamp) -> bool {
    made.as_second() <= asked.as_second()
}

/// Whether it is time to look for the last time.
#[must_use]
pub fn is_quiet(asked: Timestamp, now: Timestamp) -> bool {
    now >= asked + QUIET
}

/// Where traces of a deleted person may be, and until when.
#[must_use]
pub fn traces(done: Timestamp) -> Vec<Trace> {
    let sealed = "What the person said, sealed under the organization's key; after any restore \
                  the ledger deletes it again";
    let after = |place: &str, what: &str, days: i32| Trace {
        place: place.to_owned(),
        what: what.to_owned(),
        gone_by: done.checked_add(DAY * days).ok(),
    };
    let elsewhere = |place: &str, what: &str| Trace {
        place: place.to_owned(),
        what: what.to_owned(),
        gone_by: None,
    };
    vec![
        after("Tables Schedule, Identity, Session and Mail", "Nothing", 0),
        after("Streams of the tables", "Keys of items that were removed: ids and times", 1),
        after("Counters against guessing", "Keyed hashes", 2),
        after("Dead letters", "Ids of notices and records", 14),
        after("Traces of the functions", "Times and names of operations", 30),
        after("Nightly backups", sealed, 35),
        after("Point-in-time recovery", sealed, 35),
        after("The provider's backup vault", sealed, 35),
        after("Logs of the functions", "Ids and times", 365),
        after("Table Run", "That the person was deleted: ids, times and counts", 400),
        after(
            "Audit records",
            "Who did what, by ids and keyed hashes, as the law asks for six years",
            6 * 366,
        ),
        elsewhere(
            "The ledger of deletions",
            "Ids, times and this certificate: it stays, so that a restore deletes again",
        ),
        elsewhere(
            "Mail that was sent",
            "It lies with its recipient; Amazon SES keeps no text of it",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn what_is_still_to_come_leaves_no_seat_and_what_has_begun_becomes_what_was_chosen() {
        let asked = at(1_000);
        for chosen in [Fate::Removed, Fate::Seats] {
            assert_eq!(becomes(chosen, at(1_001), asked), Fate::Removed);
            assert_eq!(becomes(chosen, asked, asked), chosen);
            assert_eq!(becomes(chosen, at(1), asked), chosen);
        }
    }

    #[test]
    fn what_is_to_come_for_a_dependent_is_cancelled_and_told_and_the_rest_goes() {
        let becomes =
            |state, start, last| of_guardian(state, Fate::Seats, at(start), at(1_000), last);
        assert_eq!(becomes(State::Booked, 1_001, false), Guardians::Cancelled);
        assert_eq!(becomes(State::Booked, 1_000, false), Guardians::Goes(Fate::Seats));
        assert_eq!(becomes(State::Cancelled, 1_001, false), Guardians::Later);
        assert_eq!(becomes(State::Cancelled, 1_001, true), Guardians::Goes(Fate::Removed));
    }

    #[test]
    fn a_dependent_is_meant_whenever_it_was_and_a_person_as_they_were() {
        let (person, dependent) = (PersonId::from_bytes([1; 16]), DependentId::from_bytes([2; 16]));
        assert!(!Whom::Person(person).means(at(1_001), at(1_000)));
        assert!(Whom::Dependent(dependent).means(at(1_001), at(1_000)));
        let of_person = |on| Whom::Person(person).obstacle(on);
        assert_eq!(of_person(On::Person(person)), Obstacle::Own);
        assert_eq!(of_person(On::Dependent(dependent)), Obstacle::Dependent);
        let of_dependent = |on| Whom::Dependent(dependent).obstacle(on);
        assert_eq!(of_dependent(On::Dependent(dependent)), Obstacle::Own);
        assert_eq!(of_dependent(On::Person(person)), Obstacle::Guardian);
    }

    #[test]
    fn what_came_later_is_not_meant() {
        assert!(is_meant(at(999), at(1_000)) && is_meant(at(1_000), at(1_000)));
        assert!(!is_meant(at(1_001), at(1_000)));
        assert!(!is_quiet(at(1_000), at(1_059)) && is_quiet(at(1_000), at(1_060)));
    }

    #[test]
    fn each_place_is_named_once_and_backups_are_gone_after_35_days() {
        let traces = traces(at(0));
        let mut places: Vec<&str> = traces.iter().map(|trace| trace.place.as_str()).collect();
        places.sort_unstable();
        let count = places.len();
        places.dedup();
        assert_eq!(places.len(), count);
        let backups = traces.iter().find(|trace| trace.place == "Nightly backups").unwrap();
        assert_eq!(backups.gone_by, Some(at(35 * 24 * 60 * 60)));
    }
}
