//! Signing in: one answer to whoever is not let in, locks that shut out
//! strangers and not owners, second steps, links, resets and sessions' ends.

use futures::future::join_all;
use serde_json::{Value, json};
use shared::identity::access::Level;
use shared::identity::member::State;

use crate::people::{OTHER, PASSWORD};
use crate::takeover::cleo;
use crate::world::{Answer, World};

/// What an answer tells to who only looks at it: all but the date.
fn told(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        .filter(|(name, _)| name.as_str() != "date")
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    (answer.status, headers, answer.text.clone())
}

#[tokio::test]
async fn a_member_signs_in_and_out_and_the_cookie_is_worth_nothing_afterwards() {
    let world = World::start().await;
    let school = world.school().await;
    let ada = world.member(&school.organization, "Ada Stone", Level::Administrator).await;
    let token = ada.page("/sign-in").await;
    assert_eq!(token.status, 200);
    let answer = ada
        .submit("/sign-in", &[("username", "Ada.STONE"), ("password", PASSWORD), ("next", "")])
        .await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    assert_eq!(answer.header("location"), "/north-school/manage");
    assert!(ada.is_in().await);
    let stolen = ada.elsewhere();
    *stolen.cookies.lock().unwrap() = ada.cookies.lock().unwrap().clone();

    let form_token = ada.form_token("/account").await;
    let out = ada.submit("/sign-out", &[("form_token", &form_token)]).await;
    assert_eq!((out.status, out.header("location")), (303, "/north-school/sign-in?done=out"));
    assert!(ada.page("/sign-in?done=out").await.text.contains("You are signed out."));
    for path in ["/session", "/account", "/account/codes", "/account/password", "/manage"] {
        assert_eq!(stolen.get(path).await.status, 401, "{path}");
    }
    assert_eq!(world.attempts(school.organization.id).await, ["right"]);
    for record in world.records(school.organization.id).await {
        assert!(record.network.is_some() && record.request.is_some(), "{record:?}");
    }
}

#[tokio::test]
async fn the_session_cookie_is_for_this_host_alone_and_its_token_stands_nowhere_else() {
    let world = World::start().await;
    let school = world.school().await;
    let ada = world.member(&school.organization, "Ada Stone", Level::Administrator).await;
    let answer = ada.try_password(PASSWORD).await;
    let cookies: Vec<_> =
        answer.headers.get_all("set-cookie").iter().map(|it| it.to_str().unwrap()).collect();
    assert_eq!(cookies.len(), 2, "{cookies:?}");
    for cookie in &cookies {
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
        assert!(cookie.contains("Path=/"), "{cookie}");
    }
    let jar = ada.cookies.lock().unwrap().clone();
    let (_, token) = jar.iter().find(|(name, _)| name.contains("session")).unwrap();
    // Whose it is stands in front; the secret is 128 bits.
    assert_eq!(token.len(), 27 + 26);
    assert!(!answer.text.contains(&token[27..]));
    let account = ada.get("/account").await;
    assert_eq!(account.status, 200);
    assert!(!account.text.contains(&token[27..]));
}

