//! Organizations in the Schedule table.

use serde::{Deserialize, Serialize};

use super::{Organization, PolicyVersion, State, WebName};
use crate::dynamo::{self, Commit, Key, Transaction, Write};
use crate::ids::OrganizationId;
use crate::service::Service;
use crate::time::Zone;
use crate::trouble::Trouble;

#[derive(Serialize, Deserialize)]
struct Row {
    pk: String,
    sk: String,
    web_name: String,
    name: String,
    zone: String,
    state: String,
    privacy_version: u32,
    privacy_effective: String,
    privacy_text: String,
}

#[derive(Serialize, Deserialize)]
struct WebNameRow {
    pk: String,
    sk: String,
    organization: String,
}

/// Makes an organization with its data key. Its name in addresses must be free.
///
/// # Errors
/// [`Trouble`] when KMS or DynamoDB fails; `Ok(false)` when the name is taken.
pub async fn found(service: &Service, organization: &Organization) -> Result<bool, Trouble> {
    // The key first: an organization without one would be unreachable, a key
    // without an organization is only a spare.
    service.vault.create(organization.id).await?;
    let table = &service.settings.tables.schedule;
    let key = Key::organization(organization.id);
    let row = Row {
        pk: key.pk,
        sk: key.sk,
        web_name: organization.web_name.to_string(),
        name: organization.name.clone(),
        zone: organization.zone.name().to_owned(),
        state: match organization.state {
            State::Active => "active".into(),
            State::Suspended => "suspended".into(),
        },
        privacy_version: organization.privacy.version,
        privacy_effective: organization.privacy.effective.to_string(),
        privacy_text: organization.privacy.text.clone(),
    };
    let name = Key::web_name(organization.web_name.as_str());
    let name_row =
        WebNameRow { pk: name.pk, sk: name.sk, organization: organization.id.to_string() };
    for attempt in 0..dynamo::TRIES {
        let mut transaction = Transaction::default();
        transaction.push(Write::create(table, dynamo::item(&row)?)?);
        transaction.push(Write::create(table, dynamo::item(&name_row)?)?);
        match transaction.commit(&service.dynamo).await? {
            Commit::Committed => return Ok(true),
            Commit::Lost => return Ok(false),
            Commit::Busy => dynamo::pause(attempt, &*service.chance).await?,
        }
    }
    Err(Trouble::unavailable("founding an organization", "DynamoDB stayed busy"))
}

/// The id that a web name stands for.
///
/// # Errors
/// When DynamoDB fails.
pub async fn find(service: &Service, web_name: &str) -> Result<Option<OrganizationId>, Trouble> {
    let key = Key::web_name(web_name);
    let item = dynamo::get(&service.dynamo, &service.settings.tables.schedule, &key).await?;
    item.map(registered).transpose()
}

/// The ids of all organizations, for work that goes through every one of them.
///
/// # Errors
/// When DynamoDB fails.
pub async fn all(service: &Service) -> Result<Vec<OrganizationId>, Trouble> {
    let table = &service.settings.tables.schedule;
    let registry = dynamo::keys::registry();
    let items = dynamo::query(&service.dynamo, table, &registry, "organization#", false).await?;
    items.into_iter().map(registered).collect()
}

/// The id that a registry entry stands for.
pub(crate) fn registered(item: dynamo::Item) -> Result<OrganizationId, Trouble> {
    let row: WebNameRow = dynamo::row(item)?;
    OrganizationId::parse(&row.organization)
        .ok_or_else(|| Trouble::damaged(row.sk, "it names no organization"))
}

/// Reads an organization out of its item.
pub(crate) fn read(item: dynamo::Item) -> Result<Organization, Trouble> {
    let row: Row = dynamo::row(item)?;
    let damaged = |why: String| Trouble::damaged(format!("organization {}", row.pk), why);
    Ok(Organization {
        id: OrganizationId::parse(&row.pk).ok_or_else(|| damaged("its id".into()))?,
        web_name: WebName::of_organization(&row.web_name)
            .map_err(|why| damaged(why.to_string()))?,
        name: row.name,
        zone: Zone::parse(&row.zone).map_err(|why| damaged(why.to_string()))?,
        state: match row.state.as_str() {
            "active" => State::Active,
            "suspended" => State::Suspended,
            other => return Err(damaged(format!("its state is {other}"))),
        },
        privacy: PolicyVersion {
            version: row.privacy_version,
            effective: row
                .privacy_effective
                .parse()
                .map_err(|_| damaged("its notice's day".into()))?,
            text: row.privacy_text,
        },
    })
}
