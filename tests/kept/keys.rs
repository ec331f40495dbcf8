//! The keys of an organization: another one, everything sealed anew under it,
//! and every link void.

pub(crate) mod own;

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use shared::identity::access::Level;
use shared::ids::{OrganizationId, RunId};
use shared::run;
use shared::settings::Table;
use shared::vault::{Sealed, resealing};

use crate::people::Person;
use crate::world::{Place, World};

/// Under which versions how much of an organization is sealed, in the tables
/// that keep it.
async fn versions(world: &World, organization: OrganizationId) -> BTreeMap<u8, usize> {
    let service = world.service();
    let mut found = BTreeMap::new();
    for table in [Table::Schedule, Table::Identity, Table::Mail, Table::Session] {
        let mut from = None;
        loop {
            let page = service
                .dynamo
                .scan()
                .table_name(service.settings.tables.name(table))
                .filter_expression("begins_with(pk, :organization)")
                .expression_attribute_values(
                    ":organization",
                    AttributeValue::S(organization.to_string()),
                )
                .set_exclusive_start_key(from)
                .send()
                .await
                .unwrap();
            for item in page.items.unwrap_or_default() {
                if let Some(AttributeValue::B(bytes)) = item.get("sealed") {
                    let sealed = Sealed::from_stored(bytes.clone().into_inner());
                    *found.entry(sealed.version().unwrap()).or_default() += 1;
                }
            }
            from = page.last_evaluated_key;
            if from.is_none() {
                break;
            }
        }
    }
    found
}

/// A school with an administrator who has signed in, and three families who
/// have booked; their links.
async fn school(world: &World) -> (Place, Person<'_>, Vec<String>) {
    let school = world.school().await;
    let robin = world.member(&school.organization, "Robin Stone", Level::Administrator).await;
    robin.signs_in().await;
    let mut links = Vec::new();
    for name in ["Ada Ray", "Ben Ray", "Cleo Ray"] {
        let slot = world.slot(&school, 0).await;
        links.push(world.visitor(name).books(&school, &slot).await);
    }
    (school, robin, links)
}

async fn no_damage(world: &World) {
    let report = shared::fsck::run_to_end(world.service()).await.unwrap();
    assert!(report.is_clean(), "{report}");
}

#[tokio::test]
async fn everything_is_sealed_anew_under_another_key_while_people_go_on_booking() {
    let world = World::start().await;
    let (school, robin, links) = school(&world).await;
    let organization = school.organization.id;
    assert_eq!(versions(&world, organization).await.keys().collect::<Vec<_>>(), [&1]);
    let answer = robin.post("/manage/keys/rotate", &json!({})).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    assert_eq!(answer.json()["keys"][0]["version"], 2, "{}", answer.text);
    assert_eq!(answer.json()["keys"][0]["seals"], false, "not before everybody knows it");
    // Until everybody knows the key, nobody seals under it.
    let slot = world.slot(&school, 0).await;
    world.visitor("Dora Ray").books(&school, &slot).await;
    assert_eq!(versions(&world, organization).await.keys().collect::<Vec<_>>(), [&1]);
    let again = robin.post("/manage/keys/rotate", &json!({})).await;
    again.refused(409, "conflict");
    // Later it seals what is new, and in the end all that was there.
    for _ in 0..4 {
        world.advance("PT5M").await;
        assert!(world.cloud.settle().await);
        let slot = world.slot(&school, 0).await;
        world.visitor(&format!("Late {slot}")).books(&school, &slot).await;
    }
    world.advance("PT5M").await;
    assert!(world.cloud.settle().await);
    let after = versions(&world, organization).await;
    assert_eq!(after.keys().collect::<Vec<_>>(), [&2], "{after:?}");
    // Everything opens as before, and nothing else has changed.
    for link in &links {
        let path = link.trim_start_matches(world.cloud.address());
        assert_eq!(world.get(path).await.status, 200, "{link}");
    }
    no_damage(&world).await;
    robin.signs_in().await;
    let keys = robin.get("/manage/keys").await;
    assert_eq!(keys.json()["sealed_anew"], json!(null), "{}", keys.text);
    assert_eq!(keys.json()["keys"][0]["seals"], true);
}

