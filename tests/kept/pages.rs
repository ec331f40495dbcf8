//! The pages, as a browser without script uses them.

use crate::world::{Answer, Place, World};

fn hidden(page: &Answer, name: &str) -> String {
    let marker = format!("name=\"{name}\" value=\"");
    let start = page.text.find(&marker).expect("a hidden field") + marker.len();
    page.text[start..].split('"').next().unwrap().to_owned()
}

async fn form(world: &World, place: &Place, slot: &str) -> Answer {
    let page = world.page(&format!("{}/book?slot={slot}", place.path)).await;
    assert_eq!(page.status, 200, "{}", page.text);
    page
}

#[tokio::test]
async fn a_visitor_books_moves_and_cancels_with_forms_alone() {
    let world = World::start().await;
    let school = world.school().await;
    let front = world.page("/north-school").await;
    assert!(front.text.contains(&school.path), "{}", front.text);
    let event = world.page(&school.path).await;
    let slot = world.slot(&school, 0).await;
    assert!(event.text.contains(&format!("name=slot value={slot}>")), "{}", event.text);

    let page = form(&world, &school, &slot).await;
    let key = hidden(&page, "key");
    let fields = [
        ("slot", slot.as_str()),
        ("key", &key),
        ("name", "Ada Parent"),
        ("email", "ada@example.org"),
        ("phone", ""),
        ("note", "Line one\r\nline two"),
    ];
    let path = format!("{}/bookings", school.path);
    let booked = world.submit(&path, &fields).await;
    assert_eq!(booked.status, 303, "{}", booked.text);
    let location = booked.header("location").to_owned();
    // Pressing the button twice books once.
    assert_eq!(world.submit(&path, &fields).await.header("location"), location);
    let seen = world.page(&location).await;
    assert!(seen.text.contains("Ada Parent") && seen.text.contains("17:00"), "{}", seen.text);

    let manage = location.split('?').next().unwrap().to_owned();
    let choose = world.page(&format!("{manage}/move")).await;
    let other = world.slot(&school, 6).await;
    assert!(choose.text.contains(&other), "{}", choose.text);
    let moved = world.submit(&format!("{manage}/move"), &[("slot", &other)]).await;
    assert_eq!(moved.status, 303, "{}", moved.text);
    let cancelled = world.submit(&format!("{manage}/cancel"), &[]).await;
    assert_eq!(cancelled.status, 303, "{}", cancelled.text);
    let gone = world.page(cancelled.header("location")).await;
    assert!(gone.text.to_lowercase().contains("cancelled"), "{}", gone.text);
}

#[tokio::test]
async fn what_was_typed_is_still_there_when_something_is_wrong() {
    let world = World::start().await;
    let school = world.school().await;
    let slot = world.slot(&school, 0).await;
    let key = hidden(&form(&world, &school, &slot).await, "key");
    let path = format!("{}/bookings", school.path);
    let answer = world
        .submit(
            &path,
            &[
                ("slot", &slot),
                ("key", &key),
                ("name", ""),
                ("email", "nobody at home"),
                ("phone", "abc"),
                ("note", "<b>keep me</b>"),
            ],
        )
        .await;
    assert_eq!(answer.status, 400);
    for expected in [
        "nobody at home",
        "&#60;b&#62;keep me&#60;/b&#62;",
        "id=\"name-error\"",
        "id=\"email-error\"",
        "id=\"phone-error\"",
        "role=\"alert\"",
    ] {
        assert!(answer.text.contains(expected), "{expected} is missing in {}", answer.text);
    }
    assert!(!answer.text.contains("<b>keep me"));
    assert_eq!(world.slots(&school).await.len(), 24);
}

#[tokio::test]
async fn a_form_for_a_time_that_was_just_taken_offers_the_nearest() {
    let world = World::start().await;
    let school = world.school().await;
    let slot = world.slot(&school, 0).await;
    let key = hidden(&form(&world, &school, &slot).await, "key");
    world.visitor("Quicker").books(&school, &slot).await;
    let path = format!("{}/bookings", school.path);
    let fields = [
        ("slot", slot.as_str()),
        ("key", key.as_str()),
        ("name", "Ada Parent"),
        ("email", "ada@example.org"),
    ];
    let answer = world.submit(&path, &fields).await;
    assert_eq!(answer.status, 409);
    assert!(answer.text.contains("just taken") && answer.text.contains("Ada Parent"));
    let fresh = hidden(&answer, "key");
    assert_ne!(fresh, key);
    let near = hidden(&answer, "slot");
    let booked = world
        .submit(
            &path,
            &[
                ("slot", &near),
                ("key", &fresh),
                ("name", "Ada Parent"),
                ("email", "ada@example.org"),
            ],
        )
        .await;
    assert_eq!(booked.status, 303, "{}", booked.text);
}

