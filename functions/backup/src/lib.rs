//! Backups that restore.
//!
//! A schedule wakes this function every five minutes. Nothing waits: each night
//! has a run ([`shared::run`]), and a tick moves it a step.

use std::sync::Arc;

use serde_json::{Value, json};
use shared::service::Service;

/// The function: its clients.
pub struct Backup {
    service: Arc<Service>,
}

impl Backup {
    /// Puts the parts together.
    #[must_use]
    pub fn new(service: Arc<Service>) -> Self {
        Self { service }
    }

    /// Moves what is under way.
    ///
    /// # Errors
    /// When the event is no schedule's.
    pub async fn handle(&self, event: Value) -> Result<Value, lambda_runtime::Error> {
        if event.get("detail-type").and_then(Value::as_str) != Some("Scheduled Event") {
            return Err("the event is not a schedule's".into());
        }
        let _ = &self.service;
        Ok(json!({}))
    }
}
