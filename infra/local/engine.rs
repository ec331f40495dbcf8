//! DynamoDB: the embedded engine behind a loopback port, with the template's
//! tables.
//!
//! The real SDK client speaks to it over HTTP, so that requests are validated
//! and errors worded as the service does it. What the engine leaves out is
//! added here: an index and a trimming rule for its stream records, and expiry
//! by the clock that a tester moves.

use crate::clock::{EngineClock, MovableClock};
use crate::error::StartError;
use crate::files;
use crate::template::{Table, Template};
use dynoxide::Database;
use dynoxide::storage::Storage;
use rusqlite::Connection;
use serde_json::json;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The engine's file in the data folder.
pub(crate) const FILE: &str = "tables.db";

/// The engine keeps stream records for ever and finds the newest by reading
/// all of them, on every write. So: an index, and DynamoDB's own limit of 24
/// hours, looked after once in a thousand records.
const STREAM_CARE: &str = "
CREATE INDEX IF NOT EXISTS kept_stream_positions
    ON _stream_records (table_name, CAST(sequence_number AS INTEGER));
CREATE INDEX IF NOT EXISTS kept_stream_ages ON _stream_records (created_at);
CREATE TRIGGER IF NOT EXISTS kept_stream_trim AFTER INSERT ON _stream_records
    WHEN NEW.id % 1000 = 0
    BEGIN
        DELETE FROM _stream_records WHERE created_at < NEW.created_at - 86400;
    END;
";

/// The running engine.
pub(crate) struct Engine {
    database: Database,
    /// A second handle on the same file, whose clock is ours: the engine takes
    /// another clock only for databases in memory.
    sweeper: Option<Mutex<Storage>>,
    address: SocketAddr,
    stop: Mutex<Option<oneshot::Sender<()>>>,
    server: Mutex<Option<JoinHandle<()>>>,
}

impl Engine {
    /// Opens the data (in memory without a folder), makes the tables that do
    /// not exist yet and listens.
    pub(crate) async fn start(
        template: &Template,
        folder: Option<&Path>,
        clock: &Arc<MovableClock>,
    ) -> Result<Self, StartError> {
        let (database, sweeper) = match folder {
            Some(folder) => {
                let (database, sweeper) = open_file(&folder.join(FILE), clock)?;
                (database, Some(Mutex::new(sweeper)))
            }
            None => (open_memory(clock)?, None),
        };
        for table in &template.tables {
            make_table(&database, table).map_err(|problem| {
                StartError::part("the database", format!("{}: {problem}", table.name))
            })?;
        }
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .map_err(|error| StartError::part("the database", error))?;
        let address =
            listener.local_addr().map_err(|error| StartError::part("the database", error))?;
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = database.clone();
        let server = tokio::spawn(async move {
            let stopped = async move {
                let _ = stopped.await;
            };
            if let Err(problem) =
                dynoxide::server::serve_with_shutdown(listener, serving, stopped).await
            {
                tracing::error!(problem, "the database stopped");
            }
        });
        Ok(Self {
            database,
            sweeper,
            address,
            stop: Mutex::new(Some(stop)),
            server: Mutex::new(Some(server)),
        })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The engine itself, for streams and counts.
    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// Removes what has expired by our clock; returns how many items that was.
    /// Blocks: run it where that is allowed.
    pub(crate) fn sweep_expired(&self) -> Result<usize, String> {
        let Some(sweeper) = &self.sweeper else {
            return self.database.sweep_ttl().map_err(|error| error.to_string());
        };
        let storage = sweeper.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let sweep = dynoxide::ttl::sweep_expired_items(&*storage);
        tokio::runtime::Handle::current().block_on(sweep).map_err(|error| error.to_string())
    }

    /// Stops listening; running requests finish.
    pub(crate) async fn stop(&self) {
        let stop = self.stop.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(stop) = stop {
            let _ = stop.send(());
        }
        let server = self.server.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(mut server) = server
            && tokio::time::timeout(std::time::Duration::from_secs(3), &mut server).await.is_err()
        {
            server.abort();
        }
    }
}

fn open_file(file: &Path, clock: &Arc<MovableClock>) -> Result<(Database, Storage), StartError> {
    // Made by us, so that SQLite gives its side files the same narrow mode.
    files::make_private(file).map_err(|error| StartError::damaged(file, error))?;
    check(file).map_err(|problem| StartError::damaged(file, problem))?;
    let path = file.to_str().ok_or_else(|| StartError::damaged(file, "its path is not UTF-8"))?;
    let damaged = |problem: &dyn std::fmt::Display| StartError::damaged(file, problem);
    let database = Database::new(path).map_err(|error| damaged(&error))?;
    care_for_streams(file).map_err(|error| damaged(&error))?;
    let sweeper = Storage::new(path)
        .map_err(|error| damaged(&error))?
        .with_clock(Arc::new(EngineClock(Arc::clone(clock))));
    Ok((database, sweeper))
}

/// A database in memory cannot be reached from outside to add the index, so it
/// is restored from an empty file that has it.
fn open_memory(clock: &Arc<MovableClock>) -> Result<Database, StartError> {
    let failed = |error: &dyn std::fmt::Display| StartError::part("the database", error);
    let id = crate::account::fresh_id(&shared::ambient::SystemChance)?;
    let file = Seed(std::env::temp_dir().join(format!("kept-empty-{id}.db")));
    let path = file.0.to_str().ok_or_else(|| failed(&"the temporary folder is not UTF-8"))?;
    drop(Database::new(path).map_err(|error| failed(&error))?);
    care_for_streams(&file.0).map_err(|error| failed(&error))?;
    let clock = Arc::new(EngineClock(Arc::clone(clock)));
    let database = Database::memory_with_clock(clock).map_err(|error| failed(&error))?;
    database.restore_from(path).map_err(|error| failed(&error))?;
    Ok(database)
}

/// The empty file, which goes when it was read.
struct Seed(PathBuf);

impl Drop for Seed {
    fn drop(&mut self) {
        for ending in ["", "-wal", "-shm"] {
            let mut name = self.0.as_os_str().to_owned();
            name.push(ending);
            let _ = std::fs::remove_file(name);
        }
    }
}

/// SQLite's own check, which names the page at fault.
fn check(file: &Path) -> Result<(), String> {
    let connection = Connection::open(file).map_err(|error| error.to_string())?;
    let found: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|error| error.to_string())?;
    if found == "ok" { Ok(()) } else { Err(found) }
}

