//! How the deletion of a person goes on: a run, a step at a time.
//!
//! Each step looks for what is left, writes down what of it goes, and only then
//! removes it one by one; so a step that is taken again, because its process
//! died, still knows what it had removed, and the certificate says how much.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::left::{Thing, What};
use super::rules::{self, Whom};
use super::{cancelling, under_way};
use crate::audit::{self, Action, Actor, More, Record};
use crate::booking::store::ParticipantRow;
use crate::certificate::{Certificate, CertificateKey};
use crate::dependent::AttachedRow;
use crate::dynamo::{self, Key, Write};
use crate::ids::{BookingId, DeletionId, DependentId, OrganizationId, PersonId};
use crate::ledger::{self, Entry, Fate};
use crate::retention::forget;
use crate::run::{Claim, Progress};
use crate::service::Service;
use crate::trouble::Trouble;

/// Things that one step removes: what a process that dies has to look at again.
const PAGE: usize = 25;

/// How far a deletion has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The participant, where it is one's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    person: Option<String>,
    /// The dependent, where it is one's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dependent: Option<String>,
    /// Whether bookings leave a seat.
    seats: bool,
    /// The partition of attempts at their username, of which their address is one,
    /// or at their identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tries: Option<String>,
    /// Whether it is the last look, when nobody can still be writing.
    last: bool,
    /// What the step under way removes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pending: Vec<Thing>,
    /// How much was removed, by sort.
    #[serde(default)]
    removed: BTreeMap<String, u64>,
}

/// What became of a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Became {
    Gone,
    /// It was not there.
    Nothing,
    /// It stays for now: somebody uses it by now, so it came later and is not
    /// meant; or a later step removes it.
    Kept,
}

impl State {
    pub(super) fn new(whom: Whom, fate: Fate, tries: Option<String>) -> Self {
        let (person, dependent) = match whom {
            Whom::Person(person) => (Some(person.to_string()), None),
            Whom::Dependent(dependent) => (None, Some(dependent.to_string())),
        };
        Self {
            person,
            dependent,
            seats: fate == Fate::Seats,
            tries,
            last: false,
            pending: Vec::new(),
            removed: BTreeMap::new(),
        }
    }

    fn whom(&self) -> Result<Whom, Trouble> {
        let whom = match (&self.person, &self.dependent) {
            (Some(person), None) => PersonId::parse(person).map(Whom::Person),
            (None, Some(dependent)) => DependentId::parse(dependent).map(Whom::Dependent),
            _ => None,
        };
        whom.ok_or_else(|| Trouble::damaged("a deletion", "whom it is about"))
    }
}

/// Takes a step of a deletion and saves it. A step that failed may be taken
/// again.
///
/// # Errors
/// When DynamoDB or KMS fails, or somebody else has the run by now.
pub async fn step(
    service: &Service,
    certificates: &CertificateKey,
    claim: &mut Claim<State>,
) -> Result<Progress, Trouble> {
    let state = &claim.run.state;
    let deletion = Deletion {
        service,
        organization: claim.run.which.organization,
        id: DeletionId::from_bytes(*claim.run.which.id.as_bytes()),
        whom: state.whom()?,
        last: state.last,
        fate: if state.seats { Fate::Seats } else { Fate::Removed },
        asked: claim.run.begun,
    };
    if !state.pending.is_empty() {
        // Whoever wrote it down is gone: what is not there was removed by them.
        return deletion.remove(claim, true).await;
    }
    let mut found = deletion.left(state.tries.as_deref()).await?;
    if !found.is_empty() {
        found.truncate(PAGE);
        claim.run.state.pending = found;
        claim.save(service, service.clock.now()).await?;
        return deletion.remove(claim, false).await;
    }
    if state.last {
        return deletion.conclude(certificates, &state.removed).await;
    }
    if !rules::is_quiet(deletion.asked, service.clock.now()) {
        return Ok(Progress::Later);
    }
    claim.run.state.last = true;
    Ok(Progress::More)
}

/// A deletion under way.
pub(super) struct Deletion<'a> {
    pub(super) service: &'a Service,
    pub(super) organization: OrganizationId,
    id: DeletionId,
    pub(super) whom: Whom,
    pub(super) fate: Fate,
    pub(super) asked: Timestamp,
    /// Whether nobody who had begun before can still be writing.
    pub(super) last: bool,
}

