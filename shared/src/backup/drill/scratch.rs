//! The tables that a drill restores into: named by its run, so that those of a
//! drill that died are known by their names.

use super::super::{BackupSettings, forgotten, store};
use super::Drill;
use crate::ids::{OrganizationId, RunId};
use crate::run::{self, Kind, Which};
use crate::service::Service;
use crate::settings::{Table, Tables};
use crate::trouble::Trouble;

/// What the table that a drill restores into is called.
#[must_use]
pub fn name(settings: &BackupSettings, drill: RunId, table: Table) -> String {
    format!("{}{drill}-{}", settings.drill_prefix, table.word())
}

/// The tables' names with the restored ones in the places of those that people
/// work with.
pub(super) fn tables(service: &Service, settings: &BackupSettings, drill: RunId) -> Tables {
    Table::BACKED_UP.into_iter().fold(service.settings.tables.clone(), |tables, table| {
        tables.with(table, name(settings, drill, table))
    })
}

/// Removes what drills left behind that have ended or never were; whether all
/// of it is gone.
pub(super) async fn remove_left(
    service: &Service,
    settings: &BackupSettings,
    operator: OrganizationId,
    this: RunId,
) -> Result<bool, Trouble> {
    let mut gone = true;
    for table in store::tables_named(service, &settings.drill_prefix).await? {
        let rest = table.strip_prefix(&settings.drill_prefix).unwrap_or_default();
        // What no drill could have called so is not ours to remove.
        let named = rest.split_once('-').filter(|(_, word)| Table::parse(word).is_some());
        let Some(id) = named.and_then(|(id, _)| RunId::parse(id)) else { continue };
        if id == this {
            continue;
        }
        let which = Which { organization: operator, kind: Kind::Drill, id };
        let standing = run::find::<Drill>(service, which).await?;
        if standing.is_none_or(|standing| standing.ended.is_some()) {
            gone &= remove(service, &table).await?;
        }
    }
    Ok(gone)
}

/// Removes a restored table, with no copy left of it; whether it is gone.
pub(super) async fn remove(service: &Service, table: &str) -> Result<bool, Trouble> {
    if store::table_status(service, table).await?.is_none() {
        return Ok(true);
    }
    if !forgotten::let_go(service, table).await? {
        return Ok(false);
    }
    store::remove_table(service, table).await
}
