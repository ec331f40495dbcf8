//! What a booking costs: the items that its transaction touches.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::world::{Plan, World};

/// Everything that lies in the tables a booking's transaction may touch.
async fn everything(world: &World) -> BTreeMap<String, String> {
    assert!(world.cloud.settle().await);
    let tables = &world.service().settings.tables;
    let mut found = BTreeMap::new();
    for table in [&tables.schedule, &tables.mail, &tables.audit] {
        let answer = world.cloud.dynamo().scan().table_name(table).send().await.unwrap();
        assert!(answer.last_evaluated_key.is_none());
        for item in answer.items.unwrap() {
            let text = |name: &str| item[name].as_s().unwrap().clone();
            // Checkpoints are the sealer's, one a minute and not one a booking.
            if text("pk").contains("#checkpoint") {
                continue;
            }
            let mut attributes: Vec<_> = item.iter().collect();
            attributes.sort_by(|one: &(&String, &AttributeValue), other| one.0.cmp(other.0));
            found.insert(
                format!("{table}/{}/{}", text("pk"), text("sk")),
                format!("{attributes:?}"),
            );
        }
    }
    found
}

fn changed(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> usize {
    after.iter().filter(|(key, item)| before.get(*key) != Some(item)).count()
}

#[tokio::test]
async fn a_booking_touches_six_items_a_move_six_and_a_cancellation_six() {
    let world = World::start().await;
    let school = world.school().await;
    let parent = world.visitor("Ada Parent");
    let before = everything(&world).await;
    let manage = parent.books(&school, &world.slot(&school, 0).await).await;
    let booked = everything(&world).await;
    assert_eq!(changed(&before, &booked), 6, "a booking may touch 10 at most");
    parent.move_to(&manage, &world.slot(&school, 8).await).await;
    let moved = everything(&world).await;
    assert_eq!(changed(&booked, &moved), 6, "a move may touch 16 at most");
    parent.cancel(&manage).await;
    assert_eq!(changed(&moved, &everything(&world).await), 6);
}

#[tokio::test]
async fn over_midnight_in_utc_a_booking_touches_seven_items_and_a_move_at_most_nine() {
    let world = World::start().await;
    let days = vec![jiff::civil::date(2026, 12, 3), jiff::civil::date(2026, 12, 4)];
    let school = world
        .found(Plan {
            days,
            from: jiff::civil::time(18, 50, 0, 0),
            to: jiff::civil::time(19, 10, 0, 0),
            minutes: 20,
            resources: 1,
            ..Plan::school()
        })
        .await;
    let slots = world.slots(&school).await;
    assert_eq!(slots.len(), 2);
    let id = |nth: usize| slots[nth]["id"].as_str().unwrap().to_owned();
    let parent = world.visitor("Ada Parent");
    let before = everything(&world).await;
    let manage = parent.books(&school, &id(0)).await;
    let booked = everything(&world).await;
    assert_eq!(changed(&before, &booked), 7);
    assert_eq!(parent.move_to(&manage, &id(1)).await.status, 200);
    let moved = everything(&world).await;
    assert!(changed(&booked, &moved) <= 9, "{}", changed(&booked, &moved));
    // The other slot of the evening overlaps neither day any more.
    assert_eq!(parent.move_to(&manage, &id(0)).await.status, 200);
    assert_eq!(parent.cancel(&manage).await.status, 200);
    let report = shared::fsck::run_to_end(world.service()).await.unwrap();
    assert!(report.is_clean(), "{report}");
}

#[tokio::test]
async fn a_hold_touches_five_items_and_its_confirmation_seven() {
    let world = World::start().await;
    let clinic = world.clinic().await;
    let patient = world.visitor("Pat Patient");
    let before = everything(&world).await;
    patient.book(&clinic, &world.slot(&clinic, 0).await).await;
    let held = everything(&world).await;
    assert_eq!(changed(&before, &held), 5);
    let link = patient.mailed_link("/confirm/").await;
    let held = everything(&world).await;
    world.post(&world.url(&link), &serde_json::json!({})).await;
    assert_eq!(changed(&held, &everything(&world).await), 7);
}

#[tokio::test]
async fn for_a_dependent_a_booking_touches_seven_items_a_move_seven_and_a_cancellation_seven() {
    let world = World::start().await;
    let school = world.school().await;
    world.dependent(&school.organization, "Maya", "MS-1042", "a secret").await.unwrap();
    let parent = world.guardian(&school.organization, "Ada Parent").await;
    let maya = parent.attaches("MS-1042", "a secret").await;
    let before = everything(&world).await;
    let manage = parent.books(&school, &world.slot(&school, 0).await, Some(&maya)).await;
    let booked = everything(&world).await;
    // The first booking of who signed in is also the first item about them.
    assert_eq!(changed(&before, &booked), 8, "a booking may touch 10 at most");
    let url = parent.books(&school, &world.slot(&school, 5).await, Some(&maya)).await;
    let second = everything(&world).await;
    assert_eq!(changed(&booked, &second), 7);
    parent.visitor.move_to(&manage, &world.slot(&school, 8).await).await;
    let moved = everything(&world).await;
    assert_eq!(changed(&second, &moved), 7, "a move may touch 16 at most");
    parent.visitor.cancel(&url).await;
    assert_eq!(changed(&moved, &everything(&world).await), 7);
}

#[tokio::test]
async fn over_midnight_a_booking_for_a_dependent_touches_ten_items_and_a_move_at_most_thirteen() {
    let world = World::start().await;
    let school = world
        .found(Plan {
            days: vec![jiff::civil::date(2026, 12, 3), jiff::civil::date(2026, 12, 4)],
            from: jiff::civil::time(18, 50, 0, 0),
            to: jiff::civil::time(19, 10, 0, 0),
            minutes: 20,
            resources: 1,
            ..Plan::school()
        })
        .await;
    world.dependent(&school.organization, "Maya", "MS-1042", "a secret").await.unwrap();
    let parent = world.guardian(&school.organization, "Ada Parent").await;
    let maya = parent.attaches("MS-1042", "a secret").await;
    let slots = world.slots(&school).await;
    let id = |nth: usize| slots[nth]["id"].as_str().unwrap().to_owned();
    let before = everything(&world).await;
    let manage = parent.books(&school, &id(0), Some(&maya)).await;
    let booked = everything(&world).await;
    assert_eq!(changed(&before, &booked), 10);
    assert_eq!(parent.visitor.move_to(&manage, &id(1)).await.status, 200);
    let moved = changed(&booked, &everything(&world).await);
    assert!((11..=13).contains(&moved), "{moved}");
}
