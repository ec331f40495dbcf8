//! What backups still hold of an organization that was erased, and who can read
//! it until when.

use std::collections::BTreeMap;
use std::path::Path;

use aws_sdk_dynamodb::primitives::DateTime;
use aws_sdk_dynamodb::types::{AttributeValue, TableStatus};
use jiff::Timestamp;
use kept::restore::restore;
use kept::{Options, Storage, Wakes};
use shared::backup::{Name, store as backups};
use shared::booking::store as bookings;
use shared::dynamo::{self, Item, Key, batch_put};
use shared::identity::access::Level;
use shared::ids::{OrganizationId, RunId};
use shared::settings::Table;
use shared::vault::Vault;

use super::scene::{School, carry_through, certificate_path, counts, items};
use crate::identity::scene::House;
use crate::log;
use crate::privacy::{assert_tells_none, files};
use crate::world::{Place, Plan, World};

/// What nobody may find again: of who booked, of whom it was for, of the team.
const CANARIES: [&str; 7] = [
    "Canaryname Zzyzx",
    "canaryname.zzyzx@example.org",
    "+15550199887",
    "canarynote about a peanut allergy",
    "Canarychild Okapi",
    "CANARYPUPIL-77201",
    "canary.quagga",
];
/// Items of the erased school beside those that it made itself.
const MANY: [(Table, usize); 2] = [(Table::Schedule, 15_000), (Table::Mail, 5_000)];

async fn open(folder: &Path) -> World {
    let data = Storage::Folder(folder.to_owned());
    World::with(Options { data, wakes: Wakes::Nobody, ..Options::default() }).await
}

/// Somebody books with all that they could say.
async fn books(world: &World, place: &Place, name: &str) {
    let slot = world.slot(place, 0).await;
    let visitor = world.visitor(name);
    let mut wish = visitor.wish(&slot);
    wish["phone"] = CANARIES[2].into();
    wish["note"] = CANARIES[3].into();
    let booked = visitor.send(place, &wish, &crate::world::fresh_key()).await;
    assert_eq!(booked.status, 201, "{}", booked.text);
}

/// Puts many more of an organization's items into its tables.
async fn fill(world: &World, organization: OrganizationId) {
    let service = world.service();
    for (table, count) in MANY {
        let made = (0..count)
            .map(|number| {
                let pk = format!("{organization}#many{number:05}");
                Item::from([
                    ("pk".to_owned(), AttributeValue::S(pk)),
                    ("sk".to_owned(), AttributeValue::S("booking".into())),
                ])
            })
            .collect();
        let name = service.settings.tables.name(table);
        batch_put(&service.dynamo, name, made, &*service.chance).await.unwrap();
    }
}

/// The name of a table that is only looked at.
fn look_of(table: Table) -> String {
    format!("look-{}", table.word().to_lowercase())
}

