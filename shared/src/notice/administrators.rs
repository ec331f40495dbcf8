//! What every administrator of an organization is told.
//!
//! A transaction has no room for a notice to each of hundreds. So the change
//! owes one notice to all of them, which becomes one for each when it is
//! delivered: that can be neither lost nor, since each has an id of its own that
//! follows from the occasion, doubled.

use jiff::Timestamp;

use super::owed::{self, owe};
use super::{Matter, News, Owed};
use crate::dynamo::Write;
use crate::identity::{Subject, member};
use crate::ids::OrganizationId;
use crate::service::Service;
use crate::trouble::Trouble;
use crate::vault::OrganizationKeys;

/// A notice to all administrators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToAdministrators {
    /// What it says.
    pub news: News,
    /// Which occasion, as in a notice to one of them.
    pub occasion: [u8; 16],
}

/// What is owed to every administrator of an organization, whoever that is when
/// it is delivered.
#[must_use]
pub fn to_administrators(
    organization: OrganizationId,
    news: News,
    occasion: [u8; 16],
    now: Timestamp,
) -> Owed {
    Owed {
        id: owed::administrators_id(news, occasion),
        organization,
        matter: Matter::Administrators(ToAdministrators { news, occasion }),
        since: now,
    }
}

/// Owes each administrator who can sign in a notice of their own, unless it is
/// owed already; how many were.
///
/// # Errors
/// When DynamoDB fails: then some may not be owed yet.
pub async fn pass_on(
    service: &Service,
    organization: OrganizationId,
    keys: &OrganizationKeys,
    told: &ToAdministrators,
    since: Timestamp,
) -> Result<usize, Trouble> {
    let mut owed = 0;
    for member in member::store::list(service, organization, keys).await? {
        if member.administers() {
            let subject = Subject::Member(member.id);
            let one = owed::to_subject(organization, subject, told.news, told.occasion, since);
            let write = owe(&service.settings.tables.mail, &one)?;
            let new = Write::commit_all(&[write], &service.dynamo, &*service.chance).await?;
            owed += usize::from(new);
        }
    }
    Ok(owed)
}
