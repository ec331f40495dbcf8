//! Legal holds: what may not be deleted, whatever the settings or somebody's
//! wish say, until the hold is lifted.
//!
//! A hold is an item of its own. Who removes something checks in the same
//! transaction that no hold stands ([`absent`]), so that a hold holds from the
//! moment it is placed.

use std::collections::HashSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::dynamo::{self, Item, Key, Write, keys};
use crate::ids::{DependentId, EventId, MemberId, OrganizationId, PersonId};
use crate::personal::Note;
use crate::service::Service;
use crate::settings::Table;
use crate::trouble::Trouble;
use crate::vault::{OrganizationKeys, Place, Sealed};

/// What is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum On {
    /// A participant, and what they have booked.
    Person(PersonId),
    /// A dependent, and what is booked for them.
    Dependent(DependentId),
    /// An event, and what is booked there.
    Event(EventId),
}

impl On {
    /// Its word in keys, requests and replies.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Person(_) => "person",
            Self::Dependent(_) => "dependent",
            Self::Event(_) => "event",
        }
    }

    /// Its id as text.
    #[must_use]
    pub fn id(self) -> String {
        match self {
            Self::Person(id) => id.to_string(),
            Self::Dependent(id) => id.to_string(),
            Self::Event(id) => id.to_string(),
        }
    }

    /// Reads what [`On::word`] and [`On::id`] gave; anything else is `None`.
    #[must_use]
    pub fn parse(word: &str, id: &str) -> Option<Self> {
        match word {
            "person" => PersonId::parse(id).map(Self::Person),
            "dependent" => DependentId::parse(id).map(Self::Dependent),
            "event" => EventId::parse(id).map(Self::Event),
            _ => None,
        }
    }
}

/// A hold that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// What it holds.
    pub on: On,
    /// Why, in the words of who placed it.
    pub reason: Note,
    /// Who placed it.
    pub by: MemberId,
    /// When.
    pub since: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Row {
    pk: String,
    sk: String,
    by: String,
    since: i64,
    /// The reason may name people.
    sealed: Sealed,
}

/// What is held: enough to decide by, without the organization's keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holds(HashSet<On>);

impl Holds {
    /// Whether this is held.
    #[must_use]
    pub fn on(&self, what: On) -> bool {
        self.0.contains(&what)
    }

    /// Whether anything is held.
    #[must_use]
    pub fn any(&self) -> bool {
        !self.0.is_empty()
    }
}

impl FromIterator<On> for Holds {
    fn from_iter<T: IntoIterator<Item = On>>(held: T) -> Self {
        Self(held.into_iter().collect())
    }
}

/// Whether anything of the organization is held: then it may not be erased.
///
/// # Errors
/// When DynamoDB fails.
pub async fn any(service: &Service, organization: OrganizationId) -> Result<bool, Trouble> {
    Ok(standing(service, organization).await?.any())
}

/// All that is held.
///
/// # Errors
/// When DynamoDB fails or a hold's key is damaged.
pub async fn standing(service: &Service, organization: OrganizationId) -> Result<Holds, Trouble> {
    let items = items(service, organization).await?;
    let held = items.iter().map(|item| {
        let key = Key::of(item).ok_or_else(|| Trouble::damaged("a hold", "its key"))?;
        on(&key)
    });
    Ok(Holds(held.collect::<Result<_, _>>()?))
}

/// All holds that stand, the oldest first.
///
/// # Errors
/// When DynamoDB fails or a hold is damaged.
pub async fn all(
    service: &Service,
    organization: OrganizationId,
    keys: &OrganizationKeys,
) -> Result<Vec<Hold>, Trouble> {
    let items = items(service, organization).await?;
    let mut holds =
        items.into_iter().map(|item| read(keys, item)).collect::<Result<Vec<_>, _>>()?;
    holds.sort_by_key(|hold| (hold.since, hold.on));
    Ok(holds)
}

async fn items(service: &Service, organization: OrganizationId) -> Result<Vec<Item>, Trouble> {
    let table = &service.settings.tables.schedule;
    dynamo::query(&service.dynamo, table, &keys::holds(organization), "hold#", true).await
}

