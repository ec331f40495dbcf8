//! What must be true of participants, dependents, agendas and tallies.

use std::collections::HashSet;

use jiff::Timestamp;
use jiff::civil::Date;

use super::{is_a_time, shut};
use crate::booking::State;
use crate::booking::store::{ParticipantRow, outline};
use crate::dependent::{self, Standing};
use crate::dynamo::{self, Item, Key};
use crate::fsck::damage::Damage;
use crate::fsck::look::Look;
use crate::fsck::subject::{Subject, Table};
use crate::ids::{BookingId, DependentId, EventId, OrganizationId, PersonId};
use crate::participant::{Entry, agenda, tally};
use crate::personal::EmailAddress;
use crate::time::utc_days;
use crate::vault::Place;

pub(super) fn check_participant(
    subject: &Subject,
    organization: OrganizationId,
    person: PersonId,
    look: &Look,
) -> Vec<Damage> {
    let Ok(row) = dynamo::row::<ParticipantRow>(subject.item.clone()) else {
        return vec![Damage::Unreadable];
    };
    let Some(keys) = look.keys(organization) else { return Vec::new() };
    let place = Place {
        table: crate::settings::Table::Schedule,
        pk: &row.pk,
        sk: &row.sk,
        attribute: "sealed",
    };
    let Ok(address) = keys.open::<String>(place, &row.sealed) else {
        return vec![shut(subject, keys)];
    };
    let Ok(address) = EmailAddress::parse(&address) else { return vec![Damage::Unreadable] };
    let own = keys.person(&address);
    if own != person || row.email_index != own.to_string() {
        return vec![Damage::WrongIndex];
    }
    Vec::new()
}

/// The key of the item that leads to a dependent, where theirs reads and they
/// are on the list.
pub(super) fn own_identifier(organization: OrganizationId, item: &Item) -> Option<Key> {
    let row = dynamo::row::<dependent::Row>(item.clone()).ok()?;
    match row.standing() {
        Ok(Standing::Listed { index, .. }) => Some(Key::identifier(organization, index)),
        Ok(Standing::Removed) | Err(_) => None,
    }
}

/// The dependent whom an identifier names, where it reads.
pub(super) fn named_by_identifier(item: &Item) -> Option<DependentId> {
    dynamo::row::<dependent::IdentifierRow>(item.clone()).ok()?.id().ok()
}

pub(super) fn check_dependent(
    subject: &Subject,
    organization: OrganizationId,
    id: DependentId,
    look: &Look,
) -> Vec<Damage> {
    let readable = dynamo::row::<dependent::Row>(subject.item.clone());
    let Ok(row) = readable else { return vec![Damage::Unreadable] };
    let index = match row.standing() {
        Err(_) => return vec![Damage::Unreadable],
        Ok(Standing::Removed) => return Vec::new(),
        Ok(Standing::Listed { index, .. }) => index,
    };
    let mut damages = Vec::new();
    if let Some(keys) = look.keys(organization) {
        match dependent::read(keys, subject.item.clone()) {
            Ok(Some(found)) if dependent::store::index(keys, &found.identifier) != index => {
                // What leads to them would be looked for at another place.
                return vec![Damage::WrongIndex];
            }
            Ok(_) => {}
            Err(_) => damages.push(shut(subject, keys)),
        }
    }
    let named = look.item(Table::Schedule, &Key::identifier(organization, index));
    // One that does not read is a finding of its own.
    let leads_here =
        named.is_some_and(|item| named_by_identifier(item).is_none_or(|named| named == id));
    if !leads_here {
        damages.push(Damage::NoIdentifier);
    }
    damages
}

pub(super) fn check_identifier(
    subject: &Subject,
    organization: OrganizationId,
    look: &Look,
) -> Vec<Damage> {
    let Some(named) = named_by_identifier(&subject.item) else { return vec![Damage::Unreadable] };
    let dependent = look.item(Table::Schedule, &Key::dependent(organization, named));
    let own = dependent.map(|item| match dynamo::row::<dependent::Row>(item.clone()) {
        Ok(row) if row.standing().is_ok() => own_identifier(organization, item),
        // One that does not read is a finding of its own.
        Ok(_) | Err(_) => Some(subject.key.clone()),
    });
    match own {
        Some(Some(key)) if key == subject.key => Vec::new(),
        _ => vec![Damage::StrayIdentifier(named)],
    }
}

pub(super) fn check_attached(
    subject: &Subject,
    organization: OrganizationId,
    dependent: DependentId,
    look: &Look,
) -> Vec<Damage> {
    if dynamo::row::<dependent::AttachedRow>(subject.item.clone()).is_err() {
        return vec![Damage::Unreadable];
    }
    match look.item(Table::Schedule, &Key::dependent(organization, dependent)) {
        Some(_) => Vec::new(),
        None => vec![Damage::NoDependent(dependent)],
    }
}