#[tokio::test]
async fn a_clinic_s_form_says_to_look_in_the_mail_and_the_link_shows_a_button() {
    let world = World::start().await;
    let clinic = world.clinic().await;
    let slot = world.slot(&clinic, 0).await;
    let key = hidden(&form(&world, &clinic, &slot).await, "key");
    let answer = world
        .submit(
            &format!("{}/bookings", clinic.path),
            &[("slot", &slot), ("key", &key), ("name", "Pat"), ("email", "pat@example.org")],
        )
        .await;
    assert_eq!(answer.status, 202);
    assert!(answer.text.to_lowercase().contains("mail"));
    let link = world.visitor("Pat").mailed_link("/confirm/").await;
    let page = world.page(&link).await;
    assert!(page.text.contains("method=\"post\"") && page.text.contains(&link), "{}", page.text);
    let confirmed = world.submit(&link, &[]).await;
    assert_eq!(confirmed.status, 303, "{}", confirmed.text);
    assert_eq!(world.page(confirmed.header("location")).await.status, 200);
    assert!(world.page(&link).await.text.contains("/bookings/"));
}

#[tokio::test]
async fn every_reply_carries_the_headers_that_protect_it() {
    let world = World::start().await;
    let school = world.school().await;
    let parent = world.visitor("Ada Parent");
    let manage = parent.books(&school, &world.slot(&school, 0).await).await;
    let manage = manage.trim_start_matches(world.cloud.address()).to_owned();
    let pages = [
        "/".to_owned(),
        "/north-school".into(),
        "/nobody".into(),
        school.path.clone(),
        "/north-school/privacy".into(),
        manage.clone(),
        format!("{manage}/move"),
        format!("{manage}/calendar.ics"),
        format!("{}/slots", school.path),
    ];
    for path in pages {
        let answer = world.page(&path).await;
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'") && !policy.contains("unsafe"),
            "{path}: {policy}"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert!(answer.header("vary").to_lowercase().contains("accept"), "{path}");
        for inline in [
            "<script>",
            "<style",
            " style=\"",
            " onclick",
            "javascript:",
            "http://cdn",
            "https://cdn",
        ] {
            assert!(!answer.text.contains(inline), "{path} holds {inline}");
        }
    }
}

#[tokio::test]
async fn deployed_replies_demand_encrypted_connections_and_plain_ones_here_do_not() {
    let world = World::start().await;
    world.school().await;
    assert_eq!(world.page("/north-school").await.header("strict-transport-security"), "");
    let key = world.cloud.certificate_key().unwrap();
    let booking = booking::Booking::new(std::sync::Arc::clone(world.service()), key);
    let sample = include_str!("../../events/booking/front.json");
    let response = booking.handle(lambda_http::request::from_str(sample).unwrap()).await;
    let demanded = response.headers()["strict-transport-security"].to_str().unwrap();
    assert!(demanded.contains("max-age=63072000"), "{demanded}");
}

#[tokio::test]
async fn html_is_sent_only_to_who_names_it() {
    let world = World::start().await;
    let school = world.school().await;
    for (accept, page) in [
        ("text/html,application/xhtml+xml,*/*;q=0.8", true),
        ("*/*", false),
        ("application/json", false),
        ("text/*", false),
    ] {
        let request = world.client.get(world.url(&school.path)).header("accept", accept);
        let answer = Answer::of(request.send().await.unwrap()).await;
        assert_eq!(answer.header("content-type").starts_with("text/html"), page, "{accept}");
    }
}

#[tokio::test]
async fn stylesheet_and_script_are_kept_by_browsers_for_as_long_as_they_are_the_same() {
    let world = World::start().await;
    let page = world.page("/").await;
    let mut found = 0;
    for part in page.text.split('"').filter(|part| part.starts_with("/assets/")) {
        let answer = world.get(part).await;
        assert_eq!(answer.status, 200);
        assert!(answer.header("cache-control").contains("immutable"));
        found += 1;
    }
    assert_eq!(found, 2);
}
