//! Dependents, identifiers and attachments in the Schedule table.

use std::collections::HashMap;

use jiff::Timestamp;

use super::item::{self, AttachedRow, IdentifierRow, Row, Standing};
use super::rules::{self, Refusal};
use super::{Claim, Dependent, NewDependent};
use crate::audit::{self, About, Action, Actor, Outcome, Record};
use crate::dynamo::{self, Key, Write, keys};
use crate::ids::{self, DependentId, OrganizationId, PersonId};
use crate::participant::Allowances;
use crate::participant::allowance::Allowance;
use crate::personal::{Identifier, SecurityValue};
use crate::service::Service;
use crate::trouble::Trouble;
use crate::vault::OrganizationKeys;

/// DynamoDB's limit on the keys of one BatchGetItem.
const MOST_KEYS: usize = 100;

/// Stands in the log line when an organization's wrong claims of a day are used
/// up. The template looks for it.
pub const PAGING_WORD: &str = "DEPENDENTS_GUESSED_AT";

/// The allowance of wrong claims at one identifier.
const CLAIMS_AT: &str = "claims-at";

/// Why nothing was attached.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A rule refused.
    #[error("refused: {0:?}")]
    Refused(Refusal),
    /// The machinery failed.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

/// Puts somebody on the organization's list, together with what else is to be
/// written; `None` when the identifier belongs to somebody already.
///
/// # Errors
/// When DynamoDB fails.
pub async fn add(
    service: &Service,
    organization: OrganizationId,
    keys: &OrganizationKeys,
    new: &NewDependent,
    more: impl FnOnce(DependentId) -> Result<Vec<Write>, Trouble>,
    now: Timestamp,
) -> Result<Option<Dependent>, Trouble> {
    let table = &service.settings.tables.schedule;
    let dependent = Dependent {
        id: DependentId::fresh(now, &*service.chance)?,
        name: new.name.clone(),
        identifier: new.identifier.clone(),
        version: 1,
        made: now,
    };
    let index = index(keys, &new.identifier);
    let hash = hash(keys, dependent.id, &new.security);
    let row = item::write(organization, keys, &dependent, index, hash, &*service.chance)?;
    let key = Key::identifier(organization, index);
    let named = IdentifierRow { pk: key.pk, sk: key.sk, dependent: dependent.id.to_string() };
    let mut writes = vec![Write::create(table, dynamo::item(&named)?)?, Write::create(table, row)?];
    writes.extend(more(dependent.id)?);
    let added = Write::commit_all(&writes, &service.dynamo, &*service.chance).await?;
    Ok(added.then_some(dependent))
}

/// Takes somebody off the list, together with what else is to be written. What
/// was personal about them is gone; what was booked for them stands, and their
/// id never names anybody else. `false` when there is no such dependent.
///
/// # Errors
/// When DynamoDB fails.
pub async fn remove(
    service: &Service,
    organization: OrganizationId,
    dependent: DependentId,
    more: Vec<Write>,
) -> Result<bool, Trouble> {
    for _ in 0..dynamo::TRIES {
        let found = unlisting(service, organization, dependent).await?;
        let Some(Unlisting { mut writes, identifier: Some(_) }) = found else { return Ok(false) };
        writes.extend(more.iter().cloned());
        if Write::commit_all(&writes, &service.dynamo, &*service.chance).await? {
            return Ok(true);
        }
    }
    Err(Trouble::unavailable("removing a dependent", "others were always first"))
}

/// What takes somebody off the list, where they are on it, and the blind index
/// that their identifier had. Lost when they are changed meanwhile.
pub(crate) struct Unlisting {
    pub(crate) writes: Vec<Write>,
    pub(crate) identifier: Option<[u8; 16]>,
}

