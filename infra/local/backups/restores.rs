//! Tables that come back: from a backup, or as they were at a moment.
//!
//! The table is made by the engine, without stream, expiry, recovery, tags and
//! protection, and is CREATING until the last row is in it.

use super::Backups;
use super::calls::{Reply, name_of, read};
use super::copy::{self, Broken, Rows};
use super::history;
use super::notes::{Origin, Restored};
use super::refusal::Refusal;
use super::taking::{creation, index_names};
use crate::account::{ACCOUNT, REGION};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// How many restores DynamoDB has under way at the same time.
const AT_ONCE: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FromBackup {
    target_table_name: String,
    backup_arn: String,
    billing_mode_override: Option<String>,
    global_secondary_index_override: Option<Vec<Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ToMoment {
    source_table_name: Option<String>,
    source_table_arn: Option<String>,
    target_table_name: String,
    #[serde(default)]
    use_latest_restorable_time: bool,
    restore_date_time: Option<f64>,
}

impl Backups {
    pub(super) fn restore_from_backup(self: &Arc<Self>, body: &[u8]) -> Reply {
        let asked: FromBackup = read(body)?;
        if asked.billing_mode_override.is_some() || asked.global_secondary_index_override.is_some()
        {
            return Err(Refusal::validation("The local cloud restores a table as it was"));
        }
        let origin = {
            let kept = self.shelf.kept();
            let found = kept.get(&asked.backup_arn);
            let found = found.ok_or_else(|| Refusal::no_backup(&asked.backup_arn))?;
            if !found.available {
                return Err(Refusal::backup_in_use(&asked.backup_arn));
            }
            Origin::Backup {
                arn: asked.backup_arn.clone(),
                table: found.about.table.clone(),
                taken: found.about.created,
            }
        };
        self.restore(&asked.target_table_name, origin)
    }

    pub(super) fn restore_to_moment(self: &Arc<Self>, body: &[u8]) -> Reply {
        let asked: ToMoment = read(body)?;
        let source = asked.source_table_name.or(asked.source_table_arn);
        let source = source.ok_or_else(|| Refusal::validation("SourceTableName is missing"))?;
        let source = name_of(&source).to_owned();
        self.describe(&source)?.ok_or_else(|| Refusal::no_table(&source))?;
        let at = match (asked.use_latest_restorable_time, asked.restore_date_time) {
            (true, None) => None,
            (false, Some(at)) => Some(at),
            _ => {
                return Err(Refusal::validation(
                    "Give either RestoreDateTime or UseLatestRestorableTime",
                ));
            }
        };
        let at = self.moment(&source, at)?;
        self.restore(&asked.target_table_name, Origin::Moment { table: source, at })
    }

    /// Makes the table and begins to fill it.
    fn restore(self: &Arc<Self>, target: &str, origin: Origin) -> Reply {
        if self.describe(target)?.is_some() {
            return Err(Refusal::table_exists(target));
        }
        let under_way = self.notes.all_restored()?.iter().filter(|one| !one.whole).count();
        if under_way >= AT_ONCE {
            return Err(Refusal::new(
                "LimitExceededException",
                format!("No more than {AT_ONCE} tables can be restored at the same time"),
            ));
        }
        let mut creation = match &origin {
            Origin::Backup { arn, .. } => {
                let kept = self.shelf.kept();
                let found = kept.get(arn).ok_or_else(|| Refusal::no_backup(arn))?;
                found.about.creation.clone()
            }
            Origin::Moment { table, .. } => {
                creation(&self.describe(table)?.ok_or_else(|| Refusal::no_table(table))?)
            }
        };
        let rows = Rows { table: target.to_owned(), indexes: index_names(&creation) };
        creation["TableName"] = json!(target);
        let creation = serde_json::from_value(creation)
            .map_err(|problem| Refusal::validation(&problem.to_string()))?;
        let restored =
            Restored { table: target.to_owned(), origin, begun: self.now(), whole: false };
        // First the note: a table without one would pass for whole.
        self.notes.begin_restore(&restored)?;
        if let Err(problem) = self.database.create_table(creation) {
            self.notes.forget(target)?;
            return Err(problem.into());
        }
        let mut described = self.describe(target)?.unwrap_or_default();
        describe(&restored, &mut described);
        if let Origin::Backup { arn, .. } = &restored.origin {
            self.shelf.read_by(arn, true);
        }
        let keeper = Arc::clone(self);
        self.work.begin(move || keeper.fill(&restored, &rows)).map_err(Refusal::internal)?;
        Ok(json!({"TableDescription": described}))
    }

    fn fill(&self, restored: &Restored, rows: &Rows) {
        let filled = self.bring_back(restored, rows);
        if let Origin::Backup { arn, .. } = &restored.origin {
            self.shelf.read_by(arn, false);
        }
        match filled.and_then(|()| Ok(self.notes.end_restore(&restored.table)?)) {
            Ok(()) | Err(Broken::Stopped) => {}
            Err(problem) => {
                // As it stands it would be CREATING for ever, which is what the
                // next start finds and begins again.
                tracing::warn!(table = restored.table, %problem, "a table could not be restored");
            }
        }
    }

    fn bring_back(&self, restored: &Restored, rows: &Rows) -> Result<(), Broken> {
        match &restored.origin {
            Origin::Backup { arn, .. } => {
                let place = {
                    let kept = self.shelf.kept();
                    let found = kept.get(arn).ok_or(Broken::Stopped)?;
                    self.shelf.place_of(&found.about)?
                };
                copy::bring_back(&self.place, &place, rows, &self.work)
            }
            Origin::Moment { table, at } => {
                let connection = self.notes.connection();
                history::bring_back(&connection, table, &restored.table, *at)?;
                Ok(())
            }
        }
    }

    /// Begins again what a stop or a crash cut short: what is in such a table
    /// cannot be told from what is missing.
    pub(super) fn resume(self: &Arc<Self>) -> rusqlite::Result<()> {
        for restored in self.notes.all_restored()? {
            let exists = self.database.get_table_metadata(&restored.table);
            let exists = exists.is_ok_and(|metadata| metadata.is_some());
            if restored.whole && exists {
                continue;
            }
            self.notes.forget(&restored.table)?;
            if restored.whole || !exists {
                continue;
            }
            let request = serde_json::from_value(json!({"TableName": restored.table}));
            let removed = request.is_ok_and(|request| self.database.delete_table(request).is_ok());
            if !removed || self.restore(&restored.table, restored.origin).is_err() {
                tracing::warn!(table = restored.table, "what was half restored is removed");
            }
        }
        Ok(())
    }

    /// Adds to the engine's description of a table that it was restored.
    pub(super) fn describe_restored(
        &self,
        table: &str,
        described: &mut Value,
    ) -> rusqlite::Result<()> {
        if let Some(restored) = self.notes.restored(table)? {
            describe(&restored, described);
        }
        Ok(())
    }
}

fn describe(restored: &Restored, described: &mut Value) {
    let arn = |table: &str| format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}");
    let mut summary = match &restored.origin {
        Origin::Backup { arn: backup, table, taken } => json!({
            "SourceBackupArn": backup,
            "SourceTableArn": arn(table),
            "RestoreDateTime": taken,
        }),
        Origin::Moment { table, at } => {
            json!({"SourceTableArn": arn(table), "RestoreDateTime": at})
        }
    };
    summary["RestoreInProgress"] = json!(!restored.whole);
    described["RestoreSummary"] = summary;
    described["CreationDateTime"] = json!(restored.begun);
    if !restored.whole {
        described["TableStatus"] = json!("CREATING");
        for index in described["GlobalSecondaryIndexes"].as_array_mut().into_iter().flatten() {
            index["IndexStatus"] = json!("CREATING");
        }
    }
}
