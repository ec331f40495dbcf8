//! Reading the trail: a stretch of it, or who saw somebody's data.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use aws_sdk_dynamodb::types::AttributeValue;
use futures::future::try_join_all;
use jiff::Timestamp;
use jiff::civil::Date;

use super::{Guest, Record, item};
use crate::dynamo::{self, Item, keys};
use crate::ids::{EventId, OrganizationId, PersonId, RecordId};
use crate::service::Service;
use crate::time::utc_days;
use crate::trouble::Trouble;

/// How many records a page has.
pub const PAGE: u16 = 100;

/// A record as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its id: later records have greater ones.
    pub id: RecordId,
    /// When it was written.
    pub at: Timestamp,
    /// What it says.
    pub record: Record,
}

/// Some records in the order of time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The records.
    pub entries: Vec<Entry>,
    /// After which record the next page begins, when there is one.
    pub next: Option<RecordId>,
}

/// What an organization's trail says of a UTC day, after the record `from`.
///
/// # Errors
/// When DynamoDB fails or a record is damaged.
pub async fn day(
    service: &Service,
    organization: OrganizationId,
    day: Date,
    from: Option<RecordId>,
) -> Result<Page, Trouble> {
    let partitions = keys::audit_day(organization, day).map(|pk| Partition { of: "pk", pk });
    page(service, partitions.into_iter().collect(), from).await
}

/// Who saw a person's data, after the record `from`: on pages about the person,
/// and on lists of every event at which the person has or had something.
///
/// # Errors
/// When DynamoDB fails or a record is damaged.
pub async fn of_person(
    service: &Service,
    organization: OrganizationId,
    person: PersonId,
    from: Option<RecordId>,
) -> Result<Page, Trouble> {
    let mut about = vec![person.to_string()];
    about.extend(events_of(service, organization, person).await?.iter().map(ToString::to_string));
    let partitions = about
        .iter()
        .map(|id| Partition { of: "about", pk: keys::audit_about(organization, id) })
        .collect();
    page(service, partitions, from).await
}

/// Who saw a person's data, the latest first, before the record `before`.
///
/// # Errors
/// When DynamoDB fails or a record is damaged.
pub async fn looks_at(
    service: &Service,
    organization: OrganizationId,
    person: PersonId,
    before: Option<RecordId>,
) -> Result<Page, Trouble> {
    let mut about = vec![person.to_string()];
    about.extend(events_of(service, organization, person).await?.iter().map(ToString::to_string));
    let partitions = about
        .iter()
        .map(|id| Partition { of: "about", pk: keys::audit_about(organization, id) })
        .collect();
    let always = RecordId::from_bytes([0; 16])..=RecordId::from_bytes([u8::MAX; 16]);
    latest(service, partitions, always, before).await
}

/// What a guest saw, the latest first, before the record `before`: somebody who
/// helps under a grant, or who came in with the emergency code.
///
/// # Errors
/// When DynamoDB fails or a record is damaged.
pub async fn of_guest(
    service: &Service,
    organization: OrganizationId,
    guest: Guest,
    before: Option<RecordId>,
) -> Result<Page, Trouble> {
    let pk = keys::audit_guest(organization, &guest.id());
    let always = RecordId::from_bytes([0; 16])..=RecordId::from_bytes([u8::MAX; 16]);
    latest(service, vec![Partition { of: "guest", pk }], always, before).await
}

/// What an organization's trail says of the time from `start` until `end`, the
/// latest first, before the record `before`.
///
/// # Errors
/// When DynamoDB fails or a record is damaged.
pub async fn between(
    service: &Service,
    organization: OrganizationId,
    start: Timestamp,
    end: Timestamp,
    before: Option<RecordId>,
) -> Result<Page, Trouble> {
    let partitions = utc_days(start, end)
        .into_iter()
        .flat_map(|day| keys::audit_day(organization, day))
        .map(|pk| Partition { of: "pk", pk })
        .collect();
    latest(service, partitions, RecordId::first_of(start)..=RecordId::first_of(end), before).await
}

/// The events at which a person has a tally: whoever booked there has one.
async fn events_of(
    service: &Service,
    organization: OrganizationId,
    person: PersonId,
) -> Result<Vec<EventId>, Trouble> {
    let schedule = &service.settings.tables.schedule;
    let pk = keys::of_person(organization, person);
    let tallies = dynamo::query(&service.dynamo, schedule, &pk, "tally#", false).await?;
    let event = |item: &Item| {
        let key = dynamo::Key::of(item)?;
        EventId::parse(key.sk.strip_prefix("tally#")?)
    };
    Ok(tallies.iter().filter_map(event).collect())
}

struct Partition {
    /// The key it is found by: `pk` in the table, others in the index of that name.
    of: &'static str,
    pk: String,
}

