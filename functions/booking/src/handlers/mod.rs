//! The routes, by what visitors do: look, book, and use a booking's link.

pub(crate) mod book;
pub(crate) mod browse;
pub(crate) mod certificate;
pub(crate) mod dependents;
pub(crate) mod glance;
pub(crate) mod guest;
pub(crate) mod link;
pub(crate) mod mine;
mod times;
pub(crate) mod your_data;

use std::sync::Arc;

use shared::booking::Booking;
use shared::organization::{Occasion, Snapshot};
use shared::resource::Resource;
use shared::slot::SlotId;
use shared::vault::OrganizationKeys;
use shared::web::Fault;

use crate::Visit;
use crate::pages::Appointment;
use crate::wire::{BookingShape, state_word};

impl Visit<'_> {
    /// The organization that the path names.
    async fn snapshot(&self) -> Result<Arc<Snapshot>, Fault> {
        let name = self.incoming.path("organization");
        self.function.service.organization(name, self.now).await?.ok_or_else(Fault::not_found)
    }

    /// The event that the path names.
    async fn occasion(&self) -> Result<Occasion, Fault> {
        let organization = self.incoming.path("organization");
        let event = self.incoming.path("event");
        let found = self.function.service.occasion(organization, event, self.now).await?;
        found.ok_or_else(Fault::not_found)
    }

    /// Where the request comes from, as a keyed hash: an IPv6 network is the
    /// first half of the address, since a household has all of the rest.
    fn network(&self, keys: &OrganizationKeys) -> [u8; 16] {
        let bytes = match self.incoming.network {
            Some(std::net::IpAddr::V4(address)) => address.octets().to_vec(),
            Some(std::net::IpAddr::V6(address)) => address.octets()[..8].to_vec(),
            None => Vec::new(),
        };
        keys.blind(b"network", &bytes)
    }
}

/// The path of an event.
fn event_path(occasion: &Occasion) -> String {
    format!("/{}/{}", occasion.organization().web_name, occasion.event().web_name)
}

fn resource(occasion: &Occasion, slot: SlotId) -> Option<&Resource> {
    occasion.resources.iter().find(|resource| resource.id == slot.resource)
}

/// Who comes, as people read it.
fn who(booking: &Booking) -> String {
    let person = booking.contact.name.expose();
    match &booking.dependent {
        Some(dependent) => format!("{} (booked by {person})", dependent.name.expose()),
        None => person.to_owned(),
    }
}

/// A booking as its holder's program sees it.
fn shape(occasion: &Occasion, booking: &Booking) -> BookingShape {
    let zone = &occasion.event().zone;
    BookingShape {
        id: booking.id.to_string(),
        state: state_word(booking).to_owned(),
        event: event_path(occasion),
        slot: booking.slot.to_string(),
        resource: booking.slot.resource.to_string(),
        resource_name: resource(occasion, booking.slot)
            .map_or_else(String::new, |resource| resource.name.clone()),
        start: zone.rfc3339(booking.start),
        end: zone.rfc3339(booking.end),
        zone: zone.name().to_owned(),
        name: booking.contact.name.expose().to_owned(),
        dependent: booking.dependent.as_ref().map(|it| it.name.expose().to_owned()),
        version: booking.version,
    }
}

/// An appointment as people read it.
fn appointment(
    occasion: &Occasion,
    slot: SlotId,
    start: jiff::Timestamp,
    end: jiff::Timestamp,
) -> Appointment {
    let event = occasion.event();
    let resource = resource(occasion, slot);
    let place = [resource.map_or("", |found| found.place.as_str()), event.place.as_str()]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(", ");
    let until = if event.zone.day(start) == event.zone.day(end) {
        event.zone.clock(end)
    } else {
        format!("{}, {}", event.zone.long_day(end), event.zone.clock(end))
    };
    Appointment {
        resource_word: event.resource_word.clone(),
        resource: resource.map_or_else(String::new, |found| found.name.clone()),
        day: event.zone.long_day(start),
        time: event.zone.clock(start),
        until,
        zone: event.zone.spoken(),
        place: (!place.is_empty()).then_some(place),
        start: event.zone.rfc3339(start),
        zone_id: event.zone.name().to_owned(),
    }
}
