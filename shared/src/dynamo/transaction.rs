//! One TransactWriteItems and what became of it.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem, Update,
};

use super::{Item, Key, TRIES, pause};
use crate::ambient::Chance;
use crate::trouble::Trouble;

/// What became of a transaction that DynamoDB answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commit {
    /// All of it is written.
    Committed,
    /// A condition did not hold: somebody else was first. Nothing is written;
    /// read again and decide again.
    Lost,
    /// DynamoDB was too busy or two transactions met. Nothing is written; the
    /// same transaction may succeed in a moment.
    Busy,
}

/// One write of a transaction, with the condition under which it may happen.
#[derive(Debug, Clone)]
pub struct Write {
    write: TransactWriteItem,
}

impl Write {
    /// Writes an item whose key nobody has used.
    ///
    /// # Errors
    /// When the SDK refuses to build the request.
    pub fn create(table: &str, item: Item) -> Result<Self, Trouble> {
        Self::put(table, item, "attribute_not_exists(pk)", [])
    }

    /// Replaces an item under a condition.
    ///
    /// # Errors
    /// When the SDK refuses to build the request.
    pub fn put<const N: usize>(
        table: &str,
        item: Item,
        condition: &str,
        values: [(&str, AttributeValue); N],
    ) -> Result<Self, Trouble> {
        let mut put =
            Put::builder().table_name(table).set_item(Some(item)).condition_expression(condition);
        for (name, value) in values {
            put = put.expression_attribute_values(name, value);
        }
        let put = put.build().map_err(|cause| Trouble::unavailable("preparing a write", cause))?;
        Ok(Self { write: TransactWriteItem::builder().put(put).build() })
    }

    /// Changes attributes of an item under a condition. `names` stands in for
    /// attribute names that DynamoDB reserves.
    ///
    /// # Errors
    /// When the SDK refuses to build the request.
    pub fn update<const N: usize, const M: usize>(
        table: &str,
        key: &Key,
        change: &str,
        condition: &str,
        names: [(&str, &str); M],
        values: [(&str, AttributeValue); N],
    ) -> Result<Self, Trouble> {
        let mut update = Update::builder()
            .table_name(table)
            .set_key(Some(key.to_item()))
            .update_expression(change)
            .condition_expression(condition);
        for (name, value) in names {
            update = update.expression_attribute_names(name, value);
        }
        for (name, value) in values {
            update = update.expression_attribute_values(name, value);
        }
        let update =
            update.build().map_err(|cause| Trouble::unavailable("preparing a write", cause))?;
        Ok(Self { write: TransactWriteItem::builder().update(update).build() })
    }

    /// Deletes an item under a condition.
    ///
    /// # Errors
    /// When the SDK refuses to build the request.
    pub fn delete<const N: usize>(
        table: &str,
        key: &Key,
        condition: &str,
        values: [(&str, AttributeValue); N],
    ) -> Result<Self, Trouble> {
        let mut delete = Delete::builder()
            .table_name(table)
            .set_key(Some(key.to_item()))
            .condition_expression(condition);
        for (name, value) in values {
            delete = delete.expression_attribute_values(name, value);
        }
        let delete =
            delete.build().map_err(|cause| Trouble::unavailable("preparing a write", cause))?;
        Ok(Self { write: TransactWriteItem::builder().delete(delete).build() })
    }

    /// Deletes an item if it is there.
    ///
    /// # Errors
    /// When the SDK refuses to build the request.
    pub fn remove(table: &str, key: &Key) -> Result<Self, Trouble> {
        let delete = Delete::builder()
            .table_name(table)
            .set_key(Some(key.to_item()))
            .build()
            .map_err(|cause| Trouble::unavailable("preparing a write", cause))?;
        Ok(Self { write: TransactWriteItem::builder().delete(delete).build() })
    }

    /// Writes nothing; the transaction is lost where the condition does not hold.
    ///
    /// # Errors
    /// When the SDK refuses to build the request.
    pub fn check<const N: usize>(
        table: &str,
        key: &Key,
        condition: &str,
        values: [(&str, AttributeValue); N],
    ) -> Result<Self, Trouble> {
        let mut check = ConditionCheck::builder()
            .table_name(table)
            .set_key(Some(key.to_item()))
            .condition_expression(condition);
        for (name, value) in values {
            check = check.expression_attribute_values(name, value);
        }
        let check =
            check.build().map_err(|cause| Trouble::unavailable("preparing a write", cause))?;
        Ok(Self { write: TransactWriteItem::builder().condition_check(check).build() })
    }
}

impl Write {
    /// Commits these writes together, again for as long as DynamoDB is only
    /// busy. `false` when a condition did not hold.
    ///
    /// # Errors
    /// As [`Transaction::commit`], and when DynamoDB stays busy.
    pub async fn commit_all(
        writes: &[Self],
        client: &Client,
        chance: &dyn Chance,
    ) -> Result<bool, Trouble> {
        for attempt in 0..TRIES {
            let mut transaction = Transaction::default();
            transaction.extend(writes.iter().cloned());
            match transaction.commit(client).await? {
                Commit::Committed => return Ok(true),
                Commit::Lost => return Ok(false),
                Commit::Busy => pause(attempt, chance).await?,
            }
        }
        Err(Trouble::unavailable("committing a transaction", "DynamoDB stayed busy"))
    }
}

/// Writes that happen together or not at all.
#[derive(Debug, Default)]
pub struct Transaction {
    writes: Vec<TransactWriteItem>,
}

impl Transaction {
    /// Adds a write.
    pub fn push(&mut self, write: Write) {
        self.writes.push(write.write);
    }

    /// Adds several writes.
    pub fn extend(&mut self, writes: impl IntoIterator<Item = Write>) {
        self.writes.extend(writes.into_iter().map(|write| write.write));
    }

    /// How many items it touches: each costs two write units.
    #[must_use]
    pub fn len(&self) -> usize {
        self.writes.len()
    }

    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// Commits it.
    ///
    /// # Errors
    /// [`Trouble::Unavailable`] when DynamoDB's answer never came: then the
    /// outcome is unknown, and only reading again tells.
    pub async fn commit(self, client: &Client) -> Result<Commit, Trouble> {
        let items = self.writes.len();
        let error = match client
            .transact_write_items()
            .set_transact_items(Some(self.writes))
            .send()
            .await
        {
            Ok(_) => {
                tracing::debug!(items, "committed");
                return Ok(Commit::Committed);
            }
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                let mut codes =
                    cancelled.cancellation_reasons().iter().filter_map(|reason| reason.code());
                if codes.clone().any(|code| code == "ConditionalCheckFailed") {
                    return Ok(Commit::Lost);
                }
                let passing =
                    ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];
                if codes.any(|code| passing.contains(&code)) {
                    return Ok(Commit::Busy);
                }
            }
            Some(
                TransactWriteItemsError::TransactionInProgressException(_)
                | TransactWriteItemsError::ProvisionedThroughputExceededException(_)
                | TransactWriteItemsError::RequestLimitExceeded(_)
                | TransactWriteItemsError::ThrottlingException(_),
            ) => return Ok(Commit::Busy),
            _ => {}
        }
        Err(Trouble::unavailable("committing a transaction", error))
    }
}
