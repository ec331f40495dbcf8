//! Everything of one person goes, and nothing of anybody else.

use serde_json::json;
use shared::audit::Action;
use shared::identity::Subject;
use shared::ids::PersonId;
use shared::ledger::{Fate, Forgotten};
use shared::run::{self, Kind};
use shared::settings::Table;

use super::scene::{School, certificate, naming};
use crate::people::PASSWORD;
use crate::world::World;

/// The id of the booking that an address is about.
fn booking(url: &str) -> String {
    url.rsplit('/').next().unwrap()[..26].to_owned()
}

/// Lets the deletions that are under way come to their end.
pub async fn carry_through(world: &World) {
    assert!(world.cloud.settle().await);
    world.advance("PT2M").await;
    world.tick().await;
    let open = run::open(world.service(), Kind::Deletion).await.unwrap();
    assert_eq!(open, [], "a deletion does not end");
}

#[tokio::test]
async fn everything_of_a_person_goes_and_nothing_of_another_changes() {
    let world = World::start().await;
    let school = School::in_(&world).await;
    let place = &school.home.place;
    let organization = &place.organization;
    world.dependent(organization, "Maya Example", "MS-1042", "2017-04-09").await.unwrap();
    let ada = world.guardian(organization, "Ada").await;
    let bert = world.guardian(organization, "Bert").await;
    let slots = world.slots(place).await;
    let slot = |nth: usize| slots[nth]["id"].as_str().unwrap();
    let mut links = Vec::new();
    for (guardian, from) in [(&ada, 0), (&bert, 3)] {
        let maya = guardian.attaches("MS-1042", "2017-04-09").await;
        let own = guardian.books(place, slot(from), None).await;
        let for_maya = guardian.books(place, slot(from + 6), Some(&maya)).await;
        let gone = guardian.books(place, slot(from + 12), None).await;
        assert_eq!(guardian.visitor.cancel(&gone).await.status, 200);
        links.push([own, for_maya, gone]);
    }
    // At the time of her first, with the other teacher: a mail tells her.
    assert_eq!(ada.visitor.book(place, slot(1)).await.status, 409);
    let subject = PersonId::parse(&school.home.person(&ada.visitor.email)).unwrap();
    world.set_password(organization.id, Subject::Participant(subject), PASSWORD).await;
    // Who sets one has signed in anew.
    let ada = world.signed_in(organization, ada.visitor, Subject::Participant(subject), 1).await;
    assert!(world.cloud.settle().await);
    let ids = |nth: usize, email: &str| {
        let bookings = links[nth].iter().map(|url| booking(url));
        bookings.chain([school.home.person(email)]).collect::<Vec<_>>()
    };
    let (of_ada, of_bert) = (ids(0, &ada.visitor.email), ids(1, &bert.visitor.email));
    assert!(naming(&world, &of_ada).await.len() > 12);
    let unchanged = async || {
        let mut found = naming(&world, &of_bert).await;
        // Maya's day has both of their appointments for her.
        found.retain(|key, _| !key.contains("agenda#") || key.contains(&of_bert[3]));
        found
    };
    let before = unchanged().await;
    let taken = world.seats_taken().await;

    let answer = ada.post("/west-school/your-data/delete", &json!({})).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    assert_eq!(answer.json()["cancelled"], 2);
    let address = answer.json()["certificate"].as_str().unwrap().to_owned();
    assert!(address.starts_with(&format!("{}/certificates/", world.cloud.address())));
    // The first entry is there before the first item goes.
    let entries = school.entries(&world).await;
    let [entry] = entries.as_slice() else { panic!("{entries:?}") };
    assert!(matches!(entry.what, Forgotten::Person(_, Fate::Removed)), "{entry:?}");
    ada.get("/west-school/bookings").await.refused(401, "sign_in_needed");
    carry_through(&world).await;

    let left = naming(&world, &of_ada).await;
    assert!(left.is_empty(), "{:#?}", left.keys());
    assert_eq!(unchanged().await, before);
    assert_eq!(world.seats_taken().await, taken - 2);
    for url in &links[0] {
        let path = url.trim_start_matches(world.cloud.address());
        let nobodys = path.replace(&path[path.len() - 10..], "0000000000");
        let (gone, never) = (world.page(path).await, world.page(&nobodys).await);
        assert_eq!((gone.status, gone.text), (404, never.text));
    }
    let entries = school.entries(&world).await;
    assert!(entries[0].ended.is_some());
    let signed = certificate(&entries[0]);
    let said = signed.read().unwrap();
    assert_eq!(said.who.as_deref(), of_ada.last().map(String::as_str));
    assert_eq!(said.removed["Schedule: appointments"], 3, "{:?}", said.removed);
    assert!(!signed.text.contains("ada@") && said.traces.len() > 8);
    let records = world.records(school.id()).await;
    let count = |action| records.iter().filter(|record| record.action == action).count();
    assert_eq!((count(Action::DeletionAsked), count(Action::DataDeleted)), (1, 1));
    world.checked().await;

    // Whoever books again is somebody new.
    let ada = world.guardian(organization, "Ada").await;
    assert_eq!(ada.bookings().await["coming"], json!([]));
    assert_eq!(ada.dependents().await, Vec::<String>::new());
    ada.books(place, &world.slot(place, 0).await, None).await;
    world.advance("PT7M").await;
    world.tick().await;
    assert_eq!(ada.bookings().await["coming"].as_array().unwrap().len(), 1);
    world.checked().await;
    world.cloud.stop().await;
}

