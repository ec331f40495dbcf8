//! One night: a backup of each table that is to be kept, every key's canary,
//! and what is too old goes.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::canary::{self, Round};
use super::store::{self, Backup};
use super::{BackupSettings, Hitch, KEY_FAILED, Name, rules};
use crate::audit::{self, About, Action, Actor, Record};
use crate::dynamo::Write;
use crate::ids::{OrganizationId, RunId};
use crate::run::{self, Claim, Kind, Progress, Run, Which};
use crate::service::Service;
use crate::settings::Table;
use crate::trouble::Trouble;

/// How a night stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Night {
    /// The UTC day.
    pub day: Date,
    /// Whether somebody asked for it, beside the night's own.
    pub by_hand: bool,
    /// The backups, in the order of [`Table::BACKED_UP`].
    pub tables: Vec<OfTable>,
    /// The round of the keys' canaries.
    pub canaries: Round,
    /// How many older backups were removed, once that is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<u64>,
    /// What stood in the way last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hitch: Option<Hitch>,
    /// How it ended, if it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
}

/// How a night ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Everything was done.
    Complete,
    /// It was given up a day after it began.
    GivenUp,
}

/// The backup of one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfTable {
    /// The table's word.
    pub table: String,
    /// What DynamoDB calls the backup, once it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// Since when it is there, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<i64>,
    /// How large it is.
    #[serde(default)]
    pub bytes: u64,
    /// How many items the table had, as DynamoDB counts them every six hours.
    #[serde(default)]
    pub items: u64,
}

impl Night {
    /// A night of which nothing is done yet.
    #[must_use]
    pub fn new(day: Date, by_hand: bool) -> Self {
        let tables = Table::BACKED_UP.iter().map(|table| OfTable {
            table: table.word().to_owned(),
            arn: None,
            taken: None,
            bytes: 0,
            items: 0,
        });
        Self {
            day,
            by_hand,
            tables: tables.collect(),
            canaries: Round::default(),
            removed: None,
            hitch: None,
            outcome: None,
        }
    }

    /// Since when all of its backups are there: as old as the oldest of them.
    #[must_use]
    pub fn taken(&self) -> Option<Timestamp> {
        let taken: Option<Vec<i64>> = self.tables.iter().map(|table| table.taken).collect();
        taken?.into_iter().min().and_then(|second| Timestamp::from_second(second).ok())
    }

    /// How large its backups are together.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.tables.iter().map(|table| table.bytes).sum()
    }

    /// How many items they hold, as DynamoDB counts them.
    #[must_use]
    pub fn items(&self) -> u64 {
        self.tables.iter().map(|table| table.items).sum()
    }

    /// Whether no run knows of a backup, because another has the same name: the
    /// one that this night has on record, or the first.
    fn is_double(&self, held: &[Backup], backup: &Backup) -> bool {
        let alike = || held.iter().filter(|other| other.name == backup.name);
        let recorded = alike().find(|other| {
            self.tables.iter().any(|table| table.arn.as_deref() == Some(other.arn.as_str()))
        });
        let known = recorded.or_else(|| alike().next());
        known.is_some_and(|known| known.arn != backup.arn)
    }

    /// What the backup of each table is called.
    fn names(&self, run: RunId) -> impl Iterator<Item = (usize, Name)> {
        let day = self.day;
        let tables = Table::BACKED_UP.into_iter().enumerate();
        tables.map(move |(place, table)| (place, Name { day, run, table }))
    }
}

/// The write that begins the run of a night, if it was not begun before; `None`
/// when it was, or no night is due.
///
/// # Errors
/// When DynamoDB fails.
pub async fn due(
    service: &Service,
    operator: OrganizationId,
    now: Timestamp,
) -> Result<Option<Write>, Trouble> {
    let Some(day) = rules::night(now) else { return Ok(None) };
    let id = rules::run_of(rules::moment_of(day));
    let which = Which { organization: operator, kind: Kind::Backup, id };
    if run::find::<Night>(service, which).await?.is_some() {
        return Ok(None);
    }
    let run = Run { which, begun: now, state: Night::new(day, false) };
    run::beginning(service, &run).map(Some)
}

/// The write that begins a backup that somebody asks for now.
///
/// # Errors
/// When there is no randomness or the SDK refuses to build the request.
pub fn asked_for(
    service: &Service,
    operator: OrganizationId,
    now: Timestamp,
) -> Result<(Which, Write), Trouble> {
    let id = RunId::fresh(now, &*service.chance)?;
    let which = Which { organization: operator, kind: Kind::Backup, id };
    let run = Run { which, begun: now, state: Night::new(audit::day_of(now), true) };
    Ok((which, run::beginning(service, &run)?))
}

