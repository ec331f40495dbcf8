//! Everything of a dependent goes; what else their guardians have stays.

use serde_json::{Value, json};
use shared::audit::{About, Action};
use shared::dependent::Dependent;
use shared::ids::DependentId;
use shared::ledger::{Fate, Forgotten};
use shared::settings::Table;

use super::deletion::carry_through;
use super::scene::{School, certificate, naming};
use crate::guardian::Guardian;
use crate::world::World;

const CODE: &str = "2017-04-09";

async fn listed(world: &World, school: &School, name: &str, identifier: &str) -> Dependent {
    let organization = &school.home.place.organization;
    world.dependent(organization, name, identifier, CODE).await.expect("it is free")
}

/// Where one dependent's page is.
fn page_of(school: &School, id: &str) -> String {
    school.home.path(&format!("/dependents/{id}"))
}

/// At how many identifiers guesses are counted.
async fn counters(world: &World) -> usize {
    let all = world.everything(Table::Session).await.into_iter().map(|(key, _)| key.pk);
    let at_identifiers = all.filter(|pk| pk.contains("#allowance#claims-at#"));
    at_identifiers.collect::<std::collections::BTreeSet<_>>().len()
}

async fn shown(world: &World, url: &str) -> Value {
    world.get(url.trim_start_matches(world.cloud.address())).await.json()
}

