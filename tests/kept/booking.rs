//! A visitor books, moves and cancels.

use serde_json::json;

use crate::world::{Plan, World, fresh_key};

#[tokio::test]
async fn a_visitor_books_a_slot_and_gets_what_was_promised() {
    let world = World::start().await;
    let school = world.school().await;
    let slots = world.slots(&school).await;
    assert_eq!(slots.len(), 24);
    let first = &slots[0];
    assert_eq!(first["start"], "2026-12-03T17:00:00-05:00");
    assert_eq!(first["end"], "2026-12-03T17:10:00-05:00");
    assert_eq!(first["zone"], "America/New_York");
    assert_eq!((&first["capacity"], &first["left"]), (&json!(1), &json!(1)));

    let parent = world.visitor("Ada Parent");
    let answer = parent.book(&school, first["id"].as_str().unwrap()).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let booked = answer.json();
    for field in ["slot", "start", "end", "zone"] {
        let offered = if field == "slot" { &first["id"] } else { &first[field] };
        assert_eq!(&booked[field], offered);
    }
    assert!(booked["manage_url"].as_str().unwrap().starts_with(world.cloud.address()));
    assert_eq!(world.slots(&school).await.len(), 23);
}

#[tokio::test]
async fn a_taken_slot_cannot_be_booked_twice_and_the_nearest_are_offered() {
    let world = World::start().await;
    let school = world.school().await;
    let slot = world.slot(&school, 4).await;
    world.visitor("First").books(&school, &slot).await;
    let answer = world.visitor("Second").book(&school, &slot).await;
    let error = answer.refused(409, "conflict");
    let nearest = error["nearest"].as_array().unwrap();
    assert!(!nearest.is_empty());
    for near in nearest {
        assert_ne!(near["id"], slot.as_str());
        let near = near["id"].as_str().unwrap().to_owned();
        assert!(world.slots(&school).await.iter().any(|slot| slot["id"] == near.as_str()));
    }
    assert_eq!(error["field"], "slot");
}

#[tokio::test]
async fn sending_the_same_request_again_books_once_and_answers_the_same() {
    let world = World::start().await;
    let school = world.school().await;
    let slot = world.slot(&school, 0).await;
    let parent = world.visitor("Ada Parent");
    let key = fresh_key();
    let first = parent.book_with_key(&school, &slot, &key).await;
    let again = parent.book_with_key(&school, &slot, &key).await;
    assert_eq!((first.status, &first.text), (again.status, &again.text));
    let other = parent.book_with_key(&school, &world.slot(&school, 0).await, &key).await;
    other.refused(422, "key_reused");
    assert_eq!(world.mails(&parent.email).await.len(), 1);

    // The answer stays that of the first time after the booking has moved.
    let manage = first.json()["manage_url"].as_str().unwrap().to_owned();
    let elsewhere = world.slot(&school, 9).await;
    assert_eq!(parent.move_to(&manage, &elsewhere).await.status, 200);
    let later = parent.book_with_key(&school, &slot, &key).await;
    assert_eq!((first.status, &first.text), (later.status, &later.text));
}

#[tokio::test]
async fn forty_copies_of_one_request_at_once_make_one_booking() {
    let world = World::start().await;
    let school = world.school().await;
    let slot = world.slot(&school, 0).await;
    let parent = world.visitor("Ada Parent");
    let key = fresh_key();
    let sent = (0..40).map(|_| parent.book_with_key(&school, &slot, &key));
    let answers = futures::future::join_all(sent).await;
    for answer in &answers {
        assert_eq!((answer.status, &answer.text), (201, &answers[0].text));
    }
    assert_eq!(world.slots(&school).await.len(), 23);
    assert_eq!(world.mails(&parent.email).await.len(), 1);
}

#[tokio::test]
async fn a_booking_moves_and_its_old_slot_is_free_again() {
    let world = World::start().await;
    let school = world.school().await;
    let (old, new) = (world.slot(&school, 0).await, world.slot(&school, 7).await);
    let parent = world.visitor("Ada Parent");
    let manage = parent.books(&school, &old).await;
    let moved = parent.move_to(&manage, &new).await;
    assert_eq!(moved.status, 200, "{}", moved.text);
    assert_eq!(moved.json()["slot"], new.as_str());
    let free: Vec<_> = world.slots(&school).await;
    assert!(free.iter().any(|slot| slot["id"] == old.as_str()));
    assert!(free.iter().all(|slot| slot["id"] != new.as_str()));
    // Moving to where it is changes nothing and says so.
    let again = parent.move_to(&manage, &new).await;
    assert_eq!((again.status, &again.text), (200, &moved.text));
}

