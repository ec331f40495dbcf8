//! Organizations in the Schedule table.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::{Organization, PolicyVersion, State, WebName};
use crate::dynamo::{self, Key, Write};
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
    let writes = founding(service, organization)?;
    Write::commit_all(&writes, &service.dynamo, &*service.chance).await
}

/// The writes that make an organization whose key is made: for a transaction
/// of the caller's, which is lost when its name in addresses is taken.
///
/// # Errors
/// When the SDK refuses to build a request.
pub fn founding(service: &Service, organization: &Organization) -> Result<Vec<Write>, Trouble> {
    let table = &service.settings.tables.schedule;
    let key = Key::organization(organization.id);
    let row = Row {
        pk: key.pk,
        sk: key.sk,
        web_name: organization.web_name.to_string(),
        name: organization.name.clone(),
        zone: organization.zone.name().to_owned(),
        state: organization.state.word().to_owned(),
        privacy_version: organization.privacy.version,
        privacy_effective: organization.privacy.effective.to_string(),
        privacy_text: organization.privacy.text.clone(),
    };
    Ok(vec![Write::create(table, dynamo::item(&row)?)?, naming(service, organization)?])
}

/// The write that makes an organization's name in addresses lead to it; lost
/// when the name is taken.
///
/// # Errors
/// When the SDK refuses to build the request.
pub(crate) fn naming(service: &Service, organization: &Organization) -> Result<Write, Trouble> {
    let name = Key::web_name(organization.web_name.as_str());
    let row = WebNameRow { pk: name.pk, sk: name.sk, organization: organization.id.to_string() };
    Write::create(&service.settings.tables.schedule, dynamo::item(&row)?)
}

/// The write that takes an organization from one state to another; lost when it
/// is in another state by then.
///
/// # Errors
/// When the SDK refuses to build the request.
pub fn changing_state(
    service: &Service,
    organization: OrganizationId,
    from: State,
    to: State,
) -> Result<Write, Trouble> {
    let word = |state: State| AttributeValue::S(state.word().to_owned());
    Write::update(
        &service.settings.tables.schedule,
        &Key::organization(organization),
        "SET #state = :to",
        "#state = :from",
        [("#state", "state")],
        [(":to", word(to)), (":from", word(from))],
    )
}

/// The write that calls an organization otherwise, in another zone, with another
/// notice; lost when it is called otherwise by then.
///
/// # Errors
/// When the SDK refuses to build the request.
pub(crate) fn calling(
    service: &Service,
    before: &Organization,
    after: &Organization,
) -> Result<Write, Trouble> {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    Write::update(
        &service.settings.tables.schedule,
        &Key::organization(before.id),
        "SET #name = :name, #zone = :zone, privacy_text = :text",
        "#name = :before AND #zone = :there",
        [("#name", "name"), ("#zone", "zone")],
        [
            (":name", text(&after.name)),
            (":zone", text(after.zone.name())),
            (":text", text(&after.privacy.text)),
            (":before", text(&before.name)),
            (":there", text(before.zone.name())),
        ],
    )
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

/// An organization in whatever state it is, with its keys not asked for; `None`
/// when there is none, or one that is being erased.
///
/// # Errors
/// When DynamoDB fails or the organization is damaged.
pub async fn get(service: &Service, id: OrganizationId) -> Result<Option<Organization>, Trouble> {
    let table = &service.settings.tables.schedule;
    let key = Key::organization(id);
    let found = dynamo::get(&service.dynamo, table, &key).await?.map(read).transpose()?;
    Ok(found.filter(|organization| organization.state != State::Erased))
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

/// Some of the organizations in the order of their names in addresses, for
/// work that takes many steps: where the next ones begin, and their ids. None
/// are left when nothing is given to go on from.
///
/// # Errors
/// When DynamoDB fails.
pub async fn some(
    service: &Service,
    after: Option<&str>,
    most: i32,
) -> Result<(Vec<OrganizationId>, Option<String>), Trouble> {
    let key = |sk: &str| dynamo::Key { pk: dynamo::keys::registry(), sk: sk.to_owned() }.to_item();
    let answer = service
        .dynamo
        .query()
        .table_name(&service.settings.tables.schedule)
        .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
        .expression_attribute_values(":pk", AttributeValue::S(dynamo::keys::registry()))
        .expression_attribute_values(":prefix", AttributeValue::S("organization#".into()))
        .limit(most)
        .set_exclusive_start_key(after.map(key))
        .send()
        .await
        .map_err(|cause| Trouble::unavailable("listing organizations", cause))?;
    let last = answer.last_evaluated_key.as_ref().and_then(dynamo::Key::of).map(|key| key.sk);
    let ids = answer.items.unwrap_or_default().into_iter().map(registered);
    Ok((ids.collect::<Result<_, _>>()?, last))
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
        state: State::parse(&row.state)
            .ok_or_else(|| damaged(format!("its state is {}", row.state)))?,
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
