//! One's own account: password, second factors, address, sessions.

use serde_json::{Value, json};
use shared::identity::Subject;
use shared::identity::access::Level;
use shared::identity::factor::Secret;
use shared::personal::EmailAddress;

use crate::authenticator::Authenticator;
use crate::people::{OTHER, PASSWORD, Person};
use crate::world::World;

/// The code that an app with this secret shows now.
pub fn code(world: &World, secret: &str) -> String {
    Secret::parse(secret).expect("a secret").code(world.now()).unwrap()
}

/// Turns one-time codes on; the secret and the recovery codes.
pub async fn turn_on_codes(person: &Person<'_>) -> (String, Vec<String>) {
    let begun = person.get("/account/codes").await;
    assert_eq!(begun.status, 200, "{}", begun.text);
    let secret = begun.json()["secret"].as_str().unwrap().to_owned();
    let shown = code(person.world, &secret);
    let answer = person.post("/account/codes", &json!({ "code": shown })).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let codes = answer.json()["recovery_codes"].as_array().unwrap().clone();
    (secret, codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect())
}

/// Adds a passkey of this authenticator.
pub async fn add_passkey(person: &Person<'_>, authenticator: &mut Authenticator) -> Value {
    let begun = person.post("/account/passkeys/options", &json!({})).await;
    assert_eq!(begun.status, 200, "{}", begun.text);
    let begun = begun.json();
    let credential = authenticator.create(&begun["options"]).to_string();
    let body =
        json!({ "name": "Telephone", "ceremony": begun["ceremony"], "credential": credential });
    let answer = person.post("/account/passkeys", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

async fn answer_passkey(
    person: &Person<'_>,
    authenticator: &mut Authenticator,
) -> crate::world::Answer {
    let begun = person.post("/sign-in/passkey/options", &json!({})).await;
    assert_eq!(begun.status, 200, "{}", begun.text);
    let begun = begun.json();
    let credential = authenticator.get(&begun["options"]).to_string();
    let body = json!({ "ceremony": begun["ceremony"], "credential": credential });
    person.post("/sign-in/passkey", &body).await
}

#[tokio::test]
async fn changing_the_password_needs_the_one_in_force_and_a_wrong_one_counts() {
    let world = World::start().await;
    let school = world.school().await;
    let id = school.organization.id;
    world.secure(id, |draft| draft.failures = 3).await;
    let ada = world.member(&school.organization, "Ada Stone", Level::Viewer).await;
    ada.signs_in().await;
    let other = ada.elsewhere();
    other.signs_in().await;
    let change = |current: &str| json!({ "current": current, "password": OTHER });
    let wrong = ada.post("/account/password", &change("not it at all")).await;
    assert_eq!(wrong.refused(401, "wrong_credentials")["field"], "current");
    // The same password again is no change.
    let same = json!({ "current": PASSWORD, "password": PASSWORD });
    ada.post("/account/password", &same).await.refused(400, "invalid");
    let before = ada.cookies.lock().unwrap().clone();
    assert_eq!(ada.post("/account/password", &change(PASSWORD)).await.status, 200);
    assert_ne!(before, *ada.cookies.lock().unwrap(), "a new token");
    assert!(ada.is_in().await);
    assert!(!other.is_in().await, "everywhere else they are signed out");
    assert_eq!(ada.elsewhere().try_password(PASSWORD).await.status, 401);
    assert_eq!(ada.elsewhere().try_password(OTHER).await.status, 200);
    let subjects = ada.subjects().await.join("\n").to_lowercase();
    assert!(subjects.contains("password"), "{subjects}");
    for _ in 0..3 {
        ada.post("/account/password", &change("not it at all")).await;
    }
    ada.post("/account/password", &change(OTHER)).await.refused(429, "too_many_requests");
}

#[tokio::test]
async fn a_new_password_has_fifteen_characters_or_eight_beside_a_second_factor() {
    let world = World::start().await;
    let school = world.school().await;
    let ada = world.member(&school.organization, "Ada Stone", Level::Viewer).await;
    ada.signs_in().await;
    let long = "jx4vq82mwhs9ctk";
    let change = |current: &str, new: &str| json!({ "current": current, "password": new });
    let short = ada.post("/account/password", &change(PASSWORD, &long[..14])).await;
    assert_eq!(short.refused(400, "invalid")["field"], "password");
    assert_eq!(ada.post("/account/password", &change(PASSWORD, long)).await.status, 200);
    turn_on_codes(&ada).await;
    ada.post("/account/password", &change(long, "jx4vq82")).await.refused(400, "invalid");
    assert_eq!(ada.post("/account/password", &change(long, "jx4vq82m")).await.status, 200);
    let longest = "gravel otter violin plum ".repeat(6);
    let body = change("jx4vq82m", &longest[..129]);
    ada.post("/account/password", &body).await.refused(400, "invalid");
    let body = change("jx4vq82m", &longest[..128]);
    assert_eq!(ada.post("/account/password", &body).await.status, 200);
}

#[tokio::test]
async fn the_meter_says_how_hard_a_password_is_to_guess() {
    let world = World::start().await;
    let school = world.school().await;
    let nobody = world.person(&school.organization, "No Body");
    let weak = nobody.post("/account/meter", &json!({ "password": "password1" })).await.json();
    assert_eq!(weak["accepted"], false);
    assert!(weak["score"].as_u64().unwrap() <= 2);
    let good = nobody.post("/account/meter", &json!({ "password": PASSWORD })).await.json();
    assert_eq!(good["accepted"], true);
}

#[tokio::test]
async fn one_time_codes_are_asked_for_after_the_password_and_each_is_taken_once() {
    let world = World::start().await;
    let school = world.school().await;
    let ada = world.member(&school.organization, "Ada Stone", Level::Viewer).await;
    ada.signs_in().await;
    let page = ada.page("/account/codes").await;
    assert!(page.text.contains("<svg"), "there is a picture to scan");
    let (secret, recovery) = turn_on_codes(&ada).await;
    assert_eq!(recovery.len(), 10);
    world.advance("PT1M").await;

    let other = ada.elsewhere();
    let half = other.try_password(PASSWORD).await;
    assert_eq!(half.json()["waiting"], "factor");
    for path in ["/account", "/session", "/account/codes", "/account/password", "/manage"] {
        assert_eq!(other.get(path).await.status, 401, "half a sign-in opens {path}");
    }
    assert!(other.page("/sign-in/second").await.text.contains("one-time-code"));
    let before = other.cookies.lock().unwrap().clone();
    let wrong = other.post("/sign-in/second", &json!({ "code": "000000" })).await;
    wrong.refused(401, "wrong_credentials");
    let now = code(&world, &secret);
    assert_eq!(other.post("/sign-in/second", &json!({ "code": now })).await.status, 200);
    assert_ne!(before, *other.cookies.lock().unwrap(), "a new token after the second step");
    assert!(other.is_in().await);

    // The same code opens nothing a second time, and a step's worth later does.
    let third = ada.elsewhere();
    third.try_password(PASSWORD).await;
    third.post("/sign-in/second", &json!({ "code": now })).await.refused(401, "wrong_credentials");
    world.advance("PT30S").await;
    let next = code(&world, &secret);
    assert_eq!(third.post("/sign-in/second", &json!({ "code": next })).await.status, 200);

    // A recovery code stands in for the app, once, and the owner hears of it.
    let fourth = ada.elsewhere();
    fourth.try_password(PASSWORD).await;
    let used = json!({ "code": recovery[3] });
    assert_eq!(fourth.post("/sign-in/second", &used).await.status, 200);
    let fifth = ada.elsewhere();
    fifth.try_password(PASSWORD).await;
    fifth.post("/sign-in/second", &used).await.refused(401, "wrong_credentials");
    assert_eq!(fourth.get("/account").await.json()["recovery_codes_left"], 9);
    let subjects = ada.subjects().await.join("\n").to_lowercase();
    assert!(subjects.contains("recovery"), "{subjects}");
}

#[tokio::test]
async fn wrong_codes_lock_the_second_step_however_often_the_password_is_right() {
    let world = World::start().await;
    let school = world.school().await;
    let ada = world.member(&school.organization, "Ada Stone", Level::Viewer).await;
    ada.signs_in().await;
    let (secret, _) = turn_on_codes(&ada).await;
    world.secure(school.organization.id, |draft| draft.failures = 3).await;
    world.advance("PT1M").await;
    let thief = ada.elsewhere();
    for _ in 0..3 {
        thief.try_password(PASSWORD).await;
        thief.post("/sign-in/second", &json!({ "code": "000000" })).await;
    }
    let right = json!({ "code": code(&world, &secret) });
    let locked = thief.post("/sign-in/second", &right).await;
    assert!(matches!(locked.status, 401 | 429), "{}", locked.text);
    assert!(!thief.is_in().await);
}

#[tokio::test]
async fn success_after_a_lock_is_told_to_the_owner_once_the_second_step_is_done() {
    let world = World::start().await;
    let school = world.school().await;
    world.secure(school.organization.id, |draft| draft.failures = 3).await;
    let ada = world.member(&school.organization, "Ada Stone", Level::Viewer).await;
    ada.signs_in().await;
    let (secret, _) = turn_on_codes(&ada).await;
    let other = ada.elsewhere();
    for _ in 0..3 {
        other.try_password("not it at all").await;
    }
    world.advance("PT16M").await;
    let before = ada.subjects().await.len();
    assert_eq!(other.try_password(PASSWORD).await.json()["waiting"], "factor");
    assert_eq!(ada.subjects().await.len(), before, "half is not in");
    let shown = code(&world, &secret);
    assert_eq!(other.post("/sign-in/second", &json!({ "code": shown })).await.status, 200);
    assert_eq!(ada.subjects().await.len(), before + 1);
}

#[tokio::test]
async fn a_reset_does_not_stand_in_for_the_second_factor() {
    let world = World::start().await;
    let school = world.school().await;
    let ada = world.member(&school.organization, "Ada Stone", Level::Viewer).await;
    ada.signs_in().await;
    turn_on_codes(&ada).await;
    let thief = ada.elsewhere();
    thief.post("/reset", &json!({ "username": ada.username })).await;
    let link = ada.mailed_link("/reset/").await;
    assert_eq!(thief.post(&link, &json!({ "password": OTHER })).await.status, 200);
    assert!(!thief.is_in().await, "a reset signs nobody in");
    assert_eq!(thief.try_password(OTHER).await.json()["waiting"], "factor");
    assert!(!thief.is_in().await);
}

#[tokio::test]
async fn who_must_have_a_second_factor_reaches_nothing_else_before_it_is_set_up() {
    let world = World::start().await;
    let school = world.school().await;
    let id = school.organization.id;
    let ada = world.member(&school.organization, "Ada Stone", Level::Administrator).await;
    let vera = world.member(&school.organization, "Vera Low", Level::Viewer).await;
    world.secure(id, |draft| draft.factor_from = Some(Level::EventAdministrator)).await;
    vera.signs_in().await;
    let half = ada.try_password(PASSWORD).await;
    assert_eq!(half.json()["waiting"], "new_factor");
    for path in ["/account", "/manage", "/account/password", "/session"] {
        assert_eq!(ada.get(path).await.status, 401, "{path}");
    }
    turn_on_codes(&ada).await;
    assert!(ada.is_in().await);
    // And the last one stays.
    ada.post("/account/codes/remove", &json!({})).await.refused(409, "conflict");
    let mut records = world.attempts(id).await;
    records.dedup();
    assert_eq!(records, ["half", "right"]);
}

#[tokio::test]
async fn a_password_too_old_for_the_organization_reaches_only_the_page_to_change_it() {
    let world = World::start().await;
    let school = world.school().await;
    let id = school.organization.id;
    let ada = world.member(&school.organization, "Ada Stone", Level::Viewer).await;
    // Nobody is asked for a change by default, however old the password is.
    world.advance("P3650D").await;
    ada.elsewhere().signs_in().await;
    world.secure(id, |draft| draft.password_days = 90).await;
    let half = ada.try_password(PASSWORD).await;
    assert_eq!(half.json()["waiting"], "new_password");
    for path in ["/account", "/manage", "/account/codes", "/session"] {
        assert_eq!(ada.get(path).await.status, 401, "{path}");
    }
    assert_eq!(ada.page("/account/password").await.status, 200);
    let change = json!({ "current": PASSWORD, "password": OTHER });
    let changed = ada.post("/account/password", &change).await;
    assert_eq!((changed.status, &changed.json()["waiting"]), (200, &Value::Null));
    assert!(ada.is_in().await);
    world.advance("P89D").await;
    assert_eq!(ada.try_password(OTHER).await.json()["waiting"], Value::Null);
    world.advance("P1D").await;
    assert_eq!(ada.try_password(OTHER).await.json()["waiting"], "new_password");
}

#[tokio::test]
async fn a_passkey_is_a_second_step_and_the_only_one() {
    let world = World::start().await;
    let school = world.school().await;
    let ada = world.member(&school.organization, "Ada Stone", Level::Viewer).await;
    ada.signs_in().await;
    let mut telephone = Authenticator::new(world.cloud.address());
    let added = add_passkey(&ada, &mut telephone).await;
    assert_eq!(added["recovery_codes"].as_array().unwrap().len(), 10);

    let other = ada.elsewhere();
    assert_eq!(other.try_password(PASSWORD).await.json()["waiting"], "factor");
    let answer = answer_passkey(&other, &mut telephone).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(other.is_in().await);

    let third = ada.elsewhere();
    let answer = answer_passkey(&third, &mut telephone).await;
    assert_eq!((answer.status, &answer.json()["waiting"]), (200, &Value::Null));
    assert!(third.is_in().await);

    // Somebody else's telephone opens nothing.
    let mut stranger = Authenticator::new(world.cloud.address());
    let fourth = ada.elsewhere();
    let answer = answer_passkey(&fourth, &mut stranger).await;
    answer.refused(401, "wrong_credentials");

    let account = third.get("/account").await.json();
    let id = account["passkeys"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(account["passkeys"][0]["name"], "Telephone");
    let removed = third.post(&format!("/account/passkeys/{id}/remove"), &json!({})).await;
    assert_eq!(removed.status, 200, "{}", removed.text);
    answer_passkey(&ada.elsewhere(), &mut telephone).await.refused(401, "wrong_credentials");
}

#[tokio::test]
async fn changing_how_one_signs_in_needs_a_proof_that_is_not_older_than_ten_minutes() {
    let world = World::start().await;
    let school = world.school().await;
    let ada = world.member(&school.organization, "Ada Stone", Level::Viewer).await;
    ada.signs_in().await;
    turn_on_codes(&ada).await;
    world.advance("PT10M").await;
    for (path, body) in [
        ("/account/codes/remove", json!({})),
        ("/account/recovery", json!({})),
        ("/account/passkeys/options", json!({})),
        ("/account/email", json!({ "email": "new@example.org" })),
    ] {
        ada.post(path, &body).await.refused(403, "confirm_needed");
    }
    let page = ada.page("/account/codes").await;
    assert_eq!(page.status, 303);
    assert!(page.header("location").starts_with("/north-school/account/confirm?next="));
    let token = ada.form_token("/account/confirm").await;
    let wrong = ada.submit("/account/confirm", &[("form_token", &token), ("password", "no")]).await;
    assert_eq!(wrong.status, 401);
    let before = ada.cookies.lock().unwrap().clone();
    let fields = [
        ("form_token", token.as_str()),
        ("password", PASSWORD),
        ("next", "/north-school/account/codes"),
    ];
    let right = ada.submit("/account/confirm", &fields).await;
    assert_eq!(right.header("location"), "/north-school/account/codes");
    assert_ne!(before, *ada.cookies.lock().unwrap(), "a new token");
    assert_eq!(ada.post("/account/recovery", &json!({})).await.status, 200);
    assert_eq!(ada.post("/account/codes/remove", &json!({})).await.status, 200);
    let subjects = ada.subjects().await;
    assert!(subjects.len() >= 3, "each change is told: {subjects:?}");
}

#[tokio::test]
async fn another_address_holds_once_its_link_is_opened_and_both_addresses_hear_of_it() {
    let world = World::start().await;
    let school = world.school().await;
    let ada = world.member(&school.organization, "Ada Stone", Level::Viewer).await;
    ada.signs_in().await;
    let new = "ada.new@example.org";
    let asked = ada.post("/account/email", &json!({ "email": new })).await;
    assert_eq!(asked.status, 202, "{}", asked.text);
    assert_eq!(ada.get("/account").await.json()["email"], ada.email.as_str());
    let mut reader = ada.elsewhere();
    reader.email = new.to_owned();
    let link = reader.mailed_link("/account/email/").await;
    assert!(reader.page(&link).await.text.contains(new));
    assert_eq!(reader.post(&link, &json!({})).await.status, 200);
    assert_eq!(reader.post(&link, &json!({})).await.status, 404);
    assert!(!ada.is_in().await, "whoever was in is out");
    ada.signs_in().await;
    assert_eq!(ada.get("/account").await.json()["email"], new);
    assert!(!ada.subjects().await.is_empty(), "the former address hears of it");
    assert!(reader.subjects().await.len() >= 2, "and the new one");
}

#[tokio::test]
async fn somebody_sees_where_they_are_signed_in_and_ends_it_there() {
    let world = World::start().await;
    let school = world.school().await;
    let ada = world.member(&school.organization, "Ada Stone", Level::Viewer).await;
    let devices: Vec<_> = (0..3).map(|_| ada.elsewhere()).collect();
    for device in &devices {
        device.signs_in().await;
    }
    let account = devices[0].get("/account").await.json();
    let sessions = account["sessions"].as_array().unwrap().clone();
    assert_eq!(sessions.len(), 3);
    assert_eq!(sessions[0]["browser"], "Firefox on Windows");
    assert_eq!(sessions.iter().filter(|session| session["this"] == true).count(), 1);
    let page = devices[0].page("/account").await;
    assert!(page.text.contains("End all others"), "{}", page.text);

    let other = sessions.iter().find(|session| session["this"] == false).unwrap();
    let id = other["id"].as_str().unwrap();
    let ended = devices[0].post(&format!("/account/sessions/{id}/end"), &json!({})).await;
    assert_eq!(ended.status, 200);
    let mut still = 0;
    for device in &devices {
        still += usize::from(device.is_in().await);
    }
    assert_eq!(still, 2);
    assert_eq!(devices[0].post("/account/sessions/end", &json!({})).await.status, 200);
    assert!(devices[0].is_in().await);
    assert!(!devices[1].is_in().await && !devices[2].is_in().await);
    // Nobody ends another person's sessions.
    let ben = world.member(&school.organization, "Ben Marsh", Level::Viewer).await;
    ben.signs_in().await;
    let mine = devices[0].get("/account").await.json()["sessions"][0]["id"].clone();
    let path = format!("/account/sessions/{}/end", mine.as_str().unwrap());
    ben.post(&path, &json!({})).await;
    assert!(devices[0].is_in().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_session_that_the_former_password_opened_outlives_its_change() {
    let world = World::start().await;
    let clinic = world.clinic().await;
    // A participant is known once their address is proven.
    let visitor = world.visitor("Maria Lopez");
    let slot = world.slot(&clinic, 0).await;
    assert_eq!(visitor.book(&clinic, &slot).await.status, 202);
    let link = visitor.mailed_link("/confirm/").await;
    assert_eq!(world.post(&world.url(&link), &json!({})).await.status, 200);
    let email = "maria.lopez@example.org";
    let keys = world.keys(clinic.organization.id).await;
    let own = Subject::Participant(keys.person(&EmailAddress::parse(email).unwrap()));
    world.set_password(clinic.organization.id, own, PASSWORD).await;
    let maria =
        Person { username: email.into(), ..world.person(&clinic.organization, "Maria Lopez") };
    maria.signs_in().await;
    // At the very moment at which she changes it, somebody who knows it signs in.
    let others: Vec<_> = (0..6).map(|_| maria.elsewhere()).collect();
    let signing_in = futures::future::join_all(others.iter().map(|one| one.try_password(PASSWORD)));
    let body = json!({ "current": PASSWORD, "password": OTHER });
    let (changed, _) = tokio::join!(maria.post("/account/password", &body), signing_in);
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert!(maria.is_in().await, "her own session stays");
    for other in &others {
        assert!(other.cookies.lock().unwrap().is_empty() || !other.is_in().await);
    }
    world.cloud.stop().await;
}
