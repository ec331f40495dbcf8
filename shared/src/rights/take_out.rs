//! All that an organization keeps about a participant.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::audit::{Action, Actor, read};
use crate::booking::{Booking, State, store};
use crate::dependent;
use crate::dynamo::{self, Key, keys};
use crate::identity::{Subject, factor, password};
use crate::ids::{EventId, NoticeId, OrganizationId, PersonId};
use crate::notice::{Matter, Notice, Standing, store as notices};
use crate::organization::{Occasion, Snapshot};
use crate::participant;
use crate::retention::forget::mails;
use crate::service::Service;
use crate::trouble::Trouble;

/// All that is kept about a person, as it is handed out.
#[derive(Debug, Serialize, ToSchema)]
pub struct TakenOutShape {
    /// Who keeps it.
    pub organization: OrganizationShape,
    /// When this was put together.
    pub at: String,
    /// Whom it is about.
    pub person: PersonShape,
    /// Everything they booked, whatever became of it, by time.
    pub appointments: Vec<AppointmentShape>,
    /// The people they may book for, by name.
    pub people: Vec<String>,
    /// Mails to them, by time. Their text is not kept.
    pub mails: Vec<MailShape>,
    /// Who looked at their data, the latest first.
    pub looks: Vec<LookShape>,
    /// How they can sign in.
    pub sign_in: SignInsShape,
}

/// Who keeps it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = KeeperShape)]
pub struct OrganizationShape {
    /// Its name.
    pub name: String,
    /// Its name in addresses.
    pub web_name: String,
}

/// Whom it is about.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonShape {
    /// Their id: it stands for their address in everything that is kept.
    pub id: String,
    /// The address they have proven; null where they have proven none.
    pub email: Option<String>,
}

/// Something they booked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = KeptAppointmentShape)]
pub struct AppointmentShape {
    /// Its id.
    pub id: String,
    /// At which event.
    pub event: String,
    /// With whom.
    pub with: String,
    /// When it begins.
    pub start: String,
    /// When it ends.
    pub end: String,
    /// `booked`, `held`, `cancelled` or `lapsed`.
    pub state: &'static str,
    /// When it was made.
    pub made: String,
    /// Their name, as they wrote it.
    pub name: String,
    /// Their address, as they wrote it.
    pub email: String,
    /// Their telephone number.
    pub phone: Option<String>,
    /// What else they wrote.
    pub note: Option<String>,
    /// For whom it is, where that is somebody else.
    pub dependent: Option<String>,
    /// The version of the privacy notice that was in force.
    pub privacy_version: u32,
}

/// A mail to them.
#[derive(Debug, Serialize, ToSchema)]
pub struct MailShape {
    /// Since when it was owed.
    pub at: String,
    /// What it said, in a word.
    pub kind: &'static str,
    /// The appointment it was about.
    pub appointment: Option<String>,
    /// `settled` or `owed`.
    pub state: &'static str,
}

/// Somebody looked at their data.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SeenShape)]
pub struct LookShape {
    /// When.
    pub at: String,
    /// `team`, `support`, `emergency`, `yourself` or `service`.
    pub who: &'static str,
    /// The kind of page or file.
    pub page: String,
    /// Whether it left as a file.
    pub file: bool,
}

/// How they can sign in, beside a mailed link.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct SignInsShape {
    /// Whether they have a password.
    pub password: bool,
    /// Whether they have one-time codes.
    pub codes: bool,
    /// How many passkeys they have.
    pub passkeys: usize,
}

/// Puts together all that is kept about a participant; `None` where nothing is.
///
/// # Errors
/// When DynamoDB fails or something that is read is damaged.
pub async fn take_out(
    service: &Service,
    snapshot: &Arc<Snapshot>,
    person: PersonId,
    now: Timestamp,
) -> Result<Option<TakenOutShape>, Trouble> {
    let (organization, keys) = (&snapshot.organization, &snapshot.keys);
    let subject = Subject::Participant(person);
    let (bookings, email, people, password, factors, looks) = tokio::try_join!(
        store::of_owner(service, organization.id, keys, person),
        participant::store::address(service, organization.id, keys, person),
        dependent::store::attached(service, organization.id, keys, person),
        password::store::find(service, keys, organization.id, subject),
        factor::store::list(service, keys, organization.id, subject),
        looks(service, organization.id, person),
    )?;
    let sign_in = SignInsShape {
        password: password.is_some(),
        codes: factors.codes.since().is_some(),
        passkeys: factors.passkeys.len(),
    };
    if bookings.is_empty() && email.is_none() && people.is_empty() && password.is_none() {
        return Ok(None);
    }
    let mails = mails_to(service, organization.id, person, &bookings).await?;
    let occasions = occasions(service, snapshot, &bookings).await?;
    let zone = &organization.zone;
    Ok(Some(TakenOutShape {
        organization: OrganizationShape {
            name: organization.name.clone(),
            web_name: organization.web_name.to_string(),
        },
        at: zone.rfc3339(now),
        person: PersonShape {
            id: person.to_string(),
            email: email.map(|email| email.expose().to_owned()),
        },
        appointments: bookings
            .iter()
            .map(|booking| appointment(snapshot, occasions.get(&booking.event), booking))
            .collect(),
        people: people.iter().map(|person| person.name.expose().to_owned()).collect(),
        mails: mails.iter().map(|mail| shape(snapshot, mail)).collect(),
        looks: looks
            .iter()
            .map(|entry| LookShape {
                at: zone.rfc3339(entry.at),
                who: who(entry.record.actor),
                page: entry
                    .record
                    .more
                    .page
                    .as_ref()
                    .map_or_else(String::new, |page| page.as_str().to_owned()),
                file: entry.record.action == Action::DataExported,
            })
            .collect(),
        sign_in,
    }))
}