#[tokio::test]
async fn unknown_wrong_locked_disabled_and_invited_get_one_answer_to_the_byte() {
    let world = World::start().await;
    let school = world.school().await;
    let organization = &school.organization;
    world.secure(organization.id, |draft| draft.failures = 3).await;
    let wrong = world.member(organization, "Wrong Guess", Level::Viewer).await;
    let locked = world.member(organization, "Locked Out", Level::Viewer).await;
    for _ in 0..3 {
        locked.elsewhere().try_password("not it at all").await;
    }
    let disabled = world.listed(organization, "Gone Away", Level::Viewer, State::Disabled).await;
    world.set_password(organization.id, disabled.subject(), PASSWORD).await;
    let invited = world.listed(organization, "Not Yet", Level::Viewer, State::Invited).await;
    let unknown = world.person(organization, "No Body");

    let answers = join_all([
        wrong.try_password("not it at all"),
        // The right password, at those who may not come in with it.
        locked.try_password(PASSWORD),
        disabled.try_password(PASSWORD),
        invited.try_password(PASSWORD),
        unknown.try_password(PASSWORD),
    ])
    .await;
    answers[0].refused(401, "wrong_credentials");
    for answer in &answers {
        assert_eq!(told(answer), told(&answers[0]));
    }

    // The page says the same too, with the username as it was typed.
    let mut pages = Vec::new();
    for person in [&wrong, &locked, &disabled, &invited, &unknown] {
        let fields = [("username", person.username.as_str()), ("password", "not it at all")];
        let answer = person.submit("/sign-in", &fields).await;
        assert!(answer.text.contains(&format!("value=\"{}\"", person.username)));
        assert!(!answer.text.contains("not it at all"));
        let (status, mut headers, text) = told(&answer);
        headers.retain(|(name, _)| name != "content-length");
        pages.push((status, headers, text.replace(&person.username, "somebody")));
    }
    assert!(pages.iter().all(|page| *page == pages[0]));
    let mut results = world.attempts(organization.id).await;
    results.dedup();
    assert_eq!(results, ["disabled", "locked", "unknown", "wrong"]);
}

#[tokio::test]
async fn every_failure_is_answered_no_sooner_than_the_chosen_time() {
    let world = World::start().await;
    let school = world.school().await;
    let began = std::time::Instant::now();
    let nobody = world.person(&school.organization, "No Body");
    nobody.try_password("not it at all").await.refused(401, "wrong_credentials");
    assert!(began.elapsed() >= std::time::Duration::from_millis(400));
}

#[tokio::test]
async fn so_many_failures_lock_one_fewer_do_not_and_success_forgets_them() {
    let world = World::start().await;
    let school = world.school().await;
    let id = school.organization.id;
    world.secure(id, |draft| draft.failures = 3).await;
    let ada = world.member(&school.organization, "Ada Stone", Level::Viewer).await;
    for _ in 0..2 {
        for _ in 0..2 {
            assert_eq!(ada.elsewhere().try_password("not it at all").await.status, 401);
        }
        ada.elsewhere().signs_in().await;
    }
    for _ in 0..3 {
        assert_eq!(ada.elsewhere().try_password("not it at all").await.status, 401);
    }
    assert_eq!(ada.elsewhere().try_password(PASSWORD).await.status, 401);
    // Fifteen minutes later the lock is over; the next one is twice as long.
    world.advance("PT14M").await;
    assert_eq!(ada.elsewhere().try_password(PASSWORD).await.status, 401);
    world.advance("PT1M").await;
    for _ in 0..3 {
        assert_eq!(ada.elsewhere().try_password("not it at all").await.status, 401);
    }
    world.advance("PT29M").await;
    assert_eq!(ada.elsewhere().try_password(PASSWORD).await.status, 401);
    world.advance("PT1M").await;
    ada.elsewhere().signs_in().await;
    let subjects = ada.subjects().await.join("\n").to_lowercase();
    assert!(subjects.contains("lock"), "the owner hears of the lock: {subjects}");
}

#[tokio::test]
async fn strangers_lock_each_other_out_and_never_the_owner_s_own_device() {
    let world = World::start().await;
    let school = world.school().await;
    world.secure(school.organization.id, |draft| draft.failures = 3).await;
    let ada = world.member(&school.organization, "Ada Stone", Level::Viewer).await;
    ada.signs_in().await;
    for _ in 0..4 {
        ada.elsewhere().try_password("not it at all").await;
    }
    assert_eq!(ada.elsewhere().try_password(PASSWORD).await.status, 401);
    ada.signs_in().await;
    // And a forgotten password can be replaced while the lock is on.
    let answer = ada.post("/reset", &json!({ "username": ada.username })).await;
    assert_eq!(answer.status, 202);
    let link = ada.mailed_link("/reset/").await;
    assert_eq!(ada.post(&link, &json!({ "password": OTHER })).await.status, 200);
    assert_eq!(ada.elsewhere().try_password(OTHER).await.status, 200);
}

