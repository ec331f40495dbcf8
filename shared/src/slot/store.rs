//! Slots in the Schedule table: each its own item, spread over a few
//! partitions per event day so that an opening rush meets no hot one.

use std::collections::{BTreeMap, HashMap};

use futures::future::try_join_all;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Slot, SlotId};
use crate::dynamo::{self, Key, keys};
use crate::ids::{BookingId, EventId, OrganizationId, ResourceId};
use crate::service::Service;
use crate::trouble::Trouble;

#[derive(Serialize, Deserialize)]
struct Row {
    pk: String,
    sk: String,
    day: String,
    start: i64,
    end: i64,
    capacity: u32,
    taken: u32,
    holds: HashMap<String, i64>,
}

/// Writes new slots of an event.
///
/// # Errors
/// When DynamoDB fails.
pub async fn put_all(
    service: &Service,
    organization: OrganizationId,
    event: EventId,
    slots: &[Slot],
) -> Result<(), Trouble> {
    let items = slots.iter().map(|slot| item(organization, event, slot));
    let items = items.collect::<Result<Vec<_>, _>>()?;
    let table = &service.settings.tables.schedule;
    dynamo::batch_put(&service.dynamo, table, items, &*service.chance).await
}

/// Writes a slot as its item.
pub(crate) fn item(
    organization: OrganizationId,
    event: EventId,
    slot: &Slot,
) -> Result<dynamo::Item, Trouble> {
    let key = Key::slot(organization, event, slot.id);
    let holds = slot.holds.iter().map(|(id, until)| (id.to_string(), until.as_second()));
    dynamo::item(&Row {
        pk: key.pk,
        sk: key.sk,
        day: slot.id.day.to_string(),
        start: slot.start.as_second(),
        end: slot.end.as_second(),
        capacity: slot.capacity,
        taken: slot.taken,
        holds: holds.collect(),
    })
}

/// Reads a slot out of its item.
///
/// # Errors
/// [`Trouble::Damaged`] names the slot and what is wrong.
pub fn read(item: dynamo::Item) -> Result<Slot, Trouble> {
    let row: Row = dynamo::row(item)?;
    let damaged = |why: &str| Trouble::damaged(format!("slot {} / {}", row.pk, row.sk), why);
    let start = Timestamp::from_second(row.start).map_err(|_| damaged("its start"))?;
    let end = Timestamp::from_second(row.end).map_err(|_| damaged("its end"))?;
    let resource = row
        .sk
        .split('#')
        .nth(1)
        .and_then(ResourceId::parse)
        .ok_or_else(|| damaged("its resource"))?;
    let day: Date = row.day.parse().map_err(|_| damaged("its day"))?;
    let mut holds = BTreeMap::new();
    for (booking, until) in &row.holds {
        holds.insert(
            BookingId::parse(booking).ok_or_else(|| damaged("a hold's booking"))?,
            Timestamp::from_second(*until).map_err(|_| damaged("a hold's end"))?,
        );
    }
    Ok(Slot {
        id: SlotId::new(day, resource, start).ok_or_else(|| damaged("its id"))?,
        start,
        end,
        capacity: row.capacity,
        taken: row.taken,
        holds,
    })
}

/// Reads the slots of an event day, of one resource or of all, in the order of
/// time. The partitions are read at the same time.
///
/// This list is for looking at; what decides a booking reads its own slot again.
///
/// # Errors
/// When DynamoDB fails or a slot is damaged.
pub async fn of_day(
    service: &Service,
    organization: OrganizationId,
    event: EventId,
    day: Date,
    resource: Option<ResourceId>,
) -> Result<Vec<Slot>, Trouble> {
    let table = &service.settings.tables.schedule;
    let shards = match resource {
        Some(resource) => keys::slot_shard(resource)..keys::slot_shard(resource) + 1,
        None => 0..keys::SLOT_SHARDS,
    };
    let prefix =
        resource.map_or_else(|| "slot#".to_owned(), |resource| format!("slot#{resource}#"));
    let pages = try_join_all(shards.map(|shard| {
        let pk = keys::slots(organization, event, day, shard);
        let prefix = prefix.clone();
        async move { dynamo::query(&service.dynamo, table, &pk, &prefix, false).await }
    }))
    .await?;
    let mut slots = pages.into_iter().flatten().map(read).collect::<Result<Vec<_>, _>>()?;
    slots.sort_by_key(|slot| (slot.start, slot.id));
    Ok(slots)
}
