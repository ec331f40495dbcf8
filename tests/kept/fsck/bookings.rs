//! Damage between a booking and what must stand around it: slots, holds,
//! agendas, tallies, notices.

use aws_sdk_dynamodb::types::AttributeValue;
use shared::dynamo::{Item, Key};
use shared::fsck::Damage;
use shared::ids::BookingId;

use super::scene::{Scene, Where, edit_entries, number, text};

#[tokio::test]
async fn a_booking_without_its_slot_is_found() {
    let scene = Scene::school().await;
    scene.delete(Where::Schedule, &scene.taken_slot().await).await;
    scene.finds("no_slot").await;
}

#[tokio::test]
async fn a_slot_with_other_times_than_its_booking_is_found() {
    let scene = Scene::school().await;
    let slot = scene.taken_slot().await;
    scene.add(Where::Schedule, &slot, "end", 60).await;
    scene.finds("other_times").await;
}

#[tokio::test]
async fn a_held_booking_that_its_slot_does_not_hold_is_found() {
    let scene = Scene::clinic().await;
    let slot = scene.hold().await;
    scene.add(Where::Schedule, &slot, "taken", -1).await;
    scene.set(Where::Schedule, &slot, "holds", AttributeValue::M(Default::default())).await;
    scene.finds("no_hold").await;
}

#[tokio::test]
async fn a_hold_of_no_booking_or_until_another_time_is_found() {
    let scene = Scene::clinic().await;
    let slot = scene.hold().await;
    let before = scene.read(Where::Schedule, &slot).await;
    let held = before["holds"].as_m().unwrap().keys().next().unwrap().clone();
    let later = AttributeValue::M([(held.clone(), number(scene.world.now().as_second()))].into());
    scene.set(Where::Schedule, &slot, "holds", later).await;
    scene.finds("stray_hold").await;

    let mut holds = before["holds"].as_m().unwrap().clone();
    holds.insert(BookingId::from_bytes([7; 16]).to_string(), holds[&held].clone());
    scene.set(Where::Schedule, &slot, "holds", AttributeValue::M(holds)).await;
    scene.set(Where::Schedule, &slot, "capacity", number(2)).await;
    scene.add(Where::Schedule, &slot, "taken", 1).await;
    scene.finds("stray_hold").await;
}

#[tokio::test]
async fn a_booking_that_its_agenda_lacks_is_found() {
    let scene = Scene::school().await;
    let agenda = scene.find(Where::Schedule, "agenda#").await;
    scene.edit_tally(-1).await;
    scene.change(Where::Schedule, &agenda, |item| edit_entries(item, Vec::clear)).await;
    scene.finds("not_in_agenda").await;
    scene.delete(Where::Schedule, &agenda).await;
    scene.finds("not_in_agenda").await;
}

#[tokio::test]
async fn a_booking_without_a_tally_is_found() {
    let scene = Scene::school().await;
    scene.delete(Where::Schedule, &scene.find(Where::Schedule, "tally#").await).await;
    scene.finds("no_tally").await;
}

#[tokio::test]
async fn a_booking_whose_latest_version_nobody_is_told_of_is_found() {
    let scene = Scene::school().await;
    let ada = scene.world.visitor("Ada");
    ada.move_to(&scene.url, &scene.world.slot(&scene.place, 5).await).await;
    assert!(scene.world.cloud.settle().await);
    for notice in scene.find_all(Where::Mail, "notice").await {
        if scene.read(Where::Mail, &notice).await["version"] == number(2) {
            scene.delete(Where::Mail, &notice).await;
        }
    }
    scene.finds("no_notice").await;
}

#[tokio::test]
async fn more_bookings_than_seats_are_found() {
    let scene = Scene::school().await;
    scene.set(Where::Schedule, &scene.taken_slot().await, "capacity", number(0)).await;
    scene.finds("over_capacity").await;
}

#[tokio::test]
async fn seats_taken_by_nobody_and_bookings_without_a_seat_are_found() {
    let scene = Scene::school().await;
    let (taken, free) = (scene.taken_slot().await, scene.free_slot().await);
    scene.set(Where::Schedule, &free, "taken", number(1)).await;
    assert_eq!(scene.finds("miscounted").await.damage, Damage::Miscounted(1));
    scene.set(Where::Schedule, &free, "taken", number(0)).await;
    scene.set(Where::Schedule, &taken, "taken", number(0)).await;
    assert_eq!(scene.finds("miscounted").await.damage, Damage::Miscounted(-1));
}

#[tokio::test]
async fn an_agenda_out_of_order_is_found() {
    let scene = Scene::school().await;
    let ada = scene.world.visitor("Ada");
    ada.books(&scene.place, &scene.world.slot(&scene.place, 5).await).await;
    let agenda = scene.find(Where::Schedule, "agenda#").await;
    scene.change(Where::Schedule, &agenda, |item| edit_entries(item, |all| all.reverse())).await;
    scene.finds("unsorted").await;
}

