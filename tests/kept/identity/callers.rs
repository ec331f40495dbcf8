//! Callers: whoever asks is who they are now, not who they were.

use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use shared::identity::access::{Action, Coverage, Level, Role, Target};
use shared::identity::caller::{Touch, form_token, form_token_holds, identify, unfinished};
use shared::identity::session::{self, How, Opening, Token, Waiting};
use shared::identity::support::{self, Grant};
use shared::identity::{Caller, Member, Subject};
use shared::ids::{EmergencyId, EventId, MemberId, PersonId, SupportGrantId};
use shared::personal::Note;
use shared::web::Cookies;
use shared::web::cookie::session_name;

use super::scene::{House, school, seconds};
use crate::world::{Plan, World};

fn cookies(held: &[(&House, &Token)]) -> Cookies {
    let mut headers = HeaderMap::new();
    for (house, token) in held {
        let pair = format!("{}={}", session_name(house.id()), token.expose());
        headers.append("cookie", HeaderValue::from_str(&pair).unwrap());
    }
    Cookies::read(&headers)
}

async fn asks(house: &House, held: &[(&House, &Token)], now: Timestamp) -> Caller {
    let cookies = cookies(held);
    identify(&house.service, &house.snapshot, &cookies, Touch::Extend, now).await.unwrap()
}

fn is_nobody(caller: &Caller) -> bool {
    matches!(caller, Caller::Nobody)
}

async fn signs_in(house: &House, member: &Member, now: Timestamp) -> Token {
    house.open(Subject::Member(member.id), member.epoch, None, now).await.0
}

#[tokio::test]
async fn who_has_not_signed_in_is_nobody() {
    let (_world, house) = school().await;
    let now = house.second();
    assert!(is_nobody(&asks(&house, &[], now).await));
    for value in ["", "x", "m0000", &"0".repeat(53), &format!("m{}", "v".repeat(52))] {
        let mut headers = HeaderMap::new();
        let pair = format!("{}={value}", session_name(house.id()));
        headers.append("cookie", HeaderValue::from_str(&pair).unwrap());
        let cookies = Cookies::read(&headers);
        let caller = identify(&house.service, &house.snapshot, &cookies, Touch::Extend, now);
        assert!(is_nobody(&caller.await.unwrap()), "{value}");
    }
}

#[tokio::test]
async fn a_member_is_known_by_their_session_until_it_ends() {
    let (_world, house) = school().await;
    let now = house.second();
    let ada = house.member("ada", Level::Maker).await;
    let token = signs_in(&house, &ada, now).await;
    let held = [(&house, &token)];
    let caller = asks(&house, &held, now + seconds(899)).await;
    assert_eq!(caller.member(), Some(&ada));
    let role = Role::Member { level: Level::Maker, coverage: Coverage::Everything };
    assert_eq!(caller.role(), role);
    let event = Target::Event(EventId::from_bytes([1; 16]));
    assert!(caller.may(Action::MakeAppointment, event));
    assert!(!caller.may(Action::CancelAppointment, event));
    // Asking by itself does not extend: the idle time runs from the last request.
    let cookies = cookies(&held);
    let peeks = |after| {
        let at = now + seconds(after);
        identify(&house.service, &house.snapshot, &cookies, Touch::Peek, at)
    };
    assert!(!is_nobody(&peeks(899 + 899).await.unwrap()));
    assert!(is_nobody(&peeks(899 + 900).await.unwrap()));
    assert!(is_nobody(&asks(&house, &held, now + seconds(899 + 900)).await));
}

#[tokio::test]
async fn whatever_changes_a_members_power_ends_their_sessions_at_the_next_request() {
    let (_world, house) = school().await;
    let now = house.second();
    let mut ada = house.member("ada", Level::Maker).await;
    type Step = fn(&Member) -> Member;
    let steps: [Step; 4] = [
        |member| member.at_level(Level::Viewer, Coverage::nothing()),
        Member::signed_out,
        Member::disabled,
        |member| member.enabled(true),
    ];
    for (number, step) in steps.into_iter().enumerate() {
        let token = signs_in(&house, &ada, now).await;
        let before = asks(&house, &[(&house, &token)], now).await;
        // Who is disabled has no session to begin with, however one was made.
        assert_eq!(is_nobody(&before), number == 3, "{number}");
        ada = house.change(&ada, &step(&ada)).await.unwrap();
        if number < 3 {
            assert!(is_nobody(&asks(&house, &[(&house, &token)], now).await), "{number}");
        }
    }
    let token = signs_in(&house, &ada, now).await;
    assert_eq!(asks(&house, &[(&house, &token)], now).await.member(), Some(&ada));
}

