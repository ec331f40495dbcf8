//! Backups and the tables they are restored into, as DynamoDB knows them.

use aws_sdk_dynamodb::config::Config;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::types::{BackupStatus, BackupTypeFilter, TableStatus};
use jiff::Timestamp;

use super::Name;
use crate::service::Service;
use crate::settings::Table;
use crate::trouble::Trouble;

/// A backup of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// What it is called.
    pub name: Name,
    /// What DynamoDB calls it.
    pub arn: String,
    /// When it was asked for.
    pub taken: Timestamp,
    /// Whether it can be restored by now.
    pub available: bool,
    /// How large it is, once DynamoDB says so.
    pub bytes: u64,
    /// How many items the table had, as DynamoDB counts them every six hours.
    pub items: u64,
}

/// Asks for a backup; its ARN. It is asked once: who got no answer looks for
/// one of that name before asking again, or there would be two.
///
/// # Errors
/// When DynamoDB fails or refuses.
pub async fn ask(service: &Service, name: Name) -> Result<String, Trouble> {
    let answer = service
        .dynamo
        .create_backup()
        .table_name(service.settings.tables.name(name.table))
        .backup_name(name.to_string())
        .customize()
        .config_override(Config::builder().retry_config(RetryConfig::disabled()))
        .send()
        .await
        .map_err(|cause| Trouble::unavailable("asking for a backup", cause))?;
    answer
        .backup_details
        .map(|details| details.backup_arn)
        .ok_or_else(|| Trouble::unavailable("asking for a backup", "DynamoDB named none"))
}

/// The backups of a table that are ours, the oldest first. Sizes and counts of
/// items are as far as the list tells them.
///
/// # Errors
/// When DynamoDB fails.
pub async fn list(service: &Service, table: Table) -> Result<Vec<Backup>, Trouble> {
    let mut found = Vec::new();
    let mut from = None;
    loop {
        let answer = service
            .dynamo
            .list_backups()
            .table_name(service.settings.tables.name(table))
            .backup_type(BackupTypeFilter::User)
            .set_exclusive_start_backup_arn(from)
            .send()
            .await
            .map_err(|cause| Trouble::unavailable("listing backups", cause))?;
        for one in answer.backup_summaries.unwrap_or_default() {
            let name = one.backup_name.as_deref().and_then(Name::parse);
            let name = name.filter(|name| name.table == table);
            let taken =
                one.backup_creation_date_time.and_then(|at| Timestamp::from_second(at.secs()).ok());
            let deleted = one.backup_status == Some(BackupStatus::Deleted);
            if let (Some(name), Some(arn), Some(taken), false) =
                (name, one.backup_arn, taken, deleted)
            {
                let available = one.backup_status == Some(BackupStatus::Available);
                let bytes = one.backup_size_bytes.and_then(|bytes| u64::try_from(bytes).ok());
                let bytes = bytes.unwrap_or_default();
                found.push(Backup { name, arn, taken, available, bytes, items: 0 });
            }
        }
        from = answer.last_evaluated_backup_arn;
        if from.is_none() {
            found.sort_by(|one, other| (one.taken, &one.arn).cmp(&(other.taken, &other.arn)));
            return Ok(found);
        }
    }
}

/// A backup as it is now; `None` when it is gone.
///
/// # Errors
/// When DynamoDB fails.
pub async fn describe(service: &Service, name: Name, arn: &str) -> Result<Option<Backup>, Trouble> {
    let answer = match service.dynamo.describe_backup().backup_arn(arn).send().await {
        Ok(answer) => answer,
        Err(error)
            if error.as_service_error().is_some_and(|why| why.is_backup_not_found_exception()) =>
        {
            return Ok(None);
        }
        Err(cause) => return Err(Trouble::unavailable("looking at a backup", cause)),
    };
    let Some(description) = answer.backup_description else { return Ok(None) };
    let Some(details) = description.backup_details else { return Ok(None) };
    if details.backup_status == BackupStatus::Deleted {
        return Ok(None);
    }
    let count = |number: Option<i64>| number.and_then(|it| u64::try_from(it).ok());
    let items = description.source_table_details.and_then(|table| count(table.item_count));
    let taken = Timestamp::from_second(details.backup_creation_date_time.secs())
        .map_err(|why| Trouble::damaged(format!("backup {name}"), why))?;
    Ok(Some(Backup {
        name,
        arn: arn.to_owned(),
        taken,
        available: details.backup_status == BackupStatus::Available,
        bytes: count(details.backup_size_bytes).unwrap_or_default(),
        items: items.unwrap_or_default(),
    }))
}

