//! An erasure that was asked for and waits: an item beside the organization's
//! own, so that whoever reads the one sees the other.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::dynamo::{self, Item, Key, Write};
use crate::ids::{DeletionId, MemberId, OrganizationId};
use crate::service::Service;
use crate::trouble::Trouble;

/// An erasure that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    /// Its id, which is also that of its run and of the ledger's entry.
    pub deletion: DeletionId,
    /// When it was asked for.
    pub asked: Timestamp,
    /// Until when it can be taken back; then it begins.
    pub due: Timestamp,
    /// Who asked.
    pub by: MemberId,
}

#[derive(Serialize, Deserialize)]
struct Row {
    pk: String,
    sk: String,
    deletion: String,
    asked: i64,
    due: i64,
    by: String,
}

/// The write of one; lost when there is one.
pub(super) fn planning(
    service: &Service,
    organization: OrganizationId,
    planned: &Planned,
) -> Result<Write, Trouble> {
    let key = Key::erasure(organization);
    let row = Row {
        pk: key.pk,
        sk: key.sk,
        deletion: planned.deletion.to_string(),
        asked: planned.asked.as_second(),
        due: planned.due.as_second(),
        by: planned.by.to_string(),
    };
    Write::create(&service.settings.tables.schedule, dynamo::item(&row)?)
}

/// The write that takes one away, lost when it is not there any more.
pub(super) fn unplanning(
    service: &Service,
    organization: OrganizationId,
    deletion: DeletionId,
) -> Result<Write, Trouble> {
    Write::delete(
        &service.settings.tables.schedule,
        &Key::erasure(organization),
        "deletion = :deletion",
        [(":deletion", AttributeValue::S(deletion.to_string()))],
    )
}

/// The erasure of an organization that waits, if one does.
///
/// # Errors
/// When DynamoDB fails or the item is damaged.
pub async fn find(
    service: &Service,
    organization: OrganizationId,
) -> Result<Option<Planned>, Trouble> {
    let table = &service.settings.tables.schedule;
    let item = dynamo::get(&service.dynamo, table, &Key::erasure(organization)).await?;
    item.map(read).transpose()
}

/// Reads one out of its item.
pub(crate) fn read(item: Item) -> Result<Planned, Trouble> {
    let row: Row = dynamo::row(item)?;
    let damaged = |why: &str| Trouble::damaged(format!("the erasure of {}", row.pk), why);
    let moment = |seconds: i64| Timestamp::from_second(seconds).map_err(|_| damaged("a time"));
    Ok(Planned {
        deletion: DeletionId::parse(&row.deletion).ok_or_else(|| damaged("its id"))?,
        asked: moment(row.asked)?,
        due: moment(row.due)?,
        by: MemberId::parse(&row.by).ok_or_else(|| damaged("who asked"))?,
    })
}
