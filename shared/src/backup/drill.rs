//! A drill: the newest set of backups is restored beside what is there, held
//! against it, and removed again.
//!
//! A backup that nobody has restored is a hope. So every week a run restores
//! one into tables of its own, puts back what a restore forgets, holds every
//! item against what is there, deletes again what was deleted since, checks that
//! everything fits together, and opens what each organization's key sealed.
//! It reads the tables that people work with and changes nothing there.

mod scratch;
mod steps;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{BackupSettings, Hitch, rules};
use crate::audit::{self, About, Action, Actor, Outcome as Result_, Record};
use crate::dynamo::Write;
use crate::ids::{OrganizationId, RunId};
use crate::restore::night::Set;
use crate::restore::{self, compare};
use crate::run::{self, Claim, Kind, Progress, Run, Which};
use crate::service::Service;
use crate::trouble::Trouble;

pub use scratch::name as scratch_name;

/// So many findings are kept in words; all are counted.
const MOST_WORDS: usize = 20;

/// What is done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// What a dead drill left is removed, and the newest whole set is chosen.
    Choose,
    /// Each table is restored.
    Restore,
    /// What a restore forgets is put back, and seen to be there.
    PutBack,
    /// What was restored is held against what is there, item by item.
    Compare,
    /// What was deleted since the backup is deleted again.
    Delete,
    /// All items are checked against each other.
    Check,
    /// What a rule can mend is mended.
    Mend,
    /// Each organization's key opens what it sealed.
    Open,
    /// The restored tables are removed.
    Remove,
}

impl Stage {
    /// Its word in records.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Choose => "choose",
            Self::Restore => "restore",
            Self::PutBack => "put_back",
            Self::Compare => "compare",
            Self::Delete => "delete",
            Self::Check => "check",
            Self::Mend => "mend",
            Self::Open => "open",
            Self::Remove => "remove",
        }
    }
}

/// How a drill stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drill {
    /// Whether somebody asked for it, beside the week's own.
    pub by_hand: bool,
    /// What is done next.
    pub stage: Stage,
    /// When each stage was begun, in seconds, by its word.
    #[serde(default)]
    pub begun: BTreeMap<String, i64>,
    /// What is tried out, once it is chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<Chosen>,
    /// How far the comparison has come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparing: Option<compare::Position>,
    /// What the comparison has found.
    #[serde(default)]
    pub compared: compare::Report,
    /// How far the check has come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
    /// Behind which entry of the list of organizations opening goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// What was looked at, by its word.
    #[serde(default)]
    pub counted: BTreeMap<String, u64>,
    /// What is not as it should be.
    #[serde(default)]
    pub findings: Findings,
    /// What stood in the way last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hitch: Option<Hitch>,
    /// How it ended or will end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
}

/// A set of backups that is tried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chosen {
    /// The UTC day of its night.
    pub day: Date,
    /// The run that took it.
    pub run: String,
    /// Since when all of it is there, in seconds.
    pub taken: i64,
    /// What DynamoDB calls each backup, by the table's word.
    pub arns: BTreeMap<String, String>,
}

/// What is not as it should be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    /// How many of each kind.
    pub counts: BTreeMap<String, u64>,
    /// The first of them, in words: ids and kinds, never anything personal.
    pub words: Vec<String>,
}

impl Findings {
    /// Adds one.
    pub fn add(&mut self, kind: &str, words: String) {
        self.add_many(kind, 1, std::iter::once(words));
    }

    /// Adds several, some of them in words.
    pub fn add_many(&mut self, kind: &str, count: u64, words: impl Iterator<Item = String>) {
        if count == 0 {
            return;
        }
        *self.counts.entry(kind.to_owned()).or_default() += count;
        for words in words {
            if self.words.len() < MOST_WORDS {
                self.words.push(words.chars().take(300).collect());
            }
        }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.values().sum()
    }
}

/// How a drill ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Everything was as it should be.
    Proven,
    /// Something was not.
    Found,
    /// It was given up a day after it began.
    GivenUp,
}

impl Drill {
    /// A drill of which nothing is done yet.
    #[must_use]
    pub fn new(by_hand: bool) -> Self {
        Self {
            by_hand,
            stage: Stage::Choose,
            begun: BTreeMap::new(),
            set: None,
            comparing: None,
            compared: compare::Report::default(),
            position: None,
            after: None,
            counted: BTreeMap::new(),
            findings: Findings::default(),
            hitch: None,
            outcome: None,
        }
    }

    /// Of when the set is that this drill has proven.
    #[must_use]
    pub fn proven(&self) -> Option<Timestamp> {
        let proven = self.outcome == Some(Outcome::Proven) && self.stage == Stage::Remove;
        let set = self.set.as_ref().filter(|_| proven)?;
        Timestamp::from_second(set.taken).ok()
    }

