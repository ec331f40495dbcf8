//! What fails around the service, and that nothing is lost or doubled by it.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::guardian::Guardian;
use crate::world::{Plan, World, fresh_key};

/// A small generator with a seed (SplitMix64, Steele, Lea and Flood 2014): the
/// same operations every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).unwrap()
    }
}

/// One client's share of the operations: it books, for itself and for
/// dependents whom other clients book for too, moves and cancels, tries again
/// under the same key when told to, and remembers what it was promised.
async fn live(
    world: &World,
    place: &crate::world::Place,
    (client, guardian, dependents): (usize, &Guardian<'_>, &[String]),
    operations: usize,
) -> HashMap<String, Value> {
    let mut dice = Dice(client as u64 * 7_919 + 1);
    let mut promised: HashMap<String, Value> = HashMap::new();
    let mut all_slots = Vec::new();
    for operation in 0..operations {
        if operation % 50 == 0 {
            let answer = world.get(&format!("{}/slots", place.path)).await;
            if answer.status == 200 {
                all_slots = answer.json()["slots"].as_array().unwrap().clone();
            }
        }
        if all_slots.is_empty() {
            continue;
        }
        let slot = all_slots[dice.below(all_slots.len())]["id"].as_str().unwrap().to_owned();
        let held: Vec<String> = promised
            .iter()
            .filter(|(_, booking)| booking["state"] == "booked")
            .map(|(manage, _)| manage.clone())
            .collect();
        match dice.below(10) {
            0..=4 => {
                let visitor = world.visitor(&format!("Client {client} {}", dice.below(40)));
                let key = fresh_key();
                let dependent = dependents.get(dice.below(dependents.len() * 3));
                for _ in 0..6 {
                    let answer = match dependent {
                        Some(id) => guardian.book_with_key(place, &slot, Some(id), &key).await,
                        None => visitor.book_with_key(place, &slot, &key).await,
                    };
                    match answer.status {
                        201 => {
                            let manage = answer.json()["manage_url"].as_str().unwrap().to_owned();
                            promised.insert(manage, json!({ "state": "booked", "slot": slot }));
                            break;
                        }
                        503 => continue,
                        409 | 429 => break,
                        other => panic!("{other}: {}", answer.text),
                    }
                }
            }
            5..=7 if !held.is_empty() => {
                let manage = &held[dice.below(held.len())];
                let visitor = world.visitor("any");
                let answer = visitor.move_to(manage, &slot).await;
                match answer.status {
                    200 => {
                        promised.insert(manage.clone(), json!({ "state": "booked", "slot": slot }));
                    }
                    409 => {}
                    // Unknown: either place is a true one from here on.
                    503 => {
                        promised.insert(manage.clone(), json!({ "state": "booked", "slot": null }));
                    }
                    other => panic!("{other}: {}", answer.text),
                }
            }
            _ if !held.is_empty() => {
                let manage = &held[dice.below(held.len())];
                let answer = world.visitor("any").cancel(manage).await;
                match answer.status {
                    200 => promised.insert(manage.clone(), json!({ "state": "cancelled" })),
                    503 => promised.insert(manage.clone(), json!({ "state": null })),
                    other => panic!("{other}: {}", answer.text),
                };
            }
            _ => {}
        }
    }
    promised
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_operations_under_faults_keep_every_promise() {
    let world = World::with_faults(20_261_130).await;
    let days = (3..8).map(|day| jiff::civil::date(2026, 12, day)).collect();
    let school = world.found(Plan { days, resources: 8, ..Plan::school() }).await;
    let mut guardians = Vec::new();
    for client in 0..10 {
        let guardian = world.guardian(&school.organization, &format!("Guardian {client}")).await;
        let mut dependents = Vec::new();
        for number in 0..4 {
            let identifier = format!("MS-{number}");
            world.dependent(&school.organization, "Maya", &identifier, "a secret").await;
            dependents.push(guardian.attaches(&identifier, "a secret").await);
        }
        guardians.push((client, guardian, dependents));
    }
    world.cloud.faults().inject(true);
    let clients = guardians
        .iter()
        .map(|(client, guardian, all)| live(&world, &school, (*client, guardian, all), 1_000));
    let promised = futures::future::join_all(clients).await;
    world.cloud.faults().inject(false);
    let injected = world.cloud.faults().injected();
    assert!(injected.len() >= 6, "too few kinds of faults happened: {injected:?}");
    assert!(injected.iter().map(|(_, count)| count).sum::<u64>() > 500, "{injected:?}");

    let (mut checked, mut for_dependents) = (0, 0);
    for (manage, booking) in promised.into_iter().flatten() {
        let seen = world.get(manage.trim_start_matches(world.cloud.address())).await;
        assert_eq!(seen.status, 200, "an acknowledged booking is missing: {}", seen.text);
        let seen = seen.json();
        for field in ["state", "slot"] {
            if !booking[field].is_null() {
                assert_eq!(seen[field], booking[field], "{seen} was promised as {booking}");
            }
        }
        checked += 1;
        for_dependents += usize::from(seen["dependent"].is_string());
    }
    assert!(checked > 500, "only {checked} bookings were made");
    assert!(for_dependents > 50, "only {for_dependents} of them for dependents");
    assert!(world.cloud.settle().await);
    let report = shared::fsck::run_to_end(world.service()).await.unwrap();
    assert!(report.is_clean(), "{report}");
}

#[tokio::test]
async fn while_dynamodb_is_down_everyone_is_told_to_try_again_and_nothing_is_lost() {
    let world = World::with_faults(1).await;
    let school = world.school().await;
    let slot = world.slot(&school, 0).await;
    let parent = world.visitor("Ada Parent");
    let manage = parent.books(&school, &world.slot(&school, 5).await).await;
    let key = fresh_key();
    world.cloud.faults().outage(true);
    for answer in [
        parent.book_with_key(&school, &slot, &key).await,
        parent.cancel(&manage).await,
        parent.move_to(&manage, &slot).await,
        world.get(&format!("{}/slots", school.path)).await,
    ] {
        answer.refused(503, "unavailable");
        assert!(!answer.header("retry-after").is_empty());
    }
    world.cloud.faults().outage(false);
    assert_eq!(parent.book_with_key(&school, &slot, &key).await.status, 201);
    assert_eq!(parent.cancel(&manage).await.status, 200);
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_found_again_and_not_doubled() {
    use kept::faults::Fault;
    for fault in [Fault::BrokenAfter, Fault::FailedAfter, Fault::LostForGood, Fault::BrokenBefore] {
        let world = World::with_faults(2).await;
        let school = world.school().await;
        let slot = world.slot(&school, 0).await;
        let parent = world.visitor("Ada Parent");
        world.cloud.faults().next("TransactWriteItems", fault);
        let manage = parent.books(&school, &slot).await;
        assert_eq!(world.slots(&school).await.len(), 23, "{fault:?}");
        assert_eq!(world.mails(&parent.email).await.len(), 1, "{fault:?}");
        world.cloud.faults().next("TransactWriteItems", fault);
        let other = world.slot(&school, 6).await;
        assert_eq!(parent.move_to(&manage, &other).await.status, 200, "{fault:?}");
        world.cloud.faults().next("TransactWriteItems", fault);
        assert_eq!(parent.cancel(&manage).await.status, 200, "{fault:?}");
        assert_eq!(world.slots(&school).await.len(), 24, "{fault:?}");
        assert_eq!(world.mails(&parent.email).await.len(), 3, "{fault:?}");
    }
}

#[tokio::test]
async fn without_kms_nothing_is_shown_or_booked_and_afterwards_all_is_there() {
    let world = World::with_faults(3).await;
    let school = world.school().await;
    let slot = world.slot(&school, 0).await;
    // The key's five minutes in memory end, then KMS fails.
    world.advance("PT6M").await;
    world.cloud.faults().keys_outage(true);
    let parent = world.visitor("Ada Parent");
    parent.book(&school, &slot).await.refused(503, "unavailable");
    assert_eq!(world.page(&school.path).await.status, 503);
    world.cloud.faults().keys_outage(false);
    parent.books(&school, &slot).await;
}

#[tokio::test]
async fn while_ses_is_down_a_notice_waits_and_then_goes_out_once() {
    let world = World::with_faults(4).await;
    let school = world.school().await;
    world.cloud.faults().mail_outage(true);
    let parent = world.visitor("Ada Parent");
    parent.books(&school, &world.slot(&school, 0).await).await;
    assert_eq!(world.cloud.mailbox().total(), 0);
    world.notice_failed().await;
    world.cloud.faults().mail_outage(false);
    world.advance("PT20M").await;
    let mails = deliver(&world, &parent.email).await;
    assert_eq!(mails.len(), 1);
}

async fn deliver(world: &World, email: &str) -> Vec<Value> {
    world.cloud.settle().await;
    for schedule in world.cloud.schedules() {
        world.cloud.fire(&schedule.name);
    }
    world.mails(email).await
}

#[tokio::test]
async fn slow_answers_are_waited_for_within_reason() {
    let world = World::with_faults(5).await;
    let school = world.school().await;
    let slot = world.slot(&school, 0).await;
    world.cloud.faults().delay(Duration::from_millis(150));
    world.visitor("Ada Parent").books(&school, &slot).await;
}
