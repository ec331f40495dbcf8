//! Drills: a backup is restored beside what is there, looked at, and removed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use shared::backup::{BackupSettings, drill, forgotten, store};
use shared::dynamo::{Item, Key};
use shared::ids::RunId;
use shared::settings::Table;

use super::scene::Installation;
use crate::world::Place;

const PATH: &str = "/operator/manage/backups/drill";

impl Installation {
    /// Somebody asks for a drill, and it runs to its end; what came of it.
    async fn drill(&self) -> Value {
        let begun = self.post(PATH).await;
        assert_eq!(begun.status, 202, "{}", begun.text);
        self.until_ended(begun.json()["run"].as_str().unwrap()).await
    }

    async fn until_ended(&self, id: &str) -> Value {
        for _ in 0..30 {
            self.ticks(1).await;
            let drill = self.drills().await.into_iter().find(|drill| drill["id"] == id).unwrap();
            if drill["state"] != "under_way" {
                return drill;
            }
        }
        panic!("the drill does not end: {:?}", self.drills().await);
    }

    /// A night, and the drill of the week that comes with the first.
    async fn first_night(&self) -> Value {
        self.night().await;
        let id = self.drills().await[0]["id"].as_str().unwrap().to_owned();
        self.until_ended(&id).await
    }

    async fn tables(&self) -> BTreeSet<String> {
        let service = self.world.service();
        store::tables_named(service, "").await.unwrap().into_iter().collect()
    }

    /// Every item of the tables of which there are backups.
    async fn items(&self) -> BTreeMap<(String, String, String), Item> {
        let service = self.world.service();
        let mut found = BTreeMap::new();
        for table in Table::BACKED_UP {
            let mut from = None;
            loop {
                let scan = service.dynamo.scan().table_name(service.settings.tables.name(table));
                let answer = scan.set_exclusive_start_key(from).send().await.unwrap();
                for item in answer.items.unwrap_or_default() {
                    let key = Key::of(&item).unwrap();
                    found.insert((table.word().to_owned(), key.pk, key.sk), item);
                }
                from = answer.last_evaluated_key;
                if from.is_none() {
                    break;
                }
            }
        }
        found
    }

    /// Writes other bytes into an attribute, as nobody but a fault would.
    async fn set(&self, table: Table, key: &Key, attribute: &str, bytes: Vec<u8>) {
        use aws_sdk_dynamodb::primitives::Blob;
        use aws_sdk_dynamodb::types::AttributeValue;
        let service = self.world.service();
        let update = service.dynamo.update_item().set_key(Some(key.to_item()));
        let update = update.table_name(service.settings.tables.name(table));
        let update = update.update_expression("SET #it = :bytes");
        let update = update.expression_attribute_names("#it", attribute);
        let bytes = AttributeValue::B(Blob::new(bytes));
        update.expression_attribute_values(":bytes", bytes).send().await.unwrap();
    }

    /// A family books at the school.
    async fn books(&self) -> Place {
        let world = &self.world;
        let plan = crate::world::Plan { web_name: "west-school", ..crate::world::Plan::school() };
        let place = world.found(plan).await;
        let slot = world.slot(&place, 0).await;
        world.visitor("Maria Lopez").books(&place, &slot).await;
        place
    }
}

fn count(drill: &Value, list: &str, what: &str) -> u64 {
    let counts = drill[list].as_array().unwrap();
    let found = counts.iter().find(|count| count["what"] == what);
    found.map_or(0, |count| count["count"].as_u64().unwrap())
}

#[tokio::test]
async fn the_week_s_drill_proves_the_newest_backup_and_leaves_nothing_behind() {
    let installation = Installation::new().await;
    installation.books().await;
    let tables = installation.tables().await;
    let drill = installation.first_night().await;
    assert_eq!(drill["state"], "proven", "{drill}");
    assert_eq!(drill["of"], "2026-12-01");
    assert_eq!((&drill["by_hand"], &drill["findings"]), (&json!(false), &json!([])));
    assert_eq!(count(&drill, "counted", "bookings"), 1);
    assert_eq!(count(&drill, "counted", "tables put back"), 4);
    assert!(count(&drill, "counted", "items the same") > 50, "{drill}");
    assert!(count(&drill, "counted", "keys") >= 4, "{drill}");
    assert!(count(&drill, "counted", "sealed items opened") >= 1, "{drill}");
    assert!(drill["seconds"].is_i64(), "{drill}");
    assert_eq!(installation.tables().await, tables, "what was restored is removed");
    assert_eq!(installation.recorded("backup_proven").await, 1);
    assert!(installation.page().await.contains("Everything was as it should be"));
    // Another tick begins no other drill of this week; the next week does.
    installation.night().await;
    assert_eq!(installation.drills().await.len(), 1);
    installation.world.advance("P7D").await;
    installation.night().await;
    assert_eq!(installation.drills().await.len(), 2);
    installation.stop().await;
}

