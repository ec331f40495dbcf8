//! Applying the ledger to restored tables: what was deleted after the backup
//! was taken must not come back.
//!
//! One passage through each table that holds people's data, a page at a time.
//! An entry that was applied before the backup finds nothing to do, and applying
//! it again changes nothing, so every entry is applied. Audit records stay: they
//! outlive what they are about, as ids and keyed hashes.
//!
//! A night of retention went around what was held, and so does its entry: which
//! holds count is said in `Facts::spared_by`. What somebody asked to have
//! deleted goes again, whatever is held by now.

use std::collections::{BTreeMap, HashMap};

use super::compare::page;
use super::facts::{Facts, Held, sort};
use crate::dynamo::{self, Item, Key, Write};
use crate::ids::OrganizationId;
use crate::ledger::{Entry, Fate, Forgotten};
use crate::organization;
use crate::participant::{agenda, tally};
use crate::retention::{self, hold};
use crate::service::Service;
use crate::settings::Table;
use crate::trouble::Trouble;

/// The tables that are gone through, in this order: bookings first, which take
/// their notices with them; then once more what had counted on bookings.
const TABLES: [Table; 4] = [Table::Schedule, Table::Schedule, Table::Mail, Table::Identity];

/// How many items of each kind were removed again, or became seats.
pub type Removed = BTreeMap<String, u64>;

/// Applies all entries of the ledger to restored tables. The holds that stand in
/// the live ones are placed in them first: else their first night would remove
/// what these keep.
///
/// # Errors
/// When DynamoDB fails or an item that must go is damaged. Applying again goes on.
pub async fn run(
    live: &Service,
    restored: &Service,
    entries: &[Entry],
) -> Result<Removed, Trouble> {
    let mut held = Held::default();
    for organization in organization::store::all(restored).await? {
        hold::bring(live, restored, organization).await?;
        // By now these are the holds of both; of one that stands in both, the
        // earlier moment is in either.
        for tables in [live, restored] {
            for (on, since) in hold::since(tables, organization).await? {
                held.note(organization, on, since);
            }
        }
    }
    let mut by_organization: HashMap<OrganizationId, Vec<&Entry>> = HashMap::new();
    for entry in entries {
        by_organization.entry(entry.organization).or_default().push(entry);
    }
    let mut removed = Removed::new();
    if by_organization.is_empty() {
        return Ok(removed);
    }
    for table in TABLES {
        let mut from = None;
        loop {
            let (items, last) = page(restored, table, from).await?;
            // What is an erased organization's asks for nothing first: a page of
            // it goes at once, since there may be millions.
            let mut erased = Vec::new();
            for item in items {
                let Some(key) = Key::of(&item) else { continue };
                let facts = Facts::of(table, &key, &item);
                let of = facts.organization.and_then(|id| by_organization.get(&id));
                let mut meant: Vec<&Entry> = of.into_iter().flatten().copied().collect();
                if meant.iter().any(|entry| entry.what == Forgotten::Organization) {
                    *removed.entry(sort(table, &key)).or_default() += 1;
                    erased.push(key);
                    continue;
                }
                meant.retain(|entry| facts.meant_by(entry) && !facts.spared_by(entry, &held));
                let forgetting = Forgetting { restored, table };
                if let Some(gone) = forgetting.apply(&key, item, &facts, &meant).await? {
                    *removed.entry(gone).or_default() += 1;
                }
            }
            let name = restored.settings.tables.name(table);
            dynamo::batch_delete(&restored.dynamo, name, &erased, &*restored.chance).await?;
            from = last;
            if from.is_none() {
                break;
            }
        }
    }
    Ok(removed)
}

struct Forgetting<'a> {
    restored: &'a Service,
    table: Table,
}

impl Forgetting<'_> {
    /// Removes an item that some entries mean; what it was, where it went.
    async fn apply(
        &self,
        key: &Key,
        item: Item,
        facts: &Facts,
        meant: &[&Entry],
    ) -> Result<Option<String>, Trouble> {
        let Some(organization) = facts.organization.filter(|_| !meant.is_empty()) else {
            return Ok(None);
        };
        let word = sort(self.table, key);
        let service = self.restored;
        if self.table == Table::Schedule {
            if let Some(booking) = facts.booking {
                // What one entry removed is gone, though another left a seat.
                let seats = meant.iter().all(|entry| facts.fate(entry) == Some(Fate::Seats));
                let fate = if seats { Fate::Seats } else { Fate::Removed };
                let now = service.clock.now();
                let gone = retention::forget::booking(service, organization, booking, fate, now);
                return Ok(gone.await?.then_some(word));
            }
            // What counts on what stands goes with the last booking that stood.
            let counts = match word.as_str() {
                "agenda" => !agenda::read(item)?.entries.is_empty(),
                "tally" => tally::read(item)?.live > 0,
                _ => false,
            };
            if counts {
                return Ok(None);
            }
        }
        self.remove(key).await?;
        Ok(Some(word))
    }

    async fn remove(&self, key: &Key) -> Result<(), Trouble> {
        let name = self.restored.settings.tables.name(self.table);
        let delete = Write::delete(name, key, "attribute_exists(pk)", [])?;
        let (client, chance) = (&self.restored.dynamo, &*self.restored.chance);
        Write::commit_all(&[delete], client, chance).await.map(|_| ())
    }
}
