//! What the audit trail holds of attempts, and of what somebody may not do.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shared::audit::{About, Action as Deed, Actor, Factor, Outcome, Record};
use shared::identity::Subject;
use shared::identity::access::{Coverage, Level};
use shared::ids::{EmergencyId, EventId};

use crate::identity::scene::House;
use crate::people::PASSWORD;
use crate::personas::Persona;
use crate::world::World;

fn attempts(records: &[Record]) -> Vec<&Record> {
    records.iter().filter(|record| record.action == Deed::SignIn).collect()
}

#[tokio::test]
async fn each_attempt_leaves_one_record_of_who_from_where_by_what_and_how_it_went() {
    let world = World::start().await;
    let school = world.school().await;
    let id = school.organization.id;
    let ada = world.member(&school.organization, "Ada Stone", Level::Viewer).await;
    let nobody = world.person(&school.organization, "No Body");
    ada.signs_in().await;
    ada.try_password("not it at all").await;
    nobody.try_password(PASSWORD).await;
    ada.post("/sign-in/passkey", &json!({ "ceremony": "x", "credential": "{}" })).await;
    ada.post("/sign-in/00000", &json!({})).await;
    let records = world.records(id).await;
    let attempts = attempts(&records);
    let said: Vec<_> =
        attempts.iter().map(|record| (record.more.factor.unwrap(), record.result)).collect();
    assert_eq!(
        said,
        [
            (Factor::Password, Outcome::Right),
            (Factor::Password, Outcome::Wrong),
            (Factor::Password, Outcome::Unknown),
            (Factor::Passkey, Outcome::Wrong),
            (Factor::Link, Outcome::Wrong),
        ]
    );
    let member = ada.id.unwrap();
    assert_eq!(attempts[0].actor, Actor::Member(member));
    assert_eq!(attempts[1].about, About::Member(member));
    assert!(matches!(attempts[2].actor, Actor::Nobody(_)));
    assert!(attempts.iter().all(|record| record.network.is_some()), "from where");
    let requests: BTreeSet<_> = attempts.iter().map(|record| record.request.unwrap()).collect();
    assert_eq!(requests.len(), attempts.len(), "each in a request of its own");
}

#[tokio::test]
async fn nothing_that_somebody_types_reaches_a_record_or_breaks_out_of_the_page() {
    let world = World::start().await;
    let school = world.school().await;
    let ada = world.member(&school.organization, "Ada Stone", Level::Administrator).await;
    let forged = "x\r\n2026-11-30 sign_in right <script>canary</script>";
    for username in [forged, "canary\u{0}\u{1b}[2J", "canary\u{202e}"] {
        let body = json!({ "username": username, "password": forged });
        ada.elsewhere().post("/sign-in", &body).await.refused(401, "wrong_credentials");
    }
    ada.signs_in().await;
    let page = ada.page("/manage/audit").await;
    assert_eq!(page.status, 200, "{}", page.text);
    let program = ada.get("/manage/audit").await;
    for text in [page.text, program.text] {
        assert!(text.contains("sign_in") || text.contains("Somebody not signed in"));
        assert!(!text.contains("canary") && !text.contains('\u{1b}'));
    }
    for record in world.records(school.organization.id).await {
        assert!(!format!("{record:?}").contains("canary"));
    }
}

