//! When an organization is erased, and where traces of it stay until when.

use jiff::{SignedDuration, Timestamp};

use crate::certificate::Trace;
use crate::organization::{Organization, State};

/// How long an erasure waits, so that it can be taken back: three days, over a
/// weekend.
pub const WAIT: SignedDuration = SignedDuration::from_hours(72);
/// How long after the organization ceased to exist its items are looked for
/// once more. Longer than any function runs and than an unwrapped key stays in
/// memory: nobody who had begun before can still write afterwards.
pub const QUIET: SignedDuration = SignedDuration::from_mins(6);
/// How long nobody else can have the organization's name in addresses. Its
/// links stand in mails, calendars and on paper; longer than two school years.
pub const NAME_KEPT: SignedDuration = SignedDuration::from_hours(800 * 24);

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Why an organization is not erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// It is the operator's own.
    #[error("This organization keeps the service itself. It cannot be deleted.")]
    Operator,
    /// Somebody stopped the removal of some of its data.
    #[error(
        "The removal of some data is stopped by a hold. Lift every hold first, or ask whoever placed it."
    )]
    Held,
    /// It may not be reached, so that nobody could have taken it back.
    #[error("The organization is suspended.")]
    Suspended,
}

/// Whether an organization may be erased; `held` is whether a legal hold stands.
///
/// # Errors
/// [`Obstacle`] says why not.
pub fn may_be_erased(organization: &Organization, held: bool) -> Result<(), Obstacle> {
    if organization.is_operator() {
        return Err(Obstacle::Operator);
    }
    if organization.state != State::Active {
        return Err(Obstacle::Suspended);
    }
    if held { Err(Obstacle::Held) } else { Ok(()) }
}

/// Whether an erasure that is due then can still be taken back.
#[must_use]
pub fn can_be_taken_back(due: Timestamp, now: Timestamp) -> bool {
    now < due
}

/// Where traces of an erased organization may be, and until when: its key was
/// destroyed and its last item removed at these moments. Where it had a KMS key
/// of its own, KMS deletes that at the third, or up to a day later.
#[must_use]
pub fn traces(
    key_destroyed: Timestamp,
    done: Timestamp,
    own_key_gone: Option<Timestamp>,
) -> Vec<Trace> {
    let sealed = "What people said about themselves, sealed under the destroyed key: nobody can read it. \
                  Readable to the operator: the organization's name and notice, events, times and ids";
    let after = |place: &str, what: &str, from: Timestamp, days: i32| Trace {
        place: place.to_owned(),
        what: what.to_owned(),
        gone_by: from.checked_add(DAY * days).ok(),
    };
    let elsewhere = |place: &str, what: &str| Trace {
        place: place.to_owned(),
        what: what.to_owned(),
        gone_by: None,
    };
    let own_key = own_key_gone.map(|gone| {
        after(
            "The organization's own KMS key",
            "It opens nothing and waits to be deleted: until then the operator could call that off",
            gone,
            1,
        )
    });
    let mut traces = vec![
        after("Tables Schedule, Identity, Session and Mail", "Nothing", done, 0),
        after("Table OrganizationKeys", "Nothing", key_destroyed, 0),
        after(
            "Point-in-time recovery of OrganizationKeys",
            "The wrapped key: until then the operator could recover it, afterwards nobody can",
            key_destroyed,
            7,
        ),
        after("Streams of the tables", "Keys of items that were removed: ids and times", done, 1),
        after("Nightly backups", sealed, done, 35),
        after("Point-in-time recovery of the other tables", sealed, done, 35),
        after("The provider's backup vault", sealed, done, 35),
        after("Dead letters", "Ids of notices and records", done, 14),
        after("Traces of the functions", "Times and names of operations", done, 30),
        after("Logs of the functions", "Ids and times", done, 365),
        after(
            "Access log",
            "Routes, results and times, no paths: nothing that tells whose",
            done,
            365,
        ),
        after("Table Run", "That the organization was erased: ids, times and counts", done, 400),
        after(
            "The organization's name in addresses",
            "A keyed hash, so that nobody else takes the name over",
            key_destroyed,
            800,
        ),
        after(
            "Audit records",
            "Ids and keyed hashes whose key is destroyed, as the law asks for six years",
            done,
            6 * 366,
        ),
        elsewhere(
            "The ledger of deletions",
            "Ids, times and this certificate: it stays, so that a restore deletes again",
        ),
        elsewhere(
            "Mail that was sent",
            "It lies with its recipients; Amazon SES keeps no text of it",
        ),
        elsewhere(
            "CloudTrail",
            "The organization's id beside uses of its key, for as long as the operator keeps the trail",
        ),
    ];
    traces.extend(own_key);
    traces
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::ids::OrganizationId;
    use crate::organization::{PolicyVersion, WebName};
    use crate::time::Zone;

    fn school(web_name: WebName, state: State) -> Organization {
        Organization {
            id: OrganizationId::from_bytes([1; 16]),
            web_name,
            name: "A school".into(),
            zone: Zone::parse("Europe/Berlin").unwrap(),
            state,
            privacy: PolicyVersion { version: 1, effective: date(2026, 1, 1), text: String::new() },
        }
    }

    #[test]
    fn the_operators_own_a_suspended_and_a_held_organization_are_not_erased() {
        let name = || WebName::parse("north-school").unwrap();
        assert_eq!(may_be_erased(&school(name(), State::Active), false), Ok(()));
        assert_eq!(may_be_erased(&school(name(), State::Active), true), Err(Obstacle::Held));
        for state in [State::Awaiting, State::Suspended, State::Erased] {
            assert_eq!(may_be_erased(&school(name(), state), false), Err(Obstacle::Suspended));
        }
        let operator = school(WebName::operator(), State::Active);
        assert_eq!(may_be_erased(&operator, false), Err(Obstacle::Operator));
    }

    #[test]
    fn it_can_be_taken_back_to_the_second() {
        let due: Timestamp = "2026-12-03T12:00:00Z".parse().unwrap();
        assert!(can_be_taken_back(due, due - SignedDuration::from_secs(1)));
        assert!(!can_be_taken_back(due, due));
    }

    #[test]
    fn each_place_is_named_once_and_none_outlasts_the_six_years_but_what_has_no_date() {
        let done: Timestamp = "2026-12-03T12:00:00Z".parse().unwrap();
        let traces = traces(done, done, Some(done));
        let mut places: Vec<&str> = traces.iter().map(|trace| trace.place.as_str()).collect();
        places.sort_unstable();
        let count = places.len();
        places.dedup();
        assert_eq!(places.len(), count);
        let last = traces.iter().filter_map(|trace| trace.gone_by).max().unwrap();
        assert_eq!(last, done + crate::audit::KEPT);
        let key = traces.iter().find(|trace| trace.place.contains("recovery of Organ")).unwrap();
        assert_eq!(key.gone_by, Some(done + DAY * 7));
    }
}
