//! What a person may ask of an organization about their own data: all of it as
//! a file, what is wrong corrected, everything deleted.

mod deaths;
mod deletion;
mod dependent;
mod scene;

use serde_json::{Value, json};
use shared::audit::Action;

use self::scene::School;
use crate::world::World;

/// The appointments in a file, by the name in them.
fn named<'a>(file: &'a Value, name: &str) -> Vec<&'a Value> {
    let all = file["appointments"].as_array().unwrap().iter();
    all.filter(|appointment| appointment["name"] == name).collect()
}

#[tokio::test]
async fn what_is_taken_out_is_everything_of_this_person_and_nothing_of_another() {
    let world = World::start().await;
    let school = School::in_(&world).await;
    let organization = &school.home.place.organization;
    world.dependent(organization, "Maya Example", "MS-1042", "2017-04-09").await.unwrap();
    let ada = world.guardian(organization, "Ada Example").await;
    let maya = ada.attaches("MS-1042", "2017-04-09").await;
    let mut wish = ada.visitor.wish(&world.slot(&school.home.place, 0).await);
    wish["phone"] = json!("+49 30 123456");
    wish["note"] = json!("=HYPERLINK(\"https://evil.example\")");
    let booked = ada.visitor.send(&school.home.place, &wish, &crate::world::fresh_key()).await;
    assert_eq!(booked.status, 201, "{}", booked.text);
    ada.books(&school.home.place, &world.slot(&school.home.place, 4).await, Some(&maya)).await;
    let third = world.slot(&school.home.place, 8).await;
    let cancelled = ada.books(&school.home.place, &third, None).await;
    assert_eq!(ada.visitor.cancel(&cancelled).await.status, 200);
    world.visitor("Bert").books(&school.home.place, &world.slot(&school.home.place, 9).await).await;
    assert!(world.cloud.settle().await);
    let person = school.home.person(&ada.visitor.email);
    let adam = school.home.administrator(&world).await;
    let own_page = school.home.path(&format!("/participants/{person}"));
    assert_eq!(adam.get(&own_page).await.status, 200);

    let answer = ada.get("/west-school/your-data/file.json").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"your-data.json\"");
    let file = answer.json();
    assert_eq!(file["person"]["id"], person.as_str());
    assert_eq!(named(&file, "Ada Example").len(), 3);
    assert_eq!(file["appointments"].as_array().unwrap().len(), 3);
    let first = &file["appointments"][0];
    assert_eq!((&first["event"], &first["state"]), (&json!("Conferences"), &json!("booked")));
    assert_eq!((&first["phone"], &first["note"]), (&json!("+4930123456"), &wish["note"]));
    assert_eq!(file["appointments"][1]["dependent"], "Maya Example");
    assert_eq!(file["appointments"][2]["state"], "cancelled");
    assert_eq!(file["people"], json!(["Maya Example"]));
    let kinds: Vec<&str> = file["mails"]
        .as_array()
        .unwrap()
        .iter()
        .map(|mail| mail["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "booked").count(), 3, "{kinds:?}");
    assert_eq!(kinds.iter().filter(|kind| **kind == "cancelled").count(), 1, "{kinds:?}");
    assert!(file["mails"].as_array().unwrap().iter().all(|mail| mail["state"] == "settled"));
    assert_eq!(file["looks"][0]["who"], "team");
    assert_eq!(file["looks"][0]["page"], "participant");
    assert_eq!(file["sign_in"], json!({ "password": false, "codes": false, "passkeys": 0 }));
    assert!(!answer.text.contains("Bert"));

    let csv = ada.get("/west-school/your-data/file.csv").await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    assert!(csv.text.starts_with("part,number,name,value\r\n"), "{}", csv.text);
    assert!(csv.text.contains("appointments,1,note,\"'=HYPERLINK(\"\"https://evil.example\"\")\""));
    assert!(csv.text.contains("appointments,1,phone,\"'+4930123456\""));
    assert!(csv.text.contains("people,1,,Maya Example") && !csv.text.contains("Bert"));
    // The first file is on record by now, and in the second.
    assert!(csv.text.contains("looks,1,who,yourself") && csv.text.contains("looks,1,file,true"));

    let theirs = adam.get(&format!("{own_page}/file.json")).await;
    assert_eq!(theirs.json()["appointments"], file["appointments"]);
    let exported = world.records(organization.id).await;
    let exported = exported.iter().filter(|record| record.action == Action::DataExported);
    assert_eq!(exported.count(), 3);
    world.cloud.stop().await;
}

#[tokio::test]
async fn a_correction_holds_on_what_lies_ahead_is_confirmed_by_mail_and_leaves_the_past() {
    let world = World::start().await;
    let school = School::in_(&world).await;
    let place = &school.home.place;
    let ada = world.guardian(&place.organization, "Ada Exmaple").await;
    let slots = world.slots(place).await;
    let id = |nth: usize| slots[nth]["id"].as_str().unwrap();
    ada.books(place, id(0), None).await;
    let ahead = ada.books(place, id(10), None).await;
    world.reaches("2026-12-03T17:05:00-05:00").await;
    let ada = world.guardian(&place.organization, "Ada Exmaple").await;
    let path = "/west-school/your-data";
    let page = ada.page(path).await;
    assert!(page.text.contains("Correct 1 appointment<"), "{}", page.text);

    let refused = ada.post(path, &json!({ "name": "", "phone": "x" })).await;
    assert_eq!(refused.refused(400, "invalid")["fields"].as_array().unwrap().len(), 2);
    let token = ("form_token", ada.form_token.as_str());
    let wrong = ada.submit(path, &[("name", ""), ("phone", "12"), token]).await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.text.contains("id=\"name-error\"") && wrong.text.contains("value=\"12\""));
    let old_form = ada.submit(path, &[("name", "Eve"), ("form_token", "x")]).await;
    assert_eq!(old_form.status, 403);

    let right = [("name", "Ada Example"), ("phone", "+49 30 123456"), token];
    let sent = ada.submit(path, &right).await;
    assert_eq!(
        (sent.status, sent.header("location")),
        (303, "/west-school/your-data?done=corrected")
    );
    let again = ada.post(path, &json!({ "name": "Ada Example", "phone": "+4930123456" })).await;
    assert_eq!(again.json()["corrected"], 0, "nothing is different any more");
    let file = ada.get("/west-school/your-data/file.json").await.json();
    let names: Vec<&Value> =
        file["appointments"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["Ada Exmaple", "Ada Example"]);
    let shown = world.get(ahead.trim_start_matches(world.cloud.address())).await.json();
    assert_eq!((&shown["name"], &shown["version"]), (&json!("Ada Example"), &json!(2)));
    let mails = world.mails(&ada.visitor.email).await;
    assert_eq!(mails.len(), 3, "two were booked, one was corrected");
    // Mails of one second come in no order.
    let anew = |mail: &Value| mail["attachments"].to_string().contains("SEQUENCE:1");
    assert_eq!(mails.iter().filter(|mail| anew(mail)).count(), 1, "{mails:?}");

    // An administrator corrects it too, and whoever moves it afterwards keeps it.
    let adam = school.home.administrator(&world).await;
    let person = school.home.person(&ada.visitor.email);
    let own_page = school.home.path(&format!("/participants/{person}"));
    assert!(adam.page(&own_page).await.text.contains("Correct name and telephone"));
    let corrected = adam.post(&format!("{own_page}/correct"), &json!({ "name": "Ada B." })).await;
    assert_eq!(corrected.json()["corrected"], 1, "{}", corrected.text);
    assert_eq!(ada.visitor.move_to(&ahead, id(14)).await.status, 200);
    let shown = world.get(ahead.trim_start_matches(world.cloud.address())).await.json();
    assert_eq!(shown["name"], "Ada B.");
    let records = world.records(place.organization.id).await;
    let corrections = records.iter().filter(|record| record.action == Action::DataCorrected);
    let fields: Vec<usize> = corrections.map(|record| record.more.fields.len()).collect();
    assert_eq!(fields, [2, 2]);
    world.checked().await;
    world.cloud.stop().await;
}

