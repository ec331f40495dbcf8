//! EventBridge's default bus: events go to the functions whose rules match.

use crate::account::{ACCOUNT, REGION, fresh_id};
use crate::functions::Hosted;
use crate::template::Rule;
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::ambient::SystemChance;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Lambda tries an asynchronous call twice more.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];

/// The bus. Functions subscribe once they exist; they need SES for that, and
/// SES needs the bus.
#[derive(Default)]
pub(crate) struct Bus {
    rules: OnceLock<Vec<(Rule, Arc<Hosted>)>>,
    in_flight: AtomicUsize,
}

impl Bus {
    pub(crate) fn subscribe(&self, rules: Vec<(Rule, Arc<Hosted>)>) {
        // Said once, at the start.
        let _ = self.rules.set(rules);
    }

    /// Delivers an event, soon and by itself.
    pub(crate) fn put(self: &Arc<Self>, event: Value) {
        for (rule, function) in self.rules.get().into_iter().flatten() {
            if !rule.pattern.matches(&event) {
                continue;
            }
            let handed_on = match &rule.transformer {
                None => Some(event.clone()),
                Some(transformer) => transformer.apply(&event),
            };
            match handed_on {
                Some(event) => self.invoke(Arc::clone(function), event),
                None => tracing::error!(rule = rule.name, "an event lacks what its rule hands on"),
            }
        }
    }

    /// Calls a function as Lambda does asynchronously: with two more tries.
    pub(crate) fn invoke(self: &Arc<Self>, function: Arc<Hosted>, event: Value) {
        self.in_flight.fetch_add(1, Ordering::SeqCst);
        let bus = Arc::clone(self);
        tokio::spawn(async move {
            let mut pauses = PAUSES.iter();
            while let Err(problem) = function.event(event.clone()).await {
                let function = function.name();
                let Some(pause) = pauses.next() else {
                    tracing::error!(function, problem, "an event was given up");
                    break;
                };
                tracing::warn!(function, problem, "an event will be tried again");
                tokio::time::sleep(*pause).await;
            }
            bus.in_flight.fetch_sub(1, Ordering::SeqCst);
        });
    }

    /// Whether everything put so far was delivered or given up.
    pub(crate) fn is_idle(&self) -> bool {
        self.in_flight.load(Ordering::SeqCst) == 0
    }
}

/// The envelope that every event comes in.
pub(crate) fn event(
    source: &str,
    kind: &str,
    at: Timestamp,
    resources: &[String],
    detail: Value,
) -> Value {
    json!({
        "version": "0",
        "id": fresh_id(&SystemChance).unwrap_or_default(),
        "detail-type": kind,
        "source": source,
        "account": ACCOUNT,
        "time": at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "region": REGION,
        "resources": resources,
        "detail": detail,
    })
}
