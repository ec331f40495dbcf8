//! Asking for the deletion of somebody's data.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::course::State;
use super::left::made;
use super::rules::{Obstacle, Whom, is_meant};
use super::under_way;
use crate::audit::{self, Action, Record};
use crate::booking::store::{Concerning, Owned, concerning, outlines};
use crate::booking::{self, Booking};
use crate::dependent::store as dependents;
use crate::dynamo::{self, Item, Key, Write, keys};
use crate::identity::{Subject, Username};
use crate::ids::{DeletionId, OrganizationId, PersonId, RunId};
use crate::ledger::{self, Entry};
use crate::participant;
use crate::personal::EmailAddress;
use crate::retention::hold::{self, On};
use crate::retention::store as settings;
use crate::run::{self, Kind, Run, Which};
use crate::service::Service;
use crate::trouble::Trouble;
use crate::vault::OrganizationKeys;

/// Holds that one transaction makes sure of: DynamoDB allows a hundred items.
const MOST_CHECKS: usize = 85;

/// Whose data is to be deleted, and who asks for it.
#[derive(Debug)]
pub struct Wish<'a> {
    /// Whose organization.
    pub organization: OrganizationId,
    /// Its keys.
    pub keys: &'a OrganizationKeys,
    /// The participant or the dependent.
    pub whom: Whom,
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
    #[error("nothing is kept about anybody of this id")]
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
    /// Of a dependent: how many have attached them.
    pub guardians: usize,
    /// What stands in its way.
    pub obstacle: Option<Obstacle>,
    /// The one that is under way.
    pub under_way: Option<Asked>,
}

/// All that a deletion depends on.
struct Held {
    whom: Whom,
    bookings: Vec<Owned>,
    guardians: usize,
    on: BTreeSet<On>,
}

impl Held {
    async fn of(
        service: &Service,
        organization: OrganizationId,
        whom: Whom,
    ) -> Result<Self, Trouble> {
        let (bookings, guardians) = match whom {
            Whom::Person(person) => (outlines(service, organization, person).await?, 0),
            Whom::Dependent(dependent) => {
                let Concerning { bookings, attachments } =
                    concerning(service, organization, dependent).await?;
                (bookings, attachments.len())
            }
        };
        Ok(Self::with(whom, bookings, guardians))
    }

    fn with(whom: Whom, bookings: Vec<Owned>, guardians: usize) -> Self {
        let mut on = BTreeSet::from([whom.hold()]);
        for booking in &bookings {
            on.insert(On::Event(booking.outline.event));
            on.insert(On::Person(booking.outline.person));
            on.extend(booking.outline.dependent.map(On::Dependent));
        }
        Self { whom, bookings, guardians, on }
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
        // Their own comes first: it says most.
        let own = Some(self.whom.hold()).filter(|own| holds.on(*own));
        let held = own.or_else(|| self.on.iter().copied().find(|on| holds.on(*on)));
        Ok(held.map(|held| self.whom.obstacle(held)))
    }
}

/// What a deletion would meet. Nothing is changed.
///
/// # Errors
/// When DynamoDB fails or something that was read is damaged.
pub async fn look(
    service: &Service,
    organization: OrganizationId,
    whom: Whom,
    now: Timestamp,
) -> Result<Look, Trouble> {
    let held = Held::of(service, organization, whom).await?;
    looked(service, organization, &held, now).await
}

/// The same of a participant, all of whose bookings have been read.
///
/// # Errors
/// When DynamoDB fails or something that was read is damaged.
pub async fn look_at(
    service: &Service,
    organization: OrganizationId,
    person: PersonId,
    bookings: &[Booking],
    now: Timestamp,
) -> Result<Look, Trouble> {
    let bookings = bookings.iter().map(Owned::from).collect();
    let held = Held::with(Whom::Person(person), bookings, 0);
    looked(service, organization, &held, now).await
}

async fn looked(
    service: &Service,
    organization: OrganizationId,
    held: &Held,
    now: Timestamp,
) -> Result<Look, Trouble> {
    let (obstacle, under_way) = tokio::try_join!(
        held.obstacle(service, organization),
        under_way::find(service, organization, held.whom),
    )?;
    let coming = held.coming(now);
    let others = held.bookings.len() - coming;
    Ok(Look { coming, others, guardians: held.guardians, obstacle, under_way })
}

/// Asks for the deletion of all that is kept about somebody. When this returns,
/// it will be carried out, whatever fails: the ledger has its entry. Where it is
/// under way already and means all that is there, it is that one, however many
/// ask at once.
///
/// # Errors
/// [`Failure`] says why nothing is deleted.
pub async fn ask(service: &Service, wish: &Wish<'_>, now: Timestamp) -> Result<Asked, Failure> {
    let (organization, whom) = (wish.organization, wish.whom);
    for attempt in 0..dynamo::TRIES {
        let held = Held::of(service, organization, whom).await?;
        let former = under_way::find(service, organization, whom).await?;
        if let Some(asked) = former
            && !is_anything_younger(service, organization, &held, asked.at).await?
        {
            if !wish.more.is_empty() {
                // What else was to be written is, where it still can be.
                Write::commit_all(&wish.more, &service.dynamo, &*service.chance).await?;
            }
            return Ok(asked);
        }
        if let Some(obstacle) = held.obstacle(service, organization).await? {
            // Nobody learns of a hold on somebody of whom there is nothing.
            let there = !held.bookings.is_empty() || is_known(service, organization, whom).await?;
            return Err(if there { Failure::Refused(obstacle) } else { Failure::NotThere });
        }
        let (asked, writes) = preparing(service, wish, &held, former.as_ref(), now).await?;
        if Write::commit_all(&writes, &service.dynamo, &*service.chance).await? {
            tracing::info!(%organization, deletion = %asked.id, whom = whom.word(), "a deletion is asked for");
            return Ok(asked);
        }
        if let Some(obstacle) = held.obstacle(service, organization).await? {
            return Err(Failure::Refused(obstacle));
        }
        // Another wish was first, maybe: then its deletion is the answer.
        if under_way::find(service, organization, whom).await? == former && attempt > 1 {
            return Err(Failure::Changed);
        }
    }
    Err(Failure::Changed)
}

