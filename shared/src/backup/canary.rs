//! The canary of an organization's key: a sealed item that the key must open.
//!
//! A key that is lost is noticed only when somebody needs what it sealed, which
//! may be after the last day on which the key could have been brought back. So
//! every night each organization's key is read anew, from the table of wrapped
//! keys and through KMS, and opens its canary. One that is missing is made.

use futures::future::join_all;
use serde::{Deserialize, Serialize};

use super::KEY_FAILED;
use crate::dynamo::{self, Key};
use crate::ids::OrganizationId;
use crate::ledger::{self, Forgotten};
use crate::organization;
use crate::service::Service;
use crate::settings::Table;
use crate::trouble::Trouble;
use crate::vault::{Place, Sealed};

/// So many organizations are looked at in one step: it must end within a
/// run's lease though every one of them answers as late as it may.
const PAGE: u8 = 25;
/// So many are looked at side by side.
const ABREAST: usize = 8;
/// So many that fail are remembered by name; the rest is counted.
const MOST_NAMED: usize = 500;
/// What a canary says.
const SONG: &str = "I can be read.";

#[derive(Serialize, Deserialize)]
struct Row {
    pk: String,
    sk: String,
    sealed: Sealed,
}

#[derive(Serialize, Deserialize)]
struct Fields {
    song: String,
}

/// How far the night's round has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// Behind which entry of the list of organizations it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Whether every organization was reached.
    pub done: bool,
    /// How many keys opened their canary.
    pub opened: u64,
    /// How many canaries were missing and made.
    pub made: u64,
    /// The organizations whose key did not open its canary.
    #[serde(default)]
    pub failing: Vec<String>,
    /// How many more there are.
    #[serde(default)]
    pub further: u64,
}

impl Round {
    /// Whether every key opened its canary.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.done && self.failing.is_empty() && self.further == 0
    }
}

/// What became of one canary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// The key opened it.
    Opened,
    /// There was none, and it was made.
    Made,
    /// The organization is being erased: its key is gone on purpose.
    Erased,
}

/// Opens the canaries of some more organizations; once all were reached, tries
/// those again that failed. Whether it is through: then what failed, fails.
///
/// # Errors
/// When the list of organizations cannot be read.
pub async fn step(service: &Service, round: &mut Round) -> Result<bool, Trouble> {
    if round.done {
        // The next tick tries the rest.
        let rest = round.failing.split_off(round.failing.len().min(PAGE.into()));
        let again: Vec<OrganizationId> =
            round.failing.drain(..).filter_map(|id| OrganizationId::parse(&id)).collect();
        round.failing = rest;
        hear(service, round, again, false).await;
        return Ok(true);
    }
    let (organizations, last) =
        organization::store::some(service, round.after.as_deref(), PAGE.into()).await?;
    hear(service, round, organizations, true).await;
    round.done = last.is_none();
    round.after = last;
    Ok(round.done)
}

/// Opens some canaries and counts. One organization's failure keeps no other
/// from its own; each is named in the log the first time.
async fn hear(
    service: &Service,
    round: &mut Round,
    organizations: Vec<OrganizationId>,
    first: bool,
) {
    let mut heard = Vec::with_capacity(organizations.len());
    for some in organizations.chunks(ABREAST) {
        heard.extend(join_all(some.iter().map(|organization| open(service, *organization))).await);
    }
    for (organization, heard) in organizations.into_iter().zip(heard) {
        match heard {
            Ok(Heard::Opened) => round.opened += 1,
            Ok(Heard::Made) => round.made += 1,
            Ok(Heard::Erased) => {}
            Err(trouble) => {
                if first {
                    let cause = trouble.chain();
                    tracing::error!(alarm = KEY_FAILED, %organization, cause, "a key fails");
                }
                if round.failing.len() < MOST_NAMED {
                    round.failing.push(organization.to_string());
                } else {
                    round.further += 1;
                }
            }
        }
    }
}

/// Opens an organization's canary with its key as it is stored now.
///
/// # Errors
/// When it does not open, or DynamoDB or KMS fails.
pub async fn open(service: &Service, organization: OrganizationId) -> Result<Heard, Trouble> {
    let keys = service.vault.read(organization, service.clock.now()).await;
    let keys = match keys {
        Ok(Some(keys)) => keys,
        Ok(None) if is_erased(service, organization).await? => return Ok(Heard::Erased),
        Ok(None) => return Err(Trouble::damaged(format!("the key of {organization}"), "no key")),
        // A key of its own that was scheduled for deletion does not open either.
        Err(trouble) if is_erased(service, organization).await? => {
            tracing::info!(%organization, cause = trouble.chain(), "an erased key does not open");
            return Ok(Heard::Erased);
        }
        Err(trouble) => return Err(trouble),
    };
    let key = Key::canary(organization);
    let table = &service.settings.tables.schedule;
    let place = Place { table: Table::Schedule, pk: &key.pk, sk: &key.sk, attribute: "sealed" };
    if let Some(item) = dynamo::get(&service.dynamo, table, &key).await? {
        let row: Row = dynamo::row(item)?;
        let fields: Fields = keys
            .open(place, &row.sealed)
            .map_err(|why| Trouble::damaged(format!("the canary of {organization}"), why))?;
        return match fields.song == SONG {
            true => Ok(Heard::Opened),
            false => Err(Trouble::damaged(format!("the canary of {organization}"), "its song")),
        };
    }
    // An erasure removes items: it must not find a new one behind it.
    if is_erased(service, organization).await? {
        return Ok(Heard::Erased);
    }
    let sealed = keys.seal(place, &Fields { song: SONG.to_owned() }, &*service.chance)?;
    let row = Row { pk: key.pk.clone(), sk: key.sk.clone(), sealed };
    let put = service
        .dynamo
        .put_item()
        .table_name(table)
        .set_item(Some(dynamo::item(&row)?))
        .condition_expression("attribute_not_exists(pk)");
    match put.send().await {
        Ok(_) => Ok(Heard::Made),
        // Somebody else has made it just now: the next night opens it.
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|why| why.is_conditional_check_failed_exception()) =>
        {
            Ok(Heard::Made)
        }
        Err(cause) => Err(Trouble::unavailable("making a canary", cause)),
    }
}

async fn is_erased(service: &Service, organization: OrganizationId) -> Result<bool, Trouble> {
    let entries = ledger::of_organization(service, organization).await?;
    Ok(entries.iter().any(|entry| entry.what == Forgotten::Organization))
}
