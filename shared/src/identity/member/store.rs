//! Members in the Identity table.
//!
//! Three items must agree: the member, the username that leads to them, and
//! the number of administrators who can sign in. Each change writes them in
//! one transaction, so that two administrators who lower each other at the
//! same moment cannot both succeed.

mod item;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::rules::{Refusal, more_administrators};
use super::{Failure, Member};
use crate::dynamo::{self, Item, Key, Write};
use crate::identity::username::Username;
use crate::ids::{MemberId, OrganizationId};
use crate::service::Service;
use crate::trouble::Trouble;
use crate::vault::OrganizationKeys;

#[derive(Serialize, Deserialize)]
struct UsernameRow {
    pk: String,
    sk: String,
    /// `member` is a word that DynamoDB keeps for itself.
    member_id: String,
}

/// Reads a member as they are now.
///
/// # Errors
/// When DynamoDB fails or the member is damaged.
pub async fn find(
    service: &Service,
    organization: OrganizationId,
    keys: &OrganizationKeys,
    member: MemberId,
) -> Result<Option<Member>, Trouble> {
    let table = &service.settings.tables.identity;
    let item = dynamo::get(&service.dynamo, table, &Key::member(organization, member)).await?;
    item.map(|item| item::read(keys, item)).transpose()
}

/// The member whom a username names; `None` when nobody has it.
///
/// # Errors
/// When DynamoDB fails or something of the member is damaged.
pub async fn find_by_username(
    service: &Service,
    organization: OrganizationId,
    keys: &OrganizationKeys,
    username: &Username,
) -> Result<Option<Member>, Trouble> {
    let table = &service.settings.tables.identity;
    let key = username_key(organization, keys, username);
    let Some(item) = dynamo::get(&service.dynamo, table, &key).await? else { return Ok(None) };
    find(service, organization, keys, named_by(item)?).await
}

/// All members, by name.
///
/// # Errors
/// When DynamoDB fails or a member is damaged.
pub async fn list(
    service: &Service,
    organization: OrganizationId,
    keys: &OrganizationKeys,
) -> Result<Vec<Member>, Trouble> {
    let table = &service.settings.tables.identity;
    let pk = organization.to_string();
    let items = dynamo::query(&service.dynamo, table, &pk, "member#", true).await?;
    let mut members =
        items.into_iter().map(|item| item::read(keys, item)).collect::<Result<Vec<_>, _>>()?;
    members.sort_by_cached_key(|member| (member.name.expose().to_lowercase(), member.id));
    Ok(members)
}

/// The writes that make a member: for a transaction of the caller's, which is
/// lost when the username is taken.
///
/// # Errors
/// When there is no randomness or the SDK refuses to build a request.
pub fn creating(
    service: &Service,
    organization: OrganizationId,
    keys: &OrganizationKeys,
    member: &Member,
) -> Result<Vec<Write>, Trouble> {
    let table = &service.settings.tables.identity;
    let item = item::write(organization, keys, member, &*service.chance)?;
    let mut writes = vec![
        Write::create(table, item)?,
        claim(table, organization, keys, &member.username, member.id)?,
    ];
    writes.extend(count(table, organization, more_administrators(None, member))?);
    Ok(writes)
}

/// Makes a member, together with `more`.
///
/// # Errors
/// [`Failure`] says why not.
pub async fn create(
    service: &Service,
    organization: OrganizationId,
    keys: &OrganizationKeys,
    member: &Member,
    more: Vec<Write>,
) -> Result<(), Failure> {
    let mut writes = creating(service, organization, keys, member)?;
    writes.extend(more);
    if Write::commit_all(&writes, &service.dynamo, &*service.chance).await? {
        return Ok(());
    }
    let holder = holder(service, organization, keys, &member.username).await?;
    Err(holder.map_or(Refusal::Overtaken, |_| Refusal::UsernameTaken).into())
}

/// The writes that change a member, who was read as `before`, and the member as
/// they will be read afterwards: for a transaction of the caller's. It is lost
/// when somebody else has changed them, the new username is taken, or no
/// administrator would be left.
///
/// # Errors
/// When there is no randomness or the SDK refuses to build a request.
pub fn changing(
    service: &Service,
    organization: OrganizationId,
    keys: &OrganizationKeys,
    before: &Member,
    after: &Member,
) -> Result<(Member, Vec<Write>), Trouble> {
    let table = &service.settings.tables.identity;
    let changed = Member { id: before.id, version: before.version + 1, ..after.clone() };
    let item = item::write(organization, keys, &changed, &*service.chance)?;
    let version = AttributeValue::N(before.version.to_string());
    let mut writes = vec![Write::put(table, item, "version = :version", [(":version", version)])?];
    if before.username.normalized() != changed.username.normalized() {
        let former = username_key(organization, keys, &before.username);
        let member = AttributeValue::S(before.id.to_string());
        writes.push(Write::delete(table, &former, "member_id = :member", [(":member", member)])?);
        writes.push(claim(table, organization, keys, &changed.username, changed.id)?);
    }
    writes.extend(count(table, organization, more_administrators(Some(before), &changed))?);
    Ok((changed, writes))
}