fn appointment(
    snapshot: &Snapshot,
    occasion: Option<&Occasion>,
    booking: &Booking,
) -> AppointmentShape {
    let zone = occasion.map_or(&snapshot.organization.zone, |occasion| &occasion.event().zone);
    let resources = occasion.iter().flat_map(|occasion| occasion.resources.iter());
    let with = resources.into_iter().find(|resource| resource.id == booking.slot.resource);
    let contact = &booking.contact;
    AppointmentShape {
        id: booking.id.to_string(),
        event: occasion.map_or_else(String::new, |occasion| occasion.event().name.clone()),
        with: with.map_or_else(String::new, |resource| resource.name.clone()),
        start: zone.rfc3339(booking.start),
        end: zone.rfc3339(booking.end),
        state: match booking.state {
            State::Held(_) => "held",
            State::Booked => "booked",
            State::Cancelled => "cancelled",
            State::Lapsed => "lapsed",
        },
        made: zone.rfc3339(booking.made),
        name: contact.name.expose().to_owned(),
        email: contact.email.expose().to_owned(),
        phone: contact.phone.as_ref().map(|phone| phone.expose().to_owned()),
        note: contact.note.as_ref().map(|note| note.expose().to_owned()),
        dependent: booking.dependent.as_ref().map(|it| it.name.expose().to_owned()),
        privacy_version: booking.privacy_version,
    }
}

fn shape(snapshot: &Snapshot, mail: &Notice) -> MailShape {
    let appointment = match &mail.owed.matter {
        Matter::Booking(change) => Some(change.booking.to_string()),
        Matter::Account(_) | Matter::Administrators(_) => None,
    };
    MailShape {
        at: snapshot.organization.zone.rfc3339(mail.owed.since),
        kind: mail.owed.matter.word(),
        appointment,
        state: if mail.standing == Standing::Settled { "settled" } else { "owed" },
    }
}

const fn who(actor: Actor) -> &'static str {
    match actor {
        Actor::Member(_) => "team",
        Actor::Support { .. } | Actor::Operator(_) => "support",
        Actor::Emergency(_) => "emergency",
        Actor::Participant(_) | Actor::LinkHolder(_) | Actor::Visitor(_) => "yourself",
        Actor::Service | Actor::Nobody(_) => "service",
    }
}

/// Who looked, to the first record.
async fn looks(
    service: &Service,
    organization: OrganizationId,
    person: PersonId,
) -> Result<Vec<read::Entry>, Trouble> {
    let mut found = Vec::new();
    let mut before = None;
    loop {
        let page = read::looks_at(service, organization, person, before).await?;
        found.extend(page.entries);
        before = page.next;
        if before.is_none() {
            return Ok(found);
        }
    }
}

/// The mails to a participant: about what they booked, and about their account.
async fn mails_to(
    service: &Service,
    organization: OrganizationId,
    person: PersonId,
    bookings: &[Booking],
) -> Result<Vec<Notice>, Trouble> {
    let account = Subject::Participant(person).to_string();
    let concerns = std::iter::once(account).chain(bookings.iter().map(|it| it.id.to_string()));
    let mut asked: Vec<Key> = Vec::new();
    for id in concerns {
        let partition = keys::mail_concerning(organization, &id);
        asked.extend(notices::concerning(service, partition).await?);
    }
    asked.extend(bookings.iter().flat_map(|booking| {
        (1..=booking.version)
            .flat_map(move |version| mails(organization, booking.id, person, version))
    }));
    let table = &service.settings.tables.mail;
    let mut found = Vec::new();
    for chunk in asked.chunks(100) {
        let items = dynamo::batch_get(&service.dynamo, table, chunk, &*service.chance).await?;
        for (key, item) in items {
            let id = key.pk.split_once('#').and_then(|(_, id)| NoticeId::parse(id));
            let id = id.ok_or_else(|| Trouble::damaged(format!("notice {key}"), "its id"))?;
            found.push(notices::parse(organization, id, item)?);
        }
    }
    found.sort_by_key(|notice| (notice.owed.since, notice.owed.id));
    Ok(found)
}

async fn occasions(
    service: &Service,
    snapshot: &Arc<Snapshot>,
    bookings: &[Booking],
) -> Result<HashMap<EventId, Occasion>, Trouble> {
    let mut found = HashMap::new();
    for booking in bookings {
        if !found.contains_key(&booking.event) {
            let occasion = service.occasion_of(Arc::clone(snapshot), booking.event).await?;
            found.extend(occasion.map(|occasion| (booking.event, occasion)));
        }
    }
    Ok(found)
}
