//! A world with one booking, and hands that reach behind the domain.

use aws_sdk_dynamodb::types::AttributeValue;
use shared::dynamo::{Item, Key};
use shared::fsck::{self, Finding, Report};
use shared::slot;

use crate::world::{Place, Plan, World};

/// A table to reach into.
#[derive(Debug, Clone, Copy)]
pub enum Where {
    Schedule,
    Mail,
    Identity,
    Keys,
}

/// A world with one organization and one booking of Ada's that stands.
pub struct Scene {
    pub world: World,
    pub place: Place,
    /// The address of Ada's booking.
    pub url: String,
}

impl Scene {
    /// A school, where a booking stands at once.
    pub async fn school() -> Self {
        Self::of(Plan::school()).await
    }

    /// Like a school, of this plan.
    pub async fn of(plan: Plan) -> Self {
        let world = World::start().await;
        let place = world.found(plan).await;
        let url = world.visitor("Ada").books(&place, &world.slot(&place, 0).await).await;
        assert!(world.cloud.settle().await);
        Self { world, place, url }
    }

    /// A clinic, where Ada has proven her address.
    pub async fn clinic() -> Self {
        let world = World::start().await;
        let place = world.clinic().await;
        let ada = world.visitor("Ada");
        let slot = world.slot(&place, 0).await;
        assert_eq!(ada.book(&place, &slot).await.status, 202);
        let link = ada.mailed_link("/confirm/").await;
        let confirmed = world.post(&world.url(&link), &serde_json::json!({})).await;
        assert_eq!(confirmed.status, 200, "{}", confirmed.text);
        let url = confirmed.json()["manage_url"].as_str().unwrap().to_owned();
        assert!(world.cloud.settle().await);
        Self { world, place, url }
    }

    /// Bert holds a seat of the clinic; the slot's key.
    pub async fn hold(&self) -> Key {
        let slot = self.world.slot(&self.place, 2).await;
        assert_eq!(self.world.visitor("Bert").book(&self.place, &slot).await.status, 202);
        assert!(self.world.cloud.settle().await);
        let slot = slot::SlotId::parse(&slot).unwrap();
        Key::slot(self.place.organization.id, self.place.event.id, slot)
    }

    pub async fn report(&self) -> Report {
        fsck::run_to_end(self.world.service()).await.unwrap()
    }

    pub async fn is_clean(&self) -> Report {
        let report = self.report().await;
        assert!(report.is_clean() && report.unsettled == 0, "{report}");
        report
    }

