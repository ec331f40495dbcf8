//! Proving that the trail is as it was sealed.
//!
//! First the checkpoints are walked in their order: each one's MAC, its place
//! in the chain, its parts and its root. Then the table is read from end to
//! end and every record compared with its leaf, in as many rounds as it takes
//! to hold only `LEAVES_AT_ONCE` leaves at a time; a round looks at the
//! records of one share of all ids.
//!
//! What cannot be told from the table alone: a last stretch of checkpoints
//! that was removed together with every record they sealed. The sealer was
//! woken by those removals: it noted them in the next checkpoint and raised
//! the alarm, and its log names every checkpoint by digest.

mod chain;
mod report;
mod round;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::checkpoint::AuditKey;
use super::leaf::Leaf;
use crate::dynamo::{Item, Key, keys};
use crate::ids::{OrganizationId, RecordId};
use crate::ledger;
use crate::organization;
use crate::service::Service;
use crate::trouble::Trouble;

pub use report::{Fault, Report};

/// Records younger than this may not be sealed yet: a minute of gathering, and
/// time for another try.
pub const LAG: SignedDuration = SignedDuration::from_mins(10);
/// How many leaves are in memory at a time: some 60 MB.
const LEAVES_AT_ONCE: u64 = 200_000;

/// Verifies one organization's trail, or everybody's.
///
/// # Errors
/// When DynamoDB or KMS fails. What is wrong with the trail is no error but in
/// the report.
pub async fn verify(
    service: &Service,
    key: &AuditKey,
    only: Option<OrganizationId>,
) -> Result<Report, Trouble> {
    in_shares(service, key, only, LEAVES_AT_ONCE).await
}

/// The same with so many leaves in memory at a time.
///
/// # Errors
/// As [`verify`].
pub async fn in_shares(
    service: &Service,
    key: &AuditKey,
    only: Option<OrganizationId>,
    leaves_at_once: u64,
) -> Result<Report, Trouble> {
    let organizations = match only {
        Some(organization) => BTreeSet::from([organization]),
        None => with_a_trail(service).await?,
    };
    let mut report = Report { organizations: organizations.len() as u64, ..Report::default() };
    let mut chains = Vec::with_capacity(organizations.len());
    for organization in organizations {
        chains.push(chain::walk(service, key, organization, &mut report).await?);
    }
    let leaves = chains.iter().fold(0, |sum: u64, chain| sum.saturating_add(chain.leaves));
    let rounds = leaves.div_ceil(leaves_at_once.max(1)).max(1);
    for number in 0..rounds {
        let share = round::Share { number, of: rounds };
        round::compare(service, &chains, share, only.is_none(), &mut report).await?;
    }
    Ok(report)
}

/// The records written since a moment that no checkpoint holds, by organization.
///
/// # Errors
/// As [`verify`].
pub async fn unsealed(
    service: &Service,
    key: &AuditKey,
    since: Timestamp,
) -> Result<BTreeMap<OrganizationId, Vec<Item>>, Trouble> {
    let mut found: BTreeMap<OrganizationId, BTreeMap<String, Item>> = BTreeMap::new();
    let mut next = None;
    loop {
        let (items, after) = scan(service, next, false).await?;
        for item in items {
            let named = Key::of(&item).and_then(|key| named_by(&key));
            if let Some((organization, id, true)) = named
                && written_at(id) >= since
            {
                found.entry(organization).or_default().insert(id.to_string(), item);
            }
        }
        if after.is_none() {
            break;
        }
        next = after;
    }
    for (organization, records) in &mut found {
        let mut report = Report::default();
        let chain = chain::walk(service, key, *organization, &mut report).await?;
        let held = |_, _, _, leaf: Leaf| drop(records.remove(&leaf.key.sk));
        chain.leaves(service, held).await?;
    }
    found.retain(|_, records| !records.is_empty());
    Ok(found.into_iter().map(|(id, records)| (id, records.into_values().collect())).collect())
}

/// Every organization that is registered, was erased or has anything in the
/// table: an erased one's records outlive it, and are proven as before.
async fn with_a_trail(service: &Service) -> Result<BTreeSet<OrganizationId>, Trouble> {
    let mut found: BTreeSet<OrganizationId> =
        organization::store::all(service).await?.into_iter().collect();
    let erased = ledger::all(service).await?.into_iter();
    let erased = erased.filter(|entry| entry.what == ledger::Forgotten::Organization);
    found.extend(erased.map(|entry| entry.organization));
    let mut next = None;
    loop {
        let (items, after) = scan(service, next, true).await?;
        found.extend(items.iter().filter_map(Key::of).filter_map(|key| owner(&key)));
        if after.is_none() {
            return Ok(found);
        }
        next = after;
    }
}

/// A page of the table, and where the next begins.
async fn scan(
    service: &Service,
    from: Option<Item>,
    keys_only: bool,
) -> Result<(Vec<Item>, Option<Item>), Trouble> {
    let mut scan = service
        .dynamo
        .scan()
        .table_name(&service.settings.tables.audit)
        .consistent_read(true)
        .set_exclusive_start_key(from);
    if keys_only {
        scan = scan.projection_expression("pk, sk");
    }
    let answer = scan
        .send()
        .await
        .map_err(|cause| Trouble::unavailable("reading the audit trail", cause))?;
    Ok((answer.items.unwrap_or_default(), answer.last_evaluated_key))
}

/// Whose an item is.
fn owner(key: &Key) -> Option<OrganizationId> {
    OrganizationId::parse(key.pk.split('#').next()?)
}

/// When a record was written, as its id tells.
#[must_use]
pub fn written_at(record: RecordId) -> Timestamp {
    let mut bytes = [0; 8];
    for (to, from) in bytes.iter_mut().skip(2).zip(record.as_bytes()) {
        *to = *from;
    }
    i64::try_from(u64::from_be_bytes(bytes))
        .ok()
        .and_then(|milliseconds| Timestamp::from_millisecond(milliseconds).ok())
        .unwrap_or(Timestamp::MAX)
}

/// The record that a key names, if it is the key of one at all; and whether it
/// lies where its own time belongs.
#[must_use]
pub fn named_by(key: &Key) -> Option<(OrganizationId, RecordId, bool)> {
    let organization = owner(key)?;
    let mut parts = key.pk.split('#').skip(1);
    let day: jiff::civil::Date = parts.next()?.parse().ok()?;
    let id = RecordId::parse(&key.sk)?;
    let shard: u8 = parts.next()?.parse().ok()?;
    let known = keys::audit_day(organization, day);
    if parts.next().is_some() || known.get(usize::from(shard)) != Some(&key.pk) {
        return None;
    }
    let place = Key::audit(organization, super::day_of(written_at(id)), id);
    Some((organization, id, place == *key))
}