#[tokio::test]
async fn a_move_to_a_taken_slot_leaves_the_booking_where_it_is() {
    let world = World::start().await;
    let school = world.school().await;
    let (one, other) = (world.slot(&school, 0).await, world.slot(&school, 3).await);
    let parent = world.visitor("Ada Parent");
    let manage = parent.books(&school, &one).await;
    world.visitor("Ben Parent").books(&school, &other).await;
    let refused = parent.move_to(&manage, &other).await.refused(409, "conflict");
    assert!(!refused["nearest"].as_array().unwrap().is_empty());
    let seen = world.get(manage.trim_start_matches(world.cloud.address())).await.json();
    assert_eq!(seen["slot"], one.as_str());
    assert_eq!(seen["state"], "booked");
}

#[tokio::test]
async fn a_cancelled_booking_frees_its_slot_and_stays_cancelled() {
    let world = World::start().await;
    let school = world.school().await;
    let slot = world.slot(&school, 0).await;
    let parent = world.visitor("Ada Parent");
    let manage = parent.books(&school, &slot).await;
    let cancelled = parent.cancel(&manage).await;
    assert_eq!((cancelled.status, &cancelled.json()["state"]), (200, &json!("cancelled")));
    assert_eq!(parent.cancel(&manage).await.text, cancelled.text);
    assert_eq!(world.slot(&school, 0).await, slot);
    parent.move_to(&manage, &slot).await.refused(409, "conflict");
    world.visitor("Ben Parent").books(&school, &slot).await;
}

#[tokio::test]
async fn one_person_cannot_be_in_two_places_at_once() {
    let world = World::start().await;
    let school = world.school().await;
    let slots = world.slots(&school).await;
    let (one, same_time) = (&slots[0], &slots[1]);
    assert_eq!(one["start"], same_time["start"]);
    let parent = world.visitor("Ada Parent");
    parent.books(&school, one["id"].as_str().unwrap()).await;
    let error =
        parent.book(&school, same_time["id"].as_str().unwrap()).await.refused(409, "conflict");
    // The answer says nothing of what stands in the way; the mail does.
    let said = error.to_string();
    assert!(!said.contains("another appointment") && !said.contains("Number 0"), "{said}");
    let mails = world.mails(&parent.email).await;
    assert_eq!(mails.len(), 2, "{mails:?}");
    // Somebody else's address is not held up by it.
    world.visitor("Ben Parent").books(&school, same_time["id"].as_str().unwrap()).await;
    // Asking again tells nobody twice.
    parent.book(&school, slots[1]["id"].as_str().unwrap()).await.refused(409, "conflict");
    assert_eq!(world.mails(&parent.email).await.len(), 2);
}

#[tokio::test]
async fn a_shared_slot_takes_as_many_as_it_holds() {
    let world = World::start().await;
    let clinic = world.found(Plan { capacity: 5, resources: 1, ..Plan::school() }).await;
    let slot = world.slot(&clinic, 0).await;
    for left in (0..5).rev() {
        world.visitor(&format!("Visitor {left}")).books(&clinic, &slot).await;
        let shown =
            world.slots(&clinic).await.into_iter().find(|shown| shown["id"] == slot.as_str());
        assert_eq!(shown.map_or(0, |shown| shown["left"].as_u64().unwrap()), left);
    }
    world.visitor("Visitor 6").book(&clinic, &slot).await.refused(409, "conflict");
}

#[tokio::test]
async fn where_addresses_are_proven_first_the_mailed_link_books() {
    let world = World::start().await;
    let clinic = world.clinic().await;
    let slot = world.slot(&clinic, 0).await;
    let patient = world.visitor("Pat Patient");
    let held = patient.book(&clinic, &slot).await;
    assert_eq!((held.status, held.json()), (202, json!({ "pending": true })));
    assert!(world.slots(&clinic).await.iter().all(|shown| shown["id"] != slot.as_str()));

    let link = patient.mailed_link("/confirm/").await;
    // Mail scanners follow links: looking spends nothing.
    for _ in 0..3 {
        assert_eq!(world.page(&link).await.status, 200);
    }
    assert_eq!(world.get(&link).await.json()["state"], "held");
    let confirmed = world.post(&world.url(&link), &json!({})).await;
    assert_eq!(confirmed.status, 200, "{}", confirmed.text);
    assert_eq!(confirmed.json()["state"], "booked");
    // Spent: once more changes nothing and owes no further mail.
    assert_eq!(world.post(&world.url(&link), &json!({})).await.status, 200);
    assert_eq!(world.mails(&patient.email).await.len(), 2);
    let manage = confirmed.json()["manage_url"].as_str().unwrap().to_owned();
    assert_eq!(patient.cancel(&manage).await.status, 200);
}

