//! A KMS key that is an organization's alone: it wraps the organization's data
//! keys in place of the installation's.
//!
//! KMS takes no token that would make the same request twice the same key. So a
//! key is an organization's own by its alias, of which KMS keeps one. A key that
//! was made and has no alias, because somebody else was faster or the process
//! died, wraps nothing, costs a dollar a month, and is for a person to remove:
//! only an erasure may have a key deleted, and only one that says that it is the
//! erased organization's.

use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::operation::describe_key::DescribeKeyError;
use aws_sdk_kms::types::{KeyMetadata, KeyState, Tag};
use jiff::Timestamp;

use super::{Vault, rotation};
use crate::dynamo::Item;
use crate::ids::OrganizationId;
use crate::trouble::Trouble;

/// The tag that says whose key it is. The template's grants ask for it.
pub const TAG: &str = "kept-organization";
/// KMS's shortest wait before a key is deleted, in days.
const WAIT_DAYS: i32 = 7;

/// What an organization's own key is called, which says where it is found.
fn alias(organization: OrganizationId) -> String {
    format!("alias/{TAG}-{organization}")
}

impl Vault {
    /// The organization's own KMS key, made when there is none: its ARN. Asked
    /// again, and by many at once, it is the same key; KMS itself gives it new
    /// material every year.
    ///
    /// # Errors
    /// When KMS fails, as it does for up to five minutes until it heeds a new
    /// key's tag, or when the key is there and is not to be used.
    pub async fn own_key(&self, organization: OrganizationId) -> Result<String, Trouble> {
        let found = match self.find_own_key(organization).await? {
            Some(found) => usable(&found)?,
            None => self.make_own_key(organization).await?,
        };
        let rotating = self.kms.enable_key_rotation().key_id(&found).send().await;
        rotating.map_err(|cause| {
            Trouble::unavailable("having an organization's KMS key rotated", cause)
        })?;
        Ok(found)
    }

