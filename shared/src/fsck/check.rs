//! What must be true of an item and of the items around it. Nothing here reads
//! a table: what a check needs was read before, by one [`Look`].

mod people;
mod seats;
mod team;

use jiff::{SignedDuration, Timestamp};
use serde::de::IgnoredAny;

use super::damage::Damage;
use super::look::{Keys, Look, Need};
use super::subject::{Sort, Subject, Table};
use crate::booking::State;
use crate::booking::store::{self, Outline, outline};
use crate::dynamo::{Item, Key, keys};
use crate::ids::{BookingId, EventId, NoticeId, OrganizationId, ResourceId};
use crate::notice::{Account, Change, Kind, Matter, Standing, owed};
use crate::slot::{self, Slot};
use crate::time::utc_days;
use crate::vault::{OrganizationKeys, Place, Sealed};
use crate::{event, notice, organization, resource};

/// No appointment is longer: more is not read as a time at all.
const LONGEST: SignedDuration = SignedDuration::from_hours(60 * 24);

/// What the check of an item must see besides it.
pub(super) fn needs(subject: &Subject, look: &Look) -> Vec<Need> {
    let schedule = |key| Need::Item(Table::Schedule, key);
    let mut needs = match &subject.sort {
        Sort::Name(_) => {
            let named = organization::store::registered(subject.item.clone());
            return named.into_iter().map(|id| schedule(Key::organization(id))).collect();
        }
        Sort::Organization(_) => {
            let found = organization::store::read(subject.item.clone());
            return found
                .into_iter()
                .map(|found| schedule(Key::web_name(found.web_name.as_str())))
                .collect();
        }
        Sort::Unknown | Sort::Retired => return Vec::new(),
        Sort::Event(_) | Sort::Resource(_) | Sort::Participant(..) => Vec::new(),
        Sort::Slot(organization, event) => match slot::store::read(subject.item.clone()) {
            Ok(slot) => {
                let held = slot.holds.keys().map(|held| Key::booking(*organization, *held));
                let place = place_of(*organization, *event, slot.id.resource);
                held.chain(place).map(schedule).collect()
            }
            Err(_) => Vec::new(),
        },
        Sort::Booking(organization, id) => match read(&subject.item) {
            Some(outline) => around(*organization, *id, &outline),
            None => Vec::new(),
        },
        Sort::Seat(organization, id) => seats::around(*organization, *id, &subject.item),
        Sort::Agenda(organization, _, _) => people::entries(&subject.item)
            .iter()
            .map(|entry| schedule(Key::booking(*organization, entry.booking)))
            .collect(),
        Sort::Tally(..) => vec![Need::Agendas(subject.key.pk.clone())],
        Sort::Dependent(organization, _) => {
            people::own_identifier(*organization, &subject.item).into_iter().map(schedule).collect()
        }
        Sort::Identifier(organization, _) => people::named_by_identifier(&subject.item)
            .into_iter()
            .map(|named| schedule(Key::dependent(*organization, named)))
            .collect(),
        Sort::Attached(organization, dependent) => {
            vec![schedule(Key::dependent(*organization, *dependent))]
        }
        Sort::Notice(organization, id) => {
            match notice::store::parse(*organization, *id, subject.item.clone()) {
                Ok(notice) => match notice.owed.matter {
                    Matter::Booking(change) => [
                        Key::booking(*organization, change.booking),
                        Key::seat(*organization, change.booking),
                    ]
                    .map(schedule)
                    .into(),
                    Matter::Account(_) | Matter::Administrators(_) => Vec::new(),
                },
                Err(_) => Vec::new(),
            }
        }
        Sort::Member(organization, _) => team::around(subject, *organization, look),
        Sort::Username(organization, _) => team::named_by(&subject.item)
            .into_iter()
            .map(|named| Need::Item(Table::Identity, Key::member(*organization, named)))
            .collect(),
        Sort::Administrators(_) => vec![Need::Members(subject.key.pk.clone())],
        Sort::Alone(_) => Vec::new(),
    };
    needs.extend(subject.sort.organization().map(|id| schedule(Key::organization(id))));
    needs
}

