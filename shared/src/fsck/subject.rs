//! What an item is, told by its key alone.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::dynamo::{Item, Key, keys};
use crate::identity::Subject as Who;
use crate::ids::{
    self, BookingId, DependentId, EventId, MemberId, NoticeId, OrganizationId, PersonId, ResourceId,
};
use crate::organization::WebName;
use crate::retention::hold::On;
use crate::settings::{self, Tables};

/// A table whose items are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Table {
    /// Organizations, events, resources, slots, bookings, agendas, participants.
    Schedule,
    /// Notices.
    Mail,
    /// Members, the usernames that lead to them, what they sign in with.
    Identity,
}

impl Table {
    /// What the table is, whatever this deployment calls it.
    pub(super) const fn what(self) -> settings::Table {
        match self {
            Self::Schedule => settings::Table::Schedule,
            Self::Mail => settings::Table::Mail,
            Self::Identity => settings::Table::Identity,
        }
    }

    /// The table's name in this deployment.
    pub(super) fn name(self, tables: &Tables) -> &str {
        match self {
            Self::Schedule => &tables.schedule,
            Self::Mail => &tables.mail,
            Self::Identity => &tables.identity,
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Schedule => "Schedule",
            Self::Mail => "Mail",
            Self::Identity => "Identity",
        })
    }
}

/// What kind of item lies under a key, with the ids that the key carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sort {
    Name(WebName),
    Organization(OrganizationId),
    Event(OrganizationId),
    Resource(OrganizationId),
    Slot(OrganizationId, EventId),
    Booking(OrganizationId, BookingId),
    Seat(OrganizationId, BookingId),
    Participant(OrganizationId, PersonId),
    /// A participant's or a dependent's: the key does not say which.
    Agenda(OrganizationId, [u8; 16], Date),
    Tally(OrganizationId, PersonId, EventId),
    Dependent(OrganizationId, DependentId),
    Identifier(OrganizationId, [u8; 16]),
    Attached(OrganizationId, DependentId),
    Notice(OrganizationId, NoticeId),
    Member(OrganizationId, MemberId),
    Username(OrganizationId, [u8; 16]),
    Administrators(OrganizationId),
    /// A password, a second factor, a setting, a grant, a review or the canary
    /// of a key: nothing else names it, so only its key and its organization are
    /// looked at.
    Alone(OrganizationId),
    /// A name that an erased organization had: nobody's.
    Retired,
    Unknown,
}

impl Sort {
    /// The sort that a key of `table` says.
    pub(super) fn of(table: Table, key: &Key) -> Self {
        let sort = match table {
            Table::Schedule => Self::in_schedule(key),
            Table::Mail => Self::in_mail(key),
            Table::Identity => Self::in_identity(key),
        };
        sort.unwrap_or(Self::Unknown)
    }

    fn in_schedule(key: &Key) -> Option<Self> {
        if key.pk == keys::registry() {
            if let Some(name) = key.sk.strip_prefix("retired-name#") {
                return ids::from_text::<16>(name).map(|_| Self::Retired);
            }
            let name = key.sk.strip_prefix("organization#")?;
            return WebName::of_organization(name).ok().map(Self::Name);
        }
        let mut parts = key.pk.split('#');
        let organization = OrganizationId::parse(parts.next()?)?;
        let parts: Vec<&str> = parts.collect();
        let (word, id) = match key.sk.split_once('#') {
            Some((word, id)) => (word, Some(id)),
            None => (key.sk.as_str(), None),
        };
        let sort = match (parts.as_slice(), word, id) {
            ([], "organization", None) => Self::Organization(organization),
            ([], "erasure", None) => Self::Alone(organization),
            // Opened every night by the backup, with a fresh key.
            ([], "canary", None) => Self::Alone(organization),
            ([], "event", Some(event)) => {
                EventId::parse(event)?;
                Self::Event(organization)
            }
            ([event], "resource", Some(resource)) => {
                EventId::parse(event)?;
                ResourceId::parse(resource)?;
                Self::Resource(organization)
            }
            // Whether the rest of its key fits is seen when the slot is read.
            ([event, _, _], "slot", Some(_)) => Self::Slot(organization, EventId::parse(event)?),
            ([], "retention", None) => Self::Alone(organization),
            (["holds"], "hold", Some(held)) => {
                let (word, id) = held.split_once('#')?;
                On::parse(word, id)?;
                Self::Alone(organization)
            }
            ([booking], "booking", None) => Self::Booking(organization, BookingId::parse(booking)?),
            ([booking], "seat", None) => Self::Seat(organization, BookingId::parse(booking)?),
            ([person], "participant", None) => {
                Self::Participant(organization, PersonId::parse(person)?)
            }
            ([person], "agenda", Some(text)) => {
                let day: Date = text.parse().ok()?;
                if day.to_string() != text {
                    return None;
                }
                Self::Agenda(organization, ids::from_text(person)?, day)
            }
            (["dependents"], "dependent", Some(dependent)) => {
                Self::Dependent(organization, DependentId::parse(dependent)?)
            }
            (["identifier", index], "identifier", None) => {
                Self::Identifier(organization, ids::from_text(index)?)
            }
            // The deletion of their data that is under way.
            ([whose], "deletion", None) => {
                ids::from_text::<16>(whose)?;
                Self::Alone(organization)
            }
            ([person], "dependent", Some(dependent)) => {
                PersonId::parse(person)?;
                Self::Attached(organization, DependentId::parse(dependent)?)
            }
            ([person], "tally", Some(event)) => {
                Self::Tally(organization, PersonId::parse(person)?, EventId::parse(event)?)
            }
            _ => return None,
        };
        Some(sort)
    }

