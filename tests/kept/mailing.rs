//! How much mail somebody who has signed in can cause.

use futures::future::join_all;
use serde_json::{Value, json};
use shared::identity::access::Level;

use crate::people::Person;
use crate::world::{Answer, World};

fn invitation(number: usize, email: &str) -> Value {
    json!({
        "name": "Some Body", "email": email, "username": format!("somebody{number}"),
        "level": "viewer", "everything": true
    })
}

fn wait(answer: &Answer) -> u64 {
    answer.refused(429, "too_many_requests");
    answer.header("retry-after").parse().unwrap()
}

async fn administrator<'a>(world: &'a World) -> Person<'a> {
    let school = world.school().await;
    let ada = world.member(&school.organization, "Ada Stone", Level::Administrator).await;
    ada.signs_in().await;
    ada
}

#[tokio::test]
async fn asking_for_another_address_mails_one_address_no_more_than_five_times_an_hour() {
    let world = World::start().await;
    let ada = administrator(&world).await;
    for number in 0..5 {
        let email = format!("victim{number}@example.net");
        assert_eq!(ada.post("/account/email", &json!({ "email": email })).await.status, 202);
    }
    // One member asks five times, whatever the addresses are.
    let asked = ada.post("/account/email", &json!({ "email": "victim9@example.net" })).await;
    assert!((1..=3_600).contains(&wait(&asked)));
    assert_eq!(asked.json()["error"]["field"], "email", "{}", asked.text);
    assert!(world.mails("victim9@example.net").await.is_empty());
    // And one address is written to five times, whoever asks.
    let school = world.service().organization("north-school", world.now()).await.unwrap().unwrap();
    let mut statuses = Vec::new();
    for name in ["Ben Marsh", "Cara Lund"] {
        let person = world.member(&school.organization, name, Level::Viewer).await;
        person.signs_in().await;
        for _ in 0..4 {
            let body = json!({ "email": "one@example.net" });
            statuses.push(person.post("/account/email", &body).await.status);
        }
    }
    assert_eq!(statuses, [202, 202, 202, 202, 202, 429, 429, 429]);
    // A newer link voids the older, whose mail may then not be written at all.
    assert!(world.mails("one@example.net").await.len() <= 5);
}

#[tokio::test]
async fn one_address_gets_five_invitations_and_five_resets_an_hour_from_a_team() {
    let world = World::start().await;
    let ada = administrator(&world).await;
    for number in 0..5 {
        let body = invitation(number, "victim@exam\u{ad}ple.net");
        // What comes to nothing is not counted.
        let taken = json!({ "username": "ada.stone" });
        let mut refused = body.clone();
        refused["username"] = taken["username"].clone();
        ada.post("/manage/members", &refused).await.refused(409, "conflict");
        assert_eq!(ada.post("/manage/members", &body).await.status, 201);
    }
    let refused = ada.post("/manage/members", &invitation(9, "victim@example.net")).await;
    assert!((1..=3_600).contains(&wait(&refused)));
    assert_eq!(refused.json()["error"]["field"], "email", "{}", refused.text);
    let members = ada.get("/manage/members").await.json();
    let invited = members["members"].as_array().unwrap().iter();
    let invited = invited.clone().find(|it| it["username"] == "somebody0").unwrap();
    let path = format!("/manage/members/{}/invite", invited["id"].as_str().unwrap());
    wait(&ada.post(&path, &json!({})).await);
    assert_eq!(world.mails("victim@example.net").await.len(), 5);
    // The page says it too.
    let token = ada.form_token("/manage/members").await;
    let fields = [
        ("form_token", token.as_str()),
        ("name", "Some Body"),
        ("email", "victim@example.net"),
        ("username", "somebody9"),
        ("level", "viewer"),
        ("everything", "yes"),
    ];
    let page = ada.submit("/manage/members", &fields).await;
    assert_eq!(page.status, 429, "{}", page.text);
    assert!(page.header("retry-after").parse::<u64>().unwrap() > 0);
    assert!(page.text.contains("Enough mails went to this address"), "{}", page.text);

    let path = format!("/manage/members/{}/reset", ada.id.unwrap());
    for _ in 0..5 {
        assert_eq!(ada.post(&path, &json!({})).await.status, 200);
    }
    wait(&ada.post(&path, &json!({})).await);
    world.advance("PT1H").await;
    ada.signs_in().await;
    assert_eq!(ada.post(&path, &json!({})).await.status, 200);
}

#[tokio::test]
async fn an_organization_sends_two_hundred_invitations_a_day() {
    let world = World::start().await;
    let ada = administrator(&world).await;
    let mut statuses = Vec::new();
    for batch in 0..5 {
        let bodies: Vec<_> = (0..44)
            .map(|number| batch * 44 + number)
            .map(|number| invitation(number, &format!("somebody{number}@example.net")))
            .collect();
        let answers = join_all(bodies.iter().map(|body| ada.post("/manage/members", body))).await;
        statuses.extend(answers.iter().map(|answer| answer.status));
    }
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 200);
    let refused = ada.post("/manage/members", &invitation(999, "late@example.net")).await;
    assert!((1..=86_400).contains(&wait(&refused)));
    assert!(refused.text.contains("in a day"), "{}", refused.text);
    world.advance("P1D").await;
    ada.signs_in().await;
    let answer = ada.post("/manage/members", &invitation(999, "late@example.net")).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
}
