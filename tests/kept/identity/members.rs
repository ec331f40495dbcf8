//! Members: unique usernames, changes that meet, the last administrator.

use futures::future::join_all;
use shared::dynamo::{Key, Write, item};
use shared::identity::Username;
use shared::identity::access::{Coverage, Level};
use shared::identity::member::{self, Failure, Refusal, State};

use super::scene::{House, school};
use crate::world::Plan;

fn refusal<T: std::fmt::Debug>(outcome: Result<T, Failure>) -> Refusal {
    match outcome {
        Err(Failure::Refused(refusal)) => refusal,
        other => panic!("this was not refused: {other:?}"),
    }
}

async fn by_username(house: &House, username: &str) -> Option<member::Member> {
    let username = Username::parse(username).unwrap();
    let keys = &house.snapshot.keys;
    member::store::find_by_username(&house.service, house.id(), keys, &username).await.unwrap()
}

#[tokio::test]
async fn a_member_is_found_by_id_by_username_and_in_the_list() {
    let (_world, house) = school().await;
    let ben = house.member("ben", Level::Viewer).await;
    let ada = house.member("Ada", Level::Administrator).await;
    assert_eq!(house.find(ada.id).await, Some(ada.clone()));
    assert_eq!(by_username(&house, "ADA").await, Some(ada.clone()));
    assert_eq!(by_username(&house, "nobody").await, None);
    let keys = &house.snapshot.keys;
    let all = member::store::list(&house.service, house.id(), keys).await.unwrap();
    assert_eq!(all, [ada, ben]);
}

#[tokio::test]
async fn a_username_is_unique_within_its_organization_and_free_in_another() {
    let (world, school) = school().await;
    let clinic = House::found(&world, Plan::clinic()).await;
    school.member("zoë", Level::Administrator).await;
    let again = school.somebody("ZOE\u{308}", Level::Viewer);
    assert_eq!(refusal(school.create(&again, Vec::new()).await), Refusal::UsernameTaken);
    assert_eq!(school.find(again.id).await, None);
    clinic.member("zoë", Level::Viewer).await;
}

#[tokio::test]
async fn of_many_who_want_a_username_at_once_one_gets_it() {
    let (_world, house) = school().await;
    let people: Vec<_> = (0..20).map(|_| house.somebody("same", Level::Viewer)).collect();
    let outcomes = join_all(people.iter().map(|one| house.create(one, Vec::new()))).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for outcome in outcomes.into_iter().filter(Result::is_err) {
        assert_eq!(refusal(outcome), Refusal::UsernameTaken);
    }
}

#[tokio::test]
async fn a_change_of_what_somebody_else_has_changed_is_refused() {
    let (_world, house) = school().await;
    let first = house.member("ada", Level::Viewer).await;
    let changed = house.change(&first, &first.at_level(Level::Maker, Coverage::nothing())).await;
    let changed = changed.unwrap();
    assert_eq!((changed.version, changed.epoch), (2, first.epoch + 1));
    assert_eq!(house.find(first.id).await, Some(changed.clone()));
    assert_eq!(refusal(house.change(&first, &first.disabled()).await), Refusal::Overtaken);
    let disabled = house.change(&changed, &changed.disabled()).await.unwrap();
    assert_eq!(disabled.state, State::Disabled);
    let stranger = house.somebody("nobody", Level::Viewer);
    assert_eq!(refusal(house.change(&stranger, &stranger).await), Refusal::Absent);
}

#[tokio::test]
async fn another_username_frees_the_former_one() {
    let (_world, house) = school().await;
    let ada = house.member("ada", Level::Viewer).await;
    let ben = house.member("ben", Level::Viewer).await;
    let called = |username: &str| {
        ada.called(Username::parse(username).unwrap(), ada.name.clone(), ada.email.clone())
    };
    assert_eq!(refusal(house.change(&ada, &called("Ben")).await), Refusal::UsernameTaken);
    let renamed = house.change(&ada, &called("ada.lovelace")).await.unwrap();
    assert_eq!(by_username(&house, "ada").await, None);
    assert_eq!(by_username(&house, "Ada.Lovelace").await, Some(renamed.clone()));
    let taking = ben.called(Username::parse("ada").unwrap(), ben.name.clone(), ben.email.clone());
    house.change(&ben, &taking).await.unwrap();
    // Another way of writing the same username is no other username.
    let shown = renamed.called(
        Username::parse("ADA.LOVELACE").unwrap(),
        renamed.name.clone(),
        renamed.email.clone(),
    );
    house.change(&renamed, &shown).await.unwrap();
}

#[tokio::test]
async fn the_last_administrator_can_be_neither_disabled_nor_lowered() {
    let (_world, house) = school().await;
    let ada = house.member("ada", Level::Administrator).await;
    house.member("ben", Level::EventAdministrator).await;
    let mut invited = house.somebody("cleo", Level::Administrator);
    invited.state = State::Invited;
    house.create(&invited, Vec::new()).await.unwrap();
    let lowered = ada.at_level(Level::EventAdministrator, Coverage::Everything);
    for change in [ada.disabled(), lowered] {
        assert_eq!(refusal(house.change(&ada, &change).await), Refusal::LastAdministrator);
    }
    assert_eq!(house.find(ada.id).await, Some(ada.clone()));
    // Who has accepted the invitation counts.
    house.change(&invited, &invited.activated()).await.unwrap();
    assert_eq!(member::store::administrators(&house.service, house.id()).await.unwrap(), 2);
    let disabled = house.change(&ada, &ada.disabled()).await.unwrap();
    assert_eq!(member::store::administrators(&house.service, house.id()).await.unwrap(), 1);
    house.change(&disabled, &disabled.enabled(true)).await.unwrap();
    assert_eq!(member::store::administrators(&house.service, house.id()).await.unwrap(), 2);
}

#[tokio::test]
async fn administrators_who_disable_each_other_at_once_leave_one() {
    let (_world, house) = school().await;
    let mut people = Vec::new();
    for number in 0..6 {
        people.push(house.member(&format!("member {number}"), Level::Administrator).await);
    }
    let changes: Vec<_> = people.iter().map(|one| (one, one.disabled())).collect();
    let outcomes =
        join_all(changes.iter().map(|(before, after)| house.change(before, after))).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 5);
    assert_eq!(member::store::administrators(&house.service, house.id()).await.unwrap(), 1);
}

#[tokio::test]
async fn a_member_is_not_made_when_what_belongs_to_it_cannot_be_written() {
    let (_world, house) = school().await;
    let ada = house.somebody("ada", Level::Administrator);
    let table = &house.service.settings.tables.identity;
    let missing = Key::review(house.id(), shared::ids::EmergencyId::from_bytes([1; 16]));
    let never = || Write::check(table, &missing, "attribute_exists(pk)", []).unwrap();
    assert_eq!(refusal(house.create(&ada, vec![never()]).await), Refusal::Overtaken);
    assert_eq!(house.find(ada.id).await, None);
    assert_eq!(by_username(&house, "ada").await, None);
    assert_eq!(member::store::administrators(&house.service, house.id()).await.unwrap(), 0);
    // And what belongs to it is written with it.
    let row = std::collections::HashMap::from([("pk", "a"), ("sk", "b")]);
    let beside = Write::create(table, item(&row).unwrap()).unwrap();
    house.create(&ada, vec![beside]).await.unwrap();
    let key = Key { pk: "a".into(), sk: "b".into() };
    assert!(shared::dynamo::get(&house.service.dynamo, table, &key).await.unwrap().is_some());
}