#[tokio::test]
async fn a_hold_that_nobody_confirms_ends_after_fifteen_minutes() {
    let world = World::start().await;
    let clinic = world.clinic().await;
    let slot = world.slot(&clinic, 0).await;
    let stranger = world.visitor("Made Up");
    let key = fresh_key();
    assert_eq!(stranger.book_with_key(&clinic, &slot, &key).await.status, 202);
    assert_eq!(stranger.book_with_key(&clinic, &slot, &key).await.status, 202);
    let link = stranger.mailed_link("/confirm/").await;
    world.visitor("Pat Patient").book(&clinic, &slot).await.refused(409, "conflict");
    world.advance("PT15M").await;
    assert_eq!(world.slot(&clinic, 0).await, slot);
    // Sent once more, the old request must not promise a mail that never comes.
    stranger.book_with_key(&clinic, &slot, &key).await.refused(409, "conflict");
    let patient = world.visitor("Pat Patient");
    assert_eq!(patient.book(&clinic, &slot).await.status, 202);
    world.post(&world.url(&link), &json!({})).await.refused(409, "conflict");
    let link = patient.mailed_link("/confirm/").await;
    assert_eq!(world.post(&world.url(&link), &json!({})).await.status, 200);
}

#[tokio::test]
async fn a_page_of_slots_can_be_narrowed_to_a_day_and_a_teacher() {
    let world = World::start().await;
    let days = vec![jiff::civil::date(2026, 12, 3), jiff::civil::date(2026, 12, 4)];
    let school = world.found(Plan { days, ..Plan::school() }).await;
    let all = world.slots(&school).await;
    assert_eq!(all.len(), 48);
    let day = world.get(&format!("{}/slots?day=2026-12-04&resource=", school.path)).await.json();
    assert_eq!(day["slots"].as_array().unwrap().len(), 24);
    let teacher = all[0]["resource"].as_str().unwrap();
    let one = world.get(&format!("{}/slots?day=2026-12-03&resource={teacher}", school.path)).await;
    let one = one.json();
    assert_eq!(one["slots"].as_array().unwrap().len(), 12);
    assert!(one["slots"].as_array().unwrap().iter().all(|slot| slot["resource"] == teacher));
    assert_eq!(one["next"], json!(null));
    let none = world.get(&format!("{}/slots?day=2027-01-01", school.path)).await.json();
    assert_eq!(none["slots"], json!([]));
}

#[tokio::test]
async fn a_long_list_of_slots_continues_where_it_stopped() {
    let world = World::start().await;
    let days = vec![jiff::civil::date(2026, 12, 3), jiff::civil::date(2026, 12, 4)];
    let school = world.found(Plan { days, resources: 30, ..Plan::school() }).await;
    let first = world.get(&format!("{}/slots", school.path)).await.json();
    assert_eq!(first["slots"].as_array().unwrap().len(), 500);
    assert!(first["next"].as_str().unwrap().starts_with(&school.path));
    let all = world.slots(&school).await;
    let mut ids: Vec<_> = all.iter().map(|slot| slot["id"].as_str().unwrap()).collect();
    let starts: Vec<_> = all.iter().map(|slot| slot["start"].as_str().unwrap()).collect();
    assert!(starts.is_sorted());
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 720);
}

#[tokio::test]
async fn booking_opens_and_closes_when_the_event_says() {
    let world = World::start().await;
    let school = world
        .found(Plan {
            opens: Some(world.now() + crate::world::HOUR),
            closes: Some(world.now() + crate::world::HOUR * 2),
            ..Plan::school()
        })
        .await;
    assert!(world.slots(&school).await.is_empty());
    world.advance("PT1H").await;
    let slot = world.slot(&school, 0).await;
    let parent = world.visitor("Ada Parent");
    let manage = parent.books(&school, &slot).await;
    world.advance("PT1H1M").await;
    assert!(world.slots(&school).await.is_empty());
    world.visitor("Late").book(&school, &slot).await.refused(409, "conflict");
    // Who has an appointment can still give it up.
    assert_eq!(parent.cancel(&manage).await.status, 200);
}

#[tokio::test]
async fn an_appointment_that_has_begun_cannot_be_changed() {
    let world = World::start().await;
    let school = world.school().await;
    let (slot, other) = (world.slot(&school, 0).await, world.slot(&school, 20).await);
    let parent = world.visitor("Ada Parent");
    let manage = parent.books(&school, &slot).await;
    world.advance("PT82H1M").await;
    parent.cancel(&manage).await.refused(409, "conflict");
    parent.move_to(&manage, &other).await.refused(409, "conflict");
    world.visitor("Late").book(&school, &slot).await.refused(409, "conflict");
}
