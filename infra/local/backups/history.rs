//! What a table was like at a moment.
//!
//! Triggers in the engine's file put what an item was before each write into a
//! history, with the time of the movable clock. What is in the table now, but
//! for everything that was written since, is what it was then.
//!
//! This doubles the cost of a write, so it is done for the table of organization
//! keys and for what is restored from it: rarely written, and the one table
//! whose way back is a promise of its own.

use super::copy::quoted;
use rusqlite::{Connection, params};

/// Whose history is kept: the template's table of organization keys.
pub(super) const KEPT_FOR: &str = "OrganizationKeysTable";

pub(super) const TABLE: &str = "
CREATE TABLE IF NOT EXISTS _kept_history (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    table_name TEXT NOT NULL,
    pk TEXT NOT NULL,
    sk TEXT NOT NULL,
    until REAL NOT NULL,
    item_json TEXT,
    item_size INTEGER,
    hash_prefix TEXT
);
CREATE INDEX IF NOT EXISTS _kept_history_ends ON _kept_history (table_name, until);
";

/// From now on, what items of `table` were before they are written is kept.
pub(super) fn watch(connection: &Connection, table: &str) -> rusqlite::Result<()> {
    let (place, literal) = (quoted(table), table.replace('\'', "''"));
    let keep = |side: &str| {
        // An item that was not there leaves a row without content.
        format!(
            "INSERT INTO _kept_history (table_name, pk, sk, until, item_json, item_size, hash_prefix) \
             SELECT '{literal}', {side}.pk, {side}.sk, \
                 (SELECT unixepoch('subsec') + ahead FROM _kept_clock), \
                 before.item_json, before.item_size, before.hash_prefix \
             FROM (SELECT 1) LEFT JOIN {place} AS before \
                 ON before.pk = {side}.pk AND before.sk = {side}.sk;"
        )
    };
    // A put replaces, and SQLite tells a replaced row to no trigger but this first one.
    connection.execute_batch(&format!(
        "CREATE TRIGGER IF NOT EXISTS {} BEFORE INSERT ON {place} BEGIN {} END;
         CREATE TRIGGER IF NOT EXISTS {} BEFORE UPDATE OF item_json ON {place} BEGIN {} END;
         CREATE TRIGGER IF NOT EXISTS {} BEFORE DELETE ON {place} BEGIN {} END;",
        name(table, "insert"),
        keep("NEW"),
        name(table, "update"),
        keep("OLD"),
        name(table, "delete"),
        keep("OLD"),
    ))
}

/// Keeps no more history, and forgets what there is.
pub(super) fn unwatch(connection: &Connection, table: &str) -> rusqlite::Result<()> {
    for kind in ["insert", "update", "delete"] {
        connection.execute_batch(&format!("DROP TRIGGER IF EXISTS {};", name(table, kind)))?;
    }
    connection.execute("DELETE FROM _kept_history WHERE table_name = ?1", [table]).map(drop)
}

/// Forgets what ended before `earliest`.
pub(super) fn trim(connection: &Connection, table: &str, earliest: f64) -> rusqlite::Result<usize> {
    connection.execute(
        "DELETE FROM _kept_history WHERE table_name = ?1 AND until < ?2",
        params![table, earliest],
    )
}

/// Fills the empty table `target` with what `source` held at `moment`.
pub(super) fn bring_back(
    connection: &Connection,
    source: &str,
    target: &str,
    moment: f64,
) -> rusqlite::Result<usize> {
    let (source_place, target_place) = (quoted(source), quoted(target));
    let columns = "pk, sk, item_json, item_size, hash_prefix";
    connection.execute(
        &format!(
            "INSERT INTO {target_place} ({columns})
             SELECT {columns} FROM {source_place} AS now WHERE NOT EXISTS (
                 SELECT 1 FROM _kept_history AS past WHERE past.table_name = ?1
                     AND past.pk = now.pk AND past.sk = now.sk AND past.until > ?2)
             UNION ALL
             SELECT {columns} FROM _kept_history WHERE item_json IS NOT NULL AND id IN (
                 SELECT MIN(id) FROM _kept_history WHERE table_name = ?1 AND until > ?2
                     GROUP BY pk, sk)"
        ),
        params![source, moment],
    )
}

fn name(table: &str, kind: &str) -> String {
    quoted(&format!("kept_history_{kind}_{table}"))
}
