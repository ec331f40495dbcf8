//! What guests of an organization see is on record and shown, whatever else is;
//! and nobody gets at what they do not cover by being quick or persistent.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use shared::audit::{self, About, Action as Deed, Actor, Record};
use shared::booking::store::{self, Desk};
use shared::booking::{self, Cancelling};
use shared::dynamo::{self, Key};
use shared::identity::Subject;
use shared::identity::access::{Coverage, Level};
use shared::ids::{BookingId, RecordId, SupportGrantId};
use shared::participant::Allowances;

use crate::manage::{School, line, open_review, person, reads_of, supporter, two_families};
use crate::world::World;

#[tokio::test]
async fn an_answer_that_says_whose_something_is_is_on_record_also_when_nothing_changed() {
    let world = World::start().await;
    let school = School::in_(&world).await;
    two_families(&world, &school.place).await;
    let administrator = school.house.signed_in(&world, &school.administrator).await;
    let (_, booking) = person(&administrator, &school, "Maria Lopez").await;
    let viewer = school.house.member("vera.viewer", Level::Viewer).await;
    let shown = async || {
        let records = school.records().await.into_iter().map(|entry| entry.record);
        let shown = records.filter(|record| record.action == Deed::DataShown);
        let about = |record: shared::audit::Record| match record.about {
            About::Booking(_, id) => id.to_string(),
            About::Member(id) => id.to_string(),
            _ => String::new(),
        };
        shown.map(about).filter(|id| !id.is_empty()).collect::<Vec<_>>()
    };
    let cancel = school.path(&format!("/bookings/{booking}/cancel"));
    for times in 1..=2 {
        let answer = administrator.post(&cancel, &json!({})).await;
        assert_eq!(answer.json()["name"], "Maria Lopez");
        assert_eq!(shown().await, vec![booking.clone(); times]);
    }
    let before = shown().await.len();
    for (times, deed) in ["enable", "disable", "disable"].into_iter().enumerate() {
        let path = school.path(&format!("/members/{}/{deed}", viewer.id));
        let answer = administrator.post(&path, &json!({})).await;
        assert_eq!(answer.json()["username"], "vera.viewer");
        assert_eq!(shown().await.len(), before + times + 1, "{deed}");
    }
    world.cloud.stop().await;
}

#[tokio::test]
async fn a_member_s_cancelling_stops_where_the_appointment_was_moved_away_meanwhile() {
    let world = World::start().await;
    let school = School::in_(&world).await;
    let slots = world.slots(&school.place).await;
    let away = slots.iter().find(|slot| slot["resource"] != slots[0]["resource"]).unwrap();
    let away = away["id"].as_str().unwrap();
    let maria = world.visitor("Maria Lopez");
    let manage = maria.books(&school.place, slots[0]["id"].as_str().unwrap()).await;
    let administrator = school.house.signed_in(&world, &school.administrator).await;
    let (_, id) = person(&administrator, &school, "Maria Lopez").await;
    let (service, snapshot) = (&school.house.service, school.house.snapshot.clone());
    let find = async || {
        let id = BookingId::parse(&id).unwrap();
        store::find(service, school.house.id(), &snapshot.keys, id).await.unwrap().unwrap()
    };
    // A keeper of the first teacher has read it, and the family moves it.
    let read = find().await;
    assert_eq!(maria.move_to(&manage, away).await.status, 200);
    let occasion = service.occasion_of(snapshot.clone(), read.event).await.unwrap().unwrap();
    let allowances = Allowances::default();
    let desk = Desk { service, allowances: &allowances, occasion: &occasion, now: world.now() };
    let by = (Actor::Member(school.administrator.id), None);
    let Cancelling::Moved(current) = desk.cancel_by(&read, by).await.unwrap() else {
        panic!("it was cancelled where they may cover nothing")
    };
    assert_eq!(current.slot.to_string(), away);
    assert_eq!(find().await.state, booking::State::Booked);
    // Whoever may cancel it there does.
    assert!(matches!(desk.cancel_by(&current, by).await.unwrap(), Cancelling::Cancelled(_)));
    world.cloud.stop().await;
}

