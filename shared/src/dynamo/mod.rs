//! The few ways in which the domain speaks to DynamoDB.
//!
//! Nothing stands between: these are the SDK's own calls, with what every
//! caller would otherwise repeat. Leftover keys of a batch are read again,
//! pages are followed to their end, and the reasons of a cancelled
//! transaction become an answer the domain can act on.

pub mod keys;
mod transaction;

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeValue, DeleteRequest, KeysAndAttributes, PutRequest, WriteRequest,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use keys::Key;
pub use transaction::{Commit, Transaction, Write};

use crate::ambient::Chance;
use crate::trouble::Trouble;

/// An item as the SDK gives it.
pub type Item = HashMap<String, AttributeValue>;

/// DynamoDB's limit on the keys of one BatchGetItem.
pub(crate) const MOST_KEYS: usize = 100;
/// How often leftovers or conflicts are tried again before giving up.
pub const TRIES: u32 = 10;

/// Reads a row out of an item.
///
/// # Errors
/// [`Trouble::Damaged`] names the item's key.
pub fn row<T: DeserializeOwned>(item: Item) -> Result<T, Trouble> {
    let name =
        Key::of(&item).map_or_else(|| "an item without a key".to_owned(), |key| key.to_string());
    serde_dynamo::from_item(item).map_err(|why| Trouble::damaged(name, why))
}

/// Writes a row as an item.
///
/// # Errors
/// When the row holds something DynamoDB has no type for.
pub fn item<T: Serialize>(row: &T) -> Result<Item, Trouble> {
    serde_dynamo::to_item(row).map_err(|cause| Trouble::unavailable("writing an item", cause))
}

/// Reads up to 100 items of one table in one consistent request. What is not
/// there is not in the answer; leftover keys are asked for again.
///
/// # Errors
/// When DynamoDB fails or never hands the leftovers out.
pub async fn batch_get(
    client: &Client,
    table: &str,
    keys: &[Key],
    chance: &dyn Chance,
) -> Result<HashMap<Key, Item>, Trouble> {
    debug_assert!(keys.len() <= MOST_KEYS);
    let mut found = HashMap::with_capacity(keys.len());
    let asked = KeysAndAttributes::builder()
        .set_keys(Some(keys.iter().map(Key::to_item).collect()))
        .consistent_read(true)
        .build()
        .map_err(|cause| Trouble::unavailable("asking for items", cause))?;
    let mut left = HashMap::from([(table.to_owned(), asked)]);
    for attempt in 0..TRIES {
        let answer = client
            .batch_get_item()
            .set_request_items(Some(left))
            .send()
            .await
            .map_err(|cause| Trouble::unavailable("reading items", cause))?;
        for item in answer.responses.into_iter().flat_map(|tables| tables.into_values()).flatten() {
            if let Some(key) = Key::of(&item) {
                found.insert(key, item);
            }
        }
        left = answer.unprocessed_keys.unwrap_or_default();
        if left.is_empty() {
            return Ok(found);
        }
        pause(attempt, chance).await?;
    }
    Err(Trouble::unavailable("reading items", "DynamoDB left keys unread ten times"))
}

/// Reads one item, consistently.
///
/// # Errors
/// When DynamoDB fails.
pub async fn get(client: &Client, table: &str, key: &Key) -> Result<Option<Item>, Trouble> {
    client
        .get_item()
        .table_name(table)
        .set_key(Some(key.to_item()))
        .consistent_read(true)
        .send()
        .await
        .map(|answer| answer.item)
        .map_err(|cause| Trouble::unavailable("reading an item", cause))
}

/// Reads every item of a partition whose sort key begins with `prefix`, in
/// the order of that key.
///
/// # Errors
/// When DynamoDB fails.
pub async fn query(
    client: &Client,
    table: &str,
    pk: &str,
    prefix: &str,
    consistent: bool,
) -> Result<Vec<Item>, Trouble> {
    let mut items = Vec::new();
    let mut from = None;
    loop {
        let of = client.query().table_name(table);
        let of = of.expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()));
        // DynamoDB refuses an empty text in the place of a key, also as a beginning.
        let of = if prefix.is_empty() {
            of.key_condition_expression("pk = :pk")
        } else {
            of.key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()))
        };
        let answer = of
            .consistent_read(consistent)
            .set_exclusive_start_key(from)
            .send()
            .await
            .map_err(|cause| Trouble::unavailable("reading a list", cause))?;
        items.extend(answer.items.unwrap_or_default());
        from = answer.last_evaluated_key;
        if from.is_none() {
            return Ok(items);
        }
    }
}

/// Writes many items, 25 at a time as BatchWriteItem allows; leftovers are
/// written again. It overwrites: for things made once under fresh ids.
///
/// # Errors
/// When DynamoDB fails or never takes the leftovers.
pub async fn batch_put(
    client: &Client,
    table: &str,
    items: Vec<Item>,
    chance: &dyn Chance,
) -> Result<(), Trouble> {
    let mut requests = Vec::with_capacity(items.len());
    for item in items {
        let put = PutRequest::builder()
            .set_item(Some(item))
            .build()
            .map_err(|cause| Trouble::unavailable("writing items", cause))?;
        requests.push(WriteRequest::builder().put_request(put).build());
    }
    batch_write(client, table, &requests, chance).await
}

/// Deletes many items, 25 at a time as BatchWriteItem allows; leftovers are
/// deleted again. It has no conditions: for what must go in any case.
///
/// # Errors
/// When DynamoDB fails or never takes the leftovers.
pub async fn batch_delete(
    client: &Client,
    table: &str,
    keys: &[Key],
    chance: &dyn Chance,
) -> Result<(), Trouble> {
    let mut requests = Vec::with_capacity(keys.len());
    for key in keys {
        let delete = DeleteRequest::builder()
            .set_key(Some(key.to_item()))
            .build()
            .map_err(|cause| Trouble::unavailable("deleting items", cause))?;
        requests.push(WriteRequest::builder().delete_request(delete).build());
    }
    batch_write(client, table, &requests, chance).await
}

async fn batch_write(
    client: &Client,
    table: &str,
    requests: &[WriteRequest],
    chance: &dyn Chance,
) -> Result<(), Trouble> {
    for chunk in requests.chunks(25) {
        let mut left = HashMap::from([(table.to_owned(), chunk.to_vec())]);
        let mut attempt = 0;
        while !left.is_empty() {
            let answer = client
                .batch_write_item()
                .set_request_items(Some(left))
                .send()
                .await
                .map_err(|cause| Trouble::unavailable("writing items", cause))?;
            left = answer.unprocessed_items.unwrap_or_default();
            if !left.is_empty() {
                attempt += 1;
                if attempt == TRIES {
                    return Err(Trouble::unavailable(
                        "writing items",
                        "DynamoDB left items unwritten ten times",
                    ));
                }
                pause(attempt, chance).await?;
            }
        }
    }
    Ok(())
}

/// Waits before another attempt: up to 10 ms at first, doubling up to 640 ms,
/// drawn evenly so that those who collided do not meet again.
///
/// # Errors
/// When the system has no randomness to give.
pub async fn pause(attempt: u32, chance: &dyn Chance) -> Result<(), Trouble> {
    let mut byte = [0; 1];
    chance.fill(&mut byte)?;
    let ceiling = 10_u64 << attempt.min(6);
    let wait = ceiling * (u64::from(byte[0]) + 1) / 256;
    tokio::time::sleep(Duration::from_millis(wait)).await;
    Ok(())
}
