//! What must be true of a seat whose person is gone.

use super::{place_of, placeless, read_slot};
use crate::booking::State;
use crate::booking::seat;
use crate::booking::store::outline;
use crate::dynamo::{Item, Key};
use crate::fsck::damage::Damage;
use crate::fsck::look::{Look, Need};
use crate::fsck::subject::{Subject, Table};
use crate::ids::{BookingId, OrganizationId};

/// What a seat must have around it, and the booking that must not be there.
pub(super) fn around(organization: OrganizationId, id: BookingId, item: &Item) -> Vec<Need> {
    let Ok(seat) = seat::read(item.clone()) else { return Vec::new() };
    let place = place_of(organization, seat.event, seat.slot.resource);
    let others = [Key::slot(organization, seat.event, seat.slot), Key::booking(organization, id)];
    place.into_iter().chain(others).map(|key| Need::Item(Table::Schedule, key)).collect()
}

pub(super) fn check_seat(
    subject: &Subject,
    organization: OrganizationId,
    id: BookingId,
    look: &Look,
) -> Vec<Damage> {
    let Ok(seat) = seat::read(subject.item.clone()) else { return vec![Damage::Unreadable] };
    let schedule = |key: &Key| look.item(Table::Schedule, key);
    let mut damages = Vec::new();
    match schedule(&Key::slot(organization, seat.event, seat.slot)) {
        None => damages.push(Damage::NoSlot),
        // One that does not read is a finding of its own.
        Some(item) => damages.extend(
            read_slot(item)
                .filter(|slot| (slot.start, slot.end) != (seat.start, seat.end))
                .map(|_| Damage::OtherTimes),
        ),
    }
    damages.extend(placeless(organization, seat.event, seat.slot.resource, look));
    let booking = schedule(&Key::booking(organization, id)).map(|item| outline(item.clone()));
    let stands = |state| matches!(state, State::Booked | State::Held(_));
    if booking.and_then(Result::ok).is_some_and(|booking| stands(booking.state)) {
        damages.push(Damage::TwiceSeated);
    }
    damages
}
