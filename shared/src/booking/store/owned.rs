//! All that a participant has booked, or that is booked for a dependent,
//! whatever became of it.
//!
//! The index names it, and may be a moment behind; what stands is in the
//! agendas too, which are not. Each booking is then read as it is now.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use super::item::{self, Outline};
use crate::booking::Booking;
use crate::dynamo::{self, Item, Key, keys};
use crate::ids::{BookingId, DependentId, OrganizationId, PersonId};
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

impl From<&Booking> for Owned {
    fn from(booking: &Booking) -> Self {
        let outline = Outline {
            event: booking.event,
            slot: booking.slot,
            start: booking.start,
            end: booking.end,
            person: booking.person,
            dependent: booking.dependent.as_ref().map(|dependent| dependent.id),
            state: booking.state,
            version: booking.version,
        };
        Self { id: booking.id, made: booking.made, outline }
    }
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
    let items = of_person(service, organization, person).await?;
    let read = items.into_iter().map(|item| item::read(keys, item));
    let mut bookings = read.collect::<Result<Vec<_>, _>>()?;
    bookings.retain(|booking| booking.person == person);
    bookings.sort_by_key(|booking| (booking.start, booking.slot, booking.id));
    Ok(bookings)
}

/// A partition of an index.
struct Index {
    name: &'static str,
    attribute: &'static str,
    pk: String,
}

impl Index {
    fn owned(organization: OrganizationId, person: PersonId) -> Self {
        Self { name: "owned", attribute: "owner", pk: keys::owned(organization, person) }
    }

    fn concerning(organization: OrganizationId, dependent: DependentId) -> Self {
        let pk = keys::concerning(organization, dependent);
        Self { name: "concerning", attribute: "concerns", pk }
    }
}

/// What concerns a dependent.
pub(crate) struct Concerning {
    /// All that is booked for them, in whatever state, by start.
    pub(crate) bookings: Vec<Owned>,
    /// Who has attached them.
    pub(crate) attachments: Vec<Key>,
}

/// All that is booked for a dependent, by whomever, and who has attached them.
///
/// # Errors
/// When DynamoDB fails or a booking is damaged.
pub(crate) async fn concerning(
    service: &Service,
    organization: OrganizationId,
    dependent: DependentId,
) -> Result<Concerning, Trouble> {
    let named = of_index(service, &Index::concerning(organization, dependent)).await?;
    let (attachments, bookings): (Vec<Key>, Vec<Key>) =
        named.into_iter().partition(|key| key.sk.starts_with("dependent#"));
    let agendas = keys::of_dependent(organization, dependent);
    let items = items(service, organization, bookings, &agendas).await?;
    let mut bookings = items.into_iter().map(owned).collect::<Result<Vec<_>, _>>()?;
    bookings.retain(|booking| booking.outline.dependent == Some(dependent));
    bookings.sort_by_key(|booking| (booking.outline.start, booking.id));
    Ok(Concerning { bookings, attachments })
}

/// The same as [`of_owner`], without the organization's keys.
///
/// # Errors
/// When DynamoDB fails or a booking is damaged.
pub(crate) async fn outlines(
    service: &Service,
    organization: OrganizationId,
    person: PersonId,
) -> Result<Vec<Owned>, Trouble> {
    let items = of_person(service, organization, person).await?;
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

async fn of_person(
    service: &Service,
    organization: OrganizationId,
    person: PersonId,
) -> Result<Vec<Item>, Trouble> {
    let named = of_index(service, &Index::owned(organization, person)).await?;
    items(service, organization, named, &keys::of_person(organization, person)).await
}

/// The bookings that are named, and those that the agendas of a partition name.
async fn items(
    service: &Service,
    organization: OrganizationId,
    mut named: Vec<Key>,
    agendas: &str,
) -> Result<Vec<Item>, Trouble> {
    let table = &service.settings.tables.schedule;
    for item in dynamo::query(&service.dynamo, table, agendas, "agenda#", true).await? {
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

async fn of_index(service: &Service, index: &Index) -> Result<Vec<Key>, Trouble> {
    let mut found = Vec::new();
    let mut from = None;
    loop {
        let answer = service
            .dynamo
            .query()
            .table_name(&service.settings.tables.schedule)
            .index_name(index.name)
            .key_condition_expression("#whose = :whose")
            .expression_attribute_names("#whose", index.attribute)
            .expression_attribute_values(":whose", AttributeValue::S(index.pk.clone()))
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
