//! What may no longer be kept is removed.
//!
//! A schedule wakes this function every five minutes, and the Run table's stream
//! whenever somebody has asked for something that it does. Work is a run
//! ([`shared::run`]), and a tick moves it a step.

mod erasure;
mod resealing;

use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::{Value, json};
use shared::certificate::CertificateKey;
use shared::run;
use shared::service::Service;
use shared::settings::{SettingError, required};

/// How long a call begins new steps; the function itself has five minutes.
const TIME: SignedDuration = SignedDuration::from_mins(4);

/// What this function needs beyond what every function has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionSettings {
    /// The KMS key that signs certificates: an ARN or a key id.
    pub certificate_key: String,
}

impl RetentionSettings {
    /// Reads the settings through `variable`, which looks a name up.
    ///
    /// # Errors
    /// [`SettingError`] names the variable.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingError> {
        Ok(Self { certificate_key: required(&variable, "CERTIFICATE_KEY_ID")? })
    }
}

/// The function: its clients and its key.
pub struct Retention {
    service: Arc<Service>,
    certificates: CertificateKey,
}

impl Retention {
    /// Puts the parts together.
    #[must_use]
    pub fn new(service: Arc<Service>, certificates: CertificateKey) -> Self {
        Self { service, certificates }
    }

    /// Moves what is under way.
    ///
    /// # Errors
    /// When the event is neither a schedule's nor a stream's, or something was in
    /// trouble: it goes on at the next tick.
    pub async fn handle(&self, event: Value) -> Result<Value, lambda_runtime::Error> {
        let scheduled = event.get("detail-type").and_then(Value::as_str) == Some("Scheduled Event");
        if !scheduled && event.get("Records").is_none() {
            return Err("the event is neither a schedule's nor a stream's".into());
        }
        let until = self.service.clock.now() + TIME;
        for which in run::open(&self.service, run::Kind::Resealing).await? {
            let now = self.service.clock.now();
            if let Some(claim) = run::claim(&self.service, which, now).await? {
                resealing::go_on(&self.service, claim, until).await?;
            }
        }
        let moved = self.erasures(until).await;
        // What the stream brings is not lost when it fails: the schedule goes on
        // with it, and says so where it fails too.
        if scheduled {
            moved?;
        }
        Ok(json!({ "batchItemFailures": [] }))
    }
}
