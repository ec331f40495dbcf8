//! Reading what a repair needs to see around a booking or a slot, as it is now.

use std::collections::HashSet;
use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::civil::Date;

use super::Mender;
use crate::booking::seat::{self, Seat};
use crate::booking::{Booking, State, store};
use crate::dynamo::{self, Item, Key, keys};
use crate::ids::{BookingId, EventId, NoticeId, OrganizationId, PersonId};
use crate::notice::{self, Notice};
use crate::participant::{Agenda, AgendaOf, Entry, Tally, agenda, tally};
use crate::slot::{self, Slot, SlotId};
use crate::trouble::Trouble;
use crate::vault::OrganizationKeys;

/// How many items one request reads.
const AT_ONCE: usize = 100;

/// Who is in a slot.
#[derive(Debug, Default)]
pub(super) struct Occupants {
    pub(super) booked: Vec<Booking>,
    pub(super) held: Vec<Booking>,
    pub(super) seats: Vec<Seat>,
}

/// A slot, with who is in it.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) slot: Slot,
    pub(super) occupants: Occupants,
}

impl Counted {
    /// Seats for which somebody stands: holds, bookings, seats whose person is gone.
    pub(super) fn accounted(&self) -> u32 {
        let Occupants { booked, seats, .. } = &self.occupants;
        let all = self.slot.holds.len() + booked.len() + seats.len();
        u32::try_from(all).unwrap_or(u32::MAX)
    }

    /// Seats taken beyond those; negative where more stand than are taken.
    pub(super) fn unaccounted(&self) -> i64 {
        i64::from(self.slot.taken) - i64::from(self.accounted())
    }

    pub(super) fn has_room(&self) -> bool {
        self.slot.taken < self.slot.capacity
    }
}