#[tokio::test]
async fn what_somebody_may_not_do_is_refused_and_on_record() {
    let world = World::start().await;
    let place = world.school().await;
    let house = House::of(&world, place.organization.id).await;
    let slot = world.slot(&place, 0).await;
    let manage = world.visitor("Maria Lopez").books(&place, &slot).await;
    let booking = manage.rsplit('/').next().unwrap()[..26].to_owned();
    let elsewhere = Coverage::only([EventId::from_bytes([1; 16])], []).unwrap();
    let viewer = house.member("vera.viewer", Level::Viewer).await;
    let vera = house.signed_in(&world, &viewer).await;
    let rita = house.covering("rita", Level::ResourceAdministrator, elsewhere).await;
    let keeper = house.signed_in(&world, &rita).await;

    let refused = async || {
        let records = world.records(house.id()).await;
        let refused: Vec<_> =
            records.into_iter().filter(|record| record.action == Deed::ActionRefused).collect();
        assert!(refused.iter().all(|record| record.result == Outcome::Refused));
        assert!(refused.iter().all(|record| record.network.is_some() && record.request.is_some()));
        refused
    };
    vera.get("/north-school/manage/security").await.refused(403, "not_allowed");
    vera.post("/north-school/manage/members", &json!({})).await.refused(403, "not_allowed");
    let cancel = format!("/north-school/manage/bookings/{booking}/cancel");
    vera.post(&cancel, &json!({})).await.refused(403, "not_allowed");
    keeper.post(&cancel, &json!({})).await.refused(404, "not_found");
    keeper.get("/north-school/manage/events/conferences").await.refused(404, "not_found");
    let found = refused().await;
    let said: Vec<_> = found
        .iter()
        .map(|record| (record.actor, record.more.page.as_ref().unwrap().as_str()))
        .collect();
    let (viewer, keeper) = (Actor::Member(viewer.id), Actor::Member(rita.id));
    assert_eq!(
        said,
        [
            (viewer, "/{organization}/manage/security"),
            (viewer, "/{organization}/manage/members"),
            (viewer, "/{organization}/manage/bookings/{booking}/cancel"),
            (keeper, "/{organization}/manage/bookings/{booking}/cancel"),
            (keeper, "/{organization}/manage/events/{event}"),
        ]
    );
    assert!(matches!(found[3].about, About::Booking(event, _) if event == place.event.id));

    // Nor has who came with the emergency code an account.
    let id = EmergencyId::fresh(world.now(), &*house.service.chance).unwrap();
    let guest = house.with_session(&world, Subject::Emergency(id), 0).await;
    guest.get("/north-school/account").await.refused(403, "not_allowed");
    assert_eq!(refused().await.last().unwrap().actor, Actor::Emergency(id));

    // Who has not signed in is nobody, and leaves no record of this kind.
    Persona::nobody(&world)
        .get("/north-school/manage/security")
        .await
        .refused(401, "sign_in_needed");
    assert_eq!(refused().await.len(), 6);
}

#[tokio::test]
async fn every_page_of_somebody_signed_in_offers_to_sign_out_and_none_opens_afterwards() {
    let world = World::start().await;
    let school = world.school().await;
    let ada = world.member(&school.organization, "Ada Stone", Level::Administrator).await;
    ada.signs_in().await;
    let stolen = ada.elsewhere();
    *stolen.cookies.lock().unwrap() = ada.cookies.lock().unwrap().clone();
    let functions = &world.cloud.template().functions;
    let own: Vec<String> = functions
        .iter()
        .flat_map(|function| &function.routes)
        .filter_map(|route| {
            let rest = route.path.strip_prefix("/{organization}")?;
            let section = rest.starts_with("/account") || rest.starts_with("/manage");
            (section && !rest.contains('{')).then(|| (route.method.clone(), rest.to_owned()))
        })
        .filter(|(method, rest)| method == "GET" || !rest.ends_with("/meter"))
        .map(|(method, rest)| format!("{method} {rest}"))
        .collect();
    assert!(own.len() > 20, "{own:?}");
    let mut offered = 0;
    for path in own.iter().filter_map(|route| route.strip_prefix("GET ")) {
        let page = ada.page(path).await;
        if page.status == 200 {
            offered += 1;
            assert!(page.text.contains("/north-school/sign-out\""), "{path}");
        }
    }
    assert!(offered >= 10, "{offered} pages");
    assert_eq!(ada.post("/sign-out", &json!({})).await.status, 200);
    for route in &own {
        let (method, path) = route.split_once(' ').unwrap();
        let answer = match method {
            "GET" => stolen.get(path).await,
            _ => stolen.post(path, &Value::Object(serde_json::Map::default())).await,
        };
        answer.refused(401, "sign_in_needed");
    }
}
