//! The course of an erasure: what goes, what stays, and what fails on the way.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_kms::types::KeyState;
use kept::{Options, Wakes};
use serde_json::{Value, json};
use shared::audit::verify::verify;
use shared::certificate::link;
use shared::dynamo::{Item, batch_put};
use shared::erasure;
use shared::identity::access::Level;

use super::scene::{
    Items, School, ask, bytes, carry_through, certificate_path, counts, items, quiet, tick,
};
use crate::identity::scene::House;
use crate::keys::own::{allowing, tagged};
use crate::personas::Persona;
use crate::world::{Answer, Plan, World};

/// What is left of an erased organization: records, the ledger's entry, the run.
fn left(items: &Items, school: &House) -> Vec<&'static str> {
    counts(items, school.id()).into_keys().collect()
}

#[tokio::test]
async fn an_erased_organization_answers_on_every_route_like_one_that_never_was() {
    let world = quiet().await;
    let school = School::in_(&world).await;
    let slot = world.slot(&school.place, 0).await;
    let manage = world.visitor("Maria Lopez").books(&school.place, &slot).await;
    let booking = manage.rsplit('/').next().unwrap().to_owned();
    let certificate = certificate_path(&world, &school.asks(&world).await);
    world.advance("PT72H").await;
    let adam = school.adam(&world).await;
    // Every function has just read it and remembers it.
    for path in ["/west-school", "/west-school/sign-in", "/west-school/manage"] {
        assert_eq!(adam.get(path).await.status, 200, "{path}");
    }
    assert_eq!(world.get(&format!("/west-school/bookings/{booking}")).await.status, 200);
    tick(&world).await.unwrap();
    world.advance("PT1S").await;

    let ask = async |method: &str, path: &str, page: bool, persona: &Persona<'_>| -> Answer {
        let body = (method == "POST").then(|| json!({}));
        persona.send(method, path, body.as_ref(), page).await
    };
    let nobody = Persona::nobody(&world);
    let mut asked = 0;
    for (_, route) in world.cloud.template().routes() {
        if !route.path.starts_with("/{organization}") {
            continue;
        }
        let path = |name: &str| {
            let path = route.path.replace("{organization}", name).replace("{link}", &booking);
            let path = path.replace("{event}", "conferences");
            path.split('/')
                .map(|part| if part.starts_with('{') { "0" } else { part })
                .collect::<Vec<_>>()
                .join("/")
        };
        for (persona, page) in [(&nobody, false), (&nobody, true), (&adam, false), (&adam, true)] {
            let gone = ask(&route.method, &path("west-school"), page, persona).await;
            let never = ask(&route.method, &path("nine-school"), page, persona).await;
            let (gone, never) = (bytes(&gone, "west-school"), bytes(&never, "nine-school"));
            assert_eq!(gone, never, "{} {}", route.method, route.path);
            asked += 1;
        }
    }
    assert!(asked > 300, "only {asked} requests");
    assert_eq!(world.get(&certificate).await.json()["state"], "removing");
    world.cloud.stop().await;
}

#[tokio::test]
async fn everything_goes_but_records_and_another_organization_keeps_every_item_as_it_was() {
    let world = quiet().await;
    let school = School::in_(&world).await;
    let other = world.found(Plan { web_name: "east-school", ..Plan::school() }).await;
    for place in [&school.place, &other] {
        let slots = world.slots(place).await;
        for (nth, slot) in slots.iter().enumerate().take(3) {
            let slot = slot["id"].as_str().unwrap();
            let name = format!("Maria {nth} of {}", place.organization.web_name);
            world.visitor(&name).books(place, slot).await;
        }
    }
    let viewer = House::of(&world, other.organization.id).await;
    let member = viewer.member("vera.viewer", Level::Administrator).await;
    let certificate = certificate_path(&world, &school.asks(&world).await);
    world.advance("PT72H").await;
    let vera = viewer.signed_in(&world, &member).await;
    let before = items(&world).await;
    assert_eq!(counts(&before, school.id())["OrganizationKeys"], 1);
    carry_through(&world, &certificate).await;
    let after = items(&world).await;

    let id = school.id().to_string();
    let others = |items: &Items| -> Items {
        items.clone().into_iter().filter(|((_, pk, _), _)| !pk.starts_with(&id)).collect()
    };
    let (mut then, mut now) = (others(&before), others(&after));
    let name = ("Schedule", "operator".to_owned(), "organization#west-school".to_owned());
    assert!(then.remove(&name).is_some(), "its name was registered");
    now.retain(|(_, _, sk), _| !sk.starts_with("retired-name#"));
    assert!(then.len() > 60, "too little to compare: {}", then.len());
    let changed: Vec<_> = then.iter().filter(|(key, item)| now.get(*key) != Some(*item)).collect();
    assert!(changed.is_empty() && then.len() == now.len(), "changed: {changed:#?}");
    assert_eq!(left(&after, &school.house), ["Audit", "Ledger", "Run"]);

    // What is left tells no name, and nothing of anybody.
    let whole = format!("{after:?}");
    for canary in ["west-school", "adam.admin", "Maria 0 of west", "maria.0.of.west"] {
        assert!(!whole.contains(canary), "{canary} is still somewhere");
    }
    let letters = world.cloud.dead_letters();
    assert!(letters.is_empty(), "{letters:?}");
    assert_eq!(world.get("/east-school").await.status, 200);
    assert_eq!(vera.get("/east-school/manage").await.status, 200);
    // A second passage finds nothing, and what is there fits together.
    assert!(erasure::sweep(world.service(), school.id()).await.unwrap().is_empty());
    let report = shared::fsck::run_to_end(world.service()).await.unwrap();
    assert!(report.is_clean(), "{report}");
    world.cloud.stop().await;
}

