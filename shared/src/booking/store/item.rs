//! A booking's item.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ambient::Chance;
use crate::booking::{BookedFor, Booking, Contact, State};
use crate::dynamo::{self, Item, Key, keys};
use crate::ids::{self, BookingId, DependentId, EventId, OrganizationId, PersonId};
use crate::personal::{EmailAddress, Note, PersonName, Phone, Unfit};
use crate::settings::Table;
use crate::slot::SlotId;
use crate::trouble::Trouble;
use crate::vault::{OrganizationKeys, Place, Sealed};

#[derive(Serialize, Deserialize)]
struct Row {
    pk: String,
    sk: String,
    event: String,
    slot: String,
    start: i64,
    end: i64,
    person: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dependent: Option<String>,
    state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    held_until: Option<i64>,
    version: u32,
    link_version: u32,
    made: i64,
    fingerprint: String,
    privacy_version: u32,
    /// The index of what is booked; only of a booking that stands or is held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    listed: Option<String>,
    /// The index of what a participant has booked, in whatever state.
    owner: String,
    /// The index of what is booked for a dependent, in whatever state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    concerns: Option<String>,
    /// The index of what retention will ask about.
    ending: String,
    ends: i64,
    sealed: Sealed,
}

#[derive(Serialize, Deserialize)]
struct Fields<'a> {
    name: std::borrow::Cow<'a, str>,
    email: std::borrow::Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<std::borrow::Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<std::borrow::Cow<'a, str>>,
    /// The dependent's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dependent: Option<std::borrow::Cow<'a, str>>,
}

/// What of a booking lies open: enough to hold it against other items without
/// its organization's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outline {
    pub(crate) event: EventId,
    pub(crate) slot: SlotId,
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
    pub(crate) person: PersonId,
    pub(crate) dependent: Option<DependentId>,
    pub(crate) state: State,
    pub(crate) version: u32,
}

/// Writes a booking as its item.
pub(super) fn write(
    organization: OrganizationId,
    keys: &OrganizationKeys,
    booking: &Booking,
    chance: &dyn Chance,
) -> Result<Item, Trouble> {
    let key = Key::booking(organization, booking.id);
    let contact = &booking.contact;
    let fields = Fields {
        name: contact.name.expose().into(),
        email: contact.email.expose().into(),
        phone: contact.phone.as_ref().map(|phone| phone.expose().into()),
        note: contact.note.as_ref().map(|note| note.expose().into()),
        dependent: booking.dependent.as_ref().map(|dependent| dependent.name.expose().into()),
    };
    let place = Place { table: Table::Schedule, pk: &key.pk, sk: &key.sk, attribute: "sealed" };
    let sealed = keys.seal(place, &fields, chance)?;
    let held_until = match booking.state {
        State::Held(until) => Some(until.as_second()),
        State::Booked | State::Cancelled | State::Lapsed => None,
    };
    dynamo::item(&Row {
        pk: key.pk,
        sk: key.sk,
        event: booking.event.to_string(),
        slot: booking.slot.to_string(),
        start: booking.start.as_second(),
        end: booking.end.as_second(),
        person: booking.person.to_string(),
        dependent: booking.dependent.as_ref().map(|dependent| dependent.id.to_string()),
        state: word(booking.state).to_owned(),
        held_until,
        version: booking.version,
        link_version: booking.link_version,
        made: booking.made.as_second(),
        fingerprint: ids::to_text(&booking.fingerprint),
        privacy_version: booking.privacy_version,
        listed: listed(organization, booking.event, booking.slot, booking.state),
        owner: keys::owned(organization, booking.person),
        concerns: booking
            .dependent
            .as_ref()
            .map(|dependent| keys::concerning(organization, dependent.id)),
        ending: keys::ending(organization, keys::ending_shard(booking.id.as_bytes())),
        ends: booking.end.as_second(),
        sealed,
    })
}

/// The partition of the index in which a booking is listed.
fn listed(
    organization: OrganizationId,
    event: EventId,
    slot: SlotId,
    state: State,
) -> Option<String> {
    match state {
        State::Held(_) | State::Booked => Some(keys::booked(organization, event, slot.day)),
        State::Cancelled | State::Lapsed => None,
    }
}

pub(super) const fn word(state: State) -> &'static str {
    match state {
        State::Held(_) => "held",
        State::Booked => "booked",
        State::Cancelled => "cancelled",
        State::Lapsed => "lapsed",
    }
}

