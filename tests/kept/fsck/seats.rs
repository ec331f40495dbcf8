//! Damage to seats whose person is gone.

use shared::booking::seat::{self, Reason, Seat};
use shared::dynamo::Key;
use shared::ids::BookingId;
use shared::slot;

use super::scene::{Scene, Where, number, text};

/// A free time, taken by somebody who is gone.
async fn seated(scene: &Scene) -> (Key, Key) {
    let slot_key = scene.free_slot().await;
    let slot = slot::store::read(scene.read(Where::Schedule, &slot_key).await).unwrap();
    let seat = Seat {
        id: BookingId::from_bytes([7; 16]),
        event: scene.place.event.id,
        slot: slot.id,
        start: slot.start,
        end: slot.end,
        reason: Reason::Deleted,
    };
    let organization = scene.place.organization.id;
    scene.put(Where::Schedule, seat::write(organization, &seat).unwrap()).await;
    scene.add(Where::Schedule, &slot_key, "taken", 1).await;
    (Key::seat(organization, seat.id), slot_key)
}

#[tokio::test]
async fn a_seat_whose_person_is_gone_counts_as_taken() {
    let scene = Scene::school().await;
    let (seat, _) = seated(&scene).await;
    let report = scene.is_clean().await;
    assert_eq!(report.checked["seats"], 1, "{report}");
    scene.delete(Where::Schedule, &seat).await;
    scene.finds("miscounted").await;
}

#[tokio::test]
async fn a_seat_in_no_slot_or_with_other_times_or_in_another_index_is_found() {
    let scene = Scene::school().await;
    let (seat, slot) = seated(&scene).await;
    let before = scene.read(Where::Schedule, &slot).await;
    scene.delete(Where::Schedule, &slot).await;
    scene.finds("no_slot").await;
    scene.put(Where::Schedule, before.clone()).await;
    scene.add(Where::Schedule, &slot, "end", 60).await;
    scene.finds("other_times").await;
    scene.put(Where::Schedule, before).await;
    for (attribute, value) in
        [("listed", text("elsewhere")), ("ending", text("elsewhere")), ("ends", number(0))]
    {
        let before = scene.set(Where::Schedule, &seat, attribute, value).await;
        assert_eq!(scene.words().await[0], "miscounted");
        assert_eq!(scene.words().await[1], "unreadable");
        scene.put(Where::Schedule, before).await;
    }
}

#[tokio::test]
async fn a_booking_that_stands_beside_a_seat_of_its_own_is_found() {
    let scene = Scene::school().await;
    let (seat, slot) = seated(&scene).await;
    let booking = scene.find(Where::Schedule, "booking").await;
    let copy = scene.read(Where::Schedule, &seat).await;
    let id = BookingId::parse(booking.pk.split_once('#').unwrap().1).unwrap();
    let seat_of_booking = Seat { id, ..seat::read(copy).unwrap() };
    let organization = scene.place.organization.id;
    scene.put(Where::Schedule, seat::write(organization, &seat_of_booking).unwrap()).await;
    scene.delete(Where::Schedule, &seat).await;
    let _ = slot;
    scene.finds("twice_seated").await;
}

#[tokio::test]
async fn a_notice_of_a_booking_of_which_a_seat_is_left_is_no_damage() {
    let scene = Scene::school().await;
    let notice = scene.find(Where::Mail, "notice").await;
    let (seat, _) = seated(&scene).await;
    let seat = seat::read(scene.read(Where::Schedule, &seat).await).unwrap();
    // The booking cancels itself out with what it left, and its seat stays.
    let booking = scene.find(Where::Schedule, "booking").await;
    let id = BookingId::parse(booking.pk.split_once('#').unwrap().1).unwrap();
    let organization = scene.place.organization.id;
    scene.delete(Where::Schedule, &Key::seat(organization, seat.id)).await;
    let own = seat::write(organization, &Seat { id, ..seat }).unwrap();
    scene.put(Where::Schedule, own).await;
    scene.delete(Where::Schedule, &booking).await;
    let taken = scene.taken_slots().await;
    for slot in taken {
        let read = slot::store::read(scene.read(Where::Schedule, &slot).await).unwrap();
        if read.id != seat.slot {
            scene.add(Where::Schedule, &slot, "taken", -1).await;
        }
    }
    for sk in ["agenda#", "tally#"] {
        scene.delete(Where::Schedule, &scene.find(Where::Schedule, sk).await).await;
    }
    assert!(scene.read(Where::Mail, &notice).await.contains_key("booking"));
    scene.is_clean().await;
}

#[tokio::test]
async fn the_canary_of_a_key_is_a_known_item() {
    let scene = Scene::school().await;
    let pk = scene.place.organization.id.to_string();
    scene.put(Where::Schedule, [("pk", text(&pk)), ("sk", text("canary"))]).await;
    scene.is_clean().await;
}
