//! Guesses: what is counted together, whom a lock keeps out, and what each
//! attempt leaves behind.

use std::time::{Duration, Instant};

use futures::future::join_all;
use serde_json::json;
use shared::identity::access::Level;
use shared::identity::door::rules::SIGN_IN;
use shared::participant::Allowances;
use shared::participant::allowance::{AN_HOUR, Allowance};

use crate::account::{code, turn_on_codes};
use crate::people::{OTHER, PASSWORD, Person};
use crate::world::{Place, World};

/// A participant who signs in with their address and [`PASSWORD`].
pub async fn participant<'a>(world: &'a World, place: &Place, name: &str) -> Person<'a> {
    let slot = world.slot(place, 0).await;
    world.visitor(name).books(place, &slot).await;
    let person = world.person(&place.organization, name);
    let person = Person { username: person.email.clone(), ..person };
    person.post("/sign-in/link", &json!({ "email": person.email })).await;
    let link = person.mailed_link("/sign-in/").await;
    assert_eq!(person.post(&link, &json!({})).await.status, 200);
    let set = person.post("/account/password", &json!({ "password": PASSWORD })).await;
    assert_eq!(set.status, 200, "{}", set.text);
    person
}

/// The same address, written in so many ways.
const SPELLINGS: [&str; 8] = [
    "maria.lopez@exam\u{ad}ple.org",
    "maria.lopez@ex\u{ad}ample.org",
    "maria.lopez@exam\u{2060}ple.org",
    "maria.lopez@example\u{3002}org",
    "maria.lopez@example\u{fe0f}.org",
    "Maria.Lopez@EXAMPLE.org",
    "maria.lopez@exampl\u{ad}e.org",
    "maria.lopez@example.org",
];