    fn in_mail(key: &Key) -> Option<Self> {
        let (organization, notice) = crate::notice::store::named_by(key)?;
        Some(Self::Notice(organization, notice))
    }

    fn in_identity(key: &Key) -> Option<Self> {
        let mut parts = key.pk.split('#');
        let organization = OrganizationId::parse(parts.next()?)?;
        let parts: Vec<&str> = parts.collect();
        let (word, id) = match key.sk.split_once('#') {
            Some((word, id)) => (word, Some(id)),
            None => (key.sk.as_str(), None),
        };
        let sort = match (parts.as_slice(), word, id) {
            ([], "member", Some(member)) => Self::Member(organization, MemberId::parse(member)?),
            ([], "administrators", None) => Self::Administrators(organization),
            (["username", index], "username", None) => {
                Self::Username(organization, ids::from_text(index)?)
            }
            ([], "security" | "emergency", None) => Self::Alone(organization),
            ([], "support" | "former-support" | "review", Some(id)) => {
                ids::from_text::<16>(id)?;
                Self::Alone(organization)
            }
            ([subject], "password" | "codes", None) => {
                Who::parse(subject)?;
                Self::Alone(organization)
            }
            ([subject], "passkey", Some(index)) => {
                Who::parse(subject)?;
                ids::from_text::<16>(index)?;
                Self::Alone(organization)
            }
            _ => return None,
        };
        Some(sort)
    }

    /// Whose item it is; the registry is the operator's.
    pub(super) const fn organization(&self) -> Option<OrganizationId> {
        match self {
            Self::Organization(organization)
            | Self::Event(organization)
            | Self::Resource(organization)
            | Self::Slot(organization, _)
            | Self::Booking(organization, _)
            | Self::Seat(organization, _)
            | Self::Participant(organization, _)
            | Self::Agenda(organization, _, _)
            | Self::Tally(organization, _, _)
            | Self::Dependent(organization, _)
            | Self::Identifier(organization, _)
            | Self::Attached(organization, _)
            | Self::Notice(organization, _)
            | Self::Member(organization, _)
            | Self::Username(organization, _)
            | Self::Administrators(organization)
            | Self::Alone(organization) => Some(*organization),
            Self::Name(_) | Self::Retired | Self::Unknown => None,
        }
    }

    /// What several of them are called.
    pub(super) const fn plural(&self) -> &'static str {
        match self {
            Self::Name(_) => "names",
            Self::Retired => "names of erased organizations",
            Self::Organization(_) => "organizations",
            Self::Event(_) => "events",
            Self::Resource(_) => "resources",
            Self::Slot(..) => "slots",
            Self::Booking(..) => "bookings",
            Self::Seat(..) => "seats",
            Self::Participant(..) => "participants",
            Self::Agenda(..) => "agendas",
            Self::Tally(..) => "tallies",
            Self::Dependent(..) => "dependents",
            Self::Identifier(..) => "identifiers",
            Self::Attached(..) => "attachments",
            Self::Notice(..) => "notices",
            Self::Member(..) => "members",
            Self::Username(..) => "usernames",
            Self::Administrators(_) => "counts of administrators",
            Self::Alone(_) => "credentials and settings",
            Self::Unknown => "unknown items",
        }
    }
}

/// An item with what its key says about it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Subject {
    pub(super) table: Table,
    pub(super) key: Key,
    pub(super) sort: Sort,
    pub(super) item: Item,
}

