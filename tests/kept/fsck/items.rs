//! Damage to items by themselves: keys, sealed maps, indexes, names.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use shared::dynamo::{Item, Key};
use shared::ids::{NoticeId, OrganizationId, PersonId};
use shared::vault::Place;

use super::scene::{Scene, Where, number, text};

#[tokio::test]
async fn an_item_that_nothing_writes_is_found() {
    let scene = Scene::school().await;
    let pk = scene.place.organization.id.to_string();
    scene.put(Where::Schedule, [("pk", text(&pk)), ("sk", text("dossier#canary"))]).await;
    let finding = scene.finds("unknown_item").await;
    assert!(!finding.to_string().contains("canary"), "{finding}");
}

#[tokio::test]
async fn an_item_that_does_not_read_is_found_whatever_its_kind() {
    let scene = Scene::clinic().await;
    for (table, sk, attribute, value) in [
        (Where::Schedule, "organization", "state", text("gone")),
        (Where::Schedule, "organization#", "organization", text("?")),
        (Where::Schedule, "event#", "zone", text("Europe/Atlantis")),
        (Where::Schedule, "resource#", "sealed", text("open")),
        (Where::Schedule, "slot#", "day", text("yesterday")),
        (Where::Schedule, "slot#", "end", number(0)),
        (Where::Schedule, "booking", "fingerprint", text("?")),
        (Where::Schedule, "participant", "proven", text("?")),
        (Where::Schedule, "agenda#", "entries", text("?")),
        (Where::Schedule, "tally#", "live", text("?")),
        (Where::Mail, "notice", "state", text("lost")),
    ] {
        let key = scene.find(table, sk).await;
        let before = scene.set(table, &key, attribute, value).await;
        // The registry is the other side of the name, and is found as well.
        let expected: &[&str] = match attribute {
            "organization" => &["no_name", "unreadable"],
            _ => &["unreadable"],
        };
        assert_eq!(scene.words().await, expected, "{sk} {attribute}");
        scene.put(table, before).await;
    }
    scene.is_clean().await;
}

#[tokio::test]
async fn a_slot_whose_content_belongs_under_another_key_is_found() {
    let scene = Scene::school().await;
    let free = scene.free_slot().await;
    scene.set(Where::Schedule, &free, "day", text("2026-12-05")).await;
    scene.finds("misplaced").await;
}

#[tokio::test]
async fn a_notice_under_an_id_that_is_not_its_own_is_found() {
    let scene = Scene::school().await;
    let notice = scene.find(Where::Mail, "notice").await;
    let mut copy = scene.read(Where::Mail, &notice).await;
    let other = NoticeId::from_bytes([7; 16]);
    copy.insert("pk".into(), text(&Key::notice(scene.place.organization.id, other).pk));
    scene.put(Where::Mail, copy).await;
    scene.finds("misplaced").await;
}

#[tokio::test]
async fn a_sealed_map_that_was_altered_is_found() {
    let scene = Scene::clinic().await;
    for sk in ["booking", "resource#", "participant"] {
        let key = scene.find(Where::Schedule, sk).await;
        let before = scene.read(Where::Schedule, &key).await;
        let mut sealed = before["sealed"].as_b().unwrap().clone().into_inner();
        sealed[20] ^= 1;
        let altered = AttributeValue::B(Blob::new(sealed));
        scene.set(Where::Schedule, &key, "sealed", altered).await;
        scene.finds("unopened").await;
        scene.put(Where::Schedule, before).await;
    }
    scene.is_clean().await;
}

#[tokio::test]
async fn sealed_maps_that_changed_places_are_found() {
    let scene = Scene::school().await;
    scene.world.visitor("Bert").books(&scene.place, &scene.world.slot(&scene.place, 3).await).await;
    let bookings = scene.find_all(Where::Schedule, "booking").await;
    let sealed = |item: &Item| item["sealed"].clone();
    let first = scene.read(Where::Schedule, &bookings[0]).await;
    let second = scene.read(Where::Schedule, &bookings[1]).await;
    scene.set(Where::Schedule, &bookings[0], "sealed", sealed(&second)).await;
    scene.set(Where::Schedule, &bookings[1], "sealed", sealed(&first)).await;
    assert_eq!(scene.words().await, ["unopened", "unopened"]);
}