fn care_for_streams(file: &Path) -> rusqlite::Result<()> {
    Connection::open(file)?.execute_batch(STREAM_CARE)
}

fn make_table(database: &Database, table: &Table) -> Result<(), String> {
    let existing = database.get_table_metadata(&table.name).map_err(|error| error.to_string())?;
    match existing {
        None => {
            let request =
                serde_json::from_value(table.creation()).map_err(|error| error.to_string())?;
            database.create_table(request).map_err(|error| error.to_string())?;
        }
        Some(existing) => {
            compare(table, &existing.key_schema, existing.gsi_definitions.as_deref())?
        }
    }
    if let Some(attribute) = &table.expires {
        let request = json!({
            "TableName": table.name,
            "TimeToLiveSpecification": {"AttributeName": attribute, "Enabled": true},
        });
        let request = serde_json::from_value(request).map_err(|error| error.to_string())?;
        let expiring = database
            .get_table_metadata(&table.name)
            .map_err(|error| error.to_string())?
            .is_some_and(|now| now.ttl_enabled);
        if !expiring {
            database.update_time_to_live(request).map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

/// Data that an older template made is not changed in silence.
fn compare(table: &Table, key_schema: &str, indexes: Option<&str>) -> Result<(), String> {
    let key: serde_json::Value = serde_json::from_str(key_schema).unwrap_or_default();
    let names = |list: &serde_json::Value, field: &str| -> Vec<String> {
        let items = list.as_array().into_iter().flatten();
        let mut names: Vec<String> =
            items.filter_map(|item| Some(item.get(field)?.as_str()?.to_owned())).collect();
        names.sort();
        names
    };
    let mut wanted = table.key.clone();
    wanted.sort();
    let mut wanted_indexes: Vec<String> =
        table.indexes.iter().map(|index| index.name.clone()).collect();
    wanted_indexes.sort();
    let existing: serde_json::Value =
        indexes.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    if names(&key, "AttributeName") != wanted || names(&existing, "IndexName") != wanted_indexes {
        return Err("the data folder has this table with other keys or indexes than the \
                    template; start with another --data folder"
            .to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
