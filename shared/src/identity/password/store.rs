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
    /// The version with which its owner chose it; 0 before it is stored.
    pub chosen: u64,
    /// Whether it was long enough to be all that its owner has. One that was
    /// chosen beside a second factor may not be.
    pub stands_alone: bool,
}

impl Kept {
    /// A password that was chosen now.
    #[must_use]
    pub const fn chosen(hashed: Hashed, now: Timestamp) -> Self {
        Self { version: 0, hashed, set_at: now, must_change: false, chosen: 0, stands_alone: false }
    }

    /// The same, with whether it may be all that its owner has.
    #[must_use]
    pub fn that_stands_alone(self, stands_alone: bool) -> Self {
        Self { stands_alone, ..self }
    }
}

#[derive(Serialize, Deserialize)]
struct Row {
    pk: String,
    sk: String,
    version: u64,
    set_at: i64,
    must_change: bool,
    #[serde(default)]
    chosen: u64,
    sealed: Sealed,
}

/// What is sealed of a password.
#[derive(Serialize, Deserialize)]
struct Fields {
    hash: String,
    #[serde(default)]
    stands_alone: bool,
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
        chosen: row.chosen,
        stands_alone: fields.stands_alone,
    }))
}

/// The epoch of a participant's sessions: raised by each password that they
/// choose, 0 before the first. It is read without opening anything.
///
/// # Errors
/// When DynamoDB fails or the item is damaged.
pub async fn epoch(
    service: &Service,
    organization: OrganizationId,
    subject: Subject,
) -> Result<u32, Trouble> {
    let table = &service.settings.tables.identity;
    let key = Key::password(organization, subject);
    let Some(item) = dynamo::get(&service.dynamo, table, &key).await? else { return Ok(0) };
    let row: Row = dynamo::row(item)?;
    u32::try_from(row.chosen).map_err(|why| Trouble::damaged(format!("password {key}"), why))
}

/// The epoch of a participant's sessions once a password has been put in the
/// place of the one of `replacing`'s version.
///
/// # Errors
/// When somebody has chosen more passwords than there are numbers.
pub fn epoch_after(replacing: u64) -> Result<u32, Trouble> {
    u32::try_from(replacing + 1).map_err(|why| Trouble::damaged("a password's version", why))
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
    let fields =
        Fields { hash: password.hashed.expose().to_owned(), stands_alone: password.stands_alone };
    let sealed = keys.seal(place(&key), &fields, &*service.chance)?;
    let item = dynamo::item(&Row {
        pk: key.pk,
        sk: key.sk,
        version: replacing + 1,
        set_at: password.set_at.as_second(),
        must_change: password.must_change,
        // One that is only hashed anew was chosen before.
        chosen: if password.chosen == 0 { replacing + 1 } else { password.chosen },
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

/// The write for a password that is about to be all that its owner has: unless
/// it may stand alone, they choose another next time. It is lost when they chose
/// one in between, and makes one lost that is being chosen.
///
/// # Errors
/// When the SDK refuses to build the request.
pub fn left_alone(
    service: &Service,
    organization: OrganizationId,
    subject: Subject,
    kept: &Kept,
) -> Result<Write, Trouble> {
    let must_change = kept.must_change || !kept.stands_alone;
    Write::update(
        &service.settings.tables.identity,
        &Key::password(organization, subject),
        "SET must_change = :must, version = version + :one",
        "version = :read",
        [],
        [
            (":must", AttributeValue::Bool(must_change)),
            (":one", AttributeValue::N("1".into())),
            (":read", AttributeValue::N(kept.version.to_string())),
        ],
    )
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
