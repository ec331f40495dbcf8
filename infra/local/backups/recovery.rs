//! Recovery to a point in time: what is switched on, and how far it reaches.

use super::Backups;
use super::calls::{Reply, name_of, read};
use super::history;
use super::notes::{Origin, Recovery};
use super::refusal::Refusal;
use crate::template::{DEFAULT_RECOVERY_DAYS, Table};
use serde::Deserialize;
use serde_json::{Value, json};

const DAY: f64 = 86_400.0;
/// The latest moment that can be restored lies this far back, as DynamoDB's does.
const LAG: f64 = 300.0;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OfTable {
    table_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Update {
    table_name: String,
    point_in_time_recovery_specification: Specification,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Specification {
    point_in_time_recovery_enabled: bool,
    recovery_period_in_days: Option<u32>,
}

impl Backups {
    /// Switches on what the template says, for as long as it says.
    pub(super) fn cover(&self, tables: &[Table]) -> rusqlite::Result<()> {
        for table in tables {
            let with_history = table.name == history::KEPT_FOR;
            self.set_recovery(&table.name, table.recovery, with_history)?;
        }
        Ok(())
    }

    fn set_recovery(
        &self,
        table: &str,
        days: Option<u32>,
        with_history: bool,
    ) -> rusqlite::Result<()> {
        let before = self.notes.recovery(table)?;
        // What was on all the time reaches back to when it was switched on.
        let since = before
            .filter(|before| before.days.is_some() == days.is_some())
            .map_or_else(|| self.now(), |before| before.since);
        {
            let connection = self.notes.connection();
            if days.is_some() && with_history {
                history::watch(&connection, table)?;
            } else if before.is_some_and(|before| before.with_history) {
                history::unwatch(&connection, table)?;
            }
        }
        self.notes.set_recovery(table, Recovery { days, since, with_history })
    }

    /// Forgets what no period reaches any more; how many items' pasts that was.
    pub(crate) fn trim(&self) -> Result<usize, String> {
        let text = |problem: rusqlite::Error| problem.to_string();
        let mut gone = 0;
        for (table, days) in self.notes.histories().map_err(text)? {
            let earliest = self.now() - f64::from(days) * DAY;
            gone += history::trim(&self.notes.connection(), &table, earliest).map_err(text)?;
        }
        Ok(gone)
    }

    pub(super) fn describe_recovery(&self, body: &[u8]) -> Reply {
        let asked: OfTable = read(body)?;
        let table = name_of(&asked.table_name);
        self.describe(table)?.ok_or_else(|| Refusal::no_table(table))?;
        self.described_recovery(table)
    }

    pub(super) fn update_recovery(&self, body: &[u8]) -> Reply {
        let asked: Update = read(body)?;
        let table = name_of(&asked.table_name);
        self.describe(table)?.ok_or_else(|| Refusal::no_table(table))?;
        let wanted = asked.point_in_time_recovery_specification;
        let days = wanted.recovery_period_in_days.unwrap_or(DEFAULT_RECOVERY_DAYS);
        if !(1..=35).contains(&days) {
            return Err(Refusal::validation(&format!(
                "1 validation error detected: Value '{days}' at 'recoveryPeriodInDays' failed to \
                 satisfy constraint: Member must be between 1 and 35"
            )));
        }
        let restored = self.notes.restored(table)?;
        if restored.as_ref().is_some_and(|restored| !restored.whole) {
            return Err(Refusal::new(
                "ContinuousBackupsUnavailableException",
                format!("Backups are being enabled for the table: {table}. Please retry later"),
            ));
        }
        let with_history = self.keeps_history(table)?;
        let days = wanted.point_in_time_recovery_enabled.then_some(days);
        self.set_recovery(table, days, with_history)?;
        self.described_recovery(table)
    }

    /// The table of organization keys, and whatever came of it by a restore.
    fn keeps_history(&self, table: &str) -> rusqlite::Result<bool> {
        let came_of = self.notes.restored(table)?.map(|restored| match restored.origin {
            Origin::Backup { table, .. } | Origin::Moment { table, .. } => table,
        });
        let inherits = match came_of {
            Some(source) => {
                source == history::KEPT_FOR
                    || self.notes.recovery(&source)?.is_some_and(|source| source.with_history)
            }
            None => false,
        };
        Ok(inherits || table == history::KEPT_FOR)
    }

    fn described_recovery(&self, table: &str) -> Reply {
        let recovery = self.notes.recovery(table)?;
        let mut point_in_time = json!({"PointInTimeRecoveryStatus": "DISABLED"});
        if let Some((earliest, latest)) = recovery.and_then(|recovery| self.reach(recovery)) {
            point_in_time = json!({
                "PointInTimeRecoveryStatus": "ENABLED",
                "RecoveryPeriodInDays": recovery.and_then(|recovery| recovery.days),
                "EarliestRestorableDateTime": earliest,
                "LatestRestorableDateTime": latest,
            });
        }
        let described: Value = json!({
            "ContinuousBackupsStatus": "ENABLED",
            "PointInTimeRecoveryDescription": point_in_time,
        });
        Ok(json!({"ContinuousBackupsDescription": described}))
    }

    /// The earliest and the latest moment; `None` where recovery is off.
    fn reach(&self, recovery: Recovery) -> Option<(f64, f64)> {
        let now = self.now();
        let earliest = recovery.since.max(now - f64::from(recovery.days?) * DAY);
        Some((earliest, earliest.max(now - LAG)))
    }

    /// A moment that can be restored: `at`, or the latest.
    pub(super) fn moment(&self, table: &str, at: Option<f64>) -> Result<f64, Refusal> {
        let off = || {
            Refusal::new(
                "PointInTimeRecoveryUnavailableException",
                format!("Point in time recovery is not enabled for table '{table}'"),
            )
        };
        let recovery = self.notes.recovery(table)?.ok_or_else(off)?;
        let (earliest, latest) = self.reach(recovery).ok_or_else(off)?;
        if !recovery.with_history {
            return Err(Refusal::new(
                "PointInTimeRecoveryUnavailableException",
                format!(
                    "The local cloud keeps no history of '{table}', only of {}: restore a \
                     backup instead. In AWS every moment of its period can be restored",
                    history::KEPT_FOR
                ),
            ));
        }
        let at = at.unwrap_or(latest);
        if at < earliest || at > latest {
            return Err(Refusal::new(
                "InvalidRestoreTimeException",
                format!("Restore time must be between {earliest} and {latest}, not {at}"),
            ));
        }
        Ok(at)
    }
}
