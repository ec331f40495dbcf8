//! A school that is going to be erased, and others that are not.

use std::collections::BTreeMap;

use kept::{Options, Wakes};
use serde_json::{Value, json};
use shared::audit::{About, Action as Deed, Actor, Record};
use shared::dynamo::Item;
use shared::erasure::{self, Asked, Planned};
use shared::identity::Member;
use shared::identity::access::Level;
use shared::ids::{MemberId, OrganizationId};
use shared::settings::Table;

use crate::identity::scene::House;
use crate::personas::Persona;
use crate::world::{Answer, Place, Plan, World};

/// The school and the people of it.
pub struct School {
    pub operator: House,
    pub house: House,
    pub place: Place,
    pub administrator: Member,
}

/// A world in which nothing happens by itself.
pub async fn quiet() -> World {
    World::with(Options { wakes: Wakes::Nobody, ..Options::default() }).await
}

impl School {
    pub async fn in_(world: &World) -> Self {
        let operator = House::operator(world).await;
        let place = world.found(Plan { web_name: "west-school", ..Plan::school() }).await;
        let house = House::of(world, place.organization.id).await;
        let administrator = house.member("adam.admin", Level::Administrator).await;
        Self { operator, house, place, administrator }
    }

    pub fn id(&self) -> OrganizationId {
        self.house.id()
    }

    /// The administrator, signed in this moment.
    pub async fn adam<'a>(&self, world: &'a World) -> Persona<'a> {
        self.house.signed_in(world, &self.administrator).await
    }

    /// Asks for the erasure; the answer.
    pub async fn asks(&self, world: &World) -> Value {
        let adam = self.adam(world).await;
        let wish = json!({ "web_name": "west-school" });
        let answer = adam.post("/west-school/manage/erasure", &wish).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()
    }
}

/// The path of the certificate in an answer.
pub fn certificate_path(world: &World, asked: &Value) -> String {
    let url = asked["certificate_url"].as_str().expect("an address");
    url.strip_prefix(world.cloud.address()).expect("an address here").to_owned()
}

/// What an organization's administrator asks for, past the pages.
pub async fn ask(world: &World, house: &House) -> Planned {
    let by = MemberId::from_bytes([9; 16]);
    let record = Record::of(Actor::Member(by), Deed::ErasureAsked, About::Organization);
    let service = world.service();
    match erasure::ask(service, &house.snapshot, by, &record, world.now()).await.unwrap() {
        Asked::Waits(planned) => planned,
        Asked::Refused(why) => panic!("{why}"),
    }
}

/// The schedule's tick.
pub async fn tick(world: &World) -> Result<Value, String> {
    let event = include_str!("../../../events/retention/schedule.json");
    world.cloud.call("retention", serde_json::from_str(event).unwrap()).await
}

/// Ticks every seven minutes until the certificate is there, or it was taken back.
pub async fn carry_through(world: &World, certificate: &str) -> Value {
    for _ in 0..10 {
        tick(world).await.expect("a tick");
        let seen = world.get(certificate).await;
        assert_eq!(seen.status, 200, "{}", seen.text);
        if seen.json()["state"] == "done" {
            return seen.json();
        }
        world.advance("PT7M").await;
    }
    panic!("it does not end: {}", world.get(certificate).await.text);
}

/// What tells one answer from another, with the name in addresses left out.
pub fn bytes(answer: &Answer, name: &str) -> (u16, BTreeMap<String, String>, String) {
    let headers = answer
        .headers
        .iter()
        .filter(|(header, _)| *header != "date" && *header != "content-length")
        .map(|(header, value)| (header.to_string(), value.to_str().unwrap().replace(name, "*")))
        .collect();
    (answer.status, headers, answer.text.replace(name, "*"))
}

/// Every item of every table: table and key, then the item.
pub type Items = BTreeMap<(&'static str, String, String), Item>;

pub async fn items(world: &World) -> Items {
    let service = world.service();
    let mut found = Items::new();
    for table in Table::ALL {
        let mut from = None;
        loop {
            let scan = service.dynamo.scan().table_name(service.settings.tables.name(table));
            let answer = scan.set_exclusive_start_key(from).send().await.unwrap();
            for item in answer.items.unwrap_or_default() {
                let text = |name: &str| item[name].as_s().unwrap().clone();
                found.insert((table.word(), text("pk"), text("sk")), item);
            }
            from = answer.last_evaluated_key;
            if from.is_none() {
                break;
            }
        }
    }
    found
}

/// How many items of an organization there are, by table.
pub fn counts(items: &Items, organization: OrganizationId) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for (table, pk, _) in items.keys() {
        if pk.starts_with(&organization.to_string()) {
            *counts.entry(*table).or_default() += 1;
        }
    }
    counts
}
