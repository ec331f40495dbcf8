//! The course of one erasure, a step at a time. Each step can be taken twice.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ask::whole_second;
use super::begin::{Beginning, begin, destroy_keys, keys_of};
use super::{Planned, Sweep, rules};
use crate::audit::{self, About, Action, Actor, More, Record};
use crate::certificate::{Certificate, CertificateKey};
use crate::dynamo::Write;
use crate::ids::{DeletionId, OrganizationId, RunId};
use crate::ledger::{self, Entry};
use crate::run::{Claim, Kind, Progress, Which};
use crate::service::Service;
use crate::settings::Table;
use crate::trouble::Trouble;
use crate::vault::own_key;

/// Segments of a table that are read at the same time.
const SEGMENTS: usize = 1;

/// How far an erasure has come, as its run keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Course {
    /// What comes next.
    pub stage: Stage,
    /// When it was asked for.
    pub asked: Timestamp,
    /// Until when it could be taken back.
    pub due: Timestamp,
    /// Since when the organization exists to nobody.
    pub begun: Option<Timestamp>,
    /// The KMS keys that are the organization's alone: they go with its keys.
    #[serde(default)]
    pub kms_keys: Vec<String>,
    /// When the last of those will be gone, as KMS says.
    #[serde(default)]
    pub kms_gone: Option<Timestamp>,
    /// When its keys were destroyed.
    pub key_destroyed: Option<Timestamp>,
    /// When the last passage through the tables found nothing.
    pub done: Option<Timestamp>,
    /// How many items were removed, by table; those of the passage under way
    /// are counted there.
    pub removed: BTreeMap<String, u64>,
    /// The passage through the tables that is under way.
    pub sweep: Sweep,
    /// Whether that passage began when nobody could write any more.
    pub last: bool,
}

/// What comes next in an erasure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// Waiting until it can no longer be taken back.
    Waiting,
    /// Destroying the keys.
    Keys,
    /// Removing items.
    Items,
    /// Waiting until nobody who had begun before can still write.
    Quiet,
    /// Signing the certificate.
    Certificate,
    /// Nothing: it is done.
    Done,
    /// Nothing: it was taken back.
    TakenBack,
}

impl Course {
    /// The course of an erasure that was just asked for.
    #[must_use]
    pub fn new(planned: &Planned) -> Self {
        Self {
            stage: Stage::Waiting,
            asked: planned.asked,
            due: planned.due,
            begun: None,
            kms_keys: Vec::new(),
            kms_gone: None,
            key_destroyed: None,
            done: None,
            removed: BTreeMap::new(),
            sweep: Sweep::begin(SEGMENTS),
            last: false,
        }
    }

    /// The run of an erasure: they share their id.
    #[must_use]
    pub const fn which(organization: OrganizationId, deletion: DeletionId) -> Which {
        let id = RunId::from_bytes(*deletion.as_bytes());
        Which { organization, kind: Kind::Erasure, id }
    }

    /// How many items were removed so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.removed.values().chain(self.sweep.found().values()).sum()
    }

    /// Adds what the passage that has ended found, and begins another.
    fn turn(&mut self) {
        for (table, count) in self.sweep.found() {
            *self.removed.entry(table.clone()).or_default() += count;
        }
        self.sweep = Sweep::begin(SEGMENTS);
    }
}