/// What is damaged about an item, as one look shows it.
pub(super) fn check(subject: &Subject, look: &Look) -> Vec<Damage> {
    let here = |id| look.item(Table::Schedule, &Key::organization(id)).is_some();
    match &subject.sort {
        Sort::Unknown => vec![Damage::UnknownItem],
        Sort::Name(name) => check_name(subject, name, look),
        Sort::Organization(id) => check_organization(subject, *id, look),
        sort => match sort.organization() {
            Some(id) if !here(id) => vec![Damage::NoOrganization(id)],
            _ => check_item(subject, look),
        },
    }
}

fn check_item(subject: &Subject, look: &Look) -> Vec<Damage> {
    let item = &subject.item;
    match &subject.sort {
        Sort::Unknown | Sort::Name(_) | Sort::Retired | Sort::Organization(_) | Sort::Alone(_) => {
            Vec::new()
        }
        Sort::Event(_) => match event::store::read(item.clone()) {
            Ok(_) => Vec::new(),
            Err(_) => vec![Damage::Unreadable],
        },
        Sort::Resource(id) => match look.keys(*id) {
            Some(keys) if resource::store::read(keys, item.clone()).is_err() => {
                vec![shut(subject, keys)]
            }
            _ => Vec::new(),
        },
        Sort::Slot(id, event) => check_slot(subject, *id, *event, look),
        Sort::Booking(organization, id) => check_booking(subject, *organization, *id, look),
        Sort::Seat(organization, id) => seats::check_seat(subject, *organization, *id, look),
        Sort::Participant(organization, person) => {
            people::check_participant(subject, *organization, *person, look)
        }
        Sort::Agenda(organization, of, day) => {
            people::check_agenda(item, *organization, *of, *day, look)
        }
        Sort::Dependent(organization, id) => {
            people::check_dependent(subject, *organization, *id, look)
        }
        Sort::Identifier(organization, _) => people::check_identifier(subject, *organization, look),
        Sort::Attached(organization, dependent) => {
            people::check_attached(subject, *organization, *dependent, look)
        }
        Sort::Tally(_, _, event) => people::check_tally(subject, *event, look),
        Sort::Notice(organization, id) => check_notice(item, *organization, *id, look),
        Sort::Member(organization, id) => team::check_member(subject, *organization, *id, look),
        Sort::Username(organization, index) => {
            team::check_username(subject, *organization, *index, look)
        }
        Sort::Administrators(_) => team::check_administrators(subject, look),
    }
}

fn check_name(subject: &Subject, name: &organization::WebName, look: &Look) -> Vec<Damage> {
    let Ok(id) = organization::store::registered(subject.item.clone()) else {
        return vec![Damage::Unreadable];
    };
    let Some(item) = look.item(Table::Schedule, &Key::organization(id)) else {
        return vec![Damage::StrayName(id)];
    };
    match organization::store::read(item.clone()) {
        Ok(found) if found.web_name != *name => vec![Damage::StrayName(id)],
        // One that does not read is a finding of its own.
        Ok(_) | Err(_) => Vec::new(),
    }
}

fn check_organization(subject: &Subject, id: OrganizationId, look: &Look) -> Vec<Damage> {
    let mut damages = Vec::new();
    match organization::store::read(subject.item.clone()) {
        Err(_) => damages.push(Damage::Unreadable),
        Ok(found) => {
            let name = look.item(Table::Schedule, &Key::web_name(found.web_name.as_str()));
            let named = name.and_then(|item| organization::store::registered(item.clone()).ok());
            if named != Some(id) {
                damages.push(Damage::NoName);
            }
        }
    }
    match look.stored_keys(id) {
        Some(Keys::Missing) => damages.push(Damage::NoKey),
        Some(Keys::Broken) => damages.push(Damage::BrokenKey),
        Some(Keys::Open(_)) | None => {}
    }
    damages
}

