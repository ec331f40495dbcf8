//! What an item of a restored table is to us, told by the item alone.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use crate::deletion::rules::becomes;
use crate::dynamo::{Item, Key};
use crate::identity::Subject;
use crate::ids::{BookingId, DependentId, EventId, OrganizationId, PersonId};
use crate::ledger::{Entry, Fate, Forgotten};
use crate::retention::hold::On;
use crate::settings::Table;

/// What an item says of itself that a deletion may ask for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// Whose it is; the registry's entries are those of the organization that
    /// they lead to.
    pub(super) organization: Option<OrganizationId>,
    /// The participant whom it is about.
    pub(super) person: Option<PersonId>,
    /// The dependent whom it is about.
    pub(super) dependent: Option<DependentId>,
    /// The event that it is of.
    pub(super) event: Option<EventId>,
    /// When it was made, where it says so.
    pub(super) made: Option<Timestamp>,
    /// When what it is about begins.
    pub(super) starts: Option<Timestamp>,
    /// When what it is about is over.
    pub(super) ends: Option<Timestamp>,
    /// The booking or seat that it is.
    pub(super) booking: Option<BookingId>,
    /// Whether it is a notice that nobody waits for any more.
    pub(super) settled: bool,
}

pub(super) fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

pub(super) fn moment(item: &Item, name: &str) -> Option<Timestamp> {
    let seconds: i64 = item.get(name)?.as_n().ok()?.parse().ok()?;
    Timestamp::from_second(seconds).ok()
}

impl Facts {
    pub(super) fn of(table: Table, key: &Key, item: &Item) -> Self {
        let parts: Vec<&str> = key.pk.split('#').collect();
        let word = key.sk.split('#').next().unwrap_or_default();
        let second = parts.get(1).copied().unwrap_or_default();
        let organization = match OrganizationId::parse(parts[0]) {
            Some(id) => Some(id),
            None => text(item, "organization").and_then(OrganizationId::parse),
        };
        let mut facts = Self { organization, ..Self::default() };
        match (table, word) {
            (Table::Schedule, "booking" | "seat") => {
                facts.booking = BookingId::parse(second);
                facts.person = text(item, "person").and_then(PersonId::parse);
                facts.dependent = text(item, "dependent").and_then(DependentId::parse);
                facts.event = text(item, "event").and_then(EventId::parse);
                facts.made = moment(item, "made");
                facts.starts = moment(item, "start");
                facts.ends = moment(item, "end");
            }
            (Table::Schedule, "participant") => {
                facts.person = PersonId::parse(second);
                facts.made = moment(item, "proven");
                facts.ends = moment(item, "ends").or(facts.made);
            }
            (Table::Schedule, "agenda" | "tally" | "deletion") => {
                facts.person = PersonId::parse(second);
                facts.dependent = DependentId::parse(second);
            }
            (Table::Schedule, "dependent") if parts.len() == 2 && second == "dependents" => {
                facts.dependent = key.sk.split('#').nth(1).and_then(DependentId::parse);
                facts.made = moment(item, "made");
            }
            // Whom a participant has attached.
            (Table::Schedule, "dependent") => {
                facts.person = PersonId::parse(second);
                facts.dependent = key.sk.split('#').nth(1).and_then(DependentId::parse);
                facts.made = moment(item, "since");
            }
            (Table::Schedule, "identifier") => {
                facts.dependent = text(item, "dependent").and_then(DependentId::parse);
            }
            (Table::Mail, "notice") => {
                facts.made = moment(item, "since");
                facts.ends = moment(item, "end");
                facts.settled = !item.contains_key("owed_by");
                facts.booking = text(item, "booking").and_then(BookingId::parse);
                facts.person = text(item, "subject").and_then(participant);
            }
            (Table::Identity, _) => facts.person = participant(second),
            _ => {}
        }
        facts
    }

    /// Whether an entry of the ledger means this item.
    pub(super) fn meant_by(&self, entry: &Entry) -> bool {
        if self.organization != Some(entry.organization) {
            return false;
        }
        // What came later is not meant.
        let since_then = self.made.is_some_and(|made| made > entry.at);
        match entry.what {
            Forgotten::Organization => true,
            Forgotten::Person(person, _) => self.person == Some(person) && !since_then,
            // Their id never names anybody else: all that bears it is meant.
            Forgotten::Dependent(dependent, _) => self.dependent == Some(dependent),
            Forgotten::Bookings(before, _) => {
                self.booking.is_some() && self.ends.is_some_and(|ends| ends < before)
            }
            Forgotten::Contacts(before) => {
                self.person.is_some() && self.ends.is_some_and(|heard| heard < before)
            }
            Forgotten::Notices(before) => {
                self.settled && self.made.is_some_and(|since| since < before)
            }
        }
    }
}

