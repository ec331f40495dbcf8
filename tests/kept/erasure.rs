//! Deleting an organization: asked for, taken back, carried through.

mod afterwards;
mod course;
pub(crate) mod scene;

use serde_json::json;
use shared::audit::read::between;
use shared::audit::{Action as Deed, Actor};
use shared::dynamo::Write;
use shared::erasure::{self, name};
use shared::identity::Subject;
use shared::identity::access::Level;
use shared::organization::{State, WebName, store};

use crate::identity::scene::House;
use crate::world::{HOUR, World};
use scene::{School, carry_through, certificate_path, quiet, tick};

/// What an organization's trail says was done, and by whom.
async fn trail(world: &World, school: &School) -> Vec<(Deed, Actor)> {
    let (start, end) = (world.now() - HOUR * 24 * 9, world.now() + HOUR);
    let mut found = Vec::new();
    let mut day = start;
    while day < end {
        let page = between(world.service(), school.id(), day, day + HOUR * 24, None).await.unwrap();
        found.extend(page.entries.iter().map(|entry| (entry.record.action, entry.record.actor)));
        day += HOUR * 24;
    }
    found
}

#[tokio::test]
async fn who_asks_types_the_name_and_has_just_proven_who_they_are() {
    let world = quiet().await;
    let school = School::in_(&world).await;
    let path = "/west-school/manage/erasure";
    let adam = school.adam(&world).await;
    let page = adam.page(path).await;
    assert!(page.text.contains("1 event and 1 member of the team"), "{}", page.text);
    assert!(page.text.contains("Delete west-school (test) in 72 hours"), "{}", page.text);
    for wrong in [json!({}), json!({ "web_name": "north-school" })] {
        let refused = adam.post(path, &wrong).await.refused(400, "invalid");
        assert_eq!(refused["field"], "web_name");
    }
    adam.post(path, &json!({ "web_name": "west-school", "at": "once" }))
        .await
        .refused(400, "invalid");
    let again = adam.submit(path, &[("web_name", "West")]).await;
    assert_eq!(again.status, 400);
    assert!(again.text.contains("value=\"West\"") && again.text.contains("Type the organization"));
    world.advance("PT11M").await;
    adam.post(path, &json!({ "web_name": "west-school" })).await.refused(403, "confirm_needed");
    assert_eq!(adam.get(path).await.json()["until"], json!(null), "nothing waits");
    let security = adam.page("/west-school/manage/security").await;
    assert!(security.text.contains("/west-school/manage/erasure"), "the way there");
    world.cloud.stop().await;
}

#[tokio::test]
async fn neither_others_of_the_team_nor_support_nor_an_emergency_can_ask_nor_take_back() {
    let world = quiet().await;
    let school = School::in_(&world).await;
    school.asks(&world).await;
    let wish = json!({ "web_name": "west-school" });
    for level in Level::ALL.into_iter().filter(|level| *level != Level::Administrator) {
        let member = school.house.member(level.word(), level).await;
        let member = school.house.signed_in(&world, &member).await;
        for rest in ["", "/cancel"] {
            let path = format!("/west-school/manage/erasure{rest}");
            member.post(&path, &wish).await.refused(403, "not_allowed");
        }
    }
    let owner = school.operator.member("owner", Level::Administrator).await;
    let owner = school.operator.signed_in(&world, &owner).await;
    let own = json!({ "web_name": "operator" });
    owner.post("/operator/manage/erasure", &own).await.refused(403, "not_allowed");
    assert!(!owner.page("/operator/manage/security").await.text.contains("/erasure"));
    owner.post("/west-school/manage/erasure", &wish).await.refused(401, "sign_in_needed");
    let subject = Subject::Emergency(shared::ids::EmergencyId::from_bytes([3; 16]));
    let emergency = school.house.with_session(&world, subject, 0).await;
    let answer = emergency.post("/west-school/manage/erasure", &wish).await;
    assert!([401, 403].contains(&answer.status), "{}", answer.text);
    assert!(erasure::find(world.service(), school.id()).await.unwrap().is_some());
    world.cloud.stop().await;
}

