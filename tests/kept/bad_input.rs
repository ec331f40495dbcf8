//! What people and programs get wrong, and what they are told.

use serde_json::{Value, json};

use crate::world::{Answer, World, fresh_key};

#[tokio::test]
async fn what_does_not_exist_is_all_alike() {
    let world = World::start().await;
    let school = world.school().await;
    let clinic = world.clinic().await;
    let parent = world.visitor("Ada Parent");
    let theirs = world.slot(&clinic, 0).await;
    let ours = world.slot(&school, 0).await;
    let guessed = {
        let mut guessed = ours.clone();
        let last = guessed.pop().unwrap();
        guessed.push(if last == '0' { '1' } else { '0' });
        guessed
    };
    let manage = parent.books(&school, &world.slot(&school, 1).await).await;
    let path = manage.trim_start_matches(world.cloud.address());
    let mut forged = path.to_owned();
    let last = forged.pop().unwrap();
    forged.push(if last == '0' { 'g' } else { '0' });
    let answers = vec![
        world.get("/nobody").await,
        world.get("/nobody/conferences").await,
        world.get("/north-school/nothing").await,
        world.get("/north-school/nothing/slots").await,
        world.get(&format!("{}/slots?resource=0000000000000", school.path)).await,
        parent.book(&school, &theirs).await,
        parent.book(&school, &guessed).await,
        parent.book(&school, "x").await,
        // The last moment of the calendar, and one that no calendar has.
        parent.book(&school, &format!("{}4223370120", &ours[..23])).await,
        parent.book(&school, &format!("{}4294967295", &ours[..23])).await,
        parent.move_to(&manage, &format!("{}4223370120", &ours[..23])).await,
        parent.move_to(&manage, &theirs).await,
        parent.move_to(&manage, &guessed).await,
        world.get(&forged).await,
        world.get(&path.replace("north-school", "south-clinic")).await,
        world.get("/north-school/bookings/x").await,
        world.get("/north-school/confirm/x").await,
        world.post(&world.url(&format!("{forged}/cancel")), &json!({})).await,
        world.get(&path.replace("/bookings/", "/confirm/")).await,
    ];
    for answer in &answers {
        answer.refused(404, "not_found");
        assert_eq!(answer.text, answers[0].text);
    }
}

async fn booked_with(world: &World, place: &crate::world::Place, body: &Value) -> Answer {
    world.visitor("Ada").send(place, body, &fresh_key()).await
}

#[tokio::test]
async fn every_field_that_cannot_be_used_is_named_with_a_reason() {
    let world = World::start().await;
    let school = world.school().await;
    let slot = world.slot(&school, 0).await;
    let good = json!({ "slot": slot, "name": "Ada", "email": "ada@example.org" });
    let long = "x".repeat(1_001);
    let cases: Vec<(&str, Value)> = vec![
        ("name", json!("")),
        ("name", json!("   ")),
        ("name", json!("x".repeat(101))),
        ("name", json!("Eve\r\nBcc: all@example.org")),
        ("name", json!("Eve\u{0}")),
        ("name", json!(5)),
        ("name", Value::Null),
        ("name", json!(["Ada"])),
        ("email", json!("nobody")),
        ("email", json!("a@b.example\r\nBcc: c@d.example")),
        ("email", json!(format!("{}@example.org", "x".repeat(250)))),
        ("email", json!({ "address": "a@b.example" })),
        ("phone", json!("call me")),
        ("phone", json!(123)),
        ("note", json!(long)),
        ("note", json!("bell\u{7}")),
        ("slot", json!(7)),
        ("organization", json!("mine")),
        ("state", json!("booked")),
    ];
    for (field, value) in cases {
        let mut body = good.clone();
        body[field] = value.clone();
        let error = booked_with(&world, &school, &body).await.refused(400, "invalid");
        assert_eq!(error["field"], field, "{value} gave {error}");
        assert!(
            error["fields"].as_array().unwrap().iter().any(|problem| problem["field"] == field)
        );
    }
    for field in ["slot", "name", "email"] {
        let mut body = good.clone();
        body.as_object_mut().unwrap().remove(field);
        let error = booked_with(&world, &school, &body).await.refused(400, "invalid");
        assert_eq!(error["field"], field);
    }
    // Nothing of all this has taken anything.
    assert_eq!(world.slots(&school).await.len(), 24);
    assert_eq!(booked_with(&world, &school, &good).await.status, 201);
}

