//! A school beside the operator's organization, and what is kept of somebody.

use std::collections::BTreeMap;

use shared::certificate::Signed;
use shared::dynamo::Item;
use shared::ids::OrganizationId;
use shared::ledger::{self, Entry};
use shared::settings::Table;

use crate::identity::scene::House;
use crate::retention::scene::Home;
use crate::world::{Plan, World};

/// A school.
pub struct School {
    pub home: Home,
}

impl School {
    pub async fn in_(world: &World) -> Self {
        House::operator(world).await;
        let place = world.found(Plan { web_name: "west-school", ..Plan::school() }).await;
        Self { home: Home::of(world, place).await }
    }

    pub fn id(&self) -> OrganizationId {
        self.home.house.id()
    }

    /// What was deleted so far.
    pub async fn entries(&self, world: &World) -> Vec<Entry> {
        ledger::of_organization(world.service(), self.id()).await.unwrap()
    }
}

/// The certificate of an entry.
pub fn certificate(entry: &Entry) -> &Signed {
    entry.certificate.as_ref().expect("a certificate")
}

/// Where personal data is kept.
const PERSONAL: [Table; 4] = [Table::Schedule, Table::Identity, Table::Session, Table::Mail];

/// Every item that names one of these ids, in its key or anywhere in it.
pub async fn naming(world: &World, ids: &[String]) -> BTreeMap<String, Item> {
    let mut found = BTreeMap::new();
    for table in PERSONAL {
        for (key, item) in world.everything(table).await {
            let text = format!("{key} {item:?}");
            // Slots are everybody's, and what was guessed too often stays counted
            // until its hour is over.
            let others = key.sk.starts_with("slot#") || key.pk.contains("#allowance#");
            if !others && ids.iter().any(|id| text.contains(id)) {
                found.insert(format!("{} {key}", table.word()), item);
            }
        }
    }
    found
}
