//! Backups taken, described, listed and deleted.

use super::Backups;
use super::calls::{Reply, name_of, read};
use super::copy::{Broken, Copying, Rows};
use super::refusal::Refusal;
use super::shelf::{About, Kept};
use crate::account::fresh_id;
use serde::Deserialize;
use serde_json::{Value, json};
use shared::ambient::{Clock as _, SystemChance};
use std::sync::Arc;

/// What DynamoDB allows a backup to be called.
const NAME_LENGTHS: std::ops::RangeInclusive<usize> = 3..=255;
/// A page of the list at most, and where no limit is asked for.
const LONGEST_PAGE: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateBackup {
    table_name: String,
    backup_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OneBackup {
    backup_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListBackups {
    table_name: Option<String>,
    limit: Option<usize>,
    time_range_lower_bound: Option<f64>,
    time_range_upper_bound: Option<f64>,
    exclusive_start_backup_arn: Option<String>,
    backup_type: Option<String>,
}

impl Backups {
    pub(super) fn create(self: &Arc<Self>, body: &[u8]) -> Reply {
        let asked: CreateBackup = read(body)?;
        check_name(&asked.backup_name)?;
        let table = name_of(&asked.table_name);
        let described = self.describe(table)?.ok_or_else(|| Refusal::no_table(table))?;
        let restored = self.notes.restored(table)?;
        if restored.is_some_and(|restored| !restored.whole) || self.faults.backup_is_refused(table)
        {
            return Err(Refusal::table_in_use(table));
        }
        if described["LocalSecondaryIndexes"].as_array().is_some_and(|indexes| !indexes.is_empty())
        {
            return Err(Refusal::validation(
                "The local cloud does not copy local secondary indexes",
            ));
        }
        let about = self.about(&asked.backup_name, table, &described)?;
        let (place, alive) = self.shelf.make_place(about.id()).map_err(Refusal::internal)?;
        let rows = Rows { table: table.to_owned(), indexes: index_names(&about.creation) };
        let copying = Copying::begin(&self.place, &place, rows)?;
        self.shelf.begin(about.clone(), alive);
        let answer = json!({"BackupDetails": details(&about, "CREATING")});
        if self.faults.backup_hangs_for(table) {
            return Ok(answer);
        }
        let (keeper, arn) = (Arc::clone(self), about.arn.clone());
        let begun = self.work.begin(move || {
            let (arn, table) = (about.arn.clone(), about.table.clone());
            if let Err(problem) = keeper.write(copying, about) {
                tracing::warn!(table, %problem, "a backup could not be written, and is gone");
                keeper.drop_half(&arn);
            }
        });
        begun.map_err(|problem| {
            self.drop_half(&arn);
            Refusal::internal(problem)
        })?;
        Ok(answer)
    }

    fn write(&self, copying: Copying, mut about: About) -> Result<(), Broken> {
        let full = self.faults.backup_disk_is_full();
        let mut whole = about.clone();
        copying.finish(&self.work, full, |size| {
            (whole.items, whole.bytes) = (size.items, size.bytes);
            whole.source["ItemCount"] = json!(size.items);
            whole.source["TableSizeBytes"] = json!(size.bytes);
            about = whole;
            serde_json::to_string(&about).unwrap_or_default()
        })?;
        self.shelf.finish(about)
    }

    fn drop_half(&self, arn: &str) {
        if let Err(problem) = self.shelf.remove(arn) {
            tracing::warn!(%problem, "half a backup stays in the folder until the next start");
        }
    }

    fn about(&self, name: &str, table: &str, described: &Value) -> Result<About, Refusal> {
        let id = fresh_id(&SystemChance).map_err(Refusal::internal)?;
        let milliseconds = self.clock.now().as_millisecond();
        let arn = described["TableArn"].as_str().unwrap_or_default();
        let mut source = picked(described, &["TableName", "TableId", "TableArn", "KeySchema"]);
        source["TableCreationDateTime"] = described["CreationDateTime"].clone();
        let billing = described["BillingModeSummary"]["BillingMode"].as_str();
        source["BillingMode"] = json!(billing.unwrap_or("PROVISIONED"));
        source["ProvisionedThroughput"] = throughput(described);
        Ok(About {
            arn: format!("{arn}/backup/{milliseconds:014}-{}", &id[..8]),
            name: name.to_owned(),
            table: table.to_owned(),
            created: self.now(),
            items: 0,
            bytes: 0,
            source,
            features: self.features(table, described)?,
            creation: creation(described),
        })
    }

    /// What the table had besides its items: shown, and not restored.
    fn features(&self, table: &str, described: &Value) -> Result<Value, Refusal> {
        let mut features = json!({});
        if let Some(indexes) = described["GlobalSecondaryIndexes"].as_array() {
            features["GlobalSecondaryIndexes"] = indexes
                .iter()
                .map(|index| picked(index, &["IndexName", "KeySchema", "Projection"]))
                .collect();
        }
        if described["StreamSpecification"]["StreamEnabled"].as_bool() == Some(true) {
            features["StreamDescription"] = described["StreamSpecification"].clone();
        }
        let expiring = self.database.get_table_metadata(table)?;
        features["TimeToLiveDescription"] = match expiring {
            Some(metadata) if metadata.ttl_enabled => {
                json!({"TimeToLiveStatus": "ENABLED", "AttributeName": metadata.ttl_attribute})
            }
            _ => json!({"TimeToLiveStatus": "DISABLED"}),
        };
        if !described["SSEDescription"].is_null() {
            features["SSEDescription"] = described["SSEDescription"].clone();
        }
        Ok(features)
    }

    pub(super) fn describe_backup(&self, body: &[u8]) -> Reply {
        let asked: OneBackup = read(body)?;
        let kept = self.shelf.kept();
        let found = kept.get(&asked.backup_arn);
        let found = found.ok_or_else(|| Refusal::no_backup(&asked.backup_arn))?;
        Ok(json!({"BackupDescription": description(found, status(found))}))
    }

    pub(super) fn list(&self, body: &[u8]) -> Reply {
        let asked: ListBackups = read(body)?;
        let longest = asked.limit.unwrap_or(LONGEST_PAGE);
        if !(1..=LONGEST_PAGE).contains(&longest) {
            return Err(Refusal::validation(&format!(
                "1 validation error detected: Value '{longest}' at 'limit' failed to satisfy \
                 constraint: Member must be between 1 and {LONGEST_PAGE}"
            )));
        }
        let wanted = asked.table_name.as_deref().map(name_of);
        let kept = self.shelf.kept();
        let mut found = kept
            .values()
            .filter(|kept| wanted.is_none_or(|table| kept.about.table == table))
            .filter(|kept| {
                asked.time_range_lower_bound.is_none_or(|from| kept.about.created >= from)
            })
            .filter(|kept| asked.time_range_upper_bound.is_none_or(|to| kept.about.created < to))
            .filter(|_| matches!(asked.backup_type.as_deref(), None | Some("USER" | "ALL")))
            .filter(|kept| {
                asked
                    .exclusive_start_backup_arn
                    .as_ref()
                    .is_none_or(|after| kept.about.arn > *after)
            });
        let page: Vec<&Kept> = found.by_ref().take(longest).collect();
        let more = found.next().is_some();
        let mut answer =
            json!({"BackupSummaries": page.iter().map(|kept| summary(kept)).collect::<Vec<_>>()});
        if let Some(last) = page.last().filter(|_| more) {
            answer["LastEvaluatedBackupArn"] = json!(last.about.arn);
        }
        Ok(answer)
    }

    pub(super) fn delete(&self, body: &[u8]) -> Reply {
        let asked: OneBackup = read(body)?;
        let answer = {
            let kept = self.shelf.kept();
            let found = kept.get(&asked.backup_arn);
            let found = found.ok_or_else(|| Refusal::no_backup(&asked.backup_arn))?;
            if !found.available || found.readers > 0 {
                return Err(Refusal::backup_in_use(&asked.backup_arn));
            }
            json!({"BackupDescription": description(found, "DELETED")})
        };
        self.shelf.remove(&asked.backup_arn).map_err(Refusal::internal)?;
        Ok(answer)
    }
}

fn check_name(name: &str) -> Result<(), Refusal> {
    let letters =
        name.chars().all(|letter| letter.is_ascii_alphanumeric() || "_.-".contains(letter));
    if letters && NAME_LENGTHS.contains(&name.len()) {
        return Ok(());
    }
    Err(Refusal::validation(&format!(
        "1 validation error detected: Value '{name}' at 'backupName' failed to satisfy constraint: \
         Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]{{3,255}}"
    )))
}

fn status(kept: &Kept) -> &'static str {
    if kept.available { "AVAILABLE" } else { "CREATING" }
}

fn details(about: &About, status: &str) -> Value {
    json!({
        "BackupArn": about.arn,
        "BackupName": about.name,
        "BackupSizeBytes": about.bytes,
        "BackupStatus": status,
        "BackupType": "USER",
        "BackupCreationDateTime": about.created,
    })
}

fn description(kept: &Kept, status: &str) -> Value {
    json!({
        "BackupDetails": details(&kept.about, status),
        "SourceTableDetails": kept.about.source,
        "SourceTableFeatureDetails": kept.about.features,
    })
}

fn summary(kept: &Kept) -> Value {
    let mut summary = details(&kept.about, status(kept));
    for field in ["TableName", "TableId", "TableArn"] {
        summary[field] = kept.about.source[field].clone();
    }
    summary
}

/// The call that makes a table like this one: keys, indexes, capacity and
/// encryption. Streams, expiry, recovery, tags and protection do not come back
/// with a restore.
pub(super) fn creation(described: &Value) -> Value {
    let mut creation = picked(described, &["KeySchema", "AttributeDefinitions"]);
    let on_demand =
        described["BillingModeSummary"]["BillingMode"].as_str() == Some("PAY_PER_REQUEST");
    if on_demand {
        creation["BillingMode"] = json!("PAY_PER_REQUEST");
    } else {
        creation["ProvisionedThroughput"] = throughput(described);
    }
    if let Some(indexes) = described["GlobalSecondaryIndexes"].as_array() {
        creation["GlobalSecondaryIndexes"] = indexes
            .iter()
            .map(|index| {
                let mut made = picked(index, &["IndexName", "KeySchema", "Projection"]);
                if !on_demand {
                    made["ProvisionedThroughput"] = throughput(index);
                }
                made
            })
            .collect();
    }
    if let Some(key) = described["SSEDescription"]["KMSMasterKeyArn"].as_str() {
        creation["SSESpecification"] =
            json!({"Enabled": true, "SSEType": "KMS", "KMSMasterKeyId": key});
    }
    creation
}

/// The names of the indexes that such a call makes.
pub(super) fn index_names(creation: &Value) -> Vec<String> {
    let indexes = creation["GlobalSecondaryIndexes"].as_array().into_iter().flatten();
    indexes.filter_map(|index| Some(index["IndexName"].as_str()?.to_owned())).collect()
}

fn throughput(described: &Value) -> Value {
    let units = |field| described["ProvisionedThroughput"][field].as_u64().unwrap_or_default();
    json!({
        "ReadCapacityUnits": units("ReadCapacityUnits"),
        "WriteCapacityUnits": units("WriteCapacityUnits"),
    })
}

fn picked(from: &Value, fields: &[&str]) -> Value {
    let mut picked = json!({});
    for field in fields {
        picked[field] = from[field].clone();
    }
    picked
}