/// Everything that makes a deletion a fact.
async fn preparing(
    service: &Service,
    wish: &Wish<'_>,
    held: &Held,
    former: Option<&Asked>,
    now: Timestamp,
) -> Result<(Asked, Vec<Write>), Failure> {
    let (organization, whom) = (wish.organization, wish.whom);
    let mut writes = Vec::new();
    let tries = match whom {
        Whom::Person(person) => {
            if held.bookings.is_empty() && !is_known(service, organization, whom).await? {
                return Err(Failure::NotThere);
            }
            address(service, wish, person, held).await?.and_then(|address| {
                let index = Username::parse(address.expose()).ok()?.index(wish.keys);
                Some(Key::tries(organization, index, "strangers").pk)
            })
        }
        Whom::Dependent(dependent) => {
            // From then on nobody books for them, and their identifier is free.
            let unlisting = dependents::unlisting(service, organization, dependent).await?;
            let unlisting = unlisting.ok_or(Failure::NotThere)?;
            writes.extend(unlisting.writes);
            unlisting.identifier.map(|index| dependents::claims_at(organization, index))
        }
    };
    // What is kept of a moment: a ledger's entry reads as it was written.
    let at = Timestamp::from_second(now.as_second())
        .map_err(|why| Trouble::damaged("the time of a request", why))?;
    let id = DeletionId::fresh(now, &*service.chance).map_err(Trouble::from)?;
    let fate = settings::find(service, organization).await?.draft().fate;
    let what = whom.forgotten(fate);
    let entry = Entry { id, organization, what, at, ended: None, certificate: None };
    let which = Which { organization, kind: Kind::Deletion, id: RunId::from_bytes(*id.as_bytes()) };
    let run = Run { which, begun: at, state: State::new(whom, fate, tries) };
    let asked = Asked { id, at, coming: held.coming(now) };
    let record = Record { action: Action::DeletionAsked, about: whom.about(), ..wish.by.clone() };
    writes.extend([
        ledger::writing(service, &entry)?,
        run::beginning(service, &run)?,
        under_way::writing(service, organization, whom, former, &asked)?,
        audit::record(service, organization, &record, now)?,
    ]);
    writes.extend(wish.more.iter().cloned());
    for on in held.on.iter().take(MOST_CHECKS) {
        writes.push(hold::absent(service, organization, *on)?);
    }
    Ok((asked, writes))
}

/// Whether there is anything that a deletion asked for then does not mean.
/// Sessions are not looked at: they end by themselves.
async fn is_anything_younger(
    service: &Service,
    organization: OrganizationId,
    held: &Held,
    asked: Timestamp,
) -> Result<bool, Trouble> {
    if matches!(held.whom, Whom::Dependent(_)) {
        return Ok(false);
    }
    let younger = |made: Timestamp| !is_meant(made, asked);
    if held.bookings.iter().any(|booking| younger(booking.made)) {
        return Ok(true);
    }
    let items = own_items(service, organization, held.whom).await?;
    Ok(items.iter().filter_map(made).any(younger))
}

/// Whether anything is kept about somebody for whom nothing is booked.
async fn is_known(
    service: &Service,
    organization: OrganizationId,
    whom: Whom,
) -> Result<bool, Trouble> {
    match whom {
        Whom::Person(_) => Ok(!own_items(service, organization, whom).await?.is_empty()),
        Whom::Dependent(dependent) => dependents::ever(service, organization, dependent).await,
    }
}

/// What lies under their id, beside sessions and the deletion under way.
async fn own_items(
    service: &Service,
    organization: OrganizationId,
    whom: Whom,
) -> Result<Vec<Item>, Trouble> {
    let tables = &service.settings.tables;
    let own = keys::of(organization, whom);
    let mut items = dynamo::query(&service.dynamo, &tables.schedule, &own, "", true).await?;
    items.retain(|item| Key::of(item).is_none_or(|key| key.sk != under_way::WORD));
    if let Whom::Person(person) = whom {
        let subject = keys::of_subject(organization, Subject::Participant(person));
        let of_subject = dynamo::query(&service.dynamo, &tables.identity, &subject, "", true);
        items.extend(of_subject.await?);
    }
    Ok(items)
}

/// The address under which they are known: proven, or as they wrote it.
async fn address(
    service: &Service,
    wish: &Wish<'_>,
    person: PersonId,
    held: &Held,
) -> Result<Option<EmailAddress>, Trouble> {
    let (organization, keys) = (wish.organization, wish.keys);
    let proven = participant::store::address(service, organization, keys, person).await?;
    let (None, Some(booking)) = (&proven, held.bookings.last()) else { return Ok(proven) };
    let booking = booking::store::find(service, organization, keys, booking.id).await?;
    Ok(booking.map(|booking| booking.contact.email))
}