#[tokio::test]
async fn of_two_hundred_guesses_at_once_no_more_are_compared_than_may_fail() {
    let world = World::start().await;
    let school = world.school().await;
    let id = school.organization.id;
    world.secure(id, |draft| draft.failures = 5).await;
    let ada = world.member(&school.organization, "Ada Stone", Level::Viewer).await;
    let strangers: Vec<_> = (0..200).map(|_| ada.elsewhere()).collect();
    let answers = join_all(strangers.iter().map(|it| it.try_password("not it at all"))).await;
    let answered = |status| answers.iter().filter(|answer| answer.status == status).count();
    // A machine that is busy with other things may be too slow for some of them.
    assert_eq!(answered(401) + answered(429) + answered(503), 200);
    // A guess that was compared with the stored hash is on record as wrong.
    let results = world.attempts(id).await;
    let attempts = results.len();
    assert!((200 - answered(503)..=200).contains(&attempts), "each answer has its record");
    let compared = results.iter().filter(|result| **result == "wrong").count();
    assert!((1..=5).contains(&compared), "{compared} were compared");
}

#[tokio::test]
async fn one_password_at_a_thousand_usernames_is_throttled_and_locks_nobody() {
    let world = World::start().await;
    let school = world.school().await;
    let id = school.organization.id;
    let ada = world.member(&school.organization, "Ada Stone", Level::Viewer).await;
    let mut statuses = Vec::new();
    for round in 0..20 {
        let people: Vec<_> = (0..50)
            .map(|number| world.person(&school.organization, &format!("user{round}x{number}")))
            .collect();
        let answers = join_all(people.iter().map(|person| person.try_password(PASSWORD))).await;
        statuses.extend(answers.iter().map(|answer| answer.status));
        if let Some(answer) = answers.iter().find(|answer| answer.status == 429) {
            assert!(answer.header("retry-after").parse::<u32>().unwrap() > 0);
        }
    }
    let throttled = statuses.iter().filter(|status| **status == 429).count();
    assert!(throttled >= 400, "{throttled} of {} were throttled", statuses.len());
    assert!(!world.attempts(id).await.contains(&"locked"));
    world.advance("PT1H").await;
    ada.signs_in().await;
}

#[tokio::test]
async fn success_after_several_failures_is_told_to_the_owner() {
    let world = World::start().await;
    let school = world.school().await;
    let ada = world.member(&school.organization, "Ada Stone", Level::Viewer).await;
    for _ in 0..3 {
        ada.try_password("not it at all").await;
    }
    ada.signs_in().await;
    assert_eq!(ada.subjects().await.len(), 1);
}

#[tokio::test]
async fn a_password_is_compared_whole_letter_by_letter() {
    let world = World::start().await;
    let school = world.school().await;
    let ada = world.listed(&school.organization, "Ada Stone", Level::Viewer, State::Active).await;
    let long = "gravel otter violin plum ".repeat(6);
    let long = &long[..128];
    world.set_password(school.organization.id, ada.subject(), long).await;
    for wrong in [
        &long[..127],
        &long.to_uppercase(),
        &format!("{long} "),
        &format!("{}x{}", &long[..64], &long[65..]),
    ] {
        assert_eq!(ada.try_password(wrong).await.status, 401, "{wrong}");
    }
    assert_eq!(ada.try_password(long).await.status, 200);
}

