//! The school that the benchmark books at, and the bare requests that are held
//! against a booking: the same items, copied from a real one under fresh keys.

use crate::figures::{Stretch, processor};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use jiff::civil::{Date, time};
use jiff::{Timestamp, ToSpan};
use kept::LocalCloud;
use shared::booking::store::{Desk, Wish};
use shared::booking::{Contact, IdempotencyKey};
use shared::dynamo::{self, Item, Key};
use shared::event::{AddressProof, Event, UnprovenLimits};
use shared::ids::{self, EventId, OrganizationId, PersonId, ResourceId};
use shared::notice::{Kind, owed};
use shared::organization::{self, Organization, PolicyVersion, State, WebName};
use shared::participant::Allowances;
use shared::personal::{EmailAddress, PersonName, Phone};
use shared::resource::{self, Resource};
use shared::service::Service;
use shared::slot::rules::{Stretch as Filled, fill};
use shared::slot::{self, Slot, SlotId};
use shared::time::Zone;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// The school's name in addresses.
pub const SCHOOL: &str = "bench-school";
/// The event that is booked: 60 teachers, five days, 14,400 slots.
pub const CONFERENCES: &str = "conferences";
/// The event that is looked at: 50 teachers, one evening, 500 slots.
pub const EVENING: &str = "evening";
/// So many do the same thing at once.
pub const CLIENTS: usize = 8;
/// What one booking writes.
const ITEMS: usize = 6;
/// DynamoDB's limit on one BatchWriteItem.
const BATCH: usize = 25;

/// The school, with what one booking at it wrote.
pub struct School {
    service: Arc<Service>,
    organization: OrganizationId,
    event: EventId,
    written: Written,
}

/// The items of a real booking and the ids in them that another would not have.
struct Written {
    slot: (String, Item),
    others: Vec<(String, Item)>,
    ids: Vec<String>,
}

impl School {
    /// Makes it through the domain; with the ids of the free slots, in an
    /// order that jumps between teachers and days as families do.
    pub async fn found(cloud: &LocalCloud) -> (Self, Vec<String>) {
        let service = Arc::clone(cloud.service());
        let now = service.clock.now();
        let zone = Zone::parse("America/New_York").expect("a zone");
        let id = found_school(&service, SCHOOL, &zone, now).await;
        let first = zone.day(now).checked_add(30.days()).expect("a day");
        let days: Vec<Date> =
            (0..5).map(|day| first.checked_add(i64::from(day).days()).expect("a day")).collect();
        let day = (time(9, 0, 0, 0), time(17, 0, 0, 0));
        let (event, slots) = hold(&service, id, CONFERENCES, &days, 60, day).await;
        let evening = (time(17, 0, 0, 0), time(18, 40, 0, 0));
        hold(&service, id, EVENING, &days[..1], 50, evening).await;
        // A step that shares no factor with the count visits every slot once.
        let spread: Vec<String> = (0..slots.len())
            .map(|number| slots[number * 7_919 % slots.len()].id.to_string())
            .collect();
        let example = spread.last().and_then(|slot| SlotId::parse(slot)).expect("a slot");
        let written = write_one(&service, example).await;
        let school = Self { service, organization: id, event, written };
        (school, spread[..spread.len() - 1].to_vec())
    }

    /// Bare transactions with the items of a booking, each under fresh keys.
    pub async fn transactions(&self, count: usize) -> Stretch {
        let mut slots = Vec::with_capacity(count);
        let mut transactions = Vec::with_capacity(count);
        for _ in 0..count {
            let fresh = self.written.fresh(&self.service);
            let mut slot = fresh.slot.1;
            slot.insert("taken".into(), AttributeValue::N("0".into()));
            transactions.push(transaction(&fresh.slot.0, &slot, fresh.others));
            slots.push(slot);
        }
        self.put(&self.written.slot.0, slots).await;
        let client = &self.service.dynamo;
        at_once(transactions, |items| {
            let client = client.clone();
            async move {
                let sent = client.transact_write_items().set_transact_items(Some(items)).send();
                sent.await.expect("a transaction is committed");
            }
        })
        .await
    }