#[tokio::test]
async fn a_drill_changes_nothing_of_what_people_work_with() {
    let installation = Installation::new().await;
    installation.books().await;
    installation.first_night().await;
    let mut before = installation.items().await;
    installation.drill().await;
    let mut after = installation.items().await;
    // Its own records are all that is new.
    before.retain(|(table, ..), _| table != "Audit");
    after.retain(|(table, ..), _| table != "Audit");
    let changed: Vec<_> = before
        .iter()
        .filter(|(place, item)| after.get(*place) != Some(item))
        .map(|(place, item)| (place, item, after.get(place)))
        .collect();
    assert!(changed.is_empty(), "{changed:#?}");
    let added: Vec<_> = after.keys().filter(|place| !before.contains_key(*place)).collect();
    assert!(added.is_empty(), "{added:#?}");
    installation.stop().await;
}

#[tokio::test]
async fn what_a_restore_forgets_is_put_back_and_seen_to_be_there() {
    let installation = Installation::new().await;
    installation.first_night().await;
    let service = installation.world.service();
    let set = drill::newest(service).await.unwrap().unwrap();
    for table in Table::BACKED_UP {
        let name = service.settings.tables.name(table);
        let arn = installation.world.service().dynamo.describe_table().table_name(name).send();
        let arn = arn.await.unwrap().table.unwrap().table_arn.unwrap();
        let tag = aws_sdk_dynamodb::types::Tag::builder().key("who").value("kept").build();
        let tagging = service.dynamo.tag_resource().resource_arn(arn).tags(tag.unwrap());
        tagging.send().await.unwrap();
        let wanted = forgotten::of(service, name).await.unwrap();
        assert!(wanted.recovery == Some(35) && wanted.tags["who"] == "kept", "{wanted:?}");
        let restored = format!("Restored-{}", table.word());
        store::restore(service, &set.arns[table.word()], &restored).await.unwrap();
        assert!(installation.world.cloud.settle().await);
        let bare = forgotten::of(service, &restored).await.unwrap();
        assert!(bare.recovery.is_none() && bare.tags.is_empty() && bare.stream.is_none());
        let mut rounds = 0;
        while !forgotten::put_back(service, &restored, &wanted).await.unwrap() {
            rounds += 1;
            assert!(rounds < 10, "{table:?} never has what is wanted");
        }
        assert!(rounds > 1);
        assert_eq!(forgotten::of(service, &restored).await.unwrap(), wanted, "{table:?}");
    }
    let tables = &service.settings.tables;
    let stream = forgotten::of(service, &tables.audit).await.unwrap();
    assert_eq!(
        (stream.stream.as_deref(), stream.expiry.as_deref()),
        (Some("NEW_IMAGE"), Some("expires"))
    );
    installation.stop().await;
}

#[tokio::test]
async fn damage_that_lies_in_a_backup_is_found_and_pages() {
    let installation = Installation::new().await;
    let place = installation.books().await;
    installation.first_night().await;
    // A booking loses its entry in an agenda, and a night takes that over.
    let service = installation.world.service();
    let items = installation.items().await;
    let agenda = items.keys().find(|(table, pk, sk)| {
        table == "Schedule"
            && pk.starts_with(&place.organization.id.to_string())
            && sk.starts_with("agenda#")
    });
    let (_, pk, sk) = agenda.unwrap();
    let key = Key { pk: pk.clone(), sk: sk.clone() };
    let delete = service.dynamo.delete_item().table_name(&service.settings.tables.schedule);
    delete.set_key(Some(key.to_item())).send().await.unwrap();
    installation.night().await;
    let drill = installation.drill().await;
    assert!(count(&drill, "counted", "damages found") >= 1, "{drill}");
    // A rule mends it, as it would what a backup holds only a part of.
    assert_eq!(drill["state"], "proven", "{drill}");

    // What no rule can mend pages.
    let place = items.keys().find(|(table, _, sk)| table == "Schedule" && sk == "booking");
    let (_, pk, sk) = place.unwrap();
    let key = Key { pk: pk.clone(), sk: sk.clone() };
    let tables = &service.settings.tables;
    let item = shared::dynamo::get(&service.dynamo, &tables.schedule, &key).await.unwrap();
    let sealed = item.unwrap()["sealed"].as_b().unwrap().clone().into_inner();
    let altered: Vec<u8> = sealed.iter().map(|byte| byte ^ 1).collect();
    installation.set(Table::Schedule, &key, "sealed", altered).await;
    installation.night().await;
    let begun = installation.post(PATH).await;
    let log = installation.logged(async || installation.ticks(4).await).await;
    let drill = installation.until_ended(begun.json()["run"].as_str().unwrap()).await;
    assert_eq!(drill["state"], "found", "{drill}");
    assert!(count(&drill, "findings", "damage") >= 1, "{drill}");
    assert!(log.contains("BACKUP_FAILED"), "{log}");
    installation.stop().await;
}

