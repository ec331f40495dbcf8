//! Second factors in the Identity table.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::codes::{Codes, Confirmed, Secret};
use super::passkey::Passkey;
use super::recovery::Recovery;
use crate::dynamo::{self, Item, Key, Write};
use crate::identity::Subject;
use crate::ids::{self, OrganizationId};
use crate::personal::Label;
use crate::service::Service;
use crate::settings::Table;
use crate::trouble::Trouble;
use crate::vault::{OrganizationKeys, Place, Sealed};

/// All that somebody has besides a password.
#[derive(Debug, Clone)]
pub struct Factors {
    /// One-time codes and recovery codes.
    pub codes: Codes,
    /// Passkeys, the oldest first.
    pub passkeys: Vec<Passkey>,
}

impl Factors {
    /// Whether a second factor is asked for. Recovery codes alone are none.
    #[must_use]
    pub fn any(&self) -> bool {
        self.codes.since().is_some() || !self.passkeys.is_empty()
    }
}

#[derive(Serialize, Deserialize)]
struct CodesRow {
    pk: String,
    sk: String,
    version: u64,
    /// Whether an app is confirmed, for who only asks that.
    app: bool,
    sealed: Sealed,
}

#[derive(Serialize, Deserialize, Default)]
struct CodesFields {
    app: Option<AppFields>,
    recovery: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct AppFields {
    secret: String,
    since: i64,
    last_step: u64,
}

#[derive(Serialize, Deserialize)]
struct PasskeyRow {
    pk: String,
    sk: String,
    version: u64,
    since: i64,
    used: Option<i64>,
    sealed: Sealed,
}

#[derive(Serialize, Deserialize)]
struct PasskeyFields {
    label: String,
    key: webauthn_rs::prelude::Passkey,
}

/// Everything somebody has, read consistently.
///
/// # Errors
/// When DynamoDB fails or an item is damaged.
pub async fn list(
    service: &Service,
    keys: &OrganizationKeys,
    organization: OrganizationId,
    subject: Subject,
) -> Result<Factors, Trouble> {
    let (codes, passkeys) = tokio::join!(
        codes(service, keys, organization, subject),
        passkeys(service, keys, organization, subject),
    );
    Ok(Factors { codes: codes?, passkeys: passkeys? })
}

/// Whether somebody has a second factor, without opening it.
///
/// # Errors
/// When DynamoDB fails or an item is damaged.
pub async fn has_second_factor(
    service: &Service,
    organization: OrganizationId,
    subject: Subject,
) -> Result<bool, Trouble> {
    let table = &service.settings.tables.identity;
    let partition = dynamo::keys::of_subject(organization, subject);
    let key = Key::codes(organization, subject);
    let (codes, passkeys) = tokio::join!(
        dynamo::get(&service.dynamo, table, &key),
        dynamo::query(&service.dynamo, table, &partition, PASSKEYS, true),
    );
    let app = codes?.map(dynamo::row::<CodesRow>).transpose()?.is_some_and(|row| row.app);
    Ok(app || !passkeys?.is_empty())
}

/// The beginning of every passkey's sort key.
const PASSKEYS: &str = "passkey#";

/// Somebody's one-time codes and recovery codes; empty ones when there are none.
///
/// # Errors
/// When DynamoDB fails or the item is damaged.
pub async fn codes(
    service: &Service,
    keys: &OrganizationKeys,
    organization: OrganizationId,
    subject: Subject,
) -> Result<Codes, Trouble> {
    let table = &service.settings.tables.identity;
    let key = Key::codes(organization, subject);
    let Some(item) = dynamo::get(&service.dynamo, table, &key).await? else {
        return Ok(Codes::default());
    };
    let row: CodesRow = dynamo::row(item)?;
    let damaged = |why: &str| Trouble::damaged(format!("codes {key}"), why);
    let fields: CodesFields =
        keys.open(place(&key), &row.sealed).map_err(|why| damaged(&why.to_string()))?;
    let moment = |second| Timestamp::from_second(second).map_err(|_| damaged("a moment"));
    let secret = |text: &str| Secret::parse(text).ok_or_else(|| damaged("a secret"));
    let confirmed = fields
        .app
        .map(|app| {
            let (secret, since) = (secret(&app.secret)?, moment(app.since)?);
            Ok::<_, Trouble>(Confirmed { secret, since, last_step: app.last_step })
        })
        .transpose()?;
    let recovery: Option<Vec<_>> =
        fields.recovery.iter().map(|hash| ids::from_text(hash)).collect();
    let recovery = Recovery(recovery.ok_or_else(|| damaged("a recovery code"))?);
    Ok(Codes { version: row.version, confirmed, recovery })
}

/// The write that makes `codes` the next version of what was read. It is lost
/// when they changed in between, by another sign-in with the same code for one.
///
/// # Errors
/// When there is no randomness, or the SDK refuses to build the request.
pub fn put_codes(
    service: &Service,
    keys: &OrganizationKeys,
    organization: OrganizationId,
    subject: Subject,
    codes: &Codes,
) -> Result<Write, Trouble> {
    let table = &service.settings.tables.identity;
    let key = Key::codes(organization, subject);
    let fields = CodesFields {
        app: codes.confirmed.as_ref().map(|confirmed| AppFields {
            secret: confirmed.secret.text().to_string(),
            since: confirmed.since.as_second(),
            last_step: confirmed.last_step,
        }),
        recovery: codes.recovery.0.iter().map(|hash| ids::to_text(hash)).collect(),
    };
    let sealed = keys.seal(place(&key), &fields, &*service.chance)?;
    let item = dynamo::item(&CodesRow {
        pk: key.pk,
        sk: key.sk,
        version: codes.version + 1,
        app: codes.confirmed.is_some(),
        sealed,
    })?;
    replace(table, item, codes.version)
}

/// Somebody's passkeys, the oldest first.
///
/// # Errors
/// When DynamoDB fails or an item is damaged.
pub async fn passkeys(
    service: &Service,
    keys: &OrganizationKeys,
    organization: OrganizationId,
    subject: Subject,
) -> Result<Vec<Passkey>, Trouble> {
    let table = &service.settings.tables.identity;
    let partition = dynamo::keys::of_subject(organization, subject);
    let items = dynamo::query(&service.dynamo, table, &partition, PASSKEYS, true).await?;
    let mut passkeys =
        items.into_iter().map(|item| read_passkey(keys, item)).collect::<Result<Vec<_>, _>>()?;
    passkeys.sort_by_key(|passkey| passkey.since);
    Ok(passkeys)
}

/// One of somebody's passkeys.
///
/// # Errors
/// When DynamoDB fails or the item is damaged.
pub async fn passkey(
    service: &Service,
    keys: &OrganizationKeys,
    organization: OrganizationId,
    subject: Subject,
    id: [u8; 16],
) -> Result<Option<Passkey>, Trouble> {
    let table = &service.settings.tables.identity;
    let key = Key::passkey(organization, subject, id);
    let item = dynamo::get(&service.dynamo, table, &key).await?;
    item.map(|item| read_passkey(keys, item)).transpose()
}

/// The write that makes `passkey` the next version of what was read, or the
/// first: to add it, note its use or change its label.
///
/// # Errors
/// When there is no randomness, or the SDK refuses to build the request.
pub fn put_passkey(
    service: &Service,
    keys: &OrganizationKeys,
    organization: OrganizationId,
    subject: Subject,
    passkey: &Passkey,
) -> Result<Write, Trouble> {
    let table = &service.settings.tables.identity;
    let key = Key::passkey(organization, subject, passkey.id);
    let fields =
        PasskeyFields { label: passkey.label.expose().to_owned(), key: passkey.key.clone() };
    let sealed = keys.seal(place(&key), &fields, &*service.chance)?;
    let item = dynamo::item(&PasskeyRow {
        pk: key.pk,
        sk: key.sk,
        version: passkey.version + 1,
        since: passkey.since.as_second(),
        used: passkey.used.map(Timestamp::as_second),
        sealed,
    })?;
    replace(table, item, passkey.version)
}

/// The write that removes a passkey.
///
/// # Errors
/// When the SDK refuses to build the request.
pub fn remove_passkey(
    service: &Service,
    organization: OrganizationId,
    subject: Subject,
    id: [u8; 16],
) -> Result<Write, Trouble> {
    let key = Key::passkey(organization, subject, id);
    Write::delete(&service.settings.tables.identity, &key, "attribute_exists(pk)", [])
}

/// The blind index of a credential id.
pub(super) fn passkey_id(keys: &OrganizationKeys, credential: &[u8]) -> [u8; 16] {
    keys.blind(b"passkey", credential)
}

fn read_passkey(keys: &OrganizationKeys, item: Item) -> Result<Passkey, Trouble> {
    let row: PasskeyRow = dynamo::row(item)?;
    let key = Key { pk: row.pk, sk: row.sk };
    let damaged = |why: String| Trouble::damaged(format!("passkey {key}"), why);
    let fields: PasskeyFields =
        keys.open(place(&key), &row.sealed).map_err(|why| damaged(why.to_string()))?;
    let moment = |second| Timestamp::from_second(second).map_err(|why| damaged(why.to_string()));
    Ok(Passkey {
        id: key
            .sk
            .strip_prefix(PASSKEYS)
            .and_then(ids::from_text)
            .ok_or_else(|| damaged("its key".into()))?,
        version: row.version,
        label: Label::parse(&fields.label).map_err(|why| damaged(why.to_string()))?,
        since: moment(row.since)?,
        used: row.used.map(moment).transpose()?,
        key: fields.key,
    })
}

fn replace(table: &str, item: Item, version: u64) -> Result<Write, Trouble> {
    if version == 0 {
        return Write::create(table, item);
    }
    let read = AttributeValue::N(version.to_string());
    Write::put(table, item, "version = :read", [(":read", read)])
}

fn place(key: &Key) -> Place<'_> {
    Place { table: Table::Identity, pk: &key.pk, sk: &key.sk, attribute: "sealed" }
}