    /// Bare readings of what a booking reads before it decides.
    pub async fn readings(&self, count: usize) -> Stretch {
        let parse = |text: &str| SlotId::parse(text).expect("a slot");
        let example = self.written.slot_id();
        let asked: Vec<Vec<Key>> = (0..count)
            .map(|_| {
                let person = PersonId::parse(&self.fresh_id(26)).expect("an id");
                let booking = ids::BookingId::parse(&self.fresh_id(26)).expect("an id");
                let slot = parse(&example);
                vec![
                    Key::slot(self.organization, self.event, slot),
                    Key::booking(self.organization, booking),
                    Key::tally(self.organization, person, self.event),
                    Key::participant(self.organization, person),
                    Key::agenda(self.organization, person, slot.day),
                ]
            })
            .collect();
        let service = &self.service;
        at_once(asked, |keys| {
            let service = Arc::clone(service);
            async move {
                let table = &service.settings.tables.schedule;
                let found =
                    dynamo::batch_get(&service.dynamo, table, &keys, &*service.chance).await;
                assert_eq!(found.expect("items").len(), 1, "the slot alone is there");
            }
        })
        .await
    }

    /// Stores bookings as if they had been made and their mails sent: straight
    /// into the engine's file, since through its door it would take minutes.
    pub fn fill(&self, data: &Path, count: usize) {
        let file = data.join("tables.db");
        let engine = dynoxide::Database::new(file.to_str().expect("a path")).expect("the engine");
        engine.enable_bulk_loading().expect("the engine");
        let mut left = count;
        while left > 0 {
            let now = left.min(2_000);
            left -= now;
            let mut tables: BTreeMap<String, Vec<dynoxide::Item>> = BTreeMap::new();
            for _ in 0..now {
                let fresh = self.written.fresh(&self.service);
                for (table, mut item) in fresh.others.into_iter().chain([fresh.slot]) {
                    // What is owed is taken out of its index when it is sent.
                    if item.remove("owed_by").is_some() {
                        item.insert("state".into(), AttributeValue::S("sent".into()));
                    }
                    let item = item.into_iter().map(|(name, value)| (name, stored(value)));
                    tables.entry(table).or_default().push(item.collect());
                }
            }
            for (table, items) in tables {
                let options = dynoxide::ImportOptions::default();
                let sent = items.len();
                let stored = engine.import_items(&table, items, options);
                assert_eq!(stored.expect("items are stored").items_imported, sent);
            }
        }
    }

    async fn put(&self, table: &str, items: Vec<Item>) {
        let batches: Vec<Vec<Item>> = items.chunks(BATCH).map(<[Item]>::to_vec).collect();
        at_once(batches, |batch| {
            let service = Arc::clone(&self.service);
            let table = table.to_owned();
            async move {
                let put = dynamo::batch_put(&service.dynamo, &table, batch, &*service.chance);
                put.await.expect("items are written");
            }
        })
        .await;
    }

    fn fresh_id(&self, length: usize) -> String {
        fresh_id(&self.service, length)
    }
}

/// An organization under this name in addresses.
pub async fn found_school(
    service: &Service,
    web_name: &str,
    zone: &Zone,
    now: Timestamp,
) -> OrganizationId {
    let organization = Organization {
        id: OrganizationId::fresh(now, &*service.chance).expect("an id"),
        web_name: WebName::of_organization(web_name).expect("a web name"),
        name: "A school to measure".into(),
        zone: zone.clone(),
        state: State::Active,
        privacy: PolicyVersion {
            version: 1,
            effective: zone.day(now),
            text: "Nobody real books here.".into(),
        },
    };
    organization::store::found(service, &organization).await.expect("an organization");
    organization.id
}

