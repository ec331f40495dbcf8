//! The deletion of somebody's data that is under way: an item beside their
//! others, written with the wish and removed at the end. It makes one run of
//! two wishes.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ask::Asked;
use super::rules::Whom;
use crate::dynamo::{self, Key, Write};
use crate::ids::{DeletionId, OrganizationId};
use crate::service::Service;
use crate::trouble::Trouble;

/// The sort key of such an item.
pub(super) const WORD: &str = "deletion";

#[derive(Serialize, Deserialize)]
struct Row {
    pk: String,
    sk: String,
    deletion: String,
    made: i64,
    coming: usize,
}

/// The deletion that is under way, if one is.
pub(super) async fn find(
    service: &Service,
    organization: OrganizationId,
    whom: Whom,
) -> Result<Option<Asked>, Trouble> {
    let table = &service.settings.tables.schedule;
    let key = Key::under_way(organization, whom);
    let Some(item) = dynamo::get(&service.dynamo, table, &key).await? else { return Ok(None) };
    let row: Row = dynamo::row(item)?;
    let damaged = |what: &str| Trouble::damaged(format!("deletion under way {key}"), what);
    Ok(Some(Asked {
        id: DeletionId::parse(&row.deletion).ok_or_else(|| damaged("its id"))?,
        at: Timestamp::from_second(row.made).map_err(|_| damaged("its moment"))?,
        coming: row.coming,
    }))
}

/// The write that says that this one is under way, in the place of the one that
/// was read there; lost when there is another by then.
pub(super) fn writing(
    service: &Service,
    organization: OrganizationId,
    whom: Whom,
    former: Option<&Asked>,
    asked: &Asked,
) -> Result<Write, Trouble> {
    let table = &service.settings.tables.schedule;
    let key = Key::under_way(organization, whom);
    let item = dynamo::item(&Row {
        pk: key.pk,
        sk: key.sk,
        deletion: asked.id.to_string(),
        made: asked.at.as_second(),
        coming: asked.coming,
    })?;
    match former {
        None => Write::create(table, item),
        Some(former) => {
            let read = AttributeValue::S(former.id.to_string());
            Write::put(table, item, "deletion = :read", [(":read", read)])
        }
    }
}

/// Says that this one is no longer under way. Where a later one is, that stays.
pub(super) async fn remove(
    service: &Service,
    organization: OrganizationId,
    whom: Whom,
    deletion: DeletionId,
) -> Result<(), Trouble> {
    let table = &service.settings.tables.schedule;
    let key = Key::under_way(organization, whom);
    let own = [(":own", AttributeValue::S(deletion.to_string()))];
    let gone = [Write::delete(table, &key, "deletion = :own", own)?];
    Write::commit_all(&gone, &service.dynamo, &*service.chance).await.map(|_| ())
}
