//! The names in addresses that erased organizations had.
//!
//! Links to an organization outlive it, in mails and on paper. So that nobody
//! signs up under an erased school's name and meets its parents, the name stays
//! taken for a while: as a blind index under the operator's key, since the name
//! itself is to be forgotten.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use super::rules::NAME_KEPT;
use crate::dynamo::{self, Item, Key, Write};
use crate::organization::WebName;
use crate::service::Service;
use crate::trouble::Trouble;
use crate::vault::OrganizationKeys;

fn key(operator: &OrganizationKeys, web_name: &WebName) -> Key {
    Key::retired_name(operator.blind(b"web name", web_name.as_str().as_bytes()))
}

/// The write by which a name stays taken.
pub(super) fn retiring(
    service: &Service,
    operator: &OrganizationKeys,
    web_name: &WebName,
    now: Timestamp,
) -> Result<Write, Trouble> {
    let mut item: Item = key(operator, web_name).to_item();
    let until = now.checked_add(NAME_KEPT).unwrap_or(Timestamp::MAX);
    item.insert("kept_until".into(), AttributeValue::N(until.as_second().to_string()));
    let anything = "attribute_exists(pk) OR attribute_not_exists(pk)";
    Write::put(&service.settings.tables.schedule, item, anything, [])
}

/// Whether a name is still taken by an organization that was erased.
///
/// # Errors
/// When DynamoDB fails.
pub async fn is_retired(
    service: &Service,
    operator: &OrganizationKeys,
    web_name: &WebName,
    now: Timestamp,
) -> Result<bool, Trouble> {
    let table = &service.settings.tables.schedule;
    let item = dynamo::get(&service.dynamo, table, &key(operator, web_name)).await?;
    let until = item.as_ref().and_then(|item| item.get("kept_until")?.as_n().ok());
    Ok(until.and_then(|until| until.parse().ok()).is_some_and(|until: i64| now.as_second() < until))
}

/// What holds a transaction to a name that nobody keeps: it is lost when an
/// organization that had the name was erased and its name is still kept.
///
/// # Errors
/// When the SDK refuses to build the request.
pub fn checking(
    service: &Service,
    operator: &OrganizationKeys,
    web_name: &WebName,
    now: Timestamp,
) -> Result<Write, Trouble> {
    Write::check(
        &service.settings.tables.schedule,
        &key(operator, web_name),
        "attribute_not_exists(pk) OR kept_until <= :now",
        [(":now", AttributeValue::N(now.as_second().to_string()))],
    )
}