/// Reads a booking out of its item.
pub(super) fn read(keys: &OrganizationKeys, item: Item) -> Result<Booking, Trouble> {
    let row: Row = dynamo::row(item)?;
    let Outline { event, slot, start, end, person, dependent, state, version } = row.outline()?;
    let damaged = |why: String| Trouble::damaged(format!("booking {}", row.pk), why);
    let unfit = |what: &'static str| move |why: Unfit| damaged(format!("its {what}: {why}"));
    let place = Place { table: Table::Schedule, pk: &row.pk, sk: &row.sk, attribute: "sealed" };
    let fields: Fields<'_> =
        keys.open(place, &row.sealed).map_err(|why| damaged(why.to_string()))?;
    let dependent = match (dependent, fields.dependent) {
        (Some(id), Some(name)) => {
            let name = PersonName::parse(&name).map_err(unfit("dependent's name"))?;
            Some(BookedFor { id, name })
        }
        (None, None) => None,
        _ => return Err(damaged("its dependent".into())),
    };
    Ok(Booking {
        id: row
            .pk
            .split_once('#')
            .and_then(|(_, id)| BookingId::parse(id))
            .ok_or_else(|| damaged("its id".into()))?,
        event,
        slot,
        start,
        end,
        person,
        dependent,
        contact: Contact {
            name: PersonName::parse(&fields.name).map_err(unfit("name"))?,
            email: EmailAddress::parse(&fields.email).map_err(unfit("email"))?,
            phone: fields
                .phone
                .map(|phone| Phone::parse(&phone))
                .transpose()
                .map_err(unfit("phone"))?,
            note: fields.note.map(|note| Note::parse(&note)).transpose().map_err(unfit("note"))?,
        },
        state,
        version,
        link_version: row.link_version,
        made: Timestamp::from_second(row.made).map_err(|_| damaged("its making".into()))?,
        fingerprint: ids::from_text(&row.fingerprint)
            .ok_or_else(|| damaged("its fingerprint".into()))?,
        privacy_version: row.privacy_version,
    })
}

/// Reads what of a booking lies open.
pub(super) fn outline(item: Item) -> Result<Outline, Trouble> {
    dynamo::row::<Row>(item)?.outline()
}

impl Row {
    fn outline(&self) -> Result<Outline, Trouble> {
        let damaged = |why: String| Trouble::damaged(format!("booking {}", self.pk), why);
        let moment = |seconds: i64, what: &str| {
            Timestamp::from_second(seconds).map_err(|_| damaged(format!("its {what}")))
        };
        let outline = Outline {
            event: EventId::parse(&self.event).ok_or_else(|| damaged("its event".into()))?,
            slot: SlotId::parse(&self.slot).ok_or_else(|| damaged("its slot".into()))?,
            start: moment(self.start, "start")?,
            end: moment(self.end, "end")?,
            person: PersonId::parse(&self.person).ok_or_else(|| damaged("its person".into()))?,
            dependent: match &self.dependent {
                Some(id) => {
                    Some(DependentId::parse(id).ok_or_else(|| damaged("its dependent".into()))?)
                }
                None => None,
            },
            state: match (self.state.as_str(), self.held_until) {
                ("held", Some(until)) => State::Held(moment(until, "hold's end")?),
                ("booked", None) => State::Booked,
                ("cancelled", None) => State::Cancelled,
                ("lapsed", None) => State::Lapsed,
                (other, _) => return Err(damaged(format!("its state is {other}"))),
            },
            version: self.version,
        };
        let organization = self.pk.split_once('#').and_then(|(id, _)| OrganizationId::parse(id));
        let organization = organization.ok_or_else(|| damaged("whose it is".into()))?;
        let Outline { event, slot, state, .. } = outline;
        if self.listed != listed(organization, event, slot, state) {
            return Err(damaged("it is listed elsewhere than it takes place".into()));
        }
        let booking = self.pk.split_once('#').and_then(|(_, id)| BookingId::parse(id));
        let booking = booking.ok_or_else(|| damaged("its id".into()))?;
        let concerns = outline.dependent.map(|dependent| keys::concerning(organization, dependent));
        if self.owner != keys::owned(organization, outline.person)
            || self.concerns != concerns
            || self.ending != keys::ending(organization, keys::ending_shard(booking.as_bytes()))
            || self.ends != self.end
        {
            return Err(damaged("an index holds it for somebody else or for another time".into()));
        }
        Ok(outline)
    }
}
