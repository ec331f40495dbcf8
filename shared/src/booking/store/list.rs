//! What is booked: on an event day, or by one person.
//!
//! An index or an agenda says which bookings to look at; each is then read as
//! it is now, so that a list never shows what has been cancelled or moved.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::civil::Date;

use super::item;
use crate::booking::seat::{self, Seat};
use crate::booking::{Booking, State};
use crate::dynamo::{self, Key, keys};
use crate::ids::{EventId, OrganizationId, PersonId, ResourceId};
use crate::participant::agenda;
use crate::service::Service;
use crate::trouble::Trouble;
use crate::vault::OrganizationKeys;

/// How many items one request reads.
const AT_ONCE: usize = 100;

/// What is booked or held on an event's civil day, of one resource or of all,
/// and the seats whose people are gone; each in the order of time.
///
/// # Errors
/// When DynamoDB fails or a booking or seat is damaged.
pub async fn of_day(
    service: &Service,
    organization: OrganizationId,
    keys: &OrganizationKeys,
    event: EventId,
    day: Date,
    resource: Option<ResourceId>,
) -> Result<(Vec<Booking>, Vec<Seat>), Trouble> {
    let mut found = listed(service, organization, event, day, resource).await?;
    let seats: Vec<Key> = found.extract_if(.., |key| key.sk == "seat").collect();
    found.retain(|key| key.sk == "booking");
    let mut bookings = read_all(service, keys, &found).await?;
    bookings.retain(|booking| {
        booking.event == event
            && booking.slot.day == day
            && resource.is_none_or(|resource| booking.slot.resource == resource)
            && matches!(booking.state, State::Booked | State::Held(_))
    });
    Ok((bookings, read_seats(service, &seats).await?))
}

async fn read_seats(service: &Service, which: &[Key]) -> Result<Vec<Seat>, Trouble> {
    let table = &service.settings.tables.schedule;
    let mut seats = Vec::with_capacity(which.len());
    for chunk in which.chunks(AT_ONCE) {
        let items = dynamo::batch_get(&service.dynamo, table, chunk, &*service.chance).await?;
        for item in items.into_values() {
            seats.push(seat::read(item)?);
        }
    }
    seats.sort_by_key(|seat| (seat.start, seat.slot, seat.id));
    Ok(seats)
}

/// What the index names on an event's civil day.
async fn listed(
    service: &Service,
    organization: OrganizationId,
    event: EventId,
    day: Date,
    resource: Option<ResourceId>,
) -> Result<Vec<Key>, Trouble> {
    let pk = keys::booked(organization, event, day);
    let of_day = day.strftime("%Y%m%d-");
    let slots = resource.map_or_else(|| of_day.to_string(), |of| format!("{of_day}{of}-"));
    let mut found = Vec::new();
    let mut start = None;
    loop {
        let answer = service
            .dynamo
            .query()
            .table_name(&service.settings.tables.schedule)
            .index_name("booked")
            .key_condition_expression("listed = :listed AND begins_with(slot, :slots)")
            .expression_attribute_values(":listed", AttributeValue::S(pk.clone()))
            .expression_attribute_values(":slots", AttributeValue::S(slots.clone()))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|cause| Trouble::unavailable("reading what is booked", cause))?;
        found.extend(answer.items.unwrap_or_default().iter().filter_map(Key::of));
        start = answer.last_evaluated_key;
        if start.is_none() {
            break;
        }
    }
    Ok(found)
}

/// What a person has booked, in the order of time. What they have cancelled or
/// not yet confirmed stands in no agenda and is not among it.
///
/// # Errors
/// When DynamoDB fails or something that was read is damaged.
pub async fn of_person(
    service: &Service,
    organization: OrganizationId,
    keys: &OrganizationKeys,
    person: PersonId,
) -> Result<Vec<Booking>, Trouble> {
    let table = &service.settings.tables.schedule;
    let pk = keys::of_person(organization, person);
    let mut found = Vec::new();
    for item in dynamo::query(&service.dynamo, table, &pk, "agenda#", true).await? {
        let entries = agenda::read(item)?.entries;
        found.extend(entries.iter().map(|entry| Key::booking(organization, entry.booking)));
    }
    // Over midnight, a booking stands in two agendas.
    found.sort_by(|one, other| one.pk.cmp(&other.pk));
    found.dedup();
    let mut bookings = read_all(service, keys, &found).await?;
    bookings.retain(|booking| booking.person == person && booking.state == State::Booked);
    Ok(bookings)
}

async fn read_all(
    service: &Service,
    keys: &OrganizationKeys,
    which: &[Key],
) -> Result<Vec<Booking>, Trouble> {
    let table = &service.settings.tables.schedule;
    let mut bookings = Vec::with_capacity(which.len());
    for chunk in which.chunks(AT_ONCE) {
        let items = dynamo::batch_get(&service.dynamo, table, chunk, &*service.chance).await?;
        for item in items.into_values() {
            bookings.push(item::read(keys, item)?);
        }
    }
    bookings.sort_by_key(|booking| (booking.start, booking.slot, booking.id));
    Ok(bookings)
}
