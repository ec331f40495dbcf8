//! Asking for the deletion of a person's data.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::course::State;
use super::rules::Obstacle;
use crate::audit::{self, About, Action, Record};
use crate::booking;
use crate::booking::store::{Owned, outlines};
use crate::dynamo::{self, Key, Write, keys};
use crate::identity::{Subject, Username};
use crate::ids::{DeletionId, OrganizationId, PersonId, RunId};
use crate::ledger::{self, Entry, Forgotten};
use crate::participant;
use crate::personal::EmailAddress;
use crate::retention::hold::{self, On};
use crate::retention::store as settings;
use crate::run::{self, Kind, Run, Which};
use crate::service::Service;
use crate::trouble::Trouble;
use crate::vault::OrganizationKeys;

/// Holds that one transaction makes sure of: DynamoDB allows a hundred items.
const MOST_CHECKS: usize = 90;

/// Whose data is to be deleted, and who asks for it.
#[derive(Debug)]
pub struct Wish<'a> {
    /// Whose organization.
    pub organization: OrganizationId,
    /// Its keys.
    pub keys: &'a OrganizationKeys,
    /// The participant.
    pub person: PersonId,
    /// Who asks, from where; what is recorded is that they asked.
    pub by: Record,
    /// What else is to be written in the same transaction.
    pub more: Vec<Write>,
}

/// A deletion that will be carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Its id.
    pub id: DeletionId,
    /// When it was asked for.
    pub at: Timestamp,
    /// How many appointments it cancels.
    pub coming: usize,
}

/// Why nothing is deleted.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Something is held.
    #[error(transparent)]
    Refused(#[from] Obstacle),
    /// There is nobody of this id.
    #[error("nothing is kept about this person")]
    NotThere,
    /// Something changed at the same moment: it is to be asked again.
    #[error("something changed at the same moment")]
    Changed,
    /// The machinery failed.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

/// What a deletion would meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// How many appointments it would cancel.
    pub coming: usize,
    /// How many others there are, in whatever state.
    pub others: usize,
    /// What stands in its way.
    pub obstacle: Option<Obstacle>,
}

/// All that a person's deletion depends on.
struct Held {
    bookings: Vec<Owned>,
    on: BTreeSet<On>,
}

impl Held {
    async fn of(
        service: &Service,
        organization: OrganizationId,
        person: PersonId,
    ) -> Result<Self, Trouble> {
        let bookings = outlines(service, organization, person).await?;
        let mut on = BTreeSet::from([On::Person(person)]);
        for booking in &bookings {
            on.insert(On::Event(booking.outline.event));
            on.extend(booking.outline.dependent.map(On::Dependent));
        }
        Ok(Self { bookings, on })
    }

    /// How many appointments lie ahead.
    fn coming(&self, now: Timestamp) -> usize {
        let ahead = |booking: &&Owned| {
            booking.outline.state == booking::State::Booked && booking.outline.start > now
        };
        self.bookings.iter().filter(ahead).count()
    }

    async fn obstacle(
        &self,
        service: &Service,
        organization: OrganizationId,
    ) -> Result<Option<Obstacle>, Trouble> {
        let holds = hold::standing(service, organization).await?;
        let held = self.on.iter().find(|on| holds.on(**on));
        Ok(held.map(|on| match on {
            On::Person(_) => Obstacle::Person,
            On::Dependent(_) => Obstacle::Dependent,
            On::Event(_) => Obstacle::Event,
        }))
    }
}

/// What a deletion would meet. Nothing is changed.
///
/// # Errors
/// When DynamoDB fails or something that was read is damaged.
pub async fn look(
    service: &Service,
    organization: OrganizationId,
    person: PersonId,
    now: Timestamp,
) -> Result<Look, Trouble> {
    let held = Held::of(service, organization, person).await?;
    let coming = held.coming(now);
    let others = held.bookings.len() - coming;
    Ok(Look { coming, others, obstacle: held.obstacle(service, organization).await? })
}

/// Asks for the deletion of all that is kept about a participant. When this
/// returns, it will be carried out, whatever fails: the ledger has its entry.
///
/// # Errors
/// [`Failure`] says why nothing is deleted.
pub async fn person(service: &Service, wish: &Wish<'_>, now: Timestamp) -> Result<Asked, Failure> {
    let (organization, person) = (wish.organization, wish.person);
    let held = Held::of(service, organization, person).await?;
    if held.bookings.is_empty() && !is_known(service, organization, person).await? {
        return Err(Failure::NotThere);
    }
    if let Some(obstacle) = held.obstacle(service, organization).await? {
        return Err(Failure::Refused(obstacle));
    }
    // What is kept of a moment: a ledger's entry reads as it was written.
    let at = Timestamp::from_second(now.as_second())
        .map_err(|why| Trouble::damaged("the time of a request", why))?;
    let id = DeletionId::fresh(now, &*service.chance).map_err(Trouble::from)?;
    let fate = settings::find(service, organization).await?.draft().fate;
    let what = Forgotten::Person(person, fate);
    let entry = Entry { id, organization, what, at, ended: None, certificate: None };
    let which = Which { organization, kind: Kind::Deletion, id: RunId::from_bytes(*id.as_bytes()) };
    let tries = address(service, wish, &held).await?.and_then(|address| {
        let index = Username::parse(address.expose()).ok()?.index(wish.keys);
        Some(Key::tries(organization, index, "strangers").pk)
    });
    let run = Run { which, begun: at, state: State::new(person, fate, tries) };
    let record =
        Record { action: Action::DeletionAsked, about: About::Person(person), ..wish.by.clone() };
    let mut writes = vec![
        ledger::writing(service, &entry)?,
        run::beginning(service, &run)?,
        audit::record(service, organization, &record, now)?,
    ];
    writes.extend(wish.more.iter().cloned());
    for on in held.on.iter().take(MOST_CHECKS) {
        writes.push(hold::absent(service, organization, *on)?);
    }
    if Write::commit_all(&writes, &service.dynamo, &*service.chance).await? {
        tracing::info!(%organization, deletion = %id, "the deletion of a person is asked for");
        return Ok(Asked { id, at, coming: held.coming(now) });
    }
    match held.obstacle(service, organization).await? {
        Some(obstacle) => Err(Failure::Refused(obstacle)),
        None => Err(Failure::Changed),
    }
}

/// Whether anything is kept about somebody who has booked nothing.
async fn is_known(
    service: &Service,
    organization: OrganizationId,
    person: PersonId,
) -> Result<bool, Trouble> {
    let tables = &service.settings.tables;
    let subject = keys::of_subject(organization, Subject::Participant(person));
    let own = keys::of_person(organization, person);
    let (own, credentials) = tokio::try_join!(
        dynamo::query(&service.dynamo, &tables.schedule, &own, "", true),
        dynamo::query(&service.dynamo, &tables.identity, &subject, "", true),
    )?;
    Ok(!own.is_empty() || !credentials.is_empty())
}

/// The address under which they are known: proven, or as they wrote it.
async fn address(
    service: &Service,
    wish: &Wish<'_>,
    held: &Held,
) -> Result<Option<EmailAddress>, Trouble> {
    let (organization, keys, person) = (wish.organization, wish.keys, wish.person);
    let proven = participant::store::address(service, organization, keys, person).await?;
    let (None, Some(booking)) = (&proven, held.bookings.last()) else { return Ok(proven) };
    let booking = booking::store::find(service, organization, keys, booking.id).await?;
    Ok(booking.map(|booking| booking.contact.email))
}
