//! The links of certificates.
//!
//! A link names the organization and the deletion and proves that the operator
//! gave it out: the organization's own key is gone when somebody follows it.
//! Nothing of it is stored.

use std::sync::Arc;

use jiff::Timestamp;

use crate::ids::{DeletionId, OrganizationId};
use crate::organization::WebName;
use crate::service::Service;
use crate::trouble::Trouble;
use crate::vault::{Label, OrganizationKeys};

/// How long an id is in a link.
const ID: usize = 26;

/// The operator's keys, under which links to certificates are derived.
///
/// # Errors
/// When DynamoDB or KMS fails, or the operator has no organization.
pub async fn operator_keys(
    service: &Service,
    now: Timestamp,
) -> Result<Arc<OrganizationKeys>, Trouble> {
    let operator = service.organization(WebName::operator().as_str(), now).await?;
    operator.map(|operator| Arc::clone(&operator.keys)).ok_or_else(|| {
        Trouble::unavailable("finding the operator's keys", "the operator has no organization")
    })
}

/// The secret part of the address of a deletion's certificate.
#[must_use]
pub fn of(operator: &OrganizationKeys, organization: OrganizationId, id: DeletionId) -> String {
    let code = operator.code(Label::Certificate, &[organization.as_bytes(), id.as_bytes()]);
    format!("{organization}{id}{code}")
}

/// The path of a deletion's certificate.
#[must_use]
pub fn path(operator: &OrganizationKeys, organization: OrganizationId, id: DeletionId) -> String {
    format!("/certificates/{}", of(operator, organization, id))
}

/// The whole address.
#[must_use]
pub fn address(
    service: &Service,
    operator: &OrganizationKeys,
    organization: OrganizationId,
    id: DeletionId,
) -> String {
    service.settings.address_of(&path(operator, organization, id))
}

/// The organization and deletion that a link names, if the operator gave it out.
#[must_use]
pub fn read(operator: &OrganizationKeys, link: &str) -> Option<(OrganizationId, DeletionId)> {
    let organization = OrganizationId::parse(link.get(..ID)?)?;
    let id = DeletionId::parse(link.get(ID..2 * ID)?)?;
    let parts: [&[u8]; 2] = [organization.as_bytes(), id.as_bytes()];
    let holds = operator.code_holds(link.get(2 * ID..)?, Label::Certificate, &parts);
    holds.then_some((organization, id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::test_keys;

    #[test]
    fn only_a_link_of_the_operators_names_anything() {
        let operator = test_keys(1);
        let (organization, other) =
            (OrganizationId::from_bytes([2; 16]), OrganizationId::from_bytes([3; 16]));
        let id = DeletionId::from_bytes([4; 16]);
        let link = of(&operator, organization, id);
        assert_eq!(read(&operator, &link), Some((organization, id)));
        assert_eq!(read(&test_keys(5), &link), None);
        let forged = format!("{other}{}", &link[ID..]);
        for wrong in ["", "x", &link[..60], &format!("{link}0"), &forged, "\u{e4}\u{e4}"] {
            assert_eq!(read(&operator, wrong), None, "{wrong}");
        }
    }
}
