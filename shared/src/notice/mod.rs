//! Notices: mails that the system owes somebody.
//!
//! A notice is written in the transaction of the change that owes it, so it
//! can be neither lost nor doubled. Its stream wakes the function that sends
//! it. Notices hold ids and times; names and addresses are read when the mail
//! is written.

mod account;
pub mod administrators;
pub mod calendar;
pub mod letter;
pub mod link;
pub mod owed;
pub mod recipient;
pub mod rules;
pub mod store;

use jiff::Timestamp;

pub use account::{Account, Factor, FirstStep, News};
pub use administrators::ToAdministrators;

use crate::event::Event;
use crate::identity::Subject;
use crate::ids::{BookingId, EventId, NoticeId, OrganizationId};
use crate::resource::Resource;
use crate::slot::SlotId;

/// What a notice about a booking says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// The link that proves an address and confirms a held seat.
    Confirm,
    /// The appointment is booked.
    Booked,
    /// The appointment has another time.
    Moved,
    /// The appointment is cancelled.
    Cancelled,
    /// Somebody gave this address for a time at which there is an appointment.
    InTheWay,
}

impl Kind {
    /// Every kind there is.
    pub const ALL: [Self; 5] =
        [Self::Confirm, Self::Booked, Self::Moved, Self::Cancelled, Self::InTheWay];

    /// The word under which it is stored.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Booked => "booked",
            Self::Moved => "moved",
            Self::Cancelled => "cancelled",
            Self::InTheWay => "in_the_way",
        }
    }
}

impl Kind {
    /// Reads the word under which a kind is stored.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// A notice as it is owed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed {
    /// Its id.
    pub id: NoticeId,
    /// Whose notice it is.
    pub organization: OrganizationId,
    /// What it is about.
    pub matter: Matter,
    /// Since when it is owed.
    pub since: Timestamp,
}

/// What a notice is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Matter {
    /// A booking, to its participant.
    Booking(Change),
    /// Somebody who signs in, to themselves.
    Account(Account),
    /// Something that every administrator is told: it becomes a notice to each.
    Administrators(ToAdministrators),
}

impl Matter {
    /// The word under which its kind is stored.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Booking(change) => change.kind.word(),
            Self::Account(account) => account.news.word(),
            Self::Administrators(told) => told.news.word(),
        }
    }

    /// What its notices go out in order for.
    #[must_use]
    pub const fn thread(&self) -> Thread {
        match self {
            Self::Booking(change) => Thread::Booking(change.booking),
            Self::Account(account) => Thread::Account(account.subject),
            Self::Administrators(_) => Thread::Administrators,
        }
    }

    /// Which of the versions of a booking it is about; what happens to an
    /// account has none.
    #[must_use]
    pub const fn version(&self) -> u32 {
        match self {
            Self::Booking(change) => change.version,
            Self::Account(_) | Self::Administrators(_) => 0,
        }
    }
}

/// Notices that are one story and are told in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Thread {
    /// Those about one booking.
    Booking(BookingId),
    /// Those to one person who signs in.
    Account(Subject),
    /// Those to all administrators.
    Administrators,
}

/// A change of a booking: the times are those that it promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// What changed.
    pub kind: Kind,
    /// Which booking.
    pub booking: BookingId,
    /// Which version of it this made.
    pub version: u32,
    /// At which event.
    pub event: EventId,
    /// About which slot: the booking's, or the one that was refused.
    pub slot: SlotId,
    /// When that begins.
    pub start: Timestamp,
    /// When that ends.
    pub end: Timestamp,
}

/// How far a notice has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nobody is sending it.
    Owed,
    /// Somebody began to send it at this moment, and how that ended is not known.
    Claimed(Timestamp),
    /// It was sent, or it will not be.
    Settled,
}

/// A notice as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What is owed.
    pub owed: Owed,
    /// How far it has come.
    pub standing: Standing,
    /// How often somebody began to send it.
    pub attempts: u32,
}

/// How a notice ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// SES took it under this id.
    Sent(String),
    /// A later change of the booking has a notice of its own.
    Superseded,
    /// What it would say has no use any more.
    NoLongerWanted,
    /// It became a notice to each of those whom it was for.
    PassedOn,
    /// No mail system will take it; the word says why.
    Undeliverable(&'static str),
}

impl End {
    /// The word under which it is stored.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Sent(_) => "sent",
            Self::Superseded => "superseded",
            Self::NoLongerWanted => "no_longer_wanted",
            Self::PassedOn => "passed_on",
            Self::Undeliverable(_) => "undeliverable",
        }
    }
}

/// Text as one line that can be seen: what breaks lines, acts on terminals or
/// turns the reading direction round becomes a space. Names of organizations,
/// events and resources go through this before they stand in a header.
pub(crate) fn one_line(text: &str) -> String {
    let seen = text.replace(
        |character: char| {
            character.is_control()
                || matches!(character,
                    '\u{2028}' | '\u{2029}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}'
                    | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        },
        " ",
    );
    seen.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Where an appointment is: the resource's own place, then the event's.
pub(crate) fn place(event: &Event, resource: Option<&Resource>) -> String {
    let near = resource.map(|resource| one_line(&resource.place)).unwrap_or_default();
    let wide = one_line(&event.place);
    match (near.is_empty(), wide.is_empty()) {
        (false, false) => format!("{near}, {wide}"),
        (false, true) => near,
        _ => wide,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::booking::{Booking, Contact, State};
    use crate::ids::{PersonId, ResourceId};
    use crate::personal::{EmailAddress, PersonName};

    pub(crate) fn now() -> Timestamp {
        "2026-11-20T15:00:00Z".parse().unwrap()
    }

    /// Thursday 3 December 2026, 18:40 to 18:50 in New York.
    pub(crate) fn booking() -> Booking {
        let start: Timestamp = "2026-12-03T23:40:00Z".parse().unwrap();
        Booking {
            dependent: None,
            id: BookingId::from_bytes([3; 16]),
            event: EventId::from_bytes([2; 16]),
            slot: SlotId::new(
                jiff::civil::date(2026, 12, 3),
                ResourceId::from_bytes([4; 8]),
                start,
            )
            .unwrap(),
            start,
            end: start + SignedDuration::from_mins(10),
            person: PersonId::from_bytes([5; 16]),
            contact: Contact {
                name: PersonName::parse("Canary Parent").unwrap(),
                email: EmailAddress::parse("canary.parent@example.org").unwrap(),
                phone: None,
                note: None,
            },
            state: State::Booked,
            version: 1,
            link_version: 1,
            made: now(),
            fingerprint: [0; 16],
            privacy_version: 1,
        }
    }

    pub(crate) fn change(kind: Kind) -> Change {
        let organization = OrganizationId::from_bytes([1; 16]);
        match owed::about(organization, &booking(), kind, now()).matter {
            Matter::Booking(change) => change,
            _ => unreachable!("it is about a booking"),
        }
    }

    #[test]
    fn a_kind_survives_its_own_word() {
        for kind in Kind::ALL {
            assert_eq!(Kind::of_word(kind.word()), Some(kind));
            assert!(account::tests::all().iter().all(|news| news.word() != kind.word()));
        }
        assert_eq!(Kind::of_word("reminder"), None);
    }

    #[test]
    fn a_name_becomes_one_line_that_can_be_seen() {
        assert_eq!(one_line("Ms\r\nBcc: all\u{202e}\u{2028} Okafor\t"), "Ms Bcc: all Okafor");
    }
}
