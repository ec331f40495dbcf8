//! Which backups there are.
//!
//! With a data folder each is a SQLite file of its own under `backups`, written
//! under another name and renamed when it is whole and on the disk: a crash
//! leaves a file that nobody takes for a backup. In memory each is a database in
//! memory. Both say themselves what they are.

use super::copy::Broken;
use crate::engine::in_memory;
use crate::error::StartError;
use crate::files;
use rusqlite::{Connection, OpenFlags};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The folder of backups in the data folder.
pub(super) const FOLDER: &str = "backups";
/// What the name of a whole backup ends with.
const WHOLE: &str = "db";
/// What the name of one that is being written ends with.
const HALF: &str = "new";

/// What a backup says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct About {
    pub(super) arn: String,
    pub(super) name: String,
    pub(super) table: String,
    /// When it was asked for, in seconds since 1970.
    pub(super) created: f64,
    pub(super) items: i64,
    pub(super) bytes: i64,
    /// DynamoDB's SourceTableDetails.
    pub(super) source: Value,
    /// DynamoDB's SourceTableFeatureDetails.
    pub(super) features: Value,
    /// The CreateTable call, but for the name, that makes a table like it.
    pub(super) creation: Value,
}

impl About {
    /// The last part of the ARN, which names its file.
    pub(super) fn id(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or(&self.arn)
    }
}

/// One backup.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) about: About,
    /// Whether it is whole.
    pub(super) available: bool,
    /// How many restores read it.
    pub(super) readers: usize,
    /// Keeps a backup in memory from ending.
    _alive: Option<Connection>,
}

/// All of them, by ARN.
pub(super) struct Shelf {
    folder: Option<PathBuf>,
    kept: Mutex<BTreeMap<String, Kept>>,
}

impl Shelf {
    /// Finds what lies in the folder.
    pub(super) fn open(folder: Option<&Path>) -> Result<Self, StartError> {
        let folder = folder.map(|folder| folder.join(FOLDER));
        let mut kept = BTreeMap::new();
        if let Some(folder) = folder.as_deref().filter(|folder| folder.is_dir()) {
            let failed = |error: std::io::Error| StartError::folder(Some(folder), &error);
            for entry in std::fs::read_dir(folder).map_err(failed)? {
                let path = entry.map_err(failed)?.path();
                let ending = path.extension().and_then(|ending| ending.to_str());
                match ending {
                    Some(HALF) => std::fs::remove_file(&path).map_err(failed)?,
                    Some(WHOLE) => match read_about(&path) {
                        Ok(about) => {
                            let arn = about.arn.clone();
                            kept.insert(
                                arn,
                                Kept { about, available: true, readers: 0, _alive: None },
                            );
                        }
                        // One damaged backup is no reason not to start; it is as good
                        // as gone, and the log says so.
                        Err(problem) => {
                            tracing::warn!(file = %path.display(), %problem, "this backup cannot be read");
                        }
                    },
                    _ => {}
                }
            }
        }
        Ok(Self { folder, kept: Mutex::new(kept) })
    }

    pub(super) fn kept(&self) -> MutexGuard<'_, BTreeMap<String, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes an empty place for a backup that is to be written; what SQLite
    /// opens there.
    pub(super) fn make_place(&self, id: &str) -> std::io::Result<(String, Option<Connection>)> {
        let Some(folder) = &self.folder else {
            let place = in_memory(&format!("backup-{id}"));
            let alive = Connection::open(&place).map_err(std::io::Error::other)?;
            return Ok((place, Some(alive)));
        };
        files::make_private_folder(folder)?;
        let path = folder.join(id).with_extension(HALF);
        files::make_private(&path)?;
        Ok((as_text(&path)?, None))
    }

    /// Puts a backup that is being written on the shelf.
    pub(super) fn begin(&self, about: About, alive: Option<Connection>) {
        let arn = about.arn.clone();
        self.kept().insert(arn, Kept { about, available: false, readers: 0, _alive: alive });
    }

    /// The backup is written: from now on it can be restored.
    pub(super) fn finish(&self, about: About) -> Result<(), Broken> {
        if let Some(folder) = &self.folder {
            let path = folder.join(about.id());
            let half = path.with_extension(HALF);
            File::open(&half)?.sync_all()?;
            std::fs::rename(&half, path.with_extension(WHOLE))?;
            #[cfg(unix)]
            File::open(folder)?.sync_all()?;
        }
        if let Some(kept) = self.kept().get_mut(&about.arn) {
            kept.about = about;
            kept.available = true;
        }
        Ok(())
    }

    /// Takes a backup off the shelf, whole or not.
    pub(super) fn remove(&self, arn: &str) -> std::io::Result<()> {
        let Some(gone) = self.kept().remove(arn) else { return Ok(()) };
        let Some(folder) = &self.folder else { return Ok(()) };
        let path = folder.join(gone.about.id());
        let ending = if gone.available { WHOLE } else { HALF };
        match std::fs::remove_file(path.with_extension(ending)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// What SQLite opens to read a whole backup.
    pub(super) fn place_of(&self, about: &About) -> std::io::Result<String> {
        match &self.folder {
            None => Ok(in_memory(&format!("backup-{}", about.id()))),
            Some(folder) => as_text(&folder.join(about.id()).with_extension(WHOLE)),
        }
    }

    /// Notes that one reader more or fewer reads it.
    pub(super) fn read_by(&self, arn: &str, more: bool) {
        if let Some(kept) = self.kept().get_mut(arn) {
            kept.readers = if more { kept.readers + 1 } else { kept.readers.saturating_sub(1) };
        }
    }
}

fn as_text(path: &Path) -> std::io::Result<String> {
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| std::io::Error::other("the data folder's path is not UTF-8"))
}

fn read_about(file: &Path) -> Result<About, String> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .map_err(|error| error.to_string())?;
    let text: String = connection
        .query_row("SELECT json FROM about", [], |row| row.get(0))
        .map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| error.to_string())
}