impl Subject {
    /// `None` for an item without a key, which no table can hold.
    pub(super) fn new(table: Table, item: Item) -> Option<Self> {
        let key = Key::of(&item)?;
        Some(Self { table, sort: Sort::of(table, &key), key, item })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORGANIZATION: OrganizationId = OrganizationId::from_bytes([1; 16]);
    const PERSON: PersonId = PersonId::from_bytes([2; 16]);
    const DEPENDENT: DependentId = DependentId::from_bytes([7; 16]);

    fn key(pk: &str, sk: &str) -> Key {
        Key { pk: pk.to_owned(), sk: sk.to_owned() }
    }

    #[test]
    fn every_key_of_the_table_of_keys_says_what_it_is() {
        let event = EventId::from_bytes([3; 16]);
        let resource = ResourceId::from_bytes([4; 8]);
        let booking = BookingId::from_bytes([5; 16]);
        let notice = NoticeId::from_bytes([6; 16]);
        let day = jiff::civil::date(2026, 12, 3);
        let start = "2026-12-03T23:40:00Z".parse().unwrap();
        let slot = crate::slot::SlotId::new(day, resource, start).unwrap();
        let name = WebName::parse("maple-street-school").unwrap();
        for (key, sort) in [
            (Key::web_name("maple-street-school"), Sort::Name(name)),
            (Key::retired_name([8; 16]), Sort::Retired),
            (Key::organization(ORGANIZATION), Sort::Organization(ORGANIZATION)),
            (Key::erasure(ORGANIZATION), Sort::Alone(ORGANIZATION)),
            (Key::event(ORGANIZATION, event), Sort::Event(ORGANIZATION)),
            (Key::resource(ORGANIZATION, event, resource), Sort::Resource(ORGANIZATION)),
            (Key::slot(ORGANIZATION, event, slot), Sort::Slot(ORGANIZATION, event)),
            (Key::booking(ORGANIZATION, booking), Sort::Booking(ORGANIZATION, booking)),
            (Key::seat(ORGANIZATION, booking), Sort::Seat(ORGANIZATION, booking)),
            (Key::participant(ORGANIZATION, PERSON), Sort::Participant(ORGANIZATION, PERSON)),
            (Key::agenda(ORGANIZATION, PERSON, day), Sort::Agenda(ORGANIZATION, [2; 16], day)),
            (Key::agenda(ORGANIZATION, DEPENDENT, day), Sort::Agenda(ORGANIZATION, [7; 16], day)),
            (Key::dependent(ORGANIZATION, DEPENDENT), Sort::Dependent(ORGANIZATION, DEPENDENT)),
            (Key::identifier(ORGANIZATION, [8; 16]), Sort::Identifier(ORGANIZATION, [8; 16])),
            (
                Key::attached(ORGANIZATION, PERSON, DEPENDENT),
                Sort::Attached(ORGANIZATION, DEPENDENT),
            ),
            (Key::tally(ORGANIZATION, PERSON, event), Sort::Tally(ORGANIZATION, PERSON, event)),
            (Key::retention(ORGANIZATION), Sort::Alone(ORGANIZATION)),
            (Key::hold(ORGANIZATION, On::Person(PERSON)), Sort::Alone(ORGANIZATION)),
            (Key::hold(ORGANIZATION, On::Dependent(DEPENDENT)), Sort::Alone(ORGANIZATION)),
            (Key::hold(ORGANIZATION, On::Event(event)), Sort::Alone(ORGANIZATION)),
        ] {
            assert_eq!(Sort::of(Table::Schedule, &key), sort, "{key}");
        }
        let found = Sort::of(Table::Mail, &Key::notice(ORGANIZATION, notice));
        assert_eq!(found, Sort::Notice(ORGANIZATION, notice));
        let member = MemberId::from_bytes([9; 16]);
        let who = Who::Member(member);
        for (key, sort) in [
            (Key::member(ORGANIZATION, member), Sort::Member(ORGANIZATION, member)),
            (Key::username(ORGANIZATION, [8; 16]), Sort::Username(ORGANIZATION, [8; 16])),
            (Key::administrators(ORGANIZATION), Sort::Administrators(ORGANIZATION)),
            (Key::security(ORGANIZATION), Sort::Alone(ORGANIZATION)),
            (Key::emergency(ORGANIZATION), Sort::Alone(ORGANIZATION)),
            (Key::support(ORGANIZATION, member), Sort::Alone(ORGANIZATION)),
            (Key::password(ORGANIZATION, who), Sort::Alone(ORGANIZATION)),
            (Key::codes(ORGANIZATION, who), Sort::Alone(ORGANIZATION)),
            (Key::passkey(ORGANIZATION, who, [8; 16]), Sort::Alone(ORGANIZATION)),
        ] {
            assert_eq!(Sort::of(Table::Identity, &key), sort, "{key}");
        }
    }

    #[test]
    fn a_key_that_is_only_nearly_right_is_unknown() {
        let (organization, person) = (ORGANIZATION.to_string(), PERSON.to_string());
        let of_person = format!("{organization}#{person}");
        for (pk, sk) in [
            ("operator", "organization#Maple"),
            ("operator", "something"),
            ("operator", "retired-name#north-school"),
            ("", ""),
            ("nobody", "organization"),
            (organization.as_str(), "event#1"),
            (organization.as_str(), "organization#"),
            (of_person.as_str(), "agenda#20261203"),
            (of_person.as_str(), "agenda#2026-13-03"),
            (of_person.as_str(), "dossier"),
            (of_person.as_str(), "notice"),
        ] {
            assert_eq!(Sort::of(Table::Schedule, &key(pk, sk)), Sort::Unknown, "{pk} / {sk}");
        }
        assert_eq!(Sort::of(Table::Mail, &key(&of_person, "booking")), Sort::Unknown);
        for (pk, sk) in [
            (organization.as_str(), "member#1"),
            (organization.as_str(), "username"),
            (of_person.as_str(), "password"),
            (of_person.as_str(), "administrators"),
        ] {
            assert_eq!(Sort::of(Table::Identity, &key(pk, sk)), Sort::Unknown, "{pk} / {sk}");
        }
    }
}