#[tokio::test]
async fn every_administrator_is_mailed_when_it_is_asked_for_and_when_it_is_taken_back() {
    let world = World::start().await;
    let school = School::in_(&world).await;
    world.of_the_team(&school.place.organization, Level::Administrator).await;
    world.of_the_team(&school.place.organization, Level::Viewer).await;
    let asked = school.asks(&world).await;
    let again = school.asks(&world).await;
    assert_eq!(asked, again, "asking twice is asking once");
    // What processes remember of an organization is a second old at most.
    world.advance("PT2S").await;
    let mails = world.mails("somebody@example.org").await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    let to_another = world.mails("member@example.org").await;
    assert_eq!(to_another.len(), 1, "the administrator, not the viewer: {to_another:?}");
    assert_eq!(to_another[0]["subject"], mails[0]["subject"]);
    let text = mails[0]["text"].as_str().unwrap();
    assert!(text.contains("Until Thursday 3 December 2026, 07:00"), "{text}");
    assert!(text.contains(asked["certificate_url"].as_str().unwrap()), "{text}");
    // Everything works as before, and the team's pages say what is coming.
    let adam = school.adam(&world).await;
    let coming = "west-school (test) will be deleted on Thursday 3 December 2026, 07:00";
    for path in ["/west-school/manage", "/west-school/manage/members"] {
        let page = adam.page(path).await;
        assert!(page.text.contains(coming), "{}", page.text);
    }
    world.visitor("Maria Lopez").books(&school.place, &world.slot(&school.place, 0).await).await;
    let seen = world.get(&certificate_path(&world, &asked)).await.json();
    assert_eq!(seen["state"], "waiting");
    assert!(seen["until"].as_str().unwrap().starts_with("2026-12-03T12:00"), "{seen}");

    let taken_back = adam.submit("/west-school/manage/erasure/cancel", &[]).await;
    assert_eq!(taken_back.status, 303, "{}", taken_back.text);
    adam.post("/west-school/manage/erasure/cancel", &json!({})).await.refused(409, "conflict");
    let mails = world.mails("somebody@example.org").await;
    assert_eq!(mails.len(), 2, "{mails:?}");
    assert!(mails[1]["subject"].as_str().unwrap().starts_with("Not deleted"));
    assert_eq!(world.mails("member@example.org").await.len(), 2);
    world.advance("PT2S").await;
    assert!(!adam.page("/west-school/manage").await.text.contains("will be deleted"));
    let seen = world.get(&certificate_path(&world, &asked)).await;
    assert_eq!(seen.json()["state"], "taken_back");
    let deeds: Vec<Deed> = trail(&world, &school).await.into_iter().map(|(deed, _)| deed).collect();
    for deed in [Deed::ErasureAsked, Deed::ErasureCancelled] {
        assert_eq!(deeds.iter().filter(|found| **found == deed).count(), 1, "{deed:?}");
    }
    world.cloud.stop().await;
}

#[tokio::test]
async fn taken_back_in_time_nothing_goes_and_a_second_later_nobody_can() {
    let world = quiet().await;
    let school = School::in_(&world).await;
    let first = certificate_path(&world, &school.asks(&world).await);
    world.advance("PT71H59M").await;
    tick(&world).await.unwrap();
    let adam = school.adam(&world).await;
    let cancel = "/west-school/manage/erasure/cancel";
    assert_eq!(adam.post(cancel, &json!({})).await.status, 200);
    world.advance("PT2H").await;
    tick(&world).await.unwrap();
    assert_eq!(world.get(&first).await.json()["state"], "taken_back");
    assert_eq!(world.get("/west-school").await.status, 200);

    // Another wish has a time of its own, and a certificate of its own.
    let second = certificate_path(&world, &school.asks(&world).await);
    assert_ne!(first, second);
    world.advance("PT72H").await;
    let adam = school.adam(&world).await;
    let late = adam.post(cancel, &json!({})).await.refused(409, "conflict");
    assert!(late["message"].as_str().unwrap().contains("is over"), "{late}");
    carry_through(&world, &second).await;
    assert_eq!(adam.post(cancel, &json!({})).await.status, 404);
    world.cloud.stop().await;
}

