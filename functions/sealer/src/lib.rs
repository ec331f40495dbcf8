//! What was recorded becomes provable.
//!
//! The Audit table's stream wakes this function, at most once a minute while
//! little happens. For each organization with news it writes a checkpoint:
//! which records were written, which were removed because their time was over.
//! A record that was changed, removed before its time, or written long after
//! the time its id tells is noted in the checkpoint as well, and an error line
//! with [`ALARM`] in it is logged, which the template counts and watches.
//!
//! An event may come twice, late, or while another shard's is worked on: what
//! is sealed already is left out, and of two who want the same number one
//! reads again. Checkpoints themselves wake nothing when they are written.

mod stream;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::stream::StreamExt;
use serde_json::{Value, json};
use shared::audit::checkpoint::{self, AuditKey};
use shared::audit::leaf::Leaf;
use shared::ids::{OrganizationId, to_text};
use shared::service::Service;
use shared::settings::{SettingError, required};
use shared::trouble::Trouble;

pub use stream::ALARM;
use stream::News;

/// So many organizations are sealed side by side.
const ABREAST: usize = 8;

/// What the sealer needs beyond what every function has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealerSettings {
    /// The KMS key that authenticates checkpoints: an ARN or a key id.
    pub audit_key: String,
}

impl SealerSettings {
    /// Reads the settings through `variable`, which looks a name up.
    ///
    /// # Errors
    /// [`SettingError`] names the variable.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingError> {
        Ok(Self { audit_key: required(&variable, "AUDIT_KEY_ID")? })
    }
}

/// The function: its clients and its key.
pub struct Sealer {
    service: Arc<Service>,
    key: AuditKey,
}

impl Sealer {
    /// Puts the parts together.
    #[must_use]
    pub fn new(service: Arc<Service>, key: AuditKey) -> Self {
        Self { service, key }
    }

    /// Seals what a batch of the stream tells. Only what may succeed another
    /// time is handed back.
    ///
    /// # Errors
    /// When the event is no stream's.
    pub async fn handle(&self, event: Value) -> Result<Value, lambda_runtime::Error> {
        let Some(records) = event.get("Records").and_then(Value::as_array) else {
            return Err("the event is not a stream's".into());
        };
        let now = self.service.clock.now();
        let mut organizations: BTreeMap<OrganizationId, Vec<News>> = BTreeMap::new();
        for news in records.iter().filter_map(|record| stream::parse(record, now)) {
            organizations.entry(news.organization).or_default().push(news);
        }
        let failures: Vec<Option<String>> = futures::stream::iter(organizations)
            .map(|(organization, news)| self.seal(organization, news))
            .buffer_unordered(ABREAST)
            .collect()
            .await;
        let failures: Vec<Value> =
            failures.into_iter().flatten().map(|id| json!({ "itemIdentifier": id })).collect();
        Ok(json!({ "batchItemFailures": failures }))
    }

    /// Seals one organization's news; gives back the first of them when they
    /// must come again.
    async fn seal(&self, organization: OrganizationId, news: Vec<News>) -> Option<String> {
        let first = news.first().map(|news| news.sequence.clone());
        let leaves: Vec<Leaf> = news.into_iter().map(|news| news.leaf).collect();
        match checkpoint::seal(&self.service, &self.key, organization, leaves).await {
            Ok(sealed) => {
                for sealed in sealed {
                    // The log is another witness: it names every checkpoint.
                    let (number, count) = (sealed.number, sealed.count);
                    let digest = to_text(&sealed.digest);
                    tracing::info!(%organization, number, count, digest, "sealed");
                }
                None
            }
            Err(trouble) => {
                tracing::error!(%organization, cause = trouble.chain(), "sealing is in trouble");
                // What is damaged stays damaged; verification names what lies unsealed.
                first.filter(|_| matches!(trouble, Trouble::Unavailable { .. }))
            }
        }
    }
}
