//! The single-use links that notices carry.
//!
//! A notice holds the nonce of its link; the link itself is derived when the
//! mail is written, and only as long as the nonce is the newest of its purpose.

use jiff::Timestamp;

use super::Account;
use super::rules::LinkNow;
use crate::identity::pass;
use crate::ids::OrganizationId;
use crate::personal::EmailAddress;
use crate::service::Service;
use crate::trouble::Trouble;
use crate::vault::OrganizationKeys;

/// The link of a notice, as it stands now. It cannot be printed.
#[derive(Clone, PartialEq, Eq)]
pub enum Link {
    /// The notice carries none.
    None,
    /// It opens something.
    Good {
        /// Its secret part.
        text: String,
        /// The address that it proves, where it carries one.
        address: Option<EmailAddress>,
    },
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
            Self::Good { .. } => LinkNow::Good,
            Self::Void => LinkNow::Void,
        }
    }

    /// Its secret part, where it opens something.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Good { text, .. } => Some(text),
            Self::None | Self::Void => None,
        }
    }

    /// The address that it proves.
    pub(super) const fn address(&self) -> Option<&EmailAddress> {
        match self {
            Self::Good { address, .. } => address.as_ref(),
            Self::None | Self::Void => None,
        }
    }
}

/// Derives the link of a notice, as long as nobody has used it and no newer one
/// has replaced it.
///
/// # Errors
/// When DynamoDB fails or what is stored of the link is damaged.
pub async fn find(
    service: &Service,
    organization: OrganizationId,
    keys: &OrganizationKeys,
    account: &Account,
    now: Timestamp,
) -> Result<Link, Trouble> {
    let Some(purpose) = account.news.purpose() else { return Ok(Link::None) };
    let subject = account.subject;
    let newest = pass::current(service, organization, keys, subject, purpose, now).await?;
    Ok(match newest {
        Some(pass) if *pass.nonce.as_bytes() == account.occasion => Link::Good {
            text: pass::link(keys, subject, purpose, pass.nonce),
            address: pass
                .carried
                .filter(|_| account.news.proves_an_address())
                .and_then(|carried| EmailAddress::parse(carried.expose()).ok()),
        },
        _ => Link::Void,
    })
}
