//! Bringing the tables of one night back.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::TableStatus;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::backup::forgotten::{self, Forgotten};
use crate::backup::store;
use crate::ids::RunId;
use crate::service::Service;
use crate::settings::{Table, Tables};
use crate::trouble::Trouble;

/// The backups of one run, of every table that is backed up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    /// Which night.
    pub day: Date,
    /// The run that asked for them.
    pub run: RunId,
    /// When the first of them was taken: what is older is in all of them.
    pub taken: Timestamp,
    /// The backup of each table.
    pub arns: BTreeMap<Table, String>,
}

/// The whole sets that there are, the oldest first.
///
/// # Errors
/// When DynamoDB fails.
pub async fn sets(service: &Service) -> Result<Vec<Set>, Trouble> {
    let mut sets: BTreeMap<(Date, RunId), Set> = BTreeMap::new();
    for table in Table::BACKED_UP {
        for backup in store::list(service, table).await? {
            if !backup.available {
                continue;
            }
            let (day, run, taken) = (backup.name.day, backup.name.run, backup.taken);
            let set = sets.entry((day, run)).or_insert_with(|| Set {
                day,
                run,
                taken,
                arns: BTreeMap::new(),
            });
            set.taken = set.taken.min(taken);
            // Of two that one night asked for, the first is what a drill tries out.
            set.arns.entry(table).or_insert(backup.arn);
        }
    }
    let whole = |set: &Set| set.arns.len() == Table::BACKED_UP.len();
    let mut sets: Vec<Set> = sets.into_values().filter(whole).collect();
    sets.sort_by_key(|set| (set.day, set.taken));
    Ok(sets)
}

/// What a restore will forget of the live tables.
///
/// # Errors
/// When DynamoDB fails.
pub async fn wanted(live: &Service) -> Result<BTreeMap<Table, Forgotten>, Trouble> {
    let mut wanted = BTreeMap::new();
    for table in Table::BACKED_UP {
        let name = live.settings.tables.name(table);
        wanted.insert(table, forgotten::of(live, name).await?);
    }
    Ok(wanted)
}

/// Asks once for each table of a set to be restored under these names, and puts
/// back what the restore forgot; whether all of it is there. To be called again
/// until it is: what is under way is not asked for twice.
///
/// # Errors
/// When DynamoDB fails or refuses.
pub async fn step(
    service: &Service,
    set: &Set,
    names: &Tables,
    wanted: &BTreeMap<Table, Forgotten>,
) -> Result<bool, Trouble> {
    let mut there = true;
    for (table, arn) in &set.arns {
        let name = names.name(*table);
        match store::table_status(service, name).await? {
            None => {
                store::restore(service, arn, name).await?;
                there = false;
            }
            Some(TableStatus::Active) => {
                if let Some(wanted) = wanted.get(table) {
                    there &= forgotten::put_back(service, name, wanted).await?;
                }
            }
            Some(_) => there = false,
        }
    }
    Ok(there)
}