#[tokio::test]
async fn who_has_signed_in_half_is_nobody_except_to_finish() {
    let (_world, house) = school().await;
    let now = house.second();
    let ada = house.member("ada", Level::Administrator).await;
    let subject = Subject::Member(ada.id);
    let (half, _) = house.open(subject, ada.epoch, Some(Waiting::Factor), now).await;
    assert!(is_nobody(&asks(&house, &[(&house, &half)], now).await));
    let held = cookies(&[(&house, &half)]);
    let found = unfinished(&house.service, &house.snapshot, &held, now).await.unwrap().unwrap();
    assert_eq!(found.session.waiting, Some(Waiting::Factor));
    assert_eq!(found.member, Some(ada.clone()));
    let whole = signs_in(&house, &ada, now).await;
    let held = cookies(&[(&house, &whole)]);
    assert!(unfinished(&house.service, &house.snapshot, &held, now).await.unwrap().is_none());
}

#[tokio::test]
async fn participants_and_emergencies_are_who_their_session_says() {
    let (_world, house) = school().await;
    let now = house.second();
    let person = PersonId::from_bytes([5; 16]);
    let (token, _) = house.open(Subject::Participant(person), 0, None, now).await;
    let caller = asks(&house, &[(&house, &token)], now).await;
    assert!(matches!(caller, Caller::Participant { person: who, .. } if who == person));
    assert_eq!(caller.role(), Role::Participant);
    let emergency = EmergencyId::from_bytes([6; 16]);
    let (token, _) = house.open(Subject::Emergency(emergency), 0, None, now).await;
    let mut at = now;
    while at < now + seconds(3_600) {
        let caller = asks(&house, &[(&house, &token)], at).await;
        assert!(matches!(caller, Caller::Emergency { .. }), "{at}");
        at += seconds(600);
    }
    assert!(is_nobody(&asks(&house, &[(&house, &token)], now + seconds(3_600)).await));
}

#[tokio::test]
async fn somebody_with_an_account_at_two_organizations_is_two_people() {
    let (world, school) = school().await;
    let clinic = House::found(&world, Plan::clinic()).await;
    let now = school.second();
    let ada = school.member("ada", Level::Administrator).await;
    let token = signs_in(&school, &ada, now).await;
    // Under the other's name the cookie opens nothing.
    assert!(is_nobody(&asks(&clinic, &[(&school, &token)], now).await));
    assert!(is_nobody(&asks(&clinic, &[(&clinic, &token)], now).await));
    assert_eq!(asks(&school, &[(&school, &token)], now).await.member(), Some(&ada));
}

/// A school, the operator, and one of the operator's members who may be asked.
struct Help {
    world: World,
    school: House,
    operator: House,
    helper: Member,
    token: Token,
    grant: Grant,
    now: Timestamp,
}

impl Help {
    async fn arranged() -> Self {
        let world = World::start().await;
        let operator = House::operator(&world).await;
        let school = House::found(&world, Plan { web_name: "east-school", ..Plan::school() }).await;
        let now = school.second();
        let helper = operator.somebody("helper", Level::Viewer).as_supporter(true);
        operator.create(&helper, Vec::new()).await.unwrap();
        let token = signs_in(&operator, &helper, now).await;
        let grant = Grant::new(
            SupportGrantId::fresh(now, &*school.service.chance).unwrap(),
            helper.id,
            MemberId::from_bytes([9; 16]),
            Note::parse("Appointments are missing").unwrap(),
            now,
            now + seconds(600),
        )
        .unwrap();
        Self { world, school, operator, helper, token, grant, now }
    }

    async fn grant(&self) {
        let keys = &self.school.snapshot.keys;
        let (service, id) = (&self.school.service, self.school.id());
        let former = support::find(service, id, keys, self.helper.id).await.unwrap();
        let write = support::granting(service, id, keys, &self.grant, former.as_ref());
        assert!(self.school.commit(&[write.unwrap()]).await);
    }

    async fn asks(&self, after: i64) -> Caller {
        asks(&self.school, &[(&self.operator, &self.token)], self.now + seconds(after)).await
    }
}