/// The writes that take somebody off the list; `None` where there never was
/// anybody of this id.
///
/// # Errors
/// When DynamoDB fails or the item is damaged.
pub(crate) async fn unlisting(
    service: &Service,
    organization: OrganizationId,
    dependent: DependentId,
) -> Result<Option<Unlisting>, Trouble> {
    let table = &service.settings.tables.schedule;
    let key = Key::dependent(organization, dependent);
    let Some(found) = dynamo::get(&service.dynamo, table, &key).await? else { return Ok(None) };
    let row: Row = dynamo::row(found)?;
    let read = [(":read", item::number(row.version))];
    let Standing::Listed { index, .. } = row.standing()? else {
        let writes = vec![Write::check(table, &key, "version = :read", read)?];
        return Ok(Some(Unlisting { writes, identifier: None }));
    };
    let writes = vec![
        Write::put(table, dynamo::item(&row.removed())?, "version = :read", read)?,
        Write::delete(
            table,
            &Key::identifier(organization, index),
            "dependent = :dependent",
            [(":dependent", item::text(dependent))],
        )?,
    ];
    Ok(Some(Unlisting { writes, identifier: Some(index) }))
}

/// Somebody on the organization's list; `None` where they are not on it.
///
/// # Errors
/// When DynamoDB fails or the dependent is damaged.
pub async fn find(
    service: &Service,
    organization: OrganizationId,
    keys: &OrganizationKeys,
    dependent: DependentId,
) -> Result<Option<Dependent>, Trouble> {
    let table = &service.settings.tables.schedule;
    let key = Key::dependent(organization, dependent);
    let found = dynamo::get(&service.dynamo, table, &key).await?;
    Ok(found.map(|item| item::read(keys, item)).transpose()?.flatten())
}

/// Whether there is, or was, anybody of this id whose data has not been deleted.
///
/// # Errors
/// When DynamoDB fails.
pub async fn ever(
    service: &Service,
    organization: OrganizationId,
    dependent: DependentId,
) -> Result<bool, Trouble> {
    let table = &service.settings.tables.schedule;
    let key = Key::dependent(organization, dependent);
    Ok(dynamo::get(&service.dynamo, table, &key).await?.is_some())
}

/// Everybody on the organization's list, by name.
///
/// # Errors
/// When DynamoDB fails or a dependent is damaged.
pub async fn all(
    service: &Service,
    organization: OrganizationId,
    keys: &OrganizationKeys,
) -> Result<Vec<Dependent>, Trouble> {
    let table = &service.settings.tables.schedule;
    let pk = keys::dependents(organization);
    let items = dynamo::query(&service.dynamo, table, &pk, "dependent#", true).await?;
    let mut found = Vec::with_capacity(items.len());
    for item in items {
        found.extend(item::read(keys, item)?);
    }
    sort(&mut found);
    Ok(found)
}

/// The dependents whom a participant has attached and who are still on the
/// list, by name.
///
/// # Errors
/// When DynamoDB fails or a dependent is damaged.
pub async fn attached(
    service: &Service,
    organization: OrganizationId,
    keys: &OrganizationKeys,
    person: PersonId,
) -> Result<Vec<Dependent>, Trouble> {
    let table = &service.settings.tables.schedule;
    let ids = attachments(service, organization, person).await?;
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(MOST_KEYS) {
        let asked: Vec<Key> = chunk.iter().map(|id| Key::dependent(organization, *id)).collect();
        let items = dynamo::batch_get(&service.dynamo, table, &asked, &*service.chance).await?;
        for item in items.into_values() {
            found.extend(item::read(keys, item)?);
        }
    }
    sort(&mut found);
    Ok(found)
}

fn sort(dependents: &mut [Dependent]) {
    dependents.sort_by_cached_key(|one| (one.name.expose().to_lowercase(), one.id));
}

/// The ids of all whom a participant has attached.
async fn attachments(
    service: &Service,
    organization: OrganizationId,
    person: PersonId,
) -> Result<Vec<DependentId>, Trouble> {
    let table = &service.settings.tables.schedule;
    let pk = keys::of_person(organization, person);
    let items = dynamo::query(&service.dynamo, table, &pk, "dependent#", true).await?;
    items.into_iter().map(|item| dynamo::row::<AttachedRow>(item)?.id()).collect()
}