#[tokio::test]
async fn who_is_refused_too_often_waits_and_fills_no_trail() {
    let world = World::start().await;
    let school = School::in_(&world).await;
    let viewer = school.house.covering("vera.viewer", Level::Viewer, Coverage::nothing()).await;
    let viewer = school.house.signed_in(&world, &viewer).await;
    for _ in 0..300 {
        viewer.get(&school.path("/members")).await.refused(403, "not_allowed");
    }
    let stopped = viewer.get(&school.path("/members")).await;
    stopped.refused(429, "too_many_requests");
    assert!((1..=3_600).contains(&stopped.header("retry-after").parse::<u64>().unwrap()));
    // What they do not cover stays told from nothing by no answer.
    let uncovered = viewer.get(&school.appointments()).await;
    let unknown = viewer.get(&school.path("/events/nothing-here")).await;
    assert_eq!((uncovered.status, &uncovered.text), (404, &unknown.text));
    let refused = world.records(school.house.id()).await;
    let refused = refused.iter().filter(|record| record.action == Deed::ActionRefused).count();
    assert_eq!(refused, 300);
    // What they may see they see, and an hour later all is as before.
    assert_eq!(viewer.get(&school.path("")).await.status, 200);
    let other = school.house.member("mia.maker", Level::Maker).await;
    let other = school.house.signed_in(&world, &other).await;
    other.get(&school.path("/members")).await.refused(403, "not_allowed");
    world.cloud.stop().await;
}

/// Puts more on record than anybody looks through: ten thousand refusals.
async fn flood(world: &World, school: &School, actors: [Actor; 3]) {
    let (service, organization, now) = (&school.house.service, school.house.id(), world.now());
    let table = &service.settings.tables.audit;
    let mut samples = Vec::new();
    for actor in actors {
        let record = Record::of(actor, Deed::ActionRefused, About::Organization);
        audit::write(service, organization, &record, now).await.unwrap();
        let refused = text("action_refused");
        let scan = world.cloud.dynamo().scan().table_name(table);
        let items = scan.send().await.unwrap().items.unwrap();
        let (kind, refused) = (record_of(actor), Some(&refused));
        let found = items
            .into_iter()
            .find(|item| item.get("action") == refused && item.get("actor") == Some(&text(kind)));
        samples.push(found.unwrap());
    }
    let items = (0..10_200_usize).map(|number| {
        let id = RecordId::fresh(now, &*service.chance).unwrap();
        let mut item = samples[number % 3].clone();
        item.extend(Key::audit(organization, audit::day_of(now), id).to_item());
        item
    });
    let items = items.collect();
    dynamo::batch_put(&service.dynamo, table, items, &*service.chance).await.unwrap();
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn record_of(actor: Actor) -> &'static str {
    match actor {
        Actor::Support { .. } => "support",
        Actor::Emergency(_) => "emergency",
        _ => "member",
    }
}

