//! Participants who have proven an address, in the Schedule table.

use crate::booking::store::ParticipantRow;
use crate::dynamo::{self, Key};
use crate::ids::{OrganizationId, PersonId};
use crate::personal::EmailAddress;
use crate::service::Service;
use crate::settings::Table;
use crate::trouble::Trouble;
use crate::vault::{OrganizationKeys, Place};

/// The address that a participant has proven; `None` where there is no item of
/// theirs.
///
/// # Errors
/// When DynamoDB fails or the item is damaged.
pub async fn address(
    service: &Service,
    organization: OrganizationId,
    keys: &OrganizationKeys,
    person: PersonId,
) -> Result<Option<EmailAddress>, Trouble> {
    let key = Key::participant(organization, person);
    let table = &service.settings.tables.schedule;
    let Some(item) = dynamo::get(&service.dynamo, table, &key).await? else { return Ok(None) };
    let row: ParticipantRow = dynamo::row(item)?;
    let damaged = |why: String| Trouble::damaged(format!("participant {key}"), why);
    let place = Place { table: Table::Schedule, pk: &row.pk, sk: &row.sk, attribute: "sealed" };
    let address: String = keys.open(place, &row.sealed).map_err(|why| damaged(why.to_string()))?;
    EmailAddress::parse(&address).map(Some).map_err(|why| damaged(why.to_string()))
}
