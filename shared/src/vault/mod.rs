//! The vault: each organization's keys, and what is sealed under them.
//!
//! An organization has a data key from KMS, wrapped under an encryption
//! context that names the organization and the key's version. HKDF-SHA-256
//! (RFC 5869) splits it into a sealing key (AES-256-GCM), an index key and a
//! link key (HMAC-SHA-256), so that none can be used for another's purpose.
//! Unwrapped keys stay in memory for five minutes at most.
//!
//! A data key is never changed. Another one is added beside it ([`Vault::rotate`]),
//! is used for sealing once every warm process knows it, and the former ones
//! go on opening what they sealed until all of it is sealed anew
//! ([`resealing`]).

mod keys;
pub(crate) mod own_key;
pub mod resealing;
mod rotation;
mod seal;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_kms::error::ProvideErrorMetadata;
use aws_sdk_kms::operation::decrypt::DecryptError;
use jiff::{SignedDuration, Timestamp};
use zeroize::Zeroizing;

#[cfg(test)]
pub(crate) use keys::tests;
#[cfg(test)]
pub(crate) use keys::tests::keys as test_keys;
use keys::{DataKey, LinkVersion};
pub use keys::{Label, LinkPurpose, OrganizationKeys};
pub use own_key::TAG;
pub use rotation::{Another, Kept};
pub use seal::{Place, Sealed, Unopened};

use crate::dynamo;
use crate::ids::OrganizationId;
use crate::trouble::Trouble;

/// How long an unwrapped key may stay in memory.
const KEPT: SignedDuration = SignedDuration::from_mins(5);

/// Unwraps organization keys and keeps them for a short while.
pub struct Vault {
    kms: aws_sdk_kms::Client,
    dynamo: aws_sdk_dynamodb::Client,
    table: String,
    key_id: String,
    unwrapped: RwLock<HashMap<OrganizationId, (Timestamp, Arc<OrganizationKeys>)>>,
}

impl Vault {
    /// A vault over the table of wrapped keys and the KMS key that wraps them.
    #[must_use]
    pub fn new(
        kms: aws_sdk_kms::Client,
        dynamo: aws_sdk_dynamodb::Client,
        table: String,
        key_id: String,
    ) -> Self {
        Self { kms, dynamo, table, key_id, unwrapped: RwLock::default() }
    }

    /// The keys of an organization; `None` when it has none, which is how an
    /// erased organization looks.
    ///
    /// # Errors
    /// When DynamoDB or KMS fails, or a wrapped key is damaged.
    pub async fn keys(
        &self,
        organization: OrganizationId,
        now: Timestamp,
    ) -> Result<Option<Arc<OrganizationKeys>>, Trouble> {
        if let Some(keys) = self.remembered(organization, now) {
            return Ok(Some(keys));
        }
        let (keys, whole) = self.read_all(organization, now).await?;
        let Some(keys) = keys.map(Arc::new) else { return Ok(None) };
        if !whole {
            // Remembered, it would not know a key that others seal under soon.
            return Ok(Some(keys));
        }
        let mut unwrapped = self.unwrapped.write().unwrap_or_else(PoisonError::into_inner);
        unwrapped.retain(|_, (since, _)| now.duration_since(*since) < KEPT);
        unwrapped.insert(organization, (now, Arc::clone(&keys)));
        Ok(Some(keys))
    }

    /// Unwraps the keys of an organization as they are stored now, whatever is
    /// remembered of them.
    pub(crate) async fn read(
        &self,
        organization: OrganizationId,
        now: Timestamp,
    ) -> Result<Option<OrganizationKeys>, Trouble> {
        Ok(self.read_all(organization, now).await?.0)
    }

