//! How much may be booked under addresses nobody has proven.

use serde_json::json;
use shared::event::UnprovenLimits;

use crate::world::{Plan, World};

fn limited(unproven: UnprovenLimits) -> Plan {
    Plan { unproven, resources: 6, ..Plan::school() }
}

const WIDE: UnprovenLimits =
    UnprovenLimits { per_address: 1_000, per_network: 1_000, per_event: 1_000 };

#[tokio::test]
async fn one_address_may_be_used_so_often_in_a_day_and_then_must_wait() {
    let world = World::start().await;
    let school = world.found(limited(UnprovenLimits { per_address: 2, ..WIDE })).await;
    let parent = world.visitor("Ada Parent");
    // Cancelling does not make room: made-up bookings could be cancelled and made again.
    let first = parent.books(&school, &world.slot(&school, 0).await).await;
    parent.cancel(&first).await;
    parent.books(&school, &world.slot(&school, 0).await).await;
    let refused = parent.book(&school, &world.slot(&school, 20).await).await;
    refused.refused(429, "too_many_requests");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    // Always the whole day: less would tell when the address was first used.
    assert_eq!(wait, 86_400);
    world.visitor("Ben Parent").books(&school, &world.slot(&school, 20).await).await;
    world.advance("PT24H").await;
    parent.books(&school, &world.slot(&school, 21).await).await;
}

#[tokio::test]
async fn one_network_and_one_event_may_take_so_much_in_an_hour() {
    for unproven in
        [UnprovenLimits { per_network: 3, ..WIDE }, UnprovenLimits { per_event: 3, ..WIDE }]
    {
        let world = World::start().await;
        let school = world.found(limited(unproven)).await;
        for number in 0..3 {
            let parent = world.visitor(&format!("Parent {number}"));
            parent.books(&school, &world.slot(&school, 0).await).await;
        }
        let late = world.visitor("Late");
        let refused = late.book(&school, &world.slot(&school, 0).await).await;
        refused.refused(429, "too_many_requests");
        let wait: u64 = refused.header("retry-after").parse().unwrap();
        assert!((1..=3_600).contains(&wait), "{wait}");
        world.advance("PT1H").await;
        late.books(&school, &world.slot(&school, 0).await).await;
    }
}

#[tokio::test]
async fn a_refused_booking_costs_nothing_of_the_allowance() {
    let world = World::start().await;
    let school = world.found(limited(UnprovenLimits { per_network: 2, ..WIDE })).await;
    let taken = world.slot(&school, 0).await;
    world.visitor("First").books(&school, &taken).await;
    for number in 0..5 {
        let late = world.visitor(&format!("Late {number}"));
        late.book(&school, &taken).await.refused(409, "conflict");
    }
    world.visitor("Second").books(&school, &world.slot(&school, 0).await).await;
}

#[tokio::test]
async fn a_race_for_the_last_of_an_allowance_does_not_pass_it() {
    let world = World::start().await;
    let school = world.found(limited(UnprovenLimits { per_network: 10, ..WIDE })).await;
    let slots = world.slots(&school).await;
    let people: Vec<_> = (0..40).map(|number| world.visitor(&format!("Parent {number}"))).collect();
    let answers = futures::future::join_all(
        people
            .iter()
            .zip(&slots)
            .map(|(person, slot)| person.book(&school, slot["id"].as_str().unwrap())),
    )
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 10);
    assert_eq!(answers.iter().filter(|answer| answer.status == 429).count(), 30);
}

#[tokio::test]
async fn a_hold_that_is_proven_counts_no_longer() {
    let world = World::start().await;
    let plan = Plan { unproven: UnprovenLimits { per_address: 1, ..WIDE }, ..Plan::clinic() };
    let clinic = world.found(plan).await;
    let patient = world.visitor("Pat Patient");
    assert_eq!(patient.book(&clinic, &world.slot(&clinic, 0).await).await.status, 202);
    let full = patient.book(&clinic, &world.slot(&clinic, 0).await).await;
    full.refused(429, "too_many_requests");
    let link = patient.mailed_link("/confirm/").await;
    assert_eq!(world.post(&world.url(&link), &json!({})).await.status, 200);
    assert_eq!(patient.book(&clinic, &world.slot(&clinic, 4).await).await.status, 202);
    // Typing an address that somebody proved proves nothing.
    let stranger = patient.book(&clinic, &world.slot(&clinic, 6).await).await;
    stranger.refused(429, "too_many_requests");
}

#[tokio::test]
async fn probing_an_address_for_its_appointments_soon_ends() {
    let world = World::start().await;
    let school = world.found(limited(UnprovenLimits { per_address: 4, ..WIDE })).await;
    let slots = world.slots(&school).await;
    let id = |nth: usize| slots[nth]["id"].as_str().unwrap().to_owned();
    let victim = world.visitor("Ada Parent");
    victim.books(&school, &id(0)).await;
    // The same time with the other teachers, again and again.
    let mut told = Vec::new();
    for nth in (1..6).chain(1..6) {
        assert_eq!(slots[nth]["start"], slots[0]["start"]);
        told.push(victim.book(&school, &id(nth)).await.status);
    }
    assert_eq!(told, [409, 409, 409, 429, 429, 429, 429, 429, 429, 429]);
    assert_eq!(world.mails(&victim.email).await.len(), 1 + 3);
}