fn text(mails: &[serde_json::Value]) -> String {
    mails.last().unwrap()["text"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn however_an_address_is_written_guesses_at_it_are_counted_together() {
    let world = World::start().await;
    let school = world.school().await;
    let maria = participant(&world, &school, "Maria Lopez").await;
    world.secure(school.organization.id, |draft| draft.failures = 3).await;
    for spelling in &SPELLINGS[..3] {
        let body = json!({ "username": spelling, "password": "not it at all" });
        maria.elsewhere().post("/sign-in", &body).await.refused(401, "wrong_credentials");
    }
    for spelling in SPELLINGS {
        let body = json!({ "username": spelling, "password": PASSWORD });
        maria.elsewhere().post("/sign-in", &body).await.refused(401, "wrong_credentials");
    }
    let results = world.attempts(school.organization.id).await;
    assert_eq!(results.iter().filter(|result| **result == "wrong").count(), 3, "{results:?}");
    assert_eq!(results.iter().filter(|result| **result == "locked").count(), 8, "{results:?}");
}

#[tokio::test]
async fn however_an_address_is_written_it_gets_five_resets_an_hour() {
    let world = World::start().await;
    let school = world.school().await;
    let maria = participant(&world, &school, "Maria Lopez").await;
    let before = world.mails(&maria.email).await.len();
    for spelling in SPELLINGS {
        let asked = maria.elsewhere().post("/reset", &json!({ "username": spelling })).await;
        assert_eq!(asked.status, 202);
    }
    assert_eq!(world.mails(&maria.email).await.len() - before, 5);
}

#[tokio::test]
async fn the_mail_about_a_locked_second_step_says_that_somebody_knows_the_password() {
    let world = World::start().await;
    let school = world.school().await;
    let ada = world.member(&school.organization, "Ada Stone", Level::Viewer).await;
    ada.signs_in().await;
    turn_on_codes(&ada).await;
    world.secure(school.organization.id, |draft| draft.failures = 3).await;
    let thief = ada.elsewhere();
    for _ in 0..3 {
        thief.try_password(PASSWORD).await;
        thief.post("/sign-in/second", &json!({ "code": "000000" })).await;
    }
    let told = text(&world.mails(&ada.email).await);
    assert!(told.starts_with("Second step locked"), "{told}");
    assert!(told.contains("Somebody who knows your password"), "{told}");
    assert!(told.contains("choose a new password at once"), "{told}");
    assert!(!told.contains("was not guessed") && !told.contains("need do nothing"), "{told}");
}

#[tokio::test]
async fn who_locks_a_known_device_is_not_told_that_it_still_lets_them_in() {
    let world = World::start().await;
    let school = world.school().await;
    world.secure(school.organization.id, |draft| draft.failures = 3).await;
    let ada = world.member(&school.organization, "Ada Stone", Level::Viewer).await;
    ada.elsewhere().signs_in().await;
    for _ in 0..3 {
        ada.elsewhere().try_password("not it at all").await;
    }
    let told = text(&world.mails(&ada.email).await);
    assert!(told.contains("You can still sign in on a device"), "{told}");
    world.advance("PT16M").await;
    ada.signs_in().await;
    for _ in 0..3 {
        ada.try_password("not it at all").await;
    }
    let told = text(&world.mails(&ada.email).await);
    assert!(told.contains("It was on a device on which you have signed in before"), "{told}");
    assert!(!told.contains("You can still sign in"), "{told}");
    // The same for who is in and types the wrong one to change it.
    world.advance("PT16M").await;
    ada.signs_in().await;
    for _ in 0..3 {
        let body = json!({ "current": "not it at all", "password": OTHER });
        ada.post("/account/password", &body).await;
    }
    let mails = world.mails(&ada.email).await;
    assert!(text(&mails).contains("It was on a device"), "{}", text(&mails));
}

#[tokio::test]
async fn who_knows_the_password_does_not_lock_codes_on_a_device_that_took_the_second_step() {
    let world = World::start().await;
    let school = world.school().await;
    let ada = world.member(&school.organization, "Ada Stone", Level::Viewer).await;
    // The thief has been in before there was a second step: that is no merit.
    let thief = ada.elsewhere();
    thief.signs_in().await;
    ada.signs_in().await;
    let (secret, _) = turn_on_codes(&ada).await;
    world.secure(school.organization.id, |draft| draft.failures = 3).await;
    world.advance("PT1M").await;
    let take = async |person: &Person<'_>| {
        person.try_password(PASSWORD).await;
        person.post("/sign-in/second", &json!({ "code": code(&world, &secret) })).await
    };
    assert_eq!(take(&ada).await.status, 200);
    world.advance("PT1M").await;
    for _ in 0..3 {
        thief.try_password(PASSWORD).await;
        thief.post("/sign-in/second", &json!({ "code": "000000" })).await;
    }
    assert_eq!(take(&thief).await.status, 429);
    assert_eq!(take(&ada.elsewhere()).await.status, 429, "a device that is new");
    assert_eq!(take(&ada).await.status, 200);
}

#[tokio::test]
async fn after_a_reset_on_a_new_device_strangers_lock_out_each_other_again_and_not_its_owner() {
    let world = World::start().await;
    let school = world.school().await;
    world.secure(school.organization.id, |draft| draft.failures = 3).await;
    let ada = world.member(&school.organization, "Ada Stone", Level::Viewer).await;
    for _ in 0..3 {
        ada.elsewhere().try_password("not it at all").await;
    }
    ada.post("/reset", &json!({ "username": ada.username })).await;
    let link = ada.mailed_link("/reset/").await;
    assert_eq!(ada.post(&link, &json!({ "password": OTHER })).await.status, 200);
    assert!(!ada.is_in().await, "a reset signs nobody in");
    for _ in 0..4 {
        ada.elsewhere().try_password("not it at all").await;
    }
    assert_eq!(ada.elsewhere().try_password(OTHER).await.status, 401);
    assert_eq!(ada.try_password(OTHER).await.status, 200);
}

#[tokio::test]
async fn links_that_open_nothing_are_attempts_and_too_many_of_them_are_refused_at_once() {
    let world = World::start().await;
    let school = world.school().await;
    let nobody = world.person(&school.organization, "No Body");
    let nothing = json!({});
    nobody.post("/sign-in/0000", &nothing).await.refused(404, "not_found");
    // What this network has left in this hour, as others would use it up.
    let keys = world.keys(school.organization.id).await;
    let network = shared::ids::to_text(&keys.blind(b"network", &[127, 0, 0, 1]));
    let allowance = Allowance {
        organization: school.organization.id,
        kind: SIGN_IN.kind,
        of: &network,
        limit: SIGN_IN.in_an_hour,
        window: AN_HOUR,
    };
    let (others, now) = (Allowances::default(), world.now());
    while others.spend(world.service(), allowance, now).await.unwrap().is_none() {}
    // What the function had borrowed already is a fiftieth of it.
    for _ in 0..SIGN_IN.in_an_hour / 50 {
        nobody.post("/sign-in/0000", &nothing).await;
    }
    let began = Instant::now();
    let refused = nobody.post("/sign-in/0000", &nothing).await;
    refused.refused(429, "too_many_requests");
    assert!(refused.header("retry-after").parse::<u32>().unwrap() > 0);
    assert!(began.elapsed() < Duration::from_millis(400), "{:?}", began.elapsed());
}

#[tokio::test]
async fn strangers_cannot_use_up_the_links_of_a_device_that_is_known() {
    let world = World::start().await;
    let school = world.school().await;
    let cleo = participant(&world, &school, "Cleo Parent").await;
    let ask = json!({ "email": cleo.email });
    for _ in 0..8 {
        assert_eq!(cleo.elsewhere().post("/sign-in/link", &ask).await.status, 202);
    }
    let before = world.mails(&cleo.email).await.len();
    cleo.elsewhere().post("/sign-in/link", &ask).await;
    assert_eq!(world.mails(&cleo.email).await.len(), before, "strangers got theirs");
    cleo.post("/sign-in/link", &ask).await;
    assert_eq!(world.mails(&cleo.email).await.len(), before + 1);
    let link = cleo.mailed_link("/sign-in/").await;
    assert_eq!(cleo.post(&link, &json!({})).await.status, 200);
    // Nor does one kind of link use up another.
    cleo.elsewhere().post("/reset", &json!({ "username": cleo.username })).await;
    assert_eq!(world.mails(&cleo.email).await.len(), before + 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_use_one_link_at_once_each_leaves_one_record_and_one_comes_in() {
    let world = World::start().await;
    let school = world.school().await;
    let cleo = participant(&world, &school, "Cleo Parent").await;
    let before = world.attempts(school.organization.id).await.len();
    cleo.post("/sign-in/link", &json!({ "email": cleo.email })).await;
    let link = cleo.mailed_link("/sign-in/").await;
    let people: Vec<_> = (0..20).map(|_| cleo.elsewhere()).collect();
    let nothing = json!({});
    let answers = join_all(people.iter().map(|it| it.post(&link, &nothing))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.status == 404).count(), 19);
    let after = world.attempts(school.organization.id).await.len();
    assert_eq!(after - before, 20, "each attempt has one record");
    world.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_use_one_reset_at_once_each_leaves_one_record() {
    let world = World::start().await;
    let school = world.school().await;
    let ada = world.member(&school.organization, "Ada Stone", Level::Viewer).await;
    ada.post("/reset", &json!({ "username": ada.username })).await;
    let link = ada.mailed_link("/reset/").await;
    let people: Vec<_> = (0..6).map(|_| ada.elsewhere()).collect();
    let choose = json!({ "password": OTHER });
    let answers = join_all(people.iter().map(|it| it.post(&link, &choose))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    // Who came when it was spent already has changed nothing and tried nothing.
    let records = world.records(school.organization.id).await;
    let done = records.iter().filter(|it| it.action == shared::audit::Action::PasswordReset);
    let results: Vec<_> = done.map(|record| record.result.word()).collect();
    assert_eq!(results.iter().filter(|word| **word == "done").count(), 1, "{results:?}");
    assert!(results.contains(&"wrong"), "{results:?}");
    world.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_opens_although_the_address_is_proven_in_another_way_at_that_moment() {
    let world = World::start().await;
    let clinic = world.clinic().await;
    let slots = world.slots(&clinic).await;
    for (nth, name) in (0..10).map(|nth| (nth, format!("Pat Number{nth}"))) {
        let visitor = world.visitor(&name);
        let slot = slots[nth]["id"].as_str().unwrap();
        assert_eq!(visitor.book(&clinic, slot).await.status, 202);
        let confirm = visitor.mailed_link("/confirm/").await;
        let person = world.person(&clinic.organization, &name);
        person.post("/sign-in/link", &json!({ "email": person.email })).await;
        let link = person.mailed_link("/sign-in/").await;
        let nothing = json!({});
        let confirm = world.url(&confirm);
        let (confirmed, entered) =
            tokio::join!(world.post(&confirm, &nothing), person.post(&link, &nothing));
        assert_eq!((confirmed.status, entered.status), (200, 200), "{}", entered.text);
    }
    world.cloud.stop().await;
}
