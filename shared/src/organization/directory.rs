//! What a warm process remembers of organizations and events, for a second.
//!
//! Names, days and settings are read on every request and change seldom. A
//! second is short enough that closing an event or suspending an organization
//! takes hold at once for people, and long enough that a rush of visitors
//! reads them once.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Organization, State, WebName, store};
use crate::dynamo;
use crate::erasure::{self, Planned};
use crate::event::{self, Event};
use crate::ids::{EventId, OrganizationId};
use crate::memory::Memory;
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
    /// When it will be erased, where somebody has asked for that.
    pub erasure: Option<Planned>,
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

/// The memory.
#[derive(Debug)]
pub struct Directory {
    names: Memory<String, OrganizationId>,
    organizations: Memory<OrganizationId, Arc<Snapshot>>,
    resources: Memory<EventId, Arc<Vec<Resource>>>,
}

impl Default for Directory {
    fn default() -> Self {
        Self {
            names: Memory::new(REMEMBERED),
            organizations: Memory::new(REMEMBERED),
            resources: Memory::new(REMEMBERED),
        }
    }
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
        if WebName::of_organization(web_name).is_err() {
            return Ok(None);
        }
        let names = &self.directory.names;
        let name = web_name.to_owned();
        match names.recall(&name, &*self.clock, store::find(self, web_name)).await? {
            Some(id) => self.organization_of(id, now).await,
            None => Ok(None),
        }
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
        let organizations = &self.directory.organizations;
        organizations.recall(&id, &*self.clock, self.read_organization(id, now)).await
    }

    /// The organization as it is stored now, past what is remembered: for who
    /// has just changed it.
    ///
    /// # Errors
    /// When DynamoDB or KMS fails.
    pub async fn read_organization(
        &self,
        id: OrganizationId,
        now: Timestamp,
    ) -> Result<Option<Arc<Snapshot>>, Trouble> {
        let table = &self.settings.tables.schedule;
        let mut organization = None;
        let mut events = Vec::new();
        let mut erasure = None;
        for item in dynamo::query(&self.dynamo, table, &id.to_string(), "", true).await? {
            match dynamo::Key::of(&item) {
                Some(key) if key.sk == "organization" => organization = Some(store::read(item)?),
                Some(key) if key.sk.starts_with("event#") => events.push(event::store::read(item)?),
                Some(key) if key.sk == "erasure" => erasure = Some(erasure::read(item)?),
                _ => {}
            }
        }
        // Nobody is handed keys, remembered or not, before this is seen.
        let Some(organization) = organization.filter(|found| found.state == State::Active) else {
            return Ok(None);
        };
        let Some(keys) = self.vault.keys(id, now).await? else { return Ok(None) };
        events.sort_by(|one: &Event, other: &Event| {
            (one.days.first(), &one.name).cmp(&(other.days.first(), &other.name))
        });
        Ok(Some(Arc::new(Snapshot { organization, events, keys, erasure })))
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
        self.occasion_at(snapshot, position).await
    }

    /// The event with this id in a snapshot.
    ///
    /// # Errors
    /// When DynamoDB or KMS fails.
    pub async fn occasion_of(
        &self,
        snapshot: Arc<Snapshot>,
        event: EventId,
    ) -> Result<Option<Occasion>, Trouble> {
        let position = snapshot.events.iter().position(|found| found.id == event);
        self.occasion_at(snapshot, position).await
    }

    async fn occasion_at(
        &self,
        snapshot: Arc<Snapshot>,
        position: Option<usize>,
    ) -> Result<Option<Occasion>, Trouble> {
        let Some(position) = position else { return Ok(None) };
        let event = snapshot.events[position].id;
        let organization = snapshot.organization.id;
        let read = async {
            let of_event = resource::store::of_event(self, organization, &snapshot.keys, event);
            of_event.await.map(|resources| Some(Arc::new(resources)))
        };
        let resources = self.directory.resources.recall(&event, &*self.clock, read).await?;
        Ok(resources.map(|resources| Occasion { snapshot, position, resources }))
    }
}