fn check_slot(
    subject: &Subject,
    organization: OrganizationId,
    event: EventId,
    look: &Look,
) -> Vec<Damage> {
    let Some(slot) = read_slot(&subject.item) else { return vec![Damage::Unreadable] };
    if Key::slot(organization, event, slot.id) != subject.key {
        return vec![Damage::Misplaced];
    }
    let mut damages = placeless(organization, event, slot.id.resource, look);
    if slot.taken > slot.capacity {
        let Slot { taken, capacity, .. } = slot;
        damages.push(Damage::OverCapacity { taken, capacity });
    }
    for (held, until) in &slot.holds {
        let item = look.item(Table::Schedule, &Key::booking(organization, *held));
        let waits = match item.map(|item| outline(item.clone())) {
            None => false,
            // One that does not read is a finding of its own.
            Some(Err(_)) => true,
            Some(Ok(found)) => {
                found.state == State::Held(*until) && found.event == event && found.slot == slot.id
            }
        };
        if !waits {
            damages.push(Damage::StrayHold(*held));
        }
    }
    damages
}

/// The items of an event and of one of its resources.
fn place_of(organization: OrganizationId, event: EventId, resource: ResourceId) -> [Key; 2] {
    [Key::event(organization, event), Key::resource(organization, event, resource)]
}

/// What of an event and its resource is not there.
fn placeless(
    organization: OrganizationId,
    event: EventId,
    resource: ResourceId,
    look: &Look,
) -> Vec<Damage> {
    let damages = [Damage::NoEvent(event), Damage::NoResource(resource)];
    let place = place_of(organization, event, resource).into_iter().zip(damages);
    place
        .filter(|(key, _)| look.item(Table::Schedule, key).is_none())
        .map(|(_, damage)| damage)
        .collect()
}

/// What a booking must have around it.
fn around(organization: OrganizationId, id: BookingId, booking: &Outline) -> Vec<Need> {
    let schedule = |key| Need::Item(Table::Schedule, key);
    let mut needs = vec![schedule(Key::slot(organization, booking.event, booking.slot))];
    needs.extend(place_of(organization, booking.event, booking.slot.resource).map(schedule));
    if booking.state == State::Booked {
        needs.push(schedule(Key::tally(organization, booking.person, booking.event)));
        for day in utc_days(booking.start, booking.end) {
            needs.push(schedule(Key::agenda(organization, booking.person, day)));
            let of_dependent = booking.dependent.map(|id| Key::agenda(organization, id, day));
            needs.extend(of_dependent.map(schedule));
        }
    }
    needs.extend(booking.dependent.map(|id| schedule(Key::dependent(organization, id))));
    needs.extend(notices(organization, id, booking).map(|key| Need::Item(Table::Mail, key)));
    needs
}