/// An event with its resources and slots.
pub async fn hold(
    service: &Service,
    organization: OrganizationId,
    web_name: &str,
    days: &[Date],
    teachers: usize,
    (from, to): (jiff::civil::Time, jiff::civil::Time),
) -> (EventId, Vec<Slot>) {
    let now = service.clock.now();
    let keys = service.vault.keys(organization, now).await.expect("KMS").expect("keys");
    let zone = Zone::parse("America/New_York").expect("a zone");
    let plenty = 1_000_000;
    let event = Event {
        id: EventId::fresh(now, &*service.chance).expect("an id"),
        web_name: WebName::parse(web_name).expect("a web name"),
        name: "Conferences".into(),
        place: "Main building".into(),
        description: "Ten minutes with each teacher.".into(),
        resource_word: "Teacher".into(),
        zone: zone.clone(),
        address_proof: AddressProof::After,
        opens: None,
        closes: None,
        days: days.to_vec(),
        unproven: UnprovenLimits { per_address: plenty, per_network: plenty, per_event: plenty },
    };
    let resources: Vec<Resource> = (0..teachers)
        .map(|number| Resource {
            id: ResourceId::fresh(&*service.chance).expect("an id"),
            name: format!("Ms Number {number}"),
            place: format!("Room {number}"),
        })
        .collect();
    let mut slots = Vec::new();
    for day in days {
        for resource in &resources {
            let filled =
                Filled { day: *day, from, to, minutes: 10, pause: 0, except: None, capacity: 1 };
            slots.extend(fill(filled, resource.id, &zone).0);
        }
    }
    resource::store::put_all(service, organization, &keys, event.id, &resources)
        .await
        .expect("resources");
    slot::store::put_all(service, organization, event.id, &slots).await.expect("slots");
    shared::event::store::put(service, organization, &event).await.expect("an event");
    (event.id, slots)
}

/// Makes one booking as a visitor does and reads back all that it wrote.
async fn write_one(service: &Service, slot: SlotId) -> Written {
    let now = service.clock.now();
    let found = service.occasion(SCHOOL, CONFERENCES, now).await.expect("DynamoDB");
    let occasion = found.expect("the event");
    let allowances = Allowances::default();
    let desk = Desk { service, allowances: &allowances, occasion: &occasion, now };
    let wish = Wish {
        slot,
        contact: Contact {
            name: PersonName::parse("Visitor Number 000000").expect("a name"),
            email: EmailAddress::parse("visitor-000000@example.org").expect("an address"),
            phone: Some(Phone::parse("+1 202 555 0100").expect("a number")),
            note: None,
        },
        dependent: None,
        wisher: shared::booking::store::Wisher::Visitor,
        key: IdempotencyKey::parse("the-booking-that-is-copied").expect("a key"),
        network: [7; 16],
    };
    let booking = desk.book(&wish).await.expect("a booking");

    let tables = &service.settings.tables;
    let id = occasion.organization().id;
    let notice = owed::about(id, &booking, Kind::Booked, now).id;
    let read = async |table: &str, key: Key| {
        let item = dynamo::get(&service.dynamo, table, &key).await.expect("DynamoDB");
        (table.to_owned(), item.unwrap_or_else(|| panic!("a booking writes {key}")))
    };
    let schedule = &tables.schedule;
    let taken = read(schedule, Key::slot(id, booking.event, slot)).await;
    let person = booking.person;
    let day = jiff::tz::TimeZone::UTC.to_datetime(booking.start).date();
    let (record, audited) = audited(&service.dynamo, &tables.audit, id, now).await;
    let others = vec![
        read(schedule, Key::agenda(id, person, day)).await,
        read(schedule, Key::tally(id, person, booking.event)).await,
        read(schedule, Key::booking(id, booking.id)).await,
        read(&tables.mail, Key::notice(id, notice)).await,
        (tables.audit.clone(), audited),
    ];
    assert_eq!(others.len() + 1, ITEMS);
    let ids = vec![
        booking.id.to_string(),
        person.to_string(),
        notice.to_string(),
        slot.resource.to_string(),
        record,
    ];
    Written { slot: taken, others, ids }
}

/// The one record of an organization's first booking, with its id.
async fn audited(
    client: &Client,
    table: &str,
    organization: OrganizationId,
    now: jiff::Timestamp,
) -> (String, Item) {
    let day = jiff::tz::TimeZone::UTC.to_datetime(now).date();
    for shard in 0..4 {
        let partition = format!("{organization}#{day}#{shard}");
        let records = dynamo::query(client, table, &partition, "", true).await.expect("records");
        if let Some(record) = records.into_iter().next() {
            let key = Key::of(&record).expect("a key");
            return (key.sk, record);
        }
    }
    panic!("a booking writes an audit record")
}

