//! What is older goes, what is younger stays, and what is held stays.

use jiff::civil::{date, time};
use serde_json::{Value, json};
use shared::dynamo::{Item, Key, batch_put};
use shared::identity::Subject;
use shared::ids::{NoticeId, PersonId};
use shared::ledger::{self, Fate, Forgotten};
use shared::settings::Table;

use super::scene::Home;
use crate::people::PASSWORD;
use crate::world::{Plan, World};

fn number(value: i64) -> aws_sdk_dynamodb::types::AttributeValue {
    aws_sdk_dynamodb::types::AttributeValue::N(value.to_string())
}

fn text(value: &str) -> aws_sdk_dynamodb::types::AttributeValue {
    aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned())
}

#[tokio::test]
async fn an_appointment_goes_on_its_day_at_three_in_the_morning_across_a_change_of_the_clocks() {
    let world = World::start().await;
    // On 14 March 2027 the clocks of New York go forward.
    let days = vec![date(2027, 3, 13), date(2027, 3, 14)];
    let plan = Plan { days, to: time(17, 10, 0, 0), resources: 1, ..Plan::school() };
    let school = world.found(plan).await;
    let home = Home::of(&world, school).await;
    let slots = world.slots(&home.place).await;
    for (nth, name) in ["Ada", "Bert"].into_iter().enumerate() {
        let slot = slots[nth]["id"].as_str().unwrap();
        world.visitor(name).books(&home.place, slot).await;
    }
    home.keep(&world, json!({ "bookings_days": 1, "notices_days": null })).await;
    // The last moment before three: the clocks have gone forward.
    world.reaches("2027-03-15T02:59:30-04:00").await;
    world.night().await;
    assert_eq!(world.bookings().await.len(), 2);
    let tonight = home.tonight(&world).await;
    assert_eq!(tonight["begins"], "2027-03-15T03:00:00-04:00");
    assert_eq!(tonight["events"][0]["appointments"], 1, "{tonight}");
    world.reaches("2027-03-15T03:00:00-04:00").await;
    world.night().await;
    assert_eq!(world.bookings().await.len(), 1, "the one of the 13th is gone");
    world.reaches("2027-03-16T02:59:30-04:00").await;
    world.night().await;
    assert_eq!(world.bookings().await.len(), 1);
    world.reaches("2027-03-16T03:00:00-04:00").await;
    world.night().await;
    assert_eq!(world.bookings().await, []);
    assert_eq!((world.seats_taken().await, world.kept(Table::Mail, "notice").await.len()), (0, 0));
    world.checked().await;
    let entries = ledger::of_organization(world.service(), home.house.id()).await.unwrap();
    let before: Vec<_> = entries.iter().map(|entry| entry.what).collect();
    let moment = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
    assert_eq!(
        before,
        [
            Forgotten::Bookings(moment("2027-03-14T00:00:00-05:00"), Fate::Removed),
            Forgotten::Bookings(moment("2027-03-15T00:00:00-04:00"), Fate::Removed),
        ]
    );
    assert!(entries.iter().all(|entry| entry.ended.is_some() && entry.at <= entry.ended.unwrap()));
    assert_eq!(world.applied(home.house.id()).await, [("bookings".to_owned(), 1)]);
    let trail = home.administrator(&world).await.page(&home.path("/audit")).await;
    assert!(trail.text.contains("Removed what is no longer kept"), "{}", trail.text);
    assert!(trail.text.contains("1 appointment<"), "{}", trail.text);
    world.cloud.stop().await;
}

#[tokio::test]
async fn nothing_is_removed_until_somebody_says_so_but_a_mail_after_four_hundred_days() {
    let world = World::start().await;
    let home = Home::school(&world).await;
    let ada = world.visitor("Ada");
    let url = ada.books(&home.place, &world.slot(&home.place, 0).await).await;
    assert_eq!(ada.move_to(&url, &world.slot(&home.place, 4).await).await.status, 200);
    assert_eq!(world.mails(&ada.email).await.len(), 2);
    world.reaches("2028-01-03T09:00:00Z").await;
    world.night().await;
    assert_eq!(world.kept(Table::Mail, "notice").await.len(), 2, "399 days");
    world.reaches("2028-01-06T09:00:00Z").await;
    world.night().await;
    // The newest says what was promised: it stays as long as the appointment.
    let left = world.kept(Table::Mail, "notice").await;
    assert_eq!((left.len(), world.bookings().await.len()), (1, 1));
    world.checked().await;
    assert_eq!(world.applied(home.house.id()).await, [("notices".to_owned(), 1)]);
    // And is not looked at again the next night.
    let tonight = home.tonight(&world).await;
    assert_eq!((&tonight["notices"], &tonight["held"]), (&json!(0), &json!(0)));
    world.cloud.stop().await;
}

