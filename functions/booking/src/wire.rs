//! What programs send and get: the JSON shapes, from which openapi.json is made.

use serde::{Deserialize, Serialize};
use shared::booking::{Booking, State};
use shared::slot::Slot;
use shared::slot::rules::left;
use shared::time::Zone;
use utoipa::ToSchema;

/// A time that can be booked.
#[derive(Debug, Serialize, ToSchema)]
pub struct SlotShape {
    /// Its id, for booking it or moving to it.
    pub id: String,
    /// Whose time it is: an id of the event's resources.
    pub resource: String,
    /// When it begins: RFC 3339 with the offset in the event's zone.
    pub start: String,
    /// When it ends: RFC 3339 with the offset in the event's zone.
    pub end: String,
    /// The event's zone in the IANA database.
    pub zone: String,
    /// How many bookings it takes.
    pub capacity: u32,
    /// How many are left.
    pub left: u32,
}

impl SlotShape {
    /// A slot as a program sees it.
    #[must_use]
    pub fn of(slot: &Slot, zone: &Zone, now: jiff::Timestamp) -> Self {
        Self {
            id: slot.id.to_string(),
            resource: slot.id.resource.to_string(),
            start: zone.rfc3339(slot.start),
            end: zone.rfc3339(slot.end),
            zone: zone.name().to_owned(),
            capacity: slot.capacity,
            left: left(slot, now),
        }
    }
}

/// Times that can be booked, in order; at most 500.
#[derive(Debug, Serialize, ToSchema)]
pub struct SlotsShape {
    /// The times.
    pub slots: Vec<SlotShape>,
    /// The path that continues the list, or null at its end.
    pub next: Option<String>,
}

/// An organization and what it offers.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrganizationShape {
    /// Its name.
    pub name: String,
    /// Its own zone.
    pub zone: String,
    /// Its events, in the order of their first day.
    pub events: Vec<EventLineShape>,
}

/// One event of an organization.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventLineShape {
    /// Its name.
    pub name: String,
    /// Its path.
    pub path: String,
    /// Where it takes place.
    pub place: String,
    /// The days on which it has times.
    pub days: Vec<String>,
    /// Whether it takes bookings now.
    pub open: bool,
}

/// An event.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventShape {
    /// Its name.
    pub name: String,
    /// Where it takes place.
    pub place: String,
    /// What people should know.
    pub description: String,
    /// The zone of its times.
    pub zone: String,
    /// Whether the address must be proven before a booking stands.
    pub confirmed_by_mail: bool,
    /// Whether it takes bookings now.
    pub open: bool,
    /// From when it takes bookings, if that is set.
    pub opens: Option<String>,
    /// Until when it takes bookings, if that is set.
    pub closes: Option<String>,
    /// The days on which it has times.
    pub days: Vec<String>,
    /// What its resources are called.
    pub resource_word: String,
    /// Its resources, by name.
    pub resources: Vec<ResourceShape>,
    /// Where its times are listed.
    pub slots: String,
}

/// A teacher, nurse or room.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResourceShape {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where it is found.
    pub place: String,
}

/// A wish to book.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BookShape {
    /// The id of the time.
    pub slot: String,
    /// The person's name: one line, at most 100 characters.
    pub name: String,
    /// Where mail reaches them.
    pub email: String,
    /// A telephone number.
    pub phone: Option<String>,
    /// What else they want to say: at most 1,000 characters.
    pub note: Option<String>,
    /// For whom it is, when that is not they: the id of a dependent whom they
    /// have attached. Only for who has signed in under this address.
    pub dependent: Option<String>,
    /// What the form of somebody who has signed in carries.
    pub form_token: Option<String>,
}

/// A booking that was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct MadeShape {
    /// Its id.
    pub id: String,
    /// Its time.
    pub slot: String,
    /// When it begins.
    pub start: String,
    /// When it ends.
    pub end: String,
    /// The event's zone.
    pub zone: String,
    /// The booking's own address: whoever has it can see, move and cancel it.
    pub manage_url: String,
}

/// The seat is held for fifteen minutes; the link in the mail confirms.
#[derive(Debug, Serialize, ToSchema)]
pub struct PendingShape {
    /// Always true.
    pub pending: bool,
}

/// A wish to move a booking.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveShape {
    /// The id of the new time.
    pub slot: String,
}

/// A request or an answer without content.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NothingShape {}

/// A booking as its holder sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct BookingShape {
    /// Its id.
    pub id: String,
    /// `held`, `booked`, `cancelled` or `lapsed`.
    pub state: String,
    /// The event's path.
    pub event: String,
    /// Its time.
    pub slot: String,
    /// Whose time it is.
    pub resource: String,
    /// The name of whose time it is.
    pub resource_name: String,
    /// When it begins.
    pub start: String,
    /// When it ends.
    pub end: String,
    /// The event's zone.
    pub zone: String,
    /// The name it was booked under.
    pub name: String,
    /// For whom it is, when that is somebody else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dependent: Option<String>,
    /// How often it was changed, from 1.
    pub version: u32,
}