impl Mender<'_> {
    pub(super) fn schedule(&self) -> &str {
        &self.service.settings.tables.schedule
    }

    /// An organization's keys; `None` where it has none, which is a finding of
    /// its own that a person must see to.
    pub(super) async fn keys(
        &self,
        organization: OrganizationId,
    ) -> Result<Option<Arc<OrganizationKeys>>, Trouble> {
        self.service.vault.keys(organization, self.now).await
    }

    pub(super) async fn booking(
        &self,
        organization: OrganizationId,
        keys: &OrganizationKeys,
        booking: BookingId,
    ) -> Result<Option<Booking>, Trouble> {
        store::find(self.service, organization, keys, booking).await
    }

    pub(super) async fn seat(
        &self,
        organization: OrganizationId,
        booking: BookingId,
    ) -> Result<Option<Seat>, Trouble> {
        let key = Key::seat(organization, booking);
        let item = dynamo::get(&self.service.dynamo, self.schedule(), &key).await?;
        item.map(seat::read).transpose()
    }

    pub(super) async fn notice(
        &self,
        organization: OrganizationId,
        notice: NoticeId,
    ) -> Result<Option<Notice>, Trouble> {
        notice::store::read(self.service, organization, notice).await
    }

    /// Who is in a slot, as an index says and each item confirms.
    pub(super) async fn occupants(
        &self,
        organization: OrganizationId,
        keys: &OrganizationKeys,
        event: EventId,
        slot: SlotId,
    ) -> Result<Occupants, Trouble> {
        let listed = keys::booked(organization, event, slot.day);
        let there = format!("{slot}");
        let found = self.indexed("booked", "listed", &listed, Some(("slot", &there))).await?;
        let mut occupants = Occupants::default();
        for item in self.items(&found).await? {
            match Key::of(&item) {
                Some(key) if key.sk == "seat" => {
                    let seat = seat::read(item)?;
                    if (seat.event, seat.slot) == (event, slot) {
                        occupants.seats.push(seat);
                    }
                }
                _ => {
                    let booking = store::read(keys, item)?;
                    match booking.state {
                        _ if (booking.event, booking.slot) != (event, slot) => {}
                        State::Booked => occupants.booked.push(booking),
                        State::Held(_) => occupants.held.push(booking),
                        State::Cancelled | State::Lapsed => {}
                    }
                }
            }
        }
        occupants.booked.sort_by_key(|booking| (booking.made, booking.id));
        Ok(occupants)
    }

    /// A slot with who is in it; `None` where there is no such slot.
    pub(super) async fn counted(
        &self,
        organization: OrganizationId,
        keys: &OrganizationKeys,
        event: EventId,
        slot: SlotId,
    ) -> Result<Option<Counted>, Trouble> {
        let key = Key::slot(organization, event, slot);
        let item = dynamo::get(&self.service.dynamo, self.schedule(), &key).await?;
        let Some(slot) = item.map(slot::store::read).transpose()? else { return Ok(None) };
        let occupants = self.occupants(organization, keys, event, slot.id).await?;
        Ok(Some(Counted { slot, occupants }))
    }

    /// The slots of an event that have the times of an agenda's entry.
    pub(super) async fn slots_of(
        &self,
        organization: OrganizationId,
        keys: &OrganizationKeys,
        entry: &Entry,
    ) -> Result<Vec<Counted>, Trouble> {
        let event = crate::event::store::find(self.service, organization, entry.event).await?;
        let Some(event) = event else { return Ok(Vec::new()) };
        let day = event.zone.day(entry.start);
        let slots = slot::store::of_day(self.service, organization, entry.event, day, None).await?;
        let mut found = Vec::new();
        for slot in slots {
            if (slot.start, slot.end) == (entry.start, entry.end) {
                found.extend(self.counted(organization, keys, entry.event, slot.id).await?);
            }
        }
        Ok(found)
    }

    pub(super) async fn agenda(
        &self,
        organization: OrganizationId,
        of: AgendaOf,
        day: Date,
    ) -> Result<Agenda, Trouble> {
        let key = Key::agenda(organization, of, day);
        let item = dynamo::get(&self.service.dynamo, self.schedule(), &key).await?;
        item.map_or_else(|| Ok(Agenda::empty(day)), agenda::read)
    }

    pub(super) async fn tally(
        &self,
        organization: OrganizationId,
        person: PersonId,
        event: EventId,
    ) -> Result<Tally, Trouble> {
        let key = Key::tally(organization, person, event);
        let item = dynamo::get(&self.service.dynamo, self.schedule(), &key).await?;
        item.map_or_else(|| Ok(Tally::empty()), tally::read)
    }

    /// Whatever a person has booked, whatever became of it.
    pub(super) async fn owned(
        &self,
        organization: OrganizationId,
        keys: &OrganizationKeys,
        person: PersonId,
    ) -> Result<Vec<Booking>, Trouble> {
        let owner = keys::owned(organization, person);
        let found = self.indexed("owned", "owner", &owner, None).await?;
        let items = self.items(&found).await?;
        items.into_iter().map(|item| store::read(keys, item)).collect()
    }

    /// The seats of an event day whose person is gone.
    pub(super) async fn seats_of_day(
        &self,
        organization: OrganizationId,
        event: EventId,
        day: Date,
    ) -> Result<Vec<Seat>, Trouble> {
        let listed = keys::booked(organization, event, day);
        let mut found = self.indexed("booked", "listed", &listed, None).await?;
        found.retain(|key| key.sk == "seat");
        self.items(&found).await?.into_iter().map(seat::read).collect()
    }

    /// The keys that lie in a partition of an index.
    async fn indexed(
        &self,
        index: &str,
        attribute: &str,
        partition: &str,
        and: Option<(&str, &str)>,
    ) -> Result<Vec<Key>, Trouble> {
        let mut found = Vec::new();
        let mut start = None;
        loop {
            let mut request = self
                .service
                .dynamo
                .query()
                .table_name(self.schedule())
                .index_name(index)
                .expression_attribute_names("#partition", attribute)
                .expression_attribute_values(":partition", AttributeValue::S(partition.to_owned()))
                .set_exclusive_start_key(start);
            request = match and {
                None => request.key_condition_expression("#partition = :partition"),
                Some((name, value)) => request
                    .key_condition_expression("#partition = :partition AND #and = :and")
                    .expression_attribute_names("#and", name)
                    .expression_attribute_values(":and", AttributeValue::S(value.to_owned())),
            };
            let answer = request
                .send()
                .await
                .map_err(|cause| Trouble::unavailable("reading an index", cause))?;
            found.extend(answer.items.unwrap_or_default().iter().filter_map(Key::of));
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(found);
            }
        }
    }

    /// The items under these keys as they are now.
    async fn items(&self, which: &[Key]) -> Result<Vec<Item>, Trouble> {
        let mut items = Vec::with_capacity(which.len());
        for chunk in which.chunks(AT_ONCE) {
            let chance = &*self.service.chance;
            let found = dynamo::batch_get(&self.service.dynamo, self.schedule(), chunk, chance);
            items.extend(found.await?.into_values());
        }
        Ok(items)
    }
}

/// How many bookings at an event stand in some agendas.
pub(super) fn at_event(agendas: &[Agenda], event: EventId) -> u32 {
    let entries = agendas.iter().flat_map(|agenda| &agenda.entries);
    let bookings: HashSet<BookingId> =
        entries.filter(|entry| entry.event == event).map(|entry| entry.booking).collect();
    u32::try_from(bookings.len()).unwrap_or(u32::MAX)
}
