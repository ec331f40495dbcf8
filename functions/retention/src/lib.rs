//! What may no longer be kept is removed.
//!
//! A schedule wakes this function every five minutes, and the Run table's stream
//! whenever somebody has asked for something that it does. Work is a run
//! ([`shared::run`]), and a tick moves it a step.

mod deletion;
mod erasure;
mod resealing;
mod retention;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared::certificate::CertificateKey;
use shared::ids::OrganizationId;
use shared::run::{self, Claim, Kind, Overtaken, Progress, Which};
use shared::service::Service;
use shared::settings::{SettingError, required};
use shared::trouble::Trouble;

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

/// How long a tick may begin new steps; the function itself has five minutes.
const TIME: SignedDuration = SignedDuration::from_secs(200);

/// The kinds of work that this function moves, in the order of their haste.
const KINDS: [Kind; 4] = [Kind::Erasure, Kind::Deletion, Kind::Retention, Kind::Resealing];

/// The function: its clients and its key.
pub struct Retention {
    service: Arc<Service>,
    certificates: CertificateKey,
    /// When each organization's next night comes, as far as this process knows.
    nights: Mutex<HashMap<OrganizationId, Timestamp>>,
}

/// How long a tick goes on.
#[derive(Debug, Clone, Copy)]
struct Tick {
    until: Timestamp,
}

impl Retention {
    /// Puts the parts together.
    #[must_use]
    pub fn new(service: Arc<Service>, certificates: CertificateKey) -> Self {
        Self { service, certificates, nights: Mutex::default() }
    }

    /// Moves what is under way.
    ///
    /// # Errors
    /// When the event is neither a schedule's nor a stream's, the work under way
    /// could not be found, or something that a schedule moves was in trouble: it
    /// goes on at the next tick, and an alarm counts such ticks.
    pub async fn handle(&self, event: Value) -> Result<Value, lambda_runtime::Error> {
        let scheduled = event.get("detail-type").and_then(Value::as_str) == Some("Scheduled Event");
        if !scheduled && event.get("Records").is_none() {
            return Err("the event is neither a schedule's nor a stream's".into());
        }
        let tick = Tick { until: self.service.clock.now() + TIME };
        if scheduled {
            self.begin_nights(tick).await?;
        }
        let mut in_trouble = None;
        for kind in KINDS {
            for which in run::open(&self.service, kind).await? {
                if self.late(tick) {
                    break;
                }
                // One run's trouble keeps no other from going on: the next tick
                // takes its step again.
                if let Err(trouble) = self.work(which, tick).await {
                    if Overtaken::is(&trouble) {
                        tracing::info!(run = %which.id, "another tick is quicker");
                        continue;
                    }
                    tracing::error!(organization = %which.organization, run = %which.id, kind = kind.word(), cause = trouble.chain(), "a run is in trouble");
                    in_trouble = Some(trouble);
                }
            }
        }
        // What the stream brings is not lost when it fails: the schedule goes on
        // with it.
        if let Some(trouble) = in_trouble.filter(|_| scheduled) {
            return Err(trouble.into());
        }
        Ok(json!({ "batchItemFailures": [] }))
    }

    async fn work(&self, which: Which, tick: Tick) -> Result<(), Trouble> {
        match which.kind {
            Kind::Deletion => self.deletion(which, tick).await,
            Kind::Retention => self.night(which, tick).await,
            Kind::Erasure => self.erasure(which, tick).await,
            Kind::Resealing => self.resealing(which, tick).await,
            // Another function's.
            Kind::Backup | Kind::Drill => Ok(()),
        }
    }

    fn late(&self, tick: Tick) -> bool {
        self.service.clock.now() >= tick.until
    }

    /// Claims a run and takes its steps, at most so many, until it ends or the
    /// tick is over. Somebody else's claim is respected.
    async fn advance<S: Serialize + DeserializeOwned>(
        &self,
        which: Which,
        (tick, most): (Tick, usize),
        step: impl AsyncFn(&Service, &mut Claim<S>) -> Result<Progress, Trouble>,
    ) -> Result<(), Trouble> {
        let service = &*self.service;
        let Some(mut claim) = run::claim(service, which, service.clock.now()).await? else {
            return Ok(());
        };
        for _ in 0..most {
            if self.late(tick) {
                break;
            }
            match step(service, &mut claim).await? {
                Progress::More => {}
                Progress::Later => break,
                Progress::Ended => return claim.end(service, service.clock.now()).await,
            }
        }
        claim.put_down(service, service.clock.now()).await
    }
}