#[tokio::test]
async fn what_has_begun_leaves_a_seat_where_the_organization_chose_so_and_what_was_to_come_none() {
    let world = World::start().await;
    let school = School::in_(&world).await;
    let place = &school.home.place;
    school.home.keep(&world, json!({ "fate": "seats" })).await;
    let slots = world.slots(place).await;
    let ada = world.guardian(&place.organization, "Ada").await;
    for nth in [0, 14] {
        ada.books(place, slots[nth]["id"].as_str().unwrap(), None).await;
    }
    world.reaches("2026-12-03T17:05:00-05:00").await;
    let adam = school.home.administrator(&world).await;
    let person = school.home.person(&ada.visitor.email);
    let page = school.home.path(&format!("/participants/{person}"));
    assert!(adam.page(&page).await.text.contains("Delete everything, and cancel 1 appointment<"));
    let done = adam.submit(&format!("{page}/delete"), &[]).await;
    assert_eq!(done.status, 202, "{}", done.text);
    assert!(done.text.contains("/certificates/") && done.text.contains("1 appointment to come"));
    carry_through(&world).await;
    assert_eq!(world.kept(Table::Schedule, "seat").await.len(), 1);
    assert_eq!((world.bookings().await, world.seats_taken().await), (Vec::new(), 1));
    assert!(naming(&world, &[person]).await.is_empty());
    adam.get(&format!("{page}/file.json")).await.refused(404, "not_found");
    adam.post(&format!("{page}/delete"), &json!({})).await.refused(404, "not_found");
    world.checked().await;
    world.cloud.stop().await;
}

#[tokio::test]
async fn another_guardian_s_appointment_for_the_same_dependent_stays() {
    let world = World::start().await;
    let school = School::in_(&world).await;
    let place = &school.home.place;
    world.dependent(&place.organization, "Maya Example", "MS-1042", "2017-04-09").await.unwrap();
    let ada = world.guardian(&place.organization, "Ada").await;
    let bert = world.guardian(&place.organization, "Bert").await;
    let mut urls = Vec::new();
    for (guardian, nth) in [(&ada, 0), (&bert, 6)] {
        let maya = guardian.attaches("MS-1042", "2017-04-09").await;
        urls.push(guardian.books(place, &world.slot(place, nth).await, Some(&maya)).await);
    }
    assert_eq!(ada.post("/west-school/your-data/delete", &json!({})).await.status, 202);
    carry_through(&world).await;
    let bert = world.guardian(&place.organization, "Bert").await;
    let coming = bert.bookings().await["coming"].clone();
    assert_eq!(coming[0]["manage_url"], urls[1].as_str());
    assert_eq!(coming[0]["dependent"], "Maya Example");
    assert_eq!(bert.dependents().await, ["Maya Example"]);
    world.checked().await;
    world.cloud.stop().await;
}

#[tokio::test]
async fn a_hold_on_the_person_or_on_an_event_of_theirs_refuses_with_words_until_it_is_lifted() {
    let world = World::start().await;
    let school = School::in_(&world).await;
    let place = &school.home.place;
    let ada = world.guardian(&place.organization, "Ada").await;
    ada.books(place, &world.slot(place, 0).await, None).await;
    let person = school.home.person(&ada.visitor.email);
    let page = school.home.path(&format!("/participants/{person}/delete"));
    for (on, id) in [("person", person.clone()), ("event", place.event.id.to_string())] {
        school.home.hold(&world, on, &id).await;
        let refused = ada.post("/west-school/your-data/delete", &json!({})).await;
        let words = refused.refused(409, "conflict")["message"].as_str().unwrap().to_owned();
        assert!(words.contains("legal hold"), "{words}");
        let shown = ada.page("/west-school/your-data").await;
        assert!(shown.text.contains("legal hold") && !shown.text.contains("Delete everything"));
        let adam = school.home.administrator(&world).await;
        adam.post(&page, &json!({})).await.refused(409, "conflict");
        let shown = adam.submit(&page, &[]).await;
        assert_eq!(shown.status, 409);
        assert!(shown.text.contains("legal hold"), "{}", shown.text);
        assert_eq!(school.entries(&world).await, []);
        assert_eq!(ada.bookings().await["coming"].as_array().unwrap().len(), 1);
        school.home.lift(&world, on, &id).await;
    }
    assert_eq!(ada.post("/west-school/your-data/delete", &json!({})).await.status, 202);
    carry_through(&world).await;
    assert!(naming(&world, &[person]).await.is_empty());
    world.cloud.stop().await;
}

