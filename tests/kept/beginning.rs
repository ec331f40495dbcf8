//! How an installation begins: the operator's organization, by the command that
//! makes it and invites its first administrator.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use shared::audit::Action;
use shared::dynamo::Key;
use shared::identity::access::Level;
use shared::identity::door::Wanted;
use shared::identity::member;
use shared::identity::operator::{BeginError, Begun, begin};
use shared::ids::OrganizationId;
use shared::organization::{self, Organization};
use shared::personal::{EmailAddress, PersonName};
use shared::time::Zone;

use crate::identity::scene::House;
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
    assert!(!begun.again && begun.withdrawn.is_empty());

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
    assert!(begun.again && begun.withdrawn.is_empty());
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
    assert!(!begun.again && begun.withdrawn.len() == 1);
    let olga = world.person(&organization, "Olga Persson");
    let hers = olga.mailed_link("/invitation/").await;
    let wish = json!({ "password": PASSWORD });
    stranger.post(&strays, &wish).await.refused(404, "not_found");
    // And back again: it was right the first time.
    let begun = begins(&world, "Olga Perssen").await.unwrap();
    assert!(begun.again && begun.withdrawn.len() == 1);
    olga.post(&hers, &wish).await.refused(404, "not_found");
    stranger.post(&strays, &wish).await.refused(404, "not_found");
    assert_eq!(accepts(&mut stranger).await, 200);
}

#[tokio::test]
async fn what_the_operator_is_called_is_put_right_as_long_as_nobody_has_come_in() {
    let world = World::start().await;
    let mut mistyped = wanted("Olga Perssen", "olga.persson@example.org");
    mistyped.organization = PersonName::parse("Habor Scheduling").unwrap();
    mistyped.zone = Zone::parse("UTC").unwrap();
    begin(world.service(), &mistyped).await.unwrap();
    let (id, _) = operator(&world).await;
    // Another way to write the same address, and the name as it should be.
    let right = wanted("Olga Persson", "Olga.Persson@Example.org");
    let begun = begin(world.service(), &right).await.unwrap();
    assert!(begun.again && begun.withdrawn.is_empty());
    assert_eq!(begun.administrator.name.expose(), "Olga Persson");
    assert_eq!(begun.administrator.email.expose(), "Olga.Persson@example.org");
    let (same, organization) = operator(&world).await;
    assert_eq!(same, id);
    assert_eq!(organization.name, "Harbor Scheduling");
    assert_eq!(organization.zone.name(), "Europe/Dublin");
    let notice = &organization.privacy.text;
    assert!(notice.starts_with("Harbor Scheduling has not") && !notice.contains("Habor"));
    let actions: Vec<Action> = world.records(id).await.iter().map(|it| it.action).collect();
    let count = |wanted: Action| actions.iter().filter(|action| **action == wanted).count();
    assert_eq!(count(Action::OrganizationSignedUp), 1);
    assert_eq!(count(Action::OrganizationChanged), 1);
    assert_eq!(count(Action::MemberInvited), 2);
}

#[tokio::test]
async fn who_cannot_be_invited_leaves_whoever_was_invited_as_they_were() {
    let world = World::start().await;
    begins(&world, "Olga Persson").await.unwrap();
    let (id, organization) = operator(&world).await;
    let house = House::of(&world, id).await;
    house.member("sam.taylor@example.org", Level::Viewer).await;
    let refused = begins(&world, "Sam Taylor").await.unwrap_err();
    assert!(matches!(refused, BeginError::Taken), "{refused}");
    for _ in 0..4 {
        begins(&world, "Olga Persson").await.unwrap();
    }
    let mut other = wanted("Olga Persson", "olga.persson@example.org");
    other.organization = PersonName::parse("Another Name").unwrap();
    let refused = begin(world.service(), &other).await.unwrap_err();
    assert!(matches!(refused, BeginError::TooMany(_)), "{refused}");
    let (_, unchanged) = operator(&world).await;
    assert_eq!(unchanged.name, organization.name, "who is refused changes nothing");
    let mut olga = world.person(&organization, "Olga Persson");
    assert_eq!(accepts(&mut olga).await, 200);
}

#[tokio::test]
async fn an_administrator_who_was_disabled_somehow_can_sign_in_again() {
    let world = World::start().await;
    begins(&world, "Olga Persson").await.unwrap();
    let (id, organization) = operator(&world).await;
    let mut olga = world.person(&organization, "Olga Persson");
    assert_eq!(accepts(&mut olga).await, 200);
    // No page does that to the last one: only a restore, or a hand in the table.
    let keys = world.keys(id).await;
    let member = member::store::list(world.service(), id, &keys).await.unwrap().remove(0);
    let table = &world.service().settings.tables.identity;
    let key = Key::member(id, member.id);
    let update = world.cloud.dynamo().update_item().table_name(table);
    let update = update.set_key(Some(key.to_item())).expression_attribute_names("#state", "state");
    let update = update.update_expression("SET #state = :disabled");
    let disabled = AttributeValue::S("disabled".into());
    update.expression_attribute_values(":disabled", disabled).send().await.unwrap();
    olga.try_password(PASSWORD).await.refused(401, "wrong_credentials");
    let begun = begins(&world, "Olga Persson").await.unwrap();
    assert!(begun.again && begun.administrator.administers());
    olga.signs_in().await;
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
async fn of_two_who_begin_at_once_both_may_be_refused_and_two_are_never_invited_in_silence() {
    let world = World::start().await;
    let both = futures::join!(begins(&world, "Olga Persson"), begins(&world, "Sam Taylor"));
    let (id, organization) = operator(&world).await;
    let invited = async || {
        let keys = world.keys(id).await;
        let members = member::store::list(world.service(), id, &keys).await.unwrap();
        let invited = members.into_iter().filter(|it| it.state == member::State::Invited);
        invited.map(|member| member.name.expose().to_owned()).collect::<Vec<_>>()
    };
    let done = [&both.0, &both.1].into_iter().filter(|outcome| outcome.is_ok()).count();
    let open = invited().await.len();
    assert!(open == 1 || done < 2, "{both:?}: {open}");
    // One more look, and it is one person's.
    begins(&world, "Olga Persson").await.unwrap();
    assert_eq!(invited().await, ["Olga Persson"]);
    let scan = world.cloud.dynamo().scan().table_name(&world.service().settings.tables.schedule);
    let scan = scan.filter_expression("sk = :organization");
    let word = AttributeValue::S("organization".into());
    let found = scan.expression_attribute_values(":organization", word).send().await.unwrap();
    assert_eq!(found.count, 1, "there is one operator");
    let mut olga = world.person(&organization, "Olga Persson");
    assert_eq!(accepts(&mut olga).await, 200);
}
