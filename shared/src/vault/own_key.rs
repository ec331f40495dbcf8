//! A KMS key that is an organization's alone: it wraps the organization's data
//! keys in place of the installation's.
//!
//! KMS takes no token that would make the same request twice the same key. So a
//! key is an organization's own by its alias, of which KMS keeps one: who makes a
//! second key at the same moment finds the alias taken, and lets the second go.

use aws_sdk_kms::operation::describe_key::DescribeKeyError;
use aws_sdk_kms::types::{KeyMetadata, KeyState, Tag};

use super::Vault;
use crate::ids::OrganizationId;
use crate::trouble::Trouble;

/// The tag that says whose key it is. The template's grants ask for it.
pub const TAG: &str = "kept-organization";
/// KMS's shortest wait before a key is deleted, in days.
pub const WAIT_DAYS: i32 = 7;

/// What an organization's own key is called, which says where it is found.
fn alias(organization: OrganizationId) -> String {
    format!("alias/kept-organization-{organization}")
}

impl Vault {
    /// The organization's own KMS key, made when there is none: its ARN. Asked
    /// again, and by many at once, it is the same key; KMS itself gives it new
    /// material every year. One that a crash left without its alias wraps
    /// nothing; the log has named it.
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
        let made = self
            .kms
            .create_key()
            .description("Wraps the data keys of one organization")
            .tags(tag)
            .send()
            .await
            .map_err(|cause| Trouble::unavailable("making an organization's KMS key", cause))?;
        let made = made.key_metadata.and_then(|key| key.arn);
        let made = made.ok_or_else(|| trouble("KMS made one and did not name it"))?;
        tracing::warn!(%organization, kms_key = made, "OWN_KEY_MADE");
        let alias = alias(organization);
        let naming = self.kms.create_alias().alias_name(&alias).target_key_id(&made);
        match naming.send().await {
            Ok(_) => Ok(made),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|why| why.is_already_exists_exception()) =>
            {
                self.let_go(&made).await?;
                let first = self.find_own_key(organization).await?;
                usable(&first.ok_or_else(|| trouble("its alias names no key"))?)
            }
            Err(cause) => Err(Trouble::unavailable("naming an organization's KMS key", cause)),
        }
    }

    /// The organization's own KMS key, where it has one.
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

    /// The ARNs of all KMS keys that are this organization's alone: those that
    /// its rows name, and one that was made and not used yet, where such keys
    /// are made at all.
    ///
    /// # Errors
    /// When KMS or DynamoDB fails, or a row is damaged.
    pub(crate) async fn own_keys(
        &self,
        organization: OrganizationId,
        are_made: bool,
    ) -> Result<Vec<String>, Trouble> {
        let kept = self.kept(organization).await?;
        let mut found: Vec<String> = kept.into_iter().filter_map(|key| key.kms_key).collect();
        if are_made {
            let named = self.find_own_key(organization).await?;
            found.extend(named.and_then(|key| key.arn));
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// Has a KMS key deleted as soon as KMS does that. From this moment it opens
    /// nothing. Again it finds that it waits for that, or is gone.
    ///
    /// # Errors
    /// When KMS fails.
    pub(crate) async fn let_go(&self, key: &str) -> Result<(), Trouble> {
        let asked = self.kms.schedule_key_deletion().key_id(key);
        let asked = asked.pending_window_in_days(WAIT_DAYS).send().await;
        let Err(error) = asked else { return Ok(()) };
        if error.as_service_error().is_some_and(|why| why.is_not_found_exception()) {
            return Ok(());
        }
        let found = self.kms.describe_key().key_id(key).send().await;
        let state = found.ok().and_then(|found| found.key_metadata?.key_state);
        if matches!(state, Some(KeyState::PendingDeletion)) {
            return Ok(());
        }
        Err(Trouble::unavailable("having an organization's KMS key deleted", error))
    }
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
