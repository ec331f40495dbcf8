//! DynamoDB: the embedded engine behind a loopback port, with the template's
//! tables.
//!
//! The real SDK client speaks to it over HTTP, so that requests are validated
//! and errors worded as the service does it. What the engine leaves out is
//! added here: an index and a trimming rule for its stream records, and the
//! clock that a tester moves. Data in memory is a file too, in SQLite's own
//! `memdb`, so that both kinds can be opened a second time: for expiry, and by
//! [`crate::backups`] for copies.

use crate::clock::{EngineClock, MovableClock};
use crate::error::StartError;
use crate::files;
use crate::template::{Table, Template};
use dynoxide::Database;
use dynoxide::storage::Storage;
use rusqlite::Connection;
use serde_json::json;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The engine's file in the data folder.
pub(crate) const FILE: &str = "tables.db";

/// How far the tester's clock is ahead, for SQL that runs inside the engine and
/// can ask nobody.
///
/// The engine keeps stream records for ever and finds the newest by reading
/// all of them, on every write. So: an index, and DynamoDB's own limit of 24
/// hours, looked after once in a thousand records. It stamps them with the
/// machine's time, so a moved clock is added.
const CARE: &str = "
CREATE TABLE IF NOT EXISTS _kept_clock
    (one INTEGER PRIMARY KEY CHECK (one = 1), ahead REAL NOT NULL);
INSERT OR IGNORE INTO _kept_clock VALUES (1, 0);
CREATE INDEX IF NOT EXISTS kept_stream_positions
    ON _stream_records (table_name, CAST(sequence_number AS INTEGER));
CREATE INDEX IF NOT EXISTS kept_stream_ages ON _stream_records (created_at);
CREATE TRIGGER IF NOT EXISTS kept_stream_trim AFTER INSERT ON _stream_records
    WHEN NEW.id % 1000 = 0
    BEGIN
        DELETE FROM _stream_records WHERE created_at <
            NEW.created_at - 86400 + (SELECT CAST(ahead AS INTEGER) FROM _kept_clock);
    END;
CREATE TRIGGER IF NOT EXISTS kept_stream_time AFTER INSERT ON _stream_records
    WHEN (SELECT ahead FROM _kept_clock) <> 0
    BEGIN
        UPDATE _stream_records
            SET created_at = created_at + (SELECT CAST(ahead AS INTEGER) FROM _kept_clock)
            WHERE id = NEW.id;
    END;
";

/// The running engine.
pub(crate) struct Engine {
    database: Database,
    /// What SQLite opens: a path, or the name of a database in memory.
    place: String,
    /// A second handle on the same data, whose clock is ours: the engine takes
    /// another clock only for data that nobody else can open.
    sweeper: Mutex<Storage>,
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
        let (place, database, sweeper) = match folder {
            Some(folder) => open_file(&folder.join(FILE), clock)?,
            None => open_memory(clock)?,
        };
        follow(&place, clock).map_err(|error| StartError::part("the database", error))?;
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
            place,
            sweeper: Mutex::new(sweeper),
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

    /// What SQLite opens: a path, or the name of a database in memory.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// Removes what has expired by our clock; returns how many items that was.
    /// Blocks: run it where that is allowed.
    pub(crate) fn sweep_expired(&self) -> Result<usize, String> {
        let storage = self.sweeper.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
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

type Opened = (String, Database, Storage);

fn open_file(file: &Path, clock: &Arc<MovableClock>) -> Result<Opened, StartError> {
    // Made by us, so that SQLite gives its side files the same narrow mode.
    files::make_private(file).map_err(|error| StartError::damaged(file, error))?;
    check(file).map_err(|problem| StartError::damaged(file, problem))?;
    let path = file.to_str().ok_or_else(|| StartError::damaged(file, "its path is not UTF-8"))?;
    open(path, clock).map_err(|error| StartError::damaged(file, error))
}

fn open_memory(clock: &Arc<MovableClock>) -> Result<Opened, StartError> {
    let id = crate::account::fresh_id(&shared::ambient::SystemChance)?;
    open(&in_memory(&id), clock).map_err(|error| StartError::part("the database", error))
}

/// The name of a database in memory, which every handle of this process can
/// open. It lasts as long as one of them is open.
pub(crate) fn in_memory(id: &str) -> String {
    format!("file:/kept-{id}?vfs=memdb")
}

fn open(place: &str, clock: &Arc<MovableClock>) -> Result<Opened, dynoxide::DynoxideError> {
    let database = Database::new(place)?;
    Connection::open(place)?.execute_batch(CARE)?;
    let sweeper = Storage::new(place)?.with_clock(Arc::new(EngineClock(Arc::clone(clock))));
    Ok((place.to_owned(), database, sweeper))
}

/// Tells the data how far the clock is ahead, now and whenever it is moved.
fn follow(place: &str, clock: &MovableClock) -> rusqlite::Result<()> {
    let connection = Connection::open(place)?;
    connection.busy_timeout(std::time::Duration::from_secs(30))?;
    let tell = move |ahead: jiff::SignedDuration| {
        connection.execute("UPDATE _kept_clock SET ahead = ?1", [ahead.as_secs_f64()]).map(drop)
    };
    tell(clock.ahead())?;
    clock.follow(Box::new(move |ahead| {
        if let Err(problem) = tell(ahead) {
            tracing::error!(%problem, "the database did not learn that the clock was moved");
        }
    }));
    Ok(())
}

/// SQLite's own check, which names the page at fault.
fn check(file: &Path) -> Result<(), String> {
    let connection = Connection::open(file).map_err(|error| error.to_string())?;
    let found: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|error| error.to_string())?;
    if found == "ok" { Ok(()) } else { Err(found) }
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
            compare(table, &existing.key_schema, existing.gsi_definitions.as_deref())?;
            if existing.deletion_protection_enabled != table.protected {
                let request = json!({
                    "TableName": table.name,
                    "DeletionProtectionEnabled": table.protected,
                });
                let request = serde_json::from_value(request).map_err(|error| error.to_string())?;
                database.update_table(request).map_err(|error| error.to_string())?;
            }
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
