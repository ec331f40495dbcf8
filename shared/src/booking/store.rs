//! Bookings in the Schedule table, and the transactions that make, move and
//! cancel them.
//!
//! Each change is: read what the decision needs in one consistent request,
//! let the rules decide, commit one transaction. When somebody else was first
//! or the outcome stayed unknown, it is read and decided again, which gives
//! either the refusal that is now true or the answer of the first attempt.

mod correction;
mod item;
mod list;
mod owned;
mod transactions;

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};

pub use correction::{Correction, is_ahead};
pub(crate) use item::Outline;
pub use list::{of_day, of_person};
pub use owned::of_owner;
pub(crate) use owned::{Concerning, Owned, concerning, outlines};
use transactions::Maker;
pub(crate) use transactions::{ParticipantRow, remember_participant};

use super::rules::{self, Agendas, Asker, Confirmation, Decision, For, Move, Refusal, Seen};
use super::{Booking, Cancelling, Contact, Failure, IdempotencyKey};
use crate::audit::Actor;
use crate::dependent;
use crate::dynamo::{self, Commit, Item, Key, Transaction};
use crate::ids::{self, BookingId, DependentId, MemberId, OrganizationId, PersonId};
use crate::organization::Occasion;
use crate::participant::allowance::{AN_HOUR, Allowance};
use crate::participant::{Agenda, AgendaOf, Allowances, Tally, agenda, tally};
use crate::service::Service;
use crate::slot::{self, Slot, SlotId};
use crate::time::utc_days;
use crate::trouble::Trouble;
use crate::vault::OrganizationKeys;

/// Who wishes to book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wisher {
    /// Somebody who has not signed in.
    Visitor,
    /// A participant who has signed in, maybe under another address.
    Participant(PersonId),
    /// A member of the team, for whoever is written down.
    Member(MemberId),
}

/// A wish to book.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Which slot.
    pub slot: SlotId,
    /// Who comes, or books for a dependent.
    pub contact: Contact,
    /// Whom it is for, when that is not they.
    pub dependent: Option<DependentId>,
    /// Whose wish it is.
    pub wisher: Wisher,
    /// What marks this request.
    pub key: IdempotencyKey,
    /// Where the request came from: a keyed hash.
    pub network: [u8; 16],
}

/// Everything a change of bookings is done with.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    /// Clients, clock and chance.
    pub service: &'a Service,
    /// What this process has borrowed of the limits on unproven bookings.
    pub allowances: &'a Allowances,
    /// The event.
    pub occasion: &'a Occasion,
    /// When the request arrived.
    pub now: Timestamp,
}

/// Reads a booking.
///
/// # Errors
/// When DynamoDB fails or the booking is damaged.
pub async fn find(
    service: &Service,
    organization: OrganizationId,
    keys: &OrganizationKeys,
    booking: BookingId,
) -> Result<Option<Booking>, Trouble> {
    let table = &service.settings.tables.schedule;
    let item = dynamo::get(&service.dynamo, table, &Key::booking(organization, booking)).await?;
    item.map(|item| item::read(keys, item)).transpose()
}

/// Reads a booking out of its item: for `fsck`, which goes through all of them.
///
/// # Errors
/// [`Trouble::Damaged`] names the booking and what is wrong.
pub fn read(keys: &OrganizationKeys, item: Item) -> Result<Booking, Trouble> {
    item::read(keys, item)
}

/// Writes a booking as its item: for repairs, which know no desk.
pub(crate) fn written(
    service: &Service,
    organization: OrganizationId,
    keys: &OrganizationKeys,
    booking: &Booking,
) -> Result<Item, Trouble> {
    item::write(organization, keys, booking, &*service.chance)
}

/// Reads what of a booking lies open.
pub(crate) fn outline(item: Item) -> Result<Outline, Trouble> {
    item::outline(item)
}

