//! Guardians and dependents: attaching, guessing, booking for somebody else.

use jiff::civil::{date, time};
use serde_json::json;
use shared::dependent::rules::Refusal;
use shared::dependent::{Claim, store};
use shared::fsck;
use shared::identity::access::Level;
use shared::ids::PersonId;
use shared::participant::Allowances;
use shared::personal::{Identifier, SecurityValue};

use crate::guardian::Guardian;
use crate::world::{Place, Plan, World, fresh_key};

const CODE: &str = "2017-04-09";

/// A school with one dependent on its list.
async fn school(world: &World) -> Place {
    let school = world.school().await;
    world.dependent(&school.organization, "Maya Example", "MS-1042", CODE).await.unwrap();
    school
}

async fn is_clean(world: &World) -> fsck::Report {
    assert!(world.cloud.settle().await);
    let report = fsck::run_to_end(world.service()).await.unwrap();
    assert!(report.is_clean() && report.unsettled == 0, "{report}");
    report
}

/// The records of one action, by their result, of all that were written.
async fn recorded(world: &World, action: &str) -> Vec<String> {
    let table = &world.service().settings.tables.audit;
    let scan = world.cloud.dynamo().scan().table_name(table).send().await.unwrap();
    let text = |item: &shared::dynamo::Item, name: &str| {
        item.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default()
    };
    let mut found: Vec<_> = scan.items.unwrap_or_default();
    found.retain(|item| text(item, "action") == action);
    found.sort_by_key(|item| text(item, "sk"));
    found.iter().map(|item| text(item, "result")).collect()
}

async fn remove(world: &World, place: &Place, identifier: &str) {
    let service = world.service();
    let organization = place.organization.id;
    let keys = service.vault.keys(organization, world.now()).await.unwrap().unwrap();
    let all = store::all(service, organization, &keys).await.unwrap();
    let gone = all.iter().find(|one| one.identifier.expose() == identifier).unwrap();
    assert!(store::remove(service, organization, gone.id, Vec::new()).await.unwrap());
}

#[tokio::test]
async fn a_guardian_attaches_a_dependent_by_identifier_and_security_value_and_books_for_them() {
    let world = World::start().await;
    let school = school(&world).await;
    let ann = world.guardian(&school.organization, "Ann Example").await;
    assert!(ann.dependents().await.is_empty());
    let maya = ann.attaches("ms 1042", "2017 04 09").await;
    assert_eq!(ann.dependents().await, ["Maya Example"]);
    let slot = world.slot(&school, 0).await;
    let url = ann.books(&school, &slot, Some(&maya)).await;
    let booking = world.get(url.trim_start_matches(world.cloud.address())).await.json();
    assert_eq!(booking["dependent"], "Maya Example");
    assert_eq!(booking["name"], "Ann Example");
    let page = world.page(url.trim_start_matches(world.cloud.address())).await;
    assert!(page.text.contains("Maya Example (booked by Ann Example)"), "{}", page.text);
    let report = is_clean(&world).await;
    let counted = |kind| report.checked.get(kind).copied();
    assert_eq!(counted("agendas"), Some(2), "{report}");
    assert_eq!(
        (counted("dependents"), counted("identifiers"), counted("attachments")),
        (Some(1), Some(1), Some(1))
    );
    assert_eq!(recorded(&world, "dependent_attached").await, ["right"]);
}

#[tokio::test]
async fn an_unknown_identifier_and_a_wrong_security_value_get_one_answer_and_are_on_record() {
    let world = World::start().await;
    let school = school(&world).await;
    let ann = world.guardian(&school.organization, "Ann Example").await;
    let wrong = ann.attach("MS-1042", "2018-01-01").await;
    let unknown = ann.attach("MS-9999", "2018-01-01").await;
    wrong.refused(400, "invalid");
    assert_eq!((wrong.status, &wrong.text), (unknown.status, &unknown.text));
    assert!(ann.dependents().await.is_empty());
    assert_eq!(recorded(&world, "dependent_attached").await, ["wrong", "wrong"]);
    // What is no identifier at all is said at its field.
    ann.attach(" ", "2018-01-01").await.refused(400, "invalid");
    let short = ann.attach("MS-1042", "1-2").await.refused(400, "invalid");
    assert_eq!(short["field"], "security_value");
}

