//! Refusals, worded as DynamoDB words them.

use serde_json::{Value, json};
use std::fmt::Display;

/// Why a call is not answered: its status and its body.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) body: Value,
}

impl Refusal {
    pub(super) fn new(kind: &str, message: impl Display) -> Self {
        let kind = format!("com.amazonaws.dynamodb.v20120810#{kind}");
        Self { status: 400, body: json!({"__type": kind, "message": message.to_string()}) }
    }

    pub(super) fn validation(message: &str) -> Self {
        let message = message.trim_start_matches("VALIDATION:");
        let body = json!({
            "__type": "com.amazon.coral.validate#ValidationException",
            "message": message,
        });
        Self { status: 400, body }
    }

    pub(super) fn internal(problem: impl Display) -> Self {
        Self { status: 500, ..Self::new("InternalServerError", problem) }
    }

    pub(super) fn no_table(name: &str) -> Self {
        Self::new("TableNotFoundException", format!("Table not found: {name}"))
    }

    pub(super) fn table_exists(name: &str) -> Self {
        Self::new("TableAlreadyExistsException", format!("Table already exists: {name}"))
    }

    pub(super) fn no_backup(arn: &str) -> Self {
        Self::new("BackupNotFoundException", format!("Backup not found: {arn}"))
    }

    pub(super) fn backup_in_use(arn: &str) -> Self {
        Self::new("BackupInUseException", format!("Backup is being used by another action: {arn}"))
    }

    pub(super) fn table_in_use(name: &str) -> Self {
        Self::new("TableInUseException", format!("Table is being created or deleted: {name}"))
    }
}

impl From<dynoxide::DynoxideError> for Refusal {
    fn from(error: dynoxide::DynoxideError) -> Self {
        let status = error.status_code();
        let body = serde_json::from_str(&error.to_json()).unwrap_or_default();
        Self { status, body }
    }
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        Self::internal(error)
    }
}
