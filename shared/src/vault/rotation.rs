//! The rows of the table of organization keys: making the first key, adding
//! another, revoking every link.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_kms::types::DataKeySpec;
use jiff::{SignedDuration, Timestamp};

use super::Vault;
use super::keys::LinkVersion;
use crate::dynamo::{self, Item, Write};
use crate::ids::OrganizationId;
use crate::trouble::Trouble;

/// A new key is used from so long after it was made: by then every process that
/// remembers the organization's keys has read them again, and can open what the
/// first one seals.
const KNOWN_EVERYWHERE: SignedDuration = SignedDuration::from_mins(6);

/// A data key as it is kept: everything but the key itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its version, counted from 1.
    pub version: u8,
    /// From when on is sealed under it.
    pub since: Timestamp,
    /// The organization's own KMS key that wraps it, where it has one.
    pub kms_key: Option<String>,
}

/// A data key that is about to be added.
#[derive(Debug)]
pub struct Another {
    /// Its version.
    pub version: u8,
    /// From when on is sealed under it.
    pub since: Timestamp,
    /// What adds it; lost when somebody adds one at the same moment.
    pub write: Write,
}

/// What a row says.
pub(super) enum Row {
    /// A data key and what KMS wrapped.
    Key(Kept, Blob),
    /// Another link key, and from when on.
    Link(LinkVersion, Timestamp),
}

impl Vault {
    /// Makes the first data key of a new organization. Doing it again changes
    /// nothing: a wrapped key is written once and never replaced.
    ///
    /// # Errors
    /// When KMS or DynamoDB fails.
    pub async fn create(&self, organization: OrganizationId) -> Result<(), Trouble> {
        let wrapped = self.wrapped(organization, 1, None).await?;
        let item = row(organization, 1, wrapped, None, None);
        self.put(item).await.map(|_| ())
    }

    /// The data keys that an organization has, the oldest first.
    ///
    /// # Errors
    /// When DynamoDB fails or a row is damaged.
    pub async fn kept(&self, organization: OrganizationId) -> Result<Vec<Kept>, Trouble> {
        let pk = organization.to_string();
        let mut kept = Vec::new();
        for item in dynamo::query(&self.dynamo, &self.table, &pk, "key#", true).await? {
            if let Row::Key(key, _) = read(organization, &item)? {
                kept.push(key);
            }
        }
        kept.sort_by_key(|key| key.version);
        Ok(kept)
    }

    /// Another data key beside those that were read, for the transaction that
    /// records it and fails where somebody else has added one meanwhile. It is wrapped by the organization's `own` KMS key where one is
    /// given, and else as the newest one is. `None` when versions, which are
    /// counted to 255, are used up.
    ///
    /// # Errors
    /// When KMS fails, or there is no key to follow.
    pub async fn rotate(
        &self,
        organization: OrganizationId,
        kept: &[Kept],
        own: Option<String>,
        now: Timestamp,
    ) -> Result<Option<Another>, Trouble> {
        let newest = kept.last().ok_or_else(|| {
            Trouble::damaged(format!("the keys of {organization}"), "there is none to follow")
        })?;
        let Some(version) = newest.version.checked_add(1) else {
            return Ok(None);
        };
        let since = now + KNOWN_EVERYWHERE;
        let kms_key = own.or_else(|| newest.kms_key.clone());
        let wrapped = self.wrapped(organization, version, kms_key.as_deref()).await?;
        let item = row(organization, version, wrapped, Some(since), kms_key);
        Ok(Some(Another { version, since, write: Write::create(&self.table, item)? }))
    }

    /// The write that puts another link key in force, made of the newest data
    /// key: every link, form and pending mail of before is worth nothing some
    /// minutes later.
    ///
    /// # Errors
    /// When DynamoDB fails, or there is no data key.
    pub async fn revoke_links(
        &self,
        organization: OrganizationId,
        now: Timestamp,
    ) -> Result<Write, Trouble> {
        let pk = organization.to_string();
        let damaged =
            |why: &str| Trouble::damaged(format!("the keys of {organization}"), why.to_owned());
        let mut last = LinkVersion::FIRST;
        let mut of = None;
        for item in dynamo::query(&self.dynamo, &self.table, &pk, "", true).await? {
            match read(organization, &item)? {
                Row::Key(key, _) => of = of.max(Some(key.version)),
                Row::Link(link, _) => last = if link.version > last.version { link } else { last },
            }
        }
        let of = of.ok_or_else(|| damaged("there is none"))?;
        let version =
            last.version.checked_add(1).ok_or_else(|| damaged("link versions are used up"))?;
        let since = now + KNOWN_EVERYWHERE;
        let item = Item::from([
            ("pk".to_owned(), AttributeValue::S(pk)),
            ("sk".to_owned(), AttributeValue::S(format!("link#{version:03}"))),
            ("of".to_owned(), AttributeValue::N(of.to_string())),
            ("since".to_owned(), AttributeValue::N(since.as_second().to_string())),
        ]);
        Write::create(&self.table, item)
    }