#[tokio::test]
async fn what_a_backup_brings_back_of_it_stays_shut_and_goes_again() {
    let world = quiet().await;
    let school = School::in_(&world).await;
    let slot = world.slot(&school.place, 0).await;
    world.visitor("Maria Lopez").books(&school.place, &slot).await;
    let certificate = certificate_path(&world, &school.asks(&world).await);
    let service = world.service();
    let mut backup: Vec<Item> = Vec::new();
    let table = &service.settings.tables.schedule;
    let page = service.dynamo.scan().table_name(table).send().await.unwrap();
    backup.extend(page.items.unwrap_or_default());
    world.advance("PT72H").await;
    carry_through(&world, &certificate).await;

    batch_put(&service.dynamo, table, backup, &*service.chance).await.unwrap();
    world.advance("PT2S").await;
    assert_eq!(world.get("/west-school").await.status, 404, "without its key it is nobody");
    assert!(service.organization_of(school.id(), world.now()).await.unwrap().is_none());
    let again = erasure::sweep(service, school.id()).await.unwrap();
    assert!(again["Schedule"] > 24, "{again:?}");
    assert!(!left(&items(&world).await, &school.house).contains(&"Schedule"));
    assert!(!format!("{:?}", items(&world).await).contains("west-school"), "its name is back");
    world.cloud.stop().await;
}

#[tokio::test]
async fn audit_records_outlive_it_and_are_proven_as_before() {
    let world = World::start().await;
    let school = School::in_(&world).await;
    let slot = world.slot(&school.place, 0).await;
    world.visitor("Maria Lopez").books(&school.place, &slot).await;
    let certificate = certificate_path(&world, &school.asks(&world).await);
    world.advance("PT72H").await;
    carry_through(&world, &certificate).await;
    assert!(world.cloud.settle().await);
    world.advance("PT15M").await;
    assert!(world.cloud.settle().await);
    let key = world.cloud.audit_key().unwrap();
    for only in [Some(school.id()), None] {
        let report = verify(world.service(), &key, only).await.unwrap();
        assert!(report.is_clean(), "{report}");
        assert!(report.records >= 4, "{report}");
    }
    world.cloud.stop().await;
}

/// An organization with something in every table, named by a number.
async fn small(world: &World, number: usize) -> House {
    let web_name: &'static str = Box::leak(format!("school-{number}").into_boxed_str());
    // However far the clock is moved, the time lies ahead.
    let days = vec![jiff::civil::date(2035, 12, 3)];
    let to = jiff::civil::time(17, 20, 0, 0);
    let plan = Plan { web_name, resources: 1, days, to, ..Plan::school() };
    let place = world.found(plan).await;
    let slot = world.slot(&place, 0).await;
    world.visitor(&format!("Maria {number}")).books(&place, &slot).await;
    let house = House::of(world, place.organization.id).await;
    let member = house.member("adam", Level::Administrator).await;
    house.signed_in(world, &member).await;
    house
}

/// Gives a school a KMS key of its own, which wraps another data key.
async fn with_own_key(world: &World, house: House) -> House {
    let vault = &world.service().vault;
    let own = vault.own_key(house.id()).await.unwrap();
    let kept = vault.kept(house.id()).await.unwrap();
    let another = vault.rotate(house.id(), &kept, Some(own), world.now()).await.unwrap();
    assert!(world.commit(vec![another.unwrap().write]).await);
    house
}

/// How an erasure ended: what is left, what the certificate says was removed.
async fn end(world: &World, house: &House, done: &Value) -> (BTreeMap<&'static str, usize>, Value) {
    let signed: Value = serde_json::from_str(done["certificate"].as_str().unwrap()).unwrap();
    assert_eq!(done["holds"], true);
    (counts(&items(world).await, house.id()), signed["removed"].clone())
}

