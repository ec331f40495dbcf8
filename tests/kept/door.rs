//! What the door does behind its answers: how often a password is compared, and
//! what is written.

use futures::future::join_all;
use shared::identity::access::Level;
use shared::identity::door::{Door, Failure, Origin, Refusal, Wanted};
use shared::identity::member::State;
use shared::identity::password::{self, CURRENT, Hasher, Parameters, Password};
use shared::organization::{self, State as Reach, WebName};
use shared::participant::Allowances;
use shared::personal::{EmailAddress, PersonName};
use shared::time::Zone;
use shared::web::Cookies;

use crate::people::{PASSWORD, Person};
use crate::world::World;

fn origin() -> Origin {
    Origin {
        network: [7; 16],
        everywhere: None,
        request: None,
        browser: "A browser".into(),
        cookies: Cookies::default(),
    }
}

/// Comparisons with stored hashes, and with nothing.
fn compared(world: &World) -> (u64, u64) {
    let hasher = &world.service().hasher;
    (hasher.verifications(), hasher.dummies())
}

#[tokio::test]
async fn of_two_hundred_guesses_at_once_five_are_compared_with_the_stored_hash() {
    let world = World::start().await;
    let school = world.school().await;
    world.secure(school.organization.id, |draft| draft.failures = 5).await;
    let ada = world.member(&school.organization, "Ada Stone", Level::Viewer).await;
    let service = world.service();
    let snapshot = service.organization("north-school", world.now()).await.unwrap().unwrap();
    let (allowances, origin) = (Allowances::default(), origin());
    let door = Door {
        service,
        allowances: &allowances,
        snapshot: &snapshot,
        origin: &origin,
        now: world.now(),
    };
    let before = compared(&world);
    let guesses = (0..200).map(|number| {
        let typed = format!("not it at all {number}");
        let username = ada.username.clone();
        async move { door.sign_in(&username, &typed).await.map(|_| ()) }
    });
    for refused in join_all(guesses).await {
        let refused = refused.expect_err("none of them is right");
        assert!(
            matches!(refused, Failure::Refused(Refusal::NotRight | Refusal::TooMany(_))),
            "{refused:?}"
        );
    }
    let after = compared(&world);
    assert!(after.0 - before.0 <= 5, "{} were compared", after.0 - before.0);
}

#[tokio::test]
async fn whoever_stands_behind_a_username_one_comparison_is_made() {
    let world = World::start().await;
    let school = world.school().await;
    let organization = &school.organization;
    world.secure(organization.id, |draft| draft.failures = 3).await;
    let wrong = world.member(organization, "Wrong Guess", Level::Viewer).await;
    let disabled = world.listed(organization, "Gone Away", Level::Viewer, State::Disabled).await;
    world.set_password(organization.id, disabled.subject(), PASSWORD).await;
    let unknown = world.person(organization, "No Body");
    let locked = world.member(organization, "Locked Out", Level::Viewer).await;
    let service = world.service();
    let snapshot = service.organization("north-school", world.now()).await.unwrap().unwrap();
    let (allowances, origin) = (Allowances::default(), origin());
    let door = Door {
        service,
        allowances: &allowances,
        snapshot: &snapshot,
        origin: &origin,
        now: world.now(),
    };
    for _ in 0..3 {
        let _ = door.sign_in(&locked.username, "not it at all").await;
    }
    let one = async |person: &Person<'_>, typed: &str| {
        let before = compared(&world);
        let refused = door.sign_in(&person.username, typed).await.map(|_| ()).unwrap_err();
        assert!(matches!(refused, Failure::Refused(Refusal::NotRight)), "{refused:?}");
        let after = compared(&world);
        (after.0 - before.0, after.1 - before.1)
    };
    assert_eq!(one(&wrong, "not it at all").await, (1, 0));
    assert_eq!(one(&disabled, PASSWORD).await, (0, 1));
    assert_eq!(one(&unknown, PASSWORD).await, (0, 1));
    assert_eq!(one(&locked, PASSWORD).await, (0, 1));
    // What can be nobody's password or username costs the same.
    assert_eq!(one(&unknown, "").await, (0, 1));
    assert_eq!(one(&wrong, &"long ".repeat(100)).await, (0, 1));
}

#[tokio::test]
async fn a_password_hashed_with_less_work_is_hashed_anew_when_its_owner_signs_in() {
    let world = World::start().await;
    let school = world.school().await;
    let id = school.organization.id;
    let ada = world.listed(&school.organization, "Ada Stone", Level::Viewer, State::Active).await;
    let (service, keys) = (world.service(), world.keys(id).await);
    let less = Hasher::new(Parameters { memory: 8_192, passes: 1, lanes: 1 }, 1, 1);
    let typed = Password::parse(PASSWORD).unwrap();
    let hashed = less.hash(&typed, &*service.chance).await.unwrap();
    let chosen = password::store::Kept::chosen(hashed, world.now());
    let write = password::store::put(service, &keys, id, ada.subject(), &chosen, 0).unwrap();
    assert!(world.commit(vec![write]).await);
    ada.signs_in().await;
    let kept = password::store::find(service, &keys, id, ada.subject()).await.unwrap().unwrap();
    let work = format!("m={},t={},p={}", CURRENT.memory, CURRENT.passes, CURRENT.lanes);
    assert!(kept.hashed.expose().contains(&work));
    assert_eq!(kept.set_at.as_second(), chosen.set_at.as_second(), "that is no change of it");
    ada.elsewhere().signs_in().await;
}

#[tokio::test]
async fn where_the_operator_approves_an_organization_nobody_reaches_it_before() {
    let world = World::start().await;
    let operator = world.operator().await;
    let olga = world.member(&operator, "Olga Rivers", Level::Administrator).await;
    let mut ann = world.person(&operator, "Ann Example");
    ann.path = String::new();
    let service = world.service();
    let snapshot = service.organization("operator", world.now()).await.unwrap().unwrap();
    let (allowances, origin) = (Allowances::default(), origin());
    let door = Door {
        service,
        allowances: &allowances,
        snapshot: &snapshot,
        origin: &origin,
        now: world.now(),
    };
    let wanted = Wanted {
        organization: PersonName::parse("Birch Lane School").unwrap(),
        zone: Zone::parse("Europe/Dublin").unwrap(),
        name: PersonName::parse("Ann Example").unwrap(),
        email: EmailAddress::parse(&ann.email).unwrap(),
    };
    door.ask_for_organization(&wanted).await.unwrap();
    let link = ann.mailed_link("/sign-up/").await;
    let applicant = door.applicant(link.trim_start_matches("/sign-up/")).await.unwrap();
    let web_name = WebName::parse("birch-lane-school").unwrap();
    let founded = door.found(&applicant, web_name, PASSWORD, true).await.unwrap();
    assert!(founded.entry.is_none(), "nobody is signed in");
    assert_eq!(founded.organization.state, Reach::Awaiting);
    for path in ["/birch-lane-school", "/birch-lane-school/sign-in", "/birch-lane-school/manage"] {
        assert_eq!(world.get(path).await.status, 404, "{path}");
    }
    assert_eq!(olga.subjects().await.len(), 1, "the operator hears of it");

    let id = founded.organization.id;
    let approving =
        organization::store::changing_state(service, id, Reach::Awaiting, Reach::Active).unwrap();
    assert!(world.commit(vec![approving]).await);
    ann.path = "/birch-lane-school".into();
    ann.username = ann.email.clone();
    ann.signs_in().await;
}