    async fn wrapped(
        &self,
        organization: OrganizationId,
        version: u8,
        kms_key: Option<&str>,
    ) -> Result<Vec<u8>, Trouble> {
        let answer = self
            .kms
            .generate_data_key_without_plaintext()
            .key_id(kms_key.unwrap_or(&self.key_id))
            .key_spec(DataKeySpec::Aes256)
            .encryption_context("organization", organization.to_string())
            .encryption_context("version", version.to_string())
            .send()
            .await
            .map_err(|cause| Trouble::unavailable("making an organization's key", cause))?;
        answer
            .ciphertext_blob
            .map(Blob::into_inner)
            .filter(|wrapped| !wrapped.is_empty())
            .ok_or_else(|| Trouble::unavailable("making an organization's key", "KMS gave none"))
    }

    /// Whether the row was written: `false` when there is one already.
    async fn put(&self, item: Item) -> Result<bool, Trouble> {
        let written = self
            .dynamo
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .send()
            .await;
        match written {
            Ok(_) => Ok(true),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|why| why.is_conditional_check_failed_exception()) =>
            {
                Ok(false)
            }
            Err(cause) => Err(Trouble::unavailable("storing an organization's key", cause)),
        }
    }
}

fn row(
    organization: OrganizationId,
    version: u8,
    wrapped: Vec<u8>,
    since: Option<Timestamp>,
    kms_key: Option<String>,
) -> Item {
    let mut item = Item::from([
        ("pk".to_owned(), AttributeValue::S(organization.to_string())),
        ("sk".to_owned(), AttributeValue::S(format!("key#{version}"))),
        ("wrapped".to_owned(), AttributeValue::B(Blob::new(wrapped))),
    ]);
    if let Some(since) = since {
        let since = AttributeValue::N(since.as_second().to_string());
        item.insert("since".to_owned(), since);
    }
    if let Some(kms_key) = kms_key {
        item.insert("kms_key".to_owned(), AttributeValue::S(kms_key));
    }
    item
}

/// Which KMS key of its own wraps what is in a row, whatever else is in it.
pub(super) fn own_key(item: &Item) -> Option<String> {
    item.get("kms_key").and_then(|key| key.as_s().ok()).cloned()
}

/// Reads a row; what is neither a data key nor a link key is damage.
pub(super) fn read(organization: OrganizationId, item: &Item) -> Result<Row, Trouble> {
    let damaged = |why: &str| Trouble::damaged(format!("the key of {organization}"), why);
    let sk = item.get("sk").and_then(|sk| sk.as_s().ok()).ok_or_else(|| damaged("its name"))?;
    let number = |text: &str| text.parse::<u8>().ok();
    let since = match item.get("since") {
        None => Timestamp::UNIX_EPOCH,
        Some(since) => since
            .as_n()
            .ok()
            .and_then(|since| since.parse().ok())
            .and_then(|since| Timestamp::from_second(since).ok())
            .ok_or_else(|| damaged("since when it is used"))?,
    };
    match sk.split_once('#') {
        Some(("key", version)) => {
            let version = number(version).ok_or_else(|| damaged("its version is no number"))?;
            let wrapped = item
                .get("wrapped")
                .and_then(|wrapped| wrapped.as_b().ok())
                .ok_or_else(|| damaged("the wrapped key is missing"))?;
            let kms_key = own_key(item);
            Ok(Row::Key(Kept { version, since, kms_key }, wrapped.clone()))
        }
        Some(("link", version)) => {
            let version = number(version).ok_or_else(|| damaged("its version is no number"))?;
            let of = item.get("of").and_then(|of| of.as_n().ok()).and_then(|of| number(of));
            let of = of.ok_or_else(|| damaged("which key the links' is made of"))?;
            Ok(Row::Link(LinkVersion { version, of }, since))
        }
        _ => Err(damaged("it is no key of ours")),
    }
}
