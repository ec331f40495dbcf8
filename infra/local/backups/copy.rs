//! Rows out of the engine's file into a backup's, and back.
//!
//! The engine keeps a table's items in one SQLite table and each index in
//! another. All are copied in one read transaction, so a backup is one moment of
//! its table, indexes included. SQLite moves the rows from file to file and
//! spills what its cache does not hold: memory stays the same for ten items and
//! for ten million.

use super::work::Work;
use rusqlite::{Connection, params};
use std::time::{Duration, Instant};

/// Rows between two looks at whether to stop.
const PIECE_OUT: i64 = 10_000;

/// Rows in one write transaction of a restore: the engine waits for each.
const PIECE_BACK: i64 = 1_000;

const ITEM: &str = "pk, sk, item_json, item_size, hash_prefix";
const INDEXED: &str = "gsi_pk, gsi_sk, table_pk, table_sk, item_json";

/// How long a copy waits for somebody else's lock.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why a copy is not whole.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error(transparent)]
    Database(#[from] rusqlite::Error),
    #[error(transparent)]
    File(#[from] std::io::Error),
    #[error("it was stopped")]
    Stopped,
    #[error("there is no space left on the disk")]
    Full,
}

/// A table and its indexes, by the engine's names.
#[derive(Debug, Clone)]
pub(super) struct Rows {
    pub(super) table: String,
    pub(super) indexes: Vec<String>,
}

impl Rows {
    /// The places of items and indexes in the engine, with their names in a
    /// backup and their columns.
    fn pairs(&self) -> Vec<(String, String, &'static str)> {
        let items = (quoted(&self.table), "items".to_owned(), ITEM);
        let indexes = self.indexes.iter().enumerate().map(|(number, index)| {
            let name = quoted(&format!("{}::gsi::{index}", self.table));
            (name, format!("index_{number}"), INDEXED)
        });
        std::iter::once(items).chain(indexes).collect()
    }
}

/// What a backup holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) items: i64,
    pub(super) bytes: i64,
}

/// A copy whose moment has been taken.
pub(super) struct Copying {
    connection: Connection,
    rows: Rows,
}

impl Copying {
    /// Takes the moment: what is written after this returns is not in it.
    pub(super) fn begin(engine: &str, target: &str, rows: Rows) -> rusqlite::Result<Self> {
        let connection = Connection::open(engine)?;
        connection.busy_timeout(PATIENCE)?;
        connection.execute("ATTACH ?1 AS copy", [target])?;
        // Written once and renamed when it is whole: it needs no journal.
        connection
            .execute_batch("PRAGMA copy.journal_mode = OFF; PRAGMA copy.synchronous = OFF;")?;
        for (_, name, columns) in rows.pairs() {
            connection.execute_batch(&format!("CREATE TABLE copy.{name} ({columns});"))?;
        }
        connection.execute_batch("CREATE TABLE copy.about (json TEXT NOT NULL); BEGIN;")?;
        // The first read is what fixes the moment.
        let first =
            format!("SELECT COUNT(*) FROM (SELECT 1 FROM main.{} LIMIT 1)", quoted(&rows.table));
        connection.query_row(&first, [], |_| Ok(()))?;
        Ok(Self { connection, rows })
    }

    /// Copies everything; `describe` gives the backup's description once its
    /// size is known.
    pub(super) fn finish(
        self,
        work: &Work,
        full: bool,
        describe: impl FnOnce(Size) -> String,
    ) -> Result<(), Broken> {
        for (from, to, columns) in self.rows.pairs() {
            let (from, to) = (format!("main.{from}"), format!("copy.{to}"));
            let mut last = i64::MIN;
            while let Some(end) = piece(&self.connection, &from, last, PIECE_OUT)? {
                move_piece(&self.connection, &from, &to, columns, (last, end))?;
                last = end;
                if work.stopping() {
                    return Err(Broken::Stopped);
                }
            }
            if full {
                return Err(Broken::Full);
            }
        }
        let size = self.connection.query_row(
            "SELECT COUNT(*), COALESCE(SUM(item_size), 0) FROM copy.items",
            [],
            |row| Ok(Size { items: row.get(0)?, bytes: row.get(1)? }),
        )?;
        self.connection.execute("INSERT INTO copy.about VALUES (?1)", [describe(size)])?;
        self.connection.execute_batch("COMMIT; DETACH copy;")?;
        Ok(())
    }
}

/// Fills an empty table of the engine from a backup.
///
/// Each piece is a transaction of its own, and between two of them the engine
/// gets its turn: nobody sees the table before it is whole.
pub(super) fn bring_back(
    engine: &str,
    backup: &str,
    rows: &Rows,
    work: &Work,
) -> Result<(), Broken> {
    let connection = Connection::open(engine)?;
    connection.busy_timeout(PATIENCE)?;
    connection.execute("ATTACH ?1 AS copy", [backup])?;
    // A crash may lose the last pieces, and with them that they were done.
    connection.execute_batch("PRAGMA main.synchronous = NORMAL;")?;
    for (to, from, columns) in rows.pairs() {
        let (from, to) = (format!("copy.{from}"), format!("main.{to}"));
        let mut last = i64::MIN;
        while let Some(end) = piece(&connection, &from, last, PIECE_BACK)? {
            let begun = Instant::now();
            connection.execute_batch("BEGIN IMMEDIATE")?;
            move_piece(&connection, &from, &to, columns, (last, end))?;
            connection.execute_batch("COMMIT")?;
            last = end;
            if work.stopping() {
                return Err(Broken::Stopped);
            }
            std::thread::sleep(begun.elapsed() / 2);
        }
    }
    Ok(())
}

/// The row number where the next piece ends; `None` after the last.
fn piece(
    connection: &Connection,
    from: &str,
    last: i64,
    rows: i64,
) -> rusqlite::Result<Option<i64>> {
    let text = format!(
        "SELECT MAX(rowid) FROM (SELECT rowid FROM {from} WHERE rowid > ?1 ORDER BY rowid LIMIT ?2)"
    );
    connection.prepare_cached(&text)?.query_row(params![last, rows], |row| row.get(0))
}

fn move_piece(
    connection: &Connection,
    from: &str,
    to: &str,
    columns: &str,
    (last, end): (i64, i64),
) -> rusqlite::Result<()> {
    let text = format!(
        "INSERT INTO {to} ({columns}) SELECT {columns} FROM {from} \
         WHERE rowid > ?1 AND rowid <= ?2 ORDER BY rowid"
    );
    connection.prepare_cached(&text)?.execute(params![last, end]).map(drop)
}

/// A name as SQL quotes it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
