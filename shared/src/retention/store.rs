//! How long an organization keeps things, in the Schedule table.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::rules::{Draft, Keeping};
use crate::dynamo::{self, Item, Key, Write};
use crate::ids::OrganizationId;
use crate::ledger::Fate;
use crate::service::Service;
use crate::trouble::Trouble;

#[derive(Serialize, Deserialize)]
struct Row {
    pk: String,
    sk: String,
    version: u32,
    bookings_days: Option<u32>,
    fate: String,
    contacts_days: Option<u32>,
    notices_days: Option<u32>,
}

/// How long an organization keeps things, as it is now.
///
/// # Errors
/// When DynamoDB fails or the settings are damaged.
pub async fn find(service: &Service, organization: OrganizationId) -> Result<Keeping, Trouble> {
    let table = &service.settings.tables.schedule;
    let item = dynamo::get(&service.dynamo, table, &Key::retention(organization)).await?;
    item.map_or_else(|| Ok(Keeping::default()), read)
}

/// The write of settings over those of `version`, and the settings as they
/// will be read afterwards. The transaction is lost when somebody else was first.
///
/// # Errors
/// When the SDK refuses to build the request.
pub fn changing(
    service: &Service,
    organization: OrganizationId,
    wanted: &Keeping,
    version: u32,
) -> Result<(Keeping, Write), Trouble> {
    let changed = wanted.following(version);
    let key = Key::retention(organization);
    let draft = changed.draft();
    let item = dynamo::item(&Row {
        pk: key.pk,
        sk: key.sk,
        version: changed.version(),
        bookings_days: draft.bookings,
        fate: draft.fate.word().to_owned(),
        contacts_days: draft.contacts,
        notices_days: draft.notices,
    })?;
    let table = &service.settings.tables.schedule;
    let write = if version == 0 {
        Write::create(table, item)?
    } else {
        let version = AttributeValue::N(version.to_string());
        Write::put(table, item, "version = :version", [(":version", version)])?
    };
    Ok((changed, write))
}

fn read(item: Item) -> Result<Keeping, Trouble> {
    let row: Row = dynamo::row(item)?;
    let damaged = |why: &str| Trouble::damaged(format!("retention of {}", row.pk), why);
    let draft = Draft {
        bookings: row.bookings_days,
        fate: Fate::parse(&row.fate).ok_or_else(|| damaged("what becomes of appointments"))?,
        contacts: row.contacts_days,
        notices: row.notices_days,
    };
    Keeping::at_version(draft, row.version).map_err(|_| damaged("outside its limits"))
}
