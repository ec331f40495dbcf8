//! Backups that restore.
//!
//! A schedule wakes this function every five minutes. Nothing waits: each night
//! has a run, and each week's drill ([`shared::backup`]), and a tick begins what
//! is due, moves what is under way as far as it goes, removes what is too old,
//! and looks whether backups are as new as they should be. What fails is an
//! error line with a word that pages the operator, and the next tick goes on.

mod drill;
mod night;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use shared::backup::{self, BackupSettings, FAILED, LATE, UNPROVEN, watch};
use shared::dynamo::Write;
use shared::ids::OrganizationId;
use shared::organization::{WebName, store};
use shared::run::Overtaken;
use shared::service::Service;
use shared::trouble::Trouble;
use tokio::time::Instant;

/// How long a tick may begin another step; the function itself has five minutes,
/// and a step at most two.
const TIME: Duration = Duration::from_secs(150);

/// The function: its clients and settings.
pub struct Backup {
    service: Arc<Service>,
    settings: BackupSettings,
}

/// When a tick stops beginning steps.
#[derive(Debug, Clone, Copy)]
struct Deadline(Instant);

impl Deadline {
    fn has_passed(self) -> bool {
        Instant::now() >= self.0
    }
}

impl Backup {
    /// Puts the parts together.
    #[must_use]
    pub fn new(service: Arc<Service>, settings: BackupSettings) -> Self {
        Self { service, settings }
    }

    /// Moves what is under way.
    ///
    /// # Errors
    /// When the event is no schedule's.
    pub async fn handle(&self, event: Value) -> Result<Value, lambda_runtime::Error> {
        if event.get("detail-type").and_then(Value::as_str) != Some("Scheduled Event") {
            return Err("the event is not a schedule's".into());
        }
        let deadline = Deadline(Instant::now() + TIME);
        // One trouble keeps no other part of a tick from being done.
        logged("looking for the operator", self.runs(deadline).await);
        match backup::night::remove_too_old(&self.service, self.service.clock.now()).await {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, "backups reached the age that none may have"),
            Err(trouble) => logged("removing what is too old", Err(trouble)),
        }
        Ok(json!({}))
    }

    async fn runs(&self, deadline: Deadline) -> Result<(), Trouble> {
        let service = &self.service;
        let operator = store::find(service, WebName::operator().as_str()).await?;
        let Some(operator) = operator else {
            // Runs are the operator's: without one there is nobody to have them.
            tracing::error!(alarm = LATE, "there is no operator, and so there are no backups");
            return Ok(());
        };
        let due = backup::night::due(service, operator, service.clock.now()).await;
        logged("beginning a night", self.begin(due).await);
        logged("moving nights", night::advance(service, &self.settings, deadline).await);
        // Behind the night: there may be a set to try out by now.
        let due = backup::drill::due(service, operator, service.clock.now()).await;
        logged("beginning a drill", self.begin(due).await);
        logged("moving drills", drill::advance(service, &self.settings, deadline).await);
        self.look(operator).await
    }

    async fn begin(&self, due: Result<Option<Write>, Trouble>) -> Result<(), Trouble> {
        let Some(write) = due? else { return Ok(()) };
        // Another tick may have been quicker: then it is begun as well.
        Write::commit_all(&[write], &self.service.dynamo, &*self.service.chance).await?;
        Ok(())
    }

    /// Says whether backups are as new as they should be.
    async fn look(&self, operator: OrganizationId) -> Result<(), Trouble> {
        let ages = watch::ages(&self.service, operator, self.service.clock.now()).await?;
        let (taken, proven) = (text(ages.taken), text(ages.proven));
        if ages.late {
            tracing::error!(alarm = LATE, taken, "the newest backup is older than it should be");
        }
        if ages.unproven {
            tracing::error!(alarm = UNPROVEN, proven, "no backup was tried out for too long");
        }
        tracing::info!(taken, proven, "looked at the backups");
        Ok(())
    }
}

fn text(at: Option<jiff::Timestamp>) -> String {
    at.map_or_else(|| "never".to_owned(), |at| at.to_string())
}

/// Says what went wrong, with the word that pages somebody.
fn logged(doing: &'static str, outcome: Result<(), Trouble>) {
    if let Err(trouble) = outcome {
        if Overtaken::is(&trouble) {
            tracing::info!(doing, "another tick is quicker");
            return;
        }
        let cause = trouble.chain();
        tracing::error!(alarm = FAILED, doing, cause, "a part of a tick failed");
    }
}