#[tokio::test]
async fn killed_at_every_request_and_run_again_it_ends_the_same() {
    let world = allowing(Wakes::Nobody).await;
    let operator = House::operator(&world).await;
    let erased = async |house: &House, killed: Option<u64>| {
        let planned = ask(&world, house).await;
        world.advance("PT72H").await;
        let certificate = link::of(&operator.snapshot.keys, house.id(), planned.deletion);
        let certificate = format!("/certificates/{certificate}");
        let mut met = false;
        if let Some(killed) = killed {
            let mut left = killed;
            for _ in 0..4 {
                let start = world.cloud.faults().requests();
                world.cloud.faults().outage_after(left);
                let ticked = tick(&world).await;
                world.cloud.faults().outage(false);
                if ticked.is_err() {
                    met = true;
                    break;
                }
                left = left.saturating_sub(world.cloud.faults().requests() - start);
                world.advance("PT7M").await;
            }
            world.advance("PT3M").await;
        }
        let done = carry_through(&world, &certificate).await;
        (end(&world, house, &done).await, met)
    };
    let first = with_own_key(&world, small(&world, 0).await).await;
    let (reference, _) = erased(&first, None).await;
    assert_eq!(reference.0.keys().copied().collect::<Vec<_>>(), ["Audit", "Ledger", "Run"]);
    let mut killed = 0;
    loop {
        let house = with_own_key(&world, small(&world, killed + 1).await).await;
        let (end, met) = erased(&house, Some(killed as u64)).await;
        assert_eq!(end, reference, "killed after {killed} requests");
        let own = tagged(&world, house.id()).await;
        let waits = own.iter().all(|key| key.key_state == Some(KeyState::PendingDeletion));
        assert!(own.len() == 1 && waits, "killed after {killed} requests: {own:?}");
        if !met {
            break;
        }
        killed += 1;
    }
    assert!((30..300).contains(&killed), "killed at {killed} places");
    world.cloud.stop().await;
}

#[tokio::test]
async fn without_kms_or_under_seeded_faults_it_goes_on_later_and_ends_the_same() {
    let faults = Options { wakes: Wakes::Nobody, faults: Some(11), ..Options::default() };
    let world = World::with(faults).await;
    world.cloud.faults().inject(false);
    let operator = House::operator(&world).await;
    let house = small(&world, 0).await;
    let planned = ask(&world, &house).await;
    let link = link::of(&operator.snapshot.keys, house.id(), planned.deletion);
    let certificate = format!("/certificates/{link}");
    world.advance("PT72H").await;
    world.cloud.faults().keys_outage(true);
    assert!(tick(&world).await.is_err(), "it cannot begin without the operator's key");
    assert!(!left(&items(&world).await, &house).contains(&"Ledger"), "nothing has begun");
    world.cloud.faults().keys_outage(false);
    world.advance("PT3M").await;
    tick(&world).await.unwrap();
    world.advance("PT7M").await;
    world.cloud.faults().keys_outage(true);
    assert!(tick(&world).await.is_err(), "it cannot sign");
    world.cloud.faults().keys_outage(false);
    world.advance("PT3M").await;
    carry_through(&world, &certificate).await;

    let house = small(&world, 1).await;
    let planned = ask(&world, &house).await;
    let link = link::of(&operator.snapshot.keys, house.id(), planned.deletion);
    world.advance("PT72H").await;
    world.cloud.faults().inject(true);
    for _ in 0..20 {
        let _ = tick(&world).await;
        world.advance("PT7M").await;
    }
    world.cloud.faults().inject(false);
    assert!(!world.cloud.faults().injected().is_empty());
    let done = carry_through(&world, &format!("/certificates/{link}")).await;
    let (left, _) = end(&world, &house, &done).await;
    assert_eq!(left.keys().copied().collect::<Vec<_>>(), ["Audit", "Ledger", "Run"]);
    assert_eq!(left["Ledger"], 1);
    world.cloud.stop().await;
}

#[tokio::test]
async fn twenty_thousand_items_go_and_none_is_left() {
    let world = quiet().await;
    let school = School::in_(&world).await;
    let service = world.service();
    let made = |table: &str, count: usize| -> Vec<Item> {
        (0..count)
            .map(|number| {
                let pk = format!("{}#{table}{number:05}", school.id());
                Item::from([
                    ("pk".to_owned(), AttributeValue::S(pk)),
                    ("sk".to_owned(), AttributeValue::S("booking".into())),
                ])
            })
            .collect()
    };
    let tables = &service.settings.tables;
    for (name, count) in [(&tables.schedule, 15_000), (&tables.mail, 5_000)] {
        batch_put(&service.dynamo, name, made(name, count), &*service.chance).await.unwrap();
    }
    let certificate = certificate_path(&world, &school.asks(&world).await);
    world.advance("PT72H").await;
    let done = carry_through(&world, &certificate).await;
    let signed: Value = serde_json::from_str(done["certificate"].as_str().unwrap()).unwrap();
    let removed = |table: &str| signed["removed"][table].as_u64().unwrap();
    assert!(removed("Schedule") > 15_000 && removed("Mail") > 5_000, "{signed}");
    let after = items(&world).await;
    assert_eq!(left(&after, &school.house), ["Audit", "Ledger", "Run"]);
    let longest = after.values().map(|item| format!("{item:?}").len()).max().unwrap();
    assert!(longest < 32_000, "an item has {longest} bytes");
    world.cloud.stop().await;
}
