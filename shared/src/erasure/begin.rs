//! The moment from which an organization exists to nobody.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use super::ask::{taking_back, whole_second};
use super::planned::{Planned, find, unplanning};
use super::{name, rules};
use crate::audit::{self, About, Action, Actor, Record};
use crate::certificate::link::operator_keys;
use crate::dynamo::{self, Item, Key, Write};
use crate::ids::{DeletionId, OrganizationId};
use crate::ledger::{self, Entry, Forgotten};
use crate::organization::{Organization, State, store};
use crate::retention;
use crate::service::Service;
use crate::trouble::Trouble;

/// Whether an erasure that was asked for has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beginning {
    /// At this moment; there is no way back.
    Begun(Timestamp),
    /// It can still be taken back.
    NotYet,
    /// It was taken back: by an administrator, or because it became impossible.
    TakenBack,
}

/// Begins an erasure when its time has come: the ledger's entry, the state in
/// which the organization exists to nobody, its name, all in one transaction.
/// Again it finds that it has begun.
pub(super) async fn begin(
    service: &Service,
    organization: OrganizationId,
    deletion: DeletionId,
    now: Timestamp,
) -> Result<Beginning, Trouble> {
    if let Some(entry) = ledger::find(service, organization, deletion).await? {
        return Ok(Beginning::Begun(entry.at));
    }
    let planned = find(service, organization).await?;
    let Some(planned) = planned.filter(|planned| planned.deletion == deletion) else {
        return Ok(Beginning::TakenBack);
    };
    if rules::can_be_taken_back(planned.due, now) {
        return Ok(Beginning::NotYet);
    }
    let Some(found) = store::get(service, organization).await? else {
        return Err(Trouble::damaged(format!("organization {organization}"), "it is not there"));
    };
    let holds = retention::hold::any(service, organization).await?;
    if let Err(obstacle) = rules::may_be_erased(&found, holds) {
        give_up(service, &found, &planned, now).await?;
        tracing::warn!(%organization, %deletion, why = %obstacle, "ERASURE_TAKEN_BACK");
        return Ok(Beginning::TakenBack);
    }
    let at = whole_second(now);
    if Write::commit_all(
        &beginning(service, &found, deletion, at).await?,
        &service.dynamo,
        &*service.chance,
    )
    .await?
    {
        return Ok(Beginning::Begun(at));
    }
    // Something changed at that moment: the next step sees what.
    Err(Trouble::unavailable("beginning an erasure", "the organization was changed"))
}

async fn beginning(
    service: &Service,
    organization: &Organization,
    deletion: DeletionId,
    at: Timestamp,
) -> Result<Vec<Write>, Trouble> {
    let id = organization.id;
    let operator = operator_keys(service, at).await?;
    let entry = Entry {
        id: deletion,
        organization: id,
        what: Forgotten::Organization,
        at,
        ended: None,
        certificate: None,
    };
    let record = Record::of(Actor::Service, Action::ErasureBegun, About::Organization);
    let registered = Key::web_name(organization.web_name.as_str());
    let of_this = [(":id", AttributeValue::S(id.to_string()))];
    Ok(vec![
        ledger::writing(service, &entry)?,
        store::changing_state(service, id, State::Active, State::Erased)?,
        unplanning(service, id, deletion)?,
        Write::delete(
            &service.settings.tables.schedule,
            &registered,
            "organization = :id",
            of_this,
        )?,
        name::retiring(service, &operator, &organization.web_name, at)?,
        audit::record(service, id, &record, at)?,
    ])
}

/// Takes back what became impossible while it waited.
async fn give_up(
    service: &Service,
    organization: &Organization,
    planned: &Planned,
    now: Timestamp,
) -> Result<(), Trouble> {
    let record = Record::of(Actor::Service, Action::ErasureCancelled, About::Organization);
    let deletion = planned.deletion;
    let writes = taking_back(service, organization.id, deletion, &record, now)?;
    // Lost: an administrator took it back at the same moment.
    Write::commit_all(&writes, &service.dynamo, &*service.chance).await.map(|_| ())
}

/// The rows of an organization's keys.
pub(super) async fn keys_of(
    service: &Service,
    organization: OrganizationId,
) -> Result<Vec<Item>, Trouble> {
    let table = &service.settings.tables.organization_keys;
    dynamo::query(&service.dynamo, table, &organization.to_string(), "", true).await
}

/// Destroys every key of an organization: from then on nothing that was sealed
/// under one can be read, wherever it lies. Again it finds none.
pub(super) async fn destroy_keys(
    service: &Service,
    organization: OrganizationId,
) -> Result<(), Trouble> {
    let table = &service.settings.tables.organization_keys;
    for row in keys_of(service, organization).await? {
        let Some(key) = Key::of(&row) else { continue };
        service
            .dynamo
            .delete_item()
            .table_name(table)
            .set_key(Some(key.to_item()))
            .send()
            .await
            .map_err(|cause| Trouble::unavailable("destroying an organization's key", cause))?;
    }
    service.vault.forget(organization);
    Ok(())
}