/// Attaches a dependent to a participant who gives the right identifier and
/// security value. Attaching them again is no different. Every try is counted
/// before it is looked at, and is on record before it is answered; an unknown
/// identifier and a wrong value take the same readings and the same answer. A
/// right claim is then no longer counted against the identifier and the
/// organization: guardians do not keep each other out.
///
/// # Errors
/// [`Failure`] says why not.
pub async fn attach(
    desk: Desk<'_>,
    person: PersonId,
    claim: &Claim,
    network: [u8; 16],
) -> Result<Dependent, Failure> {
    let Desk { service, organization, keys, .. } = desk;
    let table = &service.settings.tables.schedule;
    let index = index(keys, &claim.identifier);
    let about = |dependent: Option<DependentId>| {
        let about = dependent.map_or(About::Person(person), About::Dependent);
        Record::of(Actor::Participant(person), Action::DependentAttached, about)
            .from_network(Some(network))
    };
    if let Some(wait) = desk.count(person, network, index).await? {
        let record = about(None).with(Outcome::Throttled);
        audit::write(service, organization, &record, desk.now).await?;
        return Err(Failure::Refused(Refusal::TooMuch(wait)));
    }
    let named = dynamo::get(&service.dynamo, table, &Key::identifier(organization, index)).await?;
    let named = named.map(|item| dynamo::row::<IdentifierRow>(item)?.id()).transpose()?;
    // Where nobody has the identifier, somebody who is not there is looked for:
    // the answer takes as many readings as a wrong value does.
    let id = named.unwrap_or(DependentId::from_bytes(index));
    let found = dynamo::get(&service.dynamo, table, &Key::dependent(organization, id)).await?;
    let found = found.map(|item| item::read_with_hash(keys, item)).transpose()?.flatten();
    let stored = found.as_ref().map_or(index, |(_, hash)| *hash);
    if !rules::right(found.is_some(), stored, hash(keys, id, &claim.security)) {
        let record = about(named).with(Outcome::Wrong);
        audit::write(service, organization, &record, desk.now).await?;
        return Err(Failure::Refused(Refusal::Wrong));
    }
    let Some((dependent, _)) = found else { return Err(Failure::Refused(Refusal::Wrong)) };
    desk.was_right(index).await?;
    let attached = attachments(service, organization, person).await?;
    if attached.contains(&id) {
        let record = about(Some(id)).with(Outcome::Right);
        audit::write(service, organization, &record, desk.now).await?;
        return Ok(dependent);
    }
    if attached.len() >= rules::MOST_ATTACHED {
        let record = about(Some(id)).with(Outcome::Refused);
        audit::write(service, organization, &record, desk.now).await?;
        return Err(Failure::Refused(Refusal::Full));
    }
    let key = Key::attached(organization, person, id);
    let since = desk.now.as_second();
    let row = AttachedRow {
        pk: key.pk,
        sk: key.sk,
        since,
        concerns: Some(keys::concerning(organization, id)),
        start: Some(since),
    };
    let record = about(Some(id)).with(Outcome::Right);
    let writes = [
        Write::create(table, dynamo::item(&row)?)?,
        // Who is taken off the list or deleted is attached by nobody any more.
        Write::check(
            table,
            &Key::dependent(organization, id),
            "version = :read",
            [(":read", item::number(dependent.version))],
        )?,
        audit::record(service, organization, &record, desk.now)?,
    ];
    // Lost means the same participant has attached them this very moment, or
    // they are on the list no more.
    if !Write::commit_all(&writes, &service.dynamo, &*service.chance).await?
        && find(service, organization, keys, id).await?.is_none()
    {
        return Err(Failure::Refused(Refusal::Wrong));
    }
    Ok(dependent)
}

/// Lets a dependent go; what was booked for them stands. `false` when they
/// were not attached.
///
/// # Errors
/// When DynamoDB fails.
pub async fn detach(
    service: &Service,
    organization: OrganizationId,
    person: PersonId,
    dependent: DependentId,
    network: [u8; 16],
    now: Timestamp,
) -> Result<bool, Trouble> {
    let key = Key::attached(organization, person, dependent);
    let actor = Actor::Participant(person);
    let record = Record::of(actor, Action::DependentDetached, About::Dependent(dependent))
        .from_network(Some(network));
    let writes = [
        Write::delete(&service.settings.tables.schedule, &key, "attribute_exists(pk)", [])?,
        audit::record(service, organization, &record, now)?,
    ];
    Write::commit_all(&writes, &service.dynamo, &*service.chance).await
}

