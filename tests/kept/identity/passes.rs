//! Passes: single use, one purpose, the newest alone, and not for long.

use futures::future::join_all;
use jiff::Timestamp;
use shared::identity::Subject;
use shared::identity::pass::{self, Carried, Pass, Purpose};
use shared::ids::MemberId;

use super::scene::{House, school};
use crate::world::Plan;

const ADA: Subject = Subject::Member(MemberId::from_bytes([1; 16]));

async fn send(house: &House, purpose: Purpose, now: Timestamp) -> String {
    let keys = &house.snapshot.keys;
    let (write, nonce) =
        pass::issue(&house.service, house.id(), keys, ADA, purpose, None, now).unwrap();
    assert!(house.commit(&[write]).await);
    pass::link(keys, ADA, purpose, nonce)
}

async fn find(house: &House, purpose: Purpose, link: &str, now: Timestamp) -> Option<Pass> {
    let keys = &house.snapshot.keys;
    pass::find(&house.service, house.id(), keys, purpose, link, now).await.unwrap()
}

#[tokio::test]
async fn a_link_is_spent_once_however_many_try_at_once() {
    let (_world, house) = school().await;
    let now = house.second();
    let link = send(&house, Purpose::Reset, now).await;
    // Looking spends nothing: mail scanners look.
    for _ in 0..3 {
        assert!(find(&house, Purpose::Reset, &link, now).await.is_some());
    }
    let found = find(&house, Purpose::Reset, &link, now).await.expect("a pass");
    let tries: Vec<_> =
        (0..10).map(|_| [pass::spend(&house.service, house.id(), &found, now).unwrap()]).collect();
    let spent = join_all(tries.iter().map(|writes| house.commit(writes))).await;
    assert_eq!(spent.iter().filter(|done| **done).count(), 1);
    assert!(find(&house, Purpose::Reset, &link, now).await.is_none());
}

#[tokio::test]
async fn a_later_link_voids_the_earlier_one() {
    let (_world, house) = school().await;
    let now = house.second();
    let earlier = send(&house, Purpose::SignIn, now).await;
    let found = find(&house, Purpose::SignIn, &earlier, now).await.expect("a pass");
    let later = send(&house, Purpose::SignIn, now).await;
    assert!(find(&house, Purpose::SignIn, &earlier, now).await.is_none());
    // Not even where the earlier one was found before the later was sent.
    let spend = pass::spend(&house.service, house.id(), &found, now).unwrap();
    assert!(!house.commit(&[spend]).await);
    assert!(find(&house, Purpose::SignIn, &later, now).await.is_some());
}

#[tokio::test]
async fn a_link_is_good_until_its_time_is_over() {
    let (_world, house) = school().await;
    let now = house.second();
    for purpose in Purpose::ALL {
        let link = send(&house, purpose, now).await;
        let end = now + purpose.lifetime();
        let last = end - super::scene::seconds(1);
        let found = find(&house, purpose, &link, last).await.expect("a pass");
        assert!(find(&house, purpose, &link, end).await.is_none(), "{purpose:?}");
        // Nor can it be found in time and spent too late.
        let late = pass::spend(&house.service, house.id(), &found, end).unwrap();
        assert!(!house.commit(&[late]).await, "{purpose:?}");
    }
}

#[tokio::test]
async fn a_link_serves_no_other_purpose_and_no_other_organization() {
    let (world, school) = school().await;
    let clinic = House::found(&world, Plan::clinic()).await;
    let now = school.second();
    let link = send(&school, Purpose::Invitation, now).await;
    for purpose in Purpose::ALL {
        send(&clinic, purpose, now).await;
        assert!(find(&clinic, purpose, &link, now).await.is_none(), "{purpose:?}");
        if purpose != Purpose::Invitation {
            send(&school, purpose, now).await;
            assert!(find(&school, purpose, &link, now).await.is_none(), "{purpose:?}");
        }
    }
    assert!(find(&school, Purpose::Invitation, &link, now).await.is_some());
}

#[tokio::test]
async fn a_mail_can_be_written_from_what_is_stored_and_a_pass_carries_what_it_was_given() {
    let (_world, house) = school().await;
    let (now, keys) = (house.now(), &house.snapshot.keys);
    let carried = Carried::new("canary@example.org");
    let purpose = Purpose::ConfirmEmail;
    let (write, nonce) =
        pass::issue(&house.service, house.id(), keys, ADA, purpose, Some(&carried), now).unwrap();
    assert!(!format!("{write:?}").contains("canary"), "it is sealed");
    assert!(house.commit(&[write]).await);
    let stored = pass::current(&house.service, house.id(), keys, ADA, purpose, now).await.unwrap();
    let stored = stored.expect("a pass");
    assert_eq!((stored.nonce, stored.carried.as_ref()), (nonce, Some(&carried)));
    let link = pass::link(keys, ADA, purpose, stored.nonce);
    assert_eq!(find(&house, purpose, &link, now).await, Some(stored));
}
