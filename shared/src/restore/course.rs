//! A whole restore, from a night's backups to tables that people may work with.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use jiff::civil::Date;

use super::compare::{self, Comparison};
use super::night::{self, Set};
use super::reapply::{self, Removed};
use super::trail;
use crate::audit::checkpoint::AuditKey;
use crate::audit::{self, About, Action, Actor, Record};
use crate::backup::{forgotten, store};
use crate::fsck::repair::{self, Repaired};
use crate::service::Service;
use crate::settings::{Table, Tables};
use crate::spoken::{all_several, counted};
use crate::trouble::Trouble;
use crate::{ledger, organization};

/// The longest ending of restored tables' names.
const LONGEST_ENDING: usize = 40;

/// A restore that did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// DynamoDB or KMS failed.
    #[error("{}", .0.chain())]
    Trouble(#[from] Trouble),
    /// There is no such night.
    #[error("there are no whole backups of {night}; there are of: {}", list(.there))]
    NoSuchNight {
        /// The night.
        night: Date,
        /// The nights there are.
        there: Vec<Date>,
    },
    /// No table can be called so.
    #[error(
        "no table's name can end with {0:?}: take 1 to {LONGEST_ENDING} of the signs a-z, A-Z, \
         0-9, -, _ and ."
    )]
    Unfit(String),
    /// Something else is there already.
    #[error(
        "the table {0} is there already and does not come from this night's backup: \
         choose another ending"
    )]
    Taken(String),
}

fn list(days: &[Date]) -> String {
    match days {
        [] => "no night".to_owned(),
        _ => days.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

/// What is being done, for whoever waits for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// DynamoDB restores the tables.
    Restoring,
    /// What came back is held against what is there.
    Comparing,
    /// The ledger is applied.
    Reapplying,
    /// What is torn apart is mended.
    Repairing,
}

impl fmt::Display for Stage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Restoring => "Restoring the tables. DynamoDB takes minutes, or hours.",
            Self::Comparing => "Holding what came back against what is there.",
            Self::Reapplying => "Removing again what was deleted since.",
            Self::Repairing => "Checking, and mending what a backup holds only a part of.",
        })
    }
}

/// What was restored.
#[derive(Debug)]
pub struct Restored {
    /// From which backups.
    pub set: Set,
    /// How what came back differs from what is there today.
    pub compared: compare::Report,
    /// What the ledger removed again.
    pub removed: Removed,
    /// What was mended, and what a person must see to.
    pub repaired: Repaired,
    /// How many records of the trail were sealed anew, because their checkpoints
    /// came after the backup.
    pub sealed: u64,
    /// Whether the tables were there already when this began: what a call before
    /// it removed or mended in them is among the differences.
    pub resumed: bool,
}

impl Restored {
    /// Whether nothing of it needs a person.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.compared.is_faithful() && self.repaired.is_clean()
    }
}

impl fmt::Display for Restored {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "Against what is there today:\n{}", self.compared)?;
        if self.resumed {
            let why = "Restored tables were there already. What a restore before this one \
                       removed or mended in them is among these differences, also among \
                       what the backup lacks.";
            writeln!(formatter, "{why}")?;
        }
        if self.removed.is_empty() {
            writeln!(formatter, "\nThe ledger had nothing to remove again.")?;
        } else {
            let removed = self.removed.iter().map(|(kind, count)| (kind.as_str(), *count));
            writeln!(formatter, "\nThe ledger removed again: {}.", all_several(removed))?;
        }
        if self.sealed > 0 {
            let records = counted(self.sealed, "records");
            let why = "their checkpoints came after the backup";
            writeln!(formatter, "\nSealed anew, since {why}: {records} of the trail.")?;
        }
        write!(formatter, "\n{}", self.repaired)
    }
}

/// The newest whole set of a night's backups.
///
/// # Errors
/// When there is none, or DynamoDB fails.
pub async fn find(live: &Service, night: Date) -> Result<Set, RestoreError> {
    let mut sets = night::sets(live).await?;
    let there = sets.iter().map(|set| set.day).collect();
    sets.retain(|set| set.day == night);
    sets.pop().ok_or(RestoreError::NoSuchNight { night, there })
}

