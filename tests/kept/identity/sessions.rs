//! Sessions: their ends are exact, and nothing brings one back.

use shared::dynamo::{self, keys};
use shared::identity::session::store::{
    Renewal, end, end_all, end_others, ending, list, peek, renew,
};
use shared::identity::session::{How, Token, Waiting};
use shared::identity::{Session, Subject};
use shared::ids::{MemberId, PersonId};

use super::scene::{House, school, seconds};
use crate::world::Plan;

const ADA: Subject = Subject::Member(MemberId::from_bytes([1; 16]));
const BEN: Subject = Subject::Member(MemberId::from_bytes([2; 16]));

async fn all(house: &House, subject: Subject, now: jiff::Timestamp) -> Vec<Session> {
    let limits = house.limits(subject);
    list(&house.service, house.id(), subject, limits, now).await.unwrap()
}

#[tokio::test]
async fn an_idle_session_ends_to_the_second_and_a_request_extends_it() {
    let (_world, house) = school().await;
    let begun = house.second();
    let (token, session) = house.open(ADA, 1, None, begun).await;
    let seen = house.check(&token, begun + seconds(899)).await.expect("a session");
    assert_eq!((seen.id, seen.subject, seen.epoch), (session.id, ADA, 1));
    assert_eq!(seen.seen.as_second(), begun.as_second() + 899);
    assert_eq!(seen.browser, "Firefox on Windows");
    assert!(house.check(&token, begun + seconds(899 + 899)).await.is_some());
    assert!(house.check(&token, begun + seconds(899 + 899 + 900)).await.is_none());
    // What was refused has not been extended.
    assert!(house.check(&token, begun + seconds(899 + 899 + 901)).await.is_none());
}

#[tokio::test]
async fn a_session_in_use_ends_to_the_second_when_it_has_lasted_long_enough() {
    let (_world, house) = school().await;
    let begun = house.second();
    let (token, _) = house.open(ADA, 1, None, begun).await;
    for minutes in (10..720).step_by(10) {
        assert!(house.check(&token, begun + seconds(60 * minutes)).await.is_some(), "{minutes}");
    }
    let twelve = 12 * 3_600;
    assert!(house.check(&token, begun + seconds(twelve - 1)).await.is_some());
    assert!(house.check(&token, begun + seconds(twelve)).await.is_none());
}

#[tokio::test]
async fn a_page_that_asks_by_itself_does_not_extend_a_session() {
    let (_world, house) = school().await;
    let begun = house.second();
    let (token, _) = house.open(ADA, 1, None, begun).await;
    let limits = house.limits(ADA);
    let look = async |after| {
        peek(&house.service, house.id(), &token, limits, begun + seconds(after)).await.unwrap()
    };
    let seen = look(600).await.expect("a session");
    assert_eq!(seen.left(limits, begun + seconds(600)), seconds(300));
    assert!(look(899).await.is_some());
    assert!(look(900).await.is_none());
    assert!(house.check(&token, begun + seconds(900)).await.is_none());
}

#[tokio::test]
async fn an_ended_session_stays_ended() {
    let (_world, house) = school().await;
    let now = house.second();
    let (token, session) = house.open(ADA, 1, None, now).await;
    assert!(house.check(&token, now).await.is_some());
    let write = ending(&house.service, house.id(), ADA, session.id).unwrap();
    assert!(house.commit(std::slice::from_ref(&write)).await);
    assert!(house.check(&token, now).await.is_none());
    assert!(!house.commit(&[write]).await);
    assert!(!end(&house.service, house.id(), ADA, session.id).await.unwrap());
    // Checking what has ended leaves nothing behind.
    assert!(all(&house, ADA, now).await.is_empty());
}

#[tokio::test]
async fn somebody_ends_one_the_others_or_all_of_their_own_sessions() {
    let (_world, house) = school().await;
    let now = house.second();
    let mut tokens = Vec::new();
    for after in 0..4 {
        tokens.push(house.open(ADA, 1, None, now + seconds(after)).await);
    }
    let (other, _) = house.open(BEN, 1, None, now).await;
    let later = now + seconds(10);
    let listed: Vec<_> = all(&house, ADA, later).await.iter().map(|one| one.id).collect();
    let expected: Vec<_> = tokens.iter().rev().map(|(_, session)| session.id).collect();
    assert_eq!(listed, expected, "the one used last is in front");
    // Ben cannot end one of Ada's under his own name.
    assert!(!end(&house.service, house.id(), BEN, tokens[0].1.id).await.unwrap());
    assert!(end(&house.service, house.id(), ADA, tokens[0].1.id).await.unwrap());
    assert!(house.check(&tokens[0].0, later).await.is_none());
    let kept = tokens[2].1.id;
    assert_eq!(end_others(&house.service, house.id(), ADA, kept).await.unwrap(), 2);
    assert!(house.check(&tokens[2].0, later).await.is_some());
    assert!(house.check(&tokens[3].0, later).await.is_none());
    assert_eq!(end_all(&house.service, house.id(), ADA).await.unwrap(), 1);
    assert!(house.check(&tokens[2].0, later).await.is_none());
    assert!(house.check(&other, later).await.is_some());
}

