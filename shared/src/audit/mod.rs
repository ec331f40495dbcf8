//! The audit trail: who did what, when, with what result.
//!
//! A record is written in the transaction of what it records, under a fresh
//! id, and never changed. It holds ids and keyed hashes only; names are joined
//! when somebody who may reads it.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::dynamo::{self, Key, Write};
use crate::ids::{BookingId, EventId, OrganizationId, PersonId, RecordId};
use crate::service::Service;
use crate::trouble::Trouble;

/// How long records are kept: six years, as 45 CFR 164.316(b)(2)(i) asks.
const KEPT: SignedDuration = SignedDuration::from_hours(6 * 366 * 24);

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// A booking was made.
    BookingMade,
    /// A seat was held until an address is proven.
    SeatHeld,
    /// An address was proven and the held seat booked.
    BookingConfirmed,
    /// A booking was moved.
    BookingMoved,
    /// A booking was cancelled.
    BookingCancelled,
    /// A hold's time was over and the seat was freed.
    HoldLapsed,
    /// A booking was refused because of another one, and its owner told so.
    OverlapTold,
}

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// A visitor who gave this person's address, from this network (a keyed hash).
    Visitor(PersonId, [u8; 16]),
    /// Somebody with the link of this person's booking.
    LinkHolder(PersonId, [u8; 16]),
    /// The service itself.
    Service,
}

#[derive(Serialize, Deserialize)]
struct Row {
    pk: String,
    sk: String,
    at: String,
    action: Action,
    actor: String,
    person: Option<String>,
    network: Option<String>,
    event: String,
    booking: String,
    expires: i64,
}

/// The write of a record.
///
/// # Errors
/// When there is no randomness or the SDK refuses to build the request.
pub fn record(
    service: &Service,
    organization: OrganizationId,
    actor: Actor,
    action: Action,
    event: EventId,
    booking: BookingId,
    now: Timestamp,
) -> Result<Write, Trouble> {
    let id = RecordId::fresh(now, &*service.chance)?;
    let key = Key::audit(organization, TimeZone::UTC.to_datetime(now).date(), id);
    let (name, who) = match actor {
        Actor::Visitor(person, network) => ("visitor", Some((person, network))),
        Actor::LinkHolder(person, network) => ("link_holder", Some((person, network))),
        Actor::Service => ("service", None),
    };
    let row = Row {
        pk: key.pk,
        sk: key.sk,
        at: now.to_string(),
        action,
        actor: name.to_owned(),
        person: who.map(|(person, _)| person.to_string()),
        network: who.map(|(_, network)| crate::ids::to_text(&network)),
        event: event.to_string(),
        booking: booking.to_string(),
        expires: (now + KEPT).as_second(),
    };
    Write::create(&service.settings.tables.audit, dynamo::item(&row)?)
}
