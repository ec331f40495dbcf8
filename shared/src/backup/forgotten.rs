//! What a restore forgets of a table: its stream, when items expire, point in
//! time recovery, tags.
//!
//! DynamoDB restores items, indexes, billing and encryption; the rest has to be
//! put back. Kept's tables are billed by request, so there is no scaling to put
//! back, and its alarms watch logs, which no restore touches.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{
    ContinuousBackupsDescription, PointInTimeRecoverySpecification, PointInTimeRecoveryStatus,
    StreamSpecification, StreamViewType, TableDescription, TableStatus, Tag, TimeToLiveDescription,
    TimeToLiveSpecification, TimeToLiveStatus,
};

use crate::service::Service;
use crate::trouble::Trouble;

/// How many changes put everything back.
pub(super) const CHANGES: usize = 4;

/// What a restore forgets, as a table has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// What its stream shows, if it has one.
    pub stream: Option<String>,
    /// The attribute by which items expire, if they do.
    pub expiry: Option<String>,
    /// For how many days any moment can be brought back, if it can.
    pub recovery: Option<i32>,
    /// Its tags, but for those that only AWS may set.
    pub tags: BTreeMap<String, String>,
}

/// A table as it is described, and what a restore would forget of it.
struct Described {
    arn: String,
    status: Option<TableStatus>,
    has: Forgotten,
}

/// What a restore would forget of this table.
///
/// # Errors
/// When DynamoDB fails or there is no such table.
pub async fn of(service: &Service, table: &str) -> Result<Forgotten, Trouble> {
    Ok(describe(service, table).await?.has)
}

/// Makes one more change to a restored table until it has what is wanted;
/// whether it has, as DynamoDB describes it.
///
/// # Errors
/// When DynamoDB fails.
pub async fn put_back(service: &Service, table: &str, wanted: &Forgotten) -> Result<bool, Trouble> {
    let Described { arn, status, has } = describe(service, table).await?;
    if has == *wanted {
        return Ok(true);
    }
    // Each change takes its time, and a table takes one after the other.
    if status != Some(TableStatus::Active) {
        return Ok(false);
    }
    if has.stream != wanted.stream {
        set_stream(service, table, wanted.stream.as_deref()).await?;
    } else if has.expiry != wanted.expiry {
        set_expiry(service, table, has.expiry.as_deref(), wanted.expiry.as_deref()).await?;
    } else if has.recovery != wanted.recovery {
        set_recovery(service, table, wanted.recovery).await?;
    } else {
        set_tags(service, &arn, &wanted.tags).await?;
    }
    Ok(false)
}

/// Has a table refuse to be deleted. Restored ones are made without that, and a
/// drill's must do without.
///
/// # Errors
/// When DynamoDB fails.
pub async fn protect(service: &Service, table: &str) -> Result<(), Trouble> {
    let described = service.dynamo.describe_table().table_name(table).send().await;
    let described = described.map_err(|cause| Trouble::unavailable("looking at a table", cause))?;
    if described.table.and_then(|table| table.deletion_protection_enabled) == Some(true) {
        return Ok(());
    }
    let update = service.dynamo.update_table().table_name(table).deletion_protection_enabled(true);
    update.send().await.map_err(|cause| Trouble::unavailable("protecting a table", cause))?;
    Ok(())
}

/// Switches point in time recovery off, so that DynamoDB keeps no copy of the
/// table when it is removed: with it on, it would keep one for 35 days. Whether
/// it is off.
///
/// # Errors
/// When DynamoDB fails.
pub async fn let_go(service: &Service, table: &str) -> Result<bool, Trouble> {
    let has = describe(service, table).await?.has;
    if has.recovery.is_none() {
        return Ok(true);
    }
    set_recovery(service, table, None).await?;
    Ok(false)
}

async fn describe(service: &Service, table: &str) -> Result<Described, Trouble> {
    let dynamo = &service.dynamo;
    let described = dynamo.describe_table().table_name(table).send().await;
    let described = described.map_err(|cause| Trouble::unavailable("looking at a table", cause))?;
    let described =
        described.table.ok_or_else(|| Trouble::damaged(table, "it is not described"))?;
    let expiry = dynamo.describe_time_to_live().table_name(table).send().await;
    let expiry = expiry.map_err(|cause| Trouble::unavailable("looking at expiry", cause))?;
    let recovery = dynamo.describe_continuous_backups().table_name(table).send().await;
    let recovery = recovery.map_err(|cause| Trouble::unavailable("looking at recovery", cause))?;
    let arn = described.table_arn.clone().unwrap_or_default();
    let has = Forgotten {
        stream: stream(&described),
        expiry: expiry.time_to_live_description.and_then(attribute),
        recovery: recovery.continuous_backups_description.and_then(days),
        tags: tags(service, &arn).await?,
    };
    Ok(Described { arn, status: described.table_status, has })
}

