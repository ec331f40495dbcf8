//! What somebody sees and may do who has signed in under their address.

use serde_json::json;

use crate::world::{Plan, World, fresh_key};

#[tokio::test]
async fn everything_booked_under_the_address_is_listed_what_comes_first_and_what_is_over_last() {
    let world = World::start().await;
    let days = (3..6).map(|day| jiff::civil::date(2026, 12, day)).collect();
    let school = world.found(Plan { days, ..Plan::school() }).await;
    let ann = world.guardian(&school.organization, "Ann Example").await;
    let slots = world.slots(&school).await;
    let of_day = |day: &str, nth: usize| {
        let mut of_day =
            slots.iter().filter(|slot| slot["start"].as_str().unwrap().starts_with(day));
        of_day.nth(nth).unwrap()["id"].as_str().unwrap().to_owned()
    };
    // Some of them before she ever signed in.
    ann.visitor.books(&school, &of_day("2026-12-05", 4)).await;
    ann.visitor.books(&school, &of_day("2026-12-03", 2)).await;
    let url = ann.books(&school, &of_day("2026-12-04", 0), None).await;
    let cancelled = ann.books(&school, &of_day("2026-12-04", 8), None).await;
    assert_eq!(ann.visitor.cancel(&cancelled).await.status, 200);
    world.visitor("Bert").books(&school, &of_day("2026-12-04", 3)).await;
    let days_of = |list: &serde_json::Value| -> Vec<String> {
        let list = list.as_array().unwrap();
        list.iter().map(|one| one["start"].as_str().unwrap()[..10].to_owned()).collect()
    };
    let all = ann.bookings().await;
    assert_eq!(days_of(&all["coming"]), ["2026-12-03", "2026-12-04", "2026-12-05"]);
    assert_eq!(all["coming"][1]["manage_url"], url);
    assert!(all["past"].as_array().unwrap().is_empty());
    world.advance("P4DT13H").await;
    let ann = world.guardian(&school.organization, "Ann Example").await;
    let all = ann.bookings().await;
    assert_eq!(days_of(&all["coming"]), ["2026-12-05"]);
    assert_eq!(days_of(&all["past"]), ["2026-12-04", "2026-12-03"]);
    let page = ann.page("/north-school/bookings").await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("2 appointments are over"), "{}", page.text);
    assert!(page.text.contains("Saturday 5 December 2026") && page.text.contains("Main building"));
    let own = all["coming"][0]["manage_url"].as_str().unwrap();
    assert!(page.text.contains(own.trim_start_matches(world.cloud.address())));
}

#[tokio::test]
async fn nobody_signed_in_is_offered_a_link_by_mail_and_no_page_tells_who_is_known() {
    let world = World::start().await;
    let school = world.school().await;
    world.visitor("Ann Example").books(&school, &world.slot(&school, 0).await).await;
    let page = world.page("/north-school/bookings").await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("action=\"/north-school/sign-in/link\""), "{}", page.text);
    assert!(!page.text.contains("Number 0"));
    world.get("/north-school/bookings").await.refused(401, "sign_in_needed");
    world.page("/nowhere/bookings").await;
    world.get("/nowhere/bookings").await.refused(404, "not_found");
}

#[tokio::test]
async fn the_pages_of_the_organization_and_of_a_booking_lead_to_all_appointments() {
    let world = World::start().await;
    let school = world.school().await;
    let link = "href=\"/north-school/bookings\"";
    assert!(world.page("/north-school").await.text.contains(link));
    let url = world.visitor("Ann").books(&school, &world.slot(&school, 0).await).await;
    let page = world.page(url.trim_start_matches(world.cloud.address())).await;
    assert!(page.text.contains(link));
}

#[tokio::test]
async fn a_session_ends_when_idle_and_its_cookie_then_opens_nothing() {
    let world = World::start().await;
    let school = world.school().await;
    let ann = world.guardian(&school.organization, "Ann Example").await;
    world.advance("PT14M").await;
    ann.bookings().await;
    world.advance("PT15M").await;
    ann.get("/north-school/bookings").await.refused(401, "sign_in_needed");
    let slot = world.slot(&school, 0).await;
    // A form that was open all the while books as a stranger's does.
    let fields = [
        ("slot", slot.as_str()),
        ("key", &fresh_key()),
        ("name", "Ann Example"),
        ("email", &ann.visitor.email),
        ("form_token", &ann.form_token),
    ];
    assert_eq!(ann.submit(&format!("{}/bookings", school.path), &fields).await.status, 303);
}