#[tokio::test]
async fn an_item_of_an_organization_that_does_not_exist_is_found() {
    let scene = Scene::school().await;
    let key = scene.find(Where::Schedule, "event#").await;
    let mut copy = scene.read(Where::Schedule, &key).await;
    copy.insert("pk".into(), text(&OrganizationId::from_bytes([9; 16]).to_string()));
    scene.put(Where::Schedule, copy).await;
    scene.finds("no_organization").await;
}

#[tokio::test]
async fn an_organization_without_its_key_is_found_once() {
    let scene = Scene::school().await;
    let key = scene.find(Where::Keys, "key#").await;
    let wrapped = scene.read(Where::Keys, &key).await;
    scene.delete(Where::Keys, &key).await;
    scene.finds("no_key").await;
    // Also where no unwrapped key is remembered any more.
    scene.world.advance("PT6M").await;
    scene.finds("no_key").await;
    scene.put(Where::Keys, wrapped).await;
    scene.is_clean().await;
}

#[tokio::test]
async fn a_key_that_does_not_unwrap_is_found_once() {
    let scene = Scene::school().await;
    let key = scene.find(Where::Keys, "key#").await;
    let mut wrapped =
        scene.read(Where::Keys, &key).await["wrapped"].as_b().unwrap().clone().into_inner();
    let last = wrapped.len() - 1;
    wrapped[last] ^= 1;
    let altered = AttributeValue::B(Blob::new(wrapped));
    scene.set(Where::Keys, &key, "wrapped", altered).await;
    scene.finds("broken_key").await;
    scene.world.advance("PT6M").await;
    scene.finds("broken_key").await;
}

#[tokio::test]
async fn an_organization_that_its_web_name_does_not_lead_to_is_found() {
    let scene = Scene::school().await;
    scene.delete(Where::Schedule, &Key::web_name("north-school")).await;
    scene.finds("no_name").await;
}

#[tokio::test]
async fn a_web_name_that_leads_to_no_organization_of_that_name_is_found() {
    let scene = Scene::school().await;
    let entry = scene.read(Where::Schedule, &Key::web_name("north-school")).await;
    let other = Key::web_name("south-school");
    let copy = scene.copied(&entry, &other);
    scene.put(Where::Schedule, copy.clone()).await;
    scene.finds("stray_name").await;
    let nobody = OrganizationId::from_bytes([9; 16]).to_string();
    scene.set(Where::Schedule, &other, "organization", text(&nobody)).await;
    scene.finds("stray_name").await;
}

#[tokio::test]
async fn a_booking_whose_person_does_not_follow_from_its_address_is_found() {
    let scene = Scene::school().await;
    let key = scene.find(Where::Schedule, "booking").await;
    let service = scene.world.service();
    let organization = scene.place.organization.id;
    let keys = service.vault.keys(organization, scene.world.now()).await.unwrap().unwrap();
    let place = Place {
        table: shared::settings::Table::Schedule,
        pk: &key.pk,
        sk: &key.sk,
        attribute: "sealed",
    };
    let fields = BTreeMap::from([("name", "Ada"), ("email", "another@example.org")]);
    let sealed = keys.seal(place, &fields, &*service.chance).unwrap();
    let sealed = Blob::new(sealed.as_bytes());
    scene.set(Where::Schedule, &key, "sealed", AttributeValue::B(sealed)).await;
    scene.finds("wrong_person").await;
}

#[tokio::test]
async fn a_blind_index_that_does_not_match_its_address_is_found() {
    let scene = Scene::clinic().await;
    let participant = scene.find(Where::Schedule, "participant").await;
    let other = PersonId::from_bytes([8; 16]).to_string();
    scene.set(Where::Schedule, &participant, "email_index", text(&other)).await;
    scene.finds("wrong_index").await;
}
