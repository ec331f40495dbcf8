//! Forgetting one booking: it goes with its agenda entries, its share of the
//! tally and its mails, and its seat becomes free or nobody's.
//!
//! Everything that other items count on goes in one transaction, on the
//! condition that it still is what was read. What nothing counts on, the mails
//! of earlier versions, goes before it: killed in between, the booking is still
//! there to start again from.

mod contact;
mod notice;

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

pub use contact::contact;
pub use notice::notice;

use super::hold::{self, On};
use super::rules::{self, Leaves, all_past};
use crate::booking::State;
use crate::booking::seat::{self, Reason, Seat};
use crate::booking::store::{Outline, outline};
use crate::dynamo::{self, Commit, Item, Key, Transaction, Write, keys};
use crate::event;
use crate::ids::{BookingId, EventId, OrganizationId, PersonId};
use crate::ledger::Fate;
use crate::notice::{owed, store as notices};
use crate::participant::tally::{self, WINDOW};
use crate::participant::{AgendaOf, agenda};
use crate::service::Service;
use crate::slot::{self, SlotId};
use crate::time::utc_days;
use crate::trouble::Trouble;

/// No appointment lasts longer; one that says so is damaged.
const LONGEST: SignedDuration = SignedDuration::from_hours(31 * 24);

/// Forgets a booking, in whatever state it is: it is removed, or a seat that
/// was somebody's stands in its place. Where only such a seat is left,
/// [`Fate::Removed`] removes that. `false` when there was nothing to do, so
/// that it may be done again.
///
/// Nobody is told: whoever removes what is still to come cancels it first. And
/// holds are not asked for: whoever must heed them has done so.
///
/// # Errors
/// When DynamoDB fails or something that is read is damaged.
pub async fn booking(
    service: &Service,
    organization: OrganizationId,
    booking: BookingId,
    fate: Fate,
    now: Timestamp,
) -> Result<bool, Trouble> {
    let heed = false;
    let forgetting = Forgetting { service, organization, booking, fate, heed, now };
    Ok(forgetting.forget().await? == Forgotten::Gone)
}

/// What became of a booking that was to be forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forgotten {
    /// It is gone.
    Gone,
    /// A legal hold keeps it.
    Held,
    /// There was nothing to do.
    Nothing,
}

/// As [`booking`], where no hold keeps it: of its person, its dependent or its
/// event. A hold that is placed at the same moment is heeded too.
///
/// # Errors
/// When DynamoDB fails or something that is read is damaged.
pub async fn booking_unless_held(
    service: &Service,
    organization: OrganizationId,
    booking: BookingId,
    fate: Fate,
    now: Timestamp,
) -> Result<Forgotten, Trouble> {
    Forgetting { service, organization, booking, fate, heed: true, now }.forget().await
}

struct Forgetting<'a> {
    service: &'a Service,
    organization: OrganizationId,
    booking: BookingId,
    fate: Fate,
    /// Whether holds are asked for.
    heed: bool,
    now: Timestamp,
}

/// What takes a booking away.
enum Prepared {
    Nothing,
    Held,
    /// The transaction, and whether the booking could still be in somebody's way.
    Ready(Transaction, bool),
}