#[tokio::test]
async fn guessing_is_throttled_for_a_participant_and_for_a_dependent_whoever_guesses() {
    let world = World::start().await;
    let school = school(&world).await;
    world.dependent(&school.organization, "Leo Example", "MS-1043", CODE).await.unwrap();
    let guesser = world.guardian(&school.organization, "Guess One").await;
    for guess in 0..10 {
        guesser
            .attach("MS-1042", &format!("2017-04-{:02}", guess + 10))
            .await
            .refused(400, "invalid");
    }
    let stopped = guesser.attach("MS-1043", CODE).await;
    stopped.refused(429, "too_many_requests");
    assert!(stopped.header("retry-after").parse::<u64>().unwrap() > 0);
    // Somebody else may try, but not at the same dependent, not even rightly.
    let ann = world.guardian(&school.organization, "Ann Example").await;
    let at_the_same = ann.attach("MS-1042", CODE).await;
    at_the_same.refused(429, "too_many_requests");
    assert!(at_the_same.header("retry-after").parse::<u64>().unwrap() > 3_600);
    ann.attaches("MS-1043", CODE).await;
    let results = recorded(&world, "dependent_attached").await;
    assert_eq!(results.iter().filter(|result| *result == "throttled").count(), 2);
    // An identifier that nobody has is counted all the same.
    let other = world.guardian(&school.organization, "Guess Two").await;
    for _ in 0..10 {
        other.attach("MS-9999", CODE).await.refused(400, "invalid");
    }
    let third = world.guardian(&school.organization, "Guess Three").await;
    third.attach("MS-9999", CODE).await.refused(429, "too_many_requests");
    world.advance("P2D").await;
    let ann = world.guardian(&school.organization, "Ann Example").await;
    ann.attaches("MS-1042", CODE).await;
}

#[tokio::test]
async fn guardians_who_are_right_keep_nobody_out_however_many_they_are() {
    let world = World::start().await;
    let school = school(&world).await;
    for number in 0..12 {
        let name = format!("Guardian {number}");
        let guardian = world.guardian(&school.organization, &name).await;
        guardian.attaches("MS-1042", CODE).await;
    }
    // What was wrong still counts.
    let guesser = world.guardian(&school.organization, "Guess One").await;
    for _ in 0..10 {
        guesser.attach("MS-1042", "wrong value").await.refused(400, "invalid");
    }
    let other = world.guardian(&school.organization, "Guess Two").await;
    other.attach("MS-1042", "wrong value").await.refused(429, "too_many_requests");
}

#[tokio::test]
async fn a_few_guesses_at_each_of_many_dependents_meet_the_organization_s_own_limit() {
    let world = World::start().await;
    let school = school(&world).await;
    let keys = world.keys(school.organization.id).await;
    let claim = |identifier: &str, security: &str| Claim {
        identifier: Identifier::parse(identifier).unwrap(),
        security: SecurityValue::parse(security).unwrap(),
    };
    let allowances = Allowances::default();
    let attach = async |number: u16, claim: &Claim| {
        let desk = store::Desk {
            service: world.service(),
            allowances: &allowances,
            organization: school.organization.id,
            keys: &keys,
            now: world.now(),
        };
        // Another address and another network each time.
        let [high, low] = number.to_be_bytes();
        let mut id = [9; 16];
        (id[0], id[1]) = (high, low);
        store::attach(desk, PersonId::from_bytes(id), claim, id).await
    };
    for number in 0..300 {
        let refused = attach(number, &claim(&format!("MS-{number}"), "2018-01-01")).await;
        assert!(matches!(refused, Err(store::Failure::Refused(Refusal::Wrong))), "{number}");
        if number % 50 == 0 {
            // Right ones take nothing of it.
            attach(1_000 + number, &claim("MS-1042", CODE)).await.unwrap();
        }
    }
    let refused = attach(2_000, &claim("MS-1042", CODE)).await;
    assert!(matches!(refused, Err(store::Failure::Refused(Refusal::TooMuch(_)))));
    world.advance("P1D").await;
    attach(2_001, &claim("MS-1042", CODE)).await.unwrap();
}

#[tokio::test]
async fn two_hundred_guesses_at_once_are_looked_at_no_oftener_than_the_limit() {
    let world = World::start().await;
    let school = school(&world).await;
    let ann = world.guardian(&school.organization, "Ann Example").await;
    let guesses = (0..200).map(|guess| {
        let ann = &ann;
        async move { ann.attach("MS-1042", &format!("guess-{guess}")).await.status }
    });
    let answers = futures::future::join_all(guesses).await;
    assert_eq!(answers.iter().filter(|status| **status == 400).count(), 10);
    assert!(answers.iter().all(|status| matches!(status, 400 | 429)));
}