impl Desk<'_> {
    /// Books the wished slot, or holds it where the address must be proven first.
    ///
    /// # Errors
    /// [`Failure`] says why not.
    pub async fn book(&self, wish: &Wish) -> Result<Booking, Failure> {
        let mut spent = 0;
        let made = self.book_spending(wish, &mut spent).await;
        // Given back only where it is certain that nothing came of it: after a
        // trouble the booking may stand, and an overlap is an answer that counts.
        let nothing_came = match &made {
            Ok(_) | Err(Failure::Trouble(_) | Failure::Refused(Refusal::InTheWay(_))) => false,
            Err(Failure::Refused(_)) => true,
        };
        if nothing_came {
            let (network, event) = (ids::to_text(&wish.network), self.event_id());
            for allowance in self.allowances_of(&network, &event).into_iter().take(spent) {
                self.allowances.give_back(allowance, self.now);
            }
        }
        made
    }

    async fn book_spending(&self, wish: &Wish, spent: &mut usize) -> Result<Booking, Failure> {
        let keys = self.occasion.keys();
        let event = self.occasion.event();
        let id = keys.booking_id(event.id, wish.key.as_str());
        let person = keys.person(&wish.contact.email);
        let fingerprint = fingerprint(keys, wish);
        for attempt in 0..dynamo::TRIES {
            let mut seen = self.see(id, wish.slot, person, wish.dependent).await?;
            let maker = match wish.wisher {
                Wisher::Participant(own) if own == person => {
                    Maker::SignedIn { remembered: seen.proven }
                }
                Wisher::Participant(_) | Wisher::Visitor => Maker::Visitor,
                Wisher::Member(member) => Maker::Member(member),
            };
            seen.asker = maker.asker();
            let decision = rules::book(event, id, fingerprint, &seen, self.now)?;
            let slot = match (decision, seen.slot, seen.booking) {
                // The answer is the one of the first time, wherever the booking
                // has been moved since.
                (Decision::Again, Some(slot), Some(booking)) => {
                    return Ok(Booking {
                        slot: slot.id,
                        start: slot.start,
                        end: slot.end,
                        ..booking
                    });
                }
                (Decision::Again, None, Some(booking)) => return Ok(booking),
                (Decision::Release(holds), Some(slot), _) => {
                    self.release(&slot, &holds).await?;
                    continue;
                }
                (decision, Some(slot), _) => (decision, slot),
                (_, None, _) => return Err(Refusal::NoSuchSlot.into()),
            };
            let (decision, slot) = slot;
            if maker == Maker::Visitor {
                self.spend_allowances(wish.network, spent).await?;
            }
            let (booking, transaction) = match decision {
                Decision::Hold(until, tally) => {
                    let until_then = Some(until);
                    let booking =
                        self.booking(id, person, fingerprint, wish, seen.who, &slot, until_then);
                    let transaction = self.holding(&booking, until, &tally, wish.network)?;
                    (booking, transaction)
                }
                Decision::Book(agendas, tally) => {
                    let booking =
                        self.booking(id, person, fingerprint, wish, seen.who, &slot, None);
                    let transaction =
                        self.making(&booking, &agendas, &tally, maker, wish.network)?;
                    (booking, transaction)
                }
                Decision::Tell(entry, tally) => {
                    if self.told(person, entry.booking, &slot, &tally, wish, attempt).await? {
                        return Err(Refusal::InTheWay(entry).into());
                    }
                    continue;
                }
                Decision::Again | Decision::Release(_) => continue,
            };
            if self.settled(transaction, attempt).await? {
                return Ok(booking);
            }
        }
        Err(busy("booking").into())
    }

    /// Books the seat that was held for a proven address.
    ///
    /// # Errors
    /// [`Failure`] says why not.
    pub async fn confirm(&self, booking: &Booking, network: [u8; 16]) -> Result<Booking, Failure> {
        let mut booking = booking.clone();
        for attempt in 0..dynamo::TRIES {
            let seen = self.see_of(&booking, booking.slot).await?;
            let (Some(slot), Some(current)) = (seen.slot, seen.booking) else {
                return Err(Refusal::NoSuchSlot.into());
            };
            booking = current;
            let event = self.occasion.event();
            let decision =
                rules::confirm(event, &booking, &slot, &seen.agendas, seen.tally, self.now)?;
            let Confirmation::Book(agendas, tally) = decision else { return Ok(booking) };
            let (confirmed, transaction) =
                self.confirming(&booking, &agendas, &tally, seen.proven, network)?;
            if self.settled(transaction, attempt).await? {
                return Ok(confirmed);
            }
        }
        Err(busy("confirming").into())
    }

    /// Moves a booking to another slot of its event.
    ///
    /// # Errors
    /// [`Failure`] says why not.
    pub async fn move_to(
        &self,
        booking: &Booking,
        wanted: SlotId,
        network: [u8; 16],
    ) -> Result<Booking, Failure> {
        let mut booking = booking.clone();
        for attempt in 0..dynamo::TRIES {
            let seen = self.see_of(&booking, wanted).await?;
            booking = seen.booking.ok_or(Refusal::NoSuchSlot)?;
            let mut agendas = seen.agendas;
            let missing: Vec<_> = utc_days(booking.start, booking.end)
                .into_iter()
                .filter(|day| agendas.person.iter().all(|agenda| agenda.day != *day))
                .collect();
            let of_former_days =
                self.agendas(booking.person, dependent_of(&booking), &missing).await?;
            agendas.person.extend(of_former_days.person);
            agendas.dependent.extend(of_former_days.dependent);
            let event = self.occasion.event();
            let slot = seen.slot.as_ref();
            let decision = rules::move_to(event, &booking, wanted, slot, &agendas, self.now)?;
            let (agendas, slot) = match (decision, seen.slot) {
                (Move::Again, _) => return Ok(booking),
                (Move::Release(holds), Some(slot)) => {
                    self.release(&slot, &holds).await?;
                    continue;
                }
                (Move::Move(agendas), Some(slot)) => (agendas, slot),
                (_, None) => return Err(Refusal::NoSuchSlot.into()),
            };
            let (moved, transaction) = self.moving(&booking, &slot, &agendas, network)?;
            if self.settled(transaction, attempt).await? {
                return Ok(moved);
            }
        }
        Err(busy("moving").into())
    }

    /// Cancels a booking. Cancelling it again is no different.
    ///
    /// # Errors
    /// [`Failure`] says why not.
    pub async fn cancel(&self, booking: &Booking, network: [u8; 16]) -> Result<Booking, Failure> {
        let by = (Actor::LinkHolder(booking.person), Some(network));
        let mut booking = booking.clone();
        for _ in 0..dynamo::TRIES {
            match self.cancel_by(&booking, by).await? {
                Cancelling::Cancelled(cancelled) => return Ok(cancelled),
                // Theirs it is wherever it is.
                Cancelling::Moved(current) => booking = current,
            }
        }
        Err(busy("cancelling").into())
    }

    /// Cancels a booking for somebody else than its holder, who is told by mail
    /// all the same; `by` is who does it, and from which network. Where the
    /// booking has been moved since it was read, nothing is done: whether they
    /// may cancel it there is another question.
    ///
    /// # Errors
    /// [`Failure`] says why not.
    pub async fn cancel_by(
        &self,
        booking: &Booking,
        by: (Actor, Option<[u8; 16]>),
    ) -> Result<Cancelling, Failure> {
        let slot = booking.slot;
        for attempt in 0..dynamo::TRIES {
            let seen = self.see_of(booking, slot).await?;
            let current = seen.booking.ok_or(Refusal::NoSuchSlot)?;
            if current.slot != slot {
                return Ok(Cancelling::Moved(current));
            }
            if !rules::cancel(&current, self.now)? {
                return Ok(Cancelling::Cancelled(current));
            }
            let (cancelled, transaction) =
                self.cancelling(&current, &seen.agendas, &seen.tally, by)?;
            if self.settled(transaction, attempt).await? {
                return Ok(Cancelling::Cancelled(cancelled));
            }
        }
        Err(busy("cancelling").into())
    }

    /// Reads all that a change of a booking needs.
    async fn see_of(&self, booking: &Booking, wanted: SlotId) -> Result<Seen, Trouble> {
        self.see(booking.id, wanted, booking.person, dependent_of(booking)).await
    }

    /// Reads all that a decision needs: one consistent request, and a second
    /// only for a slot that ends on a later UTC day than it begins.
    async fn see(
        &self,
        booking: BookingId,
        wanted: SlotId,
        person: PersonId,
        dependent: Option<DependentId>,
    ) -> Result<Seen, Trouble> {
        let service = self.service;
        let table = &service.settings.tables.schedule;
        let keys = self.occasion.keys();
        let organization = self.occasion.organization().id;
        let event = self.occasion.event().id;
        let begins = Timestamp::from_second(i64::from(wanted.minute()) * 60)
            .map_err(|_| Trouble::damaged("a slot's id", "its minute"))?;
        let first_days = utc_days(begins, begins + SignedDuration::from_secs(1));
        let slot_key = Key::slot(organization, event, wanted);
        let booking_key = Key::booking(organization, booking);
        let tally_key = Key::tally(organization, person, event);
        let participant_key = Key::participant(organization, person);
        let attachment = dependent.map(|dependent| {
            (
                Key::attached(organization, person, dependent),
                Key::dependent(organization, dependent),
            )
        });
        let mut asked =
            vec![slot_key.clone(), booking_key.clone(), tally_key.clone(), participant_key.clone()];
        asked.extend(agenda_keys(organization, person, dependent, &first_days));
        if let Some((attached, dependent)) = &attachment {
            asked.extend([attached.clone(), dependent.clone()]);
        }
        let mut found = dynamo::batch_get(&service.dynamo, table, &asked, &*service.chance).await?;
        let slot = found.remove(&slot_key).map(slot::store::read).transpose()?;
        let booking = found.remove(&booking_key).map(|item| item::read(keys, item)).transpose()?;
        let tally = found.remove(&tally_key).map_or(Ok(Tally::empty()), tally::read)?;
        let proven = found.contains_key(&participant_key);
        let who = match &attachment {
            None => For::Themselves,
            Some((attached, dependent)) => {
                dependent::store::seen(keys, &mut found, attached, dependent)?
                    .map_or(For::Unknown, For::Dependent)
            }
        };
        let mut agendas = take_agendas(organization, person, dependent, &first_days, &mut found)?;
        if let Some(slot) = &slot {
            let later = utc_days(slot.start, slot.end).split_off(1);
            if !later.is_empty() {
                let of_later_days = self.agendas(person, dependent, &later).await?;
                agendas.person.extend(of_later_days.person);
                agendas.dependent.extend(of_later_days.dependent);
            }
        }
        Ok(Seen { slot, booking, agendas, tally, proven, asker: Asker::Visitor, who })
    }

    async fn agendas(
        &self,
        person: PersonId,
        dependent: Option<DependentId>,
        days: &[jiff::civil::Date],
    ) -> Result<Agendas, Trouble> {
        if days.is_empty() {
            return Ok(Agendas::default());
        }
        let service = self.service;
        let organization = self.occasion.organization().id;
        let asked: Vec<Key> = agenda_keys(organization, person, dependent, days).collect();
        let table = &service.settings.tables.schedule;
        let mut found = dynamo::batch_get(&service.dynamo, table, &asked, &*service.chance).await?;
        take_agendas(organization, person, dependent, days, &mut found)
    }

    /// Commits; `false` means read and decide again. An outcome that stayed
    /// unknown is settled the same way: the next reading shows it.
    async fn settled(&self, transaction: Transaction, attempt: u32) -> Result<bool, Trouble> {
        if self.service.clock.now().duration_since(self.now) > LONGEST {
            return Err(busy("changing a booking"));
        }
        match transaction.commit(&self.service.dynamo).await {
            Ok(Commit::Committed) => Ok(true),
            // Those who keep colliding go apart.
            Ok(Commit::Lost) if attempt > 1 => {
                dynamo::pause(attempt, &*self.service.chance).await?;
                Ok(false)
            }
            Ok(Commit::Lost) => Ok(false),
            Ok(Commit::Busy) => {
                dynamo::pause(attempt, &*self.service.chance).await?;
                Ok(false)
            }
            Err(trouble) if attempt < UNKNOWN_TRIES => {
                tracing::warn!(cause = trouble.chain(), "the outcome of a transaction is unknown");
                dynamo::pause(attempt, &*self.service.chance).await?;
                Ok(false)
            }
            Err(trouble) => Err(trouble),
        }
    }

    async fn release(&self, slot: &Slot, holds: &[(BookingId, Timestamp)]) -> Result<(), Trouble> {
        for (booking, until) in holds {
            let transaction = self.lapsing(slot, *booking, *until)?;
            // Lost means somebody else has released it: the aim is reached.
            if transaction.commit(&self.service.dynamo).await? == Commit::Busy {
                dynamo::pause(1, &*self.service.chance).await?;
            }
        }
        Ok(())
    }

    /// Counts a try that met another booking of the person, and mails the owner
    /// of the address what stands in the way: at most once for each pair of
    /// both. `false` means read and decide again.
    async fn told(
        &self,
        person: PersonId,
        standing: BookingId,
        refused: &Slot,
        tally: &Tally,
        wish: &Wish,
        attempt: u32,
    ) -> Result<bool, Trouble> {
        let organization = self.occasion.organization().id;
        let standing = find(self.service, organization, self.occasion.keys(), standing).await?;
        if let Some(standing) = &standing {
            let told = self.telling(standing, refused, tally, wish.network)?;
            match told.commit(&self.service.dynamo).await? {
                Commit::Committed => return Ok(true),
                Commit::Busy => {
                    dynamo::pause(attempt, &*self.service.chance).await?;
                    return Ok(false);
                }
                // The mail is owed already, or the tally has changed.
                Commit::Lost => {}
            }
        }
        let mut counted = Transaction::default();
        counted.push(self.count_try(person, tally)?);
        self.settled(counted, attempt).await
    }

    /// Spends one of each allowance, once for a request.
    async fn spend_allowances(&self, network: [u8; 16], spent: &mut usize) -> Result<(), Failure> {
        let (network, event) = (ids::to_text(&network), self.event_id());
        for allowance in self.allowances_of(&network, &event).into_iter().skip(*spent) {
            if let Some(wait) = self.allowances.spend(self.service, allowance, self.now).await? {
                return Err(Refusal::TooMuch(wait).into());
            }
            *spent += 1;
        }
        Ok(())
    }

    fn event_id(&self) -> String {
        self.occasion.event().id.to_string()
    }

    fn allowances_of<'b>(&self, network: &'b str, event: &'b str) -> [Allowance<'b>; 2] {
        let organization = self.occasion.organization().id;
        let limits = self.occasion.event().unproven;
        [
            Allowance {
                organization,
                kind: "network",
                of: network,
                limit: limits.per_network,
                window: AN_HOUR,
            },
            Allowance {
                organization,
                kind: "event",
                of: event,
                limit: limits.per_event,
                window: AN_HOUR,
            },
        ]
    }
}

