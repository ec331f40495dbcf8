//! Sealing everything anew under an organization's newest key.
//!
//! A run ([`crate::run`]) goes through the tables a page at a time. What is
//! sealed under an older key is opened, sealed again and put back under the
//! condition that nobody has changed it meanwhile; who has, sealed it anew
//! already or will be met by the second passage. Older keys stay: backups hold
//! what they sealed.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{OrganizationKeys, Place, Sealed};
use crate::audit::{self, About, Action, Actor, More, Record};
use crate::dynamo::{Item, Key};
use crate::ids::{OrganizationId, RunId};
use crate::run::{Claim, Kind, Progress, Run, Which};
use crate::service::Service;
use crate::settings::Table;
use crate::trouble::Trouble;

/// The tables in which something is sealed, in the order they are gone through.
const TABLES: [Table; 4] = [Table::Schedule, Table::Identity, Table::Mail, Table::Session];
/// Items of a page, those of other organizations included.
const PAGE: i32 = 500;
/// The attribute that holds what is sealed.
const SEALED: &str = "sealed";

/// How far it has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The version under which everything is to be.
    pub version: u8,
    /// Not before this moment is it begun: until then others seal under the
    /// former key.
    pub not_before: i64,
    /// How many tables of this passage are done.
    pub tables: usize,
    /// The last key that was looked at in the table at hand.
    pub after: Option<(String, String)>,
    /// How many items were sealed anew, in all.
    pub sealed: u64,
    /// How many were in this passage: the last passage finds none.
    pub in_this_passage: u64,
    /// How many passages are done.
    pub passages: u32,
    /// Items that do not open: `fsck` names them.
    pub shut: u64,
}

/// A run that begins when the key is in use everywhere.
#[must_use]
pub fn run(
    organization: OrganizationId,
    id: RunId,
    version: u8,
    since: Timestamp,
    now: Timestamp,
) -> Run<State> {
    let which = Which { organization, kind: Kind::Resealing, id };
    let not_before = (since + super::KEPT).as_second();
    Run { which, begun: now, state: State { version, not_before, ..State::default() } }
}

/// Does a step, one page of one table, and saves it. It may be done again.
///
/// # Errors
/// When DynamoDB or KMS fails.
pub async fn step(
    service: &Service,
    claim: &mut Claim<State>,
    now: Timestamp,
) -> Result<Progress, Trouble> {
    let organization = claim.run.which.organization;
    let state = &mut claim.run.state;
    if now.as_second() < state.not_before {
        return Ok(Progress::Later);
    }
    let Some(table) = TABLES.get(state.tables).copied() else {
        state.passages += 1;
        if state.in_this_passage == 0 {
            return ended(service, organization, state, now).await;
        }
        state.tables = 0;
        state.in_this_passage = 0;
        state.shut = 0;
        claim.save(service, now).await?;
        return Ok(Progress::More);
    };
    let Some(keys) = service.vault.read(organization, now).await? else {
        // Erased meanwhile: there is nothing left to seal.
        return Ok(Progress::Ended);
    };
    let page = service
        .dynamo
        .scan()
        .table_name(service.settings.tables.name(table))
        .filter_expression("begins_with(pk, :organization) AND attribute_exists(sealed)")
        .expression_attribute_values(":organization", AttributeValue::S(organization.to_string()))
        .projection_expression("pk, sk, sealed")
        .limit(PAGE)
        .set_exclusive_start_key(state.after.take().map(|(pk, sk)| Key { pk, sk }.to_item()))
        .send()
        .await
        .map_err(|cause| Trouble::unavailable("looking for what is sealed", cause))?;
    for item in page.items.unwrap_or_default() {
        match reseal(service, &keys, table, item).await? {
            Outcome::Anew => {
                state.sealed += 1;
                state.in_this_passage += 1;
            }
            Outcome::Changed => state.in_this_passage += 1,
            Outcome::Already => {}
            Outcome::Shut => state.shut += 1,
        }
    }
    match page.last_evaluated_key.as_ref().and_then(Key::of) {
        Some(Key { pk, sk }) => state.after = Some((pk, sk)),
        None => state.tables += 1,
    }
    claim.save(service, now).await?;
    Ok(Progress::More)
}

/// Records the end before it is one: what dies in between is recorded twice,
/// which says nothing false.
async fn ended(
    service: &Service,
    organization: OrganizationId,
    state: &State,
    now: Timestamp,
) -> Result<Progress, Trouble> {
    let State { version, sealed, passages, shut, .. } = *state;
    let record = Record::of(Actor::Service, Action::ResealingEnded, About::Organization);
    let count = Some(u32::try_from(sealed).unwrap_or(u32::MAX));
    let record = Record { more: More { count, ..More::default() }, ..record };
    audit::write(service, organization, &record, now).await?;
    if shut > 0 {
        tracing::error!(%organization, shut, "some of what is sealed does not open: run fsck");
    }
    tracing::info!(%organization, version, sealed, passages, "everything is sealed anew");
    Ok(Progress::Ended)
}

enum Outcome {
    /// It is sealed anew.
    Anew,
    /// It was sealed under the newest key already.
    Already,
    /// Somebody changed it meanwhile.
    Changed,
    /// It does not open.
    Shut,
}

async fn reseal(
    service: &Service,
    keys: &OrganizationKeys,
    table: Table,
    item: Item,
) -> Result<Outcome, Trouble> {
    let (Some(key), Some(AttributeValue::B(bytes))) = (Key::of(&item), item.get(SEALED)) else {
        return Ok(Outcome::Shut);
    };
    let place = Place { table, pk: &key.pk, sk: &key.sk, attribute: SEALED };
    let former = Sealed::from_stored(bytes.clone().into_inner());
    let anew = match keys.seal_anew(place, &former, &*service.chance) {
        Ok(Some(anew)) => anew,
        Ok(None) => return Ok(Outcome::Already),
        Err(Trouble::Damaged { .. }) => return Ok(Outcome::Shut),
        Err(trouble) => return Err(trouble),
    };
    let written = service
        .dynamo
        .update_item()
        .table_name(service.settings.tables.name(table))
        .set_key(Some(key.to_item()))
        .update_expression("SET sealed = :anew")
        .condition_expression("sealed = :former")
        .expression_attribute_values(":anew", AttributeValue::B(Blob::new(anew.as_bytes())))
        .expression_attribute_values(":former", AttributeValue::B(bytes.clone()))
        .send()
        .await;
    match written {
        Ok(_) => Ok(Outcome::Anew),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|why| why.is_conditional_check_failed_exception()) =>
        {
            Ok(Outcome::Changed)
        }
        Err(cause) => Err(Trouble::unavailable("sealing anew", cause)),
    }
}