#[tokio::test]
async fn where_addresses_are_proven_first_a_session_under_that_address_is_the_proof() {
    let world = World::start().await;
    let clinic = world.clinic().await;
    let pat = world.guardian(&clinic.organization, "Pat Patient").await;
    let slots = world.slots(&clinic).await;
    let id = |nth: usize| slots[nth]["id"].as_str().unwrap();
    let url = pat.books(&clinic, id(0), None).await;
    let mails = world.mails(&pat.visitor.email).await;
    assert_eq!(mails.len(), 1);
    assert!(mails[0]["subject"].as_str().unwrap().starts_with("Booked"), "{}", mails[0]["subject"]);
    let shown = world.get(url.trim_start_matches(world.cloud.address())).await;
    assert_eq!(shown.json()["state"], "booked");
    // Under any other address it is held like anybody's.
    let mut wish = pat.visitor.wish(id(2));
    wish["email"] = json!("somebody.else@example.org");
    assert_eq!(pat.send(&clinic, &wish, &fresh_key()).await.status, 202);
    // The form says nothing of a mail to confirm.
    let form = pat.page(&format!("{}/book?slot={}", clinic.path, id(4))).await;
    assert!(form.text.contains("pat.patient@example.org") && !form.text.contains("to confirm"));
    let form = world.page(&format!("{}/book?slot={}", clinic.path, id(4))).await;
    assert!(form.text.contains("to confirm"));
    let report = shared::fsck::run_to_end(world.service()).await.unwrap();
    assert!(report.is_clean(), "{report}");
}

#[tokio::test]
async fn who_has_signed_in_is_told_what_is_in_the_way_and_spends_no_stranger_s_allowance() {
    let world = World::start().await;
    let unproven = shared::event::UnprovenLimits { per_address: 1, per_network: 1, per_event: 1 };
    let school = world.found(Plan { unproven, ..Plan::school() }).await;
    let ann = world.guardian(&school.organization, "Ann Example").await;
    let slots = world.slots(&school).await;
    let id = |nth: usize| slots[nth]["id"].as_str().unwrap();
    for nth in [0, 2, 4] {
        ann.books(&school, id(nth), None).await;
    }
    let refused = ann.book(&school, id(1), None).await.refused(409, "conflict");
    assert_eq!(refused["message"], "You have another appointment at this time.");
    assert_eq!(world.mails(&ann.visitor.email).await.len(), 3, "no mail about what she was told");
    // A stranger's allowance is as it was: one, and no more.
    world.visitor("Bert").books(&school, id(6)).await;
    world.visitor("Cleo").book(&school, id(8)).await.refused(429, "too_many_requests");
}

#[tokio::test]
async fn a_form_of_another_session_books_as_a_stranger_s_does() {
    let world = World::start().await;
    let clinic = world.clinic().await;
    let pat = world.guardian(&clinic.organization, "Pat Patient").await;
    let eve = world.guardian(&clinic.organization, "Eve Patient").await;
    let slots = world.slots(&clinic).await;
    let slot = slots[0]["id"].as_str().unwrap();
    let path = format!("{}/bookings", clinic.path);
    let (first, second) = (fresh_key(), fresh_key());
    let fields = |key, token| {
        [
            ("slot", slot),
            ("key", key),
            ("name", "Pat"),
            ("email", "pat.patient@example.org"),
            ("form_token", token),
        ]
    };
    let held = pat.submit(&path, &fields(&first, &eve.form_token)).await;
    assert_eq!(held.status, 202, "the seat is held, as for anybody who types this address");
    world.advance("PT16M").await;
    let pat = world.guardian(&clinic.organization, "Pat Patient").await;
    let booked = pat.submit(&path, &fields(&second, &pat.form_token)).await;
    assert_eq!(booked.status, 303, "{}", booked.text);
}
