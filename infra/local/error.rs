//! Why the local cloud did not start, in words that say what to do.

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

/// A start that failed. Its text names the file and the place.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The template cannot be read or understood.
    #[error("the template {file} cannot be used: {place}: {problem}")]
    Template {
        /// Which file.
        file: String,
        /// Line and column, or the path inside the document.
        place: String,
        /// What is wrong there.
        problem: String,
    },
    /// The template names a function that no code stands behind.
    #[error(
        "the template {file} names the function {function} (CodeUri {code}), and there is no code for it here"
    )]
    NoCode {
        /// Which file.
        file: String,
        /// The function's logical id.
        function: String,
        /// The last part of its CodeUri.
        code: String,
    },
    /// A function refuses what the template tells it.
    #[error(
        "the function {function} cannot start with the environment that the template gives it: {problem}"
    )]
    Environment {
        /// The function's logical id.
        function: String,
        /// What it says.
        problem: String,
    },
    /// A file of the data folder cannot be read.
    #[error("{} is damaged: {problem}. Restore it from a copy, or start with another --data folder", file.display())]
    Damaged {
        /// Which file.
        file: PathBuf,
        /// What is wrong, with the place where it is known.
        problem: String,
    },
    /// The data folder cannot be used.
    #[error("the data folder {} cannot be used: {problem}", folder.display())]
    Folder {
        /// Which folder.
        folder: PathBuf,
        /// Why.
        problem: String,
    },
    /// Another process has the data folder.
    #[error("the data folder {} is in use by another process: stop that one, or start with another --data folder", folder.display())]
    FolderInUse {
        /// Which folder.
        folder: PathBuf,
    },
    /// The port is taken.
    #[error(
        "port {port} is in use: stop the program that has it, or start with another --port (0 picks a free one)"
    )]
    PortInUse {
        /// Which port.
        port: u16,
    },
    /// No listening on the loopback address.
    #[error("cannot listen on 127.0.0.1:{port}: {problem}")]
    Listen {
        /// Which port.
        port: u16,
        /// Why.
        problem: String,
    },
    /// A part of the cloud did not come up.
    #[error("{part} did not start: {problem}")]
    Part {
        /// Which part.
        part: &'static str,
        /// Why.
        problem: String,
    },
}

impl StartError {
    pub(crate) fn damaged(file: &Path, problem: impl Display) -> Self {
        Self::Damaged { file: file.to_owned(), problem: problem.to_string() }
    }

    pub(crate) fn folder(folder: Option<&Path>, problem: &io::Error) -> Self {
        let folder = folder.unwrap_or(Path::new(".")).to_owned();
        Self::Folder { folder, problem: problem.to_string() }
    }

    pub(crate) fn part(part: &'static str, problem: impl Display) -> Self {
        Self::Part { part, problem: problem.to_string() }
    }
}