#[tokio::test]
async fn an_item_that_is_not_what_was_backed_up_and_one_that_the_backup_lacks_are_found() {
    let installation = Installation::new().await;
    installation.books().await;
    installation.first_night().await;
    // The bytes of a booking are others than when it was backed up, though
    // nobody changed it: its version is the same.
    let items = installation.items().await;
    let booking = items.keys().find(|(table, _, sk)| table == "Schedule" && sk == "booking");
    let (_, pk, sk) = booking.unwrap();
    let key = Key { pk: pk.clone(), sk: sk.clone() };
    installation.set(Table::Schedule, &key, "sealed", vec![1, 1, 2, 3]).await;
    let drill = installation.drill().await;
    assert_eq!(drill["state"], "found", "{drill}");
    assert_eq!(count(&drill, "findings", "unlike"), 1, "{drill}");
    let words = drill["words"].as_array().unwrap();
    assert!(words.iter().any(|words| words.as_str().unwrap().contains(pk.as_str())), "{drill}");
    installation.stop().await;
}

#[tokio::test]
async fn a_backup_whose_key_is_gone_is_not_proven() {
    let installation = Installation::new().await;
    let proven = installation.first_night().await;
    assert_eq!(proven["state"], "proven");
    let lost = installation.school.id();
    let service = installation.world.service();
    let key = Key { pk: lost.to_string(), sk: "key#1".into() };
    let tables = &service.settings.tables;
    let delete = service.dynamo.delete_item().table_name(&tables.organization_keys);
    delete.set_key(Some(key.to_item())).send().await.unwrap();
    let drill = installation.drill().await;
    assert_eq!(drill["state"], "found", "{drill}");
    assert_eq!(count(&drill, "findings", "key"), 1);
    installation.stop().await;
}

#[tokio::test]
async fn without_a_proven_backup_for_eight_days_the_operator_is_paged() {
    let installation = Installation::new().await;
    installation.first_night().await;
    // Whatever is restored from now on has no key.
    let service = installation.world.service();
    let key = Key { pk: installation.school.id().to_string(), sk: "key#1".into() };
    let tables = &service.settings.tables;
    let delete = service.dynamo.delete_item().table_name(&tables.organization_keys);
    delete.set_key(Some(key.to_item())).send().await.unwrap();
    for _ in 0..7 {
        installation.night().await;
    }
    assert_eq!(installation.backups().await["unproven"], false);
    installation.next_day().await;
    let log = installation.logged(async || installation.ticks(2).await).await;
    assert!(log.contains("BACKUP_UNPROVEN"), "{log}");
    assert_eq!(installation.backups().await["unproven"], true);
    installation.stop().await;
}

#[tokio::test]
async fn what_a_dead_drill_left_is_removed_by_the_next_and_nobody_else_s_table_is() {
    let installation = Installation::new().await;
    installation.first_night().await;
    let service = installation.world.service();
    let set = drill::newest(service).await.unwrap().unwrap();
    let settings = BackupSettings { days: 35, drill_prefix: "kept-drill-".into() };
    let dead = RunId::from_bytes([7; 16]);
    let left = drill::scratch_name(&settings, dead, Table::Mail);
    let other = "kept-drill-of-somebody-else".to_owned();
    for name in [&left, &other] {
        store::restore(service, &set.arns["Mail"], name).await.unwrap();
    }
    assert!(installation.world.cloud.settle().await);
    let drill = installation.drill().await;
    assert_eq!(drill["state"], "proven", "{drill}");
    let tables = installation.tables().await;
    assert!(!tables.contains(&left) && tables.contains(&other), "{tables:?}");
    installation.stop().await;
}

#[tokio::test]
async fn a_drill_that_dies_at_any_step_ends_as_one_that_does_not() {
    /// Of so many requests, one is a point to die at: a check has hundreds.
    const EVERY: usize = 5;
    let installation = Installation::new().await;
    installation.books().await;
    let expected = installation.first_night().await;
    let tables = installation.tables().await;
    let mut deaths = 0;
    for point in (1..).step_by(EVERY) {
        let begun = installation.post(PATH).await;
        assert_eq!(begun.status, 202, "{}", begun.text);
        let died = installation.dies(point, 30).await;
        let drill = installation.until_ended(begun.json()["run"].as_str().unwrap()).await;
        let said = |drill: &Value| (drill["state"].clone(), drill["findings"].clone());
        assert_eq!(said(&drill), said(&expected), "after a death at request {point}: {drill}");
        assert_eq!(installation.tables().await, tables, "after a death at request {point}");
        if !died {
            break;
        }
        deaths += 1;
    }
    assert!(deaths > 20, "only {deaths} deaths");
    installation.stop().await;
}