/// Removes a backup; one that is gone already is.
///
/// # Errors
/// When DynamoDB fails.
pub async fn delete(service: &Service, arn: &str) -> Result<(), Trouble> {
    match service.dynamo.delete_backup().backup_arn(arn).send().await {
        Ok(_) => Ok(()),
        Err(error)
            if error.as_service_error().is_some_and(|why| why.is_backup_not_found_exception()) =>
        {
            Ok(())
        }
        Err(cause) => Err(Trouble::unavailable("removing a backup", cause)),
    }
}

/// Asks that a backup be restored into a new table of this name; one that is
/// being restored already is.
///
/// # Errors
/// When DynamoDB fails or refuses.
pub async fn restore(service: &Service, arn: &str, into: &str) -> Result<(), Trouble> {
    let asked =
        service.dynamo.restore_table_from_backup().backup_arn(arn).target_table_name(into).send();
    match asked.await {
        Ok(_) => Ok(()),
        Err(error)
            if error.as_service_error().is_some_and(|why| {
                why.is_table_already_exists_exception() || why.is_table_in_use_exception()
            }) =>
        {
            Ok(())
        }
        Err(cause) => Err(Trouble::unavailable("restoring a backup", cause)),
    }
}

/// How a table stands; `None` when there is none.
///
/// # Errors
/// When DynamoDB fails.
pub async fn table_status(service: &Service, name: &str) -> Result<Option<TableStatus>, Trouble> {
    match service.dynamo.describe_table().table_name(name).send().await {
        Ok(answer) => Ok(answer.table.and_then(|table| table.table_status)),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|why| why.is_resource_not_found_exception()) =>
        {
            Ok(None)
        }
        Err(cause) => Err(Trouble::unavailable("looking at a table", cause)),
    }
}

/// From which backup a table was restored, if it was.
///
/// # Errors
/// When DynamoDB fails or there is no such table.
pub async fn restored_from(service: &Service, name: &str) -> Result<Option<String>, Trouble> {
    let answer = service.dynamo.describe_table().table_name(name).send().await;
    let answer = answer.map_err(|cause| Trouble::unavailable("looking at a table", cause))?;
    Ok(answer.table.and_then(|table| table.restore_summary?.source_backup_arn))
}

/// The names of the tables that begin so.
///
/// # Errors
/// When DynamoDB fails.
pub async fn tables_named(service: &Service, prefix: &str) -> Result<Vec<String>, Trouble> {
    let mut found = Vec::new();
    let mut from = None;
    loop {
        let answer = service
            .dynamo
            .list_tables()
            .set_exclusive_start_table_name(from)
            .send()
            .await
            .map_err(|cause| Trouble::unavailable("listing tables", cause))?;
        let names = answer.table_names.unwrap_or_default();
        found.extend(names.into_iter().filter(|name| name.starts_with(prefix)));
        from = answer.last_evaluated_table_name;
        if from.is_none() {
            return Ok(found);
        }
    }
}

/// Asks that a table be removed; whether it is gone by now.
///
/// # Errors
/// When DynamoDB fails.
pub async fn remove_table(service: &Service, name: &str) -> Result<bool, Trouble> {
    match service.dynamo.delete_table().table_name(name).send().await {
        Ok(_) => Ok(false),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|why| why.is_resource_not_found_exception()) =>
        {
            Ok(true)
        }
        // It is being made or removed: another tick asks again.
        Err(error)
            if error.as_service_error().is_some_and(|why| why.is_resource_in_use_exception()) =>
        {
            Ok(false)
        }
        Err(cause) => Err(Trouble::unavailable("removing a restored table", cause)),
    }
}
