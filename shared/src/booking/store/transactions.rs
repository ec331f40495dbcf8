//! What each change of a booking writes. Every transaction is a list of items
//! that must be true together; its length is its price.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Desk, Wish, item, number};
use crate::audit::{self, About, Action, Actor, Record};
use crate::booking::rules::{Agendas, Asker, For};
use crate::booking::{BookedFor, Booking, State};
use crate::dynamo::{self, Key, Transaction, Write, keys};
use crate::ids::{BookingId, MemberId, OrganizationId, PersonId};
use crate::notice::{Kind, Owed, owed};
use crate::participant::{Tally, agenda, tally};
use crate::personal::EmailAddress;
use crate::service::Service;
use crate::settings::Table;
use crate::slot::{Slot, SlotId};
use crate::trouble::Trouble;
use crate::vault::{OrganizationKeys, Place, Sealed};

/// A participant's item.
#[derive(Serialize, Deserialize)]
pub(crate) struct ParticipantRow {
    pub(crate) pk: String,
    pub(crate) sk: String,
    pub(crate) proven: i64,
    pub(crate) email_index: String,
    /// The index of what retention will ask about.
    pub(crate) ending: String,
    /// When something was last heard of them, as far as anybody looked.
    pub(crate) ends: i64,
    pub(crate) sealed: Sealed,
}

/// Who makes a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Maker {
    /// Somebody who typed the address.
    Visitor,
    /// Who has signed in under it, and whether there is an item of them already.
    SignedIn { remembered: bool },
    /// A member of the team.
    Member(MemberId),
}

impl Maker {
    pub(super) const fn asker(self) -> Asker {
        match self {
            Self::Visitor => Asker::Visitor,
            Self::SignedIn { .. } => Asker::Owner,
            Self::Member(_) => Asker::Member,
        }
    }
}