/// Waits until a table that is being restored is there.
async fn until_there(world: &World, name: &str) {
    loop {
        let found = world.cloud.dynamo().describe_table().table_name(name).send().await.unwrap();
        if found.table.unwrap().table_status == Some(TableStatus::Active) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// Restores a backup beside the tables, as it is.
async fn look_at(world: &World, table: Table, arn: &str) -> BTreeMap<(String, String), Item> {
    let (dynamo, name) = (world.cloud.dynamo(), look_of(table));
    let asked = dynamo.restore_table_from_backup().backup_arn(arn).target_table_name(&name);
    asked.send().await.unwrap();
    until_there(world, &name).await;
    let mut found = BTreeMap::new();
    let mut pages = dynamo.scan().table_name(&name).into_paginator().items().send();
    while let Some(item) = pages.next().await {
        let item = item.unwrap();
        let key = Key::of(&item).unwrap();
        found.insert((key.pk, key.sk), item);
    }
    found
}

/// The table of organization keys as it was at a moment, beside it; whether it
/// can be had.
async fn keys_of(world: &World, moment: Timestamp) -> Option<Vault> {
    let (service, name) = (world.service(), "look-keys");
    let moment = DateTime::from_nanos(moment.as_nanosecond()).unwrap();
    let restore = world.cloud.dynamo().restore_table_to_point_in_time();
    let restore = restore.source_table_name(&service.settings.tables.organization_keys);
    restore.target_table_name(name).restore_date_time(moment).send().await.ok()?;
    until_there(world, name).await;
    let (kms, dynamo) = (world.cloud.kms().clone(), world.cloud.dynamo().clone());
    Some(Vault::new(kms, dynamo, name.into(), service.settings.key_id.clone()))
}

/// An organization's wrapped key, as the engine's file has it.
async fn wrapped(world: &World, organization: OrganizationId) -> String {
    let service = world.service();
    let table = &service.settings.tables.organization_keys;
    let pk = organization.to_string();
    let rows = dynamo::query(&service.dynamo, table, &pk, "key#", true).await.unwrap();
    data_encoding::BASE64.encode(rows[0]["wrapped"].as_b().unwrap().as_ref())
}

async fn drop_table(world: &World, name: &str) {
    world.cloud.dynamo().delete_table().table_name(name).send().await.unwrap();
}

#[tokio::test]
async fn until_day_seven_only_its_restored_key_opens_what_a_backup_holds_of_it_and_then_nothing_does()
 {
    let (folder, restored) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let restored = restored.path().join("restored");
    let world = open(folder.path()).await;
    let school = School::in_(&world).await;
    let id = school.id();
    let other = world.found(Plan { web_name: "east-school", ..Plan::school() }).await;
    let viewer = House::of(&world, other.organization.id).await;
    viewer.member("vera.viewer", Level::Administrator).await;
    let (log, wrapped) = log::logged(log::EVERYTHING, async {
        let wrapped = wrapped(&world, id).await;
        school.house.member(CANARIES[6], Level::Viewer).await;
        let added = world.dependent(
            &school.place.organization,
            CANARIES[4],
            CANARIES[5],
            "canarysecret 2015-04-03",
        );
        added.await.expect("a dependent");
        books(&world, &school.place, CANARIES[0]).await;
        let east = world.visitor("Somebody Else");
        east.books(&other, &world.slot(&other, 0).await).await;
        fill(&world, id).await;

        // A night's backup, and the erasure after it.
        let night = jiff::civil::date(2026, 11, 30);
        for table in Table::BACKED_UP {
            let name = Name { day: night, run: RunId::from_bytes([7; 16]), table };
            backups::ask(world.service(), name).await.unwrap();
        }
        assert!(world.cloud.settle().await);
        world.advance("PT1H").await;
        let certificate = certificate_path(&world, &school.asks(&world).await);
        world.advance("PT72H").await;
        let keyed = world.now();
        carry_through(&world, &certificate).await;
        let live = items(&world).await;
        let left = counts(&live, id);
        assert_eq!(left.keys().copied().collect::<Vec<_>>(), ["Audit", "Ledger", "Run"]);

        // The backup, as it is: all of it is there, and the other's items are as
        // they are today.
        let mut many = 0;
        let mut sealed = Vec::new();
        for table in Table::BACKED_UP {
            let arn = backups::list(world.service(), table).await.unwrap().remove(0).arn;
            let mut same = 0;
            for (key, item) in look_at(&world, table, &arn).await {
                if key.0.starts_with(&id.to_string()) {
                    many += 1;
                    if key.1 == "booking" && item.contains_key("sealed") {
                        sealed.push(item);
                    }
                } else if key.0.starts_with(&other.organization.id.to_string()) {
                    let today = live.get(&(table.word(), key.0, key.1));
                    assert_eq!(today, Some(&item));
                    same += 1;
                }
            }
            assert!(same > 0, "the other has nothing in {}", table.word());
        }
        assert!(many > 20_000, "only {many} items of it");
        assert_eq!(sealed.len(), 1);

        // Nothing opens what is sealed, but its key of before, which can be had
        // for seven days.
        assert!(world.service().vault.keys(id, world.now()).await.unwrap().is_none());
        let vault = keys_of(&world, keyed).await.expect("its key of before");
        let key = vault.keys(id, world.now()).await.unwrap().expect("its key of before");
        let booking = bookings::read(&key, sealed[0].clone()).unwrap();
        assert_eq!(booking.contact.name.expose(), CANARIES[0]);
        for name in Table::BACKED_UP.map(look_of).into_iter().chain(["look-keys".to_owned()]) {
            drop_table(&world, &name).await;
        }
        world.advance("P7D").await;
        assert!(keys_of(&world, keyed).await.is_none(), "after seven days it is beyond recovery");
        wrapped
    })
    .await;
    assert!(world.cloud.dead_letters().is_empty());
    world.cloud.stop().await;
    assert!(log.len() > 1_000, "it logged too little to prove anything: {log}");
    assert_tells_none(&CANARIES, "the log", log.as_bytes());

    // The night brought back as the operator does it.
    let night = jiff::civil::date(2026, 11, 30);
    let done = restore(folder.path(), night, &restored, None, &mut |_| {}).await.unwrap();
    assert!(done.compared.is_faithful(), "{done}");
    assert_eq!(done.compared.unlike, 0, "{done}");
    assert!(done.removed["booking"] > 15_000, "{done}");
    assert!(done.repaired.is_clean() && done.repaired.deeds.is_empty(), "{done}");
    for folder in [folder.path(), &restored] {
        for file in files(folder) {
            let (name, bytes) = (file.display().to_string(), std::fs::read(&file).unwrap());
            assert_tells_none(&CANARIES, &name, &bytes);
            // The engine's own file may still hold it where rows were.
            let key = bytes.windows(wrapped.len()).any(|window| window == wrapped.as_bytes());
            assert!(!key || !file.starts_with(&restored), "its key was brought over in {name}");
        }
    }
    let world = open(&restored).await;
    assert_eq!(world.get("/west-school").await.status, 404);
    assert_eq!(world.get("/east-school").await.status, 200);
    let again = items(&world).await;
    assert!(
        !counts(&again, id).keys().any(|table| ["Schedule", "Identity", "Mail"].contains(table))
    );
    world.cloud.stop().await;
}