/// Restores a set under the names that `restored` has, and puts back what a
/// restore forgets, looking every so often whether it is done.
///
/// # Errors
/// When DynamoDB fails or refuses. Calling it again goes on.
pub async fn bring_back(
    live: &Service,
    restored: &Service,
    set: &Set,
    between: Duration,
) -> Result<(), Trouble> {
    let wanted = night::wanted(live).await?;
    while !night::step(restored, set, &restored.settings.tables, &wanted).await? {
        tokio::time::sleep(between).await;
    }
    Ok(())
}

/// Makes restored tables fit to be worked with: compares them, seals what their
/// checkpoints came too late for, applies the ledger, mends, and writes into each organization's trail that it was restored.
/// Nobody else may write meanwhile.
///
/// # Errors
/// When DynamoDB or KMS fails. Calling it again goes on; what it says of
/// differences is then no longer only the backup's.
pub async fn make_fit(
    live: &Service,
    restored: &Service,
    set: Set,
    key: &AuditKey,
    tell: &mut (dyn FnMut(Stage) + Send),
) -> Result<Restored, Trouble> {
    tell(Stage::Comparing);
    let entries = ledger::all(restored).await?;
    // As it came back, before anything is mended.
    let comparison = Comparison::new(live, restored, &entries, set.taken);
    let compared = compare::run_to_end(&comparison).await?;
    let sealed = trail::seal(live, restored, key, set.taken).await?;
    tell(Stage::Reapplying);
    let removed = reapply::run(live, restored, &entries).await?;
    tell(Stage::Repairing);
    let repaired = repair::run(restored).await?;
    let now = restored.clock.now();
    let record = Record::of(Actor::Service, Action::BackupRestored, About::Organization);
    for id in organization::store::all(restored).await? {
        audit::write(restored, id, &record, now).await?;
    }
    Ok(Restored { set, compared, removed, repaired, sealed, resumed: false })
}

/// Restores a night beside the tables that people work with, under their names
/// with an ending, and protects what it made from being deleted. The same call
/// once more goes on where one that died stood.
///
/// # Errors
/// [`RestoreError`] says what stood in the way. The tables that people work with
/// are as they were.
pub async fn beside(
    live: &Service,
    key: &AuditKey,
    night: Date,
    ending: &str,
    between: Duration,
    tell: &mut (dyn FnMut(Stage) + Send),
) -> Result<(Restored, BTreeMap<Table, String>), RestoreError> {
    let sign = |sign: char| sign.is_ascii_alphanumeric() || "-_.".contains(sign);
    if ending.is_empty() || ending.len() > LONGEST_ENDING || !ending.chars().all(sign) {
        return Err(RestoreError::Unfit(ending.to_owned()));
    }
    let set = find(live, night).await?;
    let names: BTreeMap<Table, String> = Table::BACKED_UP
        .into_iter()
        .map(|table| (table, format!("{}{ending}", live.settings.tables.name(table))))
        .collect();
    let mut resumed = false;
    for (table, arn) in &set.arns {
        let Some(name) = names.get(table) else { continue };
        let there = store::table_status(live, name).await?.is_some();
        resumed |= there;
        if there && store::restored_from(live, name).await?.as_ref() != Some(arn) {
            return Err(RestoreError::Taken(name.clone()));
        }
    }
    let tables: Tables =
        names.iter().fold(live.settings.tables.clone(), |tables, (table, name)| {
            tables.with(*table, name.clone())
        });
    let restored = live.over(tables);
    tell(Stage::Restoring);
    bring_back(live, &restored, &set, between).await?;
    let outcome = make_fit(live, &restored, set, key, tell).await?;
    for name in names.values() {
        forgotten::protect(live, name).await?;
    }
    Ok((Restored { resumed, ..outcome }, names))
}