#[tokio::test]
async fn a_session_that_is_over_is_not_in_the_list() {
    let (_world, house) = school().await;
    let now = house.second();
    house.open(ADA, 1, None, now).await;
    assert_eq!(all(&house, ADA, now + seconds(899)).await.len(), 1);
    assert_eq!(all(&house, ADA, now + seconds(900)).await.len(), 0);
}

#[tokio::test]
async fn a_half_session_ends_after_ten_minutes_and_finishing_gives_another_token() {
    let (_world, house) = school().await;
    let begun = house.second();
    let (token, half) = house.open(ADA, 1, Some(Waiting::Factor), begun).await;
    let seen = house.check(&token, begun + seconds(599)).await.expect("a half session");
    assert_eq!(seen.waiting, Some(Waiting::Factor));
    assert!(house.check(&token, begun + seconds(600)).await.is_none());
    let now = begun + seconds(300);
    let renewal = Renewal { proven: Some(How::Code), waiting: None, epoch: 1 };
    let finish = || {
        let limits = house.limits(ADA);
        renew(&house.service, house.id(), &half, renewal.clone(), limits, now).unwrap()
    };
    let (writes, whole, session) = finish();
    assert!(house.commit(&writes).await);
    assert_eq!((session.begun, session.fresh, session.waiting), (now, now, None));
    assert_eq!(session.how, [How::Password, How::Code]);
    assert!(house.check(&token, now).await.is_none(), "the old token is worth nothing");
    let found = house.check(&whole, now + seconds(600)).await.expect("a whole session");
    assert_eq!(found.how, [How::Password, How::Code]);
    // One half session never becomes two whole ones.
    let (writes, second, _) = finish();
    assert!(!house.commit(&writes).await);
    assert!(house.check(&second, now).await.is_none());
}

#[tokio::test]
async fn a_new_token_does_not_make_a_session_last_longer() {
    let (_world, house) = school().await;
    let begun = house.second();
    let (_, old) = house.open(ADA, 1, None, begun).await;
    let now = begun + seconds(60);
    let renewal = Renewal { proven: Some(How::Password), waiting: None, epoch: 2 };
    let limits = house.limits(ADA);
    let (_, _, session) = renew(&house.service, house.id(), &old, renewal, limits, now).unwrap();
    assert_eq!((session.begun, session.fresh, session.epoch), (begun, now, 2));
    assert_eq!(session.how, [How::Password]);
}

#[tokio::test]
async fn a_token_opens_nothing_for_another_person_or_organization() {
    let (world, school) = school().await;
    let clinic = House::found(&world, Plan::clinic()).await;
    let now = school.now();
    let (token, _) = school.open(ADA, 1, None, now).await;
    assert!(clinic.check(&token, now).await.is_none());
    let secret = &token.expose()[Subject::LENGTH..];
    for subject in [BEN, Subject::Participant(PersonId::from_bytes([1; 16]))] {
        let forged = Token::parse(&format!("{subject}{secret}")).unwrap();
        assert!(school.check(&forged, now).await.is_none(), "{subject}");
    }
    assert!(school.check(&token, now).await.is_some());
}

#[tokio::test]
async fn the_table_does_not_hold_what_the_cookie_holds() {
    let (_world, house) = school().await;
    let now = house.second();
    let (token, _) = house.open(ADA, 1, None, now).await;
    house.check(&token, now).await;
    let table = &house.service.settings.tables.session;
    let pk = keys::of_subject(house.id(), ADA);
    let items = dynamo::query(&house.service.dynamo, table, &pk, "", true).await.unwrap();
    assert_eq!(items.len(), 1);
    assert!(!format!("{items:?}").contains(&token.expose()[Subject::LENGTH..]));
}
