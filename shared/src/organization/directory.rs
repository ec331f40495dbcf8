//! What a warm process remembers of organizations and events, for a second.
//!
//! Names, days and settings are read on every request and change seldom. A
//! second is short enough that closing an event or suspending an organization
//! takes hold at once for people, and long enough that a rush of visitors
//! reads them once.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use jiff::{SignedDuration, Timestamp};

use super::{Organization, State, store};
use crate::dynamo;
use crate::event::{self, Event};
use crate::ids::{EventId, OrganizationId};
use crate::resource::{self, Resource};
use crate::service::Service;
use crate::trouble::Trouble;
use crate::vault::OrganizationKeys;

const REMEMBERED: SignedDuration = SignedDuration::from_secs(1);

/// An organization with its events and keys, as they were within the last second.
#[derive(Debug)]
pub struct Snapshot {
    /// The organization.
    pub organization: Organization,
    /// Its events, in the order of their first day.
    pub events: Vec<Event>,
    /// Its keys.
    pub keys: Arc<OrganizationKeys>,
}

/// One event of an organization, with its resources.
#[derive(Debug, Clone)]
pub struct Occasion {
    /// The organization, its events and keys.
    pub snapshot: Arc<Snapshot>,
    /// Where in the snapshot the event stands.
    position: usize,
    /// The event's resources, by name.
    pub resources: Arc<Vec<Resource>>,
}

impl Occasion {
    /// The event.
    #[must_use]
    pub fn event(&self) -> &Event {
        &self.snapshot.events[self.position]
    }

    /// The organization.
    #[must_use]
    pub fn organization(&self) -> &Organization {
        &self.snapshot.organization
    }

    /// The organization's keys.
    #[must_use]
    pub fn keys(&self) -> &OrganizationKeys {
        &self.snapshot.keys
    }
}

type Memory<K, V> = RwLock<HashMap<K, (Timestamp, V)>>;

/// The memory.
#[derive(Debug, Default)]
pub struct Directory {
    organizations: Memory<String, Arc<Snapshot>>,
    by_id: Memory<OrganizationId, Arc<Snapshot>>,
    resources: Memory<EventId, Arc<Vec<Resource>>>,
}

impl Service {
    /// The organization of a web name; `None` for one that does not exist, is
    /// suspended or erased: to visitors these are alike.
    ///
    /// # Errors
    /// When DynamoDB or KMS fails.
    pub async fn organization(
        &self,
        web_name: &str,
        now: Timestamp,
    ) -> Result<Option<Arc<Snapshot>>, Trouble> {
        if let Some(snapshot) = recall(&self.directory.organizations, web_name, now) {
            return Ok(Some(snapshot));
        }
        let Some(id) = store::find(self, web_name).await? else { return Ok(None) };
        self.read_organization(id, now).await
    }

    /// The organization with this id, under the same conditions.
    ///
    /// # Errors
    /// When DynamoDB or KMS fails.
    pub async fn organization_of(
        &self,
        id: OrganizationId,
        now: Timestamp,
    ) -> Result<Option<Arc<Snapshot>>, Trouble> {
        let remembered = recall(&self.directory.by_id, &id, now);
        match remembered {
            Some(snapshot) => Ok(Some(snapshot)),
            None => self.read_organization(id, now).await,
        }
    }

    async fn read_organization(
        &self,
        id: OrganizationId,
        now: Timestamp,
    ) -> Result<Option<Arc<Snapshot>>, Trouble> {
        let table = &self.settings.tables.schedule;
        let mut organization = None;
        let mut events = Vec::new();
        for item in dynamo::query(&self.dynamo, table, &id.to_string(), "", true).await? {
            match dynamo::Key::of(&item) {
                Some(key) if key.sk == "organization" => organization = Some(store::read(item)?),
                Some(key) if key.sk.starts_with("event#") => events.push(event::store::read(item)?),
                _ => {}
            }
        }
        let Some(organization) = organization.filter(|found| found.state == State::Active) else {
            return Ok(None);
        };
        let Some(keys) = self.vault.keys(id, now).await? else { return Ok(None) };
        events.sort_by(|one: &Event, other: &Event| {
            (one.days.first(), &one.name).cmp(&(other.days.first(), &other.name))
        });
        let snapshot = Arc::new(Snapshot { organization, events, keys });
        let web_name = snapshot.organization.web_name.to_string();
        remember(&self.directory.organizations, web_name, Arc::clone(&snapshot), now);
        remember(&self.directory.by_id, id, Arc::clone(&snapshot), now);
        Ok(Some(snapshot))
    }

    /// One event of an organization by their web names; `None` when either
    /// does not exist.
    ///
    /// # Errors
    /// When DynamoDB or KMS fails.
    pub async fn occasion(
        &self,
        organization: &str,
        event: &str,
        now: Timestamp,
    ) -> Result<Option<Occasion>, Trouble> {
        let Some(snapshot) = self.organization(organization, now).await? else { return Ok(None) };
        let position = snapshot.events.iter().position(|found| found.web_name.as_str() == event);
        self.occasion_at(snapshot, position, now).await
    }

    /// The event with this id in a snapshot.
    ///
    /// # Errors
    /// When DynamoDB or KMS fails.
    pub async fn occasion_of(
        &self,
        snapshot: Arc<Snapshot>,
        event: EventId,
        now: Timestamp,
    ) -> Result<Option<Occasion>, Trouble> {
        let position = snapshot.events.iter().position(|found| found.id == event);
        self.occasion_at(snapshot, position, now).await
    }

    async fn occasion_at(
        &self,
        snapshot: Arc<Snapshot>,
        position: Option<usize>,
        now: Timestamp,
    ) -> Result<Option<Occasion>, Trouble> {
        let Some(position) = position else { return Ok(None) };
        let event = snapshot.events[position].id;
        let resources = match recall(&self.directory.resources, &event, now) {
            Some(resources) => resources,
            None => {
                let organization = snapshot.organization.id;
                let read =
                    resource::store::of_event(self, organization, &snapshot.keys, event).await?;
                let read = Arc::new(read);
                remember(&self.directory.resources, event, Arc::clone(&read), now);
                read
            }
        };
        Ok(Some(Occasion { snapshot, position, resources }))
    }
}

fn recall<K, Q, V>(memory: &Memory<K, V>, key: &Q, now: Timestamp) -> Option<V>
where
    K: std::borrow::Borrow<Q> + std::hash::Hash + Eq,
    Q: std::hash::Hash + Eq + ?Sized,
    V: Clone,
{
    let memory = memory.read().unwrap_or_else(PoisonError::into_inner);
    let (since, value) = memory.get(key)?;
    fresh(*since, now).then(|| value.clone())
}

fn remember<K: std::hash::Hash + Eq, V>(memory: &Memory<K, V>, key: K, value: V, now: Timestamp) {
    let mut memory = memory.write().unwrap_or_else(PoisonError::into_inner);
    memory.retain(|_, (since, _)| fresh(*since, now));
    memory.insert(key, (now, value));
}

fn fresh(since: Timestamp, now: Timestamp) -> bool {
    let age = now.duration_since(since);
    age >= SignedDuration::ZERO && age < REMEMBERED
}