#[tokio::test]
async fn nothing_that_is_on_record_besides_hides_what_guests_read() {
    let world = World::start().await;
    let school = School::in_(&world).await;
    two_families(&world, &school.place).await;
    let supporter = supporter(&school).await;
    let administrator = school.house.signed_in(&world, &school.administrator).await;
    let wish = json!({ "supporter": supporter.id.to_string(), "reason": "Help.", "hours": 24 });
    let allowed = administrator.post(&school.path("/support"), &wish).await;
    let grant = SupportGrantId::parse(allowed.json()["id"].as_str().unwrap()).unwrap();
    let review = open_review(&world, &school).await;
    let sam = school.operator.signed_in(&world, &supporter).await;
    let guest = school.house.with_session(&world, Subject::Emergency(review), 0).await;
    world.advance("PT1M").await;
    assert_eq!(sam.get(&school.appointments()).await.status, 200);
    world.advance("PT1M").await;
    assert_eq!(guest.get(&school.appointments()).await.status, 200);
    let records = school.records().await;
    let first = reads_of(&records, supporter.id).pop().unwrap();
    let emergency = records
        .iter()
        .find(|entry| entry.record.actor == Actor::Emergency(review))
        .cloned()
        .unwrap();
    world.advance("PT1M").await;
    let actors = [
        Actor::Support { member: supporter.id, grant },
        Actor::Emergency(review),
        Actor::Member(school.administrator.id),
    ];
    flood(&world, &school, actors).await;
    let page = administrator.page(&school.path("/support")).await;
    assert!(page.text.contains(&line(&school, &first)), "{}", page.text);
    assert!(!page.text.contains("There is more than is listed here"));
    let page = administrator.page(&school.path("/emergency")).await;
    assert!(page.text.contains(&line(&school, &emergency)), "{}", page.text);

    // So many reads that they fill a page: it says so, and the rest is behind it.
    world.advance("PT1M").await;
    for _ in 0..105 {
        assert_eq!(sam.get(&school.appointments()).await.status, 200);
    }
    let page = administrator.page(&school.path("/support")).await;
    assert!(!page.text.contains(&line(&school, &first)));
    let (_, rest) = page.text.split_once("There is more than is listed here: <a href=\"").unwrap();
    let earlier = rest.split('"').next().unwrap().replace("&#38;", "&");
    let page = administrator.page(earlier.split('#').next().unwrap()).await;
    assert!(page.text.contains(&line(&school, &first)), "{}", page.text);
    assert!(!page.text.contains("There is more than is listed here"));
    world.cloud.stop().await;
}

#[tokio::test]
async fn of_two_permissions_at_once_neither_is_lost_and_only_the_later_holds() {
    let world = World::start().await;
    let school = School::in_(&world).await;
    let supporter = supporter(&school).await;
    let administrator = school.house.signed_in(&world, &school.administrator).await;
    let path = school.path("/support");
    let wish = |reason: &str| json!({ "supporter": supporter.id.to_string(), "reason": reason, "hours": 2 });
    let wishes = [wish("The one."), wish("The other."), wish("A third.")];
    let asked = wishes.iter().map(|wish| administrator.post(&path, wish));
    for answer in futures::future::join_all(asked).await {
        assert_eq!(answer.status, 201, "{}", answer.text);
    }
    let grants = administrator.get(&path).await.json()["grants"].as_array().unwrap().clone();
    let mut reasons: Vec<_> =
        grants.iter().map(|grant| grant["reason"].as_str().unwrap()).collect();
    reasons.sort_unstable();
    assert_eq!(reasons, ["A third.", "The one.", "The other."]);
    assert_eq!(grants.iter().filter(|grant| grant["holds"] == true).count(), 1);
    let page = administrator.page(&path).await;
    let states = |state: &str| page.text.matches(&format!("class=\"tag\">{state}<")).count();
    assert_eq!((states("Can read now"), states("Replaced by a later one")), (1, 2));
    let end = school.path(&format!("/support/{}/withdraw", supporter.id));
    assert_eq!(administrator.post(&end, &json!({})).await.json()["holds"], false);
    let grants = administrator.get(&path).await.json()["grants"].as_array().unwrap().clone();
    assert!(grants.iter().all(|grant| grant["holds"] == false));
    world.cloud.stop().await;
}

#[tokio::test]
async fn help_is_let_in_however_many_administrators_there_are() {
    let world = World::start().await;
    let school = School::in_(&world).await;
    let supporter = supporter(&school).await;
    for number in 0..100 {
        school.house.member(&format!("admin.{number}"), Level::Administrator).await;
    }
    let administrator = school.house.signed_in(&world, &school.administrator).await;
    let wish = json!({ "supporter": supporter.id.to_string(), "reason": "Help.", "hours": 1 });
    let allowed = administrator.post(&school.path("/support"), &wish).await;
    assert_eq!(allowed.status, 201, "{}", allowed.text);
    world.cloud.stop().await;
}
