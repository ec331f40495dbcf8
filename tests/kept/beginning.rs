//! How an installation begins: the operator's organization, by the command that
//! makes it and invites its first administrator.

use serde_json::json;
use shared::identity::door::Wanted;
use shared::identity::member;
use shared::identity::operator::{BeginError, Begun, begin};
use shared::ids::OrganizationId;
use shared::organization::{self, Organization};
use shared::personal::{EmailAddress, PersonName};
use shared::time::Zone;

use crate::people::{PASSWORD, Person};
use crate::world::World;

fn wanted(administrator: &str, email: &str) -> Wanted {
    Wanted {
        organization: PersonName::parse("Harbor Scheduling").unwrap(),
        zone: Zone::parse("Europe/Dublin").unwrap(),
        name: PersonName::parse(administrator).unwrap(),
        email: EmailAddress::parse(email).unwrap(),
    }
}

async fn begins(world: &World, name: &str) -> Result<Begun, BeginError> {
    let word = name.to_lowercase().replace(' ', ".");
    begin(world.service(), &wanted(name, &format!("{word}@example.org"))).await
}

async fn operator(world: &World) -> (OrganizationId, Organization) {
    let id = organization::store::find(world.service(), "operator").await.unwrap().unwrap();
    let snapshot = world.service().read_organization(id, world.now()).await.unwrap().unwrap();
    (id, snapshot.organization.clone())
}

/// Accepts the invitation in their last mail.
async fn accepts(person: &mut Person<'_>) -> u16 {
    person.username.clone_from(&person.email);
    let link = person.mailed_link("/invitation/").await;
    person.post(&link, &json!({ "password": PASSWORD })).await.status
}

#[tokio::test]
async fn an_empty_installation_is_begun_and_its_first_administrator_lets_organizations_in() {
    let world = World::start().await;
    assert_eq!(world.page("/operator/manage").await.status, 404, "there is nothing yet");
    let begun = begins(&world, "Olga Persson").await.unwrap();
    assert!(!begun.again && begun.withdrawn == 0);

    let (_, organization) = operator(&world).await;
    assert_eq!(
        (organization.name.as_str(), organization.zone.name()),
        ("Harbor Scheduling", "Europe/Dublin")
    );
    let mut olga = world.person(&organization, "Olga Persson");
    assert_eq!(accepts(&mut olga).await, 200);
    olga.signs_in().await;
    assert_eq!(olga.page("/manage").await.status, 200);

    let mut ann = world.person(&organization, "Ann Example");
    ann.path = String::new();
    let asks = json!({
        "organization": "Birch Lane School",
        "zone": "Europe/Dublin",
        "name": "Ann Example",
        "email": ann.email,
    });
    assert_eq!(ann.post("/sign-up", &asks).await.status, 202);
    assert!(ann.mailed_link("/sign-up/").await.contains("/sign-up/"));
}

#[tokio::test]
async fn beginning_again_mails_a_new_link_and_the_one_before_is_void() {
    let world = World::start().await;
    begins(&world, "Olga Persson").await.unwrap();
    let (id, organization) = operator(&world).await;
    let mut olga = world.person(&organization, "Olga Persson");
    let before = olga.mailed_link("/invitation/").await;
    let begun = begins(&world, "Olga Persson").await.unwrap();
    assert!(begun.again && begun.withdrawn == 0);
    assert_eq!(operator(&world).await.0, id, "there is one operator");
    assert_ne!(olga.mailed_link("/invitation/").await, before);
    let void = olga.post(&before, &json!({ "password": PASSWORD })).await;
    void.refused(404, "not_found");
    assert_eq!(accepts(&mut olga).await, 200);
}

#[tokio::test]
async fn a_mistyped_address_is_put_right_and_whoever_has_it_cannot_come_in() {
    let world = World::start().await;
    begins(&world, "Olga Perssen").await.unwrap();
    let (_, organization) = operator(&world).await;
    let mut stranger = world.person(&organization, "Olga Perssen");
    let strays = stranger.mailed_link("/invitation/").await;
    let begun = begins(&world, "Olga Persson").await.unwrap();
    assert!(!begun.again && begun.withdrawn == 1);
    let olga = world.person(&organization, "Olga Persson");
    let hers = olga.mailed_link("/invitation/").await;
    let wish = json!({ "password": PASSWORD });
    stranger.post(&strays, &wish).await.refused(404, "not_found");
    // And back again: it was right the first time.
    let begun = begins(&world, "Olga Perssen").await.unwrap();
    assert!(begun.again && begun.withdrawn == 1);
    olga.post(&hers, &wish).await.refused(404, "not_found");
    stranger.post(&strays, &wish).await.refused(404, "not_found");
    assert_eq!(accepts(&mut stranger).await, 200);
}

#[tokio::test]
async fn nothing_is_begun_where_an_administrator_can_sign_in() {
    let world = World::start().await;
    begins(&world, "Olga Persson").await.unwrap();
    let (id, organization) = operator(&world).await;
    let mut olga = world.person(&organization, "Olga Persson");
    assert_eq!(accepts(&mut olga).await, 200);
    let actions = world.records(id).await.len();
    let refused = begins(&world, "Mallory Example").await.unwrap_err();
    assert!(matches!(refused, BeginError::Administered), "{refused}");
    let refused = begins(&world, "Olga Persson").await.unwrap_err();
    assert!(matches!(refused, BeginError::Administered), "{refused}");
    assert_eq!(world.records(id).await.len(), actions);
    assert_eq!(world.mails("mallory.example@example.org").await.len(), 0);
}

#[tokio::test]
async fn two_who_begin_at_once_make_one_operator() {
    let world = World::start().await;
    let both = futures::join!(begins(&world, "Olga Persson"), begins(&world, "Sam Taylor"));
    let done = [&both.0, &both.1].into_iter().filter(|outcome| outcome.is_ok()).count();
    assert!(done > 0, "{both:?}");
    // Whoever looks at what came of it and begins once more is the one.
    begins(&world, "Olga Persson").await.unwrap();
    let (id, organization) = operator(&world).await;
    let keys = world.keys(id).await;
    let members = member::store::list(world.service(), id, &keys).await.unwrap();
    let invited = members.iter().filter(|member| member.state == member::State::Invited);
    let names: Vec<_> = invited.map(|member| member.name.expose()).collect();
    assert_eq!(names, ["Olga Persson"]);
    let mut olga = world.person(&organization, "Olga Persson");
    assert_eq!(accepts(&mut olga).await, 200);
}