impl Written {
    /// The same items as if another person had booked another slot.
    fn fresh(&self, service: &Service) -> Self {
        let names: Vec<(&str, String)> =
            self.ids.iter().map(|id| (id.as_str(), fresh_id(service, id.len()))).collect();
        let renamed = |(table, item): &(String, Item)| {
            let item = item.iter().map(|(name, value)| (name.clone(), rename(value, &names)));
            (table.clone(), item.collect())
        };
        Self {
            slot: renamed(&self.slot),
            others: self.others.iter().map(renamed).collect(),
            ids: names.into_iter().map(|(_, fresh)| fresh).collect(),
        }
    }

    /// The id of the slot.
    fn slot_id(&self) -> String {
        let booking = self.others.iter().find_map(|(_, item)| item.get("slot"));
        booking.and_then(|slot| slot.as_s().ok()).expect("a booking names its slot").clone()
    }
}

fn rename(value: &AttributeValue, names: &[(&str, String)]) -> AttributeValue {
    match value {
        AttributeValue::S(text) => {
            let renamed = names.iter().fold(text.clone(), |text, (old, fresh)| {
                if text.contains(old) { text.replace(old, fresh) } else { text }
            });
            AttributeValue::S(renamed)
        }
        AttributeValue::L(list) => {
            AttributeValue::L(list.iter().map(|value| rename(value, names)).collect())
        }
        AttributeValue::M(map) => AttributeValue::M(
            map.iter().map(|(name, value)| (name.clone(), rename(value, names))).collect(),
        ),
        other => other.clone(),
    }
}

/// A value as the engine has it.
fn stored(value: AttributeValue) -> dynoxide::AttributeValue {
    use dynoxide::AttributeValue as Stored;
    match value {
        AttributeValue::S(text) => Stored::S(text),
        AttributeValue::N(number) => Stored::N(number),
        AttributeValue::B(bytes) => Stored::B(bytes.into_inner()),
        AttributeValue::L(list) => Stored::L(list.into_iter().map(stored).collect()),
        AttributeValue::M(map) => {
            Stored::M(map.into_iter().map(|(name, value)| (name, stored(value))).collect())
        }
        other => panic!("a booking holds no {other:?}"),
    }
}

/// The writes of a booking, under the conditions that it sets.
fn transaction(table: &str, slot: &Item, others: Vec<(String, Item)>) -> Vec<TransactWriteItem> {
    use aws_sdk_dynamodb::types::{Put, Update};
    let key = Key::of(slot).expect("a key").to_item();
    let seat = Update::builder()
        .table_name(table)
        .set_key(Some(key))
        .update_expression("SET taken = taken + :one")
        .condition_expression("taken < #capacity")
        .expression_attribute_names("#capacity", "capacity")
        .expression_attribute_values(":one", AttributeValue::N("1".into()))
        .build()
        .expect("an update");
    let mut writes = vec![TransactWriteItem::builder().update(seat).build()];
    writes.extend(others.into_iter().map(|(table, item)| {
        let put = Put::builder()
            .table_name(table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .build()
            .expect("a put");
        TransactWriteItem::builder().put(put).build()
    }));
    writes
}

/// An id's text that nobody has used: of 8 or of 16 random bytes.
fn fresh_id(service: &Service, length: usize) -> String {
    let mut bytes = vec![0; length * 5 / 8];
    service.chance.fill(&mut bytes).expect("chance");
    ids::to_text(&bytes)
}

/// Does everything in the list, so many at once, and measures it.
async fn at_once<T, F, W>(work: Vec<T>, act: F) -> Stretch
where
    T: Send + 'static,
    F: Fn(T) -> W,
    W: Future<Output = ()> + Send + 'static,
{
    // One list for each, dealt out in turn.
    let mut lists: Vec<Vec<W>> = (0..CLIENTS).map(|_| Vec::new()).collect();
    for (number, item) in work.into_iter().enumerate() {
        lists[number % CLIENTS].push(act(item));
    }
    let before = processor("self");
    let begun = Instant::now();
    let tasks: Vec<_> = lists
        .into_iter()
        .map(|list| {
            tokio::spawn(async move {
                let mut took = Vec::with_capacity(list.len());
                for one in list {
                    let begun = Instant::now();
                    one.await;
                    took.push(begun.elapsed());
                }
                took
            })
        })
        .collect();
    let mut took = Vec::new();
    for task in tasks {
        took.extend(task.await.expect("a task"));
    }
    let elapsed = begun.elapsed();
    Stretch::new(took, elapsed, processor("self") - before)
}
