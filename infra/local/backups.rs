//! DynamoDB's backups: the calls that the embedded engine does not know,
//! answered with real copies.
//!
//! Only what backs up, keeps and forgets goes through here, and tests and
//! command line tools: see [`crate::front`]. Everything else of a request is the
//! engine's: a restored table is one that the engine made, and what is copied
//! are the engine's own rows, index and all, between two SQLite files.
//!
//! | part | does |
//! |---|---|
//! | `calls` | what each call asks, answers and refuses |
//! | `shelf` | which backups there are, and where each lies |
//! | `copy` | rows out of a table and back, in pieces |
//! | `history` | what a table was like at a moment |
//! | `notes` | what is remembered about tables beside the engine |

mod calls;
mod copy;
mod history;
mod notes;
mod recovery;
mod refusal;
mod restores;
mod shelf;
mod taking;
mod work;

use crate::account::{ACCOUNT, REGION};
use crate::clock::MovableClock;
use crate::engine::Engine;
use crate::error::StartError;
use crate::faults::Faults;
use crate::template::Template;
use dynoxide::Database;
use notes::Notes;
use refusal::Refusal;
use serde_json::Value;
use shared::ambient::Clock as _;
use shelf::Shelf;
use std::path::Path;
use std::sync::Arc;
use work::Work;

/// Where the engine says that its tables are.
const ENGINE_ARN: &str = "arn:aws:dynamodb:dynoxide:000000000000:";

/// The keeper of backups.
pub(crate) struct Backups {
    database: Database,
    place: String,
    clock: Arc<MovableClock>,
    faults: Arc<Faults>,
    shelf: Shelf,
    notes: Notes,
    work: Arc<Work>,
}

impl Backups {
    /// Finds what was kept, and goes on with restores that a stop cut short.
    pub(crate) fn start(
        template: &Template,
        folder: Option<&Path>,
        engine: &Engine,
        clock: &Arc<MovableClock>,
        faults: &Arc<Faults>,
    ) -> Result<Arc<Self>, StartError> {
        let failed = |problem: rusqlite::Error| StartError::part("the keeper of backups", problem);
        let notes = Notes::open(engine.place()).map_err(failed)?;
        let backups = Arc::new(Self {
            database: engine.database().clone(),
            place: engine.place().to_owned(),
            clock: Arc::clone(clock),
            faults: Arc::clone(faults),
            shelf: Shelf::open(folder)?,
            notes,
            work: Arc::default(),
        });
        backups.cover(&template.tables).map_err(failed)?;
        backups.resume().map_err(failed)?;
        Ok(backups)
    }

    /// Whether nothing is being copied.
    pub(crate) fn is_idle(&self) -> bool {
        self.work.is_idle()
    }

    /// Breaks off what is being copied. A backup that is not whole is gone; a
    /// restore begins again at the next start.
    pub(crate) fn stop(&self) {
        self.work.stop();
    }

    fn now(&self) -> f64 {
        self.clock.now().as_microsecond() as f64 / 1_000_000.0
    }

    /// The engine's description of a table; `None` when there is none.
    fn describe(&self, table: &str) -> Result<Option<Value>, Refusal> {
        if self.database.get_table_metadata(table)?.is_none() {
            return Ok(None);
        }
        let request = serde_json::from_value(serde_json::json!({"TableName": table}));
        let request = request.map_err(|error| Refusal::validation(&error.to_string()))?;
        let described = self.database.describe_table(request)?.table;
        let text = serde_json::to_string(&described).map_err(Refusal::internal)?;
        serde_json::from_str(&at_home(&text)).map(Some).map_err(Refusal::internal)
    }
}

/// The engine's ARNs are of a region of its own; here they are of ours. Whoever
/// gives one back is understood: the engine reads the name alone.
fn at_home(text: &str) -> String {
    text.replace(ENGINE_ARN, &format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:"))
}

#[cfg(test)]
mod tests;