#[tokio::test]
async fn an_organization_that_is_suspended_when_its_time_comes_is_not_erased() {
    let world = quiet().await;
    let school = School::in_(&world).await;
    let certificate = certificate_path(&world, &school.asks(&world).await);
    let suspend =
        store::changing_state(world.service(), school.id(), State::Active, State::Suspended);
    assert!(school.house.commit(&[suspend.unwrap()]).await);
    world.advance("PT73H").await;
    tick(&world).await.unwrap();
    assert_eq!(world.get(&certificate).await.json()["state"], "taken_back");
    let resume =
        store::changing_state(world.service(), school.id(), State::Suspended, State::Active);
    assert!(school.house.commit(&[resume.unwrap()]).await);
    world.advance("PT2S").await;
    tick(&world).await.unwrap();
    assert_eq!(world.get("/west-school").await.status, 200, "it is there as before");
    let taken_back = (Deed::ErasureCancelled, Actor::Service);
    assert!(trail(&world, &school).await.contains(&taken_back));
    world.cloud.stop().await;
}

#[tokio::test]
async fn the_name_in_addresses_stays_taken_and_is_free_in_the_end() {
    let world = quiet().await;
    let school = School::in_(&world).await;
    let certificate = certificate_path(&world, &school.asks(&world).await);
    world.advance("PT72H").await;
    carry_through(&world, &certificate).await;
    let service = world.service();
    let web_name = WebName::parse("west-school").unwrap();
    let operator = &school.operator.snapshot.keys;
    let free = async || {
        let retired = name::is_retired(service, operator, &web_name, world.now()).await.unwrap();
        let check = name::checking(service, operator, &web_name, world.now()).unwrap();
        let held = Write::commit_all(&[check], &service.dynamo, &*service.chance).await.unwrap();
        assert_eq!(held, !retired, "who asks and who founds are told the same");
        held
    };
    assert!(!free().await);
    world.advance("P799D").await;
    assert!(!free().await);
    world.advance("P1D").await;
    assert!(free().await);
    world.cloud.stop().await;
}

#[tokio::test]
async fn a_certificate_says_what_is_gone_and_holds_and_a_wrong_link_opens_nothing() {
    let world = quiet().await;
    let school = School::in_(&world).await;
    let certificate = certificate_path(&world, &school.asks(&world).await);
    world.advance("PT72H").await;
    let done = carry_through(&world, &certificate).await;
    assert_eq!(done["holds"], true);
    let signed: serde_json::Value =
        serde_json::from_str(done["certificate"].as_str().unwrap()).unwrap();
    assert_eq!(signed["subject"], "organization");
    assert_eq!(signed["organization"], school.id().to_string());
    assert_eq!(signed["removed"]["OrganizationKeys"], 1);
    assert!(signed["removed"]["Schedule"].as_u64().unwrap() > 24, "{signed}");
    let key = signed["traces"].as_array().unwrap().iter();
    let mut key = key.filter(|trace| trace["place"].as_str().unwrap().contains("recovery of Org"));
    assert!(key.next().unwrap()["gone_by"].as_str().unwrap().starts_with("2026-12-10T12:0"));
    let page = world.page(&certificate).await;
    assert!(page.text.contains("The certificate is as it was signed."), "{}", page.text);
    assert!(page.text.contains("verify-mac") && page.text.contains("10 December 2026"));
    assert!(!page.text.contains("west-school"), "{}", page.text);

    let nothing = world.page("/never-school").await;
    let other = House::of(&world, school.operator.id()).await;
    let own = shared::certificate::link::of(
        &other.snapshot.keys,
        other.id(),
        shared::ids::DeletionId::from_bytes([1; 16]),
    );
    let mut altered = certificate.clone();
    altered.pop();
    for wrong in
        ["/certificates/x", &altered, &format!("{altered}0"), &format!("/certificates/{own}")]
    {
        let answer = world.page(wrong).await;
        assert_eq!((answer.status, &answer.text), (404, &nothing.text), "{wrong}");
    }

    // A text that was altered no longer holds.
    let key = school.id().to_string();
    let update = world.service().dynamo.update_item();
    let attribute = aws_sdk_dynamodb::types::AttributeValue::S;
    let deletion = signed["deletion"].as_str().unwrap();
    update
        .table_name(&world.service().settings.tables.ledger)
        .key("pk", attribute(key))
        .key("sk", attribute(format!("deletion#{deletion}")))
        .update_expression("SET certificate = :text")
        .expression_attribute_values(":text", attribute("{}".into()))
        .send()
        .await
        .unwrap();
    assert_eq!(world.get(&certificate).await.json()["holds"], false);
    let page = world.page(&certificate).await;
    assert!(page.text.contains("not as it was signed"), "{}", page.text);
    world.cloud.stop().await;
}
