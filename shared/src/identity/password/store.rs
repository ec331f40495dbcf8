//! Passwords in the Identity table.
//!
//! The hash lies in a sealed map, so that a stolen table gives nothing to guess
//! at without the organization's key.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Hashed;
use crate::dynamo::{self, Commit, Key, Transaction, Write};
use crate::identity::Subject;
use crate::ids::OrganizationId;
use crate::service::Service;
use crate::settings::Table;
use crate::trouble::Trouble;
use crate::vault::{OrganizationKeys, Place, Sealed};

/// Somebody's password as it is kept.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Raised by every change; 0 before it is stored.
    pub version: u64,
    /// Its hash.
    pub hashed: Hashed,
    /// When its owner chose it; computing the hash anew does not count.
    pub set_at: Timestamp,
    /// Whether its owner must choose another before anything else.
    pub must_change: bool,
}

impl Kept {
    /// A password that was chosen now.
    #[must_use]
    pub const fn chosen(hashed: Hashed, now: Timestamp) -> Self {
        Self { version: 0, hashed, set_at: now, must_change: false }
    }
}

#[derive(Serialize, Deserialize)]
struct Row {
    pk: String,
    sk: String,
    version: u64,
    set_at: i64,
    must_change: bool,
    sealed: Sealed,
}

/// What is sealed of a password.
#[derive(Serialize, Deserialize)]
struct Fields {
    hash: String,
}

/// Reads somebody's password, consistently; `None` when there is none.
///
/// # Errors
/// When DynamoDB fails or the item is damaged.
pub async fn find(
    service: &Service,
    keys: &OrganizationKeys,
    organization: OrganizationId,
    subject: Subject,
) -> Result<Option<Kept>, Trouble> {
    let table = &service.settings.tables.identity;
    let key = Key::password(organization, subject);
    let Some(item) = dynamo::get(&service.dynamo, table, &key).await? else { return Ok(None) };
    let row: Row = dynamo::row(item)?;
    let damaged = |why: String| Trouble::damaged(format!("password {key}"), why);
    let fields: Fields =
        keys.open(place(&key), &row.sealed).map_err(|why| damaged(why.to_string()))?;
    Ok(Some(Kept {
        version: row.version,
        hashed: Hashed::from_stored(fields.hash),
        set_at: Timestamp::from_second(row.set_at).map_err(|why| damaged(why.to_string()))?,
        must_change: row.must_change,
    }))
}

/// The write that keeps `password` in the place of the one of `replacing`'s
/// version, 0 for none. It is lost when somebody changed it in between.
///
/// # Errors
/// When there is no randomness, or the SDK refuses to build the request.
pub fn put(
    service: &Service,
    keys: &OrganizationKeys,
    organization: OrganizationId,
    subject: Subject,
    password: &Kept,
    replacing: u64,
) -> Result<Write, Trouble> {
    let table = &service.settings.tables.identity;
    let key = Key::password(organization, subject);
    let fields = Fields { hash: password.hashed.expose().to_owned() };
    let sealed = keys.seal(place(&key), &fields, &*service.chance)?;
    let item = dynamo::item(&Row {
        pk: key.pk,
        sk: key.sk,
        version: replacing + 1,
        set_at: password.set_at.as_second(),
        must_change: password.must_change,
        sealed,
    })?;
    if replacing == 0 {
        return Write::create(table, item);
    }
    let read = AttributeValue::N(replacing.to_string());
    Write::put(table, item, "version = :read", [(":read", read)])
}

/// The write that changes nothing and is lost once its owner has chosen another
/// password than this: whoever signs in with one must still have it then.
/// Another hash of the same one does not count.
///
/// # Errors
/// When the SDK refuses to build the request.
pub fn unchanged(
    service: &Service,
    organization: OrganizationId,
    subject: Subject,
    kept: &Kept,
) -> Result<Write, Trouble> {
    let set_at = AttributeValue::N(kept.set_at.as_second().to_string());
    Write::check(
        &service.settings.tables.identity,
        &Key::password(organization, subject),
        "set_at = :set_at",
        [(":set_at", set_at)],
    )
}

/// The write that asks the owner to choose another password next time.
///
/// # Errors
/// When the SDK refuses to build the request.
pub fn must_change(
    service: &Service,
    organization: OrganizationId,
    subject: Subject,
) -> Result<Write, Trouble> {
    Write::update(
        &service.settings.tables.identity,
        &Key::password(organization, subject),
        "SET must_change = :yes, version = version + :one",
        "attribute_exists(pk)",
        [],
        [(":yes", AttributeValue::Bool(true)), (":one", AttributeValue::N("1".into()))],
    )
}

/// The write that removes a password: passkeys alone remain.
///
/// # Errors
/// When the SDK refuses to build the request.
pub fn remove(
    service: &Service,
    organization: OrganizationId,
    subject: Subject,
) -> Result<Write, Trouble> {
    let key = Key::password(organization, subject);
    Write::delete(&service.settings.tables.identity, &key, "attribute_exists(pk)", [])
}

/// Keeps the same password under a hash with today's parameters. Whether it was
/// written; when not, somebody changed the password meanwhile and all is well.
///
/// # Errors
/// When DynamoDB fails.
pub async fn rehash(
    service: &Service,
    keys: &OrganizationKeys,
    organization: OrganizationId,
    subject: Subject,
    old: &Kept,
    hashed: Hashed,
) -> Result<bool, Trouble> {
    let anew = Kept { hashed, ..old.clone() };
    let mut transaction = Transaction::default();
    transaction.push(put(service, keys, organization, subject, &anew, old.version)?);
    Ok(transaction.commit(&service.dynamo).await? == Commit::Committed)
}

fn place(key: &Key) -> Place<'_> {
    Place { table: Table::Identity, pk: &key.pk, sk: &key.sk, attribute: "sealed" }
}
