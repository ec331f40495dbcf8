//! A night whose process dies at any of its requests, and is taken up again,
//! comes to the same end.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use shared::ambient::{Clock, SystemChance};
use shared::ids::OrganizationId;
use shared::ledger;
use shared::retention::night::{self, State};
use shared::run::{self, Claim, Kind, Progress};
use shared::service::Service;
use shared::settings::Table;
use shared::trouble::Trouble;

use super::scene::Home;
use crate::world::{Plan, World};

/// Lets so many requests through, and none after.
#[derive(Debug)]
struct Death(AtomicI64);

impl Intercept for Death {
    fn name(&self) -> &'static str {
        "Death"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), aws_sdk_dynamodb::error::BoxError> {
        if self.0.fetch_sub(1, Ordering::SeqCst) > 0 {
            Ok(())
        } else {
            Err("the process died".into())
        }
    }
}

struct At(Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// A process of its own, at this moment, that lives for so many requests.
pub fn process(world: &World, now: Timestamp, requests: i64) -> Service {
    let death = Death(AtomicI64::new(requests));
    let config = world.cloud.dynamo().config().to_builder();
    let config = config.interceptor(death).retry_config(RetryConfig::disabled()).build();
    let client = aws_sdk_dynamodb::Client::from_conf(config);
    let settings = world.service().settings.clone();
    Service::new(
        client,
        world.cloud.kms().clone(),
        Arc::new(At(now)),
        Arc::new(SystemChance),
        settings,
    )
}

/// Begins an organization's night and claims it, before the cloud's own function,
/// whose clock is far behind, is woken by it: that one is refused.
async fn claimed(world: &World, organization: OrganizationId, now: Timestamp) -> Claim<State> {
    let service = process(world, now, i64::MAX);
    night::begin(&service, organization, now).await.unwrap();
    let open = run::open(&service, Kind::Retention).await.unwrap();
    let which = open.into_iter().find(|which| which.organization == organization).unwrap();
    let claim = run::claim::<State>(&service, which, now).await.unwrap().expect("it is free");
    assert!(world.cloud.settle().await);
    claim
}

/// What a process does of a night: all of it, unless it dies.
async fn live(service: &Service, mut claim: Claim<State>) -> Result<(), Trouble> {
    while night::step(service, &mut claim).await? != Progress::Ended {}
    claim.end(service, service.clock.now()).await
}

/// The keys of an organization's items, without its id.
async fn kept(world: &World, table: Table, organization: OrganizationId) -> Vec<String> {
    let own = organization.to_string();
    let all = world.everything(table).await.into_iter();
    let mut found: Vec<String> = all
        .filter(|(key, _)| key.pk.starts_with(&own))
        .map(|(key, _)| key.sk.split('#').next().unwrap().to_owned())
        .collect();
    found.sort();
    found
}

#[tokio::test]
async fn a_night_killed_at_any_of_its_requests_and_taken_up_again_ends_the_same() {
    let world = World::start().await;
    let night: Timestamp = "2027-03-01T12:00:00Z".parse().unwrap();
    let mut lived = 0;
    for requests in 0.. {
        let web_name: &'static str = Box::leak(format!("school-{requests}").into_boxed_str());
        let plan =
            Plan { web_name, resources: 1, to: jiff::civil::time(17, 40, 0, 0), ..Plan::clinic() };
        let home = Home::of(&world, world.found(plan).await).await;
        for (nth, name) in ["Ada", "Bert"].into_iter().enumerate() {
            let visitor = world.visitor(&format!("{name} {requests}"));
            let slot = world.slot(&home.place, 0).await;
            assert_eq!(visitor.book(&home.place, &slot).await.status, 202);
            if nth == 0 {
                let link = visitor.mailed_link("/confirm/").await;
                assert_eq!(world.post(&world.url(&link), &json!({})).await.status, 200);
            }
        }
        assert!(world.cloud.settle().await);
        home.keep(&world, json!({ "bookings_days": 5, "contacts_days": 20, "notices_days": 10 }))
            .await;
        let organization = home.house.id();
        let bookings = |kept: &[String]| kept.iter().filter(|sk| *sk == "booking").count();

        let claim = claimed(&world, organization, night).await;
        let which = claim.run.which;
        let first = live(&process(&world, night, requests), claim).await;
        let entries = ledger::of_organization(world.service(), organization).await.unwrap();
        let after_death = kept(&world, Table::Schedule, organization).await;
        if bookings(&after_death) < 2 {
            assert!(!entries.is_empty(), "{requests}: something went before the ledger had it");
        }
        // The claim of who died has lapsed by then.
        let later = night + SignedDuration::from_mins(5);
        let second = process(&world, later, i64::MAX);
        if let Some(claim) = run::claim::<State>(&second, which, later).await.unwrap() {
            assert!(first.is_err(), "{requests}: who came to the end leaves nothing");
            live(&second, claim).await.unwrap();
        }

        let schedule = kept(&world, Table::Schedule, organization).await;
        for gone in ["booking", "participant", "agenda", "tally", "seat"] {
            assert!(!schedule.iter().any(|sk| sk == gone), "{requests}: {schedule:?}");
        }
        assert_eq!(
            kept(&world, Table::Mail, organization).await,
            Vec::<String>::new(),
            "{requests}"
        );
        let entries = ledger::of_organization(world.service(), organization).await.unwrap();
        assert!(entries.iter().all(|entry| entry.ended.is_some()), "{requests}: {entries:?}");
        let day = shared::audit::day_of(night);
        let page =
            shared::audit::read::day(world.service(), organization, day, None).await.unwrap();
        let mut applied: Vec<_> = page
            .entries
            .iter()
            .filter(|entry| entry.record.action == shared::audit::Action::RetentionApplied)
            .map(|entry| (entry.record.more.fields[0].as_str().to_owned(), entry.record.more.count))
            .collect();
        applied.sort();
        let expected = [("bookings".to_owned(), Some(2)), ("contacts".to_owned(), Some(1))];
        assert_eq!(applied, expected, "{requests}: each part on record once, with its count");
        if first.is_ok() {
            break;
        }
        lived += 1;
    }
    assert!(lived > 40, "only {lived} deaths: the night has more requests than that");
    world.checked().await;
    world.cloud.stop().await;
}