impl Facts {
    /// What an entry that means a booking makes of it. What was still to come when
    /// somebody's deletion was asked for left no seat.
    pub(super) fn fate(&self, entry: &Entry) -> Option<Fate> {
        match entry.what {
            Forgotten::Person(_, fate) | Forgotten::Dependent(_, fate) => {
                Some(self.starts.map_or(fate, |start| becomes(fate, start, entry.at)))
            }
            Forgotten::Bookings(_, fate) => Some(fate),
            Forgotten::Contacts(_) | Forgotten::Notices(_) | Forgotten::Organization => None,
        }
    }

    /// Whether an entry left the item because of a hold. A night removed what was
    /// old enough, but for what was held; who holds that is told by `held`, which
    /// knows since when. What somebody asked to have deleted was asked for while
    /// nothing of it was held: no hold of later keeps it, for it was gone.
    pub(super) fn spared_by(&self, entry: &Entry, held: &Held) -> bool {
        let keeps = |on: On| held.stood(entry.organization, on, entry.ended);
        let person = || self.person.map(On::Person).is_some_and(keeps);
        match entry.what {
            Forgotten::Bookings(..) => {
                person()
                    || self.dependent.map(On::Dependent).is_some_and(keeps)
                    || self.event.map(On::Event).is_some_and(keeps)
            }
            Forgotten::Contacts(_) => person(),
            // Ids and times of mails: no hold keeps them.
            Forgotten::Notices(_)
            | Forgotten::Person(..)
            | Forgotten::Dependent(..)
            | Forgotten::Organization => false,
        }
    }
}

/// The holds that may have kept something from a night: those of the live tables
/// and those of the restored ones.
#[derive(Debug, Default)]
pub(super) struct Held(HashMap<(OrganizationId, On), Timestamp>);

impl Held {
    /// Notes a hold, with the earliest moment of those that are known.
    pub(super) fn note(&mut self, organization: OrganizationId, on: On, since: Timestamp) {
        let known = self.0.entry((organization, on)).or_insert(since);
        *known = since.min(*known);
    }

    /// Whether it was held when a night was over; one that did not end may have
    /// met any hold. A hold that was lifted since the backup counts, too: nobody
    /// can say whether that was before the night or after, and in doubt it keeps.
    fn stood(&self, organization: OrganizationId, on: On, ended: Option<Timestamp>) -> bool {
        let since = self.0.get(&(organization, on));
        since.is_some_and(|since| ended.is_none_or(|ended| *since <= ended))
    }
}

fn participant(subject: &str) -> Option<PersonId> {
    match Subject::parse(subject)? {
        Subject::Participant(person) => Some(person),
        Subject::Member(_) | Subject::SignUp(_) | Subject::Emergency(_) => None,
    }
}

/// What two copies of one item are to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Likeness {
    /// The same, byte for byte.
    Same,
    /// The live one was changed since, as its version or its kind says.
    Changed,
    /// They say that they are the same and are not, or the older is the live one.
    Unlike,
}

/// Holds a live item against its restored copy.
pub(super) fn likeness(table: Table, key: &Key, live: &Item, restored: &Item) -> Likeness {
    if live == restored {
        return Likeness::Same;
    }
    let version = |item: &Item| -> Option<i64> { item.get("version")?.as_n().ok()?.parse().ok() };
    match (version(restored), version(live)) {
        (Some(before), Some(now)) if now > before => Likeness::Changed,
        (Some(before), Some(now)) if now == before && only_sealed_anew(live, restored) => {
            Likeness::Changed
        }
        (Some(_), Some(_)) => Likeness::Unlike,
        _ if never_changes(table, key) => Likeness::Unlike,
        _ => Likeness::Changed,
    }
}

/// Whether nothing differs but a map that was sealed again under a newer key.
fn only_sealed_anew(live: &Item, restored: &Item) -> bool {
    let rest = |item: &Item| -> Item {
        let mut rest = item.clone();
        rest.remove("sealed");
        rest
    };
    // A sealed value begins with its format and the version of its key.
    let key = |item: &Item| match item.get("sealed") {
        Some(AttributeValue::B(bytes)) => bytes.as_ref().get(1).copied(),
        _ => None,
    };
    rest(live) == rest(restored) && key(live) > key(restored)
}

/// Kinds of items that are written once.
fn never_changes(table: Table, key: &Key) -> bool {
    match table {
        Table::Audit => true,
        Table::Schedule => key.sk == "seat",
        _ => false,
    }
}

