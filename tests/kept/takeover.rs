//! What somebody cannot take over with a stolen password, or at a desk that was
//! left open.

use kept::faults::Fault;
use serde_json::{Value, json};
use shared::identity::Subject;
use shared::identity::access::Level;
use shared::identity::member::State;
use shared::personal::EmailAddress;

use crate::account::{add_passkey, code, turn_on_codes};
use crate::authenticator::Authenticator;
use crate::identity::scene::House;
use crate::people::{OTHER, PASSWORD, Person};
use crate::world::{Place, Plan, World};

#[tokio::test]
async fn who_came_in_half_before_there_was_a_second_step_cannot_add_one_afterwards() {
    let world = World::start().await;
    let school = world.school().await;
    let id = school.organization.id;
    let ada = world.member(&school.organization, "Ada Stone", Level::Administrator).await;
    world.secure(id, |draft| draft.factor_from = Some(Level::Administrator)).await;
    // Somebody who has her password comes first.
    let thief = ada.elsewhere();
    assert_eq!(thief.try_password(PASSWORD).await.json()["waiting"], "new_factor");
    let begun = thief.post("/account/passkeys/options", &json!({})).await;
    let secret = thief.get("/account/codes").await.json()["secret"].as_str().unwrap().to_owned();
    assert_eq!(ada.try_password(PASSWORD).await.json()["waiting"], "new_factor");
    let (hers, _) = turn_on_codes(&ada).await;
    assert_ne!(hers, secret, "nobody is shown what somebody else is about to confirm");

    thief.get("/account/codes").await.refused(401, "sign_in_needed");
    let shown = json!({ "code": code(&world, &secret) });
    thief.post("/account/codes", &shown).await.refused(401, "sign_in_needed");
    let mut telephone = Authenticator::new(world.cloud.address());
    let begun = begun.json();
    let credential = telephone.create(&begun["options"]).to_string();
    let body = json!({ "name": "Mine", "ceremony": begun["ceremony"], "credential": credential });
    thief.post("/account/passkeys", &body).await.refused(401, "sign_in_needed");
    thief.post("/account/passkeys/options", &json!({})).await.refused(401, "sign_in_needed");
    let account = ada.get("/account").await.json();
    assert_eq!(account["passkeys"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn even_a_half_session_of_the_same_epoch_adds_nothing_beside_a_second_step() {
    let world = World::start().await;
    let school = world.school().await;
    let house = House::of(&world, school.organization.id).await;
    let ada = world.member(&school.organization, "Ada Stone", Level::Administrator).await;
    world.secure(house.id(), |draft| draft.factor_from = Some(Level::Administrator)).await;
    ada.try_password(PASSWORD).await;
    turn_on_codes(&ada).await;
    let epoch = house.find(ada.id.unwrap()).await.unwrap().epoch;
    let waiting = Some(shared::identity::session::Waiting::NewFactor);
    let (token, _) = house.open(ada.subject(), epoch, waiting, house.second()).await;
    let half = ada.elsewhere();
    let name = shared::web::cookie::session_name(house.id());
    let name = name.trim_start_matches("__Host-").to_owned();
    half.cookies.lock().unwrap().insert(name, token.expose());
    half.get("/account/codes").await.refused(401, "sign_in_needed");
    half.post("/account/passkeys/options", &json!({})).await.refused(401, "sign_in_needed");
}

#[tokio::test]
async fn the_first_second_step_ends_every_other_session_and_a_further_one_none() {
    let world = World::start().await;
    let school = world.school().await;
    let ada = world.member(&school.organization, "Ada Stone", Level::Viewer).await;
    ada.signs_in().await;
    let thief = ada.elsewhere();
    thief.signs_in().await;
    let (secret, _) = turn_on_codes(&ada).await;
    assert!(ada.is_in().await && !thief.is_in().await);

    world.advance("PT1M").await;
    let desk = ada.elsewhere();
    desk.try_password(PASSWORD).await;
    let right = desk.post("/sign-in/second", &json!({ "code": code(&world, &secret) })).await;
    assert_eq!(right.status, 200, "{}", right.text);
    add_passkey(&ada, &mut Authenticator::new(world.cloud.address())).await;
    assert!(ada.is_in().await && desk.is_in().await);
}

#[tokio::test]
async fn looking_at_the_page_of_one_time_codes_changes_nothing() {
    let world = World::start().await;
    let school = world.school().await;
    let ada = world.member(&school.organization, "Ada Stone", Level::Viewer).await;
    ada.signs_in().await;
    let secret = ada.get("/account/codes").await.json()["secret"].as_str().unwrap().to_owned();
    // As a page of another site can make her browser do.
    ada.page("/account/codes").await;
    let shown = code(&world, &secret);
    let wrong = ada.post("/account/codes", &json!({ "code": "000000" })).await;
    assert_eq!(wrong.status, 401, "{}", wrong.text);
    let on = ada.post("/account/codes", &json!({ "code": shown })).await;
    assert_eq!(on.status, 200, "{}", on.text);
}

/// Eight characters that are good enough beside a second step.
const SHORT: &str = "qz7#Lw9v";

#[tokio::test]
async fn a_password_too_short_to_stand_alone_is_changed_once_the_last_second_step_is_gone() {
    let world = World::start().await;
    let school = world.school().await;
    let ada = world.member(&school.organization, "Ada Stone", Level::Viewer).await;
    for by_passkey in [false, true] {
        let ada = match by_passkey {
            false => ada.elsewhere(),
            true => world.member(&school.organization, "Ben Marsh", Level::Viewer).await,
        };
        ada.signs_in().await;
        let mut telephone = Authenticator::new(world.cloud.address());
        if by_passkey {
            add_passkey(&ada, &mut telephone).await;
        } else {
            turn_on_codes(&ada).await;
        }
        let change = json!({ "current": PASSWORD, "password": SHORT });
        let changed = ada.post("/account/password", &change).await;
        assert_eq!(changed.status, 200, "{}", changed.text);
        let removed = if by_passkey {
            let account = ada.get("/account").await.json();
            let id = account["passkeys"][0]["id"].as_str().unwrap().to_owned();
            ada.post(&format!("/account/passkeys/{id}/remove"), &json!({})).await
        } else {
            ada.post("/account/codes/remove", &json!({})).await
        };
        assert_eq!(removed.status, 200, "{}", removed.text);
        let half = ada.elsewhere();
        assert_eq!(half.try_password(SHORT).await.json()["waiting"], "new_password");
        let again = json!({ "current": SHORT, "password": "nq8$Kd3x" });
        half.post("/account/password", &again).await.refused(400, "invalid");
        let longer = json!({ "current": SHORT, "password": OTHER });
        assert_eq!(half.post("/account/password", &longer).await.status, 200);
    }
}

#[tokio::test]
async fn a_password_that_was_long_enough_all_along_stays_when_the_last_second_step_goes() {
    let world = World::start().await;
    let school = world.school().await;
    let ada = world.member(&school.organization, "Ada Stone", Level::Viewer).await;
    ada.signs_in().await;
    turn_on_codes(&ada).await;
    let change = json!({ "current": PASSWORD, "password": OTHER });
    assert_eq!(ada.post("/account/password", &change).await.status, 200);
    assert_eq!(ada.post("/account/codes/remove", &json!({})).await.status, 200);
    assert_eq!(ada.elsewhere().try_password(OTHER).await.json()["waiting"], Value::Null);
}

/// A participant who has come in by a mailed link.
pub async fn cleo<'a>(world: &'a World, school: &Place) -> (Person<'a>, Subject) {
    let slot = world.slot(school, 0).await;
    world.visitor("Cleo Parent").books(school, &slot).await;
    let cleo = world.person(&school.organization, "Cleo Parent");
    cleo.post("/sign-in/link", &json!({ "email": cleo.email })).await;
    let link = cleo.mailed_link("/sign-in/").await;
    cleo.submit(&link, &[]).await;
    let keys = world.keys(school.organization.id).await;
    let person = keys.person(&EmailAddress::parse(&cleo.email).unwrap());
    (cleo, Subject::Participant(person))
}

#[tokio::test]
async fn a_participant_s_session_of_before_a_new_password_is_over_even_if_it_was_not_removed() {
    let world = World::start().await;
    let school = world.school().await;
    let house = House::of(&world, school.organization.id).await;
    let (cleo, subject) = cleo(&world, &school).await;
    let left_behind = house.with_session(&world, subject, 0).await;
    assert_eq!(left_behind.get("/north-school/session").await.status, 200);
    let set = cleo.post("/account/password", &json!({ "password": PASSWORD })).await;
    assert_eq!(set.status, 200, "{}", set.text);
    assert!(cleo.is_in().await);
    // One that the sweep after the change missed.
    for epoch in [0, 2] {
        let missed = house.with_session(&world, subject, epoch).await;
        missed.get("/north-school/session").await.refused(401, "sign_in_needed");
        missed.get("/north-school/bookings").await.refused(401, "sign_in_needed");
    }
    let account = cleo.get("/account").await.json();
    assert_eq!(account["sessions"].as_array().unwrap().len(), 1, "{account}");

    cleo.post("/reset", &json!({ "username": cleo.email })).await;
    let link = cleo.mailed_link("/reset/").await;
    assert_eq!(cleo.post(&link, &json!({ "password": OTHER })).await.status, 200);
    assert!(!cleo.is_in().await);
    let missed = house.with_session(&world, subject, 1).await;
    missed.get("/north-school/session").await.refused(401, "sign_in_needed");
    let body = json!({ "username": cleo.email, "password": OTHER });
    assert_eq!(cleo.post("/sign-in", &body).await.status, 200);
    assert!(cleo.is_in().await);
}

#[tokio::test]
async fn a_reset_that_is_done_says_so_whatever_fails_afterwards() {
    let world = World::start().await;
    let school = world.school().await;
    let ada = world.member(&school.organization, "Ada Stone", Level::Viewer).await;
    ada.post("/reset", &json!({ "username": ada.username })).await;
    let link = ada.mailed_link("/reset/").await;
    // Forgetting the attempts at the username: each try of the client meets one.
    for _ in 0..40 {
        world.cloud.faults().next("DeleteItem", Fault::BrokenBefore);
    }
    let done = ada.post(&link, &json!({ "password": OTHER })).await;
    assert_eq!(done.status, 200, "{}", done.text);
    assert_eq!(ada.try_password(OTHER).await.status, 200);
}

#[tokio::test]
async fn nobody_hands_the_organization_over_at_a_desk_that_was_left_open() {
    let world = World::start().await;
    let operator = House::operator(&world).await;
    let plan = Plan { web_name: "west-school", ..Plan::school() };
    let house = House::found(&world, plan).await;
    let ada = house.member("ada.admin", Level::Administrator).await;
    let vera = house.member("vera.viewer", Level::Viewer).await;
    let gone = house.member("gone.away", Level::Viewer).await;
    let gone = house.change(&gone, &gone.disabled()).await.unwrap();
    let olga = operator.member("olga.operator", Level::Administrator).await;
    let sam = operator.member("sam.support", Level::Viewer).await;
    let desk = house.signed_in(&world, &ada).await;
    let operators = operator.signed_in(&world, &olga).await;
    world.advance("PT10M").await;

    let one = |member: &shared::identity::Member, deed: &str| {
        format!("/west-school/manage/members/{}/{deed}", member.id)
    };
    let access = json!({ "level": "administrator", "everything": true });
    let invited = json!({
        "name": "Eve Example", "email": "eve@example.org", "username": "eve",
        "level": "administrator", "everything": true
    });
    let settings = json!({
        "version": 0, "shortest_password": 15, "shortest_password_with_factor": 8,
        "composition": false, "password_days": 0, "failures": 20, "first_lock_minutes": 1,
        "idle_minutes": 60, "session_hours": 24, "factor_from": null
    });
    for (path, body) in [
        ("/west-school/manage/members".to_owned(), invited),
        ("/west-school/manage/security".to_owned(), settings),
        (one(&vera, "access"), access),
        (one(&vera, "reset"), json!({})),
        (one(&gone, "enable"), json!({})),
    ] {
        desk.post(&path, &body).await.refused(403, "confirm_needed");
    }
    let listed = format!("/operator/manage/members/{}/supporter", sam.id);
    operators.post(&listed, &json!({ "supporter": "yes" })).await.refused(403, "confirm_needed");
    // A browser is led to where it is confirmed, and back to the page.
    let led = desk.submit(&one(&vera, "reset"), &[]).await;
    let back = format!("next=%2Fwest-school%2Fmanage%2Fmembers%2F{}", vera.id);
    assert!(led.header("location").ends_with(&back), "{}", led.header("location"));
    // Putting somebody out does not wait.
    assert_eq!(desk.post(&one(&vera, "disable"), &json!({})).await.status, 200);
    assert_eq!(house.find(gone.id).await.unwrap().state, State::Disabled);
}

#[tokio::test]
async fn every_administrator_hears_of_a_new_one_however_many_there_are() {
    let world = World::start().await;
    let school = world.school().await;
    let organization = &school.organization;
    let ada = world.member(organization, "Ada Stone", Level::Administrator).await;
    // With their notices one by one, the transaction would have no room.
    let mut others = Vec::new();
    for number in 0..100 {
        let name = format!("Other {number}");
        others.push(world.listed(organization, &name, Level::Administrator, State::Active).await);
    }
    ada.signs_in().await;
    let invited = json!({
        "name": "Eve Example", "email": "eve@example.org", "username": "eve",
        "level": "administrator", "everything": true
    });
    assert_eq!(ada.post("/manage/members", &invited).await.status, 201);
    // So many mails take longer than one wait for quiet on a busy machine.
    for _ in 0..20 {
        if world.cloud.settle().await {
            break;
        }
    }
    for administrator in others.iter().chain([&ada]) {
        let subjects = administrator.subjects().await;
        assert_eq!(
            subjects,
            ["Administrator invited: north-school (test)"],
            "{}",
            administrator.username
        );
    }
}

#[tokio::test]
async fn administrators_hear_who_became_one_of_them_and_of_nobody_else() {
    let world = World::start().await;
    let school = world.school().await;
    let organization = &school.organization;
    let ada = world.member(organization, "Ada Stone", Level::Administrator).await;
    let vera = world.listed(organization, "Vera Low", Level::Viewer, State::Active).await;
    ada.signs_in().await;
    let viewer = json!({
        "name": "Tom Example", "email": "tom@example.org", "username": "tom",
        "level": "viewer", "everything": true
    });
    assert_eq!(ada.post("/manage/members", &viewer).await.status, 201);
    assert_eq!(ada.subjects().await.len(), 0);
    let path = format!("/manage/members/{}/access", vera.id.unwrap());
    let access = json!({ "level": "administrator", "everything": true });
    assert_eq!(ada.post(&path, &access).await.status, 200);
    assert_eq!(ada.subjects().await, ["New administrator: north-school (test)"]);
    let mails = world.mails(&ada.email).await;
    let text = mails[0]["text"].as_str().unwrap();
    assert!(text.contains("Vera Low became an administrator of north-school (test)"), "{text}");
    assert_eq!(vera.subjects().await, ["New administrator: north-school (test)"]);
}

#[tokio::test]
async fn one_network_guesses_so_often_at_all_organizations_together_and_no_more() {
    let world = World::start().await;
    world.operator().await;
    let mut answers = std::collections::BTreeMap::new();
    for web_name in ["north-school", "south-school", "west-school"] {
        let plan = Plan { web_name, ..Plan::school() };
        let place = world.found(plan).await;
        let nobody = world.person(&place.organization, "No Body");
        // Beginning with a passkey is counted as well, and costs no hash.
        for _ in 0..600 {
            let answer = nobody.post("/sign-in/passkey/options", &json!({})).await;
            *answers.entry((web_name, answer.status)).or_insert(0) += 1;
            if answer.status == 429 {
                assert!(answer.header("retry-after").parse::<u64>().unwrap() <= 3_600);
                break;
            }
        }
    }
    let of = |web_name, status| answers.get(&(web_name, status)).copied().unwrap_or_default();
    assert_eq!((of("north-school", 200), of("south-school", 200)), (600, 600));
    assert_eq!((of("west-school", 200), of("west-school", 429)), (0, 1), "{answers:?}");
}