#[tokio::test]
async fn two_appointments_of_one_person_at_the_same_time_are_found() {
    let scene = Scene::school().await;
    // The first lasts five minutes more everywhere: all agrees, but it now
    // runs into the second.
    let (slot, booking) = (scene.taken_slot().await, scene.find(Where::Schedule, "booking").await);
    let agenda = scene.find(Where::Schedule, "agenda#").await;
    let second = scene.slot_after(&slot).await;
    scene.world.visitor("Ada").books(&scene.place, &second).await;
    scene.add(Where::Schedule, &slot, "end", 300).await;
    scene.add(Where::Schedule, &booking, "end", 300).await;
    scene.add(Where::Schedule, &booking, "ends", 300).await;
    let end = scene.read(Where::Schedule, &booking).await["end"].clone();
    let longer = |item: &mut Item| {
        edit_entries(item, |all| {
            if let AttributeValue::M(first) = &mut all[0] {
                first.insert("end".into(), end.clone());
            }
        });
    };
    scene.change(Where::Schedule, &agenda, longer).await;
    scene.finds("overlap").await;
}

#[tokio::test]
async fn an_agenda_entry_without_its_booking_is_found() {
    let scene = Scene::school().await;
    let agenda = scene.find(Where::Schedule, "agenda#").await;
    scene.edit_tally(1).await;
    let stray = |item: &mut Item| {
        edit_entries(item, |all| {
            let mut entry = all[0].as_m().unwrap().clone();
            entry.insert("booking".into(), text(&BookingId::from_bytes([7; 16]).to_string()));
            entry.insert("start".into(), entry["end"].clone());
            let end = entry["end"].as_n().unwrap().parse::<i64>().unwrap() + 60;
            entry.insert("end".into(), number(end));
            all.push(AttributeValue::M(entry));
        });
    };
    scene.change(Where::Schedule, &agenda, stray).await;
    scene.finds("stray_entry").await;
}

#[tokio::test]
async fn an_agenda_entry_of_a_cancelled_booking_is_found() {
    let scene = Scene::school().await;
    let agenda = scene.find(Where::Schedule, "agenda#").await;
    let entries = scene.read(Where::Schedule, &agenda).await["entries"].clone();
    assert_eq!(scene.world.visitor("Ada").cancel(&scene.url).await.status, 200);
    scene.edit_tally(1).await;
    scene.set(Where::Schedule, &agenda, "entries", entries).await;
    scene.finds("stray_entry").await;
}

#[tokio::test]
async fn an_agenda_that_says_another_time_or_day_than_the_booking_is_found() {
    let scene = Scene::school().await;
    let agenda = scene.find(Where::Schedule, "agenda#").await;
    let before = scene.read(Where::Schedule, &agenda).await;
    let shorter = |item: &mut Item| {
        edit_entries(item, |all| {
            let mut entry = all[0].as_m().unwrap().clone();
            let end = entry["end"].as_n().unwrap().parse::<i64>().unwrap() - 60;
            entry.insert("end".into(), number(end));
            all[0] = AttributeValue::M(entry);
        });
    };
    scene.change(Where::Schedule, &agenda, shorter).await;
    scene.finds("other_entry").await;

    scene.put(Where::Schedule, before.clone()).await;
    let tomorrow = Key { pk: agenda.pk.clone(), sk: "agenda#2026-12-05".into() };
    scene.put(Where::Schedule, scene.copied(&before, &tomorrow)).await;
    scene.finds("other_entry").await;
}

#[tokio::test]
async fn a_tally_that_does_not_match_the_agendas_is_found() {
    let scene = Scene::school().await;
    scene.edit_tally(6).await;
    let found = scene.finds("wrong_tally").await;
    assert_eq!(found.damage, Damage::WrongTally { live: 7, counted: 1 });
}

#[tokio::test]
async fn a_notice_about_a_booking_that_does_not_exist_is_found() {
    let scene = Scene::school().await;
    let notice = scene.find(Where::Mail, "notice").await;
    let other = BookingId::from_bytes([7; 16]).to_string();
    scene.set(Where::Mail, &notice, "booking", text(&other)).await;
    scene.finds("stray_notice").await;
}

#[tokio::test]
async fn a_notice_about_a_version_that_its_booking_has_not_reached_is_found() {
    let scene = Scene::school().await;
    let ada = scene.world.visitor("Ada");
    ada.move_to(&scene.url, &scene.world.slot(&scene.place, 5).await).await;
    assert!(scene.world.cloud.settle().await);
    scene
        .set(Where::Schedule, &scene.find(Where::Schedule, "booking").await, "version", number(1))
        .await;
    let found = scene.finds("early_notice").await;
    assert_eq!(found.damage, Damage::EarlyNotice { version: 2, reached: 1 });
}

#[tokio::test]
async fn a_notice_in_the_index_of_what_is_owed_against_its_state_is_found() {
    let scene = Scene::school().await;
    let notice = scene.find(Where::Mail, "notice").await;
    let before = scene.read(Where::Mail, &notice).await;
    assert_eq!(before["state"], text("sent"));
    scene.set(Where::Mail, &notice, "owed_since", number(1)).await;
    scene.finds("wrong_standing").await;
    scene.put(Where::Mail, before).await;
    scene.is_clean().await;
    // And one that is owed, but that no sweep would ever find.
    scene.set(Where::Mail, &notice, "state", text("owed")).await;
    scene.finds("wrong_standing").await;
}