/// The holds of other tables, which are another copy of these: what is held
/// there, and since when.
///
/// # Errors
/// When DynamoDB fails or a hold is damaged.
pub(crate) async fn since(
    service: &Service,
    organization: OrganizationId,
) -> Result<Vec<(On, Timestamp)>, Trouble> {
    let items = items(service, organization).await?;
    items.into_iter().map(|item| held_since(&item)).collect()
}

/// Places the holds that stand in one copy of the tables in another, where they
/// are not: their reasons are sealed under the same keys and for the same place.
///
/// # Errors
/// When DynamoDB fails.
pub(crate) async fn bring(
    from: &Service,
    to: &Service,
    organization: OrganizationId,
) -> Result<u64, Trouble> {
    let mut brought = 0;
    for item in items(from, organization).await? {
        let write = Write::create(&to.settings.tables.schedule, item)?;
        // Lost: it stands there.
        brought += u64::from(Write::commit_all(&[write], &to.dynamo, &*to.chance).await?);
    }
    Ok(brought)
}

fn held_since(item: &Item) -> Result<(On, Timestamp), Trouble> {
    let key = Key::of(item).ok_or_else(|| Trouble::damaged("a hold", "its key"))?;
    let since = item.get("since").and_then(|since| since.as_n().ok()?.parse().ok());
    let since = since.and_then(|since| Timestamp::from_second(since).ok());
    let since = since.ok_or_else(|| Trouble::damaged(format!("hold {key}"), "since when"))?;
    Ok((on(&key)?, since))
}

/// The write that places a hold; lost where one stands.
///
/// # Errors
/// When there is no randomness to seal the reason with.
pub fn placing(
    service: &Service,
    organization: OrganizationId,
    keys: &OrganizationKeys,
    hold: &Hold,
) -> Result<Write, Trouble> {
    let key = Key::hold(organization, hold.on);
    let place = Place { table: Table::Schedule, pk: &key.pk, sk: &key.sk, attribute: "sealed" };
    let sealed = keys.seal(place, &hold.reason.expose(), &*service.chance)?;
    let (by, since) = (hold.by.to_string(), hold.since.as_second());
    let row = Row { pk: key.pk, sk: key.sk, by, since, sealed };
    Write::create(&service.settings.tables.schedule, dynamo::item(&row)?)
}

/// The write that lifts a hold; lost where none stands.
///
/// # Errors
/// When the SDK refuses to build the request.
pub fn lifting(service: &Service, organization: OrganizationId, on: On) -> Result<Write, Trouble> {
    let table = &service.settings.tables.schedule;
    Write::delete(table, &Key::hold(organization, on), "attribute_exists(pk)", [])
}

/// Writes nothing; the transaction that it is part of is lost where this is held.
///
/// # Errors
/// When the SDK refuses to build the request.
pub fn absent(service: &Service, organization: OrganizationId, on: On) -> Result<Write, Trouble> {
    let table = &service.settings.tables.schedule;
    Write::check(table, &Key::hold(organization, on), "attribute_not_exists(pk)", [])
}

fn on(key: &Key) -> Result<On, Trouble> {
    let parts = key.sk.strip_prefix("hold#").and_then(|rest| rest.split_once('#'));
    parts
        .and_then(|(word, id)| On::parse(word, id))
        .ok_or_else(|| Trouble::damaged(format!("hold {key}"), "what it holds"))
}

fn read(keys: &OrganizationKeys, item: Item) -> Result<Hold, Trouble> {
    let row: Row = dynamo::row(item)?;
    let key = Key { pk: row.pk, sk: row.sk };
    let damaged = |why: String| Trouble::damaged(format!("hold {key}"), why);
    let place = Place { table: Table::Schedule, pk: &key.pk, sk: &key.sk, attribute: "sealed" };
    let reason: String = keys.open(place, &row.sealed).map_err(|why| damaged(why.to_string()))?;
    Ok(Hold {
        on: on(&key)?,
        reason: Note::parse(&reason).map_err(|why| damaged(why.to_string()))?,
        by: MemberId::parse(&row.by).ok_or_else(|| damaged("who placed it".into()))?,
        since: Timestamp::from_second(row.since).map_err(|why| damaged(why.to_string()))?,
    })
}