#[tokio::test]
async fn when_an_attempt_cannot_be_recorded_nobody_comes_in() {
    let world = World::with_faults(7).await;
    let school = world.school().await;
    let ada = world.member(&school.organization, "Ada Stone", Level::Viewer).await;
    world.cloud.faults().inject(true);
    let mut outcomes = std::collections::BTreeMap::<u16, usize>::new();
    for round in 0..40 {
        let person = ada.elsewhere();
        let password = if round % 2 == 0 { PASSWORD } else { "not it at all" };
        *outcomes.entry(person.try_password(password).await.status).or_default() += 1;
    }
    world.cloud.faults().inject(false);
    assert!(outcomes.keys().all(|status| [200, 401, 429, 503].contains(status)), "{outcomes:?}");
    // Whoever was answered has a record; one whose answer was lost may have one.
    let records = world.attempts(school.organization.id).await;
    let count = |word| records.iter().filter(|result| **result == word).count();
    assert!(count("right") >= outcomes.get(&200).copied().unwrap_or(0), "{outcomes:?} {records:?}");
    let refused = count("wrong") + count("locked");
    assert!(refused >= outcomes.get(&401).copied().unwrap_or(0), "{outcomes:?} {records:?}");
}

#[tokio::test]
async fn a_session_ends_by_the_clock_and_asking_how_long_does_not_extend_it() {
    let world = World::start().await;
    let school = world.school().await;
    let ada = world.member(&school.organization, "Ada Stone", Level::Viewer).await;
    ada.signs_in().await;
    // The clock of the test runs on while it works, so it says about how long.
    let left = |answer: Answer| answer.json()["seconds_left"].as_i64().unwrap();
    world.advance("PT13M").await;
    assert!((90..=120).contains(&left(ada.get("/session").await)));
    world.advance("PT1M").await;
    assert!((30..=60).contains(&left(ada.get("/session").await)));
    assert!((880..=900).contains(&left(ada.post("/session", &json!({})).await)));
    world.advance("PT14M").await;
    assert_eq!(ada.get("/account").await.status, 200);
    world.advance("PT15M").await;
    assert_eq!(ada.get("/account").await.status, 401);
    // A browser is led to sign in, and back.
    let page = ada.page("/account").await;
    assert_eq!(page.status, 303);
    assert_eq!(page.header("location"), "/north-school/sign-in?next=%2Fnorth-school%2Faccount");
    let form = ada.page("/sign-in?next=%2Fnorth-school%2Faccount").await;
    assert!(form.text.contains("name=\"next\" value=\"/north-school/account\""));
    // Nobody stays longer than twelve hours, however busy.
    ada.signs_in().await;
    for _ in 0..72 {
        world.advance("PT10M").await;
        ada.get("/account").await;
    }
    assert!(!ada.is_in().await);
}

#[tokio::test]
async fn signing_in_leads_to_pages_of_the_organization_and_nowhere_else() {
    let world = World::start().await;
    let school = world.school().await;
    let ada = world.member(&school.organization, "Ada Stone", Level::Viewer).await;
    for (next, leads) in [
        ("/north-school/account", "/north-school/account"),
        ("https://evil.example/", "/north-school/manage"),
        ("//evil.example", "/north-school/manage"),
        ("/north-school/bookings/0123", "/north-school/manage"),
    ] {
        let fields = [("username", "ada.stone"), ("password", PASSWORD), ("next", next)];
        let answer = ada.submit("/sign-in", &fields).await;
        assert_eq!(answer.header("location"), leads, "{next}");
    }
}

#[tokio::test]
async fn signing_in_gives_a_new_token_whatever_the_browser_had() {
    let world = World::start().await;
    let school = world.school().await;
    let ada = world.member(&school.organization, "Ada Stone", Level::Viewer).await;
    ada.signs_in().await;
    let before = ada.elsewhere();
    *before.cookies.lock().unwrap() = ada.cookies.lock().unwrap().clone();
    ada.signs_in().await;
    assert_ne!(*before.cookies.lock().unwrap(), *ada.cookies.lock().unwrap());
    assert!(!before.is_in().await, "the former session is over");
    assert!(ada.is_in().await);
}

