//! What may be booked, moved and cancelled, and why not.

use jiff::{SignedDuration, Timestamp};

use super::{Booking, State};
use crate::dependent::Dependent;
use crate::event::rules::{Openness, openness};
use crate::event::{AddressProof, Event};
use crate::ids::BookingId;
use crate::participant::{Agenda, Entry, Tally};
use crate::slot::rules::{lapsed, left};
use crate::slot::{Slot, SlotId};

/// How long a seat is held for an address to be proven.
pub const HOLD: SignedDuration = SignedDuration::from_mins(15);

/// One free seat is enough for who asks: a request frees no more holds than
/// this, however many have lapsed.
const RELEASED_AT_ONCE: usize = 4;

/// Why not: each is something the person can act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such slot at this event.
    NoSuchSlot,
    /// The idempotency key belongs to another request.
    KeyReused,
    /// The event does not take bookings before this moment.
    NotYetOpen(Timestamp),
    /// The event takes no more bookings.
    Closed,
    /// The slot has begun.
    Past,
    /// Somebody else has the last seat.
    Taken,
    /// The person has something else at that time.
    InTheWay(Entry),
    /// The dependent has something else at that time: what it is, is told to
    /// nobody, since another guardian may have booked it.
    NotAvailable,
    /// The booking is for somebody whom the asker has not attached.
    NoSuchDependent,
    /// Too much was booked without proof of an address; more after this time.
    TooMuch(SignedDuration),
    /// The booking was cancelled before.
    Cancelled,
    /// The hold's time is over.
    Lapsed,
    /// The appointment has begun and cannot be changed any more.
    Began,
}

/// The agendas that a booking stands in: the participant's and, where it is
/// for a dependent, theirs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Agendas {
    /// The participant's.
    pub person: Vec<Agenda>,
    /// The dependent's.
    pub dependent: Vec<Agenda>,
}

impl Agendas {
    /// The agendas without a booking.
    #[must_use]
    pub fn without(&self, booking: BookingId) -> Self {
        self.each(|agenda| agenda.without(booking))
    }

    /// The agendas with the slot entered on each UTC day that it touches.
    fn with(&self, event: &Event, slot: &Slot, booking: BookingId) -> Self {
        let days = crate::time::utc_days(slot.start, slot.end);
        let entry = Entry { start: slot.start, end: slot.end, event: event.id, booking };
        self.each(|agenda| if days.contains(&agenda.day) { agenda.with(entry) } else { agenda })
    }

    fn each(&self, change: impl Fn(Agenda) -> Agenda) -> Self {
        let changed = |agendas: &[Agenda]| agendas.iter().cloned().map(&change).collect();
        Self { person: changed(&self.person), dependent: changed(&self.dependent) }
    }

    /// Whether nothing stands in the way of a slot, leaving `except` out. What
    /// the participant has is told before what the dependent has.
    fn clear(&self, slot: &Slot, except: Option<BookingId>) -> Result<(), Refusal> {
        let first = |agendas: &[Agenda]| {
            agendas.iter().find_map(|agenda| agenda.in_the_way(slot.start, slot.end, except))
        };
        if let Some(entry) = first(&self.person) {
            return Err(Refusal::InTheWay(entry));
        }
        match first(&self.dependent) {
            Some(_) => Err(Refusal::NotAvailable),
            None => Ok(()),
        }
    }
}

/// Whom a booking is to be for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum For {
    /// The participant.
    Themselves,
    /// This dependent, whom the participant has attached.
    Dependent(Dependent),
    /// Somebody whom the participant has not attached, or who is not there.
    Unknown,
}

/// Who asks for a booking under an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    /// Somebody who typed it: typing proves nothing.
    Visitor,
    /// Who has signed in under this very address.
    Owner,
    /// A member of the team, who answers for whom they write down.
    Member,
}

/// What is known when a booking is decided.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The slot, if there is such a one.
    pub slot: Option<Slot>,
    /// The booking that this request made before, if it did.
    pub booking: Option<Booking>,
    /// The agendas of the days that the slot touches.
    pub agendas: Agendas,
    /// How much the person has at the event.
    pub tally: Tally,
    /// Whether the address has been proven before, and is remembered as proven.
    pub proven: bool,
    /// Who asks.
    pub asker: Asker,
    /// Whom it is to be for.
    pub who: For,
}

/// What is to be done about a wish to book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// This very request was answered before: answer the same.
    Again,
    /// Holds whose time is over fill the slot: free them and decide again.
    Release(Vec<(BookingId, Timestamp)>),
    /// Book: the agendas and the person's tally afterwards.
    Book(Agendas, Tally),
    /// Hold the seat until then: the person's tally afterwards.
    Hold(Timestamp, Tally),
    /// Refuse, count the try, and mail the owner of the address what stands in
    /// the way: that entry, and the person's tally afterwards.
    Tell(Entry, Tally),
}