/// What attaching is done with.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    /// Clients, clock and chance.
    pub service: &'a Service,
    /// What this process has borrowed of the limits.
    pub allowances: &'a Allowances,
    /// Whose dependents.
    pub organization: OrganizationId,
    /// The organization's keys.
    pub keys: &'a OrganizationKeys,
    /// When the request arrived.
    pub now: Timestamp,
}

impl Desk<'_> {
    /// Counts a try against the participant, the network, the identifier,
    /// whether or not anybody has it, and the organization; `Some` says how long
    /// until there are more.
    async fn count(
        &self,
        person: PersonId,
        network: [u8; 16],
        index: [u8; 16],
    ) -> Result<Option<jiff::SignedDuration>, Trouble> {
        let Self { organization, service, .. } = *self;
        let (person, network) = (person.to_string(), ids::to_text(&network));
        let index = ids::to_text(&index);
        let allowance =
            |kind, of, limit| Allowance { organization, kind, of, limit, window: rules::AN_HOUR };
        for allowance in [
            allowance("claims", &*person, rules::TRIES_OF_A_PARTICIPANT),
            allowance("claims-from", &*network, rules::TRIES_FROM_A_NETWORK),
            self.wrong_at(&index),
        ] {
            if let Some(wait) = self.allowances.spend(service, allowance, self.now).await? {
                return Ok(Some(wait));
            }
        }
        let wait = self.allowances.spend(service, self.wrong_here(), self.now).await?;
        if wait.is_some() {
            tracing::error!(alarm = PAGING_WORD, %organization, "no more claims today");
        }
        Ok(wait)
    }

    /// Wrong claims at one identifier.
    fn wrong_at<'a>(&self, index: &'a str) -> Allowance<'a> {
        Allowance {
            organization: self.organization,
            kind: CLAIMS_AT,
            of: index,
            limit: rules::WRONG_AT_A_DEPENDENT,
            window: rules::A_DAY,
        }
    }

    /// Wrong claims at all identifiers of the organization.
    fn wrong_here(&self) -> Allowance<'static> {
        Allowance {
            organization: self.organization,
            kind: "claims-wrong",
            of: "",
            limit: rules::WRONG_AT_AN_ORGANIZATION,
            window: rules::A_DAY,
        }
    }

    /// Takes back what was counted as if the claim were wrong.
    async fn was_right(&self, index: [u8; 16]) -> Result<(), Trouble> {
        let index = ids::to_text(&index);
        for allowance in [self.wrong_at(&index), self.wrong_here()] {
            self.allowances.take_back(self.service, allowance, self.now).await?;
        }
        Ok(())
    }
}

/// Where the wrong claims at an identifier are counted.
pub(crate) fn claims_at(organization: OrganizationId, identifier: [u8; 16]) -> String {
    keys::allowance(organization, CLAIMS_AT, &ids::to_text(&identifier))
}

/// The blind index of an identifier.
pub(crate) fn index(keys: &OrganizationKeys, identifier: &Identifier) -> [u8; 16] {
    keys.blind(b"identifier", identifier.normalized().as_bytes())
}

/// The keyed hash of a dependent's security value: another for each dependent,
/// so that equal values do not look alike.
fn hash(keys: &OrganizationKeys, dependent: DependentId, security: &SecurityValue) -> [u8; 16] {
    let mut said = zeroize::Zeroizing::new(dependent.as_bytes().to_vec());
    said.extend_from_slice(security.normalized().as_bytes());
    keys.blind(b"security value", &said)
}

/// What a booking for a dependent needs to see: whether the participant has
/// attached them, and who they are, where they are still on the list.
pub(crate) fn seen(
    keys: &OrganizationKeys,
    found: &mut HashMap<Key, dynamo::Item>,
    attachment: &Key,
    dependent: &Key,
) -> Result<Option<Dependent>, Trouble> {
    match (found.remove(attachment), found.remove(dependent)) {
        (Some(_), Some(item)) => item::read(keys, item),
        _ => Ok(None),
    }
}