/// What an item is called in counts: the first word of its sort key.
pub(super) fn sort(table: Table, key: &Key) -> String {
    match table {
        Table::Audit if key.pk.contains("#checkpoint") => "checkpoint".to_owned(),
        Table::Audit => "record".to_owned(),
        _ => key.sk.split('#').next().unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::DeletionId;
    use crate::ledger::Fate;

    const ORGANIZATION: OrganizationId = OrganizationId::from_bytes([1; 16]);
    const PERSON: PersonId = PersonId::from_bytes([2; 16]);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn entry(what: Forgotten) -> Entry {
        Entry {
            id: DeletionId::from_bytes([9; 16]),
            organization: ORGANIZATION,
            what,
            at: at(1_000),
            ended: None,
            certificate: None,
        }
    }

    #[test]
    fn a_night_spares_what_was_held_when_it_was_over_and_a_deletion_nothing() {
        let (key, mut item) = booking(900, 5_000);
        let event = EventId::from_bytes([6; 16]);
        item.insert("event".into(), AttributeValue::S(event.to_string()));
        let facts = Facts::of(Table::Schedule, &key, &item);
        let night =
            Entry { ended: Some(at(2_000)), ..entry(Forgotten::Bookings(at(5_001), Fate::Seats)) };
        for on in [On::Person(PERSON), On::Event(event)] {
            for (since, spared) in [(1_999, true), (2_000, true), (2_001, false)] {
                let mut held = Held::default();
                held.note(ORGANIZATION, on, at(since));
                assert_eq!(facts.spared_by(&night, &held), spared, "{since}");
                // One that never ended may have met any hold.
                let going_on = Entry { ended: None, ..night.clone() };
                assert!(facts.spared_by(&going_on, &held));
                let asked = entry(Forgotten::Person(PERSON, Fate::Seats));
                assert!(!facts.spared_by(&asked, &held));
            }
        }
        let mut elsewhere = Held::default();
        elsewhere.note(OrganizationId::from_bytes([8; 16]), On::Person(PERSON), at(1));
        assert!(!facts.spared_by(&night, &elsewhere));
    }

    #[test]
    fn what_was_still_to_come_when_it_was_asked_for_leaves_no_seat() {
        for (start, becomes) in [(1_001, Fate::Removed), (1_000, Fate::Seats)] {
            let (key, mut item) = booking(900, 5_000);
            item.insert("start".into(), AttributeValue::N(start.to_string()));
            let facts = Facts::of(Table::Schedule, &key, &item);
            let fate = |what| facts.fate(&entry(what));
            assert_eq!(fate(Forgotten::Person(PERSON, Fate::Seats)), Some(becomes));
            // A night means what has ended.
            assert_eq!(fate(Forgotten::Bookings(at(5_001), Fate::Seats)), Some(Fate::Seats));
        }
    }

    fn booking(made: i64, end: i64) -> (Key, Item) {
        let key = Key::booking(ORGANIZATION, BookingId::from_bytes([3; 16]));
        let number = |value: i64| AttributeValue::N(value.to_string());
        let mut item = key.to_item();
        item.insert("person".into(), AttributeValue::S(PERSON.to_string()));
        item.insert("made".into(), number(made));
        item.insert("end".into(), number(end));
        item.insert("version".into(), number(2));
        (key, item)
    }

    #[test]
    fn a_deletion_means_what_was_there_and_not_what_came_later() {
        let gone = entry(Forgotten::Person(PERSON, Fate::Removed));
        for (made, meant) in [(900, true), (1_100, false)] {
            let (key, item) = booking(made, 5_000);
            assert_eq!(Facts::of(Table::Schedule, &key, &item).meant_by(&gone), meant);
        }
        let (key, item) = booking(900, 5_000);
        let facts = Facts::of(Table::Schedule, &key, &item);
        let other = entry(Forgotten::Person(PersonId::from_bytes([7; 16]), Fate::Removed));
        assert!(!facts.meant_by(&other));
        assert!(facts.meant_by(&entry(Forgotten::Organization)));
        assert!(facts.meant_by(&entry(Forgotten::Bookings(at(5_001), Fate::Seats))));
        assert!(!facts.meant_by(&entry(Forgotten::Bookings(at(5_000), Fate::Seats))));
        let elsewhere = Entry {
            organization: OrganizationId::from_bytes([8; 16]),
            ..entry(Forgotten::Organization)
        };
        assert!(!facts.meant_by(&elsewhere));
    }

    #[test]
    fn the_same_version_must_be_the_same_bytes() {
        let (key, item) = booking(900, 5_000);
        let with = |name: &str, value: i64| {
            let mut other = item.clone();
            other.insert(name.into(), AttributeValue::N(value.to_string()));
            other
        };
        let alike = |live: &Item| likeness(Table::Schedule, &key, live, &item);
        assert_eq!(alike(&item), Likeness::Same);
        assert_eq!(alike(&with("end", 6_000)), Likeness::Unlike);
        assert_eq!(alike(&with("version", 3)), Likeness::Changed);
        assert_eq!(alike(&with("version", 1)), Likeness::Unlike);
        let audit = likeness(Table::Audit, &key, &with("end", 1), &item);
        assert_eq!(audit, Likeness::Unlike);
    }

    #[test]
    fn what_was_only_sealed_anew_is_changed_and_not_unlike() {
        let (key, item) = booking(900, 5_000);
        let sealed = |version: u8| {
            let bytes = aws_sdk_dynamodb::primitives::Blob::new(vec![1, version, 7]);
            let mut other = item.clone();
            other.insert("sealed".into(), AttributeValue::B(bytes));
            other
        };
        let alike = |live: u8, restored: u8| {
            likeness(Table::Schedule, &key, &sealed(live), &sealed(restored))
        };
        assert_eq!(alike(2, 1), Likeness::Changed);
        assert_eq!(alike(1, 2), Likeness::Unlike);
    }
}
