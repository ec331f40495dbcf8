//! Repairs of slots: what they hold and how many they count.

use super::around::{Counted, Occupants};
use super::bookings::number;
use super::rules::{self, Change};
use super::{Deed, Mender, Plan};
use crate::audit::About;
use crate::booking::seat::{Reason, Seat};
use crate::booking::{Booking, State};
use crate::dynamo::{self, Key, Write};
use crate::fsck::damage::{Damage, Finding};
use crate::fsck::subject::Sort;
use crate::ids::{BookingId, EventId, OrganizationId};
use crate::notice::{Kind, owed};
use crate::slot::{self, Slot, SlotId};
use crate::trouble::Trouble;
use crate::vault::OrganizationKeys;

impl Mender<'_> {
    /// The slot of a finding, with who is in it.
    async fn slot_of(
        &self,
        finding: &Finding,
        keys: &OrganizationKeys,
        organization: OrganizationId,
        event: EventId,
    ) -> Result<Option<Counted>, Trouble> {
        let item = dynamo::get(&self.service.dynamo, self.schedule(), &finding.key).await?;
        let Some(slot) = item.map(slot::store::read).transpose()? else { return Ok(None) };
        self.counted(organization, keys, event, slot.id).await
    }

    /// A held booking that its slot does not hold.
    pub(super) async fn no_hold(&self, finding: &Finding) -> Result<Option<Plan>, Trouble> {
        let Sort::Booking(organization, id) = Sort::of(finding.table, &finding.key) else {
            return Ok(None);
        };
        let Some(keys) = self.keys(organization).await? else { return Ok(None) };
        let Some(booking) = self.booking(organization, &keys, id).await? else {
            return Ok(None);
        };
        let State::Held(until) = booking.state else { return Ok(None) };
        let counted = self.counted(organization, &keys, booking.event, booking.slot).await?;
        let Some(counted) = counted.filter(|counted| !counted.slot.holds.contains_key(&id)) else {
            return Ok(None);
        };
        let about = About::Booking(booking.event, id);
        if counted.unaccounted() > 0 {
            // Its hold is gone and its seat is taken: that is what confirming does.
            return self.confirmed(organization, &keys, &booking).await;
        }
        if until > self.now && counted.has_room() {
            let writes = vec![self.hold(organization, &booking, &counted.slot, until)?];
            return Ok(Some(Plan::new(organization, about, Deed::HoldWritten, writes)));
        }
        let lapsed =
            Booking { state: State::Lapsed, version: booking.version + 1, ..booking.clone() };
        let writes = self.announcing(organization, &keys, &booking, &lapsed, None)?;
        Ok(Some(Plan::new(organization, about, Deed::HoldReleased, writes)))
    }

    fn hold(
        &self,
        organization: OrganizationId,
        booking: &Booking,
        slot: &Slot,
        until: jiff::Timestamp,
    ) -> Result<Write, Trouble> {
        Write::update(
            self.schedule(),
            &Key::slot(organization, booking.event, slot.id),
            "SET taken = taken + :one, holds.#booking = :until",
            "taken = :taken AND attribute_not_exists(holds.#booking)",
            [("#booking", booking.id.to_string().as_str())],
            [
                (":one", number(1)),
                (":taken", number(slot.taken)),
                (":until", number(until.as_second())),
            ],
        )
    }

    /// A hold of no booking that waits for it.
    pub(super) async fn stray_hold(
        &self,
        finding: &Finding,
        id: BookingId,
    ) -> Result<Option<Plan>, Trouble> {
        let Sort::Slot(organization, event) = Sort::of(finding.table, &finding.key) else {
            return Ok(None);
        };
        let Some(keys) = self.keys(organization).await? else { return Ok(None) };
        let Some(counted) = self.slot_of(finding, &keys, organization, event).await? else {
            return Ok(None);
        };
        let Some(until) = counted.slot.holds.get(&id).copied() else { return Ok(None) };
        let booking = self.booking(organization, &keys, id).await?;
        let here = |booking: &Booking| (booking.event, booking.slot) == (event, counted.slot.id);
        let taken = match &booking {
            // Whoever was promised the time may still confirm: it is let go
            // when it is over.
            None if until > self.now => return Ok(None),
            Some(booking) if here(booking) => match booking.state {
                State::Held(own) if own == until => return Ok(None),
                State::Held(own) => {
                    let write = Write::update(
                        self.schedule(),
                        &finding.key,
                        "SET holds.#booking = :own",
                        "holds.#booking = :until",
                        [("#booking", id.to_string().as_str())],
                        [(":own", number(own.as_second())), (":until", number(until.as_second()))],
                    )?;
                    let about = About::Booking(event, id);
                    let plan = Plan::new(organization, about, Deed::HoldWritten, vec![write]);
                    return Ok(Some(plan));
                }
                // The held seat is the booking's.
                State::Booked if counted.unaccounted() < 0 => 0,
                State::Booked | State::Cancelled | State::Lapsed => -1,
            },
            Some(_) | None => -1,
        };
        let change = Change { taken, hold: Some(until) };
        let writes = vec![self.change_slot(organization, event, &counted.slot, id, change)?];
        let about = About::Booking(event, id);
        Ok(Some(Plan::new(organization, about, Deed::HoldReleased, writes)))
    }

    /// A slot that counts others than are in it, or more than it has seats.
    pub(super) async fn miscounted(&self, finding: &Finding) -> Result<Option<Plan>, Trouble> {
        let Sort::Slot(organization, event) = Sort::of(finding.table, &finding.key) else {
            return Ok(None);
        };
        let Some(keys) = self.keys(organization).await? else { return Ok(None) };
        let Some(counted) = self.slot_of(finding, &keys, organization, event).await? else {
            return Ok(None);
        };
        let unaccounted = counted.unaccounted();
        if let Damage::Miscounted(seen) = finding.damage
            && (unaccounted == 0 || unaccounted.signum() != seen.signum())
        {
            return Ok(None);
        }
        let (slot, accounted) = (&counted.slot, counted.accounted());
        let about = About::Event(event);
        if slot.end <= self.now {
            // Nobody comes any more: it is the number alone that is wrong.
            if unaccounted == 0 {
                return Ok(None);
            }
            let write = self.recount(organization, event, slot, accounted)?;
            return Ok(Some(Plan::new(organization, about, Deed::Recounted, vec![write])));
        }
        if unaccounted > 0 && accounted < slot.capacity {
            return self.kept(organization, &keys, event, &counted).await.map(Some);
        }
        if accounted > slot.capacity {
            return self.later_cancelled(organization, &keys, event, &counted).await;
        }
        if unaccounted == 0 {
            return Ok(None);
        }
        // One of those who are in it may have been told that they are not.
        let untold = |booking: &&Booking| !self.told.contains(&booking.id);
        if unaccounted < 0
            && let Some(booking) = counted.occupants.booked.iter().find(untold)
        {
            let plan = Plan {
                deeds: Vec::new(),
                ..Plan::new(organization, about, Deed::ToldAgain, Vec::new())
            };
            return self.tell_again(organization, &keys, booking, 0, plan).map(Some);
        }
        let write = self.recount(organization, event, slot, accounted)?;
        Ok(Some(Plan::new(organization, about, Deed::Recounted, vec![write])))
    }

    /// A seat that is taken and of which nothing else is left.
    async fn kept(
        &self,
        organization: OrganizationId,
        keys: &OrganizationKeys,
        event: EventId,
        counted: &Counted,
    ) -> Result<Plan, Trouble> {
        let Slot { id: slot, start, end, .. } = counted.slot;
        let key = Key::slot(organization, event, slot);
        let mut nth = 0_u32;
        let id = loop {
            let id = nobody(&key, nth);
            if self.seat(organization, id).await?.is_none() {
                break id;
            }
            nth += 1;
        };
        let seat = Seat { id, event, slot, start, end, reason: Reason::Lost };
        self.keeping(organization, keys, seat, counted).await
    }

    /// More are in a slot than it has seats: who booked last must go.
    async fn later_cancelled(
        &self,
        organization: OrganizationId,
        keys: &OrganizationKeys,
        event: EventId,
        counted: &Counted,
    ) -> Result<Option<Plan>, Trouble> {
        let Some(last) = counted.occupants.booked.last() else { return Ok(None) };
        let version = rules::beyond(last.version);
        let after = Booking { state: State::Cancelled, version, ..last.clone() };
        let Some(turn) = self.turning(organization, keys, last, &after).await? else {
            return Ok(None);
        };
        let mut writes = turn.writes;
        let kind = Some(Kind::Cancelled);
        writes.extend(self.announcing(organization, keys, last, &after, kind)?);
        let about = About::Booking(event, last.id);
        let plan = Plan::new(organization, about, Deed::LaterCancelled, writes);
        Ok(Some(Plan { tells: Some(last.id), ..plan }))
    }

    fn recount(
        &self,
        organization: OrganizationId,
        event: EventId,
        slot: &Slot,
        accounted: u32,
    ) -> Result<Write, Trouble> {
        Write::update(
            self.schedule(),
            &Key::slot(organization, event, slot.id),
            "SET taken = :after, #capacity = :capacity",
            "taken = :taken AND #capacity = :before AND size(holds) = :holds",
            [("#capacity", "capacity")],
            [
                (":after", number(accounted)),
                (":taken", number(slot.taken)),
                (":before", number(slot.capacity)),
                // Of what is over, more may have come than were to.
                (":capacity", number(slot.capacity.max(accounted))),
                (":holds", number(slot.holds.len())),
            ],
        )
    }

    /// A booking or a seat whose slot is not there.
    pub(super) async fn no_slot(&self, finding: &Finding) -> Result<Option<Plan>, Trouble> {
        let (organization, found) = match Sort::of(finding.table, &finding.key) {
            Sort::Booking(organization, id) => {
                let Some(keys) = self.keys(organization).await? else { return Ok(None) };
                let found = self.booking(organization, &keys, id).await?;
                let times = |found: Booking| (found.event, found.slot, found.start, found.end);
                (organization, found.map(times))
            }
            Sort::Seat(organization, id) => {
                let found = self.seat(organization, id).await?;
                (organization, found.map(|found| (found.event, found.slot, found.start, found.end)))
            }
            _ => return Ok(None),
        };
        let Some(keys) = self.keys(organization).await? else { return Ok(None) };
        let Some((event, id, start, end)) = found else { return Ok(None) };
        let there = self.counted(organization, &keys, event, id).await?.is_some();
        if there || id.start() != start {
            return Ok(None);
        }
        self.slot_again(organization, &keys, event, id, (start, end)).await
    }

    async fn slot_again(
        &self,
        organization: OrganizationId,
        keys: &OrganizationKeys,
        event: EventId,
        id: SlotId,
        (start, end): (jiff::Timestamp, jiff::Timestamp),
    ) -> Result<Option<Plan>, Trouble> {
        let occupants = self.occupants(organization, keys, event, id).await?;
        let Occupants { booked, held, seats } = occupants;
        let holds = held.iter().filter_map(|booking| match booking.state {
            State::Held(until) => Some((booking.id, until)),
            _ => None,
        });
        let taken = u32::try_from(booked.len() + held.len() + seats.len()).unwrap_or(u32::MAX);
        let slot = Slot { id, start, end, capacity: taken, taken, holds: holds.collect() };
        let item = slot::store::item(organization, event, &slot)?;
        let writes = vec![Write::create(self.schedule(), item)?];
        Ok(Some(Plan::new(organization, About::Event(event), Deed::PutRight, writes)))
    }

    /// A seat that says its person is gone, and the booking stands.
    pub(super) async fn twice_seated(&self, finding: &Finding) -> Result<Option<Plan>, Trouble> {
        let Sort::Seat(organization, id) = Sort::of(finding.table, &finding.key) else {
            return Ok(None);
        };
        let Some(keys) = self.keys(organization).await? else { return Ok(None) };
        let Some(seat) = self.seat(organization, id).await? else { return Ok(None) };
        let mut writes =
            vec![Write::delete(self.schedule(), &finding.key, "attribute_exists(pk)", [])?];
        let counted = self.counted(organization, &keys, seat.event, seat.slot).await?;
        if let Some(counted) = counted.filter(|counted| counted.unaccounted() >= 0) {
            let change = Change { taken: -1, hold: None };
            let slot = &counted.slot;
            writes.push(self.change_slot(organization, seat.event, slot, id, change)?);
        }
        let about = About::Booking(seat.event, id);
        Ok(Some(Plan::new(organization, about, Deed::PutRight, writes)))
    }
}

/// The id of a seat of which nothing is known but its slot.
fn nobody(slot: &Key, nth: u32) -> BookingId {
    let parts: [&[u8]; 4] =
        [b"lost seat", slot.pk.as_bytes(), slot.sk.as_bytes(), &nth.to_be_bytes()];
    BookingId::from_bytes(owed::occasion(&parts))
}