#[tokio::test]
async fn several_guardians_of_one_dependent_see_only_their_own_bookings() {
    let world = World::start().await;
    let school = school(&world).await;
    let ann = world.guardian(&school.organization, "Ann Example").await;
    let ben = world.guardian(&school.organization, "Ben Example").await;
    let maya = ann.attaches("MS-1042", CODE).await;
    assert_eq!(ben.attaches("MS-1042", CODE).await, maya);
    let slots = world.slots(&school).await;
    let id = |nth: usize| slots[nth]["id"].as_str().unwrap();
    ann.books(&school, id(0), Some(&maya)).await;
    ben.books(&school, id(4), Some(&maya)).await;
    for (guardian, slot) in [(&ann, id(0)), (&ben, id(4))] {
        let coming = guardian.bookings().await["coming"].as_array().unwrap().clone();
        assert_eq!(coming.len(), 1);
        assert_eq!(coming[0]["slot"], slot);
        assert_eq!(coming[0]["dependent"], "Maya Example");
    }
}

#[tokio::test]
async fn an_overlap_with_another_guardian_s_booking_says_only_that_the_person_is_not_available() {
    let world = World::start().await;
    let school = school(&world).await;
    let ann = world.guardian(&school.organization, "Ann Example").await;
    let ben = world.guardian(&school.organization, "Ben Example").await;
    let maya = ann.attaches("MS-1042", CODE).await;
    ben.attaches("MS-1042", CODE).await;
    let slots = world.slots(&school).await;
    let same_time: Vec<&str> = slots
        .iter()
        .filter(|slot| slot["start"] == slots[0]["start"])
        .map(|slot| slot["id"].as_str().unwrap())
        .collect();
    ann.books(&school, same_time[0], Some(&maya)).await;
    let refused = ben.book(&school, same_time[1], Some(&maya)).await;
    let error = refused.refused(409, "conflict");
    assert_eq!(error["message"], "This time is not available for this person.");
    assert!(
        !refused.text.contains("Ann") && !refused.text.contains("Number 0"),
        "{}",
        refused.text
    );
    assert!(error["nearest"].is_array());
    // Nobody is mailed about it either: Ann has her confirmation and no more.
    assert_eq!(world.mails(&ann.visitor.email).await.len(), 1);
    assert!(world.mails(&ben.visitor.email).await.is_empty());
    // For himself he may.
    ben.books(&school, same_time[1], None).await;
    // Moving there is refused in the same words.
    let later = slots[8]["id"].as_str().unwrap();
    let cleo = world.guardian(&school.organization, "Cleo Example").await;
    cleo.attaches("MS-1042", CODE).await;
    let url = cleo.books(&school, later, Some(&maya)).await;
    ben.visitor.cancel(ben.bookings().await["coming"][0]["manage_url"].as_str().unwrap()).await;
    let refused = cleo.visitor.move_to(&url, same_time[1]).await.refused(409, "conflict");
    assert_eq!(refused["message"], "This time is not available for this person.");
    is_clean(&world).await;
}

#[tokio::test]
async fn moving_and_cancelling_keep_both_agendas_right() {
    let world = World::start().await;
    let school = school(&world).await;
    let ann = world.guardian(&school.organization, "Ann Example").await;
    let ben = world.guardian(&school.organization, "Ben Example").await;
    let maya = ann.attaches("MS-1042", CODE).await;
    ben.attaches("MS-1042", CODE).await;
    let slots = world.slots(&school).await;
    let id = |nth: usize| slots[nth]["id"].as_str().unwrap();
    let url = ann.books(&school, id(0), Some(&maya)).await;
    assert_eq!(ann.visitor.move_to(&url, id(6)).await.status, 200);
    is_clean(&world).await;
    // The former time is free for the dependent, the new one is not.
    let other = ben.books(&school, id(0), Some(&maya)).await;
    assert_eq!(ben.visitor.move_to(&other, id(7)).await.status, 409);
    assert_eq!(ann.visitor.cancel(&url).await.status, 200);
    assert_eq!(ben.visitor.move_to(&other, id(7)).await.status, 200);
    is_clean(&world).await;
}