impl Deletion<'_> {
    /// Removes what the step has written down, and saves.
    async fn remove(&self, claim: &mut Claim<State>, again: bool) -> Result<Progress, Trouble> {
        let service = self.service;
        let state = &mut claim.run.state;
        for thing in &state.pending {
            let gone = match self.remove_one(thing).await? {
                Became::Gone => true,
                Became::Nothing => again,
                Became::Kept => false,
            };
            if gone {
                *state.removed.entry(thing.what.word().to_owned()).or_default() += 1;
            }
        }
        state.pending.clear();
        claim.save(service, service.clock.now()).await?;
        Ok(Progress::More)
    }

    async fn remove_one(&self, thing: &Thing) -> Result<Became, Trouble> {
        let Self { service, organization, .. } = *self;
        let tables = &service.settings.tables;
        let key = Key { pk: thing.pk.clone(), sk: thing.sk.clone() };
        let became = |gone| if gone { Became::Gone } else { Became::Nothing };
        let booking = || {
            let id = key.pk.split_once('#').and_then(|(_, id)| BookingId::parse(id));
            id.ok_or_else(|| Trouble::damaged("a deletion", "a booking"))
        };
        let table = match thing.what {
            What::BookingOfGuardian => return self.cancel(booking()?).await,
            What::Booking | What::BookingLeavingSeat => {
                let id = booking()?;
                let fate = match thing.what {
                    What::Booking => Fate::Removed,
                    _ => Fate::Seats,
                };
                let now = service.clock.now();
                return forget::booking(service, organization, id, fate, now).await.map(became);
            }
            What::Own => return self.remove_own(&key).await,
            What::Listed => &tables.schedule,
            What::Credential => &tables.identity,
            What::Session => &tables.session,
            What::Mail => &tables.mail,
        };
        let gone = Write::delete(table, &key, "attribute_exists(pk)", [])?;
        Write::commit_all(&[gone], &service.dynamo, &*service.chance).await.map(became)
    }

    /// Cancels what is still to come for a dependent. Where the organization has
    /// lost its key, because it is erased, nobody can be told: it just goes.
    async fn cancel(&self, booking: BookingId) -> Result<Became, Trouble> {
        let Self { service, organization, .. } = *self;
        let now = service.clock.now();
        let Whom::Dependent(dependent) = self.whom else {
            return Err(Trouble::damaged("a deletion", "whom it is about"));
        };
        match service.vault.keys(organization, now).await? {
            Some(keys) => {
                cancelling::cancel(service, (organization, &keys), dependent, booking, now).await
            }
            None => {
                let gone =
                    forget::booking(service, organization, booking, Fate::Removed, now).await?;
                Ok(if gone { Became::Gone } else { Became::Nothing })
            }
        }
    }

    /// Removes something of theirs as it is now, unless it is used by now.
    ///
    /// An emptied agenda or tally goes although its days may be open: its version
    /// begins again with whoever books again. That could mislead only a request
    /// which read it before and commits after two later ones of the same person,
    /// within the seconds that a request lasts.
    async fn remove_own(&self, key: &Key) -> Result<Became, Trouble> {
        let service = self.service;
        let table = &service.settings.tables.schedule;
        let Some(item) = dynamo::get(&service.dynamo, table, key).await? else {
            return Ok(Became::Nothing);
        };
        if self.is_used(&item) || !self.meant(&item) {
            return Ok(Became::Kept);
        }
        let number = |value: i64| AttributeValue::N(value.to_string());
        let (condition, read) = match key.sk.split_once('#').map_or(&*key.sk, |(word, _)| word) {
            "participant" => {
                ("proven = :read", number(dynamo::row::<ParticipantRow>(item)?.proven))
            }
            "dependent" => ("since = :read", number(dynamo::row::<AttachedRow>(item)?.since)),
            _ => match item.get("version") {
                Some(version) => ("version = :read", version.clone()),
                None => return Err(Trouble::damaged(format!("item {key}"), "its version")),
            },
        };
        let write = Write::delete(table, key, condition, [(":read", read)])?;
        let gone = Write::commit_all(&[write], &service.dynamo, &*service.chance).await?;
        Ok(if gone { Became::Gone } else { Became::Kept })
    }

    /// Signs the certificate, and writes the end into the ledger and the trail.
    async fn conclude(
        &self,
        certificates: &CertificateKey,
        removed: &BTreeMap<String, u64>,
    ) -> Result<Progress, Trouble> {
        let Self { service, organization, id, whom, fate, asked, .. } = *self;
        let now = service.clock.now();
        let done = Timestamp::from_second(now.as_second())
            .map_err(|why| Trouble::damaged("the time of a step", why))?;
        let certificate = Certificate {
            deletion: id.to_string(),
            organization: organization.to_string(),
            subject: whom.word().into(),
            who: Some(whom.id()),
            asked,
            done,
            removed: removed.clone(),
            traces: rules::traces(done),
        };
        let what = whom.forgotten(fate);
        let certificate = Some(certificates.sign(&certificate).await?);
        let entry = Entry { id, organization, what, at: asked, ended: Some(done), certificate };
        let count = u32::try_from(removed.values().sum::<u64>()).unwrap_or(u32::MAX);
        let record = Record::of(Actor::Service, Action::DataDeleted, whom.about());
        let record = Record { more: More { count: Some(count), ..More::default() }, ..record };
        let writes =
            [ledger::ending(service, &entry)?, audit::record(service, organization, &record, now)?];
        // Lost: it was concluded by a step whose answer was lost.
        Write::commit_all(&writes, &service.dynamo, &*service.chance).await?;
        // Only then: who asks once more meanwhile is answered with this one.
        under_way::remove(service, organization, whom, id).await?;
        tracing::info!(%organization, deletion = %id, items = count, whom = whom.word(), "somebody's data is deleted");
        Ok(Progress::Ended)
    }
}