    /// How many seconds it took from choosing a set until everything was found
    /// to be right: as long as people would have waited.
    #[must_use]
    pub fn seconds(&self) -> Option<i64> {
        let at = |stage: Stage| self.begun.get(stage.word());
        Some(at(Stage::Remove)? - at(Stage::Restore)?)
    }

    fn enter(&mut self, stage: Stage, now: Timestamp) {
        self.stage = stage;
        self.begun.entry(stage.word().to_owned()).or_insert(now.as_second());
    }

    fn count(&mut self, what: &str, more: u64) {
        *self.counted.entry(what.to_owned()).or_default() += more;
    }
}

/// The write that begins the week's drill, if it was not begun before; `None`
/// when it was, or there is no set to try out yet.
///
/// # Errors
/// When DynamoDB fails.
pub async fn due(
    service: &Service,
    operator: OrganizationId,
    now: Timestamp,
) -> Result<Option<Write>, Trouble> {
    let which =
        Which { organization: operator, kind: Kind::Drill, id: rules::run_of(rules::week(now)) };
    if run::find::<Drill>(service, which).await?.is_some() || newest(service).await?.is_none() {
        return Ok(None);
    }
    let run = Run { which, begun: now, state: Drill::new(false) };
    run::beginning(service, &run).map(Some)
}

/// The write that begins a drill that somebody asks for now.
///
/// # Errors
/// When there is no randomness or the SDK refuses to build the request.
pub fn asked_for(
    service: &Service,
    operator: OrganizationId,
    now: Timestamp,
) -> Result<(Which, Write), Trouble> {
    let id = RunId::fresh(now, &*service.chance)?;
    let which = Which { organization: operator, kind: Kind::Drill, id };
    let run = Run { which, begun: now, state: Drill::new(true) };
    Ok((which, run::beginning(service, &run)?))
}

/// The newest set of which every table's backup is there, if there is any.
///
/// # Errors
/// When DynamoDB fails.
pub async fn newest(service: &Service) -> Result<Option<Chosen>, Trouble> {
    let sets = restore::night::sets(service).await?;
    let newest = sets.into_iter().max_by_key(|set| set.taken);
    Ok(newest.map(|Set { day, run, taken, arns }| Chosen {
        day,
        run: run.to_string(),
        taken: taken.as_second(),
        arns: arns.into_iter().map(|(table, arn)| (table.word().to_owned(), arn)).collect(),
    }))
}

/// Does what can be done now. It can be taken twice.
///
/// # Errors
/// When something failed.
pub async fn step(
    service: &Service,
    settings: &BackupSettings,
    claim: &mut Claim<Drill>,
    now: Timestamp,
) -> Result<Progress, Trouble> {
    let which = claim.run.which;
    let restored = service.over(scratch::tables(service, settings, which.id));
    if rules::given_up(claim.run.begun, now) && claim.run.state.stage != Stage::Remove {
        claim.run.state.outcome = Some(Outcome::GivenUp);
        claim.run.state.enter(Stage::Remove, now);
    }
    // A step that fails half done leaves no mark: it is taken again, and what it
    // had counted by then would count twice.
    let mut state = claim.run.state.clone();
    let drill = &mut state;
    let progress = match drill.stage {
        Stage::Choose => steps::choose(service, settings, which, drill, now).await,
        Stage::Restore => steps::restore(service, settings, which, drill, now).await,
        Stage::PutBack => steps::put_back(service, settings, which, drill, now).await,
        Stage::Compare => steps::compare(service, &restored, drill, now).await,
        Stage::Delete => steps::delete(service, &restored, drill, now).await,
        Stage::Mend => steps::mend(&restored, drill, now).await,
        Stage::Check => steps::check(&restored, drill, now).await,
        Stage::Open => steps::open(service, &restored, drill, now).await,
        Stage::Remove => steps::remove(service, settings, which, drill).await,
    }?;
    claim.run.state = state;
    Ok(progress)
}

/// Ends a drill's run, with a record in the operator's trail when a set was
/// tried out.
///
/// # Errors
/// When DynamoDB fails, or the claim lapsed and somebody else has the run.
pub async fn end(service: &Service, claim: Claim<Drill>, now: Timestamp) -> Result<(), Trouble> {
    let mut writes = vec![claim.ending(service, now)?];
    let result = match claim.run.state.outcome {
        Some(Outcome::Proven) => Some(Result_::Done),
        Some(Outcome::Found) => Some(Result_::Wrong),
        Some(Outcome::GivenUp) | None => None,
    };
    if let Some(result) = result {
        let record = Record::of(Actor::Service, Action::BackupProven, About::Organization);
        let operator = claim.run.which.organization;
        writes.push(audit::record(service, operator, &record.with(result), now)?);
    }
    if Write::commit_all(&writes, &service.dynamo, &*service.chance).await? {
        return Ok(());
    }
    Err(Trouble::unavailable("ending a drill", run::Overtaken))
}