/// A booking with its own address.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConfirmedShape {
    /// The booking.
    #[serde(flatten)]
    pub booking: BookingShape,
    /// The booking's own address: whoever has it can see, move and cancel it.
    pub manage_url: String,
}

/// What is booked under one address.
#[derive(Debug, Serialize, ToSchema)]
pub struct BookingsShape {
    /// What is still to come, soonest first.
    pub coming: Vec<ConfirmedShape>,
    /// What is over, latest first.
    pub past: Vec<ConfirmedShape>,
}

/// Somebody for whom a participant may book.
#[derive(Debug, Serialize, ToSchema)]
pub struct DependentShape {
    /// Their id, for a booking.
    pub id: String,
    /// Their name.
    pub name: String,
}

/// All for whom a participant may book.
#[derive(Debug, Serialize, ToSchema)]
pub struct DependentsShape {
    /// By name.
    pub dependents: Vec<DependentShape>,
}

/// What it takes to attach a dependent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AttachShape {
    /// What the organization's books call them by.
    pub identifier: String,
    /// What only guardians know.
    pub security_value: String,
    /// What the form of somebody who has signed in carries.
    pub form_token: Option<String>,
}

/// A request without content, from a form of somebody who has signed in.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DetachShape {
    /// What the form carries.
    pub form_token: Option<String>,
}

/// The word for a booking's state.
#[must_use]
pub const fn state_word(booking: &Booking) -> &'static str {
    match booking.state {
        State::Held(_) => "held",
        State::Booked => "booked",
        State::Cancelled => "cancelled",
        State::Lapsed => "lapsed",
    }
}

/// How far a deletion has come, and in the end its certificate.
#[derive(Debug, Serialize, ToSchema)]
pub struct CertificateShape {
    /// `waiting`, `taken_back`, `removing` or `done`.
    pub state: &'static str,
    /// When it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
    /// Until when it can be taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Since when it is under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub begun: Option<String>,
    /// When the key was destroyed under which the data was sealed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_destroyed: Option<String>,
    /// How many items were removed so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed: Option<u64>,
    /// When the last item was removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// The certificate, byte for byte as it was signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// The MAC over the line `kept certificate 1` and the certificate's SHA-256
    /// in hexadecimal, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
    /// Whether the certificate is as it was signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holds: Option<bool>,
}

/// A privacy notice.
#[derive(Debug, Serialize, ToSchema)]
pub struct PrivacyShape {
    /// Counted from 1.
    pub version: u32,
    /// The day from which it holds.
    pub effective: String,
    /// Its text.
    pub text: String,
}

/// Why something was not done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BookingErrorShape)]
pub struct ErrorShape {
    /// The refusal.
    pub error: ErrorBody,
}

/// A refusal: what kind, in words, and where.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BookingErrorBody)]
pub struct ErrorBody {
    /// What every refusal says.
    #[serde(flatten)]
    pub refusal: shared::web::page::ErrorBody,
    /// Free times nearest to the one that was wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearest: Option<Vec<SlotShape>>,
}

/// What is kept about who asks, in short.
#[derive(Debug, Serialize, ToSchema)]
pub struct YourDataShape {
    /// The address they have proven, if they have.
    pub email: Option<String>,
    /// Appointments to come: a deletion cancels them.
    pub coming: usize,
    /// Those that are over, cancelled, or not confirmed.
    pub others: usize,
    /// People they may book for.
    pub people: usize,
    /// Whether they have a password.
    pub password: bool,
    /// Whether they have one-time codes.
    pub codes: bool,
    /// How many passkeys they have.
    pub passkeys: usize,
    /// Why nothing can be deleted now, where a legal hold stands in the way.
    pub held: Option<String>,
}

/// What is right, on every appointment to come.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectShape {
    /// Their name.
    pub name: String,
    /// A telephone number; left out or empty where there is to be none.
    #[serde(default)]
    pub phone: Option<String>,
    /// What the form of somebody who has signed in carries.
    #[serde(default)]
    pub form_token: Option<String>,
}

/// How much was corrected.
#[derive(Debug, Serialize, ToSchema)]
pub struct CorrectedShape {
    /// On how many appointments something was different.
    pub corrected: usize,
}

/// A deletion that is under way.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedShape {
    /// Its id.
    pub deletion: String,
    /// How many appointments it cancels.
    pub cancelled: usize,
    /// Where its certificate will be: keep it, nobody can find it for you.
    pub certificate: String,
}
