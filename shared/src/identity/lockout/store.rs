//! Attempts in the Session table.
//!
//! A place is taken by one conditional write before anything is compared, so
//! that of any number of attempts at once no more are compared than there are
//! places.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use jiff::Timestamp;
use serde::Deserialize;

use super::Bucket;
use super::rules::{Limits, MEMORY, Standing, Tally};
use crate::dynamo::{self, Item, Key};
use crate::ids::OrganizationId;
use crate::service::Service;
use crate::trouble::Trouble;

/// Whether an attempt may be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It may, and is counted.
    Go(Attempt),
    /// It may not.
    Locked {
        /// Until when.
        until: Timestamp,
    },
}

/// An attempt that was admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// Which it is since somebody was right or a lock began, from 1: those
    /// before it failed.
    pub number: u32,
    /// The locks since somebody was right, without the one it began itself.
    pub locks: u32,
    /// The end of the lock that it began by taking the last place. Unless it is
    /// right, the owner is to be told.
    pub locked_until: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Row {
    attempts: u32,
    #[serde(default)]
    locked_times: u32,
    locked_until: Option<i64>,
    expires: i64,
}

/// Takes a place for an attempt at a username, given by its blind index.
///
/// # Errors
/// When DynamoDB fails: then nothing may be compared.
pub async fn admit(
    service: &Service,
    organization: OrganizationId,
    username: [u8; 16],
    bucket: Bucket,
    limits: &Limits,
    now: Timestamp,
) -> Result<Admission, Trouble> {
    let key = Key::tries(organization, username, &bucket.to_string());
    for attempt in 0..dynamo::TRIES {
        let tally = match take(service, &key, limits, now).await? {
            Changed::To(tally) => {
                let locked_until = match tally.attempts >= limits.failures() {
                    true => lock(service, &key, &tally, limits, now).await?,
                    false => None,
                };
                let (number, locks) = (tally.attempts, tally.locks);
                return Ok(Admission::Go(Attempt { number, locks, locked_until }));
            }
            Changed::Not(tally) => tally,
        };
        match tally.map(|tally| (tally.standing(limits, now), tally)) {
            Some((Standing::Locked(until), _)) => return Ok(Admission::Locked { until }),
            // Whoever took the last place was slower, or is no more.
            Some((Standing::Full, tally)) => {
                if let Some(until) = lock(service, &key, &tally, limits, now).await? {
                    return Ok(Admission::Locked { until });
                }
            }
            Some((Standing::Forgotten, tally)) => forget(service, &key, tally.expires).await?,
            Some((Standing::Free, _)) | None => {}
        }
        dynamo::pause(attempt, &*service.chance).await?;
    }
    Err(Trouble::unavailable("counting an attempt", "it changed under our hands ten times"))
}

/// What is counted in a bucket; `None` for nothing, or nothing that still counts.
///
/// # Errors
/// When DynamoDB fails.
pub async fn tally(
    service: &Service,
    organization: OrganizationId,
    username: [u8; 16],
    bucket: Bucket,
    now: Timestamp,
) -> Result<Option<Tally>, Trouble> {
    let key = Key::tries(organization, username, &bucket.to_string());
    let item = dynamo::get(&service.dynamo, &service.settings.tables.session, &key).await?;
    let tally = item.map(|item| read(&key, item)).transpose()?;
    Ok(tally.filter(|tally| tally.expires > now))
}

/// Forgets the attempts of a bucket: somebody was right, or set a new password.
///
/// # Errors
/// When DynamoDB fails.
pub async fn clear(
    service: &Service,
    organization: OrganizationId,
    username: [u8; 16],
    bucket: Bucket,
) -> Result<(), Trouble> {
    let key = Key::tries(organization, username, &bucket.to_string());
    service
        .dynamo
        .delete_item()
        .table_name(&service.settings.tables.session)
        .set_key(Some(key.to_item()))
        .send()
        .await
        .map(|_| ())
        .map_err(|cause| Trouble::unavailable("forgetting attempts", cause))
}

/// What a conditional write made of a tally, or found instead.
enum Changed {
    To(Tally),
    Not(Option<Tally>),
}