    /// The words of all that is found, sorted.
    pub async fn words(&self) -> Vec<&'static str> {
        let found = self.report().await.findings;
        let mut words: Vec<_> = found.iter().map(|finding| finding.damage.word()).collect();
        words.sort_unstable();
        words
    }

    /// Exactly one damage, of this kind.
    pub async fn finds(&self, word: &str) -> Finding {
        let report = self.report().await;
        let [finding] = report.findings.as_slice() else {
            panic!("{word} was planted, and not just that found:\n{report}");
        };
        assert_eq!(finding.damage.word(), word, "{report}");
        finding.clone()
    }

    fn table(&self, table: Where) -> &str {
        let tables = &self.world.service().settings.tables;
        match table {
            Where::Schedule => &tables.schedule,
            Where::Mail => &tables.mail,
            Where::Identity => &tables.identity,
            Where::Keys => &tables.organization_keys,
        }
    }

    /// All items whose sort key is this or begins with it and a `#`.
    async fn all(&self, table: Where, sk: &str) -> Vec<(Key, Item)> {
        let scan = self.world.cloud.dynamo().scan().table_name(self.table(table));
        let items = scan.send().await.unwrap().items.unwrap_or_default();
        let mut found: Vec<(Key, Item)> =
            items.into_iter().map(|item| (Key::of(&item).unwrap(), item)).collect();
        found.retain(|(key, _)| key.sk == sk || (sk.contains('#') && key.sk.starts_with(sk)));
        found.sort_by(|one, other| (&one.0.pk, &one.0.sk).cmp(&(&other.0.pk, &other.0.sk)));
        found
    }

    pub async fn find_all(&self, table: Where, sk: &str) -> Vec<Key> {
        self.all(table, sk).await.into_iter().map(|(key, _)| key).collect()
    }

    pub async fn find(&self, table: Where, sk: &str) -> Key {
        self.find_all(table, sk).await.first().cloned().unwrap_or_else(|| panic!("no {sk}"))
    }

    async fn slot_with(&self, taken: i64) -> Key {
        let slots = self.all(Where::Schedule, "slot#").await;
        slots.into_iter().find(|(_, item)| item["taken"] == number(taken)).unwrap().0
    }

    pub async fn taken_slots(&self) -> Vec<Key> {
        let slots = self.all(Where::Schedule, "slot#").await;
        slots
            .into_iter()
            .filter(|(_, item)| item["taken"] == number(1))
            .map(|(key, _)| key)
            .collect()
    }

    pub async fn taken_slot(&self) -> Key {
        self.slot_with(1).await
    }

    pub async fn free_slot(&self) -> Key {
        self.slot_with(0).await
    }

    /// The id of the slot of the same resource that begins when this one ends.
    pub async fn slot_after(&self, slot: &Key) -> String {
        let end = self.read(Where::Schedule, slot).await["end"].clone();
        let resource = slot.sk.split('#').nth(1).unwrap();
        let slots = self.all(Where::Schedule, "slot#").await;
        let (_, next) = slots
            .into_iter()
            .find(|(key, item)| item["start"] == end && key.sk.contains(resource))
            .unwrap();
        slot::store::read(next).unwrap().id.to_string()
    }

    pub async fn read(&self, table: Where, key: &Key) -> Item {
        let get = self.world.cloud.dynamo().get_item().table_name(self.table(table));
        get.set_key(Some(key.to_item())).send().await.unwrap().item.unwrap()
    }

    pub async fn put(
        &self,
        table: Where,
        item: impl IntoIterator<Item = (impl Into<String>, AttributeValue)>,
    ) {
        let item = item.into_iter().map(|(name, value)| (name.into(), value)).collect();
        let put = self.world.cloud.dynamo().put_item().table_name(self.table(table));
        put.set_item(Some(item)).send().await.unwrap();
    }

    pub async fn delete(&self, table: Where, key: &Key) {
        let delete = self.world.cloud.dynamo().delete_item().table_name(self.table(table));
        delete.set_key(Some(key.to_item())).send().await.unwrap();
    }

    /// Changes an item; gives it as it was.
    pub async fn change(&self, table: Where, key: &Key, edit: impl FnOnce(&mut Item)) -> Item {
        let before = self.read(table, key).await;
        let mut after = before.clone();
        edit(&mut after);
        self.put(table, after).await;
        before
    }

    pub async fn set(&self, table: Where, key: &Key, name: &str, value: AttributeValue) -> Item {
        self.change(table, key, |item| {
            item.insert(name.to_owned(), value);
        })
        .await
    }

    pub async fn add(&self, table: Where, key: &Key, name: &str, more: i64) {
        self.change(table, key, |item| {
            let before: i64 = item[name].as_n().unwrap().parse().unwrap();
            item.insert(name.to_owned(), number(before + more));
        })
        .await;
    }

    pub async fn edit_tally(&self, more: i64) {
        self.add(Where::Schedule, &self.find(Where::Schedule, "tally#").await, "live", more).await;
    }

    /// An item under another key.
    pub fn copied(&self, item: &Item, key: &Key) -> Item {
        let mut copy = item.clone();
        copy.extend(key.to_item());
        copy
    }
}

/// Edits the entries of an agenda.
pub fn edit_entries(item: &mut Item, edit: impl FnOnce(&mut Vec<AttributeValue>)) {
    let Some(AttributeValue::L(entries)) = item.get_mut("entries") else { panic!("no entries") };
    edit(entries);
}

pub fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}
