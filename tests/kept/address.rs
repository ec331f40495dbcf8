//! Another address, and links that were mailed before something changed.

use serde_json::json;
use shared::identity::access::Level;

use crate::guesses::participant;
use crate::people::{OTHER, PASSWORD, Person};
use crate::world::{Place, World};

const THIEVES: &str = "thief@example.net";

/// A member whose unattended session somebody uses to ask for another address:
/// the link that is on its way to it.
async fn robbed<'a>(world: &'a World, school: &Place, name: &str) -> (Person<'a>, String) {
    let ada = world.member(&school.organization, name, Level::Viewer).await;
    let unattended = ada.elsewhere();
    unattended.signs_in().await;
    ada.signs_in().await;
    let asked = unattended.post("/account/email", &json!({ "email": THIEVES })).await;
    assert_eq!(asked.status, 202, "{}", asked.text);
    let mut thief = ada.elsewhere();
    thief.email = THIEVES.into();
    let link = thief.mailed_link("/account/email/").await;
    assert!(thief.page(&link).await.text.contains(THIEVES), "it would open");
    (ada, link)
}

async fn assert_void(person: &Person<'_>, link: &str) {
    let thief = person.elsewhere();
    assert_eq!(thief.get(link).await.status, 404);
    thief.post(link, &json!({})).await.refused(404, "not_found");
    person.elsewhere().post("/reset", &json!({ "username": person.username })).await;
    let mails = person.world.mails(THIEVES).await;
    let subjects: Vec<_> = mails.iter().map(|mail| mail["subject"].to_string()).collect();
    assert!(subjects.iter().all(|subject| subject.contains("Confirm")), "{subjects:?}");
}

#[tokio::test]
async fn a_changed_password_ends_what_somebody_else_asked_for() {
    let world = World::start().await;
    let school = world.school().await;
    let (ada, link) = robbed(&world, &school, "Ada Stone").await;
    let change = json!({ "current": PASSWORD, "password": OTHER });
    assert_eq!(ada.post("/account/password", &change).await.status, 200);
    assert_void(&ada, &link).await;
}

#[tokio::test]
async fn a_reset_ends_what_somebody_else_asked_for() {
    let world = World::start().await;
    let school = world.school().await;
    let (ada, link) = robbed(&world, &school, "Ada Stone").await;
    ada.post("/reset", &json!({ "username": ada.username })).await;
    let reset = ada.mailed_link("/reset/").await;
    assert_eq!(ada.post(&reset, &json!({ "password": OTHER })).await.status, 200);
    assert_void(&ada, &link).await;
}

#[tokio::test]
async fn ending_other_sessions_ends_what_was_asked_for_in_them() {
    let world = World::start().await;
    let school = world.school().await;
    let (ada, link) = robbed(&world, &school, "Ada Stone").await;
    assert_eq!(ada.post("/account/sessions/end", &json!({})).await.status, 200);
    assert!(ada.is_in().await, "one's own session goes on, with another token");
    assert_void(&ada, &link).await;

    let (ben, link) = robbed(&world, &school, "Ben Marsh").await;
    let account = ben.get("/account").await.json();
    let other = account["sessions"].as_array().unwrap().iter().find(|it| it["this"] == false);
    let path = format!("/account/sessions/{}/end", other.unwrap()["id"].as_str().unwrap());
    assert_eq!(ben.post(&path, &json!({})).await.status, 200);
    assert!(ben.is_in().await);
    assert_void(&ben, &link).await;
}

#[tokio::test]
async fn the_address_on_file_hears_of_another_one_before_it_changes() {
    let world = World::start().await;
    let school = world.school().await;
    let (ada, link) = robbed(&world, &school, "Ada Stone").await;
    let mails = world.mails(&ada.email).await;
    let told = mails.last().unwrap()["text"].as_str().unwrap();
    assert!(told.starts_with("Another address") && told.contains("/reset"), "{told}");
    assert!(!told.contains(THIEVES) && !told.contains(&link), "{told}");
}

#[tokio::test]
async fn a_reset_mailed_before_the_address_or_the_password_changed_opens_nothing() {
    let world = World::start().await;
    let school = world.school().await;
    let ada = world.member(&school.organization, "Ada Stone", Level::Viewer).await;
    ada.signs_in().await;
    let mut reader = ada.elsewhere();
    reader.email = "ada.new@example.org".into();
    ada.post("/account/email", &json!({ "email": reader.email })).await;
    let confirm = reader.mailed_link("/account/email/").await;
    // Whoever reads the former mailbox asks for a reset meanwhile.
    ada.elsewhere().post("/reset", &json!({ "username": ada.username })).await;
    let former = ada.mailed_link("/reset/").await;
    assert_eq!(reader.post(&confirm, &json!({})).await.status, 200);
    assert_eq!(ada.elsewhere().get(&former).await.status, 404);
    let choose = json!({ "password": OTHER });
    ada.elsewhere().post(&former, &choose).await.refused(404, "not_found");

    ada.elsewhere().post("/reset", &json!({ "username": ada.username })).await;
    let pending = reader.mailed_link("/reset/").await;
    ada.signs_in().await;
    let change = json!({ "current": PASSWORD, "password": OTHER });
    assert_eq!(ada.post("/account/password", &change).await.status, 200);
    let again = json!({ "password": "nine lanterns on a slow river" });
    ada.elsewhere().post(&pending, &again).await.refused(404, "not_found");
    assert_eq!(ada.elsewhere().try_password(OTHER).await.status, 200);
}

#[tokio::test]
async fn a_participant_s_reset_mailed_before_the_password_changed_opens_nothing() {
    let world = World::start().await;
    let school = world.school().await;
    let cleo = participant(&world, &school, "Cleo Parent").await;
    cleo.elsewhere().post("/reset", &json!({ "username": cleo.username })).await;
    let pending = cleo.mailed_link("/reset/").await;
    world.advance("PT1S").await;
    let change = json!({ "current": PASSWORD, "password": OTHER });
    assert_eq!(cleo.post("/account/password", &change).await.status, 200);
    let again = json!({ "password": "nine lanterns on a slow river" });
    cleo.elsewhere().post(&pending, &again).await.refused(404, "not_found");
    // One that is asked for now does.
    cleo.elsewhere().post("/reset", &json!({ "username": cleo.username })).await;
    let link = cleo.mailed_link("/reset/").await;
    assert_eq!(cleo.elsewhere().post(&link, &again).await.status, 200);
}