/// Does what can be done now. It can be taken twice: what was asked for before
/// is found by its name.
///
/// # Errors
/// When something failed; what was possible beside it is done, and stands in
/// the state.
pub async fn step(
    service: &Service,
    settings: &BackupSettings,
    claim: &mut Claim<Night>,
    now: Timestamp,
) -> Result<Progress, Trouble> {
    let id = claim.run.which.id;
    let given_up = rules::given_up(claim.run.begun, now);
    let night = &mut claim.run.state;
    // A table that refuses keeps no key from its canary, and the reverse.
    let taken = take(service, night, id).await;
    let through = canary::step(service, &mut night.canaries).await;
    if !matches!((&taken, &through), (Ok(true), Ok(true))) || !night.canaries.is_well() {
        if given_up {
            night.outcome = Some(Outcome::GivenUp);
            return Ok(Progress::Ended);
        }
        taken?;
        if !through? {
            return Ok(Progress::More);
        }
        let silent = night.canaries.failing.len() as u64 + night.canaries.further;
        if silent > 0 {
            tracing::error!(alarm = KEY_FAILED, organizations = silent, "keys fail their canaries");
        }
        return Ok(Progress::Later);
    }
    let removed = remove(service, settings, night, id, now).await?;
    night.removed = Some(night.removed.unwrap_or(0) + removed);
    night.outcome = Some(Outcome::Complete);
    Ok(Progress::Ended)
}

/// Asks for what was not asked for and looks at what is not there yet; whether
/// all are.
async fn take(service: &Service, night: &mut Night, run: RunId) -> Result<bool, Trouble> {
    let mut trouble = None;
    let names: Vec<(usize, Name)> = night.names(run).collect();
    for (place, name) in names {
        let Some(of) = night.tables.get_mut(place) else { continue };
        if of.taken.is_some() {
            continue;
        }
        // Each table by itself: one that refuses keeps no other from its backup.
        if let Err(failed) = take_one(service, of, name).await {
            trouble.get_or_insert(failed);
        }
    }
    match trouble {
        Some(trouble) => Err(trouble),
        None => Ok(night.taken().is_some()),
    }
}

async fn take_one(service: &Service, of: &mut OfTable, name: Name) -> Result<(), Trouble> {
    let arn = match &of.arn {
        Some(arn) => arn.clone(),
        None => {
            let known = store::list(service, name.table).await?;
            let known = known.into_iter().find(|backup| backup.name == name);
            let arn = match known {
                Some(backup) => backup.arn,
                None => store::ask(service, name).await?,
            };
            of.arn.insert(arn).clone()
        }
    };
    match store::describe(service, name, &arn).await? {
        Some(backup) if backup.available => {
            of.taken = Some(backup.taken.as_second());
            of.bytes = backup.bytes;
            of.items = backup.items;
        }
        Some(_) => {}
        // DynamoDB could not make it, or somebody removed it: the next tick asks
        // for another.
        None => {
            of.arn = None;
            let gone = format!("backup {name}");
            return Err(Trouble::damaged(gone, "it was gone before it was there"));
        }
    }
    Ok(())
}

/// Removes what is too old, and doubles of which no run knows; how many.
async fn remove(
    service: &Service,
    settings: &BackupSettings,
    night: &Night,
    this: RunId,
    now: Timestamp,
) -> Result<u64, Trouble> {
    let mut removed = 0;
    for table in Table::BACKED_UP {
        let held = store::list(service, table).await?;
        let ages: Vec<rules::Held> = held
            .iter()
            .map(|backup| rules::Held { run: backup.name.run, taken: backup.taken })
            .collect();
        // This set is complete, and so the last good one.
        let old = rules::to_remove(&ages, settings.days, Some(this), true, now);
        for (place, backup) in held.iter().enumerate() {
            if old.contains(&place) || night.is_double(&held, backup) {
                store::delete(service, &backup.arn).await?;
                removed += 1;
            }
        }
    }
    Ok(removed)
}

/// Removes the backups that have reached the age that none may have, however
/// the nights went; how many.
///
/// # Errors
/// When DynamoDB fails.
pub async fn remove_too_old(service: &Service, now: Timestamp) -> Result<u64, Trouble> {
    let mut removed = 0;
    for table in Table::BACKED_UP {
        for backup in store::list(service, table).await? {
            if rules::is_too_old(backup.taken, now) {
                store::delete(service, &backup.arn).await?;
                removed += 1;
            }
        }
    }
    Ok(removed)
}

/// Ends a night's run, with a record in the operator's trail when its backups
/// are there.
///
/// # Errors
/// When DynamoDB fails, or the claim lapsed and somebody else has the run.
pub async fn end(service: &Service, claim: Claim<Night>, now: Timestamp) -> Result<(), Trouble> {
    let mut writes = vec![claim.ending(service, now)?];
    if claim.run.state.taken().is_some() {
        let record = Record::of(Actor::Service, Action::BackupTaken, About::Organization);
        writes.push(audit::record(service, claim.run.which.organization, &record, now)?);
    }
    if Write::commit_all(&writes, &service.dynamo, &*service.chance).await? {
        return Ok(());
    }
    Err(Trouble::unavailable("ending a night's backup", run::Overtaken))
}