/// Whether a wish to book may be fulfilled.
///
/// # Errors
/// [`Refusal`] says why not.
pub fn book(
    event: &Event,
    id: BookingId,
    fingerprint: [u8; 16],
    seen: &Seen,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    if let Some(made) = &seen.booking {
        return match made.state {
            _ if made.fingerprint != fingerprint => Err(Refusal::KeyReused),
            // Nothing is held any more and no mail will come: saying the same
            // again would leave the person waiting.
            State::Lapsed => Err(Refusal::Lapsed),
            State::Held(until) if until <= now => Err(Refusal::Lapsed),
            State::Held(_) | State::Booked | State::Cancelled => Ok(Decision::Again),
        };
    }
    // A dependent is booked for by a guardian who has proven to be one, and a
    // typed address proves nothing.
    let attached = matches!(seen.who, For::Dependent(_)) && seen.asker == Asker::Owner;
    if seen.who != For::Themselves && !attached {
        return Err(Refusal::NoSuchDependent);
    }
    let slot = seen.slot.as_ref().ok_or(Refusal::NoSuchSlot)?;
    if let Some(release) = seat(event, slot, now)? {
        return Ok(Decision::Release(release));
    }
    // There is nothing left to prove for who has signed in.
    if seen.asker != Asker::Visitor {
        seen.agendas.clear(slot, None)?;
        return Ok(Decision::Book(seen.agendas.with(event, slot, id), seen.tally.one_more()));
    }
    // Whoever types an address counts against it, also under one that somebody
    // proved before: typing proves nothing. A refused overlap counts too, since
    // its answer tells something and its owner gets a mail.
    let limit = event.unproven.per_address;
    let tally = seen.tally.admit(limit, now).map_err(Refusal::TooMuch)?;
    Ok(match event.address_proof {
        // Whether something is in the way is told only to who proves the address.
        AddressProof::Before => Decision::Hold(now + HOLD, tally),
        AddressProof::After => match seen.agendas.clear(slot, None) {
            Err(Refusal::InTheWay(entry)) => Decision::Tell(entry, tally),
            Err(refusal) => return Err(refusal),
            Ok(()) => Decision::Book(seen.agendas.with(event, slot, id), tally.one_more()),
        },
    })
}

/// What is to be done about a proof of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmation {
    /// It was confirmed before.
    Again,
    /// Book the held seat: the agendas and the person's tally afterwards.
    Book(Agendas, Tally),
}

/// Whether a held seat becomes a booking.
///
/// # Errors
/// [`Refusal`] says why not.
pub fn confirm(
    event: &Event,
    booking: &Booking,
    slot: &Slot,
    agendas: &Agendas,
    tally: Tally,
    now: Timestamp,
) -> Result<Confirmation, Refusal> {
    match booking.state {
        State::Booked => return Ok(Confirmation::Again),
        State::Cancelled => return Err(Refusal::Cancelled),
        State::Lapsed => return Err(Refusal::Lapsed),
        State::Held(until) if until <= now => return Err(Refusal::Lapsed),
        State::Held(_) => {}
    }
    if slot.start <= now {
        return Err(Refusal::Past);
    }
    agendas.clear(slot, None)?;
    Ok(Confirmation::Book(agendas.with(event, slot, booking.id), tally.proven().one_more()))
}

/// What is to be done about a wish to move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Move {
    /// The booking is in that slot already.
    Again,
    /// Holds whose time is over fill the slot: free them and decide again.
    Release(Vec<(BookingId, Timestamp)>),
    /// Move: the agendas of all days that change, as they are afterwards.
    Move(Agendas),
}

/// Whether a booking may move to another slot of its event.
///
/// # Errors
/// [`Refusal`] says why not.
pub fn move_to(
    event: &Event,
    booking: &Booking,
    wanted: SlotId,
    slot: Option<&Slot>,
    agendas: &Agendas,
    now: Timestamp,
) -> Result<Move, Refusal> {
    changeable(booking, now)?;
    if booking.slot == wanted {
        return Ok(Move::Again);
    }
    let slot = slot.ok_or(Refusal::NoSuchSlot)?;
    if let Some(release) = seat(event, slot, now)? {
        return Ok(Move::Release(release));
    }
    agendas.clear(slot, Some(booking.id))?;
    Ok(Move::Move(agendas.without(booking.id).with(event, slot, booking.id)))
}

/// Whether a booking may be cancelled; `Ok(false)` when it was before.
///
/// # Errors
/// [`Refusal`] says why not.
pub fn cancel(booking: &Booking, now: Timestamp) -> Result<bool, Refusal> {
    match changeable(booking, now) {
        Ok(()) => Ok(true),
        Err(Refusal::Cancelled) => Ok(false),
        Err(refusal) => Err(refusal),
    }
}

/// Whether a booking stands and lies ahead.
///
/// # Errors
/// [`Refusal`] says why it cannot be changed.
pub fn changeable(booking: &Booking, now: Timestamp) -> Result<(), Refusal> {
    match booking.state {
        State::Cancelled => Err(Refusal::Cancelled),
        State::Lapsed | State::Held(_) => Err(Refusal::Lapsed),
        State::Booked if booking.start <= now => Err(Refusal::Began),
        State::Booked => Ok(()),
    }
}

/// Whether a visitor can have a seat: `None` when one is free, the holds to
/// release first when only those fill the slot.
fn seat(
    event: &Event,
    slot: &Slot,
    now: Timestamp,
) -> Result<Option<Vec<(BookingId, Timestamp)>>, Refusal> {
    match openness(event, now) {
        Openness::NotYet(opens) => return Err(Refusal::NotYetOpen(opens)),
        Openness::Closed(_) => return Err(Refusal::Closed),
        Openness::Open => {}
    }
    if slot.start <= now {
        return Err(Refusal::Past);
    }
    if left(slot, now) == 0 {
        return Err(Refusal::Taken);
    }
    Ok((slot.taken >= slot.capacity).then(|| lapsed(slot, now).take(RELEASED_AT_ONCE).collect()))
}