fn check_booking(
    subject: &Subject,
    organization: OrganizationId,
    id: BookingId,
    look: &Look,
) -> Vec<Damage> {
    let Some(booking) = read(&subject.item) else { return vec![Damage::Unreadable] };
    let mut damages = Vec::new();
    if let Some(keys) = look.keys(organization) {
        match store::read(keys, subject.item.clone()) {
            // The rest would be looked for at another person.
            Ok(found) if keys.person(&found.contact.email) != found.person => {
                return vec![Damage::WrongPerson];
            }
            Ok(_) => {}
            Err(_) => damages.push(shut(subject, keys)),
        }
    }
    let schedule = |key: &Key| look.item(Table::Schedule, key);
    match schedule(&Key::slot(organization, booking.event, booking.slot)) {
        None => damages.push(Damage::NoSlot),
        // One that does not read is a finding of its own.
        Some(item) => damages.extend(read_slot(item).and_then(|slot| {
            let held = matches!(booking.state, State::Held(_));
            if (slot.start, slot.end) != (booking.start, booking.end) {
                Some(Damage::OtherTimes)
            } else if held && !slot.holds.contains_key(&id) {
                Some(Damage::NoHold)
            } else {
                None
            }
        })),
    }
    if booking.state == State::Booked {
        for day in utc_days(booking.start, booking.end) {
            let agenda = schedule(&Key::agenda(organization, booking.person, day));
            if !agenda.is_some_and(|item| people::may_name(item, id)) {
                damages.push(Damage::NotInAgenda(day));
            }
            if let Some(dependent) = booking.dependent {
                let agenda = schedule(&Key::agenda(organization, dependent, day));
                if !agenda.is_some_and(|item| people::may_name(item, id)) {
                    damages.push(Damage::NotInDependentAgenda(day));
                }
            }
        }
        if schedule(&Key::tally(organization, booking.person, booking.event)).is_none() {
            damages.push(Damage::NoTally);
        }
    }
    let dependent = booking.dependent;
    if let Some(dependent) =
        dependent.filter(|id| schedule(&Key::dependent(organization, *id)).is_none())
    {
        damages.push(Damage::NoDependent(dependent));
    }
    damages.extend(placeless(organization, booking.event, booking.slot.resource, look));
    // What is over needs no announcing; retention may have taken its notice.
    let now = look.now();
    let of_use = match booking.state {
        State::Held(until) => until > now,
        State::Booked | State::Cancelled | State::Lapsed => booking.end > now,
    };
    let mut notices = notices(organization, id, &booking).filter(|_| of_use).peekable();
    if notices.peek().is_some() && !notices.any(|key| look.item(Table::Mail, &key).is_some()) {
        damages.push(Damage::NoNotice);
    }
    damages
}

/// The keys under which the notice of a booking's latest version may lie.
fn notices(
    organization: OrganizationId,
    id: BookingId,
    booking: &Outline,
) -> impl Iterator<Item = Key> {
    let (version, person) = (booking.version, booking.person);
    announced(booking.state, version)
        .iter()
        .map(move |kind| Key::notice(organization, owed::id(id, *kind, version, person, None)))
}

/// The kinds of which one announces this version of a booking.
const fn announced(state: State, version: u32) -> &'static [Kind] {
    match (state, version) {
        (State::Held(_), _) => &[Kind::Confirm],
        (State::Booked, 0 | 1) => &[Kind::Booked],
        // Confirmed after a hold, moved, corrected and confirmed anew, or told once
        // more by a repair.
        (State::Booked, _) => &[Kind::Booked, Kind::Moved],
        (State::Cancelled, _) => &[Kind::Cancelled],
        (State::Lapsed, _) => &[],
    }
}

fn check_notice(
    item: &Item,
    organization: OrganizationId,
    id: NoticeId,
    look: &Look,
) -> Vec<Damage> {
    let Ok(notice) = notice::store::parse(organization, id, item.clone()) else {
        return vec![Damage::Unreadable];
    };
    let mut damages = match &notice.owed.matter {
        Matter::Booking(change) => check_change(organization, id, change, look),
        Matter::Account(account) if is_of_account(account, id) => Vec::new(),
        Matter::Administrators(told) if owed::administrators_id(told.news, told.occasion) == id => {
            Vec::new()
        }
        Matter::Account(_) | Matter::Administrators(_) => vec![Damage::Misplaced],
    };
    let text = |name| item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str);
    let in_index = (text("owed_by"), item.contains_key("owed_since"));
    let partition = keys::owed(organization, keys::owed_shard(id));
    let fits = match notice.standing {
        Standing::Settled => in_index == (None, false) && !item.contains_key("owed_by"),
        Standing::Owed | Standing::Claimed(_) => in_index == (Some(partition.as_str()), true),
    };
    if !fits {
        damages.push(Damage::WrongStanding);
    }
    damages
}

