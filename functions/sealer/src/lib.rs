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
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use shared::audit::checkpoint::{self, AuditKey};
use shared::audit::leaf::Leaf;
use shared::ids::{OrganizationId, to_text};
use shared::service::Service;
use shared::settings::{SettingError, required};
use shared::trouble::Trouble;

pub use shared::audit::checkpoint::ALARM;
use stream::News;

/// So many organizations are sealed side by side.
const ABREAST: usize = 8;
/// What cannot be sealed for so long, while others can, is handed back no more:
/// all that comes behind it in the stream would wait with it.
const STUCK: SignedDuration = SignedDuration::from_hours(1);

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
        let outcomes: Vec<Outcome> = futures::stream::iter(organizations)
            .map(|(organization, news)| self.seal(organization, news))
            .buffer_unordered(ABREAST)
            .collect()
            .await;
        let any_sealed = outcomes.iter().any(|outcome| matches!(outcome, Outcome::Sealed));
        let failures: Vec<Value> = outcomes
            .into_iter()
            .filter_map(|outcome| handed_back(outcome, any_sealed, now))
            .map(|id| json!({ "itemIdentifier": id }))
            .collect();
        Ok(json!({ "batchItemFailures": failures }))
    }

    /// Seals one organization's news.
    async fn seal(&self, organization: OrganizationId, news: Vec<News>) -> Outcome {
        let first = news.first().map(|news| (news.sequence.clone(), news.created));
        let leaves: Vec<Leaf> = news.into_iter().map(|news| news.leaf).collect();
        match checkpoint::seal(&self.service, &self.key, organization, leaves).await {
            Ok(sealed) => {
                for sealed in sealed {
                    // The log is another witness: it names every checkpoint.
                    let (number, count) = (sealed.number, sealed.count);
                    let digest = to_text(&sealed.digest);
                    tracing::info!(%organization, number, count, digest, "sealed");
                }
                Outcome::Sealed
            }
            Err(trouble) => {
                let cause = trouble.chain();
                match (trouble, first) {
                    (Trouble::Unavailable { .. }, Some((sequence, since))) => {
                        tracing::error!(%organization, cause, "sealing is in trouble");
                        Outcome::InTrouble { organization, sequence, since }
                    }
                    // What is damaged stays damaged; verification names what lies unsealed.
                    _ => {
                        tracing::error!(alarm = ALARM, %organization, cause, "nothing can be sealed");
                        Outcome::Damaged
                    }
                }
            }
        }
    }
}

/// What became of one organization's news.
enum Outcome {
    Sealed,
    Damaged,
    /// They may be sealed another time.
    InTrouble {
        organization: OrganizationId,
        /// The first of them.
        sequence: String,
        since: Option<Timestamp>,
    },
}

/// From where the stream must come again, if it must: for what may succeed
/// another time, unless it alone has failed for too long.
fn handed_back(outcome: Outcome, any_sealed: bool, now: Timestamp) -> Option<String> {
    let Outcome::InTrouble { organization, sequence, since } = outcome else { return None };
    if any_sealed && since.is_some_and(|since| now.duration_since(since) > STUCK) {
        tracing::error!(alarm = ALARM, %organization, "given up: the others are sealed");
        return None;
    }
    Some(sequence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_organization_that_stays_in_trouble_does_not_hold_up_the_others_for_long() {
        let now: Timestamp = "2026-11-20T15:00:00Z".parse().unwrap();
        let back = |minutes: i64, any_sealed| {
            let outcome = Outcome::InTrouble {
                organization: OrganizationId::from_bytes([1; 16]),
                sequence: "7".into(),
                since: Some(now - SignedDuration::from_mins(minutes)),
            };
            handed_back(outcome, any_sealed, now).is_some()
        };
        assert!(back(59, true), "it may pass");
        assert!(!back(61, true));
        assert!(back(61, false), "while nothing can be sealed, nothing is given up");
        assert_eq!(handed_back(Outcome::Damaged, false, now), None);
    }
}
