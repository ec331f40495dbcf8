//! All that a participant has booked, whatever became of it.
//!
//! The index names it, and may be a moment behind; what stands is in the
//! agendas too, which are not. Each booking is then read as it is now.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use super::item::{self, Outline};
use crate::booking::Booking;
use crate::dynamo::{self, Item, Key, keys};
use crate::ids::{BookingId, OrganizationId, PersonId};
use crate::participant::agenda;
use crate::service::Service;
use crate::trouble::Trouble;
use crate::vault::OrganizationKeys;

/// How many items one request reads.
const AT_ONCE: usize = 100;

/// What of a booking lies open, and what else a deletion goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owned {
    /// Its id.
    pub(crate) id: BookingId,
    /// When it was made.
    pub(crate) made: Timestamp,
    /// The rest.
    pub(crate) outline: Outline,
}

/// All that a participant has booked, in whatever state, by start.
///
/// # Errors
/// When DynamoDB fails or a booking is damaged.
pub async fn of_owner(
    service: &Service,
    organization: OrganizationId,
    keys: &OrganizationKeys,
    person: PersonId,
) -> Result<Vec<Booking>, Trouble> {
    let items = items(service, organization, person).await?;
    let read = items.into_iter().map(|item| item::read(keys, item));
    let mut bookings = read.collect::<Result<Vec<_>, _>>()?;
    bookings.retain(|booking| booking.person == person);
    bookings.sort_by_key(|booking| (booking.start, booking.slot, booking.id));
    Ok(bookings)
}

/// The same, without the organization's keys.
///
/// # Errors
/// When DynamoDB fails or a booking is damaged.
pub(crate) async fn outlines(
    service: &Service,
    organization: OrganizationId,
    person: PersonId,
) -> Result<Vec<Owned>, Trouble> {
    let items = items(service, organization, person).await?;
    let mut found = items.into_iter().map(owned).collect::<Result<Vec<_>, _>>()?;
    found.retain(|booking| booking.outline.person == person);
    found.sort_by_key(|booking| (booking.outline.start, booking.id));
    Ok(found)
}

fn owned(item: Item) -> Result<Owned, Trouble> {
    let key = Key::of(&item).ok_or_else(|| Trouble::damaged("a booking", "its key"))?;
    let id = key.pk.split_once('#').and_then(|(_, id)| BookingId::parse(id));
    let id = id.ok_or_else(|| Trouble::damaged(format!("booking {key}"), "its id"))?;
    let made = item
        .get("made")
        .and_then(|made| made.as_n().ok()?.parse().ok())
        .and_then(|made| Timestamp::from_second(made).ok())
        .ok_or_else(|| Trouble::damaged(format!("booking {key}"), "its making"))?;
    Ok(Owned { id, made, outline: item::outline(item)? })
}

async fn items(
    service: &Service,
    organization: OrganizationId,
    person: PersonId,
) -> Result<Vec<Item>, Trouble> {
    let table = &service.settings.tables.schedule;
    let mut named = of_index(service, &keys::owned(organization, person)).await?;
    let pk = keys::of_person(organization, person);
    for item in dynamo::query(&service.dynamo, table, &pk, "agenda#", true).await? {
        let entries = agenda::read(item)?.entries;
        named.extend(entries.iter().map(|entry| Key::booking(organization, entry.booking)));
    }
    named.sort_by(|one, other| (&one.pk, &one.sk).cmp(&(&other.pk, &other.sk)));
    named.dedup();
    let mut items = Vec::with_capacity(named.len());
    for chunk in named.chunks(AT_ONCE) {
        let found = dynamo::batch_get(&service.dynamo, table, chunk, &*service.chance).await?;
        items.extend(found.into_values());
    }
    Ok(items)
}

async fn of_index(service: &Service, owner: &str) -> Result<Vec<Key>, Trouble> {
    let mut found = Vec::new();
    let mut from = None;
    loop {
        let answer = service
            .dynamo
            .query()
            .table_name(&service.settings.tables.schedule)
            .index_name("owned")
            .key_condition_expression("#owner = :owner")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", AttributeValue::S(owner.to_owned()))
            .set_exclusive_start_key(from)
            .send()
            .await
            .map_err(|cause| Trouble::unavailable("finding what somebody booked", cause))?;
        found.extend(answer.items.unwrap_or_default().iter().filter_map(Key::of));
        from = answer.last_evaluated_key;
        if from.is_none() {
            return Ok(found);
        }
    }
}