#[tokio::test]
async fn over_midnight_in_utc_a_dependent_s_agendas_of_both_days_are_kept() {
    let world = World::start().await;
    let plan = Plan {
        days: vec![date(2026, 12, 3), date(2026, 12, 4)],
        from: time(18, 50, 0, 0),
        to: time(19, 10, 0, 0),
        minutes: 20,
        ..Plan::school()
    };
    let school = world.found(plan).await;
    world.dependent(&school.organization, "Maya Example", "MS-1042", CODE).await.unwrap();
    let ann = world.guardian(&school.organization, "Ann Example").await;
    let maya = ann.attaches("MS-1042", CODE).await;
    let slots = world.slots(&school).await;
    let id = |nth: usize| slots[nth]["id"].as_str().unwrap();
    let url = ann.books(&school, id(0), Some(&maya)).await;
    assert_eq!(is_clean(&world).await.checked["agendas"], 4);
    assert_eq!(ann.visitor.move_to(&url, id(3)).await.status, 200);
    is_clean(&world).await;
    assert_eq!(ann.visitor.cancel(&url).await.status, 200);
    is_clean(&world).await;
}

#[tokio::test]
async fn two_guardians_racing_for_one_dependent_at_one_time_get_one_appointment() {
    let world = World::start().await;
    let school = world.found(Plan { resources: 10, ..Plan::school() }).await;
    world.dependent(&school.organization, "Maya Example", "MS-1042", CODE).await.unwrap();
    let slots = world.slots(&school).await;
    let same_time: Vec<&str> = slots
        .iter()
        .filter(|slot| slot["start"] == slots[0]["start"])
        .map(|slot| slot["id"].as_str().unwrap())
        .collect();
    let mut guardians: Vec<Guardian<'_>> = Vec::new();
    let mut maya = String::new();
    for number in 0..same_time.len() {
        let guardian = world.guardian(&school.organization, &format!("Guardian {number}")).await;
        maya = guardian.attaches("MS-1042", CODE).await;
        guardians.push(guardian);
    }
    let racing =
        guardians.iter().zip(&same_time).map(|(one, slot)| one.book(&school, slot, Some(&maya)));
    let answers = futures::future::join_all(racing).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.status == 409).count(), same_time.len() - 1);
    is_clean(&world).await;
}

#[tokio::test]
async fn a_dependent_is_booked_for_only_by_a_guardian_who_has_signed_in_and_attached_them() {
    let world = World::start().await;
    let school = school(&world).await;
    let ann = world.guardian(&school.organization, "Ann Example").await;
    let maya = ann.attaches("MS-1042", CODE).await;
    let slot = world.slot(&school, 0).await;
    // Somebody else who knows the id, signed in and not.
    let eve = world.guardian(&school.organization, "Eve Example").await;
    let not_hers = eve.book(&school, &slot, Some(&maya)).await;
    assert_eq!(not_hers.refused(400, "invalid")["field"], "dependent");
    let stranger = json!({ "slot": slot, "name": "Ann Example", "email": ann.visitor.email, "dependent": maya });
    let typed = ann.visitor.send(&school, &stranger, &fresh_key()).await;
    assert_eq!(typed.text, not_hers.text);
    // Signed in, but under another address than the typed one.
    let mut wish = eve.visitor.wish(&slot);
    wish["email"] = ann.visitor.email.clone().into();
    wish["dependent"] = maya.clone().into();
    assert_eq!(eve.send(&school, &wish, &fresh_key()).await.text, not_hers.text);
    // An id of nobody is no different.
    let nobody = ann.book(&school, &slot, Some(&"0".repeat(26))).await;
    assert_eq!(nobody.text, not_hers.text);
    assert_eq!(ann.book(&school, &slot, Some("nobody")).await.text, not_hers.text);
    // And none of it counts against the limits or leaves a booking.
    assert_eq!(world.slot(&school, 0).await, slot);
    ann.books(&school, &slot, Some(&maya)).await;
}

#[tokio::test]
async fn a_dependent_who_was_let_go_is_booked_for_no_longer_and_what_is_booked_stands() {
    let world = World::start().await;
    let school = school(&world).await;
    let ann = world.guardian(&school.organization, "Ann Example").await;
    let maya = ann.attaches("MS-1042", CODE).await;
    let slots = world.slots(&school).await;
    let id = |nth: usize| slots[nth]["id"].as_str().unwrap();
    ann.books(&school, id(0), Some(&maya)).await;
    assert_eq!(ann.detach(&maya).await.status, 200);
    ann.detach(&maya).await.refused(404, "not_found");
    assert!(ann.dependents().await.is_empty());
    ann.book(&school, id(4), Some(&maya)).await.refused(400, "invalid");
    assert_eq!(ann.bookings().await["coming"].as_array().unwrap().len(), 1);
    assert_eq!(recorded(&world, "dependent_detached").await, ["done"]);
    is_clean(&world).await;
    // And may be attached again.
    assert_eq!(ann.attaches("MS-1042", CODE).await, maya);
}

