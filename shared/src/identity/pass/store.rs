//! Passes in the Session table: no backup brings a spent one back.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Carried, Nonce, Owner, Pass, Purpose, holds, named};
use crate::dynamo::{self, Item, Key, Write};
use crate::identity::moment;
use crate::identity::subject::Subject;
use crate::ids::{self, OrganizationId};
use crate::service::Service;
use crate::settings::Table;
use crate::trouble::Trouble;
use crate::vault::{OrganizationKeys, Place, Sealed};

/// A condition that holds whether or not there is an item.
const ANYTHING: &str = "attribute_exists(pk) OR attribute_not_exists(pk)";

#[derive(Serialize, Deserialize)]
struct Row {
    pk: String,
    sk: String,
    nonce: String,
    made: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    epoch: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sealed: Option<Sealed>,
    /// Checked at every use; the table removes the item some time later.
    expires: i64,
}

/// The write of a new pass, which voids the one before. Its link is made by
/// [`super::link`].
///
/// # Errors
/// When there is no randomness or the SDK refuses to build the request.
pub fn issue(
    service: &Service,
    organization: OrganizationId,
    keys: &OrganizationKeys,
    owner: impl Into<Owner>,
    purpose: Purpose,
    carried: Option<&Carried>,
    now: Timestamp,
) -> Result<(Write, Nonce), Trouble> {
    let Owner { subject, epoch } = owner.into();
    let table = &service.settings.tables.session;
    let mut nonce = [0; 16];
    service.chance.fill(&mut nonce)?;
    let key = Key::pass(organization, subject, purpose.word());
    let place = Place { table: Table::Session, pk: &key.pk, sk: &key.sk, attribute: "sealed" };
    let sealed =
        carried.map(|carried| keys.seal(place, &carried.expose(), &*service.chance)).transpose()?;
    let row = Row {
        nonce: ids::to_text(&nonce),
        made: now.as_second(),
        epoch,
        sealed,
        expires: (now + purpose.lifetime()).as_second(),
        pk: key.pk,
        sk: key.sk,
    };
    // It replaces whatever pass there is: that an older link dies is the point.
    Ok((Write::put(table, dynamo::item(&row)?, ANYTHING, [])?, Nonce(nonce)))
}

/// The write that makes somebody's pass of a purpose open nothing, if there is
/// one.
///
/// # Errors
/// When the SDK refuses to build the request.
pub fn void(
    service: &Service,
    organization: OrganizationId,
    subject: Subject,
    purpose: Purpose,
) -> Result<Write, Trouble> {
    let key = Key::pass(organization, subject, purpose.word());
    Write::delete(&service.settings.tables.session, &key, ANYTHING, [])
}

/// The pass of a purpose that was sent to somebody last, if it can still be
/// used: for the mail that carries its link.
///
/// # Errors
/// When DynamoDB fails or the pass is damaged.
pub async fn current(
    service: &Service,
    organization: OrganizationId,
    keys: &OrganizationKeys,
    subject: Subject,
    purpose: Purpose,
    now: Timestamp,
) -> Result<Option<Pass>, Trouble> {
    let table = &service.settings.tables.session;
    let key = Key::pass(organization, subject, purpose.word());
    let item = dynamo::get(&service.dynamo, table, &key).await?;
    let pass = item.map(|item| read(keys, subject, purpose, item)).transpose()?;
    Ok(pass.filter(|pass| now < pass.expires))
}

/// The pass that a link opens; `None` when it is no link of this purpose, was
/// spent or replaced, or its time is over. Finding it spends nothing.
///
/// # Errors
/// When DynamoDB fails or the pass is damaged.
pub async fn find(
    service: &Service,
    organization: OrganizationId,
    keys: &OrganizationKeys,
    purpose: Purpose,
    link: &str,
    now: Timestamp,
) -> Result<Option<Pass>, Trouble> {
    let Some((subject, code)) = named(link) else { return Ok(None) };
    let pass = current(service, organization, keys, subject, purpose, now).await?;
    Ok(pass.filter(|pass| holds(keys, code, pass)))
}

/// The write that spends a pass: for the transaction of what it does, which is
/// lost when the pass was spent or replaced in between, or is over.
///
/// # Errors
/// When the SDK refuses to build the request.
pub fn spend(
    service: &Service,
    organization: OrganizationId,
    pass: &Pass,
    now: Timestamp,
) -> Result<Write, Trouble> {
    let key = Key::pass(organization, pass.subject, pass.purpose.word());
    Write::delete(
        &service.settings.tables.session,
        &key,
        "nonce = :nonce AND expires > :now",
        [
            (":nonce", AttributeValue::S(ids::to_text(&pass.nonce.0))),
            (":now", AttributeValue::N(now.as_second().to_string())),
        ],
    )
}

fn read(
    keys: &OrganizationKeys,
    subject: Subject,
    purpose: Purpose,
    item: Item,
) -> Result<Pass, Trouble> {
    let row: Row = dynamo::row(item)?;
    let damaged = |why: String| Trouble::damaged(format!("{} / {}", row.pk, row.sk), why);
    let place = Place { table: Table::Session, pk: &row.pk, sk: &row.sk, attribute: "sealed" };
    let carried = match &row.sealed {
        Some(sealed) => {
            let text: String = keys.open(place, sealed).map_err(|why| damaged(why.to_string()))?;
            Some(Carried::new(text))
        }
        None => None,
    };
    Ok(Pass {
        purpose,
        subject,
        nonce: Nonce(ids::from_text(&row.nonce).ok_or_else(|| damaged("its nonce".to_owned()))?),
        made: moment(row.made, &row.sk)?,
        epoch: row.epoch,
        expires: moment(row.expires, &row.sk)?,
        carried,
    })
}