#[tokio::test]
async fn a_longer_time_keeps_what_a_shorter_one_removes() {
    let world = World::start().await;
    let home = Home::school(&world).await;
    world.visitor("Ada").books(&home.place, &world.slot(&home.place, 0).await).await;
    home.keep(&world, json!({ "bookings_days": 10 })).await;
    world.reaches("2026-12-13T12:00:00Z").await;
    world.night().await;
    assert_eq!(world.bookings().await.len(), 1);
    // It would go tonight.
    assert_eq!(home.tonight(&world).await["events"][0]["appointments"], 1);
    home.keep(&world, json!({ "bookings_days": 11 })).await;
    assert_eq!(home.tonight(&world).await["events"], json!([]));
    world.reaches("2026-12-14T12:00:00Z").await;
    world.night().await;
    assert_eq!(world.bookings().await.len(), 1);
    home.keep(&world, json!({ "bookings_days": null })).await;
    world.reaches("2027-02-14T12:00:00Z").await;
    world.night().await;
    assert_eq!(world.bookings().await.len(), 1);
    home.keep(&world, json!({ "bookings_days": 0 })).await;
    // What holds from the coming night on does not hold before it.
    world.night().await;
    assert_eq!(world.bookings().await.len(), 1);
    world.reaches("2027-02-15T12:00:00Z").await;
    world.night().await;
    assert_eq!(world.bookings().await, []);
    world.checked().await;
    world.cloud.stop().await;
}

#[tokio::test]
async fn what_is_held_stays_until_the_hold_is_lifted_and_the_preview_says_so() {
    let world = World::start().await;
    let home = Home::school(&world).await;
    let school = &home.place;
    world.dependent(&school.organization, "Maya Example", "MS-1042", "2017-04-09").await.unwrap();
    let ann = world.guardian(&school.organization, "Ann").await;
    let maya = ann.attaches("MS-1042", "2017-04-09").await;
    ann.books(school, &world.slot(school, 0).await, Some(&maya)).await;
    let bert = world.visitor("Bert");
    bert.books(school, &world.slot(school, 2).await).await;
    world.visitor("Cleo").books(school, &world.slot(school, 4).await).await;
    home.keep(&world, json!({ "bookings_days": 5, "notices_days": 7 })).await;
    home.hold(&world, "person", &home.person(&bert.email)).await;
    home.hold(&world, "dependent", &maya).await;
    world.reaches("2026-12-20T12:00:00Z").await;
    world.night().await;
    let tonight = home.tonight(&world).await;
    assert_eq!(tonight["events"], json!([]), "last night has been: {tonight}");
    assert!(tonight["held"].as_u64().unwrap() >= 2, "{tonight}");
    assert_eq!(world.bookings().await.len(), 2, "Cleo's went");
    assert_eq!(world.kept(Table::Mail, "notice").await.len(), 2, "so did the mail to Cleo");

    // A hold on the event keeps all of it.
    let event = school.event.id.to_string();
    home.hold(&world, "event", &event).await;
    home.lift(&world, "person", &home.person(&bert.email)).await;
    home.lift(&world, "dependent", &maya).await;
    world.reaches("2026-12-22T12:00:00Z").await;
    world.night().await;
    assert_eq!(world.bookings().await.len(), 2);
    home.lift(&world, "event", &event).await;
    assert_eq!(home.tonight(&world).await["events"][0]["appointments"], 2);
    world.reaches("2026-12-23T12:00:00Z").await;
    world.night().await;
    assert_eq!(world.bookings().await, []);
    assert_eq!(world.kept(Table::Mail, "notice").await, []);
    world.checked().await;
    world.cloud.stop().await;
}

#[tokio::test]
async fn seats_keep_the_counts_and_the_team_sees_that_somebody_s_data_was_deleted() {
    let world = World::start().await;
    let home = Home::school(&world).await;
    let ada = world.visitor("Ada");
    ada.books(&home.place, &world.slot(&home.place, 0).await).await;
    home.keep(&world, json!({ "bookings_days": 5, "fate": "seats" })).await;
    world.reaches("2026-12-20T12:00:00Z").await;
    world.night().await;
    assert_eq!((world.bookings().await.len(), world.seats_taken().await), (0, 1));
    let administrator = home.administrator(&world).await;
    let path = home.path("/events/conferences?day=2026-12-03");
    let day = administrator.get(&path).await.json();
    assert_eq!(day["appointments"], json!([]));
    assert_eq!(day["seats"][0]["reason"], "deleted");
    let page = administrator.page(&path).await;
    assert!(page.text.contains("This person’s data was deleted."), "{}", page.text);
    assert!(!page.text.contains("Ada") && page.text.contains("1 appointment."));
    // A seat that stays is not gone through again.
    assert_eq!(home.tonight(&world).await["events"], json!([]));
    // Until nothing may stay.
    home.keep(&world, json!({ "fate": "removed" })).await;
    assert_eq!(home.tonight(&world).await["events"][0]["appointments"], 1);
    world.reaches("2026-12-21T12:00:00Z").await;
    world.night().await;
    assert_eq!(world.seats_taken().await, 0);
    world.checked().await;
    world.cloud.stop().await;
}

