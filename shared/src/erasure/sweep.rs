//! Removing everything of an organization, table by table.
//!
//! A step removes what the step before found, and then looks for more: the keys
//! that it finds are written down before anything of them goes, so that a step
//! that is taken twice removes nothing else and counts nothing twice. Only a
//! page of keys is in memory, however much there is. This is one of the few
//! places that may scan a table.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};
use tokio::time::MissedTickBehavior;

use super::begin::{destroy_keys, keys_of};
use crate::dynamo::{self, Key};
use crate::ids::OrganizationId;
use crate::run::Kind;
use crate::service::Service;
use crate::settings::Table;
use crate::trouble::Trouble;
use crate::vault::own_key;

/// The tables from which everything goes. Audit records stay until their time
/// is over, the ledger stays, and keys go first, by themselves.
const TABLES: [Table; 5] =
    [Table::Schedule, Table::Identity, Table::Session, Table::Mail, Table::Run];
/// Items of a page, of all segments together: their keys fit into the run.
const PAGE: usize = 200;
/// So many pages without a finding are read in one step.
const MOST_PAGES: usize = 50;
/// BatchWriteItem's limit.
const AT_ONCE: usize = 25;
/// Between two batches: 1,250 items a second at most, which a partition takes
/// beside what others write.
const PACE: Duration = Duration::from_millis(20);

/// How far the removal of an organization's items has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sweep {
    /// Which of the tables.
    table: usize,
    segments: Vec<Segment>,
    /// The keys that were found and are to be removed first.
    doomed: Vec<(String, String)>,
    /// How many items were found, by table.
    found: BTreeMap<String, u64>,
}

/// How far a segment of the table has been read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Segment {
    Begins,
    After(String, String),
    Ended,
}

impl Sweep {
    /// A passage through all tables, each read in so many segments: more than
    /// one is for tables that lie in many partitions.
    #[must_use]
    pub fn begin(segments: usize) -> Self {
        let segments = vec![Segment::Begins; segments.max(1)];
        Self { table: 0, segments, doomed: Vec::new(), found: BTreeMap::new() }
    }

    /// How many items were found so far, by table.
    #[must_use]
    pub const fn found(&self) -> &BTreeMap<String, u64> {
        &self.found
    }

    /// Whether all tables were read to their end and nothing is left to remove.
    #[must_use]
    pub const fn ended(&self) -> bool {
        self.table >= TABLES.len() && self.doomed.is_empty()
    }

    /// Removes what is known and looks for more. It may be taken again.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn step(
        &mut self,
        service: &Service,
        organization: OrganizationId,
    ) -> Result<(), Trouble> {
        let Some(table) = TABLES.get(self.table).copied() else { return Ok(()) };
        let name = service.settings.tables.name(table);
        remove(service, name, organization, &self.doomed).await?;
        self.doomed.clear();
        for _ in 0..MOST_PAGES {
            if self.segments.iter().all(|segment| *segment == Segment::Ended) {
                self.table += 1;
                self.segments = vec![Segment::Begins; self.segments.len()];
                return Ok(());
            }
            let mut found = self.read(service, name, organization).await?;
            found.retain(|key| !is_an_erasure(table, key));
            if found.is_empty() {
                continue;
            }
            *self.found.entry(table.word().to_owned()).or_default() += found.len() as u64;
            self.doomed = found.into_iter().map(|key| shortened(organization, key)).collect();
            return Ok(());
        }
        Ok(())
    }

    /// Reads the next page of every segment that has one, all at the same time.
    async fn read(
        &mut self,
        service: &Service,
        table: &str,
        organization: OrganizationId,
    ) -> Result<Vec<Key>, Trouble> {
        let total = self.segments.len();
        let pages = self.segments.iter().enumerate().filter_map(|(number, segment)| {
            let from = match segment {
                Segment::Begins => None,
                Segment::After(pk, sk) => Some(Key { pk: pk.clone(), sk: sk.clone() }),
                Segment::Ended => return None,
            };
            Some(async move {
                let page = page(service, table, organization, (number, total), from).await?;
                Ok::<_, Trouble>((number, page))
            })
        });
        let mut read = Vec::new();
        for (number, (keys, last)) in try_join_all(pages).await? {
            read.extend(keys);
            self.segments[number] = match last {
                Some(Key { pk, sk }) => Segment::After(pk, sk),
                None => Segment::Ended,
            };
        }
        Ok(read)
    }
}