/// What is damaged about a notice of a booking.
fn check_change(
    organization: OrganizationId,
    id: NoticeId,
    change: &Change,
    look: &Look,
) -> Vec<Damage> {
    match look.item(Table::Schedule, &Key::booking(organization, change.booking)) {
        // Where the booking stood, a seat still says that there was one.
        None => match look.item(Table::Schedule, &Key::seat(organization, change.booking)) {
            Some(_) => Vec::new(),
            None => vec![Damage::StrayNotice(change.booking)],
        },
        // One that does not read is a finding of its own.
        Some(item) => match outline(item.clone()) {
            Ok(booking) if change.version > booking.version => {
                let (version, reached) = (change.version, booking.version);
                vec![Damage::EarlyNotice { version, reached }]
            }
            Ok(booking) if own_id(change, &booking) != id => vec![Damage::Misplaced],
            Ok(_) | Err(_) => Vec::new(),
        },
    }
}

/// Whether a notice about an account lies under the id of its content. One that
/// is settled has forgotten whether it went to another address.
fn is_of_account(account: &Account, id: NoticeId) -> bool {
    [false, true].into_iter().any(|elsewhere| {
        owed::account_id(account.subject, account.news, account.occasion, elsewhere) == id
    })
}

/// The id under which a notice of this change lies.
fn own_id(change: &Change, booking: &Outline) -> NoticeId {
    let refused = Slot {
        id: change.slot,
        start: change.start,
        end: change.end,
        capacity: 0,
        taken: 0,
        holds: std::collections::BTreeMap::new(),
    };
    let refused = (change.kind == Kind::InTheWay).then_some(&refused);
    owed::id(change.booking, change.kind, change.version, booking.person, refused)
}

/// What of a booking lies open, where that reads and its times are times.
fn read(item: &Item) -> Option<Outline> {
    outline(item.clone()).ok().filter(|found| is_a_time(found.start, found.end))
}

/// A slot that reads and whose times are times.
fn read_slot(item: &Item) -> Option<Slot> {
    slot::store::read(item.clone()).ok().filter(|found| is_a_time(found.start, found.end))
}

/// Whether [start, end) can be an appointment. What was altered may say
/// anything, and going through the days of ten thousand years would not end.
fn is_a_time(start: Timestamp, end: Timestamp) -> bool {
    start < end && end.duration_since(start) <= LONGEST
}

/// Why an item with a sealed map does not read: because the map does not open,
/// or for another reason.
fn shut(subject: &Subject, keys: &OrganizationKeys) -> Damage {
    let Key { pk, sk } = &subject.key;
    let place = Place { table: subject.table.what(), pk, sk, attribute: "sealed" };
    let sealed = subject.item.get("sealed").and_then(|value| value.as_b().ok());
    let opens =
        |bytes: Vec<u8>| keys.open::<IgnoredAny>(place, &Sealed::from_stored(bytes)).is_ok();
    match sealed {
        Some(sealed) if !opens(sealed.clone().into_inner()) => Damage::Unopened,
        Some(_) | None => Damage::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_of_a_booking_is_announced_by_the_mail_of_its_change() {
        let held = State::Held(Timestamp::UNIX_EPOCH);
        assert_eq!(announced(held, 1), [Kind::Confirm]);
        assert_eq!(announced(State::Booked, 1), [Kind::Booked]);
        assert_eq!(announced(State::Booked, 2), [Kind::Booked, Kind::Moved]);
        assert_eq!(announced(State::Booked, 3), [Kind::Booked, Kind::Moved]);
        assert_eq!(announced(State::Cancelled, 2), [Kind::Cancelled]);
        assert!(announced(State::Lapsed, 2).is_empty());
    }

    #[test]
    fn a_time_that_ends_before_it_begins_or_never_is_no_time() {
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        assert!(is_a_time(at(0), at(600)));
        assert!(!is_a_time(at(600), at(600)));
        assert!(!is_a_time(at(600), at(0)));
        assert!(!is_a_time(Timestamp::MIN, Timestamp::MAX));
    }
}