    /// The same, and whether all of them were unwrapped: one that nothing is sealed
    /// under yet may be so new that KMS does not open it for everybody.
    async fn read_all(
        &self,
        organization: OrganizationId,
        now: Timestamp,
    ) -> Result<(Option<OrganizationKeys>, bool), Trouble> {
        let rows =
            dynamo::query(&self.dynamo, &self.table, &organization.to_string(), "", true).await?;
        let mut data_keys = Vec::with_capacity(rows.len());
        let mut link = LinkVersion::FIRST;
        let mut whole = true;
        for row in rows {
            match rotation::read(organization, &row)? {
                rotation::Row::Key(kept, wrapped) => {
                    match self.unwrap(organization, &kept, wrapped).await {
                        Ok(key) => data_keys.push(key),
                        Err(trouble) if kept.since > now => {
                            let cause = trouble.chain();
                            tracing::warn!(%organization, cause, "a new key does not open yet");
                            whole = false;
                        }
                        Err(trouble) => return Err(trouble),
                    }
                }
                rotation::Row::Link(version, since) if since <= now => link = version,
                rotation::Row::Link(..) => {}
            }
        }
        Ok((OrganizationKeys::derive(organization, &data_keys, link, now)?, whole))
    }

    /// Forgets an organization's unwrapped keys at once. Other processes forget
    /// theirs within five minutes, and hand none out before: whoever asks for
    /// keys reads first that the organization may be reached.
    pub fn forget(&self, organization: OrganizationId) {
        let mut unwrapped = self.unwrapped.write().unwrap_or_else(PoisonError::into_inner);
        unwrapped.remove(&organization);
    }

    fn remembered(
        &self,
        organization: OrganizationId,
        now: Timestamp,
    ) -> Option<Arc<OrganizationKeys>> {
        let unwrapped = self.unwrapped.read().unwrap_or_else(PoisonError::into_inner);
        let (since, keys) = unwrapped.get(&organization)?;
        (now.duration_since(*since) < KEPT).then(|| Arc::clone(keys))
    }

    /// The client that it speaks to KMS with.
    pub(crate) const fn kms(&self) -> &aws_sdk_kms::Client {
        &self.kms
    }

    /// Opens the connection to KMS. The answer does not matter.
    pub(crate) async fn warm(&self) {
        let nothing = Blob::new([0_u8]);
        let _ = self.kms.decrypt().key_id(&self.key_id).ciphertext_blob(nothing).send().await;
    }

    async fn unwrap(
        &self,
        organization: OrganizationId,
        kept: &Kept,
        wrapped: Blob,
    ) -> Result<DataKey, Trouble> {
        let damaged = |why: &str| Trouble::damaged(format!("the key of {organization}"), why);
        let answer = self
            .kms
            .decrypt()
            .key_id(kept.kms_key.as_ref().unwrap_or(&self.key_id))
            .ciphertext_blob(wrapped)
            .encryption_context("organization", organization.to_string())
            .encryption_context("version", kept.version.to_string())
            .send()
            .await
            .map_err(|cause| match refused(&cause) {
                true => damaged("KMS does not open it"),
                // One organization's trouble, which must stop no check of all.
                false if kept.kms_key.is_some() && shut(&cause) => {
                    damaged("its own KMS key is shut or gone")
                }
                false => Trouble::unavailable("unwrapping an organization's key", cause),
            })?;
        let plaintext = answer.plaintext.ok_or_else(|| damaged("KMS gave no plaintext"))?;
        let bytes = Zeroizing::new(plaintext.into_inner());
        Ok(DataKey { version: kept.version, bytes, since: kept.since })
    }
}

/// Whether KMS answered that this is nothing it has wrapped: asking again will
/// not help.
fn refused(error: &aws_sdk_kms::error::SdkError<DecryptError>) -> bool {
    error.as_service_error().is_some_and(|why| {
        why.is_invalid_ciphertext_exception()
            || why.is_incorrect_key_exception()
            || why.code() == Some("ValidationException")
    })
}

/// Whether KMS answered that a key is not to be used: switched off, waiting to be
/// deleted, gone, or closed to who asks.
fn shut(error: &aws_sdk_kms::error::SdkError<DecryptError>) -> bool {
    error.as_service_error().is_some_and(|why| {
        why.is_disabled_exception()
            || why.is_kms_invalid_state_exception()
            || why.is_not_found_exception()
            || why.code() == Some("AccessDeniedException")
    })
}
