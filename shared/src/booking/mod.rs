//! Bookings: one participant in one slot.

pub mod rules;
pub mod seat;
pub mod store;

use jiff::Timestamp;

use crate::ambient::{Chance, NoChance};
use crate::ids::{BookingId, DependentId, EventId, PersonId};
use crate::personal::{EmailAddress, Note, PersonName, Phone, Unfit};
use crate::slot::SlotId;
use crate::trouble::Trouble;

pub use rules::Refusal;

/// One participant in one slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booking {
    /// Its id, derived from the idempotency key of the request that made it.
    pub id: BookingId,
    /// At which event.
    pub event: EventId,
    /// In which slot.
    pub slot: SlotId,
    /// When it begins.
    pub start: Timestamp,
    /// When it ends.
    pub end: Timestamp,
    /// Whose agenda it stands in.
    pub person: PersonId,
    /// What the person said about themselves.
    pub contact: Contact,
    /// Whom it is for, when that is not the person.
    pub dependent: Option<BookedFor>,
    /// Whether it stands.
    pub state: State,
    /// Raised by every change, from 1. Calendar files count by it.
    pub version: u32,
    /// Raised to revoke the booking's links.
    pub link_version: u32,
    /// When it was made.
    pub made: Timestamp,
    /// A keyed hash of the request that made it.
    pub fingerprint: [u8; 16],
    /// The privacy notice in force when it was made.
    pub privacy_version: u32,
}

/// What became of cancelling for somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cancelling {
    /// It is cancelled, now or since before.
    Cancelled(Booking),
    /// It is elsewhere by now, and nothing was done.
    Moved(Booking),
}

/// The dependent whom a booking is for, as they were called when it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookedFor {
    /// Their id: the booking stands in their agenda too.
    pub id: DependentId,
    /// Their name.
    pub name: PersonName,
}

/// Whether a booking stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The seat is held until the address is proven, and no longer than this.
    Held(Timestamp),
    /// It stands.
    Booked,
    /// The person cancelled it.
    Cancelled,
    /// The hold's time was over before the address was proven.
    Lapsed,
}

/// What a person says about themselves when booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// Their name.
    pub name: PersonName,
    /// Where mail reaches them.
    pub email: EmailAddress,
    /// A telephone number, where they gave one.
    pub phone: Option<Phone>,
    /// What else they want to say.
    pub note: Option<Note>,
}

impl Contact {
    /// Reads what was said in the fields `name`, `email`, `phone` and `note`.
    ///
    /// # Errors
    /// Everything that is wrong with it, by field.
    pub fn parse<'a>(
        said: impl Fn(&'static str) -> &'a str,
    ) -> Result<Self, Vec<(&'static str, Unfit)>> {
        let mut problems = Vec::new();
        let name = checked(&mut problems, "name", PersonName::parse(said("name")));
        let email = checked(&mut problems, "email", EmailAddress::parse(said("email")));
        let phone = optional(&mut problems, "phone", Phone::parse(said("phone")));
        let note = optional(&mut problems, "note", Note::parse(said("note")));
        match (name, email) {
            (Some(name), Some(email)) if problems.is_empty() => {
                Ok(Self { name, email, phone, note })
            }
            _ => Err(problems),
        }
    }
}

fn checked<T>(
    problems: &mut Vec<(&'static str, Unfit)>,
    field: &'static str,
    value: Result<T, Unfit>,
) -> Option<T> {
    value.map_err(|unfit| problems.push((field, unfit))).ok()
}

fn optional<T>(
    problems: &mut Vec<(&'static str, Unfit)>,
    field: &'static str,
    value: Result<T, Unfit>,
) -> Option<T> {
    match value {
        Err(Unfit::Empty) => None,
        other => checked(problems, field, other),
    }
}

/// Marks a request, so that sending it again does nothing twice: 16 to 64
/// letters, digits, `-` and `_`.
#[derive(Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Reads a key; `None` when it is too short, too long or has other characters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (16..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        fits.then(|| Self(text.to_owned()))
    }

    /// A key that nobody has used.
    ///
    /// # Errors
    /// When the machine gives no random bytes.
    pub fn fresh(chance: &dyn Chance) -> Result<Self, NoChance> {
        let mut bytes = [0; 16];
        chance.fill(&mut bytes)?;
        Ok(Self(crate::ids::to_text(&bytes)))
    }

    /// The key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for IdempotencyKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("[idempotency key]")
    }
}

/// Why a booking was not made or changed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A rule refused; the person can do something about it.
    #[error("refused: {0:?}")]
    Refused(Refusal),
    /// The machinery failed; nothing is half done.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