async fn take(
    service: &Service,
    key: &Key,
    limits: &Limits,
    now: Timestamp,
) -> Result<Changed, Trouble> {
    update(
        service,
        key,
        "SET attempts = if_not_exists(attempts, :none) + :one, expires = :expires",
        "attribute_not_exists(pk) OR (attempts < :limit AND expires > :now \
         AND (attribute_not_exists(locked_until) OR locked_until <= :now))",
        [
            (":none", 0),
            (":one", 1),
            (":expires", (now + MEMORY).as_second()),
            (":limit", i64::from(limits.failures())),
            (":now", now.as_second()),
        ],
    )
    .await
}

/// Locks a bucket whose places are all taken; until when, or `None` when it
/// was cleared meanwhile. However many do it at once, it is one lock.
async fn lock(
    service: &Service,
    key: &Key,
    full: &Tally,
    limits: &Limits,
    now: Timestamp,
) -> Result<Option<Timestamp>, Trouble> {
    let until = now + limits.lock(full.locks);
    let changed = update(
        service,
        key,
        "SET attempts = :none, locked_times = if_not_exists(locked_times, :none) + :one, \
         locked_until = :until, expires = :expires",
        "attempts >= :limit AND (attribute_not_exists(locked_until) OR locked_until <= :now)",
        [
            (":none", 0),
            (":one", 1),
            (":until", until.as_second()),
            (":expires", (until + MEMORY).as_second()),
            (":limit", i64::from(limits.failures())),
            (":now", now.as_second()),
        ],
    )
    .await?;
    let (Changed::To(tally) | Changed::Not(Some(tally))) = changed else { return Ok(None) };
    Ok(tally.locked_until.filter(|until| *until > now))
}

async fn update<const N: usize>(
    service: &Service,
    key: &Key,
    change: &str,
    condition: &str,
    values: [(&str, i64); N],
) -> Result<Changed, Trouble> {
    let mut request = service
        .dynamo
        .update_item()
        .table_name(&service.settings.tables.session)
        .set_key(Some(key.to_item()))
        .update_expression(change)
        .condition_expression(condition)
        .return_values(ReturnValue::AllNew)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    for (name, value) in values {
        request = request.expression_attribute_values(name, AttributeValue::N(value.to_string()));
    }
    match request.send().await {
        Ok(answer) => {
            let item = answer.attributes.unwrap_or_default();
            read(key, item).map(Changed::To)
        }
        Err(error) => match error.as_service_error() {
            Some(
                aws_sdk_dynamodb::operation::update_item::UpdateItemError::ConditionalCheckFailedException(
                    failed,
                ),
            ) => failed.item.clone().map(|item| read(key, item)).transpose().map(Changed::Not),
            _ => Err(Trouble::unavailable("counting an attempt", error)),
        },
    }
}

async fn forget(service: &Service, key: &Key, expires: Timestamp) -> Result<(), Trouble> {
    let deleted = service
        .dynamo
        .delete_item()
        .table_name(&service.settings.tables.session)
        .set_key(Some(key.to_item()))
        .condition_expression("expires = :read")
        .expression_attribute_values(":read", AttributeValue::N(expires.as_second().to_string()))
        .send()
        .await;
    match deleted {
        Ok(_) => Ok(()),
        Err(error)
            if error.as_service_error().is_some_and(
                aws_sdk_dynamodb::operation::delete_item::DeleteItemError::is_conditional_check_failed_exception,
            ) =>
        {
            Ok(())
        }
        Err(cause) => Err(Trouble::unavailable("forgetting attempts", cause)),
    }
}

fn read(key: &Key, item: Item) -> Result<Tally, Trouble> {
    let row: Row = dynamo::row(item)?;
    let moment = |second| {
        Timestamp::from_second(second)
            .map_err(|why| Trouble::damaged(format!("attempts {key}"), why))
    };
    Ok(Tally {
        attempts: row.attempts,
        locks: row.locked_times,
        locked_until: row.locked_until.map(moment).transpose()?,
        expires: moment(row.expires)?,
    })
}
