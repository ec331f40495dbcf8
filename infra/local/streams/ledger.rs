//! What the streams remember: positions, and batches that were given up.

use crate::error::StartError;
use crate::files;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Positions are written this often at most.
const EVERY: Duration = Duration::from_millis(500);
/// So many dead letters are kept at most.
const MOST_DEAD_LETTERS: usize = 1_000;

/// A message in a dead letter queue.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The queue's logical id.
    pub queue: String,
    /// When it was put there.
    pub at: Timestamp,
    /// What Lambda says of the batch.
    pub message: Value,
}

#[derive(Default, Serialize, Deserialize)]
struct Remembered {
    positions: BTreeMap<String, String>,
    dead_letters: Vec<DeadLetter>,
}

pub(super) struct Ledger {
    file: Option<PathBuf>,
    state: Mutex<State>,
}

struct State {
    remembered: Remembered,
    changed: bool,
    written: Option<Instant>,
}

impl Ledger {
    pub(super) fn open(folder: Option<&Path>) -> Result<Self, StartError> {
        let file = folder.map(|folder| folder.join(super::FILE));
        let remembered = match &file {
            Some(file) => files::read_json(file)?.unwrap_or_default(),
            None => Remembered::default(),
        };
        let state = State { remembered, changed: false, written: None };
        Ok(Self { file, state: Mutex::new(state) })
    }

    pub(super) fn position(&self, id: &str) -> Option<String> {
        self.state().remembered.positions.get(id).cloned()
    }

    pub(super) fn advance(&self, id: &str, to: &str) {
        let mut state = self.state();
        match state.remembered.positions.get_mut(id) {
            Some(position) => to.clone_into(position),
            None => {
                state.remembered.positions.insert(id.to_owned(), to.to_owned());
            }
        }
        state.changed = true;
    }

    pub(super) fn bury(&self, queue: &str, at: Timestamp, message: Value) {
        let mut state = self.state();
        let letters = &mut state.remembered.dead_letters;
        letters.push(DeadLetter { queue: queue.to_owned(), at, message });
        let surplus = letters.len().saturating_sub(MOST_DEAD_LETTERS);
        letters.drain(..surplus);
        state.changed = true;
    }

    pub(super) fn dead_letters(&self) -> Vec<DeadLetter> {
        self.state().remembered.dead_letters.clone()
    }

    /// Writes what changed, unless it was written a moment ago.
    pub(super) fn write_now_and_then(&self) {
        let due = self.state().written.is_none_or(|written| written.elapsed() >= EVERY);
        if due && let Err(error) = self.write() {
            tracing::error!(%error, "the stream positions could not be written");
        }
    }

    /// Writes what changed.
    pub(super) fn write(&self) -> std::io::Result<()> {
        let mut state = self.state();
        if let (true, Some(file)) = (state.changed, &self.file) {
            files::write_json(file, &state.remembered)?;
            state.changed = false;
            state.written = Some(Instant::now());
        }
        Ok(())
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_and_dead_letters_survive_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(Some(folder.path())).unwrap();
        ledger.advance("Notify.Owed", "101");
        ledger.bury("DeadLetters", Timestamp::UNIX_EPOCH, Value::Null);
        ledger.write_now_and_then();
        let again = Ledger::open(Some(folder.path())).unwrap();
        assert_eq!(again.position("Notify.Owed").as_deref(), Some("101"));
        assert_eq!(again.dead_letters().len(), 1);
    }

    #[test]
    fn a_damaged_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("streams.json"), "[").unwrap();
        let refused = Ledger::open(Some(folder.path())).err().unwrap().to_string();
        assert!(refused.contains("streams.json"), "{refused}");
    }
}