#[tokio::test]
async fn sealing_anew_that_dies_after_any_step_ends_the_same_when_it_is_gone_on_with() {
    let world = World::start().await;
    let (school, _, _) = school(&world).await;
    let organization = school.organization.id;
    let service = world.service();
    let mut deaths = 0;
    // Each time it lives a step longer, and dies without a word.
    for life in 0.. {
        let kept = service.vault.kept(organization).await.unwrap();
        let another = service.vault.rotate(organization, &kept, None, world.now()).await;
        let another = another.unwrap().unwrap();
        let version = another.version;
        assert!(world.commit(vec![another.write]).await);
        world.advance("PT12M").await;
        let now = world.now();
        let id = RunId::fresh(now, &*service.chance).unwrap();
        let begun = resealing::run(organization, id, version, now, now);
        let begun = run::Run { state: resealing::State { not_before: 0, ..begun.state }, ..begun };
        assert!(world.commit(vec![run::beginning(service, &begun).unwrap()]).await);
        let mut claim =
            run::claim::<resealing::State>(service, begun.which, now).await.unwrap().unwrap();
        let mut done = false;
        for _ in 0..life {
            if resealing::step(service, &mut claim, now).await.unwrap() == run::Progress::Ended {
                done = true;
                break;
            }
        }
        if done {
            break;
        }
        drop(claim);
        deaths += 1;
        assert!(
            run::claim::<resealing::State>(service, begun.which, now).await.unwrap().is_none(),
            "nobody else works on it while the claim holds"
        );
        world.advance("PT3M").await;
        let now = world.now();
        let mut claim =
            run::claim::<resealing::State>(service, begun.which, now).await.unwrap().unwrap();
        while resealing::step(service, &mut claim, now).await.unwrap() != run::Progress::Ended {}
        claim.end(service, now).await.unwrap();
        assert_eq!(versions(&world, organization).await.keys().collect::<Vec<_>>(), [&version]);
    }
    assert!(deaths >= 5, "{deaths} steps at which it died");
    no_damage(&world).await;
}

#[tokio::test]
async fn what_somebody_changes_while_it_is_sealed_anew_keeps_their_change() {
    let world = World::start().await;
    let (school, robin, links) = school(&world).await;
    assert_eq!(robin.post("/manage/keys/rotate", &json!({})).await.status, 202);
    let mover = world.visitor("Ada Ray");
    let mut last = serde_json::Value::Null;
    for _ in 0..5 {
        let slot = world.slot(&school, 0).await;
        let moved = mover.move_to(&links[0], &slot).await;
        last = moved.json()["start"].clone();
        assert_eq!(moved.status, 200, "{}", moved.text);
        world.advance("PT4M").await;
    }
    assert!(world.cloud.settle().await);
    // What was sealed before everybody knew of the key is the last to be done.
    world.advance("PT4M").await;
    assert!(world.cloud.settle().await);
    let after = versions(&world, school.organization.id).await;
    assert_eq!(after.keys().collect::<Vec<_>>(), [&2], "{after:?}");
    let shown = world.get(links[0].trim_start_matches(world.cloud.address())).await.json();
    assert_eq!((&shown["start"], &shown["name"]), (&last, &json!("Ada Ray")));
    no_damage(&world).await;
}

#[tokio::test]
async fn every_link_of_before_is_void_some_minutes_after_and_new_ones_work() {
    let world = World::start().await;
    let (school, robin, links) = school(&world).await;
    let path = links[0].trim_start_matches(world.cloud.address()).to_owned();
    assert_eq!(world.get(&path).await.status, 200);
    assert_eq!(robin.post("/manage/keys/revoke-links", &json!({})).await.status, 202);
    world.advance("PT12M").await;
    let nothing = world.get(&path).await;
    assert_eq!(nothing.status, 404, "{}", nothing.text);
    let slot = world.slot(&school, 0).await;
    let new = world.visitor("Dora Ray").books(&school, &slot).await;
    assert_eq!(world.get(new.trim_start_matches(world.cloud.address())).await.status, 200);
    no_damage(&world).await;
}

#[tokio::test]
async fn only_an_administrator_who_has_just_shown_who_they_are_makes_another_key() {
    let world = World::start().await;
    let (school, robin, _) = school(&world).await;
    let eve = world.member(&school.organization, "Eve Low", Level::EventAdministrator).await;
    eve.signs_in().await;
    assert_eq!(eve.get("/manage/keys").await.status, 403);
    assert_eq!(eve.post("/manage/keys/rotate", &json!({})).await.status, 403);
    world.advance("PT11M").await;
    for path in ["/manage/keys/rotate", "/manage/keys/revoke-links"] {
        robin.post(path, &json!({})).await.refused(403, "confirm_needed");
    }
    let page = robin.page("/manage/keys").await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("Make another key and seal everything anew"));
    let records = world.records(school.organization.id).await;
    assert!(records.iter().all(|record| record.action != shared::audit::Action::KeyRotated));
}
