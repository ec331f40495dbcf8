//! Events in the Schedule table.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AddressProof, Event, UnprovenLimits};
use crate::dynamo::{self, Key};
use crate::ids::{EventId, OrganizationId};
use crate::organization::WebName;
use crate::service::Service;
use crate::time::Zone;
use crate::trouble::Trouble;

#[derive(Serialize, Deserialize)]
struct Row {
    pk: String,
    sk: String,
    web_name: String,
    name: String,
    place: String,
    description: String,
    resource_word: String,
    zone: String,
    address_proof: String,
    opens: Option<i64>,
    closes: Option<i64>,
    days: Vec<String>,
    unproven_per_address: u32,
    unproven_per_network: u32,
    unproven_per_event: u32,
}

/// Writes an event, new or changed.
///
/// # Errors
/// When DynamoDB fails.
pub async fn put(
    service: &Service,
    organization: OrganizationId,
    event: &Event,
) -> Result<(), Trouble> {
    let key = Key::event(organization, event.id);
    let row = Row {
        pk: key.pk,
        sk: key.sk,
        web_name: event.web_name.to_string(),
        name: event.name.clone(),
        place: event.place.clone(),
        description: event.description.clone(),
        resource_word: event.resource_word.clone(),
        zone: event.zone.name().to_owned(),
        address_proof: match event.address_proof {
            AddressProof::After => "after".into(),
            AddressProof::Before => "before".into(),
        },
        opens: event.opens.map(Timestamp::as_second),
        closes: event.closes.map(Timestamp::as_second),
        days: event.days.iter().map(ToString::to_string).collect(),
        unproven_per_address: event.unproven.per_address,
        unproven_per_network: event.unproven.per_network,
        unproven_per_event: event.unproven.per_event,
    };
    service
        .dynamo
        .put_item()
        .table_name(&service.settings.tables.schedule)
        .set_item(Some(dynamo::item(&row)?))
        .send()
        .await
        .map_err(|cause| Trouble::unavailable("writing an event", cause))?;
    Ok(())
}

/// Reads an event.
///
/// # Errors
/// When DynamoDB fails or the event is damaged.
pub async fn find(
    service: &Service,
    organization: OrganizationId,
    event: EventId,
) -> Result<Option<Event>, Trouble> {
    let table = &service.settings.tables.schedule;
    let item = dynamo::get(&service.dynamo, table, &Key::event(organization, event)).await?;
    item.map(read).transpose()
}

/// Reads an event out of its item.
///
/// # Errors
/// [`Trouble::Damaged`] names the event and what is wrong.
pub fn read(item: dynamo::Item) -> Result<Event, Trouble> {
    let row: Row = dynamo::row(item)?;
    let damaged = |why: String| Trouble::damaged(format!("event {}", row.sk), why);
    let moment = |seconds: Option<i64>| {
        seconds.map(Timestamp::from_second).transpose().map_err(|why| damaged(why.to_string()))
    };
    Ok(Event {
        id: row
            .sk
            .strip_prefix("event#")
            .and_then(EventId::parse)
            .ok_or_else(|| damaged("its id".into()))?,
        web_name: WebName::parse(&row.web_name).map_err(|why| damaged(why.to_string()))?,
        zone: Zone::parse(&row.zone).map_err(|why| damaged(why.to_string()))?,
        address_proof: match row.address_proof.as_str() {
            "after" => AddressProof::After,
            "before" => AddressProof::Before,
            other => return Err(damaged(format!("its address proof is {other}"))),
        },
        opens: moment(row.opens)?,
        closes: moment(row.closes)?,
        days: row
            .days
            .iter()
            .map(|day| day.parse().map_err(|_| damaged(format!("{day} is no day"))))
            .collect::<Result<_, _>>()?,
        unproven: UnprovenLimits {
            per_address: row.unproven_per_address,
            per_network: row.unproven_per_network,
            per_event: row.unproven_per_event,
        },
        name: row.name,
        place: row.place,
        description: row.description,
        resource_word: row.resource_word,
    })
}
