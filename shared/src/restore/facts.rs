//! What an item of a restored table is to us, told by the item alone.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use crate::dynamo::{Item, Key};
use crate::identity::Subject;
use crate::ids::{BookingId, DependentId, OrganizationId, PersonId};
use crate::ledger::{Entry, Forgotten};
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
    /// When it was made, where it says so.
    pub(super) made: Option<Timestamp>,
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
                facts.made = moment(item, "made");
                facts.ends = moment(item, "end");
            }
            (Table::Schedule, "participant") => {
                facts.person = PersonId::parse(second);
                facts.made = moment(item, "proven");
                facts.ends = moment(item, "ends").or(facts.made);
            }
            (Table::Schedule, "agenda" | "tally") => {
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
            Forgotten::Dependent(dependent, _) => self.dependent == Some(dependent) && !since_then,
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