#[tokio::test]
async fn an_identifier_that_is_given_to_somebody_new_leads_nobody_to_the_former_person() {
    let world = World::start().await;
    let school = school(&world).await;
    let organization = &school.organization;
    let ann = world.guardian(organization, "Ann Example").await;
    let maya = ann.attaches("MS-1042", CODE).await;
    let slots = world.slots(&school).await;
    let id = |nth: usize| slots[nth]["id"].as_str().unwrap();
    let url = ann.books(&school, id(0), Some(&maya)).await;
    // While somebody has it, nobody else gets it.
    assert!(world.dependent(organization, "Nils Other", "ms1042", "other-value").await.is_none());
    remove(&world, &school, "MS-1042").await;
    assert!(ann.dependents().await.is_empty());
    ann.attach("MS-1042", CODE).await.refused(400, "invalid");
    world.dependent(organization, "Nils Other", "MS-1042", "other-value").await.unwrap();
    // The former guardian reaches nothing of the new person.
    assert!(ann.dependents().await.is_empty());
    ann.book(&school, id(4), Some(&maya)).await.refused(400, "invalid");
    ann.attach("MS-1042", CODE).await.refused(400, "invalid");
    // The new person's guardian reaches nothing of the former one, and the
    // former appointment is not in their way.
    let olga = world.guardian(organization, "Olga Other").await;
    let nils = olga.attaches("MS-1042", "other-value").await;
    assert_ne!(nils, maya);
    assert_eq!(olga.dependents().await, ["Nils Other"]);
    assert!(olga.bookings().await["coming"].as_array().unwrap().is_empty());
    olga.book(&school, id(1), Some(&maya)).await.refused(400, "invalid");
    olga.books(&school, id(1), Some(&nils)).await;
    // What Ann had booked stands as it was, and can be changed.
    let kept = world.get(url.trim_start_matches(world.cloud.address())).await.json();
    assert_eq!(kept["dependent"], "Maya Example");
    assert_eq!(ann.visitor.move_to(&url, id(8)).await.status, 200);
    is_clean(&world).await;
}

#[tokio::test]
async fn the_page_of_dependents_adds_says_what_is_wrong_and_removes() {
    let world = World::start().await;
    let school = school(&world).await;
    let ann = world.guardian(&school.organization, "Ann Example").await;
    let path = "/north-school/dependents";
    let page = ann.page(path).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("name=\"security_value\"") && page.text.contains(&ann.form_token));
    let token = ("form_token", ann.form_token.as_str());
    let wrong =
        ann.submit(path, &[("identifier", "MS-1042"), ("security_value", "nothing"), token]).await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.text.contains("value=\"MS-1042\""), "what was typed is still there");
    assert!(!wrong.text.contains("nothing\""), "a secret is not written back");
    let stranger = ann.submit(path, &[("identifier", "MS-1042"), ("security_value", CODE)]).await;
    assert_eq!(stranger.status, 403, "a form without the session's token is nobody's");
    let right = [("identifier", "MS-1042"), ("security_value", CODE), token];
    let added = ann.submit(path, &right).await;
    assert_eq!(
        (added.status, added.header("location")),
        (303, "/north-school/dependents?done=added")
    );
    let page = ann.page("/north-school/dependents?done=added").await;
    assert!(page.text.contains("Maya Example") && page.text.contains("you can book for them"));
    // Their names stand in the form of a time.
    let slot = world.slot(&school, 0).await;
    let form = ann.page(&format!("{}/book?slot={slot}", school.path)).await;
    assert!(form.text.contains("Who is it for?") && form.text.contains("Maya Example"));
    let remove = page.text.split("action=\"").find(|rest| rest.contains("/remove\"")).unwrap();
    let remove = remove.split('"').next().unwrap();
    assert_eq!(ann.submit(remove, &[]).await.status, 403);
    assert_eq!(ann.submit(remove, &[token]).await.status, 303);
    assert!(ann.dependents().await.is_empty());
}

#[tokio::test]
async fn who_has_not_signed_in_is_led_there_and_a_program_is_told() {
    let world = World::start().await;
    school(&world).await;
    world.get("/north-school/dependents").await.refused(401, "sign_in_needed");
    let body = json!({ "identifier": "MS-1042", "security_value": CODE });
    world.post(&world.url("/north-school/dependents"), &body).await.refused(401, "sign_in_needed");
    let led = world.page("/north-school/dependents").await;
    assert_eq!(led.status, 303);
    assert_eq!(led.header("location"), "/north-school/sign-in?next=%2Fnorth-school%2Fdependents");
}

