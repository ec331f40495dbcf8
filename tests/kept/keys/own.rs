//! A KMS key that is an organization's alone.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_kms::types::{KeyMetadata, KeyState};
use futures::future::join_all;
use kept::{Options, Wakes};
use serde_json::{Value, json};
use shared::identity::access::Level;
use shared::ids::OrganizationId;
use shared::vault::{TAG, Vault};

use super::{no_damage, school, versions};
use crate::erasure::scene::{School, carry_through, certificate_path, counts, items, tick};
use crate::world::{Plan, World};

/// A service whose operator lets organizations have a key of their own.
pub(crate) async fn allowing(wakes: Wakes) -> World {
    let folder = tempfile::tempdir().unwrap();
    let text = include_str!("../../../template.yaml");
    let default = "  OwnKeys:\n    Type: String\n    Default: \"no\"\n";
    assert!(text.contains(default));
    let text = text.replace(default, &default.replace("no", "yes"));
    let template = folder.path().join("template.yaml");
    std::fs::write(&template, text).unwrap();
    let options =
        Options { wakes, template: Some(template), faults: Some(5), ..Options::default() };
    let world = World::with(options).await;
    world.cloud.faults().inject(false);
    world
}

/// The KMS keys that name an organization as theirs.
pub(crate) async fn tagged(world: &World, organization: OrganizationId) -> Vec<KeyMetadata> {
    let kms = world.cloud.kms();
    let mut found = Vec::new();
    for key in kms.list_keys().send().await.unwrap().keys.unwrap_or_default() {
        let id = key.key_id.unwrap();
        let tags = kms.list_resource_tags().key_id(&id).send().await.unwrap();
        let named = tags
            .tags
            .unwrap_or_default()
            .into_iter()
            .any(|tag| tag.tag_key() == TAG && tag.tag_value() == organization.to_string());
        if named {
            let described = kms.describe_key().key_id(&id).send().await.unwrap();
            found.push(described.key_metadata.unwrap());
        }
    }
    found
}

/// Waits until everything is sealed anew.
async fn sealed_anew(world: &World) {
    for _ in 0..6 {
        world.advance("PT5M").await;
        assert!(world.cloud.settle().await);
    }
}

fn path<'a>(world: &World, link: &'a str) -> &'a str {
    link.strip_prefix(world.cloud.address()).unwrap()
}

#[tokio::test]
async fn who_asks_for_one_gets_it_and_everything_is_sealed_anew_under_it() {
    let world = allowing(Wakes::All).await;
    let (school, robin, links) = school(&world).await;
    let organization = school.organization.id;
    let page = robin.page("/manage/keys").await;
    assert!(page.text.contains("Use a master key of our own"), "{}", page.text);
    assert_eq!(robin.get("/manage/keys").await.json()["own_kms_key_offered"], true);
    let asked = robin.post("/manage/keys/own", &json!({})).await;
    assert_eq!(asked.status, 202, "{}", asked.text);
    let said = |answer: &Value| {
        (answer["keys"][0]["own_kms_key"].clone(), answer["keys"][1]["own_kms_key"].clone())
    };
    assert_eq!(said(&asked.json()), (json!(true), json!(false)), "{}", asked.text);
    sealed_anew(&world).await;
    let after = versions(&world, organization).await;
    assert_eq!(after.keys().collect::<Vec<_>>(), [&2], "{after:?}");
    for link in &links {
        assert_eq!(world.get(path(&world, link)).await.status, 200, "{link}");
    }
    // It is its own, KMS gives it new material every year, and it wraps.
    let own = tagged(&world, organization).await;
    assert_eq!(own.len(), 1);
    let arn = own[0].arn().unwrap();
    assert_ne!(arn, world.service().settings.key_id);
    let rotated = world.cloud.kms().get_key_rotation_status().key_id(arn).send().await.unwrap();
    assert!(rotated.key_rotation_enabled);
    // Asked again there is none to be had; another data key is wrapped by it too.
    robin.signs_in().await;
    robin.post("/manage/keys/own", &json!({})).await.refused(409, "conflict");
    assert!(!robin.page("/manage/keys").await.text.contains("Use a master key of our own"));
    assert_eq!(robin.post("/manage/keys/rotate", &json!({})).await.status, 202);
    let kept = world.service().vault.kept(organization).await.unwrap();
    let wrapping: Vec<Option<&str>> = kept.iter().map(|key| key.kms_key.as_deref()).collect();
    assert_eq!(wrapping, [None, Some(arn), Some(arn)]);
    assert_eq!(tagged(&world, organization).await.len(), 1);
    let records = world.records(organization).await;
    let named = records.iter().filter(|record| {
        record.action == shared::audit::Action::KeyRotated
            && format!("{:?}", record.more.fields).contains("kms_key")
    });
    assert_eq!(named.count(), 1, "the trail says when");
    no_damage(&world).await;
}