#[tokio::test]
async fn another_site_cannot_sign_anybody_in_or_out() {
    let world = World::start().await;
    let school = world.school().await;
    let ada = world.member(&school.organization, "Ada Stone", Level::Viewer).await;
    ada.signs_in().await;
    for path in ["/sign-in", "/sign-out", "/account/sessions/end"] {
        let url = world.url(&format!("{}{path}", ada.path));
        let request = world
            .client
            .post(url)
            .header("sec-fetch-site", "cross-site")
            .header("content-type", "application/x-www-form-urlencoded")
            .body("username=ada.stone&password=x");
        let answer = Answer::of(request.send().await.unwrap()).await;
        answer.refused(403, "forbidden");
    }
    // A form without the token of the session's own pages is none of them.
    let answer = ada.submit("/account/sessions/end", &[]).await;
    assert_eq!(answer.status, 403);
    let answer = ada.submit("/account/sessions/end", &[("form_token", "x")]).await;
    assert_eq!(answer.status, 403);
}

#[tokio::test]
async fn requests_with_fields_that_nobody_may_set_are_refused() {
    let world = World::start().await;
    let school = world.school().await;
    let ada = world.member(&school.organization, "Ada Stone", Level::Viewer).await;
    for extra in ["organization", "level", "role", "email_verified", "waiting", "subject"] {
        let mut body = json!({ "username": ada.username, "password": PASSWORD });
        body[extra] = Value::from("administrator");
        ada.post("/sign-in", &body).await.refused(400, "invalid");
    }
    assert!(!ada.is_in().await);
}

// ------------------------------------------------------------------- resets

#[tokio::test]
async fn a_reset_is_answered_alike_for_known_and_unknown_and_works_once_within_the_hour() {
    let world = World::start().await;
    let school = world.school().await;
    let ada = world.member(&school.organization, "Ada Stone", Level::Viewer).await;
    ada.signs_in().await;
    let nobody = world.person(&school.organization, "No Body");
    let ask = |name: String| json!({ "username": name });
    let known = nobody.post("/reset", &ask(ada.username.clone())).await;
    let unknown = nobody.post("/reset", &ask(nobody.username.clone())).await;
    assert_eq!(told(&known), told(&unknown));
    assert_eq!(world.mails(&nobody.email).await.len(), 0);

    let first = ada.mailed_link("/reset/").await;
    nobody.post("/reset", &ask(ada.username.clone())).await;
    let second = ada.mailed_link("/reset/").await;
    assert_ne!(first, second);
    let choose = json!({ "password": OTHER });
    nobody.post(&first, &choose).await.refused(404, "not_found");
    // A bad choice spends nothing; a look neither.
    let weak = nobody.post(&second, &json!({ "password": "short" })).await;
    weak.refused(400, "invalid");
    assert!(nobody.page(&second).await.text.contains("autocomplete=\"new-password\""));
    assert_eq!(nobody.post(&second, &choose).await.status, 200);
    nobody.post(&second, &choose).await.refused(404, "not_found");
    assert!(!ada.is_in().await, "whoever was in with the old password is out");
    assert_eq!(ada.try_password(PASSWORD).await.status, 401);
    assert_eq!(ada.try_password(OTHER).await.status, 200);

    nobody.post("/reset", &ask(ada.username.clone())).await;
    let late = ada.mailed_link("/reset/").await;
    world.advance("PT1H").await;
    nobody.post(&late, &choose).await.refused(404, "not_found");
}

#[tokio::test]
async fn one_address_gets_five_links_an_hour_and_the_asker_cannot_tell() {
    let world = World::start().await;
    let school = world.school().await;
    let ada = world.member(&school.organization, "Ada Stone", Level::Viewer).await;
    let mut told_each = Vec::new();
    for _ in 0..8 {
        let answer = ada.elsewhere().post("/reset", &json!({ "username": ada.username })).await;
        told_each.push(told(&answer));
    }
    assert!(told_each.iter().all(|answer| *answer == told_each[0]));
    assert!(world.mails(&ada.email).await.len() <= 5);
}