impl Partition {
    fn index(&self) -> Option<String> {
        (self.of != "pk").then(|| self.of.to_owned())
    }
}

/// Merges a page of each partition: what lies beyond a page's end in one of
/// them cannot come before it.
async fn page(
    service: &Service,
    partitions: Vec<Partition>,
    from: Option<RecordId>,
) -> Result<Page, Trouble> {
    let reads = partitions.iter().map(|partition| part(service, partition, from));
    let mut merged = BTreeMap::new();
    for items in try_join_all(reads).await? {
        for item in items {
            let (id, entry) = entry(item)?;
            merged.insert(id, entry);
        }
    }
    let more = merged.len() > usize::from(PAGE);
    let entries: Vec<Entry> = merged.into_values().take(usize::from(PAGE)).collect();
    let next = entries.last().map(|entry| entry.id).filter(|_| more);
    Ok(Page { entries, next })
}

/// As [`page`], from the end, of the records within `ids`.
async fn latest(
    service: &Service,
    partitions: Vec<Partition>,
    ids: RangeInclusive<RecordId>,
    before: Option<RecordId>,
) -> Result<Page, Trouble> {
    let low = *ids.start();
    // What is asked for may lie outside: nothing beyond the end is shown, and
    // before the beginning there is nothing.
    let high = before.map_or(*ids.end(), |before| before.min(*ids.end()));
    if high < low {
        return Ok(Page::default());
    }
    let reads = partitions.iter().map(|partition| async {
        let mut items = Vec::new();
        let mut start = None;
        loop {
            let answer = service
                .dynamo
                .query()
                .table_name(&service.settings.tables.audit)
                .set_index_name(partition.index())
                .consistent_read(partition.of == "pk")
                .scan_index_forward(false)
                .expression_attribute_names("#pk", partition.of)
                .key_condition_expression("#pk = :pk AND sk BETWEEN :low AND :high")
                .expression_attribute_values(":pk", AttributeValue::S(partition.pk.clone()))
                .expression_attribute_values(":low", AttributeValue::S(low.to_string()))
                .expression_attribute_values(":high", AttributeValue::S(high.to_string()))
                .limit(i32::from(PAGE) + 2)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|cause| Trouble::unavailable("reading the audit trail", cause))?;
            items.extend(answer.items.unwrap_or_default());
            start = answer.last_evaluated_key;
            if start.is_none() || items.len() > usize::from(PAGE) + 1 {
                return Ok::<_, Trouble>(items);
            }
        }
    });
    let mut merged = BTreeMap::new();
    for items in try_join_all(reads).await? {
        for item in items {
            let (id, entry) = entry(item)?;
            if before.is_none_or(|before| id < before) {
                merged.insert(id, entry);
            }
        }
    }
    let more = merged.len() > usize::from(PAGE);
    let entries: Vec<Entry> = merged.into_values().rev().take(usize::from(PAGE)).collect();
    let next = entries.last().map(|entry| entry.id).filter(|_| more);
    Ok(Page { entries, next })
}

fn entry(item: Item) -> Result<(RecordId, Entry), Trouble> {
    let key = dynamo::Key::of(&item);
    let id = key
        .as_ref()
        .and_then(|key| RecordId::parse(&key.sk))
        .ok_or_else(|| Trouble::damaged("an audit record", "its key is none"))?;
    let (at, record) = item::read(item)?;
    Ok((id, Entry { id, at, record }))
}

/// One record more than a page of one partition.
async fn part(
    service: &Service,
    partition: &Partition,
    from: Option<RecordId>,
) -> Result<Vec<Item>, Trouble> {
    let limit = i32::from(PAGE) + 1;
    let mut items = Vec::new();
    let mut start = None;
    loop {
        let mut query = service
            .dynamo
            .query()
            .table_name(&service.settings.tables.audit)
            .set_index_name(partition.index())
            .consistent_read(partition.of == "pk")
            .expression_attribute_names("#pk", partition.of)
            .expression_attribute_values(":pk", AttributeValue::S(partition.pk.clone()))
            .limit(limit)
            .set_exclusive_start_key(start);
        query = match from {
            Some(from) => query
                .key_condition_expression("#pk = :pk AND sk > :from")
                .expression_attribute_values(":from", AttributeValue::S(from.to_string())),
            None => query.key_condition_expression("#pk = :pk"),
        };
        let answer = query
            .send()
            .await
            .map_err(|cause| Trouble::unavailable("reading the audit trail", cause))?;
        items.extend(answer.items.unwrap_or_default());
        start = answer.last_evaluated_key;
        if start.is_none() || items.len() > usize::from(PAGE) {
            return Ok(items);
        }
    }
}
