//! A night's backups brought back in a new folder: what was there then is there
//! again, what was deleted since is not, and everything fits together.

use std::path::Path;

use kept::restore::{RestoreError, restore};
use kept::{Options, Storage};
use shared::audit;
use shared::backup::{Name, store};
use shared::fsck;
use shared::ids::{DeletionId, RunId};
use shared::ledger::{self, Entry, Fate, Forgotten};
use shared::personal::EmailAddress;
use shared::retention::forget;
use shared::settings::Table;

use crate::world::World;

async fn open(folder: &Path) -> World {
    World::with(Options { data: Storage::Folder(folder.to_owned()), ..Options::default() }).await
}

/// Takes a backup of every table that is to be kept.
async fn back_up(world: &World, day: jiff::civil::Date) {
    assert!(world.cloud.settle().await);
    for table in Table::BACKED_UP {
        let name = Name { day, run: RunId::from_bytes([7; 16]), table };
        store::ask(world.service(), name).await.unwrap();
    }
    assert!(world.cloud.settle().await);
}

#[tokio::test]
async fn a_night_comes_back_without_what_was_deleted_since() {
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let new = new.path().join("restored");
    let world = open(old.path()).await;
    let school = world.school().await;
    let organization = school.organization.id;
    let (ada, bert, cleo) = (world.visitor("Ada"), world.visitor("Bert"), world.visitor("Cleo"));
    let adas = ada.books(&school, &world.slot(&school, 0).await).await;
    let berts = bert.books(&school, &world.slot(&school, 2).await).await;
    let night = jiff::civil::date(2026, 11, 30);
    back_up(&world, night).await;

    // Afterwards Ada cancels, Cleo books, and Bert's data is deleted.
    world.advance("PT1H").await;
    assert_eq!(ada.cancel(&adas).await.status, 200);
    let cleos = cleo.books(&school, &world.slot(&school, 4).await).await;
    let keys = world.keys(organization).await;
    let person = keys.person(&EmailAddress::parse(&bert.email).unwrap());
    let now = world.now();
    let entry = Entry {
        id: DeletionId::fresh(now, &*world.service().chance).unwrap(),
        organization,
        what: Forgotten::Person(person, Fate::Removed),
        at: now,
        ended: None,
        certificate: None,
    };
    ledger::put(world.service(), &entry).await.unwrap();
    let secret = berts.rsplit('/').next().unwrap();
    let booking = shared::vault::OrganizationKeys::named_by_link(secret).unwrap();
    let service = world.service();
    assert!(forget::booking(service, organization, booking, Fate::Removed, now).await.unwrap());
    assert!(world.cloud.settle().await);
    let path = |url: &str| url.strip_prefix(world.cloud.address()).unwrap().to_owned();
    let (adas, berts, cleos) = (path(&adas), path(&berts), path(&cleos));
    world.cloud.stop().await;

    let other = jiff::civil::date(2026, 11, 29);
    let refused = restore(old.path(), other, &new, None).await.unwrap_err();
    assert!(refused.to_string().contains("there are of: 2026-11-30"), "{refused}");
    let restored = restore(old.path(), night, &new, None).await.unwrap();
    let said = restored.to_string();
    assert!(restored.compared.is_faithful(), "{said}");
    assert_eq!(restored.compared.changed["booking"], 1, "Ada's: {said}");
    assert_eq!(restored.compared.explained["booking"], 1, "Bert's: {said}");
    assert_eq!(restored.compared.new["booking"], 1, "Cleo's: {said}");
    assert_eq!(restored.removed["booking"], 1, "{said}");
    assert!(restored.repaired.is_clean() && restored.repaired.deeds.is_empty(), "{said}");
    assert!(said.contains("Start it with: cargo run -- --data"), "{said}");
    let again = restore(old.path(), night, &new, None).await.unwrap_err();
    assert!(matches!(again, RestoreError::NotNew(_)), "{again}");

    let world = open(&new).await;
    assert!(world.cloud.settle().await);
    let answer = world.get(&adas).await;
    assert_eq!(answer.json()["state"], "booked", "{}", answer.text);
    assert_eq!(world.get(&berts).await.status, 404);
    assert_eq!(world.get(&cleos).await.status, 404);
    let report = fsck::run_to_end(world.service()).await.unwrap();
    assert!(report.is_clean(), "{report}");
    let key = world.cloud.audit_key().unwrap();
    let trail = audit::verify::verify(world.service(), &key, None).await.unwrap();
    assert!(trail.is_clean(), "{trail}");
    world.cloud.stop().await;

    // The old folder is as it was.
    let world = open(old.path()).await;
    assert_eq!(world.get(&cleos).await.status, 200);
    world.cloud.stop().await;
}

#[tokio::test]
async fn a_backup_that_is_not_what_was_there_is_noticed() {
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let new = new.path().join("restored");
    let world = open(old.path()).await;
    let school = world.school().await;
    world.visitor("Ada").books(&school, &world.slot(&school, 0).await).await;
    let night = jiff::civil::date(2026, 11, 30);
    back_up(&world, night).await;
    // Somebody alters what was backed up, and leaves its version as it was.
    let dynamo = world.cloud.dynamo();
    let table = &world.service().settings.tables.schedule;
    let items = dynamo.scan().table_name(table).send().await.unwrap().items.unwrap();
    let mut booking =
        items.into_iter().find(|item| item["sk"].as_s().unwrap() == "booking").unwrap();
    booking.insert("made".into(), aws_sdk_dynamodb::types::AttributeValue::N("1".into()));
    dynamo.put_item().table_name(table).set_item(Some(booking)).send().await.unwrap();
    world.cloud.stop().await;
    let restored = restore(old.path(), night, &new, None).await.unwrap();
    assert_eq!(restored.compared.unlike, 1, "{restored}");
    assert!(restored.to_string().contains("unlike: Schedule"), "{restored}");
}