    async fn make_own_key(&self, organization: OrganizationId) -> Result<String, Trouble> {
        let tag = Tag::builder().tag_key(TAG).tag_value(organization.to_string()).build();
        let tag = tag.map_err(|cause| Trouble::unavailable("making a KMS key", cause))?;
        // Asked once: an answer that comes too late would else be a second key.
        let once = aws_sdk_kms::config::Config::builder().retry_config(RetryConfig::disabled());
        let made = self
            .kms
            .create_key()
            .description("Wraps the data keys of one organization")
            .tags(tag)
            .customize()
            .config_override(once)
            .send()
            .await
            .map_err(|cause| Trouble::unavailable("making an organization's KMS key", cause))?;
        let made = made.key_metadata.and_then(|key| key.arn);
        let made = made.ok_or_else(|| trouble("KMS made one and did not name it"))?;
        tracing::warn!(%organization, kms_key = made, "OWN_KEY_MADE");
        let naming = self.kms.create_alias().alias_name(alias(organization));
        match naming.target_key_id(&made).send().await {
            Ok(_) => Ok(made),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|why| why.is_already_exists_exception()) =>
            {
                tracing::error!(%organization, kms_key = made, "OWN_KEY_UNUSED");
                let first = self.find_own_key(organization).await?;
                usable(&first.ok_or_else(|| trouble("its alias names no key"))?)
            }
            Err(cause) => Err(Trouble::unavailable("naming an organization's KMS key", cause)),
        }
    }

    /// The organization's own KMS key by its alias, where it has one.
    ///
    /// # Errors
    /// When KMS fails.
    async fn find_own_key(
        &self,
        organization: OrganizationId,
    ) -> Result<Option<KeyMetadata>, Trouble> {
        match self.kms.describe_key().key_id(alias(organization)).send().await {
            Ok(found) => Ok(found.key_metadata),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(DescribeKeyError::is_not_found_exception) =>
            {
                Ok(None)
            }
            Err(cause) => Err(Trouble::unavailable("finding an organization's KMS key", cause)),
        }
    }

    /// The ARN of the KMS key that was made for an organization, used or not.
    ///
    /// # Errors
    /// When KMS fails.
    pub(crate) async fn named_key(
        &self,
        organization: OrganizationId,
    ) -> Result<Option<String>, Trouble> {
        Ok(self.find_own_key(organization).await?.and_then(|key| key.arn))
    }

    /// Has an organization's own KMS key deleted as soon as KMS does that: when
    /// that will be. From this moment it opens nothing. Again it finds that it
    /// waits for that. `None` where it is gone already, and where the key does
    /// not say that it is this organization's: then nothing is done to it.
    ///
    /// # Errors
    /// When KMS fails.
    pub(crate) async fn let_go(
        &self,
        organization: OrganizationId,
        key: &str,
    ) -> Result<Option<Timestamp>, Trouble> {
        let Some(theirs) = self.is_theirs(organization, key).await? else { return Ok(None) };
        if !theirs || key == self.key_id {
            tracing::error!(%organization, kms_key = key, "OWN_KEY_NOT_THEIRS");
            return Ok(None);
        }
        let asked = self.kms.schedule_key_deletion().key_id(key);
        let error = match asked.pending_window_in_days(WAIT_DAYS).send().await {
            Ok(answer) => return Ok(answer.deletion_date.and_then(moment)),
            Err(error) => error,
        };
        if error.as_service_error().is_some_and(|why| why.is_not_found_exception()) {
            return Ok(None);
        }
        match self.kms.describe_key().key_id(key).send().await {
            Ok(found) => match found.key_metadata {
                Some(key) if key.key_state == Some(KeyState::PendingDeletion) => {
                    Ok(key.deletion_date.and_then(moment))
                }
                _ => Err(Trouble::unavailable("having an organization's KMS key deleted", error)),
            },
            Err(why)
                if why.as_service_error().is_some_and(DescribeKeyError::is_not_found_exception) =>
            {
                Ok(None)
            }
            Err(_) => Err(Trouble::unavailable("having an organization's KMS key deleted", error)),
        }
    }

    /// Whether a key's tag says that it is this organization's; `None` when there
    /// is no such key.
    async fn is_theirs(
        &self,
        organization: OrganizationId,
        key: &str,
    ) -> Result<Option<bool>, Trouble> {
        // A key has one tag of ours, and AWS allows fifty: more than one page has.
        let tags = match self.kms.list_resource_tags().key_id(key).limit(50).send().await {
            Ok(answer) => answer.tags.unwrap_or_default(),
            Err(error)
                if error.as_service_error().is_some_and(|why| why.is_not_found_exception()) =>
            {
                return Ok(None);
            }
            Err(cause) => return Err(Trouble::unavailable("looking whose a KMS key is", cause)),
        };
        let own = organization.to_string();
        Ok(Some(tags.iter().any(|tag| tag.tag_key() == TAG && tag.tag_value() == own)))
    }
}

/// The KMS keys of their own that rows of organization keys name, whatever else
/// is in them.
pub(crate) fn named_in(rows: &[Item]) -> Vec<String> {
    let mut found: Vec<String> = rows.iter().filter_map(rotation::own_key).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// A moment as KMS says it.
fn moment(at: aws_sdk_kms::primitives::DateTime) -> Option<Timestamp> {
    Timestamp::from_second(at.secs()).ok()
}

/// The ARN of a key that may be used.
fn usable(key: &KeyMetadata) -> Result<String, Trouble> {
    let arn = key.arn.clone().ok_or_else(|| trouble("KMS does not name it"))?;
    match &key.key_state {
        Some(KeyState::Enabled) => Ok(arn),
        state => Err(trouble(&format!("it is {state:?}"))),
    }
}

fn trouble(why: &str) -> Trouble {
    Trouble::unavailable("using an organization's own KMS key", why.to_owned())
}