#[tokio::test]
async fn the_page_says_what_is_kept_and_what_a_deletion_will_do() {
    let world = World::start().await;
    let school = School::in_(&world).await;
    let place = &school.home.place;
    let ada = world.guardian(&place.organization, "Ada").await;
    assert!(ada.page("/west-school/bookings").await.text.contains("/west-school/your-data"));
    for nth in [0, 4] {
        ada.books(place, &world.slot(place, nth).await, None).await;
    }
    let page = ada.page("/west-school/your-data").await;
    assert!(page.text.contains("Delete everything, and cancel 2 appointments"), "{}", page.text);
    let short = ada.get("/west-school/your-data").await.json();
    assert_eq!((&short["coming"], &short["others"]), (&json!(2), &json!(0)));
    // Who has sat there too long proves it by a new link first.
    world.advance("PT11M").await;
    let page = ada.page("/west-school/your-data").await;
    assert!(!page.text.contains("Delete everything") && page.text.contains("Mail me a link"));
    let token = ("form_token", ada.form_token.as_str());
    let refused = ada.submit("/west-school/your-data/delete", &[token]).await;
    assert_eq!(refused.status, 403);
    assert!(refused.text.contains("Nothing is deleted yet"), "{}", refused.text);
    ada.post("/west-school/your-data/delete", &json!({})).await.refused(403, "confirm_needed");
    // Nobody who has not signed in sees anything.
    world.get("/west-school/your-data").await.refused(401, "sign_in_needed");
    world.get("/west-school/your-data/file.json").await.refused(401, "sign_in_needed");
    world.cloud.stop().await;
}