/// Changes a member, who was read as `before`, together with `more`.
///
/// # Errors
/// [`Failure`] says why not.
pub async fn change(
    service: &Service,
    organization: OrganizationId,
    keys: &OrganizationKeys,
    before: &Member,
    after: &Member,
    more: Vec<Write>,
) -> Result<Member, Failure> {
    let (changed, mut writes) = changing(service, organization, keys, before, after)?;
    writes.extend(more);
    if Write::commit_all(&writes, &service.dynamo, &*service.chance).await? {
        return Ok(changed);
    }
    Err(why_lost(service, organization, keys, before, &changed).await?.into())
}

/// Why a change of a member was lost: for callers of [`changing`].
///
/// # Errors
/// When DynamoDB fails.
pub async fn why_lost(
    service: &Service,
    organization: OrganizationId,
    keys: &OrganizationKeys,
    before: &Member,
    after: &Member,
) -> Result<Refusal, Trouble> {
    let Some(present) = find(service, organization, keys, before.id).await? else {
        return Ok(Refusal::Absent);
    };
    if present.version != before.version {
        return Ok(Refusal::Overtaken);
    }
    let holder = holder(service, organization, keys, &after.username).await?;
    if holder.is_some_and(|holder| holder != before.id.to_string()) {
        return Ok(Refusal::UsernameTaken);
    }
    let fewer = more_administrators(Some(before), after) < 0;
    if fewer && administrators(service, organization).await? <= 1 {
        return Ok(Refusal::LastAdministrator);
    }
    Ok(Refusal::Overtaken)
}

/// How many administrators can sign in, as it is counted.
///
/// # Errors
/// When DynamoDB fails or the count is damaged.
pub async fn administrators(
    service: &Service,
    organization: OrganizationId,
) -> Result<u32, Trouble> {
    let table = &service.settings.tables.identity;
    let key = Key::administrators(organization);
    let item = dynamo::get(&service.dynamo, table, &key).await?;
    item.map_or(Ok(0), |item| counted(&item))
}

/// Reads the count of administrators out of its item.
pub(crate) fn counted(item: &Item) -> Result<u32, Trouble> {
    item.get("active")
        .and_then(|active| active.as_n().ok())
        .and_then(|active| active.parse().ok())
        .ok_or_else(|| Trouble::damaged("the count of administrators", "it is no number"))
}

/// Reads a member out of their item: for `fsck`, which goes through all of them.
pub(crate) fn read(keys: &OrganizationKeys, item: Item) -> Result<Member, Trouble> {
    item::read(keys, item)
}

/// Whether an item is that of an administrator who can sign in, as far as lies open.
pub(crate) fn administers(item: Item) -> Result<bool, Trouble> {
    item::administers(item)
}

/// Which member a username's item names.
pub(crate) fn named_by(item: Item) -> Result<MemberId, Trouble> {
    let row: UsernameRow = dynamo::row(item)?;
    MemberId::parse(&row.member_id)
        .ok_or_else(|| Trouble::damaged(format!("{} / {}", row.pk, row.sk), "it names no member"))
}

fn username_key(organization: OrganizationId, keys: &OrganizationKeys, username: &Username) -> Key {
    Key::username(organization, username.index(keys))
}

async fn holder(
    service: &Service,
    organization: OrganizationId,
    keys: &OrganizationKeys,
    username: &Username,
) -> Result<Option<String>, Trouble> {
    let table = &service.settings.tables.identity;
    let key = username_key(organization, keys, username);
    let item = dynamo::get(&service.dynamo, table, &key).await?;
    item.map(|item| dynamo::row::<UsernameRow>(item).map(|row| row.member_id)).transpose()
}

fn claim(
    table: &str,
    organization: OrganizationId,
    keys: &OrganizationKeys,
    username: &Username,
    member: MemberId,
) -> Result<Write, Trouble> {
    let Key { pk, sk } = username_key(organization, keys, username);
    let row = UsernameRow { pk, sk, member_id: member.to_string() };
    Write::create(table, dynamo::item(&row)?)
}

/// Keeps the count; going down, only while another administrator is left.
fn count(table: &str, organization: OrganizationId, more: i8) -> Result<Option<Write>, Trouble> {
    let key = Key::administrators(organization);
    let number = |value: i8| AttributeValue::N(value.to_string());
    match more {
        0 => Ok(None),
        1.. => Write::update(
            table,
            &key,
            "SET active = if_not_exists(active, :none) + :more",
            "attribute_not_exists(active) OR active >= :none",
            [],
            [(":none", number(0)), (":more", number(more))],
        )
        .map(Some),
        _ => Write::update(
            table,
            &key,
            "SET active = active - :fewer",
            "active > :fewer",
            [],
            [(":fewer", number(-more))],
        )
        .map(Some),
    }
}
