//! Damage to members, to the usernames that lead to them and to the count of
//! administrators; and to what slots and bookings lie in.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use shared::dynamo::Key;
use shared::identity::Member;
use shared::identity::access::Level;
use shared::ids::MemberId;

use super::scene::{Scene, Where, number, text};
use crate::identity::scene::House;

/// The school's team: an administrator, and a viewer.
async fn team(scene: &Scene) -> (House, Member, Member) {
    let house = House::of(&scene.world, scene.place.organization.id).await;
    let administrator = house.member("adam.admin", Level::Administrator).await;
    let viewer = house.member("vera.viewer", Level::Viewer).await;
    let report = scene.is_clean().await;
    assert_eq!(report.checked["members"], 2, "{report}");
    assert_eq!(report.checked["usernames"], 2, "{report}");
    (house, administrator, viewer)
}

#[tokio::test]
async fn a_member_whom_their_username_does_not_lead_to_is_found() {
    let scene = Scene::school().await;
    let (_, administrator, viewer) = team(&scene).await;
    let usernames = scene.find_all(Where::Identity, "username").await;
    let mut of_viewer = None;
    for key in usernames {
        let item = scene.read(Where::Identity, &key).await;
        if item["member_id"] == text(&viewer.id.to_string()) {
            of_viewer = Some((key, item));
        }
    }
    let (key, item) = of_viewer.unwrap();
    scene.delete(Where::Identity, &key).await;
    scene.finds("no_username").await;
    // Where it leads to another, both sides are wrong.
    scene.put(Where::Identity, item.clone()).await;
    let other = text(&administrator.id.to_string());
    scene.set(Where::Identity, &key, "member_id", other).await;
    assert_eq!(scene.words().await, ["no_username", "stray_username"]);
    let nobody = MemberId::from_bytes([9; 16]).to_string();
    scene.set(Where::Identity, &key, "member_id", text(&nobody)).await;
    assert_eq!(scene.words().await, ["no_username", "stray_username"]);
    scene.put(Where::Identity, item).await;
    scene.is_clean().await;
}

#[tokio::test]
async fn a_username_that_leads_to_nobody_who_has_it_is_found() {
    let scene = Scene::school().await;
    let (house, _, viewer) = team(&scene).await;
    let stray = Key::username(house.id(), [7; 16]);
    let row = [("member_id", text(&viewer.id.to_string()))];
    let key = [("pk", text(&stray.pk)), ("sk", text(&stray.sk))];
    scene.put(Where::Identity, row.into_iter().chain(key)).await;
    scene.finds("stray_username").await;
}

#[tokio::test]
async fn a_count_that_is_not_the_number_of_administrators_is_found() {
    let scene = Scene::school().await;
    let (house, ..) = team(&scene).await;
    let key = Key::administrators(house.id());
    let before = scene.set(Where::Identity, &key, "active", number(2)).await;
    scene.finds("wrong_administrators").await;
    scene.delete(Where::Identity, &key).await;
    scene.finds("no_administrators").await;
    scene.put(Where::Identity, before).await;
    scene.is_clean().await;
}

#[tokio::test]
async fn a_member_who_does_not_read_or_open_is_found_and_what_nothing_writes_as_well() {
    let scene = Scene::school().await;
    let (house, _, viewer) = team(&scene).await;
    let key = Key::member(house.id(), viewer.id);
    let before = scene.set(Where::Identity, &key, "level", text("owner")).await;
    scene.finds("unreadable").await;
    let mut sealed = before["sealed"].as_b().unwrap().clone().into_inner();
    sealed[20] ^= 1;
    scene.put(Where::Identity, before.clone()).await;
    let altered = AttributeValue::B(Blob::new(sealed));
    scene.set(Where::Identity, &key, "sealed", altered).await;
    scene.finds("unopened").await;
    scene.put(Where::Identity, before).await;
    let pk = house.id().to_string();
    scene.put(Where::Identity, [("pk", text(&pk)), ("sk", text("member#canary"))]).await;
    let finding = scene.finds("unknown_item").await;
    assert!(!finding.to_string().contains("canary"), "{finding}");
}

#[tokio::test]
async fn slots_and_bookings_whose_event_is_gone_are_found() {
    let scene = Scene::school().await;
    let event = scene.find(Where::Schedule, "event#").await;
    let before = scene.read(Where::Schedule, &event).await;
    scene.delete(Where::Schedule, &event).await;
    let words = scene.words().await;
    let slots = scene.find_all(Where::Schedule, "slot#").await.len();
    assert_eq!(words, vec!["no_event"; slots + 1], "each slot and the booking, and only that");
    scene.put(Where::Schedule, before).await;
    scene.is_clean().await;
}

#[tokio::test]
async fn slots_and_bookings_whose_resource_is_gone_are_found() {
    let scene = Scene::school().await;
    let taken = scene.taken_slot().await;
    let resource = taken.sk.split('#').nth(1).unwrap();
    let key = scene.find(Where::Schedule, &format!("resource#{resource}")).await;
    scene.delete(Where::Schedule, &key).await;
    let slots = scene.find_all(Where::Schedule, &format!("slot#{resource}")).await.len();
    assert_eq!(scene.words().await, vec!["no_resource"; slots + 1]);
}