// -------------------------------------------------------------- invitations

#[tokio::test]
async fn whoever_is_invited_chooses_a_password_and_is_in() {
    let world = World::start().await;
    let school = world.school().await;
    let organization = &school.organization;
    let ben = world.listed(organization, "Ben Marsh", Level::Maker, State::Invited).await;
    let keys = world.keys(organization.id).await;
    let writes = shared::notice::owed::link(
        world.service(),
        organization.id,
        &keys,
        ben.subject(),
        shared::notice::News::Invitation,
        None,
        world.now(),
    );
    assert!(world.commit(writes.unwrap().into()).await);
    let link = ben.mailed_link("/invitation/").await;
    let page = ben.page(&link).await;
    assert!(page.text.contains("Ben Marsh") && page.text.contains("ben.marsh"), "{}", page.text);
    // The person's own name is no password.
    let weak = ben.submit(&link, &[("password", "benmarsh ben marsh")]).await;
    assert_eq!(weak.status, 400);
    assert!(weak.text.contains("your own name"), "{}", weak.text);
    let joined = ben.submit(&link, &[("password", PASSWORD)]).await;
    assert_eq!((joined.status, joined.header("location")), (303, "/north-school/manage"));
    assert!(ben.is_in().await);
    assert_eq!(ben.post(&link, &json!({ "password": OTHER })).await.status, 404);
    ben.elsewhere().signs_in().await;
}

// ---------------------------------------------------------------- mailed links

#[tokio::test]
async fn a_participant_comes_in_with_a_mailed_link_that_works_once() {
    let world = World::start().await;
    let school = world.school().await;
    let slot = world.slot(&school, 0).await;
    world.visitor("Cleo Parent").books(&school, &slot).await;
    let cleo = world.person(&school.organization, "Cleo Parent");
    let stranger = world.person(&school.organization, "Some Stranger");
    let known = cleo.post("/sign-in/link", &json!({ "email": cleo.email })).await;
    let unknown = stranger.post("/sign-in/link", &json!({ "email": stranger.email })).await;
    assert_eq!(told(&known), told(&unknown));
    assert_eq!(known.status, 202);
    assert_eq!(world.mails(&stranger.email).await.len(), 0);

    let link = cleo.mailed_link("/sign-in/").await;
    // Programs that check mails look, and spend nothing.
    for _ in 0..2 {
        assert!(cleo.page(&link).await.text.contains("Show my appointments"));
    }
    let answer = cleo.submit(&link, &[]).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/north-school/bookings"));
    assert!(cleo.is_in().await);
    assert_eq!(stranger.post(&link, &json!({})).await.status, 404);
    // A participant is nobody on the team's pages.
    assert!(matches!(cleo.get("/manage").await.status, 401 | 403 | 404));
    assert_eq!(cleo.get("/account").await.json()["email"], cleo.email.as_str());

    cleo.post("/sign-in/link", &json!({ "email": cleo.email })).await;
    let late = cleo.mailed_link("/sign-in/").await;
    world.advance("PT10M").await;
    assert_eq!(cleo.elsewhere().post(&late, &json!({})).await.status, 404);
}