/// Destroys an organization's keys, also a KMS key of its own, and removes all
/// its items, however many, in one go: for a restore, which must forget again
/// what was erased.
///
/// # Errors
/// When DynamoDB or KMS fails. It may be taken again.
pub async fn sweep(
    service: &Service,
    organization: OrganizationId,
) -> Result<BTreeMap<String, u64>, Trouble> {
    // Before the rows go that name them.
    for key in own_key::named_in(&keys_of(service, organization).await?) {
        service.vault.let_go(organization, &key).await?;
    }
    destroy_keys(service, organization).await?;
    let mut sweep = Sweep::begin(1);
    while !sweep.ended() {
        sweep.step(service, organization).await?;
    }
    Ok(sweep.found)
}

/// A page of a table: the keys of what is the organization's, or the operator's
/// about it, and where the next page begins.
async fn page(
    service: &Service,
    table: &str,
    organization: OrganizationId,
    (number, total): (usize, usize),
    from: Option<Key>,
) -> Result<(Vec<Key>, Option<Key>), Trouble> {
    let limit = i32::try_from((PAGE / total).max(1)).unwrap_or(1);
    let segment = |number| (total > 1).then(|| i32::try_from(number).unwrap_or(i32::MAX));
    let answer = service
        .dynamo
        .scan()
        .table_name(table)
        .consistent_read(true)
        .limit(limit)
        .set_segment(segment(number))
        .set_total_segments(segment(total))
        .set_exclusive_start_key(from.as_ref().map(Key::to_item))
        .projection_expression("pk, sk")
        // The registry names it as `organization`, a notice to the operator's
        // people as `about`.
        .filter_expression("begins_with(pk, :id) OR #organization = :id OR #about = :id")
        .expression_attribute_names("#organization", "organization")
        .expression_attribute_names("#about", "about")
        .expression_attribute_values(":id", AttributeValue::S(organization.to_string()))
        .send()
        .await
        .map_err(|cause| Trouble::unavailable("looking for what is to be erased", cause))?;
    let last = answer.last_evaluated_key.as_ref().and_then(Key::of);
    Ok((answer.items.unwrap_or_default().iter().filter_map(Key::of).collect(), last))
}

/// Removes items by their keys, so many in a second.
async fn remove(
    service: &Service,
    table: &str,
    organization: OrganizationId,
    doomed: &[(String, String)],
) -> Result<(), Trouble> {
    let mut pace = tokio::time::interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for chunk in doomed.chunks(AT_ONCE) {
        pace.tick().await;
        let keys: Vec<Key> = chunk.iter().map(|short| lengthened(organization, short)).collect();
        dynamo::batch_delete(&service.dynamo, table, &keys, &*service.chance).await?;
    }
    Ok(())
}

/// Whether this is the run that erases: it stays until its own time is over.
fn is_an_erasure(table: Table, key: &Key) -> bool {
    let run = key.sk.strip_prefix("run#").and_then(|rest| rest.split_once('#'));
    table == Table::Run && run.is_some_and(|(kind, _)| kind == Kind::Erasure.word())
}

/// A key as the run keeps it: what nearly all begin with is left out.
fn shortened(organization: OrganizationId, key: Key) -> (String, String) {
    match key.pk.strip_prefix(&organization.to_string()) {
        Some(rest) => (format!("*{rest}"), key.sk),
        None => (key.pk, key.sk),
    }
}

fn lengthened(organization: OrganizationId, (pk, sk): &(String, String)) -> Key {
    let pk = match pk.strip_prefix('*') {
        Some(rest) => format!("{organization}{rest}"),
        None => pk.clone(),
    };
    Key { pk, sk: sk.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_being_written_down() {
        let organization = OrganizationId::from_bytes([1; 16]);
        for key in [
            Key::organization(organization),
            Key::web_name("north-school"),
            Key { pk: format!("{organization}#more"), sk: "x".into() },
        ] {
            assert_eq!(lengthened(organization, &shortened(organization, key.clone())), key);
        }
    }

    #[test]
    fn the_run_that_erases_stays_and_others_do_not() {
        let organization = OrganizationId::from_bytes([1; 16]);
        let run = |kind: Kind| {
            Key::run(organization, kind.word(), crate::ids::RunId::from_bytes([2; 16]))
        };
        for kind in Kind::ALL {
            assert_eq!(is_an_erasure(Table::Run, &run(kind)), kind == Kind::Erasure);
        }
        assert!(!is_an_erasure(Table::Schedule, &run(Kind::Erasure)));
    }

    #[test]
    fn a_page_of_the_longest_keys_fits_into_a_run() {
        let longest = 26 + 26 + 11 + 60;
        assert!(PAGE * (longest + 40) <= 33_000, "our items have at most 32 KB");
    }
}