#[tokio::test]
async fn nobody_deletes_another_and_an_administrator_only_freshly_signed_in() {
    let world = World::start().await;
    let school = School::in_(&world).await;
    let place = &school.home.place;
    let ada = world.guardian(&place.organization, "Ada").await;
    ada.books(place, &world.slot(place, 0).await, None).await;
    let bert = world.guardian(&place.organization, "Bert").await;
    let person = school.home.person(&ada.visitor.email);
    let page = school.home.path(&format!("/participants/{person}"));
    for rest in ["delete", "correct"] {
        let body = if rest == "correct" { json!({ "name": "Eve" }) } else { json!({}) };
        bert.post(&format!("{page}/{rest}"), &body).await.refused(403, "not_allowed");
        world
            .post(&world.url(&format!("{page}/{rest}")), &body)
            .await
            .refused(401, "sign_in_needed");
    }
    // Bert's own deletion finds nothing of his, and touches nothing of hers.
    bert.post("/west-school/your-data/delete", &json!({})).await.refused(404, "not_found");
    let hers = ("form_token", ada.form_token.as_str());
    assert_eq!(bert.submit("/west-school/your-data/delete", &[hers]).await.status, 403);
    let adam = school.home.administrator(&world).await;
    world.advance("PT11M").await;
    adam.post(&format!("{page}/delete"), &json!({})).await.refused(403, "confirm_needed");
    adam.get(&format!("{page}/file.csv")).await.refused(403, "confirm_needed");
    assert_eq!(school.entries(&world).await, []);
    world.cloud.stop().await;
}

#[tokio::test]
async fn asking_twice_is_one_deletion_and_what_came_in_between_is_another() {
    let world = World::start().await;
    let school = School::in_(&world).await;
    let place = &school.home.place;
    let ada = world.guardian(&place.organization, "Ada").await;
    ada.books(place, &world.slot(place, 0).await, None).await;
    let person = school.home.person(&ada.visitor.email);
    let adam = school.home.administrator(&world).await;
    let path = school.home.path(&format!("/participants/{person}/delete"));
    let ask = async || {
        let answer = adam.post(&path, &json!({})).await;
        assert_eq!(answer.status, 202, "{}", answer.text);
        answer.json()
    };
    // At the same moment: one run, one entry, one answer.
    let (one, other, third) = tokio::join!(ask(), ask(), ask());
    assert_eq!((&one, &one), (&other, &third));
    assert_eq!(one["cancelled"], 1);
    assert_eq!(school.entries(&world).await.len(), 1);
    // Later, while it is under way, by which nothing is left to cancel.
    assert!(world.cloud.settle().await);
    assert_eq!(ask().await, one);
    let page = adam.submit(&path, &[]).await;
    assert_eq!(page.status, 202);
    assert!(page.text.contains(one["certificate"].as_str().unwrap()), "{}", page.text);
    let records = world.records(school.id()).await;
    let asked = records.iter().filter(|record| record.action == Action::DeletionAsked);
    assert_eq!(asked.count(), 1);

    // What was booked since is not meant by it: it takes another one.
    world.advance("PT10S").await;
    let ada = world.guardian(&place.organization, "Ada").await;
    ada.books(place, &world.slot(place, 4).await, None).await;
    let later = ask().await;
    assert_ne!(later["deletion"], one["deletion"]);
    assert_eq!((&later["cancelled"], ask().await), (&json!(1), later.clone()));
    carry_through(&world).await;
    world.tick().await;
    let entries = school.entries(&world).await;
    assert_eq!(entries.len(), 2);
    assert!(entries.iter().all(|entry| entry.ended.is_some()), "{entries:?}");
    assert!(naming(&world, &[person]).await.is_empty());
    adam.post(&path, &json!({})).await.refused(404, "not_found");
    world.checked().await;
    world.cloud.stop().await;
}