/// The entries of an agenda that reads.
pub(super) fn entries(item: &Item) -> Vec<Entry> {
    agenda::read(item.clone()).map(|agenda| agenda.entries).unwrap_or_default()
}

/// Whether an agenda names a booking. One that does not read may: it is a
/// finding of its own.
pub(super) fn may_name(item: &Item, booking: BookingId) -> bool {
    match agenda::read(item.clone()) {
        Ok(agenda) => agenda.entries.iter().any(|entry| entry.booking == booking),
        Err(_) => true,
    }
}

pub(super) fn check_agenda(
    item: &Item,
    organization: OrganizationId,
    of: [u8; 16],
    day: Date,
    look: &Look,
) -> Vec<Damage> {
    let Ok(agenda) = agenda::read(item.clone()) else { return vec![Damage::Unreadable] };
    let mut damages = Vec::new();
    if !agenda.entries.is_sorted_by_key(|entry| entry.start) {
        damages.push(Damage::Unsorted);
    }
    damages.extend(overlaps(&agenda.entries));
    for entry in &agenda.entries {
        let Some(item) = look.item(Table::Schedule, &Key::booking(organization, entry.booking))
        else {
            damages.push(Damage::StrayEntry(entry.booking));
            continue;
        };
        // One that does not read is a finding of its own.
        let Ok(booking) = outline(item.clone()) else { continue };
        let for_them = booking.dependent.is_some_and(|id| *id.as_bytes() == of);
        if booking.state != State::Booked || !(*booking.person.as_bytes() == of || for_them) {
            damages.push(Damage::StrayEntry(entry.booking));
        } else if (entry.start, entry.end, entry.event)
            != (booking.start, booking.end, booking.event)
            || !touches(day, entry.start, entry.end)
        {
            damages.push(Damage::OtherEntry(entry.booking));
        }
    }
    damages
}

fn touches(day: Date, start: Timestamp, end: Timestamp) -> bool {
    is_a_time(start, end) && utc_days(start, end).contains(&day)
}

/// Each entry that begins before one that began earlier has ended.
fn overlaps(entries: &[Entry]) -> Vec<Damage> {
    let mut sorted = entries.to_vec();
    sorted.sort_by_key(|entry| (entry.start, entry.booking));
    let mut damages = Vec::new();
    let mut latest: Option<Entry> = None;
    for entry in sorted {
        match latest {
            Some(before) if entry.start < before.end => {
                damages.push(Damage::Overlap(before.booking, entry.booking));
                if entry.end > before.end {
                    latest = Some(entry);
                }
            }
            _ => latest = Some(entry),
        }
    }
    damages
}

pub(super) fn check_tally(subject: &Subject, event: EventId, look: &Look) -> Vec<Damage> {
    let Ok(tally) = tally::read(subject.item.clone()) else { return vec![Damage::Unreadable] };
    let mut bookings = HashSet::new();
    for item in look.agendas(&subject.key.pk) {
        // Without an agenda that does not read there is nothing to compare with.
        let Ok(agenda) = agenda::read(item.clone()) else { return Vec::new() };
        let at_event = agenda.entries.iter().filter(|entry| entry.event == event);
        bookings.extend(at_event.map(|entry| entry.booking));
    }
    let counted = u32::try_from(bookings.len()).unwrap_or(u32::MAX);
    if tally.live == counted {
        return Vec::new();
    }
    vec![Damage::WrongTally { live: tally.live, counted }]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(start: i64, end: i64, booking: u8) -> Entry {
        let at = |minute| Timestamp::from_second(minute * 60).unwrap();
        Entry {
            start: at(start),
            end: at(end),
            event: EventId::from_bytes([0; 16]),
            booking: BookingId::from_bytes([booking; 16]),
        }
    }

    #[test]
    fn entries_that_touch_do_not_overlap_and_those_inside_another_do() {
        let id = |booking| BookingId::from_bytes([booking; 16]);
        assert!(overlaps(&[entry(0, 10, 1), entry(10, 20, 2)]).is_empty());
        assert_eq!(
            overlaps(&[entry(0, 60, 1), entry(10, 20, 2), entry(30, 40, 3), entry(60, 70, 4)]),
            [Damage::Overlap(id(1), id(2)), Damage::Overlap(id(1), id(3))]
        );
    }

    #[test]
    fn the_order_of_entries_hides_no_overlap() {
        assert_eq!(overlaps(&[entry(15, 30, 2), entry(0, 20, 1)]).len(), 1);
    }
}
