//! What is remembered about tables beside the engine, in the engine's own file:
//! how far back each can be restored, and out of what it was restored.

use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS _kept_recovery (
    table_name TEXT PRIMARY KEY,
    days INTEGER,
    since REAL NOT NULL,
    with_history INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS _kept_restores (
    table_name TEXT PRIMARY KEY,
    origin TEXT NOT NULL,
    begun REAL NOT NULL,
    whole INTEGER NOT NULL DEFAULT 0
);
";

/// How far back a table can be restored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Recovery {
    /// For how many days; `None` when it is off.
    pub(super) days: Option<u32>,
    /// Since when it is on or off.
    pub(super) since: f64,
    /// Whether there is a history to restore from.
    pub(super) with_history: bool,
}

/// Out of what a table was restored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Origin {
    /// A backup.
    Backup {
        /// Which.
        arn: String,
        /// Which table it was of.
        table: String,
        /// When it was taken.
        taken: f64,
    },
    /// A table as it was.
    Moment {
        /// Which table.
        table: String,
        /// When.
        at: f64,
    },
}

/// One table that was restored.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Restored {
    pub(super) table: String,
    pub(super) origin: Origin,
    pub(super) begun: f64,
    /// Whether everything is in it.
    pub(super) whole: bool,
}

pub(super) struct Notes(Mutex<Connection>);

impl Notes {
    pub(super) fn open(place: &str) -> rusqlite::Result<Self> {
        let connection = Connection::open(place)?;
        connection.busy_timeout(Duration::from_secs(10))?;
        // What is trimmed from a history is overwritten, not just forgotten.
        connection.execute_batch("PRAGMA secure_delete = ON;")?;
        connection.execute_batch(TABLES)?;
        connection.execute_batch(super::history::TABLE)?;
        Ok(Self(Mutex::new(connection)))
    }

    pub(super) fn connection(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn recovery(&self, table: &str) -> rusqlite::Result<Option<Recovery>> {
        let text = "SELECT days, since, with_history FROM _kept_recovery WHERE table_name = ?1";
        self.connection()
            .query_row(text, [table], |row| {
                Ok(Recovery { days: row.get(0)?, since: row.get(1)?, with_history: row.get(2)? })
            })
            .optional()
    }

    pub(super) fn set_recovery(&self, table: &str, recovery: Recovery) -> rusqlite::Result<()> {
        self.connection()
            .execute(
                "INSERT OR REPLACE INTO _kept_recovery VALUES (?1, ?2, ?3, ?4)",
                params![table, recovery.days, recovery.since, recovery.with_history],
            )
            .map(drop)
    }

    /// Tables with a history, and for how many days it is kept.
    pub(super) fn histories(&self) -> rusqlite::Result<Vec<(String, u32)>> {
        let connection = self.connection();
        let mut found = connection.prepare(
            "SELECT table_name, days FROM _kept_recovery \
             WHERE with_history AND days IS NOT NULL",
        )?;
        found.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    }

    pub(super) fn restored(&self, table: &str) -> rusqlite::Result<Option<Restored>> {
        Ok(self.all_restored()?.into_iter().find(|restored| restored.table == table))
    }

    pub(super) fn all_restored(&self) -> rusqlite::Result<Vec<Restored>> {
        let connection = self.connection();
        let mut found =
            connection.prepare("SELECT table_name, origin, begun, whole FROM _kept_restores")?;
        let rows = found.query_map([], |row| {
            let origin: String = row.get(1)?;
            Ok((row.get(0)?, origin, row.get(2)?, row.get(3)?))
        })?;
        let mut restored = Vec::new();
        for row in rows {
            let (table, origin, begun, whole) = row?;
            if let Ok(origin) = serde_json::from_str(&origin) {
                restored.push(Restored { table, origin, begun, whole });
            }
        }
        Ok(restored)
    }

    pub(super) fn begin_restore(&self, restored: &Restored) -> rusqlite::Result<()> {
        let origin = serde_json::to_string(&restored.origin)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        self.connection()
            .execute(
                "INSERT OR REPLACE INTO _kept_restores VALUES (?1, ?2, ?3, ?4)",
                params![restored.table, origin, restored.begun, restored.whole],
            )
            .map(drop)
    }

    pub(super) fn end_restore(&self, table: &str) -> rusqlite::Result<()> {
        self.connection()
            .execute("UPDATE _kept_restores SET whole = 1 WHERE table_name = ?1", [table])
            .map(drop)
    }

    /// Forgets everything about a table that is gone.
    pub(super) fn forget(&self, table: &str) -> rusqlite::Result<()> {
        let connection = self.connection();
        for notes in ["_kept_recovery", "_kept_restores", "_kept_history"] {
            connection.execute(&format!("DELETE FROM {notes} WHERE table_name = ?1"), [table])?;
        }
        Ok(())
    }
}
