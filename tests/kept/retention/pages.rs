//! The pages on which an administrator says how long data is kept.

use serde_json::json;
use shared::audit::Action;

use super::scene::Home;
use crate::world::World;

#[tokio::test]
async fn the_page_says_what_is_kept_what_tonight_removes_and_what_is_held() {
    let world = World::start().await;
    let home = Home::school(&world).await;
    let administrator = home.administrator(&world).await;
    let path = home.path("/retention");
    let page = administrator.page(&path).await;
    assert_eq!(page.status, 200, "{}", page.text);
    for words in [
        "Keeping data</h1>",
        "Tuesday 1 December 2026, 03:00 (New York time)",
        "Nothing. Nothing is old enough.",
        "Nothing is held.",
        "Leave it empty to keep them for ever.",
        "name=\"notices_days\" type=\"number\" inputmode=\"numeric\" min=\"7\" max=\"3650\" value=\"400\"",
    ] {
        assert!(page.text.contains(words), "{words}: {}", page.text);
    }
    let form = [
        ("version", "0"),
        ("bookings_days", "4000"),
        ("fate", "removed"),
        ("contacts_days", "many"),
        ("notices_days", ""),
    ];
    let wrong = administrator.submit(&path, &form).await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.text.contains("<a href=\"#contacts_days\">People: Type a number of days"));
    let form = [form[0], form[1], form[2], ("contacts_days", ""), form[4]];
    let wrong = administrator.submit(&path, &form).await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.text.contains("<a href=\"#bookings_days\">Appointments: Choose 0 to 3650 days"));
    assert!(wrong.text.contains("value=\"4000\""), "what was typed is still there");
    let form = [form[0], ("bookings_days", "400"), ("fate", "seats"), form[3], form[4]];
    let torn = administrator.submit(&path, &form[1..]).await;
    assert_eq!(torn.status, 400);
    assert!(torn.text.contains("did not arrive whole") && !torn.text.contains("What is held: "));
    assert!(torn.text.contains("value=\"400\""), "what was typed is still there");
    let saved = administrator.submit(&path, &form).await;
    assert_eq!(saved.status, 303, "{}", saved.text);
    let page = administrator.page(saved.header("location")).await;
    assert!(page.text.contains("They hold from the coming night on."));
    let keeping = administrator.get(&path).await.json()["keeping"].clone();
    let expected = json!({
        "version": 1, "bookings_days": 400, "fate": "seats", "contacts_days": null, "notices_days": null
    });
    assert_eq!(keeping, expected);
    // Who read the settings before that does not undo it.
    assert_eq!(administrator.submit(&path, &form).await.status, 409);
    let mut unknown = keeping.clone();
    unknown["fate"] = "sold".into();
    let refused = administrator.post(&path, &unknown).await.refused(400, "invalid");
    assert_eq!(refused["fields"][0]["field"], "fate");
    let records = world.records(home.house.id()).await;
    let changed = records.iter().find(|record| record.action == Action::RetentionChanged).unwrap();
    let fields: Vec<_> = changed.more.fields.iter().map(|field| field.as_str()).collect();
    assert_eq!(fields, ["bookings_days", "fate", "notices_days"]);
    world.cloud.stop().await;
}

#[tokio::test]
async fn a_change_and_lifting_a_hold_want_to_know_afresh_who_asks_and_placing_one_does_not() {
    let world = World::start().await;
    let home = Home::school(&world).await;
    let administrator = home.administrator(&world).await;
    let keeping = administrator.get(&home.path("/retention")).await.json()["keeping"].clone();
    for _ in 0..3 {
        world.advance("PT10M").await;
        assert_eq!(administrator.get(&home.path("/retention")).await.status, 200);
    }
    let mut wish = keeping.clone();
    wish["bookings_days"] = 0.into();
    assert_eq!(administrator.post(&home.path("/retention"), &wish).await.status, 403);
    let event = home.place.event.id.to_string();
    let hold = json!({ "on": "event", "id": event, "reason": "A dispute" });
    assert_eq!(administrator.post(&home.path("/holds"), &hold).await.status, 201);
    let lift = json!({ "on": "event", "id": event });
    assert_eq!(administrator.post(&home.path("/holds/lift"), &lift).await.status, 403);
    assert_eq!(administrator.get(&home.path("/retention")).await.json()["keeping"], keeping);
    world.cloud.stop().await;
}

#[tokio::test]
async fn a_hold_is_placed_from_a_persons_page_once_and_both_its_ends_are_on_record() {
    let world = World::start().await;
    let home = Home::school(&world).await;
    let ada = world.visitor("Ada Parent");
    ada.books(&home.place, &world.slot(&home.place, 0).await).await;
    let person = home.person(&ada.email);
    let administrator = home.administrator(&world).await;
    let page = administrator.page(&home.path(&format!("/participants/{person}"))).await;
    let link = home.path(&format!("/retention?on=person&#38;id={person}#holds"));
    assert!(page.text.contains(&link), "{link}: {}", page.text);
    let page = administrator.page(&home.path(&format!("/retention?on=person&id={person}"))).await;
    assert!(page.text.contains(&format!("<option value=\"person {person}\" selected>Ada Parent")));
    let held = format!("person {person}");
    let holds = home.path("/holds");
    // Whatever is wrong with the reason, the words are the same and say what fits.
    for reason in [" ".to_owned(), "x".repeat(1_001), "bell\u{7}".to_owned()] {
        let wrong = administrator.submit(&holds, &[("held", &held), ("reason", &reason)]).await;
        assert_eq!(wrong.status, 400);
        let words = "Why: Write why it must be kept, in plain text of 1 to 1000 characters.";
        assert!(wrong.text.contains(&format!("<a href=\"#reason\">{words}")), "{}", wrong.text);
    }
    let form = [("held", held.as_str()), ("reason", "A dispute about 3 December")];
    let placed = administrator.submit(&holds, &form).await;
    assert_eq!(placed.status, 303, "{}", placed.text);
    let page = administrator.page(placed.header("location")).await;
    assert!(page.text.contains("A dispute about 3 December") && page.text.contains("Lift it"));
    assert_eq!(administrator.submit(&holds, &form).await.status, 409);
    // Nobody else's, and nobody's.
    let nobody = json!({ "on": "person", "id": "0".repeat(26), "reason": "Why not" });
    let refused = administrator.post(&holds, &nobody).await.refused(400, "invalid");
    assert_eq!(refused["fields"][0]["field"], "id");
    let lift = json!({ "on": "person", "id": person });
    let path = home.path("/holds/lift");
    assert_eq!(administrator.post(&path, &lift).await.status, 200);
    administrator.post(&path, &lift).await.refused(404, "not_found");
    let records = world.records(home.house.id()).await;
    let said: Vec<_> = records
        .iter()
        .filter(|record| matches!(record.action, Action::HoldPlaced | Action::HoldLifted))
        .map(|record| (record.action, record.about))
        .collect();
    let about = shared::audit::About::Person(shared::ids::PersonId::parse(&person).unwrap());
    assert_eq!(said, [(Action::HoldPlaced, about), (Action::HoldLifted, about)]);
    // The reason lies sealed.
    for (key, item) in world.everything(shared::settings::Table::Schedule).await {
        assert!(!format!("{item:?}").contains("A dispute"), "{key}");
    }
    world.checked().await;
    world.cloud.stop().await;
}