impl Desk<'_> {
    #[expect(clippy::too_many_arguments, reason = "all that a booking is made of")]
    pub(super) fn booking(
        &self,
        id: BookingId,
        person: PersonId,
        fingerprint: [u8; 16],
        wish: &Wish,
        who: For,
        slot: &Slot,
        held_until: Option<Timestamp>,
    ) -> Booking {
        let dependent = match who {
            For::Dependent(dependent) => Some(BookedFor { id: dependent.id, name: dependent.name }),
            For::Themselves | For::Unknown => None,
        };
        Booking {
            dependent,
            id,
            event: self.occasion.event().id,
            slot: slot.id,
            start: slot.start,
            end: slot.end,
            person,
            contact: wish.contact.clone(),
            state: held_until.map_or(State::Booked, State::Held),
            version: 1,
            link_version: 1,
            made: self.now,
            fingerprint,
            privacy_version: self.occasion.organization().privacy.version,
        }
    }

    /// Seat, agendas, tally, booking, notice, record: six items, seven over
    /// midnight. For a dependent one more, or two; and one more for a
    /// participant who signed in before ever proving an address by a booking:
    /// ten at most.
    pub(super) fn making(
        &self,
        booking: &Booking,
        agendas: &Agendas,
        tally: &Tally,
        maker: Maker,
        network: [u8; 16],
    ) -> Result<Transaction, Trouble> {
        let mut transaction = Transaction::default();
        transaction.push(self.take_seat(booking.slot)?);
        transaction.extend(self.replace_agendas(booking, agendas)?);
        transaction.push(self.replace_tally(booking.person, tally)?);
        transaction.push(Write::create(self.schedule(), self.written(booking)?)?);
        transaction.push(self.owe(&owed::about(
            self.organization(),
            booking,
            Kind::Booked,
            self.now,
        ))?);
        let actor = match maker {
            Maker::Visitor => Actor::Visitor(booking.person),
            Maker::SignedIn { remembered } => {
                if !remembered {
                    transaction.push(self.remember_participant(booking)?);
                }
                Actor::Participant(booking.person)
            }
            Maker::Member(member) => Actor::Member(member),
        };
        transaction.push(self.record((actor, Some(network)), Action::BookingMade, booking.id)?);
        Ok(transaction)
    }

    /// Seat with its hold, tally, booking, notice, record: five items.
    pub(super) fn holding(
        &self,
        booking: &Booking,
        until: Timestamp,
        tally: &Tally,
        network: [u8; 16],
    ) -> Result<Transaction, Trouble> {
        let mut transaction = Transaction::default();
        transaction.push(self.hold_seat(booking.slot, booking.id, until)?);
        transaction.push(self.replace_tally(booking.person, tally)?);
        transaction.push(Write::create(self.schedule(), self.written(booking)?)?);
        transaction.push(self.owe(&owed::about(
            self.organization(),
            booking,
            Kind::Confirm,
            self.now,
        ))?);
        let visitor = (Actor::Visitor(booking.person), Some(network));
        transaction.push(self.record(visitor, Action::SeatHeld, booking.id)?);
        Ok(transaction)
    }

    /// Seat without its hold, agendas, tally, booking, notice, record and, the
    /// first time, the participant: seven items, eight over midnight.
    pub(super) fn confirming(
        &self,
        booking: &Booking,
        agendas: &Agendas,
        tally: &Tally,
        proven: bool,
        network: [u8; 16],
    ) -> Result<(Booking, Transaction), Trouble> {
        let confirmed =
            Booking { state: State::Booked, version: booking.version + 1, ..booking.clone() };
        let mut transaction = Transaction::default();
        if let State::Held(until) = booking.state {
            transaction.push(self.keep_seat(booking.slot, booking.id, until)?);
        }
        transaction.extend(self.replace_agendas(booking, agendas)?);
        transaction.push(self.replace_tally(booking.person, tally)?);
        transaction.push(self.replace_booking(booking, &confirmed)?);
        if !proven {
            transaction.push(self.remember_participant(&confirmed)?);
        }
        transaction.push(self.owe(&owed::about(
            self.organization(),
            &confirmed,
            Kind::Booked,
            self.now,
        ))?);
        let holder = (Actor::LinkHolder(booking.person), Some(network));
        transaction.push(self.record(holder, Action::BookingConfirmed, booking.id)?);
        Ok((confirmed, transaction))
    }

    /// Both seats, the agendas of both days, booking, notice, record: six
    /// items within a day, at most nine; for a dependent eight, at most thirteen.
    pub(super) fn moving(
        &self,
        booking: &Booking,
        slot: &Slot,
        agendas: &Agendas,
        network: [u8; 16],
    ) -> Result<(Booking, Transaction), Trouble> {
        let moved = Booking {
            slot: slot.id,
            start: slot.start,
            end: slot.end,
            version: booking.version + 1,
            ..booking.clone()
        };
        let mut transaction = Transaction::default();
        transaction.push(self.free_seat(booking.slot)?);
        transaction.push(self.take_seat(slot.id)?);
        transaction.extend(self.replace_agendas(booking, agendas)?);
        transaction.push(self.replace_booking(booking, &moved)?);
        transaction.push(self.owe(&owed::about(
            self.organization(),
            &moved,
            Kind::Moved,
            self.now,
        ))?);
        let holder = (Actor::LinkHolder(booking.person), Some(network));
        transaction.push(self.record(holder, Action::BookingMoved, booking.id)?);
        Ok((moved, transaction))
    }

    /// Seat, agendas, tally, booking, notice, record: six items, seven over
    /// midnight; for a dependent one more, or two.
    pub(super) fn cancelling(
        &self,
        booking: &Booking,
        agendas: &Agendas,
        tally: &Tally,
        by: (Actor, Option<[u8; 16]>),
    ) -> Result<(Booking, Transaction), Trouble> {
        let cancelled =
            Booking { state: State::Cancelled, version: booking.version + 1, ..booking.clone() };
        let mut transaction = Transaction::default();
        transaction.push(self.free_seat(booking.slot)?);
        transaction.extend(self.replace_agendas(booking, &agendas.without(booking.id))?);
        transaction.push(self.replace_tally(booking.person, &tally.one_fewer())?);
        transaction.push(self.replace_booking(booking, &cancelled)?);
        transaction.push(self.owe(&owed::about(
            self.organization(),
            &cancelled,
            Kind::Cancelled,
            self.now,
        ))?);
        transaction.push(self.record(by, Action::BookingCancelled, booking.id)?);
        Ok((cancelled, transaction))
    }

    /// A hold whose time is over: seat, booking, record.
    pub(super) fn lapsing(
        &self,
        slot: &Slot,
        booking: BookingId,
        until: Timestamp,
    ) -> Result<Transaction, Trouble> {
        let mut transaction = Transaction::default();
        transaction.push(Write::update(
            self.schedule(),
            &self.slot_key(slot.id),
            "SET taken = taken - :one REMOVE holds.#booking",
            "holds.#booking = :until",
            [("#booking", booking.to_string().as_str())],
            [(":one", number(1)), (":until", number(until.as_second()))],
        )?);
        transaction.push(Write::update(
            self.schedule(),
            &Key::booking(self.organization(), booking),
            "SET #state = :lapsed, version = version + :one REMOVE held_until, listed",
            "#state = :held AND held_until = :until",
            [("#state", "state")],
            [
                (":lapsed", word("lapsed")),
                (":held", word("held")),
                (":one", number(1)),
                (":until", number(until.as_second())),
            ],
        )?);
        transaction.push(self.record((Actor::Service, None), Action::HoldLapsed, booking)?);
        Ok(transaction)
    }

    /// Tally, notice and record.
    pub(super) fn telling(
        &self,
        standing: &Booking,
        refused: &Slot,
        tally: &Tally,
        network: [u8; 16],
    ) -> Result<Transaction, Trouble> {
        let mut transaction = Transaction::default();
        transaction.push(self.count_try(standing.person, tally)?);
        transaction.push(self.owe(&owed::in_the_way(
            self.organization(),
            standing,
            refused,
            self.now,
        ))?);
        let visitor = (Actor::Visitor(standing.person), Some(network));
        transaction.push(self.record(visitor, Action::OverlapTold, standing.id)?);
        Ok(transaction)
    }

    fn take_seat(&self, slot: SlotId) -> Result<Write, Trouble> {
        Write::update(
            self.schedule(),
            &self.slot_key(slot),
            "SET taken = taken + :one",
            "taken < #capacity",
            [("#capacity", "capacity")],
            [(":one", number(1))],
        )
    }

    fn free_seat(&self, slot: SlotId) -> Result<Write, Trouble> {
        Write::update(
            self.schedule(),
            &self.slot_key(slot),
            "SET taken = taken - :one",
            "taken >= :one",
            [],
            [(":one", number(1))],
        )
    }

    fn hold_seat(
        &self,
        slot: SlotId,
        booking: BookingId,
        until: Timestamp,
    ) -> Result<Write, Trouble> {
        Write::update(
            self.schedule(),
            &self.slot_key(slot),
            "SET taken = taken + :one, holds.#booking = :until",
            "taken < #capacity",
            [("#capacity", "capacity"), ("#booking", booking.to_string().as_str())],
            [(":one", number(1)), (":until", number(until.as_second()))],
        )
    }

    fn keep_seat(
        &self,
        slot: SlotId,
        booking: BookingId,
        until: Timestamp,
    ) -> Result<Write, Trouble> {
        Write::update(
            self.schedule(),
            &self.slot_key(slot),
            "REMOVE holds.#booking",
            "holds.#booking = :until",
            [("#booking", booking.to_string().as_str())],
            [(":until", number(until.as_second()))],
        )
    }

    fn replace_agendas(&self, booking: &Booking, after: &Agendas) -> Result<Vec<Write>, Trouble> {
        let of_person = after.person.iter().map(|agenda| (booking.person.into(), agenda));
        let dependent = booking.dependent.iter();
        let of_dependent = dependent.flat_map(|dependent| {
            after.dependent.iter().map(|agenda| (dependent.id.into(), agenda))
        });
        of_person
            .chain(of_dependent)
            .map(|(of, agenda)| agenda::replace(self.schedule(), self.organization(), of, agenda))
            .collect()
    }

    pub(super) fn count_try(&self, person: PersonId, after: &Tally) -> Result<Write, Trouble> {
        let event = self.occasion.event();
        let limit = event.unproven.per_address;
        tally::count(self.schedule(), self.organization(), person, event.id, after, limit)
    }

    fn replace_tally(&self, person: PersonId, after: &Tally) -> Result<Write, Trouble> {
        let event = self.occasion.event().id;
        tally::replace(self.schedule(), self.organization(), person, event, after)
    }

    fn replace_booking(&self, before: &Booking, after: &Booking) -> Result<Write, Trouble> {
        Write::put(
            self.schedule(),
            self.written(after)?,
            "version = :read",
            [(":read", number(before.version))],
        )
    }

    /// The address is now known to be this person's.
    fn remember_participant(&self, booking: &Booking) -> Result<Write, Trouble> {
        let email = &booking.contact.email;
        let (organization, keys) = (self.organization(), self.occasion.keys());
        let (service, person) = (self.service, booking.person);
        remember_participant(service, organization, keys, person, email, self.now)
    }

    fn written(&self, booking: &Booking) -> Result<dynamo::Item, Trouble> {
        let keys = self.occasion.keys();
        let chance = &*self.service.chance;
        item::write(self.organization(), keys, booking, chance)
    }

    fn owe(&self, notice: &Owed) -> Result<Write, Trouble> {
        owed::owe(&self.service.settings.tables.mail, notice)
    }

    fn record(
        &self,
        (actor, network): (Actor, Option<[u8; 16]>),
        action: Action,
        booking: BookingId,
    ) -> Result<Write, Trouble> {
        let about = About::Booking(self.occasion.event().id, booking);
        let record = Record::of(actor, action, about).from_network(network);
        audit::record(self.service, self.organization(), &record, self.now)
    }

    fn schedule(&self) -> &str {
        &self.service.settings.tables.schedule
    }

    fn organization(&self) -> crate::ids::OrganizationId {
        self.occasion.organization().id
    }

    fn slot_key(&self, slot: SlotId) -> Key {
        Key::slot(self.organization(), self.occasion.event().id, slot)
    }
}

fn word(text: &str) -> aws_sdk_dynamodb::types::AttributeValue {
    aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned())
}

/// The write that remembers a person's proven address; lost when it is
/// remembered already.
pub(crate) fn remember_participant(
    service: &Service,
    organization: OrganizationId,
    vault: &OrganizationKeys,
    person: PersonId,
    email: &EmailAddress,
    now: Timestamp,
) -> Result<Write, Trouble> {
    let key = Key::participant(organization, person);
    let table = &service.settings.tables.schedule;
    let place = Place { table: Table::Schedule, pk: &key.pk, sk: &key.sk, attribute: "sealed" };
    let sealed = vault.seal(place, &email.expose(), &*service.chance)?;
    let row = ParticipantRow {
        email_index: vault.person(email).to_string(),
        proven: now.as_second(),
        ending: keys::contacts_ending(organization, keys::ending_shard(person.as_bytes())),
        ends: now.as_second(),
        sealed,
        pk: key.pk,
        sk: key.sk,
    };
    Write::create(table, dynamo::item(&row)?)
}