#[tokio::test]
async fn a_guardian_of_one_organization_is_nobody_at_another() {
    let world = World::start().await;
    let school = school(&world).await;
    let clinic = world.clinic().await;
    world.dependent(&clinic.organization, "Maya Example", "MS-1042", CODE).await.unwrap();
    let ann = world.guardian(&school.organization, "Ann Example").await;
    let maya = ann.attaches("MS-1042", CODE).await;
    ann.get("/south-clinic/dependents").await.refused(401, "sign_in_needed");
    ann.get("/south-clinic/bookings").await.refused(401, "sign_in_needed");
    let there = world.guardian(&clinic.organization, "Ann Example").await;
    assert!(there.dependents().await.is_empty());
    there.detach(&maya).await.refused(404, "not_found");
}

#[tokio::test]
async fn an_administrator_keeps_the_list_of_dependents_and_every_look_and_change_is_on_record() {
    let world = World::start().await;
    let school = world.school().await;
    let robin = world.of_the_team(&school.organization, Level::Administrator).await;
    let path = "/north-school/manage/dependents";
    let maya = json!({ "name": "Maya Example", "identifier": "MS-1042", "security_value": CODE });
    let added = robin.post(path, &maya).await;
    assert_eq!(added.status, 201, "{}", added.text);
    let id = added.json()["id"].as_str().unwrap().to_owned();
    let again = robin.post(path, &maya).await.refused(409, "conflict");
    assert_eq!(again["field"], "identifier");
    let unfit = json!({ "name": "", "identifier": "-", "security_value": "1" });
    let refused = robin.post(path, &unfit).await.refused(400, "invalid");
    assert_eq!(refused["fields"].as_array().unwrap().len(), 3);
    let listed = robin.get(path).await.json();
    assert_eq!(
        (&listed["listed"], &listed["dependents"][0]["identifier"]),
        (&json!(1), &json!("MS-1042"))
    );
    assert!(!listed.to_string().contains(CODE), "nobody reads a security value again");
    assert!(
        robin.get(&format!("{path}?find=nobody")).await.json()["dependents"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    let ann = world.guardian(&school.organization, "Ann Example").await;
    assert_eq!(ann.attaches("MS-1042", CODE).await, id);
    let page = robin.page(path).await;
    assert!(page.status == 200 && page.text.contains("Maya Example"), "{}", page.text);
    let token = ("form_token", robin.form_token.as_str());
    let form = [("name", "Leo"), ("identifier", "MS 1042"), ("security_value", "a secret"), token];
    let taken = robin.submit(path, &form).await;
    assert_eq!(taken.status, 409);
    assert!(taken.text.contains("value=\"Leo\"") && !taken.text.contains("a secret"));
    let remove = format!("{path}/{id}/remove");
    assert_eq!(robin.submit(&remove, &[]).await.status, 403);
    assert_eq!(robin.submit(&remove, &[token]).await.status, 303);
    robin.post(&remove, &json!({})).await.refused(404, "not_found");
    assert!(ann.dependents().await.is_empty());
    assert_eq!(recorded(&world, "dependent_added").await, ["done"]);
    assert_eq!(recorded(&world, "dependent_removed").await, ["done"]);
    // Two lists for programs, two pages: one by itself, one with what was refused.
    assert_eq!(recorded(&world, "data_shown").await.len(), 4);
    is_clean(&world).await;
}

#[tokio::test]
async fn nobody_below_an_administrator_sees_or_changes_the_list_of_dependents() {
    let world = World::start().await;
    let school = school(&world).await;
    let path = "/north-school/manage/dependents";
    let body = json!({ "name": "Eve", "identifier": "MS-1", "security_value": "a secret" });
    for level in Level::ALL.into_iter().filter(|level| *level != Level::Administrator) {
        let member = world.of_the_team(&school.organization, level).await;
        member.get(path).await.refused(403, "not_allowed");
        member.post(path, &body).await.refused(403, "not_allowed");
    }
    let ann = world.guardian(&school.organization, "Ann Example").await;
    ann.get(path).await.refused(403, "not_allowed");
    world.get(path).await.refused(401, "sign_in_needed");
    world.post(&world.url(path), &body).await.refused(401, "sign_in_needed");
    assert!(recorded(&world, "data_shown").await.is_empty());
}