#[tokio::test]
async fn nobody_gets_one_where_the_operator_has_not_allowed_it() {
    let world = World::start().await;
    let (school, robin, _) = school(&world).await;
    assert_eq!(robin.get("/manage/keys").await.json()["own_kms_key_offered"], false);
    assert!(!robin.page("/manage/keys").await.text.contains("/manage/keys/own"));
    let refused = robin.post("/manage/keys/own", &json!({})).await.refused(409, "conflict");
    assert!(refused["message"].as_str().unwrap().contains("runs this service"), "{refused}");
    assert!(tagged(&world, school.organization.id).await.is_empty());
    assert_eq!(world.service().vault.kept(school.organization.id).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn asked_for_by_many_at_once_one_is_in_use_and_the_others_have_no_name() {
    let world = allowing(Wakes::Nobody).await;
    let (school, robin, _) = school(&world).await;
    let organization = school.organization.id;
    // Beneath the page many look for it at once, find none, and make one each: as
    // often as it takes until two did.
    let settings = &world.service().settings;
    let vault = Arc::new(Vault::new(
        world.cloud.kms().clone(),
        world.cloud.dynamo().clone(),
        settings.tables.organization_keys.clone(),
        settings.key_id.clone(),
    ));
    let mut met = false;
    for number in 0..50 {
        let organization = OrganizationId::from_bytes([number; 16]);
        let made = join_all((0..32).map(|_| {
            let vault = Arc::clone(&vault);
            tokio::spawn(async move { vault.own_key(organization).await.unwrap() })
        }));
        let made: BTreeSet<String> = made.await.into_iter().map(Result::unwrap).collect();
        assert_eq!(made.len(), 1, "everybody is given the same");
        let all = tagged(&world, organization).await;
        for key in &all {
            let names = world.cloud.kms().list_aliases().key_id(key.arn().unwrap()).send().await;
            let named = names.unwrap().aliases.is_some_and(|aliases| !aliases.is_empty());
            assert_eq!(named, made.contains(key.arn().unwrap()), "{:?}", key.arn);
        }
        met = all.len() > 1;
        if met {
            break;
        }
    }
    assert!(met, "no two were made at the same moment");
    // On the page one of many wins.
    let wish = json!({});
    let asked = (0..8).map(|_| robin.post("/manage/keys/own", &wish));
    let answers: Vec<u16> = join_all(asked).await.iter().map(|one| one.status).collect();
    assert_eq!(answers.iter().filter(|status| **status == 202).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|status| [202, 409].contains(status)), "{answers:?}");
    let kept = vault.kept(organization).await.unwrap();
    let used: Vec<_> = kept.into_iter().map(|key| key.kms_key).collect();
    assert_eq!(used, [None, Some(vault.own_key(organization).await.unwrap())]);
}

#[tokio::test]
async fn while_kms_is_out_of_order_nobody_is_told_that_they_have_one_and_asked_again_it_is_there() {
    let world = allowing(Wakes::Nobody).await;
    let (school, robin, _) = school(&world).await;
    let organization = school.organization.id;
    world.cloud.faults().keys_outage(true);
    robin.post("/manage/keys/own", &json!({})).await.refused(503, "unavailable");
    world.cloud.faults().keys_outage(false);
    assert_eq!(world.service().vault.kept(organization).await.unwrap().len(), 1);
    // As if it had died after the key was made: the same one is found by its name.
    let made = world.service().vault.own_key(organization).await.unwrap();
    assert_eq!(robin.post("/manage/keys/own", &json!({})).await.status, 202);
    let kept = world.service().vault.kept(organization).await.unwrap();
    assert_eq!(kept[1].kms_key, Some(made));
    assert_eq!(tagged(&world, organization).await.len(), 1);
}

#[tokio::test]
async fn with_it_switched_off_nothing_of_the_organization_opens_and_all_of_the_others_does() {
    let world = allowing(Wakes::All).await;
    let (school, robin, links) = school(&world).await;
    let other = world.found(Plan { web_name: "other-school", ..Plan::school() }).await;
    let slot = world.slot(&other, 0).await;
    let theirs = world.visitor("Eda Ray").books(&other, &slot).await;
    assert_eq!(robin.post("/manage/keys/own", &json!({})).await.status, 202);
    sealed_anew(&world).await;
    let own = tagged(&world, school.organization.id).await;
    let arn = own[0].arn().unwrap();
    let kms = world.cloud.kms();
    kms.disable_key().key_id(arn).send().await.unwrap();
    // No check of all stops at it: it is one of the damages.
    let report = shared::fsck::run_to_end(world.service()).await.unwrap();
    assert!(!report.is_clean(), "{report}");
    // No process remembers a key for longer than five minutes.
    world.advance("PT6M").await;
    world.get(path(&world, &links[0])).await.refused(503, "unavailable");
    assert_eq!(world.get(path(&world, &theirs)).await.status, 200);
    kms.enable_key().key_id(arn).send().await.unwrap();
    assert_eq!(world.get(path(&world, &links[0])).await.status, 200);
    no_damage(&world).await;
}

#[tokio::test]
async fn it_is_let_go_with_the_organization_and_the_certificate_says_until_when_it_is_there() {
    let world = allowing(Wakes::Nobody).await;
    let school = School::in_(&world).await;
    let other = school.operator.id();
    let adam = school.adam(&world).await;
    assert_eq!(adam.post("/west-school/manage/keys/own", &json!({})).await.status, 202);
    let service = world.service();
    let theirs = service.vault.own_key(other).await.unwrap();
    let rows = service.vault.kept(school.id()).await.unwrap();
    let own = rows[1].kms_key.clone().unwrap();
    let certificate = certificate_path(&world, &school.asks(&world).await);
    world.advance("PT72H").await;
    // Rows that lead astray: to another's key, to the installation's, to none.
    let installation = &service.settings.key_id;
    let none = installation.replace(installation.rsplit('/').next().unwrap(), &"0".repeat(36));
    for (number, key) in [&theirs, installation, &none].into_iter().enumerate() {
        let put = world.cloud.dynamo().put_item();
        let put = put.table_name(&service.settings.tables.organization_keys);
        let put = put.item("pk", AttributeValue::S(school.id().to_string()));
        let put = put.item("sk", AttributeValue::S(format!("key#damaged-{number}")));
        put.item("kms_key", AttributeValue::S(key.clone())).send().await.unwrap();
    }
    let done = carry_through(&world, &certificate).await;
    let signed: Value = serde_json::from_str(done["certificate"].as_str().unwrap()).unwrap();
    let traces = signed["traces"].as_array().unwrap();
    let trace = traces.iter().find(|trace| trace["place"] == "The organization's own KMS key");
    let gone_by = trace.expect("the certificate names it")["gone_by"].as_str().unwrap();
    // It opens nothing from the first, and nobody can use it again.
    let kms = world.cloud.kms();
    let state = async |arn: &str| {
        let found = kms.describe_key().key_id(arn).send().await.unwrap();
        found.key_metadata.unwrap().key_state.unwrap()
    };
    assert_eq!(state(&own).await, KeyState::PendingDeletion);
    let found = kms.describe_key().key_id(&own).send().await.unwrap().key_metadata.unwrap();
    // KMS says when it will be gone, and may be a day late.
    let gone = found.deletion_date.unwrap().secs() + 24 * 60 * 60;
    let certified: jiff::Timestamp = gone_by.parse().unwrap();
    assert_eq!(certified.as_second(), gone);
    assert_eq!(state(&theirs).await, KeyState::Enabled, "another's is not touched");
    assert_eq!(state(&service.settings.key_id).await, KeyState::Enabled);
    world.cloud.stop().await;
}

#[tokio::test]
async fn where_kms_denies_its_deletion_everything_else_goes_and_the_certificate_waits_for_it() {
    let world = allowing(Wakes::Nobody).await;
    let school = School::in_(&world).await;
    let adam = school.adam(&world).await;
    assert_eq!(adam.post("/west-school/manage/keys/own", &json!({})).await.status, 202);
    let certificate = certificate_path(&world, &school.asks(&world).await);
    world.cloud.faults().keys_deny("ScheduleKeyDeletion", true);
    world.advance("PT72H").await;
    let mut failed = 0;
    for _ in 0..10 {
        failed += u32::from(tick(&world).await.is_err());
        world.advance("PT7M").await;
    }
    assert!(failed > 3, "a function that fails pages somebody");
    assert_eq!(world.get("/west-school").await.status, 404);
    assert!(world.service().vault.kept(school.id()).await.unwrap().is_empty());
    let left = counts(&items(&world).await, school.id());
    assert_eq!(left.keys().collect::<Vec<_>>(), [&"Audit", &"Ledger", &"Run"], "{left:?}");
    let own = tagged(&world, school.id()).await;
    assert_eq!(own[0].key_state, Some(KeyState::Enabled));
    let seen = world.get(&certificate).await;
    assert_eq!(seen.status, 200, "{}", seen.text);
    assert_eq!(seen.json()["state"], "removing", "nothing is certified that is not so");

    world.cloud.faults().keys_deny("ScheduleKeyDeletion", false);
    let done = carry_through(&world, &certificate).await;
    assert!(done["certificate"].as_str().unwrap().contains("The organization's own KMS key"));
    let own = tagged(&world, school.id()).await;
    assert_eq!(own[0].key_state, Some(KeyState::PendingDeletion));
    world.cloud.stop().await;
}

#[tokio::test]
async fn one_that_was_made_and_wraps_nothing_yet_goes_with_the_organization_as_well() {
    let world = allowing(Wakes::Nobody).await;
    let school = School::in_(&world).await;
    let unused = world.service().vault.own_key(school.id()).await.unwrap();
    let certificate = certificate_path(&world, &school.asks(&world).await);
    world.advance("PT72H").await;
    carry_through(&world, &certificate).await;
    let found = world.cloud.kms().describe_key().key_id(&unused).send().await.unwrap();
    assert_eq!(found.key_metadata.unwrap().key_state, Some(KeyState::PendingDeletion));
    world.cloud.stop().await;
}

#[tokio::test]
async fn one_that_is_made_while_the_organization_goes_goes_after_it() {
    let world = allowing(Wakes::Nobody).await;
    let school = School::in_(&world).await;
    let certificate = certificate_path(&world, &school.asks(&world).await);
    world.advance("PT72H").await;
    tick(&world).await.unwrap();
    assert!(world.service().vault.kept(school.id()).await.unwrap().is_empty(), "it has begun");
    let late = world.service().vault.own_key(school.id()).await.unwrap();
    carry_through(&world, &certificate).await;
    let found = world.cloud.kms().describe_key().key_id(&late).send().await.unwrap();
    assert_eq!(found.key_metadata.unwrap().key_state, Some(KeyState::PendingDeletion));
    world.cloud.stop().await;
}

#[tokio::test]
async fn until_it_is_used_people_go_on_though_kms_does_not_open_it_for_everybody_yet() {
    let world = allowing(Wakes::Nobody).await;
    let (school, robin, links) = school(&world).await;
    assert_eq!(robin.post("/manage/keys/own", &json!({})).await.status, 202);
    let own = tagged(&world, school.organization.id).await;
    let kms = world.cloud.kms();
    kms.disable_key().key_id(own[0].arn().unwrap()).send().await.unwrap();
    // Nothing remembers keys from before any more, and this one is not used yet.
    world.advance("PT5M1S").await;
    assert_eq!(world.get(path(&world, &links[0])).await.status, 200);
    let slot = world.slot(&school, 0).await;
    world.visitor("Dora Ray").books(&school, &slot).await;
    kms.enable_key().key_id(own[0].arn().unwrap()).send().await.unwrap();
    // What was read without it was not remembered: it is known as soon as it is used.
    world.advance("PT1M").await;
    let slot = world.slot(&school, 0).await;
    world.visitor("Eda Ray").books(&school, &slot).await;
    assert!(versions(&world, school.organization.id).await.contains_key(&2));
    no_damage(&world).await;
}

#[tokio::test]
async fn the_operator_s_own_organization_has_none_since_everybody_s_erasures_need_its_keys() {
    let world = allowing(Wakes::Nobody).await;
    let operator = world.operator().await;
    let olga = world.member(&operator, "Olga Own", Level::Administrator).await;
    olga.signs_in().await;
    assert_eq!(olga.get("/manage/keys").await.json()["own_kms_key_offered"], false);
    olga.post("/manage/keys/own", &json!({})).await.refused(409, "conflict");
    assert!(tagged(&world, operator.id).await.is_empty());
}

#[tokio::test]
async fn others_of_the_team_cannot_ask_for_one_nor_an_administrator_who_has_not_just_proven_it() {
    let world = allowing(Wakes::Nobody).await;
    let (school, robin, _) = school(&world).await;
    for level in Level::ALL.into_iter().filter(|level| *level != Level::Administrator) {
        let member = world.member(&school.organization, level.word(), level).await;
        member.signs_in().await;
        member.post("/manage/keys/own", &json!({})).await.refused(403, "not_allowed");
    }
    world.advance("PT11M").await;
    robin.post("/manage/keys/own", &json!({})).await.refused(403, "confirm_needed");
    assert!(tagged(&world, school.organization.id).await.is_empty());
}
