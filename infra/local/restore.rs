//! `cargo run -- restore`: a night's backups of a data folder, brought back in
//! a new folder beside it.
//!
//! The keys, the clock and the ledger are today's; sessions and runs are empty.
//! The old folder is only read. What this does to folders, the operator's
//! runbook does to tables: docs/operations/restore.md.

use crate::cloud::LocalCloud;
use crate::error::StartError;
use crate::files;
use crate::options::{Options, Storage, Wakes};
use jiff::civil::Date;
use shared::dynamo::{self, Item};
use shared::restore::course::{self, Restored, Stage};
use shared::restore::night::Set;
use shared::settings::Table;
use shared::trouble::Trouble;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What every data folder has beside its tables.
const FILES: [&str; 2] = [crate::keys::FILE, "clock.json"];
/// How long lies between two looks at restores under way.
const BETWEEN: Duration = Duration::from_millis(100);

/// A restore that did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// A local cloud did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// There is no such night, or DynamoDB or KMS failed.
    #[error(transparent)]
    Course(#[from] course::RestoreError),
    /// Something is there already.
    #[error("{} is there already: a restore makes a new folder", .0.display())]
    NotNew(PathBuf),
    /// A file could not be copied.
    #[error("{} could not be copied: {problem}", file.display())]
    Copy {
        /// Which one.
        file: PathBuf,
        /// Why.
        problem: std::io::Error,
    },
    /// DynamoDB's answer to the making of room for a restored table.
    #[error("the empty tables could not make room: {0}")]
    Room(String),
}

impl From<Trouble> for RestoreError {
    fn from(trouble: Trouble) -> Self {
        Self::Course(trouble.into())
    }
}

/// Restores the newest whole set of a night's backups into a new folder.
///
/// # Errors
/// [`RestoreError`] says what stood in the way. A folder that was begun is to
/// be removed; the old one is as it was.
pub async fn restore(
    from: &Path,
    night: Date,
    to: &Path,
    template: Option<&Path>,
    tell: &mut (dyn FnMut(Stage) + Send),
) -> Result<Restored, RestoreError> {
    if to.exists() {
        return Err(RestoreError::NotNew(to.to_owned()));
    }
    let live = open(from, template).await?;
    let outcome = restored(&live, from, night, to, template, tell).await;
    live.stop().await;
    outcome
}

async fn open(folder: &Path, template: Option<&Path>) -> Result<LocalCloud, StartError> {
    LocalCloud::start(Options {
        port: 0,
        data: Storage::Folder(folder.to_owned()),
        template: template.map(Path::to_owned),
        demonstration: false,
        wakes: Wakes::Nobody,
        ..Options::default()
    })
    .await
}

async fn restored(
    live: &LocalCloud,
    from: &Path,
    night: Date,
    to: &Path,
    template: Option<&Path>,
    tell: &mut (dyn FnMut(Stage) + Send),
) -> Result<Restored, RestoreError> {
    let set = course::find(live.service(), night).await?;
    copy(from, to)?;
    let fresh = open(to, template).await?;
    let outcome = filled(live, &fresh, set, tell).await;
    fresh.stop().await;
    outcome
}

/// Copies keys, clock and backups into a folder that is its owner's alone.
fn copy(from: &Path, to: &Path) -> Result<(), RestoreError> {
    let failed = |file: &Path| {
        let file = file.to_owned();
        move |problem| RestoreError::Copy { file, problem }
    };
    drop(files::lock_folder(to)?);
    for file in FILES {
        let file = from.join(file);
        if file.exists() {
            copy_file(&file, to)?;
        }
    }
    let (backups, beside) = (from.join("backups"), to.join("backups"));
    if backups.is_dir() {
        drop(files::lock_folder(&beside)?);
        // That lock was for making the folder; no backup is called so.
        let _ = std::fs::remove_file(beside.join("lock"));
        for entry in std::fs::read_dir(&backups).map_err(failed(&backups))? {
            let file = entry.map_err(failed(&backups))?.path();
            if file.is_file() {
                copy_file(&file, &beside)?;
            }
        }
    }
    Ok(())
}

fn copy_file(file: &Path, to: &Path) -> Result<(), RestoreError> {
    let Some(name) = file.file_name() else { return Ok(()) };
    // The mode comes with the content.
    std::fs::copy(file, to.join(name))
        .map(drop)
        .map_err(|problem| RestoreError::Copy { file: file.to_owned(), problem })
}

async fn filled(
    live: &LocalCloud,
    fresh: &LocalCloud,
    set: Set,
    tell: &mut (dyn FnMut(Stage) + Send),
) -> Result<Restored, RestoreError> {
    let (service, today) = (fresh.service(), live.service());
    tell(Stage::Restoring);
    for table in Table::BACKED_UP {
        make_room(fresh, service.settings.tables.name(table)).await?;
    }
    course::bring_back(today, service, &set, BETWEEN).await?;
    for table in [Table::OrganizationKeys, Table::Ledger] {
        bring(live, fresh, table).await?;
    }
    Ok(course::make_fit(today, service, set, &fresh.audit_key()?, tell).await?)
}

/// Removes an empty table, so that a restored one may have its name.
async fn make_room(fresh: &LocalCloud, table: &str) -> Result<(), RestoreError> {
    let refused = |why: String| RestoreError::Room(format!("{table}: {why}"));
    let dynamo = fresh.dynamo();
    let open = dynamo.update_table().table_name(table).deletion_protection_enabled(false);
    open.send().await.map_err(|error| refused(format!("{:?}", error.into_service_error())))?;
    let delete = dynamo.delete_table().table_name(table);
    delete.send().await.map_err(|error| refused(format!("{:?}", error.into_service_error())))?;
    Ok(())
}

/// Brings a table's items over as they are today.
async fn bring(live: &LocalCloud, fresh: &LocalCloud, table: Table) -> Result<(), RestoreError> {
    let (today, service) = (live.service(), fresh.service());
    let mut from: Option<Item> = None;
    loop {
        let scan = today.dynamo.scan().table_name(today.settings.tables.name(table));
        let answer = scan
            .consistent_read(true)
            .set_exclusive_start_key(from)
            .send()
            .await
            .map_err(|cause| Trouble::unavailable("reading a table", cause))?;
        let items = answer.items.unwrap_or_default();
        let name = service.settings.tables.name(table);
        dynamo::batch_put(&service.dynamo, name, items, &*service.chance).await?;
        from = answer.last_evaluated_key;
        if from.is_none() {
            return Ok(());
        }
    }
}
