//! Signing an organization up.

use serde_json::json;
use shared::identity::access::Level;

use crate::people::{PASSWORD, Person};
use crate::world::World;

/// Somebody who wants an organization.
async fn asks(world: &World) -> Person<'_> {
    let operator = world.operator().await;
    let mut ann = world.person(&operator, "Ann Example");
    ann.path = String::new();
    let wanted = json!({
        "organization": "Birch Lane School",
        "zone": "Europe/Dublin",
        "name": "Ann Example",
        "email": ann.email,
    });
    let answer = ann.post("/sign-up", &wanted).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    ann
}

#[tokio::test]
async fn an_organization_is_signed_up_by_its_first_administrator_with_a_mailed_link() {
    let world = World::start().await;
    let mut ann = asks(&world).await;
    let link = ann.mailed_link("/sign-up/").await;
    let page = ann.page(&link).await;
    assert!(page.text.contains("value=\"birch-lane-school\""), "{}", page.text);
    assert!(page.text.contains(&ann.email));
    let found =
        |web_name: &str, password: &str| json!({ "web_name": web_name, "password": password });
    ann.post(&link, &found("Birch Lane", PASSWORD)).await.refused(400, "invalid");
    ann.post(&link, &found("operator", PASSWORD)).await.refused(400, "invalid");
    let weak = ann.post(&link, &found("birch-lane-school", "birch lane school")).await;
    assert_eq!(weak.refused(400, "invalid")["field"], "password");
    assert_eq!(world.get("/birch-lane-school").await.status, 404, "nothing is there before");

    let made = ann.post(&link, &found("birch-lane-school", PASSWORD)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.json()["path"], "/birch-lane-school");
    ann.path = "/birch-lane-school".into();
    assert!(ann.is_in().await);
    let account = ann.get("/account").await.json();
    assert_eq!(account["username"], ann.email.as_str());
    assert!(ann.page("").await.text.contains("Birch Lane School"));
    // The notice in force says that it has yet to be written.
    assert!(world.page("/birch-lane-school/privacy").await.text.contains("has not written"));
    let again = ann.elsewhere();
    let mut again = again;
    again.path = String::new();
    again.post(&link, &found("another-name", PASSWORD)).await.refused(404, "not_found");
}

#[tokio::test]
async fn a_name_that_is_taken_is_said_and_what_was_typed_stays() {
    let world = World::start().await;
    world.school().await;
    let ann = asks(&world).await;
    let link = ann.mailed_link("/sign-up/").await;
    let fields = [("web_name", "north-school"), ("password", PASSWORD)];
    let answer = ann.submit(&link, &fields).await;
    assert_eq!(answer.status, 409);
    assert!(answer.text.contains("Another organization has this name"), "{}", answer.text);
    assert!(answer.text.contains("value=\"north-school\""));
    assert!(!answer.text.contains(PASSWORD));
    let fields = [("web_name", "birch-lane-school"), ("password", PASSWORD)];
    let answer = ann.submit(&link, &fields).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, "/birch-lane-school/manage"),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn a_sign_up_s_link_is_worth_nothing_after_a_day_or_to_another_organization() {
    let world = World::start().await;
    let school = world.school().await;
    let ann = asks(&world).await;
    let link = ann.mailed_link("/sign-up/").await;
    let code = link.rsplit('/').next().unwrap().to_owned();
    let member = world.member(&school.organization, "Ada Stone", Level::Viewer).await;
    for purpose in ["reset", "invitation", "sign-in", "account/email"] {
        assert_eq!(member.get(&format!("/{purpose}/{code}")).await.status, 404, "{purpose}");
    }
    world.advance("PT24H").await;
    assert_eq!(ann.get(&link).await.status, 404);
}

#[tokio::test]
async fn twenty_sign_ups_an_hour_are_enough_from_one_network() {
    let world = World::start().await;
    let operator = world.operator().await;
    let mut statuses = Vec::new();
    for number in 0..24 {
        let mut ann = world.person(&operator, &format!("Ann {number}"));
        ann.path = String::new();
        let wanted = json!({
            "organization": format!("School {number}"),
            "zone": "Europe/Dublin",
            "name": "Ann Example",
            "email": ann.email,
        });
        statuses.push(ann.post("/sign-up", &wanted).await.status);
    }
    assert!(statuses.contains(&429), "{statuses:?}");
    assert_eq!(statuses[0], 202);
}

#[tokio::test]
async fn what_is_wrong_with_a_wish_is_said_at_its_fields() {
    let world = World::start().await;
    let operator = world.operator().await;
    let mut ann = world.person(&operator, "Ann Example");
    ann.path = String::new();
    let fields = [
        ("organization", "Birch Lane School"),
        ("zone", "Europe/Nowhere"),
        ("name", "Ann"),
        ("email", "ann@example"),
    ];
    let answer = ann.submit("/sign-up", &fields).await;
    assert_eq!(answer.status, 400);
    assert!(answer.text.contains("value=\"ann@example\""));
    assert!(answer.text.contains("There is no such time zone"));
    assert!(answer.text.contains("This is not an email address"));
}
