//! Damage to dependents, their identifiers and attachments, and to what is
//! booked for them.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use shared::dynamo::Key;
use shared::ids::DependentId;
use shared::vault::Place as Sealing;

use super::scene::{Scene, Where, edit_entries, text};

/// A school where Maya's guardian Ann has booked for her.
async fn scene() -> Scene {
    let scene = Scene::school().await;
    let (world, school) = (&scene.world, &scene.place);
    world.dependent(&school.organization, "Maya", "MS-1042", "a secret").await.unwrap();
    let ann = world.guardian(&school.organization, "Ann").await;
    let maya = ann.attaches("MS-1042", "a secret").await;
    ann.books(school, &world.slot(school, 5).await, Some(&maya)).await;
    assert!(world.cloud.settle().await);
    scene.is_clean().await;
    scene
}

impl Scene {
    async fn maya(&self) -> Key {
        self.find_all(Where::Schedule, "dependent#")
            .await
            .into_iter()
            .find(|key| key.pk.ends_with("#dependents"))
            .unwrap()
    }

    async fn mayas_agenda(&self) -> Key {
        let maya = self.maya().await;
        let id = maya.sk.trim_start_matches("dependent#");
        let agendas = self.find_all(Where::Schedule, "agenda#").await;
        agendas.into_iter().find(|key| key.pk.ends_with(id)).unwrap()
    }
}

#[tokio::test]
async fn a_booking_that_its_dependent_s_agenda_lacks_is_found() {
    let scene = scene().await;
    let agenda = scene.mayas_agenda().await;
    scene.change(Where::Schedule, &agenda, |item| edit_entries(item, Vec::clear)).await;
    scene.finds("not_in_dependent_agenda").await;
    scene.delete(Where::Schedule, &agenda).await;
    scene.finds("not_in_dependent_agenda").await;
}

#[tokio::test]
async fn an_entry_in_the_agenda_of_a_dependent_for_whom_the_booking_is_not_is_found() {
    let scene = scene().await;
    let agenda = scene.read(Where::Schedule, &scene.mayas_agenda().await).await;
    let organization = scene.place.organization.id;
    let day = jiff::civil::date(2026, 12, 3);
    let other = Key::agenda(organization, DependentId::from_bytes([7; 16]), day);
    scene.put(Where::Schedule, scene.copied(&agenda, &other)).await;
    scene.finds("stray_entry").await;
}

#[tokio::test]
async fn a_booking_or_an_attachment_of_a_dependent_who_never_was_is_found() {
    let scene = scene().await;
    let maya = scene.maya().await;
    let before = scene.read(Where::Schedule, &maya).await;
    scene.delete(Where::Schedule, &maya).await;
    // The booking, the attachment, and the identifier that leads to nobody.
    assert_eq!(scene.words().await, ["no_dependent", "no_dependent", "stray_identifier"]);
    scene.put(Where::Schedule, before).await;
    scene.is_clean().await;
}

#[tokio::test]
async fn a_dependent_whom_their_identifier_does_not_lead_to_is_found() {
    let scene = scene().await;
    let identifier = scene.find(Where::Schedule, "identifier").await;
    let before = scene.read(Where::Schedule, &identifier).await;
    scene.delete(Where::Schedule, &identifier).await;
    scene.finds("no_identifier").await;
    scene.put(Where::Schedule, before).await;
    let nobody = text(&DependentId::from_bytes([7; 16]).to_string());
    scene.set(Where::Schedule, &identifier, "dependent", nobody).await;
    assert_eq!(scene.words().await, ["no_identifier", "stray_identifier"]);
}

#[tokio::test]
async fn an_identifier_that_leads_to_a_dependent_with_another_one_is_found() {
    let scene = scene().await;
    let identifier = scene.find(Where::Schedule, "identifier").await;
    let item = scene.read(Where::Schedule, &identifier).await;
    let other = Key::identifier(scene.place.organization.id, [7; 16]);
    scene.put(Where::Schedule, scene.copied(&item, &other)).await;
    scene.finds("stray_identifier").await;
}

#[tokio::test]
async fn a_dependent_whose_sealed_identifier_is_another_than_the_index_says_is_found() {
    let scene = scene().await;
    let maya = scene.maya().await;
    let service = scene.world.service();
    let organization = scene.place.organization.id;
    let keys = service.vault.keys(organization, scene.world.now()).await.unwrap().unwrap();
    let place = Sealing {
        table: shared::settings::Table::Schedule,
        pk: &maya.pk,
        sk: &maya.sk,
        attribute: "sealed",
    };
    let fields = BTreeMap::from([("name", "Maya"), ("identifier", "MS-9999")]);
    let sealed = keys.seal(place, &fields, &*service.chance).unwrap();
    let sealed = AttributeValue::B(Blob::new(sealed.as_bytes()));
    scene.set(Where::Schedule, &maya, "sealed", sealed).await;
    assert_eq!(scene.words().await, ["wrong_index"]);
}

#[tokio::test]
async fn a_dependent_an_identifier_or_an_attachment_that_does_not_read_is_found() {
    let scene = scene().await;
    let attachment = scene.find_all(Where::Schedule, "dependent#").await;
    let attachment = attachment.into_iter().find(|key| !key.pk.ends_with("#dependents")).unwrap();
    let identifier = scene.find(Where::Schedule, "identifier").await;
    for (key, attribute) in
        [(scene.maya().await, "security"), (identifier, "dependent"), (attachment, "since")]
    {
        let before = scene.set(Where::Schedule, &key, attribute, text("?")).await;
        let words = scene.words().await;
        assert!(words.contains(&"unreadable"), "{key} {attribute}: {words:?}");
        assert!(words.len() <= 2, "{key} {attribute}: {words:?}");
        scene.put(Where::Schedule, before).await;
    }
    scene.is_clean().await;
}

#[tokio::test]
async fn a_dependent_s_sealed_map_that_was_altered_is_found() {
    let scene = scene().await;
    let maya = scene.maya().await;
    let before = scene.read(Where::Schedule, &maya).await;
    let mut sealed = before["sealed"].as_b().unwrap().clone().into_inner();
    sealed[20] ^= 1;
    scene.set(Where::Schedule, &maya, "sealed", AttributeValue::B(Blob::new(sealed))).await;
    scene.finds("unopened").await;
}
