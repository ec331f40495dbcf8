//! The small files of the data folder: written whole or not at all, and
//! readable by their owner alone.

use crate::error::StartError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Replaces `file` by `content`: a crash leaves the old file or the new one.
pub(crate) fn write(file: &Path, content: &[u8]) -> io::Result<()> {
    let mut name = file.as_os_str().to_owned();
    name.push(".new");
    let fresh = Path::new(&name);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    owner_only(&mut options);
    let mut handle = options.open(fresh)?;
    handle.write_all(content)?;
    handle.sync_all()?;
    std::fs::rename(fresh, file)
}

/// As [`write`], for a value.
pub(crate) fn write_json<T: Serialize>(file: &Path, value: &T) -> io::Result<()> {
    write(file, &serde_json::to_vec_pretty(value)?)
}

/// Reads a value; `None` when there is no such file yet.
pub(crate) fn read_json<T: DeserializeOwned>(file: &Path) -> Result<Option<T>, StartError> {
    let content = match std::fs::read(file) {
        Ok(content) => content,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StartError::damaged(file, error)),
    };
    serde_json::from_slice(&content).map(Some).map_err(|error| StartError::damaged(file, error))
}

/// Makes an empty file if there is none, for its owner alone.
pub(crate) fn make_private(file: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    owner_only(&mut options);
    options.open(file).map(drop)
}

/// Makes a folder if there is none, for its owner alone.
pub(crate) fn make_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Makes the folder and takes its lock, which ends with the process or the
/// returned handle.
pub(crate) fn lock_folder(folder: &Path) -> Result<File, StartError> {
    make_private_folder(folder).map_err(|error| StartError::folder(Some(folder), &error))?;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    owner_only(&mut options);
    let handle = options
        .open(folder.join("lock"))
        .map_err(|error| StartError::folder(Some(folder), &error))?;
    match handle.try_lock() {
        Ok(()) => Ok(handle),
        Err(std::fs::TryLockError::WouldBlock) => {
            Err(StartError::FolderInUse { folder: folder.to_owned() })
        }
        Err(std::fs::TryLockError::Error(error)) => Err(StartError::folder(Some(folder), &error)),
    }
}

#[cfg(unix)]
fn owner_only(options: &mut OpenOptions) {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
}

#[cfg(not(unix))]
fn owner_only(_: &mut OpenOptions) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_cannot_be_used_twice_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let first = lock_folder(folder.path()).unwrap();
        let second = lock_folder(folder.path());
        assert!(matches!(second, Err(StartError::FolderInUse { .. })));
        drop(first);
        lock_folder(folder.path()).unwrap();
    }
}