/// A request that has taken so long says that it is busy, while there is still
/// time to say it.
const LONGEST: SignedDuration = SignedDuration::from_secs(12);

/// How often an unknown outcome is looked up again.
const UNKNOWN_TRIES: u32 = 3;

fn busy(doing: &'static str) -> Trouble {
    Trouble::unavailable(doing, "DynamoDB stayed busy, or others were always first")
}

fn dependent_of(booking: &Booking) -> Option<DependentId> {
    booking.dependent.as_ref().map(|dependent| dependent.id)
}

fn agenda_keys(
    organization: OrganizationId,
    person: PersonId,
    dependent: Option<DependentId>,
    days: &[jiff::civil::Date],
) -> impl Iterator<Item = Key> {
    let owners = std::iter::once(AgendaOf::from(person)).chain(dependent.map(AgendaOf::from));
    owners.flat_map(move |of| days.iter().map(move |day| Key::agenda(organization, of, *day)))
}

fn take_agendas(
    organization: OrganizationId,
    person: PersonId,
    dependent: Option<DependentId>,
    days: &[jiff::civil::Date],
    found: &mut HashMap<Key, Item>,
) -> Result<Agendas, Trouble> {
    let mut taken = |of: AgendaOf| -> Result<Vec<Agenda>, Trouble> {
        days.iter()
            .map(|day| match found.remove(&Key::agenda(organization, of, *day)) {
                Some(item) => agenda::read(item),
                None => Ok(Agenda::empty(*day)),
            })
            .collect()
    };
    Ok(Agendas {
        person: taken(person.into())?,
        dependent: match dependent {
            Some(dependent) => taken(dependent.into())?,
            None => Vec::new(),
        },
    })
}

/// A keyed hash of all that a request says, so that the same idempotency key
/// with other words is noticed.
fn fingerprint(keys: &OrganizationKeys, wish: &Wish) -> [u8; 16] {
    let contact = &wish.contact;
    let parts = [
        wish.slot.to_string(),
        contact.name.expose().to_owned(),
        contact.email.expose().to_owned(),
        contact.phone.as_ref().map(|phone| phone.expose().to_owned()).unwrap_or_default(),
        contact.note.as_ref().map(|note| note.expose().to_owned()).unwrap_or_default(),
        wish.dependent.map(|dependent| dependent.to_string()).unwrap_or_default(),
    ];
    let mut said = Vec::new();
    for part in parts {
        said.extend_from_slice(&(part.len() as u64).to_be_bytes());
        said.extend_from_slice(part.as_bytes());
    }
    keys.blind(b"request", &said)
}

pub(super) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
