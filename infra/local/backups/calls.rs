//! Which calls are answered here, and what is read out of their bodies.

use super::refusal::Refusal;
use super::{Backups, at_home};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;

/// What a call is answered with.
pub(super) type Reply = Result<Value, Refusal>;

/// Calls that the engine does not know.
const OWN: [&str; 8] = [
    "CreateBackup",
    "DescribeBackup",
    "ListBackups",
    "DeleteBackup",
    "RestoreTableFromBackup",
    "RestoreTableToPointInTime",
    "DescribeContinuousBackups",
    "UpdateContinuousBackups",
];

/// Calls that a table which is still being restored refuses.
const OF_A_WHOLE_TABLE: [&str; 12] = [
    "GetItem",
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "Query",
    "Scan",
    "BatchGetItem",
    "BatchWriteItem",
    "TransactWriteItems",
    "UpdateTable",
    "DeleteTable",
    "UpdateTimeToLive",
];

/// Calls whose replies describe a table.
const DESCRIBING: [&str; 4] = ["DescribeTable", "CreateTable", "UpdateTable", "DeleteTable"];

impl Backups {
    /// Whether [`Backups::answer`] may have an answer: everything else need not
    /// wait for a thread.
    pub(crate) fn cares(&self, operation: &str) -> bool {
        OWN.contains(&operation) || !self.is_idle() && OF_A_WHOLE_TABLE.contains(&operation)
    }

    /// Whether [`Backups::amend`] changes the engine's reply.
    pub(crate) fn amends(&self, operation: &str) -> bool {
        DESCRIBING.contains(&operation)
    }

    /// Status and body of the answer; `None` when the engine is to answer.
    pub(crate) fn answer(self: &Arc<Self>, operation: &str, body: &[u8]) -> Option<(u16, Value)> {
        let reply = match operation {
            "CreateBackup" => self.create(body),
            "DescribeBackup" => self.describe_backup(body),
            "ListBackups" => self.list(body),
            "DeleteBackup" => self.delete(body),
            "RestoreTableFromBackup" => self.restore_from_backup(body),
            "RestoreTableToPointInTime" => self.restore_to_moment(body),
            "DescribeContinuousBackups" => self.describe_recovery(body),
            "UpdateContinuousBackups" => self.update_recovery(body),
            _ => return self.refusal_while_restoring(operation, body),
        };
        Some(match reply {
            Ok(body) => (200, body),
            Err(refusal) => (refusal.status, refusal.body),
        })
    }

    /// The engine's reply about a table, with what only we know of it.
    pub(crate) fn amend(&self, operation: &str, body: &[u8], reply: Vec<u8>) -> Vec<u8> {
        let (Ok(asked), Ok(mut answer)) =
            (read::<OfTable>(body), serde_json::from_slice::<Value>(&reply))
        else {
            return reply;
        };
        let field = if operation == "DescribeTable" { "Table" } else { "TableDescription" };
        let amended = match operation {
            "DeleteTable" => self.notes.forget(name_of(&asked.table_name)),
            _ => self.describe_restored(name_of(&asked.table_name), &mut answer[field]),
        };
        if let Err(problem) = amended {
            tracing::error!(%problem, "what is known of a table beside the engine is out of reach");
        }
        at_home(&answer.to_string()).into_bytes()
    }

    /// Nobody gets at a table that is not whole.
    fn refusal_while_restoring(&self, operation: &str, body: &[u8]) -> Option<(u16, Value)> {
        let asked: Value = serde_json::from_slice(body).ok()?;
        let restored = self.notes.all_restored().ok()?;
        let mut half = restored.iter().filter(|restored| !restored.whole);
        let named = half.find(|restored| names(&asked, &restored.table))?;
        let refusal = match operation {
            "UpdateTable" | "DeleteTable" | "UpdateTimeToLive" => Refusal::new(
                "ResourceInUseException",
                format!(
                    "Attempt to change a resource which is still in use: Table is being created: {}",
                    named.table
                ),
            ),
            _ => Refusal::new("ResourceNotFoundException", "Requested resource not found"),
        };
        Some((refusal.status, refusal.body))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OfTable {
    table_name: String,
}

/// Whether a request speaks of this table: in its own field, as a batch's key or
/// in one of a transaction's parts.
fn names(request: &Value, table: &str) -> bool {
    match request {
        Value::Object(fields) => fields.iter().any(|(field, value)| match field.as_str() {
            "TableName" => value.as_str().is_some_and(|named| name_of(named) == table),
            "RequestItems" => value.get(table).is_some(),
            "TransactItems" => names(value, table),
            "Put" | "Update" | "Delete" | "ConditionCheck" => names(value, table),
            _ => false,
        }),
        Value::Array(parts) => parts.iter().any(|part| names(part, table)),
        _ => false,
    }
}

/// A request, or the refusal of one that lacks what it must have.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body)
        .map_err(|error| Refusal::validation(&format!("1 validation error detected: {error}")))
}

/// The name of a table that is given by name or by ARN.
pub(super) fn name_of(table: &str) -> &str {
    match table.split_once(":table/") {
        Some((_, rest)) => rest.split('/').next().unwrap_or(rest),
        None => table,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_request_names_its_tables_wherever_they_stand() {
        assert!(names(&json!({"TableName": "a"}), "a"));
        assert!(names(&json!({"TableName": "arn:aws:dynamodb:r:1:table/a"}), "a"));
        assert!(names(&json!({"RequestItems": {"a": []}}), "a"));
        assert!(names(&json!({"TransactItems": [{"Put": {"TableName": "a"}}]}), "a"));
        assert!(!names(&json!({"TableName": "b", "Item": {"TableName": {"S": "a"}}}), "a"));
    }
}
