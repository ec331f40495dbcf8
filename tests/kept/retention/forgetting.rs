//! One booking is forgotten, with all that stands around it.

use jiff::civil::time;
use serde_json::json;
use shared::ledger::Fate;
use shared::retention::forget;
use shared::settings::Table;

use crate::world::{Place, Plan, World};

/// Forgets every booking; how many there were.
async fn forget_all(world: &World, place: &Place, fate: Fate) -> usize {
    assert!(world.cloud.settle().await);
    let bookings = world.bookings().await;
    let (service, organization) = (world.service(), place.organization.id);
    for booking in &bookings {
        let now = world.now();
        assert!(forget::booking(service, organization, *booking, fate, now).await.unwrap());
        // Once more is no different.
        assert!(!forget::booking(service, organization, *booking, fate, now).await.unwrap());
    }
    bookings.len()
}

/// Nothing of anybody is left.
async fn nobody_is_left(world: &World) {
    for sk in ["booking", "agenda#", "tally#"] {
        assert_eq!(world.kept(Table::Schedule, sk).await, [], "{sk}");
    }
    assert_eq!(world.kept(Table::Mail, "notice").await, []);
}

#[tokio::test]
async fn a_booking_is_forgotten_with_its_agenda_tally_and_mails_and_its_seat_is_free() {
    let world = World::start().await;
    let school = world.school().await;
    let ada = world.visitor("Ada");
    let slot = world.slot(&school, 0).await;
    let url = ada.books(&school, &slot).await;
    // Moved twice, and in the way of another once.
    assert_eq!(ada.move_to(&url, &world.slot(&school, 6).await).await.status, 200);
    assert_eq!(ada.move_to(&url, &slot).await.status, 200);
    assert_eq!(ada.book(&school, &world.slot(&school, 0).await).await.status, 409);
    assert_eq!(world.mails(&ada.email).await.len(), 4);
    world.checked().await;
    world.advance("P10D").await;
    assert_eq!(forget_all(&world, &school, Fate::Removed).await, 1);
    nobody_is_left(&world).await;
    assert_eq!(world.seats_taken().await, 0);
    assert_eq!(world.get(url.trim_start_matches(world.cloud.address())).await.status, 404);
    world.checked().await;
}

#[tokio::test]
async fn a_seat_stays_taken_and_says_of_nobody_that_it_was_theirs() {
    let world = World::start().await;
    let school = world.school().await;
    let ada = world.visitor("Ada");
    ada.books(&school, &world.slot(&school, 0).await).await;
    let cancelled = ada.books(&school, &world.slot(&school, 4).await).await;
    assert_eq!(ada.cancel(&cancelled).await.status, 200);
    world.advance("P10D").await;
    let person =
        world.kept(Table::Schedule, "tally#").await[0].pk.split_once('#').unwrap().1.to_owned();
    assert_eq!(forget_all(&world, &school, Fate::Seats).await, 2);
    nobody_is_left(&world).await;
    assert_eq!(world.seats_taken().await, 1, "the one that stood");
    assert_eq!(world.kept(Table::Schedule, "seat").await.len(), 1);
    for table in [Table::Schedule, Table::Mail] {
        for (key, item) in world.everything(table).await {
            assert!(!format!("{key} {item:?}").contains(&person), "{key}");
        }
    }
    // And a seat goes where nothing may stay.
    let seats = world.kept(Table::Schedule, "seat").await;
    let id = shared::ids::BookingId::parse(seats[0].pk.split_once('#').unwrap().1).unwrap();
    let (service, organization) = (world.service(), school.organization.id);
    assert!(forget::booking(service, organization, id, Fate::Removed, world.now()).await.unwrap());
    assert!(!forget::booking(service, organization, id, Fate::Removed, world.now()).await.unwrap());
    assert_eq!(
        (world.seats_taken().await, world.kept(Table::Schedule, "seat").await.len()),
        (0, 0)
    );
    world.checked().await;
}

