//! One look at the tables: what the checks of some items need, read with as
//! few requests as that takes.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;

use super::check;
use super::subject::{Sort, Subject, Table};
use crate::dynamo::{self, Item, Key};
use crate::ids::OrganizationId;
use crate::service::Service;
use crate::trouble::Trouble;
use crate::vault::OrganizationKeys;

/// So many requests are under way at the same time.
const AT_ONCE: usize = 8;
/// DynamoDB's limit on the keys of one BatchGetItem.
const MOST_KEYS: usize = 100;

/// What a check must see besides its own item.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Need {
    /// The item under a key, or that there is none.
    Item(Table, Key),
    /// All agendas in a person's partition.
    Agendas(String),
    /// All members in an organization's partition.
    Members(String),
}

/// How an organization's keys are found.
#[derive(Debug, Clone)]
pub(super) enum Keys {
    Open(Arc<OrganizationKeys>),
    Missing,
    Broken,
}

/// What was there.
pub(super) struct Look {
    items: HashMap<Table, HashMap<Key, Item>>,
    agendas: HashMap<String, Vec<Item>>,
    members: HashMap<String, Vec<Item>>,
    keys: HashMap<OrganizationId, Keys>,
    /// Keys as they are stored now, for organizations that are checked themselves.
    stored_keys: HashMap<OrganizationId, Keys>,
    now: Timestamp,
}

impl Look {
    /// Reads what the checks of `subjects` need.
    pub(super) async fn at(service: &Service, subjects: &[Subject]) -> Result<Self, Trouble> {
        let tables = &service.settings.tables;
        let mut look = Self {
            items: HashMap::new(),
            agendas: HashMap::new(),
            members: HashMap::new(),
            keys: HashMap::new(),
            stored_keys: HashMap::new(),
            now: service.clock.now(),
        };
        // First, because where some items lie follows from a key and a sealed value.
        look.read_keys(service, subjects).await?;
        let needs: HashSet<Need> =
            subjects.iter().flat_map(|subject| check::needs(subject, &look)).collect();
        let mut wanted: HashMap<Table, Vec<Key>> = HashMap::new();
        let (mut people, mut teams) = (Vec::new(), Vec::new());
        for need in needs {
            match need {
                Need::Item(table, key) => wanted.entry(table).or_default().push(key),
                Need::Agendas(pk) => people.push(pk),
                Need::Members(pk) => teams.push(pk),
            }
        }
        for (table, keys) in wanted {
            look.items.insert(table, items(service, table, &keys).await?);
        }
        look.agendas = partitions(service, &tables.schedule, people, "agenda#").await?;
        look.members = partitions(service, &tables.identity, teams, "member#").await?;
        Ok(look)
    }

    async fn read_keys(&mut self, service: &Service, subjects: &[Subject]) -> Result<(), Trouble> {
        for subject in subjects {
            let Some(organization) = subject.sort.organization() else { continue };
            if matches!(subject.sort, Sort::Organization(_)) {
                let stored = service.vault.read(organization, service.clock.now()).await;
                let stored = judged(stored.map(|keys| keys.map(Arc::new)))?;
                self.stored_keys.insert(organization, stored);
            } else if let Entry::Vacant(place) = self.keys.entry(organization) {
                let now = service.clock.now();
                place.insert(judged(service.vault.keys(organization, now).await)?);
            }
        }
        Ok(())
    }

    /// When it was looked.
    pub(super) const fn now(&self) -> Timestamp {
        self.now
    }

    /// The item under a key that a check needs.
    pub(super) fn item(&self, table: Table, key: &Key) -> Option<&Item> {
        self.items.get(&table)?.get(key)
    }

    /// The agendas of a person's partition.
    pub(super) fn agendas(&self, pk: &str) -> &[Item] {
        self.agendas.get(pk).map_or(&[], Vec::as_slice)
    }

    /// The members of an organization's partition.
    pub(super) fn members(&self, pk: &str) -> &[Item] {
        self.members.get(pk).map_or(&[], Vec::as_slice)
    }

    /// An organization's keys; `None` where it has none that work, which is a
    /// finding about the organization and not about each of its items.
    pub(super) fn keys(&self, organization: OrganizationId) -> Option<&OrganizationKeys> {
        match self.keys.get(&organization)? {
            Keys::Open(keys) => Some(keys),
            Keys::Missing | Keys::Broken => None,
        }
    }

    /// How the stored keys of an organization are.
    pub(super) fn stored_keys(&self, organization: OrganizationId) -> Option<&Keys> {
        self.stored_keys.get(&organization)
    }

    /// Whether the check of an item would see the same in both looks.
    pub(super) fn agrees(&self, other: &Self, subject: &Subject) -> bool {
        check::needs(subject, self).iter().all(|need| match need {
            Need::Item(table, key) => self.item(*table, key) == other.item(*table, key),
            Need::Agendas(pk) => self.agendas(pk) == other.agendas(pk),
            Need::Members(pk) => self.members(pk) == other.members(pk),
        })
    }
}

/// Reads items of one table, in as many requests as that takes.
pub(super) async fn items(
    service: &Service,
    table: Table,
    keys: &[Key],
) -> Result<HashMap<Key, Item>, Trouble> {
    let name = table.name(&service.settings.tables);
    // Made before they are started, so that a check may change threads.
    let chunks = keys.chunks(MOST_KEYS);
    let reads: Vec<_> = chunks
        .map(|chunk| dynamo::batch_get(&service.dynamo, name, chunk, &*service.chance))
        .collect();
    let found: Vec<HashMap<Key, Item>> =
        stream::iter(reads).buffer_unordered(AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

/// Reads what lies in some partitions under sort keys of one beginning.
async fn partitions(
    service: &Service,
    table: &str,
    partitions: Vec<String>,
    prefix: &str,
) -> Result<HashMap<String, Vec<Item>>, Trouble> {
    let read = async |pk: String| {
        let found = dynamo::query(&service.dynamo, table, &pk, prefix, true).await?;
        Ok::<_, Trouble>((pk, found))
    };
    let reads: Vec<_> = partitions.into_iter().map(read).collect();
    stream::iter(reads).buffer_unordered(AT_ONCE).try_collect().await
}

/// A service that fails stops the check; a key that is damaged is what the
/// check is for.
fn judged(read: Result<Option<Arc<OrganizationKeys>>, Trouble>) -> Result<Keys, Trouble> {
    match read {
        Ok(Some(keys)) => Ok(Keys::Open(keys)),
        Ok(None) => Ok(Keys::Missing),
        Err(Trouble::Damaged { .. }) => Ok(Keys::Broken),
        Err(unavailable) => Err(unavailable),
    }
}
