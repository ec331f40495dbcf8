//! Many at once: a seat is never given twice.

use std::collections::HashMap;

use futures::future::join_all;
use kept::{Options, Storage};

use crate::world::{Place, Plan, World, fresh_key};

/// Races `visitors` for one slot; how many were told 201, all others being told 409.
async fn race(world: &World, place: &Place, slot: &str, round: usize, visitors: usize) -> usize {
    let people: Vec<_> =
        (0..visitors).map(|number| world.visitor(&format!("Racer {round} {number}"))).collect();
    let answers = join_all(people.iter().map(|person| person.book(place, slot))).await;
    let mut told: HashMap<u16, usize> = HashMap::new();
    for answer in &answers {
        *told.entry(answer.status).or_default() += 1;
        if answer.status != 201 {
            answer.refused(409, "conflict");
        }
    }
    told.get(&201).copied().unwrap_or(0)
}

async fn fifty_rounds(world: &World) {
    let days = (3..6).map(|day| jiff::civil::date(2026, 12, day)).collect();
    let school = world.found(Plan { days, ..Plan::school() }).await;
    for round in 0..50 {
        let slot = world.slot(&school, 0).await;
        assert_eq!(race(world, &school, &slot, round, 200).await, 1, "round {round}");
    }
    let report = shared::fsck::run_to_end(world.service()).await.unwrap();
    assert!(report.is_clean(), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_200_visitors_racing_for_one_seat_in_memory_exactly_one_gets_it_fifty_times() {
    fifty_rounds(&World::start().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_200_visitors_racing_for_one_seat_on_file_exactly_one_gets_it_fifty_times() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { data: Storage::Folder(folder.path().to_owned()), ..Options::default() };
    fifty_rounds(&World::with(options).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slot_for_five_takes_exactly_five_of_200() {
    let world = World::start().await;
    let clinic = world.found(Plan { capacity: 5, ..Plan::school() }).await;
    for round in 0..5 {
        let slot = world.slot(&clinic, round).await;
        assert_eq!(race(&world, &clinic, &slot, round, 200).await, 5);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_person_racing_for_two_teachers_at_one_time_gets_one() {
    let world = World::start().await;
    let school = world.found(Plan { resources: 20, ..Plan::school() }).await;
    let slots = world.slots(&school).await;
    let parent = world.visitor("Ada Parent");
    let same_time: Vec<_> =
        slots.iter().filter(|slot| slot["start"] == slots[0]["start"]).collect();
    assert_eq!(same_time.len(), 20);
    let answers =
        join_all(same_time.iter().map(|slot| parent.book(&school, slot["id"].as_str().unwrap())))
            .await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.status == 409).count(), 19);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_bookings_swapping_slots_at_once_never_hold_both_or_neither() {
    let world = World::start().await;
    let school = world.school().await;
    let (one, other) = (world.slot(&school, 0).await, world.slot(&school, 5).await);
    let free = world.slot(&school, 9).await;
    let (ada, ben) = (world.visitor("Ada"), world.visitor("Ben"));
    let (adas, bens) = (ada.books(&school, &one).await, ben.books(&school, &other).await);
    let moves = (0..10).flat_map(|round| {
        let (first, second) = if round % 2 == 0 { (&other, &one) } else { (&free, &free) };
        [ada.move_to(&adas, first), ben.move_to(&bens, second)]
    });
    for answer in join_all(moves).await {
        assert!(matches!(answer.status, 200 | 409), "{}", answer.text);
    }
    // Two bookings, two seats: all others are free.
    assert_eq!(world.slots(&school).await.len(), 22);
    let report = shared::fsck::run_to_end(world.service()).await.unwrap();
    assert!(report.is_clean(), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_confirmed_twenty_times_at_once_is_booked_once() {
    let world = World::start().await;
    let clinic = world.clinic().await;
    let slot = world.slot(&clinic, 0).await;
    let patient = world.visitor("Pat");
    assert_eq!(patient.book_with_key(&clinic, &slot, &fresh_key()).await.status, 202);
    let link = world.url(&patient.mailed_link("/confirm/").await);
    let body = serde_json::json!({});
    let answers = join_all((0..20).map(|_| world.post(&link, &body))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(world.mails(&patient.email).await.len(), 2);
}
