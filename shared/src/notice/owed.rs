//! Owing a notice: its id and its item.

use aws_lc_rs::digest;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Kind, Owed};
use crate::booking::Booking;
use crate::dynamo::{self, Key, Write, keys};
use crate::ids::{BookingId, NoticeId, OrganizationId, PersonId};
use crate::slot::Slot;
use crate::trouble::Trouble;

/// A notice's item. What the sender adds later (claim, lease, end) stands in
/// attributes of its own.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) pk: String,
    pub(crate) sk: String,
    pub(crate) kind: String,
    pub(crate) booking: String,
    pub(crate) version: u32,
    pub(crate) event: String,
    pub(crate) slot: String,
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) state: String,
    pub(crate) since: i64,
    /// The index partition; taken away when the notice is settled.
    pub(crate) owed_by: String,
    pub(crate) owed_since: i64,
}

/// The id of a notice: a hash of what makes it one of a kind, so that owing it
/// twice is owing it once. No address goes into it.
#[must_use]
pub fn id(
    booking: BookingId,
    kind: Kind,
    version: u32,
    person: PersonId,
    slot: Option<&Slot>,
) -> NoticeId {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(booking.as_bytes());
    context.update(kind.word().as_bytes());
    context.update(&version.to_be_bytes());
    context.update(person.as_bytes());
    if let Some(slot) = slot {
        context.update(slot.id.to_string().as_bytes());
    }
    let mut cut = [0; 16];
    for (to, from) in cut.iter_mut().zip(context.finish().as_ref()) {
        *to = *from;
    }
    NoticeId::from_bytes(cut)
}

/// What a change of a booking owes its participant.
#[must_use]
pub fn about(organization: OrganizationId, booking: &Booking, kind: Kind, now: Timestamp) -> Owed {
    Owed {
        id: id(booking.id, kind, booking.version, booking.person, None),
        organization,
        kind,
        booking: booking.id,
        version: booking.version,
        event: booking.event,
        slot: booking.slot,
        start: booking.start,
        end: booking.end,
        since: now,
    }
}

/// What is owed to the owner of `booking` when somebody wanted `refused` under
/// the same address.
#[must_use]
pub fn in_the_way(
    organization: OrganizationId,
    booking: &Booking,
    refused: &Slot,
    now: Timestamp,
) -> Owed {
    Owed {
        id: id(booking.id, Kind::InTheWay, booking.version, booking.person, Some(refused)),
        slot: refused.id,
        start: refused.start,
        end: refused.end,
        kind: Kind::InTheWay,
        ..about(organization, booking, Kind::InTheWay, now)
    }
}

/// The write that owes a notice.
///
/// # Errors
/// When the SDK refuses to build the request.
pub fn owe(table: &str, owed: &Owed) -> Result<Write, Trouble> {
    let key = Key::notice(owed.organization, owed.id);
    let since = owed.since.as_second();
    let row = Row {
        pk: key.pk,
        sk: key.sk,
        kind: owed.kind.word().to_owned(),
        booking: owed.booking.to_string(),
        version: owed.version,
        event: owed.event.to_string(),
        slot: owed.slot.to_string(),
        start: owed.start.as_second(),
        end: owed.end.as_second(),
        state: "owed".to_owned(),
        since,
        owed_by: keys::owed(owed.organization, keys::owed_shard(owed.id)),
        owed_since: since,
    };
    Write::create(table, dynamo::item(&row)?)
}