/// Books for a dependent with a note that is about them.
async fn books_with_note(guardian: &Guardian<'_>, school: &School, slot: &str, id: &str) -> String {
    let mut wish = guardian.visitor.wish(slot);
    wish["dependent"] = id.into();
    wish["note"] = json!("Maya needs a chair with arms");
    let key = crate::world::fresh_key();
    let answer = guardian.send(&school.home.place, &wish, &key).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["manage_url"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn everything_of_a_dependent_goes_and_their_guardians_keep_the_rest_and_are_told() {
    let world = World::start().await;
    let school = School::in_(&world).await;
    let place = &school.home.place;
    let organization = &place.organization;
    let maya = listed(&world, &school, "Maya Example", "MS-1042").await.id.to_string();
    let leo = listed(&world, &school, "Leo Example", "MS-1043").await.id.to_string();
    let slots = world.slots(place).await;
    let slot = |nth: usize| slots[nth]["id"].as_str().unwrap();
    let ada = world.guardian(organization, "Ada").await;
    ada.attach("MS-1042", "2001-01-01").await.refused(400, "invalid");
    for identifier in ["MS-1042", "MS-1043"] {
        ada.attaches(identifier, CODE).await;
    }
    let over = ada.books(place, slot(0), Some(&maya)).await;
    let ahead = books_with_note(&ada, &school, slot(14), &maya).await;
    let own = ada.books(place, slot(18), None).await;
    let for_leo = ada.books(place, slot(22), Some(&leo)).await;
    let bert = world.guardian(organization, "Bert").await;
    bert.attaches("MS-1042", CODE).await;
    let cancelled = bert.books(place, slot(10), Some(&maya)).await;
    assert_eq!(bert.visitor.cancel(&cancelled).await.status, 200);
    assert!(world.cloud.settle().await);
    world.reaches("2026-12-03T17:05:00-05:00").await;
    let taken = world.seats_taken().await;

    let adam = school.home.administrator(&world).await;
    let path = page_of(&school, &maya);
    let look = adam.get(&path).await.json();
    let expected = json!({
        "id": maya, "name": "Maya Example", "identifier": "MS-1042", "coming": 1, "others": 2,
        "guardians": 2, "held": null, "deleting": false
    });
    assert_eq!(look, expected);
    let page = adam.page(&path).await;
    assert!(page.text.contains("Delete everything, and cancel 1 appointment<"), "{}", page.text);
    let list = adam.page(&school.home.path("/dependents")).await;
    assert!(list.text.contains(&format!("<a href=\"{path}\">Maya Example</a>")), "{}", list.text);
    let asked = adam.submit(&format!("{path}/delete"), &[]).await;
    assert_eq!(asked.status, 202, "{}", asked.text);
    for words in ["/certificates/", "1 appointment to come", "Who booked gets a mail"] {
        assert!(asked.text.contains(words), "{words}: {}", asked.text);
    }
    let entries = school.entries(&world).await;
    let [entry] = entries.as_slice() else { panic!("{entries:?}") };
    let id = DependentId::parse(&maya).unwrap();
    assert_eq!(entry.what, Forgotten::Dependent(id, Fate::Removed));

    // From the wish on, nobody books for them, and their identifier is free.
    let ada = world.guardian(organization, "Ada").await;
    assert_eq!(ada.dependents().await, ["Leo Example"]);
    assert!(ada.book(place, slot(16), Some(&maya)).await.status >= 400);
    assert!(world.cloud.settle().await);
    ada.attach("MS-1042", CODE).await.refused(400, "invalid");
    let counted = counters(&world).await;
    let noor = world.dependent(organization, "Noor New", "MS-1042", "2019-01-01").await.unwrap();
    carry_through(&world).await;

    let left = naming(&world, std::slice::from_ref(&maya)).await;
    assert!(left.is_empty(), "{:#?}", left.keys());
    assert_eq!(counters(&world).await, counted - 1, "of guesses at the identifier");
    assert_eq!(world.seats_taken().await, taken - 2, "what is ahead, and what was over");
    for gone in [&over, &cancelled] {
        assert_eq!(world.get(gone.trim_start_matches(world.cloud.address())).await.status, 404);
    }
    // What was ahead is cancelled, its guardian's, and says nothing of Maya.
    let now = shown(&world, &ahead).await;
    assert_eq!((&now["state"], &now["name"]), (&json!("cancelled"), &json!("Ada")));
    assert!(now["dependent"].is_null() && now["note"].is_null(), "{now}");
    let mails = world.mails(&ada.visitor.email).await;
    let told: Vec<_> = mails
        .iter()
        .filter(|mail| mail["subject"].as_str().unwrap().contains("Cancelled"))
        .collect();
    let [told] = told.as_slice() else { panic!("{mails:?}") };
    assert!(!told.to_string().contains("Maya"), "{told}");
    // Their own and Leo's stand.
    assert_eq!(shown(&world, &own).await["state"], "booked");
    assert_eq!(shown(&world, &for_leo).await["dependent"], "Leo Example");
    assert_eq!(ada.dependents().await, ["Leo Example"]);

    // Whoever has the identifier now is nobody of before.
    ada.attach("MS-1042", CODE).await.refused(400, "invalid");
    let attached = ada.attaches("MS-1042", "2019-01-01").await;
    assert_eq!(attached, noor.id.to_string());
    let look = adam.get(&page_of(&school, &attached)).await.json();
    assert_eq!((&look["coming"], &look["others"]), (&json!(0), &json!(0)));

    let entries = school.entries(&world).await;
    let said = certificate(&entries[0]).read().unwrap();
    assert_eq!((said.subject.as_str(), said.who.as_deref()), ("dependent", Some(maya.as_str())));
    assert_eq!(said.removed["Schedule: appointments"], 2, "{:?}", said.removed);
    let of_guardians = said.removed["Schedule: cancelled appointments, without the dependent"];
    assert_eq!(of_guardians, 1, "{:?}", said.removed);
    let records = world.records(school.id()).await;
    let about = |action| {
        let found = records.iter().filter(|record| record.action == action);
        found.map(|record| record.about).collect::<Vec<_>>()
    };
    assert_eq!(about(Action::DeletionAsked), [About::Dependent(id)]);
    assert_eq!(about(Action::DataDeleted), [About::Dependent(id)]);
    let trail = school.home.path("/audit?day=2026-12-03&action=data_deleted");
    let trail = adam.page(&trail).await;
    assert!(trail.text.contains(" items<") && !trail.text.contains(" people<"), "{}", trail.text);
    adam.get(&path).await.refused(404, "not_found");
    adam.post(&format!("{path}/delete"), &json!({})).await.refused(404, "not_found");
    world.checked().await;
    world.cloud.stop().await;
}

#[tokio::test]
async fn what_is_over_leaves_a_seat_where_the_organization_chose_so_also_of_who_is_off_the_list() {
    let world = World::start().await;
    let school = School::in_(&world).await;
    let place = &school.home.place;
    school.home.keep(&world, json!({ "fate": "seats" })).await;
    let maya = listed(&world, &school, "Maya Example", "MS-1042").await.id.to_string();
    let ada = world.guardian(&place.organization, "Ada").await;
    ada.attaches("MS-1042", CODE).await;
    let slots = world.slots(place).await;
    for nth in [0, 14] {
        ada.books(place, slots[nth]["id"].as_str().unwrap(), Some(&maya)).await;
    }
    world.reaches("2026-12-03T17:05:00-05:00").await;
    let adam = school.home.administrator(&world).await;
    let path = page_of(&school, &maya);
    assert_eq!(adam.post(&format!("{path}/remove"), &json!({})).await.status, 200);
    let look = adam.get(&path).await.json();
    assert_eq!((&look["name"], &look["coming"]), (&Value::Null, &json!(1)));
    assert!(adam.page(&path).await.text.contains("No longer on the list"));
    let asked = adam.post(&format!("{path}/delete"), &json!({})).await;
    assert_eq!((asked.status, &asked.json()["cancelled"]), (202, &json!(1)), "{}", asked.text);
    carry_through(&world).await;
    assert_eq!(world.kept(Table::Schedule, "seat").await.len(), 1);
    assert_eq!((world.bookings().await.len(), world.seats_taken().await), (1, 1));
    assert!(naming(&world, &[maya]).await.is_empty());
    world.checked().await;
    world.cloud.stop().await;
}

#[tokio::test]
async fn a_hold_on_the_dependent_an_event_or_a_guardian_refuses_with_words_until_it_is_lifted() {
    let world = World::start().await;
    let school = School::in_(&world).await;
    let place = &school.home.place;
    let maya = listed(&world, &school, "Maya Example", "MS-1042").await.id.to_string();
    let ada = world.guardian(&place.organization, "Ada").await;
    ada.attaches("MS-1042", CODE).await;
    ada.books(place, &world.slot(place, 0).await, Some(&maya)).await;
    let person = school.home.person(&ada.visitor.email);
    let path = page_of(&school, &maya);
    let delete = format!("{path}/delete");
    for (on, id) in
        [("dependent", maya.clone()), ("event", place.event.id.to_string()), ("person", person)]
    {
        school.home.hold(&world, on, &id).await;
        let adam = school.home.administrator(&world).await;
        let refused = adam.post(&delete, &json!({})).await;
        let words = refused.refused(409, "conflict")["message"].as_str().unwrap().to_owned();
        assert!(words.contains("legal hold"), "{on}: {words}");
        assert_eq!(adam.get(&path).await.json()["held"], words.as_str());
        let shown = adam.page(&path).await;
        assert!(shown.text.contains("legal hold") && !shown.text.contains("Delete everything"));
        let shown = adam.submit(&delete, &[]).await;
        assert_eq!(shown.status, 409);
        assert!(shown.text.contains("legal hold"), "{}", shown.text);
        assert_eq!(school.entries(&world).await, []);
        assert_eq!(ada.dependents().await, ["Maya Example"]);
        school.home.lift(&world, on, &id).await;
    }
    let adam = school.home.administrator(&world).await;
    assert_eq!(adam.post(&delete, &json!({})).await.status, 202);
    carry_through(&world).await;
    assert!(naming(&world, &[maya]).await.is_empty());
    world.cloud.stop().await;
}

#[tokio::test]
async fn only_an_administrator_who_has_just_signed_in_deletes_a_dependent_and_twice_is_once() {
    let world = World::start().await;
    let school = School::in_(&world).await;
    let place = &school.home.place;
    let maya = listed(&world, &school, "Maya Example", "MS-1042").await.id.to_string();
    let ada = world.guardian(&place.organization, "Ada").await;
    ada.attaches("MS-1042", CODE).await;
    ada.books(place, &world.slot(place, 0).await, Some(&maya)).await;
    let path = page_of(&school, &maya);
    let delete = format!("{path}/delete");
    ada.post(&delete, &json!({})).await.refused(403, "not_allowed");
    world.post(&world.url(&delete), &json!({})).await.refused(401, "sign_in_needed");
    let adam = school.home.administrator(&world).await;
    world.advance("PT11M").await;
    adam.post(&delete, &json!({})).await.refused(403, "confirm_needed");
    assert_eq!(school.entries(&world).await, []);
    let nobody = page_of(&school, &"0".repeat(26));
    let adam = school.home.administrator(&world).await;
    adam.post(&format!("{nobody}/delete"), &json!({})).await.refused(404, "not_found");

    let ask = async || {
        let answer = adam.post(&delete, &json!({})).await;
        assert_eq!(answer.status, 202, "{}", answer.text);
        answer.json()
    };
    let (one, other) = tokio::join!(ask(), ask());
    assert_eq!(one, other);
    assert_eq!((ask().await, school.entries(&world).await.len()), (one, 1));
    assert!(adam.page(&path).await.text.contains("It is being deleted."));
    carry_through(&world).await;
    assert!(naming(&world, &[maya]).await.is_empty());
    world.checked().await;
    world.cloud.stop().await;
}