#[tokio::test]
async fn a_body_that_is_no_json_or_too_large_is_refused_with_the_reason() {
    let world = World::start().await;
    let school = world.school().await;
    let send = |body: String, kind: &'static str| {
        let request = world
            .client
            .post(world.url(&format!("{}/bookings", school.path)))
            .header("idempotency-key", fresh_key())
            .header("content-type", kind)
            .body(body);
        async move { Answer::of(request.send().await.unwrap()).await }
    };
    let json = "application/json";
    for body in [
        "",
        "{",
        "[\"slot\",\"Ada\",\"ada@example.org\",null,null]",
        "[]",
        "null",
        "\"x\"",
        "{\"slot\":\"x\"",
        "{}{}",
        "\u{feff}",
        "{\"slot\":\"x\",\"slot\":\"y\"}",
    ] {
        let answer = send(body.to_owned(), json).await;
        answer.refused(400, "invalid");
    }
    send(format!("{{\"slot\":\"{}\"}}", "x".repeat(65 * 1024)), json)
        .await
        .refused(413, "too_large");
    send("<xml/>".into(), "application/xml").await.refused(415, "unsupported_media_type");
    send("slot=x".into(), "text/plain").await.refused(415, "unsupported_media_type");
    send("slot=x&slot=y".into(), "application/x-www-form-urlencoded").await.refused(400, "invalid");
    send("[".repeat(60_000), json).await.refused(400, "invalid");
}

#[tokio::test]
async fn a_booking_without_a_usable_idempotency_key_is_refused() {
    let world = World::start().await;
    let school = world.school().await;
    let parent = world.visitor("Ada Parent");
    let slot = world.slot(&school, 0).await;
    for key in ["", "short", &"x".repeat(65), "has spaces in the key", "ünïcödé-key-ünïcödé"]
    {
        let request = world
            .client
            .post(world.url(&format!("{}/bookings", school.path)))
            .header("idempotency-key", key)
            .json(&parent.wish(&slot));
        let answer = Answer::of(request.send().await.unwrap()).await;
        assert_eq!(answer.refused(400, "invalid")["field"], "Idempotency-Key", "{key}");
    }
    let request = world
        .client
        .post(world.url(&format!("{}/bookings", school.path)))
        .json(&parent.wish(&slot));
    Answer::of(request.send().await.unwrap()).await.refused(400, "invalid");
}

#[tokio::test]
async fn a_query_that_cannot_be_read_is_refused_at_its_field() {
    let world = World::start().await;
    let school = world.school().await;
    for (query, field) in [("day=tomorrow", "day"), ("day=2026-13-01", "day"), ("after=x", "after")]
    {
        let error =
            world.get(&format!("{}/slots?{query}", school.path)).await.refused(400, "invalid");
        assert_eq!(error["field"], field);
    }
}

#[tokio::test]
async fn a_request_from_another_site_is_refused() {
    let world = World::start().await;
    let school = world.school().await;
    let parent = world.visitor("Ada Parent");
    let manage = parent.books(&school, &world.slot(&school, 0).await).await;
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
    ] {
        let request =
            world.client.post(format!("{manage}/cancel")).header(name, value).json(&json!({}));
        Answer::of(request.send().await.unwrap()).await.refused(403, "forbidden");
    }
    assert_eq!(
        world.get(manage.trim_start_matches(world.cloud.address())).await.json()["state"],
        "booked"
    );
}

#[tokio::test]
async fn addresses_that_make_no_sense_never_become_a_server_error() {
    let world = World::start().await;
    world.school().await;
    for path in [
        "/%00",
        "/%ff",
        "/..%2f..",
        "/north-school/%0d%0aSet-Cookie:x",
        "//",
        "/north-school//slots",
        "/north-school/conferences/book?slot=%00",
        "/north-school/conferences/book",
        "/north-school/conferences?day=%f0%28%8c%28",
        "/north-school/bookings/é",
        "/assets/..%2fx",
        "/north-school/conferences/slots?after=20261203-0000000000000-0",
    ] {
        for accept in ["application/json", "text/html"] {
            let request = world.client.get(world.url(path)).header("accept", accept);
            let answer = Answer::of(request.send().await.unwrap()).await;
            assert!(
                (200..500).contains(&answer.status),
                "{path}: {} {}",
                answer.status,
                answer.text
            );
        }
    }
}