/// Takes the next step of an erasure and saves how far it has come.
///
/// # Errors
/// When DynamoDB or KMS fails: the step is then taken again.
pub async fn step(
    service: &Service,
    certificates: &CertificateKey,
    claim: &mut Claim<Course>,
    now: Timestamp,
) -> Result<Progress, Trouble> {
    let which = claim.run.which;
    let (organization, deletion) =
        (which.organization, DeletionId::from_bytes(*which.id.as_bytes()));
    let course = &mut claim.run.state;
    let progress = match course.stage {
        Stage::Waiting => match begin(service, organization, deletion, now).await? {
            Beginning::NotYet => return Ok(Progress::Later),
            Beginning::TakenBack => {
                course.stage = Stage::TakenBack;
                Progress::Ended
            }
            Beginning::Begun(at) => {
                let rows = keys_of(service, organization).await?;
                let keys = rows.len() as u64;
                course.removed.insert(Table::OrganizationKeys.word().to_owned(), keys);
                // Written down before the rows that name them go.
                course.kms_keys = own_key::named_in(&rows);
                course.begun = Some(at);
                course.stage = Stage::Keys;
                tracing::warn!(%organization, %deletion, "ERASURE_BEGUN");
                Progress::More
            }
        },
        Stage::Keys => {
            destroy_keys(service, organization).await?;
            // Where KMS refuses, the items go all the same: it is asked again.
            if let Err(trouble) = let_go(service, organization, course).await {
                let cause = trouble.chain();
                tracing::error!(%organization, %deletion, cause, "a KMS key is not let go yet");
            }
            course.key_destroyed = Some(whole_second(now));
            course.stage = Stage::Items;
            tracing::warn!(%organization, %deletion, "ERASURE_KEY_DESTROYED");
            Progress::More
        }
        Stage::Items => {
            course.sweep.step(service, organization).await?;
            if course.sweep.ended() {
                let clean = course.last && course.sweep.found().is_empty();
                course.turn();
                course.stage = if clean { Stage::Certificate } else { Stage::Quiet };
                course.done = clean.then(|| whole_second(now));
            }
            Progress::More
        }
        Stage::Quiet => {
            let begun = course.begun.unwrap_or(now);
            if now < begun + rules::QUIET {
                return Ok(Progress::Later);
            }
            // A key that was made while the first ones went goes with this.
            let rows = keys_of(service, organization).await?;
            course.kms_keys.extend(own_key::named_in(&rows));
            if service.settings.own_keys {
                // And so does one that was made and wraps nothing yet.
                course.kms_keys.extend(service.vault.named_key(organization).await?);
            }
            course.kms_keys.sort_unstable();
            course.kms_keys.dedup();
            let_go(service, organization, course).await?;
            destroy_keys(service, organization).await?;
            course.last = true;
            course.stage = Stage::Items;
            Progress::More
        }
        Stage::Certificate => {
            conclude(service, certificates, organization, deletion, course, now).await?;
            course.stage = Stage::Done;
            Progress::Ended
        }
        Stage::Done | Stage::TakenBack => return Ok(Progress::Ended),
    };
    claim.save(service, now).await?;
    Ok(progress)
}

/// Has the KMS keys that are this organization's alone deleted, and notes when
/// the last of them will be gone.
async fn let_go(
    service: &Service,
    organization: OrganizationId,
    course: &mut Course,
) -> Result<(), Trouble> {
    for key in &course.kms_keys {
        course.kms_gone = course.kms_gone.max(service.vault.let_go(organization, key).await?);
    }
    Ok(())
}

/// Signs the certificate and keeps it in the ledger, once.
async fn conclude(
    service: &Service,
    certificates: &CertificateKey,
    organization: OrganizationId,
    deletion: DeletionId,
    course: &Course,
    now: Timestamp,
) -> Result<(), Trouble> {
    let missing = || Trouble::damaged(format!("the erasure of {organization}"), "its entry");
    let entry = ledger::find(service, organization, deletion).await?.ok_or_else(missing)?;
    if entry.ended.is_some() {
        return Ok(());
    }
    let done = course.done.unwrap_or(now);
    let certificate = Certificate {
        deletion: deletion.to_string(),
        organization: organization.to_string(),
        subject: "organization".into(),
        who: None,
        asked: course.asked,
        done,
        removed: course.removed.clone(),
        traces: rules::traces(course.key_destroyed.unwrap_or(done), done, course.kms_gone),
    };
    let signed = certificates.sign(&certificate).await?;
    let ended = Entry { ended: Some(done), certificate: Some(signed), ..entry };
    let count = u32::try_from(course.count()).unwrap_or(u32::MAX);
    let record = Record::of(Actor::Service, Action::ErasureEnded, About::Organization);
    let record = Record { more: More { count: Some(count), ..More::default() }, ..record };
    let writes =
        [ledger::ending(service, &ended)?, audit::record(service, organization, &record, now)?];
    // Lost: it was concluded by a step whose answer was lost.
    Write::commit_all(&writes, &service.dynamo, &*service.chance).await?;
    tracing::warn!(%organization, %deletion, items = course.count(), "ERASURE_ENDED");
    Ok(())
}