impl Forgetting<'_> {
    async fn forget(&self) -> Result<Forgotten, Trouble> {
        let service = self.service;
        for attempt in 0..dynamo::TRIES {
            let (transaction, to_come) = match self.prepare().await? {
                Prepared::Nothing => return Ok(Forgotten::Nothing),
                Prepared::Held => return Ok(Forgotten::Held),
                Prepared::Ready(transaction, to_come) => (transaction, to_come),
            };
            if let Commit::Committed = transaction.commit(&service.dynamo).await? {
                if to_come {
                    // Somebody may have wanted its time at that very moment, and a
                    // mail may tell them of it. What is over is in nobody's way.
                    self.delete_mails(&self.mails_about().await?).await?;
                }
                return Ok(Forgotten::Gone);
            }
            // Somebody changed it meanwhile: it is read again.
            dynamo::pause(attempt, &*service.chance).await?;
        }
        Err(Trouble::unavailable("forgetting a booking", "others were always first"))
    }

    /// What takes the booking away as it is now.
    async fn prepare(&self) -> Result<Prepared, Trouble> {
        let own = Key::booking(self.organization, self.booking);
        let seat = Key::seat(self.organization, self.booking);
        let mut found = self.read(&[own.clone(), seat.clone()]).await?;
        match (found.remove(&own), found.remove(&seat)) {
            (Some(item), seat) => {
                let booking = outline(item)?;
                let lasts = booking.end.duration_since(booking.start);
                if !(SignedDuration::ZERO..=LONGEST).contains(&lasts) {
                    return Err(Trouble::damaged(format!("booking {own}"), "its times"));
                }
                let mut transaction = Transaction::default();
                let person = On::Person(booking.person);
                let dependent = booking.dependent.map(On::Dependent);
                let what = [Some(person), dependent, Some(On::Event(booking.event))];
                if self.holds(what.into_iter().flatten(), &mut transaction).await? {
                    return Ok(Prepared::Held);
                }
                self.remove_mails(&booking).await?;
                self.taking_away(&booking, seat.is_some(), &mut transaction).await?;
                Ok(Prepared::Ready(transaction, booking.end > self.now))
            }
            (None, Some(item)) if self.fate == Fate::Removed => {
                let seat = seat::read(item)?;
                let mut transaction = Transaction::default();
                if self.holds([On::Event(seat.event)].into_iter(), &mut transaction).await? {
                    return Ok(Prepared::Held);
                }
                self.clearing(&seat, &mut transaction).await?;
                Ok(Prepared::Ready(transaction, false))
            }
            (None, _) => Ok(Prepared::Nothing),
        }
    }

    /// Whether any of these is held, where that matters; if none is, the
    /// transaction is lost when one is by then.
    async fn holds(
        &self,
        what: impl Iterator<Item = On>,
        transaction: &mut Transaction,
    ) -> Result<bool, Trouble> {
        if !self.heed {
            return Ok(false);
        }
        let mut keys = Vec::new();
        for on in what {
            keys.push(Key::hold(self.organization, on));
            transaction.push(hold::absent(self.service, self.organization, on)?);
        }
        Ok(!self.read(&keys).await?.is_empty())
    }

    async fn read(&self, keys: &[Key]) -> Result<HashMap<Key, Item>, Trouble> {
        let table = &self.service.settings.tables.schedule;
        dynamo::batch_get(&self.service.dynamo, table, keys, &*self.service.chance).await
    }

    fn schedule(&self) -> &str {
        &self.service.settings.tables.schedule
    }

    /// The booking, the mails of its latest version and all that counts it.
    async fn taking_away(
        &self,
        booking: &Outline,
        has_seat: bool,
        transaction: &mut Transaction,
    ) -> Result<(), Trouble> {
        let organization = self.organization;
        let days = utc_days(booking.start, booking.end);
        let whose = [Some(AgendaOf::from(booking.person)), booking.dependent.map(AgendaOf::from)];
        let agendas: Vec<(AgendaOf, Key)> = whose
            .into_iter()
            .flatten()
            .flat_map(|of| days.iter().map(move |day| (of, Key::agenda(organization, of, *day))))
            .collect();
        let slot_key = Key::slot(organization, booking.event, booking.slot);
        let tally_key = Key::tally(organization, booking.person, booking.event);
        let event_key = Key::event(organization, booking.event);
        let mut asked = vec![slot_key.clone(), tally_key.clone(), event_key.clone()];
        asked.extend(agendas.iter().map(|(_, key)| key.clone()));
        let mut found = self.read(&asked).await?;

        transaction.push(Write::delete(
            self.schedule(),
            &Key::booking(organization, self.booking),
            "version = :read",
            [(":read", number(booking.version))],
        )?);
        for key in latest_mails(organization, self.booking, booking) {
            let mail = &self.service.settings.tables.mail;
            transaction.push(Write::remove(mail, &key)?);
        }
        let leaves = rules::leaves(booking.state, self.fate);
        match leaves {
            Leaves::Seat if !has_seat => {
                let seat = Seat {
                    id: self.booking,
                    event: booking.event,
                    slot: booking.slot,
                    start: booking.start,
                    end: booking.end,
                    reason: Reason::Deleted,
                };
                let seat = seat::write(organization, &seat)?;
                transaction.push(Write::create(self.schedule(), seat)?);
            }
            Leaves::Seat | Leaves::Nothing => {
                let slot = found.remove(&slot_key);
                transaction.extend(self.freeing(booking, slot)?);
            }
        }
        if booking.state == State::Booked {
            for (of, key) in agendas {
                let Some(item) = found.remove(&key) else { continue };
                transaction.extend(self.striking_out(of, &key, item)?);
            }
            if let Some(item) = found.remove(&tally_key) {
                let event = found.remove(&event_key);
                transaction.push(self.counting_one_less(
                    booking.person,
                    booking.event,
                    item,
                    event,
                )?);
            }
        }
        Ok(())
    }

    /// The seat of a booking that had one is free.
    fn freeing(&self, booking: &Outline, slot: Option<Item>) -> Result<Option<Write>, Trouble> {
        let Some(slot) = slot.map(slot::store::read).transpose()? else { return Ok(None) };
        if slot.taken == 0 {
            return Ok(None);
        }
        match booking.state {
            State::Booked => self.free(booking.event, booking.slot).map(Some),
            State::Held(until) if slot.holds.get(&self.booking) == Some(&until) => Write::update(
                self.schedule(),
                &Key::slot(self.organization, booking.event, booking.slot),
                "SET taken = taken - :one REMOVE holds.#booking",
                "taken >= :one AND holds.#booking = :until",
                [("#booking", self.booking.to_string().as_str())],
                [(":one", number(1)), (":until", number(until.as_second()))],
            )
            .map(Some),
            State::Held(_) | State::Cancelled | State::Lapsed => Ok(None),
        }
    }

    fn free(&self, event: EventId, slot: SlotId) -> Result<Write, Trouble> {
        Write::update(
            self.schedule(),
            &Key::slot(self.organization, event, slot),
            "SET taken = taken - :one",
            "taken >= :one",
            [],
            [(":one", number(1))],
        )
    }

    /// A seat that was somebody's goes, and is free.
    async fn clearing(&self, seat: &Seat, transaction: &mut Transaction) -> Result<(), Trouble> {
        let slot_key = Key::slot(self.organization, seat.event, seat.slot);
        let slot = self.read(std::slice::from_ref(&slot_key)).await?.remove(&slot_key);
        let slot = slot.map(slot::store::read).transpose()?;
        let key = Key::seat(self.organization, self.booking);
        transaction.push(Write::delete(self.schedule(), &key, "attribute_exists(pk)", [])?);
        if slot.is_some_and(|slot| slot.taken > 0) {
            transaction.push(self.free(seat.event, seat.slot)?);
        }
        Ok(())
    }

    /// An agenda without the booking. One that is empty then goes too, once
    /// nobody can write to its day any more.
    fn striking_out(&self, of: AgendaOf, key: &Key, item: Item) -> Result<Option<Write>, Trouble> {
        let before = agenda::read(item)?;
        if before.entries.iter().all(|entry| entry.booking != self.booking) {
            return Ok(None);
        }
        let after = before.without(self.booking);
        if after.entries.is_empty() && all_past([after.day].into_iter(), self.today()) {
            let read = number(after.version);
            return Write::delete(self.schedule(), key, "version = :read", [(":read", read)])
                .map(Some);
        }
        agenda::replace(self.schedule(), self.organization, of, &after).map(Some)
    }

    /// The tally with one booking less. One that counts nothing then goes too,
    /// once the event is over.
    fn counting_one_less(
        &self,
        person: PersonId,
        event: EventId,
        tally: Item,
        of_event: Option<Item>,
    ) -> Result<Write, Trouble> {
        let after = tally::read(tally)?.one_fewer();
        let over = match of_event.map(event::store::read).transpose()? {
            Some(event) => all_past(event.days.into_iter(), self.today()),
            None => true,
        };
        if after.live == 0 && over && self.now.duration_since(after.since) > WINDOW {
            let key = Key::tally(self.organization, person, event);
            let read = number(after.version);
            return Write::delete(self.schedule(), &key, "version = :read", [(":read", read)]);
        }
        tally::replace(self.schedule(), self.organization, person, event, &after)
    }

    fn today(&self) -> jiff::civil::Date {
        TimeZone::UTC.to_datetime(self.now).date()
    }

    /// Removes the mails about the booking that nothing else counts on: those of
    /// earlier versions, and those about times that it stood in the way of.
    async fn remove_mails(&self, booking: &Outline) -> Result<(), Trouble> {
        let mut keys: Vec<Key> = (1..booking.version)
            .flat_map(|version| mails(self.organization, self.booking, booking.person, version))
            .collect();
        keys.extend(self.mails_about().await?);
        self.delete_mails(&keys).await
    }

    async fn mails_about(&self) -> Result<Vec<Key>, Trouble> {
        let concerns = keys::mail_concerning(self.organization, &self.booking.to_string());
        notices::concerning(self.service, concerns).await
    }

    async fn delete_mails(&self, keys: &[Key]) -> Result<(), Trouble> {
        let table = &self.service.settings.tables.mail;
        dynamo::batch_delete(&self.service.dynamo, table, keys, &*self.service.chance).await
    }
}

/// Where the mails that announced a version of a booking can lie.
fn mails(
    organization: OrganizationId,
    booking: BookingId,
    person: PersonId,
    version: u32,
) -> impl Iterator<Item = Key> {
    let kinds = rules::announcing(version).iter();
    kinds
        .map(move |kind| Key::notice(organization, owed::id(booking, *kind, version, person, None)))
}

fn latest_mails(
    organization: OrganizationId,
    id: BookingId,
    booking: &Outline,
) -> impl Iterator<Item = Key> {
    mails(organization, id, booking.person, booking.version)
}

fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