#[tokio::test]
async fn who_is_not_heard_of_goes_and_who_books_or_signs_in_stays() {
    let world = World::start().await;
    let plan = Plan { days: vec![date(2026, 12, 3), date(2027, 3, 4)], ..Plan::clinic() };
    let home = Home::of(&world, world.found(plan).await).await;
    let clinic = &home.place;
    let slots = world.slots(clinic).await;
    let id = |nth: usize| slots[nth]["id"].as_str().unwrap().to_owned();
    let last = slots.len() - 1;
    let mut people = Vec::new();
    for (name, slot) in [("Ada", id(0)), ("Bert", id(2)), ("Cleo", id(last)), ("Dora", id(4))] {
        let person = world.visitor(name);
        assert_eq!(person.book(clinic, &slot).await.status, 202);
        let link = person.mailed_link("/confirm/").await;
        assert_eq!(world.post(&world.url(&link), &json!({})).await.status, 200);
        people.push(person);
    }
    // Bert can sign in.
    let bert: PersonId = PersonId::parse(&home.person(&people[1].email)).unwrap();
    world.set_password(home.house.id(), Subject::Participant(bert), PASSWORD).await;
    home.keep(&world, json!({ "bookings_days": 10, "contacts_days": 30 })).await;
    world.reaches("2026-12-20T12:00:00Z").await;
    world.night().await;
    assert_eq!(world.bookings().await.len(), 1, "Cleo's, in March");
    let listed = world.kept(Table::Schedule, "participant").await;
    assert_eq!(listed.len(), 4, "not thirty days yet");
    home.hold(&world, "person", &home.person(&people[3].email)).await;
    assert_eq!(home.tonight(&world).await["contacts"], 0);
    world.reaches("2027-01-20T12:00:00Z").await;
    world.night().await;
    let left: Vec<_> = world.kept(Table::Schedule, "participant").await;
    assert_eq!(left.len(), 3, "Ada is gone; Bert signs in, Cleo is booked, Dora is held");
    let ada = home.person(&people[0].email);
    assert!(left.iter().all(|key| !key.pk.contains(&ada)));
    world.checked().await;
    // In April even Cleo's appointment is gone, and a month later Cleo.
    world.reaches("2027-04-20T12:00:00Z").await;
    world.night().await;
    let left = world.kept(Table::Schedule, "participant").await;
    assert_eq!(left.len(), 2, "Bert and Dora: {left:?}");
    world.checked().await;
    world.cloud.stop().await;
}

/// A settled mail about somebody's account, as it is stored.
fn mail(home: &Home, nth: u16, at: i64) -> Item {
    let mut id = [0; 16];
    id[..2].copy_from_slice(&nth.to_be_bytes());
    let (organization, id) = (home.house.id(), NoticeId::from_bytes(id));
    let shard = shared::dynamo::keys::owed_shard(id);
    let mut item = Key::notice(organization, id).to_item();
    item.extend([
        ("kind".to_owned(), text("password_changed")),
        ("state".to_owned(), text("sent")),
        ("since".to_owned(), number(at)),
        ("ended".to_owned(), number(at)),
        ("settled_at".to_owned(), number(at)),
        ("settled_by".to_owned(), text(&shared::dynamo::keys::settled(organization, shard))),
        ("subject".to_owned(), text(&format!("m{}", "0".repeat(26)))),
        ("occasion".to_owned(), text(&"0".repeat(26))),
        ("concerns".to_owned(), text(&format!("{organization}#m{}", "0".repeat(26)))),
    ]);
    item
}

#[tokio::test]
async fn thousands_of_things_go_in_steps_and_two_ticks_at_once_do_nothing_twice() {
    let world = World::start().await;
    let home = Home::school(&world).await;
    let at = world.now().as_second();
    let items = (0..2_000).map(|nth| mail(&home, nth, at)).collect();
    let service = world.service();
    let table = &service.settings.tables.mail;
    batch_put(&service.dynamo, table, items, &*service.chance).await.unwrap();
    world.reaches("2028-02-01T12:00:00Z").await;
    tokio::join!(world.tick(), world.tick());
    while !shared::run::open(service, shared::run::Kind::Retention).await.unwrap().is_empty() {
        tokio::join!(world.tick(), world.tick());
    }
    assert_eq!(world.kept(Table::Mail, "notice").await, []);
    assert_eq!(world.applied(home.house.id()).await, [("notices".to_owned(), 2_000)]);
    assert_eq!(ledger::of_organization(service, home.house.id()).await.unwrap().len(), 1);
    world.cloud.stop().await;
}

#[tokio::test]
async fn a_night_begins_once_however_many_ticks_there_are() {
    let world = World::start().await;
    let home = Home::school(&world).await;
    world.visitor("Ada").books(&home.place, &world.slot(&home.place, 0).await).await;
    home.keep(&world, json!({ "bookings_days": 0 })).await;
    world.reaches("2026-12-05T08:30:00Z").await;
    tokio::join!(world.tick(), world.tick(), world.tick());
    world.night().await;
    let runs = world.everything(Table::Run).await;
    assert_eq!(runs.len(), 1);
    let ended: Vec<Value> = runs
        .iter()
        .map(|(_, item)| json!({ "open": item.contains_key("open_by"), "ended": item.contains_key("ended") }))
        .collect();
    assert_eq!(ended, [json!({ "open": false, "ended": true })]);
    world.cloud.stop().await;
}