#[tokio::test]
async fn help_is_let_in_by_a_grant_until_it_ends() {
    let help = Help::arranged().await;
    assert!(is_nobody(&help.asks(0).await), "without a grant");
    help.grant().await;
    let caller = help.asks(599).await;
    let Caller::Support { member, grant, .. } = &caller else { panic!("{caller:?}") };
    assert_eq!((&**member, &**grant), (&help.helper, &help.grant));
    assert!(!caller.may(Action::Export, Target::Event(EventId::from_bytes([1; 16]))));
    assert!(is_nobody(&help.asks(600).await), "its time is over");
    let other = House::found(&help.world, Plan::clinic()).await;
    let held = [(&help.operator, &help.token)];
    assert!(is_nobody(&asks(&other, &held, help.now).await), "at another organization");
}

#[tokio::test]
async fn who_helps_needs_a_second_step_where_viewers_do() {
    let help = Help::arranged().await;
    help.grant().await;
    help.world.secure(help.school.id(), |draft| draft.factor_from = Some(Level::Viewer)).await;
    assert!(is_nobody(&help.asks(3).await), "a password alone");
    let opening = Opening {
        subject: Subject::Member(help.helper.id),
        epoch: help.helper.epoch,
        network: [7; 16],
        browser: "Firefox on Windows".to_owned(),
        how: vec![How::Password, How::Code],
        waiting: None,
    };
    let (service, id) = (&help.operator.service, help.operator.id());
    let limits = help.operator.limits(opening.subject);
    let (write, token, _) =
        session::store::open(service, id, opening, limits, help.operator.second()).unwrap();
    assert!(help.operator.commit(&[write]).await);
    let held = [(&help.operator, &token)];
    assert!(!is_nobody(&asks(&help.school, &held, help.now + seconds(3)).await));
    help.world.secure(help.school.id(), |draft| draft.factor_from = Some(Level::Maker)).await;
    assert!(!is_nobody(&help.asks(6).await), "where only makers need one, a password does");
}

#[tokio::test]
async fn help_ends_at_once_when_it_is_taken_back_or_the_helper_struck_off() {
    let help = Help::arranged().await;
    help.grant().await;
    assert!(!is_nobody(&help.asks(0).await));
    let (service, id) = (&help.school.service, help.school.id());
    let write = support::withdrawing(service, id, &help.grant, help.now).unwrap();
    assert!(help.school.commit(std::slice::from_ref(&write)).await);
    assert!(is_nobody(&help.asks(0).await));
    assert!(!help.school.commit(&[write]).await, "it is taken back once");
    let keys = &help.school.snapshot.keys;
    let listed = support::list(service, id, keys).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].withdrawn, Some(help.now));
    help.grant().await;
    assert!(!is_nobody(&help.asks(0).await));
    let struck = help.helper.as_supporter(false);
    help.operator.change(&help.helper, &struck).await.unwrap();
    assert!(is_nobody(&help.asks(0).await));
}

#[tokio::test]
async fn the_operators_members_are_nobody_elsewhere_and_the_operators_at_home() {
    let help = Help::arranged().await;
    let administrator = help.operator.member("root", Level::Administrator).await;
    let token = signs_in(&help.operator, &administrator, help.now).await;
    let held = [(&help.operator, &token)];
    let home = asks(&help.operator, &held, help.now).await;
    assert_eq!(home.role(), Role::Operator(Level::Administrator));
    assert!(home.may(Action::DecideOrganizations, Target::Installation));
    assert!(is_nobody(&asks(&help.school, &held, help.now).await));
    let found = help.school.service.organization("operator", help.now).await.unwrap().unwrap();
    assert_eq!(found.organization.id, help.operator.id());
}

#[tokio::test]
async fn a_forms_token_serves_the_session_it_was_made_for() {
    let (_world, house) = school().await;
    let now = house.second();
    let subject = Subject::Participant(PersonId::from_bytes([5; 16]));
    let (_, one) = house.open(subject, 0, None, now).await;
    let (_, other) = house.open(subject, 0, None, now).await;
    let keys = &house.snapshot.keys;
    let token = form_token(keys, one.id);
    assert!(form_token_holds(keys, one.id, &token));
    assert!(!form_token_holds(keys, other.id, &token));
    assert!(!form_token_holds(keys, one.id, ""));
}
