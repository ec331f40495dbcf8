//! A deletion whose process dies at any of its requests, and is taken up again,
//! comes to the same end.

use std::collections::BTreeMap;

use aws_sdk_kms::types::{KeySpec, KeyUsageType};
use jiff::{SignedDuration, Timestamp};
use kept::{Options, Wakes};
use shared::audit::{About, Action, Actor, Record};
use shared::certificate::CertificateKey;
use shared::deletion::{self, State, Whom, Wish};
use shared::ids::{DependentId, PersonId};
use shared::run::{self, Kind, Progress};
use shared::service::Service;
use shared::settings::Table;
use shared::trouble::Trouble;

use super::scene::{certificate, naming};
use crate::retention::deaths::process;
use crate::retention::scene::Home;
use crate::world::{Plan, World};

async fn live(service: &Service, key: &CertificateKey) -> Result<(), Trouble> {
    let now = service.clock.now();
    for which in run::open(service, Kind::Deletion).await? {
        let Some(mut claim) = run::claim::<State>(service, which, now).await? else { continue };
        while deletion::step(service, key, &mut claim).await? != Progress::Ended {}
        claim.end(service, now).await?;
    }
    Ok(())
}

/// How many items of each sort an organization has.
async fn kept(world: &World, home: &Home) -> BTreeMap<String, usize> {
    let own = home.house.id().to_string();
    let mut found = BTreeMap::new();
    for table in [Table::Schedule, Table::Identity, Table::Session, Table::Mail] {
        for (key, _) in world.everything(table).await {
            if key.pk.starts_with(&own) {
                let sort = key.sk.split('#').next().unwrap();
                *found.entry(format!("{} {sort}", table.word())).or_default() += 1;
            }
        }
    }
    found
}

/// Asks in one organization after the other for the deletion of somebody who was
/// made there, lets the process that carries it out die one request later each
/// time, and looks at how it ends.
async fn dying_everywhere(
    whom: impl Fn(PersonId, DependentId) -> Whom,
    ends_well: impl Fn(&BTreeMap<String, usize>),
) -> u32 {
    let world = World::with(Options { wakes: Wakes::Nobody, ..Options::default() }).await;
    let made = world.cloud.kms().create_key().key_spec(KeySpec::Hmac256);
    let made = made.key_usage(KeyUsageType::GenerateVerifyMac).send().await.unwrap();
    let id = made.key_metadata.unwrap().key_id;
    let key = CertificateKey::new(world.cloud.kms().clone(), id);
    let mut expected = None;
    let mut lived = 0;
    for requests in 0.. {
        let web_name: &'static str = Box::leak(format!("school-{requests}").into_boxed_str());
        let plan =
            Plan { web_name, resources: 1, to: jiff::civil::time(17, 40, 0, 0), ..Plan::school() };
        let home = Home::of(&world, world.found(plan).await).await;
        let organization = home.house.id();
        world.dependent(&home.place.organization, "Maya", "MS-1042", "2017-04-09").await.unwrap();
        let ada = world.guardian(&home.place.organization, "Ada").await;
        let maya = ada.attaches("MS-1042", "2017-04-09").await;
        ada.books(&home.place, &world.slot(&home.place, 0).await, None).await;
        ada.books(&home.place, &world.slot(&home.place, 1).await, Some(&maya)).await;
        let gone = ada.books(&home.place, &world.slot(&home.place, 0).await, Some(&maya)).await;
        assert_eq!(ada.visitor.cancel(&gone).await.status, 200);
        let person = PersonId::parse(&home.person(&ada.visitor.email)).unwrap();
        let by = Record::of(Actor::Participant(person), Action::DeletionAsked, About::Organization);
        let keys = &home.house.snapshot.keys;
        let whom = whom(person, DependentId::parse(&maya).unwrap());
        let wish = Wish { organization, keys, whom, by, more: Vec::new() };
        let asked: Timestamp = deletion::ask(world.service(), &wish, world.now()).await.unwrap().at;

        let quiet = asked + SignedDuration::from_mins(2);
        let first = live(&process(&world, quiet, requests), &key).await;
        // The claim of who died has lapsed by then.
        let later = quiet + SignedDuration::from_mins(5);
        live(&process(&world, later, i64::MAX), &key).await.unwrap();

        let entries = shared::ledger::of_organization(world.service(), organization).await.unwrap();
        let [entry] = entries.as_slice() else { panic!("{requests}: {entries:?}") };
        assert!(entry.ended.is_some(), "{requests}");
        let end = (kept(&world, &home).await, certificate(entry).read().unwrap().removed);
        assert_eq!(expected.get_or_insert(end.clone()), &end, "{requests}");
        ends_well(&end.0);
        let ids = [whom.id()];
        let left = naming(&world, &ids).await;
        assert!(left.is_empty(), "{requests}: {:?}", left.keys());
        let day = shared::audit::day_of(later);
        let page =
            shared::audit::read::day(world.service(), organization, day, None).await.unwrap();
        let deleted = page.entries.iter().filter(|one| one.record.action == Action::DataDeleted);
        assert_eq!(deleted.count(), 1, "{requests}: on record once");
        if first.is_ok() {
            break;
        }
        lived += 1;
    }
    world.cloud.stop().await;
    lived
}

#[tokio::test]
async fn a_deletion_killed_at_any_of_its_requests_and_taken_up_again_ends_the_same() {
    let lived = dying_everywhere(
        |person, _| Whom::Person(person),
        |kept| {
            assert!(!kept.keys().any(|sort| sort.contains("booking") || sort.contains("tally")));
        },
    );
    let lived = lived.await;
    assert!(lived > 30, "only {lived} deaths: a deletion has more requests than that");
}

#[tokio::test]
async fn a_dependent_s_deletion_killed_at_any_of_its_requests_ends_the_same() {
    let lived = dying_everywhere(
        |_, dependent| Whom::Dependent(dependent),
        |kept| {
            let count = |sort: &str| kept.get(sort).copied().unwrap_or_default();
            assert_eq!(count("Schedule booking"), 2, "her own, and what was for Maya: {kept:?}");
            assert_eq!(count("Schedule dependent") + count("Schedule identifier"), 0, "{kept:?}");
            assert_eq!(count("Schedule deletion"), 0, "{kept:?}");
        },
    );
    let lived = lived.await;
    assert!(lived > 30, "only {lived} deaths: a deletion has more requests than that");
}