#[tokio::test]
async fn one_over_midnight_for_a_dependent_leaves_all_four_agendas() {
    let world = World::start().await;
    let plan =
        Plan { minutes: 90, from: time(18, 0, 0, 0), to: time(19, 30, 0, 0), ..Plan::school() };
    let school = world.found(plan).await;
    world.dependent(&school.organization, "Maya Example", "MS-1042", "2017-04-09").await.unwrap();
    let ann = world.guardian(&school.organization, "Ann Example").await;
    let maya = ann.attaches("MS-1042", "2017-04-09").await;
    ann.books(&school, &world.slot(&school, 0).await, Some(&maya)).await;
    assert_eq!(world.kept(Table::Schedule, "agenda#").await.len(), 4);
    world.advance("P10D").await;
    assert_eq!(forget_all(&world, &school, Fate::Removed).await, 1);
    nobody_is_left(&world).await;
    world.checked().await;
}

#[tokio::test]
async fn what_waits_for_a_proven_address_lapsed_or_is_yet_to_come_is_forgotten_too() {
    let world = World::start().await;
    let clinic = world.clinic().await;
    let (ada, bert, cleo) = (world.visitor("Ada"), world.visitor("Bert"), world.visitor("Cleo"));
    assert_eq!(ada.book(&clinic, &world.slot(&clinic, 0).await).await.status, 202);
    let link = ada.mailed_link("/confirm/").await;
    assert_eq!(world.post(&world.url(&link), &json!({})).await.status, 200);
    let held = world.slot(&clinic, 2).await;
    assert_eq!(bert.book(&clinic, &held).await.status, 202);
    world.advance("PT16M").await;
    // Who wants the seat of a lapsed hold frees it.
    assert_eq!(cleo.book(&clinic, &held).await.status, 202);
    assert_eq!(world.seats_taken().await, 2);
    assert_eq!(forget_all(&world, &clinic, Fate::Seats).await, 3);
    assert_eq!(world.seats_taken().await, 1, "Ada's became nobody's; Cleo's hold is free");
    assert_eq!(world.kept(Table::Schedule, "booking").await, []);
    assert_eq!(world.kept(Table::Mail, "notice").await, []);
    // What others may be writing to at this moment is emptied, not removed.
    assert_eq!(world.kept(Table::Schedule, "agenda#").await.len(), 1);
    assert_eq!(world.kept(Table::Schedule, "participant").await.len(), 1);
}

#[tokio::test]
async fn who_keeps_other_appointments_keeps_their_share_of_agenda_and_tally() {
    let world = World::start().await;
    let school = world.school().await;
    let ada = world.visitor("Ada");
    ada.books(&school, &world.slot(&school, 0).await).await;
    ada.books(&school, &world.slot(&school, 6).await).await;
    world.checked().await;
    world.advance("P10D").await;
    let first = world.bookings().await[0];
    let (service, organization) = (world.service(), school.organization.id);
    assert!(
        forget::booking(service, organization, first, Fate::Removed, world.now()).await.unwrap()
    );
    assert_eq!(world.seats_taken().await, 1);
    assert_eq!(world.kept(Table::Mail, "notice").await.len(), 1);
    let report = world.checked().await;
    assert_eq!((report.checked["agendas"], report.checked["tallies"]), (1, 1));
}

#[tokio::test]
async fn forgotten_while_it_is_cancelled_it_is_gone_whoever_was_first() {
    let world = World::start().await;
    let school = world.school().await;
    let (service, organization) = (world.service(), school.organization.id);
    for round in 0..6 {
        let ada = world.visitor(&format!("Ada {round}"));
        let url = ada.books(&school, &world.slot(&school, round).await).await;
        let booking = world.bookings().await[0];
        let now = world.now();
        let (_, forgotten) = tokio::join!(
            ada.cancel(&url),
            forget::booking(service, organization, booking, Fate::Removed, now)
        );
        assert!(forgotten.unwrap());
        assert_eq!(world.seats_taken().await, 0);
        assert_eq!(world.bookings().await, []);
        world.checked().await;
    }
}
