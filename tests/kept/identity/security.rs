//! Security settings: who was first, and how soon they hold.

use shared::identity::Security;
use shared::identity::security::{Change, Draft, change};

use super::scene::{House, school};

async fn set(house: &House, draft: Draft, version: u32) -> Change {
    let wanted = Security::parse(draft).unwrap();
    change(&house.service, house.id(), &wanted, version, Vec::new()).await.unwrap()
}

#[tokio::test]
async fn settings_hold_within_a_second_and_the_defaults_until_then() {
    let (world, house) = school().await;
    assert_eq!(house.service.security(house.id()).await.unwrap(), Security::default());
    let draft = Draft { idle_minutes: 5, failures: 3, ..Draft::default() };
    let Change::Changed(changed) = set(&house, draft.clone(), 0).await else { panic!("stale") };
    assert_eq!((changed.version(), changed.draft()), (1, draft));
    assert_eq!(house.service.read_security(house.id()).await.unwrap(), changed);
    world.advance("PT1S").await;
    assert_eq!(house.service.security(house.id()).await.unwrap(), changed);
}

#[tokio::test]
async fn settings_that_somebody_else_has_changed_are_not_overwritten() {
    let (_world, house) = school().await;
    let draft = Draft { failures: 5, ..Draft::default() };
    assert!(matches!(set(&house, draft, 0).await, Change::Changed(_)));
    assert_eq!(set(&house, Draft::default(), 0).await, Change::Stale);
    assert_eq!(house.service.read_security(house.id()).await.unwrap().failures(), 5);
    assert!(matches!(set(&house, Draft::default(), 1).await, Change::Changed(_)));
    assert_eq!(set(&house, Draft::default(), 1).await, Change::Stale);
}