fn stream(table: &TableDescription) -> Option<String> {
    let stream = table.stream_specification.as_ref().filter(|stream| stream.stream_enabled)?;
    stream.stream_view_type.as_ref().map(|shows| shows.as_str().to_owned())
}

fn attribute(expiry: TimeToLiveDescription) -> Option<String> {
    let on = [TimeToLiveStatus::Enabled, TimeToLiveStatus::Enabling];
    expiry.time_to_live_status.filter(|status| on.contains(status))?;
    expiry.attribute_name
}

fn days(continuous: ContinuousBackupsDescription) -> Option<i32> {
    let recovery = continuous.point_in_time_recovery_description?;
    let on = recovery.point_in_time_recovery_status == Some(PointInTimeRecoveryStatus::Enabled);
    // Where nothing is said, DynamoDB keeps as long as it can.
    on.then(|| recovery.recovery_period_in_days.unwrap_or(35))
}

async fn tags(service: &Service, arn: &str) -> Result<BTreeMap<String, String>, Trouble> {
    let mut found = BTreeMap::new();
    let mut from = None;
    loop {
        let answer = service
            .dynamo
            .list_tags_of_resource()
            .resource_arn(arn)
            .set_next_token(from)
            .send()
            .await
            .map_err(|cause| Trouble::unavailable("looking at tags", cause))?;
        let tags = answer.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value));
        found.extend(tags.filter(|(key, _)| !key.starts_with("aws:")));
        from = answer.next_token;
        if from.is_none() {
            return Ok(found);
        }
    }
}

async fn set_stream(service: &Service, table: &str, shows: Option<&str>) -> Result<(), Trouble> {
    let stream = StreamSpecification::builder()
        .stream_enabled(shows.is_some())
        .set_stream_view_type(shows.map(StreamViewType::from))
        .build()
        .map_err(|cause| Trouble::unavailable("asking for a stream", cause))?;
    let update = service.dynamo.update_table().table_name(table).stream_specification(stream);
    update.send().await.map_err(|cause| Trouble::unavailable("putting a stream back", cause))?;
    Ok(())
}

async fn set_expiry(
    service: &Service,
    table: &str,
    has: Option<&str>,
    wanted: Option<&str>,
) -> Result<(), Trouble> {
    let Some(attribute) = wanted.or(has) else { return Ok(()) };
    let expiry = TimeToLiveSpecification::builder()
        .enabled(wanted.is_some())
        .attribute_name(attribute)
        .build()
        .map_err(|cause| Trouble::unavailable("asking for expiry", cause))?;
    let update = service.dynamo.update_time_to_live().table_name(table);
    let update = update.time_to_live_specification(expiry).send().await;
    update.map_err(|cause| Trouble::unavailable("putting expiry back", cause))?;
    Ok(())
}

async fn set_recovery(service: &Service, table: &str, days: Option<i32>) -> Result<(), Trouble> {
    let recovery = PointInTimeRecoverySpecification::builder()
        .point_in_time_recovery_enabled(days.is_some())
        .set_recovery_period_in_days(days)
        .build()
        .map_err(|cause| Trouble::unavailable("asking for recovery", cause))?;
    let update = service.dynamo.update_continuous_backups().table_name(table);
    match update.point_in_time_recovery_specification(recovery).send().await {
        Ok(_) => Ok(()),
        // A new table is not ready for it at once: another tick asks again.
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|why| why.is_continuous_backups_unavailable_exception()) =>
        {
            Ok(())
        }
        Err(cause) => Err(Trouble::unavailable("putting recovery back", cause)),
    }
}

async fn set_tags(
    service: &Service,
    arn: &str,
    tags: &BTreeMap<String, String>,
) -> Result<(), Trouble> {
    let mut request = service.dynamo.tag_resource().resource_arn(arn);
    for (key, value) in tags {
        let tag = Tag::builder().key(key).value(value).build();
        request = request.tags(tag.map_err(|cause| Trouble::unavailable("tagging", cause))?);
    }
    request.send().await.map_err(|cause| Trouble::unavailable("putting tags back", cause))?;
    Ok(())
}