#[tokio::test]
async fn a_participant_may_set_a_password_and_sign_in_with_the_address() {
    let world = World::start().await;
    let school = world.school().await;
    let slot = world.slot(&school, 0).await;
    world.visitor("Cleo Parent").books(&school, &slot).await;
    let cleo = world.person(&school.organization, "Cleo Parent");
    cleo.post("/sign-in/link", &json!({ "email": cleo.email })).await;
    let link = cleo.mailed_link("/sign-in/").await;
    cleo.submit(&link, &[]).await;
    let set = cleo.post("/account/password", &json!({ "password": PASSWORD })).await;
    assert_eq!(set.status, 200, "{}", set.text);
    let body = json!({ "username": cleo.email, "password": PASSWORD });
    let elsewhere = cleo.elsewhere();
    let answer = elsewhere.post("/sign-in", &body).await;
    assert_eq!((answer.status, &answer.json()["kind"]), (200, &json!("participant")));
    assert_eq!(elsewhere.get("/account").await.json()["password"], true);
}

#[tokio::test]
async fn who_came_by_a_link_long_ago_and_changes_how_they_sign_in_can_have_another_mailed_there() {
    let world = World::start().await;
    let school = world.school().await;
    let (cleo, _) = cleo(&world, &school).await;
    world.advance("PT11M").await;
    let page = cleo.page("/account/confirm").await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains("action=\"/north-school/sign-in/link\""), "{}", page.text);
    assert!(page.text.contains(&format!("value=\"{}\"", cleo.email)), "{}", page.text);
    let sent = cleo.submit("/sign-in/link", &[("email", &cleo.email)]).await;
    assert!(sent.text.contains("a link is on its way"), "{}", sent.text);
    let link = cleo.mailed_link("/sign-in/").await;
    cleo.submit(&link, &[]).await;
    let set = cleo.post("/account/password", &json!({ "password": PASSWORD })).await;
    assert_eq!(set.status, 200, "{}", set.text);
}

// ------------------------------------------------------------------ emergency

#[tokio::test]
async fn the_emergency_code_opens_once_for_an_hour_and_everybody_hears_of_it() {
    let world = World::start().await;
    let school = world.school().await;
    let organization = &school.organization;
    let ada = world.member(organization, "Ada Stone", Level::Administrator).await;
    let ben = world.member(organization, "Ben Marsh", Level::Administrator).await;
    let viewer = world.member(organization, "Vera Low", Level::Viewer).await;
    let keys = world.keys(organization.id).await;
    let (code, write) = shared::identity::emergency::make(
        world.service(),
        organization.id,
        &keys,
        ada.id.unwrap(),
        world.now(),
    )
    .await
    .unwrap();
    assert!(world.commit(vec![write]).await);

    let nurse = world.person(organization, "Night Nurse");
    let use_it = |code: &str| json!({ "code": code, "reason": "Nobody can be reached." });
    let wrong = nurse.post("/emergency", &use_it("0000-0000-0000-0000-0000-0000-0000-0000")).await;
    wrong.refused(401, "wrong_credentials");
    let reasonless = nurse.post("/emergency", &json!({ "code": code.text() })).await;
    reasonless.refused(400, "invalid");
    let opened = nurse.post("/emergency", &use_it(&code.text().to_uppercase())).await;
    assert_eq!((opened.status, &opened.json()["kind"]), (200, &json!("emergency")));
    assert!(nurse.is_in().await);
    let again = nurse.elsewhere().post("/emergency", &use_it(code.text())).await;
    again.refused(401, "wrong_credentials");
    // Nothing of an account is theirs.
    nurse.get("/account").await.refused(403, "not_allowed");
    for administrator in [&ada, &ben] {
        assert_eq!(administrator.subjects().await.len(), 1);
    }
    assert_eq!(viewer.subjects().await.len(), 0);
    let reviews =
        shared::identity::emergency::reviews(world.service(), organization.id, &keys).await;
    let reviews = reviews.unwrap();
    assert_eq!(reviews.len(), 1);
    assert_eq!(reviews[0].reason.expose(), "Nobody can be reached.");
    assert_eq!(reviews[0].signed, None);
    for _ in 0..5 {
        world.advance("PT12M").await;
        nurse.get("/manage").await;
    }
    assert!(!nurse.is_in().await, "an hour is over");
}
